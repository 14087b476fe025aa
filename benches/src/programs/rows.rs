//! The rows of the table: what was measured, and the verdict.

use anyhow::Result;
use serde::Serialize;

use super::table::{Aim, Program};
use crate::binding::Binding;
use crate::text;
use crate::timing::Measured;
use crate::verdict::{Verdict, agreed};

/// A program through a binding.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The program's name.
    pub program: &'static str,
    #[serde(skip)]
    title: &'static str,
    /// The binding.
    pub binding: Binding,
    /// In C, ms.
    pub c_ms: Option<f64>,
    /// The plainer program with Hardwire on, ms.
    pub base_ms: Option<f64>,
    /// With Hardwire off, ms.
    pub off_ms: Option<f64>,
    /// With Hardwire on, ms.
    pub on_ms: Option<f64>,
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
}

/// What a row is made of.
#[derive(Debug)]
pub struct Parts {
    /// The program in C, where it has a counterpart there.
    pub c: Option<Measured>,
    /// The plainer program, with Hardwire on, where there is one.
    pub base: Option<Result<Measured>>,
    /// With Hardwire off.
    pub off: Result<Measured>,
    /// With Hardwire on.
    pub on: Result<Measured>,
}

impl Row {
    /// The row of what was measured, each with this much work.
    pub fn of(program: Program, binding: Binding, size: u32, parts: Parts) -> Row {
        let ms = |measured: &Measured| measured.ns * f64::from(size) / 1e6;
        let of = |measured: &Result<Measured>| measured.as_ref().ok().map(ms);
        let (off_ms, on_ms) = (of(&parts.off), of(&parts.on));
        let c_ms = parts.c.as_ref().map(ms);
        let base_ms = parts.base.as_ref().and_then(of);
        let interpreted = parts.on.as_ref().map(interpreted).unwrap_or_default();
        let times = Times {
            c: c_ms,
            base: base_ms,
        };
        Row {
            program: program.name,
            title: program.title,
            binding,
            c_ms,
            base_ms,
            off_ms,
            on_ms,
            on_over_c: c_ms.zip(on_ms).map(|(c, on)| on / c),
            off_over_on: off_ms.zip(on_ms).map(|(off, on)| off / on),
            target: program.aim.text(),
            verdict: verdict(program.aim, parts, times, ms),
            interpreted,
        }
    }

    /// Whether it is Python alone, and stands in a table of its own.
    pub fn is_pure(&self) -> bool {
        self.binding == Binding::Pure
    }

    /// What heads a table.
    pub fn headings(pure: bool) -> Vec<&'static str> {
        let against_c: &[_] = &[
            "against C",
            "through",
            "C, ms",
            "base, ms",
            "off, ms",
            "on, ms",
            "on/C",
            "off/on",
            "target",
            "",
        ];
        let alone: &[_] = &["Python alone", "off, ms", "on, ms", "off/on", "target", ""];
        if pure { alone } else { against_c }.to_vec()
    }

    /// What stands in its table.
    pub fn cells(&self) -> Vec<String> {
        let figure =
            |value: Option<f64>, show: fn(f64) -> String| value.map_or("-".to_string(), show);
        let mut cells = vec![self.title.to_string()];
        let [off, on] = [self.off_ms, self.on_ms].map(|ms| figure(ms, text::time));
        if self.is_pure() {
            cells.extend([off, on]);
        } else {
            cells.extend([
                self.binding.title().to_string(),
                figure(self.c_ms, text::time),
                figure(self.base_ms, text::time),
                off,
                on,
                figure(self.on_over_c, text::times),
            ]);
        }
        cells.extend([
            figure(self.off_over_on, text::times),
            self.target.clone(),
            self.verdict.text().to_string(),
        ]);
        cells
    }

    /// What there is to say beside the table.
    pub fn remarks(&self) -> Vec<String> {
        let place = if self.is_pure() {
            self.title.to_string()
        } else {
            format!("{} through {}", self.title, self.binding.title())
        };
        let mut lines = Vec::from_iter(self.verdict.remark());
        if matches!(self.verdict, Verdict::Missed(_)) {
            lines.extend(self.interpreted.iter().cloned());
        }
        lines
            .iter()
            .map(|line| format!("{place}: {line}"))
            .collect()
    }
}

