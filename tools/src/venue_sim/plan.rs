//! What happens when, decided before the session begins.

use protocol::venue::nasdaq::codes::{CrossType, EventCode};

use super::hours::Hours;
use super::random::Random;

/// Something that the venue does at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A phase of the day begins or ends.
    System(EventCode),
    /// Orders for the next auction come in and the imbalance is shown, for all instruments.
    Indicate(CrossType),
    /// The auction of all instruments that are not halted.
    Cross(CrossType),
    /// A halt for news.
    Halt(u16),
    /// A volatility pause.
    Pause(u16),
    /// Quotation only, before a halted instrument resumes.
    Quote(u16),
    /// The auction that ends a halt.
    Resume(u16),
    /// The market-wide circuit breaker halts everything.
    MarketHalt,
    /// Quotation only, for everything that the circuit breaker halted.
    MarketQuote,
    /// Everything that the circuit breaker halted resumes.
    MarketResume,
    /// One market centre stops trading an instrument.
    OperationalHalt(u16),
    /// ... and trades it again.
    OperationalResume(u16),
    /// When an IPO may be quoted.
    IpoRelease(u16),
    /// Price discovery of a direct listing.
    DirectListing(u16),
    /// Retail interest comes or goes.
    Retail(u16),
    /// The short sale price test takes effect.
    ShortSale(u16),
    /// The last match is declared void.
    BreakTrade,
}

/// Instruments that a session needs before some are kept for listings.
pub(super) const LISTINGS_FROM: u16 = 3;
/// Messages per instrument from which a session is long enough for a market-wide halt.
const MARKET_HALT_FROM: u64 = 500;

/// Indices of the instruments that are listed during the day: by an IPO, and directly.
pub(super) fn listings(instruments: u16) -> Option<(u16, u16)> {
    (instruments >= LISTINGS_FROM).then(|| (instruments - 1, instruments - 2))
}

/// All happenings in order of time.
pub(super) fn plan(
    hours: &Hours,
    instruments: u16,
    messages: u64,
    random: &mut Random,
) -> Vec<(u64, Happening)> {
    use Happening::*;
    let mut plan = vec![
        (hours.start, System(EventCode::StartOfSystemHours)),
        (hours.open, System(EventCode::StartOfMarketHours)),
        (hours.open, Cross(CrossType::Opening)),
        (hours.close, System(EventCode::EndOfMarketHours)),
        (hours.close, Cross(CrossType::Closing)),
        (hours.market(2_000), BreakTrade),
        (hours.market(5_000), BreakTrade),
        (hours.market(9_000), BreakTrade),
    ];
    // Five minutes, two and a half, and half a minute of a day of sixteen hours.
    let step = (hours.end - hours.start) / 1_920;
    for before in [step * 10, step * 5, step] {
        plan.push((hours.open - before, Indicate(CrossType::Opening)));
        plan.push((hours.close - before, Indicate(CrossType::Closing)));
    }
    if messages / u64::from(instruments.max(1)) >= MARKET_HALT_FROM {
        plan.push((hours.market(5_500), MarketHalt));
        plan.push((hours.market(5_900), MarketQuote));
        plan.push((hours.market(6_000), MarketResume));
    }
    let ordinary = instruments - listings(instruments).map_or(0, |_| 2);
    halts(hours, ordinary, random, &mut plan);
    if let Some((ipo, direct)) = listings(instruments) {
        plan.push((hours.market(200), IpoRelease(ipo)));
        plan.push((hours.market(800), Quote(ipo)));
        plan.push((hours.market(1_000), Resume(ipo)));
        for at in [1_100, 1_200, 1_300] {
            plan.push((hours.market(at), DirectListing(direct)));
        }
        plan.push((hours.market(1_250), Quote(direct)));
        plan.push((hours.market(1_400), Resume(direct)));
    }
    for _ in 0..=ordinary / 10 {
        let instrument = random.below(u64::from(ordinary)) as u16;
        plan.push((hours.market(random.below(10_000)), Retail(instrument)));
    }
    for _ in 0..=ordinary / 200 {
        let instrument = random.below(u64::from(ordinary)) as u16;
        plan.push((hours.market(random.between(1_000, 9_000)), ShortSale(instrument)));
    }
    // Stable: what was pushed first happens first at the same time.
    plan.sort_by_key(|(time, _)| *time);
    plan
}

/// Halts, pauses and operational halts, outside the window of the market-wide halt and never two
/// at once of one instrument.
fn halts(hours: &Hours, ordinary: u16, random: &mut Random, plan: &mut Vec<(u64, Happening)>) {
    let mut used = std::collections::BTreeSet::new();
    for number in 0..2 + ordinary / 500 {
        let instrument = random.below(u64::from(ordinary)) as u16;
        let early = number % 2 == 0;
        if !used.insert((instrument, early)) {
            continue;
        }
        let at = if early { random.between(300, 4_800) } else { random.between(6_500, 9_000) };
        let kind = if early { Happening::Halt } else { Happening::Pause };
        plan.push((hours.market(at), kind(instrument)));
        plan.push((hours.market(at + 150), Happening::Quote(instrument)));
        plan.push((hours.market(at + 200), Happening::Resume(instrument)));
    }
    let instrument = random.below(u64::from(ordinary)) as u16;
    plan.push((hours.market(7_000), Happening::OperationalHalt(instrument)));
    plan.push((hours.market(7_300), Happening::OperationalResume(instrument)));
}

/// How many messages a happening makes for so many instruments, executions in auctions left out.
pub(super) fn messages_of(happening: Happening, instruments: u16) -> u64 {
    let all = u64::from(instruments);
    match happening {
        Happening::Indicate(_) | Happening::Cross(_) | Happening::MarketQuote => all,
        Happening::MarketHalt => all + 1,
        Happening::MarketResume => 2 * all,
        Happening::Resume(_) | Happening::Pause(_) | Happening::Quote(_) => 2,
        _ => 1,
    }
}
