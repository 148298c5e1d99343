//! Levels of a side in order: those of the pages and those of the tree, merged.

use super::L2Book;
use super::ladder::LadderWalk;
use crate::change::Level;
use crate::l3::LevelsIter as TreeWalk;
use crate::side::flip;

/// Levels of a side, best first.
#[derive(Debug, Clone)]
pub struct LevelsIter<'a> {
    pages: LadderWalk<'a>,
    tree: TreeWalk<'a>,
    next_in_tree: Option<Level>,
    next_in_pages: Option<Level>,
    side: u32,
    left: usize,
}

impl<'a> LevelsIter<'a> {
    pub(super) fn new(book: &'a L2Book, side: u32) -> Self {
        let (mut pages, mut tree) = (book.ladder.walk(side), TreeWalk::new(&book.tree, side));
        let (next_in_pages, next_in_tree) = (pages.next(), tree.next());
        let left = book.ladder.len(side) as usize + book.tree.len(side);
        LevelsIter { pages, tree, next_in_tree, next_in_pages, side, left }
    }
}

impl Iterator for LevelsIter<'_> {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        self.left = self.left.saturating_sub(1);
        let key = |level: Level| flip(self.side, level.price);
        match (self.next_in_pages, self.next_in_tree) {
            (page, Some(tree)) if page.is_none_or(|page| key(page) < key(tree)) => {
                self.next_in_tree = self.tree.next();
                Some(tree)
            }
            (page, _) => {
                self.next_in_pages = self.pages.next();
                page
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for LevelsIter<'_> {}
