//! The versions of a loop: what became of each, its exits, its trace and its machine code.

use std::collections::HashSet;

use traces::dump::{Dump, LoopStory, Place, VersionStory, exit_words};
use traces::{Inst, Trace, parse};

use super::graph::{self, Graph};
use super::lines::{self, Version};
use super::{source, words};

/// How many bytes of traces and machine code the page may hold; browsers cope with that.
const MOST_TEXT: usize = 24_000_000;
/// The most exits in a table.
const MOST_EXITS: usize = 40;
/// Where the comments behind instructions begin.
const COMMENT: usize = 58;

/// A version of a loop.
pub(super) struct View {
    /// Its number.
    pub id: u32,
    /// How far it is from the version that its lineage began with.
    pub depth: usize,
    /// Whether it tells most about its loop.
    pub is_principal: bool,
    /// When it was compiled.
    pub when: String,
    /// Why.
    pub why: String,
    /// Why it went; empty where it is there.
    pub gone: String,
    /// How many paths branch off.
    pub branches: String,
    /// The size of the machine code.
    pub size: String,
    /// What it took to compile.
    pub compile: String,
    /// How often it was entered.
    pub entries: String,
    /// How many iterations it made.
    pub iterations: String,
    /// How often it was left.
    pub exits: String,
    /// How long it was seen to run.
    pub native: String,
    /// How long what it called was seen to run.
    pub called: String,
    /// What it is taken to have saved.
    pub saved: String,
    /// What is special about it, in words.
    pub marks: Vec<&'static str>,
    /// Its paths; none where its trace cannot be read.
    pub graph: Option<Graph>,
    /// The exits that were taken.
    pub ways_out: Vec<WayOut>,
    /// Exits that are not in the table.
    pub more_ways_out: String,
    /// Its trace and its machine code.
    pub texts: Vec<Text>,
}

/// An exit that was taken.
pub(super) struct WayOut {
    /// How often.
    pub count: String,
    /// How often of all exits.
    pub share: String,
    /// The same as the width of a bar.
    pub width: String,
    /// Why.
    pub why: &'static str,
    /// The words for it.
    pub words: String,
    /// The op.
    pub op: String,
    /// Where.
    pub place: String,
    /// The same place in the page.
    pub anchor: String,
    /// The instruction.
    pub inst: u32,
    /// How many frames the interpreter goes on with.
    pub frames: usize,
}

/// A text that folds out.
pub(super) struct Text {
    /// Which kind: `naive`, `trace`, `machine`.
    pub kind: &'static str,
    /// What it is.
    pub title: &'static str,
    /// How long it is.
    pub size: String,
    /// The text.
    pub text: String,
    /// Why there is none; empty where there is.
    pub missing: String,
}

/// What the texts of all versions may take together.
pub(super) struct Room(usize);

impl Room {
    /// All of it.
    pub fn new() -> Room {
        Room(MOST_TEXT)
    }

    fn take(
        &mut self,
        text: Result<String, String>,
        of: &VersionStory,
        command: &str,
    ) -> (String, String) {
        match text {
            Ok(text) if text.len() <= self.0 => {
                self.0 -= text.len();
                (text, String::new())
            }
            Ok(text) => {
                let id = of.record.id;
                let size = words::size(text.len() as u64);
                let why = format!(
                    "Left out of this page, which holds much already ({size}): `hardwire trace {command} DUMP {id}` prints it."
                );
                (String::new(), why)
            }
            Err(why) => (String::new(), format!("It cannot be shown: {why}.")),
        }
    }
}

/// The versions of a loop, each behind the one that it has grown from.
pub(super) fn of(
    dump: &Dump,
    story: &LoopStory,
    versions: &[Version],
    room: &mut Room,
) -> Vec<View> {
    let principal = dump.principal(story).map(|v| v.record.id);
    let mut views: Vec<View> = Vec::new();
    // What there is now comes first where there is not room for all.
    let mut order: Vec<usize> = (0..versions.len()).collect();
    order.sort_by_key(|&n| {
        let v = versions[n].story;
        (Some(v.record.id) != principal, v.gone.is_some(), n)
    });
    for n in order {
        views.push(view(dump, story, &versions[n], principal, room));
    }
    let lineage = lineage(versions);
    views.sort_by_key(|view| lineage.iter().position(|&(id, _)| id == view.id));
    for view in &mut views {
        let depth = lineage.iter().find(|&&(id, _)| id == view.id);
        view.depth = depth.map_or(0, |&(_, depth)| depth);
    }
    views
}

