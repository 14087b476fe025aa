//! Calls: foreign functions, helpers, and functions of the runtime.

use super::{Def, Lower, malformed};
use crate::code::refused;
use crate::exit::Activation;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature, condcodes::IntCC, types};
use std::mem::offset_of;
use traces::{Abort, CType, FuncDecl, Helper, Imm, Inst, Op, Type};

impl<'a> Lower<'a> {
    fn call_address(
        &mut self,
        sig: Signature,
        callee: ir::Value,
        args: &[ir::Value],
    ) -> Option<ir::Value> {
        let sig = self.b.import_signature(sig);
        let call = self.b.ins().call_indirect(sig, callee, args);
        self.b.inst_results(call).first().copied()
    }

    /// Calls a C function at a known address; its parameters have the types of the arguments.
    /// 8-bit ones are truth values.
    pub(super) fn runtime_call(
        &mut self,
        function: usize,
        args: &[ir::Value],
        ret: Option<ir::Type>,
    ) -> Result<Option<ir::Value>, Abort> {
        if function == 0 {
            return Err(refused("a function of the runtime is missing"));
        }
        let mut sig = Signature::new(self.call_conv);
        for &arg in args {
            let param = AbiParam::new(self.b.func.dfg.value_type(arg));
            sig.params.push(if param.value_type == types::I8 {
                param.uext()
            } else {
                param
            });
        }
        sig.returns.extend(ret.map(AbiParam::new));
        let callee = self.int(function as i64);
        Ok(self.call_address(sig, callee, args))
    }

    pub(super) fn set_during(&mut self, during: i64) {
        if self.during != Some(during) {
            let value = self.int(during);
            self.store(value, self.act, offset_of!(Activation, during) as i32);
            self.during = Some(during);
        }
    }

    // ---- foreign functions ----

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
        let (callee, args) = self.foreign_args(inst, decl)?;
        self.stand_at(at)?;
        let (index, words) = self.during_record(at, snap)?;
        self.store_words(&words)?;
        self.set_during(index as i64 + 1);

