//! Calls of built-in functions and methods in C that run no Python code for arguments of these types: text, numbers, and what a
//! container gives of itself. They make an object, or raise; nothing that waits is stored in front of them.

use super::builtins::own_function;
use super::calls::CallShape;
use super::{Pending, Recorder};
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::helpers;
use crate::py::{self, Kind, Object};
use std::ffi::CStr;
use traces::{Abort, Field, Helper, Known, Op, Value};

/// The types that a letter of the tables stands for.
fn types(letter: u8) -> &'static [Known] {
    match letter {
        b's' => &[Known::Str],
        b'b' => &[Known::Bytes],
        b'i' => &[Known::Int],
        b'f' => &[Known::Float],
        b'd' => &[Known::Dict],
        b'l' => &[Known::List],
        b'q' => &[Known::List, Known::Tuple],
        _ => &[Known::Set],
    }
}

/// A method: its name, the types that have it (`e` is a set), and its arguments, of which `=` is of the same type.
type Row = (&'static CStr, &'static [u8], &'static [u8]);

/// Of ASCII alone: a handler of errors may be anybody's.
const ENCODE: &CStr = c"encode";
const DECODE: &CStr = c"decode";
/// `int` of a text that is longer may be done in Python (`Lib/_pylong.py`), and so is what is done with ints that are large.
const MAX_DIGITS: i64 = 1000;

const METHODS: &[Row] = &[
    (c"startswith", b"sb", b"="),
    (c"endswith", b"sb", b"="),
    (c"find", b"sb", b"="),
    (c"rfind", b"sb", b"="),
    (c"index", b"sb", b"="),
    (c"count", b"sb", b"="),
    (c"strip", b"sb", b""),
    (c"strip", b"sb", b"="),
    (c"lstrip", b"sb", b""),
    (c"lstrip", b"sb", b"="),
    (c"rstrip", b"sb", b""),
    (c"rstrip", b"sb", b"="),
    (c"removeprefix", b"sb", b"="),
    (c"removesuffix", b"sb", b"="),
    (c"lower", b"sb", b""),
    (c"upper", b"sb", b""),
    (c"title", b"sb", b""),
    (c"capitalize", b"sb", b""),
    (c"swapcase", b"sb", b""),
    (c"casefold", b"s", b""),
    (c"isalpha", b"sb", b""),
    (c"isalnum", b"sb", b""),
    (c"isdigit", b"sb", b""),
    (c"isspace", b"sb", b""),
    (c"isupper", b"sb", b""),
    (c"islower", b"sb", b""),
    (c"istitle", b"sb", b""),
    (c"isascii", b"sb", b""),
    (c"isdecimal", b"s", b""),
    (c"isnumeric", b"s", b""),
    (c"isidentifier", b"s", b""),
    (c"isprintable", b"s", b""),
    (c"split", b"sb", b""),
    (c"split", b"sb", b"="),
    (c"split", b"sb", b"=i"),
    (c"rsplit", b"sb", b"="),
    (c"rsplit", b"sb", b"=i"),
    (c"splitlines", b"sb", b""),
    (c"partition", b"sb", b"="),
    (c"rpartition", b"sb", b"="),
    (c"replace", b"sb", b"=="),
    // Not of bytes: what is joined may have a `__buffer__`.
    (c"join", b"s", b"q"),
    (c"zfill", b"sb", b"i"),
    (c"ljust", b"sb", b"i"),
    (c"rjust", b"sb", b"i"),
    (c"center", b"sb", b"i"),
    (ENCODE, b"s", b""),
    (DECODE, b"b", b""),
    (c"hex", b"bf", b""),
    (c"bit_length", b"i", b""),
    (c"bit_count", b"i", b""),
    (c"is_integer", b"f", b""),
    (c"keys", b"d", b""),
    (c"values", b"d", b""),
    (c"items", b"d", b""),
    // Not of a dict, which may compare its keys.
    (c"copy", b"le", b""),
];

/// Functions of `builtins`.
const FUNCTIONS: &[Row] = &[
    (c"repr", b"", b"s"),
    (c"repr", b"", b"i"),
    (c"repr", b"", b"f"),
    (c"hash", b"", b"s"),
    (c"hash", b"", b"i"),
    (c"hex", b"", b"i"),
    (c"oct", b"", b"i"),
    (c"bin", b"", b"i"),
    (c"format", b"", b"is"),
    (c"format", b"", b"fs"),
    (c"format", b"", b"ss"),
];

/// Classes that are called.
const CLASSES: &[(Known, &[u8])] = &[
    (Known::Str, b"s"),
    (Known::Str, b"i"),
    (Known::Str, b"f"),
    (Known::Int, b"s"),
    (Known::Float, b"s"),
    (Known::List, b"q"),
    (Known::Tuple, b"q"),
];

impl Recorder {
    /// Does the call of what runs no Python code; says whether it did.
    pub(super) fn quiet_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        if shape.is_method() || shape.nargs > 2 {
            return Ok(false);
        }
        let callee = self.concrete(shape.callable)?;
        let mut operands: Vec<usize> = shape.bound.into_iter().collect();
        operands.extend((0..shape.nargs).rev());
        let mut kinds = Vec::with_capacity(operands.len());
        for &at in &operands {
            let object = self.concrete(at)?;
            let known = Known::ALL.iter().copied();
            let mut known = known.filter(|&ty| py::is_type(ty) && object.is_exactly(ty));
            match known.next() {
                Some(ty) => kinds.push(ty),
                None => return Ok(false),
            }
        }
        let e = self.b.peek(shape.callable)?;
        let is_known = match shape.bound {
            // What a built-in type has under the name is a constant.
            Some(_) => {
                self.defined_by(e.value) == Some(Op::ConstObj) && is_quiet_method(callee, &kinds)
            }
            None => is_quiet_function(callee, &kinds),
        };
        if !is_known || e.owned {
            return Ok(false);
        }
        let of_ascii = [ENCODE, DECODE]
            .map(Some)
            .contains(&quiet_name(callee, &kinds));
        for (&at, &ty) in operands.iter().zip(&kinds) {
            if !self.is_quiet_argument(callee, at, ty, of_ascii)? {
                return Ok(false);
            }
        }
        let callable = self.quiet_callee(shape, callee, e.value)?;
        let mut args = vec![callable];
        for (&at, &ty) in operands.iter().zip(&kinds) {
            args.push(self.quiet_argument(callee, at, ty, of_ascii)?);
        }
        let helper = match operands.len() {
            1 => Helper::CallQuiet1,
            2 => Helper::CallQuiet2,
            3 => Helper::CallQuiet3,
            _ => return Ok(false),
        };
        self.quiet_result(helper, &args, shape.nargs + 2, i.next)?;
        Ok(true)
    }

    /// Whether an argument is as small, and as plain, as `quiet_argument` guards.
    fn is_quiet_argument(
        &self,
        callee: Object,
        at: usize,
        ty: Known,
        of_ascii: bool,
    ) -> Result<bool, Abort> {
        let object = self.concrete(at)?;
        Ok(match ty {
            Known::Int => matches!(object.kind(), Kind::Int(_)),
            Known::Str if is_int(callee) => object.field_i64(Field::StrLength) <= MAX_DIGITS,
            // SAFETY: an exact str or bytes.
            _ if of_ascii => unsafe { helpers::is_ascii(object.0) },
            _ => true,
        })
    }

    /// An argument, which is guarded to be of its type; an int to fit in 64 bits.
    fn quiet_argument(
        &mut self,
        callee: Object,
        at: usize,
        ty: Known,
        of_ascii: bool,
    ) -> Result<Value, Abort> {
        let value = self.b.peek(at)?.value;
        let id = self.known(ty);
        self.b.guard_type(value, id);
        if ty == Known::Int {
            self.integer(at)?;
        } else if ty == Known::Str && is_int(callee) {
            let length = match self.defined_by(value) {
                Some(Op::BoxChar | Op::BoxUChar) => self.b.int(1)?,
                _ => self.b.load_field(value, Field::StrLength)?,
            };
            let most = self.b.int(MAX_DIGITS)?;
            let fits = self.b.op(Op::ILe, &[length, most])?;
            self.b.guard(fits, true);
        } else if of_ascii {
            let is_ascii = self.b.call(Helper::IsAscii, &[value])?;
            self.b.guard(is_ascii, true);
        }
        Ok(value)
    }

    /// The callee as a value: guarded, where it is a function.
    fn quiet_callee(
        &mut self,
        shape: &CallShape,
        callee: Object,
        value: Value,
    ) -> Result<Value, Abort> {
        if shape.bound.is_some() {
            return Ok(value);
        }
        let id = self.constant_of(value, callee, &callee.callable_title());
        self.b.guard_is(value, id);
        self.b.obj(id)
    }

    /// A part of an f-string, of a number or a str; says whether it was emitted.
    pub(super) fn quiet_format(&mut self, spec: bool, i: &Instr) -> Result<bool, Abort> {
        let operands = 1 + usize::from(spec);
        let of = self.concrete(operands - 1)?;
        let kinds = [Known::Str, Known::Int, Known::Float];
        let Some(ty) = kinds.into_iter().find(|&ty| of.is_exactly(ty)) else {
            return Ok(false);
        };
        if spec && !self.concrete(0)?.is_exactly(Known::Str)
            || !self.is_quiet_argument(of, operands - 1, ty, false)?
        {
            return Ok(false);
        }
        let mut args = vec![self.quiet_argument(of, operands - 1, ty, false)?];
        if spec {
            args.push(self.quiet_argument(of, 0, Known::Str, false)?);
        }
        if !spec {
            args.push(self.null()?);
        }
        self.quiet_result(Helper::FormatNew, &args, operands, i.next)?;
        Ok(true)
    }

    /// `+` of two str; says whether it was emitted.
    pub(super) fn quiet_concat(&mut self, i: &Instr) -> Result<bool, Abort> {
        let Some(args) = self.texts(2)? else {
            return Ok(false);
        };
        self.quiet_result(Helper::StrConcat, &args, 2, i.next)?;
        Ok(true)
    }

    /// The concatenation of the top few str; says whether it was emitted.
    pub(super) fn quiet_join(&mut self, n: usize, i: &Instr) -> Result<bool, Abort> {
        let helper = match n {
            2 => Helper::Join2,
            3 => Helper::Join3,
            4 => Helper::Join4,
            5 => Helper::Join5,
            _ => return Ok(false),
        };
        let Some(args) = self.texts(n)? else {
            return Ok(false);
        };
        self.quiet_result(helper, &args, n, i.next)?;
        Ok(true)
    }

    /// The top operands, where all are str: each is guarded to be one.
    fn texts(&mut self, n: usize) -> Result<Option<Vec<Value>>, Abort> {
        for at in 0..n {
            if !self.concrete(at)?.is_exactly(Known::Str) {
                return Ok(None);
            }
        }
        let mut args = Vec::with_capacity(n);
        for at in (0..n).rev() {
            let (value, ty) = (self.b.peek(at)?.value, self.known(Known::Str));
            self.b.guard_type(value, ty);
            args.push(value);
        }
        Ok(Some(args))
    }

    /// What a helper makes of the top operands takes their place.
    fn quiet_result(
        &mut self,
        helper: Helper,
        args: &[Value],
        operands: usize,
        next: u32,
    ) -> Result<(), Abort> {
        let mut noticed = false;
        for at in 0..operands {
            let e = self.b.peek(at)?;
            noticed |= e.owned && !self.concrete(at)?.is_plain();
        }
        let slot = self.b.slot_below_top(operands - 1);
        self.make_new(helper, args, operands, slot)?;
        self.b.begin(next);
        if noticed {
            self.b.check();
        }
        self.pending = Pending::Result { next };
        Ok(())
    }
}

