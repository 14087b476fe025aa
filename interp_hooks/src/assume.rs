//! What compiled traces take for granted about things that can change, and the watchers that tell
//! us when they do: the one list of all assumptions.
//!
//! | assumption | watcher | since |
//! | --- | --- | --- |
//! | a dict maps a name to this object | `PyDict_Watch` | CPython 3.12 |
//! | a dict holds variables that are slots | `PyDict_Watch` | CPython 3.12 |
//! | a dict does not have a name | `PyDict_Watch` | CPython 3.12 |
//! | a class is not modified | `PyType_Watch` | CPython 3.12 |
//! | a function in Python keeps its code and default values | `PyFunction_AddWatcher` | CPython 3.12 |
//! | a ctypes function keeps its prototype | its setters, wrapped (`adapters/prototypes.rs`) | |
//! | foreign calls are short | those who learn what calls are like (`handoff.rs`) | |

use crate::engine;
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;
use rustc_hash::FxHashMap;
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;
use std::rc::{Rc, Weak};
use traces::{Abort, Reason};

/// Whether an assumption of the trace fell: it is never entered again, and whoever is inside leaves
/// at the next check.
pub type Flag = Rc<Cell<bool>>;

/// After how many falls an entry of a dict counts as a variable.
const VARIES: u32 = 2;

/// The assumptions of one trace. Each is watched from the moment it is made: what falls while the
/// rest of the iteration is recorded is noticed too.
#[derive(Default)]
pub struct Assumptions {
    flag: Flag,
    /// An assumption could not be watched.
    unwatched: bool,
    /// Objects that must not die before the recording ends.
    recorded: Vec<Strong>,
    /// Classes that are watched.
    classes: Vec<Object>,
    /// Namespaces that are watched.
    namespaces: Vec<Object>,
    /// Objects that the trace must keep alive.
    keep: Vec<Strong>,
}

impl Assumptions {
    fn watch(&mut self, how: impl FnOnce(&Registry, &Flag) -> bool) {
        let watched = engine::get().is_some_and(|e| how(&e.registry, &self.flag));
        self.unwatched |= !watched;
    }

    /// `dict[key]` is `value`.
    pub fn dict_value(&mut self, dict: Object, key: Object, value: Object) {
        self.watch(|registry, flag| registry.watch_dict(dict, key, value.0, flag));
        let all = [dict, key, value].map(Object::strong);
        self.recorded.extend(all);
    }

    /// `key` is not in `dict`.
    pub fn dict_absent(&mut self, dict: Object, key: Object) {
        self.watch(|registry, flag| registry.watch_dict(dict, key, std::ptr::null_mut(), flag));
        self.recorded.extend([dict, key].map(Object::strong));
    }

    /// Variables of the namespace are slots of the trace: while it is watched no lookup in a dict finds them.
    pub fn namespace(&mut self, dict: Object) {
        if self.namespaces.contains(&dict) {
            return;
        }
        self.namespaces.push(dict);
        self.watch(|registry, flag| registry.watch_namespace(dict, flag));
        self.recorded.push(dict.strong());
    }

    /// The class is not modified.
    pub fn type_unchanged(&mut self, ty: Object) {
        self.watch(|registry, flag| registry.watch_type(ty, flag));
        self.keep.push(ty.strong());
    }

    /// The class is not modified as long as it lives: the trace holds it weakly.
    pub fn class_unchanged(&mut self, class: Object) {
        if self.classes.contains(&class) {
            return;
        }
        self.classes.push(class);
        self.watch(|registry, flag| registry.watch_type(class, flag));
        self.recorded.push(class.strong());
    }

    /// The function in Python keeps its code and default values as long as it lives.
    pub fn function_unchanged(&mut self, function: Object) {
        self.watch(|registry, flag| registry.watch_function(function, flag));
        self.recorded.push(function.strong());
    }

    /// The ctypes function keeps its `argtypes`, `restype` and `errcheck`.
    pub fn prototype_unchanged(&mut self, function: Object) {
        self.watch(|registry, flag| {
            listen(&registry.prototypes, function.0 as usize, flag);
            true
        });
        self.recorded.push(function.strong());
    }

    /// Calls that are known as this ([`traces::FuncDecl::known_as`]) are short, and do not call back.
    pub fn calls_are_short(&mut self, known_as: u64) {
        self.watch(|registry, flag| {
            listen(&registry.short_calls, known_as as usize, flag);
            true
        });
    }

