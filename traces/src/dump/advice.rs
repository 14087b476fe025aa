//! What a dump means: where time is lost, and what would help.

use super::model::short;
use super::{
    AbortNote, AbortRecord, Bytecode, Dump, ExitRecord, LoopState, LoopStory, Place, VersionStory,
};
use crate::{Reason, Remark};
use std::collections::BTreeMap;

/// What it costs to leave native code and to come back, in ns: at the low end of what was measured.
const EXIT_NS: f64 = 450.0;
/// What is lost below this, in microseconds, is not worth a line, where the dump tells how long anything took.
const WORTH_US: f64 = 500.0;
/// What is lost below this until a loop is compiled is not worth a line: no loop is compiled at once.
const WARM_UP_US: f64 = 10_000.0;
/// The most exits of a version that are named.
const MOST_EXITS: usize = 3;

/// Something that costs time.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The number of the loop.
    pub of: u32,
    /// Where.
    pub place: Place,
    /// What it is, in words.
    pub what: String,
    /// What would help; empty where nothing is known.
    pub help: String,
    /// About how much time it took, in microseconds of the process's processor time.
    pub lost_us: f64,
}

impl Finding {
    /// Whether so much is lost that it is worth a line.
    pub fn is_worth_a_line(&self) -> bool {
        self.lost_us >= WORTH_US
    }
}

/// What is lost in these loops, the most first.
pub fn findings(dump: &Dump, loops: &[&LoopStory]) -> Vec<Finding> {
    let mut all = Vec::new();
    for story in loops {
        match story.counts.state {
            LoopState::Compiled => of_compiled(dump, story, &mut all),
            LoopState::Counting | LoopState::LeftAlone => of_interpreted(dump, story, &mut all),
        }
    }
    // Of those of which nothing is known, in the order in which they were found.
    all.sort_by(|a, b| b.lost_us.total_cmp(&a.lost_us));
    all
}

/// A loop that the interpreter runs.
fn of_interpreted(dump: &Dump, story: &LoopStory, all: &mut Vec<Finding>) {
    let reason = reason(&story.counts.reason);
    let last = story.aborts.iter().rev();
    let last = last.clone().find(|a| a.branch.is_none());
    let state = match story.counts.state {
        LoopState::LeftAlone => "is left to the interpreter",
        _ if story.counts.sleeps => "waits for the compiler",
        _ if last.is_none() => "had not run often enough to be compiled",
        _ => "is not compiled yet",
    };
    // Where it is recorded again and again, the last time tells.
    let unsaid = reason.is_none() && story.counts.detail.is_empty() && !story.counts.sleeps;
    let again = last.filter(|abort| unsaid && abort.notes.is_empty());
    if let Some(abort) = again {
        return of_aborted(dump, story, abort, all);
    }
    let why = match reason_words(&story.counts.reason, &story.counts.detail) {
        why if why.is_empty() => why,
        why => format!(": {why}"),
    };
    let notes: Vec<&AbortNote> = last.map_or(Vec::new(), |a| a.notes.iter().collect());
    let each = |note: &AbortNote| cost(Remark::from_name(&note.remark));
    let sum: f64 = notes.iter().map(|note| each(note)).sum();
    let mut rest = story.interpreted_us as f64;
    for note in notes {
        let (what, help) = note_words(dump, story.record.code, note);
        if !help.is_empty() {
            // The part of it that could be gained.
            let lost_us = story.interpreted_us as f64 * each(note) / sum;
            rest -= lost_us;
            all.push(Finding {
                of: story.record.id,
                place: in_loop(dump, story, note),
                what,
                help,
                lost_us,
            });
        }
    }
    all.push(Finding {
        of: story.record.id,
        place: header(story),
        what: format!("the loop {state}{why}{}", where_it_was(dump, story, last)),
        help: reason.map_or(String::new(), |r| help_for(r).to_string()),
        lost_us: rest.max(0.0),
    });
}

/// A loop that is recorded again, since its last recording was given up.
fn of_aborted(dump: &Dump, story: &LoopStory, abort: &AbortRecord, all: &mut Vec<Finding>) {
    let reason = reason(&abort.reason);
    let why = reason_words(&abort.reason, &abort.detail);
    all.push(Finding {
        of: story.record.id,
        place: header(story),
        what: format!(
            "the loop is not compiled yet; its last recording was given up: {why}{}",
            where_it_was(dump, story, Some(abort))
        ),
        help: reason.map_or(String::new(), |r| help_for(r).to_string()),
        lost_us: story.interpreted_us as f64,
    });
}

