//! `for`: range, list and tuple iterators.

use super::{Pending, Recorder, Step, notes};
use crate::cpython::decode::Instr;
use crate::cpython::{Opcode, pairs, quiet};
use crate::engine;
use crate::loops::{self, State};
use crate::py::{Kind, Object};
use crate::unroll;
use traces::{Abort, Effect, Field, Helper, Imm, Inst, Known, Op, Reason, Remark, Resume, Value};

/// How many turns of another loop a recording goes through.
pub(super) const MAX_TURNS: u32 = 8;
/// How many of them a branch goes through where that loop is compiled: behind them it leaves for it.
const MAX_TURNS_OF_COMPILED: u32 = 3;
/// How often a branch that has come to the header goes through the loop once more.
const MAX_EXTRA_TURNS: u32 = 3;
/// After how many attempts it comes there with an object where others have a box.
pub(super) const TAKES_OBJECTS_FROM: u32 = 4;

/// Why an iterator is not part of a trace that somebody else may advance.
const OTHERS_TOO: &str = "an iterator that others can reach too";

/// The fields of an iterator over a sequence of objects.
struct Sequence {
    iter: Known,
    seq: Known,
    index: Field,
    source: Field,
}

const LIST: Sequence = Sequence {
    iter: Known::ListIter,
    seq: Known::List,
    index: Field::ListIterIndex,
    source: Field::ListIterSeq,
};
const TUPLE: Sequence = Sequence {
    iter: Known::TupleIter,
    seq: Known::Tuple,
    index: Field::TupleIterIndex,
    source: Field::TupleIterSeq,
};

impl Recorder {
    pub(super) fn for_iter(&mut self, i: &Instr) -> Result<(), Abort> {
        let it = self.concrete(0)?;
        let v = self.b.peek(0)?.value;
        if it.is_exactly(Known::RangeIter) {
            return self.next_of_range(it, v, i);
        }
        for s in [&LIST, &TUPLE] {
            if it.is_exactly(s.iter) && it.iterates_exactly() {
                return self.next_of_sequence(s, it, v, i);
            }
        }
        if it.is_exactly(Known::CDataIter) && self.next_of_cdata(it, v)? {
            return Ok(());
        }
        if self.next_of_reversed(it, v)? || self.next_of_pair(it, v, i)? {
            return Ok(());
        }
        self.next_of_any(it, v, i)
    }

    /// A jump back to the header of another loop: one around the loop of this tree, or one that lies on the way,
    /// whose turns are recorded one behind the other where they are few. A branch ends where a compiled one has more.
    pub(super) fn other_loop(&mut self, from: u32, header: u32) -> Result<Step, Abort> {
        self.b.begin_turn();
        if self.callers.is_empty() && (header..from).contains(&self.header) {
            if self.is_branch() && self.is_unrolled(header) {
                self.b.begin(header);
                self.leaves = true;
                return Ok(Step::Closed);
            }
            return match self.goes_around {
                true => Ok(Step::More),
                false => Err(Reason::LeftLoop.into()),
            };
        }
        let branch = self.is_branch();
        let own = self.callers.is_empty();
        if own && !self.goes_around && header > self.decoded.end_of_loop(self.header) {
            return Err(Reason::LeftLoop.into());
        }
        let compiled = engine::get()
            .and_then(|e| loops::header(e, self.code, header))
            .is_some_and(|h| matches!(*h.state.borrow(), State::Compiled));
        let turns = self.turns.entry((self.code as usize, header)).or_default();
        *turns += 1;
        if compiled && branch && own && *turns > MAX_TURNS_OF_COMPILED {
            self.b.begin(header);
            self.leaves = true;
            return Ok(Step::Closed);
        }
        let unrolls = self.way.is_some();
        if unrolls && !unroll::is_counted(&self.decoded, header) {
            return Err(Reason::LeftLoop.into());
        }
        if compiled && !self.goes_around && !unrolls || *turns > self.max_turns {
            return Err(match unrolls {
                true => Reason::LeftLoop.into(),
                false => Reason::InnerLoop.into(),
            });
        }
        Ok(Step::More)
    }

    /// Whether the loop around this one has a trace that goes through both.
    fn is_unrolled(&self, header: u32) -> bool {
        let outer = engine::get().and_then(|e| loops::header(e, self.code, header));
        outer.is_some_and(|outer| {
            outer.unrolling.is_done() && matches!(*outer.state.borrow(), State::Compiled)
        })
    }

