//! ITCH 5.0 against bytes made by hand from the venue's table of fields: every message type is
//! read field by field, written back, and cut and damaged.

mod support;

use protocol::venue::nasdaq::codes::*;
use protocol::venue::nasdaq::{ItchReject, MESSAGES, Message, decode, trim};
use support::hex;
use zerocopy::IntoBytes;

/// Locate 1, tracking 2, 09:30:00.000000001: 34,200 x 10^9 + 1 ns = 0x1F1A_CED9_F001.
const HEAD: &str = "0001 0002 1F1ACED9F001";
/// "AAPL" padded to eight.
const AAPL: &str = "4141504C20202020";

/// Code, length and bytes behind the header, in the venue's order of fields.
fn golden() -> Vec<(u8, usize, Vec<u8>)> {
    let stock = AAPL;
    let bodies: [(u8, usize, String); 23] = [
        (b'S', 12, "51".into()),
        (b'R', 39, format!("{stock} 51 4E 00000064 4E 43 5A20 50 4E 20 31 59 00000003 59")),
        (b'H', 25, format!("{stock} 54 20 4D574331")),
        (b'Y', 20, format!("{stock} 31")),
        (b'L', 26, format!("4E534452 {stock} 59 4E 41")),
        (b'V', 35, "0000006FC23AC000 0000006FC23AC001 0000006FC23AC002".into()),
        (b'W', 12, "32".into()),
        (b'K', 28, format!("{stock} 00008598 41 0016E360")),
        (b'J', 35, format!("{stock} 0016E360 0016E361 0016E362 00000005")),
        (b'h', 21, format!("{stock} 42 54")),
        (b'A', 36, format!("00000000000003E9 42 00000064 {stock} 0016E360")),
        (b'F', 40, format!("00000000000003EA 53 00000065 {stock} 0016E361 4E534452")),
        (b'E', 31, "00000000000003E9 0000000A 0000000000000007".into()),
        (b'C', 36, "00000000000003E9 0000000B 0000000000000008 4E 0016E362".into()),
        (b'X', 23, "00000000000003E9 0000000C".into()),
        (b'D', 19, "00000000000003E9".into()),
        (b'U', 35, "00000000000003E9 00000000000003EB 00000066 0016E363".into()),
        (b'P', 44, format!("0000000000000000 42 00000067 {stock} 0016E364 0000000000000009")),
        (b'Q', 40, format!("0000000100000000 {stock} 0016E365 000000000000000A 4F")),
        (b'B', 19, "000000000000000A".into()),
        (
            b'I',
            50,
            format!(
                "0000000000000064 00000000000000C8 53 {stock} 0016E366 0016E367 0016E368 43 4C"
            ),
        ),
        (b'N', 20, format!("{stock} 41")),
        (
            b'O',
            48,
            format!("{stock} 59 0016E360 0016E361 0016E362 00001F1ACED9F002 0016E363 0016E364"),
        ),
    ];
    bodies
        .into_iter()
        .map(|(code, length, body)| {
            let bytes = [vec![code], hex(HEAD), hex(&body)].concat();
            (code, length, bytes)
        })
        .collect()
}

#[test]
fn table_of_lengths_is_the_venues() {
    let mut ours: Vec<(u8, usize)> = MESSAGES.iter().map(|m| (m.0, m.2)).collect();
    let mut theirs: Vec<(u8, usize)> = golden().iter().map(|g| (g.0, g.1)).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
}

#[test]
fn header_and_encoding_of_every_type() {
    for (code, length, bytes) in golden() {
        assert_eq!(bytes.len(), length, "{}: the golden bytes", code as char);
        let message = decode(&bytes).expect("a valid message");
        assert_eq!(message.code(), code);
        assert_eq!((message.locate(), message.tracking()), (1, 2));
        assert_eq!(message.timestamp(), 34_200_000_000_001);
        assert_eq!(message.as_bytes(), bytes, "{}: written back", code as char);
    }
}

