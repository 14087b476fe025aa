//! The GIL around foreign calls.
//!
//! A call that is not plain keeps the GIL and says that it could do without (`jit::site`). Where it lasts, the monitor
//! takes the GIL away from it: with the thread's state as its own current one, it lets go of the GIL as the thread would
//! have (`PyEval_SaveThread`). The thread finds out behind the call and takes the GIL as anybody does.
//!
//! The two agree on who has it without a costly instruction on the side of the thread: the monitor says that it wants
//! the GIL, has all threads of the process pass a memory barrier (`membarrier(2)`), and looks again. Either it sees that
//! the thread has come back, or the thread sees, when it comes back, what the monitor has said.
//!
//! Calls that last, or that call back into Python, would have to wait for the monitor each time. So a site begins with a
//! plain call, whose time is taken, and goes on as it turns out; now and then a look at what it is like is repeated.

use crate::assume::Registry;
use crate::cpython::{frame, threads};
use crate::{engine, monitor, run, symbol, tls};
use jit::site::{self, RECORD, SEEN};
use jit::{Activation, Site, values_of};
use pyo3_ffi as ffi;
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How long a call may last that keeps the GIL, in nanoseconds: one to give it up and take it back costs 30 to 50.
const SHORT_NS: u64 = 1_000;
/// How many plain calls a site makes at least until its time is taken again, and how often that doubles.
const PLAIN: u32 = 64;
const DOUBLES: u32 = 10;
/// `Site::left` of a function that calls back.
const ALWAYS: u32 = u32::MAX;
/// Steals so far apart have nothing to do with one another: anybody may be preempted.
const OF_LATE_NS: u64 = 1_000_000_000;
/// How many calls of a function that is expected to be short have to last, one after the other: anybody may be preempted.
const LASTING: u32 = 3;
/// How long others may have to wait at most until they see what a thread has stored.
const SEEN_WITHIN: Duration = Duration::from_millis(1);

/// `Handoff::stolen`: the monitor wants the GIL, and has not decided.
const WANTED: u64 = 1;
/// The monitor is about to let go of it.
const GOING: u64 = 2;
/// It has.
const GONE: u64 = 3;
/// The thread has let go of it itself.
const RELEASED: u64 = 4;
/// Likewise, and the time of the call is taken.
const TIMED: u64 = 5;

/// What a word of the thread's memory above all frames is made; a frame that is made there writes over it.
const UNTOUCHED: u64 = 0x7A11_5EA1_0F0F_C0DE;

/// A run that the monitor watches.
pub struct Watched {
    activation: *mut Activation,
    sites: *const [Box<Site>],
    thread: libc::pthread_t,
    /// Whether the interpreter had no other thread when the run began.
    pub is_alone: bool,
}

// SAFETY: whoever runs takes it off the list before what it points to goes, and waits for the monitor (`come_back`).
unsafe impl Send for Watched {}

/// A call of a run, by its record.
#[derive(Clone, Copy)]
pub struct Call(u64);

/// Why calls are plain on this interpreter, once that was looked at.
static PREPARED: OnceLock<Result<(), String>> = OnceLock::new();
/// The distance of the current thread state from the thread pointer.
static DISTANCE: AtomicIsize = AtomicIsize::new(0);

/// Whether calls need not be plain on this interpreter; if they have to, why, in words.
///
/// Called with the GIL held, which others may have in between the first time.
pub fn prepare() -> Result<(), &'static str> {
    let prepared = PREPARED.get_or_init(|| {
        barrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
            .and_then(|()| barrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED))
            .map_err(|e| format!("the system has no memory barrier for all threads: {e}"))?;
        DISTANCE.store(distance()?, Ordering::Relaxed);
        Ok(())
    });
    prepared.as_ref().copied().map_err(String::as_str)
}

/// Whether a thread was met that has its state somewhere else.
static MISFIT: AtomicBool = AtomicBool::new(false);

/// Whether that was looked at, and calls need not be plain.
fn is_possible() -> bool {
    let prepared = PREPARED.get().is_some_and(Result::is_ok);
    prepared && !MISFIT.load(Ordering::Relaxed) && !monitor::is_hopeless()
}

