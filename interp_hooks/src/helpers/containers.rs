//! Helpers that make containers and strings, or look into them.

use super::{Obj, args, or_die};
use crate::engine;
use pyo3_ffi as ffi;
use std::ffi::c_void;
use std::sync::OnceLock;
use traces::Field;

pub(super) unsafe extern "C" fn list_append(list: Obj, value: Obj) {
    // SAFETY: an exact list and a live object. Where there is no memory the process ends.
    unsafe {
        if ffi::PyList_Append(list, value) != 0 {
            ffi::Py_FatalError(c"hardwire: out of memory".as_ptr());
        }
    }
}

/// What `_PyDict_FromItems` does for the named arguments that are left, Python/ceval.c.
pub(super) unsafe extern "C" fn dict_init(dict: Obj, key: Obj, value: Obj) {
    // SAFETY: a new dict and an exact str. Where there is no memory the process ends.
    unsafe {
        if ffi::PyDict_SetItem(dict, key, value) != 0 {
            ffi::Py_FatalError(c"hardwire: out of memory".as_ptr());
        }
    }
}

/// `list_pop_impl` and `list_resize`, Objects/listobject.c.
pub(super) unsafe extern "C" fn list_pop(list: Obj) {
    // SAFETY: an exact list that has an item. Where there is no memory the process ends.
    unsafe {
        let last = ffi::PyList_Size(list) - 1;
        let allocated = engine::get().map_or(isize::MAX, |e| {
            *list.byte_offset(e.table.list_allocated as isize).cast()
        });
        if last >= allocated >> 1 {
            let item = ffi::PyList_GetItem(list, last);
            let size = engine::field_offset(Field::ListSize) as isize;
            *list.byte_offset(size).cast::<isize>() = last;
            ffi::Py_DECREF(item);
        } else if ffi::PyList_SetSlice(list, last, last + 1, std::ptr::null_mut()) != 0 {
            ffi::Py_FatalError(c"hardwire: out of memory".as_ptr());
        }
    }
}

/// `enum_next`, Objects/enumobject.c; `zip_next`, Python/bltinmodule.c.
pub(super) unsafe extern "C" fn pair_set(tuple: Obj, index: i64, item: Obj) {
    // SAFETY: a tuple that has such an item and one owner, whose code does just this; a live object. The old item
    // lives on.
    unsafe {
        let at = engine::field_offset(Field::TupleItems) as isize;
        let items = tuple.cast::<u8>().offset(at).cast::<Obj>();
        let old = items.offset(index as isize).replace(ffi::Py_NewRef(item));
        ffi::Py_XDECREF(old);
        if ffi::PyObject_GC_IsTracked(tuple) == 0 {
            ffi::PyObject_GC_Track(tuple.cast());
        }
    }
}

pub(super) unsafe extern "C" fn str_item(text: Obj, index: i64) -> i64 {
    // SAFETY: an exact str that has such a character.
    i64::from(unsafe { ffi::PyUnicode_ReadChar(text, index as isize) })
}

pub(super) unsafe extern "C" fn del_item(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: two owned arguments.
    unsafe {
        let a = args(argv, argc);
        ffi::PyObject_DelItem(a.get(0), a.get(1))
    }
}

pub(super) unsafe extern "C" fn list_extend(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: two owned arguments, a list and a list or tuple.
    unsafe {
        let a = args(argv, argc);
        // As the interpreter does, which gives an empty list no more room than it needs.
        let name = ffi::PyUnicode_InternFromString(c"extend".as_ptr());
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let done = ffi::PyObject_CallMethodObjArgs(a.get(0), name, a.get(1), null);
        ffi::Py_XDECREF(name);
        ffi::Py_XDECREF(done);
        if done.is_null() { -1 } else { 0 }
    }
}

pub(super) unsafe extern "C" fn set_add(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: two owned arguments, a set and its item.
    unsafe {
        let a = args(argv, argc);
        ffi::PySet_Add(a.get(0), a.get(1))
    }
}

pub(super) unsafe extern "C" fn super_attr(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: four owned arguments: the callable, its two arguments, a name.
    unsafe {
        let a = args(argv, argc);
        let null = std::ptr::null_mut();
        let made = ffi::PyObject_Vectorcall(a.get(0), argv.add(1), 2, null);
        if made.is_null() {
            return made;
        }
        let found = ffi::PyObject_GetAttr(made, a.get(3));
        ffi::Py_DECREF(made);
        found
    }
}

