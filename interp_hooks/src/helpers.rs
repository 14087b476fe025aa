//! The functions that compiled traces call.

mod containers;
mod iterators;
mod math;
mod tables;
mod text;
mod with;

use crate::adapters::{self, objects};
use crate::cpython::quiet;
use crate::py::{Kind, Object};
use jit::{InstanceAttr, InstanceShape, Repr};
use pyo3_ffi as ffi;
use traces::Helper;

pub use containers::{build_tuple, sum_is_quiet};
pub use text::is_ascii;

type Obj = *mut ffi::PyObject;

fn or_die(o: Obj) -> Obj {
    if o.is_null() {
        // SAFETY: ends the process, as CPython does when it cannot even make an int.
        unsafe { ffi::Py_FatalError(c"hardwire: out of memory".as_ptr()) }
    }
    o
}

/// A new int. Never NULL.
pub extern "C" fn new_int(n: i64) -> Obj {
    // SAFETY: the GIL is held.
    or_die(unsafe { ffi::PyLong_FromLongLong(n) })
}
/// A new int. Never NULL.
pub extern "C" fn new_uint(n: u64) -> Obj {
    // SAFETY: the GIL is held.
    or_die(unsafe { ffi::PyLong_FromUnsignedLongLong(n) })
}
/// A new float. Never NULL.
pub extern "C" fn new_float(x: f64) -> Obj {
    // SAFETY: the GIL is held.
    or_die(unsafe { ffi::PyFloat_FromDouble(x) })
}
/// Stores a new float in a place, and drops what lies there.
///
/// # Safety
/// The place owns an object whose death nobody can notice, or NULL.
pub unsafe extern "C" fn set_float(place: *mut Obj, x: *const f64) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        let old = place.replace(new_float(*x));
        ffi::Py_XDECREF(old);
    }
    1
}
/// A new cffi cdata that owns nothing. Never NULL.
///
/// # Safety
/// A live ctype.
pub unsafe extern "C" fn new_cdata(p: u64, ctype: Obj) -> Obj {
    // SAFETY: the caller's promise.
    or_die(unsafe { objects::new_cdata(p, ctype) })
}
/// A new cffi cdata of an integer ctype. Never NULL.
///
/// # Safety
/// A live ctype.
pub unsafe extern "C" fn new_cint(n: i64, ctype: Obj) -> Obj {
    // SAFETY: the caller's promise.
    or_die(unsafe { objects::new_value(ctype, ffi::PyLong_FromLongLong(n)) })
}
/// A new cffi cdata of a floating-point ctype. Never NULL.
///
/// # Safety
/// A live ctype.
pub unsafe extern "C" fn new_cfloat(x: f64, ctype: Obj) -> Obj {
    // SAFETY: the caller's promise.
    or_die(unsafe { objects::new_value(ctype, ffi::PyFloat_FromDouble(x)) })
}
/// A new cffi cdata that owns a struct of at most two words. Never NULL.
///
/// # Safety
/// A live ctype of such a struct.
pub unsafe extern "C" fn new_struct(first: u64, second: u64, ctype: Obj) -> Obj {
    let words = [first, second];
    // SAFETY: the caller's promise; `size_of` gives at most the size of the words.
    or_die(unsafe {
        let bytes = adapters::size_of(ctype).clamp(0, size_of_val(&words) as i64);
        objects::cdata_copy(ctype, words.as_ptr().cast(), bytes)
    })
}
/// The bytes of length 1 of a byte. Never NULL.
pub extern "C" fn new_char(n: i64) -> Obj {
    let byte = n as u8;
    // SAFETY: one byte.
    or_die(unsafe { ffi::PyBytes_FromStringAndSize((&raw const byte).cast(), 1) })
}
/// The str of length 1 of a code point. Never NULL.
pub extern "C" fn new_uchar(n: i64) -> Obj {
    // SAFETY: the GIL is held.
    or_die(unsafe { ffi::PyUnicode_FromOrdinal(n as i32) })
}
/// A cffi buffer. Never NULL.
///
/// # Safety
/// A cdata that points to so many bytes.
pub unsafe extern "C" fn new_buffer(cdata: Obj, bytes: i64) -> Obj {
    // SAFETY: the caller's promise; the class of buffers runs no Python code.
    or_die(unsafe {
        let size = ffi::PyLong_FromLongLong(bytes);
        let class = crate::engine::known_address(traces::Known::CBuffer);
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let buffer = ffi::PyObject_CallFunctionObjArgs(class, cdata, size, null);
        ffi::Py_XDECREF(size);
        buffer
    })
}
/// An iterator over a range: the next number, the step, how many items are left. Never NULL.
///
/// # Safety
/// The GIL is held.
pub unsafe extern "C" fn new_range(start: i64, step: i64, len: i64) -> Obj {
    // SAFETY: the caller's promise.
    or_die(unsafe { iterators::range_iter_new(start, step, len) })
}
/// An iterator over a list or tuple, the next of whose items is that of the index. Never NULL.
///
/// # Safety
/// An exact list or tuple, with the GIL held.
pub unsafe extern "C" fn new_iter(index: i64, sequence: Obj) -> Obj {
    // SAFETY: the caller's promise.
    or_die(unsafe { iterators::sequence_iter_at(sequence, index) })
}
/// An instance of a class in Python. Never NULL.
///
/// # Safety
/// As many words as the shape has numbers, as they lie behind an exit.
pub unsafe extern "C" fn new_instance(shape: *const InstanceShape, words: *const u64) -> Obj {
    // SAFETY: the caller's promise; class and names are alive as long as the trace may be entered, and nothing lies where the
    // attributes go.
    unsafe {
        let shape = &*shape;
        let instance = or_die(containers::instance_new(shape.class as Obj, 1));
        let mut words = words;
        for &(name, attr) in &shape.attrs {
            let value = match attr {
                InstanceAttr::Const(address) => ffi::Py_NewRef(address as Obj),
                InstanceAttr::Number(repr) => {
                    let word = *words;
                    words = words.add(1);
                    match repr {
                        Repr::Uint => new_uint(word),
                        Repr::Float => new_float(f64::from_bits(word)),
                        Repr::Bool => ffi::PyBool_FromLong((word != 0).into()),
                        _ => new_int(word as i64),
                    }
                }
            };
            containers::attr_new(instance, name as Obj, value, 0);
            ffi::Py_DECREF(value);
        }
        instance
    }
}
/// A bound method. Never NULL.
///
/// # Safety
/// An object, and a function of Python or the name of a method in a class that cannot be changed.
pub unsafe extern "C" fn new_attr(o: Obj, what: Obj) -> Obj {
    // SAFETY: the caller's promise; looking a method up runs no Python code.
    or_die(unsafe {
        if ffi::PyUnicode_Check(what) != 0 {
            ffi::PyObject_GetAttr(o, what)
        } else {
            PyMethod_New(what, o)
        }
    })
}
unsafe extern "C" {
    // Include/cpython/classobject.h
    fn PyMethod_New(function: Obj, receiver: Obj) -> Obj;
}
/// 1 and the code point where a str has length 1.
///
/// # Safety
/// An exact str and a place for the code point.
pub unsafe extern "C" fn str_to_char(o: Obj, out: *mut i64) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        if ffi::PyUnicode_GetLength(o) != 1 {
            return 0;
        }
        *out = i64::from(ffi::PyUnicode_ReadChar(o, 0));
    }
    1
}
unsafe extern "C" fn global_address(accessor: extern "C" fn() -> u64) -> u64 {
    accessor()
}
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, bytes: i64) {
    // SAFETY: the program asks for it, as it would ask `ffi.memmove`.
    unsafe { std::ptr::copy(from, to, bytes as usize) }
}
unsafe extern "C" fn uchar_new(n: i64) -> Obj {
    // What cffi calls itself (wchar_helper_3.h), and its kind of four bytes.
    let character = n as u32;
    // SAFETY: one character.
    unsafe { PyUnicode_FromKindAndData(4, (&raw const character).cast(), 1) }
}
unsafe extern "C" {
    // Include/cpython/unicodeobject.h
    fn PyUnicode_FromKindAndData(
        kind: std::ffi::c_int,
        buffer: *const std::ffi::c_void,
        size: ffi::Py_ssize_t,
    ) -> Obj;
}
unsafe extern "C" fn bytes_new(from: *const i8, bytes: i64) -> Obj {
    // SAFETY: so many bytes, as the program says.
    unsafe { ffi::PyBytes_FromStringAndSize(from, bytes as isize) }
}
unsafe extern "C" fn bytes_string(from: *const i8, most: i64) -> Obj {
    // SAFETY: bytes up to a NUL, or so many.
    unsafe {
        let bytes = match usize::try_from(most) {
            Ok(most) => libc::strnlen(from, most),
            Err(_) => libc::strlen(from),
        };
        ffi::PyBytes_FromStringAndSize(from, bytes as isize)
    }
}
/// The borrowed value of a module-level variable; NULL where it is not set.
///
/// # Safety
/// An exact dict and a str.
pub unsafe extern "C" fn global_get(dict: Obj, key: Obj) -> Obj {
    // SAFETY: the caller's promise; comparing strings runs no Python code and does not fail.
    unsafe { ffi::PyDict_GetItemWithError(dict, key) }
}
/// Stores into a module-level variable.
///
/// # Safety
/// An exact dict, a str and a live object. A pending exception is kept.
pub unsafe extern "C" fn global_set(dict: Obj, key: Obj, value: Obj) {
    // SAFETY: the caller's promise. Where there is no memory the process ends, see `or_die`.
    unsafe {
        let raised = ffi::PyErr_GetRaisedException();
        if ffi::PyDict_SetItem(dict, key, value) != 0 {
            ffi::Py_FatalError(c"hardwire: out of memory".as_ptr());
        }
        if !raised.is_null() {
            ffi::PyErr_SetRaisedException(raised);
        }
    }
}
/// 1 and the value where an int fits.
///
/// # Safety
/// An exact int and a place for the value.
pub unsafe extern "C" fn int_to_i64(o: Obj, out: *mut i64) -> i32 {
    match Object(o).kind() {
        Kind::Int(n) => {
            // SAFETY: the caller's promise.
            unsafe { *out = n };
            1
        }
        _ => 0,
    }
}
/// 1 and the value where an int fits.
///
/// # Safety
/// An exact int and a place for the value.
pub unsafe extern "C" fn int_to_u64(o: Obj, out: *mut u64) -> i32 {
    let n = match Object(o).kind() {
        Kind::Int(n) if n >= 0 => n as u64,
        Kind::Uint(n) => n,
        _ => return 0,
    };
    // SAFETY: the caller's promise.
    unsafe { *out = n };
    1
}