/// Where a note is in the loop's own code; the header where it is elsewhere.
fn in_loop(dump: &Dump, story: &LoopStory, note: &AbortNote) -> Place {
    let own = dump.code(story).filter(|code| code.file == note.file);
    let found = own.and_then(|code| {
        let inside = |b: &&Bytecode| b.line == note.line && b.at >= story.record.header;
        Some(code.bytecode.iter().find(inside)?.at)
    });
    match found {
        Some(at) => Place {
            code: story.record.code,
            at,
        },
        None => header(story),
    }
}

/// What a note says, and what would help.
fn note_words(dump: &Dump, code: u32, note: &AbortNote) -> (String, String) {
    let remark = Remark::from_name(&note.remark);
    let source = dump.source(code, note.line).unwrap_or("");
    (
        remark_words(&note.remark, &note.detail),
        help_with(remark, &note.detail, source).to_string(),
    )
}

/// A remark in words, by its name.
pub fn remark_words(name: &str, detail: &str) -> String {
    match Remark::from_name(name) {
        Some(Remark::Argument) => format!("{detail}, {}", Remark::Argument.text()),
        Some(Remark::NotInlined) => match detail.split_once(": ") {
            Some((name, why)) => format!("{name} {}: {why}", Remark::NotInlined.text()),
            None => format!("{detail} {}", Remark::NotInlined.text()),
        },
        Some(remark) => format!("{detail} {}", remark.text()),
        None => detail.to_string(),
    }
}

/// Where a recording was when it was given up, where that is not the loop's own line.
fn where_it_was(dump: &Dump, story: &LoopStory, abort: Option<&AbortRecord>) -> String {
    let own = dump.code(story).map_or("", |code| code.file.as_str());
    match abort {
        Some(a) if a.line > 0 && (a.file != own || a.line != story.record.line) => {
            let file = short(&dump.start.folder, &a.file);
            format!(", at {file}:{} ({})", a.line, a.bytecode)
        }
        _ => String::new(),
    }
}

/// A loop that has native code: its remarks and its exits.
fn of_compiled(dump: &Dump, story: &LoopStory, all: &mut Vec<Finding>) {
    let current: Vec<_> = dump.current(story).collect();
    for version in &current {
        of_remarks(dump, story, version, all);
    }
    let before = all.len();
    of_exits(story, &current, all);
    let exits = all.get(before..).unwrap_or_default();
    let explained = exits.iter().map(|f| f.lost_us).sum::<f64>();
    of_warm_up(dump, story, explained, all);
    let gone = story.versions.len() - current.len();
    let grown = story.versions.iter();
    let grown = grown.filter_map(|v| dump.versions.get(v));
    let compiled_us: u64 = grown
        .map(|v| v.record.optimise_us + v.record.generate_us)
        .sum();
    if gone > 4 && compiled_us as f64 > WORTH_US {
        all.push(Finding {
            of: story.record.id,
            place: header(story),
            what: format!(
                "{} versions were compiled, {gone} of which are gone",
                story.versions.len()
            ),
            help:
                "a loop that always meets the same types and classes is compiled a few times only"
                    .into(),
            lost_us: compiled_us as f64,
        });
    }
}

/// What the interpreter ran of a loop that has native code, other than behind exits.
fn of_warm_up(dump: &Dump, story: &LoopStory, explained: f64, all: &mut Vec<Finding>) {
    let lost_us = story.interpreted_us as f64 - explained;
    let versions = story.versions.iter();
    let mut versions = versions.filter_map(|v| dump.versions.get(v));
    let Some(first) = versions.next().filter(|_| lost_us >= WARM_UP_US) else {
        return;
    };
    let compiled = versions.next_back().unwrap_or(first);
    let at = |us: u64| match us {
        0..10_000_000 => format!("{} ms", us / 1000),
        _ => format!("{} s", us / 1_000_000),
    };
    let again = match compiled.record.id == first.record.id {
        true => String::new(),
        false => format!(" and, for the last time, {}", at(compiled.record.time_us)),
    };
    all.push(Finding {
        of: story.record.id,
        place: header(story),
        what: format!(
            "the interpreter ran it, mostly until it was compiled ({}{again} into the program)",
            at(first.record.time_us)
        ),
        help: "a longer run loses no more; where the loop waited for the compiler, -X hardwire=all compiles it at once".into(),
        lost_us,
    });
}

