//! The tree of a trace as a graph: its paths, the guards that they branch off at, and the exits.

use std::ops::Range;

use traces::bytecodes::whole_paths;
use traces::dump::{Dump, VersionStory, exit_words};
use traces::{Op, Trace};

use super::lines::Version;
use super::{source, words};

/// How wide a path's box is.
const BOX: i32 = 276;
/// How high it is: three lines of text.
const HEIGHT: i32 = 58;
/// How far to the right of its parent a path lies.
const INDENT: i32 = 36;
/// How far apart the exits of a path are.
const ROW: i32 = 19;
/// Between one path and the next.
const GAP: i32 = 16;
/// How far an exit's line reaches.
const REACH: i32 = 64;
/// The most exits that are drawn for a path.
const MOST_EXITS: usize = 5;
/// About how wide a character is.
const CHARACTER: f64 = 6.4;

/// The graph of a version.
pub(super) struct Graph {
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
    /// What it shows, in words.
    pub says: String,
    /// The paths.
    pub boxes: Vec<Box>,
    /// From path to path.
    pub edges: Vec<Edge>,
    /// Out of paths.
    pub exits: Vec<Exit>,
}

/// A path.
pub(super) struct Box {
    /// Where it lies.
    pub x: i32,
    /// Where it lies.
    pub y: i32,
    /// Its size.
    pub width: i32,
    /// Its size.
    pub height: i32,
    /// Which kind: `preamble`, `body`, `path`.
    pub kind: &'static str,
    /// Its first instruction.
    pub inst: usize,
    /// What it is.
    pub title: String,
    /// Where it begins.
    pub from: String,
    /// How it ends.
    pub ends: String,
}

/// A line from one path to another.
pub(super) struct Edge {
    /// Which kind: `entry`, `branch`, `back`.
    pub kind: &'static str,
    /// The shape.
    pub path: String,
    /// How thick it is.
    pub thickness: String,
    /// What it says, and where.
    pub text: String,
    /// Where the text lies.
    pub x: i32,
    /// Where the text lies.
    pub y: i32,
}

/// A line out of a path.
pub(super) struct Exit {
    /// The shape; empty where there are words only.
    pub path: String,
    /// How thick it is.
    pub thickness: String,
    /// How often.
    pub count: String,
    /// Why and where.
    pub text: String,
    /// Its place in the source, in the page.
    pub anchor: String,
    /// Where the text lies.
    pub x: i32,
    /// Where the text lies.
    pub y: i32,
}

/// A piece of a trace without a header in it.
struct Segment {
    insts: Range<usize>,
    kind: &'static str,
    title: String,
    /// The guard that it begins at, and the segment of that.
    guard: Option<(usize, usize)>,
}

/// The graph of a version, where its trace can be read.
pub(super) fn of(dump: &Dump, version: &Version) -> Option<Graph> {
    let trace = version.trace.as_ref().ok()?;
    let segments = segments(trace);
    if segments.is_empty() {
        return None;
    }
    let counts = &version.story.counts;
    let most = version.story.exits().iter().map(|&(_, n)| n).max();
    let mut drawing = Drawing {
        dump,
        version,
        trace,
        segments: &segments,
        most: most.unwrap_or(0).max(counts.entries).max(1),
        graph: Graph {
            width: 0,
            height: 0,
            says: says(&segments, version.story),
            boxes: Vec::new(),
            edges: Vec::new(),
            exits: Vec::new(),
        },
        y: 30,
    };
    drawing.whole();
    Some(drawing.graph)
}

fn says(segments: &[Segment], story: &VersionStory) -> String {
    let branches = segments.iter().filter(|s| s.kind == "path").count();
    format!(
        "The paths of version {}: the loop and {}; {} entries, {} iterations, {} exits taken.",
        story.record.id,
        words::of(branches, "branch", "branches"),
        words::count(story.counts.entries),
        words::count(story.counts.iterations),
        words::count(story.counts.exits.iter().map(|&(_, n)| n).sum()),
    )
}

/// The guards that paths branch off at, each with the number of the path.
pub(super) fn guards(trace: &Trace) -> Vec<(usize, usize)> {
    let paths = segments(trace).into_iter().filter(|s| s.kind == "path");
    let paths = paths.enumerate();
    let guard = |(n, path): (usize, Segment)| Some((path.guard?.0, n + 1));
    paths.filter_map(guard).collect()
}

