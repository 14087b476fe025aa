//! Compiled traces and the memory of their code.
//!
//! A trace becomes one function without relocations: whatever it refers to is an absolute
//! address. It has a JIT module of its own, whose pages are writable until they are complete and
//! executable from then on, and which go when the [`Compiled`] goes.

use crate::exit::{Activation, Exit, InstanceShape};
use crate::lower;
use crate::region::{self, Part, Region};
use crate::site::Site;
use crate::stub::Stubs;
use crate::target::Target;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CompiledCode, Context, ir};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use target_lexicon::{Architecture, OperatingSystem, Triple};
use traces::{Abort, Reason, Trace};

/// The type of a compiled trace: runs on a frame until it leaves, gives the index of its exit.
pub type Entry = unsafe extern "C" fn(*mut Activation) -> u32;

/// A compiled trace.
#[derive(Debug)]
pub struct Compiled {
    /// The machine code; valid as long as this value lives.
    ///
    /// The caller must hand over an activation whose frame fits the trace (its code object, its
    /// operand stack, its pc), with [`buf_len`](Self::buf_len) values behind it.
    pub entry: Entry,
    /// The exits; `entry` gives an index into them.
    pub exits: Vec<Exit>,
    /// The frame as it stands during foreign calls, indexed by `Activation::during - 1`.
    pub durings: Vec<Exit>,
    /// The calls without the GIL; the code has their addresses.
    pub sites: Box<[Box<Site>]>,
    /// How many values lie behind an activation of this code.
    pub buf_len: usize,
    /// The size of the machine code, in bytes.
    pub code_size: usize,
    /// From which byte of the machine code on it belongs to which instruction of the trace, or to none; in ascending order. Where
    /// asked for.
    pub marks: Vec<(u32, Option<u32>)>,
    /// The machine code as text, where asked for.
    pub asm: Option<String>,
    /// The code generator's own IR, where asked for.
    pub clif: Option<String>,
    /// What instances are made of that did not exist, in the order of the trace's table; the code has their addresses.
    pub shapes: Vec<InstanceShape>,
    /// The machine code for those who look from outside: the trace, and its stubs where it has some.
    pub regions: Vec<Region>,
    _memory: CodeMemory,
    _stubs: Stubs,
}

/// What is asked for besides the machine code of a trace.
#[derive(Default, Debug)]
pub struct Request {
    /// The machine code and Cranelift's IR as text.
    pub asm: bool,
    /// Which instruction of the trace each part of the machine code belongs to.
    pub marks: bool,
    /// By the origin of the guard that each begins at: the paths whose turns count for less than one on the root path
    /// (or for more), and by how much; the sum is [`Activation::shortfall`](crate::Activation).
    pub shortfalls: HashMap<u32, i64>,
    /// What to call the machine code. Cranelift tells perf by itself, in `/tmp/perf-PID.map`, where the environment is that
    /// of `perf record`.
    pub name: String,
    /// Never to give the memory of the code back: what a tool has a name for stays what lies there.
    pub stays: bool,
}

/// Compiles a trace.
///
/// # Errors
/// [`Reason::Codegen`] where the trace is malformed, names what has no address in this process,
/// or where the system gives no memory for code.
pub fn compile(trace: &Trace, target: &Target, request: &Request) -> Result<Compiled, Abort> {
    let isa = isa()?;
    let mut lowered = lower::lower(trace, target, request, isa.as_ref())?;
    let clif = request.asm.then(|| lowered.func.display().to_string());
    let mut context = Context::for_function(lowered.func);
    let mut memory = CodeMemory::new(isa.clone());
    let entry = memory.define(&mut context, &request.name)?;
    let code = context
        .compiled_code()
        .ok_or_else(|| refused("the code generator gave no code"))?;
    let mut regions = vec![Region::of(Part::Trace, entry as usize, code, isa.as_ref())];
    regions.extend(lowered.stubs.region());
    if request.stays {
        memory.stay();
        lowered.stubs.stay();
    }
    // SAFETY: the memory holds a complete function with exactly this signature and the C calling
    // convention of the host, and lives as long as the `Compiled` that holds both.
    let entry = unsafe { std::mem::transmute::<*const u8, Entry>(entry) };
    Ok(Compiled {
        entry,
        exits: lowered.exits,
        durings: lowered.durings,
        sites: lowered.sites,
        shapes: lowered.shapes,
        regions,
        buf_len: lowered.buf_len,
        code_size: code.buffer.data().len(),
        marks: if request.marks {
            marks(code)
        } else {
            Vec::new()
        },
        asm: request.asm.then(|| disassembly(isa.as_ref(), code)),
        clif,
        _memory: memory,
        _stubs: lowered.stubs,
    })
}

impl Compiled {
    /// The machine code, as it is run.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the memory of the function, which has so many bytes and lives as long as this value; nobody writes there.
        unsafe { std::slice::from_raw_parts(self.entry as *const u8, self.code_size) }
    }
}

