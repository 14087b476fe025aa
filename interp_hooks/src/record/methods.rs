//! Methods of built-in types: looked up while recording, for good, since nobody can change these types.
//!
//! The interpreter has the method and the object apart on its stack, and so has the trace.

use super::Recorder;
use super::calls::CallShape;
use super::sets::SetMethod;
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::py::Object;
use std::ffi::CStr;
use traces::{Abort, Field, Helper, Imm, Known, Op, Value};

/// Methods that say something about each character of a str, by their number in the helper `char_is`.
const CHARACTERS: [&CStr; 9] = [
    c"isalpha",
    c"isalnum",
    c"isdigit",
    c"isdecimal",
    c"isnumeric",
    c"isspace",
    c"isupper",
    c"islower",
    c"isascii",
];

/// A method that a trace can do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    /// `list.append`.
    Append,
    /// `list.pop`, of the last item.
    Pop,
    /// `dict.get`, with so many arguments.
    Get(usize),
    /// `dict.setdefault`, with so many arguments.
    SetDefault(usize),
    /// One of `CHARACTERS`, by its number.
    Characters(usize),
    /// One of a set, with a key.
    Set(SetMethod),
}

impl Recorder {
    /// `owner.name` in front of a call, of an object of a built-in type; says whether it was emitted.
    pub(super) fn builtin_method(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        if i.oparg & 1 == 0 || owner.is_null() {
            return Ok(false);
        }
        let Some(method) = instance::builtin_method(owner.type_object(), name) else {
            return Ok(false);
        };
        let value = self.b.peek(0)?.value;
        let class = owner.type_object();
        if instance::is_fixed_heap_type(class) {
            // It keeps the method; what it is made from may change.
            self.assumptions.type_unchanged(class);
        }
        let ty = self.type_of(owner);
        self.b.guard_type(value, ty);
        let id = self.borrowed_constant(method, &format!("method.{}", name.text()));
        let method = self.b.obj(id)?;
        self.b.push(method);
        self.swap(2)?;
        Ok(true)
    }

