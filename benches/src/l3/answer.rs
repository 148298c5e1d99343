//! The question that all answer: the best prices of every book at the end.

/// Best bid and ask of one book, 10^-4 dollars; `None` for an empty side.
pub type Best = [Option<i64>; 2];

/// Folds the best prices of all books, by locate, into one number (FNV-1a).
pub fn fold(books: impl Iterator<Item = Best>) -> u64 {
    let mut answer = 0xcbf2_9ce4_8422_2325_u64;
    for price in books.flatten() {
        let value = price.map_or(u64::MAX, i64::cast_unsigned);
        answer = (answer ^ value).wrapping_mul(0x100_0000_01b3);
    }
    answer
}
