//! Where levels are kept; that it makes no difference to what a book says is tested from outside.

use super::L2Book;
use wire::Side;

/// Whether a level is in a page.
fn in_page(book: &L2Book, side: Side, price: i64) -> bool {
    let unit = book.ladder.unit(side as u32, price);
    unit.is_some_and(|unit| book.ladder.at(side as u32, unit).is_some())
}

#[test]
fn the_touch_is_in_pages_however_many_far_levels_there_are() {
    let mut book = L2Book::with_tick(600, 1).unwrap();
    for far in 0..400 {
        for (side, price) in [(Side::Bid, far * 5_000), (Side::Ask, 9_000_000 - far * 5_000)] {
            if far % 2 == side as i64 {
                book.set(side, price, 1, 1).unwrap();
            }
        }
    }
    let pages = 600 / L2Book::LEVELS_PER_PAGE;
    assert_eq!(book.in_tree, 400 - pages, "far levels are in pages until these run out");
    for tick in 0..60 {
        book.set(Side::Bid, 3_000_000 + tick * 7, 2, 1).unwrap();
        book.set(Side::Ask, 3_001_000 + tick * 7, 2, 1).unwrap();
    }
    for tick in 0..60 {
        assert!(in_page(&book, Side::Bid, 3_000_000 + tick * 7));
        assert!(in_page(&book, Side::Ask, 3_001_000 + tick * 7));
    }
    assert!(!in_page(&book, Side::Bid, 0), "the worst level made room");
    assert_eq!(book.at_price(Side::Bid, 0).map(|level| level.quantity), Some(1));
    assert_eq!(book.depth(Side::Bid) + book.depth(Side::Ask), 400 + 120);
}

#[test]
fn pages_follow_the_touch_wherever_it_goes() {
    let mut book = L2Book::with_tick(24, 5).unwrap();
    for step in 0..10_000 {
        let price = (step * 37 % 9_973) * 5 * 64;
        book.set(Side::Bid, price, 3, 1).unwrap();
        assert!(in_page(&book, Side::Bid, price) && book.best().bid_price == price);
        book.set(Side::Bid, price, 0, 0).unwrap();
        assert_eq!(book.in_tree, 0, "four pages are enough for one level at a time");
    }
}

#[test]
fn prices_between_ticks_and_at_the_ends_are_in_the_tree() {
    let mut book = L2Book::with_tick(24, 10).unwrap();
    for (price, expected) in [(100, true), (101, false), (i64::MAX - 7, false), (-40, true)] {
        book.set(Side::Ask, price, 1, 1).unwrap();
        assert_eq!(in_page(&book, Side::Ask, price), expected, "{price}");
        assert!(book.position_of(Side::Ask, price) > 0);
    }
}

#[test]
fn the_tick_is_learnt_and_learnt_anew_where_it_was_wrong() {
    let mut book = L2Book::new(400).unwrap();
    for tick in 0..64 {
        book.set(Side::Bid, 61_800_000 + tick * 250, 1, 1).unwrap();
    }
    assert_eq!(book.in_tree, 0, "what came before the tick was known has moved to pages");
    book.set(Side::Bid, 61_800_025, 1, 1).unwrap();
    assert_eq!(book.in_tree, 1);
    book.clear();
    for tick in 0..64 {
        book.set(Side::Bid, 61_800_000 + tick * 25, 1, 1).unwrap();
    }
    assert_eq!((book.in_tree, book.depth(Side::Bid)), (0, 64));
}

#[test]
fn a_level_moves_from_the_tree_to_its_page_when_it_is_set_again() {
    let mut book = L2Book::with_tick(24, 1).unwrap();
    let far = |n: i64| -10_000_000 * n;
    for n in 1..8 {
        book.set(Side::Bid, far(n), 1, 1).unwrap();
    }
    assert_eq!(book.in_tree, 3);
    for n in 1..5 {
        book.set(Side::Bid, far(n), 0, 0).unwrap();
    }
    for n in 5..8 {
        assert!(!in_page(&book, Side::Bid, far(n)));
        book.set(Side::Bid, far(n), 2, 1).unwrap();
        assert!(in_page(&book, Side::Bid, far(n)));
    }
    assert_eq!((book.in_tree, book.depth(Side::Bid)), (0, 3));
}
