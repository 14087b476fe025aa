//! A runtime without Python: objects in raw memory, helpers, frames, and a way to run a trace.
#![allow(dead_code)]

mod iterators;
pub mod library;
pub mod peeled;
mod running;
pub mod scene;

use jit::site::PLAIN;
use jit::target::{Functions, MAX_WATCHES, Target};
use jit::{
    Activation, ActivationBuf, Compiled, Exit, Handoff, Repr, Request, Site, Source, compile,
    values_of,
};
use proptest::test_runner::{Config, RngSeed};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use traces::{Abort, Field, Helper, Trace};

/// How many random cases a test tries, and which: `n`, the same each time; or as many others as `PROPTEST_CASES` says.
pub fn cases(n: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let asked = asked.and_then(|n| n.parse().ok());
    let mut config = Config {
        failure_persistence: None,
        ..Config::with_cases(asked.unwrap_or(n))
    };
    if asked.is_none() && config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

pub const IMMORTAL: u32 = u32::MAX;
const WORDS: usize = 8;

/// An object: refcount, type, then what its kind needs. An int has its tag and digit at words 2
/// and 3 and its whole value at 4 and 5.
#[repr(C)]
pub struct Object {
    pub refcount: u32,
    pad: u32,
    pub ty: usize,
    pub words: [u64; WORDS],
}

thread_local! {
    pub static DEAD: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    pub static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    pub static NOW: RefCell<(usize, usize)> = const { RefCell::new((0, 0)) };
    /// The C library's `errno` of the machine that runs, or NULL.
    static ERRNO: Cell<*mut i32> = const { Cell::new(std::ptr::null_mut()) };
}

/// Does to the C library's `errno` what a function does.
pub fn disturb_errno(to: impl Fn(i32) -> i32) {
    let errno = ERRNO.get();
    if !errno.is_null() {
        unsafe { *errno = to(*errno) };
    }
}

pub fn log(line: impl Into<String>) {
    LOG.with_borrow_mut(|l| l.push(line.into()));
}

pub fn take_log() -> Vec<String> {
    LOG.with_borrow_mut(std::mem::take)
}

pub const INT: usize = 0x1_0000;
pub const FLOAT: usize = 0x2_0000;
pub const OTHER: usize = 0x3_0000;
pub const CDATA: usize = 0x4_0000;
pub const CDATA_OWN: usize = 0x6_0000;
pub const BYTES: usize = 0x8_0000;
pub const STR: usize = 0x9_0000;
pub const LIST: usize = 0xD_0000;
pub const RANGE_ITER: usize = 0xA_0000;
pub const LIST_ITER: usize = 0xB_0000;
pub const TUPLE_ITER: usize = 0xC_0000;
pub const CODE: usize = 0x5_0000;
pub const CODE_BYTES: usize = 0x100;

/// A new object with one reference; never freed, so that a test may look at the dead.
pub fn object(ty: usize, words: &[u64]) -> *mut Object {
    disturb_errno(|_| -1);
    let mut all = [0; WORDS];
    all[..words.len()].copy_from_slice(words);
    Box::into_raw(Box::new(Object {
        refcount: 1,
        pad: 0,
        ty,
        words: all,
    }))
}

pub fn int(n: i128) -> *mut Object {
    let sign = if n == 0 {
        1
    } else if n < 0 {
        2
    } else {
        0
    };
    let digits: u64 = if n == 0 {
        0
    } else if n.unsigned_abs() < 1 << 30 {
        1
    } else if n.unsigned_abs() < 1 << 60 {
        2
    } else {
        3
    };
    let digit = |at: u32| (n.unsigned_abs() >> (30 * at) & ((1 << 30) - 1)) as u64;
    let unused = if digits < 2 { 0xABCD_0000 } else { digit(1) };
    let digit = digit(0) | unused << 32;
    object(
        INT,
        &[digits << 3 | sign, digit, n as u64, (n >> 64) as u64],
    )
}

pub fn int_value(o: *const Object) -> i128 {
    let o = unsafe { &*o };
    assert_eq!(o.ty, INT);
    (o.words[2] as u128 | (o.words[3] as u128) << 64) as i128
}

pub fn refcount(o: *const Object) -> u32 {
    unsafe { (*o).refcount }
}

extern "C" fn new_int(n: i64) -> *mut Object {
    int(n.into())
}
extern "C" fn new_uint(n: u64) -> *mut Object {
    int(n.into())
}
extern "C" fn new_float(x: f64) -> *mut Object {
    object(FLOAT, &[x.to_bits()])
}
extern "C" fn set_float(place: *mut *mut Object, x: *const f64) -> i32 {
    unsafe {
        let old = place.replace(new_float(*x));
        if !old.is_null() && (*old).refcount as i32 > 0 {
            (*old).refcount -= 1;
            if (*old).refcount == 0 {
                dealloc(old);
            }
        }
    }
    1
}
// A cdata: its ctype, the address of its memory, what it is, its weak references, memory of its own.
pub const POINTER: u64 = 0;
pub const CINT: u64 = 1;
pub const CFLOAT: u64 = 2;

extern "C" fn new_cdata(p: u64, ctype: usize) -> *mut Object {
    object(CDATA, &[ctype as u64, p, POINTER])
}
extern "C" fn new_cint(n: u64, ctype: usize) -> *mut Object {
    with_memory(CDATA, ctype, CINT, &[n])
}
extern "C" fn new_cfloat(x: f64, ctype: usize) -> *mut Object {
    with_memory(CDATA, ctype, CFLOAT, &[x.to_bits()])
}
/// A struct of one word or two, as its ctype says.
pub extern "C" fn new_struct(first: u64, second: u64, ctype: usize) -> *mut Object {
    let words = struct_words(ctype);
    with_memory(CDATA_OWN, ctype, words as u64, &[first, second][..words])
}
/// How many words the structs of a ctype have.
pub fn struct_words(ctype: usize) -> usize {
    unsafe { (*(ctype as *const Object)).words[WORDS - 1] as usize }
}
/// Zeroed memory that a cdata owns; a helper.
pub extern "C" fn cdata_new(ctype: usize, bytes: i64) -> *mut Object {
    let words = bytes as usize / 8;
    with_memory(CDATA_OWN, ctype, words as u64, &[0; 4][..words])
}
pub fn with_memory(ty: usize, ctype: usize, what: u64, memory: &[u64]) -> *mut Object {
    let mut words = vec![ctype as u64, 0, what, 0];
    words.extend(memory);
    let new = object(ty, &words);
    unsafe { (*new).words[1] = &raw const (*new).words[4] as u64 };
    new
}
/// A bytes or str: its length, its bytes.
pub fn text_object(ty: usize, text: &[u8]) -> *mut Object {
    let mut words = vec![text.len() as u64];
    words.extend(text.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    }));
    object(ty, &words)
}
pub fn text_of(o: *const Object) -> Vec<u8> {
    let words = unsafe { (*o).words };
    let bytes = words[1..].iter().flat_map(|word| word.to_le_bytes());
    bytes.take(words[0] as usize).collect()
}
pub extern "C" fn new_char(n: i64) -> *mut Object {
    text_object(BYTES, &[n as u8])
}
pub extern "C" fn new_uchar(n: i64) -> *mut Object {
    let c = char::from_u32(n as u32).unwrap();
    text_object(STR, c.to_string().as_bytes())
}
extern "C" fn str_to_char(o: *const Object, out: *mut i64) -> i32 {
    let text = String::from_utf8(text_of(o)).unwrap();
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => {
            unsafe { *out = u32::from(c).into() };
            1
        }
        _ => 0,
    }
}
extern "C" fn mem_move(to: *mut u8, from: *const u8, bytes: i64) {
    unsafe { std::ptr::copy(from, to, bytes as usize) };
}
extern "C" fn int_to_i64(o: *const Object, out: *mut i64) -> i32 {
    i64::try_from(int_value(o))
        .map(|n| unsafe { *out = n })
        .is_ok()
        .into()
}
extern "C" fn int_to_u64(o: *const Object, out: *mut u64) -> i32 {
    u64::try_from(int_value(o))
        .map(|n| unsafe { *out = n })
        .is_ok()
        .into()
}
extern "C" fn int_to_bits(o: *const Object, out: *mut u64) -> i32 {
    let n = int_value(o);
    let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&n);
    if fits {
        unsafe { *out = n as u64 };
    }
    fits.into()
}
/// Whether an object has died.
pub fn dead(o: *const Object) -> bool {
    DEAD.with_borrow(|d| d.contains(&(o as usize)))
}
extern "C" fn dealloc(o: *mut Object) {
    assert_eq!(refcount(o), 0);
    assert!(!dead(o), "died twice");
    DEAD.with_borrow_mut(|d| d.push(o as usize));
    look("dealloc");
}
/// Whether `release` gives the GIL up, so that `come_back` has to be asked.
const GONE: u64 = 4;
extern "C" fn release(act: *mut Activation, site: &Site) {
    log(format!("release {}", site.during));
    let handoff = unsafe { &mut (*act).handoff };
    handoff.inside = site.during | PLAIN;
    handoff.stolen = GONE;
}
extern "C" fn come_back(act: *mut Activation, site: &Site) {
    let handoff = unsafe { &mut (*act).handoff };
    log(format!(
        "come back {}, inside {}",
        site.during, handoff.inside
    ));
    unsafe { *handoff.current = (*act).thread };
    handoff.stolen = 0;
}

