//! Calls of foreign functions, by the System V AMD64 ABI, 3.2.3 and 3.5.7.
//!
//! The code generator gives out registers and the stack in the order of a signature's parameters, class by
//! class, and knows no structs. So the arguments that have registers come first, and then the words of the
//! stack in their order; where such a word stands though an integer register is left, the registers
//! that are left are filled with zeros, which no callee looks at.

use super::errno::Errno;
use super::{Lower, malformed};
use crate::code::refused;
use crate::exit::Activation;
use crate::site::{Handoff, Site};
use crate::stub::Goal;
use cranelift_codegen::ir::{
    self, AbiParam, Block, InstBuilder, Signature, condcodes::IntCC, types,
};
use std::mem::offset_of;
use traces::{Abort, CType, FuncDecl, Imm, Inst, Passed, Type};

/// How many registers carry arguments, by class: integers and addresses, floats.
const REGISTERS: [usize; 2] = [6, 8];

/// An argument in the form that the ABI passes.
type Argument = (AbiParam, ir::Value);

/// The arguments of a call.
#[derive(Default)]
struct Arguments {
    /// Those that have a register, in their order.
    registers: Vec<Argument>,
    /// The words of the stack, the lowest first.
    stack: Vec<Argument>,
    /// How many registers are used, by class.
    used: [usize; 2],
}

impl Arguments {
    /// Adds a scalar: in a register where one is left.
    fn scalar(&mut self, argument: Argument) {
        let class = usize::from(argument.0.value_type.is_float());
        if self.used[class] < REGISTERS[class] {
            self.used[class] += 1;
            self.registers.push(argument);
        } else {
            self.stack.push(argument);
        }
    }
}