/// Whether traces may expect calls to be short. The monitor is started, which takes it a while.
pub fn may_expect() -> bool {
    is_possible() && {
        monitor::watches();
        true
    }
}

/// Whether a run with these sites should not begin: calls that are expected to be short would all be plain.
pub fn is_in_vain(sites: &[Box<Site>]) -> bool {
    let short = || sites.iter().filter(|site| site.is_short);
    if short().next().is_none() || is_possible() && monitor::watches() {
        return false;
    }
    if !is_possible() {
        // They will never be.
        short().for_each(|site| calls_last(site.known_as));
    }
    true
}

/// Where this thread has its current thread state.
pub fn current() -> *mut *mut ffi::PyThreadState {
    let distance = DISTANCE.load(Ordering::Relaxed);
    tls::thread_pointer().wrapping_add_signed(distance) as *mut _
}

/// Whether this thread has the GIL, on an interpreter where that was proved.
pub fn has_gil() -> bool {
    // SAFETY: a word of the thread's own memory.
    PREPARED.get().is_some_and(Result::is_ok)
        && lies_here()
        && unsafe { !current().read().is_null() }
}

/// Rehearses with another thread what the monitor does.
///
/// # Errors
/// Why it cannot be done on this interpreter, in words.
///
/// # Safety
/// The GIL is held, which others may have in between.
pub unsafe fn rehearse() -> Result<(), String> {
    const LATE: &str =
        "the interpreter was loaded late: its thread-local memory has no fixed place";
    prepare()?;
    if !lies_here() {
        return Err(LATE.to_string());
    }
    let place = current();
    // SAFETY: the place holds this thread's state. Whether the other thread lets go of the GIL or finds that it must not
    // try, the place and the GIL are as before behind this.
    unsafe {
        let state = place.replace(std::ptr::null_mut());
        let address = state as usize;
        let other = thread::Builder::new().spawn(move || {
            let fits = monitor_fits();
            if fits {
                give_up(current(), address as *mut ffi::PyThreadState, || ());
            }
            fits
        });
        let taken = other.is_ok_and(|other| other.join().unwrap_or(false));
        match taken {
            true => ffi::PyEval_RestoreThread(state),
            false => place.write(state),
        }
        taken.then_some(()).ok_or_else(|| LATE.to_string())
    }
}

/// Whether the calling thread, which the interpreter does not know, can take the GIL from others.
pub fn monitor_fits() -> bool {
    is_possible() && lies_here()
}

/// Whether the calling thread has its current thread state at the distance that was found in another one: of an
/// interpreter that was loaded late each has its memory somewhere else, if at all.
fn lies_here() -> bool {
    thread_local! {
        static HERE: Cell<Option<bool>> = const { Cell::new(None) };
    }
    if let Some(here) = HERE.get() {
        return here;
    }
    let place = current() as usize;
    let lies_in = |block: tls::Block| {
        let start = block.start as usize;
        (start..start + block.len).contains(&place)
    };
    let here = module_memory().is_some_and(lies_in);
    HERE.set(Some(here));
    here
}

/// The thread-local memory of the module that the interpreter lies in.
fn module_memory() -> Option<tls::Block> {
    tls::block_of(symbol::find(c"PyEval_SaveThread").ok()? as usize)
}

/// The distance from the thread pointer of the one word of the interpreter's thread-local memory that holds the current
/// thread state as long as the GIL is held.
fn distance() -> Result<isize, String> {
    let block = module_memory().ok_or("the interpreter has no thread-local memory")?;
    // SAFETY: only reads within the block; the GIL is held when this ends as it was.
    let found: Vec<usize> = unsafe {
        let word = |i: usize| block.start.cast::<*mut ffi::PyThreadState>().add(i);
        let state = ffi::PyThreadState_Get();
        let mut found: Vec<usize> = (0..block.len / size_of::<usize>())
            .filter(|&i| word(i).read_volatile() == state)
            .collect();
        let saved = ffi::PyEval_SaveThread();
        found.retain(|&i| word(i).read_volatile().is_null());
        ffi::PyEval_RestoreThread(saved);
        found.retain(|&i| word(i).read_volatile() == state);
        found.iter().map(|&i| word(i) as usize).collect()
    };
    match found.as_slice() {
        &[place] => Ok(place.wrapping_sub(tls::thread_pointer()) as isize),
        found => Err(format!(
            "{} words could be the current thread state",
            found.len()
        )),
    }
}

