//! Private virtual environments below cargo's target folder, made on first use.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::layout;
use crate::python::Interpreter;

/// An environment: what it is for, and what is installed in it.
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    /// The name of its folder, beside the version's.
    pub name: &'static str,
    /// What pip installs.
    pub packages: &'static [&'static str],
}

/// For `demo` and `bench`. setuptools builds cffi's API-mode modules.
pub const PROGRAMS: Environment = Environment {
    name: "programs",
    packages: &["cffi", "setuptools"],
};

/// As small as they come, to measure the interpreter's start.
pub const PLAIN: Environment = Environment {
    name: "plain",
    packages: &[],
};

/// The same, with Hardwire.
pub const INSTALLED: Environment = Environment {
    name: "installed",
    packages: &[],
};

/// For the tests: those in Python, and the building of the wheel.
pub const TESTS: Environment = Environment {
    name: "tests",
    packages: &["cffi", "setuptools", "pytest", "maturin"],
};

impl Environment {
    /// The environment's interpreter; makes the environment if it is not there or not finished.
    ///
    /// # Errors
    /// The environment cannot be made: the text holds what venv or pip said.
    pub fn ensure(&self, base: &Interpreter) -> Result<Interpreter> {
        let parent = layout::target_dir()?.join("hardwire-env");
        fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let folder = parent.join(format!("{}-{}", base.version_text(), self.name));
        // Two processes may want it at once: the second waits for the first.
        let lock =
            File::create(folder.with_extension("lock")).context("cannot make a lock file")?;
        lock.lock().context("cannot lock the virtual environment")?;

        let python = Interpreter {
            path: folder.join("bin/python"),
            version: base.version,
        };
        let finished = folder.join("finished");
        // The interpreter itself, where we are given the one of an environment: that may be this very folder's.
        let home = fs::canonicalize(&base.path).unwrap_or_else(|_| base.path.clone());
        let contents = format!("{}\n{}\n", home.display(), self.packages.join("\n"));
        if fs::read_to_string(&finished).is_ok_and(|present| present == contents)
            && python.path.exists()
        {
            return Ok(python);
        }
        eprintln!("hardwire: making a virtual environment for {base} (first use)");
        let make = |command: &mut Command| {
            quietly(command.env_remove("PYTHONPATH").env_remove("PYTHONHOME"))
        };
        let bare = self.packages.is_empty();
        make(
            Command::new(&home)
                .args(["-m", "venv", "--clear"])
                .args(bare.then_some("--without-pip"))
                .arg(&folder),
        )
        .with_context(|| {
            format!("{base} cannot make a virtual environment (Debian and Ubuntu have venv in the package python3-venv)")
        })?;
        if !bare {
            make(
                Command::new(&python.path)
                    .args([
                        "-m",
                        "pip",
                        "install",
                        "--quiet",
                        "--disable-pip-version-check",
                    ])
                    .args(self.packages),
            )
            .with_context(|| {
                format!(
                    "pip cannot install {} from PyPI (once they are there, no network is needed)",
                    self.packages.join(", ")
                )
            })?;
        }
        fs::write(&finished, contents).context("cannot write to the virtual environment")?;
        Ok(python)
    }

    /// The folder for the packages of an interpreter of this environment.
    pub fn site_packages(&self, interpreter: &Interpreter) -> Result<PathBuf> {
        let (major, minor) = interpreter.minor();
        let name = format!("{}-{}", interpreter.version_text(), self.name);
        let folder = layout::target_dir()?
            .join("hardwire-env")
            .join(name)
            .join(format!("lib/python{major}.{minor}/site-packages"));
        Ok(folder)
    }

    /// A folder for what is built for an interpreter, such as cffi's API-mode modules.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn build_dir(&self, interpreter: &Interpreter) -> Result<PathBuf> {
        let name = format!("{}-{}-build", interpreter.version_text(), self.name);
        let folder = layout::target_dir()?.join("hardwire-env").join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }
}

/// Runs a command, showing what it said only if it fails.
fn quietly(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!(
            "{program}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&said).trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::script;

    const NEVER: Environment = Environment {
        name: "never-made",
        packages: &["cffi"],
    };

    #[test]
    fn what_venv_says_is_passed_on_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python3.13");
        script(
            &path,
            "#!/bin/sh\necho ensurepip is not available\nexit 1\n",
        );
        let base = Interpreter {
            path,
            version: (3, 13, 99),
        };
        let error = format!("{:#}", NEVER.ensure(&base).unwrap_err());
        for part in ["cannot make", "python3-venv", "ensurepip is not available"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn an_environment_s_interpreter_has_the_environments_of_its_own() {
        let base = crate::python::Search::from_environment().first().unwrap();
        let made = PLAIN.ensure(&base).unwrap();
        let marker = made.path.with_file_name("marker");
        fs::write(&marker, "").unwrap();
        assert_eq!(PLAIN.ensure(&made).unwrap(), made);
        assert!(marker.exists(), "it was made anew");
        fs::remove_file(marker).unwrap();
    }
}
