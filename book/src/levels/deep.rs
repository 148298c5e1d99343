//! The levels worse than a block's twelve: a counted B+ tree in a fixed pool of nodes.
//!
//! Real books have levels from a cent to a thousand times the price, so no window of prices can
//! hold them and a sorted array per side would have to grow. All sides share one pool of nodes of
//! sixteen entries; search, insertion and removal visit one node per layer, and each inner entry
//! knows how many levels lie below it, which gives a level's position exactly.
//!
//! An entry of a leaf is (key, level number, 1). An entry of an inner node is (a key not greater
//! than any below it and greater than any in the next entry, node number, levels below). Both sort
//! descending, so the same rank search steers in both.

#[cfg(test)]
mod tests;

use simd::{Isa, LANES};

use crate::memory::MemoryVisitor;
use crate::table::{FreeList, NIL, Table};

/// Neighbours that fit together in this many entries are merged; less than a whole node, so that
/// a removal and an insertion in turn do not merge and split forever.
const MERGE: usize = 12;

/// More layers than any tree of 2^32 levels needs: a pair of neighbours has at least nine entries.
const LAYERS: usize = 16;

/// Nodes kept in reserve: more than any one insertion into a book can take, which hands down at most
/// a whole block.
const RESERVE: usize = 16 * LAYERS;

/// One side's tree: 12 bytes inside its block.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Root {
    node: u32,
    /// Layers of inner nodes above the leaves.
    height: u32,
    /// Levels in the tree.
    len: u32,
}

impl Root {
    pub(crate) const EMPTY: Root = Root { node: NIL, height: 0, len: 0 };

    /// As the head of a block's line.
    #[inline(always)]
    pub(crate) const fn words(self) -> [u32; 4] {
        [self.node, self.height, self.len, 0]
    }

    #[inline(always)]
    pub(crate) const fn from_words([node, height, len, _]: [u32; 4]) -> Root {
        Root { node, height, len }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }
}

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Node {
    keys: [i64; LANES],
    refs: [u32; LANES],
    sizes: [u32; LANES],
    len: u32,
}

impl Node {
    const EMPTY: Node =
        Node { keys: [i64::MIN; LANES], refs: [NIL; LANES], sizes: [0; LANES], len: 0 };

    #[inline(always)]
    fn len(&self) -> usize {
        self.len as usize
    }

    /// Where `key` is or belongs; in an inner node the entry below which it is or belongs.
    #[inline(always)]
    fn rank(&self, isa: Isa, key: i64) -> usize {
        isa.rank(&self.keys, key)
    }

    #[inline(always)]
    fn entry(&self, place: usize) -> (i64, u32, u32) {
        let lane = place & (LANES - 1);
        (self.keys[lane], self.refs[lane], self.sizes[lane])
    }

    fn set(&mut self, place: usize, (key, reference, size): (i64, u32, u32)) {
        let lane = place & (LANES - 1);
        (self.keys[lane], self.refs[lane], self.sizes[lane]) = (key, reference, size);
    }

    fn insert(&mut self, isa: Isa, place: usize, (key, reference, size): (i64, u32, u32)) {
        if place > self.len() || self.len() >= LANES {
            return;
        }
        isa.insert(&mut self.keys, &mut self.refs, place, (key, reference));
        for lane in (place..self.len()).rev() {
            self.sizes[(lane + 1) & (LANES - 1)] = self.sizes[lane & (LANES - 1)];
        }
        self.sizes[place & (LANES - 1)] = size;
        self.len += 1;
    }

    fn remove(&mut self, isa: Isa, place: usize) {
        if place >= self.len() {
            return;
        }
        isa.remove(&mut self.keys, &mut self.refs, place, (i64::MIN, NIL));
        for lane in place + 1..self.len() {
            self.sizes[(lane - 1) & (LANES - 1)] = self.sizes[lane & (LANES - 1)];
        }
        self.len -= 1;
        self.sizes[self.len() & (LANES - 1)] = 0;
    }

    /// Levels in the first `entries` entries.
    #[inline(always)]
    fn levels_before(&self, isa: Isa, entries: usize) -> usize {
        isa.sum(&self.sizes, entries) as usize
    }

