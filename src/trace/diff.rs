//! `hardwire trace diff`: two runs of a program, loop by loop.

use super::again;
use super::dumps::{self, Times};
use super::list::{Sums, reason};
use super::paint::{self, BAD, FAINT, GOOD, HEADING, NOTE, count, cut, paint, table, time};
use anyhow::{Result, bail};
use clap::Args;
use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};
use std::fmt::Write as _;
use std::path::PathBuf;
use traces::dump::{Dump, LoopStory};
use traces::{Inst, Op, Trace, Value};

/// `hardwire trace diff`
#[derive(Args, Debug)]
#[command(after_help = "\
Loops are matched by their file, function and bytecode; where the program has changed, by their line, or as the only ones of their \
function. Traces are compared without the numbers of their values: where one is numbered anew that is no difference.")]
pub struct Diff {
    /// A dump, or a folder of dumps: before.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// A dump, or a folder of dumps: after.
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// The loops of AFTER: `FILE:LINE`, the name of a function, or a number. Without it, all.
    #[arg(value_name = "LOOP")]
    meant: Option<String>,
    /// Do not compare the traces.
    #[arg(long)]
    brief: bool,
}

/// What differs by less than this part of the greater one, or by fewer microseconds than this, is as before: a sampling clock is rough.
const CHANGED: f64 = 0.15;
const CHANGED_US: u64 = 1000;
/// How many lines of a trace that are the same stand around one that is not.
const CONTEXT: usize = 2;

/// Prints what differs.
///
/// # Errors
/// A dump cannot be read, or there is no such loop.
pub fn diff(asked: &Diff) -> Result<bool> {
    let (before, after) = (dumps::open(&asked.before)?, dumps::open(&asked.after)?);
    let runs = Runs::of(&before, &after);
    let pairs = match &asked.meant {
        None => runs.pairs.clone(),
        Some(meant) => {
            let meant = dumps::loops(&after, Some(meant))?;
            let is_meant = |pair: &&Pair<'_>| {
                let id = pair.after.map(|story| story.record.id);
                meant.iter().any(|story| Some(story.record.id) == id)
            };
            runs.pairs.iter().filter(is_meant).cloned().collect()
        }
    };
    if pairs.is_empty() && asked.meant.is_some() {
        bail!("there is no such loop in both dumps");
    }
    let columns = paint::columns();
    let mut out = runs.summary(columns);
    let mut same = 0;
    for pair in &pairs {
        let text = runs.of_pair(pair, !asked.brief, columns);
        match text.is_empty() {
            true => same += 1,
            false => out += &text,
        }
    }
    if same > 0 {
        let _ = writeln!(out, "\n{same} loops are as before, but for their times");
    }
    paint::print(&out)?;
    Ok(true)
}

/// A loop of both runs, or of one only.
#[derive(Clone)]
struct Pair<'a> {
    before: Option<&'a LoopStory>,
    after: Option<&'a LoopStory>,
}

impl Pair<'_> {
    fn time(story: Option<&LoopStory>) -> u64 {
        story.map_or(0, LoopStory::total_us)
    }

    /// How much longer it took, in microseconds; less than nothing where it became faster.
    fn change(&self) -> i128 {
        i128::from(Self::time(self.after)) - i128::from(Self::time(self.before))
    }
}

struct Runs<'a> {
    before: &'a Dump,
    after: &'a Dump,
    /// The loops, those first whose time has changed most.
    pairs: Vec<Pair<'a>>,
}

/// What a loop is known by, more and more vaguely.
fn keys(dump: &Dump, story: &LoopStory) -> [String; 3] {
    let (file, function) = match dump.code(story) {
        Some(code) => {
            let folder = format!("{}/", dump.start.folder);
            let file = code.file.strip_prefix(&folder).unwrap_or(&code.file);
            (file.to_string(), code.function.clone())
        }
        None => (String::new(), String::new()),
    };
    let of_function = format!("{file} {function}");
    [
        format!("{of_function} at {}", story.record.header),
        format!("{of_function} line {}", story.record.line),
        of_function,
    ]
}

