//! The Python interface of the extension module.

use crate::engine;
use crate::loops::State;
use crate::py::{Object, Strong};
use crate::{
    adapters, cpython::selfcheck, dump, handoff, hook, options, sample, start, story, tools,
};
use pyo3_ffi as ffi;
use serde_json::{Value as Json, json};
use std::ffi::CString;
use traces::Abort;
use traces::dump::exit_words;

type Obj = *mut ffi::PyObject;

fn none() -> Obj {
    // SAFETY: the GIL is held.
    unsafe { ffi::Py_NewRef(ffi::Py_None()) }
}

fn raise(kind: Obj, text: &str) -> Obj {
    let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the GIL is held; a live exception class.
    unsafe { ffi::PyErr_SetString(kind, text.as_ptr()) };
    std::ptr::null_mut()
}

fn text(s: &str) -> Obj {
    // SAFETY: a pointer and its length.
    unsafe { ffi::PyUnicode_FromStringAndSize(s.as_ptr().cast(), s.len() as isize) }
}

/// `enable(text)`: the words of `-X hardwire=...`.
unsafe extern "C" fn enable(module: Obj, words: Obj) -> Obj {
    // SAFETY: the GIL is held; the module's own functions are its attributes.
    unsafe {
        let options = match options::parse(&Object(words).text()) {
            Ok(o) => o,
            Err(e) => return raise(ffi::PyExc_ValueError, &e),
        };
        let get =
            |n: &std::ffi::CStr| Strong::from_new(ffi::PyObject_GetAttrString(module, n.as_ptr()));
        let (Some(jump), Some(instruction)) = (get(c"_on_jump"), get(c"_on_instruction")) else {
            return std::ptr::null_mut();
        };
        match start::enable(options, (jump, instruction)) {
            Ok(()) => none(),
            Err(e) => raise(ffi::PyExc_RuntimeError, &e),
        }
    }
}

/// `dump(folder)`: begins a dump. OSError where the folder cannot be written, RuntimeError where Hardwire was never on.
unsafe extern "C" fn begin_dump(_module: Obj, folder: Obj) -> Obj {
    let Some(e) = engine::get() else {
        // SAFETY: a live exception class.
        return raise(unsafe { ffi::PyExc_RuntimeError }, "Hardwire is off");
    };
    match dump::begin(e, &Object(folder).text()) {
        Ok(()) => none(),
        // SAFETY: a live exception class.
        Err(why) => raise(unsafe { ffi::PyExc_OSError }, &why),
    }
}

/// `_story(codes)`: JSON text, what `explain` and `report` tell of the loops of these code objects (a tuple), or of all (None).
unsafe extern "C" fn tell_story(_module: Obj, codes: Obj) -> Obj {
    let Some(e) = engine::get() else {
        return text("{\"loops\": []}");
    };
    let codes = Object(codes).tuple_items();
    let codes: Option<Vec<usize>> =
        codes.map(|codes| codes.into_iter().map(|code| code.0 as usize).collect());
    text(&story::of(e, codes.as_deref()).to_string())
}

/// `_end_dump()`: the dump is whole, and no time is sampled any more.
unsafe extern "C" fn end_dump(_module: Obj, _none: Obj) -> Obj {
    if let Some(e) = engine::get() {
        dump::end(e);
        sample::stop();
    }
    none()
}

unsafe extern "C" fn disable(_module: Obj, _none: Obj) -> Obj {
    start::disable();
    none()
}

/// `_after_fork()`: the loops that sleep wake, in the parent and in the child; nobody watches for them any more. Tools
/// are told what a child has inherited.
unsafe extern "C" fn after_fork(_module: Obj, _none: Obj) -> Obj {
    if let Some(e) = engine::get() {
        tools::after_fork(e);
        if e.budget.wake_all() && e.enabled.get() {
            start::restart_events();
        }
    }
    if sample::is_on() {
        sample::start();
    }
    none()
}

unsafe extern "C" fn is_enabled(_module: Obj, _none: Obj) -> Obj {
    let on = engine::get().is_some_and(|e| e.enabled.get());
    // SAFETY: the GIL is held.
    unsafe { ffi::PyBool_FromLong(on.into()) }
}

/// `check_options(text)`: ValueError where `enable` would refuse the words.
unsafe extern "C" fn check_options(_module: Obj, words: Obj) -> Obj {
    match options::parse(&Object(words).text()) {
        Ok(o) => text(
            &json!({"report": o.report, "threshold": o.threshold, "all": o.all, "dump": o.dump})
                .to_string(),
        ),
        // SAFETY: a live exception class.
        Err(e) => raise(unsafe { ffi::PyExc_ValueError }, &e),
    }
}

/// `stats()`: JSON text.
unsafe extern "C" fn stats(_module: Obj, _none: Obj) -> Obj {
    text(&statistics().to_string())
}

