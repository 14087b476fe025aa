//! Operators of instances of classes in Python: the method that CPython calls from C becomes part of the trace.
//!
//! The operands stay on the operand stack while the method runs, as they do in C. What it gives is guarded in front of
//! its return, so that nothing is left to the protocol behind it but what `protocols.rs` does for an exit.

use super::calls::CallShape;
use super::inline::Argument;
use super::{Pending, Recorder};
use crate::cpython::decode::Instr;
use crate::cpython::{Opcode, function, instance};
use crate::protocols::{self, Wants};
use crate::py::{Kind, Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int};
use traces::builder::StackEntry;
use traces::{Abort, Imm, Known, Op, Protocol, Reason, Value};

/// The operators whose left or right operand may be a sequence in C, by their numbers, with the slots.
const OF_SEQUENCES: [(usize, [c_int; 2]); 2] = [
    (0, [ffi::Py_sq_concat, ffi::Py_sq_inplace_concat]),
    (5, [ffi::Py_sq_repeat, ffi::Py_sq_inplace_repeat]),
];
/// `**`, which has a protocol of its own.
const POWER: usize = 8;

impl Recorder {
    /// `a + b` and its like; says whether the method is recorded from here on.
    pub(super) fn binary_method(&mut self, i: &Instr) -> Result<bool, Abort> {
        let (a, b) = (self.concrete(1)?, self.concrete(0)?);
        let (left, right) = (a.type_object(), b.type_object());
        let number = i.oparg as usize % protocols::BINARY.len();
        let in_place = i.oparg as usize >= protocols::BINARY.len();
        let Some(&(name, reflected, name_in_place, _)) = protocols::BINARY.get(number) else {
            return Ok(false);
        };
        if number == POWER || is_sequence(left, number) || is_sequence(right, number) {
            return Ok(false);
        }
        if in_place && let Some(found) = in_class(left, name_in_place) {
            return self.operator(found, &[1, 0], Protocol::InPlace);
        }
        if instance::is_heap_type(left) {
            let found = in_class(left, name).filter(|_| is_first(left, right));
            return match found {
                Some(found) => self.operator(found, &[1, 0], Protocol::Operator),
                None => Ok(false),
            };
        }
        let numbers = [Known::Int, Known::Float].map(|k| Object(crate::py::known_address(k)));
        let is_number = numbers.iter().any(|&n| instance::is_made_from(right, n));
        match in_class(right, reflected) {
            Some(found) if a.kind().is_number() && !is_number => {
                self.operator(found, &[0, 1], Protocol::Reflected)
            }
            _ => Ok(false),
        }
    }

    /// `a < b` and its like; says whether the method is recorded from here on.
    pub(super) fn compare_method(&mut self, i: &Instr) -> Result<bool, Abort> {
        let (left, right) = (
            self.concrete(1)?.type_object(),
            self.concrete(0)?.type_object(),
        );
        let (op, _) = self.table.compare(i.oparg);
        let name = protocols::COMPARISONS.get(op as usize);
        let found = name.and_then(|(name, _)| in_class(left, name));
        match found.filter(|_| is_first(left, right)) {
            Some(found) => self.operator(found, &[1, 0], Protocol::Operator),
            None => Ok(false),
        }
    }

    /// An operator that is a method of the operand so far below the top, which is also the first of the arguments; says
    /// whether the method is recorded from here on.
    pub(super) fn operator_of(&mut self, name: &CStr, operands: &[usize]) -> Result<bool, Abort> {
        let Some(&first) = operands.first() else {
            return Ok(false);
        };
        let class = self.concrete(first)?.type_object();
        match in_class(class, name) {
            Some(found) => self.operator(found, operands, Protocol::Operator),
            None => Ok(false),
        }
    }

    /// `len(x)`, where the callable is guarded.
    pub(super) fn length_method(&mut self, shape: &CallShape) -> Result<bool, Abort> {
        if shape.nargs != 1 || self.concrete(0)?.is_null() {
            return Ok(false);
        }
        self.operator_of(c"__len__", &[0])
    }

    /// A call of an instance whose class has `__call__`; says whether that is recorded from here on.
    pub(super) fn calling(&mut self, shape: &CallShape) -> Result<bool, Abort> {
        let callee = self.concrete(shape.callable)?;
        if shape.is_method() || shape.bound.is_some() || callee.is_null() {
            return Ok(false);
        }
        let class = callee.type_object();
        let Some(found) = in_class(class, c"__call__") else {
            return Ok(false);
        };
        if !instance::calls_slowly(class) {
            return Ok(false);
        }
        let mut operands = vec![shape.callable];
        operands.extend((0..shape.nargs).rev());
        self.operator_on(found, &operands, 1, Protocol::Calling)
    }

