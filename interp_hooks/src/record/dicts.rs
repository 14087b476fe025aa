//! Dicts, by a str or an int: the key is looked up without the interpreter's protocols, and the value is an item of the
//! memory of the dict as that of a list is.
//!
//! A dict that somebody watches is left to the interpreter: it may be a namespace whose variables are slots of the trace.

use super::Recorder;
use super::items::Element;
use crate::cpython::decode::Instr;
use crate::cpython::dict::{self, Found, Key};
use crate::py::{Kind, Object};
use traces::{Abort, Helper, Imm, Known, Op, Value};

/// What a key is looked up for, as the helper has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// To read the value, or to write one over it that the garbage collector need not know.
    Plain = 0,
    /// To write any value over it.
    Any = 1,
}

impl Recorder {
    /// `dict[key]` at the top; says whether it was emitted.
    pub(super) fn dict_get_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        let (dict, value) = (self.concrete(1)?, self.b.peek(1)?.value);
        let found = self.look_up(dict, 0)?;
        if !matches!(found, Found::At(_)) || self.all_owned(2)? {
            return Ok(false);
        }
        let place = self.look_up_in(value, 0, For::Plain)?;
        self.push_found(place, found, 2, i.next)?;
        Ok(true)
    }

    /// `dict.get(key)` or `dict.get(key, default)`; says whether it was emitted.
    pub(super) fn dict_get(
        &mut self,
        (dict, value): (Object, Value),
        nargs: usize,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let (key, operands) = (nargs - 1, nargs + 2);
        let found = self.look_up(dict, key)?;
        match found {
            Found::Unknown => Ok(false),
            Found::At(_) => {
                if self.all_owned(operands)? {
                    return Ok(false);
                }
                let place = self.look_up_in(value, key, For::Plain)?;
                self.push_found(place, found, operands, i.next)?;
                Ok(true)
            }
            Found::Absent => {
                let mut owned = false;
                for n in 0..operands {
                    owned |= self.b.peek(n)?.owned;
                }
                let default = (nargs == 2).then(|| self.b.peek(0)).transpose()?;
                if default.is_some_and(|e| owned && !self.is_virtual(e.value)) {
                    return Ok(false);
                }
                let place = self.look_up_in(value, key, For::Plain)?;
                self.guard_place(place, Op::IEq)?;
                let none = self.known(Known::None);
                let result = match default {
                    Some(e) => e.value,
                    None => self.b.obj(none)?,
                };
                self.replace_operands(operands, Some(result), i.next)?;
                Ok(true)
            }
        }
    }

    /// `key in dict`, whose truth is given; nothing was emitted where there is none.
    pub(super) fn dict_contains(&mut self) -> Result<Option<Value>, Abort> {
        let (dict, value) = (self.concrete(0)?, self.b.peek(0)?.value);
        if self.look_up(dict, 1)? == Found::Unknown {
            return Ok(None);
        }
        let place = self.look_up_in(value, 1, For::Plain)?;
        let place = self.b.op(Op::PToI, &[place])?;
        let (zero, one) = (self.b.int(0)?, self.b.int(1)?);
        let known = self.b.op(Op::INe, &[place, zero])?;
        self.b.guard(known, true);
        self.b.op(Op::INe, &[place, one]).map(Some)
    }

    /// `dict[key] = value` of a key that the dict has; says whether it was emitted.
    pub(super) fn dict_set_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        // Stack: value, container, key.
        let (dict, value) = (self.concrete(1)?, self.b.peek(1)?.value);
        let at = match self.look_up(dict, 0)? {
            Found::At(at) => at,
            Found::Absent => return self.dict_add_item(value, i),
            Found::Unknown => return Ok(false),
        };
        let what = match self.is_box(self.b.peek(2)?.value) {
            true => For::Plain,
            false => For::Any,
        };
        let place = self.look_up_in(value, 0, what)?;
        let element = self.value_at(place, at)?;
        self.store_element(&element, 3, i.next)?;
        Ok(true)
    }

    /// `dict[key] = value` of a key that it has not got now; says whether it was emitted.
    fn dict_add_item(&mut self, dict: Value, i: &Instr) -> Result<bool, Abort> {
        if self.b.peek(0)?.owned || self.b.peek(1)?.owned {
            return Ok(false);
        }
        let value = self.b.peek(2)?.value;
        let ty = self.known(Known::Dict);
        self.b.guard_type(dict, ty);
        let (key, number) = self.dict_key(0)?;
        self.shelter_below(3);
        self.own_twins(value, 3);
        let helper = match number {
            true => Helper::DictSetInt,
            false => Helper::DictSet,
        };
        let done = self.b.call(helper, &[dict, key, value])?;
        self.b.guard(done, true);
        self.b.pop()?;
        self.b.pop()?;
        // The dict owns the value from here on.
        let slot = self.b.slot_below_top(0);
        if self.b.pop()?.owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(slot));
        }
        self.b.begin(i.next);
        Ok(true)
    }

    /// The key so far below the top as the helpers take it, and whether it is a number.
    fn dict_key(&mut self, at: usize) -> Result<(Value, bool), Abort> {
        if matches!(self.concrete(at)?.kind(), Kind::Int(_))
            && let Some(number) = self.integer(at)?
        {
            return Ok((number, true));
        }
        let key = self.b.peek(at)?.value;
        let ty = self.known(Known::Str);
        self.b.guard_type(key, ty);
        Ok((key, false))
    }

    /// Whether a dict has the key so far below the top now.
    fn look_up(&self, dict: Object, key: usize) -> Result<Found, Abort> {
        let key = self.concrete(key)?;
        let key = match key.kind() {
            Kind::Int(n) => Key::Int(n),
            _ if key.is_exactly(Known::Str) => Key::Text(key),
            _ => return Ok(Found::Unknown),
        };
        if !dict.is_exactly(Known::Dict) {
            return Ok(Found::Unknown);
        }
        // SAFETY: an exact dict; the recorder has the GIL.
        Ok(unsafe { dict::find(self.table, dict.0, key) })
    }

    /// Looks the key so far below the top up in a dict: 0 where only the interpreter can tell, 1 where there is none,
    /// else the place of the value.
    fn look_up_in(&mut self, dict: Value, key: usize, what: For) -> Result<Value, Abort> {
        let ty = self.known(Known::Dict);
        self.b.guard_type(dict, ty);
        let (key, number) = self.dict_key(key)?;
        let what = self.b.int(what as i64)?;
        let helper = match number {
            true => Helper::DictFindInt,
            false => Helper::DictFind,
        };
        self.b.call(helper, &[dict, key, what])
    }

    /// Guards how the result of a lookup compares with 1.
    fn guard_place(&mut self, place: Value, op: Op) -> Result<(), Abort> {
        let (place, one) = (self.b.op(Op::PToI, &[place])?, self.b.int(1)?);
        let holds = self.b.op(op, &[one, place])?;
        self.b.guard(holds, true);
        Ok(())
    }

    /// The value at a place that a lookup has found.
    fn value_at(
        &mut self,
        place: Value,
        now: *mut *mut pyo3_ffi::PyObject,
    ) -> Result<Element, Abort> {
        self.guard_place(place, Op::IUlt)?;
        let index = self.b.int(0)?;
        Ok(Element {
            array: place,
            index,
            // SAFETY: a value of a live dict, that nobody has changed since it was looked up.
            now: Object(unsafe { *now }),
            attribute: false,
        })
    }

    fn all_owned(&self, operands: usize) -> Result<bool, Abort> {
        let mut all = true;
        for n in 0..operands {
            all &= self.b.peek(n)?.owned;
        }
        Ok(all)
    }

    /// The value takes the place of the operands, one of which owns nothing.
    fn push_found(
        &mut self,
        place: Value,
        found: Found,
        operands: usize,
        next: u32,
    ) -> Result<(), Abort> {
        let Found::At(now) = found else {
            return Err(traces::Reason::Confused.into());
        };
        let element = self.value_at(place, now)?;
        let mut owners = Vec::new();
        let mut free = None;
        for n in (0..operands).rev() {
            let slot = self.b.slot_below_top(n);
            match self.b.peek(n)?.owned {
                true => owners.push(slot),
                false => free = free.or(Some(slot)),
            }
        }
        let (Some(free), false) = (free, owners.is_empty()) else {
            return self.push_element(&element, operands, next);
        };
        let item = self.b.op(Op::LoadItem, &[element.array, element.index])?;
        if let Some(boxed) = self.unbox_plain(item, element.now)? {
            return self.replace_operands(operands, Some(boxed), next);
        }
        let ty = self.type_of(element.now);
        self.b.guard_type(item, ty);
        self.shelter_below(operands);
        self.b.effect(Op::InitSlot, &[item], Imm::Slot(free));
        for _ in 0..operands {
            self.b.pop()?;
        }
        for slot in owners {
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
        }
        let target = self.b.next_slot();
        if target != free {
            self.b.effect(Op::SwapSlots, &[], Imm::Slots(target, free));
        }
        self.b.push_owned(item);
        self.b.begin(next);
        self.b.check();
        Ok(())
    }
}
