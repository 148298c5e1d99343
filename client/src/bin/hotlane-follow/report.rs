//! What was seen: a table for people, JSON for programs.

use client::Books;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};
use wire::decimal::to_text;
use wire::{InstrumentRow, Side};

use crate::follow::Follow;

/// One instrument: the field names of `hotlane replay --json`.
fn instrument(books: Option<&Books>, row: &InstrumentRow) -> Value {
    let id = row.instrument;
    let top = books.and_then(|books| books.best(id)).unwrap_or_default();
    let price = |price| to_text(price, row.price_exp);
    let quantity = |price, quantity| match price {
        wire::NONE => String::new(),
        _ => to_text(quantity, row.quantity_exp),
    };
    let depth = |side| books.map_or(0, |books| books.depth(id, side));
    json!({
        "symbol": row.symbol(),
        "bid_price": price(top.bid_price),
        "bid_quantity": quantity(top.bid_price, top.bid_qty),
        "bid_levels": depth(Side::Bid),
        "ask_price": price(top.ask_price),
        "ask_quantity": quantity(top.ask_price, top.ask_qty),
        "ask_levels": depth(Side::Ask),
        "usable": books.is_some_and(|books| books.usable(id)),
        "state": books.map_or("none", |books| books.state(id).name()),
    })
}

fn instruments(follow: &Follow) -> Vec<Value> {
    let rows = follow.rows.iter();
    rows.map(|((lane, _), row)| instrument(books_of(follow, *lane), row)).collect()
}

fn books_of(follow: &Follow, lane: usize) -> Option<&Books> {
    follow.books.as_ref()?.lane(lane)
}

/// Everything but the books' depth.
pub fn json(follow: &Follow) -> Value {
    let lost: Vec<Value> = follow
        .lost
        .first
        .iter()
        .map(|lost| {
            json!({
                "first_step": lost.first_step, "last_step": lost.last_step,
                "records": lost.records, "trades": lost.trades, "instruments": lost.instruments,
            })
        })
        .collect();
    let gaps: Vec<Value> =
        follow.gaps.first.iter().map(|gap| json!({"first": gap.first, "end": gap.end})).collect();
    let events: Vec<Value> = follow
        .happenings
        .first
        .iter()
        .map(|h| json!({"at_ns": h.at_ns, "event": h.what, "detail": h.detail}))
        .collect();
    let inconsistencies: u64 = (0..follow.lanes.len())
        .filter_map(|lane| books_of(follow, lane))
        .map(|books| books.counts().total())
        .sum();
    json!({
        "lanes": follow.lanes,
        "total": follow.records,
        "records": follow.kinds,
        "lost": lost,
        "lost_total": follow.lost.total,
        "gaps": gaps,
        "gaps_total": follow.gaps.total,
        "gaps_ended": follow.gaps_ended,
        "inconsistencies": inconsistencies,
        "events": events,
        "instruments": instruments(follow),
    })
}

/// Every level, and every order in the order of its queue.
pub fn books(follow: &Follow) -> Value {
    let one = |((lane, _), row): (&(usize, u32), &InstrumentRow)| {
        let books = books_of(follow, *lane);
        let side = |side| {
            let Some(books) = books else { return (Vec::new(), Vec::new()) };
            let levels: Vec<Value> = books
                .levels(row.instrument, side)
                .map(|level| {
                    let price = to_text(level.price, row.price_exp);
                    let quantity = to_text(level.quantity, row.quantity_exp);
                    json!({"price": price, "quantity": quantity, "orders": level.orders})
                })
                .collect();
            let orders = books.orders(row.instrument, side).map_or_else(Vec::new, |orders| {
                orders
                    .map(|o| json!({"id": o.reference, "price": o.price, "quantity": o.quantity}))
                    .collect()
            });
            (levels, orders)
        };
        let ((bids, bid_orders), (asks, ask_orders)) = (side(Side::Bid), side(Side::Ask));
        json!({
            "symbol": row.symbol(), "bids": bids, "asks": asks,
            "bid_orders": bid_orders, "ask_orders": ask_orders,
        })
    };
    json!({"instruments": follow.rows.iter().map(one).collect::<Vec<_>>()})
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The result for a terminal.
pub fn table(follow: &Follow) -> String {
    const SHOWN: usize = 20;
    let mut out = format!("{} records from {}\n", follow.records, follow.lanes.join(", "));
    for happening in &follow.happenings.first {
        out.push_str(&format!("{} {} {}\n", happening.at_ns, happening.what, happening.detail));
    }
    for lost in follow.lost.first.iter().take(SHOWN) {
        out.push_str(&format!(
            "lost {} records ({} trades) of steps {} to {}\n",
            lost.records, lost.trades, lost.first_step, lost.last_step
        ));
    }
    if follow.lost.total > SHOWN as u64 {
        out.push_str(&format!("  and {} more losses\n", follow.lost.total - SHOWN as u64));
    }
    let mut kinds = Table::new();
    kinds.load_style(presets::NOTHING).set_header(["records", "count"]);
    for (kind, count) in &follow.kinds {
        kinds.add_row([(*kind).to_owned(), count.to_string()]);
    }
    let fields = [
        "symbol",
        "state",
        "bid_levels",
        "bid_quantity",
        "bid_price",
        "ask_price",
        "ask_quantity",
        "ask_levels",
    ];
    let mut books = Table::new();
    books.load_style(presets::NOTHING).set_header(fields.map(|name| name.replace('_', " ")));
    let all = instruments(follow);
    for one in all.iter().take(SHOWN) {
        books.add_row(fields.map(|field| text(&one[field])));
    }
    for column in books.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    out.push_str(&format!("\n{kinds}\n\n{books}\n"));
    if all.len() > SHOWN {
        out.push_str(&format!("  and {} more: --json has them all\n", all.len() - SHOWN));
    }
    out
}
