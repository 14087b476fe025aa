//! What the measurements run on.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How an interpreter is started with Hardwire on; the argument holds the words of `-X hardwire=`.
pub type Start = Box<dyn Fn(&str) -> Command>;

/// An interpreter with cffi, with and without Hardwire, and the folders to work in.
pub struct Host {
    /// The interpreter as it is.
    pub python: PathBuf,
    /// The interpreter that ours was made from: what is installed for it may be measured too.
    pub chosen: PathBuf,
    /// The interpreter in words, for headings.
    pub title: String,
    /// The same interpreter with Hardwire on.
    pub on: Start,
    /// The folder `benches` of the source tree.
    pub sources: PathBuf,
    /// Where libraries and programs in C are built; kept between runs.
    pub build: PathBuf,
}

impl Host {
    /// The interpreter without Hardwire.
    pub fn off(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.env_remove("HARDWIRE");
        command
    }

    /// The interpreter with Hardwire on.
    pub fn on(&self, words: &str) -> Command {
        let mut command = (self.on)(words);
        command.env_remove("HARDWIRE");
        command
    }

    /// A file or folder of `benches`.
    pub fn source(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.sources.join(relative)
    }
}

/// Puts a folder behind what a command has on PYTHONPATH.
pub fn add_to_pythonpath(command: &mut Command, folder: &Path) {
    const NAME: &str = "PYTHONPATH";
    let own = command
        .get_envs()
        .find(|(name, _)| *name == NAME)
        .map(|(_, value)| value.map(ToOwned::to_owned));
    let mut path = own
        .unwrap_or_else(|| std::env::var_os(NAME))
        .unwrap_or_default();
    if !path.is_empty() {
        path.push(":");
    }
    path.push(folder);
    command.env(NAME, path);
}