thread_local! {
    /// The module-level variables: dict, key, value.
    pub static GLOBALS: RefCell<Vec<(usize, usize, usize)>> = const { RefCell::new(Vec::new()) };
}
extern "C" fn global_get(dict: usize, key: usize) -> usize {
    disturb_errno(|_| -3);
    GLOBALS.with_borrow(|all| {
        let found = all.iter().find(|g| (g.0, g.1) == (dict, key));
        found.map_or(0, |g| g.2)
    })
}
extern "C" fn global_set(dict: usize, key: usize, value: *mut Object) {
    unsafe { (*value).refcount += 1 };
    let old = GLOBALS.with_borrow_mut(|all| {
        let old = all.iter().position(|g| (g.0, g.1) == (dict, key));
        let old = old.map(|i| all.swap_remove(i).2);
        all.push((dict, key, value as usize));
        old
    });
    decref(old.unwrap_or(0) as *mut Object);
}

pub fn decref(o: *mut Object) {
    unsafe {
        if o.is_null() || ((*o).refcount as i32) < 0 {
            return;
        }
        (*o).refcount -= 1;
        if (*o).refcount == 0 {
            dealloc(o);
        }
    }
}

/// Adds its arguments behind the first; raises where the sum is negative.
extern "C" fn py_call(argv: *const *mut Object, argc: usize, extra: i64) -> *mut Object {
    look("call");
    let args = unsafe { std::slice::from_raw_parts(argv, argc) };
    let sum: i128 = args[1..]
        .iter()
        .filter(|o| !o.is_null())
        .map(|&o| int_value(o))
        .sum();
    args.iter().for_each(|&o| decref(o));
    if sum < 0 {
        std::ptr::null_mut()
    } else {
        int(sum + i128::from(extra))
    }
}
extern "C" fn py_truth(argv: *const *mut Object, argc: usize, extra: i64) -> i32 {
    look("truth");
    assert_eq!((argc, extra), (1, 0));
    let o = unsafe { *argv };
    let n = int_value(o);
    decref(o);
    n as i32
}
extern "C" fn cell_set(cell: *mut Object, new: *mut Object) {
    unsafe {
        (*new).refcount += 1;
        let old = std::mem::replace(&mut (*cell).words[0], new as u64);
        decref(old as *mut Object);
    }
}
extern "C" fn float_mod(x: f64, y: f64) -> f64 {
    disturb_errno(|_| -4);
    x.rem_euclid(y)
}
extern "C" fn int_pow_fits(x: i64, y: i64) -> bool {
    x.checked_pow(y as u32).is_some()
}

