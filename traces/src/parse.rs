//! The parser of the text format, the exact inverse of the printer.

use crate::func::{CType, FuncDecl, FuncFlags, Passed};
use crate::op::{ImmKind, Op, Type};
use crate::shape::{Attr, Kept, Shape, ShapeId};
use crate::trace::{
    FrameState, FuncId, GlobalSlot, Imm, Inlined, Inst, Known, ObjConst, ObjId, Protocol, Resume,
    SnapId, Snapshot, Trace, Value,
};
use crate::{Field, Helper};
use std::ops::Range;

/// A text that is not a trace: where, what was found and what was expected.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}, found {found}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in bytes.
    pub column: usize,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

type Result<T> = std::result::Result<T, ParseError>;

/// Parses a text with one trace.
///
/// # Errors
/// Where the text is not a trace, or holds more than one.
pub fn parse(text: &str) -> Result<Trace> {
    let mut p = Parser { text, at: 0 };
    let t = p.trace()?;
    p.space();
    if p.at < text.len() {
        return Err(p.error("the end of the text"));
    }
    Ok(t)
}

/// Parses a text with any number of traces.
///
/// # Errors
/// Where the text is not a sequence of traces.
pub fn parse_file(text: &str) -> Result<Vec<Trace>> {
    let all = parse_places(text)?;
    Ok(all.into_iter().map(|(trace, _)| trace).collect())
}

