//! Access to thread states, interpreter frames and code objects by the table's offsets.
//!
//! Every function is unsafe for the same reasons: the pointers must be alive, the GIL held, and the
//! table the one that was proved on the running interpreter.
#![allow(clippy::missing_safety_doc)]

use super::{Opcode, VersionTable};
use pyo3_ffi as ffi;

type Table = VersionTable;

unsafe fn word(p: *mut u8, offset: i32) -> *mut *mut u8 {
    // SAFETY: the module's contract.
    unsafe { p.offset(offset as isize).cast() }
}

/// The thread's current frame.
pub unsafe fn current(t: &Table, thread: *mut ffi::PyThreadState) -> *mut u8 {
    // SAFETY: the module's contract.
    unsafe {
        let p = *word(thread.cast(), t.thread_frame);
        if t.cframe_frame < 0 {
            p
        } else {
            *word(p, t.cframe_frame)
        }
    }
}

/// The interpreter state of a thread.
pub unsafe fn interp(t: &Table, thread: *mut ffi::PyThreadState) -> *mut u8 {
    // SAFETY: the module's contract.
    unsafe { *word(thread.cast(), t.thread_interp) }
}

/// Nonzero while a monitoring callback runs on the thread.
pub unsafe fn tracing(t: &Table, thread: *mut ffi::PyThreadState) -> *mut i32 {
    // SAFETY: the module's contract.
    unsafe { word(thread.cast(), t.thread_tracing).cast() }
}

/// Whether the interpreter wants attention: signals, other threads, pending calls.
pub unsafe fn breaker_set(t: &Table, thread: *mut ffi::PyThreadState) -> bool {
    // SAFETY: the module's contract.
    unsafe {
        if t.thread_breaker >= 0 {
            *word(thread.cast(), t.thread_breaker) as usize & 0xff != 0
        } else {
            *word(interp(t, thread), t.interp_breaker).cast::<i32>() != 0
        }
    }
}

/// Whether somebody else has taken over the evaluation of frames (PEP 523), who wants to be handed each call.
pub unsafe fn evaluated_by_others(t: &Table, thread: *mut ffi::PyThreadState) -> bool {
    type Evaluate = unsafe extern "C" fn(
        *mut ffi::PyThreadState,
        *mut u8,
        std::ffi::c_int,
    ) -> *mut ffi::PyObject;
    unsafe extern "C" {
        // Include/cpython/pystate.h, Include/cpython/ceval.h; not in the limited API.
        fn _PyInterpreterState_GetEvalFrameFunc(interp: *mut u8) -> Evaluate;
        fn _PyEval_EvalFrameDefault(
            thread: *mut ffi::PyThreadState,
            frame: *mut u8,
            throw: std::ffi::c_int,
        ) -> *mut ffi::PyObject;
    }
    // SAFETY: the module's contract.
    unsafe {
        let evaluate = _PyInterpreterState_GetEvalFrameFunc(interp(t, thread));
        evaluate as *const () != _PyEval_EvalFrameDefault as *const ()
    }
}

/// Whether somebody has asked to be told of each opcode in one of the frames of a thread.
pub unsafe fn opcodes_are_traced(t: &Table, thread: *mut ffi::PyThreadState) -> bool {
    // SAFETY: the module's contract; the list ends in NULL. An attribute of a live object, without code of the user's.
    unsafe {
        let mut f = current(t, thread);
        while !f.is_null() {
            let object = frame_object(t, f);
            if !object.is_null() {
                let asked = ffi::PyObject_GetAttrString(object, c"f_trace_opcodes".as_ptr());
                let asked = crate::py::Strong::from_new(asked);
                if asked.is_some_and(|asked| asked.as_ptr() == ffi::Py_True()) {
                    return true;
                }
                ffi::PyErr_Clear();
            }
            f = caller(t, f);
        }
        false
    }
}

