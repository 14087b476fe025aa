//! What a dump holds as text, made again: traces with the addresses that they had, the target, the passes, Cranelift's IR.

use anyhow::{Context, Result, anyhow};
use jit::{Request, Target, Types};
use std::collections::{HashMap, HashSet};
use traces::dump::{Dump, Place, TraceRecord, VersionStory};
use traces::parse::parse;
use traces::{Op, SnapId, Stage, Trace, verify};

/// The target that a process's code was made for.
///
/// # Errors
/// The dump does not say.
pub fn target(dump: &Dump) -> Result<Target> {
    serde_json::from_value(dump.start.target.clone())
        .context("the dump does not say what its machine code was made for")
}

/// The trace of a version as recorded, with its addresses.
///
/// # Errors
/// It is no trace of this version of Hardwire.
pub fn naive(record: &TraceRecord) -> Result<Trace> {
    read(record, &record.naive, ("as recorded", Stage::Naive))
}

/// The trace of a version as compiled, with its addresses.
///
/// # Errors
/// It is no trace of this version of Hardwire.
pub fn optimised(record: &TraceRecord) -> Result<Trace> {
    read(record, &record.optimised, ("as compiled", Stage::Optimised))
}

fn read(record: &TraceRecord, text: &str, (what, stage): (&str, Stage)) -> Result<Trace> {
    let trace = parse(text);
    let mut trace = trace.map_err(|e| anyhow!("version {}, {what}: {e}", record.id))?;
    let objects: HashMap<&str, u64> = record
        .objects
        .iter()
        .map(|object| (object.name.as_str(), object.address))
        .collect();
    for object in &mut trace.objs {
        object.addr = objects.get(object.name.as_str()).copied().unwrap_or(0);
    }
    // Both texts have one table of functions.
    for (function, &address) in trace.funcs.iter_mut().zip(&record.functions) {
        function.addr = function.addr.map(|_| address);
    }
    verify(&trace, stage).map_err(|e| anyhow!("version {}, {what}: {e}", record.id))?;
    Ok(trace)
}

/// The trace behind each pass, made again from the one that was recorded.
///
/// # Errors
/// The optimiser refuses it: another version of Hardwire compiled it.
pub fn passes(record: &TraceRecord) -> Result<Vec<(&'static str, Trace)>> {
    let naive = naive(record)?;
    let types = match record.mixed {
        true => Types::Mixed,
        false => Types::Settled,
    };
    let restarts: HashSet<SnapId> = record.restarts.iter().copied().map(SnapId).collect();
    let mut all = vec![("recording", naive.clone())];
    jit::passes(&naive, types, &restarts, |pass, trace| {
        all.push((pass, trace.clone()));
    })
    .map_err(|abort| anyhow!("version {} is refused now: {abort}", record.id))?;
    Ok(all)
}

/// Cranelift's IR of a version.
///
/// # Errors
/// The code generator refuses it.
pub fn clif(dump: &Dump, record: &TraceRecord) -> Result<String> {
    let request = Request {
        asm: true,
        marks: true,
        ..Request::default()
    };
    let compiled = jit::compile(&optimised(record)?, &target(dump)?, &request)
        .map_err(|abort| anyhow!("version {} is refused now: {abort}", record.id))?;
    Ok(compiled.clif.unwrap_or_default())
}

/// The machine code that ran.
///
/// # Errors
/// It is not written in hexadecimal.
pub fn bytes(version: &VersionStory) -> Result<Vec<u8>> {
    let code = &version.record.code;
    let digits = code.bytes.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.map(byte).collect();
    bytes.with_context(|| {
        format!(
            "the machine code of version {} is damaged",
            version.record.id
        )
    })
}

/// Where an instruction of a trace comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The bytecode.
    pub place: Place,
    /// How many calls deep it lies in the trace.
    pub depth: usize,
}

/// The bytecodes that the instructions of a trace come from, as far as can be told: those with a snapshot name theirs. The others
/// belong to the bytecode in front of them where they use what it has made, else to the one that follows.
pub fn origins(trace: &Trace, record: &TraceRecord) -> Vec<Option<Origin>> {
    let codes: HashMap<&str, u32> = record
        .objects
        .iter()
        .filter_map(|object| Some((object.name.as_str(), object.code?)))
        .collect();
    let named = |snap: SnapId| {
        let snap = trace.snaps.get(snap.0 as usize)?;
        let frame = snap.frames.last()?;
        let code = trace.objs.get(frame.code.0 as usize)?;
        Some(Origin {
            place: Place {
                code: *codes.get(code.name.as_str())?,
                at: frame.pc,
            },
            depth: snap.frames.len() - 1,
        })
    };
    let mut origins: Vec<Option<Origin>> = vec![None; trace.insts.len()];
    let mut made = HashMap::new();
    let mut current = None;
    for (inst, origin) in trace.insts.iter().zip(&mut origins) {
        *origin = match inst.snap {
            Some(snap) => named(snap),
            None => {
                let mut from = inst.args.iter().filter_map(|arg| made.get(arg));
                from.find(|&&from| Some(from) == current).copied()
            }
        };
        if inst.snap.is_some() {
            current = *origin;
        }
        if inst.op == Op::Label || inst.op.ends_path() {
            (current, *origin) = (None, None);
            made.clear();
        }
        if let (Some(result), Some(origin)) = (inst.result, *origin) {
            made.insert(result, origin);
        }
    }
    let mut next = None;
    for (inst, origin) in trace.insts.iter().zip(&mut origins).rev() {
        if inst.op == Op::Label || inst.op.ends_path() {
            next = None;
        } else {
            *origin = origin.or(next);
            next = *origin;
        }
    }
    let mut before = None;
    for (inst, origin) in trace.insts.iter().zip(&mut origins) {
        if inst.op != Op::Label {
            *origin = origin.or(before);
        }
        before = *origin;
    }
    origins
}
