//! Calls of classes in Python whose instances are made in the ordinary way: the instance is allocated, and its
//! `__init__` becomes part of the trace.
//!
//! Only the instance stays on the caller's operand stack meanwhile: the arguments move, as they do in the interpreter
//! once it has specialised the call.

use super::Recorder;
use super::calls::CallShape;
use super::inline::{Argument, arguments_behind, extent};
use crate::cpython::decode::Instr;
use crate::cpython::instance::{self, Attribute, Place};
use crate::py::Object;
use traces::{Abort, Helper, Imm, Known, Op, Protocol, Resume};

impl Recorder {
    /// A call of a class; says whether its `__init__` is recorded from here on.
    pub(super) fn instance_call(
        &mut self,
        shape: &CallShape,
        names: Option<Object>,
        above: usize,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let class = self.concrete(shape.callable)?;
        let e = self.b.peek(shape.callable)?;
        if shape.is_method()
            || shape.bound.is_some()
            || e.owned
            || !instance::is_made_plainly(class)
        {
            return Ok(false);
        }
        let Some(init) = super::operators::in_class(class, c"__init__") else {
            return match instance::needs_no_init(class) && shape.nargs == 0 && above == 0 {
                true => self.instance_alone(shape, class, i),
                false => Ok(false),
            };
        };
        let operands = arguments_behind(Some(Argument::Receiver), shape, above);
        let (n, from) = extent(shape, names, above, i);
        // The instance has the slot that a dict would have.
        let Some(mut call) = self.bind_call(init, &operands, names, 0) else {
            return Ok(false);
        };
        self.b.begin(from);
        let id = self.constant_of(e.value, class, &class.type_name());
        self.b.guard_is(e.value, id);
        self.assumptions.class_unchanged(class);
        self.hold.push(class.0);
        self.secure(n)?;
        self.shelter_below(n);
        self.b.begin(i.offset);
        let quiet = instance::dies_quietly(class);
        let (class, quiet) = (self.b.obj(id)?, self.b.int(quiet.into())?);
        let (slot, snap) = (
            self.b.slot_below_top(n - 1),
            self.b.snapshot_as(Resume::Raise(n as u16)),
        );
        let imm = Imm::HelperSlot(Helper::InstanceNew, slot);
        let made = self
            .b
            .trace
            .emit(Op::CallNew, &[class, quiet], imm, Some(snap))?;
        call.receiver = Some(made);
        call.protocol = Protocol::Init;
        self.enter(&call, n, None)?;
        Ok(true)
    }

    /// A call of a class that has no `__init__`.
    fn instance_alone(
        &mut self,
        shape: &CallShape,
        class: Object,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let value = self.b.peek(shape.callable)?.value;
        let id = self.constant_of(value, class, &class.type_name());
        self.b.guard_is(value, id);
        self.assumptions.class_unchanged(class);
        self.hold.push(class.0);
        let quiet = self.b.int(instance::dies_quietly(class).into())?;
        let (class, slot) = (self.b.obj(id)?, self.b.slot_below_top(1));
        self.make_new(Helper::InstanceNew, &[class, quiet], 2, slot)?;
        self.b.begin(i.next);
        Ok(true)
    }

    /// `owner.name = value` of an instance that has a place for the attribute, and nothing there yet; says whether it
    /// was emitted.
    pub(super) fn instance_first_attr(&mut self, name: Object) -> Result<bool, Abort> {
        // Stack: value, owner.
        let owner = self.concrete(0)?;
        let place = match instance::attribute(self.table, owner, name) {
            Some(Attribute::Instance(place, now)) if now.is_null() => place,
            _ => return Ok(false),
        };
        if self.b.peek(0)?.owned {
            return Ok(false);
        }
        let element = self.attribute(owner, place, Object(std::ptr::null_mut()))?;
        let held = self.b.op(Op::LoadAttr, &[element.array, element.index])?;
        let null = self.known(Known::Null);
        self.b.guard_is(held, null);
        let (owner, e) = (self.b.peek(0)?.value, self.b.peek(1)?);
        self.shelter_below(2);
        self.own_twins(e.value, 2);
        let at = match place {
            Place::Value(n) => n as i64,
            Place::Slot(n) => -1 - n as i64,
        };
        let (name, at) = (self.name_const(name)?, self.b.int(at)?);
        let imm = Imm::Helper(Helper::AttrNew);
        self.b.effect(Op::Call, &[owner, name, e.value, at], imm);
        self.b.pop()?;
        // The instance owns the value from here on.
        let slot = self.b.slot_below_top(0);
        if self.b.pop()?.owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(slot));
        }
        Ok(true)
    }
}
