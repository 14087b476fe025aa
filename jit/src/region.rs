//! Pieces of machine code, as tools that look at the process from outside must know them: where they
//! lie, and how to unwind through them.
//!
//! No unwinder inside the process is ever told: see "Entering, polling, leaving" in ARCHITECTURE.md.

use crate::code::{isa, refused};
use cranelift_codegen::CompiledCode;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::{UnwindInfo, systemv};
use gimli::write::{Address, EhFrame, EndianVec, FrameDescriptionEntry, FrameTable};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use traces::Abort;

/// What a piece of machine code is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A trace.
    Trace,
    /// The stubs of a trace, see `stub.rs`.
    Stubs,
    /// A trampoline, see `trampoline.rs`; it is never freed.
    Trampoline,
}

/// From a byte of a piece of machine code on: the line of a program that it belongs to.
#[derive(Clone, Debug)]
pub struct Line {
    /// The byte, from the start of the piece.
    pub at: u32,
    /// The file.
    pub file: Rc<str>,
    /// The number of the line.
    pub line: u32,
}

/// A piece of machine code.
#[derive(Clone, Debug)]
pub struct Region {
    /// What it is.
    pub part: Part,
    /// Its address.
    pub start: usize,
    /// Its size in bytes.
    pub len: usize,
    /// The lines that it belongs to, in ascending order of their bytes, where whoever compiled it knows them.
    pub lines: Vec<Line>,
    /// How it saves registers; `None` where it moves no stack pointer.
    frame: Option<systemv::UnwindInfo>,
}

impl Region {
    /// The code of a function, at the address where it lies.
    pub(crate) fn of(part: Part, start: usize, code: &CompiledCode, isa: &dyn TargetIsa) -> Region {
        // What cannot be described is left to the tool's own guesses.
        let frame = match code.create_unwind_info(isa) {
            Ok(Some(UnwindInfo::SystemV(frame))) => Some(frame),
            _ => None,
        };
        Region {
            part,
            start,
            len: code.buffer.data().len(),
            lines: Vec::new(),
            frame,
        }
    }

    /// Code that leaves the stack as it is.
    pub(crate) fn frameless(part: Part, start: usize, len: usize) -> Region {
        Region {
            part,
            start,
            len,
            lines: Vec::new(),
            frame: None,
        }
    }

    /// How to unwind through it, as the contents of a section `.eh_frame`, with absolute addresses.
    ///
    /// # Errors
    /// [`Reason::Codegen`](traces::Reason::Codegen) where there is no code for this machine.
    pub fn eh_frame(&self) -> Result<Vec<u8>, Abort> {
        let isa = isa()?;
        let cie = isa.create_systemv_cie();
        let cie = cie.ok_or_else(|| refused("no unwind tables for this machine"))?;
        let mut table = FrameTable::default();
        let cie = table.add_cie(cie);
        let start = Address::Constant(self.start as u64);
        let entry = match &self.frame {
            Some(frame) => frame.to_fde(start),
            None => {
                let len = u32::try_from(self.len).map_err(|e| refused(e.to_string()))?;
                FrameDescriptionEntry::new(start, len)
            }
        };
        table.add_fde(cie, entry);
        let mut section = EhFrame(EndianVec::new(gimli::LittleEndian));
        table
            .write_eh_frame(&mut section)
            .map_err(|e| refused(e.to_string()))?;
        Ok(section.0.into_vec())
    }

    /// The machine code.
    ///
    /// # Safety
    /// It has not been freed.
    pub unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: the caller's promise; code is not written any more once there is a region of it.
        unsafe { std::slice::from_raw_parts(self.start as *const u8, self.len) }
    }
}

/// What trampolines are called.
pub const TRAMPOLINE: &str = "hardwire:trampoline";

/// Where trampolines lie, and how they save registers.
static TRAMPOLINES: Mutex<Vec<(usize, usize, Option<systemv::UnwindInfo>)>> =
    Mutex::new(Vec::new());

/// The trampolines made so far, but for the first ones.
pub fn trampolines(known: usize) -> Vec<Region> {
    let all = TRAMPOLINES.lock().unwrap_or_else(PoisonError::into_inner);
    let new = all.get(known..).unwrap_or_default().iter().cloned();
    let region = |(start, len, frame)| Region {
        part: Part::Trampoline,
        start,
        len,
        lines: Vec::new(),
        frame,
    };
    new.map(region).collect()
}

/// A trampoline was made.
pub(crate) fn add_trampoline(region: Region) {
    let mut all = TRAMPOLINES.lock().unwrap_or_else(PoisonError::into_inner);
    all.push((region.start, region.len, region.frame));
}
