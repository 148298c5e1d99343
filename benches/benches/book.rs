//! Decode and order by order books over the generated day, for daily work.

mod common;

use benches::harness::Contestant;
use benches::l3::ops::Ops;
use benches::l3::ours::{Ours, Way};
use book::L3Limits;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

fn bench(c: &mut Criterion) {
    let day = common::day();
    let ops = Ops::read(&day).expect("the generated day is valid");
    let (messages, locates) = (ops.messages, ops.locates);
    drop(ops);
    let mut group = c.benchmark_group("book");
    group.throughput(Throughput::Elements(messages as u64));
    let mut answer = None;
    for (name, way) in [("look-ahead", Way::Ahead), ("one by one", Way::Single)] {
        let limits = L3Limits::new(u32::from(locates) + 1, 2_000_000);
        let mut ours = Ours::new(&day, (messages, locates), limits, way).expect("memory");
        group.bench_function(name, |b| {
            b.iter_custom(|rounds| {
                let mut ns = 0.0;
                for _ in 0..rounds {
                    let round = ours.round().expect("no message is refused");
                    // Both ways end with the same best prices in every book.
                    assert_eq!(*answer.get_or_insert(round.answer), round.answer);
                    ns += round.ns * messages as f64;
                }
                Duration::from_nanos(ns as u64)
            });
        });
    }
    group.finish();
}

criterion_group! { name = books; config = common::long_rounds(); targets = bench }
criterion_main!(books);
