//! Timing the same loop in C and in Python: `loop(n)` of a folder's `floor.c`, and of its files in Python.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::binding::Binding;
use crate::host::{self, Host};
use crate::native::{Build, Kind};
use crate::process;

/// What a loop reports of itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Measured {
    /// The best time of an iteration.
    pub ns: f64,
    /// What the loop came to.
    pub checksum: String,
    /// What Hardwire says about the loops of the file.
    #[serde(default)]
    pub loops: Option<Vec<LoopState>>,
}

/// What became of a loop.
#[derive(Debug, Clone, Deserialize)]
pub struct LoopState {
    /// The function it is in.
    pub function: String,
    /// Where it begins.
    pub line: u32,
    /// `compiled`, or another word.
    pub state: String,
    /// Why it was not compiled.
    pub reason: String,
}

impl LoopState {
    /// Whether it runs as native code.
    pub fn is_compiled(&self) -> bool {
        self.state == "compiled"
    }

    /// Why it is not, in words.
    pub fn why(&self) -> &str {
        if self.reason.is_empty() {
            &self.state
        } else {
            &self.reason
        }
    }
}

/// How much of a loop is timed.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// What the loop is called with: its iterations.
    pub iterations: u32,
    /// How often; the best time counts.
    pub repeats: u32,
    /// For how many seconds of processor time a program in Python runs before it is timed.
    pub warm_up: u32,
}

impl Counts {
    fn arguments(self) -> [String; 2] {
        [self.iterations.to_string(), self.repeats.to_string()]
    }
}

/// The loop in C of a folder.
///
/// # Errors
/// It cannot be built or run.
pub fn in_c(
    host: &Host,
    name: &str,
    folder: &Path,
    library: &OsStr,
    counts: Counts,
) -> Result<Measured> {
    let harness = |name: &str| host.source("harness").join(name);
    let program = Build {
        name: &format!("floor-{name}"),
        kind: Kind::Program,
        sources: &[folder.join("floor.c"), harness("floor_main.c")],
        headers: &[vec![harness("floor.h")], existing([folder.join("shape.h")])].concat(),
    }
    .ensure(host)?;
    let mut command = Command::new(program);
    command.arg(library).args(counts.arguments());
    measured(&mut command)
}

/// A loop in Python.
#[derive(Debug, Clone, Copy)]
pub struct InPython<'a> {
    /// The file.
    pub file: &'a Path,
    /// What its module `binding` is.
    pub binding: Binding,
    /// The library that is called.
    pub library: &'a OsStr,
    /// Where the API-mode module is found.
    pub api: Option<&'a Path>,
}

impl InPython<'_> {
    /// Times it.
    ///
    /// # Errors
    /// The program failed.
    pub fn measure(self, host: &Host, on: bool, counts: Counts) -> Result<Measured> {
        let mut command = if on { host.on("") } else { host.off() };
        if let Some(folder) = self.api {
            host::add_to_pythonpath(&mut command, folder);
        }
        command
            .arg("-B")
            .arg(host.source("harness/measure.py"))
            .arg(self.binding.name())
            .arg(self.library)
            .arg(self.file)
            .args(counts.arguments())
            .arg(counts.warm_up.to_string());
        measured(&mut command)
    }
}

/// Releasing and taking the GIL, in ns.
///
/// # Errors
/// It cannot be built or run.
pub fn save_restore(host: &Host, counts: Counts) -> Result<f64> {
    let library = Build {
        name: "libgil.so",
        kind: Kind::Library,
        sources: &[host.source("harness/gil.c")],
        headers: &[],
    }
    .ensure(host)?;
    let mut command = host.off();
    command
        .arg("-B")
        .arg(host.source("harness/gil.py"))
        .arg(library)
        .args(counts.arguments());
    let said = process::run(&mut command)?;
    said.stdout
        .trim()
        .parse()
        .context("PyEval_SaveThread + PyEval_RestoreThread: the time is no number")
}

/// Why the interpreter cannot open a library of the system, if it cannot.
///
/// # Errors
/// The interpreter cannot be run.
pub fn cannot_be_opened(host: &Host, name: &str) -> Result<Option<String>> {
    const OPEN: &str = "
import ctypes, sys
try:
    ctypes.CDLL(sys.argv[1])
except OSError as error:
    print(error)
";
    let said = process::run(host.off().args(["-c", OPEN, name]))?;
    let why = said.stdout.trim();
    Ok((!why.is_empty()).then(|| why.to_string()))
}

/// Those of the files that are there.
pub fn existing(files: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    files.into_iter().filter(|file| file.exists()).collect()
}

fn measured(command: &mut Command) -> Result<Measured> {
    let said = process::run(command)?;
    serde_json::from_str(&said.stdout)
        .with_context(|| format!("the measurement printed {:?}", said.stdout))
}
