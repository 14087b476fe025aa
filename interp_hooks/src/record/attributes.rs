//! Attributes of instances of classes in Python, and of the classes themselves.
//!
//! The class is guarded, and watched: while nobody changes it, an attribute of an instance lies where it lay,
//! in the array of the instance's attributes or in a slot of the instance (`__slots__`).

use super::Recorder;
use super::items::Element;
use crate::cpython::decode::Instr;
use crate::cpython::function;
use crate::cpython::instance::{self, Attribute, Place};
use crate::py::Object;
use traces::{Abort, Field, Imm, Op, Protocol, Value};

impl Recorder {
    /// `owner.name` of an instance; says whether it was emitted.
    pub(super) fn instance_get_attr(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        let class = owner.type_object();
        if i.oparg & 1 != 0 || owner.is_null() || !instance::reads_plainly(class) {
            return Ok(false);
        }
        match instance::attribute(self.table, owner, name) {
            Some(Attribute::Instance(place, now)) if !now.is_null() => {
                let element = self.attribute(owner, place, now)?;
                self.push_element(&element, 1, i.next)?;
                Ok(true)
            }
            Some(Attribute::Class(found, word)) => {
                let v = self.b.peek(0)?.value;
                self.guard_class(v, owner);
                self.guard_absent(v, word)?;
                self.hold.push(class.0);
                let value = self.constant_value(found, &name.text())?;
                self.replace_operands(1, Some(value), i.next)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// `owner.name` in front of a call: a function of the class, and the instance as its first argument. Says
    /// whether it was emitted.
    pub(super) fn instance_method(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        let class = owner.type_object();
        if i.oparg & 1 == 0 || owner.is_null() || !instance::reads_plainly(class) {
            return Ok(false);
        }
        let Some((found, word)) = instance::method(self.table, owner, name) else {
            return Ok(false);
        };
        let v = self.b.peek(0)?.value;
        self.guard_class(v, owner);
        self.guard_absent(v, word)?;
        self.hold.push(class.0);
        let id = self.borrowed_constant(found, &found.callable_name());
        let function = self.b.obj(id)?;
        let slot = self.b.slot_below_top(0);
        let e = self.b.pop()?;
        if e.owned {
            self.b
                .effect(Op::SwapSlots, &[], Imm::Slots(slot + 1, slot));
        }
        self.b.push(function);
        match e.owned {
            true => self.b.push_owned(v),
            false => self.b.push(v),
        }
        Ok(true)
    }

    /// `owner.name` of a property: its getter is recorded. Says whether it is.
    pub(super) fn property_get(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        let class = owner.type_object();
        if i.oparg & 1 != 0 || owner.is_null() || !instance::reads_plainly(class) {
            return Ok(false);
        }
        let found = instance::class_attribute(class, name);
        let Some(getter) = found.and_then(function::getter) else {
            return Ok(false);
        };
        let v = self.b.peek(0)?.value;
        self.inline_getter(getter, |recorder| {
            recorder.guard_class(v, owner);
            recorder.hold.push(class.0);
            Ok(())
        })
    }

    /// `owner.name = value` of a property: its setter is recorded. Says whether it is.
    pub(super) fn property_set(&mut self, name: Object) -> Result<bool, Abort> {
        // Stack: value, owner.
        let owner = self.concrete(0)?;
        let class = owner.type_object();
        if owner.is_null() || !instance::writes_plainly(class) {
            return Ok(false);
        }
        let found = instance::class_attribute(class, name);
        let setter = found.and_then(function::setter);
        match setter.filter(|&setter| function::is_function(setter)) {
            Some(setter) => self.operator_on(setter, &[0, 1], 1, Protocol::Operator),
            None => Ok(false),
        }
    }

    /// `owner.name = value` of an instance that has the attribute; says whether it was emitted.
    pub(super) fn instance_set_attr(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        // Stack: value, owner.
        let owner = self.concrete(0)?;
        if owner.is_null() || !instance::writes_plainly(owner.type_object()) {
            return Ok(false);
        }
        match instance::attribute(self.table, owner, name) {
            Some(Attribute::Instance(place, now)) if !now.is_null() => {
                let element = self.attribute(owner, place, now)?;
                self.store_element(&element, 2, i.next)?;
                Ok(true)
            }
            Some(Attribute::Instance(..)) => self.instance_first_attr(name),
            _ => Ok(false),
        }
    }

    /// Guards the class of the instance at the top; its attribute is the element of an array then.
    pub(super) fn attribute(
        &mut self,
        owner: Object,
        place: Place,
        now: Object,
    ) -> Result<Element, Abort> {
        let v = self.b.peek(0)?.value;
        self.guard_class(v, owner);
        let (array, n) = match place {
            Place::Value(n) => (self.b.emit(Op::InstanceValues, &[v], Imm::None)?, n),
            Place::Slot(n) => {
                let slots = Imm::Field(Field::InstanceSlots);
                (self.b.emit(Op::FieldAddr, &[v], slots)?, n)
            }
        };
        let index = self.b.int(n as i64)?;
        Ok(Element {
            array,
            index,
            now,
            attribute: true,
        })
    }

    /// Leaves unless a value is an instance of this class, which nobody changes.
    pub(super) fn guard_class(&mut self, v: Value, owner: Object) {
        let class = owner.type_object();
        self.assumptions.class_unchanged(class);
        let id = self.constant(class, &class.type_name());
        self.b.guard_type(v, id);
    }

    /// Leaves where an instance may have got an attribute that it did not have.
    pub(super) fn guard_absent(&mut self, v: Value, word: Option<*const i64>) -> Result<(), Abort> {
        if let Some(word) = word {
            // The instance has no attribute of this name as long as it has no dict, and no instance
            // of its class has got another name.
            self.b.emit(Op::InstanceValues, &[v], Imm::None)?;
            self.guard_names(word)?;
        }
        Ok(())
    }

    /// Leaves unless instances of a class have as many names of attributes as now.
    fn guard_names(&mut self, word: *const i64) -> Result<(), Abort> {
        let place = self.b.ptr(word as u64)?;
        let count = self.b.op(Op::LoadWord, &[place])?;
        // SAFETY: the word lies in the class, which is alive.
        let now = self.b.int(unsafe { *word })?;
        let same = self.b.op(Op::IEq, &[count, now])?;
        self.b.guard(same, true);
        Ok(())
    }
}
