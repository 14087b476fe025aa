//! A row of a table against C or with Hardwire off: what was measured and what it comes to.

use serde::{Deserialize, Serialize};

use crate::binding::Binding;
use crate::spread::Spread;
use crate::timing::Measured;
use crate::verdict::Verdict;

/// The table that a row stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Loops around a call.
    Calls,
    /// Loops over C memory.
    Memory,
    /// C calls back into Python.
    Callbacks,
    /// Whole programs that have a counterpart in C.
    Programs,
    /// Whole programs in Python alone.
    Alone,
}

impl Part {
    /// Every part, in the order they are shown.
    pub const ALL: &'static [Part] = &[
        Part::Calls,
        Part::Memory,
        Part::Callbacks,
        Part::Programs,
        Part::Alone,
    ];

    /// What heads it.
    pub fn title(self) -> &'static str {
        match self {
            Part::Calls => "calls",
            Part::Memory => "memory",
            Part::Callbacks => "callbacks",
            Part::Programs => "against C",
            Part::Alone => "Python alone",
        }
    }

    /// What its times are in: of one iteration, or of a whole program.
    pub fn unit(self) -> Unit {
        match self {
            Part::Calls | Part::Memory | Part::Callbacks => Unit::Ns,
            Part::Programs | Part::Alone => Unit::Ms,
        }
    }

    /// What its rows call a binding.
    pub fn title_of(self, binding: Binding) -> &'static str {
        match (self, binding) {
            (Part::Memory, Binding::Cdll | Binding::Pydll) => "ctypes",
            _ => binding.title(),
        }
    }
}

/// What times are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Milliseconds.
    Ms,
}

impl Unit {
    /// Behind a figure.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Ns => "ns",
            Unit::Ms => "ms",
        }
    }
}

/// What Hardwire costs beside the time of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The process CPU time of the work until it ran at 90% of its final speed, ms; none where it did not get faster.
    pub warm_up_ms: Option<f64>,
    /// Compiling the loops of the file, ms.
    pub compile_ms: f64,
    /// Their machine code.
    pub code_bytes: u64,
    /// How much the memory of the process grew while the loops ran, KiB.
    pub memory_growth_kib: i64,
}

impl Cost {
    /// Of a measurement with Hardwire on.
    pub fn of(on: &Measured) -> Option<Cost> {
        let loops = on.loops.as_deref()?;
        let compiled = loops.iter().any(|one| one.is_compiled());
        Some(Cost {
            warm_up_ms: on.warm_up_ms.filter(|_| compiled),
            // Not `sum`: that of no number is -0.
            compile_ms: loops.iter().fold(0.0, |all, one| all + one.compile_ms),
            code_bytes: loops.iter().map(|one| one.code_bytes).sum(),
            memory_growth_kib: on.memory_growth_kib,
        })
    }
}

/// Work through a binding. Times are process CPU time in `unit`, of one iteration or of a whole program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// The table it stands in.
    pub part: Part,
    /// The name of the shape or program.
    pub name: String,
    /// What the table calls it.
    pub title: String,
    /// The binding.
    pub binding: Binding,
    /// What times are in.
    pub unit: Unit,
    /// In C, where it has a counterpart there.
    pub c: Option<Spread>,
    /// A plainer program with Hardwire on, where it is held against one.
    pub base: Option<Spread>,
    /// With Hardwire off.
    pub off: Option<Spread>,
    /// With Hardwire on.
    pub on: Option<Spread>,
    /// Off over C, of the best times, as all ratios.
    pub off_over_c: Option<f64>,
    /// On over C.
    pub on_over_c: Option<f64>,
    /// Off over on.
    pub off_over_on: Option<f64>,
    /// What is aimed at.
    pub target: String,
    /// What it comes to.
    pub verdict: Verdict,
    /// The loops that are not native code, and why.
    pub interpreted: Vec<String>,
    /// What Hardwire costs beside the time.
    pub cost: Option<Cost>,
}

/// What a row is made of beside its verdict.
#[derive(Debug, Clone)]
pub struct Work {
    /// The table it stands in.
    pub part: Part,
    /// The name of the shape or program.
    pub name: &'static str,
    /// What the table calls it.
    pub title: &'static str,
    /// The binding.
    pub binding: Binding,
    /// What is aimed at.
    pub target: String,
}

/// The times of a row, in its unit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// In C.
    pub c: Option<Spread>,
    /// The plainer program.
    pub base: Option<Spread>,
    /// With Hardwire off.
    pub off: Option<Spread>,
    /// With Hardwire on.
    pub on: Option<Spread>,
}