/// The numbers of the versions, each behind the one that it has grown from, and how far down it is.
fn lineage(versions: &[Version]) -> Vec<(u32, usize)> {
    fn below(of: Option<u32>, depth: usize, versions: &[Version], all: &mut Vec<(u32, usize)>) {
        for version in versions {
            let record = &version.story.record;
            let known = record.from.filter(|&from| {
                versions.iter().any(|v| v.story.record.id == from) && from != record.id
            });
            // A dump that was tampered with may go in circles.
            if known == of && all.iter().all(|&(id, _)| id != record.id) {
                all.push((record.id, depth));
                below(Some(record.id), depth + 1, versions, all);
            }
        }
    }
    let mut all = Vec::new();
    below(None, 0, versions, &mut all);
    for version in versions {
        if all.iter().all(|&(id, _)| id != version.story.record.id) {
            all.push((version.story.record.id, 0));
        }
    }
    all
}

fn view(
    dump: &Dump,
    story: &LoopStory,
    version: &Version,
    principal: Option<u32>,
    room: &mut Room,
) -> View {
    let VersionStory {
        record,
        counts,
        gone,
    } = version.story;
    let exits = version.story.exits();
    let left: u64 = exits.iter().map(|&(_, n)| n).sum();
    let mut marks = Vec::new();
    if record.mixed {
        marks.push("variables may change their types");
    }
    if !record.restarts.is_empty() {
        marks.push("its preamble has branches");
    }
    let branches = version.trace.as_ref().map_or(0, graph::branches);
    let more = exits.len().saturating_sub(MOST_EXITS);
    View {
        id: record.id,
        depth: 0,
        is_principal: Some(record.id) == principal,
        when: words::time(record.time_us),
        why: match record.from {
            Some(from) => format!("{} (version {from})", record.origin.text()),
            None => record.origin.text().to_string(),
        },
        gone: gone.as_ref().map_or(String::new(), |gone| {
            format!("at {}: {}", words::time(gone.time_us), gone.why)
        }),
        branches: words::count(branches as u64),
        size: words::size(lines::code_size(version.story)),
        compile: words::time(record.optimise_us + record.generate_us),
        entries: words::count(counts.entries),
        iterations: words::count(counts.iterations),
        exits: words::count(left),
        native: words::time(counts.native_us),
        called: words::time(counts.called_us),
        saved: saved(counts.balance_ns),
        marks,
        graph: graph::of(dump, version),
        ways_out: exits
            .iter()
            .take(MOST_EXITS)
            .map(|&(exit, n)| {
                let place = exit.frames.last().copied().unwrap_or_default();
                WayOut {
                    count: words::count(n),
                    share: words::share(n, left),
                    width: words::width(n as f64, left as f64),
                    why: why(exit),
                    words: exit_words(&exit.op).to_string(),
                    op: exit.op.clone(),
                    place: source::brief(&dump.place(place)),
                    anchor: source::anchor(story.record.id, place.code, dump.line(place)),
                    inst: exit.inst,
                    frames: exit.frames.len(),
                }
            })
            .collect(),
        more_ways_out: match more {
            0 => String::new(),
            n => format!(
                "and {}",
                words::of(n, "exit that was taken less", "exits that were taken less")
            ),
        },
        texts: texts(dump, version, room),
    }
}

fn why(exit: &traces::dump::ExitRecord) -> &'static str {
    match (exit.raises, exit.leads_on) {
        (true, _) => "raises",
        (_, true) if exit.op != "leave" => "leads on",
        _ => "",
    }
}

fn saved(ns: i64) -> String {
    let sign = if ns <= -1000 { "−" } else { "" };
    format!("{sign}{}", words::time(ns.unsigned_abs() / 1000))
}

