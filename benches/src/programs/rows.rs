//! The rows of the table: what was measured, and the verdict.

use anyhow::Result;

use super::table::{Aim, Program};
use crate::binding::Binding;
use crate::row::{Cost, Part, Row, Times, Work};
use crate::spread::Spread;
use crate::text;
use crate::timing::Measured;
use crate::verdict::{Verdict, agreed};

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

/// The row of what was measured, each with this much work.
pub fn row(program: Program, binding: Binding, size: u32, parts: Parts) -> Row {
    let ms = |measured: &Measured| measured.ns.scaled(f64::from(size) / 1e6);
    let of = |measured: &Result<Measured>| measured.as_ref().ok().map(ms);
    let times = Times {
        c: parts.c.as_ref().map(ms),
        base: parts.base.as_ref().and_then(of),
        off: of(&parts.off),
        on: of(&parts.on),
    };
    let work = Work {
        part: if program.is_pure() {
            Part::Alone
        } else {
            Part::Programs
        },
        name: program.name,
        title: program.title,
        binding,
        target: program.aim.text(),
    };
    let interpreted = parts.on.as_ref().map(interpreted).unwrap_or_default();
    let cost = parts.on.as_ref().ok().and_then(Cost::of);
    Row {
        interpreted,
        cost,
        ..Row::of(work, times, verdict(program.aim, parts, times))
    }
}

fn verdict(aim: Aim, parts: Parts, times: Times) -> Verdict {
    let (_, on) = match agreed(parts.c.as_ref(), parts.off, parts.on) {
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
    let least = |spread: Option<Spread>| spread.map_or(f64::INFINITY, |one| one.min);
    let limit = match aim {
        Aim::OfC(tenths) => f64::from(tenths) / 10.0 * least(times.c),
        Aim::OfBase { tenths, .. } => f64::from(tenths) / 10.0 * least(times.base),
        Aim::Faster(wanted) => least(times.off) / f64::from(wanted),
    };
    if least(times.on) > limit {
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
            loops: Some(vec![LoopState {
                function: "loop".to_string(),
                line: 7,
                state: "left alone".to_string(),
                reason: "a bytecode".to_string(),
                compile_ms: 0.0,
                code_bytes: 0,
            }]),
            ..Measured::new(vec![ns], checksum.to_string()).unwrap()
        }
    }

    fn row_of(name: &str, binding: Binding, c: Option<f64>, base: Option<f64>, on: f64) -> Row {
        let program = PROGRAMS.iter().copied().find(|p| p.name == name).unwrap();
        let parts = Parts {
            c: c.map(|ns| measured(ns, "5")),
            base: base.map(|ns| Ok(measured(ns, "5"))),
            off: Ok(measured(1e5, "5")),
            on: Ok(measured(on, "5")),
        };
        row(program, binding, 1_000, parts)
    }

    #[test]
    fn the_ratio_is_that_of_the_times() {
        let row = row_of("branch", Binding::CffiAbi, Some(1e3), None, 1.25e3);
        assert_eq!(
            (row.c.map(|c| c.min), row.on_over_c),
            (Some(1.0), Some(1.25))
        );
        assert_eq!(row.verdict, Verdict::Met);
    }

    #[test]
    fn each_aim_has_its_limit() {
        let over_base = row_of("handle", Binding::Cdll, Some(1.0), Some(1e3), 1.3e3);
        assert_eq!(
            over_base.verdict,
            Verdict::Missed("over 1.20 ms".to_string())
        );
        let faster = row_of("sieve", Binding::Pure, None, None, 1e4);
        assert_eq!(faster.verdict, Verdict::Met);
        assert!(faster.remarks().is_empty());
        let slow = row_of("sieve", Binding::Pure, None, None, 5e4);
        assert_eq!(slow.verdict, Verdict::Missed("over 20.0 ms".to_string()));
        assert_eq!(slow.remarks(), ["prime sieve: loop, line 7: a bytecode"]);
    }
}
