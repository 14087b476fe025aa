//! Which bytecode, and so which line, an instruction of a trace belongs to.

use std::collections::HashSet;

use jit::Row;
use traces::dump::{Place, TraceRecord, VersionStory};
use traces::{Op, Trace, parse};

use crate::trace::again;

/// A version with its trace as compiled.
pub(super) struct Version<'a> {
    /// What the dump says.
    pub story: &'a VersionStory,
    /// The trace, where its text can be read.
    pub trace: Result<Trace, String>,
    /// The bytecode of each instruction.
    pub places: Vec<Option<Place>>,
    /// How many bytes of machine code each instruction has.
    pub bytes: Vec<u64>,
    /// How many of them are no way out.
    pub inner_bytes: Vec<u64>,
    /// From which instruction on the loop runs; what comes before runs once for each entry.
    pub body: usize,
}

impl<'a> Version<'a> {
    /// Reads the trace of a version.
    pub fn of(story: &'a VersionStory) -> Version<'a> {
        let trace = parse::parse(&story.record.optimised).map_err(|e| e.to_string());
        let places = trace
            .as_ref()
            .map_or_else(|_| Vec::new(), |trace| places(trace, &story.record));
        let label = |trace: &Trace| trace.insts.iter().position(|inst| inst.op == Op::Label);
        Version {
            story,
            bytes: machine_bytes(story, places.len(), code_size(story)),
            inner_bytes: machine_bytes(story, places.len(), ways_out(story)),
            body: trace.as_ref().ok().and_then(label).unwrap_or(0),
            trace,
            places,
        }
    }

    /// How long the native code was seen to run at each bytecode, in microseconds: about so long, by the size of the
    /// machine code of what is repeated, without the ways out.
    pub fn native_us(&self) -> Vec<(Place, f64)> {
        let us = self.story.counts.native_us as f64;
        let repeats = self.story.counts.iterations > 0;
        let from = if repeats { self.body } else { 0 };
        let mut parts: Vec<(Place, f64)> = Vec::new();
        let each = self.places.iter().zip(&self.inner_bytes).skip(from);
        for (place, &bytes) in each {
            if let (Some(place), true) = (place, bytes > 0) {
                parts.push((*place, bytes as f64));
            }
        }
        let whole: f64 = parts.iter().map(|(_, bytes)| bytes).sum();
        let time = |(place, bytes): (Place, f64)| (place, us * bytes / whole);
        parts.into_iter().map(time).collect()
    }
}

/// The bytecode of each instruction of a trace.
pub(super) fn places(trace: &Trace, record: &TraceRecord) -> Vec<Option<Place>> {
    let origins = again::origins(trace, record).into_iter();
    origins.map(|origin| Some(origin?.place)).collect()
}

/// The size of the machine code of a version.
pub(super) fn code_size(story: &VersionStory) -> u64 {
    story.record.code.bytes.len() as u64 / 2
}

/// Where the ways out begin, which lie behind all else: from there on everything belongs to instructions that leave.
fn ways_out(story: &VersionStory) -> u64 {
    let leaves: HashSet<u32> = story.record.exits.iter().map(|exit| exit.inst).collect();
    let marks = story.record.code.marks.iter().rev();
    let out = marks.take_while(|(_, inst)| inst.is_none_or(|inst| leaves.contains(&inst)));
    out.last().map_or(code_size(story), |mark| mark.0.into())
}

/// How many bytes of machine code each instruction has in front of a place.
fn machine_bytes(story: &VersionStory, insts: usize, end: u64) -> Vec<u64> {
    let mut all = vec![0; insts];
    let marks = &story.record.code.marks;
    for (n, &(from, inst)) in marks.iter().enumerate() {
        let to = marks.get(n + 1).map_or(end, |m| u64::from(m.0).min(end));
        let of = inst.and_then(|inst| all.get_mut(inst as usize));
        if let Some(sum) = of {
            *sum += to.saturating_sub(from.into());
        }
    }
    all
}

/// The machine code of a version; its jumps name offsets.
///
/// # Errors
/// The bytes are no machine code of this machine.
pub(super) fn machine_code(story: &VersionStory) -> Result<Vec<Row>, String> {
    let bytes = again::bytes(story).map_err(|e| e.to_string())?;
    jit::disassemble(&bytes, 0).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use traces::dump::{ExitRecord, MachineCode, Object};

    const TRACE: &str = "trace \"t\" locals 2 depth 0 {
  objs @code @float
  %0 = load_slot #0
  guard_type %0, @float -> s0
  %1 = unbox_float %0
  %2 = float 2.0
  %3 = fmul %1, %2
  %4 = load_slot #1
  guard_type %4, @float -> s1
  %5 = unbox_float %4
  %6 = box_float %5
  store_slot %6, #0
  jump
  snaps
    s0: at @code pc 10 depth 0 []
    s1: at @code pc 20 depth 0 []
}
";

    #[test]
    fn instructions_belong_to_the_snapshot_around_them() {
        let trace = parse::parse(TRACE).expect("a trace");
        let code = Object {
            name: "code".into(),
            address: 0,
            code: Some(7),
        };
        let record = TraceRecord {
            objects: vec![code],
            ..TraceRecord::default()
        };
        let places = places(&trace, &record);
        let at: Vec<u32> = places.iter().map(|p| p.map_or(0, |p| p.at)).collect();
        // The product is made of what was guarded, and the constant is for the product.
        assert_eq!(at, [10, 10, 10, 10, 10, 20, 20, 20, 20, 20, 20]);
        assert!(places.iter().all(|p| p.is_some_and(|p| p.code == 7)));
    }

    #[test]
    fn ways_out_are_no_part_of_the_time() {
        let exit = |inst| ExitRecord {
            inst,
            ..ExitRecord::default()
        };
        let mut story = VersionStory {
            record: TraceRecord {
                optimised: TRACE.into(),
                objects: vec![Object {
                    name: "code".into(),
                    address: 0,
                    code: Some(7),
                }],
                exits: vec![exit(1), exit(6)],
                code: MachineCode {
                    address: 0,
                    bytes: "90".repeat(40),
                    marks: vec![
                        (0, None),
                        (2, Some(1)),
                        (10, Some(9)),
                        (14, None),
                        (20, Some(6)),
                        (30, Some(1)),
                    ],
                },
                ..TraceRecord::default()
            },
            ..VersionStory::default()
        };
        story.counts.native_us = 120;
        let version = Version::of(&story);
        assert_eq!((version.bytes[1], version.inner_bytes[1]), (18, 8));
        let times = version.native_us();
        let at = |at| {
            times
                .iter()
                .filter(|(p, _)| p.at == at)
                .map(|t| t.1)
                .sum::<f64>()
        };
        assert_eq!((at(10), at(20)), (80.0, 40.0));
    }
}
