//! The one engine of a process: what was found out about the running interpreter, the options, the
//! loops. CPython's callbacks have no argument of ours, so this is the one global.
//!
//! Everything here is touched with the GIL held, and only in the main interpreter.

use crate::assume::Registry;
use crate::budget::Budget;
use crate::cpython::VersionTable;
use crate::dump::Dump;
use crate::loops::Header;
use crate::options::Options;
use crate::py::{Object, Strong};
use crate::record::Recorder;
use crate::tools::Tools;
use jit::Target;
use pyo3_ffi as ffi;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use traces::{Field, Known};

/// The recording under way: at most one in the process.
pub struct Recording {
    /// The recorder.
    pub recorder: Recorder,
    /// The code object, which must not die while its events are on.
    pub code: Strong,
    /// The loop that is being recorded.
    pub header: Rc<Header>,
    /// Where a branch is recorded: the version that it grows on, and the guard, by its naive instruction.
    pub branch: Option<(Rc<crate::loops::Version>, u32)>,
    /// The back edge was reached.
    pub closed: bool,
}

/// What the callbacks need of `sys.monitoring`.
pub struct Monitoring {
    /// `sys.monitoring.set_local_events`.
    pub set_local_events: Strong,
    /// `sys.monitoring.DISABLE`.
    pub disable: Strong,
    /// The bit of the INSTRUCTION event.
    pub instruction: i64,
}

/// A native run of a frame, for whoever looks at the frame from outside.
#[derive(Clone)]
pub struct Run {
    /// The thread.
    pub thread: *mut ffi::PyThreadState,
    /// The activation, which lives on the thread's stack.
    pub activation: *mut jit::Activation,
    /// What runs.
    pub version: Rc<crate::loops::Version>,
}

/// The engine.
pub struct Engine {
    /// The offsets and opcodes of the running version.
    pub table: &'static VersionTable,
    /// The same for the code generator.
    pub target: RefCell<Target>,
    /// The options in force.
    pub options: RefCell<Options>,
    /// Who is told when an assumption falls.
    pub registry: Registry,
    /// The recording under way.
    pub recording: RefCell<Option<Recording>>,
    /// Code objects of functions that cannot be part of a trace, by address, and why.
    pub not_inlined: RefCell<HashMap<usize, String>>,
    /// Threads in which frames that exits have made run to their end.
    pub resumed: RefCell<Vec<*mut ffi::PyThreadState>>,
    /// All loops that became hot, for the report.
    pub headers: RefCell<Vec<Rc<Header>>>,
    /// Native runs under way, innermost last.
    pub runs: RefCell<Vec<Run>>,
    /// The addresses of the foreign functions that are promised to neither block nor call back.
    pub leaves: RefCell<HashSet<u64>>,
    /// What `__enter__` gave at the `with` blocks that are being entered, with the thread.
    pub entered: RefCell<Vec<(*mut ffi::PyThreadState, *mut ffi::PyObject)>>,
    /// Callables and constants of `sys.monitoring`.
    pub monitoring: Monitoring,
    /// The index of our word in every code object.
    pub code_extra: ffi::Py_ssize_t,
    /// The type whose instances raise when operated on.
    pub raiser: Strong,
    /// Stands for the end of an iterator.
    pub exhausted: Strong,
    /// Whether loops are counted and entered.
    pub enabled: Cell<bool>,
    /// How long the compiler may work.
    pub budget: Budget,
    /// Who is told of machine code.
    pub tools: Tools,
    /// The dump that is being written.
    pub dump: RefCell<Option<Dump>>,
}

impl Engine {
    /// Whether a function of this code object cannot be part of a trace.
    pub fn refuses(&self, code: Object) -> bool {
        self.not_inlined.borrow().contains_key(&(code.0 as usize))
    }
}

struct Global(Engine);
// SAFETY: only reached with the GIL held (see the module's documentation).
unsafe impl Sync for Global {}
// SAFETY: as above.
unsafe impl Send for Global {}

static ENGINE: OnceLock<Global> = OnceLock::new();
static KNOWN: [AtomicUsize; Known::ALL.len()] = [const { AtomicUsize::new(0) }; Known::ALL.len()];
static FIELDS: [AtomicI32; Field::ALL.len()] = [const { AtomicI32::new(0) }; Field::ALL.len()];

/// The engine, once it was started.
pub fn get() -> Option<&'static Engine> {
    ENGINE.get().map(|g| &g.0)
}

/// Starts the engine; a second one is dropped.
pub fn install(engine: Engine) {
    let _ = ENGINE.set(Global(engine));
}

/// The address of an object that the IR knows; NULL where it is not loaded.
pub fn known_address(k: Known) -> *mut ffi::PyObject {
    KNOWN
        .get(k as usize)
        .map_or(0, |a| a.load(Ordering::Relaxed)) as *mut ffi::PyObject
}

/// Tells the address of an object that the IR knows.
pub fn set_known(k: Known, p: *mut ffi::PyObject) {
    if let Some(a) = KNOWN.get(k as usize) {
        a.store(p as usize, Ordering::Relaxed);
    }
}

/// The offset of a field.
pub fn field_offset(f: Field) -> i32 {
    FIELDS
        .get(f as usize)
        .map_or(0, |a| a.load(Ordering::Relaxed))
}

/// Tells the offset of a field, to the code generator too where the engine runs already.
pub fn set_field(f: Field, offset: i32) {
    if let Some(a) = FIELDS.get(f as usize) {
        a.store(offset, Ordering::Relaxed);
    }
    if let Some(e) = get()
        && let Ok(mut t) = e.target.try_borrow_mut()
    {
        t.fields[f as usize] = offset;
    }
}
