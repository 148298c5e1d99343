//! itch5: a visitor with a method per message type, structs cast onto the bytes.

use super::fields::{Fields, Head};
use crate::harness::CompareError;
use itch5::messages::{
    AddOrderNoMPIDAttribution, AddOrderWithMPIDAttribution, BuySellIndicator, OrderCancel,
    OrderDelete, OrderExecuted, OrderExecutedWithPrice, OrderReplace,
};
use itch5::{MessageHandler, Parser};
use std::ops::ControlFlow;

macro_rules! head {
    ($m:ident, $reference:ident) => {
        Head {
            locate: $m.stock_locate(),
            timestamp: $m.timestamp().to_u64(),
            reference: $m.$reference(),
        }
    };
}

struct Visitor(Fields);

impl MessageHandler for Visitor {
    fn on_add_order_no_mpid_attribution(
        &mut self,
        m: &AddOrderNoMPIDAttribution,
    ) -> ControlFlow<()> {
        let sell = u8::from(matches!(m.buy_sell_indicator(), BuySellIndicator::Sell));
        let head = head!(m, order_reference_number);
        self.0.add(head, 0, m.shares(), m.price().into_u32(), sell);
        ControlFlow::Continue(())
    }

    fn on_add_order_with_mpid_attribution(
        &mut self,
        m: &AddOrderWithMPIDAttribution,
    ) -> ControlFlow<()> {
        let sell = u8::from(matches!(m.buy_sell_indicator(), BuySellIndicator::Sell));
        let head = head!(m, order_reference_number);
        self.0.add(head, 0, m.shares(), m.price().into_u32(), sell);
        ControlFlow::Continue(())
    }

    fn on_order_executed(&mut self, m: &OrderExecuted) -> ControlFlow<()> {
        let head = head!(m, order_reference_number);
        self.0.add(head, m.match_number(), m.executed_shares(), 0, 0);
        ControlFlow::Continue(())
    }

    fn on_order_executed_with_price(&mut self, m: &OrderExecutedWithPrice) -> ControlFlow<()> {
        let head = head!(m, order_reference_number);
        let price = m.execution_price().into_u32();
        self.0.add(head, m.match_number(), m.executed_shares(), price, 0);
        ControlFlow::Continue(())
    }

    fn on_order_cancel(&mut self, m: &OrderCancel) -> ControlFlow<()> {
        self.0.add(head!(m, order_reference_number), 0, m.cancelled_shares(), 0, 0);
        ControlFlow::Continue(())
    }

    fn on_order_delete(&mut self, m: &OrderDelete) -> ControlFlow<()> {
        self.0.add(head!(m, order_reference_number), 0, 0, 0, 0);
        ControlFlow::Continue(())
    }

    fn on_order_replace(&mut self, m: &OrderReplace) -> ControlFlow<()> {
        let head = head!(m, original_order_reference_number);
        let price = m.price().into_u32();
        self.0.add(head, m.new_order_reference_number(), m.shares(), price, 0);
        ControlFlow::Continue(())
    }
}

/// One pass.
///
/// # Errors
/// What the parser says of a message.
pub fn visit(bytes: &[u8]) -> Result<Fields, CompareError> {
    let mut visitor = Visitor(Fields::default());
    Parser::new(bytes)
        .parse_stream(&mut visitor)
        .map_err(|error| CompareError::failed("itch5", format!("{error:?}")))?;
    Ok(visitor.0)
}

/// Messages of a pass that only frames; the type is checked too.
///
/// # Errors
/// What the parser says of a message.
pub fn count(bytes: &[u8]) -> Result<u64, CompareError> {
    let (mut rest, mut count) = (bytes, 0);
    while !rest.is_empty() {
        rest = itch5::parse_one(rest)
            .map_err(|error| CompareError::failed("itch5", format!("{error:?}")))?
            .1;
        count += 1;
    }
    Ok(count)
}
