//! Bound methods that lie in variables: `append = out.append`, `f = shape.area`.
//!
//! What a bound method is bound to never changes. A method in Python is known by its function, one of a built-in
//! type by its definition in C; the object that it belongs to is loaded from it.

use super::Recorder;
use super::calls::CallShape;
use super::inline::{Argument, arguments_behind, extent};
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::py::Object;
use std::ffi::CStr;
use traces::{Abort, Field, Imm, Known, Op, Value};

impl Recorder {
    /// A call of a bound method in Python; says whether it is recorded from here on.
    pub(super) fn bound_call(
        &mut self,
        shape: &CallShape,
        names: Option<Object>,
        above: usize,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let callee = self.concrete(shape.callable)?;
        if shape.is_method() || shape.bound.is_some() || !callee.is_exactly(Known::Method) {
            return Ok(false);
        }
        let function = Object(callee.field_i64(Field::MethodFunction) as *mut _);
        let owner = Object(callee.field_i64(Field::MethodSelf) as *mut _);
        let operands = arguments_behind(Some(Argument::Receiver), shape, above);
        let (n, from) = extent(shape, names, above, i);
        let Some(mut call) = self.bind_call(function, &operands, names, n) else {
            return Ok(false);
        };
        self.b.begin(from);
        let Some(v) = self.method_object(shape.callable, callee)? else {
            return Ok(false);
        };
        let is = (Field::MethodFunction, function, function.callable_name());
        call.receiver = Some(self.part_of_method(v, callee, is, owner)?);
        self.secure(n)?;
        self.shelter_below(n);
        self.b.begin(i.offset);
        let slot = self.b.slot_below_top(shape.callable);
        let owned = self.b.peek(shape.callable)?.owned;
        self.enter(&call, n, None)?;
        if owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(slot));
        }
        Ok(true)
    }

    /// The object that a bound method of a built-in type belongs to, where the callable is one of this name; guards it.
    pub(super) fn builtin_receiver(&mut self, shape: &CallShape) -> Result<Option<Value>, Abort> {
        let callee = self.concrete(shape.callable)?;
        let Some((_, owner)) = instance::bound_to(callee) else {
            return Ok(None);
        };
        if self.b.peek(shape.callable)?.owned {
            return Ok(None);
        }
        let v = self.b.peek(shape.callable)?.value;
        if self.defined_by(v) == Some(Op::ConstObj) {
            self.hold.push(owner.0);
            let id = self.borrowed_constant(owner, "self");
            return self.b.obj(id).map(Some);
        }
        let ty = self.type_of(callee);
        self.b.guard_type(v, ty);
        let def = self.b.load_field(v, Field::BuiltinDef)?;
        let wanted = self.b.int(callee.field_i64(Field::BuiltinDef))?;
        let same = self.b.op(Op::IEq, &[def, wanted])?;
        self.b.guard(same, true);
        self.b.load_field(v, Field::BuiltinSelf).map(Some)
    }

    /// The name of a bound method of a built-in type that lies in a variable, and its object.
    pub(super) fn builtin_bound(
        &self,
        shape: &CallShape,
    ) -> Result<Option<(&'static CStr, Object)>, Abort> {
        if shape.is_method() || shape.bound.is_some() {
            return Ok(None);
        }
        Ok(instance::bound_to(self.concrete(shape.callable)?))
    }

    /// Guards the bound method that lies so far below the top; where its slot owns it, it is to outlive that.
    fn method_object(&mut self, at: usize, callee: Object) -> Result<Option<Value>, Abort> {
        let e = self.b.peek(at)?;
        if e.owned && !self.is_shared(e.value, callee, 1)? {
            return Ok(None);
        }
        if self.defined_by(e.value) != Some(Op::ConstObj) {
            let ty = self.known(Known::Method);
            self.b.guard_type(e.value, ty);
        }
        Ok(Some(e.value))
    }

    /// Guards what a bound method is bound to call; gives the object that it belongs to.
    fn part_of_method(
        &mut self,
        v: Value,
        callee: Object,
        (field, function, name): (Field, Object, String),
        owner: Object,
    ) -> Result<Value, Abort> {
        if self.defined_by(v) == Some(Op::ConstObj) {
            // The constant keeps both alive.
            let id = self.constant_of(v, callee, &name);
            self.b.guard_is(v, id);
            self.hold.push(owner.0);
            return self.constant_value(owner, "self");
        }
        let held = self.b.load_field(v, field)?;
        let id = self.constant(function, &name);
        self.b.guard_is(held, id);
        self.b.load_field(v, Field::MethodSelf)
    }
}
