//! The loops: the ranked table, and the section of each.

use traces::dump::{Dump, LoopState, LoopStory};

use super::head::{self, Found};
use super::lines::{self, Version};
use super::source::{self, Abort, Source};
use super::versions::{self, Room, View};
use super::words;

/// How many findings are shown at once; the others fold out.
const FIRST: usize = 5;

/// A loop.
pub(super) struct Loop {
    /// Its number.
    pub id: u32,
    /// Where it stands in the table.
    pub rank: usize,
    /// File and line.
    pub place: String,
    /// The same in few characters.
    pub brief: String,
    /// The function.
    pub function: String,
    /// The state, as a class.
    pub kind: &'static str,
    /// The state, in words.
    pub state: &'static str,
    /// The reason, in words; empty where there is none.
    pub reason: String,
    /// How long it ran.
    pub time: Figure,
    /// The share of the process's time.
    pub share: String,
    /// The widths of the bars, in percent of the loop that took longest.
    pub native: String,
    /// Of calls.
    pub called: String,
    /// Of the interpreter.
    pub interpreted: String,
    /// The times in words, for the bars.
    pub says: String,
    /// The times.
    pub times: [(&'static str, &'static str, String); 3],
    /// Iterations of native code.
    pub iterations: Figure,
    /// How often it was entered.
    pub entries: Figure,
    /// How often exits were taken.
    pub exits: Figure,
    /// Versions that it has.
    pub versions: Figure,
    /// The size of its machine code.
    pub code: Figure,
    /// What it took to compile.
    pub compile: Figure,
    /// What it costs, and what would help.
    pub findings: Vec<Found>,
    /// What costs less.
    pub more_findings: Vec<Found>,
    /// Its source.
    pub sources: Vec<Source>,
    /// The recordings that were given up.
    pub aborts: Vec<Abort>,
    /// All of its versions.
    pub all: Vec<View>,
    /// How many of them are gone.
    pub gone: usize,
}

/// A figure, to be read and to be sorted by.
pub(super) struct Figure {
    /// To be read.
    pub text: String,
    /// To be sorted by.
    pub value: u64,
}

impl Figure {
    fn count(n: u64) -> Figure {
        Figure::of(n, words::count)
    }

    fn of(value: u64, text: fn(u64) -> String) -> Figure {
        let text = match value {
            0 => "–".to_string(),
            value => text(value),
        };
        Figure { text, value }
    }
}

/// The loops, in the order given.
pub(super) fn of(dump: &Dump, loops: &[&LoopStory]) -> Vec<Loop> {
    let mut room = Room::new();
    let longest = loops.iter().map(|l| l.total_us()).max().unwrap_or(0) as f64;
    let view = |(n, story): (usize, &&LoopStory)| view(dump, story, n + 1, longest, &mut room);
    loops.iter().enumerate().map(view).collect()
}

fn view(dump: &Dump, story: &LoopStory, rank: usize, longest: f64, room: &mut Room) -> Loop {
    let numbers = story.versions.iter();
    let versions = numbers
        .filter_map(|id| dump.versions.get(id))
        .map(Version::of);
    let versions: Vec<Version> = versions.collect();
    let code = dump.code(story);
    let bar = |us: u64| words::width(us as f64, longest);
    let times = [
        ("native", "native", words::time(story.native_us)),
        ("called", "in calls of it", words::time(story.called_us)),
        (
            "interpreter",
            "interpreter",
            words::time(story.interpreted_us),
        ),
    ];
    let all = || versions.iter().map(|v| v.story);
    let current = all().filter(|v| v.gone.is_none());
    let current_code = current.clone().map(lines::code_size).sum();
    let left = all().flat_map(|v| v.exits()).map(|(_, n)| n).sum();
    let compile = all().map(|v| v.record.optimise_us + v.record.generate_us);
    let mut findings = head::found(dump, &[story]);
    let more_findings = findings.split_off(FIRST.min(findings.len()));
    let place = match code {
        Some(code) => format!("{}:{}", source::file(dump, code), story.record.line),
        None => format!("loop {}", story.record.id),
    };
    Loop {
        id: story.record.id,
        rank,
        brief: source::brief(&place),
        place,
        function: code.map_or(String::new(), |code| code.function.clone()),
        kind: match (story.counts.state, story.counts.sleeps) {
            (LoopState::Compiled, _) => "compiled",
            (LoopState::LeftAlone, _) => "alone",
            (LoopState::Counting, true) => "waits",
            (LoopState::Counting, false) => "counting",
        },
        state: dump.state(story),
        reason: traces::dump::reason_words(&story.counts.reason, &story.counts.detail),
        time: Figure::of(story.total_us(), words::time),
        share: words::share(story.total_us(), dump.time_us),
        native: bar(story.native_us),
        called: bar(story.called_us),
        interpreted: bar(story.interpreted_us),
        says: times
            .iter()
            .map(|(_, name, time)| format!("{name} {time}"))
            .collect::<Vec<_>>()
            .join(", "),
        times,
        iterations: Figure::count(story.counts.iterations),
        entries: Figure::count(story.counts.entries),
        exits: Figure::count(left),
        versions: Figure {
            text: match (current.clone().count(), versions.len()) {
                (0, 0) => "–".to_string(),
                (now, all) if now == all => words::count(now as u64),
                (now, all) => format!("{now} of {all}"),
            },
            value: versions.len() as u64,
        },
        code: Figure::of(current_code, words::size),
        compile: Figure::of(compile.sum(), words::time),
        findings,
        more_findings,
        sources: source::of(dump, story, &versions),
        aborts: source::aborts(dump, story),
        gone: versions.len() - current.count(),
        all: versions::of(dump, story, &versions, room),
    }
}
