//! The loop: its label, the number of its iterations, when it polls.
//!
//! The number of iterations lies in a register while the loop runs: in memory, each iteration would
//! wait for the store of the one before. Where a parameter of the label grows (or falls) by one it is
//! that parameter less its first value. The activation holds the rest of the sum meanwhile, and the
//! exits behind the label complete it; nobody reads it before.
//!
//! A calm loop, in which nothing can make a check leave, is two loops. The outer one polls, sees whether the
//! loop is at its end, and sets a limit some iterations ahead but not behind the end; the inner one is the
//! body, which compares its counter with the limit and with nothing else. Both have the label's parameters, the inner one
//! those that change in it (`invariants.rs`).

use super::invariants::Invariants;
use super::{Def, Lower, TRUSTED, malformed, native_type};
use crate::code::refused;
use crate::exit::Activation;
use crate::target::{MAX_WATCHES, Watch};
use cranelift_codegen::ir::{
    self, Block, BlockArg, InstBuilder, StackSlotData, StackSlotKind, condcodes::IntCC, types,
};
use std::collections::HashSet;
use std::mem::offset_of;
use traces::{Abort, Effect, Imm, Inst, Op, Type, Value};

/// How often a loop that nothing in it can make leave polls, in iterations: seldom enough that the branch
/// that is mispredicted then costs nothing.
const POLL_EVERY: i64 = 256;

/// How many float constants have a register of their own.
const MAX_FLOATS: usize = 6;

/// How many values that never change in the inner loop are computed in front of it.
const MAX_HOISTED: usize = 6;

const ITERATIONS: i32 = offset_of!(Activation, iterations) as i32;
const SHORTFALL: i32 = offset_of!(Activation, shortfall) as i32;

/// What tells the number of the iteration, behind the label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counter {
    /// `Activation::iterations`: no trace without a label, and no loop with calls, has a register
    /// to spare for it.
    Memory,
    /// A parameter of the label that grows by one in each iteration.
    Up(ir::Value),
    /// A parameter of the label that falls by one in each iteration.
    Down(ir::Value),
    /// As `Up`, a parameter that the trace does not know of.
    Own(ir::Value),
}

impl Counter {
    /// The parameter, where there is one.
    pub(super) fn param(self) -> Option<ir::Value> {
        match self {
            Counter::Memory => None,
            Counter::Up(param) | Counter::Down(param) | Counter::Own(param) => Some(param),
        }
    }
}

/// Where an instruction lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Part {
    /// In front of the label.
    Before,
    /// Behind the label: in the only loop, or in the outer one.
    Loop,
    /// In the inner loop.
    Inner,
}

/// Whether an instruction may be done in both loops: it changes nothing and never leaves.
fn is_repeatable(inst: &Inst) -> bool {
    matches!(
        inst.op.effect(),
        Effect::Pure | Effect::Load | Effect::LoadSlot
    )
}

/// The inner loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inner {
    pub(super) block: Block,
    /// The counter never gets behind it.
    limit: ir::Value,
}

/// How a jump moves the counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Move {
    /// By one, as the counter moves.
    Step,
    /// Elsewhere.
    Far,
}

impl<'a> Lower<'a> {
    /// The label: its parameters begin with its arguments.
    pub(super) fn label(&mut self, at: usize, inst: &'a Inst) -> Result<(), Abort> {
        if self.part != Part::Before {
            return Err(refused("a second label"));
        }
        for v in &inst.params {
            let ty = self.trace.types.get(v.0 as usize);
            self.params.push(*ty.ok_or_else(|| malformed(inst))?);
        }
        self.calm = self.is_calm(at);
        let step = self.step_of_one(at, inst);
        let mut args = self.block_args(inst)?;
        self.pin(at)?;
        self.set_aside(at)?;
        self.header_errno = self.errno_of_loop(at);
        self.settle_errno(self.header_errno);
        let block = self.b.create_block();
        if let Some((n, up)) = step {
            let first = self.arg(inst, n, Type::I64)?;
            let one = self.int(1);
            let rest = if up {
                self.b.ins().isub(one, first)
            } else {
                self.b.ins().iadd(one, first)
            };
            self.store(rest, self.act, ITERATIONS);
        } else if self.calm {
            let one = self.int(1);
            self.store(one, self.act, ITERATIONS);
            args.push(BlockArg::Value(self.int(0)));
        }
        self.b.ins().jump(block, &args);
        self.enter_body(at, inst, block, step)
    }

