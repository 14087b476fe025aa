//! The built libraries and loops, and timing a shape in C and in Python.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Effort;
use super::shapes::{SHAPES, Shape};
use crate::binding::{Binding, Library};
use crate::host::Host;
use crate::native::{Build, Interpreter, Kind, Module};
use crate::timing::{self, Counts, InPython, Measured, existing};

/// How many iterations are a step of the warm-up: a few tenths of a millisecond in the interpreter.
const CHUNK: u32 = 1_000;

/// Everything in C, built.
pub struct Bench<'a> {
    host: &'a Host,
    effort: Effort,
    /// Our own functions.
    library: PathBuf,
    /// The system's libraries, each with why it cannot be opened, if it cannot.
    system: HashMap<&'static str, Option<String>>,
    /// For what the shapes call, the folder of the API-mode module, or why there is none.
    api: HashMap<Library, Result<PathBuf, String>>,
}

impl<'a> Bench<'a> {
    /// Builds what the cells need, except for the loops in C.
    ///
    /// # Errors
    /// There is no C compiler.
    pub fn prepare(
        host: &'a Host,
        effort: Effort,
        cells: &[(Shape, Vec<Binding>)],
    ) -> Result<Bench<'a>> {
        let own = Sources::of(host, Library::Own);
        let library = Build {
            name: "libshapes.so",
            kind: Kind::Library,
            sources: &own.sources,
            headers: &own.headers,
        }
        .ensure(host)?;
        let mut bench = Bench {
            host,
            effort,
            library,
            system: HashMap::new(),
            api: HashMap::new(),
        };
        for (shape, bindings) in cells {
            if let Some(name) = shape.library.system()
                && !bench.system.contains_key(name)
            {
                bench
                    .system
                    .insert(name, timing::cannot_be_opened(host, name)?);
            }
            let wanted = bindings.contains(&Binding::CffiApi);
            let missing = bench.shape_left_out(*shape).is_some();
            if wanted && !missing && !bench.api.contains_key(&shape.library) {
                let module = api_module(host, shape.library, &|| host.off(), "");
                let module = module.map_err(|error| format!("{error:#}"));
                bench.api.insert(shape.library, module);
            }
        }
        Ok(bench)
    }

    /// What it runs on.
    pub fn host(&self) -> &'a Host {
        self.host
    }

    /// Why a shape cannot be measured, if it cannot.
    pub fn shape_left_out(&self, shape: Shape) -> Option<String> {
        let why = self.system.get(shape.library.system()?)?.as_ref()?;
        Some(format!("{} was left out: {why}", shape.title))
    }

    /// Why a shape cannot be measured through a binding, if it cannot.
    pub fn binding_left_out(&self, shape: Shape, binding: Binding) -> Option<String> {
        if binding != Binding::CffiApi {
            return None;
        }
        let why = self.api.get(&shape.library)?.as_ref().err()?;
        let title = shape.title_of(binding);
        Some(match shape.library {
            Library::Own => format!("{title} was left out: {why}"),
            Library::System(_) => format!("{} through {title} was left out: {why}", shape.title),
        })
    }

    /// The folder of the API-mode module of what a shape calls, where there is one.
    pub fn api(&self, shape: Shape) -> Option<&Path> {
        let module = self.api.get(&shape.library)?;
        module.as_deref().ok()
    }

    /// The library that a shape calls, as it is opened.
    pub fn library(&self, shape: Shape) -> &OsStr {
        match shape.library {
            Library::Own => self.library.as_os_str(),
            Library::System(name) => OsStr::new(name),
        }
    }

    /// A shape in C.
    ///
    /// # Errors
    /// It cannot be built or run.
    pub fn c(&self, shape: Shape) -> Result<Measured> {
        let folder = folder(self.host, shape);
        let library = self.library(shape);
        timing::in_c(self.host, shape.name, &folder, library, self.counts())
            .with_context(|| format!("{} in C", shape.title))
    }

    /// A shape in Python.
    ///
    /// # Errors
    /// The program failed.
    pub fn python(
        &self,
        shape: Shape,
        binding: Binding,
        on: bool,
        counts: Counts,
    ) -> Result<Measured> {
        let api = self.api(shape).filter(|_| binding == Binding::CffiApi);
        let program = InPython {
            file: &folder(self.host, shape).join(binding.file()),
            binding,
            library: self.library(shape),
            api,
        };
        program.measure(self.host, on, counts)
    }

    /// Releasing and taking the GIL, in ns.
    ///
    /// # Errors
    /// It cannot be built or run.
    pub fn save_restore(&self) -> Result<f64> {
        timing::save_restore(self.host, self.counts())
    }

    /// How much of a loop is timed.
    pub fn counts(&self) -> Counts {
        Counts {
            iterations: self.effort.iterations,
            repeats: self.effort.repeats,
            chunk: CHUNK,
            warm_up: 0,
        }
    }
}

