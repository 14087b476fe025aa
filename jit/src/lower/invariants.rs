//! What never changes in the inner loop, and so is done in the outer one.
//!
//! A number that only the loop around the loop changes is a parameter of the label all the same, as is all that is
//! computed from it; so is an object in a slot that no path of the inner loop stores into. The guards that the body
//! begins with are done once, in front of the inner loop, as far as they are about such values.

use super::{Lower, native_type};
use cranelift_codegen::ir::types;
use std::collections::HashSet;
use traces::{Alias, Effect, Imm, Inst, Op, Trace, Type, Value};

/// What never changes in the inner loop.
pub(super) struct Invariants<'a> {
    trace: &'a Trace,
    values: HashSet<Value>,
    /// The slots that its paths store into.
    written: HashSet<u16>,
}

/// A path of the body, from the label or a `branch` to its end.
struct Path<'a> {
    insts: &'a [Inst],
    /// The path that it branches from.
    from: Option<usize>,
    /// Whether nothing on it, or on what it branches from, can make a check leave.
    is_calm: bool,
    /// Whether it goes on in the inner loop, or one that branches from it does.
    stays: bool,
}

impl<'a> Lower<'a> {
    /// What never changes in the inner loop of a calm loop with this label.
    pub(super) fn invariants(&mut self, label: usize) -> Invariants<'a> {
        let mut found = Invariants {
            trace: self.trace,
            values: HashSet::new(),
            written: HashSet::new(),
        };
        let (before, body) = self.trace.insts.split_at(label);
        for inst in before {
            found.values.extend(inst.result);
        }
        let params = body.first().map_or(&[][..], |inst| &inst.params);
        let (paths, jumps) = self.inner_paths(label);
        for (n, &param) in params.iter().enumerate() {
            let stays = |jump: &&Inst| jump.args.get(n) == Some(&param);
            if n != self.lead && jumps.iter().all(stays) {
                found.values.insert(param);
            }
        }
        for inst in paths.iter().filter(|p| p.stays).flat_map(|p| p.insts) {
            match inst.imm {
                Imm::Slot(_) if inst.op == Op::LoadSlot => {}
                Imm::Slot(slot) | Imm::HelperSlot(_, slot) => found.written.extend([slot]),
                Imm::Slots(to, from) => found.written.extend([to, from]),
                _ => {}
            }
        }
        found
    }

    /// The paths of the body, and the jumps to the inner loop, which come behind nothing that could make a check leave.
    fn inner_paths(&mut self, label: usize) -> (Vec<Path<'a>>, Vec<&'a Inst>) {
        let mut paths: Vec<Path<'a>> = Vec::new();
        let mut jumps = Vec::new();
        let (mut rest, mut at) = (&self.trace.insts[label..], label);
        while let Some(end) = rest.iter().position(|inst| inst.op.ends_path()) {
            let (insts, behind) = rest.split_at(end + 1);
            let jump = &insts[end];
            let from = paths
                .iter()
                .position(|path: &Path<'_>| path.has_guard_of(insts));
            // What a path branches from is a part of it. The root path is calm, whatever its jump does.
            let is_calm = match from {
                Some(from) => paths[from].is_calm && self.is_calm_path(insts),
                None => paths.is_empty(),
            };
            let stays = is_calm && jump.op == Op::Jump && self.is_step(jump);
            if stays {
                self.staying.insert(at + end);
                jumps.push(jump);
            }
            paths.push(Path {
                insts,
                from,
                is_calm,
                stays,
            });
            (rest, at) = (behind, at + end + 1);
        }
        for n in (1..paths.len()).rev() {
            if let (true, Some(from)) = (paths[n].stays, paths[n].from) {
                paths[from].stays = true;
            }
        }
        (paths, jumps)
    }
}

impl Path<'_> {
    /// Whether another path branches from a guard of this one.
    fn has_guard_of(&self, other: &[Inst]) -> bool {
        let Some(snap) = other.first().and_then(|branch| branch.snap) else {
            return false;
        };
        let guards = |inst: &Inst| inst.op != Op::Branch && inst.snap == Some(snap);
        self.insts.iter().any(guards)
    }
}

impl Invariants<'_> {
    /// Whether this value never changes.
    pub(super) fn has(&self, value: Value) -> bool {
        self.values.contains(&value)
    }

    /// Whether an instruction gives the same in each iteration, as a guard does that holds in all or none. Its result
    /// is one of the invariants from then on.
    pub(super) fn hold(&mut self, inst: &Inst) -> bool {
        let holds = inst.args.iter().all(|&v| self.has(v)) && self.depends_on_operands(inst);
        if holds {
            self.values.extend(inst.result);
        }
        holds
    }

    /// Takes back that an instruction holds: what it gives is not there in front of the inner loop.
    pub(super) fn forget(&mut self, inst: &Inst) {
        if let Some(value) = inst.result {
            self.values.remove(&value);
        }
    }

    /// Whether the operands of an instruction decide what it gives, and whether it leaves.
    fn depends_on_operands(&self, inst: &Inst) -> bool {
        match (inst.op, inst.imm) {
            (Op::LoadField, Imm::Field(field)) => field.alias() == Alias::Immutable,
            (Op::LoadSlot, Imm::Slot(slot)) => {
                self.trace.global(slot).is_none() && !self.written.contains(&slot)
            }
            (Op::GuardTrue | Op::GuardFalse | Op::GuardType | Op::GuardIs, _) => true,
            (op, _) => matches!(op.effect(), Effect::Pure) || is_checked_arithmetic(op),
        }
    }

    /// As `hold`, of an instruction that may be done earlier than the guards in front of it.
    pub(super) fn hold_early(&mut self, inst: &Inst) -> bool {
        let is_number =
            |v: &Value| !matches!(self.trace.types.get(v.0 as usize), None | Some(Type::Obj));
        inst.op.effect() == Effect::Pure
            && !matches!(inst.op, Op::IFloorDiv | Op::IMod)
            && inst.result.iter().chain(&inst.args).all(is_number)
            && self.hold(inst)
    }

    /// Whether a register has to be kept for what an instruction gives.
    pub(super) fn needs_register(&self, inst: &Inst) -> bool {
        let ty = inst
            .result
            .and_then(|v| self.trace.types.get(v.0 as usize).copied());
        !inst.args.is_empty() && ty.is_some_and(|ty| native_type(ty) != types::I8)
    }
}

/// Whether an op leaves only where a number does not fit.
fn is_checked_arithmetic(op: Op) -> bool {
    matches!(
        op,
        Op::IAddOvf
            | Op::ISubOvf
            | Op::IMulOvf
            | Op::UnboxInt
            | Op::UnboxUint
            | Op::UnboxBits
            | Op::FToI
    )
}