    /// Has what the body computes with computed in front of the loop. The code generator moves pure ops
    /// to their uses and out of loops again, but out of none that has an exit further up; a store,
    /// which nobody reads, holds them. No two share a place, or it would drop the first.
    fn pin(&mut self, label: usize) -> Result<(), Abort> {
        let (before, body) = self.trace.insts.split_at(label);
        let computing = body.iter().filter(|i| !i.op.is_box());
        let used: HashSet<Value> = computing.flat_map(|i| &i.args).copied().collect();
        let pure = before.iter().filter(|i| i.op.effect() == Effect::Pure);
        let mut pinned = Vec::new();
        for value in pure.filter_map(|i| i.result.filter(|v| used.contains(v))) {
            if let Def::Native(native) = self.def(value)? {
                pinned.push(native);
            }
        }
        let floats = if self.calm {
            self.floats_of(&used)
        } else {
            Vec::new()
        };
        let words = pinned.len() + floats.len();
        if words == 0 {
            return Ok(());
        }
        let base = self.words(words);
        let mut places = (0..).step_by(8);
        for (native, place) in pinned.into_iter().zip(&mut places) {
            self.store(native, base, place);
        }
        for ((value, x), place) in floats.into_iter().zip(&mut places) {
            // What was stored as an integer is not seen through when it is loaded as a float.
            let bits = self.int(x.to_bits() as i64);
            self.store(bits, base, place);
            let float = self.load(types::F64, base, place);
            self.floats.insert(value, float);
        }
        Ok(())
    }

