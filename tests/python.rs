//! The suites in Python, on every supported interpreter that is found; `HARDWIRE_TEST_ONLY` names files and options of pytest.

use hardwire::python::Search;
use hardwire::{layout, run, runtime::Runtime, venv};

/// Runs pytest on the suite with the module that was just built.
fn suite(minor: (u32, u32)) {
    let found = Search::from_environment().one_of_each();
    assert!(
        !found.is_empty(),
        "no supported Python: install CPython 3.12 or 3.13, or set HARDWIRE_PYTHON"
    );
    let Some(base) = found.iter().find(|i| i.minor() == minor) else {
        eprintln!(
            "skipped: no CPython {}.{} on this machine",
            minor.0, minor.1
        );
        return;
    };
    let python = venv::TESTS.ensure(base).unwrap();
    let only = std::env::var("HARDWIRE_TEST_ONLY").unwrap_or_default();
    let runtime = Runtime::prepare().unwrap();
    let output = std::process::Command::new(&python.path)
        .current_dir(layout::source("interp_hooks/tests").unwrap())
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .args(only.split_whitespace())
        .env("HARDWIRE_TEST_MODULE_DIR", runtime.root())
        .env(
            "HARDWIRE_TEST_BUILD_DIR",
            layout::target_dir().unwrap().join("python-tests"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the suite failed on {base}");
}

#[test]
fn python_3_12() {
    suite((3, 12));
}

#[test]
fn python_3_13() {
    suite((3, 13));
}

/// A program run by the command behaves as under plain `python`.
#[test]
fn the_command_runs_programs() {
    let Ok(interpreter) = Search::from_environment().first() else {
        return;
    };
    let runtime = Runtime::prepare().unwrap();
    let code = "import sys, os; print(sys.argv, sys.path, sorted(os.environ)); sys.exit(7)";
    let plain = std::process::Command::new(&interpreter.path)
        .args(["-c", code, "a"])
        .output()
        .unwrap();
    let ours = run::command(&interpreter.path, &runtime, "")
        .args(["-c", code, "a"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&ours.stdout),
        String::from_utf8_lossy(&plain.stdout)
    );
    assert_eq!(String::from_utf8_lossy(&ours.stderr), "");
    assert_eq!(ours.status.code(), Some(7));
}

#[test]
fn an_unknown_option_is_named() {
    let Ok(interpreter) = Search::from_environment().first() else {
        return;
    };
    let runtime = Runtime::prepare().unwrap();
    let ours = run::command(&interpreter.path, &runtime, "oops=1")
        .args(["-c", "pass"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&ours.stderr).contains("unknown option `oops`"));
    assert_eq!(ours.status.code(), Some(2));
}
