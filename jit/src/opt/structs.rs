//! Structs that foreign functions give in registers: objects that need not exist, and whose memory need not
//! either, as long as it is only read.
//!
//! The address of such memory is a `struct_addr`, on which a load picks its bits from the eightbytes. What
//! else an address is used for needs memory, and whatever takes the object needs an object: then the struct is
//! *settled*. It is stored in the slot that should hold it, and from there on that slot's object stands for the
//! box, whose eightbytes say nothing any more: anybody may have written to the memory. There is never a
//! second object for one struct, so one that is settled and that no slot holds any longer ends the
//! compilation.

use super::forward::{Forward, confused};
use super::state::Place;
use traces::{Abort, CType, Field, Imm, Inst, Op, Reason, Type, Value};

impl Forward<'_> {
    /// Whether a value is a struct in eightbytes.
    pub(super) fn is_struct(&self, value: Value) -> bool {
        self.def(value).is_some_and(|inst| inst.op == Op::BoxStruct)
    }

    /// The struct, and the distance from its start, where an address lies in one that need not exist.
    pub(super) fn in_struct(&self, address: Value) -> Option<(Value, i32)> {
        let (root, at) = self.place_of(address, 0);
        let inst = self.def(root).filter(|inst| inst.op == Op::StructAddr)?;
        let boxed = *inst.args.first()?;
        self.is_struct(boxed).then_some((boxed, at))
    }

    /// What a load from the memory of a struct gives: its bits in the eightbytes. `None` where the struct is
    /// settled, or the place is not within one eightbyte.
    pub(super) fn load_of_struct(
        &mut self,
        boxed: Value,
        ty: CType,
        at: i32,
    ) -> Result<Option<Value>, Abort> {
        let words = self.operands(boxed, Op::BoxStruct).unwrap_or_default();
        let Ok(at) = usize::try_from(at) else {
            return Ok(None);
        };
        let (word, within) = (words.get(at / 8), at % 8);
        let (Some(&word), true) = (word, within + usize::from(ty.bytes()) <= 8) else {
            return Ok(None);
        };
        if self.state.settled.contains_key(&boxed) {
            return Ok(None);
        }
        let is_float = self.out.types.get(word.0 as usize) == Some(&Type::F64);
        if is_float && ty == CType::F64 {
            return Ok(Some(word));
        }
        let mut bits = word;
        if is_float {
            bits = self.pure(Op::FBits, &[word], Imm::None)?;
        }
        if within > 0 {
            let distance = self.int(8 * within as i64)?;
            bits = self.pure(Op::IUshr, &[bits, distance], Imm::None)?;
        }
        self.value_of_bits(ty, bits).map(Some)
    }

    /// The value of a C type whose bits are the low ones of an integer.
    fn value_of_bits(&mut self, ty: CType, bits: Value) -> Result<Value, Abort> {
        let width = Imm::Int(8 * i64::from(ty.bytes()));
        match ty {
            CType::I8 | CType::I16 | CType::I32 => self.pure(Op::ISext, &[bits], width),
            CType::U8 | CType::U16 | CType::U32 => self.pure(Op::IZext, &[bits], width),
            CType::I64 | CType::U64 => Ok(bits),
            CType::F32 => self.pure(Op::F32OfBits, &[bits], Imm::None),
            CType::F64 => self.pure(Op::FOfBits, &[bits], Imm::None),
            CType::Ptr => self.pure(Op::IToP, &[bits], Imm::None),
            CType::Bool => {
                let byte = self.pure(Op::IZext, &[bits], width)?;
                let zero = self.int(0)?;
                self.pure(Op::INe, &[byte, zero], Imm::None)
            }
            CType::Void => Err(confused(Op::Load, "is of nothing")),
        }
    }

    /// The address, where nothing but loads may use it as it is: in memory that exists.
    pub(super) fn real_address(&mut self, address: Value) -> Result<Value, Abort> {
        let Some((boxed, at)) = self.in_struct(address) else {
            return Ok(address);
        };
        let object = self.real_struct(boxed)?;
        let place = Place::Field(object, Field::CDataPtr);
        let base = match self.state.heap.get(&place) {
            Some(&base) => self.known(base),
            None => {
                let imm = Imm::Field(Field::CDataPtr);
                let base = self.emit(Op::LoadField, &[object], imm, None)?;
                self.state.heap.insert(place, base);
                base
            }
        };
        let at = self.int(at.into())?;
        self.pure(Op::PAdd, &[base, at], Imm::None)
    }

    /// The object of a struct, which is settled where a slot should hold it.
    pub(super) fn real_struct(&mut self, boxed: Value) -> Result<Value, Abort> {
        if let Some(object) = self.settled(boxed)? {
            return Ok(object);
        }
        let holds = |s: &(u16, Value)| self.known(s.1) == boxed;
        let slot = self.state.dirty().into_iter().find(holds);
        let Some((slot, _)) = slot else {
            let what = "the memory of an object that no variable holds";
            return Err(Abort::new(Reason::Operand, what));
        };
        self.flush_slot(slot)?;
        self.settled(boxed)?
            .ok_or_else(|| confused(Op::BoxStruct, "is not stored"))
    }

    /// The object that stands for a struct, where it is settled.
    pub(super) fn settled(&self, boxed: Value) -> Result<Option<Value>, Abort> {
        let Some(&object) = self.state.settled.get(&boxed) else {
            return Ok(None);
        };
        let held = object.filter(|&object| {
            let holds = |s: &super::state::Slot| !s.dirty && s.value == Some(object);
            self.state.slots.iter().any(holds)
        });
        match held {
            Some(object) => Ok(Some(object)),
            None => {
                let what = "an object made once that no variable holds any longer";
                Err(Abort::new(Reason::Operand, what))
            }
        }
    }

    /// What an op on an address or an object, other than a load or a store into a slot, gets for a struct
    /// that need not exist.
    pub(super) fn real_args(&mut self, inst: &Inst, args: &mut [Value]) -> Result<(), Abort> {
        let op = inst.op;
        for (n, arg) in args.iter_mut().enumerate() {
            if self.is_instance(*arg) && self.takes_no_instance(inst, n) {
                *arg = self.real_struct(*arg)?;
            }
        }
        if !needs_memory(op) {
            return Ok(());
        }
        if op == Op::FieldAddr && args.first().is_some_and(|&v| self.is_tuple(v)) {
            return Ok(());
        }
        // An address with a constant distance is still one to load from.
        let is_place = op == Op::PAdd && args.get(1).is_some_and(|&n| self.as_int(n).is_some());
        for arg in args {
            if self.is_instance(*arg) {
                continue;
            }
            if self.in_struct(*arg).is_some() {
                if !is_place {
                    *arg = self.real_address(*arg)?;
                }
            } else if self.is_struct(*arg) && op.is_box() {
                // What the box stands for keeps the object.
                *arg = self.real_struct(*arg)?;
            } else {
                // An operand in front may have been the same struct, which is an object since.
                *arg = self.held_struct(self.known(*arg))?;
            }
        }
        Ok(())
    }

    /// The object of a struct that a slot should hold, of which an object is about to be made; else the value
    /// itself.
    pub(super) fn held_struct(&mut self, value: Value) -> Result<Value, Abort> {
        let dirty = self.state.dirty();
        if self.is_made_once(value) && dirty.iter().any(|s| self.known(s.1) == value) {
            return self.real_struct(value);
        }
        Ok(value)
    }

    /// Notes that an op has made objects of structs that no slot holds.
    pub(super) fn note_taken(&mut self, inst: &Inst, args: &[Value]) {
        let op = inst.op;
        if !needs_memory(op) || op.is_box() || op == Op::FieldAddr {
            return;
        }
        for &arg in args {
            if self.is_made_once(arg) && !self.is_instance(arg) {
                self.state.settled.entry(arg).or_insert(None);
            }
        }
    }

    /// A value was stored in a slot: where it is a struct, the slot's object stands for it from here on, in
    /// all slots that should hold it.
    pub(super) fn settle(&mut self, slot: u16, boxed: Value) -> Result<(), Abort> {
        let made_once = self.is_made_once(boxed) && !self.state.settled.contains_key(&boxed);
        let Some(Inst { op, imm, .. }) = self.def(boxed).filter(|_| made_once) else {
            return Ok(());
        };
        let (op, imm) = (*op, *imm);
        let known = self.type_of(boxed);
        let object = self.emit(Op::LoadSlot, &[], Imm::Slot(slot), None)?;
        self.state.types.extend(known.map(|known| (object, known)));
        match (op, imm) {
            (Op::BoxStruct, Imm::Obj(ctype)) => {
                let ctype = self.obj(ctype)?;
                let place = Place::Field(object, Field::CDataType);
                self.state.heap.insert(place, ctype);
                self.note_no_weak_references(object)?;
            }
            (Op::BoxStruct, _) => return Err(confused(op, "names no ctype")),
            _ => {}
        }
        self.state.settled.insert(boxed, Some(object));
        self.state.equal.insert(boxed, object);
        self.state.set_clean(slot, Some(object));
        for (other, value) in self.state.dirty() {
            if value == boxed {
                self.push(self.store_in(other), &[object], Imm::Slot(other), None)?;
                self.state.set_clean(other, Some(object));
            }
        }
        Ok(())
    }
}

/// Whether an op may make an object of a struct, or use its address for more than a load.
fn needs_memory(op: Op) -> bool {
    !matches!(
        op,
        Op::Load
            | Op::LoadField
            | Op::GuardType
            | Op::GuardIs
            | Op::GuardShared
            | Op::Same
            | Op::StructAddr
            | Op::StoreSlot
            | Op::InitSlot
            | Op::ReplaceSlot
            | Op::BoxStruct
    )
}
