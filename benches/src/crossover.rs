//! How many calls a program has to make until Hardwire is ahead: whole processes, from the interpreter's start to its end, with
//! more and more calls; Hardwire's warm-up counts, and so do the imports.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::binding::Binding;
use crate::host::{self, Host};
use crate::micro;
use crate::micro::bench::{Bench, folder};
use crate::micro::shapes::{Shape, shape};
use crate::peers::{self, Peer};
use crate::process;
use crate::text::{self, Grid};

/// The shapes that are measured where none is named.
const USUAL: &[&str] = &["int2", "mixed6"];
/// The bindings, likewise.
const USUAL_BINDINGS: &[Binding] = &[Binding::CffiAbi, Binding::Cdll];

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// So many calls, from the fewest to the most.
    pub sizes: &'static [u32],
    /// How many processes for each; the best one counts.
    pub repeats: u32,
}

impl Effort {
    /// What figures are published with.
    pub const FULL: Effort = Effort {
        sizes: &[1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000],
        repeats: 7,
    };
    /// For a first look.
    pub const QUICK: Effort = Effort {
        sizes: &[1_000, 10_000, 100_000, 300_000],
        repeats: 3,
    };
}

/// What was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Results {
    /// So many calls were made.
    pub sizes: Vec<u32>,
    /// How many processes for each.
    pub repeats: u32,
    /// Shapes through bindings.
    pub rows: Vec<Row>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// A shape through a binding with Hardwire on, against others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// The shape's name.
    pub shape: String,
    /// What the table calls it.
    pub title: String,
    /// The binding.
    pub binding: Binding,
    /// The process CPU time for each number of calls, ms.
    pub hardwire_ms: Vec<f64>,
    /// The others.
    pub others: Vec<Other>,
}

/// What a row is held against.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Other {
    /// What it is.
    pub name: String,
    /// The process CPU time for each number of calls, ms.
    pub ms: Vec<f64>,
    /// From where on Hardwire is ahead.
    pub crossover: Crossover,
    /// Results that differ from Hardwire's, if any.
    pub wrong: Option<String>,
}

/// From how many calls on Hardwire takes less time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Crossover {
    /// From the fewest that were measured.
    Always,
    /// From somewhere between two numbers that were measured.
    At {
        /// Where the lines between the two cross.
        calls: f64,
        /// Here it is behind.
        above: u32,
        /// Here it is ahead, and stays so.
        below: u32,
    },
    /// Not up to the most.
    Never,
}

impl Crossover {
    /// Of times for growing numbers of calls.
    fn of(sizes: &[u32], hardwire: &[f64], other: &[f64]) -> Crossover {
        let behind: Vec<_> = hardwire
            .iter()
            .zip(other)
            .map(|(on, other)| on - other)
            .collect();
        let Some(last) = behind.iter().rposition(|&behind| behind >= 0.0) else {
            return Crossover::Always;
        };
        let (Some(&below), Some(&ahead)) = (sizes.get(last + 1), behind.get(last + 1)) else {
            return Crossover::Never;
        };
        let above = sizes[last];
        let part = behind[last] / (behind[last] - ahead);
        Crossover::At {
            calls: f64::from(above) + part * f64::from(below - above),
            above,
            below,
        }
    }

    fn text(&self, sizes: &[u32]) -> String {
        let first = sizes.first().copied().unwrap_or_default();
        let last = sizes.last().copied().unwrap_or_default();
        match self {
            Crossover::Always => format!("at most {}", thousands(first)),
            Crossover::At {
                calls,
                above,
                below,
            } => format!(
                "{} ({} to {})",
                thousands(two_digits(*calls)),
                thousands(*above),
                thousands(*below)
            ),
            Crossover::Never => format!("more than {}", thousands(last)),
        }
    }
}

/// Measures the shapes and bindings of these names, or the usual ones.
///
/// # Errors
/// Something in C cannot be built, or a program failed.
pub fn measure(host: &Host, effort: Effort, names: &[String]) -> Result<Results> {
    let (shapes, bindings) = chosen(names);
    let cells: Vec<_> = shapes
        .iter()
        .map(|shape| (*shape, [bindings.as_slice(), &[Binding::CffiApi]].concat()))
        .collect();
    let bench = Bench::prepare(host, micro::Effort::QUICK, &cells)?;
    let mut race = Race {
        host,
        bench: &bench,
        effort,
        left_out: Vec::new(),
    };
    let pypy = Peer::Pypy.version(host);
    let cython = Peer::Cython
        .version(host)
        .and_then(|_| peers::compiled(host, Peer::Cython));
    race.note(pypy.as_ref().err());
    race.note(cython.as_ref().err());
    let mut rows = Vec::new();
    for shape in shapes {
        race.note(bench.shape_left_out(shape).as_ref());
        if bench.shape_left_out(shape).is_some() {
            continue;
        }
        race.note(bench.binding_left_out(shape, Binding::CffiApi).as_ref());
        for &binding in &bindings {
            if let Some(why) = bench.binding_left_out(shape, binding) {
                race.note(Some(&why));
                continue;
            }
            let others = others(&bench, shape, binding, pypy.is_ok(), cython.as_deref().ok());
            rows.push(race.row(shape, binding, &others)?);
        }
    }
    Ok(Results {
        sizes: effort.sizes.to_vec(),
        repeats: effort.repeats,
        rows,
        left_out: race.left_out,
    })
}

