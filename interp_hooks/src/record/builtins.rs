//! Calls of built-ins on numbers, characters and cdata: `int`, `float`, `bool`, `len`, `ord`, `chr`.

use super::Recorder;
use super::calls::CallShape;
use crate::adapters;
use crate::cpython::decode::Instr;
use crate::py::{Kind, Object};
use ffi_ops::{Arg, EmitError};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use traces::{Abort, Field, Known, Op, Value};

/// A built-in that a trace can do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builtin {
    Int,
    Float,
    Bool,
    Len,
    Ord,
    Chr,
}

const FUNCTIONS: [(&CStr, Builtin); 3] = [
    (c"len", Builtin::Len),
    (c"ord", Builtin::Ord),
    (c"chr", Builtin::Chr),
];

fn builtin(callee: Object) -> Option<Builtin> {
    for (ty, builtin) in [
        (Known::Int, Builtin::Int),
        (Known::Float, Builtin::Float),
        (Known::Bool, Builtin::Bool),
    ] {
        if crate::py::known_address(ty) == callee.0 {
            return Some(builtin);
        }
    }
    if callee.type_object().type_name() != "builtin_function_or_method" {
        return None;
    }
    let builtins = adapters::imported(c"builtins")?;
    let is_it = |name| {
        adapters::attr(builtins.as_ptr(), name).is_some_and(|found| found.as_ptr() == callee.0)
    };
    FUNCTIONS
        .iter()
        .find(|(name, _)| is_it(name))
        .map(|&(_, builtin)| builtin)
}

