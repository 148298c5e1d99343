//! The floor, measured by the program's own other process.

use benches::floor::{Probe, Shape};
use benches::harness::child;

fn two_cores() -> Option<[usize; 2]> {
    let cores: Vec<usize> = affinity::pin::current_affinity().ok()?.iter().take(2).collect();
    cores.try_into().ok()
}

#[test]
fn an_exchange_takes_as_long_as_a_line_travels_and_can_be_repeated() {
    child::set_program(env!("CARGO_BIN_EXE_compare"));
    let Some(cores) = two_cores() else {
        println!("SKIPPED an_exchange_takes_as_long_as_a_line_travels: one core only");
        return;
    };
    let mut probe = Probe::start(cores).unwrap();
    for shape in [Shape::OneLine, Shape::TwoLines, Shape::OneLine] {
        let floor = probe.measure_as(shape).unwrap();
        // No two cores exchange a line twice in 10 ns.
        assert!(floor.least_ns > 10.0, "{floor:?}");
        assert!(floor.least_ns <= floor.rtt_ns && floor.rtt_ns <= floor.most_ns, "{floor:?}");
    }
}

#[test]
fn another_process_that_is_not_there_is_an_error() {
    child::set_program(env!("CARGO_BIN_EXE_compare"));
    // No such core: the other process ends instead of answering.
    let mut probe = Probe::start([0, 100_000]).unwrap();
    assert!(probe.measure().is_err());
}
