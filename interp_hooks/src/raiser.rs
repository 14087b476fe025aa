//! Raising at any bytecode: the operands of the failing bytecode are replaced by an object whose
//! every operation raises the pending exception, and the interpreter executes the bytecode again.

use crate::cpython::{Opcode, frame};
use crate::engine::Engine;
use crate::py::Strong;
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ops::Range;

#[repr(C)]
struct Raiser {
    base: ffi::PyObject,
    exception: *mut ffi::PyObject,
}

unsafe fn raise(o: *mut ffi::PyObject) {
    // SAFETY: an instance of our type; the exception stays with it.
    unsafe {
        let e = (*o.cast::<Raiser>()).exception;
        if e.is_null() {
            ffi::PyErr_SetString(
                ffi::PyExc_SystemError,
                c"hardwire: no exception to raise".as_ptr(),
            );
        } else {
            ffi::Py_INCREF(e);
            ffi::PyErr_SetRaisedException(e);
        }
    }
}

/// The instance among the operands of a binary slot.
unsafe fn raise_either(a: *mut ffi::PyObject, b: *mut ffi::PyObject) {
    // SAFETY: live objects; one of them is ours.
    unsafe {
        let ours =
            crate::engine::get().is_some_and(|e| ffi::Py_TYPE(a).cast() == e.raiser.as_ptr());
        raise(if ours { a } else { b });
    }
}

unsafe extern "C" fn unary(o: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: a slot of our type.
    unsafe { raise(o) };
    std::ptr::null_mut()
}
unsafe extern "C" fn binary(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: a slot of our type.
    unsafe { raise_either(a, b) };
    std::ptr::null_mut()
}
unsafe extern "C" fn method_of(
    o: *mut ffi::PyObject,
    _args: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: a method of our type.
    unsafe { raise(o) };
    std::ptr::null_mut()
}
unsafe extern "C" fn ternary(
    a: *mut ffi::PyObject,
    b: *mut ffi::PyObject,
    _c: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: a slot of our type.
    unsafe { raise_either(a, b) };
    std::ptr::null_mut()
}
unsafe extern "C" fn compare(
    a: *mut ffi::PyObject,
    b: *mut ffi::PyObject,
    _op: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: a slot of our type.
    unsafe { raise_either(a, b) };
    std::ptr::null_mut()
}
unsafe extern "C" fn truth(o: *mut ffi::PyObject) -> c_int {
    // SAFETY: a slot of our type.
    unsafe { raise(o) };
    -1
}
unsafe extern "C" fn hash(o: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: a slot of our type.
    unsafe { raise(o) };
    -1
}
unsafe extern "C" fn contains(o: *mut ffi::PyObject, _item: *mut ffi::PyObject) -> c_int {
    // SAFETY: a slot of our type.
    unsafe { raise(o) };
    -1
}
unsafe extern "C" fn assign(
    o: *mut ffi::PyObject,
    _k: *mut ffi::PyObject,
    _v: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: a slot of our type.
    unsafe { raise(o) };
    -1
}
unsafe extern "C" fn call(
    o: *mut ffi::PyObject,
    _a: *mut ffi::PyObject,
    _k: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: a slot of our type.
    unsafe { raise(o) };
    std::ptr::null_mut()
}
unsafe extern "C" fn dealloc(o: *mut ffi::PyObject) {
    // SAFETY: the last reference to an instance of our heap type goes away.
    unsafe {
        let ty = ffi::Py_TYPE(o);
        ffi::Py_XDECREF((*o.cast::<Raiser>()).exception);
        ffi::PyObject_Free(o.cast());
        ffi::Py_DECREF(ty.cast());
    }
}

