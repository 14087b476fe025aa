//! Calls of helpers that may run Python code in the middle of calls that are part of a trace: the frames of the callees
//! stand where whoever looks at frames finds them, for as long as the helper runs.
//!
//! Their memory is where an exit would make them, and all that a local holds is there already: a frame is made by
//! filling in its header. Where somebody has got hold of one meanwhile, by a frame object, it has to stay, and the
//! trace leaves behind the call.

use crate::cpython::{VersionTable, frame, function};
use crate::engine::{self, Engine};
use crate::py::Object;
use crate::resume;
use jit::{Activation, Compiled, Exit, Source};
use pyo3_ffi as ffi;
use std::ffi::c_void;
use traces::{Protocol, Trace};

/// A callee's frame as it stands during such a call.
#[derive(Clone, Copy)]
pub struct Standing {
    /// Where it lies in the memory of the run.
    offset: isize,
    code: *mut ffi::PyObject,
    pc: u32,
    /// Where it goes on behind the call that it waits for; of the innermost one, nothing.
    behind: Option<u32>,
    /// The function, where the frame does not own it yet.
    function: *mut ffi::PyObject,
}

type Helper = unsafe extern "C" fn(*const *mut ffi::PyObject, usize, i64) -> i64;

/// For each record of a call, the frames of the callees, outermost first.
pub fn standing(e: &Engine, compiled: &Compiled, trace: &Trace) -> Vec<Vec<Standing>> {
    let records = compiled.durings.iter();
    records.map(|record| frames_of(e, trace, record)).collect()
}

fn frames_of(e: &Engine, trace: &Trace, record: &Exit) -> Vec<Standing> {
    if record.frames.len() < 2 {
        return Vec::new();
    }
    let behind = resume::behind(e, trace, record);
    let target = e.target.borrow();
    let object = |id| trace.obj(id).addr as *mut ffi::PyObject;
    // What an operator calls is called from C.
    let calls = |n: usize| {
        let callee = record.frames.get(n).and_then(|f| trace.inlined_at(f.slot));
        callee.is_none_or(|callee| callee.protocol == Protocol::Call)
    };
    let callees = record.frames.iter().enumerate().skip(1);
    let standing = |(n, f): (usize, &jit::ExitFrame)| {
        let listed = record.slots.iter().find(|(slot, _)| *slot == f.slot);
        Standing {
            offset: target.inlined_frame(trace, f.slot) as isize,
            code: object(f.code),
            pc: f.pc,
            behind: behind.get(n).copied().filter(|_| calls(n + 1)),
            function: match listed {
                Some(&(_, Source::Const(id))) => object(id),
                _ => std::ptr::null_mut(),
            },
        }
    };
    callees.map(standing).collect()
}

/// Calls a helper while the frames of a record stand; see [`jit::target::Functions::call_inside`].
///
/// # Safety
/// Called by native code, with its own activation, the index of one of its records, and what the helper takes; the GIL
/// is held.
pub unsafe extern "C" fn call_inside(
    a: *mut Activation,
    record: i64,
    helper: *const c_void,
    argv: *const *mut ffi::PyObject,
    argc: usize,
    extra: i64,
) -> i64 {
    // SAFETY: one of the helpers, which all take these; what one leaves in the high half of its result is not looked at.
    let helper = unsafe { std::mem::transmute::<*const c_void, Helper>(helper) };
    let run = engine::get().and_then(|e| {
        let runs = e.runs.try_borrow().ok()?;
        let run = runs.iter().rev().find(|run| run.activation == a);
        run.map(|run| (e, run.clone()))
    });
    let Some((e, run)) = run else {
        // A run is listed for as long as it lasts.
        // SAFETY: the caller's promise.
        return unsafe { helper(argv, argc, extra) };
    };
    let frames = run.version.standing.get(record as usize);
    let frames = frames.map_or(&[][..], Vec::as_slice);
    let (t, thread) = (e.table, run.thread);
    // SAFETY: the activation is that of a run under way on this thread, whose own frame is the current one; the memory of
    // the frames was set aside when it began.
    unsafe {
        let (root, memory) = ((*a).frame, (*a).inlined);
        let inner = make(t, frames, root, memory);
        let deep = frames.len() as i32;
        frame::set_current(t, thread, inner);
        *frame::recursion(t, thread) -= deep;
        let given = helper(argv, argc, extra);
        *frame::recursion(t, thread) += deep;
        frame::set_current(t, thread, root);
        let seen = |f: &Standing| is_seen(t, memory.offset(f.offset));
        if frames.iter().any(seen) {
            (&raw mut (*a).observed).write(1);
            Activation::leave(a);
        } else {
            unmake(t, frames, memory);
        }
        given
    }
}

/// Whether somebody has asked for a frame, or for what its locals hold.
///
/// # Safety
/// A living frame; the GIL is held.
pub unsafe fn is_seen(t: &VersionTable, f: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { !frame::frame_object(t, f).is_null() || !frame::locals_dict(t, f).is_null() }
}

/// Makes the frames, one called by the other; gives the innermost one.
///
/// # Safety
/// Their memory is set aside, and the GIL is held.
unsafe fn make(t: &VersionTable, frames: &[Standing], root: *mut u8, memory: *mut u8) -> *mut u8 {
    let mut caller = root;
    for f in frames {
        // SAFETY: the caller's promise; the code objects are constants of the trace.
        unsafe {
            let at = memory.offset(f.offset);
            let place = frame::function(t, at);
            if !f.function.is_null() {
                *place = ffi::Py_NewRef(f.function);
            }
            let of = Object(*place);
            let (globals, builtins) = (function::globals(t, of), function::builtins(t, of));
            let code = ffi::Py_NewRef(f.code);
            frame::make(t, at, caller, [code, globals.0, builtins.0]);
            // As that of a frame that runs; 0 would be one that is cleared.
            frame::set_stacktop(t, at, -1);
            match f.behind {
                Some(behind) => frame::set_in_call(t, at, f.code, f.pc, behind),
                None => frame::set_instr(t, at, f.code, f.pc),
            }
            caller = at;
        }
    }
    caller
}

/// Takes the frames back.
///
/// # Safety
/// They were made, and nobody has got hold of one; the GIL is held.
unsafe fn unmake(t: &VersionTable, frames: &[Standing], memory: *mut u8) {
    for f in frames {
        // SAFETY: the caller's promise; the trace has references of its own to what is let go of here.
        unsafe {
            let at = memory.offset(f.offset);
            ffi::Py_DECREF(f.code);
            if !f.function.is_null() {
                *frame::function(t, at) = std::ptr::null_mut();
                ffi::Py_DECREF(f.function);
            }
        }
    }
}