/// Has every thread of the process pass a memory barrier, or readies the process for that.
fn barrier(command: libc::c_int) -> std::io::Result<()> {
    // SAFETY: a system call without memory.
    match unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Lets go of the GIL for a thread whose place for its state is empty, once that has been done which needs the GIL.
///
/// # Safety
/// `place` is that of the calling thread, which has no state; the other thread has the GIL, and does not touch its state
/// before it has taken the GIL again.
unsafe fn give_up(
    place: *mut *mut ffi::PyThreadState,
    state: *mut ffi::PyThreadState,
    before: impl FnOnce(),
) {
    // SAFETY: the caller's promise.
    unsafe {
        place.write_volatile(state);
        before();
        ffi::PyEval_SaveThread();
    }
}

// ---- the run ----

/// The word of a run that only one side writes to at a time.
///
/// # Safety
/// The activation lives.
unsafe fn stolen<'a>(a: *mut Activation) -> &'a AtomicU64 {
    // SAFETY: the caller's promise; the word is aligned.
    unsafe { AtomicU64::from_ptr(&raw mut (*a).handoff.stolen) }
}

/// As above.
///
/// # Safety
/// The activation lives.
unsafe fn inside<'a>(a: *mut Activation) -> &'a AtomicU64 {
    // SAFETY: the caller's promise; the word is aligned.
    unsafe { AtomicU64::from_ptr(&raw mut (*a).handoff.inside) }
}

/// A run begins: the monitor watches it from now on, or its calls are plain until there is one.
///
/// # Safety
/// The activation and the sites live until `ended`; the thread's state is the current one, and the GIL is held.
pub unsafe fn begins(a: *mut Activation, sites: &[Box<Site>], thread: *mut ffi::PyThreadState) {
    if sites.is_empty() {
        return;
    }
    // SAFETY: a word of the thread's own memory.
    if is_possible() && !(lies_here() && unsafe { *current() } == thread) {
        MISFIT.store(true, Ordering::Relaxed);
    }
    let watched = is_possible() && {
        // SAFETY: the caller's promise.
        unsafe { (*a).handoff.current = current().cast() };
        monitor::watch_run(Watched {
            activation: a,
            sites,
            // SAFETY: asks for a number.
            thread: unsafe { libc::pthread_self() },
            // SAFETY: the GIL is held.
            is_alone: unsafe { threads::is_one() },
        })
    };
    if !watched {
        sites.iter().for_each(|site| make_plain(site, PLAIN));
    }
}

/// A run has ended.
pub fn ended(a: *mut Activation, sites: &[Box<Site>]) {
    if !sites.is_empty() {
        monitor::forget_run(|w| w.activation == a);
    }
}

fn make_plain(site: &Site, left: u32) {
    // Traces leave behind a plain call that they expect to be short: its time is taken at once.
    let left = if site.is_short { 0 } else { left };
    if site.left.load(Ordering::Relaxed) != ALWAYS {
        site.left.store(left, Ordering::Relaxed);
    }
    site.plain.store(1, Ordering::Relaxed);
}

impl Watched {
    /// All calls of the run are plain for a while.
    pub fn make_plain(&self) {
        // SAFETY: see `Send`.
        let sites = unsafe { &*self.sites };
        sites.iter().for_each(|site| make_plain(site, PLAIN));
    }

    /// Whether it is the calling thread that runs.
    pub fn is_own(&self) -> bool {
        // SAFETY: asks for a number.
        unsafe { libc::pthread_equal(self.thread, libc::pthread_self()) != 0 }
    }

    /// The sites that a call may be at: those where the frame stands alike.
    fn sites(&self, call: Call) -> impl Iterator<Item = &Site> {
        // SAFETY: see `Send`.
        let all = unsafe { &*self.sites }.iter().map(|site| &**site);
        all.filter(move |site| site.during == call.0)
    }

    /// Marks the call that is under way, whose time is to be taken next time; whether it is to be looked at again.
    pub fn mark(&self) -> bool {
        // SAFETY: see `Send`.
        let inside = unsafe { inside(self.activation) };
        let order = Ordering::SeqCst;
        let call = inside.load(order);
        let is_fresh = call != 0 && call & (SEEN | site::PLAIN) == 0;
        let fresh = is_fresh
            && inside
                .compare_exchange(call, call | SEEN, order, order)
                .is_ok();
        if fresh {
            let call = Call(call & RECORD);
            self.sites(call).for_each(|site| make_plain(site, 0));
        }
        fresh || self.lasts()
    }

    /// Whether the call that was marked is still under way, and has the GIL.
    pub fn lasts(&self) -> bool {
        // SAFETY: see `Send`.
        unsafe { self.is_inside() && stolen(self.activation).load(Ordering::SeqCst) == 0 }
    }

    /// Whether the call that was marked is still under way.
    fn is_inside(&self) -> bool {
        // SAFETY: see `Send`.
        unsafe { inside(self.activation).load(Ordering::SeqCst) & SEEN != 0 }
    }

    /// Says that the GIL is wanted; which call was marked, where that is still under way, and so finds out behind it. The
    /// GIL is to be taken then.
    pub fn want(&self) -> Option<Call> {
        // SAFETY: see `Send`.
        let (stolen, inside) = unsafe { (stolen(self.activation), inside(self.activation)) };
        let order = Ordering::SeqCst;
        if stolen.compare_exchange(0, WANTED, order, order).is_err() {
            return None;
        }
        if barrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED).is_err() {
            // The program has forbidden it meanwhile. No store takes so long to be seen.
            MISFIT.store(true, Ordering::Relaxed);
            thread::sleep(SEEN_WITHIN);
        }
        let call = inside.load(order);
        let lasts = call & SEEN != 0;
        stolen.store(if lasts { GOING } else { 0 }, order);
        lasts.then_some(Call(call & RECORD))
    }

    /// Takes the GIL from the call, without the monitor's lock: it may have to wait for who takes it next.
    pub fn take(&self, call: Call) {
        // SAFETY: `want` gave the call: the thread does not touch its state before it has taken the GIL, and does not end its
        // run before this says that it is done.
        unsafe {
            let state: *mut ffi::PyThreadState = (*self.activation).thread.cast();
            leave_untouched(state);
            let site = self.sites(call).next();
            give_up(current(), state, || {
                if let Some(site) = site {
                    lend(self.activation, site);
                }
            });
            stolen(self.activation).store(GONE, Ordering::SeqCst);
        }
    }

    /// The same run.
    pub fn clone(&self) -> Watched {
        Watched { ..*self }
    }
}