/// Whether `tracemalloc` notes where memory is allocated. Native code allocates less, and does not say at which line.
pub unsafe fn allocations_are_traced() -> bool {
    unsafe extern "C" {
        // Include/cpython/tracemalloc.h; not in the limited API.
        fn PyTraceMalloc_Untrack(domain: std::ffi::c_uint, block: usize) -> std::ffi::c_int;
    }
    // SAFETY: the GIL is held; a domain of ours, in which nothing is ever tracked.
    unsafe { PyTraceMalloc_Untrack(0x4857_0000, 0) != -2 }
}

/// The code object of a frame.
pub unsafe fn code(t: &Table, f: *mut u8) -> *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { (*word(f, t.frame_code)).cast() }
}

/// The globals dict of a frame.
pub unsafe fn globals(t: &Table, f: *mut u8) -> *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { (*word(f, t.frame_globals)).cast() }
}

/// The builtins dict of a frame.
pub unsafe fn builtins(t: &Table, f: *mut u8) -> *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { (*word(f, t.frame_builtins)).cast() }
}

/// The namespace of a module's or class body's frame; NULL in a function.
pub unsafe fn locals_dict(t: &Table, f: *mut u8) -> *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { (*word(f, t.frame_locals)).cast() }
}

/// The frame object, where somebody asked for one.
pub unsafe fn frame_object(t: &Table, f: *mut u8) -> *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { (*word(f, t.frame_object)).cast() }
}

/// Whether a frame is among those of a thread.
pub unsafe fn is_on_stack(t: &Table, thread: *mut ffi::PyThreadState, wanted: *mut u8) -> bool {
    // SAFETY: the module's contract; the list ends in NULL.
    unsafe {
        let mut f = current(t, thread);
        while !f.is_null() && f != wanted {
            f = *word(f, t.frame_previous);
        }
        !f.is_null()
    }
}

/// The next frame further out, which may be the evaluator's own.
pub unsafe fn previous(t: &Table, f: *mut u8) -> *mut u8 {
    // SAFETY: the module's contract.
    unsafe { *word(f, t.frame_previous) }
}

/// Puts another frame behind a frame.
pub unsafe fn set_previous(t: &Table, f: *mut u8, previous: *mut u8) {
    // SAFETY: the module's contract.
    unsafe { *word(f, t.frame_previous) = previous }
}

/// The frame that called, without those that are the evaluator's own.
pub unsafe fn caller(t: &Table, f: *mut u8) -> *mut u8 {
    // SAFETY: the module's contract; the list ends in NULL.
    unsafe {
        let mut f = *word(f, t.frame_previous);
        while !f.is_null() && *f.offset(t.frame_owner as isize) == t.owned_by_c {
            f = *word(f, t.frame_previous);
        }
        f
    }
}

/// Whether a frame is of no program's code: CPython puts one between an `__init__` and the call of the class
/// (`_Py_InitCleanup`, `Python/specialize.c`), whose code object is a constant that must not be asked for its bytecode. Some
/// of CPython's own modules have immortal code objects too (3.12), as nobody else has.
pub unsafe fn is_between(t: &Table, f: *mut u8) -> bool {
    // SAFETY: the module's contract.
    unsafe { ffi::Py_REFCNT(code(t, f)) >= 1 << 30 }
}

/// A slot: locals first, then the operand stack.
pub unsafe fn slot(t: &Table, f: *mut u8, n: usize) -> *mut *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { word(f, t.frame_slots).add(n).cast() }
}

/// The number of slots in use, locals included (only valid in a callback that is about a jump).
pub unsafe fn stacktop(t: &Table, f: *mut u8) -> i32 {
    // SAFETY: the module's contract.
    unsafe { *word(f, t.frame_stacktop).cast::<i32>() }
}

/// Sets the number of slots in use.
pub unsafe fn set_stacktop(t: &Table, f: *mut u8, n: i32) {
    // SAFETY: the module's contract.
    unsafe { *word(f, t.frame_stacktop).cast::<i32>() = n }
}

