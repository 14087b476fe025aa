//! Running a program on the interpreter, with Hardwire on and nothing else different.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use nix::unistd::execve;

use crate::python;
use crate::runtime::Runtime;

/// What the shim restores PYTHONPATH from: `-`, or `=` and the value it had. Its presence also keeps an installed
/// wheel from starting first.
const HANDOVER: &str = "HARDWIRE_RUN";
const PYTHONPATH: &str = "PYTHONPATH";

/// Where a program's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file (or a folder or zip file with a `__main__`).
    Script(OsString),
    /// `-m MODULE`
    Module(OsString),
    /// `-c CODE`
    Code(OsString),
    /// `-`
    Stdin,
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The program.
    pub source: Source,
    /// What follows it.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// The part of `python`'s command line that names the program.
    fn command_line(&self) -> Vec<OsString> {
        let mut line: Vec<OsString> = match &self.source {
            // A name with a leading dash came behind `--`, which `python` does not know.
            Source::Script(path) if path.as_bytes().starts_with(b"-") => {
                vec![OsString::from_vec([b"./", path.as_bytes()].concat())]
            }
            Source::Script(path) => vec![path.clone()],
            Source::Module(name) => vec!["-m".into(), name.clone()],
            Source::Code(text) => vec!["-c".into(), text.clone()],
            Source::Stdin => vec!["-".into()],
        };
        line.extend(self.arguments.iter().cloned());
        line
    }
}

/// Becomes the interpreter running the program: it has this process's number, streams and signals. Returns only
/// if that fails.
///
/// # Errors
/// There is no supported interpreter, or it cannot be started.
pub fn replace_this_process(program: &Program, words: &str) -> Result<bool> {
    let runtime = Runtime::prepare()?;
    let interpreter = python::Search::from_environment().first()?;
    let mut line = vec![interpreter.path.clone().into_os_string()];
    line.extend(flag(words));
    line.extend(program.command_line());
    let environment = environment(&runtime, std::env::vars_os());
    match exec(&interpreter.path, &line, &environment)? {}
}

fn exec(
    path: &Path,
    line: &[OsString],
    environment: &[(OsString, OsString)],
) -> Result<Infallible> {
    let text = |bytes: &[u8]| {
        CString::new(bytes).context("a NUL byte in the command line or the environment")
    };
    let line = line
        .iter()
        .map(|word| text(word.as_bytes()))
        .collect::<Result<Vec<_>>>()?;
    let environment = environment
        .iter()
        .map(|(name, value)| text(&[name.as_bytes(), b"=", value.as_bytes()].concat()))
        .collect::<Result<Vec<_>>>()?;
    execve(&text(path.as_os_str().as_bytes())?, &line, &environment)
        .with_context(|| format!("cannot start {}", path.display()))
}

/// The interpreter with Hardwire on, for `demo`, `doctor` and `bench`; `-X hardwire=0` as words makes the package
/// importable without starting it.
pub fn command(interpreter: &Path, runtime: &Runtime, words: &str) -> Command {
    let mut command = Command::new(interpreter);
    command
        .args(flag(words))
        .env_clear()
        .envs(environment(runtime, std::env::vars_os()));
    command
}

fn flag(words: &str) -> [OsString; 2] {
    let words = if words.is_empty() {
        "hardwire".to_string()
    } else {
        format!("hardwire={words}")
    };
    ["-X".into(), words.into()]
}

/// The environment with the shim first on PYTHONPATH. The order stays (a program may print it): a variable is
/// replaced in place, a new one comes last.
fn environment(
    runtime: &Runtime,
    inherited: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let mut environment: Vec<_> = inherited.filter(|(name, _)| name != HANDOVER).collect();
    let mut path = runtime.boot().into_os_string();
    let handover = match environment.iter_mut().find(|(name, _)| name == PYTHONPATH) {
        Some((_, value)) => {
            let original = value.clone();
            // An empty PYTHONPATH is none; an empty entry would be the working directory.
            if !original.is_empty() {
                path.push(":");
                path.push(&original);
            }
            *value = path;
            concat("=", &original)
        }
        None => {
            environment.push((PYTHONPATH.into(), path));
            "-".into()
        }
    };
    environment.push((HANDOVER.into(), handover));
    environment
}

fn concat(first: &str, second: &OsStr) -> OsString {
    let mut whole = OsString::from(first);
    whole.push(second);
    whole
}
