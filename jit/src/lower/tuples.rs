//! Tuples that need not exist.

use super::exits::Words;
use super::{Boxed, Def, Lower, malformed};
use crate::code::refused;
use crate::exit::Source;
use cranelift_codegen::ir::{self, types};
use traces::{Abort, Helper, Inst, Type, Value};

impl<'a> Lower<'a> {
    /// Notes the items of a tuple.
    pub(super) fn tuple(&mut self, inst: &'a Inst) -> Result<(), Abort> {
        let result = inst.result.ok_or_else(|| malformed(inst))?;
        for &item in &inst.args {
            if self.trace.types.get(item.0 as usize) != Some(&Type::Obj) {
                return Err(malformed(inst));
            }
            self.def(item)?;
        }
        self.tuples.insert(result, &inst.args);
        self.define_as(inst, Def::Box(Boxed::itself(inst.op, result)))
    }

    fn items(&self, tuple: Value) -> Result<&'a [Value], Abort> {
        let items = self.tuples.get(&tuple).copied();
        items.ok_or_else(|| refused("a tuple without items"))
    }

    /// A new reference to a new tuple, with references of its own. One box that it has twice is one object.
    pub(super) fn owned_tuple(&mut self, tuple: Value) -> Result<ir::Value, Abort> {
        let items = self.items(tuple)?;
        let mut objects: Vec<ir::Value> = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate() {
            let twin = items.iter().take(n).position(|other| other == item);
            objects.push(match twin.and_then(|n| objects.get(n).copied()) {
                Some(object) => {
                    self.incref(object);
                    object
                }
                None => self.owned(*item)?,
            });
        }
        let argv = self.scratch();
        for (i, &object) in objects.iter().enumerate() {
            self.store(object, argv, 8 * i as i32);
        }
        let (argc, none) = (self.int(objects.len() as i64), self.int(0));
        let function = self.target.helpers[Helper::PyBuildTuple as usize];
        let made = self.runtime_call(function, &[argv, argc, none], Some(types::I64))?;
        made.ok_or_else(|| refused("a tuple that is not made"))
    }

    /// Where the rebuilder finds the items of a tuple.
    pub(super) fn tuple_source(&self, tuple: Value, words: &mut Words) -> Result<Source, Abort> {
        let mut items = Vec::new();
        for &item in self.items(tuple)? {
            items.push(self.source_of(item, words)?);
        }
        let index = u16::try_from(words.tuples.len());
        let index = index.map_err(|_| refused("a snapshot of too many tuples"))?;
        words.tuples.push(items);
        Ok(Source::Tuple(index))
    }
}
