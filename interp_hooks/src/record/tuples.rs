//! Tuples that need not exist: of numbers and constants, of what locals hold, of what the memory of other objects
//! lends. Their items are taken from the recording; whatever else is done with one makes it first.

use super::Recorder;
use super::builtins::is_len;
use super::calls::CallShape;
use crate::cpython::decode::Instr;
use crate::cpython::{Opcode, function};
use crate::py::{Kind, Object};
use pyo3_ffi as ffi;
use traces::{Abort, Imm, Known, Op, Reason, Value};

impl Recorder {
    /// Whether a value is a tuple that need not exist.
    pub(super) fn is_tuple(&self, v: Value) -> bool {
        self.defined_by(v) == Some(Op::BoxTuple)
    }

    /// The items of a tuple that the trace makes, whether they are alive or not.
    fn items_of(&self, v: Value) -> Option<&[Value]> {
        let insts = &self.b.trace.insts;
        let def = insts.iter().rev().find(|i| i.result == Some(v));
        def.filter(|i| i.op == Op::BoxTuple)
            .map(|i| i.args.as_slice())
    }

    /// Whether all items of a tuple that the trace makes are such.
    pub(super) fn all_items(&self, v: Value, are: impl Fn(Value) -> bool) -> bool {
        let items = self.items_of(v);
        items.is_some_and(|items| items.iter().all(|&item| are(item)))
    }

    /// Whether a local, of this frame or one that waits for it, holds a value.
    fn is_held(&self, v: Value) -> bool {
        let waiting = self.callers.iter().map(|caller| &caller.locals);
        waiting
            .chain([&self.locals])
            .any(|locals| locals.contains(&Some(v)))
    }

    /// Whether an object that a tuple would hold is alive without it, for now.
    pub(super) fn is_alive_item(&self, v: Value) -> bool {
        match self.defined_by(v) {
            Some(Op::BoxStruct | Op::BoxBuffer | Op::BoxAttr | Op::BoxTuple) => false,
            Some(op) if op.is_box() => true,
            Some(Op::ConstObj) => true,
            _ => self.is_held(v) || self.still_lent.contains(&v),
        }
    }

    /// The items of a tuple that the trace makes, as long as they are alive without it.
    pub(super) fn known_items(&self, v: Value) -> Option<Vec<Value>> {
        let items = self.items_of(v)?;
        let alive = items.iter().all(|&item| self.is_alive_item(item));
        alive.then(|| items.to_vec())
    }

    /// The items of the tuple `n` below the top, where it does not exist.
    fn virtual_items(&self, n: usize) -> Result<Option<Vec<Value>>, Abort> {
        let e = self.b.peek(n)?;
        Ok(match e.owned {
            true => None,
            false => self.known_items(e.value),
        })
    }

    /// `BUILD_TUPLE`, of what is alive without it; says whether it did.
    pub(super) fn build_tuple(&mut self, n: usize, i: &Instr) -> Result<bool, Abort> {
        let mut items = Vec::with_capacity(n);
        for k in (0..n).rev() {
            let e = self.b.peek(k)?;
            if e.owned || !self.is_alive_item(e.value) {
                return Ok(false);
            }
            items.push(e.value);
        }
        if items.is_empty() {
            return Ok(false);
        }
        let tuple = self.b.op(Op::BoxTuple, &items)?;
        for _ in 0..n {
            self.b.pop()?;
        }
        self.b.push(tuple);
        self.b.begin(i.next);
        Ok(true)
    }

    /// What stands for a tuple of these items: none of them dies before it.
    pub(super) fn tuple_of(&mut self, items: &[Value]) -> Result<Value, Abort> {
        if !items.is_empty() {
            return self.b.op(Op::BoxTuple, items);
        }
        // SAFETY: the GIL is held; there is one empty tuple, which never dies.
        let empty = Object(unsafe { ffi::PyTuple_New(0) });
        let id = self.borrowed_constant(empty, "()");
        self.b.obj(id)
    }

    /// Makes the tuples among the top operands that a bytecode would do something with that is not known here.
    pub(super) fn make_tuples(&mut self, i: &Instr) -> Result<(), Abort> {
        use Opcode::*;
        let n = match i.opcode {
            NOP | RESUME | EXTENDED_ARG | CACHE | LOAD_FAST | LOAD_FAST_CHECK
            | LOAD_FAST_LOAD_FAST | LOAD_CONST | PUSH_NULL | POP_TOP | COPY | SWAP
            | LOAD_GLOBAL | LOAD_NAME | LOAD_DEREF | UNARY_NOT | TO_BOOL | POP_JUMP_IF_TRUE
            | POP_JUMP_IF_FALSE | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE | JUMP_FORWARD
            | KW_NAMES | CALL | CALL_KW | CALL_FUNCTION_EX | UNPACK_SEQUENCE | RETURN_VALUE
            | RETURN_CONST | BINARY_SUBSCR | BINARY_SLICE | FOR_ITER | END_FOR => 0,
            IS_OP if self.concrete(0)?.kind().is_singleton() => 0,
            STORE_FAST | STORE_FAST_LOAD_FAST => return self.make_stored(1),
            STORE_FAST_STORE_FAST => return self.make_stored(2),
            LOAD_ATTR | GET_ITER | LIST_APPEND => 1,
            BINARY_OP | COMPARE_OP | CONTAINS_OP | IS_OP | STORE_ATTR => 2,
            STORE_SUBSCR => 3,
            BUILD_TUPLE | BUILD_LIST => i.oparg as usize,
            BUILD_MAP if self.merges(i) => 0,
            _ => self.b.stack.len(),
        };
        self.make_top(n);
        Ok(())
    }

