//! Finding a CPython that Hardwire supports: every place that is looked at, in order, with a verdict.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The versions of CPython that are supported, preferred first.
pub const SUPPORTED: &[(u32, u32)] = &[(3, 13), (3, 12)];

/// What a candidate says of itself, one fact a line.
const PROBE: &str = "import os, sys\n\
    print(sys.implementation.name, '.'.join(map(str, sys.version_info[:3])), sys.platform, os.uname().machine, \
    '-' + sys.abiflags, sep='\\n')";

/// A supported interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// How to start it.
    pub path: PathBuf,
    /// Its version.
    pub version: (u32, u32, u32),
}

impl Interpreter {
    /// `3.13`: what Hardwire's support goes by.
    pub fn minor(&self) -> (u32, u32) {
        (self.version.0, self.version.1)
    }

    /// `3.13.0`
    pub fn version_text(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }
}

impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CPython {} ({})",
            self.version_text(),
            self.path.display()
        )
    }
}

/// A place where interpreters are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The variable `HARDWIRE_PYTHON`.
    Chosen,
    /// The active virtual environment.
    VirtualEnv,
    /// A folder on PATH.
    Path,
    /// pyenv's versions.
    Pyenv,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Chosen => "HARDWIRE_PYTHON",
            Origin::VirtualEnv => "VIRTUAL_ENV",
            Origin::Path => "PATH",
            Origin::Pyenv => "pyenv",
        })
    }
}

/// One interpreter that was looked at.
#[derive(Debug)]
pub struct Candidate {
    /// Where it was found.
    pub origin: Origin,
    /// The file.
    pub path: PathBuf,
    /// The interpreter, or why not this one.
    pub verdict: Result<Interpreter, String>,
}

/// The places to look at.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// `HARDWIRE_PYTHON`: a path, or a name to be found on PATH.
    pub chosen: Option<OsString>,
    /// `VIRTUAL_ENV`
    pub virtual_env: Option<PathBuf>,
    /// The folders of `PATH`.
    pub path: Vec<PathBuf>,
    /// pyenv's folder `versions`, once for each root.
    pub pyenv: Vec<PathBuf>,
}

