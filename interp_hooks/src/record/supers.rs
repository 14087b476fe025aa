//! `super().method(...)`: the method is the one that the classes behind the caller's have, in the order of the
//! instance's class, which is guarded and watched.
//!
//! The trace has the function and the instance apart on its stack (see [`classes`](super::classes)).

use super::Recorder;
use crate::cpython::decode::Instr;
use crate::cpython::{function, instance};
use crate::py::Object;
use pyo3_ffi as ffi;
use traces::{Abort, Helper, Imm, Op, Remark};

impl Recorder {
    /// `super().name`, or `super(class, object).name`.
    pub(super) fn load_super_attr(&mut self, i: &Instr) -> Result<(), Abort> {
        let name = self.co_name(i.oparg >> 2);
        let method = i.oparg & 1 != 0;
        if method && self.super_method(name)? {
            return Ok(());
        }
        // Stack: super, class, object.
        let mut args = Vec::with_capacity(4);
        for n in (0..3).rev() {
            args.push(self.b.peek(n)?.value);
        }
        args.push(self.name_const(name)?);
        self.note(Remark::Operation, format!("`super().{}`", name.text()));
        if !method {
            return self.call_object(Helper::PySuperAttr, &args, 3, i.next);
        }
        let callable_first = self.table.callable_first();
        let slot = self.b.slot_below_top(2) + u16::from(!callable_first);
        let found = self.call_into(Helper::PySuperAttr, &args, 3, slot)?;
        self.drop_operands(3, Some(slot))?;
        let null = self.null()?;
        self.push_owned_callable(found, null, i.next);
        Ok(())
    }

    /// The method that a call of a method by way of `super` calls, in front of the call; says whether it was emitted.
    fn super_method(&mut self, name: Object) -> Result<bool, Abort> {
        let (of, behind, owner) = (self.concrete(2)?, self.concrete(1)?, self.concrete(0)?);
        let is_super = of.0 == (&raw mut ffi::PySuper_Type).cast();
        let class = owner.type_object();
        let is_instance = behind.is_type()
            && !owner.is_null()
            && !owner.is_type()
            && instance::shows_its_class(class)
            && instance::is_made_from(class, behind);
        if !is_super || !is_instance || self.b.peek(2)?.owned {
            return Ok(false);
        }
        let Some(found) = instance::behind_in_order(class, behind, name) else {
            return Ok(false);
        };
        if !function::is_function(found) && !instance::is_builtin_method(found) {
            return Ok(false);
        }
        let (of_value, e, v) = (
            self.b.peek(2)?.value,
            self.b.peek(1)?,
            self.b.peek(0)?.value,
        );
        let id = self.constant_of(of_value, of, "super");
        self.b.guard_is(of_value, id);
        let id = self.constant_of(e.value, behind, &behind.type_name());
        self.b.guard_is(e.value, id);
        self.guard_class(v, owner);
        self.hold.push(class.0);
        if e.owned && !self.is_shared(e.value, behind, 1)? {
            return Ok(false);
        }
        let id = self.borrowed_constant(found, &found.callable_name());
        let function = self.b.obj(id)?;
        let (target, source) = (self.b.slot_below_top(1), self.b.slot_below_top(0));
        let owned = self.b.pop()?.owned;
        if self.b.pop()?.owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(target));
        }
        if owned {
            self.b
                .effect(Op::SwapSlots, &[], Imm::Slots(target, source));
        }
        self.b.pop()?;
        self.b.push(function);
        match owned {
            true => self.b.push_owned(v),
            false => self.b.push(v),
        }
        self.apart.push((self.b.slot_below_top(1), found));
        Ok(true)
    }
}
