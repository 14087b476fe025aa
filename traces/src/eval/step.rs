//! One instruction: slots, objects and memory; guards.

use super::heap::{Datum, Kind, ObjRef};
use super::{Eval, Flow, arith};
use crate::CType;
use crate::op::Op;
use crate::trace::{Imm, Inst, Known};

impl Eval<'_> {
    /// Runs one instruction.
    pub(super) fn step(&mut self, inst: &Inst) -> Result<Flow, String> {
        let args = inst
            .args
            .iter()
            .map(|&v| self.datum(v))
            .collect::<Result<Vec<_>, _>>()?;
        match inst.op {
            Op::GuardTrue
            | Op::GuardFalse
            | Op::GuardType
            | Op::GuardIs
            | Op::GuardShared
            | Op::GuardKept
            | Op::Check => self.guard(inst, &args),
            Op::LoadSlot
            | Op::StoreSlot
            | Op::InitSlot
            | Op::ReplaceSlot
            | Op::MoveSlot
            | Op::SwapSlots
            | Op::ClearSlot
            | Op::ReleaseSlot
            | Op::DropSlot => self.slot_op(inst, &args),
            op if op.is_box() => {
                let object = self.boxed(inst, &args)?;
                self.result(inst, Some(Datum::Obj(object)))
            }
            Op::UnboxInt
            | Op::UnboxUint
            | Op::UnboxBits
            | Op::UnboxFloat
            | Op::UnboxBool
            | Op::UnboxChar
            | Op::UnboxUChar
            | Op::UnboxCValue => {
                let result = self.unbox(inst.op, &args)?;
                self.result(inst, result)
            }
            Op::LoadField | Op::StoreField | Op::FieldAddr | Op::InstanceValues => {
                self.memory_op(inst, &args)
            }
            Op::LoadItem
            | Op::StoreItem
            | Op::SwapItem
            | Op::LoadAttr
            | Op::StoreAttr
            | Op::SwapAttr => self.item_op(inst, &args),
            Op::Load | Op::LoadWord | Op::Store | Op::LoadErrno | Op::StoreErrno => {
                self.c_memory(inst, &args)
            }
            Op::ConstObj => match inst.imm {
                Imm::Obj(id) => {
                    let object = self.constant(id)?;
                    self.result(inst, Some(Datum::Obj(object)))
                }
                _ => Err("names no object".to_string()),
            },
            Op::ConstPtr => match inst.imm {
                Imm::Int(n) => self.result(inst, Some(Datum::Ptr(n as u64))),
                _ => Err("names no address".to_string()),
            },
            Op::Same => match *args.as_slice() {
                [Datum::Obj(a), Datum::Obj(b)] => self.result(inst, Some(Datum::Bool(a == b))),
                _ => Err("compares two objects".to_string()),
            },
            Op::CCall | Op::Call | Op::CallNew | Op::CallPy | Op::CallPyBool => {
                self.call_op(inst, &args)
            }
            Op::Second => self.second(inst),
            Op::StructAddr => match *args.as_slice() {
                [Datum::Obj(object)] => {
                    let address = self.world.heap.address_of(object);
                    self.result(inst, Some(Datum::Ptr(address)))
                }
                _ => Err("is of a struct".to_string()),
            },
            Op::Label => {
                for (&param, &datum) in inst.params.iter().zip(&args) {
                    self.define(param, datum)?;
                }
                Ok(Flow::Next)
            }
            Op::Jump => Ok(Flow::Jump(args)),
            Op::Restart => Ok(Flow::Restart),
            Op::Leave => match inst.snap {
                Some(snap) => Ok(Flow::Leave(snap)),
                None => Err("has nowhere to leave to".to_string()),
            },
            op => {
                let result = arith::compute(op, &args, inst.imm)?;
                self.result(inst, result)
            }
        }
    }

    /// Goes on with a result; without one the op leaves.
    pub(super) fn result(&mut self, inst: &Inst, datum: Option<Datum>) -> Result<Flow, String> {
        match (datum, inst.result, inst.snap) {
            (Some(datum), Some(value), _) => self.define(value, datum).map(|()| Flow::Next),
            (None, _, Some(snap)) => Ok(Flow::Leave(snap)),
            _ => Err("has no result and nowhere to leave to".to_string()),
        }
    }

    // ---- guards ----

    fn guard(&mut self, inst: &Inst, args: &[Datum]) -> Result<Flow, String> {
        let holds = match (inst.op, inst.imm, args) {
            (Op::GuardTrue, _, &[Datum::Bool(cond)]) => cond,
            (Op::GuardFalse, _, &[Datum::Bool(cond)]) => !cond,
            (Op::GuardType, Imm::Obj(id), &[Datum::Obj(object)]) => {
                let wanted = self.constant(id)?;
                object != ObjRef::NULL && self.world.heap.type_of(object)? == wanted
            }
            (Op::GuardIs, Imm::Obj(id), &[Datum::Obj(object)]) => {
                if object != ObjRef::NULL {
                    self.world.heap.get(object)?;
                }
                self.constant(id)? == object
            }
            (Op::GuardShared, Imm::Int(n), &[Datum::Obj(object)]) => {
                object != ObjRef::NULL
                    && i64::try_from(self.world.heap.get(object)?.refs).is_ok_and(|refs| refs > n)
            }
            (Op::GuardKept, Imm::Slot(slot), _) => match self.world.slot(slot) {
                ObjRef::NULL => true,
                object => self.world.heap.get(object)?.refs > 1,
            },
            (Op::Check, ..) => self
                .world
                .attention
                .is_none_or(|calls| self.world.calls < calls),
            _ => return Err("a malformed guard".to_string()),
        };
        match (holds, inst.snap) {
            (true, _) => Ok(Flow::Next),
            (false, Some(snap)) => Ok(Flow::Leave(snap)),
            (false, None) => Err("has nowhere to leave to".to_string()),
        }
    }

    // ---- slots ----

    fn slot_op(&mut self, inst: &Inst, args: &[Datum]) -> Result<Flow, String> {
        match (inst.op, inst.imm, args) {
            (Op::LoadSlot, Imm::Slot(slot), []) => {
                let object = self.slot(slot);
                return self.result(inst, Some(Datum::Obj(object)));
            }
            (Op::StoreSlot | Op::ReplaceSlot, Imm::Slot(slot), &[Datum::Obj(object)]) => {
                let old = self.replace(slot, object)?;
                self.drop_object(old)?;
            }
            (Op::InitSlot, Imm::Slot(slot), &[Datum::Obj(object)]) => {
                self.replace(slot, object)?;
            }
            (Op::MoveSlot, Imm::Slots(to, from), []) => {
                let (moved, old) = (self.world.slot(from), self.slot(to));
                self.put(to, moved);
                self.drop_object(old)?;
            }
            (Op::SwapSlots, Imm::Slots(a, b), []) => {
                let (in_a, in_b) = (self.world.slot(a), self.world.slot(b));
                self.put(a, in_b);
                self.put(b, in_a);
            }
            (Op::ClearSlot | Op::DropSlot, Imm::Slot(slot), []) => {
                let old = self.world.slot(slot);
                self.put(slot, ObjRef::NULL);
                self.drop_object(old)?;
            }
            (Op::ReleaseSlot, Imm::Slot(slot), []) => {
                if self.trace.is_local(slot) {
                    return Err("releases what a variable holds".to_string());
                }
                let old = self.world.slot(slot);
                if self.world.heap.get(old)?.refs <= 1 {
                    return Err("releases the last reference".to_string());
                }
                self.put(slot, ObjRef::NULL);
                self.drop_object(old)?;
            }
            _ => return Err("a malformed op on a slot".to_string()),
        }
        Ok(Flow::Next)
    }

    /// Writes a slot; whose reference it is, is the caller's business.
    pub(super) fn put(&mut self, slot: u16, object: ObjRef) {
        if self.trace.global(slot).is_some() {
            self.world.variables.insert(slot, object);
            return;
        }
        let slot = usize::from(slot);
        if self.world.frame.len() <= slot {
            self.world.frame.resize(slot + 1, ObjRef::NULL);
        }
        if let Some(place) = self.world.frame.get_mut(slot) {
            *place = object;
        }
    }

    /// What a slot of the frame, or a module-level variable, holds.
    fn slot(&self, slot: u16) -> ObjRef {
        match self.trace.global(slot) {
            Some(_) => {
                let held = self.world.variables.get(&slot);
                held.copied().unwrap_or(ObjRef::NULL)
            }
            None => self.world.slot(slot),
        }
    }

    /// Stores a new reference in a slot and gives what it held.
    pub(super) fn replace(&mut self, slot: u16, object: ObjRef) -> Result<ObjRef, String> {
        self.take(object)?;
        let old = self.slot(slot);
        self.put(slot, object);
        Ok(old)
    }

    /// Takes a reference to a live object (or NULL).
    pub(super) fn take(&mut self, object: ObjRef) -> Result<(), String> {
        if object != ObjRef::NULL {
            self.world.heap.get(object)?;
            self.world.heap.incref(object);
        }
        Ok(())
    }

    /// Drops a reference; a death that can be noticed is logged.
    pub(super) fn drop_object(&mut self, object: ObjRef) -> Result<(), String> {
        self.world.heap.decref(object)?;
        for name in self.world.heap.deaths.drain(..) {
            self.world.log.push(format!("@{name} dies"));
        }
        Ok(())
    }

    // ---- boxes ----

    fn boxed(&mut self, inst: &Inst, args: &[Datum]) -> Result<ObjRef, String> {
        let heap = &mut self.world.heap;
        match (inst.op, inst.imm, args) {
            (Op::BoxInt, _, &[Datum::Int(n)]) => Ok(heap.alloc_box(Kind::Int(n.into()))),
            (Op::BoxUint, _, &[Datum::Int(n)]) => Ok(heap.alloc_box(Kind::Int((n as u64).into()))),
            (Op::BoxFloat, _, &[Datum::Float(x)]) => Ok(heap.alloc_box(Kind::Float(x))),
            (Op::BoxBool, _, &[Datum::Bool(b)]) => Ok(heap.truth(b)),
            (Op::BoxCData, Imm::Obj(id), &[Datum::Ptr(ptr)]) => {
                let ctype = self.constant(id)?;
                Ok(self.world.heap.alloc_box(Kind::CData { ctype, ptr }))
            }
            (Op::BoxCInt | Op::BoxCFloat, Imm::Obj(id), &[value]) => {
                let (ctype, value) = (self.constant(id)?, vec![value]);
                Ok(self.world.heap.alloc_box(Kind::CValue { ctype, value }))
            }
            (Op::BoxStruct, Imm::Obj(id), eightbytes) => {
                let (ctype, bytes) = (self.constant(id)?, 8 * eightbytes.len() as u64);
                let heap = &mut self.world.heap;
                let object = heap.alloc_box(Kind::CStruct { ctype, bytes });
                let address = heap.address_of(object);
                for (at, &word) in (0..).step_by(8).zip(eightbytes) {
                    heap.memory.poke(address + at, CType::U64, word);
                }
                Ok(object)
            }
            (Op::BoxChar, _, &[Datum::Int(n)]) => Ok(heap.alloc_box(Kind::Bytes(vec![n as u8]))),
            (Op::BoxBuffer, _, &[Datum::Obj(of), Datum::Int(size)]) => {
                Ok(heap.alloc_box(Kind::Buffer(of, size)))
            }
            (Op::BoxTuple, _, items) => {
                let items = items.iter().map(|item| match item {
                    &Datum::Obj(item) if item != ObjRef::NULL => Ok(item),
                    _ => Err("an item that is no object".to_string()),
                });
                let items = items.collect::<Result<Vec<_>, _>>()?;
                Ok(heap.alloc_lent(Kind::Tuple(items)))
            }
            (Op::BoxRange, _, &[Datum::Int(start), Datum::Int(step), Datum::Int(len)]) => {
                Ok(heap.alloc_box(Kind::RangeIter { start, step, len }))
            }
            (Op::BoxListIter | Op::BoxTupleIter, Imm::Obj(id), &[Datum::Int(index)]) => {
                let seq = self.constant(id)?;
                let kind = match inst.op {
                    Op::BoxListIter => Kind::ListIter { seq, index },
                    _ => Kind::TupleIter { seq, index },
                };
                Ok(self.world.heap.alloc_lent(kind))
            }
            (Op::BoxInstance, ..) => Err("the evaluator makes no instances".to_string()),
            (Op::BoxAttr, ..) => Ok(heap.alloc_box(Kind::Opaque(ObjRef::NULL))),
            (Op::BoxUChar, _, &[Datum::Int(n)]) => {
                let c = u32::try_from(n).ok().and_then(char::from_u32);
                let c = c.ok_or_else(|| format!("{n} is no character"))?;
                Ok(heap.alloc_box(Kind::Str(c.to_string())))
            }
            _ => Err("a malformed box".to_string()),
        }
    }

    /// The value of an object: none where it does not fit.
    fn unbox(&self, op: Op, args: &[Datum]) -> Result<Option<Datum>, String> {
        let &[Datum::Obj(object)] = args else {
            return Err("a malformed op".to_string());
        };
        match (op, &self.world.heap.get(object)?.kind) {
            (Op::UnboxInt, &Kind::Int(n)) => Ok(i64::try_from(n).ok().map(Datum::Int)),
            (Op::UnboxUint, &Kind::Int(n)) => {
                Ok(u64::try_from(n).ok().map(|n| Datum::Int(n as i64)))
            }
            (Op::UnboxBits, &Kind::Int(n)) => {
                let bits = i64::try_from(n).or_else(|_| u64::try_from(n).map(|n| n as i64));
                Ok(bits.ok().map(Datum::Int))
            }
            (Op::UnboxFloat, &Kind::Float(x)) => Ok(Some(Datum::Float(x))),
            (Op::UnboxCValue, Kind::CValue { value, .. }) => Ok(value.first().copied()),
            (Op::UnboxChar, Kind::Bytes(bytes)) => Ok(match bytes.as_slice() {
                &[byte] => Some(Datum::Int(byte.into())),
                _ => None,
            }),
            (Op::UnboxUChar, Kind::Str(text)) => {
                let mut chars = text.chars();
                Ok(match (chars.next(), chars.next()) {
                    (Some(c), None) => Some(Datum::Int(u32::from(c).into())),
                    _ => None,
                })
            }
            (Op::UnboxBool, _) if object == self.world.heap.known(Known::True) => {
                Ok(Some(Datum::Bool(true)))
            }
            (Op::UnboxBool, Kind::Bool(_)) => Ok(Some(Datum::Bool(false))),
            _ => Err(format!(
                "{} is of another type",
                self.world.heap.show(object)
            )),
        }
    }

    // ---- memory ----

    fn memory_op(&mut self, inst: &Inst, args: &[Datum]) -> Result<Flow, String> {
        let heap = &mut self.world.heap;
        let datum = match (inst.op, inst.imm, args) {
            (Op::LoadField, Imm::Field(field), &[Datum::Obj(object)]) => {
                heap.load(object, field)?
            }
            (Op::StoreField, Imm::Field(field), &[Datum::Obj(object), value]) => {
                heap.store(object, field, value)?;
                return Ok(Flow::Next);
            }
            (Op::FieldAddr, Imm::Field(field), &[Datum::Obj(object)]) => {
                Datum::Ptr(heap.field_addr(object, field)?)
            }
            (Op::InstanceValues, _, &[Datum::Obj(object)]) => {
                let values = heap.instance_values(object)?.map(Datum::Ptr);
                return self.result(inst, values);
            }
            _ => return Err("a malformed op on memory".to_string()),
        };
        self.result(inst, Some(datum))
    }

    /// An object is this one, or a box of the same number.
    fn is_or_equals(&self, there: ObjRef, other: ObjRef) -> Result<(), String> {
        let heap = &self.world.heap;
        if there == other || heap.get(there)?.kind == heap.get(other)?.kind {
            return Ok(());
        }
        Err("another object lies there".to_string())
    }

    /// Items of lists and tuples, attributes of instances.
    fn item_op(&mut self, inst: &Inst, args: &[Datum]) -> Result<Flow, String> {
        let heap = &mut self.world.heap;
        match (inst.op, inst.imm, args) {
            (Op::LoadItem, _, &[Datum::Ptr(items), Datum::Int(index)]) => {
                let item = *heap.item(items, index)?;
                if item == ObjRef::NULL {
                    return Err("an item is NULL".to_string());
                }
                self.result(inst, Some(Datum::Obj(item)))
            }
            (Op::LoadAttr, _, &[Datum::Ptr(items), Datum::Int(index)]) => {
                let item = *heap.item(items, index)?;
                self.result(inst, Some(Datum::Obj(item)))
            }
            (
                Op::StoreItem | Op::StoreAttr,
                _,
                &[
                    Datum::Ptr(items),
                    Datum::Int(index),
                    Datum::Obj(new),
                    Datum::Obj(old),
                ],
            ) => {
                let there = *heap.item(items, index)?;
                self.is_or_equals(there, old)?;
                self.take(new)?;
                *self.world.heap.item(items, index)? = new;
                self.drop_object(there)?;
                Ok(Flow::Next)
            }
            (
                Op::SwapItem | Op::SwapAttr,
                Imm::Slot(slot),
                &[Datum::Ptr(items), Datum::Int(index), Datum::Obj(old)],
            ) => {
                let new = self.world.slot(slot);
                let place = self.world.heap.item(items, index)?;
                let there = std::mem::replace(place, new);
                self.is_or_equals(there, old)?;
                self.put(slot, there);
                Ok(Flow::Next)
            }
            _ => Err("a malformed op on items".to_string()),
        }
    }

    fn c_memory(&mut self, inst: &Inst, args: &[Datum]) -> Result<Flow, String> {
        match (inst.op, inst.imm, args) {
            (Op::Load, Imm::Place(ty, distance), &[Datum::Ptr(base)]) => {
                let address = base.wrapping_add_signed(distance.into());
                let datum = self.world.heap.memory.peek(address, ty)?;
                self.result(inst, Some(datum))
            }
            (Op::LoadWord, _, &[Datum::Ptr(address)]) => {
                let datum = self.world.heap.memory.peek(address, CType::I64)?;
                self.result(inst, Some(datum))
            }
            (Op::Store, Imm::Place(ty, distance), &[Datum::Ptr(base), value]) => {
                let address = base.wrapping_add_signed(distance.into());
                self.world.heap.memory.peek(address, ty)?;
                self.world.heap.memory.poke(address, ty, value);
                Ok(Flow::Next)
            }
            (Op::LoadErrno, ..) => {
                let errno = Datum::Int(self.world.errno.into());
                self.result(inst, Some(errno))
            }
            (Op::StoreErrno, _, &[Datum::Int(n)]) => {
                self.world.errno = n as i32;
                Ok(Flow::Next)
            }
            _ => Err("a malformed op on memory".to_string()),
        }
    }
}
