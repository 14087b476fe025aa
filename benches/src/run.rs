//! `hardwire bench`: measures what was asked for, prints the tables, and keeps the run.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::about::{About, Effort};
use crate::baseline::Comparison;
use crate::binding::Binding;
use crate::host::Host;
use crate::peers::{self, Peer};
use crate::row::{Mean, Part, Row};
use crate::tables::{self, Shown};
use crate::{baseline, crossover, micro, ordinary, page, plot, programs, text};

/// What the field `format` of a stored run says.
pub const FORMAT: &str = "hardwire bench";
/// The version of what is stored. It changes where a reader of an older one would misread it.
pub const VERSION: u32 = 1;

/// How often what looks slower than in a stored run is measured again.
const AGAIN: u32 = 2;

/// Makes the environments in which the interpreter's start is measured, where it is.
pub type MakePair<'a> = &'a dyn Fn() -> Result<ordinary::Pair>;

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Loops around foreign calls and over C memory.
    Micro,
    /// Whole programs.
    Programs,
    /// Ordinary programs, and the interpreter's start.
    Ordinary,
    /// How many calls until Hardwire is ahead.
    Crossover,
}

impl Suite {
    /// The one that a row against C or Hardwire off is of.
    fn of(part: Part) -> Suite {
        match part {
            Part::Calls | Part::Memory | Part::Callbacks => Suite::Micro,
            Part::Programs | Part::Alone => Suite::Programs,
        }
    }

    /// What it measures, in words.
    fn things(self) -> &'static str {
        match self {
            Suite::Micro | Suite::Crossover => "shape or binding",
            Suite::Programs => "program or binding",
            Suite::Ordinary => "ordinary program",
        }
    }

    /// The names of what it measures.
    fn names(self) -> Vec<&'static str> {
        match self {
            Suite::Micro | Suite::Crossover => micro::names().collect(),
            Suite::Programs => programs::names().collect(),
            Suite::Ordinary => ordinary::names().collect(),
        }
    }

    /// Whether the names of bindings choose something in it.
    fn has_bindings(self) -> bool {
        self != Suite::Ordinary
    }

    /// Every name that `--only` may have.
    fn known(self) -> Vec<&'static str> {
        let bindings = Binding::ALL.iter().map(|binding| binding.name());
        let bindings = bindings.filter(|_| self.has_bindings());
        self.names().into_iter().chain(bindings).collect()
    }
}

/// What to measure, and where to keep it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which parts.
    pub suites: Vec<Suite>,
    /// Names of shapes, programs and bindings; empty means all.
    pub only: Vec<String>,
    /// Whether for a first look.
    pub quick: bool,
    /// How often each is timed, if not as often as usual.
    pub repeats: Option<u32>,
    /// Whether to show what Hardwire costs beside the time.
    pub details: bool,
    /// Peers that the loops are measured through as well.
    pub peers: Vec<Peer>,
    /// Where to write the run as JSON.
    pub json: Option<PathBuf>,
    /// Where to plot it.
    pub plot: Option<PathBuf>,
    /// Where to write it as a page.
    pub html: Option<PathBuf>,
    /// A stored run to compare with.
    pub baseline: Option<PathBuf>,
}

/// A whole run, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// [`FORMAT`]
    pub format: String,
    /// [`VERSION`]
    pub version: u32,
    /// When, where and how.
    pub about: About,
    /// Releasing and taking the GIL, ns.
    pub save_restore_ns: Option<f64>,
    /// For how many seconds programs ran with Hardwire on before they were timed.
    pub warm_up: u32,
    /// What is held against C or Hardwire off.
    pub rows: Vec<Row>,
    /// How many times C's time the bindings take, over all that has a counterpart in C.
    pub means: Vec<Mean>,
    /// Ordinary programs, and the start.
    pub ordinary: Option<ordinary::Results>,
    /// How many calls until Hardwire is ahead.
    pub crossover: Option<crossover::Results>,
    /// The loops through peers.
    pub peers: Option<peers::Results>,
    /// What could not be measured, and why.
    pub left_out: Vec<String>,
}

