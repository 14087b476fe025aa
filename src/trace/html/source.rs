//! The source of a loop: where time went in it, and what happened at which line.

use std::collections::BTreeMap;

use traces::dump::{
    AbortRecord, CodeRecord, Dump, LoopStory, Place, exit_words, reason_words, remark_words,
};

use super::graph;
use super::lines::Version;
use super::words;

/// How many lines around the loop are shown.
const AROUND: u32 = 2;
/// How many lines are not left out between two that are shown.
const SMALL_GAP: u32 = 3;
/// The most notes of one kind at a line.
const MOST_NOTES: usize = 6;

/// A piece of source.
pub(super) struct Source {
    /// Its file.
    pub file: String,
    /// Its function.
    pub function: String,
    /// What it has to do with the loop.
    pub part: &'static str,
    /// Whether the text could not be read.
    pub is_missing: bool,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line.
pub(super) struct Line {
    /// The name of its place in the page.
    pub anchor: String,
    /// Its number.
    pub n: u32,
    /// Its text.
    pub text: String,
    /// Whether lines in front of it are left out.
    pub gap: bool,
    /// How long the interpreter and native code were seen there; empty where they were not.
    pub time: String,
    /// The widths of the bars, in percent of the hottest line.
    pub interpreted: String,
    /// Of native code.
    pub native: String,
    /// The depth of the colour behind the line, from 0 to 5.
    pub heat: u8,
    /// Whether it has machine code.
    pub is_compiled: bool,
    /// What there is to say.
    pub notes: Vec<Note>,
    /// Its bytecode, a line for each.
    pub bytecode: Vec<String>,
    /// Its instructions in the principal version, a line for each.
    pub ir: Vec<String>,
}

/// What there is to say of a line.
#[derive(Clone)]
pub(super) struct Note {
    /// Which kind: `exit`, `past` (an exit of a version that is gone), `branch`, `call`, `abort`.
    pub kind: &'static str,
    /// How often.
    pub count: u64,
    /// What.
    pub text: String,
}

impl Note {
    /// The count for people; empty where it is one.
    pub fn times(&self) -> String {
        match self.count {
            0 | 1 => String::new(),
            n => format!("×{}", words::brief(n)),
        }
    }
}

/// What is known of a line.
#[derive(Default)]
struct Facts {
    interpreted_us: u64,
    native_us: f64,
    is_compiled: bool,
    notes: Vec<Note>,
    ir: Vec<String>,
}

impl Facts {
    fn note(&mut self, kind: &'static str, count: u64, text: String) {
        let same = |note: &&mut Note| note.kind == kind && note.text == text;
        match self.notes.iter_mut().find(same) {
            Some(note) => note.count += count,
            None => self.notes.push(Note { kind, count, text }),
        }
    }
}

impl Facts {
    /// A remark, which is made once however often it is met.
    fn remark(&mut self, name: &str, detail: &str) {
        let text = remark_words(name, detail);
        if !self.notes.iter().any(|note| note.text == text) {
            self.note("call", 1, text);
        }
    }
}

/// The facts by code object and line.
type Map = BTreeMap<(u32, u32), Facts>;

/// The source of a loop, its own first, then that of functions that are part of it.
pub(super) fn of(dump: &Dump, story: &LoopStory, versions: &[Version]) -> Vec<Source> {
    let facts = facts(dump, story, versions);
    let hottest = facts
        .values()
        .map(|f| f.interpreted_us as f64 + f.native_us);
    let hottest = hottest.fold(0.0, f64::max);
    let mut codes: Vec<u32> = facts.keys().map(|&(code, _)| code).collect();
    codes.dedup();
    codes.retain(|&code| code != story.record.code);
    codes.insert(0, story.record.code);
    let piece = |code: u32| {
        let record = dump.codes.get(&code)?;
        let own = code == story.record.code;
        let shown = shown(dump, story, record, own, &facts);
        let lines = lines(story.record.id, record, &shown, &facts, hottest);
        (!lines.is_empty()).then(|| Source {
            file: file(dump, record),
            function: record.function.clone(),
            part: if own { "the loop" } else { "part of the loop" },
            is_missing: record.source.is_empty(),
            lines,
        })
    };
    codes.into_iter().filter_map(piece).collect()
}

/// A file, by its path from the working directory if it lies there.
pub(super) fn file(dump: &Dump, code: &CodeRecord) -> String {
    below(dump, &code.file).to_string()
}

fn below<'a>(dump: &Dump, file: &'a str) -> &'a str {
    let inside = file.strip_prefix(&dump.start.folder);
    let inside = inside.and_then(|rest| rest.strip_prefix('/'));
    inside.unwrap_or(file)
}