/// Fields of the messages about the market and its stocks.
#[test]
fn fields_of_state_messages() {
    for (_, _, bytes) in golden() {
        match decode(&bytes).expect("a valid message") {
            Message::SystemEvent(m) => assert_eq!(m.event(), Some(EventCode::StartOfMarketHours)),
            Message::StockDirectory(m) => {
                assert_eq!(trim(&m.stock), b"AAPL");
                assert_eq!(m.market(), Some(MarketCategory::GlobalSelect));
                assert_eq!(m.financial(), Some(FinancialStatus::Normal));
                assert_eq!(m.round_lot_size.get(), 100);
                assert_eq!(m.only_round_lots(), Some(YesNo::No));
                assert_eq!(m.class(), Some(IssueClass::CommonStock));
                assert_eq!(trim(&m.issue_sub_type), b"Z");
                assert_eq!(m.authentic(), Some(Authenticity::Production));
                assert_eq!(m.threshold(), Some(YesNo::No));
                assert_eq!(m.ipo(), Some(IpoFlag::NotAvailable));
                assert_eq!(m.tier(), Some(LuldTier::One));
                assert_eq!(m.etp(), Some(YesNo::Yes));
                assert_eq!(m.etp_leverage.get(), 3);
                assert_eq!(m.is_inverse(), Some(YesNo::Yes));
            }
            Message::TradingAction(m) => {
                assert_eq!(m.state(), Some(TradingState::Trading));
                assert_eq!((m.reserved, &m.reason), (b' ', b"MWC1"));
            }
            Message::RegSho(m) => assert_eq!(m.action(), Some(RegShoAction::Restricted)),
            Message::ParticipantPosition(m) => {
                assert_eq!((&m.mpid, trim(&m.stock)), (b"NSDR", &b"AAPL"[..]));
                assert_eq!(m.primary(), Some(PrimaryMarketMaker::Primary));
                assert_eq!(m.mode(), Some(MarketMakerMode::Normal));
                assert_eq!(m.state(), Some(ParticipantState::Active));
            }
            Message::MwcbDecline(m) => {
                let levels = [m.level_1, m.level_2, m.level_3].map(|level| level.get());
                // 4,800.00000000 dollars.
                assert_eq!(levels, [480_000_000_000, 480_000_000_001, 480_000_000_002]);
            }
            Message::MwcbStatus(m) => assert_eq!(m.level(), Some(BreachedLevel::Two)),
            Message::IpoQuoting(m) => {
                assert_eq!((m.release_time.get(), m.ipo_price.get()), (34_200, 1_500_000));
                assert_eq!(m.qualifier(), Some(IpoQualifier::Anticipated));
            }
            Message::LuldCollar(m) => {
                assert_eq!(m.reference_price.get(), 1_500_000);
                assert_eq!((m.upper_price.get(), m.lower_price.get()), (1_500_001, 1_500_002));
                assert_eq!(m.extension.get(), 5);
            }
            Message::OperationalHalt(m) => {
                assert_eq!(m.market(), Some(MarketCenter::NasdaqTexas));
                assert_eq!(m.action(), Some(HaltAction::Resumed));
            }
            _ => {}
        }
    }
}

