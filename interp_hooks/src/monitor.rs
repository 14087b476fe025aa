//! A thread that watches the program's processor time while loops sleep that wait for the compiler: where all loops of a
//! program sleep nothing else would wake them.
//!
//! It holds no lock of the interpreter and calls nothing of it but `Py_AddPendingCall`. A fork finds it gone: CPython
//! warns of a fork of a process that has threads, and a child would wait for one that it does not have. Those who forked
//! wake the loops themselves (`_after_fork` in `module.rs`); the next that goes to sleep starts the thread again.

use crate::budget::process_us;
use crate::symbol;
use pyo3_ffi as ffi;
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::sync::{Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// How long the thread waits at least, and where the interpreter has no room for a pending call.
const SHORTEST: Duration = Duration::from_millis(10);
/// How long no thread is started after a fork: CPython counts them when all that is to be done after it is done.
const AFTER_FORK: Duration = Duration::from_millis(50);

/// How long a fork waits at most for a thread that has ended to be counted no more.
const GONE_WITHIN: Duration = Duration::from_millis(20);

struct Monitor {
    /// At which processor time of the process, in microseconds, the loops are to be woken.
    due: Option<i64>,
    /// Whether the thread is to end.
    ends: bool,
    thread: Option<JoinHandle<()>>,
    /// The kernel's number of the thread, once it runs.
    id: libc::pid_t,
    forked: Option<Instant>,
}

static MONITOR: Mutex<Monitor> = Mutex::new(Monitor {
    due: None,
    ends: false,
    thread: None,
    id: 0,
    forked: None,
});
static CHANGED: Condvar = Condvar::new();
/// What to do at that time, in the main thread, with the GIL held.
static WAKE: OnceLock<extern "C" fn(*mut c_void) -> c_int> = OnceLock::new();

thread_local! {
    /// Held by the thread that forks, from in front of the fork until behind it.
    static HELD: RefCell<Option<MutexGuard<'static, Monitor>>> = const { RefCell::new(None) };
}

fn monitor() -> MutexGuard<'static, Monitor> {
    MONITOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has `wake` called once the process has taken so much processor time, in microseconds, or earlier if that was asked
/// for before. False where nobody can watch it now.
pub fn wake_at(due: i64, wake: extern "C" fn(*mut c_void) -> c_int) -> bool {
    static AT_FORK: Once = Once::new();
    AT_FORK.call_once(|| {
        // SAFETY: functions without arguments that live as long as the process; where there is no memory the thread
        // would live on in a fork, as others do.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(after_fork)) };
    });
    let mut m = monitor();
    if m.forked.is_some_and(|at| at.elapsed() < AFTER_FORK) {
        return false;
    }
    let _ = WAKE.set(wake);
    m.due = Some(m.due.map_or(due, |earlier| earlier.min(due)));
    if m.thread.is_none() {
        m.thread = start();
    }
    CHANGED.notify_all();
    m.thread.is_some()
}

/// The thread; `None` where the system has none.
fn start() -> Option<JoinHandle<()>> {
    // Signals are for the program's own threads.
    // SAFETY: both sets are ours; the calling thread's mask is put back.
    unsafe {
        let (mut all, mut was) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut was);
        let thread = Builder::new().name("hardwire".into()).spawn(watch).ok();
        libc::pthread_sigmask(libc::SIG_SETMASK, &was, std::ptr::null_mut());
        thread
    }
}

/// What the thread does.
fn watch() {
    let mut m = monitor();
    // SAFETY: asks for a number.
    m.id = unsafe { libc::gettid() };
    while !m.ends {
        let Some(due) = m.due else {
            m = CHANGED.wait(m).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = due.saturating_sub(process_us());
        let mut wait = Duration::from_micros(u64::try_from(left).unwrap_or(0)).max(SHORTEST);
        if left <= 0 {
            if is_finalizing() {
                return;
            }
            match add_pending_call() {
                true => {
                    m.due = None;
                    continue;
                }
                false => wait = SHORTEST,
            }
        }
        let (again, _) = CHANGED
            .wait_timeout(m, wait)
            .unwrap_or_else(PoisonError::into_inner);
        m = again;
    }
}

/// Whether the interpreter has room for another pending call, which is ours then.
fn add_pending_call() -> bool {
    let Some(&wake) = WAKE.get() else {
        return true;
    };
    // SAFETY: may be called by any thread as long as the interpreter lives.
    unsafe { ffi::Py_AddPendingCall(Some(wake), std::ptr::null_mut()) == 0 }
}

/// Whether the interpreter is about to go: what a pending call needs goes a good deal later.
fn is_finalizing() -> bool {
    static ASK: OnceLock<Option<unsafe extern "C" fn() -> c_int>> = OnceLock::new();
    let ask = ASK.get_or_init(|| {
        // `Py_IsFinalizing` of 3.13 has an underscore in 3.12.
        let names = [c"Py_IsFinalizing", c"_Py_IsFinalizing"];
        let p = names.iter().find_map(|name| symbol::find(name).ok())?;
        // SAFETY: a function without arguments that gives an int, in both versions.
        Some(unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn() -> c_int>(p) })
    });
    // SAFETY: as above; it may be called by any thread.
    ask.is_none_or(|ask| unsafe { ask() != 0 })
}

/// The kernel wakes who joins a thread a little before it counts one less.
fn wait_until_gone(id: libc::pid_t) {
    let task = format!("/proc/self/task/{id}");
    let begin = Instant::now();
    while begin.elapsed() < GONE_WITHIN && std::fs::exists(&task).unwrap_or(false) {
        std::thread::yield_now();
    }
}

extern "C" fn before_fork() {
    let mut m = monitor();
    while let Some(thread) = m.thread.take() {
        m.ends = true;
        CHANGED.notify_all();
        drop(m);
        // It panics nowhere.
        let _ = thread.join();
        m = monitor();
        m.ends = false;
        wait_until_gone(m.id);
    }
    // A thread that forks while it ends has no place for it: the lock is let go of then.
    let _ = HELD.try_with(|held| *held.borrow_mut() = Some(m));
}

extern "C" fn after_fork() {
    let held = HELD.try_with(|held| held.borrow_mut().take());
    if let Ok(Some(mut m)) = held {
        m.due = None;
        m.forked = Some(Instant::now());
    }
}
