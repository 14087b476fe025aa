//! Thread-local memory: that of a module, and that of the thread itself.

use std::ffi::c_void;

/// The thread-local memory of a module in the current thread.
pub struct Block {
    /// Where it begins.
    pub start: *mut u8,
    /// Its length, in bytes.
    pub len: usize,
}

struct Query {
    address: usize,
    block: Option<Block>,
}

/// The block of the module that an address lies in, where it was made already.
pub fn block_of(address: usize) -> Option<Block> {
    let mut query = Query {
        address,
        block: None,
    };
    // SAFETY: the callback gets our query and the loader's list of modules.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut query).cast()) };
    query.block
}

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    query: *mut c_void,
) -> libc::c_int {
    // SAFETY: the loader's promise, and `block_of`'s.
    unsafe {
        let (info, query) = (&*info, &mut *query.cast::<Query>());
        let segments = std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
        let here = segments.iter().any(|s| {
            let start = (info.dlpi_addr + s.p_vaddr) as usize;
            s.p_type == libc::PT_LOAD
                && (start..start + s.p_memsz as usize).contains(&query.address)
        });
        if !here {
            return 0;
        }
        let segment = segments.iter().find(|s| s.p_type == libc::PT_TLS);
        if let Some(segment) = segment.filter(|_| !info.dlpi_tls_data.is_null()) {
            query.block = Some(Block {
                start: info.dlpi_tls_data.cast(),
                len: segment.p_memsz as usize,
            });
        }
        1
    }
}

/// The thread pointer: where what every thread has lies lies at fixed distances from (System V AMD64 ABI and the ELF
/// handling of thread-local storage, variant II).
pub fn thread_pointer() -> usize {
    let pointer: usize;
    // SAFETY: the word at the thread pointer is the pointer itself, in every thread.
    unsafe {
        std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nostack, pure, readonly));
    }
    pointer
}