impl<'a> Runs<'a> {
    fn of(before: &'a Dump, after: &'a Dump) -> Runs<'a> {
        let mut old = before.hottest();
        let mut new = after.hottest();
        let mut pairs = Vec::new();
        for vague in 0..3 {
            let key = |dump: &Dump, story: &LoopStory| {
                let key = keys(dump, story).into_iter().nth(vague);
                key.unwrap_or_default()
            };
            let mut left = Vec::new();
            for story in std::mem::take(&mut new) {
                let wanted = key(after, story);
                let is_it = |old: &&LoopStory| key(before, old) == wanted;
                let found = old.iter().position(is_it);
                // One of several would be guessed.
                let is_one = vague < 2 || old.iter().copied().filter(is_it).count() == 1;
                match found.filter(|_| is_one) {
                    Some(n) => pairs.push(Pair {
                        before: Some(old.remove(n)),
                        after: Some(story),
                    }),
                    None => left.push(story),
                }
            }
            new = left;
        }
        let alone = |before, after| Pair { before, after };
        pairs.extend(new.into_iter().map(|story| alone(None, Some(story))));
        pairs.extend(old.into_iter().map(|story| alone(Some(story), None)));
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.change().abs()));
        Runs {
            before,
            after,
            pairs,
        }
    }

    fn title(&self, pair: &Pair<'_>) -> String {
        match (pair.before, pair.after) {
            (_, Some(story)) => self.after.title(story),
            (Some(story), None) => self.before.title(story),
            (None, None) => String::new(),
        }
    }

    /// What got slower and what got faster.
    fn summary(&self, columns: usize) -> String {
        let mut out = String::new();
        for (what, dump) in [("before", self.before), ("after", self.after)] {
            let text = format!("{what}: {}", dumps::process(dump));
            let _ = writeln!(out, "{}", paint(HEADING, cut(&text, columns)));
        }
        let (old, new) = (Times::of(self.before), Times::of(self.after));
        let mut rows = Vec::new();
        for (what, old, new) in [
            ("processor time", old.total, new.total),
            ("native code", old.native, new.native),
            ("the interpreter in calls of it", old.called, new.called),
            ("the interpreter in hot loops", old.loops, new.loops),
            ("the interpreter elsewhere", old.elsewhere, new.elsewhere),
            ("the compiler", old.compiler, new.compiler),
        ] {
            if old + new > 0 {
                rows.push(times_row(what.to_string(), old, new));
            }
        }
        out += &table(&rows, &[1, 3]);
        for (heading, is_slower) in [("slower", true), ("faster", false)] {
            let changed = self.pairs.iter().filter(|pair| {
                let (old, new) = (Pair::time(pair.before), Pair::time(pair.after));
                has_changed(old, new) && (new > old) == is_slower
            });
            let rows: Vec<_> = changed
                .map(|pair| {
                    let (old, new) = (Pair::time(pair.before), Pair::time(pair.after));
                    times_row(format!("  {}", self.title(pair)), old, new)
                })
                .collect();
            if !rows.is_empty() {
                let _ = writeln!(out, "\n{heading}:\n{}", table(&rows, &[1, 3]).trim_end());
            }
        }
        out
    }

    /// What differs about a loop; empty where nothing does but its times.
    fn of_pair(&self, pair: &Pair<'_>, with_traces: bool, columns: usize) -> String {
        let title = paint(HEADING, self.title(pair));
        let (old, new) = match (pair.before, pair.after) {
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) => {
                let state = self.after.state(new);
                return format!(
                    "\n{title}  {} ({state})\n",
                    paint(NOTE, "is hot only after")
                );
            }
            (Some(old), None) => {
                let state = self.before.state(old);
                return format!(
                    "\n{title}  {} ({state})\n",
                    paint(NOTE, "was hot only before")
                );
            }
            (None, None) => return String::new(),
        };
        let mut differences = Vec::new();
        let mut add = |what: &str, old: String, new: String| {
            if old != new {
                let shown = |text: String| match text.is_empty() {
                    true => "none".to_string(),
                    false => cut(&text, columns / 2 - 16),
                };
                let arrow = "->".to_string();
                differences.push(vec![format!("  {what}"), shown(old), arrow, shown(new)]);
            }
        };
        add(
            "state",
            self.before.state(old).into(),
            self.after.state(new).into(),
        );
        add("reason", reason(old), reason(new));
        let (a, b) = (Sums::of(self.before, old), Sums::of(self.after, new));
        add("versions", a.versions(), b.versions());
        for (what, old, new) in [
            ("turns", old.counts.iterations, new.counts.iterations),
            ("entries", old.counts.entries, new.counts.entries),
            ("exits", a.exits, b.exits),
            ("bytes of machine code", a.bytes, b.bytes),
        ] {
            if differ(old, new) {
                add(what, count(old), count(new));
            }
        }
        let traces = match with_traces {
            true => self.traces(old, new),
            false => String::new(),
        };
        if differences.is_empty() && traces.is_empty() {
            return String::new();
        }
        // These are never twice the same.
        for (what, old, new) in [
            ("native code", old.native_us, new.native_us),
            ("calls of it", old.called_us, new.called_us),
            ("the interpreter", old.interpreted_us, new.interpreted_us),
            ("compiled in", a.compile, b.compile),
        ] {
            if old + new > 0 {
                let mut row = times_row(format!("  {what}"), old, new);
                row.truncate(5);
                differences.push(row);
            }
        }
        format!("\n{title}\n{}{traces}", table(&differences, &[]))
    }

    /// What differs between the principal versions.
    fn traces(&self, old: &LoopStory, new: &LoopStory) -> String {
        let of = |dump: &Dump, story| {
            let version = dump.principal(story)?;
            Some((version.record.id, again::optimised(&version.record)))
        };
        let (Some((a, old)), Some((b, new))) = (of(self.before, old), of(self.after, new)) else {
            return String::new();
        };
        match (old, new) {
            (Ok(old), Ok(new)) => match traces(&old, &new) {
                text if text.is_empty() => text,
                text => format!("  {}\n{text}", paint(NOTE, format!("version {a} -> {b}"))),
            },
            (Err(why), _) | (_, Err(why)) => format!("  {}\n", paint(BAD, why)),
        }
    }
}