/// Writes what somebody who looks at the running frame sees.
pub fn look(who: &str) {
    disturb_errno(|_| -2);
    let (act, compiled) = NOW.with_borrow(|n| *n);
    if act == 0 {
        return;
    }
    let (act, compiled) = unsafe {
        (
            &*(act as *const Activation),
            &*(compiled as *const Compiled),
        )
    };
    let pc =
        unsafe { *act.frame.add(8).cast::<u64>() }.wrapping_sub((CODE + CODE_BYTES) as u64) as i64;
    let mut line = format!("{who} pc {pc}");
    if let Some(call) = act.call_under_way() {
        let exit = &compiled.durings[call];
        let buf = unsafe { values_of(act, compiled.buf_len) };
        line += &format!(" during {} {:?}", exit.inner().pc, slots(exit, buf));
    }
    log(line);
}

/// The slots of an exit, as text.
pub fn slots(exit: &Exit, buf: &[u64]) -> BTreeMap<u16, String> {
    let text = |source: Source| match source {
        Source::Const(id) => format!("const {}", id.0),
        Source::Buf(i, repr) => word_text(buf[usize::from(i)], repr),
        Source::Imm(word, repr) => word_text(word, repr),
        Source::Tuple(n) => format!("tuple {:?}", exit.tuples[usize::from(n)]),
    };
    exit.slots
        .iter()
        .map(|&(slot, source)| (slot, text(source)))
        .collect()
}

