//! What a dump holds as text, made again: traces with the addresses that they had, the target, the passes, Cranelift's IR.

use anyhow::{Context, Result, anyhow};
use jit::{Request, Target, Types};
use std::collections::{HashMap, HashSet};
use traces::dump::{Dump, Place, TraceRecord, VersionStory};
use traces::parse::parse;
use traces::{SnapId, Stage, Trace, verify};

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
    let record = &version.record;
    let bytes = record.code.bytes();
    bytes.with_context(|| format!("the machine code of version {} is damaged", record.id))
}

/// Where an instruction of a trace comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The bytecode.
    pub place: Place,
    /// How many calls deep it lies in the trace.
    pub depth: usize,
}

/// The bytecodes that the instructions of a trace come from, as far as can be told.
pub fn origins(trace: &Trace, record: &TraceRecord) -> Vec<Option<Origin>> {
    let codes: HashMap<&str, u32> = record
        .objects
        .iter()
        .filter_map(|object| Some((object.name.as_str(), object.code?)))
        .collect();
    let origin = |found: traces::BytecodeAt| {
        let code = trace.objs.get(found.code.0 as usize)?;
        Some(Origin {
            place: Place {
                code: *codes.get(code.name.as_str())?,
                at: found.pc,
            },
            depth: found.depth,
        })
    };
    let all = traces::bytecodes(trace).into_iter();
    all.map(|found| found.and_then(origin)).collect()
}
