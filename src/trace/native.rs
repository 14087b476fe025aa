//! Machine code beside the trace that it was made of.

use anyhow::{Result, anyhow};
use jit::Target;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use traces::{Helper, Known, ObjId, Trace};

/// What lies at which address.
#[derive(Default)]
pub struct Names {
    names: BTreeMap<u64, String>,
    /// Where the bytecodes of code objects begin, and what these are called.
    code: BTreeMap<u64, String>,
}

/// How many instructions of a trace the machine code of one may be spread among.
const SPREAD: usize = 4;
/// A code object is not longer than this, in bytes: what lies further behind its beginning is something else.
const MAX_CODE: u64 = 1 << 16;

impl Names {
    /// The objects and functions of a trace, and what the runtime has for it.
    pub fn of(trace: &Trace, target: &Target) -> Names {
        let mut names = Names::default();
        names.of_runtime(target);
        let frames = trace.snaps.iter().flat_map(|snap| &snap.frames);
        let codes: Vec<ObjId> = frames.map(|frame| frame.code).collect();
        for (id, object) in (0..).map(ObjId).zip(&trace.objs) {
            names.add(object.addr, format!("@{}", object.name));
            if object.addr != 0 && codes.contains(&id) {
                let bytes = u64::try_from(target.code_bytes).unwrap_or(0);
                let start = object.addr.wrapping_add(bytes);
                names.code.insert(start, format!("@{}", object.name));
            }
        }
        for function in &trace.funcs {
            names.add(function.addr.unwrap_or(0), format!("@{}", function.name));
        }
        names
    }

    fn of_runtime(&mut self, target: &Target) {
        // The names are those of the fields.
        if let Ok(serde_json::Value::Object(all)) = serde_json::to_value(target.functions) {
            for (name, address) in all {
                self.add(address.as_u64().unwrap_or(0), name);
            }
        }
        for (helper, &address) in Helper::ALL.iter().zip(&target.helpers) {
            self.add(address as u64, format!("helper {}", helper.name()));
        }
        for (known, address) in [
            (Known::True, target.true_addr),
            (Known::False, target.false_addr),
            (Known::None, target.none_addr),
            (Known::Float, target.float_addr),
            (Known::Int, target.int_addr),
            (Known::RangeIter, target.range_iter_addr),
        ] {
            self.add(address as u64, format!("@{}", known.name()));
        }
    }

    /// One more; nothing lies at 0.
    pub fn add(&mut self, address: u64, name: String) {
        if address != 0 {
            self.names.insert(address, name);
        }
    }

    fn find(&self, address: u64) -> Option<String> {
        if let Some(name) = self.names.get(&address) {
            return Some(name.clone());
        }
        let (start, name) = self.code.range(..=address).next_back()?;
        let pc = address - start;
        (pc < MAX_CODE).then(|| format!("{name} pc {pc}"))
    }
}

/// An instruction of machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How far behind the beginning it lies.
    pub at: u32,
    /// The instruction; places in the code are named by their distance from its beginning.
    pub text: String,
    /// What the addresses in it are.
    pub note: String,
}

/// The machine code of an instruction of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which: its place in the trace; `None` for what belongs to none (the prologue, constants).
    pub inst: Option<u32>,
    /// Its instructions.
    pub lines: Vec<Line>,
}

/// Machine code in parts, as it lies in memory. `marks` says from which byte on it belongs to which instruction of the trace.
///
/// # Errors
/// There is no disassembler for this machine.
pub fn parts(
    bytes: &[u8],
    address: u64,
    marks: &[(u32, Option<u32>)],
    names: &Names,
) -> Result<Vec<Part>> {
    let rows = jit::disassemble(bytes, address).map_err(|abort| anyhow!("{abort}"))?;
    let own = address..address.wrapping_add(bytes.len() as u64);
    let mut parts: Vec<Part> = Vec::new();
    for row in rows {
        let at = row.offset;
        let behind = marks.partition_point(|&(start, _)| start <= at);
        let mark = behind.checked_sub(1).and_then(|n| marks.get(n));
        let inst = mark.and_then(|&(_, inst)| inst);
        let (text, mut note) = named(&row.text, &own, names);
        if let Some(word) = constant(&row, bytes) {
            note = names.find(word).unwrap_or_else(|| format!("{word:#x}"));
        }
        let line = Line {
            at,
            text: in_columns(&text),
            note,
        };
        match parts.last_mut().filter(|part| part.inst == inst) {
            Some(part) => part.lines.push(line),
            None => parts.push(Part {
                inst,
                lines: vec![line],
            }),
        }
    }
    Ok(parts)
}

/// The machine code of each instruction of a trace: what runs as a rule, and what lies aside.
pub type ByInstruction = BTreeMap<Option<u32>, (Vec<Line>, Vec<Line>)>;

