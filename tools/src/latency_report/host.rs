//! What the host is that the numbers were measured on. Without it a latency means nothing.

use std::time::Duration;

use affinity::{Allowed, Clock, Counter, CpuSet, KernelClock, Topology, choose, hiccup};
use serde::Serialize;

use super::LatencyError;
use crate::inspect::words::span;

/// The host, as far as it can be known without disturbing it.
#[derive(Clone, Debug, Serialize)]
pub struct Host {
    /// Release of the kernel.
    pub kernel: String,
    /// Model of the processor.
    pub processor: String,
    /// Whether the processor says that it is a virtual one.
    pub virtual_machine: bool,
    /// Cores that are switched on.
    pub cores: usize,
    /// Cores that the scheduler leaves alone.
    pub isolated: usize,
    /// Threads that can spin here without taking a core from another.
    pub spinnable: usize,
    /// How threads that poll should pass their time here, and why.
    pub poll: PollHow,
    /// What time is told by.
    pub clock: HostClock,
    /// How often cores were taken away, where that was asked for.
    pub hiccups: Vec<Hiccups>,
}

/// How to poll on this host with so many lanes.
#[derive(Clone, Debug, Serialize)]
pub struct PollHow {
    /// `busy` or `backoff`.
    pub mode: &'static str,
    /// The counts behind it.
    pub reason: String,
}

/// What time is told by.
#[derive(Clone, Debug, Serialize)]
pub struct HostClock {
    /// The counter.
    pub counter: &'static str,
    /// Why this one.
    pub reason: &'static str,
    /// What the kernel says of its own clock.
    pub state: &'static str,
    /// Whether anything disciplines it.
    pub synchronised: bool,
    /// The kernel's bound of its error against UTC, ns.
    pub max_error_ns: u64,
}

/// How often one core was taken away.
#[derive(Clone, Debug, Serialize)]
pub struct Hiccups {
    /// The core.
    pub core: usize,
    /// How long was measured, ns.
    pub duration_ns: u64,
    /// Gaps from 1 us on.
    pub over_1us: u64,
    /// Gaps from 10 us on.
    pub over_10us: u64,
    /// Gaps from 100 us on.
    pub over_100us: u64,
    /// 99.9 % of all gaps are at most this, ns.
    pub p999_ns: u64,
    /// The longest gap, ns.
    pub max_ns: u64,
    /// Part of the time that was taken away, millionths.
    pub stolen_ppm: u64,
}

fn cpuinfo(field: &str) -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |line: &str| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == field).then(|| value.trim().to_string())
    };
    text.lines().find_map(of).unwrap_or_default()
}

impl Host {
    /// Looks at the host on which so many threads poll.
    ///
    /// # Errors
    /// [`LatencyError::Host`] where the kernel does not tell.
    pub fn look(spinning: usize) -> Result<Host, LatencyError> {
        let topology = Topology::read()?;
        let spinnable = Allowed::read()?.spinnable();
        let (mode, reason) = choose(spinning, spinnable);
        let (counter, kernel) = (Counter::detect(), KernelClock::read_or_unknown());
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let flags = cpuinfo("flags");
        Ok(Host {
            kernel: release.trim().to_string(),
            processor: cpuinfo("model name"),
            virtual_machine: flags.split_whitespace().any(|flag| flag == "hypervisor"),
            cores: topology.online.len(),
            isolated: topology.isolated.len(),
            spinnable,
            poll: PollHow { mode: mode.name(), reason },
            clock: HostClock {
                counter: counter.counter.name(),
                reason: counter.reason,
                state: kernel.state.name(),
                synchronised: kernel.state.is_synchronised(),
                max_error_ns: kernel.max_error_ns,
            },
            hiccups: Vec::new(),
        })
    }

    /// The host in two lines.
    pub fn lines(&self) -> [String; 2] {
        let machine = if self.virtual_machine { "virtual machine" } else { "no virtual machine" };
        let how = format!("{} cores ({} isolated)", self.cores, self.isolated);
        let (mode, reason) = (self.poll.mode, &self.poll.reason);
        let first = format!(
            "host   {}, {machine}, {how}, Linux {}, polling {mode}: {reason}",
            self.processor, self.kernel
        );
        let HostClock { counter, state, max_error_ns, .. } = self.clock;
        let bound = span(max_error_ns);
        let synchronised = match self.clock.synchronised {
            true => "synchronised",
            false => "NOT SYNCHRONISED: nobody disciplines it",
        };
        let second = format!(
            "clock  {counter}; the kernel's UTC is {synchronised} ({state}), within {bound}"
        );
        [first, second]
    }
}

/// The cores to measure: those asked for, else those allowed that no thread is pinned to.
///
/// # Errors
/// [`LatencyError::Host`] where the kernel does not tell.
pub fn cores_for(asked: Option<&CpuSet>, pinned: &[usize]) -> Result<Vec<usize>, LatencyError> {
    if let Some(asked) = asked {
        return Ok(asked.iter().collect());
    }
    let allowed = Allowed::read()?.cores();
    Ok(allowed.iter().filter(|core| !pinned.contains(core)).collect())
}

/// Measures the cores at the same time, a thread on each.
///
/// # Errors
/// [`LatencyError::Hiccups`] for the first core that cannot be measured.
pub fn hiccups(cores: &[usize], duration: Duration) -> Result<Vec<Hiccups>, LatencyError> {
    let clock = Clock::measure()?;
    let calibration = *clock.calibration();
    std::thread::scope(|scope| {
        let measure = |&core: &usize| {
            let run = move || hiccup::measure(core, duration, &calibration);
            (core, scope.spawn(run))
        };
        let running: Vec<_> = cores.iter().map(measure).collect();
        let done = running.into_iter().map(|(core, thread)| {
            let failed = |source| LatencyError::Hiccups { core, source };
            let gone = || affinity::AffinityError::Hiccup { reason: "its thread panicked".into() };
            let report = thread.join().map_err(|_| failed(gone()))?.map_err(failed)?;
            Ok(Hiccups {
                core,
                duration_ns: report.duration_ns,
                over_1us: report.over_1us,
                over_10us: report.over_10us,
                over_100us: report.over_100us,
                p999_ns: report.at(0.999),
                max_ns: report.max_ns(),
                stolen_ppm: report.stolen_ppm(),
            })
        });
        done.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_that_lanes_hold_are_left_alone() {
        let all: Vec<usize> = Allowed::read().expect("allowed").cores().iter().collect();
        let first = all[0];
        assert_eq!(cores_for(None, &[]).expect("cores"), all);
        assert!(!cores_for(None, &[first]).expect("cores").contains(&first));
        let asked = CpuSet::single(first);
        assert_eq!(cores_for(Some(&asked), &[first]).expect("cores"), [first]);
    }

    #[test]
    fn a_host_says_what_it_is() {
        let host = Host::look(1).expect("a host");
        assert!(host.cores >= 1 && host.spinnable <= host.cores);
        assert_eq!(host.clock.synchronised, KernelClock::read_or_unknown().state.is_synchronised());
        let [first, second] = host.lines();
        assert!(first.contains(&host.kernel) && second.contains(host.clock.counter));
    }
}
