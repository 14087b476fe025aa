//! Instances of classes in Python that need not exist.

use super::exits::{Word, Words, repr_of};
use super::{Boxed, Def, Lower, malformed};
use crate::code::refused;
use crate::exit::{InstanceAttr, InstanceShape, Repr, Source};
use cranelift_codegen::ir::{self, InstBuilder, types};
use traces::{Abort, Imm, Inst, Kept, ShapeId, Type, Value};

impl<'a> Lower<'a> {
    /// Notes the numbers of an instance.
    pub(super) fn instance(&mut self, inst: &'a Inst) -> Result<(), Abort> {
        let result = inst.result.ok_or_else(|| malformed(inst))?;
        let Imm::Shape(shape) = inst.imm else {
            return Err(malformed(inst));
        };
        for &number in &inst.args {
            if self.trace.types.get(number.0 as usize) == Some(&Type::Obj) {
                return Err(malformed(inst));
            }
            self.def(number)?;
        }
        if self.shapes.is_empty() {
            self.shapes = self.resolved()?;
        }
        self.instances.insert(result, (shape, &inst.args));
        self.define_as(inst, Def::Box(Boxed::itself(inst.op, result)))
    }

    /// The shapes of the trace in addresses.
    fn resolved(&self) -> Result<Vec<InstanceShape>, Abort> {
        let shapes = self.trace.shapes.iter().map(|shape| {
            let attrs = shape.attrs.iter().map(|attr| {
                let kept = match attr.kept {
                    Kept::Number(op) => InstanceAttr::Number(repr_of(op, None)?),
                    Kept::Const(id) => InstanceAttr::Const(self.address(id)?),
                };
                Ok((self.address(attr.name)?, kept))
            });
            Ok(InstanceShape {
                class: self.address(shape.class)?,
                attrs: attrs.collect::<Result<_, Abort>>()?,
            })
        });
        shapes.collect()
    }

    fn numbers(&self, instance: Value) -> Result<(ShapeId, &'a [Value]), Abort> {
        let found = self.instances.get(&instance).copied();
        found.ok_or_else(|| refused("an instance without a shape"))
    }

    /// A new reference to a new instance.
    pub(super) fn owned_instance(&mut self, instance: Value) -> Result<ir::Value, Abort> {
        let (shape, numbers) = self.numbers(instance)?;
        let words = self.scratch();
        for (n, &number) in numbers.iter().enumerate() {
            let word = self.native(number)?;
            let word = match self.b.func.dfg.value_type(word) {
                types::I8 => self.b.ins().uextend(types::I64, word),
                _ => word,
            };
            self.store(word, words, 8 * n as i32);
        }
        let shape = self.shapes.get(usize::from(shape.0));
        let shape = shape.ok_or_else(|| refused("an unknown shape"))?;
        // They keep their places, which nothing is added to, for as long as the code that is made.
        let shape = std::ptr::from_ref::<InstanceShape>(shape) as i64;
        let shape = self.int(shape);
        let function = self.target.functions.new_instance;
        let made = self.runtime_call(function, &[shape, words], Some(types::I64))?;
        made.ok_or_else(|| refused("an instance that is not made"))
    }

    /// Where the rebuilder finds the numbers of an instance.
    pub(super) fn instance_source(
        &self,
        instance: Value,
        words: &mut Words,
    ) -> Result<Source, Abort> {
        let (shape, numbers) = self.numbers(instance)?;
        let mut all = self.words_of(numbers)?;
        if all.is_empty() {
            // Where it has none, a word tells it from others.
            let (value, def) = (instance, Def::Int(0));
            all.push(Word { value, def });
        }
        let index = words.add(all)?;
        Ok(Source::Buf(index, Repr::Instance(shape)))
    }
}