/// Fields of the messages about orders, trades and auctions.
#[test]
fn fields_of_order_messages() {
    for (_, _, bytes) in golden() {
        match decode(&bytes).expect("a valid message") {
            Message::AddOrder(m) => {
                assert_eq!((m.reference.get(), m.side()), (1001, Some(Side::Buy)));
                assert_eq!((m.shares.get(), m.price.get()), (100, 1_500_000));
                assert_eq!(trim(&m.stock), b"AAPL");
            }
            Message::AddOrderAttributed(m) => {
                assert_eq!((m.reference.get(), m.side()), (1002, Some(Side::Sell)));
                assert_eq!((m.shares.get(), m.price.get()), (101, 1_500_001));
                assert_eq!((trim(&m.stock), &m.attribution), (&b"AAPL"[..], b"NSDR"));
            }
            Message::OrderExecuted(m) => {
                assert_eq!((m.reference.get(), m.executed.get()), (1001, 10));
                assert_eq!(m.match_number.get(), 7);
            }
            Message::OrderExecutedWithPrice(m) => {
                assert_eq!((m.reference.get(), m.executed.get()), (1001, 11));
                assert_eq!((m.match_number.get(), m.price.get()), (8, 1_500_002));
                assert_eq!(m.prints(), Some(YesNo::No));
            }
            Message::OrderCancel(m) => {
                assert_eq!((m.reference.get(), m.cancelled.get()), (1001, 12));
            }
            Message::OrderDelete(m) => assert_eq!(m.reference.get(), 1001),
            Message::OrderReplace(m) => {
                assert_eq!((m.original.get(), m.reference.get()), (1001, 1003));
                assert_eq!((m.shares.get(), m.price.get()), (102, 1_500_003));
            }
            Message::Trade(m) => {
                assert_eq!((m.reference.get(), m.side()), (0, Some(Side::Buy)));
                assert_eq!((m.shares.get(), m.price.get()), (103, 1_500_004));
                assert_eq!((trim(&m.stock), m.match_number.get()), (&b"AAPL"[..], 9));
            }
            Message::CrossTrade(m) => {
                assert_eq!((m.shares.get(), m.price.get()), (1 << 32, 1_500_005));
                assert_eq!((m.match_number.get(), m.cross()), (10, Some(CrossType::Opening)));
                assert_eq!(trim(&m.stock), b"AAPL");
            }
            Message::BrokenTrade(m) => assert_eq!(m.match_number.get(), 10),
            Message::Imbalance(m) => {
                assert_eq!((m.paired.get(), m.imbalance.get()), (100, 200));
                assert_eq!(m.direction(), Some(ImbalanceSide::Sell));
                let prices = [m.far_price, m.near_price, m.reference_price].map(|p| p.get());
                assert_eq!(prices, [1_500_006, 1_500_007, 1_500_008]);
                assert_eq!(m.cross(), Some(CrossType::Closing));
                assert_eq!(m.variation(), Some(PriceVariation::Below1));
                assert_eq!(trim(&m.stock), b"AAPL");
            }
            Message::RetailInterest(m) => assert_eq!(m.interest(), Some(InterestFlag::Both)),
            Message::DirectListing(m) => {
                assert_eq!(m.eligible(), Some(YesNo::Yes));
                let prices = [m.minimum_price, m.maximum_price, m.near_price].map(|p| p.get());
                assert_eq!(prices, [1_500_000, 1_500_001, 1_500_002]);
                assert_eq!(m.near_time.get(), 34_200_000_000_002);
                assert_eq!((m.lower_collar.get(), m.upper_collar.get()), (1_500_003, 1_500_004));
            }
            _ => {}
        }
    }
}

/// The venue's own worked sample of an add order.
#[test]
fn sample_of_the_specification() {
    let bytes =
        hex("41 0001 0000 0A2D2F6C3A00 00000000000003E9 42 00000064 4141504C20202020 0016E360");
    let Ok(Message::AddOrder(order)) = decode(&bytes) else { panic!("not an add order") };
    assert_eq!(
        (order.reference.get(), order.shares.get(), order.price.get()),
        (1001, 100, 1_500_000)
    );
    assert_eq!(order.as_bytes(), bytes);
}

#[test]
fn cuts_and_flipped_bits_are_named() {
    assert_eq!(decode(&[]), Err(ItchReject::Empty));
    for (code, _, mut bytes) in golden() {
        for cut in 1..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), Err(ItchReject::WrongLength));
        }
        bytes.push(0);
        assert_eq!(decode(&bytes), Err(ItchReject::WrongLength));
        bytes.pop();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let known = MESSAGES.iter().find(|m| m.0 == bytes[0]);
            let expected = match known {
                None => Err(ItchReject::UnknownType),
                Some(m) if m.2 != bytes.len() => Err(ItchReject::WrongLength),
                Some(_) => Ok(bytes[0]),
            };
            assert_eq!(decode(&bytes).map(|m| m.code()), expected, "{} {bit}", code as char);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
    for code in 0..=u8::MAX {
        if MESSAGES.iter().all(|m| m.0 != code) {
            assert_eq!(decode(&[code; 36]), Err(ItchReject::UnknownType));
        }
    }
}

/// Codes that the venue's list does not have stay readable as bytes.
#[test]
fn unknown_codes_are_none() {
    let mut bytes = [vec![b'S'], hex(HEAD), hex("7A")].concat();
    let Ok(Message::SystemEvent(event)) = decode(&bytes) else { panic!("not a system event") };
    assert_eq!((event.event(), event.event_code), (None, b'z'));
    for code in EventCode::ALL {
        bytes[11] = code.byte();
        let Ok(Message::SystemEvent(event)) = decode(&bytes) else { panic!("not an event") };
        assert_eq!(event.event(), Some(code));
    }
}
