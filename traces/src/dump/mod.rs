//! The dump: what Hardwire did in one process, record by record.
//!
//! A dump is a file of JSON lines. Each line is one [`Record`], whole: a process that dies leaves a dump that is complete up to
//! its last record, and a last line that was cut off is passed over. A reader of a later version reads what an earlier
//! one wrote as long as [`FORMAT`] is the same: fields may be added, and records of kinds that it does not know are
//! passed over.
//!
//! The first record is [`Start`]. What a record names by a number was defined by a record in front of it: code objects
//! ([`CodeRecord`]), loops ([`LoopRecord`]) and versions ([`TraceRecord`]). Times are of the process's clock of processor time,
//! in microseconds. Counts ([`Counts`]) are totals since the process began, and hold what has changed since the
//! record in front: the last one that names a loop or a version tells.
//!
//! Traces are in the text format of this crate. What is not in that format (the addresses that it had in the process) lies beside
//! it, so that passes and machine code can be made again from the dump ([`TraceRecord::naive`]).

mod advice;
mod clean;
mod model;
mod read;

pub use advice::{Finding, exit_words, findings, reason_words, remark_words};
pub use model::{Dump, LoopStory, VersionStory};
pub use read::{ReadError, files};

use serde::{Deserialize, Serialize};

/// The version of the format.
pub const FORMAT: u32 = 1;

/// A line of a dump.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The process.
    Start(Start),
    /// A code object.
    Code(CodeRecord),
    /// A loop.
    Loop(LoopRecord),
    /// A compiled version of a loop.
    Trace(Box<TraceRecord>),
    /// A recording that was given up.
    Abort(AbortRecord),
    /// A version that went.
    Gone(GoneRecord),
    /// How often what happened.
    Counts(Counts),
    /// The process came to its end.
    End(End),
}

/// The process.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Start {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of Hardwire.
    pub hardwire: String,
    /// The version of Python.
    pub python: String,
    /// The command line.
    pub command: Vec<String>,
    /// The options of Hardwire, as they were given.
    #[serde(default)]
    pub options: String,
    /// The working directory.
    pub folder: String,
    /// The number of the process.
    pub process: u32,
    /// When the dump began, in seconds since 1970.
    pub time: f64,
    /// Where a process was forked: the dump of the process that it was forked from, whose records come in front of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked: Option<Forked>,
    /// The offsets and addresses that the code generator was told (`jit::Target`).
    #[serde(default)]
    pub target: serde_json::Value,
}

/// Where a dump goes on another.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Forked {
    /// The name of its file, in the same folder.
    pub file: String,
    /// How many bytes of it there were.
    pub bytes: u64,
}

/// A code object.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CodeRecord {
    /// Its number.
    pub id: u32,
    /// The file.
    pub file: String,
    /// The qualified name.
    pub function: String,
    /// The line of its `def`.
    pub first_line: u32,
    /// The bytecodes.
    pub bytecode: Vec<Bytecode>,
    /// The line of the first source line.
    pub source_from: u32,
    /// The source; empty where it could not be read.
    pub source: Vec<String>,
}

/// A bytecode.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Bytecode {
    /// Its offset, in bytes.
    pub at: u32,
    /// Its line; 0 where it has none.
    pub line: u32,
    /// Its name.
    pub op: String,
    /// Its argument.
    pub arg: u32,
    /// What the argument means; empty where it is a mere number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub means: String,
}

/// A loop that became hot.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LoopRecord {
    /// Its number.
    pub id: u32,
    /// Its code object.
    pub code: u32,
    /// The offset of its first bytecode.
    pub header: u32,
    /// The offset of its last jump back.
    pub end: u32,
    /// The line of the header.
    pub line: u32,
}

/// Why a version was compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The loop was hot, for the types that its variables had.
    #[default]
    Hot,
    /// Branches were added to another version.
    Branches,
    /// The preamble of another version was given branches.
    Restart,
    /// It was there already when the dump began.
    Before,
}

impl Origin {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Origin::Hot => "the loop was hot",
            Origin::Branches => "branches were added",
            Origin::Restart => "the preamble was given branches",
            Origin::Before => "compiled before the dump began",
        }
    }
}

/// A compiled version of a loop.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TraceRecord {
    /// The number of the version.
    pub id: u32,
    /// Its loop.
    #[serde(rename = "loop")]
    pub of: u32,
    /// When it was compiled.
    pub time_us: u64,
    /// Why.
    pub origin: Origin,
    /// The version that it has grown from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// Whether variables may change their types from one iteration to the next.
    pub mixed: bool,
    /// The (naive) snapshots of the branches that the preamble has too.
    pub restarts: Vec<u32>,
    /// How many bytecodes its recordings went through.
    pub bytecodes: u32,
    /// The trace as recorded.
    pub naive: String,
    /// The trace as compiled.
    pub optimised: String,
    /// What the names of constants stood for in the process: the name, the address, and for a code object its number.
    pub objects: Vec<Object>,
    /// The addresses of the foreign functions, in the order of the trace's table; 0 where it varies.
    pub functions: Vec<u64>,
    /// The exits, in the order of the machine code's.
    pub exits: Vec<ExitRecord>,
    /// What slows it down.
    pub remarks: Vec<RemarkRecord>,
    /// The machine code.
    pub code: MachineCode,
    /// What the optimiser took, in microseconds of the thread's time.
    pub optimise_us: u64,
    /// What the code generator took.
    pub generate_us: u64,
    /// What an iteration is taken to save, in ns.
    pub saves_ns: i64,
}