    /// The flag of the trace, and the objects that it must keep alive. Dicts, their keys and values are
    /// not among them: a watched dict says when it dies, and before a value goes; a key is a name of
    /// the code object. (A trace that kept its module's namespace alive would keep itself alive.)
    ///
    /// # Errors
    /// An assumption fell already.
    pub fn finish(self) -> Result<(Flag, Vec<Strong>), Abort> {
        self.still_holds()?;
        Ok((self.flag, self.keep))
    }

    /// # Errors
    /// As `finish`. What is taken for granted is kept alive meanwhile: who makes way for another object would die late if the
    /// recording went on.
    pub fn still_holds(&self) -> Result<(), Abort> {
        if self.unwatched || self.flag.get() {
            let what = "an assumption fell while the loop was recorded";
            return Err(Abort::new(Reason::Confused, what));
        }
        Ok(())
    }
}

/// What no object has as its hash.
const NO_HASH: ffi::Py_hash_t = -1;

struct DictWatch {
    /// NULL: the dict itself is watched.
    key: *mut ffi::PyObject,
    hash: ffi::Py_hash_t,
    /// NULL: the key is absent.
    value: *mut ffi::PyObject,
    flag: Weak<Cell<bool>>,
}

/// The functions of CPython that are not in the limited API.
struct Api {
    dict_watch: WatchFunction,
    dict_unwatch: WatchFunction,
    type_watch: WatchFunction,
    type_version: unsafe extern "C" fn(*mut ffi::PyObject) -> c_int,
    dict_id: c_int,
    type_id: c_int,
    /// Has functions watched, all of them: each that is made or dies is told of.
    add_function: unsafe extern "C" fn(FunctionCallback) -> c_int,
    on_function: FunctionCallback,
    /// Whether they are, or the interpreter's answer that they cannot be.
    watches_functions: OnceCell<bool>,
}

/// How foreign calls were.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Calls {
    /// The one whose time was taken last was short.
    Short,
    /// They last, or call back.
    Lasting,
}

/// All watched things, by address. Nothing here keeps them alive: see `Assumptions::finish`.
#[derive(Default)]
pub struct Registry {
    api: Option<Api>,
    dicts: RefCell<FxHashMap<usize, Vec<DictWatch>>>,
    types: Listeners,
    prototypes: Listeners,
    functions: Listeners,
    short_calls: Listeners,
    /// How foreign calls were, by what they are known as.
    calls: RefCell<FxHashMap<u64, Calls>>,
    /// A bit for each of the addresses of functions that were ever listed, by which nearly all others are told apart.
    function_bits: Cell<u128>,
    /// How often each entry of a dict turned out to vary though a trace took it for a constant.
    variations: RefCell<FxHashMap<(usize, usize), u32>>,
    /// How often each class changed though a trace took it for granted.
    changes: RefCell<FxHashMap<usize, u32>>,
}

type WatchFunction = unsafe extern "C" fn(c_int, *mut ffi::PyObject) -> c_int;
type DictCallback = unsafe extern "C" fn(
    c_int,
    *mut ffi::PyObject,
    *mut ffi::PyObject,
    *mut ffi::PyObject,
) -> c_int;
type FunctionCallback =
    unsafe extern "C" fn(c_int, *mut ffi::PyObject, *mut ffi::PyObject) -> c_int;
type TypeCallback = unsafe extern "C" fn(*mut ffi::PyObject) -> c_int;

impl Registry {
    /// Registers the watchers with the interpreter.
    ///
    /// # Errors
    /// The name of what is missing.
    pub fn new(
        on_dict: DictCallback,
        on_type: TypeCallback,
        on_function: FunctionCallback,
    ) -> Result<Registry, String> {
        // SAFETY: the symbols have these signatures in every supported CPython (`Include/cpython/
        // dictobject.h`, `Include/cpython/object.h`), and the GIL is held.
        unsafe {
            let add_dict: unsafe extern "C" fn(DictCallback) -> c_int =
                std::mem::transmute(crate::symbol::find(c"PyDict_AddWatcher")?);
            let add_type: unsafe extern "C" fn(TypeCallback) -> c_int =
                std::mem::transmute(crate::symbol::find(c"PyType_AddWatcher")?);
            let add_function: unsafe extern "C" fn(FunctionCallback) -> c_int =
                std::mem::transmute(crate::symbol::find(c"PyFunction_AddWatcher")?);
            let dict_watch = std::mem::transmute::<*mut std::ffi::c_void, WatchFunction>(
                crate::symbol::find(c"PyDict_Watch")?,
            );
            let dict_unwatch = std::mem::transmute::<*mut std::ffi::c_void, WatchFunction>(
                crate::symbol::find(c"PyDict_Unwatch")?,
            );
            let type_watch = std::mem::transmute::<*mut std::ffi::c_void, WatchFunction>(
                crate::symbol::find(c"PyType_Watch")?,
            );
            let type_version: unsafe extern "C" fn(*mut ffi::PyObject) -> c_int =
                std::mem::transmute(crate::symbol::find(c"PyUnstable_Type_AssignVersionTag")?);
            let (dict_id, type_id) = (add_dict(on_dict), add_type(on_type));
            if dict_id < 0 || type_id < 0 {
                ffi::PyErr_Clear();
                return Err("no dict or type watcher is free".to_string());
            }
            let api = Some(Api {
                dict_watch,
                dict_unwatch,
                type_watch,
                type_version,
                dict_id,
                type_id,
                add_function,
                on_function,
                watches_functions: OnceCell::new(),
            });
            Ok(Registry {
                api,
                ..Registry::default()
            })
        }
    }