fn word_text(word: u64, repr: Repr) -> String {
    match repr {
        Repr::Obj => format!("obj {word:#x}"),
        Repr::Int => format!("int {}", word as i64),
        Repr::Uint => format!("uint {word}"),
        Repr::Float => format!("float {:?}", f64::from_bits(word)),
        Repr::Bool => format!("bool {word}"),
        Repr::CData(id) => format!("cdata {} {word:#x}", id.0),
        Repr::CInt(id) => format!("cint {} {}", id.0, word as i64),
        Repr::CFloat(id) => format!("cfloat {} {:?}", id.0, f64::from_bits(word)),
        Repr::Struct(id) => format!("struct {} {word:#x}", id.0),
        Repr::Char => format!("char {word}"),
        Repr::UChar => format!("uchar {word}"),
        Repr::Attr(id) => format!("attr {} {word}", id.0),
        Repr::Buffer => format!("buffer {word:#x}"),
        Repr::Iter(id) => format!("iter {} {word}", id.0),
        Repr::Range => format!("range {}", word as i64),
        Repr::Instance(id) => format!("instance {}", id.0),
    }
}

pub fn target() -> Target {
    let mut fields = [16; Field::ALL.len()];
    fields[Field::Type as usize] = 8;
    fields[Field::RangeIterStep as usize] = 24;
    fields[Field::RangeIterLen as usize] = 32;
    fields[Field::CDataPtr as usize] = 24;
    fields[Field::CDataWeak as usize] = 40;
    fields[Field::BytesData as usize] = 24;
    fields[Field::ListSize as usize] = 24;
    fields[Field::TupleItems as usize] = 32;
    let mut helpers = [0; Helper::ALL.len()];
    helpers[Helper::PyCall as usize] = py_call as *const () as usize;
    helpers[Helper::PyBinary as usize] = py_call as *const () as usize;
    helpers[Helper::PyTruth as usize] = py_truth as *const () as usize;
    helpers[Helper::CellSet as usize] = cell_set as *const () as usize;
    helpers[Helper::MemMove as usize] = mem_move as *const () as usize;
    helpers[Helper::CDataNew as usize] = cdata_new as *const () as usize;
    helpers[Helper::FloatMod as usize] = float_mod as *const () as usize;
    helpers[Helper::IntPowFits as usize] = int_pow_fits as *const () as usize;
    let functions = Functions {
        new_int: new_int as *const () as usize,
        new_uint: new_uint as *const () as usize,
        new_float: new_float as *const () as usize,
        new_cdata: new_cdata as *const () as usize,
        new_cint: new_cint as *const () as usize,
        new_cfloat: new_cfloat as *const () as usize,
        new_struct: new_struct as *const () as usize,
        new_char: new_char as *const () as usize,
        new_uchar: new_uchar as *const () as usize,
        new_range: iterators::range_iter_new as *const () as usize,
        str_to_char: str_to_char as *const () as usize,
        int_to_i64: int_to_i64 as *const () as usize,
        int_to_u64: int_to_u64 as *const () as usize,
        int_to_bits: int_to_bits as *const () as usize,
        set_float: set_float as *const () as usize,
        global_get: global_get as *const () as usize,
        global_set: global_set as *const () as usize,
        dealloc: dealloc as *const () as usize,
        release: release as *const () as usize,
        come_back: come_back as *const () as usize,
        ..Functions::default()
    };
    Target {
        fields,
        helpers,
        functions,
        code_bytes: CODE_BYTES as i32,
        true_addr: 0x7_0000,
        false_addr: 0x7_1000,
        none_addr: 0x7_2000,
        float_addr: FLOAT,
        int_addr: INT,
        // They have names in the tests.
        writes_over: false,
        range_iter_addr: RANGE_ITER,
        ..Target::made_up()
    }
}

/// Binds the names of a trace's objects and functions.
pub fn bind(mut trace: Trace, names: &[(&str, usize)]) -> Trace {
    let known = [
        ("code", CODE),
        ("int", INT),
        ("float", FLOAT),
        ("cdata", CDATA),
        ("cdata_own", CDATA_OWN),
        ("bytes", BYTES),
        ("str", STR),
        ("True", 0x7_0000),
        ("False", 0x7_1000),
        ("None", 0x7_2000),
    ];
    let find = |name: &str| {
        names
            .iter()
            .chain(&known)
            .find(|(n, _)| *n == name)
            .map_or(0, |&(_, a)| a as u64)
    };
    trace.objs.iter_mut().for_each(|o| o.addr = find(&o.name));
    for f in &mut trace.funcs {
        f.addr = f.addr.map(|_| find(&f.name));
    }
    trace
}

pub fn parse(text: &str, names: &[(&str, usize)]) -> Trace {
    bind(
        traces::parse::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}")),
        names,
    )
}