/// Measures, prints the tables and writes what was asked for; whether all results are right, and nothing slower than in
/// the stored run.
///
/// # Errors
/// A name is not known, something cannot be built, a program failed, a file cannot be written, or the stored run cannot
/// be read.
pub fn main(host: &Host, pair: MakePair, options: &Options) -> Result<bool> {
    check_names(options)?;
    check_files(options)?;
    let stored = options
        .baseline
        .as_deref()
        .map(baseline::read)
        .transpose()?;
    println!("{}\n", host.title);
    let mut run = Run::new(
        About::now(host, options.effort()),
        programs_effort(options).warm_up(),
    );
    for &suite in &options.suites {
        if let Some(names) = names_for(suite, options) {
            run.measure(host, pair, suite, options, &names)?;
        }
    }
    if !options.peers.is_empty()
        && let Some(names) = names_for(Suite::Micro, options)
    {
        let effort = micro_effort(options);
        run.peers = Some(peers::measure(host, effort, &names, &options.peers)?);
    }
    if let Some(stored) = &stored {
        run.measure_slower_again(host, pair, options, stored)?;
    }
    run.means = Mean::all(&run.rows, None);
    run.print(options);
    let comparison = stored.map(|stored| baseline::compare(&stored, &run));
    if let Some(comparison) = &comparison {
        println!("\n{}", comparison.lines().join("\n"));
    }
    run.write(options, comparison.as_ref())?;
    Ok(run.is_right() && comparison.is_none_or(|comparison| comparison.is_good()))
}

/// What would be in the way of the files in the end, before everything is measured.
fn check_files(options: &Options) -> Result<()> {
    if let Some(path) = &options.plot {
        plot::Format::of(path)?;
    }
    let files = [
        ("--json", &options.json),
        ("--html", &options.html),
        ("--plot", &options.plot),
    ];
    for (option, path) in files {
        let Some(path) = path else { continue };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            bail!(
                "{option} {}: there is no folder {}; make it first",
                path.display(),
                folder.display()
            );
        }
    }
    Ok(())
}

fn check_names(options: &Options) -> Result<()> {
    let known = |name: &str| options.suites.iter().any(|s| s.known().contains(&name));
    let Some(name) = options.only.iter().find(|name| !known(name)) else {
        return Ok(());
    };
    let things = once_each(options.suites.iter().map(|suite| suite.things()));
    let all = once_each(options.suites.iter().flat_map(|suite| suite.known()));
    bail!(
        "--only {name}: there is no such {}; known: {}",
        things.join(", "),
        all.join(", ")
    );
}

fn once_each(texts: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut each = Vec::new();
    for text in texts {
        if !each.contains(&text) {
            each.push(text);
        }
    }
    each
}

/// Those names that mean something in a part; none, where they mean other parts.
fn names_for(suite: Suite, options: &Options) -> Option<Vec<String>> {
    let is_of = |suite: Suite, name: &String| suite.names().contains(&name.as_str());
    let is_work = |name: &String| options.suites.iter().any(|&suite| is_of(suite, name));
    let known = suite.known();
    let mut own = options.only.clone();
    own.retain(|name| known.contains(&name.as_str()));
    let all = options.only.is_empty();
    let works = options.only.iter().any(is_work);
    let has_work = own.iter().any(|name| is_of(suite, name));
    (all || has_work || (!works && !own.is_empty())).then_some(own)
}

impl Options {
    fn effort(&self) -> Effort {
        Effort {
            quick: self.quick,
            repeats: self.repeats,
            only: self.only.clone(),
        }
    }
}

impl Run {
    /// A run in which nothing was measured yet.
    pub fn new(about: About, warm_up: u32) -> Run {
        Run {
            format: FORMAT.to_string(),
            version: VERSION,
            about,
            save_restore_ns: None,
            warm_up,
            rows: Vec::new(),
            means: Vec::new(),
            ordinary: None,
            crossover: None,
            peers: None,
            left_out: Vec::new(),
        }
    }