impl Search {
    /// The places that the environment names.
    pub fn from_environment() -> Search {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = set("HOME").map(|home| Path::new(&home).join(".pyenv"));
        let mut pyenv: Vec<_> = set("PYENV_ROOT")
            .map(PathBuf::from)
            .into_iter()
            .chain(home)
            .collect();
        pyenv.dedup();
        Search {
            chosen: set("HARDWIRE_PYTHON"),
            virtual_env: set("VIRTUAL_ENV").map(PathBuf::from),
            path: set("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
            pyenv: pyenv
                .into_iter()
                .map(|root| root.join("versions"))
                .collect(),
        }
    }

    /// The interpreter to use. One that was named must be usable; of the others the first that is.
    ///
    /// # Errors
    /// There is none: the text says what was looked at, and how to get one.
    pub fn first(&self) -> Result<Interpreter> {
        let mut refused = Vec::new();
        for (origin, path) in self.places() {
            match (origin, probe(&path)) {
                (Origin::Chosen, Err(why)) => {
                    bail!("HARDWIRE_PYTHON={} cannot be used: {why}", path.display())
                }
                (_, Ok(found)) => {
                    for Candidate {
                        origin,
                        path,
                        verdict,
                    } in &refused
                    {
                        // Running outside the user's own environment must not go unnoticed.
                        if let (Origin::VirtualEnv, Err(why)) = (origin, verdict) {
                            eprintln!("hardwire: not {} ({why}), but {found}", path.display());
                        }
                    }
                    return Ok(found);
                }
                (origin, verdict) => refused.push(Candidate {
                    origin,
                    path,
                    verdict,
                }),
            }
        }
        bail!(self.nothing_found(&refused))
    }

    /// Every candidate with its verdict.
    pub fn all(&self) -> Vec<Candidate> {
        let examine = |(origin, path): (Origin, PathBuf)| {
            let verdict = probe(&path);
            Candidate {
                origin,
                path,
                verdict,
            }
        };
        self.places().into_iter().map(examine).collect()
    }

    /// The first interpreter of each supported version, for the tests.
    pub fn one_of_each(&self) -> Vec<Interpreter> {
        let found: Vec<_> = self
            .all()
            .into_iter()
            .filter_map(|candidate| candidate.verdict.ok())
            .collect();
        SUPPORTED
            .iter()
            .filter_map(|version| found.iter().find(|one| one.minor() == *version).cloned())
            .collect()
    }

    /// The files to look at, in order, each once.
    fn places(&self) -> Vec<(Origin, PathBuf)> {
        let mut places = Vec::new();
        if let Some(chosen) = &self.chosen {
            places.push((Origin::Chosen, self.resolve(chosen)));
        }
        if let Some(environment) = &self.virtual_env {
            places.push((Origin::VirtualEnv, environment.join("bin/python")));
        }
        for name in names() {
            let found = self
                .path
                .iter()
                .map(|folder| folder.join(&name))
                .filter(|file| file.is_file());
            places.extend(found.map(|file| (Origin::Path, file)));
        }
        let versions: Vec<_> = self
            .pyenv
            .iter()
            .flat_map(|folder| subfolders(folder))
            .collect();
        for name in names() {
            let found = versions
                .iter()
                .map(|folder| folder.join("bin").join(&name))
                .filter(|file| file.is_file());
            places.extend(found.map(|file| (Origin::Pyenv, file)));
        }
        let mut seen = HashSet::new();
        places.retain(|(_, path)| seen.insert(path.clone()));
        places
    }

    /// A path as it is, a bare name on PATH.
    fn resolve(&self, chosen: &OsStr) -> PathBuf {
        let path = PathBuf::from(chosen);
        if path.components().count() > 1 {
            return path;
        }
        self.path
            .iter()
            .map(|folder| folder.join(&path))
            .find(|file| file.is_file())
            .unwrap_or(path)
    }

    fn nothing_found(&self, refused: &[Candidate]) -> String {
        let versions = SUPPORTED
            .iter()
            .map(|(major, minor)| format!("{major}.{minor}"))
            .collect::<Vec<_>>();
        let mut text = format!(
            "no supported Python found: CPython {} is needed (the usual build, on x86-64 Linux)\nlooked at:\n",
            versions.join(" or ")
        );
        let nothing_in = |what: String, list: &[PathBuf]| {
            let shown: Vec<_> = list
                .iter()
                .map(|folder| folder.display().to_string())
                .collect();
            if shown.is_empty() {
                "not set".to_string()
            } else {
                format!("no {what} in {}", shown.join(":"))
            }
        };
        let nowhere = [
            (Origin::Chosen, "not set".to_string()),
            (Origin::VirtualEnv, "not set".to_string()),
            (Origin::Path, nothing_in(names().join(" or "), &self.path)),
            (
                Origin::Pyenv,
                nothing_in("version of these".to_string(), &self.pyenv),
            ),
        ];
        for (origin, nothing) in nowhere {
            let mut here = refused
                .iter()
                .filter(|candidate| candidate.origin == origin)
                .peekable();
            if here.peek().is_none() {
                text.push_str(&format!("  {origin}: {nothing}\n"));
            }
            for candidate in here {
                if let Err(why) = &candidate.verdict {
                    text.push_str(&format!(
                        "  {origin}: {}: {why}\n",
                        candidate.path.display()
                    ));
                }
            }
        }
        text.push_str(
            "to get one: `pyenv install 3.13`, `uv python install 3.13` or your distribution's package python3.13; \
             one in another place is named by HARDWIRE_PYTHON=/path/to/python3.13",
        );
        text
    }
}

fn names() -> Vec<String> {
    SUPPORTED
        .iter()
        .map(|(major, minor)| format!("python{major}.{minor}"))
        .collect()
}

/// The folders in a folder, the highest version first.
fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let numbers = |path: &PathBuf| -> Vec<u32> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        name.split(|c: char| !c.is_ascii_digit())
            .filter_map(|part| part.parse().ok())
            .collect()
    };
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .collect();
    found.sort();
    found.sort_by_key(|path| std::cmp::Reverse(numbers(path)));
    found
}

/// Runs a candidate: a file of the right name may be a shim that refuses, another implementation or another build.
fn probe(path: &Path) -> Result<Interpreter, String> {
    let output = Command::new(path)
        .args(["-I", "-S", "-c", PROBE])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it said nothing")
            .trim();
        return Err(format!("does not run: {first}"));
    }
    judge(path, &String::from_utf8_lossy(&output.stdout))
}

