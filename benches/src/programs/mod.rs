//! Whole programs: loops in loops, branches, functions, classes, around foreign calls and in Python alone. Each is held
//! against the same work in C, a plainer program, or itself with Hardwire off.

mod rows;
mod table;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::binding::{Binding, Library};
use crate::host::Host;
use crate::native::{Build, Kind};
use crate::text;
use crate::timing::{self, Counts, InPython, Measured, existing};
use crate::verdict::Verdict;
use rows::{Parts, Row};
use table::{Aim, PROGRAMS, Program};

/// For how many seconds a program runs with Hardwire on before it is timed, but for a first look: most need a fraction of
/// the first; the loops of those that branch much and do not call C wait for the compiler.
const WARM_UP: u32 = 8;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of programs; empty means all.
    pub only: Vec<String>,
    /// Whether with little work each, for a first look.
    pub quick: bool,
    /// How often each is timed; the best time counts.
    pub repeats: u32,
    /// Where to write the results as JSON.
    pub json: Option<PathBuf>,
}

impl Options {
    /// How often when published.
    pub const REPEATS: u32 = 9;
    /// How often for a first look.
    pub const QUICK: u32 = 3;
}

/// A whole run.
#[derive(Debug, Serialize)]
struct Results {
    interpreter: String,
    repeats: u32,
    /// How long each ran before, in s.
    warm_up: u32,
    rows: Vec<Row>,
    /// Programs that could not be measured, and why.
    left_out: Vec<String>,
}

/// Measures, and prints the table; whether all results are right.
///
/// # Errors
/// A name is not known, or something in C cannot be built.
pub fn main(host: &Host, options: &Options) -> Result<bool> {
    let programs = select(&options.only)?;
    let bench = Bench::prepare(host, options, &programs)?;
    println!("{}\n", host.title);
    let mut results = Results {
        interpreter: host.title.clone(),
        repeats: options.repeats,
        warm_up: bench.warm_up(),
        rows: Vec::new(),
        left_out: Vec::new(),
    };
    let progress = text::progress(programs.iter().map(|program| program.bindings.len()).sum());
    for program in programs {
        if let Some(why) = bench.left_out(program) {
            results.left_out.push(why);
            continue;
        }
        for &binding in program.bindings {
            progress.set_message(format!("{} through {}", program.title, binding.title()));
            results.rows.push(bench.row(program, binding)?);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    results.print();
    if let Some(path) = &options.json {
        text::write_json(path, &results)?;
    }
    Ok(results.rows.iter().all(|row| row.verdict.is_right()))
}

fn select(names: &[String]) -> Result<Vec<Program>> {
    let is_known = |name: &String| PROGRAMS.iter().any(|program| program.name == name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = PROGRAMS.iter().map(|program| program.name).collect();
        bail!(
            "--only {name}: there is no such program; known: {}",
            known.join(", ")
        );
    }
    let chosen = |program: &&Program| names.is_empty() || names.iter().any(|n| n == program.name);
    Ok(PROGRAMS.iter().filter(chosen).copied().collect())
}

/// The built libraries, and how much is measured.
struct Bench<'a> {
    host: &'a Host,
    options: &'a Options,
    /// Our own functions.
    library: PathBuf,
    /// The system's libraries, each with why it cannot be opened, if it cannot.
    system: HashMap<&'static str, Option<String>>,
}

impl<'a> Bench<'a> {
    fn prepare(host: &'a Host, options: &'a Options, programs: &[Program]) -> Result<Bench<'a>> {
        let own = PROGRAMS.iter().filter(|p| p.library == Library::Own);
        let folders: Vec<_> = own.map(|program| folder(host, *program)).collect();
        let files = |name| existing(folders.iter().map(|folder| folder.join(name)));
        let library = Build {
            name: "libprograms.so",
            kind: Kind::Library,
            sources: &files("shape.c"),
            headers: &files("shape.h"),
        }
        .ensure(host)?;
        let mut system = HashMap::new();
        for name in programs.iter().filter_map(|p| p.library.system()) {
            system.insert(name, timing::cannot_be_opened(host, name)?);
        }
        Ok(Bench {
            host,
            options,
            library,
            system,
        })
    }

    /// Why a program cannot be measured, if it cannot.
    fn left_out(&self, program: Program) -> Option<String> {
        let why = self.system.get(program.library.system()?)?.as_ref()?;
        Some(format!("{} was left out: {why}", program.title))
    }

    fn row(&self, program: Program, binding: Binding) -> Result<Row> {
        let c = if program.is_pure() {
            None
        } else {
            Some(self.c(program)?)
        };
        let file = binding.file();
        let base = matches!(program.aim, Aim::OfBase { .. })
            .then(|| self.python(program, binding, &format!("base_{file}"), true));
        let parts = Parts {
            c,
            base,
            off: self.python(program, binding, file, false),
            on: self.python(program, binding, file, true),
        };
        let size = self.counts(program, true).iterations;
        Ok(Row::of(program, binding, size, parts))
    }

    fn c(&self, program: Program) -> Result<Measured> {
        let folder = folder(self.host, program);
        let name = format!("program-{}", program.name);
        let library = self.library(program);
        timing::in_c(
            self.host,
            &name,
            &folder,
            library,
            self.counts(program, false),
        )
        .with_context(|| format!("{} in C", program.title))
    }

    fn python(&self, program: Program, binding: Binding, file: &str, on: bool) -> Result<Measured> {
        let in_python = InPython {
            file: &folder(self.host, program).join(file),
            binding,
            library: self.library(program),
            api: None,
        };
        in_python.measure(self.host, on, self.counts(program, on))
    }

    fn warm_up(&self) -> u32 {
        if self.options.quick { 0 } else { WARM_UP }
    }

    fn library(&self, program: Program) -> &OsStr {
        match program.library {
            Library::Own => self.library.as_os_str(),
            Library::System(name) => OsStr::new(name),
        }
    }

    fn counts(&self, program: Program, on: bool) -> Counts {
        Counts {
            iterations: if self.options.quick {
                program.quick
            } else {
                program.size
            },
            repeats: self.options.repeats,
            warm_up: if on { self.warm_up() } else { 0 },
        }
    }
}

