//! Calls with `*`, of a tuple whose items are known: `f(*args)`, and `f(a, *args)`, whose list of arguments is gathered
//! by bytecodes that do nothing else; `f(*args, **kwargs)` where there are no keywords. These are not recorded: an exit resumes in front of the first.

use super::Recorder;
use super::inline::Argument;
use crate::adapters;
use crate::cpython::decode::Instr;
use crate::cpython::{Opcode, function};
use crate::py::Object;
use std::collections::HashSet;
use traces::{Abort, Field, Imm, Known, Op, Resume, SnapId, Value};

/// How many items of a tuple that exists are passed on.
const MAX_ITEMS: usize = 8;
/// `INTRINSIC_LIST_TO_TUPLE`, `Include/internal/pycore_intrinsics.h`.
const LIST_TO_TUPLE: u32 = 6;

/// An argument, and what it is now.
type Passed = (Argument, Object);

/// A call whose arguments are being gathered.
pub(super) struct Gathering {
    /// Where the list is made, in front of which exits resume.
    from: u32,
    /// Where the call is.
    call: u32,
    /// How many operands went into the list.
    operands: usize,
    passed: Vec<Passed>,
}

impl Recorder {
    /// `BUILD_LIST` in front of a call with `*`, whose arguments are all known; says whether the bytecodes up to the call
    /// are passed over.
    pub(super) fn gather(&mut self, i: &Instr) -> Result<bool, Abort> {
        let n = i.oparg as usize;
        let Some((call, added)) = self.gathered_by(i) else {
            return Ok(false);
        };
        let callable = n + usize::from(self.table.callable_first());
        if self.b.stack.len() < n + 2 || !self.is_direct(self.concrete(callable)?) {
            return Ok(false);
        }
        let mut passed = Vec::new();
        for at in (0..n).rev() {
            passed.push((Argument::Operand(at), self.concrete(at)?));
        }
        for (local, spread) in added {
            let (slot, v) = (self.b.local_slot(local), self.local(local)?);
            let now = self.slot_object(slot);
            if now.is_null() {
                return Ok(false);
            }
            match spread {
                false => passed.push((Argument::Value(v), now)),
                true => match self.spread(v, now)? {
                    Some(items) => passed.extend(items),
                    None => return Ok(false),
                },
            }
        }
        self.gathering = Some(Gathering {
            from: i.offset,
            call,
            operands: n,
            passed,
        });
        Ok(true)
    }

    /// `BUILD_MAP` in front of a call with `*args, **kwargs`, whose second has no items; says whether the bytecodes up to the call
    /// are passed over.
    pub(super) fn gather_no_keywords(&mut self, i: &Instr) -> Result<bool, Abort> {
        let Some((call, local)) = self.merged_by(i) else {
            return Ok(false);
        };
        let callable = 1 + usize::from(self.table.callable_first());
        if self.b.stack.len() < 3 || !function::is_function(self.concrete(callable)?) {
            return Ok(false);
        }
        let (keywords, v) = (
            self.slot_object(self.b.local_slot(local)),
            self.local(local)?,
        );
        let (e, now) = (self.b.peek(0)?, self.concrete(0)?);
        let is_empty = keywords.is_exactly(Known::Dict) && keywords.field_i64(Field::DictUsed) == 0;
        if e.owned || !is_empty {
            return Ok(false);
        }
        let Some(passed) = self.spread(e.value, now)? else {
            return Ok(false);
        };
        let ty = self.known(Known::Dict);
        self.b.guard_type(v, ty);
        let used = self.b.load_field(v, Field::DictUsed)?;
        let none = self.b.int(0)?;
        let same = self.b.op(Op::IEq, &[used, none])?;
        self.b.guard(same, true);
        self.gathering = Some(Gathering {
            from: i.offset,
            call,
            operands: 1,
            passed,
        });
        Ok(true)
    }

    /// Whether a dict is made for a call with `**`, of a local.
    pub(super) fn merges(&self, i: &Instr) -> bool {
        self.merged_by(i).is_some()
    }

    /// The call that an empty dict is made for, and the local whose items go into it.
    fn merged_by(&self, i: &Instr) -> Option<(u32, u32)> {
        let load = self.decoded.at(i.next)?;
        let merge = self.decoded.at(load.next)?;
        let call = self.decoded.at(merge.next)?;
        let all = [i, load, merge, call].map(|i| i.opcode);
        let found = all
            == [
                Opcode::BUILD_MAP,
                Opcode::LOAD_FAST,
                Opcode::DICT_MERGE,
                Opcode::CALL_FUNCTION_EX,
            ];
        (found && (i.oparg, merge.oparg, call.oparg) == (0, 1, 1))
            .then_some((call.offset, load.oparg))
    }

    /// Whether calls of an object become part of the trace.
    fn is_direct(&self, callee: Object) -> bool {
        function::is_function(callee) || adapters::describe(callee.0).is_some()
    }

