//! Traces in text: run, optimised, compiled. Neither Python nor a program is needed.

use super::native::{self, Names};
use super::paint::{BAD, FAINT, GOOD, HEADING, NOTE, paint, print};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use jit::{Request, Target, Types};
use similar::TextDiff;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use traces::eval::{World, runs, scene};
use traces::parse::{ParseError, parse_places};
use traces::{Op, Reason, SnapId, Stage, Trace, verify};

/// `hardwire trace run`
#[derive(Args, Debug)]
#[command(after_help = "\
A scene says what a run starts with, line by line: `slot 0 = int 5`, `obj it = range_iterator 10 1 1000`,
`memory 4096 = 0 17 255`, `function f = int 1, int 2`, `helper call = raises`, `attention 3` (after so many calls a
check leaves). Without one, the runs are those that the file describes in comments (`;; run: TITLE`, the lines of the
scene, `;; gives`, the report); where a report is another one than it says, both are shown, and the command fails.")]
pub struct Run {
    #[command(flatten)]
    from: From,
    /// A line of the scene; may be given more than once.
    #[arg(long = "set", value_name = "LINE")]
    set: Vec<String>,
    /// A file with the scene.
    #[arg(long, value_name = "FILE")]
    scene: Option<PathBuf>,
    /// How many turns of the loop are made at most.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    turns: u64,
    /// Run what the optimiser makes of it.
    #[arg(long)]
    optimised: bool,
    #[command(flatten)]
    passes: Passes,
}

/// `hardwire trace opt`
#[derive(Args, Debug)]
pub struct Opt {
    #[command(flatten)]
    from: From,
    /// Print the trace behind each pass.
    #[arg(long)]
    passes: bool,
    #[command(flatten)]
    options: Passes,
}

/// `hardwire trace asm`
#[derive(Args, Debug)]
pub struct Asm {
    #[command(flatten)]
    from: From,
    /// Print Cranelift's IR instead.
    #[arg(long)]
    clif: bool,
    /// Compile the trace as it stands. Without this, one that has no `label` is optimised first.
    #[arg(long)]
    as_is: bool,
    #[command(flatten)]
    passes: Passes,
}

/// The traces that are meant.
#[derive(Args, Debug)]
struct From {
    /// A file with traces in text; `-`: standard input.
    #[arg(value_name = "FILE.trace")]
    file: PathBuf,
    /// Only this one of several: its number, from 1, or a part of its name.
    #[arg(long, value_name = "TRACE")]
    only: Option<String>,
}

/// What the optimiser is told.
#[derive(Args, Debug)]
struct Passes {
    /// Variables may change their types from one iteration to the next.
    #[arg(long)]
    mixed: bool,
    /// The preamble has the branch of this snapshot too (`s3`); may be given more than once.
    #[arg(long = "restart", value_name = "SNAPSHOT", value_parser = snapshot)]
    restarts: Vec<SnapId>,
}

fn snapshot(text: &str) -> Result<SnapId, String> {
    let number = text.trim_start_matches('s').parse();
    number
        .map(SnapId)
        .map_err(|_| "snapshots are called s0, s1, ...".to_string())
}

impl Passes {
    fn types(&self) -> Types {
        match self.mixed {
            true => Types::Mixed,
            false => Types::Settled,
        }
    }

    /// Whether what is asked for is there.
    fn check(&self, trace: &Trace) -> Result<()> {
        let branches = trace.branches();
        let unknown = self
            .restarts
            .iter()
            .find(|snap| !branches.contains_key(snap));
        if let Some(SnapId(n)) = unknown {
            bail!("the trace {:?} has no branch of s{n}", trace.name);
        }
        Ok(())
    }

    fn optimised(&self, trace: &Trace, seen: impl FnMut(&'static str, &Trace)) -> Result<Trace> {
        self.check(trace)?;
        check(trace, Stage::Naive)?;
        let restarts: HashSet<SnapId> = self.restarts.iter().copied().collect();
        jit::passes(trace, self.types(), &restarts, seen).map_err(|abort| {
            let hint = match abort.reason == Reason::TypeUnstable && !self.mixed {
                true => "; `--mixed` allows that",
                false => "",
            };
            anyhow!("the trace {:?} is refused: {abort}{hint}", trace.name)
        })
    }
}

/// What is made of a trace that breaks the rules of the IR means nothing.
fn check(trace: &Trace, stage: Stage) -> Result<()> {
    verify(trace, stage).map_err(|error| anyhow!("the trace {:?} is none: {error}", trace.name))
}

/// A file, and what it is called.
struct File {
    name: String,
    text: String,
}

/// A trace of a file.
struct Found<'a> {
    trace: Trace,
    /// What the file calls it: its name and line.
    title: String,
    /// The text from its end to the next one.
    behind: &'a str,
}

impl File {
    fn read(path: &Path) -> Result<File> {
        let mut text = String::new();
        let (name, read) = match path.to_str() {
            Some("-") => {
                let read = std::io::stdin().read_to_string(&mut text).map(drop);
                ("standard input".to_string(), read)
            }
            _ => {
                let read = fs::read_to_string(path).map(|read| text = read);
                (path.display().to_string(), read)
            }
        };
        read.with_context(|| format!("cannot read {name}"))?;
        Ok(File { name, text })
    }

