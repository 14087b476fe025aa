//! Where things are: cargo's target folder, the built module, the source tree.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

/// The file that cargo makes of the extension module.
const MODULE: &str = "lib_hardwire.so";

/// The folder of the running build: `target/debug`, `target/release`.
///
/// # Errors
/// The running executable cannot be located.
pub fn profile_dir() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot tell where this command is")?;
    let folder = executable
        .parent()
        .context("this command lies in no folder")?;
    // Tests and examples lie one level deeper.
    let inner = folder.ends_with("deps") || folder.ends_with("examples");
    Ok(if inner {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    }
    .to_path_buf())
}

/// Cargo's target folder, which also holds our virtual environments.
///
/// # Errors
/// As [`profile_dir`].
pub fn target_dir() -> Result<PathBuf> {
    let profile = profile_dir()?;
    Ok(profile.parent().unwrap_or(&profile).to_path_buf())
}

/// The extension module built with this command: the newest, where cargo left two.
///
/// # Errors
/// There is none beside this command.
pub fn module() -> Result<PathBuf> {
    let profile = profile_dir()?;
    let age = |path: &Path| {
        path.metadata()
            .and_then(|data| data.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let found = [profile.join(MODULE), profile.join("deps").join(MODULE)]
        .into_iter()
        .filter(|path| path.is_file())
        .max_by_key(|path| age(path));
    match found {
        Some(path) => Ok(path),
        None => bail!(
            "no {MODULE} in {}: run the `hardwire` that cargo built, in its place (`cargo run`)",
            profile.display()
        ),
    }
}

/// A file or folder of the source tree that this command was built from.
///
/// # Errors
/// The source tree is gone.
pub fn source(relative: &str) -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(relative);
    if !path.exists() {
        bail!(
            "{} is gone: `demo` and `bench` need the source tree that this command was built from",
            path.display()
        );
    }
    Ok(path)
}
