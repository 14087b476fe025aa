//! A thread that watches what nobody else would.
//!
//! While loops sleep that wait for the compiler it watches the program's processor time: where all loops of a program sleep
//! nothing else would wake them. While native runs may call foreign functions with the GIL held it watches these calls,
//! and takes the GIL from one that lasts (`handoff.rs`). Else it sleeps.
//!
//! A fork finds it gone: CPython warns of a fork of a process that has threads, and a child would wait for one that it
//! does not have. Those who forked wake the loops themselves (`_after_fork` in `module.rs`), and all calls are plain until
//! there is a thread again.

use crate::budget::process_us;
use crate::handoff::{Watched, has_gil, monitor_fits};
use crate::{sample, symbol};
use pyo3_ffi as ffi;
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// How long the thread waits at least, and where the interpreter has no room for a pending call.
const SHORTEST: Duration = Duration::from_millis(10);
/// How long no thread is started after a fork: CPython counts them when all that is to be done after it is done.
const AFTER_FORK: Duration = Duration::from_millis(50);

/// How often it looks at the native runs: another thread that wants the GIL waits so long for a call that lasts, at most.
const TICK: Duration = Duration::from_micros(600);
/// How often where only callbacks could want it.
const TICK_ALONE: Duration = Duration::from_millis(5);
/// How long after a look at a call it looks whether that is the same call still.
const LOOK_AGAIN: Duration = Duration::from_micros(50);
/// How often the system may have no thread until it is asked for none any more.
const HOPELESS: u32 = 100;
/// How many looks that found no run it takes to look no more.
const IDLE: u32 = 100;

/// How long a fork waits for the thread without a doubt: others may need a lock that it has.
const STUCK: Duration = Duration::from_millis(100);
/// How long a fork waits at most for a thread that has ended to be counted no more.
const GONE_WITHIN: Duration = Duration::from_millis(20);

struct Monitor {
    /// At which processor time of the process, in microseconds, the loops are to be woken.
    due: Option<i64>,
    /// Not before that is it worth a look at the clock.
    not_before: Option<Instant>,
    /// The native runs that are watched.
    runs: Vec<Watched>,
    /// How many looks have found no run; `None` where none is taken.
    idle: Option<u32>,
    /// Whether the GIL is being taken, which others may have to wait for.
    takes: bool,
    /// How long it sleeps between two looks.
    pace: Duration,
    /// Whether samples are asked for: when the last one was.
    samples: Option<Instant>,
    /// Whether the thread is to end.
    ends: bool,
    /// Whether the thread can take the GIL from others.
    fits: bool,
    thread: Option<JoinHandle<()>>,
    /// The kernel's number of the thread, once it runs.
    id: libc::pid_t,
    forked: Option<Instant>,
}

static MONITOR: Mutex<Monitor> = Mutex::new(Monitor {
    due: None,
    not_before: None,
    runs: Vec::new(),
    idle: None,
    takes: false,
    pace: TICK,
    samples: None,
    ends: false,
    fits: false,
    thread: None,
    id: 0,
    forked: None,
});
/// How often the system had no thread.
static FAILED: AtomicU32 = AtomicU32::new(0);
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

/// The lock, with a thread that watches; `None` where there can be none now.
fn watching() -> Option<MutexGuard<'static, Monitor>> {
    static AT_FORK: Once = Once::new();
    AT_FORK.call_once(|| {
        // SAFETY: functions without arguments that live as long as the process; where there is no memory the thread
        // would live on in a fork, as others do.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) };
    });
    let mut m = monitor();
    if is_hopeless() || m.forked.is_some_and(|at| at.elapsed() < AFTER_FORK) {
        return None;
    }
    if m.thread.is_none() {
        m.thread = start();
        if m.thread.is_none() {
            FAILED.fetch_add(1, Ordering::Relaxed);
        }
    }
    m.thread.is_some().then_some(m)
}

/// Whether there will be no thread.
pub fn is_hopeless() -> bool {
    FAILED.load(Ordering::Relaxed) >= HOPELESS
}

/// Whether the native runs are watched.
pub fn watches() -> bool {
    watching().is_some_and(|m| m.is_ready())
}

/// Has a run watched until `forget_run`, as long as anybody watches; whether somebody does now.
pub fn watch_run(run: Watched) -> bool {
    let watching = watching();
    let now = watching.as_ref().is_some_and(|m| m.is_ready());
    let mut m = watching.unwrap_or_else(monitor);
    let hurry = m.pace > TICK && !run.is_alone;
    m.runs.push(run);
    if m.idle.replace(0).is_none() || hurry {
        CHANGED.notify_all();
    }
    now
}

/// Forgets a run that has ended.
pub fn forget_run(is_meant: impl Fn(&Watched) -> bool) {
    let mut m = monitor();
    if let Some(n) = m.runs.iter().rposition(is_meant) {
        m.runs.swap_remove(n);
    }
}

/// Waits until it is decided whether the GIL is taken from a call.
pub fn wait_for_decision() {
    drop(monitor());
}

/// Has `wake` called once the process has taken so much processor time, in microseconds, or earlier if that was asked
/// for before. False where nobody can watch it now.
pub fn wake_at(due: i64, wake: extern "C" fn(*mut c_void) -> c_int) -> bool {
    let Some(mut m) = watching() else {
        return false;
    };
    let _ = WAKE.set(wake);
    if m.due.is_none_or(|earlier| due < earlier) {
        m.due = Some(due);
        m.not_before = None;
        CHANGED.notify_all();
    }
    true
}

