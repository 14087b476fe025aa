//! Calls that clobber no register, for slow paths that hardly ever run.
//!
//! A call splits the life of every value that lives across it, and the register allocator then moves
//! such values to and from the stack on the hot path too. So a slow path calls a trampoline of a
//! convention under which the callee saves everything.

use crate::code::{self, refused};
use cranelift_codegen::ir::{
    AbiParam, Function, InstBuilder, MemFlagsData, Signature, UserFuncName, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use traces::Abort;

/// The signature of a trampoline: `fn(obj, out: *mut [i64; 2])`.
pub(crate) fn signature() -> Signature {
    // The convention allows no results.
    let mut sig = Signature::new(CallConv::PreserveAll);
    sig.params.extend([AbiParam::new(types::I64); 2]);
    sig
}

/// The address of the trampoline of a function `fn(obj, out: *mut i64) -> i32`, whose result it puts
/// behind what the function stores. It is never freed: there is one for each function of the runtime.
pub(crate) fn preserving(function: usize) -> Result<usize, Abort> {
    static MADE: Mutex<Option<HashMap<usize, usize>>> = Mutex::new(None);
    if function == 0 {
        return Err(refused("a function of the runtime is missing"));
    }
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default();
    if let Some(&trampoline) = made.get(&function) {
        return Ok(trampoline);
    }
    let trampoline = code::permanent(build(function)?)?;
    made.insert(function, trampoline);
    Ok(trampoline)
}

fn build(function: usize) -> Result<Function, Abort> {
    let mut func = Function::with_name_signature(UserFuncName::default(), signature());
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut func, &mut context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let args = b.block_params(entry).to_vec();
    let mut sig = Signature::new(CallConv::SystemV);
    sig.params.extend([AbiParam::new(types::I64); 2]);
    sig.returns.push(AbiParam::new(types::I32));
    let sig = b.import_signature(sig);
    let callee = b.ins().iconst(types::I64, function as i64);
    let call = b.ins().call_indirect(sig, callee, &args);
    let result = b.inst_results(call).first().copied();
    let (Some(result), Some(&out)) = (result, args.get(1)) else {
        return Err(refused("a malformed trampoline"));
    };
    let result = b.ins().uextend(types::I64, result);
    b.ins().store(MemFlagsData::trusted(), result, out, 8);
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(code::isa()?.frontend_config());
    Ok(func)
}