/// 1 and the low 64 bits where an int is in -2^63..2^64.
///
/// # Safety
/// An exact int and a place for the bits.
pub unsafe extern "C" fn int_to_bits(o: Obj, out: *mut u64) -> i32 {
    let bits = match Object(o).kind() {
        Kind::Int(n) => n as u64,
        Kind::Uint(n) => n,
        _ => return 0,
    };
    // SAFETY: the caller's promise.
    unsafe { *out = bits };
    1
}

/// `_float_div_mod`, Objects/floatobject.c.
fn float_div_mod(x: f64, y: f64) -> (f64, f64) {
    let mut m = x % y;
    let mut div = (x - m) / y;
    if m != 0.0 {
        if (y < 0.0) != (m < 0.0) {
            m += y;
            div -= 1.0;
        }
    } else {
        m = 0f64.copysign(y);
    }
    let floor = if div != 0.0 {
        let f = div.floor();
        if div - f > 0.5 { f + 1.0 } else { f }
    } else {
        0f64.copysign(x / y)
    };
    (floor, m)
}
extern "C" fn float_floordiv(x: f64, y: f64) -> f64 {
    float_div_mod(x, y).0
}
extern "C" fn float_mod(x: f64, y: f64) -> f64 {
    float_div_mod(x, y).1
}
extern "C" fn float_pow(x: f64, y: f64) -> f64 {
    // The C library's, as CPython uses; Rust's powf is the same call.
    x.powf(y)
}
fn int_pow_checked(x: i64, y: i64) -> Option<i64> {
    match x {
        0 | 1 => Some(if y == 0 { 1 } else { x }),
        -1 => Some(if y % 2 == 0 { 1 } else { -1 }),
        _ => u32::try_from(y).ok().and_then(|y| x.checked_pow(y)),
    }
}
extern "C" fn int_pow_fits(x: i64, y: i64) -> bool {
    int_pow_checked(x, y).is_some()
}
extern "C" fn int_pow(x: i64, y: i64) -> i64 {
    int_pow_checked(x, y).unwrap_or(0)
}
unsafe extern "C" fn cell_set(cell: Obj, value: Obj) {
    // SAFETY: an exact cell whose old content is plain.
    unsafe { ffi_cell::PyCell_Set(cell, value) };
}
extern "C" fn err_occurred() -> bool {
    // SAFETY: the GIL is held.
    unsafe { !ffi::PyErr_Occurred().is_null() }
}
mod ffi_cell {
    unsafe extern "C" {
        // Include/cpython/cellobject.h; not in the limited API.
        pub fn PyCell_Set(
            cell: *mut pyo3_ffi::PyObject,
            value: *mut pyo3_ffi::PyObject,
        ) -> std::ffi::c_int;
    }
}