/// The byte offset of the instruction that a frame which waits for a call has come to, or of the inline cache behind it.
pub unsafe fn pc(t: &Table, f: *mut u8, code: *mut ffi::PyObject) -> u32 {
    // SAFETY: the module's contract.
    unsafe {
        let first = code.cast::<u8>().offset(t.code_bytes as isize);
        (*word(f, t.frame_instr)).offset_from(first).max(0) as u32
    }
}

/// Makes the interpreter go on at a byte offset when the JUMP callback returns.
pub unsafe fn set_instr(t: &Table, f: *mut u8, code: *mut ffi::PyObject, pc: u32) {
    // SAFETY: the module's contract.
    unsafe {
        *word(f, t.frame_instr) = code
            .cast::<u8>()
            .offset(t.code_bytes as isize)
            .add(pc as usize)
    }
}

/// The thread's top of the data stack, and the end of its uppermost piece.
pub unsafe fn data_stack(
    t: &Table,
    thread: *mut ffi::PyThreadState,
) -> (*mut *mut u8, *mut *mut u8) {
    // SAFETY: the module's contract.
    unsafe {
        (
            word(thread.cast(), t.thread_top),
            word(thread.cast(), t.thread_limit),
        )
    }
}

/// The uppermost piece of the thread's data stack.
pub unsafe fn chunk(t: &Table, thread: *mut ffi::PyThreadState) -> *mut *mut u8 {
    // SAFETY: the module's contract.
    unsafe { word(thread.cast(), t.thread_chunk) }
}

/// How many calls of functions in Python the thread has left.
pub unsafe fn recursion(t: &Table, thread: *mut ffi::PyThreadState) -> *mut i32 {
    // SAFETY: the module's contract.
    unsafe { word(thread.cast(), t.thread_recursion).cast() }
}

/// Makes a frame the thread's current one.
pub unsafe fn set_current(t: &Table, thread: *mut ffi::PyThreadState, f: *mut u8) {
    // SAFETY: the module's contract.
    unsafe {
        let place = word(thread.cast(), t.thread_frame);
        match t.cframe_frame < 0 {
            true => *place = f,
            false => *word(*place, t.cframe_frame) = f,
        }
    }
}

/// The function of a frame.
pub unsafe fn function(t: &Table, f: *mut u8) -> *mut *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { word(f, t.frame_function).cast() }
}

/// The size of the frames of a code object, in bytes.
pub unsafe fn size(t: &Table, code: *mut ffi::PyObject) -> usize {
    // SAFETY: the module's contract.
    let slots = unsafe { code_nlocalsplus(t, code) + code_stacksize(t, code) };
    t.frame_slots as usize + 8 * slots as usize
}

/// Fills in a frame of code, globals and builtins, whose function and slots are there; takes over the code object.
pub unsafe fn make(t: &Table, f: *mut u8, caller: *mut u8, of: [*mut ffi::PyObject; 3]) {
    let [code, globals, builtins] = of;
    // SAFETY: the module's contract.
    unsafe {
        *word(f, t.frame_code) = code.cast();
        *word(f, t.frame_previous) = caller;
        *word(f, t.frame_globals) = globals.cast();
        *word(f, t.frame_builtins) = builtins.cast();
        *word(f, t.frame_locals) = std::ptr::null_mut();
        *word(f, t.frame_object) = std::ptr::null_mut();
        *f.offset(t.frame_return_offset as isize).cast::<u16>() = 0;
        *f.offset(t.frame_owner as isize) = t.owned_by_thread;
    }
}

/// Makes a frame that is handed to the evaluator go on at a byte offset.
pub unsafe fn set_next(t: &Table, f: *mut u8, code: *mut ffi::PyObject, pc: u32) {
    // SAFETY: the module's contract; the unit in front is that of RESUME or lies behind it.
    unsafe {
        set_instr(t, f, code, pc);
        if t.instr_in_call == 0 {
            let place = word(f, t.frame_instr);
            *place = (*place).sub(2);
        }
    }
}

