//! Where the main thread spends its time, by samples.
//!
//! The monitor thread looks at the main thread's processor time now and then, notes whether native code runs, and has the
//! interpreter make a pending call; that finds the frame at which the interpreter has come to a point where such calls are
//! made. So a foreign call counts for the bytecode behind which it ends, and native code, which leaves for a pending
//! call, for the version that was running. A sample weighs what the thread has taken since the one in front.

use crate::cpython::frame;
use crate::engine::{self, Engine};
use crate::{dump, loops, monitor};
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU32, Ordering};
use std::time::Duration;

/// How often the monitor looks.
pub const EVERY: Duration = Duration::from_millis(10);
/// How much processor time the main thread takes at least between two samples, in microseconds.
const LEAST_US: i64 = 5_000;
/// How far out a loop is looked for that the interpreter runs for.
const MOST_FRAMES: usize = 64;

/// The clock of the main thread's processor time; 0 where there is none.
static CLOCK: AtomicI32 = AtomicI32::new(0);
static ON: AtomicBool = AtomicBool::new(false);
/// Whether nobody could watch when it was begun.
static WAITS: AtomicBool = AtomicBool::new(false);
/// The state of the main thread.
static MAIN: AtomicPtr<ffi::PyThreadState> = AtomicPtr::new(std::ptr::null_mut());
/// The number of the version that the main thread runs; 0 where it runs none.
static NATIVE: AtomicU32 = AtomicU32::new(0);
/// Whether a sample is under way, and the version that ran when it was asked for.
static ASKED: AtomicBool = AtomicBool::new(false);
static RAN: AtomicU32 = AtomicU32::new(0);
/// The main thread's time at the last sample.
static LAST: AtomicI64 = AtomicI64::new(0);
/// What the compiler had taken by then.
static SPENT: AtomicI64 = AtomicI64::new(0);

/// Begins to sample, where this is the main thread. Behind a fork it is to be begun again.
pub fn start() {
    if !is_main() {
        return;
    }
    let mut clock = 0;
    // SAFETY: the calling thread, and a place of ours.
    let found = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) } == 0;
    CLOCK.store(if found { clock } else { 0 }, Ordering::Relaxed);
    if let Some(now) = main_us() {
        LAST.store(now, Ordering::Relaxed);
        let spent = engine::get().map_or(0, |e| e.budget.spent());
        SPENT.store(spent.cast_signed(), Ordering::Relaxed);
        ASKED.store(false, Ordering::Relaxed);
        NATIVE.store(0, Ordering::Relaxed);
        // SAFETY: the GIL is held.
        MAIN.store(unsafe { ffi::PyThreadState_Get() }, Ordering::Relaxed);
        ON.store(true, Ordering::Relaxed);
        WAITS.store(!monitor::sample(true), Ordering::Relaxed);
    }
}

/// Asked here and there: begins to sample where nobody could watch before, as behind a fork.
pub fn revive() {
    if WAITS.load(Ordering::Relaxed) && is_on() {
        WAITS.store(!monitor::sample(true), Ordering::Relaxed);
    }
}

/// Whether this is the main thread.
fn is_main() -> bool {
    // SAFETY: asks for a number.
    unsafe { libc::gettid() == libc::getpid() }
}

/// Ends it.
pub fn stop() {
    if ON.swap(false, Ordering::Relaxed) {
        monitor::sample(false);
    }
}

/// Whether there are samples.
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Whether a sample is under way, for which native code leaves.
pub fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// The main thread begins to run a version, which is told by its number, or goes on with another one (0: with none); what it ran
/// before. Of other threads nothing is known.
pub fn runs(thread: *mut ffi::PyThreadState, version: u32, previous: Option<u32>) -> Option<u32> {
    if !is_on() && previous.is_none() {
        return None;
    }
    let is_main = thread == MAIN.load(Ordering::Relaxed);
    is_main.then(|| NATIVE.swap(version, Ordering::Relaxed))
}

fn time_us(clock: libc::clockid_t) -> Option<i64> {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a place of ours.
    let known = unsafe { libc::clock_gettime(clock, &mut now) } == 0;
    known.then(|| now.tv_sec * 1_000_000 + now.tv_nsec / 1000)
}

fn main_us() -> Option<i64> {
    match CLOCK.load(Ordering::Relaxed) {
        0 => None,
        clock => time_us(clock),
    }
}

/// The monitor's part: asks for a sample where the main thread has worked since the last one.
pub fn ask() {
    let Some(now) = main_us() else { return };
    if now - LAST.load(Ordering::Relaxed) < LEAST_US || ASKED.swap(true, Ordering::Relaxed) {
        return;
    }
    RAN.store(NATIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    // SAFETY: may be called by any thread as long as the interpreter lives.
    if unsafe { ffi::Py_AddPendingCall(Some(take), std::ptr::null_mut()) } != 0 {
        ASKED.store(false, Ordering::Relaxed);
    }
}

/// The interpreter's part.
extern "C" fn take(_: *mut c_void) -> c_int {
    ASKED.store(false, Ordering::Relaxed);
    if let (Some(now), Some(e)) = (main_us(), engine::get()) {
        // The compiler keeps its own account.
        let spent = e.budget.spent().cast_signed();
        let compiled = spent - SPENT.swap(spent, Ordering::Relaxed);
        let us = now - LAST.swap(now, Ordering::Relaxed) - compiled;
        let ran = RAN.load(Ordering::Relaxed);
        if let (true, Ok(us)) = (is_on(), u64::try_from(us)) {
            // SAFETY: a pending call is made in the main thread, with the GIL held.
            unsafe { count(e, ran, us) };
            dump::tick(e);
        }
    }
    0
}

/// Counts a sample.
///
/// # Safety
/// The GIL is held, in a pending call.
unsafe fn count(e: &Engine, ran: u32, us: u64) {
    // SAFETY: the caller's promise.
    let thread = unsafe { ffi::PyThreadState_Get() };
    let inside = e.runs.try_borrow().ok().and_then(|runs| {
        let run = runs.iter().rfind(|run| run.thread == thread)?;
        Some(run.version.clone())
    });
    if let Some(version) = inside.filter(|version| ran == 0 || version.number == ran) {
        // It is in a call.
        version.called_us.set(version.called_us.get() + us);
        return;
    }
    if ran != 0 {
        if let Some(version) = loops::version_of(e, ran) {
            version.native_us.set(version.native_us.get() + us);
        }
        return;
    }
    // SAFETY: as above; the frames of the current thread, which stand still.
    unsafe {
        let mut f = frame::current(e.table, thread);
        if f.is_null() {
            return;
        }
        while frame::is_between(e.table, f) {
            f = frame::caller(e.table, f);
            if f.is_null() {
                return;
            }
        }
        let code = frame::code(e.table, f);
        let at = frame::pc(e.table, f, code);
        let mut of = None;
        for _ in 0..MOST_FRAMES {
            let code = frame::code(e.table, f);
            of = loops::loop_at(e, code, frame::pc(e.table, f, code));
            f = frame::caller(e.table, f);
            if of.is_some() || f.is_null() {
                break;
            }
        }
        if let Some(header) = &of {
            header.interpreted_us.set(header.interpreted_us.get() + us);
        }
        dump::saw(e, code, at, of.map(|header| header.number), us);
    }
}