/// What a program's time is held against, ms.
struct Times {
    c: Option<f64>,
    base: Option<f64>,
}

fn verdict(aim: Aim, parts: Parts, times: Times, ms: impl Fn(&Measured) -> f64) -> Verdict {
    let (off, on) = match agreed(parts.c.as_ref(), parts.off, parts.on) {
        Ok(both) => both,
        Err(verdict) => return verdict,
    };
    match parts.base {
        Some(Err(error)) => return Verdict::Failed(format!("the plainer program: {error:#}")),
        Some(Ok(base)) if base.checksum != on.checksum => {
            return Verdict::Wrong(format!(
                "{}, {} in the plainer program",
                on.checksum, base.checksum
            ));
        }
        _ => {}
    }
    let limit = match aim {
        Aim::OfC(tenths) => {
            let c = times.c.unwrap_or(f64::INFINITY);
            f64::from(tenths) / 10.0 * c
        }
        Aim::OfBase { tenths, .. } => {
            f64::from(tenths) / 10.0 * times.base.unwrap_or(f64::INFINITY)
        }
        Aim::Faster(wanted) => ms(&off) / f64::from(wanted),
    };
    if ms(&on) > limit {
        Verdict::Missed(format!("over {} ms", text::time(limit)))
    } else {
        Verdict::Met
    }
}

fn interpreted(on: &Measured) -> Vec<String> {
    let all = on.loops.iter().flatten();
    all.filter(|one| !one.is_compiled())
        .map(|one| format!("{}, line {}: {}", one.function, one.line, one.why()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::table::PROGRAMS;
    use crate::timing::LoopState;

    fn measured(ns: f64, checksum: &str) -> Measured {
        Measured {
            ns,
            checksum: checksum.to_string(),
            loops: Some(vec![LoopState {
                function: "loop".to_string(),
                line: 7,
                state: "left alone".to_string(),
                reason: "a bytecode".to_string(),
            }]),
        }
    }

    fn row(name: &str, binding: Binding, c: Option<f64>, base: Option<f64>, on: f64) -> Row {
        let program = PROGRAMS.iter().copied().find(|p| p.name == name).unwrap();
        let parts = Parts {
            c: c.map(|ns| measured(ns, "5")),
            base: base.map(|ns| Ok(measured(ns, "5"))),
            off: Ok(measured(1e5, "5")),
            on: Ok(measured(on, "5")),
        };
        Row::of(program, binding, 1_000, parts)
    }

    #[test]
    fn the_ratio_is_that_of_the_times() {
        let row = row("branch", Binding::CffiAbi, Some(1e3), None, 1.4e3);
        assert_eq!((row.c_ms, row.on_over_c), (Some(1.0), Some(1.4)));
        assert_eq!(row.verdict, Verdict::Met);
    }

    #[test]
    fn each_aim_has_its_limit() {
        let over_base = row("handle", Binding::Cdll, Some(1.0), Some(1e3), 1.3e3);
        assert_eq!(
            over_base.verdict,
            Verdict::Missed("over 1.20 ms".to_string())
        );
        let faster = row("sieve", Binding::Pure, None, None, 1e4);
        assert_eq!(faster.verdict, Verdict::Met);
        assert!(faster.remarks().is_empty());
        let slow = row("sieve", Binding::Pure, None, None, 5e4);
        assert_eq!(slow.verdict, Verdict::Missed("over 20.0 ms".to_string()));
        assert_eq!(slow.remarks(), ["prime sieve: loop, line 7: a bytecode"]);
    }
}
