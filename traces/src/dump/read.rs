//! Reading dumps.

use super::{Dump, FORMAT, Record, Start};
use std::fs;
use std::path::{Path, PathBuf};

/// How the names of dumps end.
const ENDING: &str = ".jsonl";
/// How many forks a dump may lie behind: files that name each other are no dumps.
const MAX_FORKS: u32 = 64;

/// Why a dump cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file or folder cannot be read.
    #[error("cannot read {}: {why}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// There is no dump in a folder.
    #[error("{} holds no dump: `python -X hardwire=dump=FOLDER` writes one", .0.display())]
    Empty(PathBuf),
    /// A line is no record.
    #[error("{}, line {line}: no record of a dump ({why})", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by another version.
    #[error("{} is a dump of format {found}; this Hardwire reads format {FORMAT}: use the one that wrote it ({hardwire})", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The version of Hardwire that wrote it.
        hardwire: String,
    },
}

/// The dumps at a path: the file itself, or those of a folder, the latest first.
///
/// # Errors
/// The folder cannot be read, or holds none.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let error = |why| ReadError::Io {
        path: path.to_path_buf(),
        why,
    };
    if !fs::metadata(path).map_err(error)?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(error)? {
        let entry = entry.map_err(error)?;
        if entry.file_name().to_string_lossy().ends_with(ENDING) {
            let changed = entry.metadata().and_then(|m| m.modified()).ok();
            found.push((changed, entry.path()));
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(ReadError::Empty(path.to_path_buf())),
        false => Ok(found.into_iter().rev().map(|(_, path)| path).collect()),
    }
}

impl Dump {
    /// Reads a dump, with what it goes on where its process was forked.
    ///
    /// # Errors
    /// The file cannot be read, is no dump, or one of another format.
    pub fn read(path: &Path) -> Result<Dump, ReadError> {
        let mut dump = Dump::default();
        read_into(&mut dump, path, None, MAX_FORKS)?;
        dump.sum();
        Ok(dump)
    }
}

fn read_into(
    dump: &mut Dump,
    path: &Path,
    bytes: Option<u64>,
    forks: u32,
) -> Result<(), ReadError> {
    let mut text = fs::read(path).map_err(|why| ReadError::Io {
        path: path.to_path_buf(),
        why,
    })?;
    if let Some(bytes) = bytes {
        text.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    let wrong = |line, why: String| ReadError::Line {
        path: path.to_path_buf(),
        line,
        why,
    };
    let mut lines = text.split_inclusive(|&c| c == b'\n').enumerate();
    let Some((_, first)) = lines.next() else {
        return Err(wrong(1, "the file is empty".to_string()));
    };
    let Ok(Record::Start(start)) = serde_json::from_slice(first) else {
        return Err(wrong(1, "a dump begins with its start".to_string()));
    };
    check(path, &start)?;
    if let (Some(forked), true) = (&start.forked, forks > 0) {
        let before = path.with_file_name(&forked.file);
        read_into(dump, &before, Some(forked.bytes), forks - 1)?;
    }
    dump.add(Record::Start(start));
    for (n, line) in lines {
        if !line.ends_with(b"\n") {
            dump.is_cut = bytes.is_none();
            break;
        }
        match serde_json::from_slice::<Record>(line) {
            Ok(record) => dump.add(record),
            // A kind of record that came later.
            Err(_) if is_other(line) => {}
            Err(why) => return Err(wrong(n + 1, why.to_string())),
        }
    }
    Ok(())
}

fn check(path: &Path, start: &Start) -> Result<(), ReadError> {
    match start.format {
        FORMAT => Ok(()),
        found => Err(ReadError::Format {
            path: path.to_path_buf(),
            found,
            hardwire: start.hardwire.clone(),
        }),
    }
}

/// Whether a line is a record of a kind that is not known.
fn is_other(line: &[u8]) -> bool {
    const KNOWN: [&str; 8] = [
        "start", "code", "loop", "trace", "abort", "gone", "counts", "end",
    ];
    let value = serde_json::from_slice::<serde_json::Value>(line);
    let kind = value.as_ref().ok().and_then(|v| v["record"].as_str());
    kind.is_some_and(|kind| !KNOWN.contains(&kind))
}
