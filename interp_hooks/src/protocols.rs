//! The protocols behind operators that call a method in Python (`__add__`, `__eq__`, `__len__`, `__init__`, ...): what
//! the interpreter makes of what the method gives, where an exit has left native code in the middle of it.
//!
//! The recorder does the same for what it sees (`record/operators.rs`), and leaves in front of the return where the
//! method gives something else. References are to CPython 3.12 and 3.13.

use crate::cpython::decode::Instr;
use crate::cpython::{Opcode, VersionTable, frame, instance};
use crate::helpers;
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use traces::Protocol;

type Obj = *mut ffi::PyObject;

/// What is made of what the method gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wants {
    /// It is the result, but for NotImplemented.
    Implemented,
    /// It is the result, whatever it is.
    Value,
    /// The result is its truth, or the opposite; a bool.
    Truth {
        /// Whether it is the opposite.
        negated: bool,
    },
    /// As `Truth`, and the bytecode is executed again on it.
    Jump,
    /// The result is an int that is not negative.
    Length,
    /// There is no result.
    Nothing,
    /// It is None; the result is the new instance, the only operand.
    Instance,
}

/// The names of the methods of binary operators, by their number in the bytecode, and how errors spell them:
/// `Objects/abstract.c`.
pub const BINARY: [(&CStr, &CStr, &CStr, &str); 13] = [
    (c"__add__", c"__radd__", c"__iadd__", "+"),
    (c"__and__", c"__rand__", c"__iand__", "&"),
    (c"__floordiv__", c"__rfloordiv__", c"__ifloordiv__", "//"),
    (c"__lshift__", c"__rlshift__", c"__ilshift__", "<<"),
    (c"__matmul__", c"__rmatmul__", c"__imatmul__", "@"),
    (c"__mul__", c"__rmul__", c"__imul__", "*"),
    (c"__mod__", c"__rmod__", c"__imod__", "%"),
    (c"__or__", c"__ror__", c"__ior__", "|"),
    (c"__pow__", c"__rpow__", c"__ipow__", "** or pow()"),
    (c"__rshift__", c"__rrshift__", c"__irshift__", ">>"),
    (c"__sub__", c"__rsub__", c"__isub__", "-"),
    (c"__truediv__", c"__rtruediv__", c"__itruediv__", "/"),
    (c"__xor__", c"__rxor__", c"__ixor__", "^"),
];
/// The slots of these operators.
const SLOTS: [c_int; 13] = [
    ffi::Py_nb_add,
    ffi::Py_nb_and,
    ffi::Py_nb_floor_divide,
    ffi::Py_nb_lshift,
    ffi::Py_nb_matrix_multiply,
    ffi::Py_nb_multiply,
    ffi::Py_nb_remainder,
    ffi::Py_nb_or,
    ffi::Py_nb_power,
    ffi::Py_nb_rshift,
    ffi::Py_nb_subtract,
    ffi::Py_nb_true_divide,
    ffi::Py_nb_xor,
];
/// The methods of comparisons, by `Py_LT`..`Py_GE`, and how errors spell them.
pub const COMPARISONS: [(&CStr, &str); 6] = [
    (c"__lt__", "<"),
    (c"__le__", "<="),
    (c"__eq__", "=="),
    (c"__ne__", "!="),
    (c"__gt__", ">"),
    (c"__ge__", ">="),
];
/// `_Py_SwappedOp`, Objects/object.c.
const SWAPPED: [c_int; 6] = [4, 5, 2, 3, 0, 1];

