//! Comparing a run with a stored one. Times of two runs say little: the machine may have been slower. What is compared is
//! the ratio to what was measured beside it in the same run: C, or the same work with Hardwire off.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::binding::Binding;
use crate::row::{self, Part, Row};
use crate::run::{FORMAT, Run, VERSION};
use crate::spread::Spread;
use crate::{ordinary, text};

/// A ratio that changes by less is no change, however little its repeats differ: where code happens to lie in memory
/// makes as much.
const FLOOR: f64 = 0.25;

/// Reads a stored run.
///
/// # Errors
/// The file cannot be read, or is no run of this version of the format.
pub fn read(path: &Path) -> Result<Run> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
        version: Option<u32>,
    }
    let again = "measure it again with `hardwire bench --json FILE`";
    let shown = path.display();
    let text =
        fs::read_to_string(path).with_context(|| format!("--baseline: cannot read {shown}"))?;
    let head: Head = serde_json::from_str(&text).with_context(|| {
        format!("--baseline: {shown} is no JSON object that `hardwire bench` wrote; {again}")
    })?;
    match (head.format.as_deref(), head.version) {
        (Some(FORMAT), Some(VERSION)) => {}
        (Some(FORMAT), Some(version)) => bail!(
            "--baseline: {shown} has version {version} of the format, and this `hardwire` reads version {VERSION}; {again}"
        ),
        _ => bail!(
            "--baseline: {shown} has no `format` that says \"{FORMAT}\", or no `version`: it is something else, or was written \
             by a `hardwire` before these were; {again}"
        ),
    }
    serde_json::from_str(&text).with_context(|| format!("--baseline: {shown} is damaged; {again}"))
}

/// A row that two runs may have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The table it stands in; none for ordinary programs.
    pub part: Option<Part>,
    /// The name that `--only` takes.
    pub name: String,
    /// The binding, where it has one.
    pub binding: Option<Binding>,
}

/// A ratio of two times of one run: the less, the better.
#[derive(Debug, Clone)]
struct Ratio {
    key: Key,
    place: String,
    value: f64,
    /// How uncertain it is, as a part of it.
    noise: f64,
}

/// How a ratio differs from the stored one.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The row.
    pub key: Key,
    /// The row, in words.
    pub place: String,
    /// What it was.
    pub before: f64,
    /// What it is.
    pub now: f64,
    /// By which factor it may differ from what it was.
    pub beyond: f64,
}

impl Change {
    /// The new ratio over the old one: above 1, it became slower.
    pub fn factor(&self) -> f64 {
        self.now / self.before
    }

    /// Whether it became slower by more than noise.
    pub fn is_slower(&self) -> bool {
        self.factor() > self.beyond
    }

    /// Whether it became faster by more than noise.
    pub fn is_faster(&self) -> bool {
        self.factor() < 1.0 / self.beyond
    }

    fn line(&self) -> String {
        format!(
            "{}: {} -> {}, {} of what it was (noise: {})",
            self.place,
            text::ratio(self.before),
            text::ratio(self.now),
            text::ratio(self.factor()),
            text::ratio(self.beyond),
        )
    }
}

/// What comparing two runs comes to.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What both have.
    pub changes: Vec<Change>,
    /// Rows of this run that the stored one does not have, or that have no time there.
    pub new: Vec<String>,
    /// Rows that have no time any more.
    pub lost: Vec<String>,
    /// When the stored run was measured.
    pub date: String,
    /// What else differs between the runs.
    pub differences: Vec<String>,
}

/// The ratio of a row to what was measured beside it, where it has one.
pub fn ratio_of(row: &Row) -> Option<f64> {
    Some(row.on?.min / row.c.or(row.off)?.min)
}

/// Compares a run with a stored one.
pub fn compare(before: &Run, now: &Run) -> Comparison {
    let (old, new) = (ratios(before), ratios(now));
    let in_old = |key: &Key| old.iter().find(|ratio| ratio.key == *key);
    let lost = rows_without_time(now)
        .into_iter()
        .filter(|(key, _)| in_old(key).is_some());
    Comparison {
        changes: new
            .iter()
            .filter_map(|now| Some(change(in_old(&now.key)?, now)))
            .collect(),
        new: new
            .iter()
            .filter(|ratio| in_old(&ratio.key).is_none())
            .map(|ratio| ratio.place.clone())
            .collect(),
        lost: lost.map(|(_, place)| place).collect(),
        date: before.about.date.clone(),
        differences: differences(before, now),
    }
}

