//! The row of a shape: its verdict, and what it costs.

use anyhow::Result;

use super::shapes::Shape;
use super::target::Target;
use crate::binding::Binding;
use crate::row::{Cost, Row, Times, Work};
use crate::timing::Measured;
use crate::verdict::{Verdict, agreed};

/// The row of what was measured.
pub fn row(
    shape: Shape,
    binding: Binding,
    c: &Measured,
    (off, on): (Result<Measured>, Result<Measured>),
    target: Result<Target, Verdict>,
) -> Row {
    let work = Work {
        part: shape.part(),
        name: shape.name,
        title: shape.title,
        binding,
        target: target.as_ref().map(Target::text).unwrap_or_default(),
    };
    let times = Times {
        c: Some(c.ns),
        base: None,
        off: off.as_ref().ok().map(|off| off.ns),
        on: on.as_ref().ok().map(|on| on.ns),
    };
    let cost = on.as_ref().ok().and_then(Cost::of);
    Row {
        cost,
        ..Row::of(work, times, verdict(c, off, on, &target))
    }
}

fn verdict(
    c: &Measured,
    off: Result<Measured>,
    on: Result<Measured>,
    target: &Result<Target, Verdict>,
) -> Verdict {
    let (off, on) = match agreed(Some(c), off, on) {
        Ok(both) => both,
        Err(verdict) => return verdict,
    };
    let target = match target {
        Ok(target) => target,
        Err(verdict) => return verdict.clone(),
    };
    if let Some(why) = not_compiled(&on) {
        return Verdict::NotCompiled(why);
    }
    match target.missed(off.ns.min, on.ns.min) {
        Some(limit) => Verdict::Missed(limit),
        None => Verdict::Met,
    }
}

/// Why a shape's loop did not run as native code, if it did not: what prepares the work may have loops as well.
fn not_compiled(on: &Measured) -> Option<String> {
    let all = on.loops.as_deref()?.iter();
    let own: Vec<_> = all.filter(|one| one.function == "loop").collect();
    if own.iter().any(|one| one.is_compiled()) {
        return None;
    }
    let why = own.first().map_or("did not get hot", |one| one.why());
    Some(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::LoopState;

    fn measured(ns: f64, checksum: &str, state: &str) -> Measured {
        Measured {
            loops: Some(vec![LoopState {
                function: "loop".to_string(),
                line: 1,
                state: state.to_string(),
                reason: String::new(),
                compile_ms: 2.5,
                code_bytes: 640,
            }]),
            warm_up_ms: Some(3.0),
            ..Measured::new(vec![ns], checksum.to_string()).unwrap()
        }
    }

    const TARGET: Target = Target {
        at_most_ns: 10.0,
        speed_up: 2.0,
    };

    #[test]
    fn a_wrong_result_outweighs_a_good_time() {
        let c = measured(2.0, "5", "");
        let judge = |checksum, state| {
            let (off, on) = (measured(100.0, "5", ""), measured(4.0, checksum, state));
            verdict(&c, Ok(off), Ok(on), &Ok(TARGET))
        };
        assert_eq!(judge("5", "compiled"), Verdict::Met);
        assert!(matches!(judge("6", "compiled"), Verdict::Wrong(_)));
        assert!(matches!(judge("5", "left alone"), Verdict::NotCompiled(_)));
        let died = Err(anyhow::anyhow!("signal 11"));
        assert!(matches!(
            verdict(&c, Ok(measured(9.0, "5", "")), died, &Ok(TARGET)),
            Verdict::Failed(_)
        ));
    }

    #[test]
    fn a_row_says_what_compiling_costs() {
        let shape = crate::micro::shapes::shape("int2").unwrap();
        let of = |state| {
            let times = (Ok(measured(100.0, "5", "")), Ok(measured(4.0, "5", state)));
            let c = measured(2.0, "5", "");
            row(shape, Binding::CffiAbi, &c, times, Ok(TARGET))
        };
        let one = of("compiled");
        assert_eq!((one.on_over_c, one.off_over_on), (Some(2.0), Some(25.0)));
        let cost = one.cost.unwrap();
        assert_eq!((cost.warm_up_ms, cost.code_bytes), (Some(3.0), 640));
        // What is never compiled is not warm early.
        assert_eq!(of("left alone").cost.unwrap().warm_up_ms, None);
    }
}