    /// Whether a branch that has come to the header goes through the loop once more: where a variable holds an object
    /// that is a box at the end of the root path. Joined here, it would have to be an object in every iteration.
    ///
    /// # Errors
    /// It does again and again; another time the path may be another one.
    pub(super) fn takes_another_turn(&mut self) -> Result<bool, Abort> {
        if self.takes_objects || !self.holds_object_for_box() {
            return Ok(false);
        }
        let own = (self.code as usize, self.header);
        let turns = self.turns.entry(own).or_default();
        *turns += 1;
        if *turns > MAX_EXTRA_TURNS {
            let what = "an object where other paths have none";
            return Err(Abort::new(Reason::Confused, what));
        }
        self.b.begin_turn();
        Ok(true)
    }

    fn holds_object_for_box(&self) -> bool {
        let insts = &self.b.trace.insts;
        let (Some(root), Some(branch)) = (
            insts.iter().position(|inst| inst.op.ends_path()),
            insts.iter().rposition(|inst| inst.op == Op::Branch),
        ) else {
            return false;
        };
        (0..self.b.trace.nlocals).any(|slot| {
            let at_root = stored(&insts[..root], slot).and_then(|v| self.defined_by(v));
            // What is a number somewhere is a number everywhere.
            let is_number =
                |op| matches!(op, Op::BoxInt | Op::BoxUint | Op::BoxFloat | Op::BoxBool);
            let is_box = at_root.is_some_and(|op| op.is_box() && !is_number(op));
            is_box && stored(&insts[branch..], slot).is_some_and(|v| self.defined_by(v) != at_root)
        })
    }

    /// `GET_ITER`: the iterator takes the place of the object.
    pub(super) fn get_iter(&mut self, i: &Instr) -> Result<(), Abort> {
        let (o, e) = (self.concrete(0)?, self.b.peek(0)?);
        let made = match self.defined_by_helper(e.value) {
            // `range_call` has made it already.
            Some(Helper::RangeIterNew) => return Ok(()),
            _ if o.is_exactly(Known::List) => Some((Known::List, Helper::ListIterNew)),
            _ if o.is_exactly(Known::Tuple) => Some((Known::Tuple, Helper::TupleIterNew)),
            _ => None,
        };
        let Some((ty, helper)) = made else {
            if e.owned && pairs::kind(o).is_some() {
                // They are their own iterators.
                let ty = self.type_of(o);
                self.b.guard_type(e.value, ty);
                return Ok(());
            }
            return self.residual(Helper::PyGetIter, 0, 1, i.next);
        };
        let ty = self.known(ty);
        self.b.guard_type(e.value, ty);
        let slot = self.b.slot_below_top(0);
        self.make_new(helper, &[e.value], 1, slot)?;
        self.b.begin(i.next);
        Ok(())
    }

    /// `range(...)` in front of a GET_ITER: makes the iterator, which is its own iterator, at once. Says whether it
    /// did.
    pub(super) fn range_call(&mut self, nargs: usize, i: &Instr) -> Result<bool, Abort> {
        let iterates = self.decoded.at(i.next).map(|next| next.opcode) == Some(Opcode::GET_ITER);
        if !iterates || !(1..=3).contains(&nargs) {
            return Ok(false);
        }
        let mut numbers = Vec::with_capacity(nargs);
        for n in (0..nargs).rev() {
            let (v, o) = (self.b.peek(n)?.value, self.concrete(n)?);
            let Kind::Int(number) = o.kind() else {
                return Ok(false);
            };
            numbers.push((v, number));
        }
        let step = numbers.get(2).map_or(1, |n| n.1);
        if step == 0 || step == i64::MIN {
            return Ok(false);
        }
        let unit = step.abs() == 1;
        let ty = self.known(Known::Int);
        let mut values = Vec::with_capacity(nargs);
        for (v, _) in numbers {
            self.b.guard_type(v, ty);
            values.push(self.b.op(Op::UnboxInt, &[v])?);
        }
        let by = match values.get(2) {
            Some(&given) if !unit => {
                let zero = self.b.int(0)?;
                let grows = self.b.op(Op::IGt, &[given, zero])?;
                self.b.guard(grows, step > 0);
                given
            }
            Some(&given) => {
                let by = self.b.int(step)?;
                let same = self.b.op(Op::IEq, &[given, by])?;
                self.b.guard(same, true);
                by
            }
            None => self.b.int(step)?,
        };
        let (start, stop) = match *values.as_slice() {
            [start, stop, ..] => (start, stop),
            [stop] => (self.b.int(0)?, stop),
            [] => return Ok(false),
        };
        let len = self.length_of_range(start, stop, (by, step))?;
        let slot = self.b.slot_below_top(nargs + 1);
        self.make_new(Helper::RangeIterNew, &[start, by, len], nargs + 2, slot)?;
        self.b.begin(i.next);
        Ok(true)
    }

