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
use crate::spread::Spread;

/// What a loop reports of itself.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The times of an iteration, one for each repeat, in ns of process CPU time.
    pub sample: Vec<f64>,
    /// What they come to.
    pub ns: Spread,
    /// What the loop came to.
    pub checksum: String,
    /// How long it took until it ran at 90% of its final speed, ms; only where that was looked at, and it came so far.
    pub warm_up_ms: Option<f64>,
    /// How much the process grew while the loop ran, KiB.
    pub memory_growth_kib: i64,
    /// What Hardwire says about the loops of the file.
    pub loops: Option<Vec<LoopState>>,
}

/// The same, as it is printed.
#[derive(Debug, Deserialize)]
struct Printed {
    ns: Vec<f64>,
    checksum: String,
    #[serde(default)]
    warm_up_ms: Option<f64>,
    #[serde(default)]
    memory_growth_kib: i64,
    #[serde(default)]
    loops: Option<Vec<LoopState>>,
}

impl Measured {
    /// Of a sample and a checksum; none where the sample is empty.
    pub fn new(sample: Vec<f64>, checksum: String) -> Option<Measured> {
        Some(Measured {
            ns: Spread::of(&sample)?,
            sample,
            checksum,
            warm_up_ms: None,
            memory_growth_kib: 0,
            loops: None,
        })
    }

    /// The same, measured in two processes.
    pub fn and(mut self, other: Measured) -> Measured {
        self.sample.extend(other.sample);
        if let Some(ns) = Spread::of(&self.sample) {
            self.ns = ns;
        }
        if self.checksum != other.checksum {
            self.checksum = format!("{} or {}", self.checksum, other.checksum);
        }
        self.warm_up_ms = match (self.warm_up_ms, other.warm_up_ms) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        self.memory_growth_kib = self.memory_growth_kib.min(other.memory_growth_kib);
        self
    }
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
    /// How long it took to compile it, ms.
    #[serde(default)]
    pub compile_ms: f64,
    /// Its machine code.
    #[serde(default)]
    pub code_bytes: u64,
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
    /// What it is called with while it warms up.
    pub chunk: u32,
    /// For how many seconds of processor time a program in Python with Hardwire on runs before it is timed.
    pub warm_up: u32,
}

impl Counts {
    fn arguments(self) -> [String; 2] {
        [self.iterations.to_string(), self.repeats.to_string()]
    }

    /// The arguments of a program that warms up.
    pub fn warming(self) -> [String; 4] {
        [self.iterations, self.repeats, self.chunk, self.warm_up].map(|count| count.to_string())
    }

    /// The half of the repeats, for each of two processes.
    pub fn halved(self) -> Counts {
        Counts {
            repeats: self.repeats.div_ceil(2),
            ..self
        }
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
            .args(
                [counts.chunk, counts.warm_up].map(|count| if on { count } else { 0 }.to_string()),
            );
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

/// Runs a command that prints what a loop took.
///
/// # Errors
/// It failed, or printed something else.
pub fn measured(command: &mut Command) -> Result<Measured> {
    let said = process::run(command)?;
    let told = || format!("the measurement printed {:?}", said.stdout);
    let printed: Printed = serde_json::from_str(&said.stdout).with_context(told)?;
    let measured = Measured::new(printed.ns, printed.checksum).with_context(told)?;
    Ok(Measured {
        warm_up_ms: printed.warm_up_ms,
        memory_growth_kib: printed.memory_growth_kib,
        loops: printed.loops,
        ..measured
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_are_one_sample() {
        let of = |sample: &[f64], checksum: &str, warm_up_ms| Measured {
            warm_up_ms,
            ..Measured::new(sample.to_vec(), checksum.to_string()).unwrap()
        };
        let both = of(&[3.0, 4.0], "5", None).and(of(&[2.0, 9.0], "5", Some(1.0)));
        assert_eq!((both.ns.min, both.ns.max), (2.0, 9.0));
        assert_eq!((both.checksum.as_str(), both.warm_up_ms), ("5", Some(1.0)));
        assert_eq!(both.and(of(&[1.0], "6", Some(0.5))).checksum, "5 or 6");
        assert!(Measured::new(Vec::new(), String::new()).is_none());
    }
}