/// A compiled trace and what it runs on.
pub struct Machine {
    pub compiled: Compiled,
    pub frame: Vec<u64>,
    pub thread: Box<[u64; 4]>,
    /// Where the thread has its thread state.
    pub current: Box<*mut u8>,
    pub interp: Box<[u32; 4]>,
    /// The real `errno` and the saved one.
    pub errno: Box<[i32; 2]>,
    pub act: ActivationBuf,
    /// Whether the first check leaves.
    pub leaves: bool,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    pub pc: u32,
    pub slots: BTreeMap<u16, String>,
}

impl Machine {
    pub fn new(text: &str, names: &[(&str, usize)]) -> Machine {
        Machine::of(&parse(text, names))
    }

    pub fn of(trace: &Trace) -> Machine {
        Machine::with(trace, &target()).unwrap()
    }

    pub fn with(trace: &Trace, target: &Target) -> Result<Machine, Abort> {
        Machine::asked(trace, target, Request::default())
    }

    /// As the others, with what else is asked of the compiler.
    pub fn asked(trace: &Trace, target: &Target, mut request: Request) -> Result<Machine, Abort> {
        request.asm = true;
        let compiled = compile(trace, target, &request)?;
        // Every other call keeps the GIL.
        for site in compiled.sites.iter().skip(1).step_by(2) {
            site.plain.store(0, Ordering::Relaxed);
        }
        let nobody = Activation {
            frame: std::ptr::null_mut(),
            thread: std::ptr::null_mut(),
            during: 0,
            iterations: 0,
            shortfall: 0,
            observed: 0,
            spare: std::ptr::null_mut(),
            errno: std::ptr::null_mut(),
            saved_errno: std::ptr::null_mut(),
            inlined: std::ptr::null_mut(),
            handoff: Handoff::new(std::ptr::null_mut()),
            owed: std::ptr::null_mut(),
            watched: [std::ptr::null(); MAX_WATCHES],
            expected: [0; MAX_WATCHES],
        };
        let act = ActivationBuf::new(nobody, compiled.buf_len);
        Ok(Machine {
            compiled,
            frame: vec![0; 64],
            thread: Box::new([0; 4]),
            current: Box::new(std::ptr::null_mut()),
            interp: Box::new([5; 4]),
            errno: Box::new([7, 5]),
            act,
            leaves: false,
        })
    }

    /// The word that makes the next check leave.
    pub fn leave_word(&mut self) -> usize {
        unsafe { &raw mut (*self.act.activation()).expected[0] as usize }
    }

    pub fn slot(&mut self, i: usize) -> &mut u64 {
        &mut self.frame[2 + i]
    }

    pub fn set(&mut self, i: usize, o: *mut Object) -> &mut Machine {
        *self.slot(i) = o as u64;
        self
    }

    pub fn leave_at_first_check(mut self) -> Machine {
        self.leaves = true;
        self
    }

    pub fn run(&mut self) -> Left {
        let exit = self.enter(|act, compiled| NOW.set((act as usize, compiled as usize)));
        NOW.set((0, 0));
        let exit = &self.compiled.exits[exit as usize];
        Left {
            pc: exit.inner().pc,
            slots: slots(exit, self.act.values()),
        }
    }

    /// Runs until the trace leaves; `begin` is told where the record of the run is. Gives the
    /// index of the exit.
    pub fn enter(&mut self, begin: impl FnOnce(*const Activation, *const Compiled)) -> u32 {
        let act = self.act.activation();
        unsafe {
            (*act).frame = self.frame.as_mut_ptr().cast();
            (*act).thread = self.thread.as_mut_ptr().cast();
            *self.current = (*act).thread;
            (*act).handoff = Handoff::new(&raw mut *self.current);
            (*act).during = 0;
            (*act).errno = &raw mut self.errno[0];
            (*act).saved_errno = &raw mut self.errno[1];
            // The first is compared with zero, the second with what it holds now.
            (*act).watched = [
                (&raw const self.thread[1]).cast(),
                (&raw const self.interp[1]).cast(),
            ];
            (*act).expected = [u64::from(self.leaves), u64::from(self.interp[1])];
        }
        begin(act, &raw const self.compiled);
        ERRNO.set(&raw mut self.errno[0]);
        let exit = unsafe { (self.compiled.entry)(act) };
        ERRNO.set(std::ptr::null_mut());
        exit
    }
}

/// Expected slots, from (slot, text) pairs.
pub fn left(pc: u32, slots: &[(u16, &str)]) -> Left {
    Left {
        pc,
        slots: slots.iter().map(|&(s, t)| (s, t.to_string())).collect(),
    }
}
