//! Attributes of instances and of classes: where they lie, found by looking alone.

use super::VersionTable;
use super::function::is_function;
use crate::py::{Kind, Object, Strong};
use jit::Values;
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int, c_uint, c_ulong, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};
use traces::Known;

// Include/object.h, Include/internal/pycore_object.h
const HEAP_TYPE: c_ulong = 1 << 9;
/// `Py_TPFLAGS_IMMUTABLETYPE`, Include/object.h.
const IMMUTABLE_TYPE: c_ulong = 1 << 8;
const MANAGED_DICT: c_ulong = 1 << 4;
const INLINE_VALUES: c_ulong = 1 << 2;
/// `Py_T_OBJECT_EX`, Include/descrobject.h: NULL raises AttributeError.
const OBJECT_EX: c_int = 16;

type LookupFunction =
    unsafe extern "C" fn(*mut ffi::PyTypeObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

/// Where an attribute of an instance lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the array of the instance's attributes, at this index.
    Value(usize),
    /// In the instance itself, this many words from its start (`__slots__`).
    Slot(usize),
}

/// What the name of an attribute leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attribute {
    /// What lies there, perhaps NULL.
    Instance(Place, Object),
    /// What the class has, as it is; the instance has none of the name. Where it could get one, the word
    /// that changes then.
    Class(Object, Option<*const i64>),
}

/// What a class, or a class that it is made from, has under a name.
pub fn in_class(class: Object, name: Object) -> Option<Object> {
    static LOOKUP: OnceLock<Option<LookupFunction>> = OnceLock::new();
    let find = || {
        let found = crate::symbol::find(c"_PyType_Lookup").ok()?;
        // SAFETY: its signature in every supported CPython (Include/cpython/object.h).
        Some(unsafe { std::mem::transmute::<*mut c_void, LookupFunction>(found) })
    };
    let lookup = (*LOOKUP.get_or_init(find))?;
    // SAFETY: a live class and a str, whose hash and comparison run no Python code; the result is borrowed.
    let found = Object(unsafe { lookup(class.0.cast(), name.0) });
    (!found.is_null()).then_some(found)
}

fn flags(class: Object) -> c_ulong {
    // SAFETY: a live class.
    unsafe { ffi::PyType_GetFlags(class.0.cast()) }
}

/// Whether a class was made in Python, so that it can be changed.
pub fn is_heap_type(class: Object) -> bool {
    flags(class) & HEAP_TYPE != 0
}

/// Whether an object is a class that tells nobody what its instances are: its metaclass is `type`.
pub fn is_plain_class(o: Object) -> bool {
    o.type_object().0 == (&raw mut ffi::PyType_Type).cast()
}

/// Whether a class is another one, or made from it.
pub fn is_made_from(class: Object, base: Object) -> bool {
    // SAFETY: two live classes.
    unsafe { ffi::PyType_IsSubtype(class.0.cast(), base.0.cast()) != 0 }
}

/// Whether `__class__` of an instance is its class, for as long as the class does not change.
pub fn shows_its_class(class: Object) -> bool {
    // SAFETY: an interned name; an error is cleared.
    unsafe {
        let Some(name) = Strong::from_new(ffi::PyUnicode_InternFromString(c"__class__".as_ptr()))
        else {
            ffi::PyErr_Clear();
            return false;
        };
        let name = Object(name.as_ptr());
        let base = Object((&raw mut ffi::PyBaseObject_Type).cast());
        let found = in_class(class, name);
        reads_plainly(class) && found.is_some() && found == in_class(base, name)
    }
}

fn slot(class: Object, slot: c_int) -> *mut c_void {
    // SAFETY: a live class.
    unsafe { ffi::PyType_GetSlot(class.0.cast(), slot) }
}

/// Whether the instances of a class are equal to themselves alone: those of `object`'s own comparison and hash.
pub fn is_compared_by_identity(class: Object) -> bool {
    let base = Object((&raw mut ffi::PyBaseObject_Type).cast());
    [ffi::Py_tp_hash, ffi::Py_tp_richcompare]
        .into_iter()
        .all(|number| slot(class, number) == slot(base, number))
}

