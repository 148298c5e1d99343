//! What the figures were taken on, and how far to trust them.
//!
//! Nothing here changes a figure. A reader needs it to know which differences mean something: on a
//! host that takes a core away for milliseconds, a tail is the host's and not ours.

use super::Setting;
use affinity::{Clock, CpuSet, Topology, hiccup};
use serde::Serialize;
use std::fs;
use std::time::Duration;

/// How long each core is watched.
const WATCH: Duration = Duration::from_millis(200);
/// Time taken away from a core, in millionths, up to which it is nobody else's: a timer tick of 1 us
/// a thousand times a second is 1,000.
const QUIET_PPM: u64 = 2_000;
const TUNED_PPM: u64 = 100;
/// The longest gap of a tuned core, ns.
const TUNED_GAP_NS: u64 = 50_000;

/// How far the figures can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Both cores are isolated from the scheduler and undisturbed.
    Tuned,
    /// Ordinary cores that nothing else used while they were watched.
    Quiet,
    /// Cores that something else uses too: other programs, or a hypervisor.
    #[default]
    Shared,
}

impl Grade {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Grade::Tuned => "tuned",
            Grade::Quiet => "quiet",
            Grade::Shared => "shared",
        }
    }
}

/// The gaps that one core had while it was watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// The core.
    pub core: usize,
    /// The gap that 99.99 % of all do not exceed, ns.
    pub p9999_ns: u64,
    /// The longest gap, ns.
    pub max_ns: u64,
    /// Gaps from 10 us on.
    pub over_10us: u64,
    /// Time taken away, millionths.
    pub stolen_ppm: u64,
}

/// The host.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Host {
    /// How far to trust it.
    pub grade: Grade,
    /// Why this grade and no better.
    pub because: Vec<String>,
    /// The processor's name.
    pub cpu: String,
    /// What its instructions let the kernels use.
    pub isa: &'static str,
    /// Cores switched on.
    pub cores: usize,
    /// The two cores used.
    pub used: [usize; 2],
    /// Name and release of the kernel.
    pub kernel: String,
    /// Runnable threads over the last minute.
    pub load: f64,
    /// What decides the frequency; `none` where the host does not show it.
    pub governor: String,
    /// Large pages: transparent ones as set, and reserved ones free.
    pub huge_pages: String,
    /// What the kernel tells the time by.
    pub clock: String,
    /// Whether the processor says that a hypervisor is below.
    pub hypervisor: bool,
    /// What the cores used were seen to do.
    pub gaps: Vec<Gaps>,
}

