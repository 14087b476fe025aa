//! The dump of a process ([`traces::dump`]): records are written where what they tell happens.
//!
//! Nothing here may stop somebody's program: a dump that cannot be written says so once, and ends.

mod code;
mod file;
mod records;

use crate::engine::{self, Engine};
use crate::loops::{self, Header, Version};
use crate::place;
use crate::py::Object;
use crate::record as recorder;
use crate::{budget, sample};
use file::Writer;
use pyo3_ffi as ffi;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};
use traces::Abort;
use traces::dump::{
    AbortNote, AbortRecord, Counts, End, FORMAT, GoneRecord, LoopCounts, Origin, Place, Record,
    Seen, Start, VersionCounts,
};

/// How long counts wait at most to be written, where anything happens.
const EVERY: Duration = Duration::from_millis(500);

static LAST_DUMP: AtomicU32 = AtomicU32::new(0);

/// A dump that is being written.
pub struct Dump {
    /// Which of the process's dumps it is.
    generation: u32,
    writer: Writer,
    codes: Codes,
    /// The loops that it has named.
    loops: HashSet<u32>,
    /// What was written last.
    loop_counts: HashMap<u32, LoopCounts>,
    version_counts: HashMap<u32, VersionCounts>,
    seen: HashMap<(Place, Option<u32>), (u64, bool)>,
    /// When counts were written last.
    counted: Instant,
}

/// The numbers of code objects.
#[derive(Default)]
pub struct Codes {
    /// By what they say of themselves: one that is made again is the same.
    known: HashMap<u64, u32>,
}

impl Codes {
    /// The number of a code object that has gone, of which not much is known.
    fn number_of_gone(&mut self, about: &impl Hash) -> (u32, bool) {
        let mut hasher = DefaultHasher::new();
        about.hash(&mut hasher);
        let next = self.known.len() as u32;
        let number = *self.known.entry(hasher.finish()).or_insert(next);
        (number, number == next)
    }

    /// The number of a code object, which is described where it is new.
    fn number(&mut self, e: &Engine, code: *mut ffi::PyObject, out: &mut Vec<Record>) -> u32 {
        let next = self.known.len() as u32;
        match self.known.entry(fingerprint(e, code)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                place.insert(next);
                out.push(Record::Code(code::describe(e, code, next)));
                next
            }
        }
    }
}

/// What tells code objects apart.
fn fingerprint(e: &Engine, code: *mut ffi::PyObject) -> u64 {
    let (file, _, function) = place::of(e, code, 0);
    let mut hasher = DefaultHasher::new();
    (file, function, code::number(code, c"co_firstlineno")).hash(&mut hasher);
    if let Some(decoded) = crate::cpython::frame::decoded(e.table, code) {
        let all = decoded.all().iter();
        all.for_each(|i| (i.name, i.oparg).hash(&mut hasher));
    }
    hasher.finish()
}

/// The working directory when Hardwire was switched on: names of files may be relative to it.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::current_dir().unwrap_or_default())
}

/// The processor time of the process, in microseconds.
fn process_us() -> u64 {
    u64::try_from(budget::process_us()).unwrap_or(0)
}

/// The command line of the process.
fn command() -> Vec<String> {
    // SAFETY: the GIL is held; a borrowed reference or NULL.
    let all = unsafe { ffi::PySys_GetObject(c"orig_argv".as_ptr()) };
    // SAFETY: a live object, or NULL is checked; a list's items are below its size, and borrowed.
    unsafe {
        if all.is_null() || ffi::PyList_Check(all) == 0 {
            return Vec::new();
        }
        let word = |n| Object(ffi::PyList_GetItem(all, n)).text();
        (0..ffi::PyList_Size(all)).map(word).collect()
    }
}

fn start(e: &Engine) -> Start {
    // SAFETY: a constant text of the interpreter.
    let version = unsafe { std::ffi::CStr::from_ptr(ffi::Py_GetVersion()) };
    let version = version.to_string_lossy();
    Start {
        format: FORMAT,
        hardwire: env!("CARGO_PKG_VERSION").to_string(),
        python: version.split(' ').next().unwrap_or("").to_string(),
        command: command(),
        options: e.options.borrow().words.clone(),
        folder: folder().to_string_lossy().into_owned(),
        process: std::process::id(),
        time: file::now(),
        forked: None,
        target: serde_json::to_value(&*e.target.borrow()).unwrap_or_default(),
    }
}

