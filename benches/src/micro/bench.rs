//! The built library and loops, and timing a shape in C and in Python.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Effort;
use super::shapes::{Binding, SHAPES, Shape};
use crate::host::{self, Host};
use crate::native::{self, Build, Kind};
use crate::process;

/// What a loop reports of itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Measured {
    /// The best time of an iteration.
    pub ns: f64,
    /// What the loop came to.
    pub checksum: String,
    /// What Hardwire says about the loop.
    #[serde(default)]
    pub loops: Option<Vec<LoopState>>,
}

/// What became of a loop.
#[derive(Debug, Clone, Deserialize)]
pub struct LoopState {
    /// `compiled`, or another word.
    pub state: String,
    /// Why it was not compiled.
    pub reason: String,
}

impl Measured {
    /// Why the loop did not run as native code, if it did not.
    pub fn not_compiled(&self) -> Option<String> {
        let loops = self.loops.as_deref()?;
        if loops.iter().any(|one| one.state == "compiled") {
            return None;
        }
        Some(match loops.first() {
            Some(one) if !one.reason.is_empty() => one.reason.clone(),
            Some(one) => one.state.clone(),
            None => "did not get hot".to_string(),
        })
    }
}

/// Everything in C, built.
pub struct Bench<'a> {
    host: &'a Host,
    effort: Effort,
    library: PathBuf,
    /// The folder of the API-mode module, or why there is none.
    api: Result<PathBuf, String>,
}

impl<'a> Bench<'a> {
    /// Builds what all shapes share.
    ///
    /// # Errors
    /// There is no C compiler.
    pub fn prepare(host: &'a Host, effort: Effort) -> Result<Bench<'a>> {
        let file = |name: &'static str| {
            SHAPES
                .iter()
                .map(move |shape| folder(host, *shape).join(name))
        };
        let sources: Vec<_> = file("shape.c").collect();
        let headers: Vec<_> = file("shape.h").collect();
        let library = Build {
            name: "libshapes.so",
            kind: Kind::Library,
            sources: &sources,
            headers: &headers,
        }
        .ensure(host)?;
        let folders: Vec<OsString> = SHAPES.iter().map(|s| folder(host, *s).into()).collect();
        let api = native::api_module(
            host,
            "shapes-api",
            &host.source("harness/build_api.py"),
            &folders,
            &[sources, headers].concat(),
        );
        Ok(Bench {
            host,
            effort,
            library,
            api: api.map_err(|error| format!("{error:#}")),
        })
    }

    /// Why a binding cannot be measured, if it cannot.
    pub fn left_out(&self, binding: Binding) -> Option<&str> {
        match (&self.api, binding) {
            (Err(why), Binding::CffiApi) => Some(why),
            _ => None,
        }
    }

    /// A shape in C.
    ///
    /// # Errors
    /// It cannot be built or run.
    pub fn c(&self, shape: Shape) -> Result<Measured> {
        let harness = |name: &str| self.host.source("harness").join(name);
        let own = folder(self.host, shape);
        let program = Build {
            name: &format!("floor-{}", shape.name),
            kind: Kind::Program,
            sources: &[own.join("floor.c"), harness("floor_main.c")],
            headers: &[harness("floor.h"), own.join("shape.h")],
        }
        .ensure(self.host)?;
        let mut command = Command::new(program);
        command.arg(&self.library).args(self.counts());
        measured(&mut command).with_context(|| format!("{} in C", shape.title))
    }

    /// A shape in Python.
    ///
    /// # Errors
    /// The program failed.
    pub fn python(&self, shape: Shape, binding: Binding, on: bool) -> Result<Measured> {
        let mut command = if on {
            self.host.on("")
        } else {
            self.host.off()
        };
        if let (Ok(folder), Binding::CffiApi) = (&self.api, binding) {
            host::add_to_pythonpath(&mut command, folder);
        }
        command
            .arg("-B")
            .arg(self.host.source("harness/measure.py"))
            .arg(binding.name())
            .arg(&self.library)
            .arg(folder(self.host, shape))
            .args(self.counts());
        measured(&mut command)
    }

    /// Releasing and taking the GIL, in ns.
    ///
    /// # Errors
    /// It cannot be built or run.
    pub fn save_restore(&self) -> Result<f64> {
        let library = Build {
            name: "libgil.so",
            kind: Kind::Library,
            sources: &[self.host.source("harness/gil.c")],
            headers: &[],
        }
        .ensure(self.host)?;
        let mut command = self.host.off();
        command
            .arg("-B")
            .arg(self.host.source("harness/gil.py"))
            .arg(library)
            .args(self.counts());
        let said = process::run(&mut command)?;
        said.stdout
            .trim()
            .parse()
            .context("PyEval_SaveThread + PyEval_RestoreThread: the time is no number")
    }

    fn counts(&self) -> [String; 2] {
        [
            self.effort.iterations.to_string(),
            self.effort.repeats.to_string(),
        ]
    }
}

fn folder(host: &Host, shape: Shape) -> PathBuf {
    host.source("shapes").join(shape.name)
}

fn measured(command: &mut Command) -> Result<Measured> {
    let said = process::run(command)?;
    serde_json::from_str(&said.stdout)
        .with_context(|| format!("the measurement printed {:?}", said.stdout))
}
