//! What an interpreter's start costs: without Hardwire, with it installed and off, and with it on.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{process, text};

/// Its name on the command line.
pub const NAME: &str = "startup";
/// Starts for each repeat: they are short.
const STARTS: u32 = 5;
/// On: at most so many ms more.
const ON_LIMIT: f64 = 15.0;
/// Off: nothing but what it takes Python's `site` to read one line of a `.pth` file, ms.
const OFF_LIMIT: f64 = 1.0;

/// Two environments of one interpreter, alike but for Hardwire.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The interpreter of the one without.
    pub plain: PathBuf,
    /// The interpreter of the one in which Hardwire is installed.
    pub installed: PathBuf,
}

/// The best process CPU time of `python -c pass`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Without Hardwire, ms.
    pub plain_ms: f64,
    /// Installed and off, ms.
    pub off_ms: f64,
    /// `-X hardwire`, ms.
    pub on_ms: f64,
}

/// Starts the interpreters in turn.
///
/// # Errors
/// One does not start.
pub fn measure(pair: &Pair, repeats: u32) -> Result<Times> {
    let turns = repeats * STARTS;
    let progress = text::progress(turns as usize);
    progress.set_message("start-up");
    let mut best = [f64::INFINITY; 3];
    for _ in 0..turns {
        let starts = [
            (&pair.plain, None),
            (&pair.installed, None),
            (&pair.installed, Some("hardwire")),
        ];
        for (best, (python, flag)) in best.iter_mut().zip(starts) {
            let mut command = Command::new(python);
            if let Some(flag) = flag {
                command.args(["-X", flag]);
            }
            *best = best.min(cpu_time(command.args(["-c", "pass"]))?);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let [plain_ms, off_ms, on_ms] = best;
    Ok(Times {
        plain_ms,
        off_ms,
        on_ms,
    })
}

/// The CPU time of a command, in ms.
fn cpu_time(command: &mut Command) -> Result<f64> {
    command
        .env_remove("HARDWIRE")
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONDONTWRITEBYTECODE");
    let (_, ms) = process::timed(command)?;
    Ok(ms)
}

impl Times {
    /// The table.
    pub fn print(&self) {
        let row = |what: &str, ms: f64, limit: Option<f64>| {
            let more = ms - self.plain_ms;
            let verdict = match limit {
                None => String::new(),
                Some(limit) if more <= limit => "met".to_string(),
                Some(limit) => format!("over {limit} ms"),
            };
            vec![
                what.to_string(),
                format!("{ms:.1}"),
                limit.map_or(String::new(), |_| format!("{more:+.1}")),
                verdict,
            ]
        };
        let headings = ["start-up of `python -c pass`", "ms", "more", "target"];
        let rows = [
            row("without Hardwire", self.plain_ms, None),
            row("installed, off", self.off_ms, Some(OFF_LIMIT)),
            row("installed, -X hardwire", self.on_ms, Some(ON_LIMIT)),
        ];
        println!("\n{}", text::table(&headings, 1, rows));
        println!(
            "\nms: process CPU time, the best of many. Targets: nothing when off but the reading of a .pth file (under \
             {OFF_LIMIT} ms), at most {ON_LIMIT} ms when on."
        );
    }
}
