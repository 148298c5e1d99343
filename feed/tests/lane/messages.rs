//! Messages about the market and about stocks: S R H Y L V W K J h I N O.

use wire::codes::{
    DefinitionAction, InstrumentClass, PriceTag, SessionEvent, StatisticTag, StatusScope,
    TradingState, auction_flags, instrument_flags,
};
use wire::payload::{Auction, Definition, Prices, Session, Statistic, Status};
use wire::{BookState, NONE, Record};

use super::{assert_records, more_follow, record};
use crate::common::itch::{self, with};
use crate::common::packets::{SESSION, give_messages};
use crate::common::{self, DAY};

const NO_STATUS: Status = Status {
    state: TradingState::Unsaid as u8,
    scope: StatusScope::Instrument as u8,
    short_sale: 255,
    market: 0,
    reason: [0; 4],
    effective_ns: 0,
    lower_band: NONE,
    upper_band: NONE,
};

/// What the first message of a session says, in step 2; the start of the session is step 1.
fn says(message: &[u8]) -> Vec<Record> {
    let mut lane = common::lane();
    give_messages(&mut lane, 1, &[message.to_vec()]);
    assert_eq!(common::refusals(&lane), []);
    lane.publisher.outlet.take().split_off(1)
}

/// A record of the market as a whole, at time 7.
fn whole<P: wire::payload::Payload>(payload: P) -> Record {
    record(2, 0, 7, BookState::None, payload)
}

/// A record of the first instrument, at time 7.
fn first<P: wire::payload::Payload>(payload: P) -> Record {
    record(2, 1, 7, BookState::Live, payload)
}

fn prices(tags: [PriceTag; 3], [p0, p1, p2]: [i64; 3]) -> Prices {
    Prices { tags: tags.map(|tag| tag as u8), p0, p1, p2, ..Prices::default() }
}

#[test]
fn a_session_begins_with_a_record_of_its_name_and_day() {
    let mut lane = common::lane();
    give_messages(&mut lane, 1, &[itch::system(7, b'O')]);
    let mut id = [0; 16];
    id[..10].copy_from_slice(SESSION);
    let start = Session {
        id,
        first_sequence: 1,
        date: DAY.date,
        channel: 0,
        event: SessionEvent::Start as u8,
        ..Session::default()
    };
    let mut begins = record(1, 0, 0, BookState::None, start);
    begins.ts_venue = 0;
    let event = SessionEvent::StartOfMessages as u8;
    let wanted = [begins, whole(Session { event, ..start })];
    assert_records(&lane.publisher.outlet.records, &wanted, "S");
    assert_eq!(lane.publisher.outlet.ended, [1, 2]);
}

#[test]
fn every_phase_of_the_day_has_its_event() {
    let phases = [
        (b'O', SessionEvent::StartOfMessages),
        (b'S', SessionEvent::StartOfSystemHours),
        (b'Q', SessionEvent::StartOfMarketHours),
        (b'M', SessionEvent::EndOfMarketHours),
        (b'E', SessionEvent::EndOfSystemHours),
        (b'C', SessionEvent::EndOfMessages),
    ];
    for (code, event) in phases {
        let said = says(&itch::system(7, code));
        let events: Vec<u8> =
            said.iter().filter_map(Record::get::<Session>).map(|s| s.event).collect();
        assert_eq!(events, [event as u8]);
    }
}

