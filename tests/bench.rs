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
    assert_eq!(row["group"], "calls");
    assert_eq!(row["binding"], "pydll");
    for figure in [
        "c_ns",
        "off_ns",
        "on_ns",
        "off_over_c",
        "on_over_c",
        "off_over_on",
    ] {
        assert!(row[figure].as_f64().unwrap() > 0.0, "{figure}: {text}");
    }
    assert!(
        ["met", "missed"].contains(&row["verdict"]["is"].as_str().unwrap()),
        "{text}"
    );
}

#[test]
fn memory_has_a_table_of_its_own_without_the_gil() {
    let shapes = ["--only", "sum_int32", "--only", "new_free"];
    bench()
        .args(["--quick", "--repeats", "1", "--only", "cdll"])
        .args(shapes)
        .assert()
        .success()
        .stdout(
            contains("memory")
                .and(contains("ctypes, 2 shapes: geometric mean"))
                .and(contains("ctypes.CDLL").not())
                .and(contains("SaveThread + RestoreThread   ").not()),
        );
    bench()
        .args(["--only", "pydll"])
        .args(shapes)
        .assert()
        .failure()
        .stderr(contains("not measured through"));
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
fn every_program_gives_one_result() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--programs", "--quick", "--repeats", "1", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(
            contains("against C")
                .and(contains("Python alone"))
                .and(contains("WRONG").not())
                .and(contains("FAILED").not()),
        );
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = results["rows"].as_array().unwrap();
    let of = |name: &str, figure: &str| {
        let row = rows.iter().find(|row| row["program"] == name).unwrap();
        row[figure].as_f64()
    };
    for (name, figure) in [("handle", "base_ms"), ("libm", "c_ms"), ("sieve", "on_ms")] {
        assert!(of(name, figure).unwrap() > 0.0, "{name}, {figure}: {text}");
    }
    assert_eq!(of("sieve", "c_ms"), None, "{text}");
    bench()
        .args(["--programs", "--only", "oops"])
        .assert()
        .code(2)
        .stderr(contains("--only oops").and(contains("sieve")));
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
        .args(["--ordinary", "--quick", "--repeats", "1", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("scheduler").and(contains("WRONG").not()));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let programs = results["programs"].as_array().unwrap();
    assert!(programs.len() >= 20, "{text}");
    for program in programs {
        assert!(program["off_over_on"].as_f64().unwrap() > 0.0, "{text}");
    }
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