    /// Does the call of a method of a built-in type; says whether it did.
    pub(super) fn method_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        let Some(bound) = shape.bound else {
            return self.bound_method_call(shape, i);
        };
        let (callee, owner) = (self.concrete(shape.callable)?, self.concrete(bound)?);
        let e = self.b.peek(shape.callable)?;
        if e.owned || self.defined_by(e.value) != Some(Op::ConstObj) {
            return Ok(false);
        }
        let name = instance::name_of_method(callee, owner.type_object());
        let Some(method) = name.and_then(|name| method(name, owner, shape.nargs)) else {
            return Ok(false);
        };
        let owner = (owner, self.b.peek(bound)?.value);
        self.do_method(method, owner, i)
    }

    /// As `method_call`, of a bound method that lies in a variable.
    fn bound_method_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        let Some((name, owner)) = self.builtin_bound(shape)? else {
            return Ok(false);
        };
        let Some(method) = method(name, owner, shape.nargs) else {
            return Ok(false);
        };
        let Some(value) = self.builtin_receiver(shape)? else {
            return Ok(false);
        };
        self.do_method(method, (owner, value), i)
    }

    fn do_method(
        &mut self,
        method: Method,
        (owner, value): (Object, Value),
        i: &Instr,
    ) -> Result<bool, Abort> {
        match method {
            Method::Append => self.append(value, i)?,
            Method::Characters(kind) => self.character_is(kind, value, i)?,
            Method::Pop => return self.pop_item(owner, value, i),
            Method::Get(nargs) => return self.dict_get((owner, value), nargs, false, i),
            Method::SetDefault(nargs) => return self.dict_get((owner, value), nargs, true, i),
            Method::Set(method) => return self.set_method(method, (owner, value), i),
        }
        Ok(true)
    }

    /// `list.pop()`; says whether it was emitted.
    fn pop_item(&mut self, owner: Object, list: Value, i: &Instr) -> Result<bool, Abort> {
        let size = owner.field_i64(Field::ListSize);
        if size < 1 || self.b.peek(0)?.owned || self.b.peek(1)?.owned {
            return Ok(false);
        }
        let now = owner.sequence_item(size as isize - 1);
        let ty = self.known(Known::List);
        self.b.guard_type(list, ty);
        let (size, zero, one) = (
            self.b.load_field(list, Field::ListSize)?,
            self.b.int(0)?,
            self.b.int(1)?,
        );
        let some = self.b.op(Op::IGt, &[size, zero])?;
        self.b.guard(some, true);
        let last = self.b.op(Op::ISub, &[size, one])?;
        let items = self.b.load_field(list, Field::ListItems)?;
        let item = self.b.op(Op::LoadItem, &[items, last])?;
        let boxed = self.unbox_plain(item, now)?;
        if boxed.is_none() {
            let ty = self.type_of(now);
            self.b.guard_type(item, ty);
        }
        self.shelter_below(2);
        let target = self.b.slot_below_top(1);
        if boxed.is_none() {
            self.b.effect(Op::InitSlot, &[item], Imm::Slot(target));
        }
        self.b
            .effect(Op::Call, &[list], Imm::Helper(Helper::ListPop));
        self.b.pop()?;
        self.b.pop()?;
        match boxed {
            Some(boxed) => self.b.push(boxed),
            None => self.b.push_owned(item),
        }
        self.b.begin(i.next);
        Ok(true)
    }

    /// `list.append(item)`; the item lies at the top.
    fn append(&mut self, list: Value, i: &Instr) -> Result<(), Abort> {
        let item = self.b.peek(0)?.value;
        let ty = self.known(Known::List);
        self.b.guard_type(list, ty);
        self.shelter_below(3);
        self.own_twins(item, 3);
        self.b
            .effect(Op::Call, &[list, item], Imm::Helper(Helper::ListAppend));
        // The list owns the item from here on.
        let above = self.b.slot_below_top(0);
        if self.b.pop()?.owned {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(above));
        }
        let none = self.known(Known::None);
        let none = self.b.obj(none)?;
        self.replace_operands(2, Some(none), i.next)
    }

    /// `str.isalpha()` and its like, of a str of length 1.
    fn character_is(&mut self, kind: usize, text: Value, i: &Instr) -> Result<(), Abort> {
        let ty = self.known(Known::Str);
        self.b.guard_type(text, ty);
        let character = self.b.op(Op::UnboxUChar, &[text])?;
        let kind = self.b.int(kind as i64)?;
        let truth = self.b.call(Helper::CharIs, &[kind, character])?;
        let truth = self.b.op(Op::BoxBool, &[truth])?;
        self.replace_operands(2, Some(truth), i.next)
    }
}

/// The method of this name that a trace can do, of this object and with so many arguments.
fn method(name: &CStr, owner: Object, nargs: usize) -> Option<Method> {
    if owner.is_exactly(Known::List) && name == c"append" && nargs == 1 {
        return Some(Method::Append);
    }
    if owner.is_exactly(Known::List) && name == c"pop" && nargs == 0 {
        return Some(Method::Pop);
    }
    if owner.is_exactly(Known::Dict) && name == c"get" && (1..=2).contains(&nargs) {
        return Some(Method::Get(nargs));
    }
    if owner.is_exactly(Known::Dict) && name == c"setdefault" && (1..=2).contains(&nargs) {
        return Some(Method::SetDefault(nargs));
    }
    if owner.is_exactly(Known::Set) && nargs == 1 {
        return match name.to_bytes() {
            b"add" => Some(Method::Set(SetMethod::Add)),
            b"discard" => Some(Method::Set(SetMethod::Discard)),
            b"remove" => Some(Method::Set(SetMethod::Remove)),
            _ => None,
        };
    }
    let kind = CHARACTERS.iter().position(|&known| known == name)?;
    let fits = owner.is_exactly(Known::Str) && owner.length() == Some(1) && nargs == 0;
    fits.then_some(Method::Characters(kind))
}
