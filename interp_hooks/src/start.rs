//! Starting and stopping: the version, the self-check, the tool, the watchers.

use crate::assume::Registry;
use crate::budget::Budget;
use crate::cpython::{self, VersionTable, selfcheck};
use crate::engine::{self, Engine, Monitoring};
use crate::options::Options;
use crate::py::Strong;
use crate::tools::Tools;
use crate::{dump, handoff, helpers, hook, loops, raiser, sample, symbol, wrapped};
use jit::Target;
use jit::target::{Functions, Watch};
use pyo3_ffi as ffi;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use traces::{Field, Helper, Known};

/// The table of the running interpreter.
///
/// # Errors
/// The reason why this interpreter is not supported.
pub fn table() -> Result<&'static VersionTable, String> {
    // SAFETY: `Py_Version` is a constant of the running interpreter (limited API since 3.11).
    let v = unsafe { ffi::Py_Version };
    if symbol::find(c"_Py_RefTotal").is_ok()
        || symbol::find(c"_Py_GetRefTotal").is_ok() && has_debug_refs()
    {
        return Err("debug builds of CPython are not supported".to_string());
    }
    cpython::table_for((v >> 24) as u8, (v >> 16) as u8)
}

/// Debug builds have `sys.gettotalrefcount`.
fn has_debug_refs() -> bool {
    // SAFETY: the GIL is held.
    unsafe { !ffi::PySys_GetObject(c"gettotalrefcount".as_ptr()).is_null() }
}

/// Proves the table; the first failure in words.
fn prove(table: &VersionTable) -> Result<(), String> {
    // SAFETY: the GIL is held.
    let failed = unsafe { selfcheck::run(table) }.into_iter().find(|c| !c.ok);
    match failed {
        Some(c) => Err(format!(
            "this interpreter is laid out differently: {} ({})",
            c.name, c.detail
        )),
        None => Ok(()),
    }
}

fn get(o: *mut ffi::PyObject, name: &CStr) -> Result<Strong, String> {
    // SAFETY: a live object or NULL is checked; an error is cleared.
    unsafe {
        let v = if o.is_null() {
            std::ptr::null_mut()
        } else {
            ffi::PyObject_GetAttrString(o, name.as_ptr())
        };
        Strong::from_new(v).ok_or_else(|| {
            ffi::PyErr_Clear();
            format!("no `{}`", name.to_string_lossy())
        })
    }
}

fn number(o: &Strong) -> i64 {
    // SAFETY: a live object; an error is cleared.
    unsafe {
        let n = ffi::PyLong_AsLongLong(o.as_ptr());
        ffi::PyErr_Clear();
        n
    }
}

/// Starts the engine, or switches it on again.
///
/// # Errors
/// A polite refusal, in one line.
pub fn enable(options: Options, callbacks: (Strong, Strong)) -> Result<(), String> {
    if let Some(e) = engine::get() {
        let samples = options.report || dump::is_on(e);
        *e.options.borrow_mut() = options;
        e.tools.restart();
        if !e.enabled.replace(true) {
            use_tool(&callbacks)?;
        }
        if samples {
            sample::start();
        }
        return Ok(());
    }
    let table = table()?;
    prove(table)?;
    dump::folder();
    known_objects();
    fields(table);
    let target = target(table)?;
    let registry = Registry::new(hook::on_dict, hook::on_type, hook::on_function)?;
    let code_extra = loops::request_code_extra().ok_or("no extra word of code objects is free")?;
    let raiser = raiser::make_type().ok_or("the raising type could not be made")?;
    // SAFETY: the GIL is held; `object` needs no arguments.
    let exhausted = unsafe { ffi::PyObject_CallNoArgs((&raw mut ffi::PyBaseObject_Type).cast()) };
    let exhausted = Strong::from_new(exhausted).ok_or("out of memory")?;
    let monitoring = use_tool(&callbacks)?;
    wrap_observers()?;
    // Where it has to be done without, calls are plain.
    let _ = handoff::prepare();
    std::mem::forget(callbacks);
    let samples = options.report;
    engine::install(Engine {
        table,
        target: RefCell::new(target),
        options: RefCell::new(options),
        registry,
        recording: RefCell::new(None),
        headers: RefCell::new(Vec::new()),
        runs: RefCell::new(Vec::new()),
        not_inlined: RefCell::default(),
        resumed: RefCell::default(),
        leaves: RefCell::default(),
        entered: RefCell::default(),
        monitoring,
        code_extra,
        raiser,
        exhausted,
        enabled: Cell::new(true),
        budget: Budget::default(),
        dump: RefCell::default(),
        tools: Tools::default(),
    });
    if samples {
        sample::start();
    }
    Ok(())
}