/// Whether a class is made from `dict`, and has its method of this name.
pub fn is_dict_by(class: Object, name: &CStr) -> bool {
    let dict = Object((&raw mut ffi::PyDict_Type).cast());
    // SAFETY: live classes; an interned name; an error is cleared.
    let (is_subclass, name) = unsafe {
        let is_subclass = ffi::PyType_IsSubtype(class.0.cast(), dict.0.cast()) != 0;
        let name = Strong::from_new(ffi::PyUnicode_InternFromString(name.as_ptr()));
        ffi::PyErr_Clear();
        (is_subclass, name)
    };
    let found = |class| in_class(class, Object(name.as_ref()?.as_ptr()));
    is_subclass && found(dict).is_some() && found(class) == found(dict)
}

/// Whether a call of a class makes an instance in the ordinary way, before it calls `__init__`: `type_call` and
/// `object_new`, Objects/typeobject.c.
pub fn is_made_plainly(class: Object) -> bool {
    const ABSTRACT: c_ulong = 1 << 20;
    if class.is_null() || !is_plain_class(class) || !is_heap_type(class) {
        return false;
    }
    let base = Object((&raw mut ffi::PyBaseObject_Type).cast());
    let same_new = slot(class, ffi::Py_tp_new) == slot(base, ffi::Py_tp_new);
    let alloc = slot(class, ffi::Py_tp_alloc) == ffi::PyType_GenericAlloc as *mut c_void;
    same_new && alloc && flags(class) & ABSTRACT == 0
}

/// Whether nobody notices when an instance of a class dies that nobody else has got, but by what its attributes hold: neither it
/// nor a class behind it has a finaliser, or is made in C.
pub fn dies_quietly(class: Object) -> bool {
    let ordinary = ordinary_dealloc();
    let dealloc = |class| slot(class, ffi::Py_tp_dealloc);
    let finalizes = [ffi::Py_tp_finalize, ffi::Py_tp_del]
        .iter()
        .any(|&which| !slot(class, which).is_null());
    if ordinary.is_null() || finalizes {
        return false;
    }
    let mut behind = class;
    while dealloc(behind) == ordinary {
        behind = Object(slot(behind, ffi::Py_tp_base).cast());
        if behind.is_null() {
            return false;
        }
    }
    behind.0 == (&raw mut ffi::PyBaseObject_Type).cast()
}

/// Where the weak references of an instance lie (0: nowhere) whose death nobody can notice now.
pub fn is_quiet(o: Object) -> Option<i64> {
    let class = o.type_object();
    if !is_heap_type(class) || !is_plain_class(class) || !dies_quietly(class) {
        return None;
    }
    // SAFETY: a live class; errors are cleared.
    let weak = unsafe {
        let weak = Strong::from_new(ffi::PyObject_GetAttrString(
            class.0,
            c"__weakrefoffset__".as_ptr(),
        ));
        let weak = weak.map(|weak| ffi::PyLong_AsLong(weak.as_ptr()));
        ffi::PyErr_Clear();
        weak?
    };
    // SAFETY: an instance of this class.
    unsafe { quiet_instance(o.0, class.0, weak) }.then_some(weak)
}

/// Whether an object is NULL, or an instance of exactly this class, with one owner and no weak reference, whose attributes are
/// numbers that traces unbox, truth values, immortal texts or None. The class has no finaliser.
///
/// # Safety
/// A live object, and a class whose instances have their weak references at this distance.
pub unsafe extern "C" fn quiet_instance(
    o: *mut ffi::PyObject,
    class: *mut ffi::PyObject,
    weak: i64,
) -> bool {
    unsafe extern "C" fn visit(o: *mut ffi::PyObject, class: *mut c_void) -> c_int {
        c_int::from(o.cast() != class && !is_taken_as_number(Object(o)))
    }
    const HAVE_GC: c_ulong = 1 << 14;
    if o.is_null() {
        return true;
    }
    // SAFETY: the caller's promise; the function of the slot is a `traverseproc`, and visits do nothing.
    unsafe {
        if ffi::Py_TYPE(o).cast() != class || ffi::Py_REFCNT(o) != 1 {
            return false;
        }
        let list = o.byte_offset(weak as isize).cast::<*mut c_void>();
        if weak != 0 && !(*list).is_null() {
            return false;
        }
        let class = Object(class);
        if flags(class) & HAVE_GC == 0 {
            return true;
        }
        let traverse = slot(class, ffi::Py_tp_traverse);
        if traverse.is_null() {
            return false;
        }
        let traverse = std::mem::transmute::<*mut c_void, ffi::traverseproc>(traverse);
        traverse(o, visit, class.0.cast()) == 0
    }
}

