//! Ordinary programs with Hardwire off and on.

use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::{process, text};

/// The programs: files of the folder `ordinary`.
pub const NAMES: &[&str] = &[
    "calls",
    "methods",
    "comprehensions",
    "regexes",
    "documents",
    "constraints",
    "scheduler",
];
/// On over off: at most so much.
const LIMIT: f64 = 1.02;
/// How often a process does its work: the first rounds warm it up.
const ROUNDS: u32 = 20;

/// What one process reports.
#[derive(Debug, Clone, Deserialize)]
struct Run {
    best_ns: f64,
    all_ns: f64,
    checksum: String,
    compiled: Option<u64>,
}

/// The best of many processes.
#[derive(Debug, Clone, Serialize)]
struct Best {
    /// The best round, ms.
    round_ms: f64,
    /// All rounds of a process with its warm-up, ms.
    process_ms: f64,
    checksum: String,
}

/// A program, off and on.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    name: &'static str,
    off: Best,
    on: Best,
    /// On over off, of the best rounds.
    ratio: f64,
    /// On over off with the warm-up.
    ratio_with_warm_up: f64,
    /// How many loops were compiled.
    compiled: u64,
}

impl Row {
    /// Whether off and on came to the same.
    pub fn agrees(&self) -> bool {
        self.off.checksum == self.on.checksum
    }

    fn verdict(&self) -> &'static str {
        if !self.agrees() {
            "WRONG"
        } else if self.ratio <= LIMIT {
            "met"
        } else {
            "over 1.02"
        }
    }
}

/// Runs the programs, off and on in turn.
///
/// # Errors
/// A program failed.
pub fn measure(host: &Host, names: &[&'static str], repeats: u32) -> Result<Vec<Row>> {
    let progress = text::progress(names.len() * repeats as usize);
    let mut rows = Vec::new();
    for &name in names {
        progress.set_message(name);
        let (mut off, mut on) = (Vec::new(), Vec::new());
        for turn in 0..repeats {
            // Whatever changes with time must not always meet the same one first.
            let mut both = [(host.off(), &mut off), (host.on(""), &mut on)];
            if turn % 2 == 1 {
                both.reverse();
            }
            for (command, runs) in both {
                runs.push(run(host, name, command).with_context(|| format!("{name}.py"))?);
            }
            progress.inc(1);
        }
        rows.push(row(name, &off, &on));
    }
    progress.finish_and_clear();
    Ok(rows)
}

fn run(host: &Host, name: &str, mut command: Command) -> Result<Run> {
    command
        .arg("-B")
        .arg(host.source("harness/ordinary.py"))
        .arg(host.source(format!("ordinary/{name}.py")))
        .arg(ROUNDS.to_string())
        // The order in sets and dicts of text is the same in all runs.
        .env("PYTHONHASHSEED", "0");
    let said = process::run(&mut command)?;
    serde_json::from_str(&said.stdout).with_context(|| format!("it printed {:?}", said.stdout))
}

fn row(name: &'static str, off: &[Run], on: &[Run]) -> Row {
    let compiled = on.iter().filter_map(|run| run.compiled).max().unwrap_or(0);
    let (off, on) = (best(off), best(on));
    Row {
        name,
        ratio: on.round_ms / off.round_ms,
        ratio_with_warm_up: on.process_ms / off.process_ms,
        off,
        on,
        compiled,
    }
}

fn best(runs: &[Run]) -> Best {
    let least = |value: fn(&Run) -> f64| runs.iter().map(value).fold(f64::INFINITY, f64::min);
    let mut checksums: Vec<_> = runs.iter().map(|run| run.checksum.clone()).collect();
    checksums.sort();
    checksums.dedup();
    Best {
        round_ms: least(|run| run.best_ns) / 1e6,
        process_ms: least(|run| run.all_ns) / 1e6,
        checksum: checksums.join(" or "),
    }
}

/// The table.
pub fn print(rows: &[Row]) {
    let headings = [
        "program",
        "off, ms",
        "on, ms",
        "on/off",
        "with warm-up",
        "loops compiled",
        "target",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.name.to_string(),
            format!("{:.2}", row.off.round_ms),
            format!("{:.2}", row.on.round_ms),
            format!("{:.3}", row.ratio),
            format!("{:.3}", row.ratio_with_warm_up),
            row.compiled.to_string(),
            row.verdict().to_string(),
        ]
    });
    println!("{}", text::table(&headings, 1, cells));
    println!(
        "\nms: process CPU time of the best round. With warm-up: {ROUNDS} rounds of a new process, its best of many.\n\
         Target: on/off at most {LIMIT}."
    );
    for row in rows.iter().filter(|row| !row.agrees()) {
        println!(
            "- {}: WRONG: {} off, {} on",
            row.name, row.off.checksum, row.on.checksum
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(best_ns: f64, checksum: &str) -> Run {
        Run {
            best_ns,
            all_ns: best_ns * 2.0,
            checksum: checksum.to_string(),
            compiled: Some(1),
        }
    }

    #[test]
    fn the_best_of_all_processes_counts_and_one_wrong_result_is_enough() {
        let off = [ran(3e6, "5"), ran(2e6, "5")];
        let good = row("calls", &off, &[ran(2.02e6, "5"), ran(4e6, "5")]);
        assert_eq!(good.verdict(), "met");
        let slow = row("calls", &off, &[ran(2.1e6, "5")]);
        assert_eq!(slow.verdict(), "over 1.02");
        let wrong = row("calls", &off, &[ran(1e6, "5"), ran(1e6, "6")]);
        assert_eq!(wrong.verdict(), "WRONG");
    }
}
