//! Where cffi keeps the `errno` of its calls: a thread-local variable of `_cffi_backend`
//! (`cffi_saved_errno`, c/misc_thread_common.h), which has no name that others can use. Its place
//! in the module's thread-local memory is found once, with cffi's own function that writes it, and
//! is the same in every thread.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::OnceLock;

/// cffi's `restore_errno` and `save_errno`.
#[derive(Clone, Copy)]
pub struct Functions {
    /// `errno = cffi_saved_errno`.
    pub restore: unsafe extern "C" fn(),
    /// `cffi_saved_errno = errno`.
    pub save: unsafe extern "C" fn(),
}

/// How to find the variable in a thread.
struct Variable {
    /// Functions in the module whose thread-local memory is meant.
    functions: Functions,
    /// The distance of the variable from the start of that memory.
    offset: usize,
}

static VARIABLE: OnceLock<Option<Variable>> = OnceLock::new();

thread_local! {
    static PLACES: Cell<Option<Places>> = const { Cell::new(None) };
}

/// The two variables of a thread.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The C library's `errno`.
    pub errno: *mut i32,
    /// cffi's.
    pub saved: *mut i32,
}

/// Finds the variable; says whether it did.
///
/// # Safety
/// The functions are cffi's.
pub unsafe fn find(functions: Functions) -> bool {
    let found = VARIABLE.get_or_init(|| {
        // SAFETY: the caller's promise.
        let offset = unsafe { search(functions) }?;
        Some(Variable { functions, offset })
    });
    found.is_some()
}

/// The variables of the current thread; `None` where cffi is not loaded or was not understood.
pub fn places() -> Option<Places> {
    if let Some(places) = PLACES.get() {
        return Some(places);
    }
    let variable = VARIABLE.get()?.as_ref()?;
    // SAFETY: `restore` reads the variable, which has the thread's memory made where it is not
    // there yet; `errno` is put back.
    unsafe {
        let errno = libc::__errno_location();
        let real = *errno;
        (variable.functions.restore)();
        *errno = real;
        let block = block_of(variable.functions.save as usize)?;
        let saved = block.start.add(variable.offset).cast();
        let places = Places { errno, saved };
        PLACES.set(Some(places));
        Some(places)
    }
}

/// The thread-local memory of a module in the current thread.
struct Block {
    start: *mut u8,
    len: usize,
}

struct Query {
    address: usize,
    block: Option<Block>,
}

/// The block of the module that an address lies in, where it was made already.
fn block_of(address: usize) -> Option<Block> {
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

/// The one place that changes with what cffi saves.
unsafe fn search(functions: Functions) -> Option<usize> {
    // SAFETY: only reads within the block; cffi's variable and `errno` are put back.
    unsafe {
        let errno = libc::__errno_location();
        let real = *errno;
        (functions.restore)();
        let saved = *errno;
        let found = block_of(functions.save as usize).and_then(|block| {
            let read = |i: usize| *block.start.add(4 * i).cast::<i32>();
            let mut candidates: Vec<usize> = (0..block.len / 4).collect();
            for magic in [0x5A17_C0DE, 0x2B5D_1E0F] {
                *errno = magic;
                (functions.save)();
                candidates.retain(|&i| read(i) == magic);
            }
            match candidates.as_slice() {
                &[i] => Some(4 * i),
                _ => None,
            }
        });
        *errno = saved;
        (functions.save)();
        *errno = real;
        found
    }
}