// ---- what a call is lent ----

/// The objects that have to live as long as a call, and until the run ends, where others run meanwhile.
///
/// # Safety
/// The activation lives, and the site is one of its.
unsafe fn lent<'a>(
    a: *mut Activation,
    site: &'a Site,
) -> impl Iterator<Item = *mut ffi::PyObject> + 'a {
    let places = site.kept.iter().map(|&place| usize::from(place));
    // SAFETY: the caller's promise: native code has put them there.
    places.map(move |place| unsafe { values_of(a, place + 1)[place] as *mut ffi::PyObject })
}

/// In front of others: takes references to what the call is lent, which the run owes from then on, and says which call is under
/// way for as long as others may look at the frame.
///
/// # Safety
/// As `lent`; whoever calls has the GIL, as that thread or for it, and the call is under way or about to begin.
unsafe fn lend(a: *mut Activation, site: &Site) {
    // SAFETY: the caller's promise: objects, or NULL. Who has the GIL alone touches these words.
    unsafe {
        (*a).handoff.outer = std::mem::replace(&mut (*a).during, site.during);
        if site.kept.is_empty() {
            return;
        }
        let mut owed = take_owed(a);
        for o in lent(a, site).filter(|o| !o.is_null()) {
            ffi::Py_INCREF(o);
            owed.0.push(o);
        }
        (*a).owed = Box::into_raw(Box::new(owed)).cast();
    }
}