/// Whether a trace that has taken an object out of another one has it as a number or a constant, and borrows nothing from there.
fn is_taken_as_number(o: Object) -> bool {
    match o.kind() {
        Kind::Int(_) | Kind::Uint(_) | Kind::Bool(_) | Kind::None => true,
        Kind::Float(x) => !x.is_nan(),
        _ => is_immortal_text(o),
    }
}

/// Whether an object is NULL, or a tuple of few items of which traces borrow nothing: nobody can notice its death.
///
/// # Safety
/// NULL or a live object, with the GIL held.
pub unsafe extern "C" fn quiet_tuple(o: *mut ffi::PyObject) -> bool {
    const MOST: isize = 8;
    // SAFETY: the caller's promise; an exact tuple has its items.
    unsafe {
        if o.is_null() || ffi::PyTuple_CheckExact(o) == 0 {
            return o.is_null();
        }
        let n = ffi::PyTuple_Size(o);
        let is_number = |o: *mut ffi::PyObject| !o.is_null() && is_taken_as_number(Object(o));
        n <= MOST && (0..n).all(|i| is_number(ffi::PyTuple_GetItem(o, i)))
    }
}

/// Whether an object is a text that never dies, as those in code objects are.
fn is_immortal_text(o: Object) -> bool {
    o.is_exactly(Known::Str) && o.refcount() >= 1 << 30
}

/// What deallocates the instances of classes made in Python (`subtype_dealloc`, Objects/typeobject.c): what those of one
/// have that is there in any program (a class of our own would be garbage that the program's collector finds). NULL where it
/// is not there.
fn ordinary_dealloc() -> *mut c_void {
    static FOUND: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    let found = FOUND.load(Ordering::Relaxed);
    if !found.is_null() {
        return found;
    }
    // SAFETY: the GIL is held; the module is frozen into the interpreter, and was imported before all others (to import it once
    // more would call the program's `__import__`); errors are cleared.
    let class = unsafe {
        let name = ffi::PyUnicode_InternFromString(c"_frozen_importlib".as_ptr());
        let name = Strong::from_new(name);
        let module = name.and_then(|name| Strong::from_new(ffi::PyImport_GetModule(name.as_ptr())));
        let class = module.and_then(|module| {
            let name = c"ModuleSpec".as_ptr();
            Strong::from_new(ffi::PyObject_GetAttrString(module.as_ptr(), name))
        });
        ffi::PyErr_Clear();
        class
    };
    let Some(class) = class.as_ref().map(|class| Object(class.as_ptr())) else {
        return found;
    };
    if !is_plain_class(class) || !is_heap_type(class) {
        return found;
    }
    let found = slot(class, ffi::Py_tp_dealloc);
    FOUND.store(found, Ordering::Relaxed);
    found
}

/// Whether instances of a class are not initialised: it has the `__init__` of `object`.
pub fn needs_no_init(class: Object) -> bool {
    let base = Object((&raw mut ffi::PyBaseObject_Type).cast());
    slot(class, ffi::Py_tp_init) == slot(base, ffi::Py_tp_init)
}

/// Whether a call of an instance of a class looks for `__call__`, and for nothing that is faster.
pub fn calls_slowly(class: Object) -> bool {
    const VECTORCALL: c_ulong = 1 << 11;
    flags(class) & VECTORCALL == 0
}

/// What the classes behind one have under a name, in the order in which `super` asks them; nothing where a metaclass
/// may have a say.
pub fn behind_in_order(class: Object, behind: Object, name: Object) -> Option<Object> {
    if !is_heap_type(class) || !is_plain_class(class) {
        return None;
    }
    // SAFETY: a live class, whose order is a tuple; errors are cleared.
    unsafe {
        let order = Strong::from_new(ffi::PyObject_GetAttrString(class.0, c"__mro__".as_ptr()));
        ffi::PyErr_Clear();
        let order = Object(order?.as_ptr()).tuple_items()?;
        let at = order.iter().position(|&c| c == behind)?;
        order.into_iter().skip(at + 1).find_map(|class| {
            let dict = Strong::from_new(PyType_GetDict(class.0.cast()))?;
            Object(dict.as_ptr()).dict_get(name)
        })
    }
}

