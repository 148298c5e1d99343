//! ITCH decode over the generated day, for daily work; `compare decode` is the one beside peers.

mod common;

use benches::data::messages;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use protocol::venue::nasdaq::{Blocks, BookEvent, Message, decode};
use std::hint::black_box;

/// Every field that a book needs, added up.
fn of_event(event: &BookEvent) -> u64 {
    event
        .reference
        .wrapping_add(event.linked)
        .wrapping_add(u64::from(event.shares))
        .wrapping_add(u64::from(event.price))
}

/// The same from the message types, one by one.
fn of_message(bytes: &[u8]) -> u64 {
    let sum = |fields: &[u64]| fields.iter().fold(0_u64, |sum, field| sum.wrapping_add(*field));
    match decode(bytes) {
        Ok(Message::AddOrder(m)) => {
            sum(&[m.reference.get(), m.shares.get().into(), m.price.get().into()])
        }
        Ok(Message::AddOrderAttributed(m)) => {
            sum(&[m.reference.get(), m.shares.get().into(), m.price.get().into()])
        }
        Ok(Message::OrderExecuted(m)) => {
            sum(&[m.reference.get(), m.match_number.get(), m.executed.get().into()])
        }
        Ok(Message::OrderExecutedWithPrice(m)) => sum(&[
            m.reference.get(),
            m.match_number.get(),
            m.executed.get().into(),
            m.price.get().into(),
        ]),
        Ok(Message::OrderCancel(m)) => sum(&[m.reference.get(), m.cancelled.get().into()]),
        Ok(Message::OrderDelete(m)) => m.reference.get(),
        Ok(Message::OrderReplace(m)) => {
            sum(&[m.original.get(), m.reference.get(), m.shares.get().into(), m.price.get().into()])
        }
        _ => 0,
    }
}

fn one_by_one(bytes: &[u8]) -> u64 {
    Blocks::new(bytes).fold(0, |sum, event| sum.wrapping_add(of_event(&event)))
}

fn filled(bytes: &[u8]) -> u64 {
    let mut events = [BookEvent::NONE; 32];
    let (mut blocks, mut sum) = (Blocks::new(bytes), 0_u64);
    loop {
        let count = blocks.fill(&mut events).count;
        if count == 0 {
            return sum;
        }
        sum = events.iter().take(count).fold(sum, |sum, e| sum.wrapping_add(of_event(e)));
    }
}

fn bench(c: &mut Criterion) {
    let day = common::day();
    let count = messages(&day).count();
    let expected = messages(&day).fold(0_u64, |sum, m| sum.wrapping_add(of_message(m)));
    assert_eq!(one_by_one(&day), expected);
    assert_eq!(filled(&day), expected);
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("one by one", |b| b.iter(|| one_by_one(black_box(&day))));
    group.bench_function("filled", |b| b.iter(|| filled(black_box(&day))));
    group.finish();
}

criterion_group! { name = decoding; config = common::long_rounds(); targets = bench }
criterion_main!(decoding);
