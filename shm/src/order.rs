//! Every memory ordering stronger than relaxed in the algorithms of this crate, by name.
//!
//! A lock-free algorithm is as good as its weakest ordering, and a missing one is invisible on
//! x86 until the compiler moves a load. So the orderings are not written where they are used but
//! here, each with its partner: what it pairs with, and what the pair protects. In a normal build
//! a [`Site`] is exactly its ordering, a constant. Under `--cfg loom` the environment variable
//! `HOTLANE_MUTANT` names one site to weaken (an access becomes relaxed, a fence vanishes), and
//! `tests/mutants.sh` asserts that the models fail for every name in [`SITES`]: an ordering whose
//! loss no model notices is either not needed or not tested.
//!
//! Accesses that need no ordering say `Ordering::Relaxed` in place. No other ordering may be
//! written out in the algorithm files; a unit test reads the sources to make sure.

use crate::sync::{Ordering, fence};

/// One place in an algorithm where an ordering is needed.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    name: &'static str,
    ordering: Ordering,
}

impl Site {
    /// The name by which `HOTLANE_MUTANT` weakens this site.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The ordering to use.
    #[cfg(not(loom))]
    #[inline(always)]
    pub const fn get(self) -> Ordering {
        self.ordering
    }

    /// The ordering to use, relaxed where this site is the mutant under test.
    #[cfg(loom)]
    pub fn get(self) -> Ordering {
        if self.weakened() { Ordering::Relaxed } else { self.ordering }
    }

    /// A fence of this ordering.
    #[cfg(not(loom))]
    #[inline(always)]
    pub fn fence(self) {
        fence(self.ordering);
    }

    /// A fence of this ordering, none where this site is the mutant under test.
    #[cfg(loom)]
    pub fn fence(self) {
        if !self.weakened() {
            fence(self.ordering);
        }
    }

    #[cfg(loom)]
    fn weakened(&self) -> bool {
        static MUTANT: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        let mutant = MUTANT.get_or_init(|| std::env::var("HOTLANE_MUTANT").ok());
        mutant.as_deref() == Some(self.name)
    }
}

