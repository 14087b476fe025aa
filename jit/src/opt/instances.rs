//! Instances of classes in Python that need not exist: one that the trace makes is known by what its attributes hold, as
//! long as these are numbers and constants, and nobody but variables of the frame has got it.
//!
//! A store into an attribute makes another box of it, which takes the place of the one before wherever that is known
//! ([`Forward::latest`]). As of a struct there is never a second object of one: see [`structs`](super::structs) for how it
//! is settled. What is too much for this ends the walk; the trace is then optimised with instances made at once.

use super::forward::{Forward, confused};
use super::state::{Place, Slot};
use traces::{
    Abort, Attr, Field, Helper, Imm, Inst, Kept, Known, ObjId, Op, Reason, Shape, ShapeId, Value,
};

impl Forward<'_> {
    /// Whether a value is an instance that need not exist.
    pub(super) fn is_instance(&self, value: Value) -> bool {
        self.def(value)
            .is_some_and(|inst| inst.op == Op::BoxInstance)
    }

    /// The box that stands for an instance now, whose attributes have been set since.
    pub(super) fn latest(&self, value: Value) -> Value {
        let mut value = value;
        while let Some(&next) = self.state.renamed.get(&value) {
            value = next;
        }
        value
    }

    /// The class of an instance that need not exist.
    pub(super) fn class_of_instance(&self, value: Value) -> Option<ObjId> {
        let (_, shape) = self.shape_of(value)?;
        Some(shape.class)
    }

    fn shape_of(&self, value: Value) -> Option<(ShapeId, &Shape)> {
        match self.def(value)?.imm {
            Imm::Shape(id) => Some((id, self.out.shape(id)?)),
            _ => None,
        }
    }

    /// A new instance, where that need not exist.
    pub(super) fn instance_new(
        &mut self,
        args: &[Value],
        slot: u16,
    ) -> Result<Option<Value>, Abort> {
        let &[class, quiet] = args else {
            return Ok(None);
        };
        let Some(class) = self.as_obj(class).filter(|_| self.as_int(quiet) == Some(1)) else {
            return Ok(None);
        };
        if !self.virtual_instances {
            return Ok(None);
        }
        let shape = Shape {
            class,
            attrs: Vec::new(),
        };
        let made = self.instance_of(shape, &[])?;
        self.hold_instance(slot, made);
        Ok(Some(made))
    }

    /// A stack slot holds an instance that need not exist: nothing lies there.
    pub(super) fn hold_instance(&mut self, slot: u16, value: Value) {
        let held = Slot {
            value: Some(value),
            dirty: true,
            ty: None,
            empty: true,
        };
        self.state.set_slot(slot, held);
    }

    fn instance_of(&mut self, shape: Shape, numbers: &[Value]) -> Result<Value, Abort> {
        let known = self.out.shapes.iter().position(|other| *other == shape);
        let id = known.unwrap_or(self.out.shapes.len());
        if known.is_none() {
            self.out.shapes.push(shape);
        }
        let id = u16::try_from(id).map_err(|_| too_much("too many shapes"))?;
        self.emit(Op::BoxInstance, numbers, Imm::Shape(ShapeId(id)), None)
    }

    /// What an attribute holds that is set to a value, and the number.
    fn kept(&mut self, value: Value) -> Option<(Kept, Option<Value>)> {
        let inst = self.def(value)?;
        match (inst.op, inst.imm) {
            (op @ (Op::BoxInt | Op::BoxUint | Op::BoxFloat | Op::BoxBool), _) => {
                let number = self.operand(value, op)?;
                // Who reads it finds this very box.
                self.state.boxed.insert((op, number), value);
                Some((Kept::Number(op), Some(number)))
            }
            (Op::ConstObj, Imm::Obj(id)) if self.meaning(id) != Some(Known::Null) => {
                Some((Kept::Const(id), None))
            }
            _ => None,
        }
    }

    /// Sets an attribute for the first time; false where the instance has to exist.
    pub(super) fn instance_attr_new(&mut self, args: &[Value]) -> Result<bool, Abort> {
        let &[instance, name, value, at] = args else {
            return Err(confused(Op::Call, "has other arguments"));
        };
        if !self.is_instance(instance) {
            return Ok(false);
        }
        let (Some(name), Some(at)) = (self.as_obj(name), self.as_int(at)) else {
            return Ok(false);
        };
        let Some((kept, number)) = self.kept(value) else {
            return Ok(false);
        };
        let (_, shape) = self.shape_of(instance).ok_or_else(odd)?;
        let mut shape = shape.clone();
        if shape.attrs.iter().any(|attr| attr.at == at) {
            return Err(odd());
        }
        shape.attrs.push(Attr { name, at, kept });
        let mut numbers = self.operands(instance, Op::BoxInstance).unwrap_or_default();
        numbers.extend(number);
        let now = self.instance_of(shape, &numbers)?;
        self.rename(instance, now);
        Ok(true)
    }

    /// The instance whose attributes lie at an address, and the code of an index there.
    pub(super) fn in_instance(&self, array: Value, index: Value) -> Option<(Value, i64)> {
        let inst = self.def(array)?;
        let is_slots = match (inst.op, inst.imm) {
            (Op::StructAddr, _) => false,
            (Op::FieldAddr, Imm::Field(Field::InstanceSlots)) => true,
            _ => return None,
        };
        let first = *inst.args.first()?;
        if !self.is_instance(first) {
            return None;
        }
        let index = self.as_int(index)?;
        let at = if is_slots { -1 - index } else { index };
        Some((self.known(self.latest(first)), at))
    }

    /// What an attribute of an instance that need not exist holds; NULL where it is not set.
    pub(super) fn instance_load(
        &mut self,
        array: Value,
        index: Value,
    ) -> Result<Option<Value>, Abort> {
        let Some((instance, at)) = self.in_instance(array, index) else {
            return Ok(None);
        };
        let Some((_, shape)) = self.shape_of(instance) else {
            // It exists since its address was taken.
            return Err(too_much(
                "the attributes of an instance that was made meanwhile",
            ));
        };
        let found = shape.attrs.iter().position(|attr| attr.at == at);
        let Some((found, attr)) = found.and_then(|n| Some((n, *shape.attrs.get(n)?))) else {
            let null = self.out.known(Known::Null, 0);
            return self.obj(null).map(Some);
        };
        match attr.kept {
            Kept::Const(id) => self.obj(id).map(Some),
            Kept::Number(op) => {
                let number = self.number_of(instance, found).ok_or_else(odd)?;
                if let Some(&boxed) = self.state.boxed.get(&(op, number)) {
                    return Ok(Some(boxed));
                }
                let boxed = self.emit(op, &[number], Imm::None, None)?;
                self.state.boxed.insert((op, number), boxed);
                Ok(Some(boxed))
            }
        }
    }

    /// The number that an attribute holds, by its place among all.
    fn number_of(&self, instance: Value, attr: usize) -> Option<Value> {
        let (_, shape) = self.shape_of(instance)?;
        let before = shape.attrs.iter().take(attr);
        let n = before
            .filter(|attr| matches!(attr.kept, Kept::Number(_)))
            .count();
        self.operands(instance, Op::BoxInstance)?.get(n).copied()
    }

    /// Sets an attribute that is set already; false where the address is none of such an instance's.
    pub(super) fn instance_store(
        &mut self,
        array: Value,
        index: Value,
        value: Value,
    ) -> Result<bool, Abort> {
        let Some((instance, at)) = self.in_instance(array, index) else {
            return Ok(false);
        };
        let Some((kept, number)) = self.kept(value) else {
            return Err(too_much("an attribute that is no number"));
        };
        let Some((_, shape)) = self.shape_of(instance) else {
            return Err(too_much(
                "the attributes of an instance that was made meanwhile",
            ));
        };
        let mut shape = shape.clone();
        let mut numbers = Vec::new();
        for (n, attr) in shape.attrs.clone().into_iter().enumerate() {
            if attr.at == at {
                numbers.extend(number);
            } else if matches!(attr.kept, Kept::Number(_)) {
                numbers.push(self.number_of(instance, n).ok_or_else(odd)?);
            }
        }
        let attr = shape.attrs.iter_mut().find(|attr| attr.at == at);
        attr.ok_or_else(odd)?.kept = kept;
        let now = self.instance_of(shape, &numbers)?;
        self.rename(instance, now);
        Ok(true)
    }

    /// The death of an instance or a tuple was found to go unnoticed.
    pub(super) fn learn_quiet(&mut self, cond: Value) {
        let Some(inst) = self.def(cond) else { return };
        let (Imm::Helper(helper), Some(&of)) = (inst.imm, inst.args.first()) else {
            return;
        };
        // The number in a box may lie in its attributes or items, from where nobody is to take the object any more.
        let stays: fn(&Place) -> bool = match helper {
            Helper::QuietInstance => |place| !matches!(place, Place::Attr(..) | Place::Values(..)),
            Helper::QuietTuple => |place| !matches!(place, Place::Item(..) | Place::TupleItem(..)),
            _ => return,
        };
        self.state.quiet.insert(of);
        self.state.heap.retain(|place, _| stays(place));
    }

    /// One box takes the place of another.
    fn rename(&mut self, old: Value, new: Value) {
        self.state.renamed.insert(old, new);
        for slot in &mut self.state.slots {
            if slot.value == Some(old) {
                slot.value = Some(new);
            }
        }
    }

    /// Whether an operand of an instruction may be an instance that does not exist.
    pub(super) fn takes_no_instance(&self, inst: &Inst, n: usize) -> bool {
        match (inst.op, inst.imm) {
            (Op::GuardType | Op::Same | Op::InstanceValues, _) => false,
            (Op::StoreSlot | Op::InitSlot | Op::ReplaceSlot, _) => false,
            (Op::FieldAddr, Imm::Field(Field::InstanceSlots)) => false,
            (Op::Call, Imm::Helper(Helper::AttrNew | Helper::QuietInstance)) => n != 0,
            _ => true,
        }
    }

    /// Makes the instances that variables hold, in front of what may look at the frame without asking.
    pub(super) fn flush_instances(&mut self) -> Result<(), Abort> {
        for (slot, value) in self.state.dirty() {
            if self.is_instance(value) {
                self.flush_slot(slot)?;
            }
        }
        Ok(())
    }

    /// Exchanges what two slots hold, where one holds an instance that need not exist; false where none does.
    pub(super) fn swap_instances(&mut self, a: u16, b: u16) -> Result<bool, Abort> {
        let holds = |f: &Self, slot: u16| {
            let held = f.state.slot(slot);
            held.dirty && held.value.is_some_and(|v| f.is_instance(v))
        };
        let (in_a, in_b) = (holds(self, a), holds(self, b));
        if !in_a && !in_b {
            return Ok(false);
        }
        if in_a && in_b {
            let (old_a, old_b) = (self.state.slot(a), self.state.slot(b));
            // Memory stays as it is.
            let with = |slot: Slot, value| Slot { value, ..slot };
            self.state.set_slot(a, with(old_a, old_b.value));
            self.state.set_slot(b, with(old_b, old_a.value));
            return Ok(true);
        }
        let (to, from) = if in_b { (a, b) } else { (b, a) };
        let is_global = |slot| self.out.global(slot).is_some();
        let both = self.is_variable(from) && self.is_variable(to);
        if both || is_global(from) || is_global(to) {
            self.flush_slot(from)?;
            return Ok(false);
        }
        self.flush_slot(to)?;
        let given = self.state.slot(from);
        let instance = given.value;
        if !self.is_variable(from) {
            let null = self.out.known(Known::Null, 0);
            let null = self.obj(null)?;
            self.push(Op::InitSlot, &[null], Imm::Slot(from), None)?;
        } else if !given.empty {
            // What a variable held before is plain.
            self.push(Op::ClearSlot, &[], Imm::Slot(from), None)?;
        }
        // NULL lies where the other slot's object goes.
        self.push(Op::SwapSlots, &[], Imm::Slots(to, from), None)?;
        if !self.is_variable(to) {
            // It owns nothing, not even that.
            self.push(Op::ClearSlot, &[], Imm::Slot(to), None)?;
        }
        let held = self.state.slot(to);
        self.state.set_slot(from, held);
        if let Some(instance) = instance {
            self.hold_instance(to, instance);
        }
        Ok(true)
    }
}

/// What ends the walk: the instances are made at once then.
fn too_much(what: &str) -> Abort {
    Abort::new(Reason::Operand, what)
}

fn odd() -> Abort {
    confused(Op::BoxInstance, "has another shape")
}
