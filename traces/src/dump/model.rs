//! What a dump says as a whole.

use super::clean;
use super::{
    AbortRecord, CodeRecord, ExitRecord, GoneRecord, LoopCounts, LoopRecord, LoopState, Place,
    Record, Seen, Start, TraceRecord, VersionCounts,
};
use std::collections::BTreeMap;

/// What happened in a process.
#[derive(Clone, Debug, Default)]
pub struct Dump {
    /// The process.
    pub start: Start,
    /// The code objects, by their numbers.
    pub codes: BTreeMap<u32, CodeRecord>,
    /// The loops, by their numbers.
    pub loops: BTreeMap<u32, LoopStory>,
    /// The versions of all loops, by their numbers.
    pub versions: BTreeMap<u32, VersionStory>,
    /// Where the interpreter was seen.
    pub seen: Vec<Seen>,
    /// The processor time of the process at the last record that tells it, in microseconds.
    pub time_us: u64,
    /// What the compiler has taken by then.
    pub compiler_us: u64,
    /// Whether the process came to its end.
    pub has_ended: bool,
    /// Whether the last record was cut off.
    pub is_cut: bool,
}

/// A loop, and what became of it.
#[derive(Clone, Debug, Default)]
pub struct LoopStory {
    /// Where it lies.
    pub record: LoopRecord,
    /// How often what happened.
    pub counts: LoopCounts,
    /// Its versions, in the order in which they were compiled.
    pub versions: Vec<u32>,
    /// The recordings that were given up.
    pub aborts: Vec<AbortRecord>,
    /// How long the interpreter was seen to run for it, in microseconds: in its own bytecodes, and in what they call.
    pub interpreted_us: u64,
    /// How long its native code was seen to run.
    pub native_us: u64,
    /// How long the interpreter was seen to run in calls of its native code.
    pub called_us: u64,
}

impl LoopStory {
    /// How long it was seen to run, in microseconds.
    pub fn total_us(&self) -> u64 {
        self.interpreted_us + self.native_us + self.called_us
    }
}

/// A version of a loop, and what became of it.
#[derive(Clone, Debug, Default)]
pub struct VersionStory {
    /// What was compiled.
    pub record: TraceRecord,
    /// How often what happened.
    pub counts: VersionCounts,
    /// Why it went, where it did.
    pub gone: Option<GoneRecord>,
}

impl VersionStory {
    /// The exits that were taken, and how often, the most frequent first.
    pub fn exits(&self) -> Vec<(&ExitRecord, u64)> {
        let find = |&(exit, n): &(u32, u64)| Some((self.record.exits.get(exit as usize)?, n));
        let mut all: Vec<_> = self.counts.exits.iter().filter_map(find).collect();
        all.sort_by_key(|&(exit, n)| (std::cmp::Reverse(n), exit.inst));
        all
    }
}

impl Dump {
    /// What records say together.
    pub fn of(records: impl IntoIterator<Item = Record>) -> Dump {
        let mut dump = Dump::default();
        for record in records {
            dump.add(record);
        }
        dump.sum();
        dump
    }

    /// One more record. The times of the loops are summed up behind the last one.
    pub(super) fn add(&mut self, mut record: Record) {
        clean::record(&mut record);
        match record {
            Record::Start(start) => self.start = start,
            Record::Code(code) => {
                self.codes.insert(code.id, code);
            }
            Record::Loop(record) => {
                let story = self.loops.entry(record.id).or_default();
                story.record = record;
            }
            Record::Trace(record) => {
                self.seen_at(record.time_us);
                let story = self.loops.entry(record.of).or_default();
                story.versions.push(record.id);
                // A process that dies has not always told.
                if story.counts.state == LoopState::Counting {
                    story.counts.id = record.of;
                    story.counts.state = LoopState::Compiled;
                }
                let version = self.versions.entry(record.id).or_default();
                version.record = *record;
            }
            Record::Abort(record) => {
                self.seen_at(record.time_us);
                let story = self.loops.entry(record.of).or_default();
                story.aborts.push(record);
            }
            Record::Gone(record) => {
                self.seen_at(record.time_us);
                let version = self.versions.entry(record.id).or_default();
                version.gone = Some(record);
            }
            Record::Counts(counts) => {
                self.seen_at(counts.time_us);
                self.compiler_us = counts.compiler_us;
                for of in counts.loops {
                    let story = self.loops.entry(of.id).or_default();
                    story.counts = of;
                }
                for of in counts.versions {
                    let version = self.versions.entry(of.id).or_default();
                    version.counts = of;
                }
                for seen in counts.seen {
                    self.see(seen);
                }
            }
            Record::End(end) => {
                self.seen_at(end.time_us);
                self.has_ended = true;
            }
        }
    }

    fn seen_at(&mut self, time_us: u64) {
        self.time_us = self.time_us.max(time_us);
    }

    fn see(&mut self, seen: Seen) {
        let key = |s: &Seen| (s.place, s.of);
        match self.seen.binary_search_by_key(&key(&seen), key) {
            Ok(n) => self.seen[n] = seen,
            Err(n) => self.seen.insert(n, seen),
        }
    }

    /// The times of the loops.
    pub(super) fn sum(&mut self) {
        for story in self.loops.values_mut() {
            let of = Some(story.record.id);
            let seen = self.seen.iter().filter(|seen| seen.of == of);
            story.interpreted_us = seen.map(|seen| seen.us).sum();
            let versions = story.versions.iter();
            let versions: Vec<_> = versions.filter_map(|v| self.versions.get(v)).collect();
            story.native_us = versions.iter().map(|v| v.counts.native_us).sum();
            story.called_us = versions.iter().map(|v| v.counts.called_us).sum();
        }
    }

