//! Symbols and first prices.

use protocol::venue::nasdaq::pad;

use super::random::Random;

/// Raw price of one tick: a cent, in 10^-4 dollars.
pub(super) const TICK: u32 = 100;

/// An instrument of a made session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instrument {
    /// Locate code: index + 1.
    pub(super) locate: u16,
    /// Symbol padded with spaces.
    pub(super) symbol: [u8; 8],
    /// First price in ticks.
    pub(super) ticks: u32,
}

impl Instrument {
    /// The instrument with this index and a price drawn for it: lognormal around 30 dollars, from
    /// 3 to 3,000 dollars.
    pub(super) fn draw(index: u16, random: &mut Random) -> Self {
        let ticks = random.lognormal(3_000.0, 1.6).clamp(300, 300_000) as u32;
        Self { locate: index + 1, symbol: pad(&symbol(index)), ticks }
    }
}

/// The symbol of an index: `SIM` and three or four letters, so that it is nobody's ticker.
#[must_use]
pub fn symbol(index: u16) -> String {
    const LETTERS: u32 = 26;
    const THREE: u32 = LETTERS * LETTERS * LETTERS;
    let index = u32::from(index);
    let (mut rest, count) = if index < THREE { (index, 3) } else { (index - THREE, 4) };
    let mut letters = vec![b'A'; count];
    for letter in letters.iter_mut().rev() {
        *letter += (rest % LETTERS) as u8;
        rest /= LETTERS;
    }
    format!("SIM{}", String::from_utf8_lossy(&letters))
}

#[cfg(test)]
mod tests {
    use super::symbol;
    use std::collections::BTreeSet;

    #[test]
    fn symbols_are_distinct_and_fit() {
        let all: BTreeSet<String> = (0..u16::MAX).map(symbol).collect();
        assert_eq!(all.len(), usize::from(u16::MAX));
        assert!(all.iter().all(|symbol| symbol.len() <= 8));
        assert_eq!(
            (symbol(0), symbol(27), symbol(17_576)),
            ("SIMAAA".into(), "SIMABB".into(), "SIMAAAA".into())
        );
    }
}
