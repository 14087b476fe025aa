//! `hardwire demo`, as a person meets it.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

fn hardwire() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hardwire"))
}

#[test]
fn the_demo_shows_five_programs_that_agree() {
    let text = hardwire().arg("demo").assert().success();
    let text = String::from_utf8_lossy(&text.get_output().stdout).into_owned();
    for script in [
        "cffi_abi.py",
        "cffi_api.py",
        "ctypes_clamp.py",
        "outliers.py",
        "memory.py",
    ] {
        let row = text.lines().find(|line| line.contains(script));
        assert!(
            row.is_some_and(|row| row.contains("agree")),
            "{script}:\n{text}"
        );
    }
    assert!(!text.contains("DIFFER"), "{text}");
}

#[test]
fn no_interpreter_is_one_message_that_says_how_to_get_one() {
    hardwire()
        .arg("demo")
        .env("HARDWIRE_PYTHON", "/no/such/python")
        .assert()
        .code(2)
        .stderr(contains(
            "HARDWIRE_PYTHON=/no/such/python cannot be used: does not start",
        ));
    hardwire()
        .arg("demo")
        .env_remove("HARDWIRE_PYTHON")
        .env_remove("VIRTUAL_ENV")
        .env("PATH", "/no/such/folder")
        .env("HOME", "/no/such/home")
        .env_remove("PYENV_ROOT")
        .assert()
        .code(2)
        .stderr(contains("no supported Python found").and(contains("to get one")));
}

#[test]
fn no_c_compiler_is_one_message_that_says_how_to_get_one() {
    hardwire()
        .arg("demo")
        .env("CC", "/no/such/cc")
        .assert()
        .code(2)
        .stderr(contains("the C compiler that CC names does not run"));
}
