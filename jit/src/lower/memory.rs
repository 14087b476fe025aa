//! C memory, and the `errno` that cffi keeps.

use super::{Def, Lower, malformed};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, condcodes::IntCC, types};
use traces::{Abort, CType, Field, Imm, Inst, Op, Type};

/// C memory may be unaligned; what is there and what is not, is the program's business.
const C_MEMORY: MemFlagsData = MemFlagsData::new().with_notrap();

impl Lower<'_> {
    pub(super) fn memory_op(&mut self, inst: &Inst) -> Result<(), Abort> {
        match (inst.op, inst.imm) {
            (Op::Load, Imm::Place(ty, distance)) => {
                let base = self.arg(inst, 0, Type::Ptr)?;
                let value = self.load_c(ty, base, distance);
                self.define(inst, value)
            }
            (Op::LoadWord, _) => {
                let base = self.arg(inst, 0, Type::Ptr)?;
                let word = self.load(types::I64, base, 0);
                self.define(inst, word)
            }
            (Op::Store, Imm::Place(ty, distance)) => {
                let base = self.arg(inst, 0, Type::Ptr)?;
                let value = self.arg(inst, 1, ty.ty())?;
                self.store_c(ty, value, base, distance);
                Ok(())
            }
            (Op::UnboxCValue, Imm::Place(ty, _)) => {
                let boxed = inst.args.first().map(|&v| self.def(v)).transpose()?;
                if let Some(Def::Box(boxed)) = boxed {
                    // The optimiser removes these; a trace that was not optimised has them.
                    let inner = self.def(boxed.inner)?;
                    return self.define_as(inst, inner);
                }
                let object = self.arg(inst, 0, Type::Obj)?;
                let place = self.load(types::I64, object, self.field_offset(Field::CDataPtr));
                let value = self.load_c(ty, place, 0);
                self.define(inst, value)
            }
            (Op::LoadErrno, _) => {
                let place = self.errno_place();
                let errno = self.load(types::I32, place, 0);
                let errno = self.b.ins().sextend(types::I64, errno);
                self.define(inst, errno)
            }
            (Op::StoreErrno, _) => {
                let errno = self.arg(inst, 0, Type::I64)?;
                let errno = self.b.ins().ireduce(types::I32, errno);
                let place = self.errno_place();
                self.store(errno, place, 0);
                Ok(())
            }
            _ => Err(malformed(inst)),
        }
    }

    pub(super) fn load_c(&mut self, ty: CType, base: ir::Value, at: i32) -> ir::Value {
        let ins = self.b.ins();
        match ty {
            CType::I8 => ins.sload8(types::I64, C_MEMORY, base, at),
            CType::U8 => ins.uload8(types::I64, C_MEMORY, base, at),
            CType::I16 => ins.sload16(types::I64, C_MEMORY, base, at),
            CType::U16 => ins.uload16(types::I64, C_MEMORY, base, at),
            CType::I32 => ins.sload32(C_MEMORY, base, at),
            CType::U32 => ins.uload32(C_MEMORY, base, at),
            CType::F64 => ins.load(types::F64, C_MEMORY, base, at),
            CType::F32 => {
                let value = ins.load(types::F32, C_MEMORY, base, at);
                self.b.ins().fpromote(types::F64, value)
            }
            CType::Bool => {
                let value = ins.load(types::I8, C_MEMORY, base, at);
                self.icmp_const(IntCC::NotEqual, value, 0)
            }
            CType::Void | CType::I64 | CType::U64 | CType::Ptr => {
                ins.load(types::I64, C_MEMORY, base, at)
            }
        }
    }

    fn store_c(&mut self, ty: CType, value: ir::Value, base: ir::Value, at: i32) {
        match ty {
            CType::I8 | CType::U8 => {
                self.b.ins().istore8(C_MEMORY, value, base, at);
            }
            CType::I16 | CType::U16 => {
                self.b.ins().istore16(C_MEMORY, value, base, at);
            }
            CType::I32 | CType::U32 => {
                self.b.ins().istore32(C_MEMORY, value, base, at);
            }
            CType::F32 => {
                let value = self.b.ins().fdemote(types::F32, value);
                self.b.ins().store(C_MEMORY, value, base, at);
            }
            _ => {
                self.b.ins().store(C_MEMORY, value, base, at);
            }
        }
    }
}