    /// Watches a class. False where that is not possible: a class that has used up its versions is
    /// modified without a word.
    fn watch_type(&self, ty: Object, flag: &Flag) -> bool {
        let Some(api) = &self.api else { return false };
        listen(&self.types, ty.0 as usize, flag);
        // SAFETY: a live type object and the id that we were given.
        unsafe { (api.type_watch)(api.type_id, ty.0) == 0 && (api.type_version)(ty.0) == 1 }
    }

    /// Watches a function in Python. False where no watcher is free.
    fn watch_function(&self, function: Object, flag: &Flag) -> bool {
        let Some(api) = &self.api else { return false };
        listen(&self.functions, function.0 as usize, flag);
        let bits = self.function_bits.get() | bit(function.0);
        self.function_bits.set(bits);
        // Not before there is one: programs that make functions all the time would pay for nothing.
        *api.watches_functions.get_or_init(|| {
            // SAFETY: see `new`; an error is cleared.
            unsafe {
                let watches = (api.add_function)(api.on_function) >= 0;
                if !watches {
                    ffi::PyErr_Clear();
                }
                watches
            }
        })
    }

    /// Watches a dict, whatever happens to its entries.
    fn watch_namespace(&self, dict: Object, flag: &Flag) -> bool {
        self.watch_dict(
            dict,
            Object(std::ptr::null_mut()),
            std::ptr::null_mut(),
            flag,
        )
    }

    /// Watches an entry of a dict; a `value` of NULL: that there is none.
    fn watch_dict(
        &self,
        dict: Object,
        key: Object,
        value: *mut ffi::PyObject,
        flag: &Flag,
    ) -> bool {
        let Some(api) = &self.api else { return false };
        let watch = DictWatch {
            key: key.0,
            hash: if key.is_null() { NO_HASH } else { hash(key.0) },
            value,
            flag: Rc::downgrade(flag),
        };
        let mut dicts = self.dicts.borrow_mut();
        let list = dicts.entry(dict.0 as usize).or_default();
        list.retain(|w| w.flag.strong_count() > 0);
        list.push(watch);
        // SAFETY: a live dict and the id that we were given.
        unsafe { (api.dict_watch)(api.dict_id, dict.0) == 0 }
    }

    /// A watched dict changed, or dies: `key` NULL means any key. Says whether an assumption fell.
    pub fn dict_changed(
        &self,
        dict: *mut ffi::PyObject,
        key: *mut ffi::PyObject,
        value: *mut ffi::PyObject,
        dies: bool,
    ) -> bool {
        let Ok(mut dicts) = self.dicts.try_borrow_mut() else {
            return false;
        };
        let Some(list) = dicts.get_mut(&(dict as usize)) else {
            return false;
        };
        let before = list.len();
        let hashed = if key.is_null() { 0 } else { hash(key) };
        list.retain(|w| {
            let Some(flag) = w.flag.upgrade() else {
                return false;
            };
            let same_key =
                key.is_null() || key == w.key || hashed == w.hash && same_text(key, w.key);
            if same_key && (key.is_null() || value != w.value) {
                if !dies && let Ok(mut variations) = self.variations.try_borrow_mut() {
                    *variations
                        .entry((dict as usize, w.key as usize))
                        .or_default() += 1;
                }
                flag.set(true);
                return false;
            }
            true
        });
        let fell = list.len() < before;
        if key.is_null() {
            // The dict may be about to die, and another one to be given its memory.
            dicts.remove(&(dict as usize));
        }
        if dies && let Ok(mut variations) = self.variations.try_borrow_mut() {
            variations.retain(|&(of, _), _| of != dict as usize);
        }
        fell
    }

