//! Calls of built-ins on numbers, characters and cdata, and what classes objects are of: `int`, `float`, `bool`,
//! `len`, `ord`, `chr`, `isinstance`, `type`.

use super::Recorder;
use super::calls::CallShape;
use super::math::{self, Function};
use crate::adapters;
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::py::{Kind, Object};
use ffi_ops::{Arg, EmitError};
use pyo3_ffi as ffi;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{CStr, c_void};
use traces::{Abort, Field, Helper, Imm, Known, ObjId, Op, Value};

/// A built-in that a trace can do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builtin {
    Int,
    Float,
    Bool,
    Len,
    Ord,
    Chr,
    IsInstance,
    Type,
    Sum,
    Number(Function),
}

const FUNCTIONS: [(&CStr, Builtin); 5] = [
    (c"sum", Builtin::Sum),
    (c"len", Builtin::Len),
    (c"ord", Builtin::Ord),
    (c"chr", Builtin::Chr),
    (c"isinstance", Builtin::IsInstance),
];

/// The first fields of `PyCFunctionObject`, `Include/cpython/methodobject.h`.
#[repr(C)]
struct CFunction {
    head: ffi::PyObject,
    definition: *const ffi::PyMethodDef,
    receiver: *mut ffi::PyObject,
}

/// Module and name of a function of CPython's own: by its definition in C, which no program can change.
pub(super) fn own_function(callee: Object) -> Option<(&'static CStr, &'static CStr)> {
    // SAFETY: an exact built-in function; its definition and that of its module are static.
    unsafe {
        if callee.type_object().0 != (&raw mut ffi::PyCFunction_Type).cast() {
            return None;
        }
        let function = &*callee.0.cast::<CFunction>();
        let definition = function.definition.as_ref()?;
        if function.receiver.is_null() || ffi::PyModule_CheckExact(function.receiver) == 0 {
            return None;
        }
        let module = ffi::PyModule_GetDef(function.receiver).as_ref()?;
        if !is_of_cpython(definition.ml_meth.PyCFunction as *const c_void) {
            return None;
        }
        Some((
            CStr::from_ptr(module.m_name),
            CStr::from_ptr(definition.ml_name),
        ))
    }
}

/// Whether code lies in the interpreter or an extension module of the standard library.
fn is_of_cpython(code: *const c_void) -> bool {
    thread_local! {
        /// The functions that do: they stay, since neither is ever unloaded. To ask takes as long as to record a loop.
        static KNOWN: RefCell<HashSet<usize>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        let is = known.contains(&(code as usize)) || looks_like_cpython(code);
        if is {
            known.insert(code as usize);
        }
        is
    })
}

/// As `is_of_cpython`, asked of the dynamic linker.
fn looks_like_cpython(code: *const c_void) -> bool {
    let lies_in = |code: *const c_void| {
        // SAFETY: all fields may be zero; `dladdr` only looks the address up.
        unsafe {
            let mut found: libc::Dl_info = std::mem::zeroed();
            (libc::dladdr(code, &raw mut found) != 0 && !found.dli_fname.is_null())
                .then(|| (found.dli_fbase, CStr::from_ptr(found.dli_fname).to_bytes()))
        }
    };
    let interpreter = lies_in(ffi::PyFloat_FromDouble as *const c_void);
    let (Some((base, _)), Some((at, path))) = (interpreter, lies_in(code)) else {
        return false;
    };
    let directory = path.rsplit(|&c| c == b'/').nth(1);
    at == base || directory == Some(b"lib-dynload")
}

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
    if callee.0 == (&raw mut ffi::PyType_Type).cast() {
        return Some(Builtin::Type);
    }
    let (module, name) = own_function(callee)?;
    let of_numbers = match module.to_bytes() {
        b"math" => math::MATH.as_slice(),
        b"builtins" => math::BUILTINS.as_slice(),
        _ => return None,
    };
    if let Some(&(_, function)) = of_numbers.iter().find(|(known, _)| *known == name) {
        return Some(Builtin::Number(function));
    }
    FUNCTIONS
        .iter()
        .find(|(known, _)| module == c"builtins" && *known == name)
        .map(|&(_, builtin)| builtin)
}

