//! The host's cores: which share an execution unit, a memory node or a cache, and which the
//! scheduler leaves alone.
//!
//! Two spinning threads on hyper-threads of one core halve each other, and a ring between memory
//! nodes costs several times one inside a node. Placement therefore needs the host's real shape,
//! which the kernel describes in small files:
//!
//! | file below `/sys/devices/system` | holds |
//! |---|---|
//! | `cpu/present`, `cpu/online` | core numbers |
//! | `cpu/isolated`, `cpu/nohz_full` | set at boot; may be absent |
//! | `cpu/cpuN/topology/core_id`, `physical_package_id` | numbers |
//! | `cpu/cpuN/topology/core_cpus_list` | N and its SMT siblings; older: `thread_siblings_list` |
//! | `cpu/cpuN/cache/indexK/level`, `size` | cache sizes such as `32768K` |
//! | `node/nodeM/cpulist` | the cores of memory node M |
//!
//! A file that this kernel does not have means "not known", never a failure, except `online`.

use crate::cpu_set::CpuSet;
use crate::error::AffinityError;
use crate::sysfs;
use std::fs;
use std::path::Path;

/// One online core (a hardware thread, as the scheduler counts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// The number that pinning uses.
    pub id: usize,
    /// The physical core's number inside its package, where known.
    pub core_id: Option<u64>,
    /// The package (socket), where known.
    pub package: Option<u64>,
    /// The memory node, where the host has nodes.
    pub node: Option<usize>,
    /// The hardware threads of the same physical core, this one among them.
    pub siblings: CpuSet,
    /// Size of the last-level cache it shares, in bytes, where known.
    pub last_level_cache: Option<u64>,
}

/// A memory node and its cores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The node's number.
    pub id: usize,
    /// Its cores; empty for a node of memory only.
    pub cpus: CpuSet,
}

/// The host's cores as the kernel describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Every core that is plugged in, switched on or not.
    pub present: CpuSet,
    /// The cores that are switched on.
    pub online: CpuSet,
    /// Cores that the scheduler does not use of its own accord (`isolcpus=`).
    pub isolated: CpuSet,
    /// Cores without a periodic tick while one thread runs (`nohz_full=`).
    pub nohz_full: CpuSet,
    /// The online cores in ascending order.
    pub cores: Vec<Core>,
    /// The memory nodes in ascending order; none where the kernel has no NUMA.
    pub nodes: Vec<Node>,
}

impl Topology {
    /// Reads this host's topology.
    ///
    /// # Errors
    /// Where `/sys` is not mounted or a list of cores in it cannot be read.
    pub fn read() -> Result<Self, AffinityError> {
        Self::read_from(Path::new("/"))
    }

    /// Reads a topology from the files below `root`, in which `sys` is a folder.
    ///
    /// # Errors
    /// Where `online` is missing, or a list of cores cannot be read.
    pub fn read_from(root: &Path) -> Result<Self, AffinityError> {
        let system = root.join("sys/devices/system");
        let cpu = system.join("cpu");
        let online = sysfs::required_cpu_list(&cpu.join("online"))?;
        let present = sysfs::cpu_list(&cpu.join("present"))?.unwrap_or_else(|| online.clone());
        let isolated = sysfs::cpu_list(&cpu.join("isolated"))?.unwrap_or_default();
        let nohz_full = sysfs::cpu_list(&cpu.join("nohz_full"))?.unwrap_or_default();
        let nodes = read_nodes(&system.join("node"))?;
        let mut cores = Vec::with_capacity(online.len());
        for id in online.iter() {
            let node = nodes.iter().find(|n| n.cpus.contains(id)).map(|n| n.id);
            cores.push(read_core(&cpu.join(format!("cpu{id}")), id, node)?);
        }
        Ok(Self { present, online, isolated, nohz_full, cores, nodes })
    }

    /// The online core of this number.
    pub fn core(&self, id: usize) -> Option<&Core> {
        self.cores.iter().find(|core| core.id == id)
    }

    /// Whether two different cores are hardware threads of one physical core.
    pub fn are_siblings(&self, a: usize, b: usize) -> bool {
        a != b && self.core(a).is_some_and(|core| core.siblings.contains(b))
    }

