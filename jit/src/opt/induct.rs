//! Induction: parameters of the loop that move in step are computed from one of them.
//!
//! A loop over a range has its next number, how many are left, and the local's number as parameters. The
//! last two follow from the first, and only exits need them. Sums wrap, so nothing here depends on a range
//! but the guard that the range is not at its end: of a count that is never negative it is "not zero", hence
//! a comparison of the next number with the last.

use super::peel::Peeled;
use super::range::Range;
use traces::{Imm, Inst, Op, Trace, Value};

/// The trace in which parameters that move in step with another are computed from it. They are left to
/// the sweeper.
pub(super) fn derive(peeled: Peeled) -> Trace {
    let Peeled { trace, ranges } = peeled;
    let Some(at) = trace.insts.iter().position(|inst| inst.op == Op::Label) else {
        return trace;
    };
    match Loop::of(&trace, at, &ranges) {
        Some(found) => found.rewrite(),
        None => trace,
    }
}

/// A value as another one and a distance.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Affine {
    base: Option<Value>,
    plus: i64,
}

/// How a parameter follows from the leading one.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Derived {
    /// Always so far above it.
    Above(i64),
    /// Their difference never changes, whatever it is.
    Beside,
    /// Their sum never changes.
    Mirror,
}

struct Loop<'a> {
    trace: &'a Trace,
    at: usize,
    label: &'a Inst,
    ranges: &'a [Range],
    /// The index of the leading parameter.
    lead: usize,
    /// In the order of the parameters.
    derived: Vec<Option<Derived>>,
    defs: Vec<Option<usize>>,
}

