//! lunary: `ZeroCopyParser`, whose fields are read at offsets that the caller knows, and `Parser`,
//! which gives owned messages.

use super::fields::{Fields, Head};
use crate::harness::CompareError;
use lunary::{Config, Message, Parser, ZeroCopyParser};

/// The parser that borrows. Offsets count from behind the eleven bytes that all messages share.
pub fn zero_copy(bytes: &[u8]) -> Fields {
    let mut fields = Fields::default();
    ZeroCopyParser::new(bytes).for_each(|m| {
        let head =
            |reference| Head { locate: m.stock_locate(), timestamp: m.timestamp(), reference };
        match m.msg_type() {
            b'A' | b'F' => {
                let sell = u8::from(m.read_u8(8) == b'S');
                fields.add(head(m.read_u64(0)), 0, m.read_u32(9), m.read_u32(21), sell);
            }
            b'E' => fields.add(head(m.read_u64(0)), m.read_u64(12), m.read_u32(8), 0, 0),
            b'C' => {
                let price = m.read_u32(21);
                fields.add(head(m.read_u64(0)), m.read_u64(12), m.read_u32(8), price, 0);
            }
            b'X' => fields.add(head(m.read_u64(0)), 0, m.read_u32(8), 0, 0),
            b'D' => fields.add(head(m.read_u64(0)), 0, 0, 0, 0),
            b'U' => {
                let (shares, price) = (m.read_u32(16), m.read_u32(20));
                fields.add(head(m.read_u64(0)), m.read_u64(8), shares, price, 0);
            }
            _ => {}
        }
    });
    fields
}

/// A parser of owned messages with room for any of these portions.
#[must_use]
pub fn parser(portions: &[&[u8]]) -> Parser {
    let bytes = portions.iter().map(|portion| portion.len()).max().unwrap_or(0);
    let config = Config::new().with_max_buffer_size(2 * bytes).with_initial_capacity(bytes);
    Parser::with_config(config)
}

/// Takes the input into the parser's own buffer.
///
/// # Errors
/// What the parser says.
pub fn feed(parser: &mut Parser, bytes: &[u8]) -> Result<(), CompareError> {
    parser.feed_data(bytes).map_err(|error| CompareError::failed("lunary Parser", error))
}

/// Parses what was fed.
///
/// # Errors
/// What the parser says of a message.
pub fn owned(parser: &mut Parser) -> Result<Fields, CompareError> {
    let mut fields = Fields::default();
    let failed = |error| CompareError::failed("lunary Parser", error);
    while let Some(message) = parser.parse_next().map_err(failed)? {
        add(&mut fields, &message);
    }
    Ok(fields)
}

macro_rules! head {
    ($m:expr, $reference:ident) => {
        Head { locate: $m.stock_locate, timestamp: $m.timestamp, reference: $m.$reference }
    };
}

#[inline(always)]
fn add(fields: &mut Fields, message: &Message) {
    match message {
        Message::AddOrder(m) => {
            let sell = u8::from(m.buy_sell_indicator == 'S');
            fields.add(head!(m, order_reference_number), 0, m.shares, m.price, sell);
        }
        Message::AddOrderWithMpid(m) => {
            let sell = u8::from(m.buy_sell_indicator == 'S');
            fields.add(head!(m, order_reference_number), 0, m.shares, m.price, sell);
        }
        Message::OrderExecuted(m) => {
            let head = head!(m, order_reference_number);
            fields.add(head, m.match_number, m.executed_shares, 0, 0);
        }
        Message::OrderExecutedWithPrice(m) => {
            let head = head!(m, order_reference_number);
            fields.add(head, m.match_number, m.executed_shares, m.execution_price, 0);
        }
        Message::OrderCancel(m) => {
            fields.add(head!(m, order_reference_number), 0, m.cancelled_shares, 0, 0);
        }
        Message::OrderDelete(m) => fields.add(head!(m, order_reference_number), 0, 0, 0, 0),
        Message::OrderReplace(m) => {
            let head = head!(m, original_order_reference_number);
            fields.add(head, m.new_order_reference_number, m.shares, m.price, 0);
        }
        _ => {}
    }
}
