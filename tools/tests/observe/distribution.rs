//! `.hgrm` files, read back by a reader that knows only the published text format.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::handler::{Handler, INSTANCE, LANE, root};
use super::tool::latency;

/// A row: value, percentile, total count, 1/(1-percentile).
type Row = (f64, f64, u64, Option<f64>);

/// What a plotter reads: rows of three or four numbers; `#` begins a comment.
fn parse(text: &str) -> (Vec<Row>, Vec<String>) {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let head: Vec<&str> = lines.next().expect("a heading").split_whitespace().collect();
    assert_eq!(head, ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]);
    let (mut rows, mut comments) = (Vec::new(), Vec::new());
    for line in lines {
        if let Some(comment) = line.strip_prefix('#') {
            comments.push(comment.to_string());
            continue;
        }
        let mut cells = line.split_whitespace();
        let mut number = || cells.next().map(|cell| cell.parse::<f64>().expect("a number"));
        let row = (number().expect("value"), number().expect("part"), number().expect("count"));
        rows.push((row.0, row.1, row.2 as u64, number()));
    }
    (rows, comments)
}

fn comment(comments: &[String], name: &str) -> f64 {
    let all = comments.join(",").replace(['[', ']'], "");
    let found = all.split(',').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then(|| value.trim().parse().expect("a number"))
    });
    found.unwrap_or_else(|| panic!("no {name} in {all}"))
}

#[test]
fn a_file_of_percentiles_reads_back_as_the_values() {
    let handler = Handler::start();
    let mut counts = handler.counters(LANE);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(9);
    let mut values: Vec<u64> = (0..50_000).map(|_| 200 + (random.next_u64() >> 44)).collect();
    values.extend([70_000_000, 80_000_000]);
    values.iter().for_each(|&value| counts.record("receive_publish", value));
    values.sort_unstable();
    let out = root();
    let folder = out.path().join("a/b");
    let line = format!("{INSTANCE} --since-start --hgrm {} --json", folder.display());
    let run = latency(&handler.root, &line);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    // Of three histograms only one has values.
    let files: Vec<_> = std::fs::read_dir(&folder).expect("a folder").collect();
    assert_eq!(files.len(), 1);
    let path = folder.join("main.nasdaq.receive_publish.hgrm");
    assert_eq!(run.json()["files"][0], path.display().to_string());
    let (rows, comments) = parse(&std::fs::read_to_string(path).expect("a file"));
    let total = values.len() as u64;
    for pair in rows.windows(2) {
        assert!(pair[0].0 <= pair[1].0 && pair[0].1 < pair[1].1 && pair[0].2 <= pair[1].2);
    }
    for &(value, part, count, rest) in &rows {
        let exact = values.partition_point(|&v| v as f64 <= value) as u64;
        assert_eq!(count, exact, "values at most {value}");
        assert!(count as f64 >= part * total as f64 - 1e-3, "{part} of {total} is {count}");
        let rank = ((part * total as f64).ceil() as usize).clamp(1, values.len());
        let wanted = values[rank - 1];
        assert!(value >= wanted as f64 && value <= wanted as f64 * (1.0 + 1.0 / 32.0) + 1.0);
        assert!(rest.is_none_or(|rest| (rest * (1.0 - part) - 1.0).abs() < 0.01), "{rest:?}");
    }
    let last = rows.last().expect("rows");
    assert_eq!((last.1, last.2, last.3), (1.0, total, None));
    assert!(rows.iter().rev().skip(1).all(|row| row.3.is_some()));
    // Fine enough near the end for the two outliers to show.
    assert!(rows.iter().any(|row| row.1 > 0.9999 && row.0 < 1e7), "{rows:?}");
    let mean = values.iter().sum::<u64>() as f64 / total as f64;
    assert!((comment(&comments, "Mean") / mean - 1.0).abs() < 1.0 / 32.0);
    assert_eq!(comment(&comments, "Total count"), total as f64);
    assert_eq!(comment(&comments, "Max"), last.0);
    let variance = values.iter().map(|&v| (v as f64 - mean).powi(2)).sum::<f64>() / total as f64;
    assert!((comment(&comments, "StdDeviation") / variance.sqrt() - 1.0).abs() < 1.0 / 16.0);
}

#[test]
fn a_folder_that_cannot_be_made_is_said_before_the_interval() {
    let handler = Handler::start();
    let file = handler.root.join("a-file");
    std::fs::write(&file, b"").expect("our own file");
    let begun = std::time::Instant::now();
    let run = latency(&handler.root, &format!("--for 30 --hgrm {}/x", file.display()));
    assert_eq!(run.code, 1);
    assert!(run.err.contains("a-file/x") && run.err.contains("--hgrm"), "{}", run.err);
    assert!(begun.elapsed().as_secs() < 20);
}