    fn measure(
        &mut self,
        host: &Host,
        pair: MakePair,
        suite: Suite,
        options: &Options,
        names: &[String],
    ) -> Result<()> {
        match suite {
            Suite::Micro => {
                let results = micro::measure(host, micro_effort(options), names)?;
                self.save_restore_ns = Some(results.save_restore_ns);
                self.rows.extend(results.rows);
                self.left_out.extend(results.left_out);
            }
            Suite::Programs => {
                let results = programs::measure(host, programs_effort(options), names)?;
                self.rows.extend(results.rows);
                self.left_out.extend(results.left_out);
            }
            Suite::Ordinary => {
                let effort = ordinary_effort(options);
                self.ordinary = Some(ordinary::measure(host, pair, effort, names)?);
            }
            Suite::Crossover => {
                let effort = if options.quick {
                    crossover::Effort::QUICK
                } else {
                    crossover::Effort::FULL
                };
                let repeats = options.repeats.unwrap_or(effort.repeats);
                let effort = crossover::Effort { repeats, ..effort };
                self.crossover = Some(crossover::measure(host, effort, names)?);
            }
        }
        Ok(())
    }

    /// Measures the rows again that look slower than in a stored run, a few times, and keeps the better ones: what is slower
    /// because of something else on the machine is not slower each time.
    fn measure_slower_again(
        &mut self,
        host: &Host,
        pair: MakePair,
        options: &Options,
        stored: &Run,
    ) -> Result<()> {
        for _ in 0..AGAIN {
            let comparison = baseline::compare(stored, self);
            for change in comparison.slower() {
                let key = &change.key;
                let binding = key.binding.map(|binding| binding.name().to_string());
                let names: Vec<_> = [key.name.clone()].into_iter().chain(binding).collect();
                let suite = key.part.map_or(Suite::Ordinary, Suite::of);
                let mut again = Run::new(self.about.clone(), self.warm_up);
                again.measure(host, pair, suite, options, &names)?;
                self.keep_better(again);
            }
        }
        Ok(())
    }

    /// Takes over those rows of another run that have a better ratio.
    fn keep_better(&mut self, other: Run) {
        for new in other.rows {
            let same = |row: &&mut Row| {
                (row.part, &row.name, row.binding) == (new.part, &new.name, new.binding)
            };
            if let Some(row) = self.rows.iter_mut().find(same)
                && new.verdict.is_right()
                && baseline::ratio_of(&new) < baseline::ratio_of(row)
            {
                *row = new;
            }
        }
        let (Some(all), Some(other)) = (&mut self.ordinary, other.ordinary) else {
            return;
        };
        for new in other.programs {
            if let Some(row) = all.programs.iter_mut().find(|row| row.name == new.name)
                && new.agrees()
                && new.off_over_on > row.off_over_on
            {
                *row = new;
            }
        }
    }

    /// The tables and what there is to say about them.
    fn print(&self, options: &Options) {
        if !self.rows.is_empty() {
            tables::print(
                &self.rows,
                Shown {
                    save_restore_ns: self.save_restore_ns,
                    warm_up: self.warm_up,
                    details: options.details,
                },
            );
        }
        for line in &self.left_out {
            println!("- {line}");
        }
        if options.suites.contains(&Suite::Micro) && options.suites.contains(&Suite::Programs) {
            println!();
            for mean in &self.means {
                println!("{}", tables::mean(mean));
            }
        }
        if let Some(peers) = &self.peers {
            println!("\n{}\n", peers.installed.join("; "));
            peers.grid(&self.rows).print();
            let lines = peers.warm_ups().into_iter().chain(peers.remarks());
            for line in lines {
                println!("- {line}");
            }
        }
        if let Some(crossover) = &self.crossover {
            if !self.rows.is_empty() {
                println!();
            }
            crossover.grid().print();
            println!(
                "ms: process CPU time of a whole process that makes so many calls, from the interpreter's start to its end, the \
                 best of {}.\nIn parentheses: between which numbers of calls it was seen to be ahead.",
                crossover.repeats
            );
            for line in crossover.remarks() {
                println!("- {line}");
            }
        }
        if let Some(ordinary) = &self.ordinary {
            if !self.rows.is_empty() {
                println!();
            }
            ordinary.print();
        }
    }

