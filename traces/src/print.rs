//! The printer of the text format; `parse` is its exact inverse (addresses excepted: the text
//! names objects and functions, a process binds them).

use crate::func::{FuncDecl, Passed};
use crate::shape::Kept;
use crate::trace::{FrameState, Imm, Inst, Resume, Snapshot, Trace, Value};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "trace {:?} locals {} depth {} {{",
            self.name, self.nlocals, self.entry_depth
        )?;
        if !self.objs.is_empty() {
            f.write_str("  objs")?;
            for o in &self.objs {
                write!(f, " @{}", o.name)?;
            }
            f.write_char('\n')?;
        }
        for func in &self.funcs {
            writeln!(f, "  func {}", FuncText(func))?;
        }
        for g in &self.globals {
            let (dict, key) = (&self.obj(g.dict).name, &self.obj(g.key).name);
            writeln!(f, "  global #{} = @{dict} @{key}", g.slot)?;
        }
        for c in &self.inlined {
            write!(f, "  inlined #{} = @{}", c.slot, self.obj(c.code).name)?;
            write!(f, " locals {} stack {}", c.nlocals, c.stacksize)?;
            write!(f, " in #{}", c.caller)?;
            match c.protocol.name() {
                "" => writeln!(f)?,
                name => writeln!(f, " by {name}")?,
            }
        }
        for (n, shape) in self.shapes.iter().enumerate() {
            write!(f, "  shape ~{n} = @{}", self.obj(shape.class).name)?;
            for attr in &shape.attrs {
                write!(f, " @{} {}", self.obj(attr.name).name, attr.at)?;
                match attr.kept {
                    Kept::Number(op) => write!(f, " {}", op.mnemonic())?,
                    Kept::Const(id) => write!(f, " = @{}", self.obj(id).name)?,
                }
            }
            f.write_char('\n')?;
        }
        for inst in &self.insts {
            writeln!(f, "  {}", self.inst_text(inst))?;
        }
        if !self.snaps.is_empty() {
            writeln!(f, "  snaps")?;
            for (i, s) in self.snaps.iter().enumerate() {
                writeln!(f, "    s{i}: {}", SnapText(self, s))?;
            }
        }
        writeln!(f, "}}")
    }
}

impl Trace {
    /// One instruction as text.
    pub fn inst_text(&self, inst: &Inst) -> String {
        let mut s = String::new();
        if let Some(r) = inst.result {
            let _ = write!(s, "{r} = ");
        }
        s.push_str(inst.op.mnemonic());
        if inst.op == crate::Op::Label {
            let params: Vec<String> = inst
                .params
                .iter()
                .zip(&inst.args)
                .map(|(&p, a)| format!("{p}: {} = {a}", self.ty(p).name()))
                .collect();
            let _ = write!(s, " {}", params.join(", "));
            return s.trim_end().to_string();
        }
        let mut parts: Vec<String> = inst.args.iter().map(Value::to_string).collect();
        match inst.imm {
            Imm::None => {}
            Imm::Int(n) => parts.push(n.to_string()),
            Imm::Float(x) => parts.push(float_text(x)),
            Imm::Bool(b) => parts.push(b.to_string()),
            Imm::Obj(o) => parts.push(format!("@{}", self.obj(o).name)),
            Imm::Field(x) => parts.push(format!("@{}", x.name())),
            Imm::Slot(n) => parts.push(format!("#{n}")),
            Imm::Slots(a, b) => parts.extend([format!("#{a}"), format!("#{b}")]),
            Imm::Func(x) => parts.push(format!("@{}", self.func(x).name)),
            Imm::Helper(h) => parts.push(format!("@{}", h.name())),
            Imm::HelperSlot(h, n) => parts.extend([format!("@{}", h.name()), format!("#{n}")]),
            Imm::Shape(id) => parts.push(format!("~{}", id.0)),
            Imm::Place(ty, at) => parts.extend([ty.name().to_string(), at.to_string()]),
        }
        if !parts.is_empty() {
            let _ = write!(s, " {}", parts.join(", "));
        }
        if let Some(snap) = inst.snap {
            let _ = write!(s, " -> s{}", snap.0);
        }
        s
    }
}

/// A double as text that reads back to the same bits.
fn float_text(x: f64) -> String {
    if x.is_nan() {
        return format!("nan:{:x}", x.to_bits());
    }
    if x.is_infinite() {
        return if x > 0.0 {
            "inf".to_string()
        } else {
            "-inf".to_string()
        };
    }
    format!("{x:?}")
}

struct FuncText<'a>(&'a FuncDecl);

impl Display for FuncText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let d = self.0;
        let params: Vec<String> = d.params.iter().map(|&p| passed_text(p)).collect();
        let ret = match d.second {
            None => d.ret.name().to_string(),
            Some(second) => format!("{{{}, {}}}", d.ret.name(), second.name()),
        };
        write!(f, "@{} = {ret}({})", d.name, params.join(", "))?;
        for (on, word) in [
            (d.addr.is_none(), "indirect"),
            (d.flags.gil, "gil"),
            (d.flags.errno, "errno"),
            (d.flags.vectors, "vectors"),
            (d.flags.variadic, "variadic"),
            (d.flags.leaf, "leaf"),
            (d.flags.short, "short"),
        ] {
            if on {
                write!(f, " {word}")?;
            }
        }
        Ok(())
    }
}

fn passed_text(passed: Passed) -> String {
    match passed {
        Passed::Scalar(ty) => ty.name().to_string(),
        Passed::Word => "word".to_string(),
        Passed::Block(bytes) => format!("block {bytes}"),
    }
}

struct SnapText<'a>(&'a Trace, &'a Snapshot);

impl Display for SnapText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.1.resume {
            Resume::At => f.write_str("at")?,
            Resume::Raise(n) => write!(f, "raise {n}")?,
            Resume::During => f.write_str("during")?,
        }
        if self.1.turn > 0 {
            write!(f, " turn {}", self.1.turn)?;
        }
        for (i, frame) in self.1.frames.iter().enumerate() {
            if i > 0 {
                f.write_str(" /")?;
            }
            self.frame(f, frame)?;
        }
        for (object, field, value) in &self.1.fields {
            write!(f, " {object}@{}={value}", field.name())?;
        }
        for (i, slot) in self.1.drops.iter().enumerate() {
            write!(f, "{} #{slot}", if i == 0 { " drops" } else { "" })?;
        }
        Ok(())
    }
}

impl SnapText<'_> {
    fn frame(&self, f: &mut Formatter<'_>, frame: &FrameState) -> fmt::Result {
        if frame.slot != 0 {
            write!(f, " #{}", frame.slot)?;
        }
        write!(
            f,
            " @{} pc {} depth {} [",
            self.0.obj(frame.code).name,
            frame.pc,
            frame.depth
        )?;
        for (i, (slot, v)) in frame.slots.iter().enumerate() {
            if i > 0 {
                f.write_char(' ')?;
            }
            write!(f, "{slot}={v}")?;
        }
        f.write_char(']')
    }
}
