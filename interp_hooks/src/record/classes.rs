//! Attributes of classes, and methods of theirs that take the class or nothing: `Shape.SIDES`, `Shape.of(x)`, `shape.of(x)`.
//!
//! The class is guarded and watched. One that changes again and again is left to the interpreter.
//!
//! CPython makes a bound method of a class method in front of a call, as it does of what `super` finds. The trace has the
//! function and its first argument apart, as those of other methods, and the call behind it is known by its stack slot.

use super::Recorder;
use super::calls::CallShape;
use super::inline::{Argument, arguments_behind, extent};
use crate::cpython::decode::Instr;
use crate::cpython::{function, instance};
use crate::engine;
use crate::py::Object;
use traces::{Abort, Imm, Known, Op, Value};

/// What an attribute of a class is.
enum Found {
    /// It is there for itself.
    Itself(Object),
    /// A function that takes the class as its first argument.
    OfClass(Object),
}

impl Recorder {
    /// `Class.name`; says whether it was emitted.
    pub(super) fn class_get_attr(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let class = self.concrete(0)?;
        let method = i.oparg & 1 != 0;
        if !class.is_type() || !instance::is_heap_type(class) || changes(class) {
            return Ok(false);
        }
        let meta = class.type_object();
        if !instance::reads_as_classes_do(meta) || instance::in_class(meta, name).is_some() {
            return Ok(false);
        }
        let found = instance::in_class(class, name);
        let Some(found) = found.and_then(|found| self.attribute_of_class(found)) else {
            return Ok(false);
        };
        let e = self.b.peek(0)?;
        if matches!(found, Found::OfClass(_)) && !method
            || e.owned && !self.is_shared(e.value, class, 1)?
        {
            return Ok(false);
        }
        let id = self.constant_of(e.value, class, &class.type_name());
        self.b.guard_is(e.value, id);
        self.assumptions.class_unchanged(class);
        if instance::is_heap_type(meta) {
            self.assumptions.class_unchanged(meta);
        }
        self.hold.push(class.0);
        let slot = self.b.slot_below_top(0);
        if self.b.pop()?.owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(slot));
        }
        match found {
            Found::Itself(o) => {
                let value = self.lasting_value(o, name)?;
                self.push_callable(value, method)?;
            }
            Found::OfClass(function) => {
                let class = self.b.obj(id)?;
                self.push_apart(function, class)?;
            }
        }
        Ok(true)
    }

    /// `instance.name` in front of a call, of a method that takes the class or nothing; says whether it was emitted.
    pub(super) fn instance_class_method(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        let class = owner.type_object();
        if i.oparg & 1 == 0
            || owner.is_null()
            || !instance::reads_plainly(class)
            || self.b.peek(0)?.owned
        {
            return Ok(false);
        }
        let found = instance::class_attribute(class, name);
        let wrapped = found.filter(|&o| function::is_static(o) || function::is_of_class(o));
        let Some(found) = wrapped.and_then(|found| self.attribute_of_class(found)) else {
            return Ok(false);
        };
        let Some(word) = instance::absent(self.table, owner, name) else {
            return Ok(false);
        };
        let v = self.b.peek(0)?.value;
        self.guard_class(v, owner);
        self.guard_absent(v, word)?;
        self.hold.push(class.0);
        self.b.pop()?;
        match found {
            Found::Itself(o) => {
                let value = self.lasting_value(o, name)?;
                self.push_callable(value, true)?;
            }
            Found::OfClass(function) => {
                let id = self.constant(class, &class.type_name());
                let class = self.b.obj(id)?;
                self.push_apart(function, class)?;
            }
        }
        Ok(true)
    }

    /// What becomes of what a class has under a name, where no other code has a say.
    fn attribute_of_class(&mut self, found: Object) -> Option<Found> {
        if function::is_function(found) {
            return Some(Found::Itself(found));
        }
        if function::is_static(found) {
            return function::wrapped(found).map(Found::Itself);
        }
        if function::is_of_class(found) {
            let of = function::wrapped(found).filter(|&of| function::is_function(of));
            return of.map(Found::OfClass);
        }
        let class = found.type_object();
        if instance::has_no_get(class) {
            if instance::is_heap_type(class) {
                self.assumptions.class_unchanged(class);
            }
            return Some(Found::Itself(found));
        }
        None
    }

    /// An object that a class keeps, or something that a class keeps.
    fn lasting_value(&mut self, o: Object, name: Object) -> Result<Value, Abort> {
        if !function::is_function(o) {
            return self.constant_value(o, &name.text());
        }
        self.hold.push(o.0);
        let id = self.constant(o, &o.callable_name());
        self.b.obj(id)
    }

    /// A function and its first argument in front of a call, where the interpreter has a bound method.
    fn push_apart(&mut self, of: Object, first: Value) -> Result<(), Abort> {
        let value = {
            self.hold.push(of.0);
            let id = self.constant(of, &of.callable_name());
            self.b.obj(id)?
        };
        self.b.push(value);
        self.b.push(first);
        self.apart.push((self.b.slot_below_top(1), of));
        Ok(())
    }

    /// A call of a method that lies apart from its first argument; says whether it is one.
    pub(super) fn apart_call(
        &mut self,
        nargs: usize,
        names: Option<Object>,
        above: usize,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let callable = above + nargs + 1;
        self.b.peek(callable)?;
        let slot = self.b.slot_below_top(callable);
        let Some(at) = self.apart.iter().position(|&(known, _)| known == slot) else {
            return Ok(false);
        };
        let (_, found) = self.apart.swap_remove(at);
        let shape = CallShape {
            callable,
            bound: Some(callable - 1),
            nargs,
            method: false,
        };
        let (n, from) = extent(&shape, names, above, i);
        if function::is_function(found) {
            let first = Some(Argument::Operand(callable - 1));
            let operands = arguments_behind(first, &shape, above);
            if self.inline_function((callable, found), &operands, names, n, from, i)? {
                return Ok(true);
            }
        } else if instance::is_init_of_object(found) && nargs == 0 && names.is_none() {
            // Without arguments it does nothing.
            let none = self.known(Known::None);
            let none = self.b.obj(none)?;
            self.replace_operands(n, Some(none), i.next)?;
            return Ok(true);
        }
        self.make_top(n);
        self.note_call(found);
        self.residual_call_of(&shape, names, above, i)?;
        Ok(true)
    }
}

/// Whether traces that took a class for granted fell so often that none should any more.
fn changes(class: Object) -> bool {
    engine::get().is_some_and(|e| e.registry.class_varies(class))
}
