//! The wheel: `pip` builds it, and a program in an environment where it is installed has Hardwire when it asks for it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use hardwire::python::{Interpreter, Search};
use hardwire::{layout, venv};
use tempfile::TempDir;

const APP: &str = "\
import ctypes
labs = ctypes.CDLL(None).labs
labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long

def total(n):
    result = 0
    for i in range(n):
        result += labs(-i)
    return result

print(total(20000))
";
const OURS: &str = "import sys; print([name for name in sys.modules if 'hardwire' in name])";

/// Runs a command to its end: (status, stdout, stderr).
fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn must_run(command: &mut Command) {
    let (status, stdout, stderr) = output(command);
    assert_eq!(status, Some(0), "{command:?}\n{stdout}{stderr}");
}

/// The one wheel for every version. pip builds it as for `pip install .`, with the profile of this test.
fn wheel() -> &'static Path {
    static WHEEL: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = WHEEL.get_or_init(|| {
        let base = Search::from_environment()
            .first()
            .expect("CPython 3.12 or 3.13");
        let python = venv::TESTS.ensure(&base).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut path = OsString::from(python.path.parent().unwrap());
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let profile = if cfg!(debug_assertions) {
            "dev"
        } else {
            "release"
        };
        must_run(
            Command::new(&python.path)
                .args([
                    "-m",
                    "pip",
                    "wheel",
                    "--no-build-isolation",
                    "--no-deps",
                    "-w",
                ])
                .arg(folder.path())
                .arg(layout::source("").unwrap())
                // maturin lies beside the environment's interpreter.
                .env("PATH", path)
                .env("CARGO_TARGET_DIR", layout::target_dir().unwrap())
                .env("MATURIN_PEP517_ARGS", format!("--profile {profile}")),
        );
        let wheels: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(wheels.len(), 1, "{wheels:?}");
        (folder, wheels[0].clone())
    });
    path
}

/// An environment in which the wheel is installed.
struct Installed {
    folder: TempDir,
    python: PathBuf,
    packages: PathBuf,
}

impl Installed {
    fn new(base: &Interpreter) -> Installed {
        let folder = tempfile::tempdir().unwrap();
        let environment = folder.path().join("env");
        must_run(
            Command::new(&base.path)
                .args(["-m", "venv"])
                .arg(&environment),
        );
        let (major, minor) = base.minor();
        let installed = Installed {
            python: environment.join("bin/python"),
            packages: environment.join(format!("lib/python{major}.{minor}/site-packages")),
            folder,
        };
        must_run(
            installed
                .pip(&["install", "--no-index", "--no-deps"])
                .arg(wheel()),
        );
        fs::write(installed.app(), APP).unwrap();
        installed
    }

    fn app(&self) -> PathBuf {
        self.folder.path().join("app.py")
    }

    fn python(&self) -> Command {
        let mut command = Command::new(&self.python);
        for name in ["HARDWIRE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"] {
            command.env_remove(name);
        }
        command
    }

    fn pip(&self, arguments: &[&str]) -> Command {
        let mut command = self.python();
        command.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        command.args(arguments);
        command
    }

    /// Runs the program: (status, stdout, stderr).
    fn run(&self, options: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
        output(
            self.python()
                .args(options)
                .arg(self.app())
                .envs(environment.iter().copied()),
        )
    }

    /// Runs code.
    fn code(
        &self,
        options: &[&str],
        environment: &[(&str, &str)],
        code: &str,
    ) -> (Option<i32>, String, String) {
        output(
            self.python()
                .args(options)
                .args(["-c", code])
                .envs(environment.iter().copied()),
        )
    }
}

/// All that holds in an environment of one version: making one takes the time of all of it.
fn proves(minor: (u32, u32)) {
    let found = Search::from_environment().one_of_each();
    let Some(base) = found.iter().find(|one| one.minor() == minor) else {
        eprintln!(
            "skipped: no CPython {}.{} on this machine",
            minor.0, minor.1
        );
        return;
    };
    let installed = Installed::new(base);
    off_means_that_nothing_is_imported(&installed);
    on_means_that_loops_are_compiled(&installed);
    a_wrong_word_stops_the_program(&installed);
    site_may_read_the_line_again(&installed);
    it_can_be_switched_on_by_the_program(&installed);
    nothing_stays_behind(&installed);
}

