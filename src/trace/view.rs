//! A trace by its source lines: bytecode, instructions and machine code beside one another, or one under the other where there is
//! no room.

use super::again::{self, Origin};
use super::native::{self, ByInstruction, Line, Names};
use super::paint::{self, BAD, FAINT, GOOD, HEADING, NOTE, SOURCE, count, cut, paint};
use anstyle::Style;
use anyhow::Result;
use std::collections::HashSet;
use std::fmt::Write as _;
use traces::dump::{Bytecode, Dump, ExitRecord, Place, VersionStory, exit_words};
use traces::{Op, Trace};

/// A trace by its source lines.
pub struct View<'a> {
    dump: &'a Dump,
    version: &'a VersionStory,
    trace: &'a Trace,
    origins: Vec<Option<Origin>>,
    columns: usize,
    has_bytecode: bool,
    /// The instructions that have machine code, where exits and the like are of this trace.
    compiled: Option<HashSet<u32>>,
    /// The machine code, by the instructions, and what belongs to none: what runs as a rule, and what lies aside.
    native: Option<ByInstruction>,
    has_aside: bool,
}

/// The columns in front of all that belongs to a line.
const INDENT: usize = 2;
/// What stands in front of machine code that lies under its instruction.
const UNDER: &str = "     ";
/// A note with less room is left out.
const LEAST_NOTE: usize = 6;
/// The columns of the bytecode, where it is shown.
const BYTECODE: usize = 36;
/// The least columns of the trace, beside its machine code.
const TRACE: usize = 44;
/// The least columns of the machine code.
const NATIVE: usize = 50;

