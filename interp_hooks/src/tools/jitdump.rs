//! `DIR/jit-PID.dump`, of which `perf inject --jit` makes an object file for each piece of code: names, code to annotate,
//! and which code lay at an address when, since memory of code is used again.
//!
//! The format is described in the Linux sources, `tools/perf/Documentation/jitdump-specification.txt`. perf learns of the
//! file when the process maps a page of it as executable. As the map of names, the file is opened for each write.

use super::{Named, about};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: u32 = 0x4A69_5444;
const VERSION: u32 = 1;
const HEADER_SIZE: u32 = 40;
/// `EM_X86_64`.
const MACHINE: u32 = 62;
/// `JIT_CODE_DEBUG_INFO`: its number, and the size of what lies in front of the lines.
const DEBUG_INFO: (u32, usize) = (2, 32);
/// `JIT_CODE_LOAD`: its number, and the size of what lies in front of name and code.
const CODE_LOAD: (u32, usize) = (0, 56);

/// The dump of a process.
#[derive(Default)]
pub(super) struct Dump {
    /// The process and its file, once that was begun.
    file: Option<(u32, PathBuf)>,
    /// How many pieces of code were written.
    pieces: u64,
}

impl Dump {
    /// Writes pieces of code to the file in a folder.
    ///
    /// # Errors
    /// The file cannot be written, or not be mapped.
    pub(super) fn write(&mut self, folder: &str, all: &[Named]) -> io::Result<()> {
        let process = std::process::id();
        // The program may have gone elsewhere.
        let path = crate::dump::folder().join(folder);
        let path = path.join(format!("jit-{process}.dump"));
        let path = match &self.file {
            Some((of, known)) if (*of, known) == (process, &path) => path,
            _ => {
                begin(&path, process).map_err(about(&path))?;
                *self = Dump {
                    file: Some((process, path.clone())),
                    pieces: 0,
                };
                path
            }
        };
        let mut records = Vec::new();
        for named in all {
            self.pieces += 1;
            debug_info(&mut records, named);
            code_load(&mut records, named, process, self.pieces);
        }
        let file = OpenOptions::new().append(true).open(&path);
        file.and_then(|mut file| file.write_all(&records))
            .map_err(about(path))
    }
}

/// Makes the file anew, and perf aware of it.
fn begin(path: &Path, process: u32) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut header = Vec::new();
    for word in [MAGIC, VERSION, HEADER_SIZE, MACHINE, 0, process] {
        header.extend(word.to_le_bytes());
    }
    for word in [now(), 0] {
        header.extend(word.to_le_bytes());
    }
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    file.write_all(&header)?;
    mark(&file)
}

/// Maps the file, which perf notes: nobody reads there, and it stays.
fn mark(file: &File) -> io::Result<()> {
    // SAFETY: a new private mapping touches no existing memory.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            HEADER_SIZE as usize,
            libc::PROT_READ | libc::PROT_EXEC,
            libc::MAP_PRIVATE,
            file.as_raw_fd(),
            0,
        )
    };
    match page {
        libc::MAP_FAILED => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// What all records begin with: their kind, their size, their time.
fn begin_record(out: &mut Vec<u8>, kind: u32, size: usize) {
    out.extend(kind.to_le_bytes());
    out.extend((size as u32).to_le_bytes());
    out.extend(now().to_le_bytes());
}

/// The record of the lines of a piece of code, if they are known: in front of that of the code.
fn debug_info(out: &mut Vec<u8>, named: &Named) {
    let (kind, front) = DEBUG_INFO;
    let (start, lines) = (named.region.start as u64, &named.region.lines);
    if lines.is_empty() {
        return;
    }
    let sizes = lines.iter().map(|line| 16 + line.file.len() + 1);
    begin_record(out, kind, front + sizes.sum::<usize>());
    out.extend(start.to_le_bytes());
    out.extend((lines.len() as u64).to_le_bytes());
    for line in lines {
        out.extend((start + u64::from(line.at)).to_le_bytes());
        out.extend(line.line.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(line.file.as_bytes());
        out.push(0);
    }
}

/// The record of a piece of code.
fn code_load(out: &mut Vec<u8>, named: &Named, process: u32, number: u64) {
    let (kind, front) = CODE_LOAD;
    let Named { name, region } = named;
    let size = front + name.len() + 1 + region.len;
    // SAFETY: a system call without arguments.
    let thread = unsafe { libc::gettid() };
    begin_record(out, kind, size);
    out.extend(process.to_le_bytes());
    out.extend(thread.to_le_bytes());
    let start = region.start as u64;
    for word in [start, start, region.len as u64, number] {
        out.extend(word.to_le_bytes());
    }
    out.extend(name.as_bytes());
    out.push(0);
    out.extend(named.bytes());
}

/// `CLOCK_MONOTONIC` in ns: what `perf record -k mono` goes by.
fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a pointer to where the time goes; the clock exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
