//! How long the compiler may work: for a share of what the program itself has taken.

use std::cell::Cell;

/// What any program may spend, in microseconds: short ones gain nothing from more.
const FREE_US: u64 = 200_000;
/// Of the program's own processor time, one part in so many more.
const SHARE: u64 = 10;

/// The compiler's account.
#[derive(Default)]
pub struct Budget {
    spent_us: Cell<u64>,
}

impl Budget {
    /// Whether another trace may be compiled now.
    pub fn allows(&self) -> bool {
        let spent = self.spent_us.get();
        spent < FREE_US
            || (spent - FREE_US).saturating_mul(SHARE) < clock_us(libc::CLOCK_PROCESS_CPUTIME_ID)
    }

    /// Does a piece of work and adds its time to the account; gives it in microseconds.
    pub fn charge<T>(&self, work: impl FnOnce() -> T) -> (T, u64) {
        let before = clock_us(libc::CLOCK_THREAD_CPUTIME_ID);
        let done = work();
        let us = clock_us(libc::CLOCK_THREAD_CPUTIME_ID).saturating_sub(before);
        self.spent_us.set(self.spent_us.get().saturating_add(us));
        (done, us)
    }
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
