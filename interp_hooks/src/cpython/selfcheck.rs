//! Load-time proof of the table on the running interpreter: known objects read through the offsets.

use super::keys::Key;
use super::{VersionTable, dict, frame, set};
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::CStr;

/// A check and its result.
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What was found.
    pub detail: String,
}

fn check(name: &'static str, found: u64, expected: u64) -> Check {
    Check {
        name,
        ok: found == expected,
        detail: format!("found {found:#x}, expected {expected:#x}"),
    }
}

unsafe fn word(o: *mut ffi::PyObject, offset: i32) -> u64 {
    // SAFETY: within the object if the table is right; each object below is longer than that.
    unsafe { *o.cast::<u8>().offset(offset as isize).cast::<u64>() }
}

/// The value of an expression.
pub(super) unsafe fn eval(text: &CStr) -> Option<Strong> {
    // SAFETY: the GIL is held; constant source text.
    unsafe {
        let globals = Strong::from_new(ffi::PyDict_New())?;
        let code = Strong::from_new(ffi::Py_CompileString(
            text.as_ptr(),
            c"<hardwire>".as_ptr(),
            ffi::Py_eval_input,
        ))?;
        let builtins = ffi::PyEval_GetBuiltins();
        ffi::PyDict_SetItemString(globals.as_ptr(), c"__builtins__".as_ptr(), builtins);
        let r = Strong::from_new(ffi::PyEval_EvalCode(
            code.as_ptr(),
            globals.as_ptr(),
            globals.as_ptr(),
        ));
        if r.is_none() {
            ffi::PyErr_Clear();
        }
        r
    }
}

/// Runs every check.
///
/// # Safety
/// The GIL is held.
pub unsafe fn run(t: &VersionTable) -> Vec<Check> {
    let mut all = Vec::new();
    // SAFETY: the caller's promise; the objects are kept alive while they are read.
    unsafe {
        objects(t, &mut all);
        iterators(t, &mut all);
        code_and_thread(t, &mut all);
        calls(t, &mut all);
        opcodes(t, &mut all);
    }
    all
}

