//! The rows of the table: what was measured, and the verdict.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::Effort;
use super::shapes::{Group, Shape};
use super::target::Target;
use crate::binding::Binding;
use crate::text;
use crate::timing::Measured;
use crate::verdict::{Verdict, agreed};

/// A shape through a binding.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The shape's name.
    pub shape: &'static str,
    #[serde(skip)]
    title: &'static str,
    /// The part of the table it stands in.
    pub group: Group,
    /// The binding.
    pub binding: Binding,
    /// In C, ns an iteration.
    pub c_ns: f64,
    /// With Hardwire off.
    pub off_ns: Option<f64>,
    /// With Hardwire on.
    pub on_ns: Option<f64>,
    /// Off over C.
    pub off_over_c: Option<f64>,
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
            group: shape.group(),
            binding,
            c_ns: c.ns,
            off_ns,
            on_ns,
            off_over_c: off_ns.map(|off| off / c.ns),
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
            self.group.title_of(self.binding).to_string(),
            text::time(self.c_ns),
            figure(self.off_ns, text::time),
            figure(self.on_ns, text::time),
            figure(self.off_over_c, text::times),
            figure(self.on_over_c, text::times),
            figure(self.off_over_on, text::times),
            self.verdict.text().to_string(),
        ]
    }

    /// What there is to say beside the table.
    fn remark(&self) -> Option<String> {
        let through = self.group.title_of(self.binding);
        let remark = self.verdict.remark()?;
        Some(format!("{} through {through}: {remark}", self.title))
    }
}

fn verdict(c: &Measured, off: Result<Measured>, on: Result<Measured>, target: Target) -> Verdict {
    let (off, on) = match agreed(Some(c), off, on) {
        Ok(both) => both,
        Err(verdict) => return verdict,
    };
    if let Some(why) = not_compiled(&on) {
        return Verdict::NotCompiled(why);
    }
    match target.missed(off.ns, on.ns) {
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
    /// Bindings and shapes that could not be measured, and why.
    pub left_out: Vec<String>,
}

impl Results {
    /// Notes what could not be measured, once.
    pub fn leave_out(&mut self, why: String) {
        if !self.left_out.contains(&why) {
            self.left_out.push(why);
        }
    }

    /// The tables and what there is to say about them.
    pub fn print(&self) {
        for group in Group::ALL {
            self.print_group(*group);
        }
        println!(
            "ns: process CPU time of one iteration, the best of many; C calls the same library through volatile \
             pointers.\nTargets: calls: at most 1.5x C; what a loop does beside the call: at most 2x C's; memory: 1.2x to \
             3x C.\nCalls: at least 2x over off, 4x with two or more arguments (libraries of \
             the system: 2x)."
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

    /// A part of the table under its title, if there is anything in it.
    fn print_group(&self, group: Group) {
        let headings = [
            group.title(),
            "through",
            "C, ns",
            "off, ns",
            "on, ns",
            "off/C",
            "on/C",
            "off/on",
            "target",
        ];
        let rows: Vec<_> = self.rows.iter().filter(|r| r.group == group).collect();
        if rows.is_empty() {
            return;
        }
        let mut cells: Vec<_> = rows.iter().map(|row| row.cells()).collect();
        if group == Group::Calls {
            let mut gil = vec![String::new(); headings.len()];
            gil[..3].clone_from_slice(&[
                "SaveThread + RestoreThread".to_string(),
                "C".to_string(),
                text::time(self.save_restore_ns),
            ]);
            cells.insert(0, gil);
        }
        println!("{}\n", text::table(&headings, 2, cells));
        let means = means(group, &rows);
        if !means.is_empty() {
            println!("{}\n", means.join("\n"));
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
        self.rows.iter().all(|row| row.verdict.is_right())
    }
}

/// For each binding with more than one row: how many times C's time, as the geometric mean over the rows that are right.
fn means(group: Group, rows: &[&Row]) -> Vec<String> {
    let of = |binding: Binding| {
        let right = rows
            .iter()
            .filter(|row| row.binding == binding && row.verdict.is_right());
        let ratios: Vec<_> = right
            .filter_map(|row| Some((row.off_over_c?, row.on_over_c?)))
            .collect();
        let (off, on): (Vec<_>, Vec<_>) = ratios.iter().copied().unzip();
        (ratios.len() > 1).then(|| {
            format!(
                "{}, {} shapes: geometric mean {} C off, {} C on",
                group.title_of(binding),
                ratios.len(),
                text::times(text::geometric_mean(&off)),
                text::times(text::geometric_mean(&on)),
            )
        })
    };
    group.bindings().iter().copied().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::micro::shapes::shape;
    use crate::timing::LoopState;

    fn measured(ns: f64, checksum: &str, state: &str) -> Result<Measured> {
        Ok(Measured {
            ns,
            checksum: checksum.to_string(),
            loops: Some(vec![LoopState {
                function: "loop".to_string(),
                line: 1,
                state: state.to_string(),
                reason: String::new(),
            }]),
        })
    }

    #[test]
    fn a_mean_is_over_the_rows_that_are_right() {
        let row = |name, on_ns, on_checksum: &str| {
            let target = Target {
                at_most_ns: 10.0,
                speed_up: 1.0,
            };
            let c = measured(1.0, "5", "").unwrap();
            let times = (
                measured(9.0, "5", ""),
                measured(on_ns, on_checksum, "compiled"),
            );
            Row::of(shape(name).unwrap(), Binding::CffiAbi, &c, times, target)
        };
        let rows = [
            row("sum_int32", 2.0, "5"),
            row("new_free", 8.0, "5"),
            row("char_scan", 1000.0, "6"),
        ];
        let rows: Vec<_> = rows.iter().collect();
        assert_eq!(
            means(Group::Memory, &rows),
            ["cffi ABI, 2 shapes: geometric mean 9.0x C off, 4.0x C on"]
        );
        assert!(means(Group::Memory, &rows[..1]).is_empty());
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