fn text(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// The value behind a name in `/proc/cpuinfo`.
fn cpuinfo(name: &str) -> Option<String> {
    let all = text("/proc/cpuinfo")?;
    let line = all.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn huge_pages() -> String {
    let set = text("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let set = set.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    let free = text("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
    format!(
        "transparent {}, {} reserved of 2 MiB free",
        set.unwrap_or("none"),
        free.as_deref().unwrap_or("0")
    )
}

/// Both cores at once, as they are used.
fn watch(cores: [usize; 2], because: &mut Vec<String>) -> Vec<Gaps> {
    let clock = match Clock::measure() {
        Ok(clock) => clock,
        Err(error) => {
            because.push(format!("the cores could not be watched: {error}"));
            return Vec::new();
        }
    };
    let calibration = *clock.calibration();
    let watching =
        cores.map(|core| std::thread::spawn(move || hiccup::measure(core, WATCH, &calibration)));
    let mut gaps = Vec::new();
    for watched in watching {
        match watched.join() {
            Ok(Ok(report)) => gaps.push(Gaps {
                core: report.core,
                p9999_ns: report.at(0.9999),
                max_ns: report.max_ns(),
                over_10us: report.over_10us,
                stolen_ppm: report.stolen_ppm(),
            }),
            Ok(Err(error)) => because.push(error.to_string()),
            Err(_) => because.push("the thread that watched a core is gone".to_owned()),
        }
    }
    gaps
}

/// The best grade that what was seen allows; says what stands against a better one.
fn grade(host: &Host, isolated: &CpuSet, because: &mut Vec<String>) -> Grade {
    let mut grade = if because.is_empty() { Grade::Tuned } else { Grade::Shared };
    let mut at_most = |limit: Grade, why: String| {
        if limit == Grade::Shared || grade == Grade::Tuned {
            grade = limit;
        }
        because.push(why);
    };
    for core in host.used {
        if !isolated.contains(core) {
            at_most(Grade::Quiet, format!("core {core} is not isolated from the scheduler"));
        }
    }
    if !matches!(host.governor.as_str(), "performance" | "none") {
        at_most(Grade::Quiet, format!("the governor is {}", host.governor));
    }
    for gaps in &host.gaps {
        let seen = format!(
            "core {}: {} ppm taken away, longest gap {} us",
            gaps.core,
            gaps.stolen_ppm,
            gaps.max_ns / 1_000
        );
        if gaps.stolen_ppm > QUIET_PPM {
            at_most(Grade::Shared, seen);
        } else if gaps.stolen_ppm > TUNED_PPM || gaps.max_ns > TUNED_GAP_NS {
            at_most(Grade::Quiet, seen);
        }
    }
    if host.load > host.cores as f64 / 2.0 {
        at_most(Grade::Shared, format!("load {:.1} on {} cores", host.load, host.cores));
    }
    if host.hypervisor {
        at_most(Grade::Quiet, "a hypervisor is below".to_owned());
    }
    grade
}

impl Host {
    /// Looks at this host and watches both cores for a moment.
    #[must_use]
    pub fn read(setting: &Setting) -> Host {
        let mut because = Vec::new();
        let used = setting.cores;
        if used[0] == used[1] {
            because.push("only one core can be used".to_owned());
        }
        let topology = Topology::read();
        let release = text("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = text("/proc/loadavg").unwrap_or_default();
        let governor =
            text(&format!("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", used[0]));
        let clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        let mut host = Host {
            cpu: cpuinfo("model name").unwrap_or_else(|| "unknown".to_owned()),
            isa: simd::Isa::detect().name(),
            cores: topology.as_ref().map_or(0, |topology| topology.online.len()),
            used,
            kernel: format!("Linux {release}"),
            load: load.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0.0),
            governor: governor.unwrap_or_else(|| "none".to_owned()),
            huge_pages: huge_pages(),
            clock: text(clock).unwrap_or_else(|| "unknown".to_owned()),
            hypervisor: cpuinfo("flags")
                .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            gaps: watch(used, &mut because),
            ..Host::default()
        };
        let isolated = topology.map(|topology| topology.isolated).unwrap_or_default();
        host.grade = grade(&host, &isolated, &mut because);
        host.because = because;
        host
    }

    /// The host as lines of a name and a value.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let hypervisor = if self.hypervisor { ", under a hypervisor" } else { "" };
        let mut lines = vec![
            ("grade", self.grade.word().to_owned()),
            ("because", self.because.join("; ")),
            ("cpu", format!("{}, {} cores, {}{hypervisor}", self.cpu, self.cores, self.isa)),
            ("cores used", format!("{} and {}", self.used[0], self.used[1])),
            ("kernel", format!("{}, clock {}", self.kernel, self.clock)),
            ("load", format!("{:.2}, governor {}", self.load, self.governor)),
            ("large pages", self.huge_pages.clone()),
        ];
        lines.extend(self.gaps.iter().map(|gaps| {
            let Gaps { core, p9999_ns, max_ns, over_10us, stolen_ppm } = gaps;
            let seen = format!(
                "core {core}: p99.99 {p9999_ns} ns, longest {} us, {over_10us} over 10 us, \
                 {stolen_ppm} ppm taken away",
                max_ns / 1_000
            );
            ("gaps", seen)
        }));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stolen_ppm: u64, max_ns: u64, load: f64, governor: &str, hypervisor: bool) -> Grade {
        let gaps = vec![Gaps { core: 2, stolen_ppm, max_ns, ..Gaps::default() }];
        let governor = governor.to_owned();
        let host =
            Host { gaps, load, cores: 8, used: [2, 2], governor, hypervisor, ..Host::default() };
        let mut because = Vec::new();
        let given = grade(&host, &CpuSet::single(2), &mut because);
        assert_eq!(because.is_empty(), given == Grade::Tuned, "{because:?}");
        given
    }

    #[test]
    fn a_grade_is_as_good_as_the_worst_that_was_seen() {
        assert_eq!(of(50, 9_000, 1.0, "performance", false), Grade::Tuned);
        assert_eq!(of(50, 9_000, 1.0, "none", false), Grade::Tuned);
        assert_eq!(of(50, 9_000, 1.0, "powersave", false), Grade::Quiet);
        assert_eq!(of(50, 90_000, 1.0, "performance", false), Grade::Quiet);
        assert_eq!(of(50, 9_000, 1.0, "performance", true), Grade::Quiet);
        assert_eq!(of(500, 9_000, 1.0, "performance", false), Grade::Quiet);
        assert_eq!(of(5_000, 9_000, 1.0, "performance", true), Grade::Shared);
        assert_eq!(of(50, 9_000, 6.0, "powersave", false), Grade::Shared);
    }

    #[test]
    fn a_core_that_is_not_isolated_is_quiet_at_best() {
        let host = Host { used: [1, 2], cores: 8, governor: "none".into(), ..Host::default() };
        let mut because = Vec::new();
        assert_eq!(grade(&host, &CpuSet::single(2), &mut because), Grade::Quiet);
        assert_eq!(because, ["core 1 is not isolated from the scheduler"]);
    }
}