    /// The truth of an instance whose class says nothing about it.
    pub(super) fn truth_of_any(&mut self) -> Result<Option<Value>, Abort> {
        let o = self.concrete(0)?;
        if o.is_null() || !instance::is_heap_type(o.type_object()) {
            return Ok(None);
        }
        let class = o.type_object();
        let slots = [ffi::Py_nb_bool, ffi::Py_mp_length, ffi::Py_sq_length];
        if slots.iter().any(|&slot| instance::has_slot(class, slot)) || self.b.peek(0)?.owned {
            return Ok(None);
        }
        let v = self.b.peek(0)?.value;
        self.guard_class(v, o);
        self.b.emit(Op::ConstBool, &[], Imm::Bool(true)).map(Some)
    }

    /// The call of a method in Python on operands that stay where they are.
    fn operator(
        &mut self,
        method: Object,
        operands: &[usize],
        protocol: Protocol,
    ) -> Result<bool, Abort> {
        self.operator_on(method, operands, operands.len(), protocol)
    }

    /// As `operator`, where the classes of the first operands say which method it is.
    pub(super) fn operator_on(
        &mut self,
        method: Object,
        operands: &[usize],
        deciding: usize,
        protocol: Protocol,
    ) -> Result<bool, Abort> {
        let arguments: Vec<Argument> = operands.iter().map(|&at| Argument::Shared(at)).collect();
        // The operands stay where they are: a dict would have no slot.
        let Some(mut call) = self.bind_call(method, &arguments, None, 0) else {
            return Ok(false);
        };
        call.protocol = protocol;
        for &at in operands.iter().take(deciding) {
            let (v, o) = (self.b.peek(at)?.value, self.concrete(at)?);
            if o.is_null() {
                return Ok(false);
            }
            if instance::is_heap_type(o.type_object()) {
                self.guard_class(v, o);
                self.hold.push(o.type_object().0);
            } else {
                let ty = self.type_of(o);
                self.b.guard_type(v, ty);
            }
        }
        let n = self.operands_here(protocol)?;
        self.secure(n)?;
        self.shelter();
        self.enter(&call, 0, None)?;
        Ok(true)
    }

    /// How many operands the bytecode has on the stack while its method runs.
    fn operands_here(&self, protocol: Protocol) -> Result<usize, Abort> {
        let here = self.last.and_then(|last| self.decoded.at(last));
        let here = here.and_then(|i| protocols::operator(protocol, i));
        here.map(|(n, _)| n).ok_or_else(|| Reason::Confused.into())
    }

    /// The return of a method that an operator has called: the caller's bytecode makes its result of it. All that could
    /// leave does so in front of the return.
    pub(super) fn return_to_operator(&mut self, constant: Option<Object>) -> Result<(), Abort> {
        let o = match constant {
            Some(o) => o,
            None => self.concrete(0)?,
        };
        let protocol = self.protocol();
        let caller = self.callers.last().ok_or(Reason::Confused)?;
        let call = caller
            .last
            .and_then(|last| caller.decoded.at(last))
            .cloned();
        let call = call.ok_or(Reason::Confused)?;
        let (n, wants) = protocols::operator(protocol, &call).ok_or(Reason::Confused)?;
        let asks = call.opcode == Opcode::COMPARE_OP && self.table.compare(call.oparg).1;
        if asks && !matches!(o.kind(), Kind::Bool(_)) {
            // The jump behind it wants a bool, which the comparison makes of anything.
            return Err(self.unsupported("a comparison that gives no bool"));
        }
        let result = match constant {
            Some(o) => self.wanted_constant(wants, o)?,
            None => self.wanted(wants)?,
        };
        self.guard_kept();
        let (e, source) = (self.b.peek(0)?, self.b.slot_below_top(0));
        let mut owned = false;
        match result {
            Some(value) if value == e.value => {
                owned = e.owned;
                if !owned && (self.is_buffer(value) || !self.is_virtual(value)) {
                    self.b.effect(Op::InitSlot, &[value], Imm::Slot(source));
                    owned = true;
                }
                self.b.pop()?;
            }
            _ if constant.is_some() => {
                self.b.pop()?;
            }
            _ => self.pop_dead()?,
        }
        let mut noticed = self.leave()?;
        if wants == Wants::Instance {
            return self.go_on(noticed);
        }
        for at in 0..n {
            noticed |= self.b.peek(at)?.owned;
        }
        self.drop_operands(n, None)?;
        let target = self.b.next_slot();
        if owned {
            self.b
                .effect(Op::SwapSlots, &[], Imm::Slots(target, source));
        }
        if let Some(value) = result {
            match owned {
                true => self.b.push_owned(value),
                false => self.b.push(value),
            }
        }
        if wants != Wants::Jump {
            return self.go_on(noticed);
        }
        // The jump is taken again on the truth.
        self.jump_again(&call, result, noticed)
    }