pub(super) unsafe extern "C" fn get_slice(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: three owned arguments.
    unsafe {
        let a = args(argv, argc);
        let slice = ffi::PySlice_New(a.get(1), a.get(2), std::ptr::null_mut());
        if slice.is_null() {
            return slice;
        }
        let r = ffi::PyObject_GetItem(a.get(0), slice);
        ffi::Py_DECREF(slice);
        r
    }
}

pub(super) unsafe extern "C" fn set_slice(argv: *const Obj, argc: usize, _x: i64) -> i32 {
    // SAFETY: four owned arguments.
    unsafe {
        let a = args(argv, argc);
        let slice = ffi::PySlice_New(a.get(1), a.get(2), std::ptr::null_mut());
        if slice.is_null() {
            return -1;
        }
        let r = ffi::PyObject_SetItem(a.get(0), slice, a.get(3));
        ffi::Py_DECREF(slice);
        r
    }
}

/// A new reference to the object converted as an f-string converts (0: as it is).
unsafe fn converted(o: Obj, conversion: i64) -> Obj {
    // SAFETY: a live object.
    unsafe {
        match conversion {
            1 => ffi::PyObject_Str(o),
            2 => ffi::PyObject_Repr(o),
            3 => ffi::PyObject_ASCII(o),
            _ => ffi::Py_NewRef(o),
        }
    }
}

pub(super) unsafe extern "C" fn convert(argv: *const Obj, argc: usize, conversion: i64) -> Obj {
    // SAFETY: one owned argument.
    unsafe { converted(args(argv, argc).get(0), conversion) }
}

pub(super) unsafe extern "C" fn format(argv: *const Obj, argc: usize, conversion: i64) -> Obj {
    // SAFETY: one or two owned arguments.
    unsafe {
        let a = args(argv, argc);
        let value = converted(a.get(0), conversion);
        // `FORMAT_VALUE`, Python/bytecodes.c: a str without a specification stays as it is.
        if value.is_null() || argc == 1 && ffi::PyUnicode_CheckExact(value) != 0 {
            return value;
        }
        let r = ffi::PyObject_Format(value, a.get(1));
        ffi::Py_DECREF(value);
        r
    }
}

/// A new tuple. Never NULL.
///
/// # Safety
/// The caller owns so many objects, which move into the tuple.
pub unsafe extern "C" fn build_tuple(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments, which move into the tuple.
    unsafe {
        let tuple = or_die(ffi::PyTuple_New(argc as isize));
        for i in 0..argc {
            ffi::PyTuple_SetItem(tuple, i as isize, *argv.add(i));
        }
        tuple
    }
}

pub(super) unsafe extern "C" fn build_list(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments, which move into the list.
    unsafe {
        let list = or_die(ffi::PyList_New(argc as isize));
        for i in 0..argc {
            ffi::PyList_SetItem(list, i as isize, *argv.add(i));
        }
        list
    }
}

pub(super) unsafe extern "C" fn build_set(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments.
    unsafe {
        let a = args(argv, argc);
        let set = or_die(ffi::PySet_New(std::ptr::null_mut()));
        for i in 0..argc {
            if ffi::PySet_Add(set, a.get(i)) != 0 {
                ffi::Py_DECREF(set);
                return std::ptr::null_mut();
            }
        }
        set
    }
}

pub(super) unsafe extern "C" fn build_map(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments, in pairs.
    unsafe {
        let a = args(argv, argc);
        let dict = or_die(ffi::PyDict_New());
        for i in (0..argc).step_by(2) {
            if ffi::PyDict_SetItem(dict, a.get(i), a.get(i + 1)) != 0 {
                ffi::Py_DECREF(dict);
                return std::ptr::null_mut();
            }
        }
        dict
    }
}

pub(super) unsafe extern "C" fn build_string(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: owned arguments, each a str; an empty str joins them.
    unsafe {
        let parts = build_list(argv, argc, 0);
        let empty = or_die(ffi::PyUnicode_FromStringAndSize(std::ptr::null(), 0));
        let r = ffi::PyUnicode_Join(empty, parts);
        ffi::Py_DECREF(empty);
        ffi::Py_DECREF(parts);
        r
    }
}