    /// The loops, those that took longest first.
    pub fn hottest(&self) -> Vec<&LoopStory> {
        let mut all: Vec<_> = self.loops.values().collect();
        let heat = |l: &&LoopStory| {
            let iterations = l.counts.iterations + l.counts.entries;
            std::cmp::Reverse((l.total_us(), iterations))
        };
        all.sort_by_key(|l| (heat(l), l.record.id));
        all
    }

    /// The versions of a loop that it has now.
    pub fn current<'a>(&'a self, story: &'a LoopStory) -> impl Iterator<Item = &'a VersionStory> {
        let versions = story.versions.iter();
        let versions = versions.filter_map(|v| self.versions.get(v));
        versions.filter(|v| v.gone.is_none())
    }

    /// The version of a loop that tells most about it: of those that it has now, else of all, the one that was last compiled
    /// of those with the most iterations.
    pub fn principal<'a>(&'a self, story: &'a LoopStory) -> Option<&'a VersionStory> {
        let weight = |v: &&VersionStory| (v.counts.iterations + v.counts.entries, v.record.id);
        let all = story.versions.iter().filter_map(|v| self.versions.get(v));
        self.current(story)
            .max_by_key(weight)
            .or(all.max_by_key(weight))
    }

    /// The code object of a loop.
    pub fn code(&self, story: &LoopStory) -> Option<&CodeRecord> {
        self.codes.get(&story.record.code)
    }

    /// The file, line and function of a loop, for people.
    pub fn title(&self, story: &LoopStory) -> String {
        match self.code(story) {
            Some(code) => format!(
                "{}:{} {}",
                short(&self.start.folder, &code.file),
                story.record.line,
                code.function
            ),
            None => format!("loop {}", story.record.id),
        }
    }

    /// The line of a bytecode; 0 where it has none.
    pub fn line(&self, place: Place) -> u32 {
        self.bytecode(place).map_or(0, |b| b.line)
    }

    /// The bytecode at a place.
    pub fn bytecode(&self, place: Place) -> Option<&super::Bytecode> {
        let code = self.codes.get(&place.code)?;
        let before = code.bytecode.iter().take_while(|b| b.at <= place.at);
        before.last()
    }

    /// File and line of a bytecode, for people.
    pub fn place(&self, place: Place) -> String {
        match self.codes.get(&place.code) {
            Some(code) => format!(
                "{}:{}",
                short(&self.start.folder, &code.file),
                self.line(place)
            ),
            None => "?".to_string(),
        }
    }

    /// A line of the source of a code object.
    pub fn source_line(&self, code: u32, line: u32) -> Option<&str> {
        let code = self.codes.get(&code)?;
        let n = line.checked_sub(code.source_from)?;
        Some(code.source.get(n as usize)?.as_str())
    }

    /// A line of the source of a code object, without the space in front.
    pub fn source(&self, code: u32, line: u32) -> Option<&str> {
        self.source_line(code, line).map(str::trim)
    }

    /// The loops that are meant by a number, `FILE:LINE` (the loop whose header is there, else those around that line), or the name
    /// of a function (or its end, behind a dot). Hottest first.
    pub fn find(&self, meant: &str) -> Vec<&LoopStory> {
        let all = self.hottest();
        if let Ok(id) = meant.parse::<u32>() {
            return all.into_iter().filter(|l| l.record.id == id).collect();
        }
        let place = meant.rsplit_once(':');
        if let Some((file, Ok(line))) = place.map(|(file, line)| (file, line.parse::<u32>())) {
            let of_file = |l: &&LoopStory| self.code(l).is_some_and(|c| is_file(&c.file, file));
            let in_file: Vec<_> = all.into_iter().filter(of_file).collect();
            let mut found = in_file.clone();
            found.retain(|l| l.record.line == line);
            if found.is_empty() {
                found = in_file;
                found.retain(|l| self.lines(l).is_some_and(|(a, b)| a <= line && line <= b));
            }
            return found;
        }
        let is_meant = |l: &&LoopStory| {
            self.code(l).is_some_and(|c| {
                let rest = c.function.strip_suffix(meant);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                    || is_file(&c.file, meant)
            })
        };
        all.into_iter().filter(is_meant).collect()
    }

    /// The first and the last line of a loop.
    pub fn lines(&self, story: &LoopStory) -> Option<(u32, u32)> {
        let (from, to) = (story.record.header, story.record.end);
        let code = self.code(story)?;
        let inside = code.bytecode.iter().filter(|b| from <= b.at && b.at <= to);
        let lines: Vec<u32> = inside.map(|b| b.line).filter(|&line| line > 0).collect();
        Some((*lines.iter().min()?, *lines.iter().max()?))
    }

    /// What a loop's state is, in words.
    pub fn state(&self, story: &LoopStory) -> &'static str {
        match (story.counts.state, story.counts.sleeps) {
            (LoopState::Counting, true) => "waits",
            (state, _) => state.text(),
        }
    }
}

/// Whether a file is meant by the end of its path.
fn is_file(file: &str, meant: &str) -> bool {
    let rest = file.strip_suffix(meant);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// A file below the working directory by its path from there.
pub(super) fn short<'a>(folder: &str, file: &'a str) -> &'a str {
    let inside = file.strip_prefix(folder);
    let inside = inside.and_then(|rest| rest.strip_prefix('/'));
    inside.unwrap_or(file)
}
