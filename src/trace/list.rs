//! `hardwire trace list`: a line for each loop.

use super::dumps::{self, Times};
use super::paint::{
    self, FAINT, GOOD, HEADING, NOTE, count, cut, cut_front, paint, share, table, time,
};
use anyhow::Result;
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use traces::Reason;
use traces::dump::{Dump, LoopState, LoopStory, reason_words};

/// `hardwire trace list`
#[derive(Args, Debug)]
#[command(after_help = "\
The columns: the number of the loop; the processor time that it was seen to take (a sampling clock: short times are
rough), its share of all that was seen, and how much of it was native code, the interpreter in calls of native code, and
the interpreter; where it lies; its state; how many versions it has (and had, where some went); iterations in native code,
entries, exits that were taken other than by the loop's end; the size of the machine code and the time it took to compile all versions.")]
pub struct List {
    /// A dump, or a folder of dumps.
    #[arg(value_name = "DUMP")]
    dump: PathBuf,
    /// How many loops are listed at most.
    #[arg(long, value_name = "N")]
    top: Option<usize>,
}

/// From this many columns on, all are shown.
const WIDE: usize = 140;
/// The fewest columns for the place of a loop.
const LEAST_PLACE: usize = 16;

/// Prints the loops, the hottest first.
///
/// # Errors
/// The dump cannot be read.
pub fn list(asked: &List) -> Result<bool> {
    let dump = dumps::open(&asked.dump)?;
    paint::print(&text(&dump, asked.top, paint::columns()))?;
    Ok(true)
}

/// The listing.
fn text(dump: &Dump, top: Option<usize>, columns: usize) -> String {
    let mut out = paint(HEADING, cut(&dumps::process(dump), columns)) + "\n";
    let times = Times::of(dump);
    out += &paint::wrapped(&in_short(&times), columns, "", "");
    let all = dump.hottest();
    if all.is_empty() {
        out += "no loop became hot\n";
        return out;
    }
    out.push('\n');
    let shown = all.len().min(top.unwrap_or(usize::MAX));
    let layout = Layout {
        times: times.seen(),
        is_wide: columns >= WIDE,
    };
    let shown = &all[..shown];
    out += &layout.table(dump, shown, columns);
    if shown.len() < all.len() {
        let _ = writeln!(out, "and {} more", all.len() - shown.len());
    }
    out
}

/// Where the time went, on a line.
pub fn in_short(times: &Times) -> String {
    if !times.is_known() {
        return format!("{} of processor time", time(times.total));
    }
    let of_seen = |part| share(part, times.seen());
    format!(
        "{} of processor time, {} of them seen: native code {}, the interpreter in calls of it {}, in hot loops {}, \
         elsewhere {}; the compiler took {}",
        time(times.total),
        time(times.seen()),
        of_seen(times.native),
        of_seen(times.called),
        of_seen(times.loops),
        of_seen(times.elsewhere),
        time(times.compiler),
    )
}

struct Layout {
    /// What all loops were seen to take.
    times: u64,
    is_wide: bool,
}

