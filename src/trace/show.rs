//! `hardwire trace show`: a loop by its source lines, with bytecode, traces and machine code.

use super::again;
use super::dumps;
use super::list::reason;
use super::paint::{self, BAD, FAINT, HEADING, NOTE, SOURCE, count, cut, paint, table, time};
use super::view::View;
use anyhow::{Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use traces::dump::{Dump, LoopStory, VersionStory};

/// `hardwire trace show`
#[derive(Args, Debug)]
pub struct Show {
    /// A dump, or a folder of dumps.
    #[arg(value_name = "DUMP")]
    dump: PathBuf,
    /// The loop: `FILE:LINE`, the name of a function, or a number.
    #[arg(value_name = "LOOP")]
    meant: String,
    /// Show the bytecode.
    #[arg(long)]
    bytecode: bool,
    /// Show the trace as recorded.
    #[arg(long)]
    ir: bool,
    /// Show the trace as optimised: this is what is shown where nothing is asked for.
    #[arg(long)]
    opt: bool,
    /// Show the machine code.
    #[arg(long)]
    asm: bool,
    /// Show the machine code that lies aside too: that of exits, and of what hardly ever happens.
    #[arg(long)]
    aside: bool,
    /// Show Cranelift's IR, made again from the trace.
    #[arg(long)]
    clif: bool,
    /// Show the whole trace behind each pass, made again from the one that was recorded.
    #[arg(long)]
    passes: bool,
    /// Which of the loop's versions; without it, the one that ran most.
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

/// Prints a loop.
///
/// # Errors
/// The dump cannot be read, there is no such loop or version, or its text is that of another version of Hardwire.
pub fn show(asked: &Show) -> Result<bool> {
    let dump = dumps::open(&asked.dump)?;
    let story = dumps::one(&dump, &asked.meant)?;
    let columns = paint::columns();
    let version = version(&dump, story, asked.version)?;
    paint::print(&head(&dump, story, columns))?;
    let Some(version) = version else {
        paint::print(&without_code(&dump, story, columns))?;
        return Ok(true);
    };
    paint::print(&format!(
        "\n{}\n",
        paint(HEADING, format!("version {}", version.record.id))
    ))?;
    let whole = asked.clif || asked.passes;
    if asked.ir {
        let naive = again::naive(&version.record)?;
        let view = View::new(&dump, version, &naive, columns, asked.bytecode);
        paint::print(&view.text("as recorded"))?;
    }
    let asm = asked.asm || asked.aside;
    if asked.opt || asm || !(asked.ir || whole) {
        let optimised = again::optimised(&version.record)?;
        let mut view = View::new(&dump, version, &optimised, columns, asked.bytecode);
        view.is_compiled();
        if asm {
            view.native(&again::target(&dump)?, asked.aside)?;
        }
        paint::print(&view.text("as compiled"))?;
    }
    if asked.passes {
        for (pass, trace) in again::passes(&version.record)? {
            let heading = paint(NOTE, format!(";; behind {pass}"));
            paint::print(&format!("\n{heading}\n{trace}"))?;
        }
    }
    if asked.clif {
        paint::print(&format!("\n{}", again::clif(&dump, &version.record)?))?;
    }
    Ok(true)
}

/// The version that is meant, of those of a loop; `None` where it has none.
fn version<'a>(
    dump: &'a Dump,
    story: &'a LoopStory,
    asked: Option<u32>,
) -> Result<Option<&'a VersionStory>> {
    let Some(asked) = asked else {
        return Ok(dump.principal(story));
    };
    if !story.versions.contains(&asked) {
        let all: Vec<String> = story.versions.iter().map(u32::to_string).collect();
        let has = match all.is_empty() {
            true => "it has none".to_string(),
            false => format!("it has {}", all.join(", ")),
        };
        bail!("{} has no version {asked}: {has}", dump.title(story));
    }
    Ok(dump.versions.get(&asked))
}

/// The loop and its versions.
fn head(dump: &Dump, story: &LoopStory, columns: usize) -> String {
    let title = format!("loop {}: {}", story.record.id, dump.title(story));
    let mut out = paint(HEADING, cut(&title, columns)) + "\n";
    let _ = writeln!(
        out,
        "{}; {} turns, {} entries",
        dumps::spent(dump, story),
        count(story.counts.iterations),
        count(story.counts.entries)
    );
    if !story.counts.reason.is_empty() {
        let text = match story.versions.is_empty() {
            true => reason(story),
            false => format!("the last recording was given up: {}", reason(story)),
        };
        out += &paint::wrapped(&text, columns, "", "  ");
    }
    if story.versions.is_empty() {
        return out;
    }
    let headings = [
        "version",
        "compiled at",
        "turns",
        "entries",
        "native",
        "bytes",
        "took",
        "why",
    ];
    let mut rows = vec![headings.map(|text| paint(FAINT, text)).to_vec()];
    for version in story.versions.iter().filter_map(|v| dump.versions.get(v)) {
        rows.push(of_version(version));
    }
    let columns = [0, 1, 2, 3, 4, 5, 6];
    out + &table(&rows, &columns)
}

fn of_version(version: &VersionStory) -> Vec<String> {
    let (record, counts) = (&version.record, &version.counts);
    let mut why = record.origin.text().to_string();
    if let Some(from) = record.from {
        let _ = write!(why, ", to {from}");
    }
    if record.mixed {
        why += "; variables of mixed types";
    }
    if let Some(gone) = &version.gone {
        let _ = write!(
            why,
            "; {}",
            paint(BAD, format!("gone at {}: {}", time(gone.time_us), gone.why))
        );
    }
    vec![
        record.id.to_string(),
        time(record.time_us),
        count(counts.iterations),
        count(counts.entries),
        time(counts.native_us),
        count(record.code.bytes.len() as u64 / 2),
        time(record.optimise_us + record.generate_us),
        why,
    ]
}

/// The lines of a loop that has no native code, with what the interpreter took there.
fn without_code(dump: &Dump, story: &LoopStory, columns: usize) -> String {
    let Some(((first, last), code)) = dump.lines(story).zip(dump.code(story)) else {
        return String::new();
    };
    let mut seen: BTreeMap<u32, u64> = BTreeMap::new();
    for one in dump.seen.iter().filter(|one| one.place.code == code.id) {
        *seen.entry(dump.line(one.place)).or_default() += one.us;
    }
    let mut out = String::from("\n");
    for line in first..=last {
        let text = dump.source_line(code.id, line).unwrap_or_default();
        let took = seen.get(&line).map_or(String::new(), |&us| time(us));
        let _ = writeln!(
            out,
            "{} {line:5}  {}",
            paint(BAD, format!("{took:>8}")),
            paint(SOURCE, cut(text.trim_end(), columns.saturating_sub(16)))
        );
    }
    out
}