/// What each piece of a trace is, by its first instruction: the preamble, the loop, a branch.
pub(super) fn pieces(trace: &Trace) -> Vec<(usize, String)> {
    let segments = segments(trace).into_iter();
    segments.map(|s| (s.insts.start, s.title)).collect()
}

/// How many paths branch off a trace.
pub(super) fn branches(trace: &Trace) -> usize {
    let branches = trace.insts.iter().filter(|inst| inst.op == Op::Branch);
    branches.count()
}

fn segments(trace: &Trace) -> Vec<Segment> {
    let mut all: Vec<Segment> = Vec::new();
    for (n, path) in whole_paths(trace).into_iter().enumerate() {
        if n > 0 {
            all.push(Segment {
                insts: path,
                kind: "path",
                title: format!("branch {n}"),
                guard: None,
            });
            continue;
        }
        let label = path.clone().find(|&at| trace.insts[at].op == Op::Label);
        let body = label.unwrap_or(path.start);
        if let Some(label) = label {
            all.push(Segment {
                insts: path.start..label,
                kind: "preamble",
                title: "preamble".into(),
                guard: None,
            });
        }
        all.push(Segment {
            insts: body..path.end,
            kind: "body",
            title: "loop".into(),
            guard: None,
        });
    }
    for n in 0..all.len() {
        all[n].guard = guard_of(trace, &all, n);
    }
    all
}

/// The guard that a path begins at: the instruction further up that carries the snapshot of its `branch`.
fn guard_of(trace: &Trace, all: &[Segment], n: usize) -> Option<(usize, usize)> {
    let first = trace.insts.get(all[n].insts.start)?;
    let snap = first.snap.filter(|_| first.op == Op::Branch)?;
    let is_it = |at: &usize| trace.insts[*at].snap == Some(snap);
    let guard = (0..all[n].insts.start).find(is_it)?;
    let parent = all.iter().position(|s| s.insts.contains(&guard))?;
    Some((guard, parent))
}

struct Drawing<'a> {
    dump: &'a Dump,
    version: &'a Version<'a>,
    trace: &'a Trace,
    segments: &'a [Segment],
    most: u64,
    graph: Graph,
    y: i32,
}

