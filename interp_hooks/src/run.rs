//! Entering native code, and rebuilding the interpreter's frame when it leaves.

use crate::assume::LEAVE;
use crate::cpython::frame;
use crate::engine::{Engine, Run};
use crate::loops::{Version, Wanted};
use crate::raiser;
use jit::{Activation, Exit, Repr, Source};
use pyo3_ffi as ffi;
use std::cell::Cell;
use std::rc::Rc;
use traces::Resume;

/// Whether the slots hold what the version's preamble guards.
pub fn fits(e: &Engine, version: &Version, f: *mut u8) -> bool {
    version.wants.iter().all(|&(slot, want)| {
        // SAFETY: the frame is alive and stopped; the slots are those of its own code.
        let o = unsafe { *frame::slot(e.table, f, usize::from(slot)) };
        match want {
            Wanted::Object(p) => o as usize == p,
            // SAFETY: not NULL: a live object.
            Wanted::Type(t) => !o.is_null() && unsafe { ffi::Py_TYPE(o) } as usize == t,
        }
    })
}

/// Runs a version on a frame until it leaves; afterwards the frame says where the interpreter
/// goes on.
///
/// # Safety
/// `f` is the thread's current frame, stopped in the JUMP callback of the version's loop, with
/// the GIL held.
pub unsafe fn run(e: &Engine, version: &Rc<Version>, thread: *mut ffi::PyThreadState, f: *mut u8) {
    let mut buf = vec![0u64; version.compiled.buf_len.max(1)];
    // SAFETY: the thread state is the current one.
    let interp = unsafe { frame::interp(e.table, thread) };
    let mut activation = Activation {
        frame: f,
        thread: thread.cast(),
        interp,
        buf: buf.as_mut_ptr(),
        during: 0,
    };
    let observed = Rc::new(Cell::new(false));
    let run = Run {
        thread,
        activation: &mut activation,
        version: Rc::clone(version),
        observed: Rc::clone(&observed),
    };
    e.runs.borrow_mut().push(run);
    // Nested events are suppressed while a callback runs; native code is no callback to the
    // functions that it calls.
    // SAFETY: the caller's promise; the code was compiled for this frame's code object.
    let n = unsafe {
        let tracing = frame::tracing(e.table, thread);
        let was = *tracing;
        *tracing = 0;
        let n = (version.compiled.entry)(&mut activation);
        *tracing = was;
        n
    };
    e.runs.borrow_mut().pop();
    if version.flag.get() == LEAVE {
        version.flag.set(0);
    }
    if let Some(t) = version.taken.borrow_mut().get_mut(n as usize) {
        *t += 1;
    }
    if let Some(exit) = version.compiled.exits.get(n as usize) {
        // SAFETY: the exit and the buffer belong to this run.
        unsafe { rebuild(e, version, exit, f, &buf, observed.get()) };
    }
}

/// The objects for the slots of an exit: new references, one object for one buffer word.
///
/// # Safety
/// The buffer holds the values of this exit.
unsafe fn objects(
    e: &Engine,
    version: &Version,
    exit: &Exit,
    buf: &[u64],
) -> Vec<(u16, *mut ffi::PyObject)> {
    let mut made: Vec<(u16, *mut ffi::PyObject)> = Vec::new();
    exit.slots
        .iter()
        .map(|&(slot, source)| {
            let (word, repr) = match source {
                Source::Const(id) => {
                    let o = version.trace.obj(id).addr as *mut ffi::PyObject;
                    // SAFETY: a constant that the version keeps alive, or NULL.
                    unsafe { ffi::Py_XINCREF(o) };
                    return (slot, o);
                }
                Source::Buf(word, repr) => (word, repr),
            };
            if let Some(&(_, o)) = made.iter().find(|m| m.0 == word) {
                // SAFETY: made just now.
                unsafe { ffi::Py_XINCREF(o) };
                return (slot, o);
            }
            let x = buf.get(usize::from(word)).copied().unwrap_or(0);
            // SAFETY: the word holds what its representation says.
            let o = unsafe { object(e, version, x, repr) };
            made.push((word, o));
            (slot, o)
        })
        .collect()
}