    /// How many items a range has; leaves where it has less than none. The sign of the step was guarded. (The number
    /// behind the last item may not fit in 64 bits: CPython has another iterator then, which gives the same items.)
    fn length_of_range(
        &mut self,
        start: Value,
        stop: Value,
        (by, step): (Value, i64),
    ) -> Result<Value, Abort> {
        let up = step > 0;
        let (low, high) = if up { (start, stop) } else { (stop, start) };
        let distance = self.b.op(Op::ISubOvf, &[high, low])?;
        let zero = self.b.int(0)?;
        let fits = self.b.op(Op::IGe, &[distance, zero])?;
        self.b.guard(fits, true);
        if step.abs() == 1 {
            return Ok(distance);
        }
        let size = match up {
            true => by,
            // Where the step has no positive counterpart, this leaves.
            false => self.b.op(Op::ISubOvf, &[zero, by])?,
        };
        let one = self.b.int(1)?;
        if !up {
            let positive = self.b.op(Op::IGt, &[size, zero])?;
            self.b.guard(positive, true);
        }
        let round = self.b.op(Op::ISub, &[size, one])?;
        let rounded = self.b.op(Op::IAddOvf, &[distance, round])?;
        self.b.op(Op::IFloorDiv, &[rounded, size])
    }

    /// The next item of any other iterator, through its protocol.
    fn next_of_any(&mut self, it: Object, v: Value, i: &Instr) -> Result<(), Abort> {
        let behind = self.behind_loop(i)?;
        let end = i.target.unwrap_or(behind);
        let quiet = self.next_quietly(it, v)?;
        let item = match quiet {
            Some(item) => item,
            None => {
                let of = it.type_object().type_name();
                self.note(
                    Remark::Operation,
                    format!("the next item of {}", notes::one(&of)),
                );
                let slot = self.b.next_slot();
                self.call_into(Helper::PyIterNext, &[v], 1, slot)?
            }
        };
        self.b.push_owned(item);
        self.pending = Pending::Item {
            next: i.next,
            end,
            behind,
            quiet: quiet.is_some(),
        };
        Ok(())
    }

    /// The next item of an iterator that runs no Python code for it; `None` where it is no such iterator, or does now.
    fn next_quietly(&mut self, it: Object, v: Value) -> Result<Option<Value>, Abort> {
        // SAFETY: the iterator is alive, and its layout was proved.
        let layout = quiet::of(it).filter(|&layout| unsafe { quiet::is_quiet(it, layout) });
        let Some(layout) = layout else {
            return Ok(None);
        };
        let ty = self.type_of(it);
        self.b.guard_type(v, ty);
        self.secure(1)?;
        self.shelter_below(1);
        let (source, pair) = (self.b.int(layout.source)?, self.b.int(layout.pair)?);
        let is_quiet = self.b.call(Helper::QuietNext, &[v, source, pair])?;
        self.b.guard(is_quiet, true);
        let slot = self.b.next_slot();
        let snap = self.b.snapshot_as(Resume::Raise(1));
        let imm = Imm::HelperSlot(Helper::QuietNew, slot);
        let item = self.b.trace.emit(Op::CallNew, &[v], imm, Some(snap))?;
        Ok(Some(item))
    }

    /// How many items a list or tuple has, and the address of the first.
    pub(super) fn items_of_sequence(
        &mut self,
        of: Known,
        seq: Value,
    ) -> Result<(Value, Value), Abort> {
        Ok(match of {
            Known::List => (
                self.b.load_field(seq, Field::ListSize)?,
                self.b.load_field(seq, Field::ListItems)?,
            ),
            _ => (
                self.b.load_field(seq, Field::TupleSize)?,
                self.b
                    .emit(Op::FieldAddr, &[seq], Imm::Field(Field::TupleItems))?,
            ),
        })
    }

