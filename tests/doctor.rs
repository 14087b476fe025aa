//! `hardwire doctor`, as a person meets it.

use assert_cmd::Command;
use hardwire::python::Search;
use hardwire::venv;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

fn doctor() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hardwire"));
    command.arg("doctor");
    command
}

#[test]
fn all_is_on_where_all_is_there() {
    for base in Search::from_environment().one_of_each() {
        let python = venv::TESTS.ensure(&base).unwrap();
        let text = doctor()
            .env("HARDWIRE_PYTHON", &python.path)
            .assert()
            .success();
        let text = String::from_utf8_lossy(&text.get_output().stdout).into_owned();
        for part in [
            format!("interpreter: CPython {}", base.version_text()),
            format!("HARDWIRE_PYTHON: {}", python.path.display()),
            "self-checks: ".to_string(),
            "on  ctypes".to_string(),
            "on  cffi".to_string(),
            "GIL: short calls keep it".to_string(),
            "Hardwire is on".to_string(),
        ] {
            assert!(text.contains(&part), "{part}:\n{text}");
        }
        assert!(!text.contains("FAIL"), "{text}");
    }
}

#[test]
fn a_binding_that_is_not_there_is_named() {
    let base = Search::from_environment().first().unwrap();
    let python = venv::PLAIN.ensure(&base).unwrap();
    doctor()
        .env("HARDWIRE_PYTHON", &python.path)
        .assert()
        .success()
        .stdout(contains("on  ctypes").and(contains("off cffi: not in this interpreter")));
}

#[test]
fn an_interpreter_that_cannot_be_used_is_said_to_be_so() {
    doctor()
        .env("HARDWIRE_PYTHON", "/no/such/python")
        .assert()
        .code(2)
        .stderr(contains("/no/such/python").and(contains("does not start")));
}