    /// Watches no dict any more that no trace depends on: a watched module-level namespace makes each
    /// store into it slower.
    pub fn sweep(&self) {
        let (Some(api), Ok(mut dicts)) = (&self.api, self.dicts.try_borrow_mut()) else {
            return;
        };
        dicts.retain(|&dict, list| {
            list.retain(|w| w.flag.strong_count() > 0);
            if list.is_empty() {
                // SAFETY: a dict that dies says so, and is listed no more; ours is the id.
                unsafe { (api.dict_unwatch)(api.dict_id, dict as *mut ffi::PyObject) };
            }
            !list.is_empty()
        });
    }

    /// Whether an entry of a dict has changed so often that traces must not take it for a constant.
    pub fn varies(&self, dict: Object, key: Object) -> bool {
        let key = (dict.0 as usize, key.0 as usize);
        let variations = self.variations.borrow();
        variations.get(&key).is_some_and(|&n| n >= VARIES)
    }

    /// A watched class was modified. Says whether an assumption fell.
    pub fn type_changed(&self, ty: *mut ffi::PyObject) -> bool {
        let fell = fall(&self.types, ty as usize);
        if let (true, Ok(mut changes)) = (fell, self.changes.try_borrow_mut()) {
            *changes.entry(ty as usize).or_default() += 1;
        }
        fell
    }

    /// Whether a class has changed so often that traces must not take its attributes for constants.
    pub fn class_varies(&self, class: Object) -> bool {
        let changes = self.changes.borrow();
        changes
            .get(&(class.0 as usize))
            .is_some_and(|&n| n >= VARIES)
    }

    /// A function in Python is about to change, or to go. Says whether an assumption fell. A program that makes functions
    /// all the time has this called for each of them.
    pub fn function_changes(&self, function: *mut ffi::PyObject) -> bool {
        self.function_bits.get() & bit(function) != 0 && fall(&self.functions, function as usize)
    }

    /// A call that is known as this was short.
    pub fn call_was_short(&self, known_as: u64) {
        if let Ok(mut calls) = self.calls.try_borrow_mut() {
            calls.entry(known_as).or_insert(Calls::Short);
        }
    }

    /// Whether one was, and none turned out to be otherwise.
    pub fn call_is_short(&self, known_as: u64) -> bool {
        self.calls.borrow().get(&known_as) == Some(&Calls::Short)
    }

    /// They last, or call back. Says whether an assumption fell.
    pub fn calls_last(&self, known_as: u64) -> bool {
        if let Ok(mut calls) = self.calls.try_borrow_mut() {
            calls.insert(known_as, Calls::Lasting);
        }
        fall(&self.short_calls, known_as as usize)
    }

    /// Whether they do.
    pub fn do_calls_last(&self, known_as: u64) -> bool {
        self.calls.borrow().get(&known_as) == Some(&Calls::Lasting)
    }

    /// A ctypes function is about to be given another prototype. Says whether an assumption fell.
    pub fn prototype_changes(&self, function: *mut ffi::PyObject) -> bool {
        fall(&self.prototypes, function as usize)
    }
}

/// The bit of an address.
fn bit(object: *mut ffi::PyObject) -> u128 {
    // Objects lie 16 bytes apart, many of one size behind one another: a multiplier spreads them (Knuth, The Art of Computer
    // Programming, volume 3, 6.4).
    1 << ((object as usize >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57)
}

/// The traces to tell when an object (or a function in C) changes, by its address.
type Listeners = RefCell<FxHashMap<usize, Vec<Weak<Cell<bool>>>>>;

fn listen(listeners: &Listeners, address: usize, flag: &Flag) {
    let mut all = listeners.borrow_mut();
    let list = all.entry(address).or_default();
    list.retain(|f| f.strong_count() > 0);
    list.push(Rc::downgrade(flag));
}

fn fall(listeners: &Listeners, address: usize) -> bool {
    let Ok(mut all) = listeners.try_borrow_mut() else {
        return false;
    };
    let told = all.remove(&address).unwrap_or_default();
    let told: Vec<Flag> = told.iter().filter_map(Weak::upgrade).collect();
    told.iter().for_each(|flag| flag.set(true));
    !told.is_empty()
}

/// The hash of a key, which an exact str keeps.
fn hash(key: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: a live object; an error is cleared. Only exact str are compared by it.
    unsafe {
        if ffi::PyUnicode_CheckExact(key) == 0 {
            return 0;
        }
        ffi::PyObject_Hash(key)
    }
}

/// Whether two keys that are different objects are the same text. Keys of namespaces are interned,
/// so this is rarely reached with equal texts.
fn same_text(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> bool {
    // SAFETY: live objects; only exact comparisons of str, which run no Python code.
    unsafe {
        ffi::PyUnicode_CheckExact(a) != 0
            && ffi::PyUnicode_CheckExact(b) != 0
            && ffi::PyUnicode_Compare(a, b) == 0
    }
}