    /// Moves the entries from `place` on into a new node.
    fn split_off(&mut self, place: usize) -> Node {
        let mut right = Node::EMPTY;
        for (to, from) in (place..self.len()).enumerate() {
            right.set(to, self.entry(from));
            self.set(from, (i64::MIN, NIL, 0));
        }
        right.len = self.len.saturating_sub(place as u32);
        self.len -= right.len;
        right
    }

    /// Appends the entries of the right neighbour; together they are at most sixteen.
    fn append(&mut self, right: &Node) {
        for from in 0..right.len() {
            self.set(self.len(), right.entry(from));
            self.len += 1;
        }
    }
}

/// The nodes of all trees.
#[derive(Debug, Clone)]
pub(crate) struct Deep {
    nodes: Table<Node>,
    free: FreeList,
    isa: Isa,
}

impl Deep {
    /// Nodes so many that `levels` levels on `sides` sides never run out of them: two neighbours
    /// have at least nine entries, so leaves and inner nodes stay below a third of the levels, and
    /// a small tree has one node.
    pub(crate) fn new(levels: u32, sides: u32) -> Self {
        let nodes = levels.min(levels / 3 + sides).saturating_add(RESERVE as u32);
        Deep {
            nodes: Table::new(nodes, Node::EMPTY),
            free: FreeList::new(nodes),
            isa: Isa::detect(),
        }
    }

    /// Whether any insertion is certain to find its nodes.
    #[inline(always)]
    pub(crate) fn has_room(&self) -> bool {
        self.free.len() >= RESERVE
    }