#[test]
fn a_directory_message_defines_an_instrument() {
    let mut lane = common::lane();
    let stock = itch::directory(13, 7, "AAPL");
    let fund = with(&with(&itch::directory(14, 8, "QQQ"), 33, b"Y"), 21, &10u32.to_be_bytes());
    let test = with(&itch::directory(15, 9, "ZVZZT"), 29, b"T");
    let warrant = with(&itch::directory(16, 10, "ABCDW"), 26, b"W");
    let note = with(&itch::directory(17, 11, "NOTE"), 26, b"N");
    give_messages(&mut lane, 1, &[stock.clone(), fund, test, warrant, note, stock]);
    let definition = |class: InstrumentClass, lot| Definition {
        action: DefinitionAction::Add as u8,
        class: class as u8,
        price_exp: -4,
        quantity_exp: 0,
        multiplier_exp: 0,
        tick: 1,
        lot,
        multiplier: 1,
        ..Definition::default()
    };
    let equity = definition(InstrumentClass::Equity, 100);
    let changed = Definition { action: DefinitionAction::Change as u8, ..equity };
    let wanted = [
        record(2, 1, 7, BookState::Live, equity),
        record(3, 2, 8, BookState::Live, definition(InstrumentClass::Fund, 10)),
        record(4, 3, 9, BookState::Live, equity),
        record(5, 4, 10, BookState::Live, definition(InstrumentClass::Warrant, 100)),
        record(6, 5, 11, BookState::Live, definition(InstrumentClass::Bond, 100)),
        record(7, 1, 7, BookState::Live, changed),
    ];
    assert_records(&lane.publisher.outlet.records[1..], &wanted, "R");
    let rows = &lane.publisher.outlet.rows;
    let row = |index: u32| (rows[&index].symbol(), rows[&index].venue_id, rows[&index].flags);
    assert_eq!(row(1), ("AAPL".to_owned(), 13, 0));
    assert_eq!(row(2), ("QQQ".to_owned(), 14, 0));
    assert_eq!(row(3), ("ZVZZT".to_owned(), 15, instrument_flags::TEST));
    assert_eq!(rows.len(), 5);
}

#[test]
fn a_stock_without_a_directory_message_is_known_by_its_symbol() {
    let mut lane = common::lane();
    give_messages(&mut lane, 1, &[itch::bid(7, 1, 10, 100)]);
    let row = lane.publisher.outlet.rows[&1];
    assert_eq!((row.symbol().as_str(), row.flags), ("AAPL", instrument_flags::UNDEFINED));
    assert_eq!(wire::instrument::text_of(&row.canonical), "AAPL.NASDAQ");
    assert_eq!((row.price_exp, row.quantity_exp, row.venue_id), (-4, 0, 13));
    give_messages(&mut lane, 2, &[itch::directory(13, 8, "AAPL")]);
    let said = &lane.publisher.outlet.of::<Definition>()[0];
    assert_eq!(said.action, DefinitionAction::Add as u8, "its first definition");
    assert_eq!(lane.publisher.outlet.rows[&1].flags, 0);
}

#[test]
fn trading_states_are_said_with_their_reason() {
    let states = [
        (b'T', TradingState::Trading),
        (b'H', TradingState::Halted),
        (b'P', TradingState::Paused),
        (b'Q', TradingState::QuotationOnly),
    ];
    for (code, state) in states {
        let status = Status { state: state as u8, reason: *b"LUDP", ..NO_STATUS };
        let said = says(&itch::action(13, 7, "AAPL", code, b"LUDP"));
        assert_records(&said, &[first(status)], "H");
    }
}

#[test]
fn short_sale_restrictions_participants_halts_and_retail_interest_have_scopes() {
    for (code, short_sale) in [(b'0', 0), (b'1', 1), (b'2', 2)] {
        let scope = StatusScope::ShortSale as u8;
        let said = says(&itch::reg_sho(13, 7, "AAPL", code));
        assert_records(&said, &[first(Status { scope, short_sale, ..NO_STATUS })], "Y");
    }
    let scope = StatusScope::Participant as u8;
    let status = Status { scope, market: b'A', reason: *b"MMMM", ..NO_STATUS };
    assert_records(&says(&itch::participant(13, 7, "AAPL", b"MMMM")), &[first(status)], "L");
    let scope = StatusScope::MarketCentre as u8;
    for (code, state) in [(b'H', TradingState::Halted), (b'T', TradingState::Trading)] {
        let status = Status { state: state as u8, scope, market: b'B', ..NO_STATUS };
        let said = says(&itch::operational_halt(13, 7, "AAPL", b'B', code));
        assert_records(&said, &[first(status)], "h");
    }
    let scope = StatusScope::RetailInterest as u8;
    let status = Status { scope, market: b'S', ..NO_STATUS };
    assert_records(&says(&itch::retail(13, 7, "AAPL", b'S')), &[first(status)], "N");
}