impl<'a> View<'a> {
    /// A trace of a version.
    pub fn new(
        dump: &'a Dump,
        version: &'a VersionStory,
        trace: &'a Trace,
        columns: usize,
        has_bytecode: bool,
    ) -> View<'a> {
        View {
            dump,
            version,
            trace,
            origins: again::origins(trace, &version.record),
            columns,
            has_bytecode,
            compiled: None,
            native: None,
            has_aside: false,
        }
    }

    /// Says that this is the trace that was compiled: its exits are shown, and which instructions have no machine code.
    pub fn is_compiled(&mut self) {
        let marks = &self.version.record.code.marks;
        self.compiled = Some(marks.iter().filter_map(|&(_, inst)| inst).collect());
    }

    /// Shows the machine code too, and that which lies aside.
    ///
    /// # Errors
    /// There is none, or no disassembler.
    pub fn native(&mut self, target: &jit::Target, aside: bool) -> Result<()> {
        let bytes = again::bytes(self.version)?;
        let code = &self.version.record.code;
        let names = Names::of(self.trace, target);
        let parts = native::parts(&bytes, code.address, &code.marks, &names)?;
        self.native = Some(native::by_instruction(parts));
        self.has_aside = aside;
        Ok(())
    }

    /// As text; `what` says what it is.
    pub fn text(&self, what: &str) -> String {
        let mut out = String::new();
        let mut section = Section::Before;
        self.heading(&mut out, &format!("{what}, {}", section.text()));
        let mut at = 0;
        while let Some(inst) = self.trace.insts.get(at) {
            let next = Section::of(section, inst.op);
            if next != section {
                section = next;
                let of = match inst.op {
                    Op::Branch => self.guard_of(at),
                    _ => String::new(),
                };
                self.heading(&mut out, &format!("{what}, {}{of}", section.text()));
            }
            let end = self.end_of_line(at);
            out += &self.source_line(at);
            out += &self.line(at, end);
            at = end;
        }
        out
    }

    fn heading(&self, out: &mut String, text: &str) {
        let _ = writeln!(out, "\n{}", paint(HEADING, format!("-- {text}")));
    }

    /// The guard whose failing leads to a path.
    fn guard_of(&self, branch: usize) -> String {
        let snap = self.trace.insts.get(branch).and_then(|inst| inst.snap);
        let mut guards = self.trace.insts.iter().enumerate();
        let guard = guards.find(|(n, inst)| *n != branch && inst.snap == snap);
        guard.map_or(String::new(), |(n, inst)| {
            format!(" instruction {n}, `{}`, fails", self.trace.inst_text(inst))
        })
    }

    fn key(&self, at: usize) -> Option<(u32, u32)> {
        let origin = self.origins.get(at).copied().flatten()?;
        Some((origin.place.code, self.dump.line(origin.place)))
    }

    /// The instruction behind the last one of the same line, in the same section.
    fn end_of_line(&self, at: usize) -> usize {
        let key = self.key(at);
        let mut end = at + 1;
        while let Some(inst) = self.trace.insts.get(end) {
            let begins = matches!(inst.op, Op::Label | Op::Branch);
            if begins || self.key(end) != key {
                break;
            }
            end += 1;
        }
        end
    }

    fn source_line(&self, at: usize) -> String {
        let Some(origin) = self.origins.get(at).copied().flatten() else {
            return String::new();
        };
        let line = self.dump.line(origin.place);
        let source = self.dump.source(origin.place.code, line);
        let deep = "  ".repeat(origin.depth);
        let title = match origin.depth {
            0 => line.to_string(),
            _ => {
                let code = self.dump.codes.get(&origin.place.code);
                let function = code.map_or("", |code| code.function.as_str());
                format!("{function}:{line}")
            }
        };
        let source = cut(source.unwrap_or(""), self.columns.saturating_sub(16));
        format!(
            "{deep}{} {}\n",
            paint(NOTE, format!("{title:>4}")),
            paint(SOURCE, source)
        )
    }

    /// The instructions of a line, from one to another.
    fn line(&self, from: usize, to: usize) -> String {
        let mut rows = Vec::new();
        let place = self.origins.get(from).copied().flatten().map(|o| o.place);
        let mut bytecodes = match (self.has_bytecode, place) {
            (true, Some(place)) => self.bytecodes(place),
            _ => Vec::new(),
        }
        .into_iter()
        .peekable();
        for at in from..to {
            let origin = self.origins.get(at).copied().flatten();
            let pc = origin.map_or(0, |o| o.place.at);
            while let Some(before) = bytecodes.next_if(|b| b.at < pc) {
                rows.push(self.row(Some(before), None));
            }
            rows.push(self.row(bytecodes.next_if(|b| b.at == pc), Some(at)));
        }
        rows.extend(bytecodes.map(|b| self.row(Some(b), None)));
        self.laid_out(&rows)
    }

    /// The bytecodes of a line, of the loop's own those inside it.
    fn bytecodes(&self, place: Place) -> Vec<&'a Bytecode> {
        let line = self.dump.line(place);
        let code = self.dump.codes.get(&place.code);
        let all = code.into_iter().flat_map(|code| &code.bytecode);
        let own = self.dump.loops.get(&self.version.record.of);
        let own = own.filter(|story| story.record.code == place.code);
        let is_inside = |at| own.is_none_or(|l| (l.record.header..=l.record.end).contains(&at));
        all.filter(|b| b.line == line && is_inside(b.at)).collect()
    }

    fn row(&self, bytecode: Option<&Bytecode>, at: Option<usize>) -> Row {
        let mut row = Row::default();
        if let Some(b) = bytecode {
            let arg = match (b.means.as_str(), b.arg) {
                ("", 0) => String::new(),
                ("", arg) => arg.to_string(),
                (means, _) => means.to_string(),
            };
            let text = format!("{:4} {:<18} {arg}", b.at, b.op);
            row.bytecode = cut(text.trim_end(), BYTECODE);
        }
        let Some((at, inst)) = at.and_then(|at| Some((at, self.trace.insts.get(at)?))) else {
            return row;
        };
        row.inst = format!("{at:3}  {}", self.trace.inst_text(inst));
        row.style = match (&self.compiled, inst.op) {
            (_, Op::Label) => HEADING,
            // It is a constant, or what only exits need.
            (Some(all), _) if !all.contains(&(at as u32)) => FAINT,
            _ => Style::new(),
        };
        if self.compiled.is_some() {
            row.exits = self.exits(at as u32);
        }
        let code = self
            .native
            .as_ref()
            .and_then(|all| all.get(&Some(at as u32)));
        if let Some((hot, aside)) = code {
            row.native = hot.iter().map(native_line).collect();
            match (aside.first(), aside.last()) {
                (Some(first), Some(last)) if !self.has_aside => {
                    let text = format!("      aside: +{:x} to +{:x}", first.at, last.at);
                    row.native.push((text, String::new()));
                }
                (Some(_), _) => {
                    row.native.push(("      aside:".to_string(), String::new()));
                    row.native.extend(aside.iter().map(native_line));
                }
                _ => {}
            }
        }
        row
    }

    /// What was left by an instruction, in words.
    fn exits(&self, inst: u32) -> Vec<String> {
        let taken = self.version.exits().into_iter();
        let taken = taken.filter(|(exit, n)| exit.inst == inst && *n > 0);
        taken.map(|(exit, n)| self.exit(exit, n)).collect()
    }

    fn exit(&self, exit: &ExitRecord, n: u64) -> String {
        let times = match n {
            1 => "once".to_string(),
            n => format!("{} times", count(n)),
        };
        let place = match exit.frames.last() {
            Some(&place) => {
                let bytecode = self.dump.bytecode(place);
                let bytecode = bytecode.map_or(String::new(), |b| format!(" ({})", b.op));
                format!(", to {}{bytecode}", self.dump.place(place))
            }
            None => String::new(),
        };
        let raises = if exit.raises { ", where it raises" } else { "" };
        format!("left {times}: {}{place}{raises}", exit_words(&exit.op))
    }

    /// How the columns are used: what there is of a trace and of machine code, side by side where both have room.
    fn layout(&self) -> Layout {
        let bytecode = if self.has_bytecode { BYTECODE + 2 } else { 0 };
        let room = self.columns.saturating_sub(bytecode + INDENT);
        if self.native.is_some() && room >= TRACE + NATIVE {
            let trace = self.longest().clamp(TRACE, TRACE.max(room * 9 / 20));
            return Layout::Beside {
                trace,
                native: room - trace - 2,
            };
        }
        match room < TRACE {
            true => Layout::Below,
            false => Layout::Under(room),
        }
    }

    /// The columns of the longest instruction.
    fn longest(&self) -> usize {
        let insts = self.trace.insts.iter();
        let widths = insts.map(|inst| self.trace.inst_text(inst).len() + 5);
        widths.max().unwrap_or(0)
    }

    fn laid_out(&self, rows: &[Row]) -> String {
        let layout = self.layout();
        let mut out = String::new();
        for row in rows {
            for line in row.lines(layout, self.has_bytecode, self.columns) {
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
        out
    }
}

/// How a row is laid out, behind its bytecode where that is shown.
#[derive(Clone, Copy)]
enum Layout {
    /// The trace in so many columns, and beside it the machine code in so many.
    Beside { trace: usize, native: usize },
    /// Both in so many columns, one under the other.
    Under(usize),
    /// All three one under the other.
    Below,
}

/// What stands for an instruction of a trace, and for a bytecode that begins with it.
#[derive(Default)]
struct Row {
    bytecode: String,
    inst: String,
    style: Style,
    exits: Vec<String>,
    native: Vec<(String, String)>,
}

impl Row {
    fn lines(&self, layout: Layout, has_bytecode: bool, columns: usize) -> Vec<String> {
        let code = paint(GOOD, &self.bytecode);
        let mut lines = Vec::new();
        let (left, right) = match layout {
            Layout::Beside { trace, native } => (self.trace(trace), self.native(native)),
            Layout::Under(room) => {
                let mut both = self.trace(room);
                let native = self.native(room.saturating_sub(UNDER.len()));
                both.extend(native.iter().map(|line| format!("{UNDER}{line}")));
                (both, Vec::new())
            }
            Layout::Below => {
                if !self.bytecode.is_empty() {
                    lines.push(format!("  {code}"));
                }
                let room = columns.saturating_sub(2 * INDENT);
                let trace = self.trace(room);
                lines.extend(trace.iter().map(|line| format!("    {line}")));
                let native = self.native(room.saturating_sub(UNDER.len()));
                lines.extend(native.iter().map(|line| format!("    {UNDER}{line}")));
                return lines;
            }
        };
        let least = usize::from(has_bytecode && !self.bytecode.is_empty());
        for n in 0..left.len().max(right.len()).max(least) {
            let mut line = " ".repeat(INDENT);
            if has_bytecode {
                let code = if n == 0 { code.as_str() } else { "" };
                line += &paint::padded(code, BYTECODE + 2);
            }
            let text = left.get(n).map_or("", String::as_str);
            match (layout, right.get(n)) {
                (Layout::Beside { trace, .. }, Some(native)) => {
                    line += &paint::padded(text, trace + 2);
                    line += native;
                }
                _ => line += text,
            }
            lines.push(line);
        }
        lines
    }

    /// The instruction and its exits.
    fn trace(&self, columns: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.inst.is_empty() {
            lines.extend(in_lines(&self.inst, columns, self.style));
        }
        for exit in &self.exits {
            lines.extend(in_lines(&format!("     <- {exit}"), columns, BAD));
        }
        lines
    }

    /// The machine code.
    fn native(&self, columns: usize) -> Vec<String> {
        let line = |(text, note): &(String, String)| {
            let text = cut(text, columns);
            let room = columns.saturating_sub(text.len() + 2);
            match note.is_empty() || room < LEAST_NOTE {
                true => text,
                false => format!("{text}  {}", paint(FAINT, cut(&format!("; {note}"), room))),
            }
        };
        self.native.iter().map(line).collect()
    }
}

fn native_line(line: &Line) -> (String, String) {
    (format!("{:4x}  {}", line.at, line.text), line.note.clone())
}

/// A text in lines of so many columns, each in a style.
fn in_lines(text: &str, columns: usize, style: Style) -> Vec<String> {
    let space = text.len() - text.trim_start().len();
    let (first, others) = (" ".repeat(space), " ".repeat(space.max(8)));
    let wrapped = paint::wrapped(text.trim_start(), columns, &first, &others);
    wrapped.lines().map(|line| paint(style, line)).collect()
}

/// A part of a trace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Before,
    Body,
    /// A further path, by its number.
    Path(u32),
}

impl Section {
    /// The section of an instruction, behind one of another.
    fn of(before: Section, op: Op) -> Section {
        match (op, before) {
            (Op::Label, _) => Section::Body,
            (Op::Branch, Section::Path(n)) => Section::Path(n + 1),
            (Op::Branch, _) => Section::Path(1),
            _ => before,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Section::Before => "the first turn",
            Section::Body => "the loop",
            Section::Path(_) => "a further path: where",
        }
    }
}