/// The parts of each instruction of a trace that run as a rule, and those that lie aside: of exits, and of what hardly ever
/// happens. Machine code of one instruction is spread a little among that of others; what lies behind the first parts of many that follow
/// it is aside.
pub fn by_instruction(parts: Vec<Part>) -> ByInstruction {
    let mut firsts: HashMap<u32, usize> = HashMap::new();
    for (n, part) in parts.iter().enumerate() {
        if let Some(inst) = part.inst {
            firsts.entry(inst).or_insert(n);
        }
    }
    let is_aside = |n: usize, inst: u32| {
        let first = firsts.get(&inst).copied().unwrap_or(n);
        let later = firsts
            .iter()
            .filter(|&(&of, &at)| of > inst && first < at && at < n);
        later.count() > SPREAD
    };
    let mut all = ByInstruction::new();
    for (n, part) in parts.into_iter().enumerate() {
        let (hot, aside) = all.entry(part.inst).or_default();
        match part.inst.is_some_and(|inst| is_aside(n, inst)) {
            true => aside.extend(part.lines),
            false => hot.extend(part.lines),
        }
    }
    all
}

/// An instruction with its operands in a column of their own.
fn in_columns(text: &str) -> String {
    match text.split_once(' ') {
        Some((mnemonic, operands)) => format!("{mnemonic:7} {operands}"),
        None => text.to_string(),
    }
}

/// The constant behind the code that an instruction reads.
fn constant(row: &jit::Row, bytes: &[u8]) -> Option<u64> {
    let (before, _) = row.text.split_once("(%rip)")?;
    let digits = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let distance = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    let behind = row.offset as usize + row.bytes;
    let at = behind.wrapping_add(usize::try_from(distance).ok()?);
    let word = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(word.try_into().ok()?))
}

/// An instruction with the places in its own code made distances, and what its other addresses are.
fn named(text: &str, own: &Range<u64>, names: &Names) -> (String, String) {
    let (mut out, mut notes) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find("0x") {
        let (before, number) = rest.split_at(start);
        let digits = number.get(2..).unwrap_or_default();
        let length = digits.find(|c: char| !c.is_ascii_hexdigit());
        let (digits, behind) = digits.split_at(length.unwrap_or(digits.len()));
        let address = u64::from_str_radix(digits, 16).unwrap_or(0);
        out.push_str(before);
        match own.contains(&address) {
            true => out.push_str(&format!("+{:x}", address - own.start)),
            false => {
                out.push_str(&format!("0x{digits}"));
                notes.extend(names.find(address));
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    (out, notes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use traces::parse::parse;

    #[test]
    fn addresses_have_names() {
        let text = "trace \"t\" locals 1 depth 0 {\n  objs @code @thing\n  check -> s0\n  jump\n  snaps\n    \
                    s0: at @code pc 10 depth 0 []\n}\n";
        let target = Target::made_up();
        let mut trace = parse(text).unwrap();
        target.make_up_addresses(&mut trace);
        let names = Names::of(&trace, &target);
        let note = |text: &str| named(text, &(0x100..0x200), &names);
        let thing = format!("mov rax, {:#x}", trace.objs[1].addr);
        assert_eq!(note(&thing).1, "@thing".to_string());
        let pc = trace.objs[0].addr + target.code_bytes as u64 + 10;
        assert_eq!(note(&format!("mov rax, {pc:#x}")).1, "@code pc 10");
        assert_eq!(note("jmp 0x120"), ("jmp +20".to_string(), String::new()));
        let helper = target.helpers[Helper::CellSet as usize];
        assert_eq!(note(&format!("call {helper:#x}")).1, "helper cell_set");
        let dealloc = target.functions.dealloc;
        assert_eq!(note(&format!("call {dealloc:#x}")).1, "dealloc");
    }
    #[test]
    fn what_lies_behind_many_that_follow_is_aside() {
        let part = |at: u32, inst: u32| Part {
            inst: Some(inst),
            lines: vec![Line {
                at,
                text: String::new(),
                note: String::new(),
            }],
        };
        // The second part of 1 is a little late, that of 0 is its exit.
        let order = [0, 1, 2, 1, 3, 4, 5, 6, 0];
        let parts = (0..).zip(order).map(|(at, inst)| part(at, inst));
        let all = by_instruction(parts.collect());
        let places = |lines: &[Line]| lines.iter().map(|line| line.at).collect::<Vec<_>>();
        let of = |inst| {
            all.get(&Some(inst))
                .map(|(hot, aside)| (places(hot), places(aside)))
        };
        assert_eq!(of(0), Some((vec![0], vec![8])));
        assert_eq!(of(1), Some((vec![1, 3], vec![])));
    }

    #[test]
    fn constants_behind_the_code_are_read() {
        let mut bytes = vec![0x90; 16];
        bytes[8..].copy_from_slice(&0x1234_5678_u64.to_le_bytes());
        let row = jit::Row {
            offset: 0,
            bytes: 7,
            text: "cmpq 1(%rip), %rdx".to_string(),
        };
        assert_eq!(constant(&row, &bytes), Some(0x1234_5678));
        let far = jit::Row {
            text: "cmpq 0x100(%rip), %rdx".to_string(),
            ..row
        };
        assert_eq!(constant(&far, &bytes), None);
    }
}