    /// Whether two cores have the same memory node; true where the host has no nodes.
    pub fn share_node(&self, a: usize, b: usize) -> bool {
        match (self.core(a), self.core(b)) {
            (Some(a), Some(b)) => a.node == b.node,
            _ => false,
        }
    }

    /// How many physical cores the online hardware threads make up.
    pub fn physical_cores(&self) -> usize {
        // The lowest online sibling stands for its physical core.
        let first = |core: &&Core| core.siblings.intersection(&self.online).first();
        self.cores.iter().filter(|core| first(core) == Some(core.id)).count()
    }

    /// Whether any physical core runs more than one hardware thread.
    pub fn smt(&self) -> bool {
        self.physical_cores() < self.cores.len()
    }

    /// The smallest last-level cache of any core, in bytes, where known.
    pub fn last_level_cache(&self) -> Option<u64> {
        self.cores.iter().filter_map(|core| core.last_level_cache).min()
    }

    /// Checks that a core can be pinned to as far as the hardware goes.
    ///
    /// # Errors
    /// Where the core does not exist, or is offline.
    pub fn check(&self, core: usize) -> Result<(), AffinityError> {
        if !self.present.contains(core) {
            return Err(AffinityError::NoSuchCore { core, present: self.present.clone() });
        }
        if !self.online.contains(core) {
            return Err(AffinityError::CoreOffline { core, online: self.online.clone() });
        }
        Ok(())
    }
}

fn read_core(folder: &Path, id: usize, node: Option<usize>) -> Result<Core, AffinityError> {
    let topology = folder.join("topology");
    let mut siblings = match sysfs::cpu_list(&topology.join("core_cpus_list"))? {
        Some(list) => list,
        None => sysfs::cpu_list(&topology.join("thread_siblings_list"))?.unwrap_or_default(),
    };
    if !siblings.contains(id) {
        // Not described (some virtual machines): every core stands alone.
        siblings = CpuSet::single(id);
    }
    Ok(Core {
        id,
        core_id: sysfs::number(&topology.join("core_id")),
        package: sysfs::number(&topology.join("physical_package_id")),
        node,
        siblings,
        last_level_cache: read_last_level_cache(&folder.join("cache")),
    })
}

/// The size of the highest cache level below the folder, in bytes.
fn read_last_level_cache(folder: &Path) -> Option<u64> {
    // The kernel numbers `index` folders without holes; 16 is several times what exists.
    let mut best: Option<(u64, u64)> = None;
    for index in 0..16 {
        let cache = folder.join(format!("index{index}"));
        let Some(level) = sysfs::number(&cache.join("level")) else { break };
        let size = sysfs::text(&cache.join("size")).ok().flatten();
        let Some(size) = size.as_deref().and_then(cache_bytes) else { continue };
        if best.is_none_or(|(highest, _)| level > highest) {
            best = Some((level, size));
        }
    }
    best.map(|(_, size)| size)
}