    /// An iterator has given an item, or has come to its end. Where native code finds the end, the interpreter goes
    /// on behind the loop, where it drops the iterator and what stands for the end.
    pub(super) fn finish_item(
        &mut self,
        offset: u32,
        (next, end, behind): (u32, u32, u32),
        quiet: bool,
    ) -> Result<(), Abort> {
        let ended = offset == behind;
        if !ended && offset != next {
            return Err(Reason::Raised.into());
        }
        let item = self.b.peek(0)?.value;
        let exhausted = engine::get().map(|e| Object(e.exhausted.as_ptr()));
        let exhausted = exhausted.ok_or(Reason::Confused)?;
        let exhausted = self.borrowed_constant(exhausted, "exhausted");
        let exhausted = self.b.obj(exhausted)?;
        let is_end = self.b.op(Op::Same, &[item, exhausted])?;
        self.b.begin(if ended { next } else { end });
        self.b.guard(is_end, ended);
        if !ended {
            self.b.begin(next);
            if !quiet {
                self.b.check();
            }
            return self.finish_result(next);
        }
        for _ in 0..2 {
            let slot = self.b.slot_below_top(0);
            self.b.pop()?;
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
        }
        self.b.begin(behind);
        self.b.check();
        Ok(())
    }

    fn behind_loop(&self, i: &Instr) -> Result<u32, Abort> {
        let behind = self.decoded.behind_loop(i, self.table.callable_first());
        behind.ok_or_else(|| Abort::new(Reason::Confused, "a loop without an end"))
    }

    /// `END_FOR` behind an exit at the end of an iterator: what stands for the end goes, and in 3.12 the iterator with
    /// it (from 3.13 on a POP_TOP follows).
    pub(super) fn end_for(&mut self, i: &Instr) -> Result<(), Abort> {
        let n = if self.table.callable_first() { 1 } else { 2 };
        for _ in 0..n {
            let slot = self.b.slot_below_top(0);
            if self.b.pop()?.owned {
                self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
            }
        }
        self.b.begin(i.next);
        self.b.check();
        Ok(())
    }

    /// An iterator whose end was guarded goes.
    fn leave_loop(&mut self, i: &Instr) -> Result<(), Abort> {
        if self.callers.is_empty() && i.offset == self.header && !self.goes_around {
            return Err(Reason::LeftLoop.into());
        }
        let behind = self.behind_loop(i)?;
        let it = self.concrete(0)?;
        let slot = self.b.slot_below_top(0);
        let e = self.b.pop()?;
        if !e.owned {
            return Err(Abort::new(Reason::Confused, "an iterator without an owner"));
        }
        let constant = self.iterates_constant(e.value);
        if it.is_exactly(Known::RangeIter) || constant {
            self.b.effect(Op::ClearSlot, &[], Imm::Slot(slot));
            self.b.begin(behind);
        } else {
            // The last owner of a list may go with it.
            self.shelter();
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
            self.b.begin(behind);
            self.b.check();
        }
        Ok(())
    }

    /// The iterator's own state is private to the trace while nobody else can reach it.
    pub(super) fn guard_iterator(&mut self, it: Object, v: Value, ty: Known) -> Result<(), Abort> {
        if it.refcount() != 1 {
            return Err(Abort::new(Reason::Operand, OTHERS_TOO));
        }
        let ty = self.known(ty);
        self.b.guard_type(v, ty);
        let n = self.b.load_field(v, Field::IterRefCount)?;
        let one = self.b.int(1)?;
        let alone = self.b.op(Op::IEq, &[n, one])?;
        self.b.guard(alone, true);
        Ok(())
    }

    fn next_of_range(&mut self, it: Object, v: Value, i: &Instr) -> Result<(), Abort> {
        let ended = it.range_iterator_len() <= 0;
        self.guard_iterator(it, v, Known::RangeIter)?;
        let len = self.b.load_field(v, Field::RangeIterLen)?;
        let zero = self.b.int(0)?;
        let more = self.b.op(Op::IGt, &[len, zero])?;
        self.b.guard(more, !ended);
        if ended {
            return self.leave_loop(i);
        }
        let start = self.b.load_field(v, Field::RangeIterStart)?;
        let step = self.b.load_field(v, Field::RangeIterStep)?;
        // A step that is a constant saves a register; that of one loop is hardly ever another than one.
        let next = match it.range_iterator_step() {
            by @ (1 | -1) => {
                let constant = self.b.int(by)?;
                let same = self.b.op(Op::IEq, &[step, constant])?;
                self.b.guard(same, true);
                self.b.op(Op::IAdd, &[start, constant])?
            }
            _ => self.b.op(Op::IAdd, &[start, step])?,
        };
        let one = self.b.int(1)?;
        let left = self.b.op(Op::ISub, &[len, one])?;
        self.b.effect(
            Op::StoreField,
            &[v, next],
            Imm::Field(Field::RangeIterStart),
        );
        self.b
            .effect(Op::StoreField, &[v, left], Imm::Field(Field::RangeIterLen));
        let item = self.b.op(Op::BoxInt, &[start])?;
        self.b.push(item);
        Ok(())
    }