fn statistics() -> Json {
    let Some(e) = engine::get() else {
        return json!({"loops": [], "words": {}, "is_timed": false, "recordings": 0});
    };
    let mut loops = Vec::new();
    for h in e.headers.borrow().iter() {
        let (file, line, function) = &h.place;
        let (state, reason) = match &*h.state.borrow() {
            State::Compiled => ("compiled", String::new()),
            State::Counting => {
                let last = h.last_abort.borrow();
                (
                    "counting",
                    last.as_ref().map_or(String::new(), Abort::to_string),
                )
            }
            State::LeftAlone(why) => ("left alone", why.to_string()),
        };
        let (mut compile_us, mut bytes) = (0, 0);
        for v in h.versions.borrow().iter() {
            compile_us += v.compile_us;
            bytes += v.compiled.code_size;
        }
        let exits = h.exits_taken();
        loops.push(json!({
            "file": file, "line": line, "function": function, "state": state, "reason": reason,
            "versions": h.versions.borrow().len(), "entries": h.entries.get(), "iterations": h.iterations.get(), "exits": exits,
            "compile_ms": compile_us as f64 / 1000.0, "code_bytes": bytes,
        }));
    }
    let words: serde_json::Map<String, Json> = loops
        .iter()
        .filter_map(|l| l["exits"].as_object())
        .flat_map(|exits| exits.keys())
        .filter_map(|key| Some(key.split_once(" at ")?.0))
        .map(|op| (op.to_string(), Json::from(exit_words(op))))
        .collect();
    json!({"loops": loops, "words": words, "is_timed": sample::is_on(), "recordings": e.budget.recordings()})
}

/// `selfcheck()`: JSON text, a list of [name, ok, detail].
unsafe extern "C" fn run_selfcheck(_module: Obj, _none: Obj) -> Obj {
    match start::table() {
        Ok(t) => {
            // SAFETY: the GIL is held.
            let all: Vec<Json> = unsafe { selfcheck::run(t) }
                .iter()
                .map(|c| json!([c.name, c.ok, c.detail]))
                .collect();
            text(&Json::from(all).to_string())
        }
        // SAFETY: a live exception class.
        Err(e) => raise(unsafe { ffi::PyExc_RuntimeError }, &e),
    }
}

/// `gil()`: JSON text, [whether foreign calls may keep the GIL, and if not why].
unsafe extern "C" fn gil(_module: Obj, _none: Obj) -> Obj {
    // SAFETY: the GIL is held, and the caller is Python code.
    let how = unsafe { handoff::rehearse() };
    text(&json!([how.is_ok(), how.err().unwrap_or_default()]).to_string())
}

/// `leaf(function)`: a foreign function is promised to be a leaf. One that is never called directly has nothing of it.
unsafe extern "C" fn leaf(_module: Obj, function: Obj) -> Obj {
    adapters::promise_leaf(function);
    none()
}

/// The module's init function.
///
/// # Safety
/// Called by CPython's import machinery with the GIL held.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit__hardwire() -> Obj {
    use ffi::{METH_FASTCALL, METH_NOARGS, METH_O, PyMethodDef, PyMethodDefPointer};
    fn method(name: &'static std::ffi::CStr, f: PyMethodDefPointer, flags: i32) -> PyMethodDef {
        PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: f,
            ml_flags: flags,
            ml_doc: std::ptr::null(),
        }
    }
    let plain = |f: ffi::PyCFunction| PyMethodDefPointer { PyCFunction: f };
    let fast = |f: ffi::PyCFunctionFast| PyMethodDefPointer { PyCFunctionFast: f };
    // CPython keeps the tables for the life of the process.
    let methods = vec![
        method(c"enable", plain(enable), METH_O),
        method(c"disable", plain(disable), METH_NOARGS),
        method(c"is_enabled", plain(is_enabled), METH_NOARGS),
        method(c"check_options", plain(check_options), METH_O),
        method(c"stats", plain(stats), METH_NOARGS),
        method(c"selfcheck", plain(run_selfcheck), METH_NOARGS),
        method(c"leaf", plain(leaf), METH_O),
        method(c"gil", plain(gil), METH_NOARGS),
        method(c"dump", plain(begin_dump), METH_O),
        method(c"_story", plain(tell_story), METH_O),
        method(c"_end_dump", plain(end_dump), METH_NOARGS),
        method(c"_after_fork", plain(after_fork), METH_NOARGS),
        method(c"_on_jump", fast(hook::on_jump), METH_FASTCALL),
        method(
            c"_on_instruction",
            fast(hook::on_instruction),
            METH_FASTCALL,
        ),
        PyMethodDef::zeroed(),
    ];
    let def = Box::new(ffi::PyModuleDef {
        m_base: ffi::PyModuleDef_HEAD_INIT,
        m_name: c"_hardwire".as_ptr(),
        m_doc: std::ptr::null(),
        m_size: -1,
        m_methods: Box::leak(methods.into_boxed_slice()).as_mut_ptr(),
        m_slots: std::ptr::null_mut(),
        m_traverse: None,
        m_clear: None,
        m_free: None,
    });
    // SAFETY: the definition lives for ever.
    unsafe { ffi::PyModule_Create(Box::leak(def)) }
}
