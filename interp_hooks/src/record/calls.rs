//! Calls: direct foreign calls where the callee is one that we can read, residual calls through
//! CPython's own protocols for everything else.

use super::{Pending, Recorder};
use crate::adapters::{self, Guarded};
use crate::cpython::decode::Instr;
use crate::py::{Kind, Object};
use ffi_ops::KnownObjs;
use traces::{Abort, Helper, Imm, Known, Op, Reason, Remark, Resume, Value};

/// How the operands of a CALL lie on the stack, top last.
pub(super) struct CallShape {
    /// Position of the callable below the top.
    pub(super) callable: usize,
    /// Position of the bound first argument below the top, where there is one.
    pub(super) bound: Option<usize>,
    /// The number of arguments proper.
    pub(super) nargs: usize,
    /// The callable is a bound method that the interpreter has in two parts.
    pub(super) method: bool,
}

impl CallShape {
    /// Whether the trace has a bound method where the interpreter has a function and its first argument.
    pub(super) fn is_method(&self) -> bool {
        self.method
    }
}

impl Recorder {
    pub(super) fn call(&mut self, i: &Instr) -> Result<(), Abort> {
        let nargs = i.oparg as usize;
        let kwnames = self.kwnames.take();
        if self.apart_call(nargs, kwnames.map(Object), 0, i)? {
            return Ok(());
        }
        let shape = self.shape(nargs, 0)?;
        self.make_arguments(&shape, kwnames.is_none())?;
        if kwnames.is_none()
            && (self.foreign_call(&shape, i)?
                || self.ffi_call(&shape, i)?
                || self.builtin_call(&shape, i)?
                || self.method_call(&shape, i)?
                || self.quiet_call(&shape, i)?)
        {
            return Ok(());
        }
        let names = kwnames.map(Object);
        if self.inline_call(&shape, names, 0, i)?
            || self.bound_call(&shape, names, 0, i)?
            || self.instance_call(&shape, names, 0, i)?
            || names.is_none() && self.calling(&shape)?
        {
            return Ok(());
        }
        self.residual_call(&shape, names, 0, i)
    }

    /// The names for the CALL behind. CPython 3.12 keeps them in a variable of the evaluator, so an exit must not
    /// resume between the two: what the call would guard is guarded here.
    pub(super) fn kw_names(&mut self, i: &Instr) -> Result<(), Abort> {
        let call = self.decoded.at(i.next).map(|call| call.oparg as usize);
        let operands =
            call.ok_or_else(|| Abort::new(Reason::Confused, "KW_NAMES without a call"))?;
        self.secure(operands + 2)?;
        self.kwnames = Some(self.co_const(i.oparg)?);
        Ok(())
    }

    pub(super) fn call_kw(&mut self, i: &Instr) -> Result<(), Abort> {
        let names = self.concrete(0)?;
        if self.apart_call(i.oparg as usize, Some(names), 1, i)? {
            return Ok(());
        }
        let shape = self.shape(i.oparg as usize, 1)?;
        let names_given = Some(names);
        if self.inline_call(&shape, names_given, 1, i)?
            || self.bound_call(&shape, names_given, 1, i)?
            || self.instance_call(&shape, names_given, 1, i)?
        {
            return Ok(());
        }
        self.residual_call(&shape, Some(names), 1, i)
    }

    /// `f(*args)` and `f(*args, **names)`, of a tuple and a dict that exist already.
    pub(super) fn call_ex(&mut self, i: &Instr) -> Result<(), Abort> {
        if self.call_spread(i)? {
            return Ok(());
        }
        self.make_top(3 + (i.oparg & 1) as usize);
        let keywords = (i.oparg & 1) as usize;
        let position = keywords + 1 + usize::from(self.table.callable_first());
        let mut args = vec![self.b.peek(position)?.value];
        let mut wanted = vec![(keywords, Known::Tuple)];
        if keywords == 1 {
            wanted.push((0, Known::Dict));
        }
        for (n, wanted) in wanted {
            if !self.concrete(n)?.is_exactly(wanted) {
                return Err(self.unsupported("a call with `*` of something that is no tuple"));
            }
            let (v, ty) = (self.b.peek(n)?.value, self.known(wanted));
            self.b.guard_type(v, ty);
            args.push(v);
        }
        let callable = self.concrete(position)?;
        self.note_call(callable);
        self.call_object(Helper::PyCallEx, &args, keywords + 3, i.next)
    }