/// Whether two counts differ so much that it is worth telling: they are never quite the same.
fn differ(old: u64, new: u64) -> bool {
    old.abs_diff(new) as f64 > CHANGED * old.max(new) as f64
}

/// Whether two times differ so much that it is worth telling.
fn has_changed(old: u64, new: u64) -> bool {
    let by = old.abs_diff(new);
    by >= CHANGED_US && by as f64 >= CHANGED * old.max(new) as f64
}

fn times_row(what: String, old: u64, new: u64) -> Vec<String> {
    let by = match (old, new) {
        (0, _) | (_, 0) => String::new(),
        _ if !has_changed(old, new) => String::new(),
        _ if new > old => paint(BAD, format!("{:.1} times as long", new as f64 / old as f64)),
        _ => paint(
            GOOD,
            format!("{:.1} times as fast", old as f64 / new as f64),
        ),
    };
    vec![what, time(old), "->".to_string(), time(new), by]
}

/// What differs between two traces, line by line.
fn traces(old: &Trace, new: &Trace) -> String {
    let (a, b) = (lines(old), lines(new));
    let ops = capture_diff_slices(Algorithm::Patience, &a, &b);
    let mut out = String::new();
    for (n, group) in group_diff_ops(ops, CONTEXT).iter().enumerate() {
        if n > 0 {
            let _ = writeln!(out, "    {}", paint(FAINT, "..."));
        }
        for op in group {
            let (tag, old_range, new_range) = op.as_tag_tuple();
            if tag == DiffTag::Equal {
                for at in new_range {
                    let _ = writeln!(out, "      {}", text(new, at));
                }
                continue;
            }
            for at in old_range {
                let _ = writeln!(out, "    {}", paint(BAD, format!("- {}", text(old, at))));
            }
            for at in new_range {
                let _ = writeln!(out, "    {}", paint(GOOD, format!("+ {}", text(new, at))));
            }
        }
    }
    out
}

fn text(trace: &Trace, at: usize) -> String {
    let inst = trace.insts.get(at);
    inst.map_or(String::new(), |inst| {
        format!("{at:3}  {}", trace.inst_text(inst))
    })
}

/// The instructions in a form that is the same however values and snapshots are numbered: an operand is named by the instruction that
/// gives it, a snapshot by where it leads.
fn lines(trace: &Trace) -> Vec<String> {
    let definitions = trace.definitions();
    let operand = |value: &Value| {
        let by = definitions.get(value).and_then(|&at| trace.insts.get(at));
        let Some(by) = by else {
            return "?".to_string();
        };
        match by.params.iter().position(|param| param == value) {
            Some(n) => format!("parameter {n}"),
            None => bare(trace, by),
        }
    };
    let line = |inst: &Inst| {
        let operands: Vec<String> = inst.args.iter().map(operand).collect();
        let leads = inst.snap.and_then(|snap| {
            let snap = trace.snaps.get(snap.0 as usize)?;
            let frame = snap.frames.last()?;
            let code = trace.objs.get(frame.code.0 as usize)?;
            Some(format!(" -> @{} {} {:?}", code.name, frame.pc, snap.resume))
        });
        format!(
            "{} ({}){}",
            bare(trace, inst),
            operands.join(", "),
            leads.unwrap_or_default()
        )
    };
    trace.insts.iter().map(line).collect()
}

