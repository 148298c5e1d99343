//! Over real sockets on loopback.

use std::time::Duration;

use serde_json::{Value, json};
use wire::Nature;

use crate::publisher::{Publisher, START, group, sender, session};
use crate::tool::{during, program, wait_joined};

fn by<'a>(all: &'a Value, field: &str, name: &str) -> &'a Value {
    let found = all.as_array().expect("a list").iter().find(|one| one[field] == name);
    found.unwrap_or_else(|| panic!("no {field} {name} in {all}"))
}

#[test]
fn one_summary_says_everything() {
    let group = group();
    let name = group.to_string();
    let run = during(&format!("--group {name} --once --for 1.5 --json"), &[&name], || {
        let send = sender(group);
        session().iter().for_each(|bytes| send(bytes));
    });
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{run:?}");
    let documents = run.json();
    assert_eq!(documents.len(), 1);
    let all = &documents[0];
    assert_eq!(all["final"], true);
    assert_eq!(all["not_live"], json!(["REC.NASDAQ"]));
    let of = by(&all["groups"], "group", &name);
    // Six datagrams, the heartbeat, the repeat, the status; three lines; two rejects.
    assert_eq!((&of["datagrams"], &of["text_lines"]), (&json!(9), &json!(3)));
    assert_eq!((&of["missing"], &of["holes"], &of["repeats"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((&of["restarts"], &of["kernel_drops"]), (&json!(0), &json!(0)));
    assert_eq!(of["rejects"], json!({ "datagram_version": 1, "text_tag": 1 }));
    assert_eq!(of["publisher_start_s"], START);
    assert_eq!(of["heartbeat"]["live_books"], 2);
    let exchange = by(&all["exchanges"], "exchange", "REC.NASDAQ");
    assert_eq!((&exchange["nature"], &exchange["trades"]), (&json!("recorded"), &json!(3)));
    assert_eq!(exchange["said"]["instruments"], 8_906);
    assert_eq!(
        (&exchange["said"]["connected"], &exchange["said"]["total"]),
        (&json!(1), &json!(2))
    );
    let aapl = by(&all["symbols"], "symbol", "AAPL");
    let bids = aapl["bids"].as_array().expect("bids");
    assert_eq!(bids.len(), 10);
    assert_eq!((&bids[0], &bids[9]), (&json!(["320", "1"]), &json!(["319.91", "10"])));
    assert_eq!(aapl["asks"], json!([["321", "1"], ["321.01", "2"], ["321.02", "3"]]));
    assert_eq!((&aapl["certain"], &aapl["book_state"]), (&json!(true), &json!("live")));
    assert_eq!((&aapl["trades"], &aapl["volume"]), (&json!(2), &json!("5.5")));
    assert_eq!(aapl["last_trade"]["price"], "321.00000001");
    let msft = by(&all["symbols"], "symbol", "MSFT");
    assert_eq!((&msft["trades"], &msft["volume"]), (&json!(1), &json!("1")));
    assert_eq!((&msft["book_state"], &msft["trading_state"]), (&json!("gapped"), &json!("halted")));
    assert_eq!(msft["bids"], Value::Null);
}

#[test]
fn every_datagram_is_a_line() {
    let group = group();
    let name = group.to_string();
    let run = during(&format!("--group {name} --each --json --count 12"), &[&name], || {
        let send = sender(group);
        session().iter().for_each(|bytes| send(bytes));
    });
    assert_eq!(run.code, Some(0), "{run:?}");
    let all = run.json();
    let types: Vec<&str> = all.iter().map(|one| one["type"].as_str().unwrap_or("reject")).collect();
    let wanted = [
        "definition",
        "book",
        "book",
        "book",
        "trade",
        "trade",
        "heartbeat",
        "trade",
        "text",
        "text",
        "text",
        "reject",
        "reject",
        "status",
    ];
    assert_eq!(types, wanted);
    assert_eq!((&all[6]["seen"], &all[6]["missing"]), (&json!("hole"), &json!(2)));
    assert_eq!(all[7]["seen"], "repeat");
    assert_eq!(all[4]["items"][1]["price"], "321.00000001");
    assert_eq!((&all[1]["is_bid"], &all[1]["is_last"]), (&json!(true), &json!(false)));
    assert_eq!(all[8]["text"], "EXCHANGE|REC.NASDAQ|stock|8906,2|1700000000000000000");
    assert_eq!((&all[11]["reject"], &all[11]["hex"]), (&json!("text_tag"), &json!("48454c4c4f")));
    assert_eq!(all[12]["reject"], "datagram_version");
}

#[test]
fn filters_let_through_what_they_name() {
    let group = group();
    let name = group.to_string();
    let line = format!("--group {name} --each --json --symbol MSFT --exchange NASDAQ --count 3");
    let run = during(&line, &[&name], || {
        let send = sender(group);
        session().iter().for_each(|bytes| send(bytes));
    });
    let all = run.json();
    let types: Vec<&Value> = all.iter().map(|one| &one["type"]).collect();
    assert_eq!(types, ["trade", "trade", "status"]);
    assert!(all.iter().all(|one| one["symbol"] == "MSFT"));
}

#[test]
fn restarts_and_two_groups_are_told_apart() {
    let (first, second) = (group(), group());
    let names = [first.to_string(), second.to_string()];
    let line = format!("--group {} --group {} --once --for 1 --json", names[0], names[1]);
    let run = during(&line, &[&names[0], &names[1]], || {
        let (send, other) = (sender(first), sender(second));
        let mut old = Publisher::new(START, "BINANCE", Nature::Live);
        let mut new = Publisher::new(START + 9, "BINANCE", Nature::Live);
        let book = |of: &mut Publisher, n| of.book("BTCUSDT", true, true, &[(n, 1)]);
        for n in 1..=3 {
            send(&book(&mut old, n));
        }
        send(&new.trades("BTCUSDT", &[(5, 5)]));
        let mut there = Publisher::new(START, "BINANCE.UM", Nature::Simulated);
        there.skip(41);
        other(&there.trades("ETHUSDT", &[(7, 7)]));
    });
    let all = run.json().remove(0);
    let of = by(&all["groups"], "group", &names[0]);
    assert_eq!(
        (&of["restarts"], &of["missing"], &of["interleaved"]),
        (&json!(1), &json!(0), &json!(0))
    );
    assert_eq!(of["publisher_start_s"], START + 9);
    let of = by(&all["groups"], "group", &names[1]);
    assert_eq!((&of["datagrams"], &of["missing"]), (&json!(1), &json!(0)));
    // The book of the life before is not shown as if it were known.
    assert_eq!(by(&all["symbols"], "symbol", "BTCUSDT")["bids"], Value::Null);
    assert_eq!(all["not_live"], json!(["SIM.BINANCE.UM"]));
}

#[test]
fn a_signal_ends_it_with_a_summary() {
    let group = group();
    let name = group.to_string();
    let mut command = program(&format!("--group {name} --interval 0.2"));
    let command = command.stdout(std::process::Stdio::piped());
    let child = command.spawn().expect("it starts");
    wait_joined(&[&name]);
    let send = sender(group);
    session().iter().for_each(|bytes| send(bytes));
    std::thread::sleep(Duration::from_millis(700));
    let id = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill");
    assert!(killed.success());
    let done = child.wait_with_output().expect("it ends");
    let out = String::from_utf8(done.stdout).expect("utf-8");
    assert_eq!(done.status.code(), Some(0), "{out}");
    assert!(out.contains(&format!("group {name} datagrams=9")), "{out}");
    assert!(out.contains("exchange REC.NASDAQ nature=recorded symbols=2 trades=3"), "{out}");
    let summary = out.split_once("summary on 127.0.0.1").expect("a summary").1;
    assert!(summary.contains("NOT LIVE: REC.NASDAQ"), "{out}");
    assert!(summary.contains("datagram_version 1, text_tag 1"), "{out}");
    assert!(!out.contains('\x1b'), "a pipe is no terminal");
}

/// What scripts may rely on.
#[test]
fn the_names_in_json_are_these() {
    let group = group();
    let name = group.to_string();
    let line = format!("--group {name} --json --interval 0.3 --for 1");
    let run = during(&line, &[&name], || {
        let send = sender(group);
        session().iter().for_each(|bytes| send(bytes));
    });
    let all = run.json();
    // Intervals, fewer on a busy machine, and the end.
    let (last, before) = all.split_last().expect("the end");
    assert!(!before.is_empty() && before.iter().all(|one| one["final"] == false), "{run:?}");
    assert_eq!(last["final"], true);
    let keys = |of: &Value| of.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let counts = "trades books statuses definitions heartbeats orders records datagrams bytes";
    let sorted = |text: String| {
        let mut names = names(&text);
        names.sort_unstable();
        names
    };
    let found = |of: &Value| {
        let mut keys = keys(of);
        keys.sort_unstable();
        keys
    };
    let top = "time_ns seconds final interface passed not_live groups exchanges symbols \
               symbols_known beyond";
    assert_eq!(found(last), sorted(top.to_owned()));
    let group = "group text_lines rate missing holes late repeats old restarts interleaved \
                 sequence publisher_start_s publisher rejects kernel_drops receive_buffer age_ns \
                 transit_ns transit_max_ns heartbeat";
    assert_eq!(found(&last["groups"][0]), sorted(format!("{counts} {group}")));
    let exchange = "exchange nature symbols rate trade_rate text_lines said age_ns";
    assert_eq!(found(&last["exchanges"][0]), sorted(format!("{counts} {exchange}")));
    let symbol = "exchange symbol name rate trade_rate volume last_trade book_state \
                  trading_state bids asks certain broken age_ns";
    assert_eq!(found(&last["symbols"][0]), sorted(format!("{counts} {symbol}")));
    // Fourteen arrivals in a second or, on a busy machine, more.
    let rate = last["groups"][0]["rate"].as_f64().expect("a number");
    assert!((1.0..=14.0).contains(&rate), "{rate}");
}

/// What the kernel dropped because the monitor was stopped is its own loss, to the datagram.
#[test]
fn what_the_kernel_dropped_is_counted() {
    const SENT: u64 = 120_000;
    let group = group();
    let name = group.to_string();
    let mut command = program(&format!("--group {name} --json --once --for 6"));
    let child = command.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    wait_joined(&[&name]);
    let id = child.id().to_string();
    let signal = |name: &str| {
        let done = std::process::Command::new("kill").args([name, &id]).status().expect("kill");
        assert!(done.success());
    };
    let send = sender(group);
    let mut of = Publisher::new(START, "NASDAQ", Nature::Live);
    send(&of.trades("AAPL", &[(1, 1)]));
    signal("-STOP");
    for _ in 1..SENT {
        send(&of.trades("AAPL", &[(1, 1)]));
    }
    signal("-CONT");
    std::thread::sleep(Duration::from_millis(500));
    // The count comes with the next datagram that is not dropped.
    send(&of.trades("AAPL", &[(1, 1)]));
    std::thread::sleep(Duration::from_millis(300));
    signal("-INT");
    let done = child.wait_with_output().expect("it ends");
    let all: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let of = by(&all["groups"], "group", &name);
    let count = |field: &str| of[field].as_u64().expect("a number");
    if count("kernel_drops") == 0 {
        // This system's buffers hold everything that was sent.
        assert_eq!(count("datagrams"), SENT + 1);
        return;
    }
    assert_eq!(count("datagrams") + count("kernel_drops"), SENT + 1);
    assert_eq!(count("missing"), count("kernel_drops"));
}

#[test]
fn symbols_are_bounded_and_the_rest_is_counted() {
    let group = group();
    let name = group.to_string();
    let line = format!("--group {name} --once --json --count 50 --max-symbols 10");
    let run = during(&line, &[&name], || {
        let send = sender(group);
        let mut of = Publisher::new(START, "NASDAQ", Nature::Live);
        for n in 0..50 {
            send(&of.trades(&format!("S{n}"), &[(1, 1)]));
        }
    });
    let all = run.json().remove(0);
    assert_eq!((&all["symbols_known"], &all["beyond"]), (&json!(10), &json!({ "symbols": 40 })));
    assert_eq!(by(&all["exchanges"], "exchange", "NASDAQ")["trades"], 50);
}
