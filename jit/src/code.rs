//! Compiled traces and the memory of their code.
//!
//! A trace becomes one function without relocations: whatever it refers to is an absolute
//! address. So its bytes are copied into pages of their own, which are writable until they are
//! complete and executable from then on, and which go when the [`Compiled`] goes.

use crate::exit::{Activation, Exit};
use crate::lower;
use crate::target::Target;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CompiledCode, Context, ir};
use std::sync::OnceLock;
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
    /// How many values lie behind an activation of this code.
    pub buf_len: usize,
    /// The size of the machine code, in bytes.
    pub code_size: usize,
    /// The machine code as text, where asked for.
    pub asm: Option<String>,
    /// The code generator's own IR, where asked for.
    pub clif: Option<String>,
    _memory: CodeMemory,
}

/// Compiles a trace; `want_asm` asks for the machine code and Cranelift's IR as text too.
///
/// # Errors
/// [`Reason::Codegen`] where the trace is malformed, names what has no address in this process,
/// or where the system gives no memory for code.
pub fn compile(trace: &Trace, target: &Target, want_asm: bool) -> Result<Compiled, Abort> {
    let isa = isa()?;
    let lowered = lower::lower(trace, target, isa.as_ref())?;
    let clif = want_asm.then(|| lowered.func.display().to_string());
    let mut context = Context::for_function(lowered.func);
    let code = context
        .compile(isa.as_ref(), &mut ControlPlane::default())
        .map_err(|e| refused(format!("{:?}", e.inner)))?;
    if !code.buffer.relocs().is_empty() {
        return Err(refused("the code needs relocations"));
    }
    let memory = CodeMemory::new(code.buffer.data())?;
    // SAFETY: the memory holds a complete function with exactly this signature and the C calling
    // convention of the host, and lives as long as the `Compiled` that holds both.
    let entry = unsafe { std::mem::transmute::<*const u8, Entry>(memory.start()) };
    Ok(Compiled {
        entry,
        exits: lowered.exits,
        durings: lowered.durings,
        buf_len: lowered.buf_len,
        code_size: code.buffer.data().len(),
        asm: want_asm.then(|| disassembly(isa.as_ref(), code)),
        clif,
        _memory: memory,
    })
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

/// The instruction set of this machine, detected once.
fn isa() -> Result<OwnedTargetIsa, Abort> {
    static ISA: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    ISA.get_or_init(detect).clone().map_err(refused)
}

fn detect() -> Result<OwnedTargetIsa, String> {
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
        ("unwind_info", "false"),
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

/// Pages that hold code: first written, then made executable, never both.
#[derive(Debug)]
struct CodeMemory {
    start: *mut libc::c_void,
    len: usize,
}

// SAFETY: the pages are never written after construction and are unmapped only by the owner.
unsafe impl Send for CodeMemory {}
// SAFETY: as above; sharing gives only read access.
unsafe impl Sync for CodeMemory {}

impl CodeMemory {
    fn new(code: &[u8]) -> Result<CodeMemory, Abort> {
        let len = code.len().max(1);
        // SAFETY: a fresh private mapping touches no existing memory.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(refused("no memory for code"));
        }
        let memory = CodeMemory { start, len };
        // SAFETY: the mapping is writable, at least `code.len()` bytes long and not yet shared.
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), start.cast::<u8>(), code.len()) };
        // SAFETY: start and length are those of the mapping above, which nobody else uses.
        if unsafe { libc::mprotect(start, len, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
            return Err(refused("the system forbids executable memory"));
        }
        Ok(memory)
    }

    fn start(&self) -> *const u8 {
        self.start.cast::<u8>()
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        // SAFETY: start and length are those of the mapping, and its owner goes now.
        unsafe { libc::munmap(self.start, self.len) };
    }
}