/// How many operands of a bytecode lie on the stack while its method runs, and what is made of what that gives.
pub fn operator(protocol: Protocol, i: &Instr) -> Option<(usize, Wants)> {
    use Opcode::*;
    Some(match (protocol, i.opcode) {
        (Protocol::Call, _) => return None,
        (Protocol::Init, CALL | CALL_KW) => (1, Wants::Instance),
        (Protocol::Calling, CALL) => (i.oparg as usize + 2, Wants::Value),
        (_, BINARY_OP) => (2, Wants::Implemented),
        (_, COMPARE_OP) => (2, Wants::Implemented),
        (_, BINARY_SUBSCR) => (2, Wants::Value),
        (_, STORE_SUBSCR) => (3, Wants::Nothing),
        (_, STORE_ATTR) => (2, Wants::Nothing),
        (_, CONTAINS_OP) => (
            2,
            Wants::Truth {
                negated: i.oparg != 0,
            },
        ),
        (_, TO_BOOL) => (1, Wants::Truth { negated: false }),
        (_, UNARY_NOT) => (1, Wants::Truth { negated: true }),
        (_, POP_JUMP_IF_TRUE | POP_JUMP_IF_FALSE) => (1, Wants::Jump),
        (_, UNARY_NEGATIVE | UNARY_INVERT) => (1, Wants::Value),
        (_, CALL) => (i.oparg as usize + 2, Wants::Length),
        _ => return None,
    })
}

/// How a caller goes on.
#[derive(Clone, Copy)]
pub enum Outcome {
    /// An exception is pending.
    Raised,
    /// With this operand more, behind its bytecode.
    Gives(Obj),
    /// With this operand more, at its bytecode.
    Again(Obj),
    /// Behind its bytecode.
    Nothing,
}

/// The caller of a method that has run to its end.
pub struct Caller {
    /// Its frame.
    pub at: *mut u8,
    /// The slots in use; those of the operands go.
    pub slots: usize,
    /// The bytecode.
    pub instr: Instr,
}

/// Does the rest of an operator, of what its method gave (NULL: it raised).
///
/// # Safety
/// The frame is the thread's current one, its operands lie on its stack, and the GIL is held.
pub unsafe fn complete(
    t: &VersionTable,
    caller: &mut Caller,
    protocol: Protocol,
    given: Obj,
) -> Outcome {
    let Some((n, wants)) = operator(protocol, &caller.instr) else {
        return match given.is_null() {
            true => Outcome::Raised,
            false => Outcome::Gives(given),
        };
    };
    // SAFETY: the caller's promise; the references move here.
    unsafe {
        caller.slots = caller.slots.saturating_sub(n);
        let take =
            |at| Strong::from_new(frame::slot(t, caller.at, at).replace(std::ptr::null_mut()));
        let operands: Vec<Option<Strong>> = (caller.slots..caller.slots + n).map(take).collect();
        let outcome = match Strong::from_new(given) {
            Some(given) => rest(t, &caller.instr, (protocol, wants), &operands, given),
            None => None,
        };
        let outcome = outcome.unwrap_or(Outcome::Raised);
        // The operands go last; what their finalisers do leaves the exception alone.
        let raised = ffi::PyErr_GetRaisedException();
        drop(operands);
        if !raised.is_null() {
            ffi::PyErr_SetRaisedException(raised);
        }
        outcome
    }
}

/// Nothing: an exception is pending.
unsafe fn rest(
    t: &VersionTable,
    i: &Instr,
    (protocol, wants): (Protocol, Wants),
    operands: &[Option<Strong>],
    given: Strong,
) -> Option<Outcome> {
    let operand = |n: usize| {
        let operand = operands.get(n).and_then(Option::as_ref);
        operand.map(|o| Object(o.as_ptr()))
    };
    // SAFETY: live objects, the GIL is held.
    unsafe {
        let result = match wants {
            Wants::Value => given,
            Wants::Implemented if i.opcode == Opcode::COMPARE_OP => {
                compared(t.compare(i.oparg), operand(0)?, operand(1)?, given)?
            }
            Wants::Implemented => {
                binary(i.oparg as usize, protocol, operand(0)?, operand(1)?, given)?
            }
            Wants::Truth { negated } if i.opcode == Opcode::CONTAINS_OP => {
                truth(ffi::PyObject_IsTrue(given.as_ptr()), negated)?
            }
            Wants::Truth { negated } => truth(truth_of(given)?, negated)?,
            Wants::Jump => return Some(Outcome::Again(truth(truth_of(given)?, false)?.into_raw())),
            Wants::Length => length(given)?,
            Wants::Nothing => return Some(Outcome::Nothing),
            Wants::Instance => {
                if given.as_ptr() != ffi::Py_None() {
                    // `slot_tp_init`, Objects/typeobject.c
                    let name = type_name(Object(given.as_ptr()));
                    let text = format!("__init__() should return None, not '{name}'");
                    return raise(ffi::PyExc_TypeError, &text);
                }
                operand(0)?.strong()
            }
        };
        Some(Outcome::Gives(result.into_raw()))
    }
}