/// The owned arguments of a helper, dropped when it returns.
struct Args<'a>(&'a [Obj]);
impl Args<'_> {
    fn get(&self, n: usize) -> Obj {
        self.0.get(n).copied().unwrap_or(std::ptr::null_mut())
    }
}
impl Drop for Args<'_> {
    fn drop(&mut self) {
        for &o in self.0 {
            // SAFETY: owned by the call. An exception that is set survives: `Py_DECREF` of a
            // container saves it where finalisers run.
            unsafe { ffi::Py_XDECREF(o) }
        }
    }
}

/// # Safety
/// `argv` holds `argc` owned references (or NULLs).
unsafe fn args<'a>(argv: *const Obj, argc: usize) -> Args<'a> {
    // SAFETY: the caller's promise.
    Args(unsafe { std::slice::from_raw_parts(argv, argc) })
}

unsafe extern "C" fn py_call(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments, the callable first.
    unsafe {
        let a = args(argv, argc);
        ffi::PyObject_Vectorcall(a.get(0), argv.add(1), argc - 1, std::ptr::null_mut())
    }
}
unsafe extern "C" fn py_call_kw(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments: the callable, positional and keyword values, the names.
    unsafe {
        let a = args(argv, argc);
        let names = a.get(argc - 1);
        let keywords = ffi::PyTuple_Size(names) as usize;
        ffi::PyObject_Vectorcall(a.get(0), argv.add(1), argc - 2 - keywords, names)
    }
}
unsafe extern "C" fn py_binary(argv: *const Obj, argc: usize, op: i64) -> Obj {
    // SAFETY: two owned arguments.
    unsafe {
        let a = args(argv, argc);
        binary(op, a.get(0), a.get(1))
    }
}
/// Binary operator number `op` (`NB_*`, `Include/opcode.h`); NULL: it raised.
///
/// # Safety
/// Two live objects, with the GIL held.
pub unsafe fn binary(op: i64, x: Obj, y: Obj) -> Obj {
    // SAFETY: the caller's promise.
    unsafe {
        let none = ffi::Py_None();
        use ffi::*;
        match op {
            0 => PyNumber_Add(x, y),
            1 => PyNumber_And(x, y),
            2 => PyNumber_FloorDivide(x, y),
            3 => PyNumber_Lshift(x, y),
            4 => PyNumber_MatrixMultiply(x, y),
            5 => PyNumber_Multiply(x, y),
            6 => PyNumber_Remainder(x, y),
            7 => PyNumber_Or(x, y),
            8 => PyNumber_Power(x, y, none),
            9 => PyNumber_Rshift(x, y),
            10 => PyNumber_Subtract(x, y),
            11 => PyNumber_TrueDivide(x, y),
            12 => PyNumber_Xor(x, y),
            13 => PyNumber_InPlaceAdd(x, y),
            14 => PyNumber_InPlaceAnd(x, y),
            15 => PyNumber_InPlaceFloorDivide(x, y),
            16 => PyNumber_InPlaceLshift(x, y),
            17 => PyNumber_InPlaceMatrixMultiply(x, y),
            18 => PyNumber_InPlaceMultiply(x, y),
            19 => PyNumber_InPlaceRemainder(x, y),
            20 => PyNumber_InPlaceOr(x, y),
            21 => PyNumber_InPlacePower(x, y, none),
            22 => PyNumber_InPlaceRshift(x, y),
            23 => PyNumber_InPlaceSubtract(x, y),
            24 => PyNumber_InPlaceTrueDivide(x, y),
            _ => PyNumber_InPlaceXor(x, y),
        }
    }
}
unsafe extern "C" fn py_compare(argv: *const Obj, argc: usize, op: i64) -> Obj {
    // SAFETY: two owned arguments. Bit 4 asks for a bool.
    unsafe {
        let a = args(argv, argc);
        let r = ffi::PyObject_RichCompare(a.get(0), a.get(1), (op & 15) as i32);
        if r.is_null() || op & 16 == 0 {
            return r;
        }
        let truth = ffi::PyObject_IsTrue(r);
        ffi::Py_DECREF(r);
        if truth < 0 {
            std::ptr::null_mut()
        } else {
            ffi::PyBool_FromLong(truth.into())
        }
    }
}
unsafe extern "C" fn py_unary(argv: *const Obj, argc: usize, op: i64) -> Obj {
    // SAFETY: one owned argument.
    unsafe {
        let a = args(argv, argc);
        match op {
            0 => ffi::PyNumber_Negative(a.get(0)),
            1 => ffi::PyNumber_Invert(a.get(0)),
            _ => ffi::PyNumber_Positive(a.get(0)),
        }
    }
}
unsafe extern "C" fn py_truth(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: one owned argument.
    unsafe { ffi::PyObject_IsTrue(args(argv, argc).get(0)) }
}
unsafe extern "C" fn py_contains(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: two owned arguments.
    unsafe {
        let a = args(argv, argc);
        ffi::PySequence_Contains(a.get(0), a.get(1))
    }
}
unsafe extern "C" fn py_getattr(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: two owned arguments.
    unsafe {
        let a = args(argv, argc);
        ffi::PyObject_GetAttr(a.get(0), a.get(1))
    }
}
unsafe extern "C" fn py_setattr(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: three owned arguments.
    unsafe {
        let a = args(argv, argc);
        ffi::PyObject_SetAttr(a.get(0), a.get(1), a.get(2))
    }
}
unsafe extern "C" fn py_getitem(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: two owned arguments.
    unsafe {
        let a = args(argv, argc);
        ffi::PyObject_GetItem(a.get(0), a.get(1))
    }
}
unsafe extern "C" fn py_setitem(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: three owned arguments.
    unsafe {
        let a = args(argv, argc);
        ffi::PyObject_SetItem(a.get(0), a.get(1), a.get(2))
    }
}