unsafe extern "C" {
    // Include/cpython/object.h; a new reference.
    fn PyType_GetDict(class: *mut ffi::PyTypeObject) -> *mut ffi::PyObject;
}

/// Whether what a class has under a name is a method of a built-in type, to be called with the object in front.
pub fn is_builtin_method(found: Object) -> bool {
    let ty = found.type_object().0;
    ty == (&raw mut ffi::PyMethodDescr_Type).cast() || is_wrapper(found)
}

/// Whether an object is the method that stands for a slot of C.
fn is_wrapper(found: Object) -> bool {
    found.type_object().0 == (&raw mut ffi::PyWrapperDescr_Type).cast()
}

/// Whether a method is the `__init__` of `object`.
pub fn is_init_of_object(found: Object) -> bool {
    let base = Object((&raw mut ffi::PyBaseObject_Type).cast());
    // SAFETY: an interned name; an error is cleared.
    let name = unsafe {
        let name = Strong::from_new(ffi::PyUnicode_InternFromString(c"__init__".as_ptr()));
        ffi::PyErr_Clear();
        name
    };
    name.is_some_and(|name| in_class(base, Object(name.as_ptr())) == Some(found))
}

/// Whether a class has something in a slot of C.
pub fn has_slot(class: Object, number: c_int) -> bool {
    !slot(class, number).is_null()
}

/// Whether a class lives until it is of no use, but nobody can change it (`Py_TPFLAGS_IMMUTABLETYPE`): one of an extension
/// module.
pub fn is_fixed_heap_type(class: Object) -> bool {
    is_heap_type(class) && flags(class) & IMMUTABLE_TYPE != 0
}

/// The method of a name that all objects of a built-in type, or of a fixed one, have as long as it lives.
pub fn builtin_method(class: Object, name: Object) -> Option<Object> {
    let fixed = !is_heap_type(class) || is_fixed_heap_type(class);
    // SAFETY: a live class.
    let plain = fixed && reads_plainly(class) && unsafe { dict_offset(class) } == 0;
    let method = in_class(class, name).filter(|_| plain)?;
    (method.type_object().0 == (&raw mut ffi::PyMethodDescr_Type).cast()).then_some(method)
}

/// The fields of `PyMethodDescrObject` up to what it is in C, Include/cpython/descrobject.h.
#[repr(C)]
struct MethodDescr {
    head: ffi::PyObject,
    class: *mut ffi::PyTypeObject,
    name: *mut ffi::PyObject,
    qualname: *mut ffi::PyObject,
    definition: *const ffi::PyMethodDef,
}

/// The name in C of a method of just this built-in type, which no program can change.
pub fn name_of_method(method: Object, class: Object) -> Option<&'static CStr> {
    if method.type_object().0 != (&raw mut ffi::PyMethodDescr_Type).cast() || is_heap_type(class) {
        return None;
    }
    // SAFETY: an exact method of a built-in type; its definition is static.
    unsafe {
        let method = &*method.0.cast::<MethodDescr>();
        let definition = method.definition.as_ref()?;
        (method.class == class.0.cast()).then(|| CStr::from_ptr(definition.ml_name))
    }
}

/// The first fields of `PyCFunctionObject`, Include/cpython/methodobject.h.
#[repr(C)]
struct CFunction {
    head: ffi::PyObject,
    definition: *const ffi::PyMethodDef,
    owner: *mut ffi::PyObject,
}

/// The name in C of a bound method of an object of a built-in type, and the object.
pub fn bound_to(callee: Object) -> Option<(&'static CStr, Object)> {
    // SAFETY: an exact built-in function, and an exact method of a built-in type; their definitions are static.
    unsafe {
        if callee.type_object().0 != (&raw mut ffi::PyCFunction_Type).cast() {
            return None;
        }
        let function = &*callee.0.cast::<CFunction>();
        let owner = Object(function.owner);
        if owner.is_null() || is_heap_type(owner.type_object()) {
            return None;
        }
        let name = CStr::from_ptr(function.definition.as_ref()?.ml_name);
        let interned = Strong::from_new(ffi::PyUnicode_InternFromString(name.as_ptr()));
        let Some(interned) = interned else {
            ffi::PyErr_Clear();
            return None;
        };
        let method = builtin_method(owner.type_object(), Object(interned.as_ptr()))?;
        let descr = &*method.0.cast::<MethodDescr>();
        (descr.definition == function.definition).then_some((name, owner))
    }
}