/// Switches off: no loop is counted or entered any more.
pub fn disable() {
    let Some(e) = engine::get() else { return };
    e.enabled.set(false);
    sample::stop();
    if let Ok(m) = sys_monitoring() {
        call(&m, c"set_events", &[hook::TOOL.into(), 0]).ok();
        call(&m, c"free_tool_id", &[hook::TOOL.into()]).ok();
    }
}

fn sys_monitoring() -> Result<Strong, String> {
    // SAFETY: the GIL is held; a borrowed reference.
    let m = unsafe { ffi::PySys_GetObject(c"monitoring".as_ptr()) };
    if m.is_null() {
        return Err("this interpreter has no sys.monitoring".to_string());
    }
    Ok(hook::keep(m))
}

fn call(o: &Strong, name: &CStr, args: &[i64]) -> Result<Strong, String> {
    let f = get(o.as_ptr(), name)?;
    // SAFETY: the GIL is held; a tuple of new ints.
    unsafe {
        let tuple = ffi::PyTuple_New(args.len() as isize);
        for (i, &n) in args.iter().enumerate() {
            ffi::PyTuple_SetItem(tuple, i as isize, ffi::PyLong_FromLongLong(n));
        }
        let r = ffi::PyObject_CallObject(f.as_ptr(), tuple);
        ffi::Py_DECREF(tuple);
        Strong::from_new(r).ok_or_else(|| {
            ffi::PyErr_Clear();
            format!("sys.monitoring.{} failed", name.to_string_lossy())
        })
    }
}

/// Has loops tell of their back edges again that were not to. Where another tool is there nothing is done: it would
/// hear again of what it did not want to.
pub fn restart_events() {
    let Ok(m) = sys_monitoring() else { return };
    let is_none = |tool: &Strong| {
        // SAFETY: the address of a static object.
        tool.as_ptr() == unsafe { ffi::Py_None() }
    };
    let mut others = (0..6).filter(|&n| n != i64::from(hook::TOOL));
    if others.all(|n| call(&m, c"get_tool", &[n]).is_ok_and(|tool| is_none(&tool))) {
        call(&m, c"restart_events", &[]).ok();
    }
}

/// Takes tool number 5 and asks for JUMP events everywhere.
fn use_tool(callbacks: &(Strong, Strong)) -> Result<Monitoring, String> {
    let m = sys_monitoring()?;
    let events = get(m.as_ptr(), c"events")?;
    let (jump, instruction) = (
        number(&get(events.as_ptr(), c"JUMP")?),
        number(&get(events.as_ptr(), c"INSTRUCTION")?),
    );
    let tool: i64 = hook::TOOL.into();
    // SAFETY: the GIL is held; errors are cleared.
    unsafe {
        let f = get(m.as_ptr(), c"use_tool_id")?;
        let r = ffi::PyObject_CallFunction(
            f.as_ptr(),
            c"is".as_ptr(),
            hook::TOOL as i32,
            c"hardwire".as_ptr(),
        );
        if r.is_null() {
            ffi::PyErr_Clear();
            return Err(
                "sys.monitoring tool 5 (the optimiser's) is taken by another tool".to_string(),
            );
        }
        ffi::Py_DECREF(r);
        let register = get(m.as_ptr(), c"register_callback")?;
        for (event, callback) in [(jump, &callbacks.0), (instruction, &callbacks.1)] {
            let (t, e) = (
                ffi::PyLong_FromLongLong(tool),
                ffi::PyLong_FromLongLong(event),
            );
            let null = std::ptr::null_mut::<ffi::PyObject>();
            let r =
                ffi::PyObject_CallFunctionObjArgs(register.as_ptr(), t, e, callback.as_ptr(), null);
            for o in [r, t, e] {
                ffi::Py_XDECREF(o);
            }
            ffi::PyErr_Clear();
        }
    }
    call(&m, c"set_events", &[tool, jump])?;
    let set_local_events = get(m.as_ptr(), c"set_local_events")?;
    wrapped::SET_LOCAL_EVENTS.wrap(set_local_events.as_ptr())?;
    Ok(Monitoring {
        set_local_events,
        disable: get(m.as_ptr(), c"DISABLE")?,
        instruction,
    })
}

