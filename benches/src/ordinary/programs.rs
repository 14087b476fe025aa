//! Ordinary programs with Hardwire off and on.

use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::Effort;
use crate::host::Host;
use crate::row::geometric_mean;
use crate::spread::Spread;
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
    "board",
    "chaos",
    "cipher",
    "coroutines",
    "digits",
    "encoder",
    "failures",
    "formulas",
    "library",
    "machine",
    "mappings",
    "numerics",
    "pipelines",
    "points",
    "queens",
    "rays",
    "records",
    "serialiser",
    "sorting",
    "templates",
    "texts",
    "unpacking",
];
/// Off over on, for each program: at least so much.
const LIMIT: f64 = 0.97;
/// Off over on, as the geometric mean: at least so much.
const MEAN_LIMIT: f64 = 1.0;

/// What one process reports.
#[derive(Debug, Clone, Deserialize)]
struct Run {
    best_ns: f64,
    all_ns: f64,
    checksum: String,
    compiled: Option<u64>,
}

/// What many processes come to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Best {
    /// The best round of each process, ms.
    pub round_ms: Spread,
    /// All rounds of a process with its warm-up, ms.
    pub process_ms: Spread,
    /// What it came to.
    pub checksum: String,
}

/// A program, off and on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// The program.
    pub name: String,
    /// With Hardwire off.
    pub off: Best,
    /// With Hardwire on.
    pub on: Best,
    /// Off over on, of the best rounds.
    pub off_over_on: f64,
    /// Off over on with the warm-up.
    pub with_warm_up: f64,
    /// How many loops were compiled.
    pub compiled: u64,
}

impl Row {
    /// Whether off and on came to the same.
    pub fn agrees(&self) -> bool {
        self.off.checksum == self.on.checksum
    }

    /// What it comes to.
    pub fn verdict(&self) -> String {
        if !self.agrees() {
            "WRONG".to_string()
        } else if self.off_over_on >= LIMIT {
            "met".to_string()
        } else {
            format!("under {LIMIT}x")
        }
    }
}

/// Runs the programs, off and on in turn.
///
/// # Errors
/// A program failed.
pub fn measure(host: &Host, names: &[&'static str], effort: Effort) -> Result<Vec<Row>> {
    let Effort { rounds, repeats } = effort;
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
                runs.push(run(host, name, rounds, command).with_context(|| format!("{name}.py"))?);
            }
            progress.inc(1);
        }
        rows.push(row(name, &off, &on).with_context(|| format!("{name}.py"))?);
    }
    progress.finish_and_clear();
    Ok(rows)
}

fn run(host: &Host, name: &str, rounds: u32, mut command: Command) -> Result<Run> {
    command
        .arg("-B")
        .arg(host.source("harness/ordinary.py"))
        .arg(host.source(format!("ordinary/{name}.py")))
        .arg(rounds.to_string())
        // The order in sets and dicts of text is the same in all runs.
        .env("PYTHONHASHSEED", "0");
    let said = process::run(&mut command)?;
    serde_json::from_str(&said.stdout).with_context(|| format!("it printed {:?}", said.stdout))
}

/// The row of what the processes reported; none, where there was no process.
fn row(name: &str, off: &[Run], on: &[Run]) -> Option<Row> {
    let compiled = on.iter().filter_map(|run| run.compiled).max().unwrap_or(0);
    let (off, on) = (best(off)?, best(on)?);
    Some(Row {
        name: name.to_string(),
        off_over_on: off.round_ms.min / on.round_ms.min,
        with_warm_up: off.process_ms.min / on.process_ms.min,
        off,
        on,
        compiled,
    })
}

fn best(runs: &[Run]) -> Option<Best> {
    let ms = |value: fn(&Run) -> f64| {
        let all: Vec<_> = runs.iter().map(|run| value(run) / 1e6).collect();
        Spread::of(&all)
    };
    let mut checksums: Vec<_> = runs.iter().map(|run| run.checksum.clone()).collect();
    checksums.sort();
    checksums.dedup();
    Some(Best {
        round_ms: ms(|run| run.best_ns)?,
        process_ms: ms(|run| run.all_ns)?,
        checksum: checksums.join(" or "),
    })
}

/// The table.
pub fn print(rows: &[Row], rounds: u32) {
    let headings = [
        "program",
        "off, ms",
        "on, ms",
        "spread",
        "off/on",
        "with warm-up",
        "loops compiled",
        "target",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.name.clone(),
            format!("{:.2}", row.off.round_ms.min),
            format!("{:.2}", row.on.round_ms.min),
            text::percent_more(row.on.round_ms.width()),
            format!("{:.3}", row.off_over_on),
            format!("{:.3}", row.with_warm_up),
            row.compiled.to_string(),
            row.verdict(),
        ]
    });
    println!("{}\n", text::table(&headings, 1, cells));
    let ratios: Vec<_> = rows.iter().map(|row| row.off_over_on).collect();
    let mean = geometric_mean(&ratios);
    let verdict = if mean >= MEAN_LIMIT { "met" } else { "missed" };
    println!(
        "ms: process CPU time of the best round. With warm-up: {rounds} rounds of a new process, its best of many.\n\
         Target: off/on at least {LIMIT:.2}, and {MEAN_LIMIT:.2} as the geometric mean, which is {mean:.3}: {verdict}."
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
    fn each_program_of_the_folder_is_measured() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ordinary");
        let mut on_disk: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
            .collect();
        let mut in_table = NAMES.to_vec();
        on_disk.sort();
        in_table.sort();
        assert_eq!(on_disk, in_table);
    }

    #[test]
    fn the_best_of_all_processes_counts_and_one_wrong_result_is_enough() {
        let off = [ran(3e6, "5"), ran(2e6, "5")];
        let good = row("calls", &off, &[ran(2.02e6, "5"), ran(4e6, "5")]).unwrap();
        assert_eq!(good.verdict(), "met");
        let slow = row("calls", &off, &[ran(2.1e6, "5")]).unwrap();
        assert_eq!(slow.verdict(), "under 0.97x");
        let wrong = row("calls", &off, &[ran(1e6, "5"), ran(1e6, "6")]).unwrap();
        assert_eq!(wrong.verdict(), "WRONG");
    }
}
