//! Machine code for debuggers: each piece as an object file in memory, with a symbol and the table to unwind by, in the
//! list that gdb and lldb look for (gdb manual, "JIT Compilation Interface").
//!
//! The unwinder of the process never sees these tables, which it must not: see "Entering, polling, leaving" in
//! ARCHITECTURE.md.

use crate::code::refused;
use crate::dwarf;
use crate::region::Region;
use object::elf;
use object::write::elf::{FileHeader, SectionHeader, Sym, Writer};
use std::cell::UnsafeCell;
use std::sync::{Mutex, PoisonError};
use traces::Abort;

/// An object file in the list; `jit_code_entry` of the interface.
#[repr(C)]
struct Link {
    next: *mut Link,
    previous: *mut Link,
    file: *const u8,
    file_size: u64,
}

/// The list, and what is being done to it; `jit_descriptor` of the interface.
#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Link,
    first: *mut Link,
}

const NOTHING: u32 = 0;
const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

/// A descriptor that whoever holds [`LOCK`] writes, and a debugger reads.
#[repr(transparent)]
pub struct Shared(UnsafeCell<Descriptor>);
// SAFETY: this process touches the descriptor with `LOCK` held only.
unsafe impl Sync for Shared {}

static LOCK: Mutex<()> = Mutex::new(());

/// The list, where a debugger looks for it.
#[unsafe(no_mangle)]
pub static __jit_debug_descriptor: Shared = Shared(UnsafeCell::new(Descriptor {
    version: 1,
    action: NOTHING,
    relevant: std::ptr::null_mut(),
    first: std::ptr::null_mut(),
}));

/// Where a debugger stops the process to look at the list: it does nothing.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn __jit_debug_register_code() {
    // A call of a function without any effect would be left out.
    std::hint::black_box(&__jit_debug_descriptor);
}

/// A piece of machine code that debuggers know; they forget it when this value goes, which must be before the code does.
#[derive(Debug)]
pub struct Known {
    link: *mut Link,
    /// The object file, to which the link points.
    _file: Vec<u8>,
}

/// Has debuggers know a piece of machine code by a name.
///
/// # Errors
/// [`Reason::Codegen`](traces::Reason::Codegen) where its object file cannot be made.
pub fn register(name: &str, region: &Region) -> Result<Known, Abort> {
    let file = object_file(name, region)?;
    let link = Box::into_raw(Box::new(Link {
        next: std::ptr::null_mut(),
        previous: std::ptr::null_mut(),
        file: file.as_ptr(),
        file_size: file.len() as u64,
    }));
    let _lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let descriptor = __jit_debug_descriptor.0.get();
    // SAFETY: with the lock held nobody else touches the list, whose links are alive.
    unsafe {
        (*link).next = (*descriptor).first;
        if let Some(next) = (*link).next.as_mut() {
            next.previous = link;
        }
        (*descriptor).first = link;
        tell(REGISTER, link);
    }
    Ok(Known { link, _file: file })
}

/// Has a debugger look at the list.
///
/// # Safety
/// The lock is held.
unsafe fn tell(action: u32, link: *mut Link) {
    let descriptor = __jit_debug_descriptor.0.get();
    // SAFETY: the caller's promise.
    unsafe {
        (*descriptor).action = action;
        (*descriptor).relevant = link;
        __jit_debug_register_code();
        (*descriptor).action = NOTHING;
        (*descriptor).relevant = std::ptr::null_mut();
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let _lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        let descriptor = __jit_debug_descriptor.0.get();
        // SAFETY: with the lock held nobody else touches the list, whose links are alive; this one is in it.
        unsafe {
            let Link { next, previous, .. } = *self.link;
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => (*descriptor).first = next,
            }
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
            tell(UNREGISTER, self.link);
            drop(Box::from_raw(self.link));
        }
    }
}

/// The number of the section of the code in the object file: the first one behind the empty one.
const TEXT: u32 = 1;