/// Makes a frame one that waits for a call to return.
pub unsafe fn set_in_call(t: &Table, f: *mut u8, code: *mut ffi::PyObject, pc: u32, behind: u32) {
    // SAFETY: the module's contract.
    unsafe {
        let offset = f.offset(t.frame_return_offset as isize).cast::<u16>();
        if t.instr_in_call == 0 {
            set_instr(t, f, code, behind - 2);
            *offset = 0;
        } else {
            set_instr(t, f, code, pc);
            *offset = ((behind - pc) / 2) as u16;
        }
    }
}

/// The number of locals, cells and free variables.
pub unsafe fn code_nlocalsplus(t: &Table, code: *mut ffi::PyObject) -> u32 {
    // SAFETY: the module's contract.
    unsafe { *word(code.cast(), t.code_nlocalsplus).cast::<i32>() as u32 }
}

/// The greatest depth of the operand stack.
pub unsafe fn code_stacksize(t: &Table, code: *mut ffi::PyObject) -> u32 {
    // SAFETY: the module's contract.
    unsafe { *word(code.cast(), t.code_stacksize).cast::<i32>() as u32 }
}

/// A constant; NULL where there is none of this number.
pub unsafe fn code_const(t: &Table, code: *mut ffi::PyObject, n: usize) -> *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { tuple_item((*word(code.cast(), t.code_consts)).cast(), n) }
}

/// A name; NULL where there is none of this number.
pub unsafe fn code_name(t: &Table, code: *mut ffi::PyObject, n: usize) -> *mut ffi::PyObject {
    // SAFETY: the module's contract.
    unsafe { tuple_item((*word(code.cast(), t.code_names)).cast(), n) }
}

unsafe fn tuple_item(tuple: *mut ffi::PyObject, n: usize) -> *mut ffi::PyObject {
    // SAFETY: the module's contract; the index is checked.
    unsafe {
        if n < ffi::PyTuple_Size(tuple) as usize {
            ffi::PyTuple_GetItem(tuple, n as isize)
        } else {
            std::ptr::null_mut()
        }
    }
}

/// Whether a tool other than number `tool` watches the code object (or every code object).
pub unsafe fn watched_by_others(t: &Table, code: *mut ffi::PyObject, tool: u32) -> bool {
    // SAFETY: the module's contract; the data exists once the code was instrumented.
    unsafe {
        let data = *word(code.cast(), t.code_monitoring);
        if data.is_null() {
            return false;
        }
        let active = data.offset(t.monitoring_active as isize);
        (0..t.monitoring_events as usize).any(|i| *active.add(i) & !(1 << tool) != 0)
    }
}

/// The bytecode at a byte offset, by way of `co_code` (specialised and instrumented forms undone).
pub unsafe fn opcode_at(t: &Table, code: *mut ffi::PyObject, pc: u32) -> Opcode {
    decoded(t, code)
        .and_then(|d| d.at(pc).map(|i| i.opcode))
        .unwrap_or(Opcode::Unknown)
}

/// Decodes a code object.
pub fn decoded(t: &Table, code: *mut ffi::PyObject) -> Option<super::decode::Decoded> {
    // SAFETY: a live code object, whose `co_code` is a bytes object.
    unsafe {
        let bytes =
            crate::py::Strong::from_new(ffi::PyObject_GetAttrString(code, c"co_code".as_ptr()))?;
        let (mut p, mut n) = (std::ptr::null_mut(), 0);
        if ffi::PyBytes_AsStringAndSize(bytes.as_ptr(), &mut p, &mut n) != 0 {
            ffi::PyErr_Clear();
            return None;
        }
        let bytes = std::slice::from_raw_parts(p.cast::<u8>(), n as usize);
        Some(super::decode::Decoded::new(bytes, t))
    }
}