/// A tuple of borrowed items; NULL where there is no memory.
unsafe fn tuple_of<const N: usize>(items: [Obj; N]) -> Obj {
    // SAFETY: live objects.
    unsafe {
        let tuple = ffi::PyTuple_New(N as isize);
        if !tuple.is_null() {
            for (i, item) in items.into_iter().enumerate() {
                ffi::PyTuple_SetItem(tuple, i as isize, ffi::Py_NewRef(item));
            }
        }
        tuple
    }
}

/// A list of borrowed items; NULL where there is no memory.
unsafe fn list_of<const N: usize>(items: [Obj; N]) -> Obj {
    // SAFETY: live objects.
    unsafe {
        let list = ffi::PyList_New(N as isize);
        if !list.is_null() {
            for (i, item) in items.into_iter().enumerate() {
                ffi::PyList_SetItem(list, i as isize, ffi::Py_NewRef(item));
            }
        }
        list
    }
}

pub(super) unsafe extern "C" fn tuple1(a: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { tuple_of([a]) }
}

pub(super) unsafe extern "C" fn tuple2(a: Obj, b: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { tuple_of([a, b]) }
}

pub(super) unsafe extern "C" fn tuple3(a: Obj, b: Obj, c: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { tuple_of([a, b, c]) }
}

pub(super) unsafe extern "C" fn instance_new(class: Obj, _quiet: i64) -> Obj {
    // SAFETY: a class made in Python whose instances `object.__new__` makes, which is a `newfunc`; no arguments; the GIL is held.
    unsafe {
        // On 3.12 it also gives the instance the array of its attributes, which a bare allocation leaves out.
        let (new, none) = NEW.get_or_init(|| {
            let base = &raw mut ffi::PyBaseObject_Type;
            let new = ffi::PyType_GetSlot(base, ffi::Py_tp_new);
            let none = or_die(ffi::PyTuple_New(0));
            (
                std::mem::transmute::<*mut c_void, ffi::newfunc>(new),
                none as usize,
            )
        });
        new(class.cast(), *none as Obj, std::ptr::null_mut())
    }
}

/// `object.__new__` in C, and the empty tuple.
static NEW: OnceLock<(ffi::newfunc, usize)> = OnceLock::new();

pub(super) unsafe extern "C" fn attr_new(owner: Obj, name: Obj, value: Obj, _at: i64) {
    // SAFETY: live objects; the class says nothing about stores, and nothing lies there: only memory can be lacking.
    unsafe {
        if ffi::PyObject_GenericSetAttr(owner, name, value) != 0 {
            ffi::Py_FatalError(c"hardwire: out of memory".as_ptr());
        }
    }
}

pub(super) unsafe extern "C" fn list0() -> Obj {
    // SAFETY: the GIL is held.
    unsafe { list_of([]) }
}

pub(super) unsafe extern "C" fn list1(a: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { list_of([a]) }
}

pub(super) unsafe extern "C" fn list2(a: Obj, b: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { list_of([a, b]) }
}

pub(super) unsafe extern "C" fn slice_new(start: Obj, stop: Obj, step: Obj) -> Obj {
    // SAFETY: borrowed operands.
    unsafe { ffi::PySlice_New(start, stop, step) }
}

pub unsafe extern "C" fn sum_is_quiet(sequence: Obj) -> bool {
    // SAFETY: an exact list or tuple.
    unsafe {
        let n = ffi::Py_SIZE(sequence);
        let item = |i: ffi::Py_ssize_t| match ffi::PyList_CheckExact(sequence) != 0 {
            true => ffi::PyList_GetItem(sequence, i),
            false => ffi::PyTuple_GetItem(sequence, i),
        };
        if n == 0 {
            return false;
        }
        let class = ffi::Py_TYPE(item(0));
        let is_number = class == &raw mut ffi::PyFloat_Type || class == &raw mut ffi::PyLong_Type;
        is_number && (1..n).all(|i| ffi::Py_TYPE(item(i)) == class)
    }
}

pub(super) unsafe extern "C" fn sum_new(sum: Obj, sequence: Obj) -> Obj {
    // SAFETY: the built-in function and a list or tuple.
    unsafe {
        ffi::PyObject_CallFunctionObjArgs(sum, sequence, std::ptr::null_mut::<ffi::PyObject>())
    }
}

pub(super) unsafe extern "C" fn list3(a: Obj, b: Obj, c: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { list_of([a, b, c]) }
}
