//! How long the compiler may work: it lives on a part of what native code saves, with an advance and a small share of
//! what the program takes. A program that gains nothing loses about those.

use crate::{hook, monitor};
use std::cell::Cell;

/// What any program may spend, in microseconds: an advance on what the first loops save.
const FREE_US: i64 = 30_000;
/// Of the program's own processor time, one part in so many more, as long as it is young.
const SHARE: i64 = 40;
/// When it is young no more: one that has run so long may well run as long again.
const YOUNG_US: i64 = 1_000_000;
/// As `SHARE`, of the time behind that.
const SHARE_LATER: i64 = 10;
/// As `FREE_US`, for loops around foreign calls and over C memory, which gain most.
const FREE_FOREIGN_US: i64 = 200_000;
/// As `SHARE`, for them.
const SHARE_FOREIGN: i64 = 10;
/// Of what native code has saved, one part in so many more.
const OF_SAVED: i64 = 2;

/// What a recording takes, in nanoseconds: to have the bytecodes of the loop told of and to stop that again, and each
/// bytecode.
const RECORDING_NS: i64 = 20_000;
const BYTECODE_NS: i64 = 1_000;
/// As `FREE_US` and `SHARE`, of recordings where only loops that have to do with C may be compiled: which these are, they
/// tell.
const FREE_TO_LOOK_US: i64 = 30_000;
const SHARE_TO_LOOK: i64 = 40;

/// How long loops sleep at least, in microseconds: to wake them costs every loop that is left alone a callback.
const SLEEP_US: i64 = 500_000;

/// The compiler's account.
#[derive(Default)]
pub struct Budget {
    spent_us: Cell<u64>,
    /// What recordings have taken, in nanoseconds.
    recorded: Cell<i64>,
    /// How many there were.
    recordings: Cell<u64>,
    /// Whether loops that wait for the compiler were put to sleep: when, in microseconds of the program's time, and
    /// whether one of them may have to do with C.
    asleep: Cell<Option<(i64, bool)>>,
    /// How often they were woken.
    nights: Cell<u32>,
    /// In nanoseconds: what iterations in native code have saved less what it has cost to enter and leave it.
    saved: Cell<i64>,
}

impl Budget {
    /// Whether another trace may be compiled now, where it has to do with C or not.
    pub fn allows(&self, foreign: bool) -> bool {
        has_come(self.allowed_from(foreign))
    }

    /// Whether a loop may be recorded now of which nobody knows what it has to do with.
    pub fn allows_recording(&self) -> bool {
        has_come(self.recording_allowed_from())
    }

    /// A loop that waits for the compiler, and may have to do with C, is not told of its back edges any more; gives the
    /// night that it sleeps. `None` where nobody could wake it now.
    pub fn sleep(&self, foreign: bool) -> Option<u32> {
        let (since, others) = self.asleep.get().unwrap_or_else(|| (process_us(), false));
        self.asleep.set(Some((since, others || foreign)));
        self.watch().then(|| self.nights.get())
    }

    /// Has the loops woken when the account allows it; false where nobody can watch it now.
    pub fn watch(&self) -> bool {
        let Some((since, foreign)) = self.asleep.get() else {
            return true;
        };
        let due = since.saturating_add(SLEEP_US).max(self.due(foreign));
        monitor::wake_at(due, hook::on_due)
    }

    /// Whether a loop that has gone to sleep in this night has not been woken yet.
    pub fn is_asleep(&self, night: u32) -> bool {
        self.nights.get() == night
    }

    /// Whether there are loops asleep that may be compiled now: asked here and there, true now and then.
    pub fn wakes(&self) -> bool {
        let Some((since, foreign)) = self.asleep.get() else {
            return false;
        };
        let now = process_us();
        let wakes = now.saturating_sub(since) >= SLEEP_US && self.due(foreign) <= now;
        wakes && self.wake_all()
    }

