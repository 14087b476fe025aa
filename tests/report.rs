//! `hardwire --report`: one line on stderr for each hot loop, when the program has ended.

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

const PROGRAM: &str = "\
import ctypes
labs = ctypes.CDLL(None).labs
labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long

def total(n):
    result = 0
    for i in range(n):
        if labs(i) % 1000 == 999:
            result -= 1
        else:
            result += i
    return result

def pairs(n):
    for i in range(n):
        yield i, i

def keys(table):
    return [first for _ in range(20) for first in map(str, table)]

print(total(20000), sum(a for a, b in pairs(3000)), len(keys(dict(pairs(499)))))
";

/// The report's lines, of a program that prints what it prints without Hardwire.
fn report(folder: &Path, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .current_dir(folder)
        .arg("--report")
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    (
        output.status.code(),
        text.lines().map(str::to_string).collect(),
    )
}

fn program(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("program.py"), text).unwrap();
    folder
}

#[test]
fn each_hot_loop_has_its_line() {
    let folder = program(PROGRAM);
    let (status, lines) = report(folder.path(), &["program.py"]);
    assert_eq!(status, Some(0), "{lines:#?}");
    assert!(
        lines[0].starts_with("hardwire: ") && lines[0].contains(" hot loops, 1 compiled, "),
        "{lines:#?}"
    );
    let line = |place: &str| {
        let start = format!("  {place}: ");
        lines
            .iter()
            .find(|line| line.starts_with(&start))
            .unwrap_or_else(|| panic!("no line for {place}: {lines:#?}"))
    };
    let compiled = line("program.py:7 total");
    assert!(
        compiled.contains(": compiled in ") && compiled.contains("; exits: "),
        "{compiled}"
    );
    assert!(line("program.py:15 pairs").contains(": left alone: "));
    assert!(line("program.py:19 keys").contains(": left alone: "));
    // Compiled ones come first, and all of the program's own before those of libraries.
    assert!(lines[1].starts_with("  program.py:7 total"), "{lines:#?}");
}

#[test]
fn the_report_comes_also_when_the_program_fails() {
    let text = PROGRAM.replace("\nprint(", "\nprint(1 / 0, ");
    let folder = program(&format!("total = None\n{text}"));
    let (status, lines) = report(folder.path(), &["program.py"]);
    assert_eq!(status, Some(1));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("ZeroDivisionError"))
            && lines.iter().any(|line| line.starts_with("hardwire: ")),
        "{lines:#?}"
    );
}

#[test]
fn nothing_hot_is_a_line_too() {
    let folder = program("");
    let (_, lines) = report(folder.path(), &["program.py"]);
    assert_eq!(
        lines,
        ["hardwire: 0 hot loops, 0 compiled, 0 entries, 0 exits"]
    );
}

#[test]
fn a_program_that_hides_our_modules_or_closes_stderr_is_not_harmed() {
    let folder = program("import json, os; print(json.HERE); os.chdir('/'); os.close(2)\n");
    std::fs::write(folder.path().join("json.py"), "HERE = 'mine'\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .current_dir(folder.path())
        .args(["--report", "program.py"])
        .assert()
        .success();
    assert_eq!(
        String::from_utf8_lossy(&output.get_output().stdout),
        "mine\n"
    );
}

#[test]
fn a_loop_whose_callee_is_a_new_function_each_time_is_not_recorded_for_ever() {
    let text = "\
def total(n, k):
    scaled = lambda i: i * k
    result = 0
    for i in range(n):
        result += scaled(i)
    return result

print(sum(total(40, k) for k in range(60)))
";
    let folder = program(text);
    let (_, lines) = report(
        folder.path(),
        &["--option", "threshold=5,all", "program.py"],
    );
    let line = lines.iter().find(|line| line.contains("program.py:4 "));
    assert!(
        line.is_some_and(|line| line
            .contains(": left alone: an object that the loop uses is another one each time")),
        "{lines:#?}"
    );
}

#[test]
fn a_function_is_explained_line_by_line() {
    let program_text = "\
import ctypes, hardwire
strlen = ctypes.CDLL(None).strlen

class Texts:
    def lengths(self, n):
        result = 0
        for i in range(n):
            result += strlen('a text')
            result += strlen(b'bytes')
        return result

def cold():
    return [i for i in range(10)]

print(Texts().lengths(20000))
print(hardwire.explain(Texts.lengths))
print(hardwire.explain(cold), end='')
assert '<code' in hardwire.explain(Texts)._repr_html_()
assert '<table' in hardwire.report()._repr_html_()
try:
    hardwire.explain(len)
except TypeError as error:
    print(error)
";
    let folder = program(program_text);
    let output = Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .current_dir(folder.path())
        .arg("program.py")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(lines[0], "120000");
    assert!(
        lines[1].starts_with("program.py:7 Texts.lengths: compiled in "),
        "{text}"
    );
    let at = |wanted: &str| {
        let found = lines.iter().position(|line| line.contains(wanted));
        found.unwrap_or_else(|| panic!("no {wanted}: {text}"))
    };
    // What is said of a line stands behind it.
    let line = at("8 |             result += strlen('a text')");
    assert!(lines[line + 1].contains(
        "! `strlen` is given a str as argument 1, without argtypes, which the binding converts at every call"
    ));
    assert!(lines[line + 2].contains("> encode it once"), "{text}");
    at("cold has no loop that became hot");
    at("explain() takes a function, method, class or code object, not <built-in function len>");
}

#[test]
fn loops_whose_code_has_gone_are_told_of() {
    let folder = program(
        "\
import hardwire

def fresh():
    names = {}
    exec('def step(a): return a + 1', names)
    return names['step']

def run(n):
    total, step = 0, fresh()
    for i in range(n):
        if i == n // 2:
            step = fresh()
        total = step(total)
    return total

print(run(3000), 'run' in hardwire.explain(run))
text = ''
for i in range(400000):
    text = frozenset((i, i))
",
    );
    let (status, lines) = report(folder.path(), &["program.py"]);
    assert_eq!(status, Some(0), "{lines:#?}");
    assert!(
        lines.iter().any(|l| l.starts_with("  program.py:10 run: ")),
        "{lines:#?}"
    );
    // The module's own code object is gone by then.
    let costs = lines
        .iter()
        .any(|l| l.contains("program.py:18: the loop is left to the interpreter"));
    assert!(costs, "{lines:#?}");
}
