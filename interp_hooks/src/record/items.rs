//! Items of lists, tuples, bytes, bytearrays and strings, by an integer.
//!
//! An item that is an object lies on the operand stack without an owner: the container keeps it alive. It gets
//! one before the memory of containers may change ([`Recorder::shelter`]).

use super::Recorder;
use crate::cpython::decode::Instr;
use crate::py::{Kind, Object};
use traces::{Abort, CType, Field, Helper, Imm, Known, Op, Value};

/// An array of objects, the number of one of them, and what lies there now.
pub(super) struct Element {
    /// The address of the array.
    pub(super) array: Value,
    /// The number.
    pub(super) index: Value,
    /// The object, perhaps NULL.
    pub(super) now: Object,
    /// Whether it is an attribute of an instance.
    pub(super) attribute: bool,
}

impl Recorder {
    /// `container[integer]` at the top; says whether it was emitted.
    pub(super) fn sequence_get_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        let container = self.concrete(1)?;
        if container.is_exactly(Known::List) || container.is_exactly(Known::Tuple) {
            let Some(element) = self.element(1, 0)? else {
                return Ok(false);
            };
            self.push_element(&element, 2, i.next)?;
            return Ok(true);
        }
        let (size, known) = if container.is_exactly(Known::Bytes) {
            (Field::BytesSize, Known::Bytes)
        } else if container.is_exactly(Known::ByteArray) {
            (Field::ByteArraySize, Known::ByteArray)
        } else if container.is_exactly(Known::Str) {
            (Field::StrLength, Known::Str)
        } else {
            return Ok(false);
        };
        let Some((value, index)) = self.position(1, 0, known, size)? else {
            return Ok(false);
        };
        let item = match known {
            Known::Str => {
                let n = self.b.call(Helper::StrItem, &[value, index])?;
                self.b.op(Op::BoxUChar, &[n])?
            }
            _ => {
                let p = self.byte_place(value, index, known)?;
                let n = self.b.emit(Op::Load, &[p], Imm::Place(CType::U8, 0))?;
                self.b.op(Op::BoxInt, &[n])?
            }
        };
        self.replace_operands(2, Some(item), i.next)?;
        Ok(true)
    }

    /// `container[integer] = value` at the top; says whether it was emitted.
    pub(super) fn sequence_set_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        // Stack: value, container, key.
        let container = self.concrete(1)?;
        if container.is_exactly(Known::List) {
            let Some(element) = self.element(1, 0)? else {
                return Ok(false);
            };
            self.store_element(&element, 3, i.next)?;
            return Ok(true);
        }
        let fits = matches!(self.concrete(2)?.kind(), Kind::Int(n) if (0..256).contains(&n));
        if !container.is_exactly(Known::ByteArray) || !fits {
            return Ok(false);
        }
        let known = Known::ByteArray;
        let Some((value, index)) = self.position(1, 0, known, Field::ByteArraySize)? else {
            return Ok(false);
        };
        let Some(byte) = self.integer(2)? else {
            return Ok(false);
        };
        let top = self.b.int(255)?;
        let fits = self.b.op(Op::IUle, &[byte, top])?;
        self.b.guard(fits, true);
        let p = self.byte_place(value, index, known)?;
        self.b
            .effect(Op::Store, &[p, byte], Imm::Place(CType::U8, 0));
        self.replace_operands(3, None, i.next)?;
        Ok(true)
    }

    /// The place of a byte of a bytes or bytearray.
    fn byte_place(&mut self, value: Value, index: Value, of: Known) -> Result<Value, Abort> {
        let start = match of {
            Known::Bytes => {
                let data = Imm::Field(Field::BytesData);
                self.b.emit(Op::FieldAddr, &[value], data)?
            }
            _ => self.b.load_field(value, Field::ByteArrayStart)?,
        };
        self.b.op(Op::PAdd, &[start, index])
    }

    /// Guards a container of this type, and that the integer at `key` is the number of an item, from the start
    /// or from the end. Gives the container and the number from the start; nothing was emitted where there is
    /// none.
    fn position(
        &mut self,
        container: usize,
        key: usize,
        known: Known,
        size: Field,
    ) -> Result<Option<(Value, Value)>, Abort> {
        let (object, value) = (self.concrete(container)?, self.b.peek(container)?.value);
        let Some(now) = self.index_now(key)? else {
            return Ok(None);
        };
        let length = object.field_i64(size);
        if !(-length..length).contains(&now) {
            return Ok(None);
        }
        let ty = self.known(known);
        self.b.guard_type(value, ty);
        let Some(index) = self.integer(key)? else {
            return Ok(None);
        };
        let length = match self.defined_by(value) {
            Some(Op::BoxChar | Op::BoxUChar) => self.b.int(1)?,
            _ => self.b.load_field(value, size)?,
        };
        let index = self.counted_from_start(index, now, length)?;
        Ok(Some((value, index)))
    }

    /// The integer so far below the top, as it is now.
    pub(super) fn index_now(&self, at: usize) -> Result<Option<i64>, Abort> {
        Ok(match self.concrete(at)?.kind() {
            Kind::Int(n) => Some(n),
            Kind::Bool(b) => Some(i64::from(b)),
            _ => None,
        })
    }

    /// The number from the start of an item that is counted from the start or from the end, as the one that is named
    /// now; guards that there is one.
    pub(super) fn counted_from_start(
        &mut self,
        mut index: Value,
        now: i64,
        length: Value,
    ) -> Result<Value, Abort> {
        if now < 0 {
            let zero = self.b.int(0)?;
            let from_end = self.b.op(Op::ILt, &[index, zero])?;
            self.b.guard(from_end, true);
            index = self.b.op(Op::IAdd, &[index, length])?;
        }
        let inside = self.b.op(Op::IUlt, &[index, length])?;
        self.b.guard(inside, true);
        Ok(index)
    }

    /// The item of an exact list or tuple that an integer names; nothing was emitted where there is none.
    fn element(&mut self, container: usize, key: usize) -> Result<Option<Element>, Abort> {
        let object = self.concrete(container)?;
        let (known, size) = if object.is_exactly(Known::List) {
            (Known::List, Field::ListSize)
        } else {
            (Known::Tuple, Field::TupleSize)
        };
        let Some(at) = self.index_now(key)? else {
            return Ok(None);
        };
        if self.b.peek(key)?.owned {
            return Ok(None);
        }
        let Some((value, index)) = self.position(container, key, known, size)? else {
            return Ok(None);
        };
        let array = match known {
            Known::List => self.b.load_field(value, Field::ListItems)?,
            _ => {
                let items = Imm::Field(Field::TupleItems);
                self.b.emit(Op::FieldAddr, &[value], items)?
            }
        };
        let length = object.field_i64(size);
        let at = if at < 0 { at + length } else { at };
        Ok(Some(Element {
            array,
            index,
            now: object.sequence_item(at as isize),
            attribute: false,
        }))
    }

    /// Loads an item or attribute that is there, and puts it in the place of the top `operands`.
    pub(super) fn push_element(
        &mut self,
        element: &Element,
        operands: usize,
        next: u32,
    ) -> Result<(), Abort> {
        let load = if element.attribute {
            Op::LoadAttr
        } else {
            Op::LoadItem
        };
        let item = self.b.op(load, &[element.array, element.index])?;
        if let Some(boxed) = self.unbox_plain(item, element.now)? {
            return self.replace_operands(operands, Some(boxed), next);
        }
        let ty = self.type_of(element.now);
        self.b.guard_type(item, ty);
        self.lent.insert(item, element.now.is_plain());
        self.still_lent.insert(item);
        // What owns the container may be an operand.
        let mut owned = false;
        for n in 0..operands {
            owned |= self.b.peek(n)?.owned;
        }
        if !owned {
            return self.replace_operands(operands, Some(item), next);
        }
        self.replace_by_owned(item, operands, next)
    }

    /// Puts an object that the operands keep alive in their place, with an owner of its own.
    fn replace_by_owned(&mut self, item: Value, operands: usize, next: u32) -> Result<(), Abort> {
        let slot = self.b.slot_below_top(operands - 1);
        for n in 0..operands - 1 {
            if self.b.peek(n)?.owned {
                return Err(self.unsupported("an index that owns an object"));
            }
        }
        self.shelter_below(operands);
        for _ in 0..operands - 1 {
            self.b.pop()?;
        }
        let op = if self.b.pop()?.owned {
            Op::ReplaceSlot
        } else {
            Op::InitSlot
        };
        self.b.effect(op, &[item], Imm::Slot(slot));
        self.b.push_owned(item);
        self.b.begin(next);
        self.b.check();
        Ok(())
    }

    /// Stores the value at the bottom of the top `operands` over an item or attribute that is there, and pops
    /// them.
    pub(super) fn store_element(
        &mut self,
        element: &Element,
        operands: usize,
        next: u32,
    ) -> Result<(), Abort> {
        let (load, store, swap) = if element.attribute {
            (Op::LoadAttr, Op::StoreAttr, Op::SwapAttr)
        } else {
            (Op::LoadItem, Op::StoreItem, Op::SwapItem)
        };
        let place = [element.array, element.index];
        let old = self.b.op(load, &place)?;
        let ty = self.type_of(element.now);
        self.b.guard_type(old, ty);
        let plain = element.now.is_plain() && !element.now.is_cdata();
        let e = self.b.peek(operands - 1)?;
        self.own_twins(e.value, operands);
        if plain && !e.owned {
            self.shelter_plain();
            let [array, index] = place;
            self.b
                .effect(store, &[array, index, e.value, old], Imm::None);
            return self.replace_operands(operands, None, next);
        }
        self.shelter_below(operands);
        let slot = self.b.slot_below_top(operands - 1);
        if !e.owned {
            self.b.effect(Op::InitSlot, &[e.value], Imm::Slot(slot));
        }
        let [array, index] = place;
        self.b.effect(swap, &[array, index, old], Imm::Slot(slot));
        // The old object goes first, as in the interpreter.
        let mut owners = vec![slot];
        for n in (0..operands - 1).rev() {
            if self.b.peek(n)?.owned {
                owners.push(self.b.slot_below_top(n));
            }
        }
        for _ in 0..operands {
            self.b.pop()?;
        }
        for slot in owners {
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
        }
        self.b.begin(next);
        self.b.check();
        Ok(())
    }

    /// A number that lies elsewhere on the operand stack too becomes an object there, before one is stored:
    /// it is one object.
    pub(super) fn own_twins(&mut self, value: Value, operands: usize) {
        if !self.is_box(value) {
            return;
        }
        let below = self.b.stack.len().saturating_sub(operands);
        for i in 0..below {
            let e = self.b.stack[i];
            if !e.owned && e.value == value {
                self.give_owner(i);
            }
        }
    }

    pub(super) fn give_owner(&mut self, i: usize) {
        let (slot, value) = (self.b.stack_slot(i), self.b.stack[i].value);
        self.b.effect(Op::InitSlot, &[value], Imm::Slot(slot));
        self.b.stack[i].owned = true;
        self.b.stack_changed();
    }

    /// Gives an owner to what the operand stack below the top `operands` borrows from the memory of
    /// containers, before that may change.
    pub(super) fn shelter_below(&mut self, operands: usize) {
        let below = self.b.stack.len().saturating_sub(operands);
        self.shelter_where(below, |_| true);
    }

    /// As `shelter_below`, of all operands.
    pub(super) fn shelter(&mut self) {
        self.shelter_below(0);
    }

    /// As `shelter`, before a plain object is dropped.
    fn shelter_plain(&mut self) {
        self.shelter_where(self.b.stack.len(), |plain| plain);
    }

    fn shelter_where(&mut self, end: usize, which: impl Fn(bool) -> bool) {
        self.make_lent();
        for i in 0..end {
            let e = self.b.stack[i];
            let lent = self.lent.get(&e.value).is_some_and(|&plain| which(plain));
            if !e.owned && lent && !self.locals.contains(&Some(e.value)) {
                self.give_owner(i);
            }
        }
    }
}