/// Wraps the functions that look at frames, and the one that looks at allocations.
fn wrap_observers() -> Result<(), String> {
    // SAFETY: the GIL is held; an error is cleared. An interpreter may lack this module, which is a built-in one.
    let tracemalloc =
        unsafe { Strong::from_new(ffi::PyImport_ImportModule(c"_tracemalloc".as_ptr())) };
    match tracemalloc {
        Some(m) => wrapped::START_TRACING.wrap(get(m.as_ptr(), c"start")?.as_ptr())?,
        // SAFETY: as above.
        None => unsafe { ffi::PyErr_Clear() },
    }
    // A debugger may have put its own there.
    // SAFETY: as above; a borrowed reference, or NULL.
    let _ =
        wrapped::SETTRACE.wrap(unsafe { ffi::PySys_GetObject(wrapped::SETTRACE.name().as_ptr()) });
    for function in [&wrapped::GETFRAME, &wrapped::CURRENT_FRAMES] {
        // SAFETY: the GIL is held; a borrowed reference, or NULL.
        function.wrap(unsafe { ffi::PySys_GetObject(function.name().as_ptr()) })?;
    }
    Ok(())
}

/// The addresses of the objects that the IR knows.
fn known_objects() {
    // SAFETY: static objects of the interpreter; types of iterators by way of instances.
    unsafe {
        let list = [
            (Known::None, ffi::Py_None()),
            (Known::True, ffi::Py_True()),
            (Known::False, ffi::Py_False()),
            (Known::Int, (&raw mut ffi::PyLong_Type).cast()),
            (Known::Float, (&raw mut ffi::PyFloat_Type).cast()),
            (Known::Bool, (&raw mut ffi::PyBool_Type).cast()),
            (Known::NoneType, ffi::Py_TYPE(ffi::Py_None()).cast()),
            (Known::Str, (&raw mut ffi::PyUnicode_Type).cast()),
            (Known::Bytes, (&raw mut ffi::PyBytes_Type).cast()),
            (Known::List, (&raw mut ffi::PyList_Type).cast()),
            (Known::Dict, (&raw mut ffi::PyDict_Type).cast()),
            (Known::Set, (&raw mut ffi::PySet_Type).cast()),
            (Known::ByteArray, (&raw mut ffi::PyByteArray_Type).cast()),
            (Known::Tuple, (&raw mut ffi::PyTuple_Type).cast()),
            (Known::RangeIter, (&raw mut ffi::PyRangeIter_Type).cast()),
            (Known::ListIter, (&raw mut ffi::PyListIter_Type).cast()),
            (Known::TupleIter, (&raw mut ffi::PyTupleIter_Type).cast()),
        ];
        for (k, p) in list {
            engine::set_known(k, p);
        }
        for (k, name) in [
            (Known::Cell, c"PyCell_Type"),
            (Known::Method, c"PyMethod_Type"),
        ] {
            if let Ok(ty) = symbol::find(name) {
                engine::set_known(k, ty.cast());
            }
        }
    }
}

/// `arrayobject`, Modules/arraymodule.c; `PyMemoryViewObject`, Include/cpython/memoryobject.h. No header file of CPython
/// 3.12 and 3.13 says it of arrays: `record/arrays.rs` compares.
const NUMBERS: [(Field, i32); 12] = [
    (Field::ArraySize, 16),
    (Field::ArrayItems, 24),
    (Field::ArrayKind, 40),
    (Field::ViewManaged, 24),
    (Field::ManagedFlags, 16),
    (Field::ViewFlags, 40),
    (Field::ViewStart, 56),
    (Field::ViewShape, 88),
    (Field::ViewFormat, 96),
    (Field::ViewLengths, 104),
    (Field::ViewStrides, 112),
    (Field::ViewIndirect, 120),
];

