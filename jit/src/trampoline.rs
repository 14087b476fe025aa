//! Calls that clobber no register, for slow paths that hardly ever run.
//!
//! A call splits the life of every value that lives across it, and the register allocator then moves
//! such values to and from the stack on the hot path too. So a slow path calls a trampoline of a
//! convention under which the callee saves everything.

use crate::code::{self, refused};
use cranelift_codegen::ir::{
    AbiParam, Function, InstBuilder, MemFlagsData, Signature, Type, UserFuncName, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use traces::Abort;

/// A C function, as the compiler calls it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Callee {
    pub(crate) function: usize,
    pub(crate) params: Vec<AbiParam>,
    pub(crate) ret: Option<Type>,
}

impl Callee {
    /// The signature of the function.
    pub(crate) fn signature(&self, convention: CallConv) -> Signature {
        let mut sig = Signature::new(convention);
        sig.params.clone_from(&self.params);
        sig.returns.extend(self.ret.map(AbiParam::new));
        sig
    }

    /// The signature of its trampoline, which has a further argument: where the result goes, as a word.
    pub(crate) fn preserving_signature(&self) -> Signature {
        // The convention allows no results.
        let mut sig = Signature::new(CallConv::PreserveAll);
        sig.params.clone_from(&self.params);
        sig.params
            .extend(self.ret.map(|_| AbiParam::new(types::I64)));
        sig
    }

    /// The address of its trampoline. It is never freed: there is one for each function of the runtime.
    pub(crate) fn preserving(&self) -> Result<usize, Abort> {
        static MADE: Mutex<Option<HashMap<Callee, usize>>> = Mutex::new(None);
        if self.function == 0 {
            return Err(refused("a function of the runtime is missing"));
        }
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.get_or_insert_default();
        if let Some(&trampoline) = made.get(self) {
            return Ok(trampoline);
        }
        let trampoline = code::permanent(self.build()?)?;
        made.insert(self.clone(), trampoline);
        Ok(trampoline)
    }

    fn build(&self) -> Result<Function, Abort> {
        let mut func =
            Function::with_name_signature(UserFuncName::default(), self.preserving_signature());
        let mut context = FunctionBuilderContext::new();
        let mut b = FunctionBuilder::new(&mut func, &mut context);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let mut args = b.block_params(entry).to_vec();
        let place = self.ret.and_then(|_| args.pop());
        let sig = b.import_signature(self.signature(CallConv::SystemV));
        let callee = b.ins().iconst(types::I64, self.function as i64);
        let call = b.ins().call_indirect(sig, callee, &args);
        let result = b.inst_results(call).first().copied();
        if let (Some(result), Some(place)) = (result, place) {
            let result = match self.ret {
                Some(ty) if ty.is_int() && ty.bits() < 64 => b.ins().uextend(types::I64, result),
                _ => result,
            };
            b.ins().store(MemFlagsData::trusted(), result, place, 0);
        }
        b.ins().return_(&[]);
        b.seal_all_blocks();
        b.finalize(code::isa()?.frontend_config());
        Ok(func)
    }
}
