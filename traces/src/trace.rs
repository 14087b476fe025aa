//! Traces, snapshots and the builder.

use crate::func::{CType, FuncDecl};
use crate::helper::Helper;
use crate::op::{Op, Ret, Type};
use crate::shape::{Shape, ShapeId};
use crate::{Field, reason::Abort};
use std::collections::HashMap;

/// A value: the result of an instruction or a parameter of the label.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Value(pub u32);

/// An object constant of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ObjId(pub u32);

/// A foreign function of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FuncId(pub u32);

/// A snapshot of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SnapId(pub u32);

/// What follows from the death of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Death {
    /// Python code may run: a finaliser, a weak reference's callback.
    Noticed,
    /// C memory is given back, no Python code runs: it must happen in time.
    Quiet,
    /// Nobody can notice: it may happen late.
    Plain,
}

impl Known {
    /// Whether this is a type whose instances are *plain*: nobody can notice when one
    /// dies (no finaliser, weak reference, C memory or buffer lock).
    pub fn is_plain_type(self) -> bool {
        self.death() == Death::Plain
    }

    /// Whether no Python code runs when an instance of this type dies.
    pub fn dies_quietly(self) -> bool {
        self.death() != Death::Noticed
    }
}

macro_rules! known {
    ($( $name:ident $text:literal $death:ident; )*) => {
        /// Objects whose meaning the IR knows.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Known { $( #[doc = concat!("`", $text, "`")] $name, )* }
        impl Known {
            /// Every known object, in table order.
            pub const ALL: &'static [Known] = &[$(Known::$name),*];
            /// The name in the text format, after `@`.
            pub fn name(self) -> &'static str { match self { $(Known::$name => $text,)* } }
            /// What the death of an instance means, where this is a type.
            pub fn death(self) -> Death { match self { $(Known::$name => Death::$death,)* } }
        }
    };
}

// Columns: variant, text, what the death of an instance means, where it is a type. A cffi cdata can
// have weak references: the recorder has looked that it has none wherever this matters.
known! {
    Null "NULL" Noticed;
    None "None" Noticed;
    True "True" Noticed;
    False "False" Noticed;
    Int "int" Plain;
    Float "float" Plain;
    Bool "bool" Plain;
    NoneType "NoneType" Plain;
    Str "str" Plain;
    Bytes "bytes" Plain;
    List "list" Noticed;
    Tuple "tuple" Noticed;
    RangeIter "range_iterator" Plain;
    ListIter "list_iterator" Noticed;
    TupleIter "tuple_iterator" Noticed;
    Dict "dict" Noticed;
    Set "set" Noticed;
    ByteArray "bytearray" Noticed;
    Cell "cell" Noticed;
    CData "cdata" Plain;
    CDataOwn "cdata_own" Quiet;
    CDataIter "cdata_iterator" Noticed;
    CBuffer "cbuffer" Noticed;
    Method "method" Noticed;
}

/// An object constant: a name for the text format, the address in this process (0 where there
/// is none), and its meaning where the IR knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjConst {
    /// The name in the text format, after `@`; unique within the trace.
    pub name: String,
    /// The address of the object in this process, or 0.
    pub addr: u64,
    /// Its meaning, where the IR knows it.
    pub known: Option<Known>,
}

/// A module-level variable that the trace treats as a slot of the frame: its memory is an entry
/// of a dict, which anybody may read and write wherever Python code runs or the GIL is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalSlot {
    /// The number of the slot, above those of the frame.
    pub slot: u16,
    /// The dict.
    pub dict: ObjId,
    /// The name of the variable.
    pub key: ObjId,
}