/// Begins a dump in a folder, with what there is already; another one ends.
///
/// # Errors
/// The folder cannot be written.
pub fn begin(e: &Engine, folder: &str) -> Result<(), String> {
    end(e);
    let dump = Dump {
        generation: loops::next_number(&LAST_DUMP),
        writer: Writer::begin(Path::new(folder), start(e))?,
        codes: Codes::default(),
        loops: HashSet::new(),
        loop_counts: HashMap::new(),
        version_counts: HashMap::new(),
        seen: HashMap::new(),
        counted: Instant::now(),
    };
    match e.dump.try_borrow_mut() {
        Ok(mut place) => *place = Some(dump),
        Err(_) => return Err("another dump is just being written to".to_string()),
    }
    let headers: Vec<_> = e.headers.borrow().iter().cloned().collect();
    for header in headers.iter().filter(|h| !h.is_dead.get()) {
        announce(e, header);
        for version in header.versions.borrow().iter() {
            compiled(e, header, version, Origin::Before, None);
        }
    }
    sample::start();
    count(e);
    Ok(())
}

/// Whether a dump is being written.
pub fn is_on(e: &Engine) -> bool {
    e.dump.try_borrow().is_ok_and(|dump| dump.is_some())
}

/// Has a dump say something, where there is one.
fn tell(e: &Engine, what: impl FnOnce(&mut Dump, &mut Vec<Record>)) {
    let Ok(mut place) = e.dump.try_borrow_mut() else {
        return;
    };
    let Some(dump) = place.as_mut() else { return };
    let mut records = Vec::new();
    what(dump, &mut records);
    for record in &records {
        if let Err(why) = dump.writer.write(record) {
            *place = None;
            drop(place);
            sample::stop();
            let _ = writeln!(io::stderr(), "hardwire: the dump {why}");
            return;
        }
    }
}

/// Names a loop, once.
fn name(e: &Engine, dump: &mut Dump, header: &Header, out: &mut Vec<Record>) {
    if !header.is_dead.get() && dump.loops.insert(header.number) {
        records::of_loop(e, header, &mut dump.codes, out);
    }
}

/// A loop has become hot.
pub fn announce(e: &Engine, header: &Header) {
    tell(e, |dump, out| name(e, dump, header, out));
}

/// A version was compiled.
pub fn compiled(
    e: &Engine,
    header: &Header,
    version: &Version,
    origin: Origin,
    from: Option<&Version>,
) {
    tell(e, |dump, out| {
        name(e, dump, header, out);
        let from = from.map(|from| from.number);
        records::of_version(e, header, version, (origin, from), &mut dump.codes, out);
    });
}

/// The notes of a recording that comes to nothing, whose code objects live.
pub fn notes_of(recorder: &recorder::Recorder) -> Vec<AbortNote> {
    let note = |n: &recorder::Note| {
        let code = n.code as *mut ffi::PyObject;
        AbortNote {
            file: Object(code).attr_text(c"co_filename"),
            line: place::line_of(code, n.at),
            remark: n.remark.name().to_string(),
            detail: n.detail.clone(),
        }
    };
    recorder.notes.iter().map(note).collect()
}

/// A recording was given up, at a bytecode where that is known. What that was is kept for those who ask, without a dump too.
pub fn aborted(
    e: &Engine,
    header: &Header,
    branch: Option<(&Version, u32)>,
    at: Option<recorder::Place>,
    why: &Abort,
    notes: Vec<AbortNote>,
) {
    let (mut file, mut line, mut bytecode) = (String::new(), 0, String::new());
    if let Some(place) = at {
        file = Object(place.code).attr_text(c"co_filename");
        line = place::line_of(place.code, place.at);
        bytecode = place.op.to_string();
    }
    let record = AbortRecord {
        of: header.number,
        time_us: process_us(),
        branch: branch.map(|(version, guard)| (version.number, guard)),
        file,
        line,
        bytecode,
        reason: why.reason.name().to_string(),
        detail: why.detail.clone(),
        notes,
    };
    if branch.is_none() {
        *header.last_place.borrow_mut() = Some(record.clone());
    }
    tell(e, |dump, out| {
        name(e, dump, header, out);
        out.push(Record::Abort(record));
    });
}