    /// Ends the night; whether there were loops asleep.
    pub fn wake_all(&self) -> bool {
        let slept = self.asleep.take().is_some();
        if slept {
            self.nights.set(self.nights.get().wrapping_add(1));
        }
        slept
    }

    /// From which processor time of the process on, in microseconds, another trace may be compiled, where it has to do
    /// with C or not.
    fn allowed_from(&self, foreign: bool) -> i64 {
        let (free, young, later) = match foreign {
            true => (FREE_FOREIGN_US, SHARE_FOREIGN, SHARE_FOREIGN),
            false => (FREE_US, SHARE, SHARE_LATER),
        };
        let saved_us = self.saved.get() / 1000;
        let earned = match saved_us < 0 {
            true => saved_us,
            false => saved_us / OF_SAVED,
        };
        let spent = i64::try_from(self.spent_us.get()).unwrap_or(i64::MAX);
        let spent = spent.saturating_add(self.recorded.get() / 1000);
        let due = spent.saturating_sub(free.saturating_add(earned));
        let grown_up = YOUNG_US / young;
        let later_on = due.saturating_sub(grown_up).max(0).saturating_mul(later);
        due.min(grown_up)
            .saturating_mul(young)
            .saturating_add(later_on)
    }

    /// As `allowed_from`, for the recording of a loop of which nobody knows what it has to do with.
    fn recording_allowed_from(&self) -> i64 {
        let looked = self.recorded.get() / 1000 - FREE_TO_LOOK_US;
        let to_look = looked.saturating_mul(SHARE_TO_LOOK);
        let foreign = self.allowed_from(true).max(to_look);
        foreign.min(self.allowed_from(false))
    }

    /// From when on loops that sleep may go on, one of which may have to do with C or none.
    fn due(&self, foreign: bool) -> i64 {
        match foreign {
            true => self.recording_allowed_from(),
            false => self.allowed_from(false),
        }
    }

    /// A recording of so many bytecodes has come to its end.
    pub fn recorded(&self, bytecodes: u32) {
        let took = RECORDING_NS + BYTECODE_NS * i64::from(bytecodes);
        self.recorded.set(self.recorded.get().saturating_add(took));
        self.recordings.set(self.recordings.get() + 1);
    }

    /// How many recordings have come to their end, whatever became of them.
    pub fn recordings(&self) -> u64 {
        self.recordings.get()
    }

    /// What the compiler has taken so far, in microseconds.
    pub fn spent(&self) -> u64 {
        self.spent_us.get()
    }

    /// A run of native code has saved so much, in nanoseconds, or cost it.
    pub fn earn(&self, saved: i64) {
        self.saved.set(self.saved.get().saturating_add(saved));
    }

    /// Does a piece of work and adds its time to the account; gives it in microseconds.
    pub fn charge<T>(&self, work: impl FnOnce() -> T) -> (T, u64) {
        let (done, us) = timed(work);
        self.spent_us.set(self.spent_us.get().saturating_add(us));
        (done, us)
    }
}

/// Whether the process has taken so much processor time, in microseconds; the clock is looked at where it matters.
fn has_come(from: i64) -> bool {
    from <= 0 || from <= process_us()
}

/// Does a piece of work; gives the processor time that it took the thread, in microseconds.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = clock_us(libc::CLOCK_THREAD_CPUTIME_ID);
    let done = work();
    let us = clock_us(libc::CLOCK_THREAD_CPUTIME_ID).saturating_sub(before);
    (done, us)
}

/// The processor time of the program, in microseconds.
pub fn process_us() -> i64 {
    clock_us(libc::CLOCK_PROCESS_CPUTIME_ID) as i64
}

/// A clock of processor time, in microseconds.
fn clock_us(clock: libc::clockid_t) -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is ours; an error leaves zero.
    unsafe { libc::clock_gettime(clock, &mut now) };
    (now.tv_sec as u64).saturating_mul(1_000_000) + now.tv_nsec as u64 / 1000
}
