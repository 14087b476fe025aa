//! Whole programs: loops in loops, branches, functions, classes, around foreign calls and in Python alone. Each is held
//! against the same work in C, a plainer program, or itself with Hardwire off.

mod rows;
mod table;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::binding::{Binding, Library};
use crate::host::Host;
use crate::native::{Build, Kind};
use crate::row::Row;
use crate::text;
use crate::timing::{self, Counts, InPython, Measured, existing};
use rows::Parts;
use table::{Aim, PROGRAMS, Program};

/// For how many seconds a program runs with Hardwire on before it is timed, but for a first look: most need a fraction of
/// the first; the loops of those that branch much and do not call C wait for the compiler.
pub const WARM_UP: u32 = 8;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Whether with little work each, for a first look.
    pub quick: bool,
    /// How often each is timed; the best time counts.
    pub repeats: u32,
}

impl Effort {
    /// What figures are published with.
    pub const FULL: Effort = Effort {
        quick: false,
        repeats: 9,
    };
    /// For a first look.
    pub const QUICK: Effort = Effort {
        quick: true,
        repeats: 3,
    };

    /// How long a program runs with Hardwire on before it is timed, in s.
    pub fn warm_up(self) -> u32 {
        if self.quick { 0 } else { WARM_UP }
    }
}

/// What was measured.
#[derive(Debug)]
pub struct Results {
    /// The rows.
    pub rows: Vec<Row>,
    /// Programs that could not be measured, and why.
    pub left_out: Vec<String>,
}

/// The names of all programs.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|program| program.name)
}

/// Measures the programs and bindings of these names, or all.
///
/// # Errors
/// A program is not measured through any of the bindings, or something in C cannot be built.
pub fn measure(host: &Host, effort: Effort, names: &[String]) -> Result<Results> {
    let cells = select(names)?;
    let bench = Bench::prepare(host, effort, &cells)?;
    let mut results = Results {
        rows: Vec::new(),
        left_out: Vec::new(),
    };
    let progress = text::progress(cells.iter().map(|(_, bindings)| bindings.len()).sum());
    for (program, bindings) in cells {
        if let Some(why) = bench.left_out(program) {
            results.left_out.push(why);
            continue;
        }
        for binding in bindings {
            progress.set_message(format!("{} through {}", program.title, binding.title()));
            results.rows.push(bench.row(program, binding)?);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    Ok(results)
}

/// The programs that the names mean, each with the bindings that it has of those they mean; all, where none is named.
fn select(names: &[String]) -> Result<Vec<(Program, Vec<Binding>)>> {
    let is_named = |name: &str| names.iter().any(|n| n == name);
    let all_programs = !PROGRAMS.iter().any(|program| is_named(program.name));
    let all_bindings = !Binding::ALL.iter().any(|binding| is_named(binding.name()));
    let cells: Vec<_> = PROGRAMS
        .iter()
        .filter(|program| all_programs || is_named(program.name))
        .map(|program| {
            let own = program.bindings.iter().copied();
            let chosen = own.filter(|binding| all_bindings || is_named(binding.name()));
            (*program, chosen.collect::<Vec<_>>())
        })
        .filter(|(_, bindings)| !bindings.is_empty())
        .collect();
    if cells.is_empty() {
        bail!(
            "--only {}: not measured through this binding",
            names.join(" --only ")
        );
    }
    Ok(cells)
}

/// The built libraries, and how much is measured.
struct Bench<'a> {
    host: &'a Host,
    effort: Effort,
    /// Our own functions.
    library: PathBuf,
    /// The system's libraries, each with why it cannot be opened, if it cannot.
    system: HashMap<&'static str, Option<String>>,
}

impl<'a> Bench<'a> {
    fn prepare(
        host: &'a Host,
        effort: Effort,
        cells: &[(Program, Vec<Binding>)],
    ) -> Result<Bench<'a>> {
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
        for name in cells.iter().filter_map(|(p, _)| p.library.system()) {
            system.insert(name, timing::cannot_be_opened(host, name)?);
        }
        Ok(Bench {
            host,
            effort,
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
        let file = binding.file();
        let before = self.c(program)?;
        let base = matches!(program.aim, Aim::OfBase { .. })
            .then(|| self.python(program, binding, &format!("base_{file}"), true));
        let off = self.python(program, binding, file, false);
        let on = self.python(program, binding, file, true);
        // C is timed on both sides: the machine may change its speed in between.
        let c = match (before, self.c(program)?) {
            (Some(before), Some(behind)) => Some(before.and(behind)),
            (before, behind) => before.or(behind),
        };
        let size = self.counts(program).iterations;
        let parts = Parts { c, base, off, on };
        Ok(rows::row(program, binding, size, parts))
    }

    /// A program in C, where it has a counterpart there.
    fn c(&self, program: Program) -> Result<Option<Measured>> {
        if program.is_pure() {
            return Ok(None);
        }
        let folder = folder(self.host, program);
        let name = format!("program-{}", program.name);
        let library = self.library(program);
        timing::in_c(self.host, &name, &folder, library, self.counts(program))
            .with_context(|| format!("{} in C", program.title))
            .map(Some)
    }

    fn python(&self, program: Program, binding: Binding, file: &str, on: bool) -> Result<Measured> {
        let in_python = InPython {
            file: &folder(self.host, program).join(file),
            binding,
            library: self.library(program),
            api: None,
        };
        in_python.measure(self.host, on, self.counts(program))
    }

    fn library(&self, program: Program) -> &OsStr {
        match program.library {
            Library::Own => self.library.as_os_str(),
            Library::System(name) => OsStr::new(name),
        }
    }

    fn counts(&self, program: Program) -> Counts {
        Counts {
            iterations: if self.effort.quick {
                program.quick
            } else {
                program.size
            },
            repeats: self.effort.repeats,
            chunk: program.quick,
            warm_up: self.effort.warm_up(),
        }
    }
}

fn folder(host: &Host, program: Program) -> PathBuf {
    host.source("programs").join(program.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(names: &[&str]) -> Vec<(&'static str, usize)> {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let cells = select(&names).unwrap();
        let of = |(program, bindings): &(Program, Vec<_>)| (program.name, bindings.len());
        cells.iter().map(of).collect()
    }

    #[test]
    fn names_select_programs_and_bindings() {
        assert_eq!(selected(&[]).len(), PROGRAMS.len());
        assert_eq!(
            selected(&["sieve", "branch"]),
            [("branch", 2), ("sieve", 1)]
        );
        assert_eq!(selected(&["branch", "cdll"]), [("branch", 1)]);
        assert!(
            selected(&["cdll"])
                .iter()
                .all(|(_, bindings)| *bindings == 1)
        );
        let names = ["sieve".to_string(), "cdll".to_string()];
        let error = select(&names).unwrap_err().to_string();
        assert!(error.contains("sieve --only cdll"), "{error}");
    }
}