/// Whether arguments are of the types that these letters stand for; `=` is that of the first one.
fn fit(letters: &[u8], kinds: &[Known], same: Option<Known>) -> bool {
    letters.len() == kinds.len()
        && letters
            .iter()
            .zip(kinds)
            .all(|(&letter, kind)| match letter {
                b'=' => same == Some(*kind),
                _ => types(letter).contains(kind),
            })
}

/// Whether a callee is the class `int`.
fn is_int(callee: Object) -> bool {
    callee.0 == py::known_address(Known::Int)
}

/// The name of a method of an object of this type.
fn quiet_name(method: Object, kinds: &[Known]) -> Option<&'static CStr> {
    let class = Object(py::known_address(*kinds.first()?));
    instance::name_of_method(method, class)
}

/// Whether a method runs no Python code for an object and arguments of these types.
fn is_quiet_method(method: Object, kinds: &[Known]) -> bool {
    let Some((&of, arguments)) = kinds.split_first() else {
        return false;
    };
    let name = quiet_name(method, kinds);
    METHODS.iter().any(|&(known, owners, letters)| {
        name == Some(known)
            && owners.iter().any(|&owner| types(owner).contains(&of))
            && fit(letters, arguments, Some(of))
    })
}

/// Whether a function or a class runs no Python code for arguments of these types.
fn is_quiet_function(callee: Object, kinds: &[Known]) -> bool {
    let mut classes = CLASSES.iter();
    if classes.any(|&(ty, letters)| py::known_address(ty) == callee.0 && fit(letters, kinds, None))
    {
        return true;
    }
    let Some((module, name)) = own_function(callee) else {
        return false;
    };
    let is_it = |&(known, _, letters): &Row| known == name && fit(letters, kinds, None);
    module == c"builtins" && FUNCTIONS.iter().any(is_it)
}