impl Comparison {
    /// What became slower by more than noise.
    pub fn slower(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_slower())
    }

    /// What became faster by more than noise.
    pub fn faster(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_faster())
    }

    /// Whether nothing became slower, and nothing stopped working.
    pub fn is_good(&self) -> bool {
        self.lost.is_empty() && self.slower().next().is_none()
    }

    /// In words, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("against the run of {}:", self.date)];
        let notes = self.differences.iter();
        lines.extend(notes.map(|note| format!("- not alike: {note}")));
        let (slower, faster): (Vec<_>, Vec<_>) = (self.slower().collect(), self.faster().collect());
        lines.extend(slower.iter().map(|one| format!("- SLOWER: {}", one.line())));
        let lost = self.lost.iter();
        lines.extend(lost.map(|place| format!("- LOST: {place} has no right result any more")));
        lines.extend(faster.iter().map(|one| format!("- faster: {}", one.line())));
        if !self.new.is_empty() {
            lines.push(format!("- not in that run: {}", self.new.join("; ")));
        }
        let factors: Vec<_> = self.changes.iter().map(Change::factor).collect();
        lines.push(if factors.is_empty() {
            "the two runs have no row in common".to_string()
        } else {
            format!(
                "{} of {} rows slower, {} faster; as a geometric mean, {} of what it was",
                slower.len(),
                factors.len(),
                faster.len(),
                text::ratio(row::geometric_mean(&factors)),
            )
        });
        lines
    }
}

fn change(before: &Ratio, now: &Ratio) -> Change {
    Change {
        key: now.key.clone(),
        place: now.place.clone(),
        before: before.value,
        now: now.value,
        beyond: 1.0 + FLOOR + before.noise + now.noise,
    }
}

fn ratios(run: &Run) -> Vec<Ratio> {
    let rows = run.rows.iter().filter(|row| row.verdict.is_right());
    let of_row = |row: &Row| {
        let on = row.on?;
        let beside = row.c.or(row.off)?;
        Some(ratio(key(row), row.place(), on, beside))
    };
    let ordinary = run.ordinary.iter().flat_map(|all| &all.programs);
    let of_ordinary = |row: &ordinary::Row| {
        let (on, off) = (row.on.round_ms, row.off.round_ms);
        ratio(ordinary_key(row), row.name.clone(), on, off)
    };
    let right = ordinary.filter(|row| row.agrees());
    rows.filter_map(of_row)
        .chain(right.map(of_ordinary))
        .collect()
}

fn ratio(key: Key, place: String, on: Spread, beside: Spread) -> Ratio {
    Ratio {
        key,
        place,
        value: on.min / beside.min,
        noise: on.noise() + beside.noise(),
    }
}

fn key(row: &Row) -> Key {
    Key {
        part: Some(row.part),
        name: row.name.clone(),
        binding: Some(row.binding),
    }
}

fn ordinary_key(row: &ordinary::Row) -> Key {
    Key {
        part: None,
        name: row.name.clone(),
        binding: None,
    }
}

fn rows_without_time(run: &Run) -> Vec<(Key, String)> {
    let rows = run.rows.iter().filter(|row| !row.verdict.is_right());
    let ordinary = run.ordinary.iter().flat_map(|all| &all.programs);
    let wrong = ordinary.filter(|row| !row.agrees());
    rows.map(|row| (key(row), row.place()))
        .chain(wrong.map(|row| (ordinary_key(row), row.name.clone())))
        .collect()
}