/// The files of all shapes that call the same library.
pub struct Sources {
    /// Their folders.
    pub folders: Vec<PathBuf>,
    /// The library's part.
    pub sources: Vec<PathBuf>,
    /// What is declared.
    pub headers: Vec<PathBuf>,
}

impl Sources {
    /// Those that are there.
    pub fn of(host: &Host, library: Library) -> Sources {
        let shapes = SHAPES.iter().filter(|shape| shape.library == library);
        Sources::in_folders(shapes.map(|shape| folder(host, *shape)).collect())
    }

    /// Those of some folders.
    pub fn in_folders(folders: Vec<PathBuf>) -> Sources {
        let files = |name| existing(folders.iter().map(|folder| folder.join(name)));
        Sources {
            sources: files("shape.c"),
            headers: files("shape.h"),
            folders,
        }
    }
}

/// The API-mode module of all shapes that call the same library, for the host's interpreter or, with a name in front of its
/// folder's, for another. Each library has its own, so that where one cannot be linked with, the others are measured.
///
/// # Errors
/// It cannot be built.
pub fn api_module(
    host: &Host,
    library: Library,
    interpreter: Interpreter,
    prefix: &str,
) -> Result<PathBuf> {
    let of = Sources::of(host, library);
    let (name, linked) = match library {
        Library::Own => (format!("{prefix}shapes-api"), ""),
        Library::System(name) => (format!("{prefix}shapes-api-{name}"), name),
    };
    let mut arguments = vec![OsString::from(linked)];
    arguments.extend(of.folders.into_iter().map(OsString::from));
    Module {
        name: &name,
        interpreter,
        maker: "cffi's API mode",
        script: &host.source("harness/build_api.py"),
        arguments: &arguments,
        inputs: &[of.sources, of.headers].concat(),
    }
    .ensure(host)
}

/// The folder of a shape.
pub fn folder(host: &Host, shape: Shape) -> PathBuf {
    host.source("shapes").join(shape.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::micro::shapes::shape;
    use std::process::Command;

    #[test]
    fn what_is_left_out_is_named_with_the_reason() {
        let host = Host {
            python: PathBuf::new(),
            chosen: PathBuf::new(),
            title: String::new(),
            on: Box::new(|_| Command::new("python")),
            sources: PathBuf::new(),
            build: PathBuf::new(),
        };
        let crc32 = shape("crc32").unwrap();
        let sqlite = shape("sqlite").unwrap();
        let refused = || Err("no headers".to_string());
        let bench = Bench {
            host: &host,
            effort: Effort::QUICK,
            library: PathBuf::from("libshapes.so"),
            system: HashMap::from([
                ("libz.so.1", Some("no such file".to_string())),
                ("libsqlite3.so.0", None),
            ]),
            api: HashMap::from([
                (Library::Own, refused()),
                (Library::System("libsqlite3.so.0"), refused()),
            ]),
        };
        let of = |shape, binding| bench.binding_left_out(shape, binding);
        assert_eq!(
            bench.shape_left_out(crc32).unwrap(),
            "zlib crc32, 64 bytes was left out: no such file"
        );
        assert_eq!(bench.shape_left_out(sqlite), None);
        assert_eq!(
            of(sqlite, Binding::CffiApi).unwrap(),
            "sqlite3, a row through cffi API was left out: no headers"
        );
        assert_eq!(of(sqlite, Binding::CffiAbi), None);
        // One line for all our own shapes.
        for name in ["int2", "sum_int32"] {
            assert_eq!(
                of(shape(name).unwrap(), Binding::CffiApi).unwrap(),
                "cffi API was left out: no headers"
            );
        }
    }
}