unsafe fn object(e: &Engine, version: &Version, x: u64, repr: Repr) -> *mut ffi::PyObject {
    use crate::helpers as h;
    // SAFETY: the caller's promise.
    unsafe {
        match repr {
            Repr::Obj => {
                let o = x as *mut ffi::PyObject;
                ffi::Py_XINCREF(o);
                o
            }
            Repr::Int => h::new_int(x as i64),
            Repr::Uint => h::new_uint(x),
            Repr::Float => h::new_float(f64::from_bits(x)),
            Repr::Bool => {
                let t = e.target.borrow();
                let o = (if x != 0 { t.true_addr } else { t.false_addr }) as *mut ffi::PyObject;
                ffi::Py_INCREF(o);
                o
            }
            Repr::CData(id) => h::new_cdata(x, version.trace.obj(id).addr as *mut ffi::PyObject),
        }
    }
}

/// Writes locals, operand stack, stack pointer and instruction pointer.
///
/// # Safety
/// The exit was taken by the version on this frame, and the buffer holds its values.
unsafe fn rebuild(
    e: &Engine,
    version: &Version,
    exit: &Exit,
    f: *mut u8,
    buf: &[u64],
    observed: bool,
) {
    // An exception that a helper raised must survive the allocations here.
    let raised = match exit.resume {
        // SAFETY: the GIL is held.
        Resume::Raise(_) => unsafe { ffi::PyErr_GetRaisedException() },
        _ => std::ptr::null_mut(),
    };
    let nlocals = version.trace.nlocals;
    let mut drops: Vec<*mut ffi::PyObject> = Vec::new();
    // SAFETY: see the function's own promise; slots are written while their new values are owned,
    // old objects are dropped when the frame is whole again.
    unsafe {
        for (slot, o) in objects(e, version, exit, buf) {
            let at = frame::slot(e.table, f, usize::from(slot));
            if slot < nlocals {
                if observed {
                    // Brought up to date during the call, and perhaps written to since.
                    drops.push(o);
                    continue;
                }
                drops.push(*at);
            }
            *at = o;
        }
        if let Resume::Raise(n) = exit.resume {
            let listed = |s: u16| exit.slots.iter().any(|&(x, _)| x == s);
            let top = nlocals + exit.depth;
            let operands = top.saturating_sub(n)..top;
            let mut old: Vec<*mut ffi::PyObject> = Vec::new();
            for s in operands.clone() {
                let _ = listed(s);
                old.push(*frame::slot(e.table, f, usize::from(s)));
            }
            raiser::place(e, f, exit.pc, operands, raised);
            drops.extend(old);
        }
        frame::set_stacktop(e.table, f, i32::from(nlocals + exit.depth));
        let code = version.trace.obj(exit.code).addr as *mut ffi::PyObject;
        frame::set_instr(e.table, f, code, exit.pc);
        for o in drops {
            ffi::Py_XDECREF(o);
        }
    }
}

/// Brings the frames of native runs that are inside a foreign call up to date, for somebody who is
/// about to look at them. `thread` NULL: of all threads.
pub fn observe(e: &Engine, thread: *mut ffi::PyThreadState) {
    let Ok(runs) = e.runs.try_borrow().map(|r| r.clone()) else {
        return;
    };
    for run in runs {
        if !thread.is_null() && run.thread != thread {
            continue;
        }
        // SAFETY: the activation lives on the stack of a thread that is inside the native run.
        let a = unsafe { &*run.activation };
        run.version.flag.set(run.version.flag.get().max(LEAVE));
        let Some(record) = a
            .during
            .checked_sub(1)
            .and_then(|n| run.version.compiled.durings.get(n as usize))
        else {
            continue;
        };
        if run.observed.replace(true) {
            continue;
        }
        // SAFETY: the buffer holds the values of this call; locals hold plain objects or NULL.
        unsafe {
            let buf = std::slice::from_raw_parts(a.buf, run.version.compiled.buf_len);
            for (slot, o) in objects(e, &run.version, record, buf) {
                if slot < run.version.trace.nlocals {
                    let at = frame::slot(e.table, a.frame, usize::from(slot));
                    // Native code may still hold the old (plain) object: it is let go by nobody
                    // before the run ends, since the trace's own values are unboxed.
                    let old = std::mem::replace(&mut *at, o);
                    ffi::Py_XDECREF(old);
                } else {
                    ffi::Py_XDECREF(o);
                }
            }
        }
    }
}
