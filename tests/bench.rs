//! `hardwire bench`, as a person meets it.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

fn bench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hardwire"));
    command.arg("bench");
    command
}

#[test]
fn a_row_has_its_figures_in_the_table_and_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--quick", "--repeats", "2"])
        .args(["--only", "int2", "--only", "pydll", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("int(int, int)").and(contains("ctypes.PyDLL")));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(results["effort"]["repeats"], 2);
    assert!(results["save_restore_ns"].as_f64().unwrap() > 0.0);
    let rows = results["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{text}");
    let row = &rows[0];
    assert_eq!(row["shape"], "int2");
    assert_eq!(row["binding"], "pydll");
    for figure in ["c_ns", "off_ns", "on_ns", "on_over_c", "off_over_on"] {
        assert!(row[figure].as_f64().unwrap() > 0.0, "{figure}: {text}");
    }
    assert!(
        ["met", "missed"].contains(&row["verdict"]["is"].as_str().unwrap()),
        "{text}"
    );
}

#[test]
fn every_shape_gives_c_s_result_through_every_binding() {
    bench()
        .args(["--quick", "--repeats", "1"])
        .assert()
        .success()
        .stdout(contains("WRONG").not().and(contains("FAILED").not()));
}

#[test]
fn a_name_that_is_not_known_is_answered_with_those_that_are() {
    bench()
        .args(["--only", "oops"])
        .assert()
        .code(2)
        .stderr(contains("--only oops").and(contains("int2")));
    bench()
        .args(["--repeats", "0"])
        .assert()
        .code(2)
        .stderr(contains("--repeats"));
}

#[test]
fn ordinary_programs_and_the_start_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--ordinary", "--repeats", "1", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("scheduler").and(contains("WRONG").not()));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(results["programs"].as_array().unwrap().len(), 7, "{text}");
    assert!(
        results["startup"]["on_ms"].as_f64().unwrap() > 0.0,
        "{text}"
    );
    bench()
        .args(["--ordinary", "--only", "oops"])
        .assert()
        .code(2)
        .stderr(contains("--only oops").and(contains("startup")));
}
