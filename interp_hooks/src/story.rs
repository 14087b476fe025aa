//! What `hardwire.explain` and `hardwire.report` tell, as JSON: the loops, the hottest first, and what costs them time.

use crate::dump;
use crate::engine::Engine;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use traces::dump::{Dump, LoopStory, Place, exit_words, findings};

/// The most exits of a loop that are told.
const MOST_EXITS: usize = 8;

/// The loops whose code objects have these addresses; all loops where none is given.
pub fn of(e: &Engine, codes: Option<&[usize]>) -> Json {
    let wanted = |code: Option<usize>| match (codes, code) {
        (None, _) => true,
        (Some(codes), Some(code)) => codes.contains(&code),
        (Some(_), None) => false,
    };
    let dump = Dump::of(dump::all(e, wanted));
    let loops = dump.hottest();
    let all: Vec<Json> = loops.iter().map(|story| tell(&dump, story)).collect();
    json!({
        "loops": all, "compiler_us": dump.compiler_us, "time_us": dump.time_us,
    })
}

fn tell(dump: &Dump, story: &LoopStory) -> Json {
    let (counts, code) = (&story.counts, dump.code(story));
    let current: Vec<_> = dump.current(story).collect();
    let lines = dump.lines(story).unwrap_or_default();
    let source: Vec<Json> = (lines.0..=lines.1)
        .filter_map(|line| Some(json!([line, dump.source_line(story.record.code, line)?])))
        .collect();
    // What is the same to a reader is one: each turn of an unrolled loop has exits of its own.
    let mut taken: BTreeMap<(u32, u32, &str), (u64, Place)> = BTreeMap::new();
    for (exit, n) in current.iter().flat_map(|version| version.exits()) {
        let place = exit.frames.last().copied().unwrap_or_default();
        let key = (place.code, dump.line(place), exit_words(&exit.op));
        taken.entry(key).or_insert((0, place)).0 += n;
    }
    let mut taken: Vec<_> = taken.into_iter().collect();
    taken.sort_by_key(|&(key, (n, _))| (std::cmp::Reverse(n), key));
    let exits: Vec<Json> = taken
        .into_iter()
        .take(MOST_EXITS)
        .map(|((code, line, words), (n, place))| {
            json!({
                "at": dump.place(place), "line": line, "words": words,
                "own": code == story.record.code, "times": n,
            })
        })
        .collect();
    let findings: Vec<Json> = findings(dump, &[story])
        .iter()
        .map(|f| {
            json!({
                "at": dump.place(f.place), "line": dump.line(f.place),
                "own": f.place.code == story.record.code,
                "what": f.what, "help": f.help, "lost_us": f.lost_us,
            })
        })
        .collect();
    let sum = |of: fn(&traces::dump::TraceRecord) -> u64| -> u64 {
        current.iter().map(|v| of(&v.record)).sum()
    };
    json!({
        "id": story.record.id,
        "file": code.map_or("", |c| &c.file), "line": story.record.line,
        "function": code.map_or("", |c| &c.function),
        "state": dump.state(story), "entries": counts.entries, "iterations": counts.iterations,
        "versions": current.len(),
        "native_us": story.native_us, "called_us": story.called_us,
        "interpreted_us": story.interpreted_us,
        "compile_us": sum(|r| r.optimise_us + r.generate_us),
        "code_bytes": sum(|r| r.code.bytes.len() as u64 / 2),
        "exits": exits, "findings": findings, "source": source,
    })
}