/// As [`parse_file`], with the bytes of the text that each trace takes: comments lie in between.
///
/// # Errors
/// As [`parse_file`].
pub fn parse_places(text: &str) -> Result<Vec<(Trace, Range<usize>)>> {
    let mut p = Parser { text, at: 0 };
    let mut all = Vec::new();
    loop {
        p.space();
        if p.at >= text.len() {
            return Ok(all);
        }
        let start = p.at;
        let trace = p.trace()?;
        all.push((trace, start..p.at));
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

/// Characters of a name, a number or a mnemonic.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | ':')
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with(';') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn error_at(&self, at: usize, expected: &str) -> ParseError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let rest = self.text.get(at..).unwrap_or("");
        let mut found: String = rest
            .chars()
            .take_while(|c| !c.is_whitespace())
            .take(24)
            .collect();
        if found.is_empty() {
            found = "the end".to_string();
        } else {
            found = format!("`{found}`");
        }
        ParseError {
            line: before.matches('\n').count() + 1,
            column: at - line_start + 1,
            found,
            expected: expected.to_string(),
        }
    }

    fn error(&self, expected: &str) -> ParseError {
        self.error_at(self.at, expected)
    }

    fn peek(&mut self, s: &str) -> bool {
        self.space();
        self.rest().starts_with(s)
    }

    fn accept(&mut self, s: &str) -> bool {
        let yes = self.peek(s);
        if yes {
            self.at += s.len();
        }
        yes
    }

    fn expect(&mut self, s: &str) -> Result<()> {
        if self.accept(s) {
            Ok(())
        } else {
            Err(self.error(&format!("`{s}`")))
        }
    }

    /// A word, without consuming it.
    fn peek_word(&mut self) -> &'a str {
        self.space();
        let rest = self.rest();
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        &rest[..end]
    }

    fn word(&mut self, expected: &str) -> Result<&'a str> {
        let w = self.peek_word();
        if w.is_empty() {
            return Err(self.error(expected));
        }
        self.at += w.len();
        Ok(w)
    }

    fn keyword(&mut self, k: &str) -> Result<()> {
        if self.accept_keyword(k) {
            Ok(())
        } else {
            Err(self.error(&format!("`{k}`")))
        }
    }

    fn accept_keyword(&mut self, k: &str) -> bool {
        let yes = self.peek_word() == k;
        if yes {
            self.at += k.len();
        }
        yes
    }

    fn number<T: std::str::FromStr>(&mut self, expected: &str) -> Result<T> {
        self.space();
        let at = self.at;
        let w = self.word(expected)?.trim_end_matches(':');
        self.at = at + w.len();
        w.parse().map_err(|_| self.error_at(at, expected))
    }

    fn name(&mut self) -> Result<&'a str> {
        self.expect("@")?;
        self.word("a name")
    }

    fn string(&mut self) -> Result<String> {
        self.space();
        let start = self.at;
        self.expect("\"")?;
        let mut out = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += i + 1;
                    return Ok(out);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some('0') => out.push('\0'),
                    Some('u') => {
                        let hex: String = chars
                            .by_ref()
                            .map(|(_, c)| c)
                            .skip(1)
                            .take_while(|&c| c != '}')
                            .collect();
                        let c = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                        out.push(c.ok_or_else(|| self.error_at(start, "a character escape"))?);
                    }
                    Some(c) => out.push(c),
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err(self.error_at(start, "a closed string"))
    }

    fn trace(&mut self) -> Result<Trace> {
        self.keyword("trace")?;
        let mut t = Trace {
            name: self.string()?,
            ..Trace::default()
        };
        self.keyword("locals")?;
        t.nlocals = self.number("the number of locals")?;
        self.keyword("depth")?;
        t.entry_depth = self.number("the entry depth")?;
        self.expect("{")?;
        if self.accept_keyword("objs") {
            while self.peek("@") {
                let name = self.name()?.to_string();
                let known = Known::ALL.iter().copied().find(|k| k.name() == name);
                t.objs.push(ObjConst {
                    name,
                    addr: 0,
                    known,
                });
            }
        }
        while self.accept_keyword("func") {
            let f = self.func()?;
            t.funcs.push(f);
        }
        while self.accept_keyword("global") {
            let slot = self.slot()?;
            self.expect("=")?;
            let (dict, key) = (self.obj(&t)?, self.obj(&t)?);
            t.globals.push(GlobalSlot { slot, dict, key });
        }
        while self.accept_keyword("inlined") {
            let slot = self.slot()?;
            self.expect("=")?;
            let code = self.obj(&t)?;
            self.keyword("locals")?;
            let nlocals = self.number("the number of locals")?;
            self.keyword("stack")?;
            let stacksize = self.number("the depth of the operand stack")?;
            self.keyword("in")?;
            let caller = self.slot()?;
            let mut protocol = Protocol::Call;
            if self.accept_keyword("by") {
                let at = self.at;
                let name = self.word("a protocol")?;
                let named = Protocol::ALL.iter().find(|p| p.name() == name);
                protocol = *named.ok_or_else(|| self.error_at(at, "a protocol"))?;
            }
            t.inlined.push(Inlined {
                slot,
                code,
                nlocals,
                stacksize,
                caller,
                protocol,
            });
        }
        while self.accept_keyword("shape") {
            let shape = self.shape_row(&t)?;
            t.shapes.push(shape);
        }
        while !self.peek("}") && self.peek_word() != "snaps" {
            self.inst(&mut t)?;
        }
        if self.accept_keyword("snaps") {
            while !self.peek("}") {
                let at = self.at;
                let label = self.word("a snapshot label")?;
                if label != format!("s{}:", t.snaps.len()) {
                    return Err(self.error_at(at, &format!("`s{}:`", t.snaps.len())));
                }
                let s = self.snapshot(&t)?;
                t.snaps.push(s);
            }
        }
        self.expect("}")?;
        Ok(t)
    }

    fn shape_row(&mut self, t: &Trace) -> Result<Shape> {
        let at = self.at;
        if usize::from(self.shape()?.0) != t.shapes.len() {
            return Err(self.error_at(at, &format!("`~{}`", t.shapes.len())));
        }
        self.expect("=")?;
        let class = self.obj(t)?;
        let mut attrs = Vec::new();
        while self.peek("@") {
            let name = self.obj(t)?;
            let at = self.number("where the attribute lies")?;
            let kept = match self.accept("=") {
                true => Kept::Const(self.obj(t)?),
                false => {
                    let at = self.at;
                    let op = Op::from_mnemonic(self.word("a box op")?);
                    let op = op.filter(|op| op.is_box());
                    Kept::Number(op.ok_or_else(|| self.error_at(at, "a box op"))?)
                }
            };
            attrs.push(Attr { name, at, kept });
        }
        Ok(Shape { class, attrs })
    }

    fn shape(&mut self) -> Result<ShapeId> {
        self.expect("~")?;
        self.number("a shape").map(ShapeId)
    }

    fn func(&mut self) -> Result<FuncDecl> {
        let name = self.name()?.to_string();
        self.expect("=")?;
        let (ret, second) = if self.accept("{") {
            let ret = self.ctype()?;
            self.expect(",")?;
            let second = self.ctype()?;
            self.expect("}")?;
            (ret, Some(second))
        } else {
            (self.ctype()?, None)
        };
        self.expect("(")?;
        let mut params = Vec::new();
        while !self.accept(")") {
            params.push(self.passed()?);
            if !self.peek(")") {
                self.expect(",")?;
            }
        }
        let addr = if self.accept_keyword("indirect") {
            None
        } else {
            Some(0)
        };
        let gil = self.accept_keyword("gil");
        let errno = self.accept_keyword("errno");
        let vectors = self.accept_keyword("vectors");
        let variadic = self.accept_keyword("variadic");
        let leaf = self.accept_keyword("leaf");
        let short = self.accept_keyword("short");
        Ok(FuncDecl {
            name,
            addr,
            known_as: 0,
            params,
            ret,
            second,
            flags: FuncFlags {
                gil,
                errno,
                vectors,
                variadic,
                leaf,
                short,
            },
        })
    }

    fn passed(&mut self) -> Result<Passed> {
        if self.accept_keyword("word") {
            return Ok(Passed::Word);
        }
        if self.accept_keyword("block") {
            return Ok(Passed::Block(self.number("a number of bytes")?));
        }
        self.ctype().map(Passed::Scalar)
    }

    fn ctype(&mut self) -> Result<CType> {
        self.space();
        let at = self.at;
        let w = self.word("a C type")?;
        CType::from_name(w).ok_or_else(|| self.error_at(at, "a C type"))
    }

    fn value(&mut self) -> Result<Value> {
        self.expect("%")?;
        Ok(Value(self.number("a value number")?))
    }

    /// Registers the type of a value; numbers may come in any order.
    fn define(&mut self, t: &mut Trace, v: Value, ty: Type) -> Result<()> {
        let i = v.0 as usize;
        if i > 1_000_000 {
            return Err(self.error("a smaller value number"));
        }
        if t.types.len() <= i {
            t.types.resize(i + 1, Type::I64);
        }
        t.types[i] = ty;
        Ok(())
    }

    fn inst(&mut self, t: &mut Trace) -> Result<()> {
        let result = if self.peek("%") {
            let v = self.value()?;
            self.expect("=")?;
            Some(v)
        } else {
            None
        };
        self.space();
        let at = self.at;
        let word = self.word("an op")?;
        let op = Op::from_mnemonic(word).ok_or_else(|| self.error_at(at, "an op"))?;
        let mut inst = Inst {
            op,
            args: vec![],
            imm: Imm::None,
            snap: None,
            result,
            params: vec![],
        };
        if op == Op::Label {
            while self.peek("%") {
                let v = self.value()?;
                self.expect(":")?;
                let w = self.word("a type")?;
                let ty = Type::from_name(w).ok_or_else(|| self.error("a type"))?;
                self.define(t, v, ty)?;
                inst.params.push(v);
                self.expect("=")?;
                inst.args.push(self.value()?);
                if !self.accept(",") {
                    break;
                }
            }
        } else {
            self.operands(t, &mut inst)?;
        }
        if self.accept("->") {
            let at = self.at;
            let w = self.word("a snapshot")?;
            let n = w.strip_prefix('s').and_then(|n| n.parse().ok());
            inst.snap = Some(SnapId(n.ok_or_else(|| self.error_at(at, "a snapshot"))?));
        }
        let ty = t.result_type(op, inst.imm);
        match (result, ty) {
            (Some(v), Some(ty)) => self.define(t, v, ty)?,
            (None, None) => {}
            (Some(_), None) => return Err(self.error_at(at, "an op with a result")),
            (None, Some(_)) => return Err(self.error_at(at, "a value for the result of this op")),
        }
        t.insts.push(inst);
        Ok(())
    }

    fn operands(&mut self, t: &Trace, inst: &mut Inst) -> Result<()> {
        let next_line = |p: &Parser| {
            p.rest()
                .split('\n')
                .next()
                .is_none_or(|l| l.trim().is_empty())
        };
        // A `%` on the next line begins the next instruction.
        while !next_line(self) && self.peek("%") {
            inst.args.push(self.value()?);
            if !self.accept(",") {
                break;
            }
        }
        inst.imm = match inst.op.imm() {
            ImmKind::None => Imm::None,
            ImmKind::Int => Imm::Int(self.number("an integer")?),
            ImmKind::Float => Imm::Float(self.double()?),
            ImmKind::Bool => Imm::Bool(self.number("true or false")?),
            ImmKind::Obj => Imm::Obj(self.obj(t)?),
            ImmKind::Field => {
                let n = self.name()?;
                Imm::Field(Field::from_name(n).ok_or_else(|| self.error("a field"))?)
            }
            ImmKind::Slot => Imm::Slot(self.slot()?),
            ImmKind::Slots => {
                let a = self.slot()?;
                self.expect(",")?;
                Imm::Slots(a, self.slot()?)
            }
            ImmKind::Func => {
                let n = self.name()?;
                let i = t.funcs.iter().position(|f| f.name == n);
                Imm::Func(FuncId(
                    i.ok_or_else(|| self.error("a declared function"))? as u32
                ))
            }
            ImmKind::Helper => Imm::Helper(self.helper()?),
            ImmKind::HelperSlot => {
                let h = self.helper()?;
                self.expect(",")?;
                Imm::HelperSlot(h, self.slot()?)
            }
            ImmKind::Shape => Imm::Shape(self.shape()?),
            ImmKind::Place => {
                let ty = self.ctype()?;
                self.expect(",")?;
                Imm::Place(ty, self.number("a distance in bytes")?)
            }
        };
        Ok(())
    }

    fn helper(&mut self) -> Result<Helper> {
        let n = self.name()?;
        Helper::from_name(n).ok_or_else(|| self.error("a helper"))
    }

    fn slot(&mut self) -> Result<u16> {
        self.expect("#")?;
        self.number("a slot number")
    }

    fn double(&mut self) -> Result<f64> {
        self.space();
        let at = self.at;
        let w = self.word("a double")?;
        if let Some(bits) = w.strip_prefix("nan:") {
            let bits = u64::from_str_radix(bits, 16)
                .map_err(|_| self.error_at(at, "the bits of a NaN"))?;
            return Ok(f64::from_bits(bits));
        }
        w.parse().map_err(|_| self.error_at(at, "a double"))
    }

    fn obj(&mut self, t: &Trace) -> Result<ObjId> {
        self.space();
        let at = self.at;
        let n = self.name()?;
        let i = t.objs.iter().position(|o| o.name == n);
        Ok(ObjId(
            i.ok_or_else(|| self.error_at(at, "a declared object"))? as u32,
        ))
    }

    fn snapshot(&mut self, t: &Trace) -> Result<Snapshot> {
        let resume = if self.accept_keyword("at") {
            Resume::At
        } else if self.accept_keyword("during") {
            Resume::During
        } else {
            self.keyword("raise")?;
            Resume::Raise(self.number("the number of operands")?)
        };
        let turn = match self.accept_keyword("turn") {
            true => self.number("a turn")?,
            false => 0,
        };
        let mut frames = vec![self.frame(t)?];
        while self.accept("/") {
            frames.push(self.frame(t)?);
        }
        let mut fields = Vec::new();
        while self.peek("%") {
            let object = self.value()?;
            let name = self.name()?;
            let field = Field::from_name(name).ok_or_else(|| self.error("a field"))?;
            self.expect("=")?;
            fields.push((object, field, self.value()?));
        }
        let mut drops = Vec::new();
        if self.accept_keyword("drops") {
            while self.peek("#") {
                drops.push(self.slot()?);
            }
        }
        Ok(Snapshot {
            origin: 0,
            turn,
            resume,
            frames,
            fields,
            drops,
        })
    }

    fn frame(&mut self, t: &Trace) -> Result<FrameState> {
        let slot = if self.peek("#") { self.slot()? } else { 0 };
        let code = self.obj(t)?;
        self.keyword("pc")?;
        let pc = self.number("a pc")?;
        self.keyword("depth")?;
        let depth = self.number("a depth")?;
        self.expect("[")?;
        let mut slots = Vec::new();
        while !self.accept("]") {
            let slot = self.number("a slot")?;
            self.expect("=")?;
            slots.push((slot, self.value()?));
        }
        Ok(FrameState {
            slot,
            code,
            pc,
            depth,
            slots,
        })
    }
}