impl Lower<'_> {
    pub(super) fn ccall(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let Imm::Func(id) = inst.imm else {
            return Err(malformed(inst));
        };
        let decl = self
            .trace
            .funcs
            .get(id.0 as usize)
            .ok_or_else(|| malformed(inst))?;
        let snap = inst.snap.ok_or_else(|| malformed(inst))?;
        let args = self.foreign_args(inst, decl)?;
        let (callee, sig, args) = self.foreign_callee(inst, decl, args)?;
        self.stand_at(at)?;
        let mut site = None;
        let words;
        if decl.flags.leaf {
            // Nobody looks at the frame meanwhile.
            words = self.floats_listed(at, snap)?;
            self.store_words(&words)?;
        } else {
            let kept = match decl.flags.short {
                true => self.keep_alive(inst)?,
                false => Vec::new(),
            };
            let (index, record) = self.during_record(at, snap, kept.clone())?;
            words = record;
            self.store_words(&words)?;
            let during = index as i64 + 1;
            match decl.flags.gil {
                true => site = Some((self.site(during as u64, decl, kept), during)),
                false => self.set_during(during),
            }
        }
        site.map_or(Ok(()), |(site, during)| self.hand_off(site, during))?;
        if decl.flags.errno {
            self.settle_errno(Errno::Live);
        }
        let results = self.call_address(sig, callee, &args);
        // At once: else both forms of it would have to be kept.
        let result = results.first();
        let result = result.map(|&result| self.foreign_result(result, decl.ret));
        site.map_or(Ok(()), |(site, _)| self.take_back(site))?;
        self.reload_floats(&words);
        if let (Some(value), Some(&second)) = (inst.result, results.get(1)) {
            self.seconds.insert(value, second);
        }
        result.map_or(Ok(()), |result| self.define(inst, result))
    }

    /// The address of a new site.
    fn site(&mut self, during: u64, decl: &FuncDecl, kept: Vec<u16>) -> i64 {
        let live = self.errno == Errno::Live;
        let site = Box::new(Site::new(decl, during, live, kept));
        let address = std::ptr::from_ref(&*site) as i64;
        self.sites.push(site);
        address
    }

    /// Gives the GIL up, or says that it may be taken (see `site.rs`).
    fn hand_off(&mut self, site: i64, during: i64) -> Result<(), Abort> {
        let address = self.int(site);
        let plain = self.load(types::I32, address, offset_of!(Site, plain) as i32);
        let (release, behind) = (self.cold_block(), self.b.create_block());
        self.branch(plain, release);
        let none = self.int(0);
        self.store(none, self.current, 0);
        let inside = self.int(during);
        self.store(inside, self.act, self.handoff(offset_of!(Handoff, inside)));
        self.b.ins().jump(behind, &[]);
        self.slow_way((release, behind), self.target.functions.release, site)
    }

    /// Makes sure of the GIL behind the call.
    fn take_back(&mut self, site: i64) -> Result<(), Abort> {
        let none = self.int(0);
        self.store(none, self.act, self.handoff(offset_of!(Handoff, inside)));
        let stolen = self.handoff(offset_of!(Handoff, stolen));
        let stolen = self.load(types::I64, self.act, stolen);
        let (come_back, behind) = (self.cold_block(), self.b.create_block());
        self.branch(stolen, come_back);
        let thread = self.load(types::I64, self.act, offset_of!(Activation, thread) as i32);
        self.store(thread, self.current, 0);
        self.b.ins().jump(behind, &[]);
        self.slow_way((come_back, behind), self.target.functions.come_back, site)
    }

    /// Goes on behind a block in which the runtime sees to the GIL.
    fn slow_way(
        &mut self,
        (slow, behind): (Block, Block),
        function: usize,
        site: i64,
    ) -> Result<(), Abort> {
        self.b.switch_to_block(slow);
        let args = [self.cold_act(), self.int(site)];
        self.keeping_errno(|l| l.rarely(|l| l.runtime_call(function, &args, None)))?;
        self.b.ins().jump(behind, &[]);
        self.b.switch_to_block(behind);
        Ok(())
    }

    /// The address of the activation, for a slow path.
    fn cold_act(&mut self) -> ir::Value {
        match self.act_copy {
            Some(slot) => {
                let place = self.b.ins().stack_addr(types::I64, slot, 0);
                self.load(types::I64, place, 0)
            }
            None => self.act,
        }
    }

    /// The offset of a word about the GIL in an activation.
    fn handoff(&self, word: usize) -> i32 {
        (offset_of!(Activation, handoff) + word) as i32
    }

    /// The second eightbyte of the result of the foreign call that gave the operand.
    pub(super) fn second(&mut self, inst: &Inst) -> Result<(), Abort> {
        let call = inst.args.first().ok_or_else(|| malformed(inst))?;
        let second = self.seconds.get(call).copied();
        self.define(inst, second.ok_or_else(|| malformed(inst))?)
    }

    /// The arguments in the form that the ABI passes.
    fn foreign_args(&mut self, inst: &Inst, decl: &FuncDecl) -> Result<Arguments, Abort> {
        let first = usize::from(decl.addr.is_none());
        if inst.args.len() != first + decl.params.len() {
            return Err(malformed(inst));
        }
        let mut arguments = Arguments::default();
        for (i, &passed) in (first..).zip(&decl.params) {
            let value = self.arg(inst, i, passed.ty())?;
            match passed {
                Passed::Scalar(ty) => arguments.scalar(self.foreign_arg(inst, value, ty)?),
                Passed::Word => arguments.stack.push((AbiParam::new(types::I64), value)),
                Passed::Block(bytes) => {
                    for at in (0..bytes).step_by(8) {
                        let word = self.block_word(value, at as i32, bytes - at);
                        arguments.stack.push((AbiParam::new(types::I64), word));
                    }
                }
            }
        }
        Ok(arguments)
    }

    fn foreign_arg(&mut self, inst: &Inst, value: ir::Value, ty: CType) -> Result<Argument, Abort> {
        let ins = self.b.ins();
        Ok(match ty {
            CType::Void => return Err(malformed(inst)),
            CType::F32 => (AbiParam::new(types::F32), ins.fdemote(types::F32, value)),
            CType::F64 => (AbiParam::new(types::F64), value),
            // Compilers rely on the caller to extend what is narrower than an int.
            CType::I8 => (
                AbiParam::new(types::I8).sext(),
                ins.ireduce(types::I8, value),
            ),
            CType::U8 => (
                AbiParam::new(types::I8).uext(),
                ins.ireduce(types::I8, value),
            ),
            CType::I16 => (
                AbiParam::new(types::I16).sext(),
                ins.ireduce(types::I16, value),
            ),
            CType::U16 => (
                AbiParam::new(types::I16).uext(),
                ins.ireduce(types::I16, value),
            ),
            CType::Bool => (AbiParam::new(types::I8).uext(), value),
            // The upper half of the register of a 32-bit argument means nothing to C, but a function
            // that was declared with another type than it has sees what libffi puts there.
            CType::I32 => {
                let low = ins.ireduce(types::I32, value);
                let value = self.b.ins().sextend(types::I64, low);
                (AbiParam::new(types::I64), value)
            }
            CType::U32 => {
                let low = ins.ireduce(types::I32, value);
                let value = self.b.ins().uextend(types::I64, low);
                (AbiParam::new(types::I64), value)
            }
            CType::I64 | CType::U64 | CType::Ptr => (AbiParam::new(types::I64), value),
        })
    }

    /// The address to call, the signature of the call and the arguments in its order.
    ///
    /// The floats of a function that may be variadic are counted by a stub in front of it. Where its address
    /// varies, the stub is handed the address as one more argument behind the last.
    fn foreign_callee(
        &mut self,
        inst: &Inst,
        decl: &FuncDecl,
        mut arguments: Arguments,
    ) -> Result<(ir::Value, Signature, Vec<ir::Value>), Abort> {
        let flags = decl.flags;
        // How many vector registers the function is told of; nothing where none is in use and nobody asks.
        let vectors = match arguments.used[1] {
            0 if !flags.variadic => None,
            used if flags.vectors || flags.variadic => Some(used),
            _ => None,
        };
        let callee = match decl.addr {
            Some(0) => {
                return Err(refused(format!(
                    "@{} has no address in this process",
                    decl.name
                )));
            }
            Some(addr) => match vectors {
                None => self.int(addr as i64),
                Some(vectors) => {
                    let stub = self.stubs.of(Goal::Function(addr), vectors)?;
                    self.int(stub as i64)
                }
            },
            None => {
                let callee = self.arg(inst, 0, Type::Ptr)?;
                if let Some(vectors) = vectors {
                    let goal = if arguments.used[0] < REGISTERS[0] {
                        Goal::Register(arguments.used[0])
                    } else {
                        Goal::Stack(arguments.stack.len())
                    };
                    arguments.scalar((AbiParam::new(types::I64), callee));
                    let stub = self.stubs.of(goal, vectors)?;
                    self.int(stub as i64)
                } else {
                    callee
                }
            }
        };
        if decl.params.iter().any(|p| p.words() > 0) {
            for _ in arguments.used[0]..REGISTERS[0] {
                let zero = self.int(0);
                arguments.scalar((AbiParam::new(types::I64), zero));
            }
        }
        let mut sig = Signature::new(self.call_conv);
        let mut args = Vec::new();
        for (param, value) in arguments.registers.into_iter().chain(arguments.stack) {
            sig.params.push(param);
            args.push(value);
        }
        let returns = [Some(decl.ret), decl.second];
        let returns = returns.into_iter().flatten().filter_map(return_type);
        sig.returns.extend(returns.map(AbiParam::new));
        Ok((callee, sig, args))
    }

    /// The eightbyte at a distance from an address, of whose bytes this many may be read.
    fn block_word(&mut self, base: ir::Value, at: i32, bytes: u32) -> ir::Value {
        if bytes >= 8 {
            return self.load_c(CType::I64, base, at);
        }
        let mut word = None;
        let mut done = 0;
        for (ty, width) in [(CType::U32, 4), (CType::U16, 2), (CType::U8, 1)] {
            if bytes & width == 0 {
                continue;
            }
            let part = self.load_c(ty, base, at + done);
            word = Some(match word {
                None => part,
                Some(word) => {
                    let shift = self.int(8 * i64::from(done));
                    let part = self.b.ins().ishl(part, shift);
                    self.b.ins().bor(word, part)
                }
            });
            done += width as i32;
        }
        match word {
            Some(word) => word,
            None => self.int(0),
        }
    }

    fn foreign_result(&mut self, result: ir::Value, ty: CType) -> ir::Value {
        match ty {
            CType::F32 => self.b.ins().fpromote(types::F64, result),
            CType::Bool => self.icmp_const(IntCC::NotEqual, result, 0),
            CType::I8 | CType::I16 | CType::I32 => self.b.ins().sextend(types::I64, result),
            CType::U8 | CType::U16 | CType::U32 => self.b.ins().uextend(types::I64, result),
            _ => result,
        }
    }
}

fn return_type(ty: CType) -> Option<ir::Type> {
    Some(match ty {
        CType::Void => return None,
        CType::F32 => types::F32,
        CType::F64 => types::F64,
        CType::Bool | CType::I8 | CType::U8 => types::I8,
        CType::I16 | CType::U16 => types::I16,
        CType::I32 | CType::U32 => types::I32,
        CType::I64 | CType::U64 | CType::Ptr => types::I64,
    })
}
