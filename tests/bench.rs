//! `hardwire bench`, as a person meets it.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

fn bench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hardwire"));
    command.arg("bench");
    command
}

#[test]
fn a_row_has_its_figures_in_the_table_and_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--quick", "--repeats", "2"])
        .args(["--only", "int2", "--only", "pydll", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("int(int, int)").and(contains("ctypes.PyDLL")));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(results["version"], 1);
    let about = &results["about"];
    assert_eq!(about["effort"]["repeats"], 2);
    assert!(about["date"].as_str().unwrap().ends_with('Z'), "{text}");
    assert!(about["machine"]["cores"].as_u64().unwrap() > 0, "{text}");
    assert!(results["save_restore_ns"].as_f64().unwrap() > 0.0);
    let rows = results["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{text}");
    let row = &rows[0];
    assert_eq!(row["name"], "int2");
    assert_eq!(row["part"], "calls");
    assert_eq!(row["binding"], "pydll");
    for figure in ["off_over_c", "on_over_c", "off_over_on"] {
        assert!(row[figure].as_f64().unwrap() > 0.0, "{figure}: {text}");
    }
    for times in ["c", "off", "on"] {
        let of = |figure: &str| row[times][figure].as_f64().unwrap();
        assert!(0.0 < of("min") && of("min") <= of("median"), "{text}");
        assert!(of("median") <= of("max"), "{text}");
    }
    assert!(
        ["met", "missed"].contains(&row["verdict"]["is"].as_str().unwrap()),
        "{text}"
    );
}

#[test]
fn memory_has_a_table_of_its_own_without_the_gil() {
    let shapes = ["--only", "sum_int32", "--only", "new_free"];
    bench()
        .args(["--quick", "--repeats", "1", "--only", "cdll"])
        .args(shapes)
        .assert()
        .success()
        .stdout(
            contains("memory")
                .and(contains("ctypes, 2 shapes: geometric mean"))
                .and(contains("ctypes.CDLL").not())
                .and(contains("SaveThread + RestoreThread   ").not()),
        );
    bench()
        .args(["--only", "pydll"])
        .args(shapes)
        .assert()
        .failure()
        .stderr(contains("not measured through"));
}

#[test]
fn what_hardwire_costs_beside_the_time_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--quick", "--repeats", "2", "--only", "int2", "--details"])
        .args(["--only", "cffi-abi", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("warm-up, ms").and(contains("code, KiB")));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cost = &results["rows"][0]["cost"];
    // How long the warm-up took cannot be told where the machine is busy with other things.
    assert!(cost.get("warm_up_ms").is_some(), "{text}");
    for figure in ["compile_ms", "code_bytes"] {
        assert!(cost[figure].as_f64().unwrap() > 0.0, "{figure}: {text}");
    }
}

#[test]
fn a_run_is_plotted_and_made_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let quick = || {
        let mut command = bench();
        command.args(["--quick", "--repeats", "1", "--only", "int2"]);
        command
    };
    quick()
        .arg("--html")
        .arg(file("run.html"))
        .arg("--plot")
        .arg(file("run.svg"))
        .assert()
        .success();
    let page = std::fs::read_to_string(file("run.html")).unwrap();
    assert!(
        page.contains("int(int, int)") && page.contains("<svg"),
        "{page}"
    );
    let plot = std::fs::read_to_string(file("run.svg")).unwrap();
    assert!(plot.contains("int(int, int)"), "{plot}");
    let mut command = quick();
    command.arg("--plot").arg(file("run.png"));
    let said = command.assert();
    if std::fs::exists(file("run.png")).unwrap() {
        said.success();
        let pixels = std::fs::read(file("run.png")).unwrap();
        assert!(pixels.starts_with(b"\x89PNG"), "no PNG");
    } else {
        // A system without fonts.
        said.code(2).stderr(contains("fonts-dejavu-core"));
    }
    quick()
        .arg("--plot")
        .arg(file("run.jpg"))
        .assert()
        .code(2)
        .stderr(contains("run.jpg").and(contains(".svg")));
}

#[test]
fn peers_are_measured_where_they_are_and_named_where_they_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--quick", "--repeats", "1", "--only", "int2", "--only"])
        .args(["cffi-abi", "--peers", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("WRONG").not().and(contains("FAILED").not()));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let peers = &results["peers"];
    for peer in ["PyPy", "LuaJIT", "Numba", "Cython", "nanobind"] {
        let lines = |list: &str| peers[list].as_array().unwrap().clone();
        let all = [lines("installed"), lines("left_out")].concat();
        let named = all.iter().filter_map(|line| line.as_str());
        assert!(
            named.clone().any(|line| line.starts_with(peer)),
            "{peer}: {text}"
        );
    }
    for cell in peers["cells"].as_array().unwrap() {
        assert!(cell["over_c"].as_f64().unwrap() > 0.0, "{text}");
    }
    bench()
        .args(["--peer", "oops"])
        .assert()
        .code(2)
        .stderr(contains("oops").and(contains("luajit")));
}

