//! The reference evaluator: runs a trace, as recorded or optimised, on a fake frame and a fake
//! heap, without Python and without machine code.
//!
//! It says what a trace *means*, slowly and plainly: a box op makes an object, a guard looks at
//! one, a snapshot is applied to the frame when the trace leaves through it. What machine code
//! would get wrong in silence (a dead object that is used, a reference dropped twice, an index out
//! of range) ends the run with a [`Fault`].
//!
//! | file | idea |
//! | --- | --- |
//! | [`heap`] | objects with reference counts, their fields |
//! | `arith` | ops on numbers |
//! | [`helpers`] | helpers that only compute |
//! | `step` | ops on slots, objects and memory; guards |
//! | `memory` | C memory |
//! | `call` | foreign functions, helpers that run Python code |
//! | `exit` | the frame behind an exit |
//! | [`scene`] | worlds as text |
//! | [`runs`] | runs as text, behind a trace |
//! | [`library`] | functions for runs |

mod arith;
mod call;
mod exit;
pub mod heap;
pub mod helpers;
pub mod library;
mod memory;
pub mod runs;
pub mod scene;
mod step;

pub use heap::{Datum, Heap, Kind, ObjRef, Object};
pub use memory::Memory;

use crate::op::Op;
use crate::trace::{ObjId, Resume, SnapId, Trace, Value};
use crate::{FuncDecl, Helper};
use std::collections::BTreeMap;

/// A foreign function: its arguments, of the widths that its declaration says, give its result: nothing, a
/// scalar, or two eightbytes. A block of memory is as many integers as it takes words of the stack.
pub type Function = Box<dyn FnMut(&mut Memory, &[Datum]) -> Vec<Datum>>;

/// A helper that may run Python code: the leading integer (0 where there is none) and the objects.
pub type PyHelper = Box<dyn FnMut(&mut Heap, i64, &[ObjRef]) -> Result<Reply, String>>;

/// What a helper that may run Python code gives.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Reply {
    /// A new reference: an object that the helper made, or took a reference to.
    Obj(ObjRef),
    /// A truth value.
    Bool(bool),
    /// It raised.
    Raised,
}

/// What a trace runs on.
#[derive(Default)]
pub struct World {
    /// The objects.
    pub heap: Heap,
    /// The slots of the frame. It grows as the operand stack does.
    pub frame: Vec<ObjRef>,
    /// The module-level variables that are slots of the trace, by slot.
    pub variables: BTreeMap<u16, ObjRef>,
    /// The object constants of traces that the IR does not know, by name. One that is missing is
    /// made at its first use.
    pub objects: BTreeMap<String, ObjRef>,
    /// The foreign functions, by name.
    pub functions: BTreeMap<String, Function>,
    /// The helpers that may run Python code.
    pub helpers: BTreeMap<&'static str, PyHelper>,
    /// What cffi keeps as `errno`. Each function of its discipline counts it up.
    pub errno: i32,
    /// After how many calls of foreign functions `check` leaves; 0: the first one does.
    pub attention: Option<u64>,
    /// What happened, in order: calls with their arguments, results, and the frame as a callee
    /// sees it; deaths that can be noticed.
    pub log: Vec<String>,
    /// How many foreign functions have been called.
    pub calls: u64,
}

impl World {
    /// A world without functions and with an empty frame.
    pub fn new() -> World {
        World::default()
    }

    /// Registers a foreign function.
    pub fn function(&mut self, name: &str, mut f: impl FnMut(&[Datum]) -> Option<Datum> + 'static) {
        self.function_on_memory(name, move |_, args| f(args).into_iter().collect());
    }

    /// Registers a foreign function that may give two eightbytes, and read and write memory.
    pub fn function_on_memory(
        &mut self,
        name: &str,
        f: impl FnMut(&mut Memory, &[Datum]) -> Vec<Datum> + 'static,
    ) {
        self.functions.insert(name.to_string(), Box::new(f));
    }

    /// Registers a helper that may run Python code.
    pub fn helper(
        &mut self,
        helper: Helper,
        f: impl FnMut(&mut Heap, i64, &[ObjRef]) -> Result<Reply, String> + 'static,
    ) {
        self.helpers.insert(helper.name(), Box::new(f));
    }

    /// Puts an object in a slot, which takes a reference.
    pub fn set_slot(&mut self, slot: u16, object: ObjRef) {
        self.heap.incref(object);
        let slot = usize::from(slot);
        if self.frame.len() <= slot {
            self.frame.resize(slot + 1, ObjRef::NULL);
        }
        if let Some(place) = self.frame.get_mut(slot) {
            *place = object;
        }
    }