/// Makes the type.
pub fn make_type() -> Option<Strong> {
    fn slot(slot: c_int, f: *const ()) -> ffi::PyType_Slot {
        ffi::PyType_Slot {
            slot,
            pfunc: f.cast_mut().cast::<c_void>(),
        }
    }
    let method = |name: &'static CStr, flags| ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunction: method_of,
        },
        ml_flags: flags,
        ml_doc: std::ptr::null(),
    };
    let binary_slots = [
        ffi::Py_nb_add,
        ffi::Py_nb_subtract,
        ffi::Py_nb_multiply,
        ffi::Py_nb_remainder,
        ffi::Py_nb_divmod,
        ffi::Py_nb_lshift,
        ffi::Py_nb_rshift,
        ffi::Py_nb_and,
        ffi::Py_nb_xor,
        ffi::Py_nb_or,
        ffi::Py_nb_floor_divide,
        ffi::Py_nb_true_divide,
        ffi::Py_nb_matrix_multiply,
        ffi::Py_mp_subscript,
        ffi::Py_tp_getattro,
    ];
    let mut slots: Vec<ffi::PyType_Slot> = binary_slots
        .iter()
        .map(|&s| slot(s, binary as *const ()))
        .collect();
    for s in [
        ffi::Py_nb_negative,
        ffi::Py_nb_invert,
        ffi::Py_nb_positive,
        ffi::Py_tp_iter,
        ffi::Py_tp_iternext,
        ffi::Py_tp_str,
        ffi::Py_tp_repr,
    ] {
        slots.push(slot(s, unary as *const ()));
    }
    // CPython keeps the table for the life of the type.
    let methods = Box::leak(Box::new([
        method(c"__format__", ffi::METH_O),
        // `with` looks these up on the type, both before it calls the first.
        method(c"__enter__", ffi::METH_NOARGS),
        method(c"__exit__", ffi::METH_VARARGS),
        ffi::PyMethodDef::zeroed(),
    ]));
    slots.push(ffi::PyType_Slot {
        slot: ffi::Py_tp_methods,
        pfunc: methods.as_mut_ptr().cast(),
    });
    slots.push(slot(ffi::Py_nb_power, ternary as *const ()));
    slots.push(slot(ffi::Py_tp_richcompare, compare as *const ()));
    slots.push(slot(ffi::Py_nb_bool, truth as *const ()));
    slots.push(slot(ffi::Py_tp_hash, hash as *const ()));
    slots.push(slot(ffi::Py_sq_contains, contains as *const ()));
    slots.push(slot(ffi::Py_mp_ass_subscript, assign as *const ()));
    slots.push(slot(ffi::Py_tp_setattro, assign as *const ()));
    slots.push(slot(ffi::Py_tp_call, call as *const ()));
    slots.push(slot(ffi::Py_tp_dealloc, dealloc as *const ()));
    slots.push(ffi::PyType_Slot {
        slot: 0,
        pfunc: std::ptr::null_mut(),
    });
    let mut spec = ffi::PyType_Spec {
        name: c"hardwire._raiser".as_ptr(),
        basicsize: size_of::<Raiser>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec and its slots live through the call; CPython copies them.
    Strong::from_new(unsafe { ffi::PyType_FromSpec(&mut spec) })
}

/// Puts raising operands into the slots of the bytecode at `pc`; takes over `exception`. The old
/// contents are the caller's to drop.
///
/// # Safety
/// The slots are the operands of the bytecode in the frame, and the GIL is held.
pub unsafe fn place(
    e: &Engine,
    f: *mut u8,
    pc: u32,
    operands: Range<u16>,
    exception: *mut ffi::PyObject,
) {
    // SAFETY: the caller's promise; `tp_alloc` of our type gives zeroed memory or NULL.
    unsafe {
        let o = ffi::PyType_GenericAlloc(e.raiser.as_ptr().cast(), 0);
        if o.is_null() {
            ffi::Py_FatalError(c"hardwire: out of memory".as_ptr());
        }
        (*o.cast::<Raiser>()).exception = exception;
        let code = frame::code(e.table, f);
        let opcode = frame::opcode_at(e.table, code, pc);
        let (first, last) = (operands.start, operands.end - 1);
        for s in operands {
            let at = frame::slot(e.table, f, usize::from(s));
            let is_call = matches!(opcode, Opcode::CALL | Opcode::CALL_KW);
            let is_call_ex = opcode == Opcode::CALL_FUNCTION_EX;
            let null = u16::from(e.table.callable_first());
            let is_format = matches!(opcode, Opcode::FORMAT_VALUE | Opcode::FORMAT_WITH_SPEC);
            *at = match (is_call, s - first) {
                (true, n) if n == u16::from(!e.table.callable_first()) => ffi::Py_NewRef(o),
                (true, n) if n < 2 => std::ptr::null_mut(),
                // The names of keyword arguments stay what they are.
                (true, _) if opcode == Opcode::CALL_KW && s == last => ffi::Py_XNewRef(*at),
                (true, _) => ffi::Py_NewRef(ffi::Py_None()),
                (false, n) if is_call_ex && n == null => std::ptr::null_mut(),
                // A specification that is no str would raise by itself.
                (false, n) if is_format && n > 0 => ffi::Py_XNewRef(*at),
                (false, _) => ffi::Py_NewRef(o),
            };
        }
        ffi::Py_DECREF(o);
    }
}
