//! Tools outside the process that are told of machine code, where an option asks for it: perf, by the map of names
//! (`perf_map.rs`) or by the dump of code (`jitdump.rs`), and debuggers (`jit/src/debugger.rs`).
//!
//! A tool that cannot be told is no reason to stop somebody's program: one line on stderr says so, once.

mod jitdump;
mod lines;
mod perf_map;

use crate::engine::Engine;
use crate::options::Options;
use jit::debugger::{self, Known};
use jit::region::{TRAMPOLINE, trampolines};
use jit::{Compiled, Part, Region};
use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::{self, Write};
use traces::Trace;

/// A piece of machine code and what to call it.
#[derive(Debug)]
struct Named {
    name: String,
    region: Region,
}

/// What tools were told of a version; it must go before the code does.
#[derive(Default, Debug)]
pub struct Told {
    all: Vec<Named>,
    _known: Vec<Known>,
}

/// Who is told.
#[derive(Default)]
pub struct Tools {
    /// The process whose code they know.
    process: Cell<u32>,
    /// How many trampolines have been told of.
    trampolines: Cell<usize>,
    /// The dump of code under way.
    dump: RefCell<jitdump::Dump>,
    /// Whether a tool could not be told of something: it is told nothing more.
    has_failed: Cell<bool>,
}

impl Tools {
    /// The options have changed.
    pub fn restart(&self) {
        self.trampolines.set(0);
        self.has_failed.set(false);
    }

    /// Tells of a new trace by its name.
    pub fn tell(&self, e: &Engine, name: &str, trace: &Trace, compiled: &Compiled) -> Told {
        let options = &*e.options.borrow();
        if !options.has_tools() {
            return Told::default();
        }
        let known = self.trampolines.get();
        let new: Vec<_> = trampolines(known).into_iter().map(Named::runtime).collect();
        self.trampolines.set(known + new.len());
        self.write(options, &new);
        // They are never freed.
        self.register(options, &new)
            .into_iter()
            .for_each(std::mem::forget);
        let mut regions = compiled.regions.clone();
        for region in regions.iter_mut().filter(|r| r.part == Part::Trace) {
            region.lines = lines::of(e, trace, compiled);
        }
        let regions = regions.into_iter();
        let all: Vec<_> = regions.map(|region| Named::of(name, region)).collect();
        self.write(options, &all);
        let _known = self.register(options, &all);
        Told { all, _known }
    }

    /// Has debuggers know machine code.
    fn register(&self, options: &Options, all: &[Named]) -> Vec<Known> {
        if !options.gdb || self.has_failed.get() {
            return Vec::new();
        }
        let all = all.iter().map(|n| debugger::register(&n.name, &n.region));
        all.collect::<Result<_, _>>().unwrap_or_else(|e| {
            self.fail("gdb", e);
            Vec::new()
        })
    }

    /// Says that a tool could not be told.
    fn fail(&self, tool: &str, why: impl Display) {
        self.has_failed.set(true);
        let _ = writeln!(io::stderr(), "hardwire: {tool} is told nothing more: {why}");
    }

    /// Writes the files, in which this process is named: of code that has not been freed.
    fn write(&self, options: &Options, all: &[Named]) {
        if self.has_failed.get() {
            return;
        }
        self.process.set(std::process::id());
        let mut outcome = Ok(());
        if options.perf {
            outcome = perf_map::write(all);
        }
        if let Some(folder) = &options.jitdump {
            outcome = outcome.and(self.dump.borrow_mut().write(folder, all));
        }
        if let Err(e) = outcome {
            self.fail("perf", e);
        }
    }
}

/// What to call the machine code of a trace, and of which version: `hardwire:app.py:12 main #3`.
pub fn name(trace: &str, version: u32) -> String {
    let (_, place) = trace.rsplit_once('/').unwrap_or(("", trace));
    let place = place.replace(char::is_control, "?");
    format!("hardwire:{place} #{version}")
}

/// Where the process is a new one, its files are to name the code that it has inherited.
pub fn after_fork(e: &Engine) {
    let options = e.options.borrow();
    let known = e.tools.process.get();
    if known == 0 || known == std::process::id() {
        return;
    }
    let all = trampolines(0).into_iter().map(Named::runtime);
    e.tools.write(&options, &all.collect::<Vec<_>>());
    for header in e.headers.borrow().iter() {
        for version in header.versions.borrow().iter() {
            e.tools.write(&options, &version.told.all);
        }
    }
}

impl Named {
    /// A piece of a trace.
    fn of(name: &str, region: Region) -> Named {
        let part = match region.part {
            Part::Stubs => " (stubs)",
            Part::Trace | Part::Trampoline => "",
        };
        let name = format!("{name}{part}");
        Named { name, region }
    }

    /// What all traces share.
    fn runtime(region: Region) -> Named {
        let name = TRAMPOLINE.to_string();
        Named { name, region }
    }

    /// Its code.
    fn bytes(&self) -> &[u8] {
        // SAFETY: trampolines are never freed, and what was told of a trace goes before its code does.
        unsafe { self.region.bytes() }
    }
}

/// An error that names a file.
fn about(path: impl AsRef<std::path::Path>) -> impl FnOnce(io::Error) -> io::Error {
    move |e| io::Error::new(e.kind(), format!("{}: {e}", path.as_ref().display()))
}
