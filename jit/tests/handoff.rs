//! The protocol by which the GIL is taken from a call that lasts (`jit::site` and the runtime's `handoff.rs`), in all
//! interleavings: a thread that makes calls, the monitor, and another thread that wants the GIL.
//!
//! The thread's plain stores wait in a buffer before others see them, in their order, while its loads see them at once
//! (x86-TSO); what locks the bus, and the monitor's process-wide memory barrier, find that buffer empty. Checkers for
//! C++'s memory model do not do: they let an exchange overtake a store to the same word, which no such processor does.

use std::collections::{HashSet, VecDeque};

const INSIDE: u8 = 1;
const SEEN: u8 = 2;
const WANTED: u8 = 1;
const GOING: u8 = 2;
const GONE: u8 = 3;
const RELEASED: u8 = 4;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Who {
    Runner,
    Monitor,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Call {
    /// Keeps the GIL, with the thread's mark.
    Short,
    /// Gives it up itself.
    Plain,
}

/// Where the thread is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Runner {
    /// In front of a call; with the GIL.
    Python,
    /// In front of a plain call, once its mark is made.
    Release,
    /// In the foreign function.
    Function,
    /// Behind it: looks whether the GIL was taken.
    Look,
    ComeBack,
    /// Waits for the GIL.
    Take,
    /// Has it; waits until the monitor is done.
    WaitForMonitor,
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Monitor {
    Mark,
    LookAgain,
    Want,
    Barrier,
    Decide,
    GiveUp,
    Settle,
    Done,
}

/// What may be wrong with the protocol, to see that it is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Flaw {
    None,
    /// The monitor does without the barrier.
    NoBarrier,
    /// The thread does not wait until the monitor is done.
    NoWait,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct World {
    flaw: Flaw,
    calls: Vec<Call>,
    runner: Runner,
    monitor: Monitor,
    /// How many more times the monitor looks.
    looks: u8,
    /// Whether the other thread still wants the GIL.
    wants: bool,
    inside: u8,
    stolen: u8,
    /// The thread's stores to `inside` that nobody has seen.
    buffer: VecDeque<u8>,
    gil: Option<Who>,
    lock: Option<Who>,
    /// Whether the monitor may look at the run.
    listed: bool,
}

type Outcome = Result<Option<World>, &'static str>;

impl World {
    /// One step of the thread; `None` where it has to wait.
    fn run(mut self) -> Outcome {
        let drained = self.buffer.is_empty();
        let unlocked = self.lock.is_none();
        self.runner = match self.runner {
            Runner::Python => {
                if self.gil != Some(Who::Runner) {
                    return Err("the thread runs Python code without the GIL");
                }
                match self.calls.first() {
                    Some(Call::Short) => {
                        self.buffer.push_back(INSIDE);
                        Runner::Function
                    }
                    Some(Call::Plain) => Runner::Release,
                    None if !drained || !unlocked => return Ok(None),
                    None if self.stolen != 0 => return Err("a run ends that is not settled"),
                    None => {
                        self.listed = false;
                        self.gil = None;
                        Runner::Ended
                    }
                }
            }
            Runner::Release if !drained => return Ok(None),
            Runner::Release if self.stolen != 0 => match unlocked {
                true => Runner::Release,
                false => return Ok(None),
            },
            Runner::Release => {
                self.stolen = RELEASED;
                self.gil = None;
                Runner::Function
            }
            Runner::Function => {
                self.calls.remove(0);
                self.buffer.push_back(0);
                Runner::Look
            }
            Runner::Look if self.stolen != 0 => Runner::ComeBack,
            Runner::Look => Runner::Python,
            Runner::ComeBack if !drained => return Ok(None),
            Runner::ComeBack => match self.stolen {
                0 => Runner::Python,
                WANTED if !unlocked => return Ok(None),
                WANTED => Runner::ComeBack,
                _ => Runner::Take,
            },
            Runner::Take if self.gil.is_some() => return Ok(None),
            Runner::Take => {
                self.gil = Some(Who::Runner);
                Runner::WaitForMonitor
            }
            Runner::WaitForMonitor => {
                if self.stolen == GOING && self.flaw != Flaw::NoWait {
                    self.gil = None;
                    Runner::Take
                } else {
                    self.stolen = 0;
                    Runner::Python
                }
            }
            Runner::Ended => return Ok(None),
        };
        Ok(Some(self))
    }

    /// One step of the monitor.
    fn watch(mut self) -> Outcome {
        let free = self.lock.is_none();
        self.monitor = match self.monitor {
            Monitor::Mark if !free => return Ok(None),
            Monitor::Mark if !self.listed => Monitor::Done,
            Monitor::Mark => {
                if self.inside == INSIDE {
                    self.inside = SEEN;
                }
                Monitor::LookAgain
            }
            Monitor::LookAgain if !free => return Ok(None),
            Monitor::LookAgain if self.listed && self.inside == SEEN => {
                self.lock = Some(Who::Monitor);
                Monitor::Want
            }
            Monitor::LookAgain => self.next_look(),
            Monitor::Want if self.stolen == 0 => {
                self.stolen = WANTED;
                Monitor::Barrier
            }
            Monitor::Want => self.next_look(),
            Monitor::Barrier => match self.buffer.is_empty() || self.flaw == Flaw::NoBarrier {
                true => Monitor::Decide,
                false => return Ok(None),
            },
            Monitor::Decide if self.inside == SEEN => {
                self.stolen = GOING;
                self.lock = None;
                Monitor::GiveUp
            }
            Monitor::Decide => {
                self.stolen = 0;
                self.next_look()
            }
            Monitor::GiveUp => {
                if self.gil != Some(Who::Runner)
                    || matches!(self.runner, Runner::Python | Runner::WaitForMonitor)
                {
                    return Err("the monitor gives up a GIL that is not the call's");
                }
                self.gil = None;
                Monitor::Settle
            }
            // What it still does with the thread state comes behind that.
            Monitor::Settle => {
                if !self.listed {
                    return Err("the monitor uses a run that has ended");
                }
                self.stolen = GONE;
                self.next_look()
            }
            Monitor::Done => return Ok(None),
        };
        Ok(Some(self))
    }

    fn next_look(&mut self) -> Monitor {
        self.lock = None;
        self.looks -= 1;
        match self.looks {
            0 => Monitor::Done,
            _ => Monitor::Mark,
        }
    }

    fn take_once(mut self) -> Outcome {
        if !self.wants || self.gil.is_some() {
            return Ok(None);
        }
        // It uses the GIL at once, and lets go of it.
        self.wants = false;
        Ok(Some(self))
    }

    fn drain(mut self) -> Outcome {
        Ok(self.buffer.pop_front().map(|store| {
            self.inside = store;
            self
        }))
    }

    fn is_over(&self) -> bool {
        self.runner == Runner::Ended && self.monitor == Monitor::Done && !self.wants
    }
}

/// Looks at all that may happen; what goes wrong first, or how many states there are.
fn explore(calls: &[Call], wants: bool, flaw: Flaw) -> Result<usize, String> {
    let start = World {
        flaw,
        calls: calls.to_vec(),
        runner: Runner::Python,
        monitor: Monitor::Mark,
        looks: 3,
        wants,
        inside: 0,
        stolen: 0,
        buffer: VecDeque::new(),
        gil: Some(Who::Runner),
        lock: None,
        listed: true,
    };
    let mut seen = HashSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(world) = todo.pop() {
        let steps = [World::run, World::watch, World::take_once, World::drain];
        let mut stuck = true;
        for step in steps {
            let next = step(world.clone()).map_err(|why| format!("{why}: {world:?}"))?;
            if let Some(next) = next {
                stuck &= next == world;
                if seen.insert(next.clone()) {
                    todo.push(next);
                }
            }
        }
        if stuck && !world.is_over() {
            return Err(format!("nobody can go on: {world:?}"));
        }
    }
    Ok(seen.len())
}

const CASES: [&[Call]; 6] = [
    &[Call::Short],
    &[Call::Short, Call::Short],
    &[Call::Short, Call::Plain],
    &[Call::Plain, Call::Short],
    &[Call::Short, Call::Plain, Call::Short],
    &[Call::Short, Call::Short, Call::Short],
];

#[test]
fn who_has_the_gil_is_agreed_on() {
    for calls in CASES {
        for wants in [false, true] {
            let states = explore(calls, wants, Flaw::None);
            let states = states.unwrap_or_else(|why| panic!("{calls:?}, {wants}: {why}"));
            assert!(states > 50, "{calls:?}: only {states} states");
        }
    }
}

#[test]
fn without_the_barrier_it_is_not() {
    let failed = |calls: &&[Call]| explore(calls, true, Flaw::NoBarrier).is_err();
    assert!(CASES.iter().any(failed));
}

#[test]
fn a_thread_that_does_not_wait_for_the_monitor_is_noticed() {
    let failed = |calls: &&[Call]| explore(calls, true, Flaw::NoWait).is_err();
    assert!(CASES.iter().any(failed));
}