/// A version goes: what it did is told for the last time.
pub fn gone(e: &Engine, version: &Version, why: &str) {
    tell(e, |dump, out| {
        let counts = records::version_counts(version);
        dump.version_counts.remove(&version.number);
        out.push(Record::Counts(Counts {
            time_us: process_us(),
            compiler_us: e.budget.spent(),
            versions: vec![counts],
            ..Counts::default()
        }));
        out.push(Record::Gone(GoneRecord {
            id: version.number,
            time_us: process_us(),
            why: why.to_string(),
        }));
    });
}

/// The interpreter was seen, at a bytecode of a code object, for so many microseconds.
pub fn saw(e: &Engine, code: *mut ffi::PyObject, at: u32, of: Option<u32>, us: u64) {
    tell(e, |dump, out| {
        let of_this = dump.generation;
        let code = loops::number_of(e, (code, of_this), || dump.codes.number(e, code, out));
        let seen = dump
            .seen
            .entry((Place { code, at }, of))
            .or_insert((0, false));
        *seen = (seen.0 + us, true);
    });
}

/// Counts are written, where the last time was some time ago.
pub fn tick(e: &Engine) {
    let is_due = |dump: &Dump| dump.counted.elapsed() >= EVERY;
    let due = e.dump.try_borrow();
    if due.is_ok_and(|dump| dump.as_ref().is_some_and(is_due)) {
        count(e);
    }
}

/// Writes what has changed since it was written last.
fn count(e: &Engine) {
    let headers: Vec<_> = e.headers.borrow().iter().cloned().collect();
    tell(e, |dump, out| {
        dump.counted = Instant::now();
        let mut counts = Counts {
            time_us: process_us(),
            compiler_us: e.budget.spent(),
            ..Counts::default()
        };
        for header in &headers {
            name(e, dump, header, out);
            let of = records::loop_counts(e, header);
            if dump.loop_counts.get(&of.id) != Some(&of) {
                dump.loop_counts.insert(of.id, of.clone());
                counts.loops.push(of);
            }
            for version in header.versions.borrow().iter() {
                let of = records::version_counts(version);
                if dump.version_counts.get(&of.id) != Some(&of) {
                    dump.version_counts.insert(of.id, of.clone());
                    counts.versions.push(of);
                }
            }
        }
        for (&(place, of), (us, is_new)) in &mut dump.seen {
            if std::mem::take(is_new) {
                counts.seen.push(Seen { place, of, us: *us });
            }
        }
        out.push(Record::Counts(counts));
    });
}

/// The process comes to its end, or the dump does.
pub fn end(e: &Engine) {
    if !is_on(e) {
        return;
    }
    count(e);
    tell(e, |_, out| {
        out.push(Record::End(End {
            time_us: process_us(),
        }));
    });
    if let Ok(mut dump) = e.dump.try_borrow_mut() {
        *dump = None;
    }
}

/// What there is to tell of the loops of those code objects that are wanted, by their addresses, and of those whose code objects
/// have gone (`None`), without a dump.
pub fn all(e: &Engine, is_wanted: impl Fn(Option<usize>) -> bool) -> Vec<Record> {
    let mut out = vec![Record::Start(start(e))];
    let mut codes = Codes::default();
    let mut counts = Counts {
        time_us: process_us(),
        compiler_us: e.budget.spent(),
        ..Counts::default()
    };
    let headers: Vec<_> = e.headers.borrow().iter().cloned().collect();
    for header in &headers {
        // What is asked for by its code object lives.
        let code = match header.is_dead.get() {
            true if is_wanted(None) => records::of_dead_loop(header, &mut codes, &mut out),
            false if is_wanted(Some(header.code as usize)) => {
                records::of_loop(e, header, &mut codes, &mut out)
            }
            _ => continue,
        };
        counts.loops.push(records::loop_counts(e, header));
        if let Some(abort) = header.last_place.borrow().clone() {
            out.push(Record::Abort(abort));
        }
        for version in header.versions.borrow().iter() {
            let origin = (Origin::Before, None);
            records::of_version(e, header, version, origin, &mut codes, &mut out);
            counts.versions.push(records::version_counts(version));
        }
        // Where exactly it was seen only a dump tells.
        let us = header.interpreted_us.get();
        if us > 0 {
            let at = header.target;
            let place = Place { code, at };
            let of = Some(header.number);
            counts.seen.push(Seen { place, of, us });
        }
    }
    out.push(Record::Counts(counts));
    out
}

/// The engine, where a dump is being written.
pub fn engine() -> Option<&'static Engine> {
    engine::get().filter(|e| is_on(e))
}