    /// Shows all memory to `visitor`.
    pub(crate) fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V) {
        self.nodes.memory("deep levels", visitor);
        self.free.memory("deep levels", visitor);
    }

    /// Takes all nodes back; each is written anew when it is used.
    pub(crate) fn clear(&mut self) {
        self.free.reset();
    }

    /// The level number of `key`, and how many levels of the tree are better.
    pub(crate) fn find(&self, root: &Root, key: i64) -> (Option<u32>, usize) {
        let mut node = self.nodes.at(root.node);
        let mut better = 0;
        for _ in 0..root.height {
            let place = node.rank(self.isa, key);
            better += node.levels_before(self.isa, place);
            if place >= node.len() {
                return (None, better);
            }
            node = self.nodes.at(node.entry(place).1);
        }
        let place = node.rank(self.isa, key);
        let (found, record, _) = node.entry(place);
        let here = place < node.len() && found == key;
        (here.then_some(record), better + place)
    }

    /// Key and level number of the level with `nth` better ones in the tree.
    pub(crate) fn at(&self, root: &Root, nth: usize) -> Option<(i64, u32)> {
        if nth >= root.len() {
            return None;
        }
        let mut node = self.nodes.at(root.node);
        let mut left = nth;
        for _ in 0..root.height {
            let mut place = 0;
            while place + 1 < node.len() && left >= node.entry(place).2 as usize {
                left -= node.entry(place).2 as usize;
                place += 1;
            }
            node = self.nodes.at(node.entry(place).1);
        }
        let (key, record, _) = node.entry(left);
        (left < node.len()).then_some((key, record))
    }

    /// Inserts a key that is not there. The caller asked [`Deep::has_room`].
    pub(crate) fn insert(&mut self, root: &mut Root, key: i64, record: u32) {
        if root.len == 0 {
            let Some(leaf) = self.free.take() else { return };
            *self.nodes.at_mut(leaf) = Node::EMPTY;
            *root = Root { node: leaf, height: 0, len: 0 };
        }
        if self.nodes.at(root.node).len() == LANES {
            let Some(above) = self.free.take() else { return };
            let mut node = Node::EMPTY;
            let (bound, _, _) = self.nodes.at(root.node).entry(LANES - 1);
            node.insert(self.isa, 0, (bound, root.node, root.len));
            *self.nodes.at_mut(above) = node;
            self.split(above, 0);
            (root.node, root.height) = (above, root.height + 1);
        }
        let mut number = root.node;
        for _ in 0..root.height {
            let node = self.nodes.at(number);
            let mut place = node.rank(self.isa, key).min(node.len().saturating_sub(1));
            if self.nodes.at(node.entry(place).1).len() == LANES {
                self.split(number, place);
            }
            let node = self.nodes.at_mut(number);
            place = node.rank(self.isa, key).min(node.len().saturating_sub(1));
            let (bound, below, size) = node.entry(place);
            node.set(place, (bound.min(key), below, size + 1));
            number = below;
        }
        let leaf = self.nodes.at_mut(number);
        leaf.insert(self.isa, leaf.rank(self.isa, key), (key, record, 1));
        root.len += 1;
    }

    /// Splits the full node below entry `place` of `above`, which is not full.
    fn split(&mut self, above: u32, place: usize) {
        let Some(right) = self.free.take() else { return };
        let (bound, left, size) = self.nodes.at(above).entry(place);
        let node = self.nodes.at_mut(left);
        let half = node.split_off(LANES / 2);
        let moved = half.levels_before(self.isa, LANES) as u32;
        let left_bound = node.entry(LANES / 2 - 1).0;
        *self.nodes.at_mut(right) = half;
        let parent = self.nodes.at_mut(above);
        parent.set(place, (left_bound, left, size - moved));
        parent.insert(self.isa, place + 1, (bound, right, moved));
    }

    /// Removes `key`, if it is in the tree. Returns how many levels of the tree are better.
    pub(crate) fn remove(&mut self, root: &mut Root, key: i64) -> usize {
        let mut better = 0;
        let mut path = [(NIL, 0_usize); LAYERS];
        let mut number = root.node;
        let layers = path.get_mut(..root.height as usize).unwrap_or_default();
        for step in layers.iter_mut() {
            let node = self.nodes.at(number);
            let place = node.rank(self.isa, key);
            better += node.levels_before(self.isa, place);
            if place >= node.len() {
                return better;
            }
            *step = (number, place);
            number = node.entry(place).1;
        }
        let leaf = self.nodes.at_mut(number);
        let place = leaf.rank(self.isa, key);
        better += place;
        if place >= leaf.len() || leaf.entry(place).0 != key {
            return better;
        }
        leaf.remove(self.isa, place);
        for &(above, place) in layers.iter().rev() {
            let node = self.nodes.at_mut(above);
            let (bound, below, size) = node.entry(place);
            node.set(place, (bound, below, size - 1));
            self.tidy(above, place);
        }
        root.len -= 1;
        self.lower(root);
        better
    }

    /// Takes the best level out.
    pub(crate) fn pop_best(&mut self, root: &mut Root) -> Option<(i64, u32)> {
        let best = self.at(root, 0)?;
        self.remove(root, best.0);
        Some(best)
    }

    /// After a removal below entry `place`: drops an empty node, merges small neighbours.
    fn tidy(&mut self, above: u32, place: usize) {
        let below = self.nodes.at(above).entry(place).1;
        if self.nodes.at(below).len() == 0 {
            self.nodes.at_mut(above).remove(self.isa, place);
            self.free.give(below);
            return;
        }
        self.merge(above, place);
        if let Some(before) = place.checked_sub(1) {
            self.merge(above, before);
        }
    }

    /// Merges the nodes below entries `place` and `place + 1` where they are small enough.
    fn merge(&mut self, above: u32, place: usize) {
        let parent = self.nodes.at(above);
        if place + 1 >= parent.len() {
            return;
        }
        let (_, left, left_size) = parent.entry(place);
        let (bound, right, right_size) = parent.entry(place + 1);
        let gone = *self.nodes.at(right);
        let kept = self.nodes.at_mut(left);
        if kept.len() + gone.len() > MERGE {
            return;
        }
        kept.append(&gone);
        let parent = self.nodes.at_mut(above);
        parent.set(place, (bound, left, left_size + right_size));
        parent.remove(self.isa, place + 1);
        self.free.give(right);
    }

    /// Drops roots that have become chains of one entry, and the last empty leaf.
    fn lower(&mut self, root: &mut Root) {
        while root.height > 0 && self.nodes.at(root.node).len() == 1 {
            let below = self.nodes.at(root.node).entry(0).1;
            self.free.give(root.node);
            (root.node, root.height) = (below, root.height - 1);
        }
        if root.len == 0 {
            self.free.give(root.node);
            *root = Root::EMPTY;
        }
    }
}
