//! The rows of the table: what was measured, and the verdict.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::Effort;
use super::bench::Measured;
use super::shapes::{Binding, Shape};
use super::target::Target;
use crate::text;

/// What a row comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "why")]
pub enum Verdict {
    /// The target is met.
    Met,
    /// It is missed: by which limit.
    Missed(String),
    /// The loop ran in the interpreter: why.
    NotCompiled(String),
    /// The checksums differ: what they are.
    Wrong(String),
    /// The program failed: how.
    Failed(String),
}

/// A shape through a binding.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The shape's name.
    pub shape: &'static str,
    #[serde(skip)]
    title: &'static str,
    /// The binding.
    pub binding: Binding,
    /// In C, ns an iteration.
    pub c_ns: f64,
    /// With Hardwire off.
    pub off_ns: Option<f64>,
    /// With Hardwire on.
    pub on_ns: Option<f64>,
    /// On over C.
    pub on_over_c: Option<f64>,
    /// Off over on.
    pub off_over_on: Option<f64>,
    /// What is aimed at.
    pub target: Target,
    /// What it comes to.
    pub verdict: Verdict,
}

impl Row {
    /// The row of what was measured.
    pub fn of(
        shape: Shape,
        binding: Binding,
        c: &Measured,
        (off, on): (Result<Measured>, Result<Measured>),
        target: Target,
    ) -> Row {
        let (off_ns, on_ns) = (
            off.as_ref().ok().map(|m| m.ns),
            on.as_ref().ok().map(|m| m.ns),
        );
        Row {
            shape: shape.name,
            title: shape.title,
            binding,
            c_ns: c.ns,
            off_ns,
            on_ns,
            on_over_c: on_ns.map(|on| on / c.ns),
            off_over_on: off_ns.zip(on_ns).map(|(off, on)| off / on),
            target,
            verdict: verdict(c, off, on, target),
        }
    }

    fn cells(&self) -> Vec<String> {
        let figure =
            |value: Option<f64>, show: fn(f64) -> String| value.map_or("-".to_string(), show);
        vec![
            self.title.to_string(),
            self.binding.title().to_string(),
            text::ns(self.c_ns),
            figure(self.off_ns, text::ns),
            figure(self.on_ns, text::ns),
            figure(self.on_over_c, text::times),
            figure(self.off_over_on, text::times),
            self.verdict_text(),
        ]
    }

    fn verdict_text(&self) -> String {
        match &self.verdict {
            Verdict::Met => "met".to_string(),
            Verdict::Missed(limit) => limit.clone(),
            Verdict::NotCompiled(_) => "NOT COMPILED".to_string(),
            Verdict::Wrong(_) => "WRONG".to_string(),
            Verdict::Failed(_) => "FAILED".to_string(),
        }
    }

    /// What there is to say beside the table.
    fn remark(&self) -> Option<String> {
        let place = format!("{} through {}", self.title, self.binding.title());
        match &self.verdict {
            Verdict::Met | Verdict::Missed(_) => None,
            Verdict::NotCompiled(why) => Some(format!("{place}: not compiled: {why}")),
            Verdict::Wrong(what) => Some(format!("{place}: WRONG: {what}")),
            Verdict::Failed(how) => Some(format!("{place}: FAILED: {how}")),
        }
    }
}

fn verdict(c: &Measured, off: Result<Measured>, on: Result<Measured>, target: Target) -> Verdict {
    let (off, on) = match (off, on) {
        (Ok(off), Ok(on)) => (off, on),
        (Err(error), _) => return Verdict::Failed(format!("with Hardwire off: {error:#}")),
        (_, Err(error)) => return Verdict::Failed(format!("with Hardwire on: {error:#}")),
    };
    if off.checksum != on.checksum || !text::same_value(&on.checksum, &c.checksum) {
        return Verdict::Wrong(format!(
            "{} off, {} on, {} in C",
            off.checksum, on.checksum, c.checksum
        ));
    }
    if let Some(why) = on.not_compiled() {
        return Verdict::NotCompiled(why);
    }
    match target.missed(off.ns, on.ns) {
        Some(limit) => Verdict::Missed(limit),
        None => Verdict::Met,
    }
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Results {
    /// The interpreter, in words.
    pub interpreter: String,
    /// How much was measured.
    pub effort: Effort,
    /// Releasing and taking the GIL, ns.
    pub save_restore_ns: f64,
    /// The rows.
    pub rows: Vec<Row>,
    /// Bindings that could not be measured, and why.
    pub left_out: Vec<String>,
}

impl Results {
    /// The table and what there is to say about it.
    pub fn print(&self) {
        let headings = [
            "shape", "through", "C, ns", "off, ns", "on, ns", "on/C", "off/on", "target",
        ];
        let mut gil = vec![String::new(); headings.len()];
        gil[..3].clone_from_slice(&[
            "SaveThread + RestoreThread".to_string(),
            "C".to_string(),
            text::ns(self.save_restore_ns),
        ]);
        let rows = std::iter::once(gil).chain(self.rows.iter().map(Row::cells));
        println!("{}", text::table(&headings, 2, rows));
        println!(
            "\nns: process CPU time of one iteration, the best of many; C calls the same library through volatile \
             pointers.\nTargets: where the GIL is kept (PyDLL) at most 1.5x C; elsewhere at most 3 ns over SaveThread + \
             RestoreThread;\nwhat a loop does beside the call at most 2x C's; at least 2x over off, 4x with two or more arguments."
        );
        let met = self
            .rows
            .iter()
            .filter(|row| row.verdict == Verdict::Met)
            .count();
        println!("{met} of {} rows meet their target.", self.rows.len());
        for line in self
            .rows
            .iter()
            .filter_map(Row::remark)
            .chain(self.left_out.iter().cloned())
        {
            println!("- {line}");
        }
    }

    /// Writes everything as JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        text::write_json(path, self)
    }

    /// Whether nothing is wrong: a target that is missed is no failure.
    pub fn sound(&self) -> bool {
        !self
            .rows
            .iter()
            .any(|row| matches!(row.verdict, Verdict::Wrong(_) | Verdict::Failed(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::micro::bench::LoopState;

    fn measured(ns: f64, checksum: &str, state: &str) -> Result<Measured> {
        Ok(Measured {
            ns,
            checksum: checksum.to_string(),
            loops: Some(vec![LoopState {
                state: state.to_string(),
                reason: String::new(),
            }]),
        })
    }

    #[test]
    fn a_wrong_result_outweighs_a_good_time() {
        let target = Target {
            at_most_ns: 10.0,
            speed_up: 2.0,
        };
        let c = measured(2.0, "5", "").unwrap();
        let judge = |checksum, state| {
            verdict(
                &c,
                measured(100.0, "5", ""),
                measured(4.0, checksum, state),
                target,
            )
        };
        assert_eq!(judge("5", "compiled"), Verdict::Met);
        assert!(matches!(judge("6", "compiled"), Verdict::Wrong(_)));
        assert!(matches!(judge("5", "left alone"), Verdict::NotCompiled(_)));
        assert!(matches!(
            verdict(
                &c,
                measured(9.0, "5", ""),
                Err(anyhow::anyhow!("signal 11")),
                target
            ),
            Verdict::Failed(_)
        ));
    }
}