/// What a shape through a binding is held against.
fn others(
    bench: &Bench,
    shape: Shape,
    binding: Binding,
    has_pypy: bool,
    cython: Option<&Path>,
) -> Vec<Runner> {
    let mut others = vec![Runner::python("plain Python", binding)];
    let is_api = binding == Binding::CffiApi;
    if has_pypy && !is_api {
        others.push(Runner {
            start: Start::Pypy,
            ..Runner::python("PyPy", binding)
        });
    }
    if bench.api(shape).is_some() && !is_api {
        others.push(Runner::python("C extension (cffi API)", Binding::CffiApi));
    }
    if let Some(module) = cython
        && peers::is_plain(shape)
    {
        others.push(Runner {
            name: "C extension (Cython)",
            start: Start::Chosen,
            binding: "extension",
            file: "with_cffi.py",
            module: Some(module.to_path_buf()),
        });
    }
    others
}

/// The shapes and bindings of these names, or the usual ones.
fn chosen(names: &[String]) -> (Vec<Shape>, Vec<Binding>) {
    let named: Vec<_> = names.iter().filter_map(|name| shape(name)).collect();
    let usual = || USUAL.iter().filter_map(|name| shape(name)).collect();
    let is_named = |binding: &&Binding| names.iter().any(|name| name == binding.name());
    let bindings: Vec<_> = Binding::ALL.iter().filter(is_named).copied().collect();
    (
        if named.is_empty() { usual() } else { named },
        if bindings.is_empty() {
            USUAL_BINDINGS.to_vec()
        } else {
            bindings
        },
    )
}

/// How a process is started.
#[derive(Debug, Clone, Copy)]
enum Start {
    /// The interpreter with Hardwire.
    On,
    /// The interpreter alone.
    Off,
    /// PyPy.
    Pypy,
    /// The interpreter that packages are installed for.
    Chosen,
}

/// What runs the loop.
#[derive(Debug, Clone)]
struct Runner {
    name: &'static str,
    start: Start,
    /// As in `bindings.py`.
    binding: &'static str,
    /// The file of the shape's folder.
    file: &'static str,
    /// The folder of a compiled module.
    module: Option<PathBuf>,
}

impl Runner {
    fn python(name: &'static str, binding: Binding) -> Runner {
        Runner {
            name,
            start: Start::Off,
            binding: binding.name(),
            file: binding.file(),
            module: None,
        }
    }
}

struct Race<'a> {
    host: &'a Host,
    bench: &'a Bench<'a>,
    effort: Effort,
    left_out: Vec<String>,
}

/// The best time of each number of calls, and the results.
struct Runs {
    ms: Vec<f64>,
    results: Vec<String>,
}

