//! Loops of a few turns in hot loops: the loop around them is recorded with all their turns one behind the other, where
//! its iterations go one and the same way. What then depends on their counters is constant, and no iterator is left.
//!
//! A loop that is about to be recorded looks at how far the loops around it have come since it was counted first: that of
//! its own code, and those that call it. While the outermost one of which few turns are made in a turn of the next waits to be
//! recorded, the others are the interpreter's.

use crate::cpython::decode::Decoded;
use crate::cpython::{Opcode, frame};
use crate::engine::Engine;
use crate::loops::{self, Header, State};
use pyo3_ffi as ffi;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use traces::{Abort, Reason};

/// How many turns a loop may make, as a rule, in each turn of the one around it.
const FEW: u32 = 8;
/// How many loops around a loop are looked at.
const MAX_AROUND: usize = 4;
/// How many frames further out they are looked for.
const MAX_FRAMES: usize = 2;
/// How many iterations in a row go the same way before they are compiled.
const ALIKE: u32 = 4;
/// How often they may go another way.
const MAX_TRIES: u32 = 4;
/// For how many turns, and how often, the loops in a loop wait for it.
const WAIT: u32 = 4 * FEW;
const MAX_WAITS: u32 = 16;
/// How many bytecodes an iteration may have.
pub const MAX_WAY: usize = 1500;
/// How many turns of one loop an iteration may go through.
pub const MAX_TURNS: u32 = 64;

/// What becomes of a loop that has short ones in it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Plan {
    /// Nobody has asked for more than its own iterations.
    #[default]
    Unasked,
    /// It is to be recorded with the loops in it.
    Wanted,
    /// It was compiled so.
    Done,
    /// It is not to be.
    GivenUp,
}

/// What a loop knows of those around it and of those in it.
#[derive(Default)]
pub struct Unrolling {
    plan: Cell<Plan>,
    /// How often an iteration went another way than the one before, or was not recorded to its end.
    tries: Cell<u32>,
    /// How often it was waited for.
    waits: Cell<u32>,
    /// How many iterations in a row went this way: the bytecodes of it.
    alike: Cell<u32>,
    way: RefCell<Option<Rc<[u32]>>>,
    /// The loops around it, from the inside out, and how often each had been counted when this one was at its beginning,
    /// which was then counted so often.
    around: RefCell<Vec<(Weak<Header>, u32)>>,
    from: Cell<u32>,
    /// Those of them that it is a small part of, once it was hot.
    part_of: RefCell<Option<Vec<Weak<Header>>>>,
}

impl Unrolling {
    /// Whether the next recording goes through the loops in it.
    pub fn is_wanted(&self) -> bool {
        self.plan.get() == Plan::Wanted
    }

    /// Whether its trace has the loops in it.
    pub fn is_done(&self) -> bool {
        self.plan.get() == Plan::Done
    }

    /// It is recorded as other loops are from now on, and so are those in it.
    pub fn give_up(&self) {
        self.plan.set(Plan::GivenUp);
        self.way.take();
    }

    /// Its trace is gone since something that it took for granted fell: it may be wanted again.
    pub fn fell(&self) {
        if self.is_done() {
            self.plan.set(Plan::Unasked);
            self.waits.set(0);
            self.tries.set(0);
            self.alike.set(0);
        }
    }

    /// The way that a recording is to go, where iterations have gone one.
    pub fn way(&self) -> Option<Rc<[u32]>> {
        self.way.borrow().clone()
    }

    /// An iteration was recorded that went this way; whether it is to be compiled.
    pub fn went(&self, way: Rc<[u32]>) -> bool {
        let alike = self.alike.get() + 1;
        self.alike.set(alike);
        *self.way.borrow_mut() = Some(way);
        alike >= ALIKE
    }

    /// It was compiled, or that came to nothing.
    pub fn compiled(&self, is_compiled: bool) {
        match is_compiled {
            true => {
                self.plan.set(Plan::Done);
                self.way.take();
            }
            false => self.give_up(),
        }
    }

    /// A recording came to nothing, behind so many bytecodes.
    pub fn failed(&self, why: &Abort, bytecodes: usize) {
        let tries = self.tries.get() + 1;
        let another_way = matches!(
            why.reason,
            Reason::LeftLoop | Reason::Raised | Reason::Confused | Reason::NotInlined
        );
        self.tries.set(tries);
        self.alike.set(0);
        self.way.take();
        if !another_way || tries >= MAX_TRIES || bytecodes >= MAX_WAY {
            self.give_up();
        }
    }

    /// Waits for it; false where that was in vain.
    fn ask(&self) -> bool {
        match self.plan.get() {
            Plan::Done | Plan::GivenUp => return false,
            Plan::Unasked | Plan::Wanted => {}
        }
        let waits = self.waits.get() + 1;
        self.waits.set(waits);
        match waits > MAX_WAITS {
            true => self.give_up(),
            false => self.plan.set(Plan::Wanted),
        }
        waits <= MAX_WAITS
    }
}

