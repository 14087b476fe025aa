//! The file of a dump.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use traces::dump::{Forked, Record, Start};

/// How many dumps of processes of one number a folder may have.
const MOST: u32 = 10_000;

/// A dump that is being written. Each record is one write to the end of the file, so that what a process that dies has written is
/// there, whole. The file is opened for each: a program may close what it does not know, as daemons do, and open a file of its own
/// under that number.
pub struct Writer {
    path: PathBuf,
    /// How many bytes it has.
    bytes: u64,
    /// What it began with.
    start: Start,
}

impl Writer {
    /// Begins a dump in a folder, which is made where there is none.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn begin(folder: &Path, start: Start) -> Result<Writer, String> {
        let error = |why: io::Error| format!("cannot write a dump to {}: {why}", folder.display());
        // The program may go elsewhere.
        let whole = std::path::absolute(folder).map_err(error)?;
        fs::create_dir_all(&whole).map_err(error)?;
        let path = create(&whole, start.process).map_err(error)?;
        let mut writer = Writer {
            path,
            bytes: 0,
            start: start.clone(),
        };
        writer.append(&Record::Start(start))?;
        Ok(writer)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Adds a record. A process that was forked goes on in a file of its own.
    ///
    /// # Errors
    /// The file cannot be written: what is wrong.
    pub fn write(&mut self, record: &Record) -> Result<(), String> {
        let process = std::process::id();
        if process != self.start.process {
            let file = self.path.file_name().unwrap_or_default();
            let forked = Forked {
                file: file.to_string_lossy().into_owned(),
                bytes: self.bytes,
            };
            let start = Start {
                process,
                time: now(),
                forked: Some(forked),
                ..self.start.clone()
            };
            *self = Writer::begin(self.folder(), start)?;
        }
        self.append(record)
    }

    fn append(&mut self, record: &Record) -> Result<(), String> {
        let error = |path: &Path, why: String| format!("{} ends early: {why}", path.display());
        let mut line =
            serde_json::to_vec(record).map_err(|why| error(&self.path, why.to_string()))?;
        line.push(b'\n');
        let file = OpenOptions::new().append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(&line))
            .map_err(|why| error(&self.path, why.to_string()))?;
        self.bytes += line.len() as u64;
        Ok(())
    }
}

/// A new file for a process: numbers of processes come again.
fn create(folder: &Path, process: u32) -> io::Result<PathBuf> {
    for n in 1..MOST {
        let name = match n {
            1 => format!("{process}.jsonl"),
            n => format!("{process}-{n}.jsonl"),
        };
        let path = folder.join(name);
        // The command line and the source are nobody else's.
        let made = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match made {
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|_| path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Seconds since 1970.
pub fn now() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |d| d.as_secs_f64())
}