impl Race<'_> {
    /// Notes what could not be measured, once.
    fn note(&mut self, why: Option<&String>) {
        if let Some(why) = why
            && !self.left_out.contains(why)
        {
            self.left_out.push(why.clone());
        }
    }

    fn row(&self, shape: Shape, binding: Binding, others: &[Runner]) -> Result<Row> {
        let hardwire = Runner {
            start: Start::On,
            ..Runner::python("Hardwire", binding)
        };
        let all: Vec<_> = [&hardwire].into_iter().chain(others).collect();
        let sizes = self.effort.sizes;
        let progress = text::progress(sizes.len() * self.effort.repeats as usize);
        progress.set_message(format!("{} through {}", shape.title, binding.title()));
        let none = || Runs {
            ms: vec![f64::INFINITY; sizes.len()],
            results: vec![String::new(); sizes.len()],
        };
        let mut runs: Vec<_> = all.iter().map(|_| none()).collect();
        for (index, &size) in sizes.iter().enumerate() {
            for _ in 0..self.effort.repeats {
                // In turn: the machine's speed changes.
                for (runner, runs) in all.iter().zip(&mut runs) {
                    let (result, ms) = self
                        .run(shape, runner, size)
                        .with_context(|| format!("{}, {}", shape.title, runner.name))?;
                    runs.ms[index] = runs.ms[index].min(ms);
                    runs.results[index] = result;
                }
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        let mut runs = runs.into_iter();
        let own = runs.next().unwrap_or_else(none);
        let against = |(runner, runs): (&Runner, Runs)| Other {
            name: runner.name.to_string(),
            crossover: Crossover::of(sizes, &own.ms, &runs.ms),
            wrong: (runs.results != own.results)
                .then(|| format!("{:?}, {:?} with Hardwire", runs.results, own.results)),
            ms: runs.ms,
        };
        Ok(Row {
            shape: shape.name.to_string(),
            title: shape.title.to_string(),
            binding,
            others: others.iter().zip(runs).map(against).collect(),
            hardwire_ms: own.ms,
        })
    }

    fn run(&self, shape: Shape, runner: &Runner, size: u32) -> Result<(String, f64)> {
        let mut command: Command = match runner.start {
            Start::On => self.host.on(""),
            Start::Off => self.host.off(),
            Start::Pypy => Peer::Pypy.command(self.host),
            Start::Chosen => Peer::Cython.command(self.host),
        };
        if let Some(module) = &runner.module {
            host::add_to_pythonpath(&mut command, module);
        }
        if runner.binding == Binding::CffiApi.name()
            && let Some(folder) = self.bench.api(shape)
        {
            host::add_to_pythonpath(&mut command, folder);
        }
        command
            .arg("-B")
            .arg(self.host.source("harness/once.py"))
            .arg(runner.binding)
            .arg(self.bench.library(shape))
            .arg(folder(self.host, shape).join(runner.file))
            .arg(size.to_string());
        let (said, ms) = process::timed(&mut command)?;
        Ok((said.stdout.trim().to_string(), ms))
    }
}

impl Results {
    /// The table.
    pub fn grid(&self) -> Grid {
        let first = self.sizes.first().copied().unwrap_or_default();
        let last = self.sizes.last().copied().unwrap_or_default();
        let headings = vec![
            "whole process".to_string(),
            "through".to_string(),
            "Hardwire is ahead of".to_string(),
            "from so many calls".to_string(),
            format!("{} calls, ms", thousands(first)),
            "Hardwire".to_string(),
            format!("{} calls, ms", thousands(last)),
            "Hardwire".to_string(),
        ];
        let mut rows = Vec::new();
        for row in &self.rows {
            let ends = |ms: &[f64]| {
                let of = |ms: Option<&f64>| text::figure(ms.copied(), text::time);
                [of(ms.first()), of(ms.last())]
            };
            let [own_first, own_last] = ends(&row.hardwire_ms);
            for other in &row.others {
                let [first, last] = ends(&other.ms);
                rows.push(vec![
                    row.title.clone(),
                    row.binding.title().to_string(),
                    other.name.clone(),
                    match &other.wrong {
                        Some(_) => "WRONG".to_string(),
                        None => other.crossover.text(&self.sizes),
                    },
                    first,
                    own_first.clone(),
                    last,
                    own_last.clone(),
                ]);
            }
        }
        Grid {
            headings,
            left: 3,
            rows,
        }
    }

    /// What there is to say beside the table.
    pub fn remarks(&self) -> Vec<String> {
        let rows = self.rows.iter().flat_map(|row| {
            let wrong = |other: &Other| {
                let what = other.wrong.as_ref()?;
                let through = row.binding.title();
                Some(format!(
                    "{} through {through}, {}: WRONG: {what}",
                    row.title, other.name
                ))
            };
            row.others.iter().filter_map(wrong).collect::<Vec<_>>()
        });
        rows.chain(self.left_out.iter().cloned()).collect()
    }

    /// Whether all results are right.
    pub fn is_right(&self) -> bool {
        let mut others = self.rows.iter().flat_map(|row| &row.others);
        others.all(|other| other.wrong.is_none())
    }
}

/// To two digits: more are not known.
fn two_digits(calls: f64) -> u32 {
    let unit = 10_f64.powf(calls.log10().floor() - 1.0).max(1.0);
    ((calls / unit).round() * unit) as u32
}

/// `1 000 000`
fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: &[u32] = &[1_000, 10_000, 100_000];

    #[test]
    fn the_crossover_lies_where_the_lines_cross() {
        // 5 ms more to start; 1 us a call less.
        let crossing = Crossover::of(SIZES, &[35.0, 35.0, 35.0], &[31.0, 40.0, 130.0]);
        let Crossover::At {
            calls,
            above: 1_000,
            below: 10_000,
        } = crossing
        else {
            panic!("{crossing:?}");
        };
        assert!((calls - 5_000.0).abs() < 1e-6, "{calls}");
        assert_eq!(crossing.text(SIZES), "5 000 (1 000 to 10 000)");
    }

    #[test]
    fn only_where_it_stays_ahead_it_is_ahead() {
        let at = Crossover::of(SIZES, &[30.0, 41.0, 50.0], &[31.0, 40.0, 130.0]);
        assert!(matches!(at, Crossover::At { above: 10_000, .. }), "{at:?}");
        let always = Crossover::of(SIZES, &[1.0, 1.0, 1.0], &[2.0, 2.0, 2.0]);
        assert_eq!(always.text(SIZES), "at most 1 000");
        let never = Crossover::of(SIZES, &[3.0, 3.0, 3.0], &[2.0, 2.0, 2.0]);
        assert_eq!(never.text(SIZES), "more than 100 000");
    }

    #[test]
    fn numbers_are_read_in_threes() {
        let all = [7, 1_000, 12_345, 1_000_000].map(thousands);
        assert_eq!(all, ["7", "1 000", "12 345", "1 000 000"]);
        assert_eq!(
            [123_456.0, 4_321.0, 1_049.0].map(two_digits),
            [120_000, 4_300, 1_000]
        );
    }
}
