//! `hardwire trace`: what it says of dumps and of traces in text. No interpreter is needed.
//!
//! `trace/app.jsonl` is the dump of a small program, as `-X hardwire=dump=FOLDER` writes it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use expect_test::{ExpectFile, expect_file};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use tempfile::TempDir;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn dump() -> PathBuf {
    here("tests/trace/app.jsonl")
}

/// `hardwire trace`, on a terminal of so many columns.
fn trace(columns: usize, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hardwire"));
    command
        .env("COLUMNS", columns.to_string())
        .env_remove("CLICOLOR_FORCE")
        // It is no part of these: nothing is run.
        .env("HARDWIRE_PYTHON", "/no/such/python")
        .arg("trace")
        .args(arguments);
    command
}

/// What it prints.
fn said(columns: usize, arguments: &[&str]) -> String {
    let output = trace(columns, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn check(columns: usize, arguments: &[&str], expected: ExpectFile) {
    let dump = dump();
    let arguments: Vec<&str> = arguments
        .iter()
        .map(|&word| {
            if word == "DUMP" {
                dump.to_str().unwrap()
            } else {
                word
            }
        })
        .collect();
    expected.assert_eq(&said(columns, &arguments));
}

#[test]
fn a_line_for_each_loop() {
    check(150, &["list", "DUMP"], expect_file!["trace/list.txt"]);
    check(
        100,
        &["list", "DUMP"],
        expect_file!["trace/list_narrow.txt"],
    );
}

#[test]
fn where_time_is_lost() {
    check(120, &["why", "DUMP"], expect_file!["trace/why.txt"]);
    check(
        120,
        &["why", "DUMP", "total"],
        expect_file!["trace/why_total.txt"],
    );
}

#[test]
fn a_loop_by_its_lines() {
    check(
        100,
        &["show", "DUMP", "total"],
        expect_file!["trace/show.txt"],
    );
    check(
        100,
        &["show", "DUMP", "app.py:25"],
        expect_file!["trace/show_left_alone.txt"],
    );
}

#[test]
fn machine_code_lies_beside_the_trace_where_there_is_room() {
    let dump = dump();
    let arguments = [
        "show",
        dump.to_str().unwrap(),
        "total",
        "--bytecode",
        "--asm",
    ];
    expect_file!["trace/beside.txt"].assert_eq(&said(150, &arguments));
    expect_file!["trace/below.txt"].assert_eq(&said(70, &arguments));
}

#[test]
fn passes_and_the_code_generators_ir_are_made_again() {
    let dump = dump();
    let dump = dump.to_str().unwrap();
    let passes = said(100, &["show", dump, "total", "--passes"]);
    for pass in ["recording", "peeling", "sweeping"] {
        assert!(
            passes.contains(&format!(";; behind {pass}\ntrace \"")),
            "{passes}"
        );
    }
    let clif = said(100, &["show", dump, "total", "--clif"]);
    assert!(clif.contains("function u0:0(i64) -> i32"), "{clif}");
    let naive = said(100, &["show", dump, "total", "--ir"]);
    assert!(naive.contains("-- as recorded, the first turn"), "{naive}");
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let dump = dump();
    let dump = dump.to_str().unwrap();
    trace(100, &["show", dump, "totl"]).assert().code(2).stderr(
        contains("no loop is meant by `totl`; near it are:").and(contains("app.py:15 total")),
    );
    trace(100, &["why", dump, "other.py:3"])
        .assert()
        .code(2)
        .stderr(contains("`other.py:3`").and(contains("app.py:25 lengths")));
    trace(100, &["show", dump, "total", "--version", "99"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("has no version 99: it has "));
    trace(100, &["list", "/no/such/dump"])
        .assert()
        .code(2)
        .stderr(contains("cannot read /no/such/dump"));
    let empty = TempDir::new().unwrap();
    trace(100, &["list", empty.path().to_str().unwrap()])
        .assert()
        .code(2)
        .stderr(contains(
            "holds no dump: `python -X hardwire=dump=FOLDER` writes one",
        ));
}

#[test]
fn of_several_processes_the_latest_is_taken() {
    let folder = TempDir::new().unwrap();
    for (name, age) in [("1.jsonl", 100), ("2.jsonl", 0), ("3.jsonl", 50)] {
        let path = folder.path().join(name);
        fs::copy(dump(), &path).unwrap();
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(then)
            .unwrap();
    }
    trace(100, &["list", folder.path().to_str().unwrap()])
        .assert()
        .success()
        .stderr(contains(
            "this is the latest, 2.jsonl; there is also 3.jsonl, 1.jsonl",
        ));
}

#[test]
fn colours_are_for_terminals_and_where_they_are_asked_for() {
    let dump = dump();
    let arguments = ["list", dump.to_str().unwrap()];
    assert!(!said(100, &arguments).contains('\u{1b}'));
    let asked = |name: &str, value: &str| {
        let mut command = trace(100, &arguments);
        command.env("CLICOLOR_FORCE", "1").env(name, value);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(asked("TERM", "xterm").contains('\u{1b}'));
}

#[test]
fn two_runs_are_compared_loop_by_loop() {
    let folder = TempDir::new().unwrap();
    let after = folder.path().join("after.jsonl");
    let text = fs::read_to_string(dump()).unwrap();
    // Another folder, and a trace that does something more.
    let mut changed = text.replace("\"/app", "\"/elsewhere");
    for name in ["naive", "optimised"] {
        let head = format!("\"{name}\":\"trace ");
        assert!(changed.contains(&head));
    }
    changed = changed.replace("\\n  jump ", "\\n  check -> s0\\n  jump ");
    fs::write(&after, changed).unwrap();
    let (dump, after) = (dump(), after);
    let arguments = ["diff", dump.to_str().unwrap(), after.to_str().unwrap()];
    expect_file!["trace/diff.txt"].assert_eq(&said(110, &arguments));
    let brief = said(110, &[&arguments[..], &["--brief"]].concat());
    assert!(brief.contains("3 loops are as before"), "{brief}");
    trace(110, &[&arguments[..], &["nosuch"]].concat())
        .assert()
        .code(2)
        .stderr(contains("no loop is meant by `nosuch`"));
}

#[test]
fn traces_in_text_are_run() {
    let folder = here("jit/tests/traces");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = said(100, &["run", path.to_str().unwrap()]);
        assert!(text.contains("as the file says"), "{text}");
    }
    let sum = here("jit/tests/traces/sum.trace");
    let scene = [
        "--set",
        "obj it = range_iterator 1 1 3",
        "--set",
        "slot 0 = int 0",
        "--set",
        "slot 1 = int 0",
        "--set",
        "slot 2 = @it",
    ];
    let arguments = [&["run", sum.to_str().unwrap()][..], &scene].concat();
    let text = said(100, &arguments);
    assert!(
        text.contains("#0 = int 6") && text.contains("after 3 turns"),
        "{text}"
    );
    let optimised = said(100, &[&arguments[..], &["--optimised"]].concat());
    assert!(optimised.contains("#0 = int 6"), "{optimised}");
    let short = said(100, &[&arguments[..], &["--turns", "1"]].concat());
    assert!(
        short.contains("stopped after 1 turn: --turns N allows more"),
        "{short}"
    );
    trace(
        100,
        &["run", sum.to_str().unwrap(), "--set", "slot 0 = thing"],
    )
    .assert()
    .code(2)
    .stderr(contains(
        "the scene: `slot 0 = thing`: `thing` is no kind of object",
    ));
}

#[test]
fn what_a_trace_gives_is_compared_with_what_its_file_says() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cell.trace");
    let text = fs::read_to_string(here("jit/tests/traces/cell.trace")).unwrap();
    fs::write(&path, text.replace("; #1 = int 10\n", "; #1 = int 11\n")).unwrap();
    trace(100, &["run", path.to_str().unwrap()])
        .assert()
        .code(1)
        .stdout(contains("  - #1 = int 11\n  + #1 = int 10\n"));
}

#[test]
fn traces_in_text_are_optimised_and_compiled() {
    let cell = here("jit/tests/traces/cell.trace");
    let cell = cell.to_str().unwrap();
    let optimised = said(100, &["opt", cell]);
    assert!(optimised.contains("label %"), "{optimised}");
    let passes = said(100, &["opt", cell, "--passes"]);
    assert!(passes.contains(";; as recorded\n") && passes.contains(";; behind lending\n"));
    let asm = said(100, &["asm", cell]);
    assert!(
        asm.contains("; helper cell_set") && asm.contains("  check -> s0\n"),
        "{asm}"
    );
    // What one prints the other reads.
    let mut again = trace(100, &["asm", "-"]);
    again.write_stdin(optimised);
    let again = String::from_utf8(again.output().unwrap().stdout).unwrap();
    assert!(
        again.contains("standard input:1") && again.contains("; helper cell_set"),
        "{again}"
    );
    assert!(said(100, &["asm", cell, "--clif"]).contains("function u0:0"));
    let mixed = here("jit/tests/traces/mixed.trace");
    let mixed = mixed.to_str().unwrap();
    trace(100, &["asm", mixed])
        .assert()
        .code(2)
        .stderr(contains("change their types").and(contains("`--mixed` allows that")));
    assert!(said(100, &["asm", mixed, "--mixed"]).contains("label"));
    trace(100, &["opt", cell, "--restart", "s77"])
        .assert()
        .code(2)
        .stderr(contains("has no branch of s77"));
}

#[test]
fn a_file_may_hold_several_traces_and_mistakes_have_a_place() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("two.trace");
    let read =
        |name: &str| fs::read_to_string(here(&format!("jit/tests/traces/{name}.trace"))).unwrap();
    let text = read("cell") + &read("sum");
    fs::write(&path, &text).unwrap();
    let name = path.to_str().unwrap();
    let both = said(100, &["run", name]);
    assert!(
        both.contains("trace \"cell\"") && both.contains("trace \"sum\""),
        "{both}"
    );
    let second = said(100, &["opt", name, "--only", "2"]);
    assert!(second.starts_with("trace \"sum\""), "{second}");
    trace(100, &["opt", name, "--only", "third"])
        .assert()
        .code(2)
        .stderr(
            contains("no trace is meant by `third`; there is:").and(contains("trace \"cell\"")),
        );
    fs::write(&path, text.replacen("  %3 = int 1\n", "  %3 = nit 1\n", 1)).unwrap();
    trace(100, &["opt", name])
        .assert()
        .code(2)
        .stderr(contains("two.trace:10:8: expected ").and(contains("    %3 = nit 1\n         ^")));
}
