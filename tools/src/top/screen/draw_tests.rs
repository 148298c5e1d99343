//! The screen as a terminal shows it, character by character.

use std::collections::HashMap;
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use wire::{BookState, Nature, Quality};

use super::*;
use crate::inspect::state::State;
use crate::top::sample::{InstanceSample, LaneSample, Sample};

const NOW: u64 = 1_700_000_000_000_000_000;

/// A lane of two lines, the second of which is down.
fn sample(nature: Nature, lanes: usize) -> Sample {
    let lane = |number: usize| {
        let counters = [
            ("packets", 12_000_000),
            ("line1.up", 1),
            ("line1.packets", 9),
            ("line2.up", 0),
            ("line2.packets", 8),
            ("line2.last_receive_ns", NOW - 3_100_000_000),
        ];
        let mut lane = LaneSample { name: format!("lane{number}"), ..LaneSample::default() };
        lane.natures.note(Quality::new(BookState::Live, nature));
        lane.counters = HashMap::from(counters.map(|(name, value)| (name.to_string(), value)));
        lane
    };
    let instance = InstanceSample {
        name: "main".into(),
        state: State::Alive,
        pid: 77,
        generation: 1,
        created_ns: NOW - 60_000_000_000,
        heartbeat_age_ns: Some(1),
        lanes: (1..=lanes).map(lane).collect(),
        unreadable: Vec::new(),
    };
    Sample { at: Instant::now(), at_ns: NOW, instances: vec![instance], absent: Vec::new() }
}

fn shown(picture: &Picture, view: &mut View, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal.draw(|frame| all(frame, picture, view)).expect("it draws");
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_string()).collect()
}

#[test]
fn what_is_not_live_and_what_is_wrong_stand_above_the_tables() {
    let picture = Picture::new(&sample(Nature::Recorded, 1), None);
    let lines = shown(&picture, &mut View::new(), 80, 24);
    assert_eq!(lines[0], "hotlane top  2023-11-14T22:13:20Z  first look");
    assert_eq!(lines[1], "NOT LIVE: main.lane1 is recorded");
    assert_eq!(lines[2..4], ["1 problem:", "  line B of lane1 down for 3.1 s"]);
    assert!(lines[4].contains("1 Overview") && lines[4].contains("5 Latency"), "{}", lines[4]);
    assert_eq!(lines[5], "lanes");
    assert!(lines.iter().any(|line| line.contains("lane1  B     down")), "{lines:#?}");
    assert!(lines[23].contains("q quit") && lines[23].contains("more to the right"), "{lines:#?}");
}

#[test]
fn a_wide_screen_has_all_columns() {
    let picture = Picture::new(&sample(Nature::Live, 1), None);
    let lines = shown(&picture, &mut View::new(), 200, 50);
    assert!(lines.iter().all(|line| !line.contains("NOT LIVE")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.ends_with("downs  packets")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("12.0M")), "{lines:#?}");
    assert_eq!(lines[49], " q quit  Tab tables  arrows move  p hold");
}

#[test]
fn many_lanes_and_problems_leave_room_for_each_other() {
    let picture = Picture::new(&sample(Nature::Live, 20), None);
    let mut view = View::new();
    let lines = shown(&picture, &mut view, 80, 24);
    assert_eq!(lines[1], "20 problems:");
    assert_eq!(lines[6], "  and 16 more");
    assert_eq!(lines[8], "lanes");
    assert!(lines[23].ends_with("more below and to the right"), "{lines:#?}");
    view.key(KeyEvent::new(KeyCode::End, KeyModifiers::NONE));
    let lines = shown(&picture, &mut view, 80, 24);
    assert!(lines.iter().any(|line| line.contains("lane20  B     down")), "{lines:#?}");
    assert!(!lines[23].contains("below"), "{lines:#?}");
}

#[test]
fn no_screen_is_too_small_to_draw() {
    let picture = Picture::new(&sample(Nature::Simulated, 3), None);
    for (width, height) in [(1, 1), (3, 2), (10, 5), (80, 3), (500, 1)] {
        for tab in 0..Tab::ALL.len() {
            let mut view = View::new();
            for _ in 0..tab {
                view.key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE));
            }
            assert_eq!(shown(&picture, &mut view, width, height).len(), usize::from(height));
        }
    }
}

#[test]
fn nothing_that_a_terminal_acts_on_reaches_it() {
    let mut evil = sample(Nature::Recorded, 1);
    evil.instances[0].lanes[0].name = "a\u{1b}[2Jb".into();
    let picture = Picture::new(&evil, None);
    let lines = shown(&picture, &mut View::new(), 120, 24).join("\n");
    assert!(!lines.contains('\u{1b}') && lines.contains("[2Jb"), "{lines}");
}

#[test]
fn what_recovery_did_stands_below_the_gaps() {
    let mut sample = sample(Nature::Live, 1);
    let counters = [
        ("messages_missed", 40),
        ("repair_filled", 31),
        ("repair_late", 9),
        ("recovery_requests", 5),
        ("recovery_refused_all", 2),
        ("recovery_answer_bytes", 700),
        ("recovery_stream_bytes", 77),
    ];
    let named = counters.map(|(name, value)| (name.to_string(), value));
    sample.instances[0].lanes[0].counters.extend(named);
    let picture = Picture::new(&sample, None);
    let mut view = View::new();
    for _ in 0..2 {
        view.key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE));
    }
    let lines = shown(&picture, &mut view, 160, 40);
    let at = lines.iter().position(|line| line == "recovery").expect("its table");
    let row: Vec<&str> = lines[at + 2].split_whitespace().collect();
    assert_eq!(row, ["lane1", "40", "9", "31", "0", "5", "0", "0", "2", "0", "0", "0", "0", "777"]);
}
