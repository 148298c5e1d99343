//! The program runs its sections in processes of their own and reports what came of them.

use std::process::{Command, Output};

fn compare(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_compare");
    Command::new(program).env_remove("HOTLANE_DATA").args(arguments).output().unwrap()
}

#[test]
fn a_section_gives_tables_and_bars_as_json_alone_on_standard_output() {
    let output = compare(&["floor", "--quick", "--rounds", "2", "--no-gate", "--json", "-"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&stderr);
    let cores = value["host"]["cores"].as_u64().unwrap();
    if cores < 2 {
        println!("SKIPPED a_section_gives_tables: one core only");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(value["sections"][0]["outcome"], "done", "{stderr}");
    let rows = value["sections"][0]["tables"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["median"].as_f64().unwrap() > 10.0));
    assert!(stderr.contains("[1/1] floor") && stderr.contains("Cache-line ping-pong"));
}

#[test]
fn markdown_goes_between_the_markers() {
    let path = std::env::temp_dir().join(format!("compare-{}.md", std::process::id()));
    std::fs::write(&path, "# T\n<!-- compare:begin -->\nold\n<!-- compare:end -->\nkept\n")
        .unwrap();
    let output = compare(&["floor", "--rounds", "1", "--markdown", path.to_str().unwrap()]);
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(written.starts_with("# T\n<!-- compare:begin -->\n| host | |\n"), "{written}");
    assert!(written.ends_with("\n<!-- compare:end -->\nkept\n") && !written.contains("old"));
}

#[test]
fn what_is_not_known_is_said() {
    let output = compare(&["ringg"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("ringg: is not a section; there are: ") && said.contains("floor"));
    let listed = compare(&["--list"]);
    assert!(listed.status.success());
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    for section in benches::sections::SECTIONS {
        assert!(names.lines().any(|line| line.starts_with(section.name)), "{names}");
    }
}
