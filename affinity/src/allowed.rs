//! Which cores this process may use, and how much of them: affinity, cpuset and quota.
//!
//! A container may see 64 cores in `/sys` and own two of them. Three limits apply at once:
//! the thread's affinity (`taskset`, or whoever started us), the cgroup's cpuset, and the
//! cgroup's CPU quota. The last is the treacherous one: a spinning thread under a quota is not
//! refused, it is stopped for the rest of every period.
//!
//! | file below the cgroup's folder | holds |
//! |---|---|
//! | v2 `cpuset.cpus.effective`, v1 `cpuset.effective_cpus` | core numbers |
//! | v2 `cpu.max` | `max 100000`, or quota and period in microseconds |
//! | v1 `cpu.cfs_quota_us`, `cpu.cfs_period_us` | numbers; quota -1 is none |

use crate::cpu_set::CpuSet;
use crate::error::AffinityError;
use crate::pin::current_affinity;
use crate::sysfs;
use std::path::{Component, Path, PathBuf};

/// What affinity and cgroup leave of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The cores the calling thread's affinity has now.
    pub affinity: CpuSet,
    /// The cores of the cgroup's cpuset, where there is one.
    pub cpuset: Option<CpuSet>,
    /// The CPU quota in thousandths of a core, where there is one.
    pub quota_milli: Option<u64>,
}

impl Allowed {
    /// Reads the limits of the calling thread.
    ///
    /// Called on a thread that is pinned already, `affinity` is that one core: read it first.
    ///
    /// # Errors
    /// Where the affinity cannot be read, or a list of cores in the cgroup is malformed.
    pub fn read() -> Result<Self, AffinityError> {
        Self::read_from(Path::new("/"), current_affinity()?)
    }

    /// Reads the cgroup's limits from the files below `root` and adds a given affinity.
    ///
    /// # Errors
    /// Where a list of cores in the cgroup is malformed.
    pub fn read_from(root: &Path, affinity: CpuSet) -> Result<Self, AffinityError> {
        let cgroups = sysfs::text(&root.join("proc/self/cgroup"))?.unwrap_or_default();
        let mut cpuset = None;
        let mut quota_milli: Option<u64> = None;
        for line in cgroups.lines() {
            for folder in folders(root, line) {
                if cpuset.is_none() {
                    cpuset = read_cpuset(&folder)?;
                }
                if let Some(quota) = read_quota(&folder) {
                    quota_milli = Some(quota_milli.map_or(quota, |least| least.min(quota)));
                }
            }
        }
        Ok(Self { affinity, cpuset, quota_milli })
    }

    /// The cores that the thread can be pinned to.
    ///
    /// The cpuset alone decides: a process may widen its own affinity, not its cpuset.
    pub fn pinnable(&self) -> &CpuSet {
        self.cpuset.as_ref().unwrap_or(&self.affinity)
    }

    /// The cores that the thread has without changing anything.
    pub fn cores(&self) -> CpuSet {
        self.cpuset
            .as_ref()
            .map_or_else(|| self.affinity.clone(), |c| c.intersection(&self.affinity))
    }

    /// How many threads can spin without being stopped: cores, or whole cores of the quota.
    pub fn spinnable(&self) -> usize {
        let cores = self.cores().len();
        match self.quota_milli {
            Some(milli) => cores.min(usize::try_from(milli / 1000).unwrap_or(usize::MAX)),
            None => cores,
        }
    }
}

/// The cgroup's folders that a line of `/proc/self/cgroup` speaks of, innermost first.
fn folders(root: &Path, line: &str) -> Vec<PathBuf> {
    let mut fields = line.splitn(3, ':');
    let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next())
    else {
        return Vec::new();
    };
    let mount = root.join("sys/fs/cgroup");
    let bases = if controllers.is_empty() {
        vec![mount.clone(), mount.join("unified")]
    } else if controllers.split(',').any(|c| c == "cpuset" || c == "cpu") {
        let mut bases = vec![mount.join(controllers)];
        bases.extend(controllers.split(',').map(|c| mount.join(c)));
        bases
    } else {
        return Vec::new();
    };
    // Inside a cgroup namespace the path may climb out of what is mounted here; then, and where
    // the path is another namespace's, only the mount's own root speaks of us.
    let path = Path::new(path.trim_start_matches('/'));
    let inside = path.components().all(|c| matches!(c, Component::Normal(_)));
    let path = if inside { path } else { Path::new("") };
    let mut folders = Vec::new();
    for base in bases {
        folders.extend(path.ancestors().map(|ancestor| base.join(ancestor)));
    }
    folders
}

