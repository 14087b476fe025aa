//! The Python side as a program finds it without an installation: a folder beside the
//! built module with the package `hardwire`, a link to the module in it, and the start-up shim.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::layout;

/// The files laid out, by their place below the folder. The shim has a folder of its own, since it comes on PYTHONPATH.
const FILES: &[(&str, &str)] = &[
    (
        "hardwire/__init__.py",
        include_str!("../interp_hooks/python/hardwire/__init__.py"),
    ),
    (
        "hardwire/__main__.py",
        include_str!("../interp_hooks/python/hardwire/__main__.py"),
    ),
    (
        "hardwire/_explain.py",
        include_str!("../interp_hooks/python/hardwire/_explain.py"),
    ),
    (
        "hardwire/_report.py",
        include_str!("../interp_hooks/python/hardwire/_report.py"),
    ),
    (
        "hardwire/_startup.py",
        include_str!("../interp_hooks/python/hardwire/_startup.py"),
    ),
    (
        "boot/sitecustomize.py",
        include_str!("runtime/sitecustomize.py"),
    ),
];
const MODULE: &str = "hardwire/_hardwire.abi3.so";

/// The folder, up to date.
#[derive(Debug, Clone)]
pub struct Runtime {
    root: PathBuf,
}

impl Runtime {
    /// Brings the folder beside the built module up to date. Several processes may do so at once.
    ///
    /// # Errors
    /// The module was not built, or the folder cannot be written.
    pub fn prepare() -> Result<Runtime> {
        let module = layout::module()?;
        let runtime = Runtime {
            root: layout::profile_dir()?.join("python"),
        };
        for (name, text) in FILES {
            runtime
                .put(name, text)
                .with_context(|| format!("cannot write {}", runtime.root.join(name).display()))?;
        }
        runtime.link(&module).with_context(|| {
            format!(
                "cannot link {} into {}",
                module.display(),
                runtime.root.display()
            )
        })?;
        Ok(runtime)
    }

    /// The folder to put on `sys.path` to import `hardwire`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder to put first on PYTHONPATH to have Hardwire started.
    pub fn boot(&self) -> PathBuf {
        self.root.join("boot")
    }

    fn put(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.root.join(name);
        if fs::read(&path).is_ok_and(|present| present == text.as_bytes()) {
            return Ok(());
        }
        self.replace(&path, |fresh| fs::write(fresh, text))
    }

    fn link(&self, module: &Path) -> io::Result<()> {
        let path = self.root.join(MODULE);
        if fs::read_link(&path).is_ok_and(|present| present == module) {
            return Ok(());
        }
        self.replace(&path, |fresh| symlink(module, fresh))
    }

    /// Makes a file under another name and moves it into place, so that nobody sees half of it.
    fn replace(&self, path: &Path, make: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = self.root.join(format!(
            ".fresh-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        // A left-over of a process that was killed and had our number.
        let _ = fs::remove_file(&fresh);
        make(&fresh)?;
        fs::rename(&fresh, path)
    }
}