impl<'a> Loop<'a> {
    /// The loop, where there is something to derive.
    fn of(trace: &'a Trace, at: usize, ranges: &'a [Range]) -> Option<Loop<'a>> {
        let mut defs = vec![None; trace.types.len()];
        for (i, inst) in trace.insts.iter().enumerate() {
            for v in inst.result.iter().chain(&inst.params) {
                *defs.get_mut(v.0 as usize)? = Some(i);
            }
        }
        let mut found = Loop {
            trace,
            at,
            label: trace.insts.get(at)?,
            ranges,
            lead: 0,
            derived: Vec::new(),
            defs,
        };
        let jumps = trace.insts.iter().filter(|inst| inst.op == Op::Jump);
        let jumps: Vec<&Inst> = jumps.collect();
        let steps: Vec<Option<i64>> = (found.label.params.iter().enumerate())
            .map(|(n, &param)| {
                let nexts = jumps.iter().map(|jump| jump.args.get(n));
                one_of(nexts.map(|next| found.step(param, *next?)))
            })
            .collect();
        // The one that grows most often is what the program computes with.
        let lead = |up: bool| {
            let moves = |step: &Option<i64>| step.is_some_and(|n| n != 0 && (n > 0) == up);
            steps.iter().position(moves)
        };
        found.lead = lead(true).or_else(|| lead(false))?;
        let step = steps.get(found.lead).copied().flatten()?;
        found.derived = (0..found.label.params.len())
            .map(|n| one_of(jumps.iter().map(|jump| found.derivation(n, step, jump))))
            .collect();
        found.derived.iter().any(Option::is_some).then_some(found)
    }

    /// By how much a parameter moves in each iteration.
    fn step(&self, param: Value, next: Value) -> Option<i64> {
        let next = self.affine(next);
        (next.base == Some(param)).then_some(next.plus)
    }

    /// How parameter `n` follows from the leading one, which moves by `step`.
    fn derivation(&self, n: usize, step: i64, jump: &Inst) -> Option<Derived> {
        if n == self.lead {
            return None;
        }
        let (&param, &init, &next) = (
            self.label.params.get(n)?,
            self.label.args.get(n)?,
            jump.args.get(n)?,
        );
        let lead = *self.label.params.get(self.lead)?;
        let lead_init = self.affine(*self.label.args.get(self.lead)?);
        let (start, next) = (self.affine(init), self.affine(next));
        let above = if next.base == Some(lead) {
            next.plus.wrapping_sub(step)
        } else if next.base == Some(param) && next.plus == step {
            start.plus.wrapping_sub(lead_init.plus)
        } else if next.base == Some(param) && next.plus == step.wrapping_neg() {
            return Some(Derived::Mirror);
        } else {
            return None;
        };
        let begins =
            start.base == lead_init.base && start.plus == lead_init.plus.wrapping_add(above);
        match begins {
            true => Some(Derived::Above(above)),
            false => (next.base == Some(param)).then_some(Derived::Beside),
        }
    }

    fn int(&self, value: Value) -> Option<i64> {
        let inst = self.def(value)?;
        match (inst.op, inst.imm) {
            (Op::ConstInt, Imm::Int(n)) => Some(n),
            _ => None,
        }
    }

    fn def(&self, value: Value) -> Option<&'a Inst> {
        let at = self.defs.get(value.0 as usize).copied().flatten()?;
        self.trace.insts.get(at)
    }

    /// A value through the additions of constants that gave it; a constant has no base. Only sums
    /// that wrap: one that checks for overflow is needed anyway.
    fn affine(&self, mut value: Value) -> Affine {
        let mut plus = 0i64;
        loop {
            if let Some(n) = self.int(value) {
                let plus = plus.wrapping_add(n);
                return Affine { base: None, plus };
            }
            let step = self.def(value).and_then(|inst| {
                let &[x, y] = inst.args.as_slice() else {
                    return None;
                };
                match inst.op {
                    Op::IAdd => match (self.int(x), self.int(y)) {
                        (_, Some(n)) => Some((x, n)),
                        (Some(n), None) => Some((y, n)),
                        (None, None) => None,
                    },
                    Op::ISub => self.int(y).map(|n| (x, n.wrapping_neg())),
                    _ => None,
                }
            });
            match step {
                Some((x, n)) => {
                    value = x;
                    plus = plus.wrapping_add(n);
                }
                None => {
                    let base = Some(value);
                    return Affine { base, plus };
                }
            }
        }
    }

    // ---- the new trace ----

    fn rewrite(&self) -> Trace {
        let mut new = self.trace.clone();
        let insts = std::mem::take(&mut new.insts);
        let mut swap = Substitution::default();
        for (i, mut inst) in insts.into_iter().enumerate() {
            if i == self.at {
                self.sums(&mut new, &mut swap);
                new.insts.push(inst);
                self.definitions(&mut new, &mut swap);
                continue;
            }
            if i > self.at && inst.op != Op::Jump {
                swap.not_at_end(&mut inst);
                inst.args.iter_mut().for_each(|v| *v = swap.of(*v));
            }
            new.insts.push(inst);
        }
        // What is derived comes to exist with the label, and no snapshot in front of it lists a parameter.
        for snap in &mut new.snaps {
            let slots = snap.frames.iter_mut().flat_map(|f| &mut f.slots);
            slots.for_each(|(_, v)| *v = swap.of(*v));
            for (object, _, value) in &mut snap.fields {
                *object = swap.of(*object);
                *value = swap.of(*value);
            }
        }
        new
    }

    /// In front of the label: the sums and differences that never change.
    fn sums(&self, new: &mut Trace, swap: &mut Substitution) {
        for (n, derived) in self.derived.iter().enumerate() {
            let ends = (self.label.args.get(self.lead), self.label.args.get(n));
            let sum = match (derived, ends) {
                (Some(Derived::Mirror), (Some(&lead), Some(&init))) => {
                    self.sum(new, Op::IAdd, lead, init)
                }
                (Some(Derived::Beside), (Some(&lead), Some(&init))) => {
                    self.sum(new, Op::ISub, lead, init)
                }
                _ => None,
            };
            swap.sums.push(sum);
        }
    }

    /// The sum or difference of two values, without the constants in them where these cancel out:
    /// the code generator computes a sum with a constant anew in each block that uses it.
    fn sum(&self, new: &mut Trace, op: Op, x: Value, y: Value) -> Option<Value> {
        let (ax, ay) = (self.affine(x), self.affine(y));
        let plus = match op {
            Op::IAdd => ax.plus.wrapping_add(ay.plus),
            _ => ax.plus.wrapping_sub(ay.plus),
        };
        let [x, y] = match (ax.base, ay.base) {
            (Some(x), Some(y)) if plus == 0 => [x, y],
            _ => [x, y],
        };
        new.push(op, &[x, y], Imm::None, None)
    }

    /// Behind the label: the derived parameters.
    fn definitions(&self, new: &mut Trace, swap: &mut Substitution) {
        let Some(&lead) = self.label.params.get(self.lead) else {
            return;
        };
        for (n, (&param, derived)) in self.label.params.iter().zip(&self.derived).enumerate() {
            let sum = swap.sums.get(n).copied().flatten();
            let value = match (derived, sum) {
                (Some(Derived::Above(0)), _) => Some(lead),
                (Some(Derived::Above(by)), _) => {
                    let by = new.push(Op::ConstInt, &[], Imm::Int(*by), None);
                    by.and_then(|by| new.push(Op::IAdd, &[lead, by], Imm::None, None))
                }
                (Some(Derived::Mirror), Some(sum)) => {
                    new.push(Op::ISub, &[sum, lead], Imm::None, None)
                }
                (Some(Derived::Beside), Some(difference)) => {
                    new.push(Op::ISub, &[lead, difference], Imm::None, None)
                }
                _ => None,
            };
            let natural = (self.ranges.get(n)).is_some_and(|r| r.within(Range::NATURAL));
            swap.counts
                .extend(sum.filter(|_| natural).map(|sum| (param, lead, sum)));
            swap.values.extend(value.map(|value| (param, value)));
        }
        swap.zeros = (0u32..)
            .map(Value)
            .take(self.trace.types.len())
            .filter(|&v| self.int(v) == Some(0))
            .collect();
    }
}

/// What all of them are.
fn one_of<T: PartialEq>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first))
        .then_some(first)
}

/// What takes the place of parameters.
#[derive(Default)]
struct Substitution {
    values: Vec<(Value, Value)>,
    /// The sums and differences that never change, in the order of the parameters.
    sums: Vec<Option<Value>>,
    /// Parameters that are never negative, what they are computed from, and what that is where they
    /// are zero.
    counts: Vec<(Value, Value, Value)>,
    /// Constants that are zero.
    zeros: Vec<Value>,
}

impl Substitution {
    fn of(&self, value: Value) -> Value {
        let found = self.values.iter().find(|(old, _)| *old == value);
        found.map_or(value, |&(_, new)| new)
    }

    /// Makes "more than zero" of a count a comparison of what it is computed from.
    fn not_at_end(&self, inst: &mut Inst) {
        let count = match (inst.op, inst.args.as_slice()) {
            (Op::IGt, &[count, zero]) | (Op::ILt, &[zero, count]) if self.zeros.contains(&zero) => {
                count
            }
            _ => return,
        };
        if let Some(&(_, lead, sum)) = self.counts.iter().find(|(param, ..)| *param == count) {
            inst.op = Op::INe;
            inst.args = vec![lead, sum];
        }
    }
}