/// The object file of a piece of code: a section where the code lies, without its contents; a symbol; the table to
/// unwind by; its lines where they are known.
fn object_file(name: &str, region: &Region) -> Result<Vec<u8>, Abort> {
    let failed = |e: object::write::Error| refused(e.to_string());
    let mut sections = vec![(".eh_frame", region.eh_frame()?)];
    sections.extend(dwarf::sections(name, region).map_err(|e| refused(e.to_string()))?);
    let mut file = Vec::new();
    let mut header = Vec::new();
    let mut w = Writer::new_single_phase(object::Endianness::Little, true, &mut file);
    w.write_file_header(&FileHeader {
        os_abi: elf::ELFOSABI_NONE,
        abi_version: 0,
        e_type: elf::ET_EXEC,
        e_machine: elf::EM_X86_64,
        e_entry: 0,
        e_flags: Default::default(),
    })
    .map_err(failed)?;
    let text_name = w.add_section_name(b".text");
    let symbol_name = w.add_string(name.as_bytes());
    let mut lie_at = Vec::new();
    for (name, contents) in &sections {
        let name = w.add_section_name(name.as_bytes());
        lie_at.push((name, w.write_align(8), contents.len()));
        w.write(contents);
    }
    w.write_null_symbol();
    w.write_symbol(&Sym {
        section: Some(TEXT),
        st_name: w.string_offset(Some(symbol_name)),
        st_info: elf::SymbolInfo::new(elf::STB_GLOBAL, elf::STT_FUNC),
        st_other: Default::default(),
        st_shndx: Default::default(),
        st_value: region.start as u64,
        st_size: region.len as u64,
    });
    w.write_strtab().map_err(failed)?;
    w.write_shstrtab().map_err(failed)?;

    w.write_null_section_header();
    let text = SectionHeader {
        sh_name: w.section_name_offset(Some(text_name)),
        sh_type: elf::SHT_NOBITS,
        sh_flags: elf::SHF_ALLOC | elf::SHF_EXECINSTR,
        sh_addr: region.start as u64,
        sh_offset: 0,
        sh_size: region.len as u64,
        sh_link: 0,
        sh_info: 0,
        sh_addralign: 1,
        sh_entsize: 0,
    };
    w.write_section_header(&text);
    for (name, offset, len) in lie_at {
        w.write_section_header(&SectionHeader {
            sh_name: w.section_name_offset(Some(name)),
            sh_type: elf::SHT_PROGBITS,
            sh_flags: Default::default(),
            sh_addr: 0,
            sh_offset: offset,
            sh_size: len as u64,
            ..text
        });
    }
    w.write_strtab_section_header();
    // It names the section of its strings. No symbol is a local one but the empty one.
    w.write_symtab_section_header(1);
    w.write_shstrtab_section_header();
    // Only now it is known where the headers of the sections lie.
    w.write_file_header_to(&mut header).map_err(failed)?;
    drop(w);
    let start = file.get_mut(..header.len());
    let start = start.ok_or_else(|| refused("no object file"))?;
    start.copy_from_slice(&header);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Part;

    /// The files in the list, as a debugger finds them.
    fn listed() -> Vec<Vec<u8>> {
        let _lock = LOCK.lock().unwrap();
        let mut files = Vec::new();
        // SAFETY: with the lock held, links and files are alive.
        unsafe {
            let mut link = (*__jit_debug_descriptor.0.get()).first;
            let mut previous = std::ptr::null_mut();
            while let Some(at) = link.as_ref() {
                assert_eq!(at.previous, previous);
                let file = std::slice::from_raw_parts(at.file, at.file_size as usize);
                files.push(file.to_vec());
                (previous, link) = (link, at.next);
            }
        }
        files
    }

    /// Whether one name after the other is in the list, in this order, and no more.
    fn are_listed(names: &[&str]) -> bool {
        let files = listed();
        let has = |(file, name): (&Vec<u8>, &&str)| {
            file.starts_with(b"\x7fELF") && file.windows(name.len()).any(|w| w == name.as_bytes())
        };
        files.len() == names.len() && files.iter().zip(names).all(has)
    }

    #[test]
    fn what_is_registered_is_in_the_list_as_long_as_it_is_known() {
        let region = Region::frameless(Part::Stubs, 0x1000, 32);
        let register = |name| register(name, &region).unwrap();
        let (first, second) = (register("the first"), register("the second"));
        let third = register("the third");
        assert!(are_listed(&["the third", "the second", "the first"]));
        drop(second);
        assert!(are_listed(&["the third", "the first"]));
        drop(third);
        assert!(are_listed(&["the first"]));
        drop(first);
        assert!(are_listed(&[]));
    }
}
