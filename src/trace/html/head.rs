//! The head of the page: the process, where its time went, and what cost most.

use std::collections::HashMap;

use traces::dump::{Dump, Finding, LoopStory};

use super::{source, words};

/// How many findings are shown at once; the others fold out.
const FIRST: usize = 8;

/// The head.
pub(super) struct Head {
    /// What the page is of, in a few words.
    pub title: String,
    /// What is known of the process.
    pub facts: Vec<(&'static str, String)>,
    /// What has to be known of the dump itself; empty where it is whole.
    pub warning: String,
    /// The process's time.
    pub total: String,
    /// Where it went.
    pub parts: Vec<Part>,
    /// What happened when.
    pub lanes: Vec<Lane>,
    /// What cost most.
    pub findings: Vec<Found>,
    /// What cost less.
    pub more_findings: Vec<Found>,
}

/// What happened when, of one kind.
pub(super) struct Lane {
    /// The name of its colour.
    pub kind: &'static str,
    /// What it is.
    pub name: &'static str,
    /// What happened.
    pub ticks: Vec<Tick>,
}

/// Something that happened.
pub(super) struct Tick {
    /// When, in percent of the process's time.
    pub at: String,
    /// What.
    pub says: String,
    /// The place in the page that tells more.
    pub anchor: String,
}

/// A part of the process's time.
pub(super) struct Part {
    /// The name of its colour.
    pub kind: &'static str,
    /// What it is.
    pub name: &'static str,
    /// What that means.
    pub means: &'static str,
    /// How long.
    pub time: String,
    /// How much of all.
    pub share: String,
    /// The same as the width of a bar.
    pub width: String,
}

/// A finding.
pub(super) struct Found {
    /// The loop.
    pub of: u32,
    /// About how much time it took.
    pub lost: String,
    /// The same as the width of a bar.
    pub width: String,
    /// Where.
    pub place: String,
    /// The same in few characters.
    pub brief: String,
    /// The same place in the page.
    pub anchor: String,
    /// The source there.
    pub code: String,
    /// What it is.
    pub what: String,
    /// What would help.
    pub help: String,
}

/// The head of a dump's page.
pub(super) fn of(dump: &Dump, loops: &[&LoopStory]) -> Head {
    let mut findings = found(dump, loops);
    let more_findings = findings.split_off(FIRST.min(findings.len()));
    Head {
        title: title(dump),
        facts: facts(dump, loops),
        warning: warning(dump),
        total: words::time(dump.time_us),
        parts: parts(dump, loops),
        lanes: lanes(dump, loops),
        findings,
        more_findings,
    }
}

/// The program: the script of the command line, as far as that can be told.
fn title(dump: &Dump) -> String {
    let words = dump.start.command.iter().skip(1).map(String::as_str);
    let script = words.clone().find(|word| word.ends_with(".py"));
    let word = script.or_else(|| words.clone().find(|word| !word.starts_with('-')));
    let name = word.and_then(|word| word.rsplit('/').next());
    name.filter(|name| !name.is_empty())
        .unwrap_or("a process")
        .to_string()
}

fn facts(dump: &Dump, loops: &[&LoopStory]) -> Vec<(&'static str, String)> {
    let start = &dump.start;
    let mut all = Vec::new();
    let began = jiff::Timestamp::from_second(start.time as i64).ok();
    if let Some(began) = began.filter(|_| start.time > 0.0) {
        all.push(("Began", began.strftime("%F %T UTC").to_string()));
    }
    all.push(("Python", start.python.clone()));
    all.push(("Hardwire", start.hardwire.clone()));
    all.push(("Process", start.process.to_string()));
    let compiled = loops.iter().filter(|l| dump.current(l).next().is_some());
    all.push((
        "Hot loops",
        format!("{}, {} with native code", loops.len(), compiled.count()),
    ));
    let code: u64 = loops
        .iter()
        .flat_map(|l| dump.current(l))
        .map(super::lines::code_size)
        .sum();
    all.push(("Machine code", words::size(code)));
    all.push(("Folder", start.folder.clone()));
    all.push(("Command", start.command.join(" ")));
    if let Some(forked) = &start.forked {
        all.push(("Forked from", forked.file.clone()));
    }
    all.retain(|(_, value)| !value.is_empty());
    all
}

fn warning(dump: &Dump) -> String {
    match (dump.has_ended, dump.is_cut) {
        (_, true) => "The dump's last record was cut off: the process was killed, or still runs. Counts are those of the record in front of it.".into(),
        (false, _) => "The process has not come to its end, or was killed: counts are those of the dump's last record.".into(),
        _ => String::new(),
    }
}

fn parts(dump: &Dump, loops: &[&LoopStory]) -> Vec<Part> {
    let native: u64 = loops.iter().map(|l| l.native_us).sum();
    let called: u64 = loops.iter().map(|l| l.called_us).sum();
    let hot: u64 = loops.iter().map(|l| l.interpreted_us).sum();
    let compiler = dump.compiler_us;
    let known = native + called + hot + compiler;
    let whole = dump.time_us.max(known);
    let part = |kind, name, means, us: u64| Part {
        kind,
        name,
        means,
        time: words::time(us),
        share: words::share(us, whole),
        width: words::width(us as f64, whole as f64),
    };
    vec![
        part(
            "native",
            "Native code",
            "compiled loops, and the C functions that they call",
            native,
        ),
        part(
            "called",
            "Called from native code",
            "the interpreter, in calls that compiled loops make",
            called,
        ),
        part(
            "interpreter",
            "Interpreter, in hot loops",
            "hot loops that have no native code, or have left it",
            hot,
        ),
        part(
            "compiler",
            "Compiler",
            "recording, optimising, generating code",
            compiler,
        ),
        part(
            "elsewhere",
            "Elsewhere",
            "all that belongs to no hot loop: imports, start, cold code",
            whole - known,
        ),
    ]
}

/// When versions were compiled and went, and when recordings were given up.
fn lanes(dump: &Dump, loops: &[&LoopStory]) -> Vec<Lane> {
    let mut lanes = [
        ("native", "Compiled"),
        ("compiler", "Given up"),
        ("elsewhere", "Gone"),
    ]
    .map(|(kind, name)| Lane {
        kind,
        name,
        ticks: Vec::new(),
    });
    let [compiled, given_up, gone] = &mut lanes;
    let tick = |us: u64, says: String, anchor: String| Tick {
        at: words::width(us as f64, dump.time_us as f64),
        says: format!("{}: {says}", words::time(us)),
        anchor,
    };
    for story in loops {
        let title = dump.title(story);
        for version in story.versions.iter().filter_map(|id| dump.versions.get(id)) {
            let record = &version.record;
            let anchor = format!("version-{}", record.id);
            let says = format!("{title}, {}", record.origin.text());
            compiled
                .ticks
                .push(tick(record.time_us, says, anchor.clone()));
            if let Some(record) = &version.gone {
                let says = format!("{title}, {}", record.why);
                gone.ticks.push(tick(record.time_us, says, anchor));
            }
        }
        for abort in &story.aborts {
            let why = traces::dump::reason_words(&abort.reason, &abort.detail);
            let anchor = format!("loop-{}", story.record.id);
            let says = format!("{title}, {why}");
            given_up.ticks.push(tick(abort.time_us, says, anchor));
        }
    }
    let known = dump.time_us > 0;
    lanes
        .into_iter()
        .filter(|lane| known && !lane.ticks.is_empty())
        .collect()
}

/// What these loops cost, the most first; what is said of a line several times is said once.
pub(super) fn found(dump: &Dump, loops: &[&LoopStory]) -> Vec<Found> {
    let mut all: Vec<Finding> = Vec::new();
    let mut known: HashMap<(u32, u32, u32, String), usize> = HashMap::new();
    for finding in traces::dump::findings(dump, loops) {
        let line = dump.line(finding.place);
        let key = (finding.of, finding.place.code, line, finding.what.clone());
        match known.get(&key) {
            Some(&n) => all[n].lost_us += finding.lost_us,
            None => {
                known.insert(key, all.len());
                all.push(finding);
            }
        }
    }
    all.sort_by(|a, b| b.lost_us.total_cmp(&a.lost_us));
    let most = all.first().map_or(0.0, |f| f.lost_us);
    all.iter().map(|f| view(dump, f, most)).collect()
}

fn view(dump: &Dump, finding: &Finding, most: f64) -> Found {
    let line = dump.line(finding.place);
    Found {
        of: finding.of,
        lost: match finding.lost_us {
            us if us >= 1.0 => words::time(us as u64),
            _ => "–".to_string(),
        },
        width: words::width(finding.lost_us, most),
        brief: source::brief(&dump.place(finding.place)),
        place: dump.place(finding.place),
        anchor: source::anchor(finding.of, finding.place.code, line),
        code: dump
            .source(finding.place.code, line)
            .unwrap_or("")
            .to_string(),
        what: finding.what.clone(),
        help: finding.help.clone(),
    }
}