impl Drawing<'_> {
    fn whole(&mut self) {
        let counts = &self.version.story.counts;
        let entered = format!("entered {} times", words::count(counts.entries));
        let x = 40;
        self.edge("entry", format!("M {} 4 V 28", x + 16), counts.entries);
        self.text(entered, x + 26, 17);
        let roots = self.segments.iter().take_while(|s| s.kind != "path");
        let mut bottom = None;
        for n in 0..roots.count() {
            if let Some(bottom) = bottom {
                let path = format!("M {} {bottom} V {}", x + 16, self.y - 2);
                self.edge("entry", path, counts.entries);
            }
            let top = self.y;
            self.segment(n, x);
            bottom = Some(top + HEIGHT);
            if self.segments[n].kind == "body" {
                self.back(x, top);
            }
        }
        // Paths whose guard could not be found are shown all the same.
        for n in 0..self.segments.len() {
            if self.segments[n].kind == "path" && self.segments[n].guard.is_none() {
                self.segment(n, x + INDENT);
            }
        }
        self.graph.height = self.y;
        let reach = |x: i32, text: usize| x + (text as f64 * CHARACTER) as i32 + 16;
        let exits = self.graph.exits.iter();
        let exits = exits.map(|e| reach(e.x, e.text.chars().count() + e.count.chars().count() + 2));
        let edges = self.graph.edges.iter();
        let edges = edges.map(|e| reach(e.x, e.text.chars().count()));
        let boxes = self.graph.boxes.iter().map(|b| b.x + BOX + 8);
        self.graph.width = exits.chain(edges).chain(boxes).max().unwrap_or(0);
    }

    /// The loop's own way back to its header.
    fn back(&mut self, x: i32, top: i32) {
        let (low, high) = (top + HEIGHT - 12, top + 12);
        let path = format!(
            "M {x} {low} C {} {low} {} {high} {} {high}",
            x - 34,
            x - 34,
            x - 2
        );
        self.edge("back", path, self.version.story.counts.iterations);
    }

    fn segment(&mut self, n: usize, x: i32) {
        let top = self.y;
        let segment = &self.segments[n];
        let exits = self.exits(segment, x + BOX, top);
        self.graph.boxes.push(Box {
            x,
            y: top,
            width: BOX,
            height: HEIGHT,
            kind: segment.kind,
            inst: segment.insts.start,
            title: self.title(segment),
            from: self.from(segment),
            ends: self.ends(segment),
        });
        self.y = top + HEIGHT.max(exits) + GAP;
        let here = |s: &Segment| s.guard.is_some_and(|(_, parent)| parent == n);
        let mut children: Vec<usize> = (0..self.segments.len())
            .filter(|&c| here(&self.segments[c]))
            .collect();
        children.sort_by_key(|&c| self.segments[c].guard);
        for child in children {
            let middle = self.y + HEIGHT / 2;
            let from = x + 16;
            let path = format!(
                "M {from} {} V {} Q {from} {middle} {} {middle} H {}",
                top + HEIGHT,
                middle - 8,
                from + 8,
                x + INDENT - 2
            );
            let failed = self.failed(&self.segments[child]);
            self.edge("branch", path, failed);
            self.segment(child, x + INDENT);
        }
    }

    fn edge(&mut self, kind: &'static str, path: String, count: u64) {
        let thickness = thickness(count, self.most);
        self.graph.edges.push(Edge {
            kind,
            path,
            thickness,
            text: String::new(),
            x: 0,
            y: 0,
        });
    }

    fn text(&mut self, text: String, x: i32, y: i32) {
        if let Some(edge) = self.graph.edges.last_mut() {
            (edge.text, edge.x, edge.y) = (text, x, y);
        }
    }

    fn title(&self, segment: &Segment) -> String {
        let bytes = self.version.bytes.get(segment.insts.clone());
        let bytes: u64 = bytes.unwrap_or(&[]).iter().sum();
        let insts = words::of(segment.insts.len(), "instruction", "instructions");
        match bytes {
            0 => format!("{} · {insts}", segment.title),
            _ => format!("{} · {insts}, {}", segment.title, words::size(bytes)),
        }
    }

    /// Where a path begins.
    fn from(&self, segment: &Segment) -> String {
        match segment.guard {
            Some((guard, _)) => {
                let op = self.trace.insts[guard].op.mnemonic();
                let before = match self.failed(segment) {
                    0 => String::new(),
                    n => format!(", left ×{} before", words::brief(n)),
                };
                format!("{}{}{before}", exit_words(op), self.line(guard))
            }
            None if segment.kind == "preamble" => "the first iteration of each entry".into(),
            None if segment.kind == "body" => {
                let n = self.version.story.counts.iterations;
                format!("{} iterations", words::count(n))
            }
            None => String::new(),
        }
    }

    fn line(&self, inst: usize) -> String {
        let place = self.version.places.get(inst).copied().flatten();
        match place.map(|place| self.dump.line(place)) {
            Some(line) if line > 0 => format!(", line {line}"),
            _ => String::new(),
        }
    }

    /// How often the guard that a path begins at was left through, in the versions that this one has grown from.
    fn failed(&self, segment: &Segment) -> u64 {
        let Some((guard, _)) = segment.guard else {
            return 0;
        };
        let place = self.version.places.get(guard).copied().flatten();
        let mut sum = 0;
        let mut from = self.version.story.record.from;
        // A version has grown from an earlier one: at most as many steps as there are versions.
        for _ in 0..self.dump.versions.len() {
            let Some(story) = from.and_then(|id| self.dump.versions.get(&id)) else {
                break;
            };
            let exits = story.exits().into_iter();
            let here = exits.filter(|(e, _)| e.frames.last().copied() == place && place.is_some());
            sum += here.map(|(_, n)| n).sum::<u64>();
            from = story.record.from;
        }
        sum
    }

    fn ends(&self, segment: &Segment) -> String {
        let last = segment.insts.clone().next_back();
        let op = last.and_then(|at| self.trace.insts.get(at)).map(|i| i.op);
        match (op, segment.kind) {
            (Some(Op::Jump), _) => "↺ back to the header".into(),
            (Some(Op::Restart), _) => "⤒ back to the start, by the preamble".into(),
            (Some(Op::Leave), _) => "→ on to another loop".into(),
            (_, "preamble") => "↓ into the loop".into(),
            _ => String::new(),
        }
    }

    /// Draws the exits of a path beside it; gives the height that they take.
    fn exits(&mut self, segment: &Segment, x: i32, top: i32) -> i32 {
        let inside = |inst: u32| segment.insts.contains(&(inst as usize));
        let all = self.version.story.record.exits.iter();
        let all = all.filter(|exit| inside(exit.inst)).count();
        let taken = self.version.story.exits();
        let taken: Vec<_> = taken.into_iter().filter(|(e, _)| inside(e.inst)).collect();
        let of = self.version.story.record.of;
        let mut rows: Vec<(u64, String, String)> = Vec::new();
        for &(exit, n) in taken.iter().take(MOST_EXITS) {
            let place = exit.frames.last().copied().unwrap_or_default();
            let line = self.dump.line(place);
            let at = if line > 0 {
                format!(", line {line}")
            } else {
                String::new()
            };
            let text = format!("{}{at}", exit_words(&exit.op));
            rows.push((n, text, source::anchor(of, place.code, line)));
        }
        if let Some(rest) = taken.get(MOST_EXITS..).filter(|rest| !rest.is_empty()) {
            let n = rest.iter().map(|&(_, n)| n).sum();
            let others = words::of(rest.len(), "other exit", "other exits");
            rows.push((n, others, String::new()));
        }
        let never = all.saturating_sub(taken.len());
        if never > 0 {
            let text = words::of(never, "exit never taken", "exits never taken");
            rows.push((0, text, String::new()));
        }
        let start = top + HEIGHT / 2;
        let first = start - (rows.len() as i32 - 1) * ROW / 2;
        let first = first.max(top + ROW / 2);
        for (at, (n, text, anchor)) in rows.iter().enumerate() {
            let y = first + at as i32 * ROW;
            let (from, to) = (x, x + REACH);
            let bend = x + REACH / 2;
            let path = match n {
                0 => String::new(),
                _ => format!(
                    "M {from} {start} C {bend} {start} {bend} {y} {} {y}",
                    to - 8
                ),
            };
            self.graph.exits.push(Exit {
                path,
                thickness: thickness(*n, self.most),
                count: if *n > 0 {
                    format!("×{}", words::brief(*n))
                } else {
                    String::new()
                },
                text: text.clone(),
                anchor: anchor.clone(),
                x: to,
                y,
            });
        }
        rows.len() as i32 * ROW
    }
}

