//! What Hardwire must not harm: ordinary programs without foreign calls, and the interpreter's start.

mod programs;
mod startup;

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::host::Host;
use crate::text;

pub use startup::Pair;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of programs, or `startup`; empty means all.
    pub only: Vec<String>,
    /// How much.
    pub effort: Effort,
    /// Where to write the results as JSON.
    pub json: Option<PathBuf>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Effort {
    /// How often a process does a program's work: the first rounds warm it up.
    pub rounds: u32,
    /// How many processes there are for each program, each way; the best one counts.
    pub repeats: u32,
}

impl Effort {
    /// What figures are published with.
    pub const FULL: Effort = Effort {
        rounds: 40,
        repeats: 12,
    };
    /// For a first look.
    pub const QUICK: Effort = Effort {
        rounds: 10,
        repeats: 3,
    };
}

/// A whole run.
#[derive(Debug, Serialize)]
struct Results {
    interpreter: String,
    effort: Effort,
    programs: Vec<programs::Row>,
    startup: Option<startup::Times>,
}

/// Measures, and prints the tables; whether all results are right.
///
/// # Errors
/// A name is not known, or a program failed.
pub fn main(host: &Host, pair: &Pair, options: &Options) -> Result<bool> {
    let chosen = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    let known = programs::NAMES.iter().copied().chain([startup::NAME]);
    if let Some(name) = options.only.iter().find(|n| known.clone().all(|k| k != *n)) {
        let known: Vec<_> = known.collect();
        bail!(
            "--only {name}: there is no such program; known: {}",
            known.join(", ")
        );
    }
    println!("{}\n", host.title);
    let names: Vec<_> = programs::NAMES
        .iter()
        .copied()
        .filter(|name| chosen(name))
        .collect();
    let mut results = Results {
        interpreter: host.title.clone(),
        effort: options.effort,
        programs: programs::measure(host, &names, options.effort)?,
        startup: None,
    };
    if !results.programs.is_empty() {
        programs::print(&results.programs, options.effort.rounds);
    }
    if chosen(startup::NAME) {
        let times = startup::measure(pair, options.effort.repeats)?;
        times.print();
        results.startup = Some(times);
    }
    if let Some(path) = &options.json {
        text::write_json(path, &results)?;
    }
    Ok(results.programs.iter().all(programs::Row::agrees))
}