/// What makes the ratios of two runs less comparable.
fn differences(before: &Run, now: &Run) -> Vec<String> {
    let (old, new) = (&before.about, &now.about);
    let machine = |run: &Run| {
        let machine = &run.about.machine;
        format!("{}, {} cores", machine.processor, machine.cores)
    };
    let work = |run: &Run| {
        let quick = run.about.effort.quick;
        if quick { "quick" } else { "full" }.to_string()
    };
    [
        ("the machine", machine(before), machine(now)),
        (
            "the interpreter",
            old.interpreter.clone(),
            new.interpreter.clone(),
        ),
        ("how much is measured", work(before), work(now)),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(what, old, new)| format!("{what}: {old}, now {new}"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::About;
    use crate::row::{Times, Work};
    use crate::verdict::Verdict;

    fn run(rows: Vec<Row>) -> Run {
        Run {
            rows,
            ..Run::new(About::for_tests(), 0)
        }
    }

    fn row(name: &'static str, c: Option<&[f64]>, off: f64, on: &[f64]) -> Row {
        let work = Work {
            part: Part::Calls,
            name,
            title: name,
            binding: Binding::CffiAbi,
            target: String::new(),
        };
        let times = Times {
            c: c.and_then(Spread::of),
            off: Spread::of(&[off]),
            on: Spread::of(on),
            base: None,
        };
        Row::of(work, times, Verdict::Met)
    }

    fn only_change(before: Row, now: Row) -> Change {
        let comparison = compare(&run(vec![before]), &run(vec![now]));
        assert_eq!(comparison.changes.len(), 1);
        comparison.changes[0].clone()
    }

    #[test]
    fn a_machine_that_is_half_as_fast_is_no_regression() {
        let before = row("int2", Some(&[2.0]), 300.0, &[2.2]);
        let now = row("int2", Some(&[4.0]), 600.0, &[4.4]);
        let change = only_change(before, now);
        assert!(!change.is_slower() && !change.is_faster(), "{change:?}");
    }

    #[test]
    fn what_is_beyond_the_floor_is_a_change_in_one_direction() {
        let with = |on| row("int2", Some(&[2.0]), 300.0, &[on]);
        let of = |before, now| {
            let change = only_change(with(before), with(now));
            (change.is_slower(), change.is_faster())
        };
        assert_eq!(of(2.0, 2.4), (false, false));
        assert_eq!(of(2.0, 2.6), (true, false));
        assert_eq!(of(2.6, 2.0), (false, true));
    }

    #[test]
    fn repeats_that_differ_make_a_change_less_certain() {
        let sure = row("int2", Some(&[2.0]), 300.0, &[2.0, 2.0, 2.0, 2.0]);
        let slow = row("int2", Some(&[2.0]), 300.0, &[3.0, 3.0, 3.0, 3.0]);
        let unsure = row("int2", Some(&[2.0]), 300.0, &[3.0, 4.5, 4.5, 4.5]);
        assert!(only_change(sure.clone(), slow).is_slower());
        assert!(!only_change(sure, unsure).is_slower());
    }

    #[test]
    fn without_c_the_ratio_is_that_to_hardwire_off() {
        let change = only_change(
            row("sieve", None, 100.0, &[10.0]),
            row("sieve", None, 100.0, &[50.0]),
        );
        assert_eq!((change.before, change.now), (0.1, 0.5));
        assert!(change.is_slower());
    }

    #[test]
    fn what_is_wrong_now_is_lost_and_what_is_new_is_no_regression() {
        let right = row("int2", Some(&[2.0]), 300.0, &[2.0]);
        let mut wrong = right.clone();
        wrong.verdict = Verdict::Wrong("5 off, 6 on".to_string());
        let comparison = compare(&run(vec![right.clone()]), &run(vec![wrong.clone()]));
        assert!(!comparison.is_good());
        assert!(
            comparison
                .lines()
                .join("\n")
                .contains("LOST: int2 through cffi ABI")
        );
        let comparison = compare(&run(vec![wrong]), &run(vec![right]));
        assert!(comparison.is_good());
        assert_eq!(comparison.new, ["int2 through cffi ABI"]);
    }

    #[test]
    fn what_makes_runs_less_comparable_is_said() {
        let before = run(Vec::new());
        let mut now = before.clone();
        now.about.machine.cores = 8;
        let lines = compare(&before, &now).lines().join("\n");
        assert!(
            lines.contains("the machine: a processor, 2 cores, now"),
            "{lines}"
        );
        assert!(lines.contains("no row in common"), "{lines}");
    }

    #[test]
    fn a_file_that_is_no_run_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stored.json");
        let error = |text: &str| {
            fs::write(&path, text).unwrap();
            format!("{:#}", read(&path).unwrap_err())
        };
        for (text, part) in [
            ("{\"format\": ", "line 1 column"),
            ("[]", "no JSON object"),
            ("{\"rows\": []}", "no `format`"),
            (
                "{\"format\": \"hardwire bench\", \"version\": 99}",
                "version 99",
            ),
            (
                "{\"format\": \"hardwire bench\", \"version\": 1}",
                "missing field `about`",
            ),
        ] {
            let error = error(text);
            for part in [part, "stored.json", "measure it again"] {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
        let stored = run(vec![row("int2", Some(&[2.0]), 300.0, &[2.0])]);
        fs::write(&path, serde_json::to_string(&stored).unwrap()).unwrap();
        assert!(compare(&read(&path).unwrap(), &stored).is_good());
    }
}