fn judge(path: &Path, facts: &str) -> Result<Interpreter, String> {
    let lines: Vec<_> = facts.lines().collect();
    let [implementation, version, platform, machine, flags] = lines[..] else {
        return Err("does not answer like a Python".to_string());
    };
    if implementation != "cpython" {
        return Err(format!("is {implementation} {version}, not CPython"));
    }
    let numbers: Vec<u32> = version
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    let [major, minor, patch] = numbers[..] else {
        return Err(format!("has the version {version}"));
    };
    if !SUPPORTED.contains(&(major, minor)) {
        return Err(format!("is CPython {version}, which is not supported"));
    }
    if (platform, machine) != ("linux", "x86_64") {
        return Err(format!(
            "runs on {platform} {machine}, which is not supported"
        ));
    }
    match flags.trim_start_matches('-') {
        "" => Ok(Interpreter {
            path: path.to_path_buf(),
            version: (major, minor, patch),
        }),
        flags if flags.contains('t') => {
            Err(format!("is a free-threaded build of CPython {version}"))
        }
        flags if flags.contains('d') => Err(format!("is a debug build of CPython {version}")),
        flags => Err(format!(
            "is a build of CPython {version} with the unknown flags {flags}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::script;

    /// An executable that answers like an interpreter.
    fn fake(path: &Path, answer: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        script(path, &format!("#!/bin/sh\nprintf '{answer}'\n"));
    }

    fn answer(version: &str) -> String {
        format!("cpython\\n{version}\\nlinux\\nx86_64\\n-\\n")
    }

    fn scratch(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("hardwire-search-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn builds_that_are_not_verified_are_refused() {
        let verdict = |facts: &str| judge(Path::new("p"), facts).map(|found| found.version);
        assert_eq!(
            verdict("cpython\n3.12.1\nlinux\nx86_64\n-\n"),
            Ok((3, 12, 1))
        );
        for (facts, word) in [
            ("cpython\n3.13.0\nlinux\nx86_64\n-t\n", "free-threaded"),
            ("cpython\n3.13.0\nlinux\nx86_64\n-d\n", "debug"),
            ("cpython\n3.11.7\nlinux\nx86_64\n-\n", "3.11.7"),
            ("cpython\n3.13.0\nlinux\naarch64\n-\n", "aarch64"),
            ("cpython\n3.13.0\ndarwin\nx86_64\n-\n", "darwin"),
            ("pypy\n3.11.7\nlinux\nx86_64\n-\n", "not CPython"),
            ("hello\n", "like a Python"),
        ] {
            let why = verdict(facts).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn the_places_are_searched_in_order() {
        let root = scratch("order");
        let chosen = root.join("mine/python");
        let in_venv = root.join("venv/bin/python");
        let shim = root.join("shims/python3.13");
        let on_path = root.join("bin/python3.12");
        let old = root.join("versions/3.13.2/bin/python3.13");
        let new = root.join("versions/3.13.10/bin/python3.13");
        fake(&chosen, &answer("3.12.0"));
        fake(&in_venv, &answer("3.12.2"));
        fake(&on_path, &answer("3.12.3"));
        fake(&old, &answer("3.13.2"));
        fake(&new, &answer("3.13.10"));
        std::fs::create_dir_all(shim.parent().unwrap()).unwrap();
        script(&shim, "#!/bin/sh\necho 'command not found' >&2\nexit 127\n");

        let mut search = Search {
            chosen: Some(chosen.clone().into()),
            virtual_env: Some(root.join("venv")),
            path: vec![root.join("shims"), root.join("bin")],
            pyenv: vec![root.join("versions")],
        };
        let order: Vec<_> = search
            .all()
            .into_iter()
            .map(|candidate| candidate.path)
            .collect();
        assert_eq!(
            order,
            [
                chosen.clone(),
                in_venv.clone(),
                shim,
                on_path.clone(),
                new.clone(),
                old
            ]
        );
        assert_eq!(search.first().unwrap().path, chosen);
        search.chosen = None;
        assert_eq!(search.first().unwrap().path, in_venv);
        search.virtual_env = None;
        assert_eq!(
            search.first().unwrap().path,
            on_path,
            "the shim on PATH does not run"
        );
        search.path.pop();
        assert_eq!(search.first().unwrap().path, new);
        let versions: Vec<_> = search
            .one_of_each()
            .into_iter()
            .map(|found| found.version)
            .collect();
        assert_eq!(versions, [(3, 13, 10)]);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn an_interpreter_that_was_named_must_be_usable() {
        let root = scratch("named");
        let old = root.join("bin/python3.11");
        let good = root.join("bin/python3.12");
        fake(&old, &answer("3.11.7"));
        fake(&good, &answer("3.12.3"));
        let search = Search {
            chosen: Some("python3.11".into()),
            path: vec![root.join("bin")],
            ..Search::default()
        };
        let error = search.first().unwrap_err().to_string();
        assert!(
            error.contains("HARDWIRE_PYTHON") && error.contains("3.11.7"),
            "{error}"
        );
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn none_found_says_what_was_looked_at_and_how_to_get_one() {
        let root = scratch("none");
        fake(&root.join("venv/bin/python"), &answer("3.11.7"));
        let search = Search {
            virtual_env: Some(root.join("venv")),
            path: vec![root.join("bin")],
            ..Search::default()
        };
        let error = search.first().unwrap_err().to_string();
        for part in [
            "HARDWIRE_PYTHON: not set",
            "3.11.7",
            "PATH: no python3.13",
            "pyenv",
            "to get one",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
}
