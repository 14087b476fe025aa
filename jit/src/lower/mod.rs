//! Lowering: from a trace to a function of the code generator.
//!
//! A trace is straight-line code, so its values need no variables: each is a native value, a
//! constant (materialised at each use, which the code generator merges) or a box, which is an
//! object only where an op needs one. Unlikely paths (exits, deallocation, big ints) go to cold
//! blocks behind the hot code.
//!
//! The lowering trusts the rules of the op table where they are about objects (an operand is NULL
//! only where its row allows it), but a malformed trace ends in an abort, never in a panic.

mod arith;
mod aside;
mod branch;
mod call;
mod errno;
mod exits;
mod foreign;
mod in_place;
mod instances;
mod invariants;
mod items;
mod loops;
mod memory;
mod object;
mod tuples;

use crate::code::{Request, refused, signature};
use crate::exit::{Activation, Exit, InstanceShape};
use crate::site::{Handoff, Site};
use crate::stub::Stubs;
use crate::target::Target;
use aside::Asides;
use branch::Branches;
use cranelift_codegen::ir::{
    self, Block, InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, UserFuncName,
    condcodes::IntCC, types,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use errno::{Errno, Turn};
use exits::Exits;
use loops::{Counter, Inner, Part};
use std::collections::{HashMap, HashSet};
use std::mem::offset_of;
use traces::{
    Abort, Effect, Imm, Inst, Known, ObjConst, ObjId, Op, ShapeId, SnapId, Trace, Type, Value,
};

/// A lowered trace.
pub(crate) struct Lowered {
    pub(crate) func: ir::Function,
    pub(crate) exits: Vec<Exit>,
    pub(crate) durings: Vec<Exit>,
    pub(crate) buf_len: usize,
    /// What the code calls, and so must live as long.
    pub(crate) stubs: Stubs,
    /// The calls without the GIL: likewise.
    pub(crate) sites: Box<[Box<Site>]>,
    /// What it makes instances of: likewise.
    pub(crate) shapes: Vec<InstanceShape>,
}

/// Lowers a trace.
pub(crate) fn lower(
    trace: &Trace,
    target: &Target,
    request: &Request,
    isa: &dyn TargetIsa,
) -> Result<Lowered, Abort> {
    let mut func = ir::Function::with_name_signature(
        UserFuncName::default(),
        signature(isa.default_call_conv()),
    );
    let mut context = FunctionBuilderContext::new();
    let builder = FunctionBuilder::new(&mut func, &mut context);
    let mut lower = Lower::new(builder, trace, target, request);
    lower.asides = Asides::of(trace)?;
    lower.exits.reserve(lower.asides.len())?;
    lower.trace()?;
    let mut stubs = std::mem::take(&mut lower.stubs);
    let shapes = std::mem::take(&mut lower.shapes);
    let sites = std::mem::take(&mut lower.sites).into_boxed_slice();
    stubs.finish()?;
    let Exits {
        exits,
        durings,
        buf_len,
        ..
    } = lower.finish(isa.frontend_config());
    Ok(Lowered {
        func,
        exits,
        durings,
        buf_len,
        stubs,
        sites,
        shapes,
    })
}

/// What stands for a value of the trace.
#[derive(Clone, Copy, Debug)]
enum Def {
    Undefined,
    Native(ir::Value),
    /// A word that waits in memory, at this place, on all paths that have passed the label.
    Aside(u16, ir::Value),
    Int(i64),
    Float(f64),
    Bool(bool),
    Obj(ObjId),
    Box(Boxed),
}

/// A box: which kind, and the value in it; of a struct the second one too, where it has two, of an iterator all three. Of a
/// tuple or an instance, itself: what is in it is in `Lower::tuples`, `Lower::instances`.
#[derive(Clone, Copy, Debug)]
struct Boxed {
    op: Op,
    inner: Value,
    second: Option<Value>,
    third: Option<Value>,
    ctype: Option<ObjId>,
}

impl Boxed {
    /// A box of which the value itself tells what is in it.
    fn itself(op: Op, value: Value) -> Boxed {
        Boxed {
            op,
            inner: value,
            second: None,
            third: None,
            ctype: None,
        }
    }
}

struct Lower<'a> {
    b: FunctionBuilder<'a>,
    trace: &'a Trace,
    target: &'a Target,
    call_conv: CallConv,
    defs: Vec<Def>,
    /// Values that are known not to be NULL.
    not_null: Vec<bool>,
    act: ir::Value,
    /// Where the stack has its address too, where there are calls without the GIL: what passes it to slow paths would
    /// else have it moved to and from a register of arguments on the hot path.
    act_copy: Option<StackSlot>,
    /// Where the thread has its current thread state, where there are such calls.
    current: ir::Value,
    frame: ir::Value,
    exits: Exits,
    asides: Asides,
    /// The block in which the trace begins.
    start: Block,
    /// Where `jump` goes: the label, else the start.
    header: Block,
    /// Where the next instruction lies.
    part: Part,
    /// The last instruction that was lowered or passed over, where that was out of order.
    done: usize,
    /// What was lowered in front of the inner loop already.
    hoisted: HashSet<usize>,
    inner: Option<Inner>,
    /// The parameters that change in it, by index.
    carried: Vec<usize>,
    /// The jumps that go on in the inner loop.
    staying: HashSet<usize>,
    /// The paths that begin where a guard fails.
    branches: Branches,
    /// The snapshot of the guard at which the path begins that is being lowered; `None` on the root path.
    path: Option<SnapId>,
    request: &'a Request,
    /// The index of the counter among the label's parameters, where it is one.
    lead: usize,
    /// The types of the label's parameters.
    params: Vec<Type>,
    /// What tells the number of the iteration, behind the label.
    counter: Counter,
    /// Whether the loop has one check, and nothing that could make it leave.
    calm: bool,
    /// Float constants that have a register behind the label.
    floats: HashMap<Value, ir::Value>,
    /// What the frame's instruction pointer holds, where known.
    position: Option<u64>,
    /// What `Activation::during` holds, where known.
    during: Option<i64>,
    /// Whether a helper or a finaliser may have run Python code since the last check.
    python_ran: bool,
    /// Where `errno` is now, and where it is whenever the loop comes to its header.
    errno: Errno,
    header_errno: Errno,
    /// Ways to exits and branches on which it has to be put elsewhere.
    turns: Vec<Turn>,
    /// Stubs of foreign functions.
    stubs: Stubs,
    /// The calls without the GIL.
    #[expect(clippy::vec_box, reason = "the code has their addresses")]
    sites: Vec<Box<Site>>,
    /// The second eightbytes of what foreign functions gave, by their first.
    seconds: HashMap<Value, ir::Value>,
    /// The items of tuples that need not exist.
    tuples: HashMap<Value, &'a [Value]>,
    /// The numbers in instances that need not exist, and their shapes.
    instances: HashMap<Value, (ShapeId, &'a [Value])>,
    /// What the runtime makes instances of.
    shapes: Vec<InstanceShape>,
    /// Scratch memory on the stack, and its size in bytes.
    scratch: Option<StackSlot>,
    /// Whether what is being lowered hardly ever runs.
    is_rare: bool,
    /// Where such calls put their results.
    rare_result: Option<StackSlot>,
}

const TRUSTED: MemFlagsData = MemFlagsData::trusted();

/// The native type of a value.
fn native_type(ty: Type) -> ir::Type {
    match ty {
        Type::I64 | Type::Ptr | Type::Obj => types::I64,
        Type::F64 => types::F64,
        Type::Bool => types::I8,
    }
}

impl<'a> Lower<'a> {
    fn new(
        mut b: FunctionBuilder<'a>,
        trace: &'a Trace,
        target: &'a Target,
        request: &'a Request,
    ) -> Lower<'a> {
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let act = b.block_params(entry)[0];
        let frame = b.ins().load(
            types::I64,
            TRUSTED,
            act,
            offset_of!(Activation, frame) as i32,
        );
        let hands_off = trace.funcs.iter().any(|f| f.flags.gil);
        let current = offset_of!(Activation, handoff) + offset_of!(Handoff, current);
        let current = match hands_off {
            true => b.ins().load(types::I64, TRUSTED, act, current as i32),
            false => act,
        };
        let act_copy = hands_off.then(|| {
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3);
            let slot = b.create_sized_stack_slot(data);
            let place = b.ins().stack_addr(types::I64, slot, 0);
            b.ins().store(TRUSTED, act, place, 0);
            slot
        });
        let call_conv = b.func.signature.call_conv;
        let header = b.create_block();
        let exits = Exits::new(&mut b);
        let mut lower = Lower {
            b,
            trace,
            target,
            call_conv,
            defs: vec![Def::Undefined; trace.types.len()],
            not_null: vec![false; trace.types.len()],
            act,
            act_copy,
            current,
            frame,
            exits,
            asides: Asides::default(),
            start: header,
            header,
            part: Part::Before,
            done: 0,
            hoisted: HashSet::new(),
            inner: None,
            carried: Vec::new(),
            staying: HashSet::new(),
            branches: Branches::of(trace),
            path: None,
            request,
            lead: 0,
            params: Vec::new(),
            counter: Counter::Memory,
            calm: false,
            floats: HashMap::new(),
            position: None,
            during: None,
            python_ran: false,
            errno: Errno::Saved,
            header_errno: Errno::Saved,
            turns: Vec::new(),
            stubs: Stubs::default(),
            sites: Vec::new(),
            seconds: HashMap::new(),
            tuples: HashMap::new(),
            instances: HashMap::new(),
            shapes: Vec::new(),
            scratch: None,
            is_rare: false,
            rare_result: None,
        };
        lower.b.ins().jump(header, &[]);
        lower.b.switch_to_block(header);
        lower
    }

    fn finish(mut self, config: TargetFrontendConfig) -> Exits {
        self.b.seal_all_blocks();
        self.b.finalize(config);
        self.exits
    }

    fn trace(&mut self) -> Result<(), Abort> {
        let insts: &'a [Inst] = &self.trace.insts;
        match insts.split_last() {
            Some((last, rest)) if last.op.ends_path() && branches_follow_jumps(rest) => {}
            _ => return Err(refused("a path ends in a jump")),
        }
        for (at, inst) in insts.iter().enumerate() {
            if (at > self.done || at == 0) && !self.hoisted.contains(&at) {
                self.inst(at, inst)?;
            }
        }
        // The exits in front of the label know nothing of these.
        self.floats.clear();
        self.emit_exits()
    }

    fn inst(&mut self, at: usize, inst: &'a Inst) -> Result<(), Abort> {
        use Op::*;
        self.python_ran |= inst.op.effect() == Effect::RunsPython;
        self.mark(at);
        self.errno_before(inst);
        match inst.op {
            ConstInt | ConstFloat | ConstBool | ConstPtr | ConstObj => self.constant(inst),
            BoxInt | BoxUint | BoxFloat | BoxBool | BoxCData | BoxCInt | BoxCFloat | BoxStruct
            | BoxChar | BoxUChar | BoxAttr | BoxBuffer | BoxRange | BoxListIter | BoxTupleIter => {
                self.boxed(inst)
            }
            BoxTuple => self.tuple(inst),
            BoxInstance => self.instance(inst),
            LoadSlot | StoreSlot | InitSlot | ReplaceSlot | MoveSlot | SwapSlots | ClearSlot
            | ReleaseSlot | DropSlot => self.slot_op(at, inst),
            GuardTrue | GuardFalse | GuardType | GuardIs | GuardShared | GuardKept => {
                self.guard(at, inst)
            }
            Check => self.check(at, inst),
            UnboxInt | UnboxUint | UnboxBits | UnboxFloat | UnboxBool | UnboxChar | UnboxUChar => {
                self.unbox(at, inst)
            }
            LoadField | StoreField | FieldAddr | Same => self.object_op(inst),
            LoadItem | StoreItem | SwapItem | LoadAttr | StoreAttr | SwapAttr => self.item_op(inst),
            InstanceValues => self.instance_values(at, inst),
            Load | LoadWord | Store | LoadErrno | StoreErrno | UnboxCValue => self.memory_op(inst),
            IAdd | ISub | IMul | IAnd | IOr | IXor | IShl | IShr | IUshr | ISext | IZext
            | IFloorDiv | IMod => self.int_op(inst),
            IAddOvf | ISubOvf | IMulOvf => self.overflowing(at, inst),
            IEq | INe | ILt | ILe | IGt | IGe | IUlt | IUle => self.int_compare(inst),
            FAdd | FSub | FMul | FDiv | FNeg | FAbs | FSqrt | FEq | FNe | FLt | FLe | FGt | FGe => {
                self.float_op(inst)
            }
            IToF | UToF | FRound | FBits | FOfBits | F32OfBits | BNot | BAnd | BOr | BXor
            | BToI | PToI | IToP | PAdd => self.conversion(inst),
            FToI => self.truncation(at, inst),
            ISelect | FSelect => self.select(inst),
            CCall => self.ccall(at, inst),
            Second => self.second(inst),
            CallNew => self.call_new(at, inst),
            Call => self.call(inst),
            CallPy | CallPyBool => self.call_py(at, inst),
            // The optimiser has made loads from it something else.
            StructAddr => Err(malformed(inst)),
            Label => self.label(at, inst),
            Jump => self.jump(at, inst),
            Restart => {
                self.settle_errno(Errno::Saved);
                self.b.ins().jump(self.start, &[]);
                Ok(())
            }
            Leave => {
                let exit = self.exit(at, inst)?;
                self.b.ins().jump(exit, &[]);
                Ok(())
            }
            Branch => self.begin_branch(at, inst),
        }
    }

    /// What is emitted from here on belongs to an instruction of the trace, for those who look at the machine code.
    fn mark(&mut self, at: usize) {
        if self.request.marks {
            self.b.set_srcloc(ir::SourceLoc::new(at as u32));
        }
    }

    // ---- values ----

    fn constant(&mut self, inst: &Inst) -> Result<(), Abort> {
        let def = match (inst.op, inst.imm) {
            (Op::ConstInt | Op::ConstPtr, Imm::Int(n)) => Def::Int(n),
            (Op::ConstFloat, Imm::Float(x)) => Def::Float(x),
            (Op::ConstBool, Imm::Bool(x)) => Def::Bool(x),
            (Op::ConstObj, Imm::Obj(id)) => Def::Obj(id),
            _ => return Err(malformed(inst)),
        };
        self.define_as(inst, def)
    }

    fn define_as(&mut self, inst: &Inst, def: Def) -> Result<(), Abort> {
        let place = inst.result.and_then(|v| self.defs.get_mut(v.0 as usize));
        *place.ok_or_else(|| malformed(inst))? = def;
        Ok(())
    }

    /// Makes a native value the result of the instruction.
    fn define(&mut self, inst: &Inst, value: ir::Value) -> Result<(), Abort> {
        let ty = inst
            .result
            .and_then(|v| self.trace.types.get(v.0 as usize).copied());
        if ty.map(native_type) != Some(self.b.func.dfg.value_type(value)) {
            return Err(malformed(inst));
        }
        self.define_as(inst, Def::Native(value))
    }

    fn def(&self, v: Value) -> Result<Def, Abort> {
        match self.defs.get(v.0 as usize) {
            None | Some(Def::Undefined) => Err(refused(format!(
                "value {} is used before its definition",
                v.0
            ))),
            // Paths that branch from the preamble come by no place where it is stored.
            Some(&Def::Aside(_, native)) if self.part == Part::Before => Ok(Def::Native(native)),
            Some(&def) => Ok(def),
        }
    }

    /// The native value of a value, which is no box of its own (but may be `True` or `False`).
    fn native(&mut self, v: Value) -> Result<ir::Value, Abort> {
        // Paths that branch from the preamble come by no place where these are loaded.
        let floats = self.part != Part::Before;
        if let Some(&float) = self.floats.get(&v).filter(|_| floats) {
            return Ok(float);
        }
        let def = self.def(v)?;
        self.native_def(def)
    }

    fn native_def(&mut self, def: Def) -> Result<ir::Value, Abort> {
        Ok(match def {
            Def::Undefined => return Err(refused("an undefined value")),
            Def::Native(x) => x,
            Def::Aside(place, _) => self.word_aside(place),
            Def::Int(n) => self.int(n),
            Def::Float(x) => self.b.ins().f64const(x),
            Def::Bool(x) => self.b.ins().iconst(types::I8, x as i64),
            Def::Obj(id) => self.obj_addr(id)?,
            Def::Box(Boxed {
                op: Op::BoxBool,
                inner,
                ..
            }) => self.truth_object(inner)?,
            Def::Box(_) => return Err(refused("a box where an object must exist")),
        })
    }

    /// Argument `i` of an instruction, of this type.
    fn arg(&mut self, inst: &Inst, i: usize, ty: Type) -> Result<ir::Value, Abort> {
        let v = *inst.args.get(i).ok_or_else(|| malformed(inst))?;
        if self.trace.types.get(v.0 as usize) != Some(&ty) {
            return Err(malformed(inst));
        }
        self.native(v)
    }

    fn int(&mut self, n: i64) -> ir::Value {
        self.b.ins().iconst(types::I64, n)
    }

    /// A constant of the trace.
    fn obj_const(&self, id: ObjId) -> Result<&'a ObjConst, Abort> {
        self.trace
            .objs
            .get(id.0 as usize)
            .ok_or_else(|| refused("an unknown object constant"))
    }

    /// The address of an object constant.
    fn address(&self, id: ObjId) -> Result<u64, Abort> {
        let obj = self.obj_const(id)?;
        if obj.addr == 0 && obj.known != Some(Known::Null) {
            return Err(refused(format!(
                "@{} has no address in this process",
                obj.name
            )));
        }
        Ok(obj.addr)
    }

    fn obj_addr(&mut self, id: ObjId) -> Result<ir::Value, Abort> {
        let addr = self.address(id)?;
        Ok(self.int(addr as i64))
    }

    // ---- memory and control ----

    fn load(&mut self, ty: ir::Type, base: ir::Value, offset: i32) -> ir::Value {
        self.b.ins().load(ty, TRUSTED, base, offset)
    }

    fn store(&mut self, value: ir::Value, base: ir::Value, offset: i32) {
        self.b.ins().store(TRUSTED, value, base, offset);
    }

    fn cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Goes on in `then` when the condition holds; what follows is emitted for the other case.
    fn branch(&mut self, cond: ir::Value, then: Block) {
        let next = self.b.create_block();
        self.b.ins().brif(cond, then, &[], next, &[]);
        self.b.switch_to_block(next);
    }

    /// Goes on in `otherwise` unless the condition holds.
    fn branch_unless(&mut self, cond: ir::Value, otherwise: Block) {
        let next = self.b.create_block();
        self.b.ins().brif(cond, next, &[], otherwise, &[]);
        self.b.switch_to_block(next);
    }

    fn icmp_const(&mut self, cc: IntCC, x: ir::Value, n: i64) -> ir::Value {
        let ty = self.b.func.dfg.value_type(x);
        let n = self.b.ins().iconst(ty, n);
        self.b.ins().icmp(cc, x, n)
    }

    /// The address of scratch memory that no two uses need at once: the arguments of a helper
    /// and the result of a conversion.
    fn scratch(&mut self) -> ir::Value {
        let slot = match self.scratch {
            Some(slot) => slot,
            None => {
                let words = self.trace.insts.iter().filter(|i| {
                    let takes_memory = matches!(i.op, Op::BoxTuple | Op::BoxInstance);
                    i.op.effect() == Effect::RunsPython || takes_memory
                });
                let words = words.map(|i| i.args.len()).max().unwrap_or(0).max(2);
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * words as u32, 3);
                *self.scratch.insert(self.b.create_sized_stack_slot(data))
            }
        };
        self.b.ins().stack_addr(types::I64, slot, 0)
    }

    /// The address of memory for the result of a call that hardly ever comes.
    fn rare_result(&mut self) -> ir::Value {
        let slot = match self.rare_result {
            Some(slot) => slot,
            None => {
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3);
                *self
                    .rare_result
                    .insert(self.b.create_sized_stack_slot(data))
            }
        };
        self.b.ins().stack_addr(types::I64, slot, 0)
    }
}

/// Whether a jump comes in front of each branch, and nowhere else.
fn branches_follow_jumps(insts: &[Inst]) -> bool {
    let next = insts.iter().skip(1).map(|i| i.op == Op::Branch);
    let jumps = insts.iter().map(|i| i.op.ends_path());
    jumps.zip(next).all(|(jump, branch)| jump == branch)
        && insts.last().is_none_or(|i| !i.op.ends_path())
}

/// The abort for an instruction that is not as its row of the op table says.
fn malformed(inst: &Inst) -> Abort {
    refused(format!("a malformed `{}`", inst.op.mnemonic()))
}