impl Recorder {
    /// Does the call of a built-in on one operand; says whether it did.
    pub(super) fn builtin_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        if shape.bound.is_some() || shape.is_method() || shape.nargs == 0 {
            return Ok(false);
        }
        let callee = self.concrete(shape.callable)?;
        if callee.0 == crate::py::known_address(Known::CBuffer) {
            return self.buffer_call(shape, callee, i);
        }
        if callee.0 == (&raw mut ffi::PyRange_Type).cast() {
            return self.range_of(shape, callee, i);
        }
        if shape.nargs != 1 {
            return Ok(false);
        }
        let Some(builtin) = builtin(callee) else {
            return Ok(false);
        };
        let e = self.b.peek(shape.callable)?;
        if e.owned || self.defined_by(e.value) != Some(Op::ConstObj) {
            return Ok(false);
        }
        let id = self.constant_of(e.value, callee, "builtin");
        self.b.guard_is(e.value, id);
        let result = match builtin {
            Builtin::Int => self.number_of(false)?,
            Builtin::Float => self.number_of(true)?,
            Builtin::Bool => match self.truth()? {
                Some(truth) => Some(self.b.op(Op::BoxBool, &[truth])?),
                None => None,
            },
            Builtin::Len => self.length_of()?,
            Builtin::Ord => self.ordinal_of()?,
            Builtin::Chr => self.character_of()?,
        };
        let Some(result) = result else {
            return Ok(false);
        };
        self.replace_operands(3, Some(result), i.next)?;
        Ok(true)
    }

    fn range_of(&mut self, shape: &CallShape, callee: Object, i: &Instr) -> Result<bool, Abort> {
        let e = self.b.peek(shape.callable)?;
        if e.owned || self.defined_by(e.value) != Some(Op::ConstObj) {
            return Ok(false);
        }
        let id = self.constant_of(e.value, callee, "range");
        self.b.guard_is(e.value, id);
        self.range_call(shape.nargs, i)
    }

    /// `ffi.buffer(cdata)`, `ffi.buffer(cdata, bytes)` (`b_buffer_new`, `_cffi_backend.c`).
    fn buffer_call(&mut self, shape: &CallShape, callee: Object, i: &Instr) -> Result<bool, Abort> {
        let (e, first) = (self.b.peek(shape.callable)?, shape.nargs - 1);
        let of = self.b.peek(first)?;
        let constant = self.defined_by(e.value) == Some(Op::ConstObj);
        let object = self.concrete(first)?;
        if shape.nargs > 2
            || !constant
            || of.owned
            || self.is_box(of.value)
            || !adapters::is_cdata(object.0)
        {
            return Ok(false);
        }
        let info = adapters::types::TypeInfo::of(adapters::ctype_of(object));
        let Some(item) = info
            .filter(|info| info.kind == "pointer" || info.kind == "array")
            .and_then(|info| info.item())
        else {
            return Ok(false);
        };
        let given = match shape.nargs {
            2 => match self.concrete(0)?.kind() {
                Kind::Int(n) if n >= 0 => true,
                _ => return Ok(false),
            },
            _ => false,
        };
        if (!given || adapters::is_owner(object)) && (item.size() < 0 || item.has_open_array()) {
            return Ok(false);
        }
        let id = self.constant_of(e.value, callee, "buffer");
        self.b.guard_is(e.value, id);
        let Some(cdata) = self.cdata(first)? else {
            return Ok(false);
        };
        let whole = if cdata.info.kind == "array" {
            let (n, size) = (self.array_length(&cdata)?, self.b.int(item.size())?);
            self.b.op(Op::IMul, &[n, size])?
        } else {
            self.b.int(item.size())?
        };
        let bytes = if given {
            let Some(n) = self.integer(0)? else {
                return Ok(false);
            };
            let zero = self.b.int(0)?;
            let natural = self.b.op(Op::IGe, &[n, zero])?;
            self.b.guard(natural, true);
            if adapters::is_owner(object) {
                // cffi warns of a buffer over more than is owned.
                let inside = self.b.op(Op::ILe, &[n, whole])?;
                self.b.guard(inside, true);
            }
            n
        } else {
            whole
        };
        let buffer = self.b.op(Op::BoxBuffer, &[cdata.value, bytes])?;
        self.replace_operands(shape.nargs + 2, Some(buffer), i.next)?;
        Ok(true)
    }

    fn number_of(&mut self, float: bool) -> Result<Option<Value>, Abort> {
        // `float()` of a number in C, `int()` of any; of other cdata it raises.
        let (known, op) = (self.known_objs(), self.operand(0)?);
        let arg = Arg {
            b: &mut self.b,
            known: &known,
            op,
        };
        match ffi_ops::emit_number(arg, float) {
            Ok(number) => Ok(Some(number)),
            Err(EmitError::Unsupported(_)) => Ok(None),
            Err(EmitError::Abort(abort)) => Err(abort),
        }
    }

    fn length_of(&mut self) -> Result<Option<Value>, Abort> {
        let (object, value) = (self.concrete(0)?, self.b.peek(0)?.value);
        let sized = [
            (Known::List, Field::ListSize),
            (Known::Tuple, Field::TupleSize),
            (Known::Bytes, Field::BytesSize),
            (Known::Str, Field::StrLength),
            (Known::Dict, Field::DictUsed),
            (Known::ByteArray, Field::ByteArraySize),
            (Known::CBuffer, Field::CBufferSize),
        ];
        let n = if let Some(&(ty, field)) = sized.iter().find(|(ty, _)| object.is_exactly(*ty)) {
            let ty = self.known(ty);
            self.b.guard_type(value, ty);
            if matches!(self.defined_by(value), Some(Op::BoxChar | Op::BoxUChar)) {
                self.b.int(1)?
            } else {
                self.b.load_field(value, field)?
            }
        } else if adapters::is_cdata(object.0) {
            let info = adapters::types::TypeInfo::of(adapters::ctype_of(object));
            if info.is_none_or(|info| info.kind != "array") {
                return Ok(None);
            }
            match self.cdata(0)? {
                Some(array) => self.array_length(&array)?,
                None => return Ok(None),
            }
        } else {
            return Ok(None);
        };
        self.b.op(Op::BoxInt, &[n]).map(Some)
    }

    fn ordinal_of(&mut self) -> Result<Option<Value>, Abort> {
        let (object, value) = (self.concrete(0)?, self.b.peek(0)?.value);
        if object.length() != Some(1) {
            return Ok(None);
        }
        let (ty, unbox) = if object.is_exactly(Known::Bytes) {
            (Known::Bytes, Op::UnboxChar)
        } else {
            (Known::Str, Op::UnboxUChar)
        };
        let ty = self.known(ty);
        self.b.guard_type(value, ty);
        let n = self.b.op(unbox, &[value])?;
        self.b.op(Op::BoxInt, &[n]).map(Some)
    }

    fn character_of(&mut self) -> Result<Option<Value>, Abort> {
        let in_range =
            matches!(self.concrete(0)?.kind(), Kind::Int(n) if (0..=0x10_ffff).contains(&n));
        if !in_range {
            return Ok(None);
        }
        let Some(n) = self.integer(0)? else {
            return Ok(None);
        };
        let last = self.b.int(0x10_ffff)?;
        let fits = self.b.op(Op::IUle, &[n, last])?;
        self.b.guard(fits, true);
        self.b.op(Op::BoxUChar, &[n]).map(Some)
    }
}