unsafe fn objects(t: &VersionTable, all: &mut Vec<Check>) {
    // SAFETY: see `run`.
    unsafe {
        let expressions: [(&CStr, &'static str, i32, u64); 12] = [
            (c"'a' * 300", "str length", t.str_length, 300),
            (c"{1: 2, 3: 4}", "dict used", t.dict_used, 2),
            (c"{1, 2, 4}", "set used", t.set_used, 3),
            (c"bytearray(77)", "bytearray size", t.bytearray_size, 77),
            (
                c"bytearray(0)",
                "bytearray of no bytes",
                t.bytearray_size,
                0,
            ),
            (c"12345", "int tag", t.long_tag, 8),
            (
                c"-(1 << 40) - 7",
                "int of two digits: tag",
                t.long_tag,
                2 << 3 | 2,
            ),
            (c"1.5", "float value", t.float_value, 1.5f64.to_bits()),
            (c"tuple([None] * 5)", "tuple size", t.tuple_size, 5),
            (c"[None] * 6", "list size", t.list_size, 6),
            (
                c"b'01234567'",
                "bytes data",
                t.bytes_data,
                u64::from_le_bytes(*b"01234567"),
            ),
            (c"b'01234567'", "bytes size", t.bytes_size, 8),
        ];
        for (text, name, offset, expected) in expressions {
            if let Some(o) = eval(text) {
                all.push(check(name, word(o.as_ptr(), offset), expected));
            }
        }
        if let Some(o) = eval(c"(77 << 30) + 5") {
            let digits = word(o.as_ptr(), t.long_digit);
            all.push(check("int of two digits", digits, 77 << 32 | 5));
        }
        if let Some(o) = eval(c"12345") {
            all.push(check(
                "int digit",
                word(o.as_ptr(), t.long_digit) & 0xffff_ffff,
                12345,
            ));
            all.push(check(
                "object type",
                word(o.as_ptr(), t.object_type),
                ffi::Py_TYPE(o.as_ptr()) as u64,
            ));
        }
        if let Some(o) = eval(c"{0: 1}").filter(|_| t.dict_values >= 0) {
            all.push(check("dict values", word(o.as_ptr(), t.dict_values), 0));
        }
        for (text, key, ty) in [
            (c"{'a': 1, 'b': 2.5}", c"'b'", "dict of str"),
            (c"{1: 2, 'b': 2.5, 'c': 3}", c"'b'", "dict"),
            (c"{k: 2.5 for k in range(300)}", c"77", "large dict"),
            (c"{k: 2.5 for k in range(9)}", c"-1", "no such key"),
        ] {
            if let (Some(o), Some(key)) = (eval(text), eval(key)) {
                let expected = ffi::PyDict_GetItemWithError(o.as_ptr(), key.as_ptr());
                let found = Key::of(Object(key.as_ptr())).map(|key| dict::find(t, o.as_ptr(), key));
                let found = match found {
                    Some(dict::Found::At(place)) => *place as u64,
                    Some(dict::Found::Absent) => 0,
                    Some(dict::Found::Unknown) | None => 1,
                };
                all.push(check(ty, found, expected as u64));
            }
        }
        for (text, key, ty) in [
            (c"{'a', 'b', 2}", c"'b'", "set"),
            (c"set(range(1000))", c"777", "large set"),
            (c"{(1, 'a')}", c"(1, 'a')", "set of tuples"),
            (
                c"{k * 64 for k in range(60)} - {64}",
                c"64",
                "set without the key",
            ),
        ] {
            if let (Some(o), Some(key)) = (eval(text), eval(key)) {
                let expected = ffi::PySet_Contains(o.as_ptr(), key.as_ptr()) as u64;
                let found = Key::of(Object(key.as_ptr())).map(|key| set::find(t, o.as_ptr(), key));
                let found = match found {
                    Some(set::Found::Has(_)) => 1,
                    Some(set::Found::Absent) => 0,
                    Some(set::Found::Unknown) | None => 2,
                };
                all.push(check(ty, found, expected));
            }
        }
        if let Some(o) = eval(c"[None] * 6") {
            all.push(check(
                "list allocated",
                word(o.as_ptr(), t.list_allocated),
                6,
            ));
        }
        if let Some(o) = eval(c"(1.25, 2.5)") {
            all.push(check(
                "tuple items",
                word(o.as_ptr(), t.tuple_items),
                ffi::PyTuple_GetItem(o.as_ptr(), 0) as u64,
            ));
        }
        if let Some(o) = eval(c"[1.25, 2.5]") {
            let items = word(o.as_ptr(), t.list_items) as *const u64;
            let first = if items.is_null() || !items.is_aligned() {
                0
            } else {
                *items
            };
            all.push(check(
                "list items",
                first,
                ffi::PyList_GetItem(o.as_ptr(), 0) as u64,
            ));
        }
        if let Some(o) = eval(c"__import__('types').CellType(all)") {
            let b = eval(c"all").map_or(0, |b| b.as_ptr() as u64);
            all.push(check("cell content", word(o.as_ptr(), t.cell_ref), b));
        }
    }
}

unsafe fn iterators(t: &VersionTable, all: &mut Vec<Check>) {
    // SAFETY: see `run`.
    unsafe {
        if let Some(o) = eval(c"[i for i in [iter(range(10, 100, 7))] if next(i) == 10][0]") {
            all.push(check(
                "range iterator start",
                word(o.as_ptr(), t.range_iter_start),
                17,
            ));
            all.push(check(
                "range iterator step",
                word(o.as_ptr(), t.range_iter_step),
                7,
            ));
            all.push(check(
                "range iterator length",
                word(o.as_ptr(), t.range_iter_len),
                12,
            ));
        }
        let sources = [
            (
                c"[(i, s) for s in [[7, 8, 9]] for i in [iter(s)] if next(i)][0]",
                "list iterator index",
                "list iterator list",
            ),
            (
                c"[(i, s) for s in [(7, 8, 9)] for i in [iter(s)] if next(i)][0]",
                "tuple iterator index",
                "tuple iterator tuple",
            ),
        ];
        for (text, index, seq) in sources {
            if let Some(pair) = eval(text) {
                let (i, s) = (
                    ffi::PyTuple_GetItem(pair.as_ptr(), 0),
                    ffi::PyTuple_GetItem(pair.as_ptr(), 1),
                );
                all.push(check(index, word(i, t.list_iter_index), 1));
                all.push(check(seq, word(i, t.list_iter_seq), s as u64));
            }
        }
    }
}

unsafe fn code_and_thread(t: &VersionTable, all: &mut Vec<Check>) {
    // SAFETY: see `run`.
    unsafe {
        let thread = ffi::PyThreadState_Get();
        all.push(check(
            "thread interpreter",
            word(thread.cast(), t.thread_interp),
            ffi::PyInterpreterState_Get() as u64,
        ));
        ffi::PyErr_SetString(ffi::PyExc_ValueError, c"hardwire".as_ptr());
        let held = word(thread.cast(), t.thread_exception);
        let raised = ffi::PyErr_GetRaisedException();
        all.push(check("thread exception", held, raised as u64));
        ffi::Py_XDECREF(raised);
        if let Some(c) = eval(c"compile('a = b * 1.25', '<hardwire>', 'exec')") {
            let p = c.as_ptr();
            for (name, attribute, offset) in [
                ("code constants", c"co_consts", t.code_consts),
                ("code names", c"co_names", t.code_names),
            ] {
                let a = Strong::from_new(ffi::PyObject_GetAttrString(p, attribute.as_ptr()));
                all.push(check(
                    name,
                    word(p, offset),
                    a.map_or(0, |a| a.as_ptr() as u64),
                ));
            }
            let first = frame::decoded(t, p).and_then(|d| d.at(0).map(|i| i.name));
            let resume = t
                .opcodes
                .iter()
                .find(|r| r.0 == "RESUME")
                .map_or(0, |r| u64::from(r.1));
            all.push(check("code bytes", word(p, t.code_bytes) & 0xff, resume));
            all.push(Check {
                name: "code decodes",
                ok: first == Some("RESUME"),
                detail: format!("{first:?}"),
            });
        }
        // The current frame is that of the Python code that imported us: its globals are known.
        let f = frame::current(t, thread);
        let globals = ffi::PyEval_GetGlobals();
        let plausible = !f.is_null() && (f as usize).is_multiple_of(8);
        let found = if plausible {
            word(f.cast(), t.frame_globals)
        } else {
            0
        };
        all.push(check("frame globals", found, globals as u64));
        let owner = ffi::PyEval_GetFrame();
        if !owner.is_null() && plausible {
            all.push(check(
                "frame object",
                word(f.cast(), t.frame_object),
                owner as u64,
            ));
            let code = ffi::PyFrame_GetCode(owner);
            all.push(check(
                "frame code",
                word(f.cast(), t.frame_code),
                code as u64,
            ));
            let n = ffi::PyObject_GetAttrString(code.cast(), c"co_nlocals".as_ptr());
            let locals = if n.is_null() {
                -1
            } else {
                ffi::PyLong_AsLong(n)
            };
            let deep = ffi::PyObject_GetAttrString(code.cast(), c"co_stacksize".as_ptr());
            if !deep.is_null() {
                let expected = ffi::PyLong_AsLong(deep) as u64;
                let found = u64::from(frame::code_stacksize(t, code.cast()));
                all.push(check("code stack size", found, expected));
                ffi::Py_DECREF(deep);
            }
            let plus = i64::from(frame::code_nlocalsplus(t, code.cast()));
            all.push(Check {
                name: "code locals",
                ok: plus >= locals,
                detail: format!("{plus} slots, {locals} locals"),
            });
            let at = word(f.cast(), t.frame_instr)
                .wrapping_sub(code as u64)
                .wrapping_sub(t.code_bytes as u64);
            all.push(Check {
                name: "frame instruction",
                ok: at < 1 << 20,
                detail: format!("offset {at}"),
            });
            ffi::Py_XDECREF(n);
            ffi::Py_DECREF(code.cast());
        }
        let tracing = *frame::tracing(t, thread);
        all.push(check("thread tracing", tracing as u64, 0));
    }
}

/// What frames of calls are made from.
unsafe fn calls(t: &VersionTable, all: &mut Vec<Check>) {
    // SAFETY: see `run`.
    unsafe {
        let thread = ffi::PyThreadState_Get();
        if let Some(function) = eval(c"(lambda: 0)") {
            let p = function.as_ptr();
            for (name, attribute, offset) in [
                ("function globals", c"__globals__", t.function_globals),
                ("function builtins", c"__builtins__", t.function_builtins),
            ] {
                let a = Strong::from_new(ffi::PyObject_GetAttrString(p, attribute.as_ptr()));
                let expected = a.map_or(0, |a| a.as_ptr() as u64);
                all.push(check(name, word(p, offset), expected));
            }
            let f = frame::current(t, thread);
            if !f.is_null() && (f as usize).is_multiple_of(8) {
                let of = *frame::function(t, f);
                let is_object = !of.is_null() && (of as usize).is_multiple_of(8);
                let found = if is_object {
                    ffi::Py_TYPE(of) as u64
                } else {
                    0
                };
                all.push(check("frame function", found, ffi::Py_TYPE(p) as u64));
                let owner = *f.offset(t.frame_owner as isize);
                let expected = u64::from(t.owned_by_thread);
                all.push(check("frame owner", owner.into(), expected));
            }
        }
        let (limit, left) = (ffi::Py_GetRecursionLimit(), *frame::recursion(t, thread));
        ffi::Py_SetRecursionLimit(limit + 7);
        let more = *frame::recursion(t, thread);
        ffi::Py_SetRecursionLimit(limit);
        let moved = i64::from(more) - i64::from(left);
        all.push(check("thread recursion", moved as u64, 7));
        let (top, end) = frame::data_stack(t, thread);
        let piece = *frame::chunk(t, thread);
        let inside = !piece.is_null() && (piece..*end).contains(&*top);
        all.push(Check {
            name: "thread data stack",
            ok: inside && (piece as usize).is_multiple_of(8),
            detail: format!("{piece:?} {:?} {:?}", *top, *end),
        });
        if inside {
            // The size of a piece lies behind the one before it.
            let size = word(piece.cast(), 8);
            all.push(check("data stack piece", piece as u64 + size, *end as u64));
        }
    }
}

/// The numbers of the bytecodes, by the interpreter's own table.
unsafe fn opcodes(t: &VersionTable, all: &mut Vec<Check>) {
    // SAFETY: see `run`.
    unsafe {
        let Some(map) = eval(c"__import__('opcode').opmap") else {
            return;
        };
        let mut wrong = Vec::new();
        for &(name, number, _) in t.opcodes {
            let Ok(key) = std::ffi::CString::new(name) else {
                continue;
            };
            let v = ffi::PyDict_GetItemString(map.as_ptr(), key.as_ptr());
            if v.is_null() || ffi::PyLong_AsLong(v) != i64::from(number) {
                wrong.push(name);
            }
        }
        all.push(Check {
            name: "opcodes",
            ok: wrong.is_empty(),
            detail: format!("{} wrong {wrong:?}", wrong.len()),
        });
    }
}