fn texts(dump: &Dump, version: &Version, room: &mut Room) -> Vec<Text> {
    let story = version.story;
    let record = &story.record;
    let naive = parse::parse(&record.naive);
    let naive = naive.map(|trace| {
        let places = lines::places(&trace, record);
        trace_text(dump, &trace, &places, &[])
    });
    let exits = story.exits();
    let counts: Vec<(u32, u64)> = exits.iter().map(|&(exit, n)| (exit.inst, n)).collect();
    let compiled = version.trace.as_ref();
    let compiled = compiled.map(|trace| trace_text(dump, trace, &version.places, &counts));
    let mut all = Vec::new();
    let mut text = |kind, title, text: Result<String, String>, command| {
        let lines = text.as_ref().map_or(0, |text| text.lines().count());
        let (text, missing) = room.take(text, story, command);
        all.push(Text {
            kind,
            title,
            size: words::of(lines, "line", "lines"),
            text,
            missing,
        });
    };
    // A trace that this version of Hardwire cannot read is text all the same.
    let compiled = compiled.unwrap_or_else(|_| record.optimised.clone());
    text("trace", "Trace as compiled", Ok(compiled), "show");
    let naive = naive.unwrap_or_else(|_| record.naive.clone());
    text("naive", "Trace as recorded", Ok(naive), "show");
    text(
        "machine",
        "Machine code",
        machine_text(dump, version),
        "asm",
    );
    all
}

/// A trace as text; behind each instruction its place in the trace, its line, and how often it left.
fn trace_text(
    dump: &Dump,
    trace: &Trace,
    places: &[Option<Place>],
    exits: &[(u32, u64)],
) -> String {
    let whole = trace.to_string();
    let end = 1 + match trace.snaps.len() {
        0 => 0,
        snaps => snaps + 1,
    };
    let head = whole
        .lines()
        .count()
        .saturating_sub(end + trace.insts.len());
    let mut text = String::with_capacity(2 * whole.len());
    let mut last = None;
    for (at, line) in whole.lines().enumerate() {
        let n = at.checked_sub(head).filter(|&n| n < trace.insts.len());
        text.push_str(line);
        if let Some(n) = n {
            let left = exits
                .iter()
                .filter(|e| e.0 as usize == n)
                .map(|e| e.1)
                .sum();
            let place = places.get(n).copied().flatten();
            let comment = comment(dump, n, place, &mut last, left);
            let pad = COMMENT.saturating_sub(line.chars().count()).max(1);
            text.extend(std::iter::repeat_n(' ', pad));
            text.push_str(&comment);
        }
        text.push('\n');
    }
    text
}

fn comment(
    dump: &Dump,
    n: usize,
    place: Option<Place>,
    last: &mut Option<(u32, u32)>,
    left: u64,
) -> String {
    let mut text = format!("; {n}");
    let line = place.map(|place| (place.code, dump.line(place)));
    if let (Some(place), true) = (place, line != *last) {
        text.push_str(&format!(", {}", dump.place(place)));
    }
    *last = line;
    if left > 0 {
        text.push_str(&format!(", left ×{}", words::count(left)));
    }
    text
}

/// The machine code as text, behind the instructions of the trace that it belongs to.
fn machine_text(dump: &Dump, version: &Version) -> Result<String, String> {
    let rows = lines::machine_code(version.story)?;
    if rows.is_empty() {
        return Err("the dump holds none".to_string());
    }
    let mut marks = version.story.record.code.marks.iter().peekable();
    // Behind the last return lie numbers that the code reads.
    let end = rows.iter().rposition(|row| row.text.starts_with("ret"));
    let mut named = HashSet::new();
    let mut text = String::new();
    for (n, row) in rows.iter().enumerate() {
        if end.is_some_and(|end| n == end + 1) {
            text.push_str("; numbers that the code reads, not instructions\n");
        }
        let mut here = None;
        while let Some(&mark) = marks.next_if(|mark| mark.0 <= row.offset) {
            here = Some(mark.1);
        }
        if let Some(inst) = here {
            let again = !named.insert(inst);
            match inst {
                Some(n) if again => text.push_str(&format!("; {n}\n")),
                inst => text.push_str(&heading(dump, version, inst)),
            }
        }
        text.push_str(&format!("  {:>6x}  {}\n", row.offset, row.text));
    }
    Ok(text)
}

fn heading(dump: &Dump, version: &Version, inst: Option<u32>) -> String {
    let Some(n) = inst else {
        return "; of no one instruction\n".to_string();
    };
    let trace = version.trace.as_ref().ok();
    let inst: Option<(&Trace, &Inst)> =
        trace.and_then(|trace| Some((trace, trace.insts.get(n as usize)?)));
    let text = inst.map_or(String::new(), |(trace, inst)| trace.inst_text(inst));
    let place = version.places.get(n as usize).copied().flatten();
    let place = place.map_or(String::new(), |place| format!(", {}", dump.place(place)));
    format!("; {n}: {text}{place}\n")
}
