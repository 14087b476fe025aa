//! How long the compiler may work: for a share of what the program itself has taken.

use std::cell::Cell;
use std::time::Instant;

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
        spent < FREE_US || (spent - FREE_US).saturating_mul(SHARE) < processor_us()
    }

    /// Adds what was spent since, and says how much that was, in microseconds.
    pub fn charge(&self, since: Instant) -> u64 {
        let us = since.elapsed().as_micros() as u64;
        self.spent_us.set(self.spent_us.get().saturating_add(us));
        us
    }
}

/// The processor time of the process, in microseconds.
fn processor_us() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is ours; an error leaves zero.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    (now.tv_sec as u64).saturating_mul(1_000_000) + now.tv_nsec as u64 / 1000
}
