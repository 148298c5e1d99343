//! Which cores the threads of a producer hold, as the kernel says: `/proc/PID/task/*/status`.
//!
//! A thread that may run on one core only was pinned there; that is what a lane's thread is. A
//! process of another user may not be looked at, then nothing is known.

use std::fs;
use std::path::Path;

use affinity::CpuSet;
use serde::Serialize;

/// Threads of a process that are looked at.
const MOST_THREADS: usize = 1024;

/// A thread that may run on one core only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PinnedThread {
    /// Name, as the process gave it.
    pub name: String,
    /// The core.
    pub core: usize,
}

/// The pinned threads of a process; none where the kernel tells nothing.
pub fn of(pid: u32) -> Vec<PinnedThread> {
    of_tasks(&Path::new("/proc").join(pid.to_string()).join("task"))
}

fn of_tasks(tasks: &Path) -> Vec<PinnedThread> {
    let Ok(entries) = fs::read_dir(tasks) else { return Vec::new() };
    let statuses = entries.take(MOST_THREADS).filter_map(|entry| {
        // A thread may end while it is looked at.
        fs::read_to_string(entry.ok()?.path().join("status")).ok()
    });
    let mut found: Vec<PinnedThread> = statuses.filter_map(|text| pinned(&text)).collect();
    found.sort_by(|a, b| (a.core, &a.name).cmp(&(b.core, &b.name)));
    found
}

fn pinned(status: &str) -> Option<PinnedThread> {
    let field = |name: &str| {
        let mut lines = status.lines().filter_map(|line| line.strip_prefix(name));
        lines.next().map(str::trim)
    };
    let cores: CpuSet = field("Cpus_allowed_list:")?.parse().ok()?;
    let core = cores.first().filter(|_| cores.len() == 1)?;
    Some(PinnedThread { name: field("Name:")?.to_string(), core })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_core_is_pinned_and_two_are_not() {
        let status = |cores: &str| format!("Name:\tlane-a\nCpus_allowed_list:\t{cores}\n");
        let lane = PinnedThread { name: "lane-a".into(), core: 3 };
        assert_eq!(pinned(&status("3")), Some(lane));
        for cores in ["2-3", "0,4", "", "x"] {
            assert_eq!(pinned(&status(cores)), None, "{cores}");
        }
    }

    #[test]
    fn threads_of_this_process_can_be_looked_at() {
        let spun = std::thread::Builder::new().name("pinned-here".into());
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let core = affinity::pin::current_affinity().expect("affinity").first().expect("a core");
        let thread = spun.spawn(move || {
            affinity::pin(core).expect("an allowed core");
            tell.send(()).expect("somebody listens");
            let _ = ended.recv();
        });
        told.recv().expect("it pins itself");
        let found = of(std::process::id());
        drop(end);
        thread.expect("a thread").join().expect("it ends");
        let here = PinnedThread { name: "pinned-here".into(), core };
        assert!(found.contains(&here), "{found:?}");
    }

    #[test]
    fn a_process_that_does_not_exist_has_none() {
        assert_eq!(of(u32::MAX), Vec::new());
    }
}
