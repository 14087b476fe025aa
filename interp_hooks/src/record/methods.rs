//! Methods of built-in types: looked up while recording, for good, since nobody can change these types.
//!
//! The interpreter has the method and the object apart on its stack, and so has the trace.

use super::Recorder;
use super::calls::CallShape;
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::py::Object;
use std::ffi::CStr;
use traces::{Abort, Helper, Imm, Known, Op, Value};

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
    /// One of `CHARACTERS`, by its number.
    Characters(usize),
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
        let owner = self.b.peek(bound)?.value;
        self.do_method(method, owner, i)?;
        Ok(true)
    }

    /// As `method_call`, of a bound method that lies in a variable.
    fn bound_method_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        let Some((name, owner)) = self.builtin_bound(shape)? else {
            return Ok(false);
        };
        let Some(method) = method(name, owner, shape.nargs) else {
            return Ok(false);
        };
        let Some(owner) = self.builtin_receiver(shape)? else {
            return Ok(false);
        };
        self.do_method(method, owner, i)?;
        Ok(true)
    }

    fn do_method(&mut self, method: Method, owner: Value, i: &Instr) -> Result<(), Abort> {
        match method {
            Method::Append => self.append(owner, i),
            Method::Characters(kind) => self.character_is(kind, owner, i),
        }
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
    let kind = CHARACTERS.iter().position(|&known| known == name)?;
    let fits = owner.is_exactly(Known::Str) && owner.length() == Some(1) && nargs == 0;
    fits.then_some(Method::Characters(kind))
}