/// References that a run lets go of when its frame is whole.
#[derive(Default)]
pub struct Owed(Vec<*mut ffi::PyObject>);

impl Drop for Owed {
    fn drop(&mut self) {
        // SAFETY: taken by `lend`; the GIL is held.
        self.0.iter().for_each(|&o| unsafe { ffi::Py_DECREF(o) });
    }
}

/// What a run owes.
///
/// # Safety
/// The activation lives, and its thread has the GIL.
pub unsafe fn take_owed(a: *mut Activation) -> Owed {
    // SAFETY: the caller's promise; what is there was put there by `lend`.
    unsafe {
        let owed = std::mem::replace(&mut (*a).owed, std::ptr::null_mut());
        match owed.is_null() {
            true => Owed::default(),
            false => *Box::from_raw(owed.cast::<Owed>()),
        }
    }
}

// ---- callbacks ----

/// The word above all frames of a thread, which the next one would begin with.
///
/// # Safety
/// Whoever calls has the GIL, as that thread or for it.
unsafe fn word_above(thread: *mut ffi::PyThreadState) -> Option<*mut u64> {
    let table = engine::get()?.table;
    // SAFETY: the caller's promise.
    unsafe {
        let (top, limit) = frame::data_stack(table, thread);
        let room = (*limit as usize).saturating_sub(*top as usize) >= size_of::<u64>();
        (room && !(*top).is_null()).then_some((*top).cast())
    }
}

/// # Safety
/// As `word_above`.
unsafe fn leave_untouched(thread: *mut ffi::PyThreadState) {
    // SAFETY: the caller's promise; nothing lies there yet.
    if let Some(word) = unsafe { word_above(thread) } {
        // SAFETY: as above.
        unsafe { word.write(UNTOUCHED) };
    }
}

/// Whether frames were made since then.
///
/// # Safety
/// As `word_above`.
unsafe fn is_touched(thread: *mut ffi::PyThreadState) -> bool {
    // SAFETY: the caller's promise; the memory is the data stack's.
    unsafe { word_above(thread).is_some_and(|word| word.read() != UNTOUCHED) }
}

// ---- plain calls ----

/// Lets go of the GIL in front of a plain call; see `jit::target::Functions::release`.
///
/// # Safety
/// Called by native code, with its own activation and one of its sites, with the GIL held.
pub unsafe extern "C" fn release(a: *mut Activation, site: &Site) {
    // SAFETY: the caller's promise; `errno` is put back.
    unsafe {
        let errno = *libc::__errno_location();
        let left = site.left.load(Ordering::Relaxed);
        let timed = left == 0;
        if !timed && left != ALWAYS {
            site.left.store(left - 1, Ordering::Relaxed);
        }
        let (now, order) = (if timed { TIMED } else { RELEASED }, Ordering::SeqCst);
        while stolen(a).compare_exchange(0, now, order, order).is_err() {
            monitor::wait_for_decision();
        }
        inside(a).store(site.during | site::PLAIN, order);
        if site.errno_is_live {
            *(*a).saved_errno = errno;
        }
        if timed {
            leave_untouched((*a).thread.cast());
        }
        lend(a, site);
        ffi::PyEval_SaveThread();
        if timed {
            (*a).handoff.since = now_ns();
        }
        *libc::__errno_location() = errno;
    }
}