fn read_cpuset(folder: &Path) -> Result<Option<CpuSet>, AffinityError> {
    for name in ["cpuset.cpus.effective", "cpuset.effective_cpus"] {
        // An empty list is a cpuset that nobody configured, not a process without cores.
        if let Some(set) = sysfs::cpu_list(&folder.join(name))?.filter(|set| !set.is_empty()) {
            return Ok(Some(set));
        }
    }
    Ok(None)
}

/// The quota in thousandths of a core.
fn read_quota(folder: &Path) -> Option<u64> {
    let max = sysfs::text(&folder.join("cpu.max")).ok().flatten();
    let (quota, period) = match max {
        Some(text) => {
            let mut fields = text.split_whitespace();
            // `max` is no number and so no quota.
            (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?)
        }
        // -1, no quota, does not parse as unsigned.
        None => (
            sysfs::number(&folder.join("cpu.cfs_quota_us"))?,
            sysfs::number(&folder.join("cpu.cfs_period_us"))?,
        ),
    };
    quota.checked_mul(1000)?.checked_div(period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::made_up::tree;

    fn affinity(text: &str) -> CpuSet {
        text.parse().expect("a list")
    }

    #[test]
    fn a_v2_container_has_cpuset_and_the_tightest_quota() {
        let root = tempfile::tempdir().expect("a folder");
        tree(
            root.path(),
            &[
                ("proc/self/cgroup", "0::/pod/box\n"),
                ("sys/fs/cgroup/cpuset.cpus.effective", "0-63\n"),
                ("sys/fs/cgroup/pod/cpuset.cpus.effective", "8-15\n"),
                ("sys/fs/cgroup/pod/cpu.max", "250000 100000\n"),
                ("sys/fs/cgroup/pod/box/cpuset.cpus.effective", "8-11\n"),
                ("sys/fs/cgroup/pod/box/cpu.max", "max 100000\n"),
            ],
        );
        let allowed = Allowed::read_from(root.path(), affinity("10-20")).expect("limits");
        assert_eq!(allowed.cpuset, Some(affinity("8-11")));
        assert_eq!(allowed.quota_milli, Some(2500));
        assert_eq!(allowed.cores(), affinity("10-11"));
        assert_eq!(allowed.pinnable(), &affinity("8-11"));
        assert_eq!(allowed.spinnable(), 2);
    }

    #[test]
    fn v1_controllers_have_folders_of_their_own() {
        let root = tempfile::tempdir().expect("a folder");
        tree(
            root.path(),
            &[
                ("proc/self/cgroup", "4:memory:/x\n3:cpuset:/a\n1:cpu,cpuacct:/b\n0::/\n"),
                ("sys/fs/cgroup/cpuset/a/cpuset.effective_cpus", "1-2\n"),
                ("sys/fs/cgroup/cpu,cpuacct/b/cpu.cfs_quota_us", "150000\n"),
                ("sys/fs/cgroup/cpu,cpuacct/b/cpu.cfs_period_us", "100000\n"),
                ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
                ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ],
        );
        let allowed = Allowed::read_from(root.path(), affinity("0-3")).expect("limits");
        assert_eq!(allowed.cpuset, Some(affinity("1-2")));
        assert_eq!(allowed.quota_milli, Some(1500));
        assert_eq!(allowed.spinnable(), 1);
    }

    #[test]
    fn a_path_of_another_namespace_falls_back_to_the_mount() {
        let root = tempfile::tempdir().expect("a folder");
        tree(
            root.path(),
            &[
                ("proc/self/cgroup", "0::/../../elsewhere\n"),
                ("sys/fs/cgroup/cpuset.cpus.effective", "4\n"),
            ],
        );
        let allowed = Allowed::read_from(root.path(), affinity("0-7")).expect("limits");
        assert_eq!(allowed.cpuset, Some(affinity("4")));
    }

    #[test]
    fn no_cgroup_is_no_limit() {
        let root = tempfile::tempdir().expect("a folder");
        tree(root.path(), &[("proc/self/cgroup", "garbage\n0::/\n")]);
        let allowed = Allowed::read_from(root.path(), affinity("0-1")).expect("limits");
        assert_eq!(allowed.cpuset, None);
        assert_eq!(allowed.quota_milli, None);
        assert_eq!(allowed.spinnable(), 2);
        assert_eq!(allowed.pinnable(), &affinity("0-1"));
    }

    #[test]
    fn a_period_of_zero_is_no_quota() {
        let root = tempfile::tempdir().expect("a folder");
        tree(
            root.path(),
            &[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/cpu.max", "100000 0\n")],
        );
        let allowed = Allowed::read_from(root.path(), affinity("0")).expect("limits");
        assert_eq!(allowed.quota_milli, None);
    }

    #[test]
    fn this_process_has_cores() {
        let allowed = Allowed::read().expect("limits of this process");
        assert!(!allowed.cores().is_empty(), "{allowed:?}");
    }
}