/// An instruction without its operands.
fn bare(trace: &Trace, inst: &Inst) -> String {
    if inst.op == Op::Label {
        return "label".to_string();
    }
    trace.inst_text(&Inst {
        args: Vec::new(),
        snap: None,
        result: None,
        ..inst.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use traces::dump::{CodeRecord, Counts, LoopRecord, Place, Record, Seen};
    use traces::parse::parse;

    fn trace(lines: &str) -> Trace {
        let text = format!(
            "trace \"t\" locals 2 depth 0 {{\n  objs @code @int\n{lines}  jump\n  snaps\n    \
             s0: at @code pc 10 depth 0 []\n}}\n"
        );
        parse(&text).unwrap()
    }

    #[test]
    fn other_numbers_are_no_difference() {
        let old = trace("  check -> s0\n  %0 = int 1\n  %1 = box_int %0\n  store_slot %1, #0\n");
        let new = trace("  check -> s0\n  %4 = int 1\n  %7 = box_int %4\n  store_slot %7, #0\n");
        assert_eq!(traces(&old, &new), "");
    }

    #[test]
    fn what_is_new_is_one_line() {
        let old = trace("  check -> s0\n  %0 = int 1\n  %1 = box_int %0\n  store_slot %1, #0\n");
        let new = trace(
            "  check -> s0\n  %0 = load_slot #1\n  guard_type %0, @int -> s0\n  %1 = int 1\n  \
             %2 = box_int %1\n  store_slot %2, #0\n",
        );
        let text = anstream::adapter::strip_str(&traces(&old, &new)).to_string();
        let changed: Vec<&str> = text.lines().filter(|l| !l.starts_with("      ")).collect();
        assert_eq!(
            changed,
            [
                "    +   1  %0 = load_slot #1",
                "    +   2  guard_type %0, @int -> s0"
            ]
        );
    }

    /// A dump of loops: their numbers, functions, headers, lines, and what the interpreter took for them.
    fn dump(loops: &[(u32, &str, u32, u32, u64)]) -> Dump {
        let mut records = Vec::new();
        let mut counts = Counts::default();
        for &(id, function, header, line, us) in loops {
            records.push(Record::Code(CodeRecord {
                id,
                file: "/app/a.py".into(),
                function: function.into(),
                ..CodeRecord::default()
            }));
            records.push(Record::Loop(LoopRecord {
                id,
                code: id,
                header,
                end: header + 10,
                line,
            }));
            counts.seen.push(Seen {
                place: Place {
                    code: id,
                    at: header,
                },
                of: Some(id),
                us,
            });
        }
        records.push(Record::Counts(counts));
        Dump::of(records)
    }

    #[test]
    fn loops_are_matched_by_bytecode_else_by_line_else_as_the_only_ones() {
        let before = dump(&[
            (1, "same", 10, 3, 0),
            (2, "moved", 10, 7, 0),
            (3, "edited", 10, 12, 0),
            (4, "two", 10, 20, 0),
            (5, "two", 30, 22, 0),
            (6, "gone", 10, 30, 0),
        ]);
        let after = dump(&[
            (11, "same", 10, 4, 0),
            (12, "moved", 14, 7, 0),
            (13, "edited", 14, 13, 0),
            (14, "two", 12, 21, 0),
            (15, "new", 10, 40, 0),
        ]);
        let id = |story: Option<&LoopStory>| story.map_or(0, |story| story.record.id);
        let runs = Runs::of(&before, &after);
        let pairs = runs
            .pairs
            .iter()
            .map(|pair| (id(pair.before), id(pair.after)));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        let expected = [
            (0, 14),
            (0, 15),
            (1, 11),
            (2, 12),
            (3, 13),
            (4, 0),
            (5, 0),
            (6, 0),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn what_got_slower_comes_first() {
        let before = dump(&[(1, "f", 10, 3, 50_000), (2, "g", 10, 9, 80_000)]);
        let after = dump(&[(1, "f", 10, 3, 100_000), (2, "g", 10, 9, 20_000)]);
        let runs = Runs::of(&before, &after);
        let text = anstream::adapter::strip_str(&runs.summary(100)).to_string();
        let slower = text.find("slower:\n  app/a.py:3 f  50 ms  ->  100 ms  2.0 times as long");
        let faster = text.find("faster:\n  app/a.py:9 g  80 ms  ->  20 ms  4.0 times as fast");
        assert!(slower < faster && slower.is_some(), "{text}");
    }

    #[test]
    fn little_changes_of_times_are_none() {
        assert!(!has_changed(100_000, 110_000));
        assert!(!has_changed(100, 900));
        assert!(has_changed(100_000, 50_000));
    }
}