/// A place for where there is not much room: of a long path, the file and the folder that it lies in.
pub(super) fn brief(place: &str) -> String {
    let mut parts = place.rsplitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(folder), Some(rest)) if rest.len() > 2 || place.starts_with('/') => {
            format!("…/{folder}/{file}")
        }
        _ => place.to_string(),
    }
}

/// The name of a line's place in the page.
pub(super) fn anchor(of: u32, code: u32, line: u32) -> String {
    format!("at-{of}-{code}-{line}")
}

fn facts(dump: &Dump, story: &LoopStory, versions: &[Version]) -> Map {
    let mut map = Map::new();
    for seen in dump.seen.iter().filter(|s| s.of == Some(story.record.id)) {
        if let Some(facts) = at(dump, &mut map, seen.place) {
            facts.interpreted_us += seen.us;
        }
    }
    let principal = dump.principal(story).map(|v| v.record.id);
    for version in versions {
        let record = &version.story.record;
        let has_gone = version.story.gone.is_some();
        for (place, us) in version.native_us() {
            if let Some(facts) = at(dump, &mut map, place) {
                facts.native_us += us;
            }
        }
        let leaves = version.story.exits().into_iter();
        let leaves = leaves.filter(|(exit, _)| exit.op != "loop_end" && !exit.leads_on);
        for (exit, n) in leaves {
            let place = exit.frames.last().copied();
            if let Some(facts) = place.and_then(|place| at(dump, &mut map, place)) {
                let (kind, when) = match has_gone {
                    true => ("past", ", in versions that are gone"),
                    false => ("exit", ""),
                };
                facts.note(kind, n, format!("left: {}{when}", exit_words(&exit.op)));
            }
        }
        if has_gone && Some(record.id) != principal {
            continue;
        }
        for (place, bytes) in version.places.iter().zip(&version.bytes) {
            if let (Some(place), true) = (place, *bytes > 0)
                && let Some(facts) = at(dump, &mut map, *place)
            {
                facts.is_compiled = true;
            }
        }
        for remark in &record.remarks {
            if let Some(facts) = at(dump, &mut map, remark.place) {
                facts.remark(&remark.remark, &remark.detail);
            }
        }
        if Some(record.id) == principal {
            of_branches(dump, &mut map, version);
            of_instructions(dump, &mut map, version);
        }
    }
    for abort in &story.aborts {
        for note in &abort.notes {
            let place = line_of(dump, story, &note.file, note.line);
            let facts = map.entry(place).or_default();
            facts.remark(&note.remark, &note.detail);
        }
        let place = line_of(dump, story, &abort.file, abort.line);
        let facts = map.entry(place).or_default();
        let what = match abort.branch {
            Some(_) => "recording of a branch given up",
            None => "recording given up",
        };
        let why = reason_words(&abort.reason, &abort.detail);
        facts.note("abort", 1, format!("{what}: {why}"));
    }
    for facts in map.values_mut() {
        facts
            .notes
            .sort_by_key(|note| (note.kind == "past", std::cmp::Reverse(note.count)));
        for kind in ["exit", "past", "branch", "call", "abort"] {
            let mut n = 0;
            facts.notes.retain(|note| {
                n += usize::from(note.kind == kind);
                note.kind != kind || n <= MOST_NOTES
            });
        }
    }
    map
}

fn at<'m>(dump: &Dump, map: &'m mut Map, place: Place) -> Option<&'m mut Facts> {
    let line = dump.line(place);
    (line > 0).then(|| map.entry((place.code, line)).or_default())
}