/// Which instruction of the trace the parts of the machine code belong to.
fn marks(code: &CompiledCode) -> Vec<(u32, Option<u32>)> {
    let mut marks: Vec<(u32, Option<u32>)> = Vec::new();
    let mut end = 0;
    for part in code.buffer.get_srclocs_sorted() {
        let inst = (!part.loc.is_default()).then(|| part.loc.bits());
        if part.start > end && !marks.is_empty() {
            marks.push((end, None));
        }
        if marks.last().is_none_or(|last| last.1 != inst) {
            marks.push((part.start, inst));
        }
        end = part.end;
    }
    marks
}

/// The machine code as text, by basic blocks.
fn disassembly(isa: &dyn TargetIsa, code: &CompiledCode) -> String {
    let text = isa.to_capstone().map_err(|e| e.to_string());
    let text = text.and_then(|cs| code.disassemble(None, &cs).map_err(|e| e.to_string()));
    text.unwrap_or_else(|e| format!("; {e}\n"))
}

/// An abort of the code generator.
pub(crate) fn refused(detail: impl Into<String>) -> Abort {
    Abort::new(Reason::Codegen, detail)
}

/// The address of code for a function that is never freed: a trampoline.
pub(crate) fn permanent(func: ir::Function) -> Result<usize, Abort> {
    let isa = isa()?;
    let mut memory = CodeMemory::new(isa.clone());
    let mut context = Context::for_function(func);
    let address = memory.define(&mut context, region::TRAMPOLINE)? as usize;
    memory.stay();
    if let Some(code) = context.compiled_code() {
        let region = Region::of(Part::Trampoline, address, code, isa.as_ref());
        region::add_trampoline(region);
    }
    Ok(address)
}

/// The instruction set of this machine, detected once.
pub(crate) fn isa() -> Result<OwnedTargetIsa, Abort> {
    static ISA: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    ISA.get_or_init(detect).clone().map_err(refused)
}

fn detect() -> Result<OwnedTargetIsa, String> {
    let host = Triple::host();
    if (host.architecture, host.operating_system) != (Architecture::X86_64, OperatingSystem::Linux)
    {
        return Err(format!("native code for {host} is not supported"));
    }
    let mut flags = settings::builder();
    let verifier = if cfg!(debug_assertions) {
        "true"
    } else {
        "false"
    };
    for (name, value) in [
        ("opt_level", "speed"),
        ("is_pic", "false"),
        ("enable_verifier", verifier),
        ("enable_probestack", "false"),
        // For debuggers (`region.rs`). Nobody in the process is told.
        ("unwind_info", "true"),
        // So that the disassembly shows the targets of its jumps.
        ("machine_code_cfg_info", "true"),
    ] {
        flags.set(name, value).map_err(|e| e.to_string())?;
    }
    let builder = cranelift_native::builder()?;
    builder
        .finish(settings::Flags::new(flags))
        .map_err(|e| e.to_string())
}

/// The signature of a compiled trace.
pub(crate) fn signature(call_conv: cranelift_codegen::isa::CallConv) -> ir::Signature {
    let mut sig = ir::Signature::new(call_conv);
    sig.params.push(ir::AbiParam::new(ir::types::I64));
    sig.returns.push(ir::AbiParam::new(ir::types::I32));
    sig
}

/// The memory of one function's code.
struct CodeMemory(Option<JITModule>);

impl CodeMemory {
    fn new(isa: OwnedTargetIsa) -> CodeMemory {
        let builder = JITBuilder::with_isa(isa, cranelift_module::default_libcall_names());
        CodeMemory(Some(JITModule::new(builder)))
    }

    /// Compiles the function of a context and makes it executable; gives its address.
    fn define(&mut self, context: &mut Context, name: &str) -> Result<*const u8, Abort> {
        let module = self.0.as_mut().ok_or_else(|| refused("no module"))?;
        let error = |e: cranelift_module::ModuleError| refused(e.to_string());
        let id = module
            .declare_function(name, Linkage::Local, &context.func.signature)
            .map_err(error)?;
        // Where perf records, it writes a map of its own, and panics where it cannot.
        let define = AssertUnwindSafe(|| module.define_function(id, context).map_err(error));
        catch_unwind(define).map_err(|_| refused("the map for perf cannot be written"))??;
        module.finalize_definitions().map_err(error)?;
        Ok(module.get_finalized_function(id))
    }

    /// Never gives the memory back.
    fn stay(&mut self) {
        std::mem::forget(self.0.take());
    }
}

impl std::fmt::Debug for CodeMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeMemory")
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        if let Some(module) = self.0.take() {
            // SAFETY: the function is the only one of its module, and its owner goes now.
            unsafe { module.free_memory() };
        }
    }
}
