//! Records of what the engine knows.

use super::Codes;
use crate::cpython::{Opcode, frame};
use crate::engine::Engine;
use crate::loops::{Header, State, Version, exit_op};
use std::collections::HashMap;
use traces::dump::{
    Bytecode, CodeRecord, ExitRecord, LoopCounts, LoopRecord, LoopState, MachineCode,
    Object as Constant, Origin, Place, Record, RemarkRecord, TraceRecord, VersionCounts,
};
use traces::{ObjId, Op, Reason, Resume, Trace};

/// The record of a loop, behind that of its code object where that is new; the number of that.
pub fn of_loop(e: &Engine, header: &Header, codes: &mut Codes, out: &mut Vec<Record>) -> u32 {
    let code = codes.number(e, header.code, out);
    let decoded = frame::decoded(e.table, header.code);
    let end = decoded.map_or(header.target, |d| d.end_of_loop(header.target));
    out.push(Record::Loop(LoopRecord {
        id: header.number,
        code,
        header: header.target,
        end,
        line: header.place.1,
    }));
    code
}

/// The same of a loop whose code object has gone: its place is known.
pub fn of_dead_loop(header: &Header, codes: &mut Codes, out: &mut Vec<Record>) -> u32 {
    let (file, line, function) = &header.place;
    let (code, is_new) = codes.number_of_gone(&(&header.place, header.target));
    if is_new {
        out.push(Record::Code(CodeRecord {
            id: code,
            file: file.clone(),
            function: function.clone(),
            first_line: *line,
            bytecode: vec![Bytecode {
                at: header.target,
                line: *line,
                ..Bytecode::default()
            }],
            ..CodeRecord::default()
        }));
    }
    out.push(Record::Loop(LoopRecord {
        id: header.number,
        code,
        header: header.target,
        end: header.target,
        line: *line,
    }));
    code
}

/// The record of a version, behind those of its code objects.
pub fn of_version(
    e: &Engine,
    header: &Header,
    version: &Version,
    (origin, from): (Origin, Option<u32>),
    codes: &mut Codes,
    out: &mut Vec<Record>,
) {
    let numbers = code_numbers(e, version, codes, out);
    let (trace, compiled) = (&version.trace, &version.compiled);
    let tree = &version.tree;
    let remarks = tree.notes.iter().filter_map(|note| {
        let code = *numbers.get(&note.code)?;
        Some(RemarkRecord {
            place: Place { code, at: note.at },
            remark: note.remark.name().to_string(),
            detail: note.detail.clone(),
        })
    });
    out.push(Record::Trace(Box::new(TraceRecord {
        id: version.number,
        of: header.number,
        time_us: super::process_us(),
        origin,
        from,
        mixed: tree.is_mixed(),
        restarts: tree.restarted(),
        bytecodes: tree.bytecodes,
        naive: tree.naive.to_string(),
        optimised: trace.to_string(),
        objects: constants(trace, &tree.naive, &numbers),
        functions: trace.funcs.iter().map(|f| f.addr.unwrap_or(0)).collect(),
        exits: exits(e, version, &numbers),
        remarks: remarks.collect(),
        code: MachineCode {
            address: compiled.entry as usize as u64,
            bytes: hex(compiled.bytes()),
            marks: compiled.marks.clone(),
        },
        optimise_us: version.optimise_us,
        generate_us: version.compile_us.saturating_sub(version.optimise_us),
        saves_ns: version.saved,
    })));
}

/// The code objects of a version's frames, by their addresses. Those of its callees live as long as it holds: then their functions do,
/// and have not been given others.
fn code_numbers(
    e: &Engine,
    version: &Version,
    codes: &mut Codes,
    out: &mut Vec<Record>,
) -> HashMap<u64, u32> {
    let callees = version.callees().filter(|_| version.holds());
    let all = [version.code].into_iter().chain(callees);
    let mut numbers = HashMap::new();
    for code in all {
        numbers
            .entry(code as u64)
            .or_insert_with(|| codes.number(e, code, out));
    }
    numbers
}

/// What the names of both traces stand for.
fn constants(trace: &Trace, naive: &Trace, numbers: &HashMap<u64, u32>) -> Vec<Constant> {
    let more = naive.objs.get(trace.objs.len()..).unwrap_or_default();
    let all = trace.objs.iter().chain(more);
    let constant = |o: &traces::ObjConst| Constant {
        name: o.name.clone(),
        address: o.addr,
        code: numbers.get(&o.addr).copied(),
    };
    all.map(constant).collect()
}

fn exits(e: &Engine, version: &Version, numbers: &HashMap<u64, u32>) -> Vec<ExitRecord> {
    let trace = &version.trace;
    let decoded = frame::decoded(e.table, version.code);
    let place = |code: ObjId, at| Place {
        code: numbers
            .get(&trace.obj(code).addr)
            .copied()
            .unwrap_or(Place::UNKNOWN),
        at,
    };
    let record = |exit: &jit::Exit| {
        let inst = trace.insts.get(exit.inst as usize);
        let snap = inst.and_then(|i| trace.snaps.get(i.snap?.0 as usize));
        let opcode = decoded.as_ref().and_then(|d| d.at(exit.outer().pc));
        let opcode = opcode.map_or(Opcode::Unknown, |i| i.opcode);
        ExitRecord {
            inst: exit.inst,
            origin: snap.map_or(0, |snap| snap.origin),
            op: exit_op(exit, trace, opcode).to_string(),
            frames: exit.frames.iter().map(|f| place(f.code, f.pc)).collect(),
            raises: matches!(exit.resume, Resume::Raise(_)),
            leads_on: inst.is_some_and(|i| i.op == Op::Leave),
        }
    };
    version.compiled.exits.iter().map(record).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Into a String, which does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// How often what happened to a loop.
pub fn loop_counts(e: &Engine, header: &Header) -> LoopCounts {
    let (state, why) = match &*header.state.borrow() {
        State::Counting => (LoopState::Counting, header.last_abort.borrow().clone()),
        State::Compiled => (LoopState::Compiled, None),
        State::LeftAlone(why) => (LoopState::LeftAlone, Some(why.clone())),
    };
    let reason = |r: Reason| r.name().to_string();
    LoopCounts {
        id: header.number,
        state,
        reason: why.as_ref().map_or(String::new(), |why| reason(why.reason)),
        detail: why.map_or(String::new(), |why| why.detail),
        entries: header.entries.get(),
        iterations: header.iterations.get(),
        sleeps: header.is_asleep(e),
    }
}

/// How often what happened to a version.
pub fn version_counts(version: &Version) -> VersionCounts {
    let taken = version.taken.borrow();
    let exits = (0..).zip(taken.iter().copied()).filter(|&(_, n)| n > 0);
    VersionCounts {
        id: version.number,
        entries: version.entries.get(),
        iterations: version.iterations.get(),
        balance_ns: version.balance.get(),
        sampled: version.sampled.get(),
        native_us: version.native_us.get(),
        called_us: version.called_us.get(),
        exits: exits.collect(),
    }
}