/// An object constant of a trace.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Object {
    /// Its name in the trace.
    pub name: String,
    /// Its address; 0 where it had none.
    pub address: u64,
    /// The number of the code object, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
}

/// A way out of a version.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ExitRecord {
    /// The instruction of the optimised trace that leaves, by its place in the trace.
    pub inst: u32,
    /// The instruction of the naive trace that it comes from, by its place.
    pub origin: u32,
    /// The mnemonic of the op, or `loop_end` where a `for` ends.
    pub op: String,
    /// The frames that the interpreter goes on with, the loop's own first.
    pub frames: Vec<Place>,
    /// Whether the interpreter raises there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub raises: bool,
    /// Whether the path that ends here leads to another loop.
    #[serde(default, skip_serializing_if = "is_false")]
    pub leads_on: bool,
}

fn is_false(x: &bool) -> bool {
    !x
}

/// A bytecode of a code object.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Place {
    /// The code object.
    pub code: u32,
    /// The offset of the bytecode.
    pub at: u32,
}

impl Place {
    /// The number of a code object that has gone.
    pub const UNKNOWN: u32 = u32::MAX;
}

/// What slows a bytecode down.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RemarkRecord {
    /// Where.
    pub place: Place,
    /// Which ([`Remark::name`](crate::Remark::name)).
    pub remark: String,
    /// What was met.
    pub detail: String,
}

/// The machine code of a version.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct MachineCode {
    /// Its address in the process.
    pub address: u64,
    /// Its bytes, in hexadecimal.
    pub bytes: String,
    /// From which byte on it belongs to which instruction of the optimised trace; to none where that is absent.
    pub marks: Vec<(u32, Option<u32>)>,
}

impl MachineCode {
    /// Its bytes; `None` where they are not in hexadecimal.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let digit = |c: u8| char::from(c).to_digit(16);
        let (pairs, rest) = self.bytes.as_bytes().as_chunks::<2>();
        let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? * 16 + digit(low)?).ok();
        rest.is_empty().then(|| pairs.iter().map(byte).collect())?
    }
}

/// A recording that was given up.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct AbortRecord {
    /// The loop.
    #[serde(rename = "loop")]
    pub of: u32,
    /// When.
    pub time_us: u64,
    /// Where a branch was recorded: the version, and the guard, by its instruction in the naive trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<(u32, u32)>,
    /// The file of the bytecode that it came to; empty where that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Its line; 0 where that is not known.
    #[serde(default)]
    pub line: u32,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bytecode: String,
    /// Why ([`Reason::name`](crate::Reason::name)).
    pub reason: String,
    /// What exactly; may be empty.
    pub detail: String,
    /// What would have slowed it down, where native code would not be faster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<AbortNote>,
}

/// What would have slowed a recording down that was given up.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AbortNote {
    /// The file of the bytecode.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Which ([`Remark::name`](crate::Remark::name)).
    pub remark: String,
    /// What was met.
    pub detail: String,
}

/// A version that went.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct GoneRecord {
    /// The version.
    pub id: u32,
    /// When.
    pub time_us: u64,
    /// Why, in words.
    pub why: String,
}

/// How often what happened.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// When.
    pub time_us: u64,
    /// What the compiler has taken so far.
    pub compiler_us: u64,
    /// The loops.
    pub loops: Vec<LoopCounts>,
    /// The versions.
    pub versions: Vec<VersionCounts>,
    /// Where the interpreter was seen.
    pub seen: Vec<Seen>,
}

/// The state of a loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopState {
    /// It is counted, or waits.
    #[default]
    Counting,
    /// It has at least one version.
    Compiled,
    /// It is left to the interpreter.
    LeftAlone,
}

impl LoopState {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            LoopState::Counting => "counting",
            LoopState::Compiled => "compiled",
            LoopState::LeftAlone => "left alone",
        }
    }
}

/// A loop.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LoopCounts {
    /// The loop.
    pub id: u32,
    /// Its state.
    pub state: LoopState,
    /// The reason ([`Reason::name`](crate::Reason::name)): why it is left alone, or why the last recording was given up. Empty
    /// where there is none.
    pub reason: String,
    /// What exactly.
    pub detail: String,
    /// How often native code was entered.
    pub entries: u64,
    /// How many iterations it made.
    pub iterations: u64,
    /// Whether it waits for the compiler.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sleeps: bool,
}

/// A version.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct VersionCounts {
    /// The version.
    pub id: u32,
    /// How often it was entered.
    pub entries: u64,
    /// How many iterations it made.
    pub iterations: u64,
    /// What it is taken to have saved less what it cost, in ns.
    pub balance_ns: i64,
    /// How often it was left for a sample, which is none of its exits.
    #[serde(default)]
    pub sampled: u64,
    /// What it was seen to take, in microseconds.
    pub native_us: u64,
    /// What the interpreter was seen to take in calls of it.
    pub called_us: u64,
    /// How often exits were taken: the exit, the number.
    pub exits: Vec<(u32, u64)>,
}

/// Where the interpreter was seen, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The bytecode.
    pub place: Place,
    /// The innermost loop that it runs for, in the same frame or in one further out.
    #[serde(rename = "loop", default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
    /// How long, in microseconds.
    pub us: u64,
}

/// The process came to its end.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub time_us: u64,
}
