//! A run as a page: one file that needs nothing else.

use std::path::Path;

use anyhow::{Context, Result};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use crate::baseline::Comparison;
use crate::row::{Part, Row};
use crate::run::Run;
use crate::spread::Spread;
use crate::text::{self, figure};
use crate::verdict::Verdict;
use crate::{plot, tables};

/// A bar ends here: whatever takes longer, in times C's, is as long.
const LONGEST: f64 = 1000.0;
/// A bar begins here.
const SHORTEST: f64 = 0.3;

/// A table.
#[derive(Debug, Serialize)]
struct Table {
    title: &'static str,
    unit: &'static str,
    against_c: bool,
    has_base: bool,
    means: Vec<String>,
    rows: Vec<Line>,
}

/// A row of it: texts, and the lengths of its bars in hundredths.
#[derive(Debug, Serialize)]
struct Line {
    title: String,
    through: &'static str,
    c: String,
    base: String,
    off: String,
    on: String,
    spreads: String,
    off_over_c: String,
    on_over_c: String,
    off_over_on: String,
    off_bar: Option<f64>,
    on_bar: Option<f64>,
    target: String,
    verdict: String,
    is_met: bool,
    is_right: bool,
    warm_up: String,
    compiling: String,
    code: String,
    memory: String,
}

/// Writes a run as a page.
///
/// # Errors
/// The file cannot be written.
pub fn write(run: &Run, comparison: Option<&Comparison>, path: &Path) -> Result<()> {
    let page = render(run, comparison).context("--html: the page cannot be made")?;
    text::write_file(path, page.as_bytes())
}

fn render(run: &Run, comparison: Option<&Comparison>) -> Result<String> {
    let mut environment = Environment::new();
    environment.add_template("run.html", include_str!("../page/run.html"))?;
    let page = environment.get_template("run.html")?;
    let parts = Part::ALL.iter().copied();
    let tables: Vec<_> = parts.filter_map(|part| table(run, part)).collect();
    let met = run.rows.iter().filter(|row| row.verdict == Verdict::Met);
    let remarks: Vec<_> = run.rows.iter().flat_map(Row::remarks).collect();
    let means: Vec<_> = run.means.iter().map(tables::mean).collect();
    Ok(page.render(context! {
        about => Value::from(Serde(&run.about)),
        amount => amount(run),
        save_restore => run.save_restore_ns.map(text::time),
        tables => Value::from(Serde(&tables)),
        means => means,
        met => met.count(),
        rows => run.rows.len(),
        remarks => remarks,
        left_out => run.left_out.clone(),
        ordinary => Value::from(Serde(&run.ordinary)),
        crossover => Value::from(Serde(&run.crossover.as_ref().map(|one| one.grid()))),
        crossover_lines => run.crossover.as_ref().map(|one| one.remarks()),
        peers => run.peers.as_ref().map(|peers| peers.installed.join("; ")),
        peers_grid => Value::from(Serde(&run.peers.as_ref().map(|peers| peers.grid(&run.rows)))),
        peers_lines => run.peers.as_ref().map(|peers| [peers.warm_ups(), peers.remarks()].concat()),
        comparison => comparison.map(Comparison::lines),
        plot => plot::for_page(run)?.map(Value::from_safe_string),
    })?)
}

fn amount(run: &Run) -> String {
    let effort = &run.about.effort;
    let mut words = vec![
        if effort.quick {
            "a quick run"
        } else {
            "a full run"
        }
        .to_string(),
    ];
    words.extend(effort.repeats.map(|repeats| format!("{repeats} repeats")));
    if !effort.only.is_empty() {
        words.push(format!("only {}", effort.only.join(", ")));
    }
    words.join("; ")
}

fn table(run: &Run, part: Part) -> Option<Table> {
    let rows: Vec<_> = run.rows.iter().filter(|row| row.part == part).collect();
    let means = run.means_of(part);
    (!rows.is_empty()).then(|| Table {
        title: part.title(),
        unit: part.unit().name(),
        against_c: rows.iter().any(|row| row.c.is_some()),
        has_base: rows.iter().any(|row| row.base.is_some()),
        means: means.iter().map(tables::mean).collect(),
        rows: rows.into_iter().map(line).collect(),
    })
}

fn line(row: &Row) -> Line {
    let [c, base, off, on] = [row.c, row.base, row.off, row.on]
        .map(|spread| figure(spread.map(|one| one.min), text::time));
    let cost = row.cost;
    Line {
        title: row.title.clone(),
        through: row.through(),
        c,
        base,
        off,
        on,
        spreads: spreads(row),
        off_over_c: figure(row.off_over_c, text::times),
        on_over_c: figure(row.on_over_c, text::times),
        off_over_on: figure(row.off_over_on, text::times),
        off_bar: row.off_over_c.map(bar),
        on_bar: row.on_over_c.map(bar),
        target: row.target.clone(),
        verdict: row.verdict.text().to_string(),
        is_met: row.verdict == Verdict::Met,
        is_right: row.verdict.is_right(),
        warm_up: figure(cost.and_then(|cost| cost.warm_up_ms), text::time),
        compiling: figure(cost.map(|cost| cost.compile_ms), text::time),
        code: figure(cost.map(|cost| cost.code_bytes as f64 / 1024.0), text::time),
        memory: cost.map_or("-".to_string(), |cost| {
            format!("{:+}", cost.memory_growth_kib)
        }),
    }
}

/// The quartiles, for whoever points at a row.
fn spreads(row: &Row) -> String {
    let words = |(name, spread): (&str, Option<Spread>)| {
        let spread = spread?;
        let figures = [spread.min, spread.q1, spread.median, spread.q3, spread.max];
        Some(format!("{name} {}", figures.map(text::time).join(" | ")))
    };
    let times = [
        ("C", row.c),
        ("base", row.base),
        ("off", row.off),
        ("on", row.on),
    ];
    let all: Vec<_> = times.into_iter().filter_map(words).collect();
    format!(
        "least | quartile | median | quartile | greatest: {}",
        all.join("; ")
    )
}

/// How long a bar is, in hundredths: on a logarithmic scale.
fn bar(ratio: f64) -> f64 {
    let part = (ratio.clamp(SHORTEST, LONGEST) / SHORTEST).ln() / (LONGEST / SHORTEST).ln();
    (part * 1000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::About;
    use crate::binding::Binding;
    use crate::row::{Times, Work};

    #[test]
    fn bars_are_as_long_as_the_logarithm() {
        assert_eq!((bar(0.01), bar(1e9)), (0.0, 100.0));
        assert!(bar(1.0) < bar(1.5) && bar(1.5) < bar(100.0));
    }

    #[test]
    fn a_page_has_the_rows_and_needs_no_other_file() {
        let work = Work {
            part: Part::Calls,
            name: "int2",
            title: "int(int, <int>)",
            binding: Binding::CffiAbi,
            target: "3 ns".to_string(),
        };
        let times = Times {
            c: Spread::of(&[2.0]),
            off: Spread::of(&[300.0]),
            on: Spread::of(&[2.5]),
            base: None,
        };
        let verdict = Verdict::Wrong("5 off, 6 on".to_string());
        let mut run = Run::new(About::for_tests(), 0);
        run.rows.push(Row::of(work, times, verdict));
        let page = render(&run, None).unwrap();
        for part in [
            "int(int, &lt;int&gt;)",
            "WRONG",
            "5 off, 6 on",
            "prefers-color-scheme",
            &run.about.date,
            &run.about.machine.processor,
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        for part in ["<link", "<script", " src="] {
            assert!(!page.contains(part), "{part}: {page}");
        }
    }
}