/// A recording that was given up.
pub(super) struct Abort {
    /// When.
    pub when: String,
    /// Of what.
    pub of: String,
    /// Where it was; empty where that is not known.
    pub place: String,
    /// The same place in the page.
    pub anchor: String,
    /// The bytecode there.
    pub bytecode: String,
    /// Why.
    pub why: String,
}

/// The recordings that were given up.
pub(super) fn aborts(dump: &Dump, story: &LoopStory) -> Vec<Abort> {
    let view = |abort: &AbortRecord| {
        let (code, line) = line_of(dump, story, &abort.file, abort.line);
        Abort {
            when: words::time(abort.time_us),
            of: match abort.branch {
                Some((version, guard)) => format!("a branch of version {version}, at {guard}"),
                None => "the loop".to_string(),
            },
            place: match abort.line {
                0 => String::new(),
                line => brief(&format!("{}:{line}", below(dump, &abort.file))),
            },
            anchor: match abort.line == line {
                true => anchor(story.record.id, code, line),
                false => String::new(),
            },
            bytecode: abort.bytecode.clone(),
            why: reason_words(&abort.reason, &abort.detail),
        }
    };
    story.aborts.iter().map(view).collect()
}

/// A line of a file as one of a code object, where the dump holds one that has it; else the loop's own line.
fn line_of(dump: &Dump, story: &LoopStory, file: &str, line: u32) -> (u32, u32) {
    let holds =
        |code: &&CodeRecord| code.file == file && code.bytecode.iter().any(|b| b.line == line);
    let mut codes = dump.code(story).into_iter().chain(dump.codes.values());
    match codes.find(holds) {
        Some(code) if line > 0 => (code.id, line),
        _ => (story.record.code, story.record.line),
    }
}

fn of_branches(dump: &Dump, map: &mut Map, version: &Version) {
    let Ok(trace) = &version.trace else { return };
    let mut at_lines: BTreeMap<(u32, u32, &str), Vec<String>> = BTreeMap::new();
    for (guard, n) in graph::guards(trace) {
        if let Some(place) = version.places.get(guard).copied().flatten() {
            let words = exit_words(trace.insts[guard].op.mnemonic());
            let here = at_lines.entry((place.code, dump.line(place), words));
            here.or_default().push(n.to_string());
        }
    }
    for ((code, line, words), branches) in at_lines {
        let word = if branches.len() == 1 {
            "branch"
        } else {
            "branches"
        };
        let facts = map.entry((code, line)).or_default();
        let branches = branches.join(", ");
        facts.note("branch", 1, format!("{words}: on in {word} {branches}"));
    }
}

fn of_instructions(dump: &Dump, map: &mut Map, version: &Version) {
    let Ok(trace) = &version.trace else { return };
    let mut pieces = graph::pieces(trace).into_iter().peekable();
    let mut piece = String::new();
    // Which piece each line is in.
    let mut shown: BTreeMap<(u32, u32), String> = BTreeMap::new();
    for (n, (inst, place)) in trace.insts.iter().zip(&version.places).enumerate() {
        if let Some((_, title)) = pieces.next_if(|&(start, _)| start <= n) {
            piece = title;
        }
        let Some(place) = *place else { continue };
        if let Some(facts) = at(dump, map, place) {
            let line = (place.code, dump.line(place));
            if shown.get(&line) != Some(&piece) {
                facts.ir.push(format!("; {piece}"));
                shown.insert(line, piece.clone());
            }
            facts.ir.push(format!("{n:>4}  {}", trace.inst_text(inst)));
        }
    }
}

/// The line of a function's `def`; 0 of a module.
fn head(code: &CodeRecord) -> u32 {
    if code.function == "<module>" {
        0
    } else {
        code.first_line
    }
}