/// Whether instances of a class find their attributes in the ordinary way.
pub fn reads_plainly(class: Object) -> bool {
    slot(class, ffi::Py_tp_getattro) == ffi::PyObject_GenericGetAttr as *mut c_void
}

/// Whether instances of a class store their attributes in the ordinary way.
pub fn writes_plainly(class: Object) -> bool {
    slot(class, ffi::Py_tp_setattro) == ffi::PyObject_GenericSetAttr as *mut c_void
}

/// Whether an object in a class is there for itself: it has no `__get__` and `__set__`, and cannot get them.
pub fn is_no_descriptor(found: Object) -> bool {
    let class = found.type_object();
    !is_heap_type(class)
        && slot(class, ffi::Py_tp_descr_get).is_null()
        && slot(class, ffi::Py_tp_descr_set).is_null()
}

/// Whether an object in a class certainly leaves the attribute of an instance alone.
fn yields(found: Object) -> bool {
    let class = found.type_object();
    !is_heap_type(class) && slot(class, ffi::Py_tp_descr_set).is_null()
}

unsafe fn word(o: Object, offset: i32) -> *mut *mut u8 {
    // SAFETY: an object that has this field; the offset was proved at start-up.
    unsafe { o.0.cast::<u8>().offset(offset as isize).cast() }
}

/// The attributes of an instance of a class that keeps them in an array, where they lie there.
fn values(t: &VersionTable, owner: Object) -> Option<*mut *mut ffi::PyObject> {
    let wanted = match t.values() {
        Values::Tagged => MANAGED_DICT,
        Values::Inline { .. } => MANAGED_DICT | INLINE_VALUES,
    };
    if flags(owner.type_object()) & wanted != wanted {
        return None;
    }
    // SAFETY: the class has these fields by its flags.
    unsafe {
        let dict = *word(owner, t.instance_dict) as usize;
        match t.values() {
            Values::Tagged => (dict & 1 == 1).then_some((dict + 1) as *mut _),
            Values::Inline { valid, first } => {
                let valid = *word(owner, valid).cast::<u8>();
                (dict == 0 && valid != 0).then(|| word(owner, first).cast())
            }
        }
    }
}

/// The names of the attributes that instances of a class share: where they lie, and how many there are.
struct Keys {
    keys: *const u8,
    count: *const i64,
}

impl Keys {
    fn of(t: &VersionTable, class: Object) -> Option<Keys> {
        // SAFETY: a class made in Python has these fields.
        unsafe {
            let keys: *const u8 = *word(class, t.type_keys);
            if keys.is_null() || *keys.offset(t.keys_kind as isize) != t.keys_shared {
                return None;
            }
            let count = keys.offset(t.keys_entries as isize).cast();
            Some(Keys { keys, count })
        }
    }

    /// The index of an interned name.
    fn position(&self, t: &VersionTable, name: Object) -> Option<usize> {
        // SAFETY: the table of entries, each a name and an unused word, lies behind the hash table.
        unsafe {
            let bytes = *self.keys.offset(t.keys_index_bytes as isize);
            let entries = self.keys.offset(t.keys_indices as isize);
            let entries = entries.add(1 << bytes).cast::<[*mut ffi::PyObject; 2]>();
            let count = usize::try_from(*self.count).ok()?;
            (0..count).find(|&n| (*entries.add(n))[0] == name.0)
        }
    }
}

/// Where the attribute of a name lies in an instance, and what is there now; the class must not change
/// from here on, nor the instance's class. Nothing where only the interpreter knows.
pub fn attribute(t: &VersionTable, owner: Object, name: Object) -> Option<Attribute> {
    let class = owner.type_object();
    if !is_heap_type(class) {
        return None;
    }
    let found = in_class(class, name);
    if let Some(member) = found
        && let Some(n) = slot_of(t, class, member)
    {
        // SAFETY: within the instance, by its class.
        let held = Object(unsafe { *word(owner, 8 * n as i32) }.cast());
        return Some(Attribute::Instance(Place::Slot(n), held));
    }
    if found.is_some_and(|found| !yields(found)) {
        return None;
    }
    match own(t, owner, name)? {
        Own::Held(n, held) => Some(Attribute::Instance(Place::Value(n), held)),
        Own::Absent(word) => {
            let found = found.filter(|&found| is_no_descriptor(found))?;
            Some(Attribute::Class(found, word))
        }
    }
}