    /// The call that a list is made for, and the locals that go into it, some of them spread.
    fn gathered_by(&self, i: &Instr) -> Option<(u32, Vec<(u32, bool)>)> {
        let mut added = Vec::new();
        let mut at = self.decoded.at(i.next)?;
        while let Opcode::LOAD_FAST = at.opcode {
            let then = self.decoded.at(at.next)?;
            let spread = match (then.opcode, then.oparg) {
                (Opcode::LIST_EXTEND, 1) => true,
                (Opcode::LIST_APPEND, 1) => false,
                _ => return None,
            };
            added.push((at.oparg, spread));
            at = self.decoded.at(then.next)?;
        }
        let call = self.decoded.at(at.next)?;
        let found = (at.opcode, at.oparg) == (Opcode::CALL_INTRINSIC_1, LIST_TO_TUPLE)
            && (call.opcode, call.oparg) == (Opcode::CALL_FUNCTION_EX, 0);
        (found && !added.is_empty()).then_some((call.offset, added))
    }

    /// The items of a tuple, which the trace makes or a local holds.
    fn spread(&mut self, v: Value, now: Object) -> Result<Option<Vec<Passed>>, Abort> {
        let Some(objects) = now.tuple_items().filter(|items| items.len() <= MAX_ITEMS) else {
            return Ok(None);
        };
        let items = match self.known_items(v) {
            Some(items) => items,
            None => self.loaded_items(v, &objects)?,
        };
        let items = items.into_iter().map(Argument::Value);
        Ok(Some(items.zip(objects).collect()))
    }

    /// The items of a tuple that exists, of as many as there are now.
    fn loaded_items(&mut self, v: Value, now: &[Object]) -> Result<Vec<Value>, Abort> {
        let ty = self.known(Known::Tuple);
        self.b.guard_type(v, ty);
        let size = self.b.load_field(v, Field::TupleSize)?;
        let n = self.b.int(now.len() as i64)?;
        let same = self.b.op(Op::IEq, &[size, n])?;
        self.b.guard(same, true);
        let place = Imm::Field(Field::TupleItems);
        let array = self.b.emit(Op::FieldAddr, &[v], place)?;
        let mut items = Vec::with_capacity(now.len());
        for (k, &object) in now.iter().enumerate() {
            let k = self.b.int(k as i64)?;
            let item = self.b.op(Op::LoadItem, &[array, k])?;
            items.push(self.unbox_plain(item, object)?.unwrap_or(item));
        }
        Ok(items)
    }

    /// Whether a bytecode is one of those that gather arguments.
    pub(super) fn is_gathering(&self, offset: u32) -> bool {
        self.gathering.as_ref().is_some_and(|g| offset != g.call)
    }

    /// `CALL_FUNCTION_EX`, of arguments that were gathered or of a tuple whose items are known; says whether it did.
    pub(super) fn call_spread(&mut self, i: &Instr) -> Result<bool, Abort> {
        if let Some(gathered) = self.gathering.take() {
            let Gathering {
                from,
                operands,
                passed,
                ..
            } = gathered;
            self.b.begin(from);
            let called = self.call_passed(passed, operands, from, i)?;
            return match called {
                true => Ok(true),
                false => Err(self.unsupported("a call with `*`")),
            };
        }
        let callable = 1 + usize::from(self.table.callable_first());
        let e = self.b.peek(0)?;
        if i.oparg != 0 || e.owned || !self.is_direct(self.concrete(callable)?) {
            return Ok(false);
        }
        let now = self.concrete(0)?;
        match self.spread(e.value, now)? {
            Some(passed) => self.call_passed(passed, 1, i.offset, i),
            None => Ok(false),
        }
    }

    /// Calls a function with these arguments, in the place of the top operands and the two below them.
    fn call_passed(
        &mut self,
        passed: Vec<Passed>,
        operands: usize,
        from: u32,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let callable = operands + usize::from(self.table.callable_first());
        let callee = self.concrete(callable)?;
        if function::is_function(callee) {
            let arguments: Vec<Argument> = passed.into_iter().map(|p| p.0).collect();
            return self.inline_function(
                (callable, callee),
                &arguments,
                None,
                operands + 2,
                from,
                i,
            );
        }
        let mut arguments = Vec::with_capacity(passed.len());
        for (argument, now) in passed {
            let value = match argument {
                Argument::Operand(at) => self.b.peek(at)?.value,
                // While other threads run, somebody else has to keep it.
                Argument::Value(v) if !self.still_lent.contains(&v) => v,
                _ => return Ok(false),
            };
            arguments.push((value, now));
        }
        let emitted = self.b.trace.insts.len();
        if !self.foreign_call_of(callable, &arguments, operands + 2, i)? {
            return Ok(false);
        }
        if from != i.offset {
            self.raise_at_call(emitted, operands, i)?;
        }
        Ok(true)
    }

    /// What raises does so by the bytecode at the call, on operands of its own: the tuple of arguments is one more above
    /// the callable. Where one operand went into the list, as many lie there in front of it.
    fn raise_at_call(&mut self, emitted: usize, operands: usize, i: &Instr) -> Result<(), Abort> {
        let snaps: HashSet<SnapId> = self.b.trace.insts[emitted..]
            .iter()
            .filter_map(|inst| inst.snap)
            .collect();
        for snap in snaps {
            let Some(snap) = self.b.trace.snaps.get_mut(snap.0 as usize) else {
                continue;
            };
            match (snap.resume, snap.frames.last_mut()) {
                (Resume::Raise(_), Some(frame)) if operands == 1 => frame.pc = i.offset,
                // The frame waits at the call.
                (Resume::During, Some(frame)) => frame.pc = i.offset,
                (Resume::Raise(_), _) => {
                    return Err(self.unsupported("a call with `*` that may raise"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