/// About how much the remarks of a version cost an iteration, in ns.
fn cost(remark: Option<Remark>) -> f64 {
    match remark {
        Some(Remark::Argument | Remark::Signature) => 300.0,
        Some(Remark::Call | Remark::NotInlined) => 120.0,
        Some(Remark::Operation) | None => 40.0,
    }
}

fn of_remarks(dump: &Dump, story: &LoopStory, version: &VersionStory, all: &mut Vec<Finding>) {
    let remarks = &version.record.remarks;
    let each = |name: &str| cost(Remark::from_name(name)) / 1000.0;
    let iterations = (version.counts.iterations + version.counts.entries) as f64;
    let sum: f64 = remarks.iter().map(|r| each(&r.remark) * iterations).sum();
    let seen = (version.counts.native_us + version.counts.called_us) as f64;
    // No more than the version was seen to take.
    let scale = match story.total_us() > 0 && sum > seen {
        true => seen / sum,
        false => 1.0,
    };
    for record in remarks {
        let remark = Remark::from_name(&record.remark);
        let what = remark_words(&record.remark, &record.detail);
        let line = dump.line(record.place);
        let source = dump.source(record.place.code, line).unwrap_or("");
        all.push(Finding {
            of: story.record.id,
            place: record.place,
            what,
            help: help_with(remark, &record.detail, source).to_string(),
            lost_us: scale * each(&record.remark) * iterations,
        });
    }
}

/// The exits of all versions by their place and op, the most frequent ones.
fn of_exits(story: &LoopStory, current: &[&VersionStory], all: &mut Vec<Finding>) {
    let mut by_place: BTreeMap<(Place, &str), (u64, &ExitRecord)> = BTreeMap::new();
    for version in current {
        for (exit, n) in version.exits() {
            if let Some(&place) = exit.frames.last() {
                let sum = by_place
                    .entry((place, exit.op.as_str()))
                    .or_insert((0, exit));
                sum.0 += n;
            }
        }
    }
    // What an iteration is taken to save is about what the interpreter takes for one: no more than one is left to it.
    let saves = current.iter().map(|version| version.record.saves_ns);
    let each_ns = EXIT_NS + saves.max().unwrap_or(0).max(0) as f64;
    let mut by_count: Vec<_> = by_place.into_iter().collect();
    by_count.sort_by_key(|&(key, (n, _))| (std::cmp::Reverse(n), key));
    for ((place, op), (n, exit)) in by_count.into_iter().take(MOST_EXITS) {
        let lost_us = n as f64 * each_ns / 1000.0;
        if exit.leads_on || op == "loop_end" && n * 100 < story.counts.iterations {
            // A loop has to end.
            continue;
        }
        if lost_us >= WORTH_US {
            all.push(Finding {
                of: story.record.id,
                place,
                what: format!("native code is left {n} times: {}", exit_words(op)),
                help: help_at(op).to_string(),
                lost_us,
            });
        }
    }
}

fn header(story: &LoopStory) -> Place {
    Place {
        code: story.record.code,
        at: story.record.header,
    }
}

fn reason(name: &str) -> Option<Reason> {
    Reason::ALL.iter().copied().find(|r| r.name() == name)
}

/// A reason in words, by its name, with its detail.
pub fn reason_words(name: &str, detail: &str) -> String {
    let text = reason(name).map_or(name, |reason| reason.text());
    match (text, detail) {
        (text, "") => text.to_string(),
        ("", detail) => detail.to_string(),
        (text, detail) => format!("{text} ({detail})"),
    }
}

/// Why native code was left, by the op that left; the mnemonic itself where there are no words for it.
pub fn exit_words(op: &str) -> &str {
    match op {
        "loop_end" => "end of the loop",
        "check" => "interruption",
        "guard_true" | "guard_false" => "other branch",
        "guard_type" => "other type",
        "guard_shared" | "guard_kept" => "last owner",
        "guard_is" => "other object",
        "unbox_int" | "unbox_bits" => "int of more than 64 bits",
        "unbox_uint" => "negative int or more than 64 bits",
        "unbox_char" => "bytes of another length than 1",
        "unbox_uchar" => "str of another length than 1",
        "ftoi" => "float beyond 64 bits",
        "iadd_ovf" | "isub_ovf" | "imul_ovf" => "overflow",
        "call_new" | "call_py" | "call_py_bool" => "exception",
        "leave" => "on to another loop",
        other => other,
    }
}