macro_rules! protocols {
    ($( $(#[$doc:meta])* $name:ident $text:literal; )*) => {
        /// What becomes of what a call gives that is part of a trace: the caller's bytecode says the rest.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Protocol { $( $(#[$doc])* $name, )* }
        impl Protocol {
            /// Every protocol, in table order.
            pub const ALL: &'static [Protocol] = &[$(Protocol::$name),*];
            /// The name in the text format; empty where that does not say it.
            pub fn name(self) -> &'static str { match self { $(Protocol::$name => $text,)* } }
        }
    };
}

// All but the first are calls from C: the operands of the caller's bytecode stay on its stack meanwhile.
protocols! {
    /// It is the result of a call.
    Call "";
    /// It is what the method of an operator says (`__add__`, `__eq__`, `__getitem__`, `__len__`, ...).
    Operator "operator";
    /// It is what the method of the right operand says (`__radd__`).
    Reflected "reflected";
    /// It is what the method of an operator in place says (`__iadd__`).
    InPlace "in_place";
    /// It is what a `__call__` says.
    Calling "calling";
    /// It is None, from an `__init__`. The one operand that stays is the new instance.
    Init "init";
}

/// A function in Python whose calls from one frame are part of the trace: the slots of the callee's frame. The
/// first is the function, behind it come the locals, then the operand stack. While no call is under way, the
/// locals are NULL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlined {
    /// The number of the first slot.
    pub slot: u16,
    /// The code object.
    pub code: ObjId,
    /// The number of locals (with cells and free variables).
    pub nlocals: u16,
    /// The greatest depth of the operand stack.
    pub stacksize: u16,
    /// The first slot of the frame that calls; 0: the loop's own.
    pub caller: u16,
    /// What becomes of what it gives.
    pub protocol: Protocol,
}

impl Inlined {
    /// The slot of the first local.
    pub fn locals(&self) -> u16 {
        self.slot + 1
    }

    /// The slot of the lowest operand.
    pub fn stack(&self) -> u16 {
        self.locals() + self.nlocals
    }

    /// The number behind the last slot.
    pub fn end(&self) -> u16 {
        self.stack() + self.stacksize
    }
}

/// An immediate operand.
#[derive(Clone, Copy, Debug)]
pub enum Imm {
    /// None.
    None,
    /// A 64-bit integer.
    Int(i64),
    /// A double.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// An object constant.
    Obj(ObjId),
    /// A field.
    Field(Field),
    /// A slot.
    Slot(u16),
    /// Destination and source slot.
    Slots(u16, u16),
    /// A foreign function.
    Func(FuncId),
    /// A helper.
    Helper(Helper),
    /// A helper and the slot that receives its result.
    HelperSlot(Helper, u16),
    /// A place in C memory: its C type, and its distance from the address, in bytes.
    Place(CType, i32),
    /// A shape.
    Shape(ShapeId),
}

impl PartialEq for Imm {
    /// Doubles compare by their bits: -0.0 and 0.0 differ, a NaN equals itself.
    fn eq(&self, other: &Imm) -> bool {
        match (*self, *other) {
            (Imm::None, Imm::None) => true,
            (Imm::Int(a), Imm::Int(b)) => a == b,
            (Imm::Float(a), Imm::Float(b)) => a.to_bits() == b.to_bits(),
            (Imm::Bool(a), Imm::Bool(b)) => a == b,
            (Imm::Obj(a), Imm::Obj(b)) => a == b,
            (Imm::Field(a), Imm::Field(b)) => a == b,
            (Imm::Slot(a), Imm::Slot(b)) => a == b,
            (Imm::Slots(a, b), Imm::Slots(c, d)) => (a, b) == (c, d),
            (Imm::Func(a), Imm::Func(b)) => a == b,
            (Imm::Helper(a), Imm::Helper(b)) => a == b,
            (Imm::HelperSlot(a, b), Imm::HelperSlot(c, d)) => (a, b) == (c, d),
            (Imm::Place(a, b), Imm::Place(c, d)) => (a, b) == (c, d),
            (Imm::Shape(a), Imm::Shape(b)) => a == b,
            _ => false,
        }
    }
}

/// An instruction.
#[derive(Clone, PartialEq, Debug)]
pub struct Inst {
    /// The op.
    pub op: Op,
    /// The arguments.
    pub args: Vec<Value>,
    /// The immediate.
    pub imm: Imm,
    /// The snapshot, for ops that carry one.
    pub snap: Option<SnapId>,
    /// The result; for a label, `params` hold its results.
    pub result: Option<Value>,
    /// The parameters of a label.
    pub params: Vec<Value>,
}

impl Inst {
    /// The constant list or tuple that the iterator goes over which the instruction makes, where it makes one of a constant;
    /// `def` gives the instruction that defines a value.
    pub fn iterates<'a>(&self, def: impl Fn(Value) -> Option<&'a Inst>) -> Option<ObjId> {
        match (self.op, self.imm) {
            (Op::BoxListIter | Op::BoxTupleIter, Imm::Obj(sequence)) => Some(sequence),
            (Op::CallNew, Imm::HelperSlot(Helper::ListIterNew | Helper::TupleIterNew, _)) => {
                let sequence = def(*self.args.first()?)?;
                match (sequence.op, sequence.imm) {
                    (Op::ConstObj, Imm::Obj(sequence)) => Some(sequence),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// How execution goes on behind an exit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Resume {
    /// The interpreter goes on at the innermost frame's pc.
    At,
    /// The helper raised: the interpreter raises at the innermost frame's pc, whose operands,
    /// the given number of stack slots at the top, are replaced (and dropped where owned).
    Raise(u16),
    /// Not an exit: the frame as it stands while a foreign call runs.
    During,
}

/// One frame of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameState {
    /// The number of its first slot: 0 for the loop's own frame, see [`Inlined`].
    pub slot: u16,
    /// The code object.
    pub code: ObjId,
    /// The byte offset of the bytecode.
    pub pc: u32,
    /// The number of slots on the operand stack; of a frame that calls the next one, without the operands of
    /// the call.
    pub depth: u16,
    /// Slots whose memory does not hold the current value, in ascending order. A stack slot
    /// listed here owns nothing; one that is not listed owns its object. A local's (or a
    /// global's) old object is dropped (it is plain, or NULL).
    pub slots: Vec<(u16, Value)>,
}

/// Where to resume, and which value lies in which slot; outermost frame first.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// In an optimised trace, the instruction of the naive one that it comes from: what tells two exits
    /// of one bytecode apart. No part of its meaning, nor of the text format.
    pub origin: u32,
    /// How often its path has jumped back so far, in loops within or around the one recorded: what tells two
    /// executions of one bytecode apart.
    pub turn: u32,
    /// How to go on.
    pub resume: Resume,
    /// The frames, the outermost first.
    pub frames: Vec<FrameState>,
    /// Fields of objects that only the frame can reach whose memory does not hold the current
    /// value: object, field, value.
    pub fields: Vec<(Value, Field, Value)>,
    /// Stack slots above the top, whose objects an exit drops behind everything else, in this order.
    pub drops: Vec<u16>,
}

impl PartialEq for Snapshot {
    /// Whether two say the same, wherever they come from.
    fn eq(&self, other: &Snapshot) -> bool {
        let all = |snap: &Snapshot| (snap.turn, snap.resume);
        (all(self), &self.frames) == (all(other), &other.frames)
            && (&self.fields, &self.drops) == (&other.fields, &other.drops)
    }
}

impl Eq for Snapshot {}

/// A trace: the *root path*, from the header of the loop back to it, and behind its jump any number of
/// further paths, each from a `branch` to a jump of its own. All paths lead to the one header.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trace {
    /// What the trace is of, for people: `app.py:12 main`.
    pub name: String,
    /// The number of local slots (locals, cells, free variables); stack slots follow.
    pub nlocals: u16,
    /// The depth of the operand stack at the loop header.
    pub entry_depth: u16,
    /// The instructions: the preamble, and for a peeled loop `label`, body, `jump`; then the further paths.
    pub insts: Vec<Inst>,
    /// The snapshots.
    pub snaps: Vec<Snapshot>,
    /// The object constants.
    pub objs: Vec<ObjConst>,
    /// The foreign functions.
    pub funcs: Vec<FuncDecl>,
    /// The module-level variables that are slots, in ascending order of their numbers.
    pub globals: Vec<GlobalSlot>,
    /// The frames of calls that are part of the trace, callers first.
    pub inlined: Vec<Inlined>,
    /// What is in the instances that need not exist.
    pub shapes: Vec<Shape>,
    /// The types of the values, by value number.
    pub types: Vec<Type>,
}

impl Trace {
    /// The type of a value.
    pub fn ty(&self, v: Value) -> Type {
        self.types[v.0 as usize]
    }

    /// The constant of an id.
    pub fn obj(&self, id: ObjId) -> &ObjConst {
        &self.objs[id.0 as usize]
    }

    /// The function of an id.
    pub fn func(&self, id: FuncId) -> &FuncDecl {
        &self.funcs[id.0 as usize]
    }

    /// Whether an instruction calls a foreign function that is promised to neither block nor call back.
    pub fn is_leaf(&self, inst: &Inst) -> bool {
        self.callee(inst).is_some_and(|decl| decl.flags.leaf)
    }

    /// Whether an instruction calls a foreign function that is expected to be short.
    pub fn is_short(&self, inst: &Inst) -> bool {
        self.callee(inst).is_some_and(|decl| decl.flags.short)
    }

    fn callee(&self, inst: &Inst) -> Option<&FuncDecl> {
        match inst.imm {
            Imm::Func(id) => self.funcs.get(id.0 as usize),
            _ => None,
        }
    }

    /// The shape of an id.
    pub fn shape(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(usize::from(id.0))
    }

    /// The module-level variable that a slot stands for, where it is none of the frame's.
    pub fn global(&self, slot: u16) -> Option<GlobalSlot> {
        self.globals.iter().copied().find(|g| g.slot == slot)
    }

    /// The frame of a call that is part of the trace, by its first slot.
    pub fn inlined_at(&self, slot: u16) -> Option<&Inlined> {
        self.inlined.iter().find(|frame| frame.slot == slot)
    }

    /// The frame of a call that a slot belongs to, where it is not one of the loop's own frame.
    pub fn inlined_of(&self, slot: u16) -> Option<&Inlined> {
        let holds = |frame: &&Inlined| (frame.slot..frame.end()).contains(&slot);
        self.inlined.iter().find(holds)
    }

    /// Whether a slot is a local of a frame, or a module-level variable: it owns an object at all times, or holds NULL.
    pub fn is_local(&self, slot: u16) -> bool {
        slot < self.nlocals || self.is_inlined_local(slot) || self.global(slot).is_some()
    }

    /// Whether a slot is a local of a call that is part of the trace.
    pub fn is_inlined_local(&self, slot: u16) -> bool {
        let frame = self.inlined_of(slot);
        frame.is_some_and(|frame| (frame.locals()..frame.stack()).contains(&slot))
    }

    /// Whether somebody who looks at the frames finds what a slot holds: a local of a frame, or a function.
    pub fn is_seen(&self, slot: u16) -> bool {
        slot < self.nlocals || self.is_inlined_local(slot) || self.inlined_at(slot).is_some()
    }

    /// The locals of the calls that are part of the trace.
    pub fn inlined_locals(&self) -> impl Iterator<Item = u16> {
        self.inlined
            .iter()
            .flat_map(|frame| frame.locals()..frame.stack())
    }

    /// The slots of a frame that own an object unless the snapshot lists them: its operand stack, and the function
    /// of a call.
    pub fn operands(&self, frame: &FrameState) -> impl Iterator<Item = u16> + use<> {
        let inlined = self.inlined_at(frame.slot).filter(|_| frame.slot != 0);
        let first = inlined.map_or(self.nlocals, Inlined::stack);
        let function = inlined.map(|frame| frame.slot);
        function
            .into_iter()
            .chain(first..first.saturating_add(frame.depth))
    }

    /// The snapshot of an id.
    pub fn snap(&self, id: SnapId) -> &Snapshot {
        &self.snaps[id.0 as usize]
    }

    /// A new value of a type.
    pub fn new_value(&mut self, ty: Type) -> Value {
        self.types.push(ty);
        Value(self.types.len() as u32 - 1)
    }

    /// The result type of an op with this immediate, if it has a result.
    pub fn result_type(&self, op: Op, imm: Imm) -> Option<Type> {
        match op.ret() {
            Ret::None => None,
            Ret::Of(t) => Some(t),
            Ret::ByImm => match imm {
                Imm::Field(f) => Some(f.ty()),
                Imm::Helper(h) => h.ret(),
                Imm::Place(ty, _) => Some(ty.ty()),
                Imm::Func(f) => match self.func(f).ret {
                    crate::CType::Void => None,
                    t => Some(t.ty()),
                },
                _ => None,
            },
        }
    }

    /// Appends an instruction and gives its result.
    pub fn push(
        &mut self,
        op: Op,
        args: &[Value],
        imm: Imm,
        snap: Option<SnapId>,
    ) -> Option<Value> {
        let result = self.result_type(op, imm).map(|t| self.new_value(t));
        self.insts.push(Inst {
            op,
            args: args.to_vec(),
            imm,
            snap,
            result,
            params: Vec::new(),
        });
        result
    }

    /// Appends an instruction that has a result.
    ///
    /// An op without one is an error of the caller; the abort keeps a user's program running.
    pub fn emit(
        &mut self,
        op: Op,
        args: &[Value],
        imm: Imm,
        snap: Option<SnapId>,
    ) -> Result<Value, Abort> {
        self.push(op, args, imm, snap).ok_or_else(|| {
            Abort::new(
                crate::reason::Reason::Confused,
                format!("`{}` has no result", op.mnemonic()),
            )
        })
    }

    /// Adds a snapshot.
    pub fn add_snap(&mut self, snap: Snapshot) -> SnapId {
        self.snaps.push(snap);
        SnapId(self.snaps.len() as u32 - 1)
    }

    /// The constant for a known object, added on first use with this address.
    pub fn known(&mut self, known: Known, addr: u64) -> ObjId {
        if let Some(i) = self.objs.iter().position(|o| o.known == Some(known)) {
            return ObjId(i as u32);
        }
        // The trace may name it already. Two constants are two objects.
        let named = self.objs.iter_mut().enumerate();
        if let Some((i, o)) = { named }.find(|(_, o)| o.addr == addr && addr != 0) {
            o.name = known.name().to_string();
            o.known = Some(known);
            return ObjId(i as u32);
        }
        self.objs.push(ObjConst {
            name: known.name().to_string(),
            addr,
            known: Some(known),
        });
        ObjId(self.objs.len() as u32 - 1)
    }

    /// The constant of an object address, added on first use under a name made unique.
    pub fn obj_const(&mut self, name: &str, addr: u64) -> ObjId {
        if let Some(i) = self.objs.iter().position(|o| o.addr == addr && o.addr != 0) {
            return ObjId(i as u32);
        }
        let unique = unique_name(clean_name(name), |n| {
            self.objs.iter().any(|o| o.name == n) || Known::ALL.iter().any(|k| k.name() == n)
        });
        self.objs.push(ObjConst {
            name: unique,
            addr,
            known: None,
        });
        ObjId(self.objs.len() as u32 - 1)
    }

    /// The id of a function declaration, added on first use under a name made unique: two
    /// functions of one name would be one in the text format.
    pub fn add_func(&mut self, mut decl: FuncDecl) -> FuncId {
        decl.name = clean_name(&decl.name);
        let is_it = |f: &FuncDecl| {
            let base = f
                .name
                .rsplit_once('.')
                .filter(|(_, n)| n.parse::<u32>().is_ok());
            let name = f.name == decl.name || base.is_some_and(|(base, _)| base == decl.name);
            let is = |f: &FuncDecl| (f.addr, f.ret, f.second, f.flags);
            name && is(f) == is(&decl) && f.params == decl.params
        };
        if let Some(i) = self.funcs.iter().position(is_it) {
            return FuncId(i as u32);
        }
        decl.name = unique_name(decl.name, |n| self.funcs.iter().any(|f| f.name == n));
        self.funcs.push(decl);
        FuncId(self.funcs.len() as u32 - 1)
    }

    /// The paths, root path first: the indices of their instructions, from the start or a `branch` to a
    /// jump, a restart or a `leave`.
    pub fn paths(&self) -> Vec<std::ops::Range<usize>> {
        let ends = self.insts.iter().enumerate();
        let ends = ends
            .filter(|(_, inst)| inst.op.ends_path())
            .map(|(at, _)| at + 1);
        let mut start = 0;
        let path = |end| {
            let path = start..end;
            start = end;
            path
        };
        ends.map(path).collect()
    }

    /// The `branch` of each snapshot that has one, by its index.
    pub fn branches(&self) -> HashMap<SnapId, usize> {
        let branches = self.insts.iter().enumerate();
        let branches = branches.filter(|(_, inst)| inst.op == Op::Branch);
        branches
            .filter_map(|(at, inst)| Some((inst.snap?, at)))
            .collect()
    }

    /// For each value, the index of the instruction that defines it.
    pub fn definitions(&self) -> HashMap<Value, usize> {
        let mut map = HashMap::new();
        for (i, inst) in self.insts.iter().enumerate() {
            for &v in inst.result.iter().chain(&inst.params) {
                map.insert(v, i);
            }
        }
        map
    }
}

/// A name that the text format can hold.
fn clean_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let clean: String = name
        .chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect();
    if clean.is_empty() {
        "unnamed".to_string()
    } else {
        clean
    }
}

/// The name, or the first of `name.2`, `name.3`, ... that is not taken.
fn unique_name(name: String, taken: impl Fn(&str) -> bool) -> String {
    let mut unique = name.clone();
    let mut n = 1;
    while taken(&unique) {
        n += 1;
        unique = format!("{name}.{n}");
    }
    unique
}