unsafe extern "C" fn py_iter_next(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: one owned argument, an iterator.
    unsafe { quiet_new(args(argv, argc).get(0)) }
}

unsafe extern "C" fn quiet_next(it: Obj, source: i64, pair: i64) -> bool {
    // SAFETY: a live iterator of this layout.
    unsafe { quiet::is_quiet(Object(it), quiet::Layout { source, pair }) }
}

unsafe extern "C" fn quiet_new(it: Obj) -> Obj {
    // SAFETY: a live iterator.
    unsafe {
        let item = ffi::PyIter_Next(it);
        match crate::engine::get() {
            Some(e) if item.is_null() && ffi::PyErr_Occurred().is_null() => {
                ffi::Py_NewRef(e.exhausted.as_ptr())
            }
            _ => item,
        }
    }
}
unsafe extern "C" fn py_call_ex(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments: the callable, an exact tuple, perhaps an exact dict.
    unsafe {
        let a = args(argv, argc);
        ffi::PyObject_Call(a.get(0), a.get(1), a.get(2))
    }
}

/// The address of a helper.
pub fn address(h: Helper) -> usize {
    if let Some(address) = math::address(h) {
        return address;
    }
    match h {
        Helper::FloatFloorDiv => float_floordiv as *const () as usize,
        Helper::FloatMod => float_mod as *const () as usize,
        Helper::FloatPow => float_pow as *const () as usize,
        Helper::IntPowFits => int_pow_fits as *const () as usize,
        Helper::IntPow => int_pow as *const () as usize,
        Helper::StrItem => containers::str_item as *const () as usize,
        Helper::CellSet => cell_set as *const () as usize,
        Helper::ErrOccurred => err_occurred as *const () as usize,
        Helper::PyCall => py_call as *const () as usize,
        Helper::PyCallKw => py_call_kw as *const () as usize,
        Helper::PyBinary => py_binary as *const () as usize,
        Helper::PyCompare => py_compare as *const () as usize,
        Helper::PyUnary => py_unary as *const () as usize,
        Helper::PyTruth => py_truth as *const () as usize,
        Helper::PyContains => py_contains as *const () as usize,
        Helper::PyGetAttr => py_getattr as *const () as usize,
        Helper::PySetAttr => py_setattr as *const () as usize,
        Helper::PyGetItem => py_getitem as *const () as usize,
        Helper::PySetItem => py_setitem as *const () as usize,
        Helper::DictNew => ffi::PyDict_New as *const () as usize,
        Helper::DictFind => tables::dict_find as *const () as usize,
        Helper::DictFindInt => tables::dict_find_int as *const () as usize,
        Helper::QuietInstance => crate::cpython::instance::quiet_instance as *const () as usize,
        Helper::QuietTuple => crate::cpython::instance::quiet_tuple as *const () as usize,
        Helper::SumIsQuiet => containers::sum_is_quiet as *const () as usize,
        Helper::SumNew => containers::sum_new as *const () as usize,
        Helper::CallQuiet1 => text::call_quiet1 as *const () as usize,
        Helper::CallQuiet2 => text::call_quiet2 as *const () as usize,
        Helper::CallQuiet3 => text::call_quiet3 as *const () as usize,
        Helper::FormatNew => text::format_new as *const () as usize,
        Helper::StrConcat => text::str_concat as *const () as usize,
        Helper::IsAscii => text::is_ascii as *const () as usize,
        Helper::Join2 => text::join2 as *const () as usize,
        Helper::Join3 => text::join3 as *const () as usize,
        Helper::Join4 => text::join4 as *const () as usize,
        Helper::Join5 => text::join5 as *const () as usize,
        Helper::SliceNew => containers::slice_new as *const () as usize,
        Helper::QuietNext => quiet_next as *const () as usize,
        Helper::QuietNew => quiet_new as *const () as usize,
        Helper::DictInit => containers::dict_init as *const () as usize,
        Helper::DictSet => tables::dict_set as *const () as usize,
        Helper::DictSetInt => tables::dict_set_int as *const () as usize,
        Helper::DictAdd => tables::dict_add as *const () as usize,
        Helper::SetFind => tables::set_find as *const () as usize,
        Helper::SetFindInt => tables::set_find_int as *const () as usize,
        Helper::SetPut => tables::set_put as *const () as usize,
        Helper::SetPutInt => tables::set_put_int as *const () as usize,
        Helper::SetTake => tables::set_take as *const () as usize,
        Helper::SetTakeInt => tables::set_take_int as *const () as usize,
        Helper::KeyIsQuiet => tables::key_is_quiet as *const () as usize,
        Helper::Set0 => tables::set0 as *const () as usize,
        Helper::Set1 => tables::set1 as *const () as usize,
        Helper::Set2 => tables::set2 as *const () as usize,
        Helper::Set3 => tables::set3 as *const () as usize,
        Helper::ListPop => containers::list_pop as *const () as usize,
        Helper::PyDelItem => containers::del_item as *const () as usize,
        Helper::PyListExtend => containers::list_extend as *const () as usize,
        Helper::PySetAdd => containers::set_add as *const () as usize,
        Helper::PySuperAttr => containers::super_attr as *const () as usize,
        Helper::GlobalAddress => global_address as *const () as usize,
        Helper::PairSet => containers::pair_set as *const () as usize,
        Helper::MemMove => memmove as *const () as usize,
        Helper::CDataNew => objects::cdata_new as *const () as usize,
        Helper::CDataNewArray => objects::cdata_new_array as *const () as usize,
        Helper::CDataNewStruct => objects::cdata_new_struct as *const () as usize,
        Helper::CDataCopy => objects::cdata_copy as *const () as usize,
        Helper::CDataSlice => objects::cdata_slice as *const () as usize,
        Helper::RangeIterNew => iterators::range_iter_new as *const () as usize,
        Helper::ListIterNew | Helper::TupleIterNew => {
            iterators::sequence_iter_new as *const () as usize
        }
        Helper::PyGetIter => iterators::get_iter as *const () as usize,
        Helper::BytesNew => bytes_new as *const () as usize,
        Helper::BytesString => bytes_string as *const () as usize,
        Helper::ListAppend => containers::list_append as *const () as usize,
        Helper::PyIterNext => py_iter_next as *const () as usize,
        Helper::PyBeforeWith => with::before_with as *const () as usize,
        Helper::Entered => with::entered as *const () as usize,
        Helper::UCharNew => uchar_new as *const () as usize,
        Helper::PyCallEx => py_call_ex as *const () as usize,
        Helper::PyGetSlice => containers::get_slice as *const () as usize,
        Helper::PySetSlice => containers::set_slice as *const () as usize,
        Helper::PyConvert => containers::convert as *const () as usize,
        Helper::PyFormat => containers::format as *const () as usize,
        Helper::PyBuildTuple => containers::build_tuple as *const () as usize,
        Helper::PyBuildList => containers::build_list as *const () as usize,
        Helper::PyBuildSet => containers::build_set as *const () as usize,
        Helper::PyBuildMap => containers::build_map as *const () as usize,
        Helper::PyBuildString => containers::build_string as *const () as usize,
        Helper::CharIs => text::char_is as *const () as usize,
        Helper::StrEq => text::str_eq as *const () as usize,
        Helper::StrCompare => text::str_compare as *const () as usize,
        Helper::StrContains => text::str_contains as *const () as usize,
        Helper::StrSlice => text::str_slice as *const () as usize,
        Helper::BytesSlice => text::bytes_slice as *const () as usize,
        Helper::ListSlice => text::list_slice as *const () as usize,
        Helper::TupleSlice => text::tuple_slice as *const () as usize,
        Helper::Tuple1 => containers::tuple1 as *const () as usize,
        Helper::Tuple2 => containers::tuple2 as *const () as usize,
        Helper::Tuple3 => containers::tuple3 as *const () as usize,
        Helper::InstanceNew => containers::instance_new as *const () as usize,
        Helper::AttrNew => containers::attr_new as *const () as usize,
        Helper::List0 => containers::list0 as *const () as usize,
        Helper::List1 => containers::list1 as *const () as usize,
        Helper::List2 => containers::list2 as *const () as usize,
        Helper::List3 => containers::list3 as *const () as usize,
        // The functions of `<math.h>` that are looked up first.
        _ => 0,
    }
}