        let functions = self.target.functions;
        let mut saved = None;
        if decl.flags.gil {
            saved = self.runtime_call(functions.save_thread, &[], Some(types::I64))?;
        }
        if decl.flags.errno {
            self.copy_errno(
                offset_of!(Activation, saved_errno),
                offset_of!(Activation, errno),
            );
        }
        let result = self.call_address(self.foreign_signature(decl), callee, &args);
        if decl.flags.errno {
            self.copy_errno(
                offset_of!(Activation, errno),
                offset_of!(Activation, saved_errno),
            );
        }
        if let Some(thread) = saved {
            self.runtime_call(functions.restore_thread, &[thread], None)?;
        }
        self.reload_floats(&words);
        match result {
            Some(result) => {
                let value = self.foreign_result(result, decl.ret);
                self.define(inst, value)
            }
            None => Ok(()),
        }
    }

    /// What cffi's `restore_errno` and `save_errno` do (c/misc_thread_common.h).
    fn copy_errno(&mut self, from: usize, to: usize) {
        let from = self.load(types::I64, self.act, from as i32);
        let errno = self.load(types::I32, from, 0);
        let to = self.load(types::I64, self.act, to as i32);
        self.store(errno, to, 0);
    }

    /// The address to call and the arguments in the form that the ABI passes.
    fn foreign_args(
        &mut self,
        inst: &Inst,
        decl: &FuncDecl,
    ) -> Result<(ir::Value, Vec<ir::Value>), Abort> {
        let (callee, first) = match decl.addr {
            Some(0) => {
                return Err(refused(format!(
                    "@{} has no address in this process",
                    decl.name
                )));
            }
            Some(addr) => {
                let is_vector = |p: &&CType| matches!(p, CType::F32 | CType::F64);
                let callee = match decl.params.iter().filter(is_vector).count() {
                    0 => addr,
                    _ if !decl.flags.vectors => addr,
                    vectors => self.stubs.of(addr, vectors)? as u64,
                };
                (self.int(callee as i64), 0)
            }
            None if decl.flags.vectors && decl.params.iter().any(|p| p.ty() == Type::F64) => {
                return Err(refused(
                    "floats to a variadic function whose address varies",
                ));
            }
            None => (self.arg(inst, 0, Type::Ptr)?, 1),
        };
        if inst.args.len() != first + decl.params.len() {
            return Err(malformed(inst));
        }
        let mut args = Vec::with_capacity(decl.params.len());
        for (i, &ty) in decl.params.iter().enumerate() {
            let value = self.arg(inst, first + i, ty.ty())?;
            args.push(match ty {
                CType::Void => return Err(malformed(inst)),
                CType::F32 => self.b.ins().fdemote(types::F32, value),
                CType::I8 | CType::U8 => self.b.ins().ireduce(types::I8, value),
                CType::I16 | CType::U16 => self.b.ins().ireduce(types::I16, value),
                // The upper half of the register of a 32-bit argument means nothing to C, but a function
                // that was declared with another type than it has sees what libffi puts there.
                CType::I32 => {
                    let low = self.b.ins().ireduce(types::I32, value);
                    self.b.ins().sextend(types::I64, low)
                }
                CType::U32 => {
                    let low = self.b.ins().ireduce(types::I32, value);
                    self.b.ins().uextend(types::I64, low)
                }
                _ => value,
            });
        }
        Ok((callee, args))
    }

    fn foreign_signature(&self, decl: &FuncDecl) -> Signature {
        let mut sig = Signature::new(self.call_conv);
        for &ty in &decl.params {
            sig.params.push(match ty {
                CType::F32 => AbiParam::new(types::F32),
                CType::F64 => AbiParam::new(types::F64),
                // Compilers rely on the caller to extend what is narrower than an int.
                CType::I8 => AbiParam::new(types::I8).sext(),
                CType::I16 => AbiParam::new(types::I16).sext(),
                CType::Bool | CType::U8 => AbiParam::new(types::I8).uext(),
                CType::U16 => AbiParam::new(types::I16).uext(),
                _ => AbiParam::new(types::I64),
            });
        }
        let ret = match decl.ret {
            CType::Void => None,
            CType::F32 => Some(types::F32),
            CType::F64 => Some(types::F64),
            CType::Bool | CType::I8 | CType::U8 => Some(types::I8),
            CType::I16 | CType::U16 => Some(types::I16),
            CType::I32 | CType::U32 => Some(types::I32),
            CType::I64 | CType::U64 | CType::Ptr => Some(types::I64),
        };
        sig.returns.extend(ret.map(AbiParam::new));
        sig
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

    // ---- helpers ----

    fn helper_address(&self, helper: Helper) -> usize {
        self.target.helpers[helper as usize]
    }

    /// A helper that does not raise. A box among its arguments lives as long as the call.
    pub(super) fn call(&mut self, inst: &Inst) -> Result<(), Abort> {
        let Imm::Helper(helper) = inst.imm else {
            return Err(malformed(inst));
        };
        if inst.args.len() != helper.args().len() || helper.variadic() {
            return Err(malformed(inst));
        }
        if let (Helper::ErrOccurred, Some(offset)) = (helper, self.target.thread_exception) {
            let at = offset_of!(Activation, thread) as i32;
            let thread = self.load(types::I64, self.act, at);
            let exception = self.load(types::I64, thread, offset);
            let raised = self.icmp_const(IntCC::NotEqual, exception, 0);
            return self.define(inst, raised);
        }
        let mut args = Vec::with_capacity(inst.args.len());
        let mut temporary = Vec::new();
        for (i, &ty) in helper.args().iter().enumerate() {
            let value = match self.def(inst.args[i])? {
                Def::Box(boxed) if boxed.op != Op::BoxBool => {
                    let object = self.owned(inst.args[i])?;
                    temporary.push(object);
                    object
                }
                _ => self.arg(inst, i, ty)?,
            };
            args.push(value);
        }
        let ret = helper.ret().map(super::native_type);
        let result = self.runtime_call(self.helper_address(helper), &args, ret)?;
        for object in temporary {
            self.decref(object)?;
        }
        match result {
            // C promises 0 or 1 in the low byte.
            Some(result) => self.define(inst, result),
            None => Ok(()),
        }
    }

    /// A helper that may run Python: its arguments are owned references in an array, which it
    /// consumes.
    pub(super) fn call_py(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let helper = match inst.imm {
            Imm::HelperSlot(helper, _) | Imm::Helper(helper) => helper,
            _ => return Err(malformed(inst)),
        };
        let leading = usize::from(helper.args().first() == Some(&Type::I64));
        let objects = inst.args.get(leading..).ok_or_else(|| malformed(inst))?;
        let fixed = helper.args().len() - leading;
        if objects.len() < fixed || (objects.len() > fixed && !helper.variadic()) {
            return Err(malformed(inst));
        }
        let exit = self.exit(at, inst)?;
        let mut owned = Vec::with_capacity(objects.len());
        for &object in objects {
            if self.trace.types.get(object.0 as usize) != Some(&Type::Obj) {
                return Err(malformed(inst));
            }
            owned.push(self.owned(object)?);
        }
        let argv = self.scratch();
        for (i, &object) in owned.iter().enumerate() {
            self.store(object, argv, 8 * i as i32);
        }
        let argc = self.int(owned.len() as i64);
        let extra = if leading == 1 {
            self.arg(inst, 0, Type::I64)?
        } else {
            self.int(0)
        };
        self.stand_at(at)?;
        self.set_during(0);
        let ret = if inst.op == Op::CallPy {
            types::I64
        } else {
            types::I32
        };
        let result =
            self.runtime_call(self.helper_address(helper), &[argv, argc, extra], Some(ret))?;
        let result = result.ok_or_else(|| malformed(inst))?;
        match (inst.op, inst.imm) {
            (Op::CallPy, Imm::HelperSlot(_, slot)) => {
                self.branch_unless(result, exit);
                self.store_result(slot, result, inst)?;
                inst.result.into_iter().for_each(|v| self.is_not_null(v));
                self.define(inst, result)
            }
            (Op::CallPyBool, Imm::Helper(_)) => {
                let raised = self.icmp_const(IntCC::SignedLessThan, result, 0);
                self.branch(raised, exit);
                let truth = self.icmp_const(IntCC::NotEqual, result, 0);
                self.define(inst, truth)
            }
            _ => Err(malformed(inst)),
        }
    }
}