    /// Finds the callable below `nargs` arguments and `above` further operands.
    fn shape(&mut self, nargs: usize, above: usize) -> Result<CallShape, Abort> {
        let (upper, lower) = (above + nargs, above + nargs + 1);
        let (up, low) = (self.concrete(upper)?, self.concrete(lower)?);
        let callable = if self.table.callable_first() {
            lower
        } else {
            upper
        };
        let slot = self.b.slot_below_top(callable);
        if let Some(at) = self.bound.iter().position(|&s| s == slot) {
            self.bound.swap_remove(at);
            return Ok(CallShape {
                callable,
                bound: None,
                nargs,
                method: true,
            });
        }
        let (callable, bound) = if self.table.callable_first() {
            // [callable, self or NULL, args...]
            (lower, (!up.is_null()).then_some(upper))
        } else if low.is_null() {
            // [NULL, callable, args...]
            (upper, None)
        } else {
            // [method, self, args...]
            (lower, Some(upper))
        };
        Ok(CallShape {
            callable,
            bound,
            nargs,
            method: false,
        })
    }

    /// Records a direct call where the callee is a foreign function whose signature and
    /// arguments are all understood; says whether it did.
    fn foreign_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        if shape.bound.is_some() || shape.method {
            return Ok(false);
        }
        let mut operands = Vec::with_capacity(shape.nargs);
        for n in (0..shape.nargs).rev() {
            operands.push((self.b.peek(n)?.value, self.concrete(n)?));
        }
        self.foreign_call_of(shape.callable, &operands, shape.nargs + 2, i)
    }

    /// As `foreign_call`, of these arguments, with so many operands on the stack.
    pub(super) fn foreign_call_of(
        &mut self,
        callable: usize,
        operands: &[(Value, Object)],
        stack: usize,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let callee = self.concrete(callable)?;
        let Some(mut description) = adapters::describe(callee.0) else {
            if adapters::is_foreign(callee.0) {
                self.note(Remark::Signature, format!("`{}`", callee.callable_title()));
            }
            return Ok(false);
        };
        // What an argument points to is used while other threads run.
        self.shelter();
        let guarded = self.guard_callee(callable, callee, &description.name)?;
        if let Guarded::Object(id) = guarded {
            // As the program calls it.
            description.call_it(&self.b.trace.obj(id).name);
        }
        let known = self.known_objs();
        self.secure(stack)?;
        self.secure_waiting();
        let called = match adapters::emit(self, guarded, &description, operands, stack, &known) {
            Ok(called) => called,
            Err(ffi_ops::EmitError::Argument(n)) => {
                let ty = operands.get(n).map(|(_, o)| o.type_object().type_name());
                let ty = ty.unwrap_or_default();
                let untyped = match description.is_untyped() {
                    true => ", without argtypes",
                    false => "",
                };
                let name = &description.name;
                let detail = format!("`{name}` is given a {ty} as argument {}{untyped}", n + 1);
                self.note(Remark::Argument, detail);
                return Ok(false);
            }
            Err(ffi_ops::EmitError::Unsupported(what)) => {
                self.note(Remark::Argument, format!("`{}`: {what}", description.name));
                return Ok(false);
            }
            Err(ffi_ops::EmitError::Abort(a)) => return Err(a),
        };
        self.foreign += 1;
        match called {
            ffi_ops::Called::Value(result) => match self.kept_operands(stack, operands)? {
                Some(owners) => {
                    self.replace_kept(stack, result, owners, i.next)?;
                }
                None => {
                    self.drop_operands(stack, None)?;
                    self.b.push(result);
                }
            },
            ffi_ops::Called::Owned(result) => {
                let slot = self.b.slot_below_top(stack - 1);
                self.drop_operands(stack, Some(slot))?;
                self.b.push_owned(result);
            }
        }
        self.b.begin(i.next);
        if description.gives_address() {
            // What stands for it is known once it has arrived. Until then nothing may leave.
            self.pending = Pending::Address { next: i.next };
        } else {
            self.b.check();
        }
        Ok(true)
    }

    /// Guards what a direct call needs to know of its callee. A function pointer of cffi that is no constant is
    /// guarded by its type, and called at the address that it holds.
    fn guard_callee(
        &mut self,
        callable: usize,
        callee: Object,
        name: &str,
    ) -> Result<Guarded, Abort> {
        let v = self.b.peek(callable)?.value;
        if self.defined_by(v) != Some(Op::ConstObj)
            && let Some(cdata) = self.cdata(callable)?
        {
            let p = self.address(&cdata)?;
            self.guard_not_null(p)?;
            return Ok(Guarded::Pointer(p));
        }
        let id = self.constant_of(v, callee, name);
        self.b.guard_is(v, id);
        Ok(Guarded::Object(id))
    }

    /// The result of a call that gives an address has arrived: an int, or None for NULL. The guard
    /// leaves with the other one of the two.
    pub(super) fn finish_address(&mut self, next: u32) -> Result<(), Abort> {
        self.b.begin(next);
        let is_null = matches!(self.concrete(0)?.kind(), Kind::None);
        let address = self.b.peek(0)?.value;
        let none = self.known(Known::None);
        let none = self.b.obj(none)?;
        let (n, zero) = (self.b.op(Op::UnboxUint, &[address])?, self.b.int(0)?);
        let (kept, other) = if is_null {
            (none, address)
        } else {
            (address, none)
        };
        self.replace_top(other)?;
        let null = self.b.op(Op::IEq, &[n, zero])?;
        self.b.guard(null, is_null);
        self.replace_top(kept)?;
        self.b.check();
        Ok(())
    }

    /// The constants that conversions guard against.
    pub(super) fn known_objs(&mut self) -> KnownObjs {
        KnownObjs {
            int: self.known(Known::Int),
            float: self.known(Known::Float),
            bool_: self.known(Known::Bool),
            bytes: self.known(Known::Bytes),
            str_: self.known(Known::Str),
            none: self.known(Known::None),
            none_type: self.known(Known::NoneType),
        }
    }

    /// The builder and the constants, for the adapters.
    pub fn builder(&mut self) -> &mut traces::Builder {
        &mut self.b
    }

    /// The constant of an object that an adapter wants kept alive.
    pub fn keep_constant(&mut self, o: Object, name: &str) -> traces::ObjId {
        self.constant(o, name)
    }

    /// The type of an object as a constant, for an adapter.
    pub fn type_constant(&mut self, o: Object) -> traces::ObjId {
        self.type_of(o)
    }

    fn residual_call(
        &mut self,
        shape: &CallShape,
        kwnames: Option<Object>,
        above: usize,
        i: &Instr,
    ) -> Result<(), Abort> {
        let function = if shape.method {
            // The function is the lower of the two parts, whatever the version.
            shape.nargs + above + 1
        } else {
            shape.callable
        };
        self.make_top(shape.nargs + 2 + above);
        let callable = self.concrete(function)?;
        self.note_call(callable);
        self.residual_call_of(shape, kwnames, above, i)
    }

    /// As `residual_call`, of a callable that the report has a name of.
    pub(super) fn residual_call_of(
        &mut self,
        shape: &CallShape,
        kwnames: Option<Object>,
        above: usize,
        i: &Instr,
    ) -> Result<(), Abort> {
        let mut args = vec![self.b.peek(shape.callable)?.value];
        if let Some(b) = shape.bound {
            args.push(self.b.peek(b)?.value);
        }
        for n in (above..above + shape.nargs).rev() {
            args.push(self.b.peek(n)?.value);
        }
        let helper = match kwnames {
            None => Helper::PyCall,
            Some(names) => {
                let id = self.borrowed_constant(names, "kwnames");
                args.push(self.b.obj(id)?);
                Helper::PyCallKw
            }
        };
        self.call_object(helper, &args, shape.nargs + 2 + above, i.next)
    }

    /// A helper on the top `n` operands, in stack order, whose result replaces them.
    pub(super) fn residual(
        &mut self,
        helper: Helper,
        extra: i64,
        n: usize,
        next: u32,
    ) -> Result<(), Abort> {
        let mut args = Vec::new();
        if helper.args().first() == Some(&traces::Type::I64) {
            args.push(self.b.int(extra)?);
        }
        for k in (0..n).rev() {
            args.push(self.b.peek(k)?.value);
        }
        self.note_operation(helper, extra, n);
        self.call_object(helper, &args, n, next)
    }

    /// Emits `call_new`; the result takes the place of the top `operands` entries, in this slot, and what they
    /// own is dropped.
    pub(super) fn make_new(
        &mut self,
        helper: Helper,
        args: &[Value],
        operands: usize,
        slot: u16,
    ) -> Result<Value, Abort> {
        let snap = self.b.snapshot_as(Resume::Raise(operands as u16));
        let imm = Imm::HelperSlot(helper, slot);
        let made = self.b.trace.emit(Op::CallNew, args, imm, Some(snap))?;
        self.drop_operands(operands, Some(slot))?;
        self.b.push_owned(made);
        Ok(made)
    }

    /// Emits `call_py`; the result takes the place of the top `operands` entries.
    pub(super) fn call_object(
        &mut self,
        helper: Helper,
        args: &[Value],
        operands: usize,
        next: u32,
    ) -> Result<(), Abort> {
        let slot = if operands == 0 {
            self.b.next_slot()
        } else {
            self.b.slot_below_top(operands - 1)
        };
        let r = self.call_into(helper, args, operands, slot)?;
        self.drop_operands(operands, Some(slot))?;
        self.b.push_owned(r);
        self.b.begin(next);
        self.b.check();
        self.pending = Pending::Result { next };
        Ok(())
    }

    /// Emits `call_py` alone; `operands` of the stack are at stake when it raises.
    pub(super) fn call_into(
        &mut self,
        helper: Helper,
        args: &[Value],
        operands: usize,
        slot: u16,
    ) -> Result<Value, Abort> {
        self.residual += 1;
        self.secure(operands)?;
        self.secure_waiting();
        self.still_lent.clear();
        let snap = self.b.snapshot_as(Resume::Raise(operands as u16));
        self.b
            .trace
            .emit(Op::CallPy, args, Imm::HelperSlot(helper, slot), Some(snap))
    }

    /// Emits `call_py_bool` on operands that stay where they are; `operands` of them are at
    /// stake when it raises.
    pub(super) fn call_bool(
        &mut self,
        helper: Helper,
        args: &[Value],
        operands: u16,
    ) -> Result<Value, Abort> {
        self.residual += 1;
        self.note_operation(helper, 0, operands.into());
        self.secure(operands.into())?;
        self.secure_waiting();
        self.still_lent.clear();
        let snap = self.b.snapshot_as(Resume::Raise(operands));
        self.b
            .trace
            .emit(Op::CallPyBool, args, Imm::Helper(helper), Some(snap))
    }

    /// Pops operands and drops the objects that their slots own, but for the slot that a
    /// result has already replaced. The lowest goes first, as in the interpreter.
    pub(super) fn drop_operands(&mut self, n: usize, result: Option<u16>) -> Result<(), Abort> {
        let mut owners = Vec::with_capacity(n);
        for _ in 0..n {
            let slot = self.b.slot_below_top(0);
            let e = self.b.pop()?;
            if e.owned && Some(slot) != result {
                owners.push(slot);
            }
        }
        if !owners.is_empty() {
            self.shelter();
        }
        for slot in owners.into_iter().rev() {
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
        }
        Ok(())
    }

    /// The result of a helper has arrived: what is plain moves into a value.
    pub(super) fn finish_result(&mut self, next: u32) -> Result<(), Abort> {
        let o = self.concrete(0)?;
        let (v, slot) = (self.b.peek(0)?.value, self.b.slot_below_top(0));
        self.b.begin(next);
        if let Kind::Other = o.kind() {
            return Ok(());
        }
        let Some(boxed) = self.unbox_plain(v, o)? else {
            return Ok(());
        };
        self.b.effect(Op::ClearSlot, &[], Imm::Slot(slot));
        self.b.pop()?;
        self.b.push(boxed);
        Ok(())
    }

    pub(super) fn contains_op(&mut self, i: &Instr) -> Result<(), Abort> {
        // Stack: item, container.
        if self.contains_directly(i)? || self.operator_of(c"__contains__", &[0, 1])? {
            return Ok(());
        }
        let (item, container) = (self.b.peek(1)?.value, self.b.peek(0)?.value);
        let r = self.call_bool(Helper::PyContains, &[container, item], 2)?;
        let r = if i.oparg != 0 {
            self.b.op(Op::BNot, &[r])?
        } else {
            r
        };
        let r = self.b.op(Op::BoxBool, &[r])?;
        self.finish_effect(2, i.next)?;
        self.b.push(r);
        self.b.begin(i.next);
        self.b.check();
        Ok(())
    }

    pub(super) fn get_item(&mut self, i: &Instr) -> Result<(), Abort> {
        if self.cdata_get_item(i)?
            || self.sequence_get_item(i)?
            || self.dict_get_item(i)?
            || self.array_get_item(i)?
            || self.operator_of(c"__getitem__", &[1, 0])?
        {
            return Ok(());
        }
        self.residual(Helper::PyGetItem, 0, 2, i.next)
    }

    pub(super) fn set_item(&mut self, i: &Instr) -> Result<(), Abort> {
        // Stack: value, container, key.
        if self.cdata_set_item(i)?
            || self.sequence_set_item(i)?
            || self.dict_set_item(i)?
            || self.array_set_item(i)?
            || self.operator_of(c"__setitem__", &[1, 0, 2])?
        {
            return Ok(());
        }
        let (v, c, k) = (
            self.b.peek(2)?.value,
            self.b.peek(1)?.value,
            self.b.peek(0)?.value,
        );
        self.call_bool(Helper::PySetItem, &[c, k, v], 3)?;
        self.finish_effect(3, i.next)?;
        self.b.check();
        Ok(())
    }

    pub(super) fn set_attr(&mut self, i: &Instr) -> Result<(), Abort> {
        // Stack: value, owner.
        let (v, o) = (self.b.peek(1)?.value, self.b.peek(0)?.value);
        let name = self.co_name(i.oparg);
        if self.cdata_set_attr(name, i)?
            || self.ffi_set_attr(name, i)?
            || self.variable_set(name, i)?
            || self.property_set(name)?
            || self.instance_set_attr(name, i)?
        {
            return Ok(());
        }
        let of = self.concrete(0)?.type_object().type_name();
        self.note(Remark::Operation, format!("`{of}.{} = ...`", name.text()));
        let name = self.name_const(name)?;
        self.call_bool(Helper::PySetAttr, &[o, name, v], 2)?;
        self.finish_effect(2, i.next)?;
        self.b.check();
        Ok(())
    }

    /// The operands of a bytecode whose effect has happened go away.
    pub(super) fn finish_effect(&mut self, n: usize, next: u32) -> Result<(), Abort> {
        self.drop_operands(n, None)?;
        self.b.begin(next);
        Ok(())
    }

    pub(super) fn unsupported(&self, what: &str) -> Abort {
        Abort::new(Reason::Operand, what)
    }
}