impl Row {
    /// The row of what was measured.
    pub fn of(work: Work, times: Times, verdict: Verdict) -> Row {
        let over = |a: Option<Spread>, b: Option<Spread>| Some(a?.min / b?.min);
        Row {
            part: work.part,
            name: work.name.to_string(),
            title: work.title.to_string(),
            binding: work.binding,
            unit: work.part.unit(),
            c: times.c,
            base: times.base,
            off: times.off,
            on: times.on,
            off_over_c: over(times.off, times.c),
            on_over_c: over(times.on, times.c),
            off_over_on: over(times.off, times.on),
            target: work.target,
            verdict,
            interpreted: Vec::new(),
            cost: None,
        }
    }

    /// What its table calls the binding.
    pub fn through(&self) -> &'static str {
        self.part.title_of(self.binding)
    }

    /// The row in words: where what is said of it stands.
    pub fn place(&self) -> String {
        match self.part {
            Part::Alone => self.title.clone(),
            _ => format!("{} through {}", self.title, self.through()),
        }
    }

    /// What there is to say beside the table.
    pub fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::from_iter(self.verdict.remark());
        if matches!(self.verdict, Verdict::Missed(_)) {
            lines.extend(self.interpreted.iter().cloned());
        }
        let place = self.place();
        lines
            .iter()
            .map(|line| format!("{place}: {line}"))
            .collect()
    }
}

/// How many times C's time a binding takes, as a geometric mean over rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The part, or none for everything that has a counterpart in C.
    pub part: Option<Part>,
    /// The binding.
    pub binding: Binding,
    /// Over how many rows.
    pub rows: usize,
    /// With Hardwire off.
    pub off_over_c: f64,
    /// With Hardwire on.
    pub on_over_c: f64,
}

impl Mean {
    /// For each binding with more than one row of the part (of all parts, where it is none): over the rows that are
    /// right and have a counterpart in C.
    pub fn all(rows: &[Row], part: Option<Part>) -> Vec<Mean> {
        let of = |binding: Binding| {
            let (off, on): (Vec<_>, Vec<_>) = rows
                .iter()
                .filter(|row| part.is_none_or(|part| row.part == part))
                .filter(|row| row.binding == binding && row.verdict.is_right())
                .filter_map(|row| Some((row.off_over_c?, row.on_over_c?)))
                .unzip();
            (on.len() > 1).then(|| Mean {
                part,
                binding,
                rows: on.len(),
                off_over_c: geometric_mean(&off),
                on_over_c: geometric_mean(&on),
            })
        };
        Binding::ALL.iter().copied().filter_map(of).collect()
    }
}

/// The geometric mean of positive figures.
pub fn geometric_mean(values: &[f64]) -> f64 {
    let logarithms: f64 = values.iter().map(|value| value.ln()).sum();
    (logarithms / values.len() as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(part: Part, on: f64, verdict: Verdict) -> Row {
        let work = Work {
            part,
            name: "int2",
            title: "int(int, int)",
            binding: Binding::CffiAbi,
            target: String::new(),
        };
        let times = Times {
            c: Spread::of(&[1.0]),
            off: Spread::of(&[9.0]),
            on: Spread::of(&[on]),
            base: None,
        };
        Row::of(work, times, verdict)
    }

    #[test]
    fn a_mean_is_over_the_rows_that_are_right() {
        let rows = [
            row(Part::Calls, 2.0, Verdict::Met),
            row(Part::Calls, 8.0, Verdict::Missed(String::new())),
            row(Part::Calls, 1000.0, Verdict::Wrong(String::new())),
            row(Part::Memory, 32.0, Verdict::Met),
        ];
        let mean = |part| {
            let means = Mean::all(&rows, part);
            let of = |mean: &Mean| (mean.rows, mean.off_over_c.round(), mean.on_over_c.round());
            means.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(mean(Some(Part::Calls)), [(2, 9.0, 4.0)]);
        assert_eq!(mean(None), [(3, 9.0, 8.0)]);
        assert_eq!(mean(Some(Part::Memory)), []);
    }

    #[test]
    fn remarks_name_the_row() {
        let mut one = row(Part::Calls, 2.0, Verdict::Missed("over 1 ns".to_string()));
        assert!(one.remarks().is_empty());
        one.interpreted.push("loop, line 7: a bytecode".to_string());
        assert_eq!(
            one.remarks(),
            ["int(int, int) through cffi ABI: loop, line 7: a bytecode"]
        );
    }
}