    /// The address of so many words of the stack.
    fn words(&mut self, n: usize) -> ir::Value {
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * n as u32, 3);
        let slot = self.b.create_sized_stack_slot(data);
        self.b.ins().stack_addr(types::I64, slot, 0)
    }

    /// The float constants of the body that get a register each, which no call in it clobbers: the
    /// code generator would make each anew where it is used.
    fn floats_of(&self, used: &HashSet<Value>) -> Vec<(Value, f64)> {
        let float = |inst: &Inst| match (inst.result, inst.imm) {
            (Some(value), Imm::Float(x)) if used.contains(&value) => Some((value, x)),
            _ => None,
        };
        let floats = self.trace.insts.iter().filter_map(float);
        floats.take(MAX_FLOATS).collect()
    }

    /// Begins the block of the label.
    fn enter_body(
        &mut self,
        at: usize,
        inst: &Inst,
        block: Block,
        step: Option<(usize, bool)>,
    ) -> Result<(), Abort> {
        for ty in self.params.clone() {
            self.b.append_block_param(block, native_type(ty));
        }
        self.b.switch_to_block(block);
        self.counter = match step {
            // The parameter itself is found below.
            Some((_, true)) => Counter::Up(self.act),
            Some((_, false)) => Counter::Down(self.act),
            None if self.calm => Counter::Own(self.b.append_block_param(block, types::I64)),
            None => {
                let iterations = self.load(types::I64, self.act, ITERATIONS);
                let one = self.int(1);
                let iterations = self.b.ins().iadd(iterations, one);
                self.store(iterations, self.act, ITERATIONS);
                Counter::Memory
            }
        };
        self.lead = step.map_or(inst.params.len(), |(n, _)| n);
        let natives = self.b.block_params(block).to_vec();
        self.bind_params(inst, &natives)?;
        self.part = Part::Loop;
        self.header = block;
        self.during = None;
        let mut body = self.trace.insts.iter().skip(at);
        self.python_ran = body.any(|i| i.op.effect() == Effect::RunsPython);
        if !self.position_stays(at) {
            self.position = None;
        }
        Ok(())
    }

    /// From here on the label's parameters, and that which the trace does not know of, are these.
    fn bind_params(&mut self, label: &Inst, natives: &[ir::Value]) -> Result<(), Abort> {
        for (v, &native) in label.params.iter().zip(natives) {
            let def = self.defs.get_mut(v.0 as usize);
            *def.ok_or_else(|| malformed(label))? = Def::Native(native);
        }
        let lead = natives.get(self.lead).copied();
        self.counter = match (self.counter, lead) {
            (Counter::Memory, _) => Counter::Memory,
            (Counter::Up(_), Some(lead)) => Counter::Up(lead),
            (Counter::Down(_), Some(lead)) => Counter::Down(lead),
            (Counter::Own(_), Some(lead)) => Counter::Own(lead),
            (_, None) => return Err(malformed(label)),
        };
        Ok(())
    }

    pub(super) fn jump(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let mut args = self.block_args(inst)?;
        self.settle_errno(self.header_errno);
        let moves = self.moves(inst);
        self.fall_short();
        let stays = self.staying.contains(&at);
        if let Counter::Own(counter) = self.counter {
            let one = self.int(1);
            args.push(BlockArg::Value(self.b.ins().iadd(counter, one)));
        }
        if moves == Move::Far {
            self.count_apart(&args)?;
        }
        let Some(Inner { block, limit }) = self.inner.filter(|_| stays) else {
            self.b.ins().jump(self.header, &args);
            return Ok(());
        };
        let Some(&BlockArg::Value(counter)) = args.get(self.lead) else {
            return Err(malformed(inst));
        };
        let goes_on = self.b.ins().icmp(IntCC::NotEqual, counter, limit);
        let carried = self.carried.iter().filter_map(|&n| args.get(n).copied());
        let mut inner: Vec<BlockArg> = carried.collect();
        inner.push(BlockArg::Value(limit));
        let header = self.header;
        self.b.ins().brif(goes_on, block, &inner, header, &args);
        Ok(())
    }

    /// Adds what this path saves less than the root path does.
    fn fall_short(&mut self) {
        let snap = self.path.and_then(|p| self.trace.snaps.get(p.0 as usize));
        let shortfall = snap.and_then(|snap| self.request.shortfalls.get(&snap.origin));
        if let Some(&shortfall) = shortfall {
            let sum = self.load(types::I64, self.act, SHORTFALL);
            let sum = self.b.ins().iadd_imm_s(sum, shortfall);
            self.store(sum, self.act, SHORTFALL);
        }
    }

    /// Whether a jump moves the counter as the counter moves.
    pub(super) fn is_step(&self, jump: &Inst) -> bool {
        self.moves(jump) == Move::Step
    }

    /// How a jump moves the counter.
    fn moves(&self, jump: &Inst) -> Move {
        let by = match self.counter {
            Counter::Memory | Counter::Own(_) => return Move::Step,
            Counter::Up(_) => 1,
            Counter::Down(_) => -1,
        };
        let label = self.trace.insts.iter().find(|inst| inst.op == Op::Label);
        let param = label.and_then(|label| label.params.get(self.lead));
        match (param, jump.args.get(self.lead)) {
            (Some(&param), Some(&next)) if self.step_by(param, next) == Some(by) => Move::Step,
            _ => Move::Far,
        }
    }

    /// Counts an iteration at whose end the counter goes elsewhere.
    fn count_apart(&mut self, args: &[BlockArg]) -> Result<(), Abort> {
        let (Some(old), Some(&BlockArg::Value(new))) = (self.counter.param(), args.get(self.lead))
        else {
            return Err(refused("a loop without a counter"));
        };
        let rest = self.load(types::I64, self.act, ITERATIONS);
        let moved = match self.counter {
            Counter::Down(_) => self.b.ins().isub(new, old),
            _ => self.b.ins().isub(old, new),
        };
        let rest = self.b.ins().iadd(rest, moved);
        let one = self.int(1);
        let rest = self.b.ins().iadd(rest, one);
        self.store(rest, self.act, ITERATIONS);
        Ok(())
    }

    fn block_args(&mut self, inst: &Inst) -> Result<Vec<BlockArg>, Abort> {
        if inst.args.len() != self.params.len() {
            return Err(malformed(inst));
        }
        let params = self.params.clone();
        params
            .iter()
            .enumerate()
            .map(|(i, &ty)| self.arg(inst, i, ty).map(BlockArg::Value))
            .collect()
    }

    // ---- iterations ----

    /// The parameter of the label that moves by one on the root path, and whether it grows: the one that tells the end
    /// of the loop, where there is one.
    fn step_of_one(&self, at: usize, label: &Inst) -> Option<(usize, bool)> {
        let mut body = self.trace.insts.iter().skip(at);
        let jump = body.find(|inst| inst.op == Op::Jump)?;
        let ends = label.params.iter().zip(&jump.args);
        let steps: Vec<Option<i64>> = ends
            .map(|(&param, &next)| self.step_by(param, next))
            .collect();
        let steps = [1, -1].into_iter().flat_map(|by| {
            let at = steps.iter().enumerate();
            at.filter(move |&(_, &step)| step == Some(by))
                .map(move |(n, _)| (n, by == 1))
        });
        let ends = |&(n, up): &(usize, bool)| {
            let mut check = self.trace.insts.iter().skip(at);
            let check = check.position(|inst| inst.op == Op::Check);
            check.is_some_and(|check| self.end_of_loop(at + check, at, n, up).is_some())
        };
        steps.clone().find(ends).or_else(|| steps.clone().next())
    }

    /// By how much a parameter of the label moves, where the next one is its sum with a constant.
    fn step_by(&self, param: Value, next: Value) -> Option<i64> {
        let def = |v: Value| self.trace.insts.iter().find(|i| i.result == Some(v));
        let int = |v: Value| match def(v).map(|inst| (inst.op, inst.imm)) {
            Some((Op::ConstInt, Imm::Int(n))) => Some(n),
            _ => None,
        };
        let inst = def(next)?;
        let &[x, y] = inst.args.as_slice() else {
            return None;
        };
        match inst.op {
            Op::IAdd | Op::IAddOvf if x == param => int(y),
            Op::IAdd | Op::IAddOvf if y == param => int(x),
            Op::ISub | Op::ISubOvf if x == param => int(y).map(i64::wrapping_neg),
            _ => None,
        }
    }

    /// Completes `Activation::iterations` on the way out of the loop.
    pub(super) fn count_iterations(&mut self, kind: Counter, counter: ir::Value) {
        let rest = self.load(types::I64, self.act, ITERATIONS);
        let iterations = match kind {
            Counter::Memory => return,
            Counter::Up(_) | Counter::Own(_) => self.b.ins().iadd(rest, counter),
            Counter::Down(_) => self.b.ins().isub(rest, counter),
        };
        self.store(iterations, self.act, ITERATIONS);
    }

    // ---- check ----

    /// Whether the root path has one check only and nothing on it can make a check leave: no call, no
    /// finaliser, no module-level variable. The check stands in front of all that cannot be done twice.
    fn is_calm(&self, label: usize) -> bool {
        let body = self.trace.insts.iter().skip(label + 1);
        let root = body.take_while(|inst| inst.op != Op::Jump);
        let mut first = root.clone().filter(|inst| !is_repeatable(inst));
        first.next().is_some_and(|inst| inst.op == Op::Check)
            && root.clone().filter(|inst| inst.op == Op::Check).count() == 1
            && root.clone().all(|inst| self.keeps_calm(inst))
    }

    /// Whether nothing on a path can make a check leave.
    pub(super) fn is_calm_path(&self, path: &[Inst]) -> bool {
        path.iter()
            .all(|inst| inst.op != Op::Check && self.keeps_calm(inst))
    }

    fn keeps_calm(&self, inst: &Inst) -> bool {
        let global = match inst.imm {
            Imm::Slot(slot) | Imm::Slots(slot, _) => self.trace.global(slot).is_some(),
            _ => false,
        };
        !global && !matches!(inst.op.effect(), Effect::Call | Effect::RunsPython)
    }

    pub(super) fn check(&mut self, at: usize, inst: &'a Inst) -> Result<(), Abort> {
        let exit = self.exit(at, inst)?;
        // Other threads write the polled words, and C memory: without this, their loads would be
        // taken for repetitions of earlier ones where the loop has no call and no store.
        self.b.ins().sequence_point();
        let differs = self.poll()?;
        self.branch(differs, exit);
        match self.part {
            Part::Loop if self.calm && self.path.is_none() => self.inner_loop(at),
            _ => Ok(()),
        }
    }

    /// Behind the check of a calm loop: the guard that it is not at its end, and the inner loop up to
    /// that guard.
    fn inner_loop(&mut self, check: usize) -> Result<(), Abort> {
        let insts: &'a [Inst] = &self.trace.insts;
        let label = insts.iter().position(|inst| inst.op == Op::Label);
        let (Some(label), Some(counter)) = (label, self.counter.param()) else {
            return Err(refused("a loop without a label"));
        };
        let up = !matches!(self.counter, Counter::Down(_));
        let counted = !matches!(self.counter, Counter::Memory | Counter::Own(_));
        let end = self
            .end_of_loop(check, label, self.lead, up)
            .filter(|_| counted);
        let mut invariants = self.invariants(label);
        let (last, held) = self.leading(&mut invariants, label, end.map_or(check, |e| e.0));
        let between = || insts.iter().enumerate().take(last + 1).skip(label + 1);
        for (at, inst) in between().skip(check - label) {
            self.inst(at, inst)?;
        }
        self.hoist(&mut invariants, last)?;
        let end = end.map(|(_, end)| self.native(end)).transpose()?;
        let limit = self.limit(counter, end);

        let outer = self.b.block_params(self.header).to_vec();
        let params = &insts[label].params;
        let changes = |n: &usize| params.get(*n).is_none_or(|&v| !invariants.has(v));
        self.carried = (0..outer.len()).filter(changes).collect();
        let block = self.b.create_block();
        let mut natives = outer.clone();
        let mut args = Vec::with_capacity(outer.len() + 1);
        for &n in &self.carried {
            let ty = self.b.func.dfg.value_type(outer[n]);
            natives[n] = self.b.append_block_param(block, ty);
            args.push(BlockArg::Value(outer[n]));
        }
        args.push(BlockArg::Value(limit));
        let todo = |at: usize, inst: &Inst| match at <= last {
            true => is_repeatable(inst) && !held.contains(&at),
            false => true,
        };
        let copies = self.copies(label, todo);
        self.b.ins().jump(block, &args);
        let limit = self.b.append_block_param(block, types::I64);
        self.b.switch_to_block(block);
        self.b.ins().sequence_point();
        self.inner = Some(Inner { block, limit });
        self.part = Part::Inner;
        self.bind_params(&insts[label], &natives)?;
        for (value, copy) in copies {
            if let Some(def) = self.defs.get_mut(value.0 as usize) {
                *def = Def::Native(copy);
            }
        }
        for (at, inst) in between().filter(|(at, inst)| is_repeatable(inst) && !held.contains(at)) {
            self.inst(at, inst)?;
        }
        self.done = last;
        Ok(())
    }

    /// Copies of what the inner loop computes with and does not change, where other paths lead to the header too: what lives
    /// through these, and their calls, would be read from the stack here, where nothing but this takes the register.
    fn copies(
        &mut self,
        label: usize,
        todo: impl Fn(usize, &Inst) -> bool,
    ) -> Vec<(Value, ir::Value)> {
        let insts: &'a [Inst] = &self.trace.insts;
        if insts.iter().filter(|inst| inst.op == Op::Jump).count() < 2 {
            return Vec::new();
        }
        let params = insts.get(label).map_or(&[][..], |label| &label.params);
        let carried = self.carried.iter().filter_map(|&n| params.get(n));
        let mut seen: HashSet<Value> = carried.copied().collect();
        let body = insts.iter().enumerate().skip(label + 1);
        let body = body.take_while(|(_, inst)| inst.op != Op::Jump);
        let computing = body.filter(|&(at, inst)| {
            !inst.op.is_box() && !self.hoisted.contains(&at) && todo(at, inst)
        });
        let mut all = Vec::new();
        for &value in computing.flat_map(|(_, inst)| &inst.args) {
            if seen.insert(value)
                && let Some(&Def::Native(native)) = self.defs.get(value.0 as usize)
                && self.b.func.dfg.value_type(native) == types::I64
            {
                all.push((value, native));
            }
        }
        if all.is_empty() {
            return all;
        }
        // A copy that the code generator does not see through.
        let base = self.words(all.len());
        for (&(_, native), place) in all.iter().zip((0..).step_by(8)) {
            self.store(native, base, place);
        }
        self.b.ins().sequence_point();
        for ((_, native), place) in all.iter_mut().zip((0..).step_by(8)) {
            *native = self.load(types::I64, base, place);
        }
        all
    }

    /// The end of what is done in the outer loop at least: behind the guard that the loop is not at its end come guards
    /// that hold in each iteration of the inner loop or in none. And which of all that the inner loop need not do.
    fn leading(
        &self,
        invariants: &mut Invariants<'a>,
        label: usize,
        end: usize,
    ) -> (usize, HashSet<usize>) {
        let mut last = end;
        let mut held = HashSet::new();
        for (at, inst) in self.trace.insts.iter().enumerate().skip(label + 1) {
            let holds = invariants.hold(inst);
            if holds {
                held.insert(at);
            }
            match is_repeatable(inst) {
                true => {}
                false if at <= end => {}
                false if holds => last = at,
                false => break,
            }
        }
        // Nothing may depend on those that are not done here, as a division behind the last guard.
        held.retain(|&at| {
            let done = at <= last;
            if !done && let Some(inst) = self.trace.insts.get(at) {
                invariants.forget(inst);
            }
            done
        });
        (last, held)
    }

    /// Computes here what the rest of the body would compute anew in each iteration.
    fn hoist(&mut self, invariants: &mut Invariants<'a>, last: usize) -> Result<(), Abort> {
        let insts: &'a [Inst] = &self.trace.insts;
        let mut pinned = Vec::new();
        let rest = insts.iter().enumerate().skip(last + 1);
        for (at, inst) in rest.take_while(|(_, inst)| inst.op != Op::Jump) {
            if pinned.len() == MAX_HOISTED || !invariants.hold_early(inst) {
                continue;
            }
            self.inst(at, inst)?;
            self.hoisted.insert(at);
            if let Some(value) = inst.result.filter(|_| invariants.needs_register(inst))
                && let Def::Native(native) = self.def(value)?
            {
                pinned.push(native);
            }
        }
        if pinned.is_empty() {
            return Ok(());
        }
        let base = self.words(pinned.len());
        for (native, place) in pinned.into_iter().zip((0..).step_by(8)) {
            self.store(native, base, place);
        }
        Ok(())
    }

    /// The guard behind the check that the counter has not reached a number that never changes, and
    /// that number.
    fn end_of_loop(
        &self,
        check: usize,
        label: usize,
        lead: usize,
        up: bool,
    ) -> Option<(usize, Value)> {
        let insts = &self.trace.insts;
        let lead = *insts.get(label)?.params.get(lead)?;
        let behind = insts.iter().enumerate().skip(check + 1);
        let (at, guard) = behind.clone().find(|(_, inst)| !is_repeatable(inst))?;
        let cond = *guard.args.first().filter(|_| guard.op == Op::GuardTrue)?;
        let compare = insts.iter().find(|inst| inst.result == Some(cond))?;
        let &[x, y] = compare.args.as_slice() else {
            return None;
        };
        let end = match compare.op {
            Op::INe if x == lead => y,
            Op::INe if y == lead => x,
            Op::ILt if up && x == lead => y,
            Op::IGt if up && y == lead => x,
            Op::IGt if !up && x == lead => y,
            Op::ILt if !up && y == lead => x,
            _ => return None,
        };
        let mut before = insts.iter().take(label);
        let invariant = before.any(|inst| inst.result == Some(end));
        invariant.then_some((at, end))
    }

    /// How far the counter may go before the next look at the polled words: not behind the end.
    fn limit(&mut self, counter: ir::Value, end: Option<ir::Value>) -> ir::Value {
        let up = !matches!(self.counter, Counter::Down(_));
        // A constant that is not seen through (see `pin`): a sum with one would be computed again in
        // each iteration.
        let base = self.words(2);
        let distance = self.int(POLL_EVERY);
        self.store(distance, base, 0);
        let mut distance = self.b.ins().uload32(TRUSTED, base, 0);
        if let Some(end) = end {
            // Without a sign: where the counter only has to differ from the end it may begin behind it.
            let room = if up {
                self.b.ins().isub(end, counter)
            } else {
                self.b.ins().isub(counter, end)
            };
            distance = self.b.ins().umin(room, distance);
        }
        let limit = if up {
            self.b.ins().iadd(counter, distance)
        } else {
            self.b.ins().isub(counter, distance)
        };
        self.opaque(limit, base, 8)
    }

    /// The same word, of which the code generator does not know how it was computed: it would compute it again
    /// in each iteration, or move parts of it into the comparison with it.
    fn opaque(&mut self, word: ir::Value, base: ir::Value, place: i32) -> ir::Value {
        self.store(word, base, place);
        // Behind it a load is not taken for what was stored.
        self.b.ins().sequence_point();
        self.load(types::I64, base, place)
    }

    /// One value for one branch: how all polled words differ from what they should be.
    fn poll(&mut self) -> Result<ir::Value, Abort> {
        if self.target.watches.len() > MAX_WATCHES {
            return Err(refused("more watched words than an activation holds"));
        }
        let python_ran = std::mem::take(&mut self.python_ran);
        let watches = self.target.watches.iter().enumerate();
        let watches: Vec<(usize, Watch)> = watches
            .filter(|(_, watch)| python_ran || !watch.by_python)
            .map(|(i, &watch)| (i, watch))
            .collect();
        if let &[(i, watch)] = watches.as_slice() {
            let expected = self.expected(i);
            let word = self.watched(i, watch);
            return Ok(self.b.ins().icmp(IntCC::NotEqual, expected, word));
        }
        let mut differs = None;
        for (i, watch) in watches {
            let mut word = self.watched(i, watch);
            // Whoever wants it to leave changes what the first one is compared with.
            if i == 0 || !watch.zero {
                let expected = self.expected(i);
                word = self.b.ins().bxor(word, expected);
            }
            differs = Some(match differs {
                Some(differs) => self.b.ins().bor(differs, word),
                None => word,
            });
        }
        differs.ok_or_else(|| refused("nothing to poll"))
    }

    /// What a watched word must hold.
    fn expected(&mut self, i: usize) -> ir::Value {
        let place = offset_of!(Activation, expected) + 8 * i;
        self.load(types::I64, self.act, place as i32)
    }

    /// A watched word.
    fn watched(&mut self, i: usize, watch: Watch) -> ir::Value {
        let place = offset_of!(Activation, watched) + 8 * i;
        let place = self.load(types::I64, self.act, place as i32);
        match watch.bytes {
            8 => self.load(types::I64, place, 0),
            _ => self.b.ins().uload32(TRUSTED, place, 0),
        }
    }
}
