//! `hardwire trace why`: where time is lost, and what would help.

use super::dumps::{self, Times};
use super::list::{in_short, reason};
use super::paint::{self, BAD, FAINT, GOOD, HEADING, NOTE, SOURCE, paint, time};
use anyhow::Result;
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use traces::dump::{Dump, Finding, LoopState, LoopStory, Place, findings};

/// `hardwire trace why`
#[derive(Args, Debug)]
#[command(after_help = "\
The times are of a sampling clock, and what one bytecode is taken to lose is an estimate: the order tells more than the figures.")]
pub struct Why {
    /// A dump, or a folder of dumps.
    #[arg(value_name = "DUMP")]
    dump: PathBuf,
    /// The loops: `FILE:LINE`, the name of a function, or a number. Without it, all.
    #[arg(value_name = "LOOP")]
    meant: Option<String>,
    /// How many loops are told of at most.
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
}

/// The most lines that are named where the interpreter was seen.
const MOST_LINES: usize = 3;

/// What is lost in a loop.
struct Group<'a> {
    story: &'a LoopStory,
    findings: Vec<Finding>,
    lost_us: f64,
}

/// Prints where time is lost.
///
/// # Errors
/// The dump cannot be read, or there is no such loop.
pub fn why(asked: &Why) -> Result<bool> {
    let dump = dumps::open(&asked.dump)?;
    let meant = dumps::loops(&dump, asked.meant.as_deref())?;
    let is_named = asked.meant.is_some();
    let text = text(&dump, &meant, is_named, asked.top, paint::columns());
    paint::print(&text)?;
    Ok(true)
}

fn text(dump: &Dump, meant: &[&LoopStory], is_named: bool, top: usize, columns: usize) -> String {
    let mut out = paint(HEADING, paint::cut(&dumps::process(dump), columns)) + "\n";
    let times = Times::of(dump);
    out += &paint::wrapped(&in_short(&times), columns, "", "");
    let groups = groups(dump, meant, is_named || !times.is_known());
    if groups.is_empty() {
        out.push('\n');
        out += &nothing_lost(dump, meant, is_named);
        return out;
    }
    for (n, group) in groups.iter().take(top).enumerate() {
        let _ = write!(out, "\n{}", of_group(dump, n + 1, group, columns));
    }
    if groups.len() > top {
        let _ = writeln!(out, "\nand {} more loops: --top N", groups.len() - top);
    }
    out
}

/// The findings by their loops, the most lost first. Where not all are asked for, what is not worth a line is left out.
fn groups<'a>(dump: &'a Dump, meant: &[&'a LoopStory], all: bool) -> Vec<Group<'a>> {
    let mut by_loop: BTreeMap<u32, Vec<Finding>> = BTreeMap::new();
    for finding in findings(dump, meant) {
        if all || finding.is_worth_a_line() {
            by_loop.entry(finding.of).or_default().push(finding);
        }
    }
    let mut groups: Vec<Group<'a>> = Vec::new();
    for story in meant {
        if let Some(findings) = by_loop.remove(&story.record.id) {
            let lost_us = findings.iter().map(|f| f.lost_us).sum();
            groups.push(Group {
                story,
                findings,
                lost_us,
            });
        }
    }
    groups.sort_by(|a, b| b.lost_us.total_cmp(&a.lost_us));
    groups
}

fn nothing_lost(dump: &Dump, meant: &[&LoopStory], is_named: bool) -> String {
    match meant {
        [] => "No loop became hot: all of the program is the interpreter's.\n".to_string(),
        [story] if is_named => format!(
            "Nothing is lost in {} that Hardwire knows of: {}.\n",
            dump.title(story),
            dumps::spent(dump, story)
        ),
        _ => "Nothing that is worth a line is lost in these loops.\n".to_string(),
    }
}

fn of_group(dump: &Dump, n: usize, group: &Group<'_>, columns: usize) -> String {
    let story = group.story;
    let lost = match group.lost_us {
        us if us < 1.0 => String::new(),
        us => format!("about {} lost; ", time(us as u64)),
    };
    let heading = format!("{n}. {} (loop {})", dump.title(story), story.record.id);
    let mut out = format!(
        "{}  {}{}\n",
        paint(HEADING, heading),
        paint(BAD, lost),
        paint(FAINT, dumps::spent(dump, story))
    );
    let mut place = None;
    for finding in &group.findings {
        if place != Some(finding.place) {
            out += &line_of(dump, finding.place, columns);
            place = Some(finding.place);
        }
        let share = match finding.lost_us {
            us if us < 1.0 => String::new(),
            us => format!("{:>7}  ", time(us as u64)),
        };
        let indent = " ".repeat(6 + share.len());
        let first = format!("      {}", paint(BAD, share));
        let what = paint::wrapped(&finding.what, columns, &indent, &indent);
        out += &what.replacen(&indent, &first, 1);
        if !finding.help.is_empty() {
            let (first, others) = (format!("{indent}-> "), format!("{indent}   "));
            let help = paint::wrapped(&finding.help, columns, &first, &others);
            let _ = write!(out, "{}", paint(GOOD, help));
        }
    }
    if story.versions.is_empty() {
        out += &where_seen(dump, story, columns);
    }
    if story.counts.state == LoopState::Compiled && !story.counts.reason.is_empty() {
        let text = format!("the last recording was given up: {}", reason(story));
        let text = paint::wrapped(&text, columns, "      ", "        ");
        let _ = write!(out, "{}", paint(FAINT, text));
    }
    out
}

/// The lines where the interpreter was seen most, of a loop that it runs.
fn where_seen(dump: &Dump, story: &LoopStory, columns: usize) -> String {
    let of = Some(story.record.id);
    let mut lines: BTreeMap<(u32, u32), (u64, Place)> = BTreeMap::new();
    for one in dump.seen.iter().filter(|one| one.of == of) {
        let key = (one.place.code, dump.line(one.place));
        lines.entry(key).or_insert((0, one.place)).0 += one.us;
    }
    let mut lines: Vec<(u64, Place)> = lines.into_values().collect();
    lines.sort_by_key(|&(us, place)| (std::cmp::Reverse(us), place));
    let mut out = String::new();
    for (us, place) in lines.into_iter().take(MOST_LINES) {
        let share = format!("{:>10}  ", time(us));
        let line = line_of(dump, place, columns.saturating_sub(share.len()));
        let _ = write!(out, "  {}{}", paint(FAINT, &share), line.trim_start());
    }
    match out.is_empty() {
        true => out,
        false => format!(
            "{}\n{out}",
            paint(FAINT, "      where the interpreter was seen:")
        ),
    }
}

/// A line of the source, with its place.
fn line_of(dump: &Dump, place: Place, columns: usize) -> String {
    let line = dump.line(place);
    let title = dump.place(place);
    let source = dump.source(place.code, line).unwrap_or_default();
    let room = columns.saturating_sub(6 + title.len());
    format!(
        "    {}  {}\n",
        paint(NOTE, title),
        paint(SOURCE, paint::cut(source, room))
    )
}