/// How thick a line is that was gone along so often.
fn thickness(count: u64, most: u64) -> String {
    let share = (1.0 + count as f64).ln() / (1.0 + most as f64).ln().max(1.0);
    format!("{:.1}", 1.0 + 5.0 * share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use traces::dump::TraceRecord;

    /// A trace of a counter that has this many branches, each from the one in front of it.
    fn trace(branches: usize) -> String {
        let mut text = String::from("trace \"t\" locals 1 depth 0 {\n  objs @code\n");
        for n in 0..=branches {
            if n > 0 {
                text += &format!("  branch -> s{}\n", n - 1);
            }
            text += &format!("  %{n} = truth true\n  guard_true %{n} -> s{n}\n  jump\n");
        }
        text += "  snaps\n";
        for n in 0..=branches {
            text += &format!("    s{n}: at @code pc {n} depth 0 []\n");
        }
        text + "}\n"
    }

    #[test]
    fn paths_lie_apart() {
        for branches in [0, 1, 32] {
            let story = VersionStory {
                record: TraceRecord {
                    optimised: trace(branches),
                    ..TraceRecord::default()
                },
                ..VersionStory::default()
            };
            let version = Version::of(&story);
            let graph = of(&Dump::default(), &version).expect("a trace that can be read");
            assert_eq!(graph.boxes.len(), branches + 1);
            for pair in graph.boxes.windows(2) {
                assert!(pair[1].y >= pair[0].y + HEIGHT + GAP);
            }
            let fits = |b: &Box| b.x + b.width <= graph.width && b.y + b.height <= graph.height;
            assert!(graph.boxes.iter().all(fits));
        }
    }
}
