//! `/tmp/perf-PID.map`, where `perf report` looks for the names of code that lies in no file: a line for each piece, with
//! its address and size in hexadecimal, and the name.
//!
//! CPython writes there too (`-X perf`): lines are appended, whole ones at once. The file is opened each time: a program
//! may close what it does not know, as daemons do, and open a file of its own under that number.

use super::{Named, about};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;

/// Appends the lines.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write(all: &[Named]) -> io::Result<()> {
    let mut lines = String::new();
    for Named { name, region } in all {
        let _ = writeln!(lines, "{:x} {:x} {name}", region.start, region.len);
    }
    if lines.is_empty() {
        return Ok(());
    }
    let path = format!("/tmp/perf-{}.map", std::process::id());
    // Anybody may put a link into that folder.
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path);
    file.and_then(|mut file| file.write_all(lines.as_bytes()))
        .map_err(about(path))
}
