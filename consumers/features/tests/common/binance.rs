//! A recorded Binance spot session: frames in receive order, numbers as integers of 10^-8.

use std::fs::File;
use std::io::{BufRead, BufReader};

use features::inputs::{Print, Quote, Taker};
use flate2::read::GzDecoder;
use serde_json::Value;

/// Price and quantity of each level.
pub type Levels = Vec<(i64, i64)>;

/// One frame.
pub enum Frame {
    /// `bookTicker`.
    Quote(Quote),
    /// `trade`, with the exchange's time in ns.
    Trade(Print, i64),
    /// The REST snapshot.
    Snapshot { update: u64, bids: Levels, asks: Levels },
    /// `depthUpdate`; `update` is its last update.
    Depth { update: u64, bids: Levels, asks: Levels },
}

/// Decimal text to an integer of 10^-8: no floating point.
fn fixed(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<8}");
    assert!(fraction.len() <= 8 && !text.starts_with('-'), "{text}");
    digits.parse().expect("digits")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect("text")
}

fn levels(value: &Value) -> Levels {
    let level = |level: &Value| {
        let part = |at: usize| fixed(level[at].as_str().expect("text"));
        (part(0), part(1))
    };
    value.as_array().expect("levels").iter().map(level).collect()
}

fn frame(kind: &str, message: &Value) -> Frame {
    let data = message.get("data").unwrap_or(message);
    let number = |key: &str| data[key].as_u64().expect("a number");
    if kind == "http" {
        let update = number("lastUpdateId");
        return Frame::Snapshot {
            update,
            bids: levels(&data["bids"]),
            asks: levels(&data["asks"]),
        };
    }
    let stream = message["stream"].as_str().expect("a stream");
    if stream.ends_with("@bookTicker") {
        Frame::Quote(Quote {
            bid_price: fixed(text(data, "b")),
            bid_quantity: fixed(text(data, "B")),
            ask_price: fixed(text(data, "a")),
            ask_quantity: fixed(text(data, "A")),
        })
    } else if stream.ends_with("@trade") {
        let maker_bought = data["m"].as_bool().expect("m");
        let taker = if maker_bought { Taker::Seller } else { Taker::Buyer };
        let (price, quantity) = (fixed(text(data, "p")), fixed(text(data, "q")));
        let at = data["T"].as_i64().expect("T") * 1_000_000;
        Frame::Trade(Print { price, quantity, taker: Some(taker) }, at)
    } else {
        Frame::Depth { update: number("u"), bids: levels(&data["b"]), asks: levels(&data["a"]) }
    }
}

/// Every frame with its receive time, or a skip.
pub fn frames(test: &str) -> Option<Vec<(i64, Frame)>> {
    let path = e2e::recordings(test)?.join("ws/binance_spot/btcusdt_20240808.jsonl.gz");
    let file = File::open(&path).expect("the recording");
    let mut frames = Vec::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let data: Value = serde_json::from_str(text(&line, "data")).expect("a frame");
        frames.push((line["ts"].as_i64().expect("ts"), frame(text(&line, "kind"), &data)));
    }
    Some(frames)
}