    fn jump_again(
        &mut self,
        call: &Instr,
        truth: Option<Value>,
        noticed: bool,
    ) -> Result<(), Abort> {
        self.b.begin(call.offset);
        if noticed {
            self.b.check();
        }
        let truth = self
            .b
            .op(Op::UnboxBool, &[truth.ok_or(Reason::Confused)?])?;
        self.pending = Pending::Jump {
            taken: call.target.unwrap_or(call.next),
            fallthrough: call.next,
            truth,
            jump_if: call.opcode == Opcode::POP_JUMP_IF_TRUE,
        };
        Ok(())
    }

    /// As `wanted`, of a constant, which lies at the top of the trace's stack alone.
    fn wanted_constant(&mut self, wants: Wants, o: Object) -> Result<Option<Value>, Abort> {
        let value = self.b.peek(0)?.value;
        // SAFETY: immortal.
        let not_implemented = o.0 == unsafe { ffi::Py_NotImplemented() };
        match (wants, o.kind()) {
            (Wants::Value, _) => Ok(Some(value)),
            (Wants::Implemented, _) if !not_implemented => Ok(Some(value)),
            (Wants::Truth { .. } | Wants::Jump, Kind::Bool(b)) => {
                let truth = b != (wants == Wants::Truth { negated: true });
                let truth = self.b.emit(Op::ConstBool, &[], Imm::Bool(truth))?;
                self.b.op(Op::BoxBool, &[truth]).map(Some)
            }
            (Wants::Length, Kind::Int(0..)) => Ok(Some(value)),
            (Wants::Nothing | Wants::Instance, Kind::None) => Ok(None),
            _ => Err(self.unsupported("what a method of an operator gives")),
        }
    }

    /// What the caller's bytecode makes of what lies at the top; guards that it is of that kind.
    fn wanted(&mut self, wants: Wants) -> Result<Option<Value>, Abort> {
        let (o, StackEntry { value, .. }) = (self.concrete(0)?, self.b.peek(0)?);
        let odd = |r: &Recorder| Err(r.unsupported("what a method of an operator gives"));
        match wants {
            Wants::Value => Ok(Some(value)),
            // SAFETY: immortal.
            Wants::Implemented if o.0 == unsafe { ffi::Py_NotImplemented() } => odd(self),
            Wants::Implemented => {
                if !self.is_virtual(value) {
                    let ty = self.type_of(o);
                    self.b.guard_type(value, ty);
                }
                Ok(Some(value))
            }
            Wants::Truth { .. } | Wants::Jump => {
                let (Kind::Bool(_), Some(truth)) = (o.kind(), self.truth()?) else {
                    return odd(self);
                };
                let truth = match wants {
                    Wants::Truth { negated: true } => self.b.op(Op::BNot, &[truth])?,
                    _ => truth,
                };
                self.b.op(Op::BoxBool, &[truth]).map(Some)
            }
            Wants::Length => {
                let (Kind::Int(0..), Some(n)) = (o.kind(), self.integer(0)?) else {
                    return odd(self);
                };
                let zero = self.b.int(0)?;
                let natural = self.b.op(Op::IGe, &[n, zero])?;
                self.b.guard(natural, true);
                self.b.op(Op::BoxInt, &[n]).map(Some)
            }
            Wants::Nothing | Wants::Instance => {
                let Kind::None = o.kind() else {
                    return odd(self);
                };
                let none = self.known(Known::None);
                self.b.guard_is(value, none);
                Ok(None)
            }
        }
    }
}

/// A function in Python that a class made in Python has under a name.
pub(super) fn in_class(class: Object, name: &CStr) -> Option<Object> {
    // SAFETY: the GIL is held; an error is cleared.
    let name = unsafe {
        let name = Strong::from_new(ffi::PyUnicode_InternFromString(name.as_ptr()));
        ffi::PyErr_Clear();
        name?
    };
    instance::class_attribute(class, Object(name.as_ptr())).filter(|&o| function::is_function(o))
}

/// Whether the left operand is asked first, by its class and that of the right one.
fn is_first(left: Object, right: Object) -> bool {
    left == right || !instance::is_made_from(right, left)
}

/// Whether a class has a slot in C for an operator that sequences have.
fn is_sequence(class: Object, number: usize) -> bool {
    let of = OF_SEQUENCES.iter().find(|(n, _)| *n == number);
    of.is_some_and(|(_, slots)| slots.iter().any(|&slot| instance::has_slot(class, slot)))
}