/// What would help where native code is left by this op.
fn help_at(op: &str) -> &'static str {
    match op {
        "loop_end" => {
            "the loop makes few turns each time: the work of entering it is done for little; a longer inner loop, or one call in C for all of it, gains more"
        }
        "check" => {
            "something asks for the interpreter's attention: signals, other threads, pending calls, or a foreign call that lasts or calls back"
        }
        "guard_true" | "guard_false" => {
            "the way that the program takes here has no native code: it raises, or was recorded in vain"
        }
        "guard_type" => {
            "a variable or an item has one type now and another one then: keep to one (0.0 instead of 0 where floats are summed, for example)"
        }
        "guard_is" => {
            "a callable or a class is another one each time: look it up outside the loop, or call one that does not vary"
        }
        "unbox_int" | "unbox_uint" | "unbox_bits" | "iadd_ovf" | "isub_ovf" | "imul_ovf" => {
            "ints beyond 64 bits are the interpreter's: mask the number (& 0xffffffffffffffff, say) where that is what is meant"
        }
        "ftoi" => "such a float is an int of more than 64 bits, which is the interpreter's",
        "call_new" | "call_py" | "call_py_bool" => {
            "exceptions are handled by the interpreter: test first where they are frequent"
        }
        _ => "",
    }
}

/// What would help where the last recording of a loop was given up for this reason, or it is left alone for it.
fn help_for(reason: Reason) -> &'static str {
    use Reason::*;
    match reason {
        Bytecode => {
            "move what needs this bytecode out of the loop, or into a function that the loop calls"
        }
        InnerLoop => "the inner loop is compiled; what lies around it stays with the interpreter",
        LeftLoop => "its iterations end early: by break, return, or in a loop around it",
        Raised => "exceptions are handled by the interpreter: test first where they are frequent",
        TooLong => "split the loop, or move parts of its body into functions",
        TypeUnstable => {
            "give each variable one type (0.0 instead of 0 where floats are summed, for example)"
        }
        Operand => "",
        Callee => "call it outside the loop",
        NotInlined => "",
        Confused => "this is a case that Hardwire does not know: please report it",
        Watched => "a debugger, profiler or coverage tool is on: without it the loop is compiled",
        NoGain => {
            "what it calls is Python's own code in C: nothing is to be gained around it; -X hardwire=all compiles it all the same"
        }
        Codegen => "",
        TooManyVersions => {
            "give each variable one type; a function for each kind of data helps where there are several"
        }
        Dies => "make the object once, outside the loop",
        Budget => {
            "the program was too short, or gains too little, to compile more; -X hardwire=all compiles at once"
        }
        ExitsTooOften => {
            "it makes few turns each time, or goes another way each time: a longer inner loop, or one call in C for all of it, gains more"
        }
    }
}

/// What would help against a remark.
fn help_with(remark: Option<Remark>, detail: &str, source: &str) -> &'static str {
    match remark {
        Some(Remark::Argument) => argument_help(detail),
        Some(Remark::Call) if asks_for_a_type(detail) => "ask for it once, outside the loop",
        Some(Remark::Call) if source.contains(".from_buffer(") => {
            "make the buffer once, outside the loop"
        }
        Some(Remark::Signature) => {
            "that is so for long double, _Complex and callbacks, and through ctypes for structures by value, use_errno, errcheck and parameter flags: a function of C that takes pointers or numbers instead is called directly"
        }
        Some(Remark::NotInlined) => {
            "a function without loops of its own, generators, or what looks at its caller's frame becomes part of the loop"
        }
        _ => "",
    }
}

/// Whether what is called tells of a type, which does not change.
fn asks_for_a_type(detail: &str) -> bool {
    let (class, name) = detail.trim_matches('`').split_once('.').unwrap_or_default();
    class.ends_with("FFI") && ["typeof", "sizeof", "offsetof", "alignof"].contains(&name)
}

/// What would help where the binding converts an argument.
fn argument_help(detail: &str) -> &'static str {
    // Behind the name of the function.
    let what = detail.rsplit('`').next().unwrap_or(detail);
    let given = what.split_once("is given a ");
    let ty = given.and_then(|(_, rest)| rest.split(' ').next());
    match ty {
        Some("list" | "tuple") => {
            "allocate it once with ffi.new (or make a ctypes array), and pass that"
        }
        Some("dict") => "allocate the struct once with ffi.new, and set its fields",
        Some("str") => "encode it once: a bytes object is passed as it is",
        _ if what.ends_with("without argtypes") => "set the function's argtypes and restype",
        _ if what.contains("variadic") => "cast the variadic arguments: ffi.cast(\"int\", x)",
        _ => "convert it once, outside the loop",
    }
}
