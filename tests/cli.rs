//! `hardwire` in the place of `python`: what a program sees and what its caller sees are the same.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use hardwire::python::Search;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};

fn hardwire() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hardwire"))
}

fn python() -> PathBuf {
    Search::from_environment()
        .first()
        .expect("CPython 3.12 or 3.13")
        .path
}

/// The same arguments and input for `python` and for `hardwire`: the same output and status.
fn alike(arguments: &[&str], input: &str) {
    let plain = Command::new(python())
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let ours = hardwire()
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&ours.stdout), text(&plain.stdout), "{arguments:?}");
    assert_eq!(text(&ours.stderr), text(&plain.stderr), "{arguments:?}");
    assert_eq!(ours.status.code(), plain.status.code(), "{arguments:?}");
}

#[test]
fn a_script_a_module_code_and_input_are_run_as_python_runs_them() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.py");
    std::fs::write(
        &script,
        "import sys, os\nprint(sys.argv, sys.path, __name__, __file__, sorted(os.environ))\n\
         print(sys.stdin.read())\nsys.exit(len(sys.argv))\n",
    )
    .unwrap();
    let script = script.to_str().unwrap();
    alike(&[script, "--report", "-m", "x", ""], "some\ninput");
    alike(&[script], "");
    alike(&["-c", "import sys; print(sys.argv)", "-c", "--help"], "");
    alike(&["-m", "json.tool", "--sort-keys"], "{\"b\": 1, \"a\": 2}");
    alike(&["-", "argument"], "import sys; print(sys.argv)");
}

#[test]
fn a_program_ends_as_under_python() {
    for code in [
        "pass",
        "raise SystemExit(3)",
        "raise SystemExit('a message')",
        "import os; os._exit(77)",
        "def f():\n    return 1 / 0\nf()",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "raise KeyboardInterrupt",
        "this is no Python",
    ] {
        alike(&["-c", code], "");
    }
    alike(&["/no/such/script.py"], "");
    alike(&["-m", "no_such_module"], "");
}

/// What becomes of a program that is interrupted: (number of the signal, last line on stderr).
fn interrupted(mut command: Process) -> (Option<i32>, String) {
    use std::os::unix::process::ExitStatusExt;
    // A shell has what it starts in the background ignore SIGINT, and Python then does so too.
    // SAFETY: no handler is put up: the child begins as under a terminal.
    unsafe { signal(Signal::SIGINT, SigHandler::SigDfl) }.unwrap();
    let code = "print('ready', flush=True)\n\
        def loop():\n    i = 0\n    while True:\n        i += 1\n\
        loop()";
    let mut child = command
        .args(["-c", code])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    // Time to get hot and be compiled.
    std::thread::sleep(std::time::Duration::from_millis(300));
    kill(
        Pid::from_raw(i32::try_from(child.id()).unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (
        output.status.signal(),
        said.lines().last().unwrap_or_default().to_string(),
    )
}

#[test]
fn an_interrupt_ends_a_hot_loop_as_under_python() {
    let expected = (Some(Signal::SIGINT as i32), "KeyboardInterrupt".to_string());
    assert_eq!(interrupted(Process::new(python())), expected);
    assert_eq!(
        interrupted(Process::new(env!("CARGO_BIN_EXE_hardwire"))),
        expected
    );
}

#[test]
fn the_program_has_the_number_of_the_process_that_was_started() {
    let child = Process::new(env!("CARGO_BIN_EXE_hardwire"))
        .args(["-c", "import os; print(os.getpid())"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        id.to_string()
    );
}

#[test]
fn a_mistake_on_the_command_line_is_named() {
    hardwire()
        .args(["--no-such", "x.py"])
        .assert()
        .code(2)
        .stderr(contains("--no-such"));
    hardwire().arg("-m").assert().code(2).stderr(contains("-m"));
    hardwire().assert().code(2).stderr(contains("Usage"));
    hardwire()
        .args(["--option", "oops=1", "-c", "print('ran')"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("unknown option `oops`").and(contains("threshold")));
    hardwire()
        .args(["--option", "threshold=x", "-c", "print('ran')"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("`threshold` takes a whole number"));
}

#[test]
fn help_and_version_are_answered() {
    hardwire().arg("--help").assert().success().stdout(
        contains("demo")
            .and(contains("bench"))
            .and(contains("doctor")),
    );
    hardwire()
        .arg("--version")
        .assert()
        .success()
        .stdout(starts_with("hardwire "));
}