impl Layout {
    /// The table: what is not numbers takes the columns that these leave.
    fn table(&self, dump: &Dump, loops: &[&LoopStory], columns: usize) -> String {
        let headings = self.headings();
        let (full, place) = (headings.len(), if self.is_wide { 6 } else { 4 });
        let mut rows = vec![headings];
        rows.extend(loops.iter().map(|story| self.row(dump, story)));
        let widest = |rows: &[Vec<String>]| {
            let text = table(rows, self.right());
            text.lines().map(paint::width).max().unwrap_or(0)
        };
        let mut numbers = rows.clone();
        numbers.retain(|row| row.len() == full);
        let names = numbers.iter_mut().filter_map(|row| row.get_mut(place));
        names.for_each(String::clear);
        let room = columns.saturating_sub(widest(&numbers)).max(LEAST_PLACE);
        for text in rows.iter_mut().skip(1).filter_map(|row| row.get_mut(place)) {
            *text = cut_front(text, room);
        }
        // A reason stands where the counts would.
        let front: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().take(place + 2).cloned().collect())
            .collect();
        let room = columns.saturating_sub(widest(&front) + 2);
        let short = rows.iter_mut().filter(|row| row.len() < full);
        for text in short.filter_map(|row| row.get_mut(place + 2)) {
            *text = cut(text, room);
        }
        table(&rows, self.right())
    }

    fn headings(&self) -> Vec<String> {
        let all: &[&str] = match self.is_wide {
            true => &[
                "#", "time", "share", "native", "calls", "python", "loop", "state", "versions",
                "turns", "entries", "exits", "bytes", "compile",
            ],
            false => &[
                "#",
                "time",
                "share",
                "nat/call/py",
                "loop",
                "state",
                "vers",
                "turns",
                "exits",
                "bytes",
            ],
        };
        all.iter().map(|text| paint(FAINT, text)).collect()
    }

    fn right(&self) -> &'static [usize] {
        match self.is_wide {
            true => &[0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13],
            false => &[0, 1, 2, 3, 6, 7, 8, 9],
        }
    }

    fn row(&self, dump: &Dump, story: &LoopStory) -> Vec<String> {
        let mut row = vec![story.record.id.to_string()];
        row.extend(self.times(story));
        row.push(dump.title(story));
        row.push(state(dump, story));
        if story.versions.is_empty() {
            row.push(in_brief(story));
            return row;
        }
        row.extend(self.counts(dump, story));
        row
    }

    fn times(&self, story: &LoopStory) -> Vec<String> {
        let total = story.total_us();
        let mut all = match total {
            0 => vec!["-".to_string(), "-".to_string()],
            _ => vec![time(total), share(total, self.times)],
        };
        let parts = [story.native_us, story.called_us, story.interpreted_us];
        let part = |us| match us {
            0 => "-".to_string(),
            us => time(us),
        };
        match self.is_wide {
            true => all.extend(parts.map(part)),
            false if total == 0 => all.push("-".to_string()),
            false => {
                let shares = parts.map(|us| share(us, total).trim_end_matches('%').to_string());
                all.push(shares.join("/"));
            }
        }
        all
    }

    fn counts(&self, dump: &Dump, story: &LoopStory) -> Vec<String> {
        let sums = Sums::of(dump, story);
        let (turns, entries) = (count(story.counts.iterations), count(story.counts.entries));
        let (exits, bytes) = (count(sums.exits), count(sums.bytes));
        match self.is_wide {
            true => vec![
                sums.versions(),
                turns,
                entries,
                exits,
                bytes,
                time(sums.compile),
            ],
            false => vec![sums.versions().replace(" of ", "/"), turns, exits, bytes],
        }
    }
}

/// Sums over the versions of a loop.
pub struct Sums {
    /// How many it has now.
    current: usize,
    /// How many it had.
    all: usize,
    /// How many exits were taken, other than by the end of the loop.
    pub exits: u64,
    /// The machine code of those that it has now, in bytes.
    pub bytes: u64,
    /// What it took to compile all, in microseconds.
    pub compile: u64,
}

impl Sums {
    /// Of a loop.
    pub fn of(dump: &Dump, story: &LoopStory) -> Sums {
        let all = || story.versions.iter().filter_map(|v| dump.versions.get(v));
        let exits = all().flat_map(|version| version.exits());
        let exits = exits.filter(|(exit, _)| exit.op != "loop_end");
        let bytes = |digits: &str| digits.len() as u64 / 2;
        Sums {
            current: dump.current(story).count(),
            all: story.versions.len(),
            exits: exits.map(|(_, n)| n).sum(),
            bytes: dump
                .current(story)
                .map(|v| bytes(&v.record.code.bytes))
                .sum(),
            compile: all()
                .map(|v| v.record.optimise_us + v.record.generate_us)
                .sum(),
        }
    }

    /// How many versions it has, and had.
    pub fn versions(&self) -> String {
        match self.all == self.current {
            true => self.all.to_string(),
            false => format!("{} of {}", self.current, self.all),
        }
    }
}

fn state(dump: &Dump, story: &LoopStory) -> String {
    let style = match story.counts.state {
        LoopState::Compiled => GOOD,
        LoopState::LeftAlone => NOTE,
        LoopState::Counting => FAINT,
    };
    paint(style, dump.state(story))
}

/// As [`reason`], where there is little room: what exactly first.
fn in_brief(story: &LoopStory) -> String {
    match story.counts.reason == Reason::NoGain.name() && !story.counts.detail.is_empty() {
        true => format!("not faster: {}", story.counts.detail),
        false => reason(story),
    }
}

/// Why a loop has no native code, in words.
pub fn reason(story: &LoopStory) -> String {
    reason_words(&story.counts.reason, &story.counts.detail)
}