/// Makes sure of the GIL behind a call; see `jit::target::Functions::come_back`.
///
/// # Safety
/// As `release`.
pub unsafe extern "C" fn come_back(a: *mut Activation, site: &Site) {
    // SAFETY: the caller's promise; `errno` is put back.
    unsafe {
        let errno = *libc::__errno_location();
        let thread: *mut ffi::PyThreadState = (*a).thread.cast();
        let mut how = stolen(a).load(Ordering::SeqCst);
        while how == WANTED {
            monitor::wait_for_decision();
            how = stolen(a).load(Ordering::SeqCst);
        }
        if how != 0 && site.is_short {
            Activation::leave(a);
        }
        match how {
            // The monitor saw in time that the call was over.
            0 => current().write(thread),
            RELEASED => ffi::PyEval_RestoreThread(thread),
            TIMED => {
                let ns = now_ns().saturating_sub((*a).handoff.since);
                ffi::PyEval_RestoreThread(thread);
                learn(site, ns, is_touched(thread));
            }
            _ => {
                ffi::PyEval_RestoreThread(thread);
                // The monitor may wait for somebody who takes the GIL.
                while stolen(a).load(Ordering::SeqCst) != GONE {
                    ffi::PyEval_SaveThread();
                    thread::yield_now();
                    ffi::PyEval_RestoreThread(thread);
                }
                learn_of_steal(site, is_touched(thread));
            }
        }
        if how != 0 {
            (*a).during = (*a).handoff.outer;
        }
        stolen(a).store(0, Ordering::SeqCst);
        *libc::__errno_location() = errno;
    }
}

/// How a site goes on whose call took so long.
fn learn(site: &Site, ns: u64, calls_back: bool) {
    let is_short = ns <= SHORT_NS && !calls_back;
    if site.is_short {
        learn_of_short(site, is_short, calls_back);
    } else if calls_back {
        make_plain(site, ALWAYS);
    } else if !is_short || !is_possible() || !monitor::watches() {
        let looks = site.looks.load(Ordering::Relaxed).min(DOUBLES);
        site.looks.store(looks + 1, Ordering::Relaxed);
        make_plain(site, PLAIN << looks);
    } else if site.left.load(Ordering::Relaxed) != ALWAYS {
        site.looks.store(0, Ordering::Relaxed);
        site.plain.store(0, Ordering::Relaxed);
    }
}

/// As `learn`, where the call is expected to be short. As long as the site is plain, traces leave behind it.
fn learn_of_short(site: &Site, is_short: bool, calls_back: bool) {
    let looks = site.looks.load(Ordering::Relaxed) + 1;
    if is_short {
        site.looks.store(0, Ordering::Relaxed);
        if is_possible() && monitor::watches() {
            site.plain.store(0, Ordering::Relaxed);
        }
        if let Some(e) = engine::get() {
            e.registry.call_was_short(site.known_as);
        }
    } else if calls_back || looks >= LASTING {
        calls_last(site.known_as);
    } else {
        site.looks.store(looks, Ordering::Relaxed);
    }
}

/// Has no trace expect calls of a function to be short any more.
fn calls_last(function: u64) {
    if let Some(e) = engine::get()
        && e.registry.calls_last(function)
    {
        run::leave_fallen(e);
    }
}

/// Begins with what is known of the functions that are called: where calls were short, the first one is not plain either.
pub fn expect(sites: &[Box<Site>], registry: &Registry) {
    for site in sites {
        if site.is_short && registry.call_is_short(site.known_as) {
            site.plain.store(0, Ordering::Relaxed);
        }
    }
}

/// As `learn`, of a call that the GIL was taken from. What calls back without a frame, or blocks now and then, looks short
/// in between.
fn learn_of_steal(site: &Site, calls_back: bool) {
    let (now, order) = (now_ns(), Ordering::Relaxed);
    let before = site.stolen_at.swap(now, order);
    let steals = match site.steals.load(order) {
        steals if now.saturating_sub(before) > OF_LATE_NS => steals / 2,
        steals => steals.min(DOUBLES),
    };
    site.steals.store(steals + 1, order);
    if site.is_short {
        if calls_back || steals > 0 {
            calls_last(site.known_as);
        }
        return;
    }
    make_plain(
        site,
        if calls_back {
            ALWAYS
        } else {
            PLAIN << (2 * steals).min(DOUBLES + 6)
        },
    );
}

fn now_ns() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is ours; an error leaves zero.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