/// `tp_name` of the type of an object, as errors spell it.
pub fn type_name(o: Object) -> String {
    // SAFETY: a type begins with the header of an object of variable size and its name.
    unsafe {
        let name: *const c_char = *o.type_object().0.cast::<*const c_char>().add(3);
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// Raises; gives nothing.
unsafe fn raise<T>(class: Obj, text: &str) -> Option<T> {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: a class of exceptions, the GIL is held.
    unsafe { ffi::PyErr_SetString(class, text.as_ptr()) };
    None
}

unsafe fn truth(truth: c_int, negated: bool) -> Option<Strong> {
    match truth {
        ..0 => None,
        // SAFETY: the GIL is held.
        n => Strong::from_new(unsafe { ffi::PyBool_FromLong(((n != 0) != negated).into()) }),
    }
}

/// `slot_nb_bool`, Objects/typeobject.c.
unsafe fn truth_of(given: Strong) -> Option<c_int> {
    let given = Object(given.as_ptr());
    if given.is_exactly(traces::Known::Bool) {
        // SAFETY: a live object.
        return Some(unsafe { ffi::PyObject_IsTrue(given.0) });
    }
    let name = type_name(given);
    let text = format!("__bool__ should return bool, returned {name}");
    // SAFETY: the GIL is held.
    unsafe { raise(ffi::PyExc_TypeError, &text) }
}

/// `slot_sq_length`, Objects/typeobject.c.
unsafe fn length(given: Strong) -> Option<Strong> {
    // SAFETY: live objects, the GIL is held.
    unsafe {
        let n = Strong::from_new(ffi::PyNumber_Index(given.as_ptr()))?;
        let zero = Strong::from_new(ffi::PyLong_FromLong(0))?;
        if ffi::PyObject_RichCompareBool(n.as_ptr(), zero.as_ptr(), ffi::Py_LT) == 1 {
            return raise(ffi::PyExc_ValueError, "__len__() should return >= 0");
        }
        let n = ffi::PyNumber_AsSsize_t(n.as_ptr(), ffi::PyExc_OverflowError);
        if n < 0 {
            return None;
        }
        Strong::from_new(ffi::PyLong_FromSsize_t(n))
    }
}

fn is_not_implemented(o: &Strong) -> bool {
    // SAFETY: immortal.
    o.as_ptr() == unsafe { ffi::Py_NotImplemented() }
}

/// `do_richcompare`, Objects/object.c, once the left operand has been asked; the class of the right one is not made
/// from the other.
unsafe fn compared(
    (op, to_bool): (u32, bool),
    v: Object,
    w: Object,
    given: Strong,
) -> Option<Strong> {
    // SAFETY: live objects, the GIL is held.
    unsafe {
        let mut result = given;
        if is_not_implemented(&result)
            && let compare = ffi::PyType_GetSlot(w.type_object().0.cast(), ffi::Py_tp_richcompare)
            && !compare.is_null()
        {
            let compare = std::mem::transmute::<*mut c_void, ffi::richcmpfunc>(compare);
            let swapped = *SWAPPED.get(op as usize)?;
            result = Strong::from_new(compare(w.0, v.0, swapped))?;
        }
        if is_not_implemented(&result) {
            result = match op as c_int {
                ffi::Py_EQ => truth((v == w).into(), false)?,
                ffi::Py_NE => truth((v != w).into(), false)?,
                _ => {
                    let (a, b) = (type_name(v), type_name(w));
                    let (_, sign) = COMPARISONS.get(op as usize)?;
                    let text =
                        format!("'{sign}' not supported between instances of '{a}' and '{b}'");
                    return raise(ffi::PyExc_TypeError, &text);
                }
            };
        }
        match to_bool {
            true => truth(ffi::PyObject_IsTrue(result.as_ptr()), false),
            false => Some(result),
        }
    }
}

/// `binary_op1` and `binary_iop1`, Objects/abstract.c, with `slot_nb_add` and its like, once the method has been asked
/// that comes first.
unsafe fn binary(
    op: usize,
    protocol: Protocol,
    v: Object,
    w: Object,
    given: Strong,
) -> Option<Strong> {
    if !is_not_implemented(&given) {
        return Some(given);
    }
    let (number, in_place) = (op % BINARY.len(), op >= BINARY.len());
    let (_, reflected, _, sign) = *BINARY.get(number)?;
    // SAFETY: live objects, the GIL is held.
    unsafe {
        let sign_of = |in_place: bool| format!("{sign}{}", if in_place { "=" } else { "" });
        let unsupported = |in_place: bool| {
            let (sign, a, b) = (sign_of(in_place), type_name(v), type_name(w));
            format!("unsupported operand type(s) for {sign}: '{a}' and '{b}'")
        };
        if protocol == Protocol::InPlace {
            let result = Strong::from_new(helpers::binary(number as i64, v.0, w.0));
            if result.is_none() {
                respell(&unsupported(false), &unsupported(true));
            }
            return result;
        }
        if protocol == Protocol::Operator && v.type_object() != w.type_object() {
            let slot = *SLOTS.get(number)?;
            let slot_of = |o: Object| ffi::PyType_GetSlot(o.type_object().0.cast(), slot);
            let (own, other) = (slot_of(v), slot_of(w));
            let result = if other.is_null() {
                None
            } else if other == own {
                // Both classes are made in Python.
                call_method(w, reflected, v)?
            } else {
                let other = std::mem::transmute::<*mut c_void, ffi::binaryfunc>(other);
                Some(Strong::from_new(other(v.0, w.0))?)
            };
            if let Some(result) = result.filter(|result| !is_not_implemented(result)) {
                return Some(result);
            }
        }
        raise(ffi::PyExc_TypeError, &unsupported(in_place))
    }
}

/// `o.name(argument)` by the class; `Some(None)` where it has no such method.
unsafe fn call_method(o: Object, name: &CStr, argument: Object) -> Option<Option<Strong>> {
    // SAFETY: live objects, the GIL is held.
    unsafe {
        let name = Strong::from_new(ffi::PyUnicode_InternFromString(name.as_ptr()))?;
        let class = o.type_object();
        let Some(method) = instance::in_class(class, Object(name.as_ptr())) else {
            return Some(None);
        };
        let method = method.strong();
        let class_of = Object(method.as_ptr()).type_object();
        let get = ffi::PyType_GetSlot(class_of.0.cast(), ffi::Py_tp_descr_get);
        let bound = match get.is_null() {
            true => method,
            false => {
                let get = std::mem::transmute::<*mut c_void, ffi::descrgetfunc>(get);
                Strong::from_new(get(method.as_ptr(), o.0, class.0))?
            }
        };
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let called = ffi::PyObject_CallFunctionObjArgs(bound.as_ptr(), argument.0, null);
        Strong::from_new(called).map(Some)
    }
}

/// An error that says one thing says another.
unsafe fn respell(from: &str, to: &str) {
    // SAFETY: an exception is pending, the GIL is held.
    unsafe {
        if ffi::PyErr_ExceptionMatches(ffi::PyExc_TypeError) == 0 {
            return;
        }
        let raised = ffi::PyErr_GetRaisedException();
        let text = Strong::from_new(ffi::PyObject_Str(raised));
        let says = text.is_some_and(|text| Object(text.as_ptr()).text() == from);
        ffi::PyErr_Clear();
        // What the program itself has raised has a traceback.
        let traceback = ffi::PyException_GetTraceback(raised);
        let own = traceback.is_null();
        ffi::Py_XDECREF(traceback);
        if says && own {
            ffi::Py_DECREF(raised);
            let _: Option<()> = raise(ffi::PyExc_TypeError, to);
        } else {
            ffi::PyErr_SetRaisedException(raised);
        }
    }
}