    fn next_of_sequence(
        &mut self,
        s: &Sequence,
        it: Object,
        v: Value,
        i: &Instr,
    ) -> Result<(), Abort> {
        let next = it.sequence_iterator_next();
        if s.seq == Known::Tuple && self.iterates_constant(v) {
            return self.next_of_constant(s, (it, v), next, i);
        }
        self.guard_iterator(it, v, s.iter)?;
        let seq = self.b.load_field(v, s.source)?;
        let ty = self.known(s.seq);
        self.b.guard_type(seq, ty);
        let index = self.b.load_field(v, s.index)?;
        let (size, items) = self.items_of_sequence(s.seq, seq)?;
        let inside = self.b.op(Op::IUlt, &[index, size])?;
        self.b.guard(inside, next.is_some());
        let Some(item) = next else {
            return self.leave_loop(i);
        };
        let value = self.b.op(Op::LoadItem, &[items, index])?;
        // All that can leave comes before the iterator moves on.
        let unboxed = self.unbox_plain(value, item)?;
        let one = self.b.int(1)?;
        let next = self.b.op(Op::IAdd, &[index, one])?;
        self.b
            .effect(Op::StoreField, &[v, next], Imm::Field(s.index));
        match unboxed {
            Some(boxed) => self.b.push(boxed),
            None => {
                let slot = self.b.next_slot();
                self.b.effect(Op::InitSlot, &[value], Imm::Slot(slot));
                self.b.push_owned(value);
            }
        }
        Ok(())
    }

    /// Whether a value is an iterator that the trace has made of a constant list or tuple.
    fn iterates_constant(&self, v: Value) -> bool {
        let def = |v| self.b.trace.insts.iter().rfind(|i| i.result == Some(v));
        def(v).is_some_and(|made| made.iterates(def).is_some())
    }

    /// The next item of an iterator that the trace has made of a constant tuple: how far it has come is known, and so is
    /// what lies there.
    fn next_of_constant(
        &mut self,
        s: &Sequence,
        (it, v): (Object, Value),
        next: Option<Object>,
        i: &Instr,
    ) -> Result<(), Abort> {
        if it.refcount() != 1 {
            return Err(Abort::new(Reason::Operand, OTHERS_TOO));
        }
        let Some(item) = next else {
            return self.leave_loop(i);
        };
        let item = self.item_of_constant(item)?;
        let behind = self.b.int(it.sequence_iterator_index() + 1)?;
        self.b
            .effect(Op::StoreField, &[v, behind], Imm::Field(s.index));
        self.b.push(item);
        Ok(())
    }

    /// For a number, a truth value or None: guards and a value that needs no owner.
    pub(super) fn unbox_plain(&mut self, v: Value, o: Object) -> Result<Option<Value>, Abort> {
        let (ty, unbox, rebox) = match o.kind() {
            Kind::Int(_) => (Known::Int, Op::UnboxInt, Op::BoxInt),
            Kind::Uint(_) => (Known::Int, Op::UnboxUint, Op::BoxUint),
            // A NaN equals nothing but is found in a container by its identity: it stays an object.
            Kind::Float(x) if x.is_nan() => return Ok(None),
            Kind::Float(_) => (Known::Float, Op::UnboxFloat, Op::BoxFloat),
            Kind::Bool(_) => (Known::Bool, Op::UnboxBool, Op::BoxBool),
            Kind::None => {
                let none = self.known(Known::None);
                self.b.guard_is(v, none);
                return Ok(Some(self.b.obj(none)?));
            }
            _ => return Ok(None),
        };
        let ty = self.known(ty);
        self.b.guard_type(v, ty);
        let x = self.b.op(unbox, &[v])?;
        if unbox == Op::UnboxFloat {
            let number = self.b.op(Op::FEq, &[x, x])?;
            self.b.guard(number, true);
        }
        Ok(Some(self.b.op(rebox, &[x])?))
    }
}

/// What instructions store in a slot last.
fn stored(insts: &[Inst], slot: u16) -> Option<Value> {
    let stores = insts.iter().rev().filter(|inst| match inst.imm {
        Imm::Slot(n) => n == slot && inst.op.effect() == Effect::StoreSlot,
        Imm::Slots(a, b) => a == slot || b == slot,
        _ => false,
    });
    let last = stores.take(1).next()?;
    last.args.first().copied()
}