fn off_means_that_nothing_is_imported(installed: &Installed) {
    type Way = (
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
    );
    let ways: &[Way] = &[
        (&[], &[]),
        (&[], &[("HARDWIRE", "0")]),
        (&[], &[("HARDWIRE", "off")]),
        (&[], &[("HARDWIRE", "")]),
        (&["-X", "hardwire=0"], &[]),
        (&["-X", "hardwire=0"], &[("HARDWIRE", "1")]),
        (&["-E"], &[("HARDWIRE", "1")]),
        (&["-I"], &[("HARDWIRE", "1")]),
    ];
    for (options, environment) in ways {
        let expected = (Some(0), "[]\n".to_string(), String::new());
        assert_eq!(
            installed.code(options, environment, OURS),
            expected,
            "{options:?} {environment:?}"
        );
    }
}

fn on_means_that_loops_are_compiled(installed: &Installed) {
    let plain = installed.run(&[], &[]);
    for (options, environment) in [
        (&["-X", "hardwire=report"][..], &[][..]),
        (&[], &[("HARDWIRE", "report,threshold=100")]),
        (&["-X", "hardwire=threshold=100"], &[("HARDWIRE", "report")]),
    ] {
        let (status, stdout, stderr) = installed.run(options, environment);
        assert_eq!((status, &stdout), (Some(0), &plain.1), "{stderr}");
        assert!(
            stderr.starts_with("hardwire: ") && stderr.contains(" total: compiled"),
            "{options:?} {environment:?}: {stderr}"
        );
    }
    for (options, environment) in [
        (&["-X", "hardwire"][..], &[][..]),
        (&[], &[("HARDWIRE", "1")]),
    ] {
        assert_eq!(
            installed.run(options, environment),
            plain,
            "{options:?} {environment:?}"
        );
        let on = "import hardwire; print(hardwire.is_enabled())";
        assert_eq!(installed.code(options, environment, on).1, "True\n");
    }
}

fn a_wrong_word_stops_the_program(installed: &Installed) {
    for (options, environment, word) in [
        (&["-X", "hardwire=oops"][..], &[][..], "`oops`"),
        (&[], &[("HARDWIRE", "oops")], "`oops`"),
        (
            &["-X", "hardwire=threshold=many"],
            &[],
            "option `threshold` takes a whole number",
        ),
    ] {
        let (status, stdout, stderr) = installed.run(options, environment);
        assert_eq!(
            (status, stdout.as_str()),
            (Some(2), ""),
            "{options:?}: {stderr}"
        );
        assert!(
            stderr.starts_with("hardwire: ") && stderr.contains(word),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

fn site_may_read_the_line_again(installed: &Installed) {
    let code = "import site, sys, hardwire\n\
        for folder in site.getsitepackages(): site.addsitedir(folder)\n\
        site.main()\n\
        print(hardwire.is_enabled())";
    let (status, stdout, stderr) = installed.code(&["-X", "hardwire=report"], &[], code);
    assert_eq!((status, stdout.as_str()), (Some(0), "True\n"), "{stderr}");
    assert_eq!(stderr.matches("hardwire: ").count(), 1, "{stderr}");
}

fn it_can_be_switched_on_by_the_program(installed: &Installed) {
    let code = "import hardwire\n\
        try: hardwire.enable(oops=1)\n\
        except ValueError as error: print(error)\n\
        hardwire.enable(threshold=50)\n\
        print(hardwire.is_enabled(), sorted(hardwire.stats()))\n\
        hardwire.disable()\n\
        print(hardwire.is_enabled())";
    let (status, stdout, stderr) = installed.code(&[], &[], code);
    assert_eq!(status, Some(0), "{stderr}");
    let lines: Vec<_> = stdout.lines().collect();
    assert!(lines[0].contains("unknown option `oops`"), "{stdout}");
    assert_eq!(
        lines[1..],
        [
            "True ['aborted', 'compiled', 'entries', 'exits', 'loops', 'recordings']",
            "False"
        ]
    );
}

fn nothing_stays_behind(installed: &Installed) {
    must_run(&mut installed.pip(&["uninstall", "--yes", "hardwire"]));
    let left: Vec<_> = fs::read_dir(&installed.packages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("hardwire"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    // The flag is nobody's then, as CPython has it with every unknown one.
    let plain = installed.run(&[], &[]);
    assert_eq!(installed.run(&["-X", "hardwire"], &[]), plain);
}

#[test]
fn the_wheel_serves_python_3_12() {
    proves((3, 12));
}

#[test]
fn the_wheel_serves_python_3_13() {
    proves((3, 13));
}

#[test]
fn there_is_one_wheel_and_it_holds_the_line_for_site() {
    let name = wheel().file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.contains("-cp312-abi3-"), "{name}");
}