    fn traces(&self, only: Option<&str>) -> Result<Vec<Found<'_>>> {
        let places = parse_places(&self.text).map_err(|error| self.wrong(&error))?;
        if places.is_empty() {
            bail!("{} holds no trace", self.name);
        }
        let starts = places.iter().skip(1).map(|(_, at)| at.start);
        let ends: Vec<usize> = starts.chain([self.text.len()]).collect();
        let mut all = Vec::new();
        for ((trace, at), end) in places.into_iter().zip(ends) {
            let before = self.text.get(..at.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            all.push(Found {
                title: format!("trace {:?}, {}:{line}", trace.name, self.name),
                trace,
                behind: self.text.get(at.end..end).unwrap_or_default(),
            });
        }
        match only {
            None => Ok(all),
            Some(only) => chosen(all, only),
        }
    }

    /// What is wrong, with the line.
    fn wrong(&self, error: &ParseError) -> anyhow::Error {
        let line = self.text.lines().nth(error.line.saturating_sub(1));
        let line = line.unwrap_or_default();
        let before: String = line.chars().take(error.column.saturating_sub(1)).collect();
        let space = before.replace(|c: char| c != '\t', " ");
        anyhow!(
            "{}:{}:{}: expected {}, found {}\n  {line}\n  {space}^",
            self.name,
            error.line,
            error.column,
            error.expected,
            error.found
        )
    }
}

fn chosen<'a>(all: Vec<Found<'a>>, only: &str) -> Result<Vec<Found<'a>>> {
    let titles: Vec<String> = all.iter().map(|found| found.title.clone()).collect();
    let number = only.parse::<usize>().ok();
    let meant = |(n, found): &(usize, Found<'_>)| match number {
        Some(number) => n + 1 == number,
        None => found.trace.name.contains(only),
    };
    let found = all.into_iter().enumerate().filter(meant);
    let found: Vec<_> = found.map(|(_, found)| found).collect();
    if found.is_empty() {
        bail!(
            "no trace is meant by `{only}`; there is:\n  {}",
            titles.join("\n  ")
        );
    }
    Ok(found)
}

/// Runs traces; whether each gave what the file says.
///
/// # Errors
/// The file or the scene cannot be read, or the optimiser refuses a trace.
pub fn run(asked: &Run) -> Result<bool> {
    let file = File::read(&asked.from.file)?;
    let scene = given_scene(asked)?;
    let mut fine = true;
    for found in file.traces(asked.from.only.as_deref())? {
        let trace = match asked.optimised {
            true => asked.passes.optimised(&found.trace, |_, _| {})?,
            false => found.trace,
        };
        print(&format!("{}\n", paint(HEADING, &found.title)))?;
        let (_, described) = runs::split(found.behind);
        match &scene {
            Some(scene) => fine &= run_one(&trace, asked, scene, None)?,
            None if described.is_empty() => fine &= run_one(&trace, asked, "", None)?,
            None => {
                for run in described {
                    print(&format!("\nrun:{}\n", run.title))?;
                    let scene = runs::uncomment(run.world);
                    let gives = run.gives.filter(|_| !asked.optimised);
                    let gives = gives.map(runs::uncomment);
                    fine &= run_one(&trace, asked, &scene, gives.as_deref())?;
                }
            }
        }
    }
    Ok(fine)
}

fn given_scene(asked: &Run) -> Result<Option<String>> {
    let mut scene = match &asked.scene {
        Some(path) => Some(File::read(path)?.text),
        None => None,
    };
    for line in &asked.set {
        let scene = scene.get_or_insert_default();
        scene.push('\n');
        scene.push_str(line);
    }
    Ok(scene.map(|text| {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with(";;"));
        runs::uncomment(&lines.collect::<Vec<_>>().join("\n"))
    }))
}

/// Runs a trace once; whether it gave what was expected.
fn run_one(trace: &Trace, asked: &Run, scene: &str, gives: Option<&str>) -> Result<bool> {
    let mut world = World::with_library();
    scene::fill(&mut world, scene).map_err(|why| anyhow!("the scene: {why}"))?;
    let (outcome, report) = match runs::report(trace, &mut world, asked.turns) {
        Ok(done) => done,
        Err(fault) => {
            let hint = match scene.is_empty() {
                true => "; a scene says what it starts with: --set 'slot 0 = int 5'",
                false => "",
            };
            print(&format!("  {}{hint}\n", paint(BAD, fault)))?;
            return Ok(false);
        }
    };
    let mut out = String::new();
    for line in report.lines() {
        let _ = writeln!(out, "  {line}");
    }
    let inst = trace.insts.get(outcome.at);
    let inst = inst.map_or(String::new(), |inst| trace.inst_text(inst));
    let turns = match outcome.iterations {
        1 => "1 turn".to_string(),
        n => format!("{n} turns"),
    };
    let how = match outcome.exit {
        Some(_) => format!(
            "left by instruction {}, `{inst}`, after {turns}",
            outcome.at
        ),
        None => format!("stopped after {turns}: --turns N allows more"),
    };
    let _ = writeln!(out, "  {}", paint(FAINT, how));
    // Comments behind the last line are no part of it.
    let said = gives.map(str::trim_end);
    let as_said = said.is_none_or(|said| said == report.trim_end());
    if let Some(said) = said {
        match as_said {
            true => {
                let _ = writeln!(out, "  {}", paint(GOOD, "as the file says"));
            }
            false => {
                let _ = writeln!(out, "  {}", paint(BAD, "the file says something else:"));
                out += &difference(said, report.trim_end());
            }
        }
    }
    print(&out)?;
    Ok(as_said)
}

