//! C memory: what was stored or loaded is known until something else may have written there.
//!
//! Two places overlap unless they have one base and lie apart: C memory may be reached by any pointer.
//! What is known lasts for one iteration only, between two polls: another thread of C, another process
//! or a device may write there, and a loop that waits for it must see it.

use super::forward::{Forward, confused};
use super::range::Range;
use super::state::Place;
use traces::{Abort, CType, Field, Imm, Inst, Op, Type, Value};

impl Forward<'_> {
    /// A load or a store of C memory, or of what cffi keeps as `errno`.
    pub(super) fn memory_op(
        &mut self,
        inst: &Inst,
        args: &[Value],
    ) -> Result<Option<Value>, Abort> {
        match (inst.op, inst.imm, args) {
            (Op::Load, Imm::Place(ty, at), &[base]) => self.load_c(ty, base, at).map(Some),
            (Op::Store, Imm::Place(ty, at), &[base, value]) => {
                let (base, at) = self.place_of(base, at);
                self.push(Op::Store, &[base, value], Imm::Place(ty, at), None)?;
                self.forget_overlapping(base, at, ty);
                if self.reads_back(ty, value) {
                    self.state.heap.insert(Place::Memory(base, at, ty), value);
                }
                Ok(None)
            }
            (Op::LoadErrno | Op::StoreErrno, ..) => self.push(inst.op, args, inst.imm, None),
            (op, ..) => Err(confused(op, "names no C memory")),
        }
    }

    fn load_c(&mut self, ty: CType, base: Value, at: i32) -> Result<Value, Abort> {
        let (mut base, mut at) = self.place_of(base, at);
        if let Some((boxed, _)) = self.in_struct(base) {
            if let Some(value) = self.load_of_struct(boxed, ty, at)? {
                return Ok(value);
            }
            let real = self.real_address(base)?;
            (base, at) = self.place_of(real, at);
        }
        let place = Place::Memory(base, at, ty);
        if let Some(&value) = self.state.heap.get(&place) {
            return Ok(self.known(value));
        }
        let value = self.emit(Op::Load, &[base], Imm::Place(ty, at), None)?;
        self.state.heap.insert(place, value);
        Ok(value)
    }

    /// A place without the constant part of its address.
    pub(super) fn place_of(&self, base: Value, at: i32) -> (Value, i32) {
        let mut place = (base, at);
        while let Some(&[base, distance]) = self.operands(place.0, Op::PAdd).as_deref() {
            let distance = self.as_int(distance).and_then(|n| i32::try_from(n).ok());
            match distance.and_then(|n| n.checked_add(place.1)) {
                Some(at) => place = (base, at),
                None => break,
            }
        }
        place
    }

    /// Whether a load gives the very value that was stored.
    fn reads_back(&self, ty: CType, value: Value) -> bool {
        match (ty.ty(), ty) {
            (_, CType::F32) => self.def(value).is_some_and(|def| {
                matches!(
                    (def.op, def.imm),
                    (Op::FRound | Op::F32OfBits, _) | (Op::Load, Imm::Place(CType::F32, _))
                )
            }),
            (Type::I64, _) if ty.bytes() < 8 => {
                let narrow = Range::of_bits(i64::from(ty.bytes()) * 8, ty.signed());
                self.range(value).within(narrow)
            }
            _ => true,
        }
    }

    fn forget_overlapping(&mut self, base: Value, at: i32, ty: CType) {
        let apart = |other: i32, bytes: u8| {
            let (a, b) = (i64::from(at), i64::from(other));
            a + i64::from(ty.bytes()) <= b || b + i64::from(bytes) <= a
        };
        self.state.heap.retain(|place, _| match *place {
            Place::Memory(other, at, ty) => other == base && apart(at, ty.bytes()),
            _ => true,
        });
    }

    /// Anybody may have written to C memory.
    pub(super) fn forget_c_memory(&mut self) {
        self.state
            .heap
            .retain(|place, _| !matches!(place, Place::Memory(..)));
    }

    /// A new cffi cdata has no weak reference.
    pub(super) fn note_no_weak_references(&mut self, made: Value) -> Result<(), Abort> {
        if self.type_of(made).is_some_and(|ty| ty.is_cdata()) {
            let none = self.int(0)?;
            let place = Place::Field(made, Field::CDataWeak);
            self.state.heap.insert(place, none);
        }
        Ok(())
    }

    /// Whether a cffi cdata is known to have no weak reference.
    pub(super) fn has_no_weak_references(&self, value: Value) -> bool {
        if self.def(value).is_some_and(|inst| inst.op.is_box()) {
            return self.seen_object(value).is_none();
        }
        let held = self.state.heap.get(&Place::Field(value, Field::CDataWeak));
        held.is_some_and(|&n| self.as_int(self.known(n)) == Some(0))
    }

    /// The slot whose memory holds the object of a box, where Python code may have got at it.
    fn seen_object(&self, boxed: Value) -> Option<u16> {
        if self.state.fresh.contains(&boxed) {
            return None;
        }
        let holds =
            |s: &super::state::Slot| !s.dirty && s.value.is_some_and(|v| self.known(v) == boxed);
        let slot = self.state.slots.iter().position(holds)?;
        u16::try_from(slot).ok()
    }

    /// The first weak reference to the cdata that a box stands for: none as long as it is no object, or nobody has
    /// seen that.
    pub(super) fn weak_references_of_box(&mut self, boxed: Value) -> Result<Value, Abort> {
        let Some(slot) = self.seen_object(boxed) else {
            return self.int(0);
        };
        let object = self.emit(Op::LoadSlot, &[], Imm::Slot(slot), None)?;
        if let Some(ty) = self.type_of(boxed) {
            self.state.types.insert(object, ty);
        }
        self.emit(Op::LoadField, &[object], Imm::Field(Field::CDataWeak), None)
    }

    /// A slot holds a new object of a box.
    pub(super) fn note_made(&mut self, boxed: Value) {
        if self.def(boxed).is_some_and(|inst| inst.op.is_box()) {
            self.state.fresh.insert(boxed);
        }
    }
}
