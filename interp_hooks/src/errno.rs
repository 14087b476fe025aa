//! Where cffi keeps the `errno` of its calls: a thread-local variable of `_cffi_backend`
//! (`cffi_saved_errno`, c/misc_thread_common.h), which has no name that others can use. Its place
//! in the module's thread-local memory is found once, with cffi's own function that writes it, and
//! is the same in every thread.

use crate::tls::block_of;
use std::cell::Cell;
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
