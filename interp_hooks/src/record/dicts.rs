//! Dicts, by keys that compare without running Python code: the key is looked up without the interpreter's protocols, and the
//! value is an item of the memory of the dict as that of a list is. So it is in instances of classes that are made from `dict`
//! and do the same in C.
//!
//! A dict that somebody watches is left to the interpreter: it may be a namespace whose variables are slots of the trace.

use super::Recorder;
use super::items::Element;
use crate::cpython::decode::Instr;
use crate::cpython::dict::{self, Found};
use crate::cpython::instance;
use crate::cpython::keys::Key;
use crate::py::{Kind, Object};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use traces::{Abort, Helper, Imm, Known, Op, Value};

/// What a key is looked up for, as the helper has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// To read the value, or to write one over it that the garbage collector need not know.
    Plain = 0,
    /// To write any value over it.
    Any = 1,
}

/// A key as the helpers take it.
pub(super) enum KeyValue {
    /// A number.
    Int(Value),
    /// An exact str.
    Text(Value),
    /// Another one, of which the helper sees whether it compares without Python code.
    Other(Value),
}

impl Recorder {
    /// `dict[key]` at the top; says whether it was emitted.
    pub(super) fn dict_get_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        let dict = self.concrete(1)?;
        let found = self.look_up(dict, 0, Some(c"__getitem__"))?;
        if !matches!(found, Found::At(_)) {
            return Ok(false);
        }
        self.make_top(1);
        if self.all_owned(2)? {
            return Ok(false);
        }
        let place = self.look_up_in(1, 0, For::Plain)?;
        self.push_found(place, found, 2, i.next)?;
        Ok(true)
    }

    /// `dict.get(key)` or `dict.get(key, default)`, or `setdefault` of a key that is there; says whether it was emitted.
    pub(super) fn dict_get(
        &mut self,
        (dict, value): (Object, Value),
        nargs: usize,
        sets: bool,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let (key, operands) = (nargs - 1, nargs + 2);
        let found = self.look_up(dict, key, None)?;
        if found != Found::Unknown {
            self.make_top(nargs);
        }
        match found {
            Found::Unknown => Ok(false),
            Found::Absent if sets => Ok(false),
            Found::At(_) => {
                if self.all_owned(operands)? {
                    return Ok(false);
                }
                let place = self.look_up_value(value, key, For::Plain)?;
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
                let place = self.look_up_value(value, key, For::Plain)?;
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
        let dict = self.concrete(0)?;
        if self.look_up(dict, 1, Some(c"__contains__"))? == Found::Unknown {
            return Ok(None);
        }
        let place = self.look_up_in(0, 1, For::Plain)?;
        let place = self.b.op(Op::PToI, &[place])?;
        let (zero, one) = (self.b.int(0)?, self.b.int(1)?);
        let known = self.b.op(Op::INe, &[place, zero])?;
        self.b.guard(known, true);
        self.b.op(Op::INe, &[place, one]).map(Some)
    }

    /// `dict[key] = value` of a key that the dict has; says whether it was emitted.
    pub(super) fn dict_set_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        // Stack: value, container, key.
        let dict = self.concrete(1)?;
        let at = match self.look_up(dict, 0, Some(c"__setitem__"))? {
            Found::At(at) => at,
            Found::Absent => return self.dict_add_item(i),
            Found::Unknown => return Ok(false),
        };
        let what = match self.is_box(self.b.peek(2)?.value) {
            true => For::Plain,
            false => For::Any,
        };
        let place = self.look_up_in(1, 0, what)?;
        let element = self.value_at(place, at)?;
        self.store_element(&element, 3, i.next)?;
        Ok(true)
    }

    /// `dict[key] = value` of a key that it has not got now; says whether it was emitted.
    fn dict_add_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        let is_owned = self.b.peek(0)?.owned;
        if self.b.peek(1)?.owned || is_owned && matches!(self.concrete(0)?.kind(), Kind::Int(_)) {
            return Ok(false);
        }
        let (dict, value) = (self.b.peek(1)?.value, self.b.peek(2)?.value);
        self.guard_dict(1)?;
        let key = self.key_value(0)?;
        self.shelter_below(3);
        self.own_twins(value, 3);
        // What owns the key may let it go where the dict has taken it.
        let (helper, key) = match key {
            KeyValue::Int(key) => (Helper::DictSetInt, key),
            KeyValue::Text(key) if !is_owned => (Helper::DictSet, key),
            KeyValue::Text(key) | KeyValue::Other(key) => (Helper::DictAdd, key),
        };
        let done = self.b.call(helper, &[dict, key, value])?;
        self.b.guard(done, true);
        let above = self.b.slot_below_top(0);
        self.b.pop()?;
        self.b.pop()?;
        // The dict owns the value from here on.
        let slot = self.b.slot_below_top(0);
        if self.b.pop()?.owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(slot));
        }
        if is_owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(above));
        }
        self.b.begin(i.next);
        Ok(true)
    }

    /// The key so far below the top as the helpers take it; an object, where it is no number.
    pub(super) fn key_value(&mut self, at: usize) -> Result<KeyValue, Abort> {
        let object = self.concrete(at)?;
        if matches!(object.kind(), Kind::Int(_))
            && let Some(number) = self.integer(at)?
        {
            return Ok(KeyValue::Int(number));
        }
        let key = self.b.peek(at)?.value;
        if !object.is_exactly(Known::Str) {
            return Ok(KeyValue::Other(key));
        }
        let ty = self.known(Known::Str);
        self.b.guard_type(key, ty);
        Ok(KeyValue::Text(key))
    }

    /// Whether a dict has the key so far below the top now; its class may be another one that has this method of `dict`.
    fn look_up(&self, dict: Object, key: usize, method: Option<&CStr>) -> Result<Found, Abort> {
        let Some(key) = self.key(key)? else {
            return Ok(Found::Unknown);
        };
        let is_like_dict = |name| instance::is_dict_by(dict.type_object(), name);
        if dict.is_null() || !dict.is_exactly(Known::Dict) && !method.is_some_and(is_like_dict) {
            return Ok(Found::Unknown);
        }
        // SAFETY: a dict; the recorder has the GIL.
        Ok(unsafe { dict::find(self.table, dict.0, key) })
    }

    /// The object so far below the top as a key that compares without running Python code.
    pub(super) fn key(&self, at: usize) -> Result<Option<Key>, Abort> {
        let object = self.concrete(at)?;
        let is_made = match object.kind() {
            // No object would be there for the helper.
            Kind::Float(_) | Kind::Uint(_) => !self.is_box(self.b.peek(at)?.value),
            _ => !object.is_null(),
        };
        Ok(Key::of(object).filter(|_| is_made))
    }

    /// Guards that the dict so far below the top is of its class, which stays as it is.
    fn guard_dict(&mut self, at: usize) -> Result<(), Abort> {
        let (dict, value) = (self.concrete(at)?, self.b.peek(at)?.value);
        if dict.is_exactly(Known::Dict) {
            let ty = self.known(Known::Dict);
            self.b.guard_type(value, ty);
        } else {
            self.guard_class(value, dict);
        }
        Ok(())
    }

    /// Looks a key up in a dict, both so far below the top: 0 where only the interpreter can tell, 1 where there is none, else
    /// the place of the value.
    fn look_up_in(&mut self, dict: usize, key: usize, what: For) -> Result<Value, Abort> {
        self.guard_dict(dict)?;
        let value = self.b.peek(dict)?.value;
        self.find_in(value, key, what)
    }

    /// As `look_up_in`, in an exact dict.
    fn look_up_value(&mut self, dict: Value, key: usize, what: For) -> Result<Value, Abort> {
        let ty = self.known(Known::Dict);
        self.b.guard_type(dict, ty);
        self.find_in(dict, key, what)
    }

    fn find_in(&mut self, dict: Value, key: usize, what: For) -> Result<Value, Abort> {
        let what = self.b.int(what as i64)?;
        let (helper, key) = match self.key_value(key)? {
            KeyValue::Int(key) => (Helper::DictFindInt, key),
            KeyValue::Text(key) | KeyValue::Other(key) => (Helper::DictFind, key),
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
    fn value_at(&mut self, place: Value, now: *mut *mut ffi::PyObject) -> Result<Element, Abort> {
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