    /// Writes the files that were asked for.
    ///
    /// # Errors
    /// A file cannot be written.
    fn write(&self, options: &Options, comparison: Option<&Comparison>) -> Result<()> {
        if let Some(path) = &options.json {
            let text = serde_json::to_string_pretty(self).context("cannot be written as JSON")?;
            text::write_file(path, (text + "\n").as_bytes())?;
        }
        if let Some(path) = &options.html {
            page::write(self, comparison, path)?;
        }
        if let Some(path) = &options.plot {
            plot::write(self, path)?;
        }
        Ok(())
    }

    /// The means over the rows of one part.
    pub fn means_of(&self, part: Part) -> Vec<Mean> {
        Mean::all(&self.rows, Some(part))
    }

    /// Whether nothing is wrong: a target that is missed is no failure.
    fn is_right(&self) -> bool {
        let ordinary = self.ordinary.as_ref();
        let crossover = self.crossover.as_ref();
        self.rows.iter().all(|row| row.verdict.is_right())
            && crossover.is_none_or(crossover::Results::is_right)
            && ordinary.is_none_or(ordinary::Results::is_right)
    }
}

fn micro_effort(options: &Options) -> micro::Effort {
    let mut effort = if options.quick {
        micro::Effort::QUICK
    } else {
        micro::Effort::FULL
    };
    effort.repeats = options.repeats.unwrap_or(effort.repeats);
    effort
}

fn programs_effort(options: &Options) -> programs::Effort {
    let mut effort = if options.quick {
        programs::Effort::QUICK
    } else {
        programs::Effort::FULL
    };
    effort.repeats = options.repeats.unwrap_or(effort.repeats);
    effort
}

fn ordinary_effort(options: &Options) -> ordinary::Effort {
    let mut effort = if options.quick {
        ordinary::Effort::QUICK
    } else {
        ordinary::Effort::FULL
    };
    effort.repeats = options.repeats.unwrap_or(effort.repeats);
    effort
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(suites: &[Suite], only: &[&str]) -> Options {
        Options {
            suites: suites.to_vec(),
            only: only.iter().map(ToString::to_string).collect(),
            quick: true,
            repeats: None,
            details: false,
            peers: Vec::new(),
            json: None,
            plot: None,
            html: None,
            baseline: None,
        }
    }

    #[test]
    fn a_name_that_no_part_knows_is_answered_with_those_that_are_known() {
        for (suite, known) in [
            (Suite::Micro, "int2"),
            (Suite::Programs, "sieve"),
            (Suite::Ordinary, "startup"),
        ] {
            let error = check_names(&options(&[suite], &["oops"]))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("--only oops") && error.contains(known),
                "{error}"
            );
            assert!(check_names(&options(&[suite], &[known])).is_ok());
        }
        assert!(check_names(&options(&[Suite::Ordinary], &["cdll"])).is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_before_anything_is_measured() {
        let mut options = options(&[Suite::Micro], &[]);
        options.html = Some(PathBuf::from("/no/such/folder/run.html"));
        let error = check_files(&options).unwrap_err().to_string();
        assert!(
            error.contains("--html") && error.contains("no folder /no/such/folder"),
            "{error}"
        );
        options.html = Some(PathBuf::from("run.html"));
        assert!(check_files(&options).is_ok());
    }

    #[test]
    fn names_choose_the_parts_they_mean() {
        use Suite::{Micro, Ordinary, Programs};
        let all = [Micro, Programs, Ordinary];
        let chosen = |only: &[&str]| {
            let options = options(&all, only);
            all.map(|suite| names_for(suite, &options).map(|names| names.join(" ")))
        };
        let some = |text: &str| Some(text.to_string());
        assert_eq!(chosen(&[]), [some(""), some(""), some("")]);
        assert_eq!(chosen(&["cdll"]), [some("cdll"), some("cdll"), None]);
        assert_eq!(chosen(&["int2", "cdll"]), [some("int2 cdll"), None, None]);
        assert_eq!(chosen(&["sieve"]), [None, some("sieve"), None]);
    }
}