/// Has samples asked for, or not any more; whether there is a thread that does. Behind it none is asked for any more.
pub fn sample(on: bool) -> bool {
    let watching = if on { watching() } else { None };
    let is_watched = watching.is_some();
    let mut m = watching.unwrap_or_else(monitor);
    m.samples = on.then(Instant::now);
    CHANGED.notify_all();
    is_watched
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
    // Else the system would have it sleep a good deal longer than a tick.
    // SAFETY: a number for this thread.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
    let mut m = monitor();
    m.fits = monitor_fits();
    // SAFETY: asks for a number.
    m.id = unsafe { libc::gettid() };
    while !m.ends {
        let alarm = m.alarm();
        let tick = m.tick();
        let samples = m.sample();
        m = match alarm.into_iter().chain(tick).chain(samples).min() {
            None => CHANGED.wait(m).unwrap_or_else(PoisonError::into_inner),
            Some(wait) => sleep(m, wait),
        };
        if tick == Some(LOOK_AGAIN) {
            m = take_from_those_that_last(m);
        }
    }
}

fn sleep(m: MutexGuard<'static, Monitor>, wait: Duration) -> MutexGuard<'static, Monitor> {
    let again = CHANGED.wait_timeout(m, wait);
    again.unwrap_or_else(PoisonError::into_inner).0
}

/// Takes the GIL from calls that were seen before.
fn take_from_those_that_last(mut m: MutexGuard<'static, Monitor>) -> MutexGuard<'static, Monitor> {
    let wanted = |run: &Watched| {
        let call = run.lasts().then(|| run.want()).flatten()?;
        Some((run.clone(), call))
    };
    while let Some((run, call)) = m.runs.iter().find_map(wanted) {
        m.takes = true;
        drop(m);
        run.take(call);
        m = monitor();
        m.takes = false;
    }
    m
}

impl Monitor {
    /// Whether it can take the GIL from a call that begins now. Where it waits for who takes it next it cannot, and that
    /// may be the very one.
    fn is_ready(&self) -> bool {
        self.fits && !self.takes
    }

    /// How long until the program's processor time is to be looked at again.
    fn alarm(&mut self) -> Option<Duration> {
        let due = self.due?;
        let now = Instant::now();
        if let Some(left) = self
            .not_before
            .and_then(|at| at.checked_duration_since(now))
        {
            return Some(left);
        }
        let left = due.saturating_sub(process_us());
        if left <= 0 && (is_finalizing() || add_pending_call()) {
            self.due = None;
            return None;
        }
        let wait = Duration::from_micros(u64::try_from(left).unwrap_or(0)).max(SHORTEST);
        self.not_before = Some(now + wait);
        Some(wait)
    }

    /// How long until a sample is asked for.
    fn sample(&mut self) -> Option<Duration> {
        let last = self.samples?;
        if let Some(left) = sample::EVERY.checked_sub(last.elapsed()) {
            return Some(left);
        }
        if !is_finalizing() {
            sample::ask();
        }
        self.samples = Some(Instant::now());
        Some(sample::EVERY)
    }

    /// Marks the calls that native runs are in; how long until they are to be looked at again.
    fn tick(&mut self) -> Option<Duration> {
        let idle = self.idle?;
        if self.runs.is_empty() {
            self.idle = (idle < IDLE).then_some(idle + 1);
            return self.idle.map(|_| self.pace);
        }
        self.idle = Some(0);
        let all_alone = self.runs.iter().all(|run| run.is_alone);
        self.pace = if all_alone { TICK_ALONE } else { TICK };
        let marked = self.runs.iter().filter(|run| run.mark()).count();
        Some(if marked > 0 { LOOK_AGAIN } else { self.pace })
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

/// Waits until the thread has ended. It may itself wait for somebody to take the GIL, which who forks has.
fn wait_for_end(thread: &JoinHandle<()>) {
    let begin = Instant::now();
    while !thread.is_finished() {
        if begin.elapsed() > STUCK && has_gil() {
            // SAFETY: the GIL is held.
            unsafe { ffi::PyEval_RestoreThread(ffi::PyEval_SaveThread()) };
        }
        std::thread::yield_now();
    }
}

extern "C" fn before_fork() {
    let mut m = monitor();
    while let Some(thread) = m.thread.take() {
        m.ends = true;
        CHANGED.notify_all();
        drop(m);
        wait_for_end(&thread);
        // It panics nowhere.
        let _ = thread.join();
        m = monitor();
        m.ends = false;
        m.fits = false;
        wait_until_gone(m.id);
    }
    // A thread that forks while it ends has no place for it: the lock is let go of then.
    let _ = HELD.try_with(|held| *held.borrow_mut() = Some(m));
}

extern "C" fn in_parent() {
    let held = HELD.try_with(|held| held.borrow_mut().take());
    let Ok(Some(mut m)) = held else { return };
    m.after_fork();
    m.go_on_in_call();
}

extern "C" fn in_child() {
    let held = HELD.try_with(|held| held.borrow_mut().take());
    let Ok(Some(mut m)) = held else { return };
    // The other threads do not live here, whatever another fork was about to do.
    m.runs.retain(Watched::is_own);
    std::mem::forget(m.thread.take());
    (m.ends, m.fits, m.takes) = (false, false, false);
    m.after_fork();
    m.go_on_in_call();
}

impl Monitor {
    /// Nobody watches now.
    fn after_fork(&mut self) {
        self.due = None;
        self.forked = Some(Instant::now());
        self.runs.iter().for_each(Watched::make_plain);
    }

    /// Where it was not Python that forked nobody counts threads, and there may be calls that last.
    fn go_on_in_call(&mut self) {
        if !self.runs.is_empty() && !has_gil() {
            self.forked = None;
            self.thread = start();
        }
    }
}