/// The function that a call of a method of an instance calls; where the instance could get an attribute of the
/// name, the word that changes then. As `attribute`.
pub fn method(
    t: &VersionTable,
    owner: Object,
    name: Object,
) -> Option<(Object, Option<*const i64>)> {
    let class = owner.type_object();
    let found = in_class(class, name).filter(|&found| is_heap_type(class) && is_function(found))?;
    match own(t, owner, name)? {
        Own::Absent(word) => Some((found, word)),
        Own::Held(..) => None,
    }
}

/// Where an instance has no attribute of a name itself, the word that changes when it could get one, if it could.
pub fn absent(t: &VersionTable, owner: Object, name: Object) -> Option<Option<*const i64>> {
    match own(t, owner, name)? {
        Own::Absent(word) => Some(word),
        Own::Held(..) => None,
    }
}

/// Whether classes of a metaclass find their attributes in the ordinary way.
pub fn reads_as_classes_do(meta: Object) -> bool {
    let of_type = slot(
        Object((&raw mut ffi::PyType_Type).cast()),
        ffi::Py_tp_getattro,
    );
    slot(meta, ffi::Py_tp_getattro) == of_type
}

/// Whether instances of a class are there for themselves in another class: it has no `__get__`.
pub fn has_no_get(class: Object) -> bool {
    slot(class, ffi::Py_tp_descr_get).is_null()
}

/// What a class made in Python has under a name.
pub fn class_attribute(class: Object, name: Object) -> Option<Object> {
    is_heap_type(class).then(|| in_class(class, name)).flatten()
}

/// What an instance has itself under a name.
enum Own {
    /// A place for it, by its index, and what lies there, perhaps NULL.
    Held(usize, Object),
    /// Nothing; where it could get it, the word that changes then.
    Absent(Option<*const i64>),
}

fn own(t: &VersionTable, owner: Object, name: Object) -> Option<Own> {
    let class = owner.type_object();
    // SAFETY: a class made in Python; it says where a dict of its own lies.
    let has_dict = flags(class) & MANAGED_DICT != 0 || unsafe { dict_offset(class) } != 0;
    if !has_dict {
        return Some(Own::Absent(None));
    }
    let values = values(t, owner)?;
    let keys = Keys::of(t, class)?;
    Some(match keys.position(t, name) {
        // SAFETY: the array has a place for each shared name.
        Some(n) => Own::Held(n, Object(unsafe { *values.add(n) })),
        None => Own::Absent(Some(keys.count)),
    })
}

/// `tp_dictoffset`, through a member of `type`.
///
/// # Safety
/// A live class.
unsafe fn dict_offset(class: Object) -> isize {
    // SAFETY: `__dictoffset__` is a member of `type`; an error is cleared.
    unsafe {
        let n = ffi::PyObject_GetAttrString(class.0, c"__dictoffset__".as_ptr());
        let offset = if n.is_null() {
            -1
        } else {
            ffi::PyLong_AsSsize_t(n)
        };
        ffi::PyErr_Clear();
        ffi::Py_XDECREF(n);
        offset
    }
}

/// The word of an instance that a member of its class stands for (`__slots__`).
fn slot_of(t: &VersionTable, class: Object, member: Object) -> Option<usize> {
    // SAFETY: a descriptor of a member, whose first field behind the header is the class that it is of.
    unsafe {
        if member.type_object().0 != (&raw mut ffi::PyMemberDescr_Type).cast() {
            return None;
        }
        let of = *word(member, size_of::<ffi::PyObject>() as i32);
        if ffi::PyType_IsSubtype(class.0.cast(), of.cast()) == 0 {
            return None;
        }
        let def = *word(member, t.member_def);
        let number = |offset: i32| *def.offset(offset as isize).cast::<c_uint>();
        let offset = *def.offset(t.member_offset as isize).cast::<isize>();
        let is_object = number(t.member_type) == OBJECT_EX as c_uint && number(t.member_flags) == 0;
        let offset = usize::try_from(offset).ok()?;
        (is_object && offset.is_multiple_of(8)).then_some(offset / 8)
    }
}
