//! Functions of the interpreter that the limited API lacks, found by name at run time.

use std::ffi::CStr;

/// The address of a symbol of the running process.
///
/// # Errors
/// A text that names the missing symbol.
pub fn find(name: &CStr) -> Result<*mut std::ffi::c_void, String> {
    // SAFETY: `name` is a C string; dlsym only reads it.
    let p = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if p.is_null() {
        return Err(format!(
            "the interpreter does not export `{}`",
            name.to_string_lossy()
        ));
    }
    Ok(p)
}