#[test]
fn the_circuit_breaker_concerns_the_whole_market_in_eight_decimals() {
    let tags = [PriceTag::BreakerLevel1, PriceTag::BreakerLevel2, PriceTag::BreakerLevel3];
    let levels = prices(tags, [300_000_000_000, 280_000_000_000, 1]);
    let said = says(&itch::mwcb_decline(7, [300_000_000_000, 280_000_000_000, 1]));
    assert_records(&said, &[whole(levels)], "V");
    let status = Status {
        state: TradingState::CircuitBreaker as u8,
        scope: StatusScope::Market as u8,
        market: b'2',
        ..NO_STATUS
    };
    assert_records(&says(&itch::mwcb_status(7, b'2')), &[whole(status)], "W");
}

#[test]
fn an_offering_has_a_time_and_a_price() {
    let statistic = Statistic {
        tag: StatisticTag::IpoRelease as u8,
        price: 420_000,
        quantity: 1,
        ts_ref: DAY.midnight_ns + 34_200_000_000_000,
        ..Statistic::default()
    };
    let said = says(&itch::ipo(13, 7, "AAPL", 34_200, b'A', 420_000));
    assert_records(&said, &[first(statistic)], "K");
    let cancelled = Statistic { price: NONE, quantity: 0, ..statistic };
    let said = says(&itch::ipo(13, 7, "AAPL", 34_200, b'C', 0));
    assert_records(&said, &[first(cancelled)], "K cancelled");
}

#[test]
fn a_pause_has_collars_and_extensions() {
    let said = says(&itch::luld(13, 7, "AAPL", [1_000, 1_050, 950, 3]));
    let tags = [PriceTag::Reference, PriceTag::LowerCollar, PriceTag::UpperCollar];
    let auction = Auction {
        clearing_price: NONE,
        flags: auction_flags::COLLAR,
        time_s: 3,
        ..Auction::default()
    };
    let collars = more_follow(first(prices(tags, [1_000, 950, 1_050])));
    assert_records(&said, &[collars, first(auction)], "J");
}

#[test]
fn an_imbalance_is_signed_by_its_side_and_zero_prices_are_none() {
    let cases = [
        (b'B', 300, 0),
        (b'S', -300, 0),
        (b'N', 300, 0),
        (b'O', NONE, auction_flags::INSUFFICIENT),
        (b'P', NONE, auction_flags::PAUSED),
    ];
    for (direction, imbalance, flags) in cases {
        let said = says(&itch::imbalance((13, 7), "AAPL", (5_000, 300), direction, [0, 11, 12]));
        let auction = Auction {
            clearing_price: 11,
            paired: 5_000,
            imbalance,
            cross: b'O',
            variation: b'L',
            flags,
            time_s: 0,
        };
        let tags = [PriceTag::Far, PriceTag::Near, PriceTag::Reference];
        let wanted = [more_follow(first(auction)), first(prices(tags, [NONE, 11, 12]))];
        assert_records(&said, &wanted, "I");
    }
}

#[test]
fn a_direct_listing_has_bounds_collars_and_a_near_price() {
    let said = says(&itch::direct_listing((13, 7), "AAPL", b'Y', [80, 180, 100, 90, 110], 55));
    let bounds = [PriceTag::MinimumAllowable, PriceTag::MaximumAllowable, PriceTag::NearExecution];
    let collars = [PriceTag::LowerCollar, PriceTag::UpperCollar, PriceTag::None];
    let near = Statistic {
        tag: StatisticTag::NearExecution as u8,
        price: 100,
        quantity: 1,
        ts_ref: DAY.midnight_ns + 55,
        ..Statistic::default()
    };
    let wanted = [
        more_follow(first(prices(bounds, [80, 180, 100]))),
        more_follow(first(prices(collars, [90, 110, NONE]))),
        first(near),
    ];
    assert_records(&said, &wanted, "O");
}

#[test]
fn all_types_have_been_told_apart() {
    let mut lane = common::lane();
    let all = itch::one_of_each();
    give_messages(&mut lane, 1, &all);
    assert_eq!(common::refusals(&lane), []);
    let mut counted: Vec<(u8, u64)> = lane.publisher.counts.messages().collect();
    counted.sort_unstable();
    let mut codes: Vec<(u8, u64)> = all.iter().map(|m| (m[0], 1)).collect();
    codes.sort_unstable();
    assert_eq!(counted, codes);
    assert_eq!(counted.len(), 23);
}
