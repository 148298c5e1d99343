//! How every book plays a stream: one update, then the best of both sides is read.

use std::hint::black_box;
use std::time::Instant;

use super::stream::{Stream, Update};
use crate::harness::{CompareError, Contestant, Round};

/// Best bid and ask in ticks and lots; `None` where a side is empty.
pub type Quote = [Option<(i64, i64)>; 2];

/// A book of levels.
pub trait LevelBook: Sized {
    /// Its name, with the version for a peer.
    const NAME: &'static str;
    /// Whether it is ours.
    const OURS: bool = false;
    /// What the reader must know about it.
    const NOTE: &'static str = "";
    /// An update as this book takes it.
    type Input;

    /// A book for this stream.
    ///
    /// # Errors
    /// If it cannot be built.
    fn new(stream: &Stream) -> Result<Self, CompareError>;

    /// An update as this book takes it; before the clock starts.
    ///
    /// # Errors
    /// If this book cannot take it.
    fn input(
        &self,
        stream: &Stream,
        at: usize,
        update: Update,
    ) -> Result<Self::Input, CompareError>;

    /// Applies an update. `false` if the book refuses it.
    fn apply(&mut self, input: &Self::Input) -> bool;

    /// Reads the best price and quantity of both sides in the book's own types, and makes one
    /// word of them, as cheaply as may be.
    fn read(&self) -> u64;

    /// Best bid and ask.
    fn quote(&self, stream: &Stream) -> Quote;

    /// Forgets all levels, keeping memory where the book can.
    ///
    /// # Errors
    /// If it cannot be built anew.
    fn reset(&mut self, stream: &Stream) -> Result<(), CompareError>;
}

/// A book, and the stream as it takes it.
pub struct Player<'a, B: LevelBook> {
    book: B,
    input: Vec<B::Input>,
    stream: &'a Stream,
}

impl<'a, B: LevelBook> Player<'a, B> {
    /// Converts the stream and plays it once, so that memory is there.
    ///
    /// # Errors
    /// If the book cannot be built or refuses an update.
    pub fn new(stream: &'a Stream) -> Result<Self, CompareError> {
        let book = B::new(stream)?;
        let input = stream.updates.iter().enumerate();
        let input: Result<_, _> =
            input.map(|(at, update)| book.input(stream, at, *update)).collect();
        let mut player = Player { book, input: input?, stream };
        player.round()?;
        Ok(player)
    }

    #[inline(never)]
    fn play(&mut self) -> (u64, bool) {
        let (mut answer, mut refused, mut begin) = (0_u64, false, 0);
        let mut seen = 0_u64;
        for &end in &self.stream.ends {
            for input in self.input.get(begin..end).unwrap_or_default() {
                refused |= !self.book.apply(input);
                seen = seen.wrapping_add(self.book.read());
            }
            begin = end;
            // Within a message a book may be crossed, which books treat differently; at its end
            // all must agree.
            answer = fold(answer, self.book.quote(self.stream));
        }
        black_box(seen);
        (answer, refused)
    }
}

fn fold(answer: u64, quote: Quote) -> u64 {
    quote.into_iter().fold(answer, |answer, side| {
        let (tick, lots) = side.unwrap_or((-1, -1));
        let word = (tick as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ lots as u64;
        answer.rotate_left(7).wrapping_add(word)
    })
}

impl<B: LevelBook> Contestant for Player<'_, B> {
    fn name(&self) -> String {
        B::NAME.to_owned()
    }

    fn ours(&self) -> bool {
        B::OURS
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        self.book.reset(self.stream)?;
        let began = Instant::now();
        let (answer, refused) = self.play();
        let ns = began.elapsed().as_nanos() as f64 / self.input.len().max(1) as f64;
        if refused {
            return Err(CompareError::failed(B::NAME, "an update was refused"));
        }
        Ok(Round { ns, answer })
    }
}