/// Whether an object is the built-in `len`.
pub(super) fn is_len(callee: Object) -> bool {
    own_function(callee) == Some((c"builtins", c"len"))
}

/// The built-in type of an object that has a length in a field.
pub(super) fn sized(object: Object) -> Option<(Known, Field)> {
    const SIZED: [(Known, Field); 8] = [
        (Known::List, Field::ListSize),
        (Known::Tuple, Field::TupleSize),
        (Known::Bytes, Field::BytesSize),
        (Known::Str, Field::StrLength),
        (Known::Dict, Field::DictUsed),
        (Known::Set, Field::SetUsed),
        (Known::ByteArray, Field::ByteArraySize),
        (Known::CBuffer, Field::CBufferSize),
    ];
    let is_it = |(ty, _): &(Known, Field)| object.is_exactly(*ty);
    SIZED.into_iter().find(is_it)
}

impl Recorder {
    /// Does the call of a built-in on one operand; says whether it did.
    pub(super) fn builtin_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        if shape.bound.is_some() || shape.is_method() {
            return Ok(false);
        }
        let callee = self.concrete(shape.callable)?;
        if shape.nargs == 0 {
            return self.empty_container(shape, callee, i);
        }
        if callee.0 == crate::py::known_address(Known::CBuffer) {
            return self.buffer_call(shape, callee, i);
        }
        if callee.0 == (&raw mut ffi::PyRange_Type).cast() {
            return self.range_of(shape, callee, i);
        }
        let Some(builtin) = builtin(callee) else {
            return Ok(false);
        };
        let expected = match builtin {
            Builtin::IsInstance => Some(2),
            Builtin::Number(_) => None,
            _ => Some(1),
        };
        let e = self.b.peek(shape.callable)?;
        if e.owned || expected.is_some_and(|n| n != shape.nargs) {
            return Ok(false);
        }
        if builtin == Builtin::Sum {
            return self.sum(shape, callee, i);
        }
        let id = self.constant_of(e.value, callee, "builtin");
        self.b.guard_is(e.value, id);
        let result = match builtin {
            Builtin::Number(function) => self.function_of(function, shape.nargs)?,
            Builtin::IsInstance => self.is_instance()?,
            Builtin::Type => self.class_of()?,
            Builtin::Sum => None,
            Builtin::Int => self.number_of(false)?,
            Builtin::Float => self.number_of(true)?,
            Builtin::Bool => match self.truth()? {
                Some(truth) => Some(self.b.op(Op::BoxBool, &[truth])?),
                None => None,
            },
            Builtin::Len => match self.length_known()? {
                Some(n) => {
                    let n = self.b.int(n as i64)?;
                    Some(self.b.op(Op::BoxInt, &[n])?)
                }
                None => self.length_of()?,
            },
            Builtin::Ord => self.ordinal_of()?,
            Builtin::Chr => self.character_of()?,
        };
        let Some(result) = result else {
            return match builtin {
                Builtin::Len => self.length_method(shape),
                _ => Ok(false),
            };
        };
        self.replace_operands(shape.nargs + 2, Some(result), i.next)?;
        Ok(true)
    }

    /// `list()`, `dict()` or `set()`; says whether it was emitted.
    fn empty_container(
        &mut self,
        shape: &CallShape,
        callee: Object,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let made = [
            (Known::List, Helper::List0),
            (Known::Dict, Helper::DictNew),
            (Known::Set, Helper::Set0),
        ];
        let is_it = |(ty, _): &&(Known, Helper)| crate::py::known_address(*ty) == callee.0;
        let Some(&(_, helper)) = made.iter().find(is_it) else {
            return Ok(false);
        };
        let e = self.b.peek(shape.callable)?;
        if e.owned {
            return Ok(false);
        }
        let id = self.constant_of(e.value, callee, "builtin");
        self.b.guard_is(e.value, id);
        let slot = self.b.slot_below_top(1);
        self.make_new(helper, &[], 2, slot)?;
        self.b.begin(i.next);
        Ok(true)
    }

    /// `sum(list)`, where the items are of one kind of number.
    fn sum(&mut self, shape: &CallShape, callee: Object, i: &Instr) -> Result<bool, Abort> {
        let (of, value) = (self.concrete(0)?, self.b.peek(0)?.value);
        let known = [Known::List, Known::Tuple];
        let Some(ty) = known.into_iter().find(|&ty| of.is_exactly(ty)) else {
            return Ok(false);
        };
        if !of.sums_quietly() {
            return Ok(false);
        }
        let function = self.b.peek(shape.callable)?.value;
        let id = self.constant_of(function, callee, "sum");
        self.b.guard_is(function, id);
        let (ty, function) = (self.known(ty), self.b.obj(id)?);
        self.b.guard_type(value, ty);
        let is_quiet = self.b.call(Helper::SumIsQuiet, &[value])?;
        self.b.guard(is_quiet, true);
        let slot = self.b.slot_below_top(2);
        self.make_new(Helper::SumNew, &[function, value], 3, slot)?;
        self.b.begin(i.next);
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
            Err(EmitError::Unsupported(_) | EmitError::Argument(_)) => Ok(None),
            Err(EmitError::Abort(abort)) => Err(abort),
        }
    }

    /// The class of the operand at the top as a constant.
    fn class_of(&mut self) -> Result<Option<Value>, Abort> {
        let (object, value) = (self.concrete(0)?, self.b.peek(0)?.value);
        let class = self.lasting_type_of(object);
        self.b.guard_type(value, class);
        self.b.obj(class).map(Some)
    }

    /// As `type_of`, of a class that is meant itself.
    fn lasting_type_of(&mut self, object: Object) -> ObjId {
        let class = object.type_object();
        let id = self.type_of(object);
        let known = &self.b.trace.objs[id.0 as usize].known;
        if known.is_none() {
            return self.constant(class, &class.type_name());
        }
        id
    }

    /// `isinstance(object, class)`, or of a tuple of classes that exists already.
    fn is_instance(&mut self) -> Result<Option<Value>, Abort> {
        let (object, of) = (self.concrete(1)?, self.concrete(0)?);
        let (value, classes) = (self.b.peek(1)?.value, self.b.peek(0)?);
        let wanted = match of.is_exactly(Known::Tuple) {
            true => of.sequence_items(of.field_i64(Field::TupleSize) as usize),
            false => Some(vec![of]),
        };
        let wanted = wanted.unwrap_or_default();
        let class = object.type_object();
        if classes.owned || !wanted.iter().all(|&c| instance::is_plain_class(c)) {
            return Ok(None);
        }
        let is_one = wanted.iter().any(|&c| instance::is_made_from(class, c));
        if !is_one && !instance::shows_its_class(class) {
            return Ok(None);
        }
        let id = self.constant_of(classes.value, of, "classes");
        self.b.guard_is(classes.value, id);
        if instance::is_heap_type(class) {
            self.assumptions.class_unchanged(class);
        }
        let class = self.lasting_type_of(object);
        self.b.guard_type(value, class);
        let truth = self.b.emit(Op::ConstBool, &[], Imm::Bool(is_one))?;
        self.b.op(Op::BoxBool, &[truth]).map(Some)
    }

    fn length_of(&mut self) -> Result<Option<Value>, Abort> {
        let (object, value) = (self.concrete(0)?, self.b.peek(0)?.value);
        let n = if let Some((ty, field)) = sized(object) {
            self.length_in(value, ty, field)?
        } else if let Some(n) = self.array_size(0)? {
            n
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

    /// The truth of a container that has a length in a field, where no owner has to be let go of.
    pub(super) fn truth_of_sized(&mut self) -> Result<Option<Value>, Abort> {
        let (object, e) = (self.concrete(0)?, self.b.peek(0)?);
        let Some((ty, field)) = sized(object).filter(|_| !e.owned || object.is_plain()) else {
            return Ok(None);
        };
        let n = self.length_in(e.value, ty, field)?;
        let zero = self.b.int(0)?;
        self.b.op(Op::INe, &[n, zero]).map(Some)
    }

    /// The length of an object of a built-in type, which is guarded.
    fn length_in(&mut self, value: Value, ty: Known, field: Field) -> Result<Value, Abort> {
        let ty = self.known(ty);
        self.b.guard_type(value, ty);
        match self.defined_by(value) {
            Some(Op::BoxChar | Op::BoxUChar) => self.b.int(1),
            _ => self.b.load_field(value, field),
        }
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
