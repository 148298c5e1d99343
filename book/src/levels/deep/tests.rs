//! The tree's own rules, checked node by node under random insertions and removals.

use std::collections::BTreeMap;

use super::{Deep, LANES, NIL, Root};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }
}

/// Checks the node and all below it. Returns (levels, nodes); keys are appended in order.
fn check(deep: &Deep, number: u32, height: u32, keys: &mut Vec<i64>) -> (u32, usize) {
    let node = deep.nodes.at(number);
    assert!((1..=LANES).contains(&node.len()), "{} entries", node.len());
    assert!(node.keys[..node.len()].windows(2).all(|pair| pair[0] > pair[1]));
    assert!(node.keys[node.len()..].iter().all(|key| *key == i64::MIN));
    assert!(node.sizes[node.len()..].iter().all(|size| *size == 0));
    if height == 0 {
        assert!(node.sizes[..node.len()].iter().all(|size| *size == 1));
        keys.extend(&node.keys[..node.len()]);
        return (node.len, 1);
    }
    let (mut levels, mut nodes) = (0, 1);
    for lane in 0..node.len() {
        let first = keys.len();
        let (below, count) = check(deep, node.refs[lane], height - 1, keys);
        assert_eq!(below, node.sizes[lane]);
        assert!(keys[first..].iter().all(|key| *key >= node.keys[lane]));
        assert!(lane == 0 || keys[first..].iter().all(|key| *key < node.keys[lane - 1]));
        (levels, nodes) = (levels + below, nodes + count);
    }
    // The rule on which the number of nodes rests.
    for pair in node.refs[..node.len()].windows(2) {
        let together = deep.nodes.at(pair[0]).len() + deep.nodes.at(pair[1]).len();
        assert!(together >= 9, "neighbours of {together} entries together");
    }
    (levels, nodes)
}

fn compare(deep: &Deep, root: &Root, total: usize, wanted: &BTreeMap<i64, u32>) {
    let mut keys = Vec::new();
    let (mut levels, mut nodes) = (0, 0);
    if root.len > 0 {
        (levels, nodes) = check(deep, root.node, root.height, &mut keys);
    } else {
        assert_eq!((root.node, root.height), (NIL, 0));
    }
    assert_eq!(levels, root.len);
    assert_eq!(keys, wanted.keys().rev().copied().collect::<Vec<_>>());
    assert_eq!(deep.free.len(), total - nodes, "nodes lost or in use twice");
}

#[test]
fn a_tree_keeps_its_rules_and_its_nodes() {
    let mut random = Random(11);
    for range in [40, 900, 20_000] {
        let mut deep = Deep::new(20_000, 2);
        let total = deep.free.len();
        let (mut root, mut wanted) = (Root::EMPTY, BTreeMap::new());
        for step in 0..40_000_u64 {
            let key = random.below(range) as i64 - 20;
            // Grows for a while, then shrinks, so that nodes split and merge at all heights.
            let insert = random.below(10) < if step / 10_000 % 2 == 0 { 8 } else { 2 };
            let (found, better) = deep.find(&root, key);
            assert_eq!(found, wanted.get(&key).copied());
            if step % 16 == 0 {
                assert_eq!(better, wanted.range(key + 1..).count());
                let nth = wanted.iter().rev().nth(better).map(|(key, record)| (*key, *record));
                assert_eq!(deep.at(&root, better), nth);
            }
            if insert && found.is_none() {
                deep.insert(&mut root, key, step as u32);
                wanted.insert(key, step as u32);
            } else if !insert && (found.is_some() || step % 3 == 0) {
                assert_eq!(deep.remove(&mut root, key), better);
                wanted.remove(&key);
            }
            if step % 500 == 0 {
                compare(&deep, &root, total, &wanted);
            }
        }
        while let Some(best) = deep.pop_best(&mut root) {
            assert_eq!(wanted.pop_last(), Some(best));
        }
        compare(&deep, &root, total, &BTreeMap::new());
    }
}

/// Every way of filling and emptying that leaves many small nodes keeps within the pool.
#[test]
fn a_pool_never_runs_out_of_nodes_before_levels() {
    for (stride, levels) in [(1, 6_000_u32), (7, 6_000), (16, 6_000), (5_003, 6_000)] {
        let mut deep = Deep::new(levels, 2);
        let mut root = Root::EMPTY;
        let place = |n: u32| i64::from(n) * stride % 6_007;
        for round in 0..6_u32 {
            for n in (0..levels).filter(|n| round == 0 || n % 9 != round) {
                if root.len < levels && deep.find(&root, place(n)).0.is_none() {
                    assert!(deep.has_room(), "stride {stride}, {} levels", root.len);
                    deep.insert(&mut root, place(n), n);
                }
            }
            for n in (0..levels).filter(|n| n % 9 != round + 1) {
                deep.remove(&mut root, place(n));
            }
        }
    }
}