    /// What the memory of a slot holds.
    pub fn slot(&self, slot: u16) -> ObjRef {
        self.frame
            .get(usize::from(slot))
            .copied()
            .unwrap_or(ObjRef::NULL)
    }
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The snapshot that the trace left through; `None`: the bound on iterations was reached.
    pub exit: Option<SnapId>,
    /// The instruction that left.
    pub at: usize,
    /// How the interpreter goes on.
    pub resume: Option<Resume>,
    /// Byte offset of the bytecode at which it does, innermost frame.
    pub pc: u32,
    /// Depth of the operand stack, outermost frame. The world's frame is rebuilt: its locals, and
    /// its stack up to this depth.
    pub depth: u16,
    /// How often a jump was taken.
    pub iterations: u64,
}

/// What a trace must never do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("instruction {at}, `{text}`: {what}")]
pub struct Fault {
    /// The index of the instruction.
    pub at: usize,
    /// The instruction in the text format.
    pub text: String,
    /// What went wrong.
    pub what: String,
}

/// Runs a trace until it leaves, or its jumps have been taken `max_iterations` times.
///
/// The trace should be one that [`verify`](crate::verify()) accepts; another one ends in a fault.
///
/// # Errors
/// What no trace may do, or what this world has no function for.
pub fn run(trace: &Trace, world: &mut World, max_iterations: u64) -> Result<Outcome, Fault> {
    let mut eval = Eval {
        trace,
        world,
        values: vec![None; trace.types.len()],
        seconds: BTreeMap::new(),
        iterations: 0,
    };
    let header = trace.insts.iter().position(|inst| inst.op == Op::Label);
    let branches = trace.branches();
    let mut at = 0;
    let mut restarts = 0;
    loop {
        let fault = |what: String| Fault {
            at,
            text: trace
                .insts
                .get(at)
                .map(|inst| trace.inst_text(inst))
                .unwrap_or_default(),
            what,
        };
        let inst = trace
            .insts
            .get(at)
            .ok_or_else(|| fault("the trace has no end".to_string()))?;
        match eval.step(inst).map_err(fault)? {
            Flow::Next => at += 1,
            Flow::Leave(snap) => match branches.get(&snap) {
                Some(&branch) => at = branch + 1,
                None => return eval.leave(at, snap).map_err(fault),
            },
            Flow::Jump(_) | Flow::Restart if eval.iterations + restarts >= max_iterations => {
                return Ok(eval.out_of_time(at));
            }
            Flow::Restart => {
                restarts += 1;
                at = 0;
            }
            Flow::Jump(passed) => {
                eval.iterations += 1;
                at = match header {
                    Some(header) => {
                        let params = trace.insts.get(header).map_or(&[][..], |l| &l.params);
                        for (&param, datum) in params.iter().zip(passed) {
                            eval.define(param, datum).map_err(fault)?;
                        }
                        header + 1
                    }
                    None => 0,
                };
            }
        }
    }
}

/// Where execution goes on.
enum Flow {
    Next,
    /// At the header, with these parameters.
    Jump(Vec<Datum>),
    /// At the start.
    Restart,
    /// In the interpreter.
    Leave(SnapId),
}

/// A run.
struct Eval<'a> {
    trace: &'a Trace,
    world: &'a mut World,
    values: Vec<Option<Datum>>,
    /// The second eightbytes of results, by the value of the first.
    seconds: BTreeMap<Value, Datum>,
    iterations: u64,
}

impl Eval<'_> {
    fn datum(&self, value: Value) -> Result<Datum, String> {
        self.values
            .get(value.0 as usize)
            .copied()
            .flatten()
            .ok_or_else(|| format!("{value} has no value yet"))
    }

    fn object(&self, value: Value) -> Result<ObjRef, String> {
        match self.datum(value)? {
            Datum::Obj(object) => Ok(object),
            other => Err(format!("{value} is {other:?}, no object")),
        }
    }

    fn define(&mut self, value: Value, datum: Datum) -> Result<(), String> {
        let expected = self.trace.types.get(value.0 as usize);
        if expected != Some(&datum.ty()) {
            return Err(format!("{value} is given {datum:?}"));
        }
        if let Some(place) = self.values.get_mut(value.0 as usize) {
            *place = Some(datum);
        }
        Ok(())
    }

    /// The object of a constant.
    fn constant(&mut self, id: ObjId) -> Result<ObjRef, String> {
        let object = self
            .trace
            .objs
            .get(id.0 as usize)
            .ok_or("an unknown object constant")?;
        if let Some(known) = object.known {
            return Ok(self.world.heap.known(known));
        }
        Ok(scene::named(self.world, &object.name))
    }

    /// The function of a declaration.
    fn function(&self, id: crate::FuncId) -> Result<&FuncDecl, String> {
        let found = self.trace.funcs.get(id.0 as usize);
        found.ok_or_else(|| "an unknown function".to_string())
    }
}