fn fields(t: &VersionTable) {
    // Include/cpython/classobject.h, methodobject.h: the first fields behind the header.
    let (first, second) = (
        size_of::<ffi::PyObject>() as i32,
        size_of::<[usize; 3]>() as i32,
    );
    let all = [
        (Field::MethodFunction, first),
        (Field::MethodSelf, second),
        (Field::BuiltinDef, first),
        (Field::BuiltinSelf, second),
        (Field::Type, t.object_type),
        (Field::IterRefCount, t.object_refcnt),
        (Field::Dict, t.instance_dict),
        (Field::FloatValue, t.float_value),
        (Field::RangeIterStart, t.range_iter_start),
        (Field::RangeIterStep, t.range_iter_step),
        (Field::RangeIterLen, t.range_iter_len),
        (Field::ListIterIndex, t.list_iter_index),
        (Field::ListIterSeq, t.list_iter_seq),
        (Field::ListSize, t.list_size),
        (Field::ListItems, t.list_items),
        (Field::TupleIterIndex, t.list_iter_index),
        (Field::TupleIterSeq, t.list_iter_seq),
        (Field::TupleSize, t.tuple_size),
        (Field::TupleItems, t.tuple_items),
        (Field::CellRef, t.cell_ref),
        (Field::BytesSize, t.bytes_size),
        (Field::BytesData, t.bytes_data),
        (Field::InstanceSlots, 0),
        (Field::StrLength, t.str_length),
        (Field::DictUsed, t.dict_used),
        (Field::SetUsed, t.set_used),
        (Field::ByteArraySize, t.bytearray_size),
        (Field::ByteArrayStart, t.bytearray_start),
    ];
    for (f, offset) in all.into_iter().chain(NUMBERS) {
        engine::set_field(f, offset);
    }
}

fn target(t: &VersionTable) -> Result<Target, String> {
    let mut fields = [0; Field::ALL.len()];
    for &f in Field::ALL {
        fields[f as usize] = engine::field_offset(f);
    }
    let mut table = [0; Helper::ALL.len()];
    for &h in Helper::ALL {
        table[h as usize] = helpers::address(h);
    }
    let functions = Functions {
        new_int: helpers::new_int as *const () as usize,
        new_uint: helpers::new_uint as *const () as usize,
        new_float: helpers::new_float as *const () as usize,
        new_cdata: helpers::new_cdata as *const () as usize,
        new_cint: helpers::new_cint as *const () as usize,
        new_cfloat: helpers::new_cfloat as *const () as usize,
        new_struct: helpers::new_struct as *const () as usize,
        new_char: helpers::new_char as *const () as usize,
        new_uchar: helpers::new_uchar as *const () as usize,
        new_buffer: helpers::new_buffer as *const () as usize,
        new_range: helpers::new_range as *const () as usize,
        new_iter: helpers::new_iter as *const () as usize,
        new_instance: helpers::new_instance as *const () as usize,
        new_attr: helpers::new_attr as *const () as usize,
        str_to_char: helpers::str_to_char as *const () as usize,
        int_to_i64: helpers::int_to_i64 as *const () as usize,
        int_to_u64: helpers::int_to_u64 as *const () as usize,
        int_to_bits: helpers::int_to_bits as *const () as usize,
        set_float: helpers::set_float as *const () as usize,
        global_get: helpers::global_get as *const () as usize,
        global_set: helpers::global_set as *const () as usize,
        dealloc: crate::adapters::objects::dealloc as *const () as usize,
        call_inside: crate::inside::call_inside as *const () as usize,
        release: crate::handoff::release as *const () as usize,
        come_back: crate::handoff::come_back as *const () as usize,
    };
    let address = |k| engine::known_address(k) as usize;
    Ok(Target {
        fields,
        helpers: table,
        functions,
        frame_slots: t.frame_slots,
        frame_function: t.frame_function,
        frame_instr: t.frame_instr,
        code_bytes: t.code_bytes,
        refcount: t.object_refcnt,
        object_type: t.object_type,
        long_tag: t.long_tag,
        long_digit: t.long_digit,
        values: t.values(),
        true_addr: address(Known::True),
        false_addr: address(Known::False),
        none_addr: address(Known::None),
        float_addr: address(Known::Float),
        int_addr: address(Known::Int),
        writes_over: true,
        range_iter_addr: address(Known::RangeIter),
        thread_exception: Some(t.thread_exception),
        watches: t
            .watches()
            .iter()
            .map(|w| Watch {
                bytes: w.bytes,
                zero: w.zero,
                by_python: w.by_python,
            })
            .collect(),
    })
}