/// The lines of one text (`-`) and of another (`+`).
fn difference(old: &str, new: &str) -> String {
    let mut out = String::new();
    for change in TextDiff::from_lines(old, new).iter_all_changes() {
        let line = change.value().trim_end();
        let _ = match change.tag() {
            similar::ChangeTag::Equal => writeln!(out, "    {line}"),
            similar::ChangeTag::Delete => writeln!(out, "  {}", paint(BAD, format!("- {line}"))),
            similar::ChangeTag::Insert => writeln!(out, "  {}", paint(GOOD, format!("+ {line}"))),
        };
    }
    out
}

/// Optimises traces and prints them.
///
/// # Errors
/// The file cannot be read, or a trace is refused.
pub fn opt(asked: &Opt) -> Result<bool> {
    let file = File::read(&asked.from.file)?;
    let mut fine = true;
    for found in file.traces(asked.from.only.as_deref())? {
        asked.options.check(&found.trace)?;
        let mut out = String::new();
        if asked.passes {
            // Comments of the text format.
            let _ = writeln!(out, "{}", paint(NOTE, ";; as recorded"));
            let _ = writeln!(out, "{}", found.trace);
        }
        let optimised = asked.options.optimised(&found.trace, |pass, trace| {
            if asked.passes {
                let _ = writeln!(out, "{}", paint(NOTE, format!(";; behind {pass}")));
                let _ = writeln!(out, "{trace}");
            }
        });
        match optimised {
            Ok(trace) if !asked.passes => out += &trace.to_string(),
            Ok(_) => {}
            Err(error) => {
                fine = false;
                let _ = writeln!(out, "{}", paint(BAD, format!(";; {error}")));
            }
        }
        print(&out)?;
    }
    Ok(fine)
}

/// Compiles traces and prints their machine code.
///
/// # Errors
/// The file cannot be read, or a trace is refused.
pub fn asm(asked: &Asm) -> Result<bool> {
    let file = File::read(&asked.from.file)?;
    let target = Target::made_up();
    for found in file.traces(asked.from.only.as_deref())? {
        let is_naive = found.trace.insts.iter().all(|inst| inst.op != Op::Label);
        let mut trace = match is_naive && !asked.as_is {
            true => asked.passes.optimised(&found.trace, |_, _| {})?,
            false => {
                let stage = match is_naive {
                    true => Stage::Naive,
                    false => Stage::Optimised,
                };
                check(&found.trace, stage)?;
                found.trace
            }
        };
        target.make_up_addresses(&mut trace);
        let request = Request {
            asm: asked.clif,
            marks: true,
            ..Request::default()
        };
        let compiled = jit::compile(&trace, &target, &request);
        let compiled =
            compiled.map_err(|abort| anyhow!("the trace {:?} is refused: {abort}", trace.name))?;
        let mut out = format!("{}\n", paint(HEADING, format!("; {}", found.title)));
        if asked.clif {
            out += compiled.clif.as_deref().unwrap_or_default();
            out.push('\n');
        } else {
            let mut names = Names::of(&trace, &target);
            for (n, site) in compiled.sites.iter().enumerate() {
                let address = std::ptr::from_ref(&**site) as u64;
                names.add(address, format!("record {n} of a call without the GIL"));
            }
            let address = compiled.entry as *const () as u64;
            let parts = native::parts(compiled.bytes(), address, &compiled.marks, &names)?;
            out += &listing(&trace, &parts);
        }
        print(&out)?;
    }
    Ok(true)
}

/// Machine code as it lies in memory, each part under its instruction.
fn listing(trace: &Trace, parts: &[native::Part]) -> String {
    let mut out = String::new();
    for part in parts {
        let inst = part
            .inst
            .and_then(|n| Some((n, trace.insts.get(n as usize)?)));
        let heading = match inst {
            Some((n, inst)) => format!("{n:3}  {}", trace.inst_text(inst)),
            None => "  -".to_string(),
        };
        let _ = writeln!(out, "{}", paint(NOTE, heading));
        for line in &part.lines {
            let note = match line.note.as_str() {
                "" => String::new(),
                note => format!("  {}", paint(FAINT, format!("; {note}"))),
            };
            let _ = writeln!(out, "      {:4x}  {}{note}", line.at, line.text);
        }
    }
    out
}
