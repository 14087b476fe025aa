//! The demo: five programs as people write them, with Hardwire off and on, and their loops in C.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::host::{self, Host};
use crate::native::{Build, Kind, Module};
use crate::process::{self, Said};
use crate::text;

/// A program of the demo.
struct Script {
    name: &'static str,
    binding: &'static str,
}

const SCRIPTS: &[Script] = &[
    Script {
        name: "cffi_abi",
        binding: "cffi, ABI mode",
    },
    Script {
        name: API,
        binding: "cffi, API mode",
    },
    Script {
        name: "ctypes_clamp",
        binding: "ctypes",
    },
    Script {
        name: "outliers",
        binding: "cffi, ABI mode",
    },
    Script {
        name: "memory",
        binding: "cffi, C memory",
    },
];
/// The one that needs a compiled module.
const API: &str = "cffi_api";

/// What a program printed: its result, and the time of an iteration.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    result: String,
    ns: f64,
}

/// One line of the table.
struct Outcome {
    script: &'static Script,
    off: Run,
    on: Run,
    c: Run,
    counts: Counts,
}

impl Outcome {
    /// Whether off, on and C came to the same result.
    fn agrees(&self) -> bool {
        self.off.result == self.on.result && text::same_value(&self.off.result, &self.c.result)
    }
}

/// What the first line of the report says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    compiled: u64,
    exits: u64,
}

/// Runs the demo and prints its table; whether all results agree and every loop was compiled.
///
/// # Errors
/// Something cannot be built or run.
pub fn main(host: &Host) -> Result<bool> {
    let library = Build {
        name: "libsensor.so",
        kind: Kind::Library,
        sources: &[host.source("demo/sensor.c")],
        headers: &[host.source("demo/sensor.h")],
    }
    .ensure(host)?;
    let floor = Build {
        name: "demo-floor",
        kind: Kind::Program,
        sources: &[host.source("demo/floor.c")],
        headers: &[],
    }
    .ensure(host)?;
    let api = Module {
        name: "demo-api",
        interpreter: &|| host.off(),
        maker: "cffi's API mode",
        script: &host.source("demo/build_api.py"),
        arguments: &[],
        inputs: &[host.source("demo/sensor.c"), host.source("demo/sensor.h")],
    }
    .ensure(host);

    println!(
        "{}, scripts in {}\n",
        host.title,
        host.source("demo").display()
    );
    let progress = text::progress(SCRIPTS.len());
    let (mut outcomes, mut left_out) = (Vec::new(), Vec::new());
    for script in SCRIPTS {
        if let (API, Err(error)) = (script.name, &api) {
            left_out.push(format!("{}.py was left out: {error:#}", script.name));
            continue;
        }
        progress.set_message(format!("{}.py", script.name));
        let outcome = measure(host, script, &library, &floor, api.as_deref().ok());
        progress.inc(1);
        outcomes.push(outcome.with_context(|| format!("{}.py", script.name))?);
    }
    progress.finish_and_clear();
    print_outcomes(&outcomes);
    for line in &left_out {
        println!("{line}");
    }
    Ok(outcomes
        .iter()
        .all(|one| one.agrees() && one.counts.compiled > 0))
}

fn measure(
    host: &Host,
    script: &'static Script,
    library: &Path,
    floor: &Path,
    api: Option<&Path>,
) -> Result<Outcome> {
    let run = |mut python: Command| {
        // -B: no bytecode files in the source tree.
        python
            .arg("-B")
            .arg(host.source(format!("demo/{}.py", script.name)))
            .arg(library);
        process::run(&mut python)
    };
    // The compiled module is found as an installed one is: on the path.
    let with_path = |mut python: Command| {
        if script.name == API
            && let Some(folder) = api
        {
            host::add_to_pythonpath(&mut python, folder);
        }
        python
    };
    let off = run(with_path(host.off())).context("with Hardwire off")?;
    let on = run(with_path(host.on("report"))).context("with Hardwire on")?;
    let c = process::run(Command::new(floor).arg(script.name).arg(library)).context("in C")?;
    Ok(Outcome {
        script,
        off: read(&off)?,
        on: read(&on)?,
        c: read(&c)?,
        counts: counts(&on.stderr).unwrap_or_default(),
    })
}

fn print_outcomes(outcomes: &[Outcome]) {
    let headings = [
        "script",
        "through",
        "off, ns",
        "on, ns",
        "C, ns",
        "speed-up",
        "loops compiled",
        "exits",
        "results",
    ];
    let rows = outcomes.iter().map(|one| {
        vec![
            format!("{}.py", one.script.name),
            one.script.binding.to_string(),
            text::time(one.off.ns),
            text::time(one.on.ns),
            text::time(one.c.ns),
            text::times(one.off.ns / one.on.ns),
            one.counts.compiled.to_string(),
            one.counts.exits.to_string(),
            if one.agrees() { "agree" } else { "DIFFER" }.to_string(),
        ]
    });
    println!("{}", text::table(&headings, 2, rows));
    for one in outcomes.iter().filter(|one| !one.agrees()) {
        println!(
            "{}.py: off {}, on {}, in C {}",
            one.script.name, one.off.result, one.on.result, one.c.result
        );
    }
    println!(
        "\nns: process CPU time of one iteration, the best of many. Releasing and taking the GIL around each call, as \
         both bindings do, is most of what is left above C.\n\
         `hardwire --report SCRIPT` says what becomes of the loops of a script of yours."
    );
}

/// Reads the lines `result ...` and `ns ...`.
fn read(said: &Said) -> Result<Run> {
    let line = |name: &str| {
        said.stdout
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .with_context(|| format!("no line `{name}` in what it printed: {:?}", said.stdout))
    };
    Ok(Run {
        result: line("result")?.to_string(),
        ns: line("ns")?.parse().context("the time is no number")?,
    })
}

/// The numbers in front of `compiled` and `exits` in the report's first line.
fn counts(stderr: &str) -> Option<Counts> {
    let head = stderr
        .lines()
        .find_map(|line| line.strip_prefix("hardwire: "))?;
    let number = |noun: &str| {
        head.split(", ").find_map(|part| {
            let (count, what) = part.split_once(' ')?;
            what.starts_with(noun).then(|| count.parse().ok())?
        })
    };
    Some(Counts {
        compiled: number("compiled")?,
        exits: number("exit")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_the_report_is_read() {
        let stderr =
            "a warning\nhardwire: 2 hot loops, 1 compiled, 3015 entries, 3015 exits\n  x.py:1 f\n";
        let expected = Counts {
            compiled: 1,
            exits: 3015,
        };
        assert_eq!(counts(stderr), Some(expected));
        assert_eq!(counts("Traceback\n"), None);
    }
}