    /// Makes the tuples among the top operands.
    pub(super) fn make_top(&mut self, operands: usize) {
        let len = self.b.stack.len();
        for i in len.saturating_sub(operands)..len {
            let e = self.b.stack[i];
            if !e.owned && self.is_tuple(e.value) {
                self.give_owner(i);
            }
        }
    }

    /// The loop's own locals hold no tuple that does not exist, and those of a call none that keeps something alive.
    fn make_stored(&mut self, operands: usize) -> Result<(), Abort> {
        for n in 0..operands {
            let e = self.b.peek(n)?;
            if self.callers.is_empty() || !self.is_virtual(e.value) {
                self.make_top(n + 1);
            }
        }
        Ok(())
    }

    /// Makes the tuples of the operand stack, in front of an event behind which what was lent may be gone.
    pub(super) fn make_lent(&mut self) {
        for i in 0..self.b.stack.len() {
            let e = self.b.stack[i];
            let kept = |v| self.is_virtual(v) || self.is_held(v);
            if !e.owned && self.is_tuple(e.value) && !self.all_items(e.value, kept) {
                self.give_owner(i);
            }
        }
        self.still_lent.clear();
    }

    // ---- what gives the items ----

    /// `UNPACK_SEQUENCE` of a tuple that does not exist; says whether it did.
    pub(super) fn unpack_known(&mut self, i: &Instr) -> Result<bool, Abort> {
        let Some(items) = self.virtual_items(0)? else {
            return Ok(false);
        };
        if items.len() != i.oparg as usize {
            return Err(Reason::Raised.into());
        }
        self.b.pop()?;
        for &item in items.iter().rev() {
            self.b.push(item);
        }
        self.b.begin(i.next);
        Ok(true)
    }

    /// An item of a tuple that does not exist, at an index that is guarded; says whether it did.
    pub(super) fn item_known(&mut self, i: &Instr) -> Result<bool, Abort> {
        let Some(items) = self.virtual_items(1)? else {
            return Ok(false);
        };
        let at = match self.concrete(0)?.kind() {
            Kind::Int(n) => n,
            Kind::Bool(b) => i64::from(b),
            _ => return Ok(false),
        };
        if self.b.peek(0)?.owned {
            return Ok(false);
        }
        let length = items.len() as i64;
        let from_start = if at < 0 { at + length } else { at };
        let item = usize::try_from(from_start).ok();
        let item = item.and_then(|at| items.get(at).copied());
        let item = item.ok_or(Reason::Raised)?;
        self.guard_int(0, at)?;
        self.b.pop()?;
        self.b.pop()?;
        self.b.push(item);
        self.b.begin(i.next);
        Ok(true)
    }

    /// Guards that the int `n` below the top is this one.
    fn guard_int(&mut self, n: usize, now: i64) -> Result<(), Abort> {
        let found = self.integer(n)?;
        let found = found.ok_or_else(|| self.unsupported("an index that is no int"))?;
        let now = self.b.int(now)?;
        let same = self.b.op(Op::IEq, &[found, now])?;
        self.b.guard(same, true);
        Ok(())
    }

    /// A slice of a tuple that does not exist, whose ends are guarded; says whether it did.
    pub(super) fn slice_known(&mut self, i: &Instr) -> Result<bool, Abort> {
        let Some(items) = self.virtual_items(2)? else {
            return Ok(false);
        };
        let length = items.len() as i64;
        let mut ends = [0, length];
        for (end, n) in ends.iter_mut().zip([1, 0]) {
            if self.b.peek(n)?.owned {
                return Ok(false);
            }
            match self.concrete(n)?.kind() {
                Kind::None => {}
                Kind::Int(at) if at < 0 => *end = (at + length).max(0),
                Kind::Int(at) => *end = at.min(length),
                _ => return Ok(false),
            }
        }
        for n in [1, 0] {
            match self.concrete(n)?.kind() {
                Kind::Int(at) => self.guard_int(n, at)?,
                _ => {
                    let (v, none) = (self.b.peek(n)?.value, self.known(Known::None));
                    self.b.guard_is(v, none);
                }
            }
        }
        let whole = self.b.peek(2)?.value;
        let [start, stop] = ends.map(|end| usize::try_from(end).unwrap_or(0));
        let part = items.get(start..stop).unwrap_or(&[]);
        // All of a tuple is the tuple itself.
        let part = match part.len() == items.len() {
            true => whole,
            false => self.tuple_of(part)?,
        };
        for _ in 0..3 {
            self.b.pop()?;
        }
        self.b.push(part);
        self.b.begin(i.next);
        Ok(true)
    }

    /// How many items the tuple at the top has that does not exist.
    pub(super) fn length_known(&self) -> Result<Option<usize>, Abort> {
        Ok(self.virtual_items(0)?.map(|items| items.len()))
    }

    /// The truth of the tuple at the top that does not exist.
    pub(super) fn truth_known(&mut self) -> Result<Option<Value>, Abort> {
        match self.length_known()? {
            Some(n) => self.b.emit(Op::ConstBool, &[], Imm::Bool(n > 0)).map(Some),
            None => Ok(None),
        }
    }

    /// Makes the tuples among the operands of a call, unless the callee becomes part of the trace, or is `len`.
    pub(super) fn make_arguments(
        &mut self,
        shape: &CallShape,
        by_position: bool,
    ) -> Result<(), Abort> {
        let callee = self.concrete(shape.callable)?;
        let takes_length = by_position && shape.nargs == 1 && is_len(callee);
        if function::is_function(callee) || takes_length && self.length_known()?.is_some() {
            return Ok(());
        }
        self.make_top(shape.nargs + 2);
        Ok(())
    }
}
