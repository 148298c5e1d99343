//! itchy: a stream of owned messages out of any reader.

use super::fields::{Fields, Head};
use crate::harness::CompareError;
use itchy::{Body, MessageStream, Side};

/// One pass, out of memory.
///
/// # Errors
/// What the stream says of a message.
pub fn stream(bytes: &[u8]) -> Result<Fields, CompareError> {
    let mut fields = Fields::default();
    for message in MessageStream::from_reader(bytes) {
        let m = message.map_err(|error| CompareError::failed("itchy", error))?;
        let head = |reference| Head { locate: m.stock_locate, timestamp: m.timestamp, reference };
        match m.body {
            Body::AddOrder(add) => {
                let sell = u8::from(add.side == Side::Sell);
                fields.add(head(add.reference), 0, add.shares, add.price.raw(), sell);
            }
            Body::OrderExecuted { reference, executed, match_number } => {
                fields.add(head(reference), match_number, executed, 0, 0);
            }
            Body::OrderExecutedWithPrice { reference, executed, match_number, price, .. } => {
                fields.add(head(reference), match_number, executed, price.raw(), 0);
            }
            Body::OrderCancelled { reference, cancelled } => {
                fields.add(head(reference), 0, cancelled, 0, 0);
            }
            Body::DeleteOrder { reference } => fields.add(head(reference), 0, 0, 0, 0),
            Body::ReplaceOrder(new) => {
                let head = head(new.old_reference);
                fields.add(head, new.new_reference, new.shares, new.price.raw(), 0);
            }
            _ => {}
        }
    }
    Ok(fields)
}
