//! Building what is in C: libraries, programs, and cffi's API-mode modules. A build is kept, and made
//! anew when the text of its sources, or the compiler, changed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::host::Host;
use crate::process;

/// What every C file here is compiled with.
const FLAGS: &[&str] = &["-O2", "-Wall", "-Wextra"];

/// What is made of C sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A shared library.
    Library,
    /// A program.
    Program,
}

/// Something to be built from C.
#[derive(Debug)]
pub struct Build<'a> {
    /// The name of the file that is made.
    pub name: &'a str,
    /// What it is.
    pub kind: Kind,
    /// What is compiled.
    pub sources: &'a [PathBuf],
    /// What the sources include: folders to look in, and files whose change matters.
    pub headers: &'a [PathBuf],
}

impl Build<'_> {
    /// Builds it in the host's folder, unless it is there already.
    ///
    /// # Errors
    /// There is no C compiler, or it refuses.
    pub fn ensure(&self, host: &Host) -> Result<PathBuf> {
        let made = host.build.join(self.name);
        let inputs = [self.sources, self.headers].concat();
        let _alone = lock(host)?;
        if is_fresh(&made, &inputs)? {
            return Ok(made);
        }
        let mut command = compiler()?;
        command.args(FLAGS);
        if self.kind == Kind::Library {
            command.args(["-fPIC", "-shared"]);
        }
        let mut folders: Vec<_> = self.headers.iter().filter_map(|h| h.parent()).collect();
        folders.dedup();
        for folder in folders {
            command.arg("-I").arg(folder);
        }
        command
            .arg("-o")
            .arg(&made)
            .args(self.sources)
            .args(["-ldl", "-lm"]);
        process::run(&mut command)
            .with_context(|| format!("the C compiler cannot build {}", self.name))?;
        mark_fresh(&made, &inputs)?;
        Ok(made)
    }
}

/// How an interpreter is started.
pub type Interpreter<'a> = &'a dyn Fn() -> Command;

/// A module in C for an interpreter, which a script of ours makes: `script FOLDER ARGUMENTS`.
pub struct Module<'a> {
    /// The name of its folder.
    pub name: &'a str,
    /// The interpreter.
    pub interpreter: Interpreter<'a>,
    /// Who makes it, for whoever reads why that failed.
    pub maker: &'a str,
    /// The script.
    pub script: &'a Path,
    /// Its arguments behind the folder.
    pub arguments: &'a [OsString],
    /// The files whose change matters.
    pub inputs: &'a [PathBuf],
}

impl Module<'_> {
    /// Builds it in a folder of its own, which is returned, unless it is there already.
    ///
    /// # Errors
    /// There is no C compiler, or the module cannot be built: it needs the interpreter's headers.
    pub fn ensure(&self, host: &Host) -> Result<PathBuf> {
        let folder = host.build.join(self.name);
        let inputs = [self.inputs, &[self.script.to_path_buf()]].concat();
        let _alone = lock(host)?;
        if is_fresh(&folder, &inputs)? {
            return Ok(folder);
        }
        compiler()?;
        self.check_headers()?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut command = (self.interpreter)();
        command.arg("-B").arg(self.script).arg(&folder);
        process::run(command.args(self.arguments))
            .with_context(|| format!("{} cannot build its module", self.maker))?;
        mark_fresh(&folder, &inputs)?;
        Ok(folder)
    }

    /// Whether the interpreter's headers are there, which all else here does without.
    fn check_headers(&self) -> Result<()> {
        const WHERE: &str = "import sysconfig; print(sysconfig.get_path('include'))";
        let said = process::run((self.interpreter)().args(["-c", WHERE]))?;
        let header = Path::new(said.stdout.trim()).join("Python.h");
        if !header.exists() {
            bail!(
                "{} needs the headers of this Python, and {} is not there (Debian and Ubuntu have them in the packages \
                 python3-dev and pypy3-dev)",
                self.maker,
                header.display()
            );
        }
        Ok(())
    }
}

/// The C compiler: `CC`, or `cc` or `gcc` on PATH.
///
/// # Errors
/// There is none: the text says how to get one.
pub fn compiler() -> Result<Command> {
    let chosen = std::env::var("CC").ok().filter(|cc| !cc.trim().is_empty());
    if let Some(line) = &chosen {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or("cc");
        if !answers(name) {
            bail!("the C compiler that CC names does not run: {line}");
        }
        let mut command = Command::new(name);
        command.args(words);
        return Ok(command);
    }
    match ["cc", "gcc", "clang"]
        .into_iter()
        .find(|name| answers(name))
    {
        Some(name) => Ok(Command::new(name)),
        None => bail!(
            "no C compiler: neither cc nor gcc nor clang runs\nto get one: install gcc with your distribution's \
             package manager (`apt install gcc`), or name one in the variable CC"
        ),
    }
}

/// Waits until no other process builds in the host's folder, and keeps it so as long as the file lives.
fn lock(host: &Host) -> Result<File> {
    let path = host.build.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    file.lock()
        .with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

fn answers(name: &str) -> bool {
    Command::new(name)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Where the text lies that something was built from.
fn stamp(made: &Path) -> PathBuf {
    let mut name = made.as_os_str().to_owned();
    name.push(".built-from");
    PathBuf::from(name)
}

fn text(inputs: &[PathBuf]) -> Result<Vec<u8>> {
    let compiler = std::env::var("CC").unwrap_or_default();
    let mut all = format!("{compiler} {}", FLAGS.join(" ")).into_bytes();
    for path in inputs {
        all.extend(format!("\n==== {}\n", path.display()).into_bytes());
        all.extend(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(all)
}

fn is_fresh(made: &Path, inputs: &[PathBuf]) -> Result<bool> {
    let wanted = text(inputs)?;
    Ok(made.exists() && fs::read(stamp(made)).is_ok_and(|present| present == wanted))
}

fn mark_fresh(made: &Path, inputs: &[PathBuf]) -> Result<()> {
    let stamp = stamp(made);
    fs::write(&stamp, text(inputs)?).with_context(|| format!("cannot write {}", stamp.display()))
}
