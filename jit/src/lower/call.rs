//! Calls of helpers and of functions of the runtime.

use super::{Def, Lower, malformed};
use crate::code::refused;
use crate::exit::Activation;
use crate::trampoline::Callee;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature, condcodes::IntCC, types};
use std::mem::offset_of;
use traces::{Abort, Helper, Imm, Inst, Op, Type};

impl<'a> Lower<'a> {
    /// Calls what lies at an address; gives its results.
    pub(super) fn call_address(
        &mut self,
        sig: Signature,
        callee: ir::Value,
        args: &[ir::Value],
    ) -> Vec<ir::Value> {
        let sig = self.b.import_signature(sig);
        let call = self.b.ins().call_indirect(sig, callee, args);
        self.b.inst_results(call).to_vec()
    }

    /// Calls a C function at a known address; its parameters have the types of the arguments.
    /// 8-bit ones are truth values.
    pub(super) fn runtime_call(
        &mut self,
        function: usize,
        args: &[ir::Value],
        ret: Option<ir::Type>,
    ) -> Result<Option<ir::Value>, Abort> {
        let param = |&arg: &ir::Value| {
            let param = AbiParam::new(self.b.func.dfg.value_type(arg));
            match param.value_type {
                types::I8 => param.uext(),
                _ => param,
            }
        };
        let callee = Callee {
            function,
            params: args.iter().map(param).collect(),
            ret,
        };
        self.sparing_errno(|l| {
            if l.is_rare {
                return l.rare_call(&callee, args);
            }
            if function == 0 {
                return Err(refused("a function of the runtime is missing"));
            }
            let sig = callee.signature(l.call_conv);
            let address = l.int(function as i64);
            Ok(l.call_address(sig, address, args).first().copied())
        })
    }

    /// Calls a C function without clobbering a register.
    fn rare_call(
        &mut self,
        callee: &Callee,
        args: &[ir::Value],
    ) -> Result<Option<ir::Value>, Abort> {
        let mut args = args.to_vec();
        let result = callee.ret.map(|ty| (ty, self.rare_result()));
        args.extend(result.map(|(_, place)| place));
        let address = self.int(callee.preserving()? as i64);
        self.call_address(callee.preserving_signature(), address, &args);
        Ok(result.map(|(ty, place)| self.load(ty, place, 0)))
    }

    /// What this emits hardly ever runs: its calls clobber no register.
    pub(super) fn rarely<T>(&mut self, emit: impl FnOnce(&mut Self) -> T) -> T {
        let was = std::mem::replace(&mut self.is_rare, true);
        let result = emit(self);
        self.is_rare = was;
        result
    }

    pub(super) fn set_during(&mut self, during: i64) {
        if self.during != Some(during) {
            let value = self.int(during);
            self.store(value, self.act, offset_of!(Activation, during) as i32);
            self.during = Some(during);
        }
    }

    // ---- helpers ----

    fn helper_address(&self, helper: Helper) -> usize {
        self.target.helpers[helper as usize]
    }

    /// The arguments of a helper, and the objects among them that boxes became for it alone.
    fn helper_args(
        &mut self,
        inst: &Inst,
        helper: Helper,
    ) -> Result<(Vec<ir::Value>, Vec<ir::Value>), Abort> {
        let mut args = Vec::with_capacity(inst.args.len());
        let mut temporary: Vec<(traces::Value, ir::Value)> = Vec::new();
        for (i, &ty) in helper.args().iter().enumerate() {
            let arg = inst.args[i];
            let value = match self.def(arg)? {
                Def::Box(boxed) if boxed.op != Op::BoxBool => {
                    match temporary.iter().find(|(made, _)| *made == arg) {
                        Some(&(_, object)) => object,
                        None => {
                            let object = self.owned(arg)?;
                            temporary.push((arg, object));
                            object
                        }
                    }
                }
                _ => self.arg(inst, i, ty)?,
            };
            args.push(value);
        }
        Ok((args, temporary.into_iter().map(|t| t.1).collect()))
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
        let (args, temporary) = self.helper_args(inst, helper)?;
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

    /// A helper that makes an object.
    pub(super) fn call_new(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let Imm::HelperSlot(helper, slot) = inst.imm else {
            return Err(malformed(inst));
        };
        if inst.args.len() != helper.args().len() {
            return Err(malformed(inst));
        }
        let exit = self.exit(at, inst)?;
        let (args, temporary) = self.helper_args(inst, helper)?;
        let function = self.helper_address(helper);
        let object = match helper {
            Helper::RangeIterNew => self.range_iter(function, &args)?,
            _ => self.runtime_call(function, &args, Some(types::I64))?,
        };
        let object = object.ok_or_else(|| malformed(inst))?;
        for object in temporary {
            self.decref(object)?;
        }
        self.branch_unless(object, exit);
        self.store_result(slot, object, inst)?;
        inst.result.into_iter().for_each(|v| self.is_not_null(v));
        self.define(inst, object)
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
        let args = [argv, argc, extra];
        let result = match self.is_inside(inst) {
            true => self.call_inside(at, inst, helper, args)?,
            false => self.runtime_call(self.helper_address(helper), &args, Some(ret))?,
        };
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

    /// Whether an op is part of a call, whose frame need not exist.
    fn is_inside(&self, inst: &Inst) -> bool {
        let snap = inst.snap.and_then(|s| self.trace.snaps.get(s.0 as usize));
        snap.is_some_and(|snap| snap.frames.len() > 1)
    }

    /// Calls a helper in the middle of calls that are part of the trace, whose frames stand meanwhile. All that a local
    /// holds is in its slot already.
    fn call_inside(
        &mut self,
        at: usize,
        inst: &Inst,
        helper: Helper,
        args: [ir::Value; 3],
    ) -> Result<Option<ir::Value>, Abort> {
        let snap = inst.snap.ok_or_else(|| malformed(inst))?;
        let (record, words) = self.during_record(at, snap, Vec::new())?;
        if !words.is_empty() {
            return Err(refused("a store that waits while Python code runs"));
        }
        let record = self.int(record as i64);
        let f = self.int(self.helper_address(helper) as i64);
        let [argv, argc, extra] = args;
        let args = [self.act, record, f, argv, argc, extra];
        let given =
            self.runtime_call(self.target.functions.call_inside, &args, Some(types::I64))?;
        Ok(given.map(|given| match inst.op {
            Op::CallPyBool => self.b.ins().ireduce(types::I32, given),
            _ => given,
        }))
    }
}
