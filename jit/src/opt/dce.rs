//! Sweeping: what no effect, no exit and no later iteration needs goes; the rest is renumbered.
//!
//! A box that only snapshots need stays: it stands for an object that an exit would make.

use super::forward::confused;
use std::collections::HashMap;
use traces::helper::HelperEffect;
use traces::{Abort, Effect, Imm, Inst, Op, SnapId, Trace, Value};

/// The trace without dead code and dead parameters, its values and snapshots numbered in order.
/// Object constants and functions keep their numbers.
pub(super) fn sweep(trace: &Trace) -> Result<Trace, Abort> {
    let live = Liveness::of(trace)?;
    rebuild(trace, &live)
}

struct Liveness {
    values: Vec<bool>,
    work: Vec<Value>,
}

impl Liveness {
    fn of(trace: &Trace) -> Result<Liveness, Abort> {
        let mut live = Liveness {
            values: vec![false; trace.types.len()],
            work: Vec::new(),
        };
        let defs = trace.definitions();
        let jumps = trace.insts.iter().filter(|inst| inst.op == Op::Jump);
        let branches = trace.branches();
        for inst in &trace.insts {
            if is_needed(inst, &branches) && !matches!(inst.op, Op::Label | Op::Jump) {
                live.mark_uses(trace, inst);
            }
        }
        while let Some(value) = live.work.pop() {
            let def = defs.get(&value).and_then(|&i| trace.insts.get(i));
            let def =
                def.ok_or_else(|| confused(Op::Label, "has a body that uses an undefined value"))?;
            if def.op == Op::Label {
                // A parameter needs what the preamble and the jumps pass for it.
                let Some(n) = def.params.iter().position(|&p| p == value) else {
                    continue;
                };
                for from in std::iter::once(def).chain(jumps.clone()) {
                    from.args.get(n).iter().for_each(|&&arg| live.mark(arg));
                }
            } else {
                live.mark_uses(trace, def);
            }
        }
        Ok(live)
    }

    fn mark(&mut self, value: Value) {
        if let Some(live @ false) = self.values.get_mut(value.0 as usize) {
            *live = true;
            self.work.push(value);
        }
    }

    fn mark_uses(&mut self, trace: &Trace, inst: &Inst) {
        inst.args.iter().for_each(|&v| self.mark(v));
        let Some(snap) = inst.snap.and_then(|id| trace.snaps.get(id.0 as usize)) else {
            return;
        };
        for frame in &snap.frames {
            frame.slots.iter().for_each(|&(_, v)| self.mark(v));
        }
        for &(object, _, value) in &snap.fields {
            self.mark(object);
            self.mark(value);
        }
    }

    fn is_live(&self, value: Value) -> bool {
        self.values.get(value.0 as usize).copied().unwrap_or(false)
    }
}

/// Whether an instruction stays though nobody uses its result: a path may begin where it fails.
fn is_needed(inst: &Inst, branches: &HashMap<SnapId, usize>) -> bool {
    has_effect(inst) || inst.snap.is_some_and(|snap| branches.contains_key(&snap))
}

fn has_effect(inst: &Inst) -> bool {
    match inst.op.effect() {
        Effect::Pure | Effect::PureExit | Effect::Load | Effect::LoadSlot => false,
        Effect::Call => match inst.imm {
            Imm::Helper(helper) => helper.effect() != HelperEffect::Pure,
            _ => true,
        },
        _ => true,
    }
}

struct Rebuild<'a> {
    old: &'a Trace,
    new: Trace,
    values: Vec<Option<Value>>,
    snaps: Vec<Option<SnapId>>,
}

fn rebuild(trace: &Trace, live: &Liveness) -> Result<Trace, Abort> {
    let new = Trace {
        name: trace.name.clone(),
        nlocals: trace.nlocals,
        entry_depth: trace.entry_depth,
        objs: trace.objs.clone(),
        funcs: trace.funcs.clone(),
        globals: trace.globals.clone(),
        inlined: trace.inlined.clone(),
        shapes: trace.shapes.clone(),
        ..Trace::default()
    };
    let mut rebuild = Rebuild {
        old: trace,
        new,
        values: vec![None; trace.types.len()],
        snaps: vec![None; trace.snaps.len()],
    };
    let label = trace.insts.iter().find(|inst| inst.op == Op::Label);
    let kept: Vec<bool> = label.map_or_else(Vec::new, |inst| {
        inst.params.iter().map(|&p| live.is_live(p)).collect()
    });
    let branches = trace.branches();
    for inst in &trace.insts {
        if is_needed(inst, &branches) || inst.result.is_some_and(|v| live.is_live(v)) {
            rebuild.inst(inst, &kept)?;
        }
    }
    Ok(rebuild.new)
}

impl Rebuild<'_> {
    fn inst(&mut self, inst: &Inst, kept: &[bool]) -> Result<(), Abort> {
        let mut args = inst.args.clone();
        let mut params = inst.params.clone();
        if matches!(inst.op, Op::Label | Op::Jump) && !kept.is_empty() {
            args = keep(&args, kept);
            params = keep(&params, kept);
        }
        let args = args
            .iter()
            .map(|&v| self.value(inst.op, v))
            .collect::<Result<Vec<_>, _>>()?;
        let snap = inst.snap.map(|id| self.snap(inst.op, id)).transpose()?;
        let result = inst.result.map(|v| self.define(v));
        let params = params.iter().map(|&v| self.define(v)).collect();
        self.new.insts.push(Inst {
            op: inst.op,
            args,
            imm: inst.imm,
            snap,
            result,
            params,
        });
        Ok(())
    }

    fn value(&self, op: Op, old: Value) -> Result<Value, Abort> {
        let new = self.values.get(old.0 as usize).copied().flatten();
        new.ok_or_else(|| confused(op, "uses a value that was swept out"))
    }

    fn define(&mut self, old: Value) -> Value {
        let ty = self
            .old
            .types
            .get(old.0 as usize)
            .copied()
            .unwrap_or(traces::Type::I64);
        let new = self.new.new_value(ty);
        if let Some(entry) = self.values.get_mut(old.0 as usize) {
            *entry = Some(new);
        }
        new
    }

    fn snap(&mut self, op: Op, id: SnapId) -> Result<SnapId, Abort> {
        if let Some(new) = self.snaps.get(id.0 as usize).copied().flatten() {
            return Ok(new);
        }
        let old = self.old.snaps.get(id.0 as usize);
        let mut snap = old.ok_or_else(|| confused(op, "has no snapshot"))?.clone();
        for frame in &mut snap.frames {
            for (_, value) in &mut frame.slots {
                *value = self.value(op, *value)?;
            }
        }
        for (object, _, value) in &mut snap.fields {
            *object = self.value(op, *object)?;
            *value = self.value(op, *value)?;
        }
        let new = self.new.add_snap(snap);
        if let Some(entry) = self.snaps.get_mut(id.0 as usize) {
            *entry = Some(new);
        }
        Ok(new)
    }
}

fn keep(values: &[Value], kept: &[bool]) -> Vec<Value> {
    values
        .iter()
        .zip(kept)
        .filter(|(_, kept)| **kept)
        .map(|(v, _)| *v)
        .collect()
}