fn folder(host: &Host, program: Program) -> PathBuf {
    host.source("programs").join(program.name)
}

impl Results {
    fn print(&self) {
        for pure in [false, true] {
            let rows: Vec<_> = self.rows.iter().filter(|r| r.is_pure() == pure).collect();
            if !rows.is_empty() {
                let left = if pure { 1 } else { 2 };
                let cells = rows.iter().map(|row| row.cells());
                println!("{}\n", text::table(&Row::headings(pure), left, cells));
            }
        }
        println!(
            "ms: process CPU time of the whole program, the best of many; on: behind {warm_up}. Base: the same calls in a plainer program, with \
             Hardwire on.",
            warm_up = match self.warm_up {
                0 => "two runs".to_string(),
                seconds => format!("{seconds} s of warm-up"),
            }
        );
        let is_met = |row: &&Row| row.verdict == Verdict::Met;
        let met = self.rows.iter().filter(is_met).count();
        println!("{met} of {} rows meet their target.", self.rows.len());
        let remarks = self.rows.iter().flat_map(Row::remarks);
        for line in remarks.chain(self.left_out.iter().cloned()) {
            println!("- {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_programs() {
        assert_eq!(select(&[]).unwrap().len(), PROGRAMS.len());
        let chosen = select(&["sieve".to_string(), "branch".to_string()]).unwrap();
        let names: Vec<_> = chosen.iter().map(|program| program.name).collect();
        assert_eq!(names, ["branch", "sieve"]);
        let error = select(&["oops".to_string()]).unwrap_err().to_string();
        assert!(error.contains("oops") && error.contains("sieve"), "{error}");
    }
}