macro_rules! sites {
    ($( $(#[$doc:meta])+ $name:ident = $ordering:ident; )+) => {
        $( $(#[$doc])+ pub const $name: Site =
            Site { name: stringify!($name), ordering: Ordering::$ordering }; )+
        /// All of them, for the mutation test.
        pub const SITES: &[Site] = &[$($name),+];
    };
}

sites! {
    /// Fence after the version became odd, before the payload is written. Partner
    /// [`SEQLOCK_CLOSE`]: a reader that saw a new payload word sees the odd version.
    SEQLOCK_BEGIN = Release;
    /// Store of the even version. Partner [`SEQLOCK_OPEN`]: who sees it sees the payload.
    SEQLOCK_COMMIT = Release;
    /// First load of the version. Partner [`SEQLOCK_COMMIT`].
    SEQLOCK_OPEN = Acquire;
    /// Fence between the payload and the second load of the version. Partner [`SEQLOCK_BEGIN`].
    SEQLOCK_CLOSE = Acquire;

    /// Fence after "initialising" was stored, before the body is written. Partner
    /// [`GENERATION_STILL`]: who saw a word of the new body sees that the old generation ended.
    GENERATION_BEGIN = Release;
    /// Store of "ready". Partner [`GENERATION_OBSERVE`]: who sees it sees the whole body.
    GENERATION_READY = Release;
    /// Load of the state word. Partner [`GENERATION_READY`].
    GENERATION_OBSERVE = Acquire;
    /// Fence between reading the body and looking at the state word again. Partner
    /// [`GENERATION_BEGIN`].
    GENERATION_STILL = Acquire;

    /// Fence after word 0 of a slot was zeroed, before the record is written. Partner
    /// [`FOLLOW_CLOSE`]: who copied a word of the new record no longer finds the old word 0.
    SLOT_OPEN = Release;
    /// Store of word 0 with its tag. Partners [`SLOT_TAKE`] and [`FOLLOW_OPEN`]: who sees the tag
    /// sees the record.
    SLOT_COMMIT = Release;
    /// Load of word 0 by the consumer. Partner [`SLOT_COMMIT`].
    SLOT_TAKE = Acquire;
    /// Store of the consumer's cursor. Partner [`CURSOR_TAKE`]: the copies were made before the
    /// slot is given back.
    CURSOR_GIVE = Release;
    /// Load of the cursor by the producer. Partner [`CURSOR_GIVE`]: the slot is overwritten after
    /// the consumer's copy.
    CURSOR_TAKE = Acquire;
    /// Store of the producer's position or mark. Partner [`FOLLOW_MARK`]: who sees it sees that
    /// everything before it was committed.
    MARK_STORE = Release;
    /// First load of word 0 by a follower. Partner [`SLOT_COMMIT`].
    FOLLOW_OPEN = Acquire;
    /// Fence between a follower's copy and its second look at word 0. Partner [`SLOT_OPEN`].
    FOLLOW_CLOSE = Acquire;
    /// Load of the mark by a follower that did not find its tag. Partner [`MARK_STORE`].
    FOLLOW_MARK = Acquire;

    /// Exchange of a free claim for one's own. Partners [`CLAIM_GIVE`] and [`CLAIM_TAKE_OVER`]:
    /// what the holder before wrote comes before what the new one writes.
    CLAIM_TAKE = Acquire;
    /// Exchange of one's own claim for a free one. Partner [`CLAIM_TAKE`].
    CLAIM_GIVE = Release;
    /// Exchange of a dead holder's claim for a free one. Partner [`CLAIM_TAKE`]: the death that
    /// the producer knows of comes before what the new holder writes.
    CLAIM_TAKE_OVER = Release;
    /// Ringing the bell. Partner [`BELL_HEAR`]: who hears it sees the request.
    BELL_RING = Release;
    /// Hearing the bell. Partner [`BELL_RING`].
    BELL_HEAR = Acquire;
    /// Raising a signal to the lane. Partner [`SIGNAL_TAKE`]: what the raiser knows (a death)
    /// comes before what the lane does about it.
    SIGNAL_RAISE = Release;
    /// Taking signals. Partner [`SIGNAL_RAISE`].
    SIGNAL_TAKE = Acquire;
}

#[cfg(test)]
mod tests {
    use super::SITES;
    use std::collections::HashSet;
    use std::path::{Path, PathBuf};

    /// Files of this crate whose atomics are an algorithm that the models cover.
    const ALGORITHMS: &[&str] = &[
        "src/claim.rs",
        "src/fanout",
        "src/follow.rs",
        "src/generation.rs",
        "src/lines.rs",
        "src/ring",
        "src/seat",
        "src/seqlock.rs",
        "src/slot.rs",
        "src/tail.rs",
    ];

    fn sources(path: &Path, into: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).expect("a readable source folder") {
                sources(&entry.expect("a readable entry").path(), into);
            }
        } else if path.exists() {
            into.push(path.to_path_buf());
        }
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = SITES.iter().map(|site| site.name()).collect();
        assert_eq!(names.len(), SITES.len());
    }

    #[test]
    fn no_algorithm_writes_an_ordering_out() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for path in ALGORITHMS {
            sources(&root.join(path), &mut files);
        }
        assert!(!files.is_empty());
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a readable source file");
            for (number, line) in text.lines().enumerate() {
                for strong in ["Acquire", "Release", "AcqRel", "SeqCst"] {
                    let written = format!("Ordering::{strong}");
                    assert!(
                        !line.contains(&written),
                        "{}:{}: {written} belongs into order.rs",
                        file.display(),
                        number + 1
                    );
                }
            }
        }
    }
}