/// Bytes of a cache size as the kernel prints it: a number and `K`, `M`, `G` or nothing.
fn cache_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text.strip_prefix(digits)? {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn read_nodes(folder: &Path) -> Result<Vec<Node>, AffinityError> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut nodes = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|n| n.strip_prefix("node")?.parse().ok());
        let Some(id) = number else { continue };
        if let Some(cpus) = sysfs::cpu_list(&entry.path().join("cpulist"))? {
            nodes.push(Node { id, cpus });
        }
    }
    nodes.sort_by_key(|node| node.id);
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::made_up::tree;

    /// Two sockets, two physical cores each, hyper-threaded, core 7 switched off.
    fn two_sockets(root: &Path) {
        tree(
            root,
            &[
                ("sys/devices/system/cpu/present", "0-7\n"),
                ("sys/devices/system/cpu/online", "0-6\n"),
                ("sys/devices/system/cpu/isolated", "2-3,6\n"),
                ("sys/devices/system/cpu/nohz_full", "(null)\n"),
                ("sys/devices/system/node/node0/cpulist", "0-1,4-5\n"),
                ("sys/devices/system/node/node1/cpulist", "2-3,6-7\n"),
                ("sys/devices/system/node/online", "0-1\n"),
            ],
        );
        for id in 0..7_u64 {
            let core = format!("sys/devices/system/cpu/cpu{id}");
            let sibling = if id < 4 { id + 4 } else { id - 4 };
            let list = format!("{},{}\n", id.min(sibling), id.max(sibling));
            tree(
                root,
                &[
                    (&format!("{core}/topology/core_id"), &format!("{}\n", id % 2)),
                    (
                        &format!("{core}/topology/physical_package_id"),
                        &format!("{}\n", (id % 4) / 2),
                    ),
                    (&format!("{core}/topology/core_cpus_list"), &list),
                    (&format!("{core}/cache/index0/level"), "1\n"),
                    (&format!("{core}/cache/index0/size"), "32K\n"),
                    (&format!("{core}/cache/index1/level"), "3\n"),
                    (&format!("{core}/cache/index1/size"), "16M\n"),
                ],
            );
        }
    }

    #[test]
    fn two_sockets_are_described() {
        let root = tempfile::tempdir().expect("a folder");
        two_sockets(root.path());
        let host = Topology::read_from(root.path()).expect("a made-up host");
        assert_eq!(host.online.to_string(), "0-6");
        assert_eq!(host.isolated.to_string(), "2-3,6");
        assert!(host.nohz_full.is_empty());
        assert_eq!(host.cores.len(), 7);
        assert_eq!(host.physical_cores(), 4);
        assert!(host.smt());
        assert!(host.are_siblings(1, 5) && host.are_siblings(5, 1));
        assert!(!host.are_siblings(1, 1) && !host.are_siblings(1, 2));
        assert!(host.share_node(0, 5) && !host.share_node(1, 2));
        assert!(!host.share_node(0, 99));
        assert_eq!(host.last_level_cache(), Some(16 << 20));
        let core = host.core(6).expect("core 6");
        assert_eq!((core.core_id, core.package, core.node), (Some(0), Some(1), Some(1)));
        assert_eq!(host.nodes.len(), 2);
    }

    #[test]
    fn cores_that_cannot_be_used_say_why() {
        let root = tempfile::tempdir().expect("a folder");
        two_sockets(root.path());
        let host = Topology::read_from(root.path()).expect("a made-up host");
        assert!(host.check(6).is_ok());
        let offline = host.check(7).expect_err("offline").to_string();
        assert!(offline.starts_with("core 7 is offline; online are 0-6"), "{offline}");
        let missing = host.check(8).expect_err("missing").to_string();
        assert_eq!(missing, "core 8 does not exist; this host has 0-7");
    }

    #[test]
    fn a_bare_virtual_machine_is_enough() {
        let root = tempfile::tempdir().expect("a folder");
        tree(root.path(), &[("sys/devices/system/cpu/online", "0-1\n")]);
        let host = Topology::read_from(root.path()).expect("a bare host");
        assert_eq!(host.present, host.online);
        assert_eq!(host.physical_cores(), 2);
        assert!(!host.smt() && host.nodes.is_empty() && host.share_node(0, 1));
        assert_eq!(host.last_level_cache(), None);
    }

    #[test]
    fn a_tree_without_cores_is_an_error() {
        let root = tempfile::tempdir().expect("a folder");
        let missing = Topology::read_from(root.path()).expect_err("nothing there").to_string();
        assert!(missing.contains("cpu/online"), "{missing}");
        tree(root.path(), &[("sys/devices/system/cpu/online", "0-x\n")]);
        let malformed = Topology::read_from(root.path()).expect_err("malformed").to_string();
        assert!(malformed.contains("\"0-x\""), "{malformed}");
    }

    #[test]
    fn cache_sizes_have_units() {
        assert_eq!(cache_bytes("32768K\n"), Some(32 << 20));
        assert_eq!(cache_bytes("512"), Some(512));
        assert_eq!(cache_bytes("1G"), Some(1 << 30));
        assert_eq!(cache_bytes("12Q"), None);
        assert_eq!(cache_bytes("K"), None);
        assert_eq!(cache_bytes("99999999999999999G"), None);
    }

    #[test]
    fn this_host_agrees_with_the_standard_library() {
        let host = Topology::read().expect("this host");
        let parallel = std::thread::available_parallelism().expect("some cores").get();
        assert!(host.online.len() >= parallel, "{host:?}");
        assert_eq!(host.cores.len(), host.online.len());
    }
}