/// Notes what the loops around a loop have come to, where it has just been counted often enough to say that it lives.
///
/// # Safety
/// `f` is the current frame of this thread, of this code, with the GIL held.
pub unsafe fn look_around(
    e: &Engine,
    header: &Header,
    hot: u32,
    (code, f): (*mut ffi::PyObject, *mut u8),
) {
    let n = header.count.get();
    if n != (hot / 4).max(1) || n >= hot {
        return;
    }
    let decoded = frame::decoded(e.table, code);
    if !decoded.is_some_and(|decoded| is_counted(&decoded, header.target)) {
        return;
    }
    // SAFETY: the caller's promise.
    let around = unsafe { around(e, header.target, (code, f)) };
    let counts = around.iter().map(|h| (Rc::downgrade(h), h.count.get()));
    *header.unrolling.around.borrow_mut() = counts.collect();
    header.unrolling.from.set(n);
}

/// Whether a loop that is hot waits for the recording of one around it, of which it is a small part: of the outermost that
/// is not given up.
pub fn waits(header: &Header, hot: u32) -> bool {
    let mut part_of = header.unrolling.part_of.borrow_mut();
    let part_of = part_of.get_or_insert_with(|| part_of_which(header));
    while let Some(outer) = part_of.last() {
        let outer = outer.upgrade();
        if outer
            .as_ref()
            .is_some_and(|outer| outer.unrolling.is_done())
        {
            return false;
        }
        let is_counted = |outer: &Rc<Header>| matches!(*outer.state.borrow(), State::Counting);
        if outer.is_some_and(|outer| is_counted(&outer) && outer.unrolling.ask()) {
            header.count.set(hot.saturating_sub(WAIT.min(hot / 2)));
            return true;
        }
        part_of.pop();
    }
    false
}

/// The loops around a hot one in whose turns few turns of the next are made, from the inside out.
fn part_of_which(header: &Header) -> Vec<Weak<Header>> {
    let around = header.unrolling.around.take();
    let turns = header.count.get();
    let mut turns = turns.saturating_sub(header.unrolling.from.get()).max(1);
    let mut all = Vec::new();
    for (outer, from) in around {
        let Some(its_turns) = outer.upgrade().map(|outer| outer.count.get()) else {
            break;
        };
        let its_turns = its_turns.saturating_sub(from);
        if turns > its_turns.saturating_mul(FEW) {
            break;
        }
        turns = its_turns;
        all.push(outer);
    }
    all
}

/// The loops around a loop, from the inside out: those of its own code, then those that call it.
///
/// # Safety
/// As [`look_around`].
unsafe fn around(
    e: &Engine,
    target: u32,
    (code, f): (*mut ffi::PyObject, *mut u8),
) -> Vec<Rc<Header>> {
    let (mut code, mut f, mut at) = (code, f, target);
    let mut all = Vec::new();
    let mut is_own = true;
    for _ in 0..=MAX_FRAMES {
        let Some(decoded) = frame::decoded(e.table, code) else {
            break;
        };
        for target in loops_around(&decoded, at, is_own) {
            if all.len() < MAX_AROUND
                && let Some(header) = loops::header(e, code, target)
            {
                all.push(header);
            }
        }
        // SAFETY: the caller's promise; the frame of a caller waits for its call.
        unsafe {
            f = frame::caller(e.table, f);
            if !f.is_null() && frame::is_between(e.table, f) {
                f = frame::caller(e.table, f);
            }
            if f.is_null() || all.len() >= MAX_AROUND || frame::is_between(e.table, f) {
                break;
            }
            code = frame::code(e.table, f);
            at = frame::pc(e.table, f, code);
        }
        is_own = false;
    }
    all
}

/// Whether a loop goes over something: one that asks for a condition ends sooner or later, as its numbers want it.
pub fn is_counted(decoded: &Decoded, header: u32) -> bool {
    decoded.at(header).map(|i| i.opcode) == Some(Opcode::FOR_ITER)
}

/// The headers of the loops around an offset, from the inside out; without that of a loop that begins there, where it is
/// the one that is asked about.
fn loops_around(decoded: &Decoded, at: u32, is_own: bool) -> Vec<u32> {
    let end = if is_own { decoded.end_of_loop(at) } else { at };
    let mut headers = decoded.headers();
    headers.retain(|&(header, last)| {
        let around = header <= at && end <= last;
        around && !(is_own && header == at)
    });
    headers.sort_unstable_by_key(|&(header, _)| std::cmp::Reverse(header));
    headers.into_iter().map(|(header, _)| header).collect()
}