#[test]
fn the_crossover_is_that_of_whole_processes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--crossover", "--quick", "--repeats", "1"])
        .args(["--only", "int2", "--only", "cdll", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("plain Python").and(contains("WRONG").not()));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let row = &results["crossover"]["rows"][0];
    let last =
        |times: &serde_json::Value| times.as_array().unwrap().last().unwrap().as_f64().unwrap();
    let others = row["others"].as_array().unwrap();
    let plain = others
        .iter()
        .find(|one| one["name"] == "plain Python")
        .unwrap();
    // 300 000 calls: 180 ms less, on a start of 30 ms.
    assert!(last(&row["hardwire_ms"]) < last(&plain["ms"]), "{text}");
    assert_ne!(plain["crossover"]["is"], "never", "{text}");
}

/// A stored run with the figures of one row changed.
fn edited(text: &str, edit: impl Fn(&mut serde_json::Value)) -> String {
    let mut run: serde_json::Value = serde_json::from_str(text).unwrap();
    edit(&mut run["rows"][0]);
    run.to_string()
}

/// So many times the time with Hardwire on.
fn scale_on(row: &mut serde_json::Value, by: f64) {
    for (_, figure) in row["on"].as_object_mut().unwrap() {
        *figure = (figure.as_f64().unwrap() * by).into();
    }
}

#[test]
fn a_run_is_compared_with_a_stored_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stored.json");
    let quick = || {
        let mut command = bench();
        command.args(["--quick", "--repeats", "3", "--only", "int2"]);
        command.args(["--only", "cffi-abi"]);
        command
    };
    quick().arg("--json").arg(&file).assert().success();
    let text = std::fs::read_to_string(&file).unwrap();
    // Ten times is beyond what a busy machine does.
    std::fs::write(&file, edited(&text, |row| scale_on(row, 10.0))).unwrap();
    quick()
        .arg("--baseline")
        .arg(&file)
        .assert()
        .success()
        .stdout(
            contains("faster: int(int, int) through cffi ABI").and(contains("0 of 1 rows slower")),
        );
    std::fs::write(&file, edited(&text, |row| scale_on(row, 0.1))).unwrap();
    quick()
        .arg("--baseline")
        .arg(&file)
        .assert()
        .code(1)
        .stdout(contains("SLOWER: int(int, int) through cffi ABI"));
}

#[test]
fn a_baseline_that_is_no_run_is_named_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stored.json");
    for (text, why) in [
        ("{\"rows\": [", "line 1"),
        ("{\"rows\": []}", "no `format`"),
        (
            "{\"format\": \"hardwire bench\", \"version\": 0}",
            "version 0",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        bench()
            .args(["--quick", "--baseline"])
            .arg(&file)
            .assert()
            .code(2)
            .stdout(contains("calls").not())
            .stderr(contains("stored.json").and(contains(why)));
    }
}

#[test]
fn every_shape_gives_c_s_result_through_every_binding() {
    bench()
        .args(["--quick", "--repeats", "1"])
        .assert()
        .success()
        .stdout(contains("WRONG").not().and(contains("FAILED").not()));
}

#[test]
fn every_program_gives_one_result() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--programs", "--quick", "--repeats", "1", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(
            contains("against C")
                .and(contains("Python alone"))
                .and(contains("WRONG").not())
                .and(contains("FAILED").not()),
        );
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = results["rows"].as_array().unwrap();
    let of = |name: &str, times: &str| {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        row[times]["min"].as_f64()
    };
    for (name, times) in [("handle", "base"), ("libm", "c"), ("sieve", "on")] {
        assert!(of(name, times).unwrap() > 0.0, "{name}, {times}: {text}");
    }
    assert_eq!(of("sieve", "c"), None, "{text}");
    bench()
        .args(["--programs", "--only", "oops"])
        .assert()
        .code(2)
        .stderr(contains("--only oops").and(contains("sieve")));
}

#[test]
fn a_name_that_is_not_known_is_answered_with_those_that_are() {
    bench()
        .args(["--only", "oops"])
        .assert()
        .code(2)
        .stderr(contains("--only oops").and(contains("int2")));
    bench()
        .args(["--all", "--only", "oops"])
        .assert()
        .code(2)
        .stderr(contains("sieve").and(contains("startup")));
    bench()
        .args(["--repeats", "0"])
        .assert()
        .code(2)
        .stderr(contains("--repeats"));
}

#[test]
fn ordinary_programs_and_the_start_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    bench()
        .args(["--ordinary", "--quick", "--repeats", "1", "--json"])
        .arg(&file)
        .assert()
        .success()
        .stdout(contains("scheduler").and(contains("WRONG").not()));
    let text = std::fs::read_to_string(&file).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let programs = results["ordinary"]["programs"].as_array().unwrap();
    assert!(programs.len() >= 20, "{text}");
    for program in programs {
        assert!(program["off_over_on"].as_f64().unwrap() > 0.0, "{text}");
    }
    assert!(
        results["ordinary"]["startup"]["on_ms"].as_f64().unwrap() > 0.0,
        "{text}"
    );
    bench()
        .args(["--ordinary", "--only", "oops"])
        .assert()
        .code(2)
        .stderr(contains("--only oops").and(contains("startup")));
}