/// The lines of a code object that are shown, in order.
fn shown(dump: &Dump, story: &LoopStory, code: &CodeRecord, own: bool, facts: &Map) -> Vec<u32> {
    let touched = facts.range((code.id, 0)..=(code.id, u32::MAX));
    let touched: Vec<u32> = touched.map(|(&(_, line), _)| line).collect();
    let end = code.source_from + code.source.len() as u32;
    let mut lines: Vec<u32> = if own {
        let (from, to) = dump
            .lines(story)
            .unwrap_or((story.record.line, story.record.line));
        let from = from.saturating_sub(AROUND).max(code.source_from);
        let mut lines: Vec<u32> = (from..(to + AROUND + 1).min(end)).collect();
        lines.extend([head(code), story.record.line]);
        lines
    } else {
        let from = touched.first().copied().unwrap_or(0).saturating_sub(AROUND);
        let to = touched.last().copied().unwrap_or(0) + 1;
        let mut lines: Vec<u32> = (from.max(code.source_from)..to.min(end)).collect();
        lines.push(head(code));
        lines
    };
    lines.extend(touched);
    lines.sort_unstable();
    lines.dedup();
    // A gap of a few lines would take as much room as they do.
    let small = |pair: &[u32]| pair[1] - pair[0] <= SMALL_GAP + 1;
    let gaps = lines.windows(2).filter(|pair| small(pair));
    let between: Vec<u32> = gaps.flat_map(|pair| pair[0] + 1..pair[1]).collect();
    lines.extend(between.into_iter().filter(|&line| line < end));
    lines.sort_unstable();
    lines.retain(|&line| line > 0);
    lines
}

fn lines(of: u32, code: &CodeRecord, shown: &[u32], facts: &Map, hottest: f64) -> Vec<Line> {
    let none = Facts::default();
    let texts = dedented(code, shown);
    let mut all = Vec::new();
    for (at, &n) in shown.iter().enumerate() {
        let facts = facts.get(&(code.id, n)).unwrap_or(&none);
        let time = facts.interpreted_us as f64 + facts.native_us;
        all.push(Line {
            anchor: anchor(of, code.id, n),
            n,
            text: texts[at].clone(),
            gap: at > 0 && shown[at - 1] + 1 < n,
            time: match time.round() as u64 {
                0 => String::new(),
                us => words::time(us),
            },
            interpreted: words::width(facts.interpreted_us as f64, hottest),
            native: words::width(facts.native_us, hottest),
            heat: heat(time, hottest),
            is_compiled: facts.is_compiled,
            notes: facts.notes.clone(),
            bytecode: bytecode(code, n),
            ir: facts.ir.clone(),
        });
    }
    all
}

/// How hot a line is beside the hottest, in steps that can be told apart.
fn heat(time: f64, hottest: f64) -> u8 {
    if hottest <= 0.0 || time <= 0.0 {
        return 0;
    }
    match time / hottest {
        share if share >= 0.6 => 5,
        share if share >= 0.3 => 4,
        share if share >= 0.12 => 3,
        share if share >= 0.04 => 2,
        _ => 1,
    }
}

/// The texts of lines, without the space that all of them begin with.
fn dedented(code: &CodeRecord, shown: &[u32]) -> Vec<String> {
    let text = |&n: &u32| {
        let at = n.checked_sub(code.source_from)?;
        code.source.get(at as usize).map(|line| line.trim_end())
    };
    let texts: Vec<&str> = shown.iter().map(|n| text(n).unwrap_or("")).collect();
    let indents = texts.iter().filter(|text| !text.is_empty());
    let indents = indents.map(|text| text.len() - text.trim_start().len());
    let indent = indents.min().unwrap_or(0);
    let cut = |text: &&str| text.get(indent..).unwrap_or("").to_string();
    texts.iter().map(cut).collect()
}

fn bytecode(code: &CodeRecord, line: u32) -> Vec<String> {
    let of_line = code.bytecode.iter().filter(|b| b.line == line);
    let text = |b: &traces::dump::Bytecode| match b.means.as_str() {
        "" => format!("{:>4}  {:<28} {}", b.at, b.op, b.arg),
        means => format!("{:>4}  {:<28} {} ({means})", b.at, b.op, b.arg),
    };
    of_line.map(text).collect()
}
