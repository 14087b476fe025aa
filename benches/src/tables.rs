//! The tables of rows on a terminal, and what there is to say about them.

use crate::row::{Mean, Part, Row, Unit};
use crate::text::{self, figure};
use crate::verdict::Verdict;

/// What the tables show beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// Releasing and taking the GIL, ns.
    pub save_restore_ns: Option<f64>,
    /// How long a program ran with Hardwire on before it was timed, in s.
    pub warm_up: u32,
    /// Whether what Hardwire costs beside the time has a table too.
    pub details: bool,
}

/// Prints every part that has rows, and the legend.
pub fn print(rows: &[Row], shown: Shown) {
    for &part in Part::ALL {
        let of: Vec<_> = rows.iter().filter(|row| row.part == part).collect();
        if of.is_empty() {
            continue;
        }
        println!("{}\n", table(part, &of, shown));
        let means: Vec<_> = Mean::all(rows, Some(part)).iter().map(mean).collect();
        if !means.is_empty() {
            println!("{}\n", means.join("\n"));
        }
        if shown.details {
            println!("{}\n", costs(part, &of));
        }
    }
    print_legend(rows, shown);
    let met = rows
        .iter()
        .filter(|row| row.verdict == Verdict::Met)
        .count();
    println!("{met} of {} rows meet their target.", rows.len());
    for line in rows.iter().flat_map(Row::remarks) {
        println!("- {line}");
    }
}

/// A mean in words.
pub fn mean(mean: &Mean) -> String {
    let (binding, what) = match mean.part {
        None => (mean.binding.title(), "rows against C"),
        Some(part @ (Part::Programs | Part::Alone)) => (part.title_of(mean.binding), "programs"),
        Some(part) => (part.title_of(mean.binding), "shapes"),
    };
    format!(
        "{binding}, {} {what}: geometric mean {} C off, {} C on",
        mean.rows,
        text::times(mean.off_over_c),
        text::times(mean.on_over_c),
    )
}

fn table(part: Part, rows: &[&Row], shown: Shown) -> String {
    let of_unit = |what: &str| format!("{what}, {}", part.unit().name());
    let c = [of_unit("C"), of_unit("off"), of_unit("on")];
    let headings: Vec<&str> = match part {
        Part::Alone => vec![part.title(), &c[1], &c[2], "spread", "off/on", "target", ""],
        Part::Programs => vec![
            part.title(),
            "through",
            &c[0],
            "base, ms",
            &c[1],
            &c[2],
            "spread",
            "off/C",
            "on/C",
            "off/on",
            "target",
            "",
        ],
        _ => vec![
            part.title(),
            "through",
            &c[0],
            &c[1],
            &c[2],
            "spread",
            "off/C",
            "on/C",
            "off/on",
            "target",
        ],
    };
    let mut cells: Vec<_> = rows.iter().map(|row| cells(row)).collect();
    if let (Part::Calls, Some(ns)) = (part, shown.save_restore_ns) {
        let mut gil = vec![String::new(); headings.len()];
        gil[..3].clone_from_slice(&[
            "SaveThread + RestoreThread".to_string(),
            "C".to_string(),
            text::time(ns),
        ]);
        cells.insert(0, gil);
    }
    let left = if part == Part::Alone { 1 } else { 2 };
    text::table(&headings, left, cells)
}

fn cells(row: &Row) -> Vec<String> {
    let [c, base, off, on] = [row.c, row.base, row.off, row.on]
        .map(|spread| figure(spread.map(|one| one.min), text::time));
    let spread = figure(row.on.map(|on| on.width()), text::percent_more);
    let [off_over_c, on_over_c, off_over_on] =
        [row.off_over_c, row.on_over_c, row.off_over_on].map(|ratio| figure(ratio, text::times));
    let title = row.title.clone();
    let through = row.through().to_string();
    let verdict = row.verdict.text().to_string();
    let target = row.target.clone();
    match row.part {
        Part::Alone => vec![title, off, on, spread, off_over_on, target, verdict],
        Part::Programs => vec![
            title,
            through,
            c,
            base,
            off,
            on,
            spread,
            off_over_c,
            on_over_c,
            off_over_on,
            target,
            verdict,
        ],
        _ => vec![
            title,
            through,
            c,
            off,
            on,
            spread,
            off_over_c,
            on_over_c,
            off_over_on,
            verdict,
        ],
    }
}

/// What Hardwire costs beside the time of an iteration.
fn costs(part: Part, rows: &[&Row]) -> String {
    let headings = [
        part.title(),
        "through",
        "warm-up, ms",
        "compiling, ms",
        "code, KiB",
        "memory, KiB",
    ];
    let of = |row: &&Row| {
        let cost = row.cost?;
        Some(vec![
            row.title.clone(),
            row.through().to_string(),
            figure(cost.warm_up_ms, text::time),
            text::time(cost.compile_ms),
            text::time(cost.code_bytes as f64 / 1024.0),
            format!("{:+}", cost.memory_growth_kib),
        ])
    };
    text::table(&headings, 2, rows.iter().filter_map(of))
}

fn print_legend(rows: &[Row], shown: Shown) {
    let has = |unit: Unit| rows.iter().any(|row| row.unit == unit);
    if has(Unit::Ns) {
        println!(
            "ns: process CPU time of one iteration, the best of many; C calls the same library through volatile \
             pointers.\nTargets: calls: at most 1.5x C; what a loop does beside the call: at most 2x C's; memory: 1.2x to \
             3x C.\nCalls: at least 2x over off, 4x with two or more arguments (libraries of \
             the system: 2x)."
        );
    }
    if has(Unit::Ms) {
        println!(
            "ms: process CPU time of the whole program, the best of many; on: behind {}. Base: the same calls in a plainer \
             program, with Hardwire on.",
            match shown.warm_up {
                0 => "two runs".to_string(),
                seconds => format!("{seconds} s of warm-up"),
            }
        );
    }
    println!("Spread: how far the upper quartile of on lies above its best time.");
    if shown.details {
        println!(
            "Warm-up: process CPU time of the work until it ran at 90% of its final speed. Code: machine code of the loops. \
             Memory: how much the process grew while they ran."
        );
    }
}
