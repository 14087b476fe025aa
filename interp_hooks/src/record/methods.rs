//! Methods of built-in types: looked up while recording, for good, since nobody can change these types.
//!
//! The interpreter has the method and the object apart on its stack, and so has the trace.

use super::Recorder;
use super::calls::CallShape;
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::py::Object;
use std::ffi::CStr;
use traces::{Abort, Helper, Imm, Known, Op};

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
            return Ok(false);
        };
        let (callee, owner) = (self.concrete(shape.callable)?, self.concrete(bound)?);
        let e = self.b.peek(shape.callable)?;
        if e.owned || self.defined_by(e.value) != Some(Op::ConstObj) {
            return Ok(false);
        }
        let Some(name) = instance::name_of_method(callee, owner.type_object()) else {
            return Ok(false);
        };
        if owner.is_exactly(Known::List) && name == c"append" && shape.nargs == 1 {
            return self.append(bound, i);
        }
        let kind = CHARACTERS.iter().position(|&known| known == name);
        match kind {
            Some(kind) if shape.nargs == 0 && owner.is_exactly(Known::Str) => {
                self.character_is(kind, bound, i)
            }
            _ => Ok(false),
        }
    }

    /// `list.append(item)`; the item lies at the top.
    fn append(&mut self, list: usize, i: &Instr) -> Result<bool, Abort> {
        let (list, item) = (self.b.peek(list)?.value, self.b.peek(0)?.value);
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
        self.replace_operands(2, Some(none), i.next)?;
        Ok(true)
    }

    /// `str.isalpha()` and its like, of a str of length 1.
    fn character_is(&mut self, kind: usize, text: usize, i: &Instr) -> Result<bool, Abort> {
        let (object, value) = (self.concrete(text)?, self.b.peek(text)?.value);
        if object.length() != Some(1) {
            return Ok(false);
        }
        let ty = self.known(Known::Str);
        self.b.guard_type(value, ty);
        let character = self.b.op(Op::UnboxUChar, &[value])?;
        let kind = self.b.int(kind as i64)?;
        let truth = self.b.call(Helper::CharIs, &[kind, character])?;
        let truth = self.b.op(Op::BoxBool, &[truth])?;
        self.replace_operands(2, Some(truth), i.next)?;
        Ok(true)
    }
}
