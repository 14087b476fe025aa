//! What Hardwire must not harm: ordinary programs without foreign calls, and the interpreter's start.

mod programs;
mod startup;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::host::Host;

pub use programs::Row;
pub use startup::{Pair, Times};

/// How much is measured.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
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

/// What was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Results {
    /// How much.
    pub effort: Effort,
    /// The programs.
    pub programs: Vec<Row>,
    /// The interpreter's start.
    pub startup: Option<Times>,
}

/// The names of all programs, and of the start.
pub fn names() -> impl Iterator<Item = &'static str> {
    programs::NAMES.iter().copied().chain([startup::NAME])
}

/// Measures the programs of these names, or all.
///
/// # Errors
/// A program failed, or `pair` cannot be had.
pub fn measure(
    host: &Host,
    pair: &dyn Fn() -> Result<Pair>,
    effort: Effort,
    names: &[String],
) -> Result<Results> {
    let chosen = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let programs: Vec<_> = programs::NAMES
        .iter()
        .copied()
        .filter(|name| chosen(name))
        .collect();
    Ok(Results {
        effort,
        programs: programs::measure(host, &programs, effort)?,
        startup: if chosen(startup::NAME) {
            Some(startup::measure(&pair()?, effort.repeats)?)
        } else {
            None
        },
    })
}

impl Results {
    /// The tables.
    pub fn print(&self) {
        if !self.programs.is_empty() {
            programs::print(&self.programs, self.effort.rounds);
        }
        if let Some(times) = &self.startup {
            times.print();
        }
    }

    /// Whether all results are right.
    pub fn is_right(&self) -> bool {
        self.programs.iter().all(Row::agrees)
    }
}
