//! The dump that is meant, the loop that is meant, and what a process did as a whole.

use super::paint::{count, time};
use anyhow::{Result, bail};
use std::fmt::Write as _;
use std::path::Path;
use traces::dump::{Dump, LoopStory, files};

/// How many names are told where none is meant.
const MOST_NAMES: usize = 8;
/// How much two names must have in common to be taken for near, of 1.
const NEAR: f32 = 0.5;

/// Reads a dump: a file, or the latest one of a folder.
///
/// # Errors
/// There is none, or it is no dump.
pub fn open(path: &Path) -> Result<Dump> {
    let all = files(path)?;
    let Some((latest, others)) = all.split_first() else {
        bail!("{} holds no dump", path.display());
    };
    if !others.is_empty() {
        let name = |path: &std::path::PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let shown: Vec<String> = others.iter().take(MOST_NAMES).map(name).collect();
        let more = match others.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        eprintln!(
            "hardwire: {} holds the dumps of {} processes; this is the latest, {}; there is also {}{more}",
            path.display(),
            all.len(),
            name(latest),
            shown.join(", ")
        );
    }
    let dump = Dump::read(latest)?;
    if dump.is_cut || !dump.has_ended {
        eprintln!(
            "hardwire: the process of {} had not come to its end: it may run still, or was killed",
            latest.display()
        );
    }
    Ok(dump)
}

/// The loops that are meant by a number, `FILE:LINE` or the name of a function; all, hottest first, where none is named.
///
/// # Errors
/// There is no such loop.
pub fn loops<'a>(dump: &'a Dump, meant: Option<&str>) -> Result<Vec<&'a LoopStory>> {
    let Some(meant) = meant else {
        return Ok(dump.hottest());
    };
    let found = dump.find(meant);
    if !found.is_empty() {
        return Ok(found);
    }
    let all = dump.hottest();
    if all.is_empty() {
        bail!("no loop became hot: there is none to look at");
    }
    bail!(
        "no loop is meant by `{meant}`; {}",
        nearest(dump, &all, meant)
    );
}

/// The loop that is meant; where it is one of several, the hottest.
///
/// # Errors
/// There is no such loop.
pub fn one<'a>(dump: &'a Dump, meant: &str) -> Result<&'a LoopStory> {
    let found = loops(dump, Some(meant))?;
    let Some((first, others)) = found.split_first() else {
        bail!("no loop is meant by `{meant}`");
    };
    if !others.is_empty() {
        eprintln!(
            "hardwire: `{meant}` means {} loops; this is the hottest of them, {}; the others:{}",
            found.len(),
            first.record.id,
            listed(dump, others)
        );
    }
    Ok(first)
}

/// The loops of the file that is meant, or with names like this one; else the hottest.
fn nearest(dump: &Dump, all: &[&LoopStory], meant: &str) -> String {
    let is_near = |story: &&&LoopStory| {
        let Some(code) = dump.code(story) else {
            return false;
        };
        match meant.rsplit_once(':') {
            Some((file, _)) => code.file.ends_with(file),
            None => {
                let last = code.function.rsplit('.').next().unwrap_or_default();
                let file = code.file.rsplit('/').next().unwrap_or_default();
                let names = [code.function.as_str(), last, file];
                !similar::get_close_matches(meant, &names, 1, NEAR).is_empty()
            }
        }
    };
    let near: Vec<&LoopStory> = all.iter().filter(is_near).copied().collect();
    match near.is_empty() {
        true => format!("the hottest loops are:{}", listed(dump, all)),
        false => format!("near it are:{}", listed(dump, &near)),
    }
}

/// Loops by their numbers and places, each on a line of its own.
fn listed(dump: &Dump, loops: &[&LoopStory]) -> String {
    let mut out = String::new();
    for story in loops.iter().take(MOST_NAMES) {
        let _ = write!(out, "\n  {:3}  {}", story.record.id, dump.title(story));
    }
    if loops.len() > MOST_NAMES {
        let _ = write!(out, "\n  and {} more", loops.len() - MOST_NAMES);
    }
    out
}

/// Where the time of a process went, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The processor time of the process.
    pub total: u64,
    /// Native code.
    pub native: u64,
    /// What native code called in the interpreter.
    pub called: u64,
    /// The interpreter, in hot loops.
    pub loops: u64,
    /// The interpreter, elsewhere.
    pub elsewhere: u64,
    /// The compiler.
    pub compiler: u64,
}

impl Times {
    /// Of a process.
    pub fn of(dump: &Dump) -> Times {
        let versions = || dump.versions.values().map(|v| &v.counts);
        let seen = |in_loop: bool| {
            let seen = dump.seen.iter().filter(|seen| seen.of.is_some() == in_loop);
            seen.map(|seen| seen.us).sum()
        };
        Times {
            total: dump.time_us,
            native: versions().map(|v| v.native_us).sum(),
            called: versions().map(|v| v.called_us).sum(),
            loops: seen(true),
            elsewhere: seen(false),
            compiler: dump.compiler_us,
        }
    }

    /// Whether anything was seen: a dump that was written without a clock tells of counts only.
    pub fn is_known(&self) -> bool {
        self.native + self.called + self.loops + self.elsewhere > 0
    }

    /// What was seen.
    pub fn seen(&self) -> u64 {
        self.native + self.called + self.loops + self.elsewhere
    }
}

/// What a loop took, and where, in words.
pub fn spent(dump: &Dump, story: &LoopStory) -> String {
    let state = dump.state(story);
    let total = story.total_us();
    if total == 0 {
        return format!("{state}, and it took no time to speak of");
    }
    let mut parts = Vec::new();
    for (us, what) in [
        (story.native_us, "in native code"),
        (story.called_us, "in what it calls in the interpreter"),
        (story.interpreted_us, "in the interpreter"),
    ] {
        if us > 0 {
            parts.push(format!("{} {what}", time(us)));
        }
    }
    match parts.as_slice() {
        [all] => format!("{state}, {all}"),
        _ => format!("{state}, {}: {}", time(total), parts.join(", ")),
    }
}

/// What a process was.
pub fn process(dump: &Dump) -> String {
    let start = &dump.start;
    let loops = match dump.loops.len() {
        1 => "1 hot loop".to_string(),
        n => format!("{} hot loops", count(n as u64)),
    };
    format!(
        "{}  (process {}, CPython {}, Hardwire {}, {loops})",
        start.command.join(" "),
        start.process,
        start.python,
        start.hardwire
    )
}
