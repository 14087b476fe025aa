//! The same loops through other ways to C, where these are installed: PyPy, LuaJIT, Numba, Cython, nanobind.

mod ways;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::binding::{Binding, Library};
use crate::host::{self, Host};
use crate::micro::bench::{Bench, Sources, api_module, folder};
use crate::micro::shapes::Shape;
use crate::micro::{self, Effort};
use crate::native::Module;
use crate::row::{Row, geometric_mean};
use crate::spread::Spread;
use crate::text::{self, Grid};
use crate::timing::{self, Measured};
use ways::{How, PLAIN, WAYS, Way};

pub use ways::Peer;

/// What was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Results {
    /// The peers, with their versions.
    pub installed: Vec<String>,
    /// The cells of the table.
    pub cells: Vec<Cell>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// A shape through a way of a peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cell {
    /// The shape's name.
    pub shape: String,
    /// What its row is called.
    pub title: String,
    /// The way's name.
    pub way: String,
    /// In C, ns an iteration.
    pub c: Spread,
    /// Through the peer, ns an iteration; none where it failed.
    pub times: Option<Spread>,
    /// Through the peer over C; none where the result is not C's.
    pub over_c: Option<f64>,
    /// What is wrong, if anything.
    pub wrong: Option<String>,
    /// The process CPU time of the work until it ran at 90% of its final speed, ms.
    pub warm_up_ms: Option<f64>,
}

/// Measures the shapes of these names, or all, through these peers.
///
/// # Errors
/// A shape's loop in C cannot be built or run.
pub fn measure(host: &Host, effort: Effort, names: &[String], peers: &[Peer]) -> Result<Results> {
    let shapes = micro::shapes_named(names)?;
    let cells: Vec<_> = shapes.iter().map(|shape| (*shape, Vec::new())).collect();
    let bench = Bench::prepare(host, effort, &cells)?;
    let mut results = Results {
        installed: Vec::new(),
        cells: Vec::new(),
        left_out: Vec::new(),
    };
    let mut ready: Vec<&Way> = Vec::new();
    for &peer in peers {
        match peer.version(host) {
            Ok(version) => {
                results.installed.push(version);
                ready.extend(WAYS.iter().filter(|way| way.peer == peer));
            }
            Err(why) => results.left_out.push(why),
        }
    }
    let mut modules = Modules::default();
    let progress = text::progress(shapes.len() * ready.len());
    for shape in shapes {
        if bench.shape_left_out(shape).is_some() {
            continue;
        }
        let before = bench.c(shape)?;
        let mut all = Vec::new();
        for way in &ready {
            progress.set_message(format!("{} through {}", shape.title, way.title));
            if has(host, shape, way) {
                match modules.of(host, shape, way) {
                    Ok(module) => all.push((way, run(&bench, shape, way, module))),
                    Err(why) => results.leave_out(way, &why),
                }
            }
            progress.inc(1);
        }
        let c = before.and(bench.c(shape)?);
        let cells = all
            .into_iter()
            .map(|(way, measured)| cell(shape, way, &c, measured));
        results.cells.extend(cells);
    }
    progress.finish_and_clear();
    Ok(results)
}

/// The compiled module of a peer, which has the shapes of [`is_plain`].
///
/// # Errors
/// The peer makes none, or it cannot be built: why.
pub(crate) fn compiled(host: &Host, peer: Peer) -> Result<PathBuf, String> {
    let source = |way: &Way| match way.how {
        How::Extension { source } if way.peer == peer => Some(source),
        _ => None,
    };
    let found = WAYS.iter().find_map(|way| Some((way, source(way)?)));
    let (way, source) = found.ok_or_else(|| format!("{} compiles no module", peer.title()))?;
    extension(host, way, source).map_err(|error| format!("{} was left out: {error:#}", way.title))
}

/// Whether a shape calls with plain values only, and is in the compiled modules.
pub(crate) fn is_plain(shape: Shape) -> bool {
    PLAIN.contains(&shape.name)
}

/// Whether a shape is written for a way.
fn has(host: &Host, shape: Shape, way: &Way) -> bool {
    let plain = !matches!(way.how, How::Extension { .. }) || is_plain(shape);
    plain && folder(host, shape).join(way.how.file()).exists()
}

fn run(bench: &Bench, shape: Shape, way: &Way, module: Option<PathBuf>) -> Result<Measured> {
    let host = bench.host();
    let counts = bench.counts();
    let mut command: Command = way.peer.command(host);
    let folder = folder(host, shape);
    let harness = |name: &str| host.source("harness").join(name);
    if let Some(module) = module {
        host::add_to_pythonpath(&mut command, &module);
    }
    let binding = match way.how {
        How::Lua => {
            command
                .arg(harness("measure.lua"))
                .arg(bench.library(shape));
            command.arg(folder).args(counts.warming());
            return timing::measured(&mut command);
        }
        How::Python { binding, .. } => binding,
        How::Api => Binding::CffiApi.name(),
        How::Extension { .. } => "extension",
    };
    command.arg("-B").arg(harness("measure.py")).arg(binding);
    command
        .arg(bench.library(shape))
        .arg(folder.join(way.how.file()));
    timing::measured(command.args(counts.warming()))
}

fn cell(shape: Shape, way: &Way, c: &Measured, measured: Result<Measured>) -> Cell {
    let wrong = match &measured {
        Err(error) => Some(format!("FAILED: {error:#}")),
        Ok(one) if !text::same_value(&one.checksum, &c.checksum) => {
            Some(format!("WRONG: {}, {} in C", one.checksum, c.checksum))
        }
        Ok(_) => None,
    };
    let measured = measured.ok();
    let times = measured.as_ref().map(|one| one.ns);
    Cell {
        shape: shape.name.to_string(),
        title: shape.title.to_string(),
        way: way.name.to_string(),
        c: c.ns,
        over_c: times
            .filter(|_| wrong.is_none())
            .map(|times| times.min / c.ns.min),
        times,
        wrong,
        warm_up_ms: measured.and_then(|one| one.warm_up_ms),
    }
}

/// The compiled modules of ways, each built when it is first needed; or why it cannot be.
#[derive(Default)]
struct Modules {
    built: HashMap<(&'static str, Library), Result<PathBuf, String>>,
}

impl Modules {
    /// The folder of the module that a shape needs, where it needs one.
    fn of(&mut self, host: &Host, shape: Shape, way: &Way) -> Result<Option<PathBuf>, String> {
        let make = || match way.how {
            How::Extension { source } => extension(host, way, source),
            _ => {
                let prefix = format!("{}-", way.peer.name());
                api_module(host, shape.library, &|| way.peer.command(host), &prefix)
            }
        };
        if matches!(way.how, How::Python { .. } | How::Lua) {
            return Ok(None);
        }
        let built = self.built.entry((way.name, shape.library));
        let module = built.or_insert_with(|| make().map_err(|error| format!("{error:#}")));
        module.clone().map(Some)
    }
}

fn extension(host: &Host, way: &Way, source: &str) -> Result<PathBuf> {
    let source = host.source("peers").join(source);
    let folders = PLAIN.iter().map(|name| host.source("shapes").join(name));
    let of = Sources::in_folders(folders.collect());
    let mut arguments: Vec<OsString> = vec![
        way.peer.name().into(),
        source.clone().into(),
        host.source("shapes").into(),
    ];
    arguments.extend(of.sources.iter().map(OsString::from));
    Module {
        name: way.name,
        interpreter: &|| way.peer.command(host),
        maker: way.title,
        script: &host.source("harness/build_extension.py"),
        arguments: &arguments,
        inputs: &[of.sources, of.headers, vec![source]].concat(),
    }
    .ensure(host)
}

impl Results {
    fn leave_out(&mut self, way: &Way, why: &str) {
        let line = format!("{} was left out: {why}", way.title);
        if !self.left_out.contains(&line) {
            self.left_out.push(line);
        }
    }

    /// The table: times C, beside what Hardwire takes in the rows of the same run.
    pub fn grid(&self, rows: &[Row]) -> Grid {
        let bindings: Vec<_> = Binding::ALL
            .iter()
            .filter(|&&binding| rows.iter().any(|row| row.binding == binding))
            .collect();
        let ways: Vec<_> = WAYS
            .iter()
            .filter(|way| self.of(way).next().is_some())
            .collect();
        let mut headings = vec!["times C".to_string(), "C, ns".to_string()];
        headings.extend(
            bindings
                .iter()
                .map(|binding| format!("Hardwire {}", binding.title())),
        );
        headings.extend(ways.iter().map(|way| way.title.to_string()));
        let mut shapes: Vec<_> = self.cells.iter().collect();
        shapes.dedup_by(|one, other| one.shape == other.shape);
        let row_of = |shape: &str, binding: Binding| {
            let is_it = |row: &&Row| row.name == shape && row.binding == binding;
            rows.iter()
                .find(is_it)
                .filter(|row| row.verdict.is_right())?
                .on_over_c
        };
        let mut lines = Vec::new();
        for of in &shapes {
            let mut line = vec![of.title.clone(), text::time(of.c.min)];
            let ours = bindings.iter().map(|&&binding| row_of(&of.shape, binding));
            line.extend(ours.map(|ratio| text::figure(ratio, text::times)));
            line.extend(ways.iter().map(|way| {
                let cell = self.of(way).find(|cell| cell.shape == of.shape);
                cell.map_or("-".to_string(), Cell::text)
            }));
            lines.push(line);
        }
        let mean = |ratios: Vec<f64>| match ratios.len() {
            0 => "-".to_string(),
            count => format!("{} of {count}", text::times(geometric_mean(&ratios))),
        };
        let mut means = vec!["geometric mean, of so many".to_string(), String::new()];
        means.extend(bindings.iter().map(|&&binding| {
            mean(
                shapes
                    .iter()
                    .filter_map(|of| row_of(&of.shape, binding))
                    .collect(),
            )
        }));
        means.extend(
            ways.iter()
                .map(|way| mean(self.of(way).filter_map(|cell| cell.over_c).collect())),
        );
        lines.push(means);
        Grid {
            headings,
            left: 1,
            rows: lines,
        }
    }

    fn of<'a>(&'a self, way: &'a Way) -> impl Iterator<Item = &'a Cell> {
        self.cells.iter().filter(move |cell| cell.way == way.name)
    }

    /// What there is to say beside the table.
    pub fn remarks(&self) -> Vec<String> {
        let title = |cell: &Cell| {
            let way = WAYS.iter().find(|way| way.name == cell.way);
            way.map_or(cell.way.clone(), |way| way.title.to_string())
        };
        let wrong = self.cells.iter().filter_map(|cell| {
            let what = cell.wrong.as_ref()?;
            Some(format!("{} through {}: {what}", cell.title, title(cell)))
        });
        wrong.chain(self.left_out.iter().cloned()).collect()
    }

    /// The warm-up of each way that has one, over its shapes, in words.
    pub fn warm_ups(&self) -> Vec<String> {
        let of = |way: &Way| {
            let all: Vec<_> = self.of(way).filter_map(|cell| cell.warm_up_ms).collect();
            let spread = Spread::of(&all)?;
            Some(format!(
                "{}: warm after {} ms in the middle, {} ms at most",
                way.title,
                text::time(spread.median),
                text::time(spread.max)
            ))
        };
        let ways = WAYS.iter().filter(|way| way.peer.warms_up());
        ways.filter_map(of).collect()
    }
}

impl Cell {
    fn text(&self) -> String {
        match (&self.wrong, self.over_c) {
            (None, Some(ratio)) => text::times(ratio),
            (Some(what), _) => what.split(':').next().unwrap_or("WRONG").to_string(),
            (None, None) => "-".to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::micro::shapes::shape;

    #[test]
    fn a_cell_is_the_ratio_to_c_or_what_is_wrong() {
        let measured =
            |ns: f64, checksum: &str| Measured::new(vec![ns], checksum.to_string()).unwrap();
        let c = measured(2.0, "5");
        let shape = shape("int2").unwrap();
        let of = |measured| cell(shape, &WAYS[3], &c, measured).text();
        assert_eq!(of(Ok(measured(3.0, "5"))), "1.5x");
        assert_eq!(of(Ok(measured(3.0, "6"))), "WRONG");
        assert_eq!(of(Err(anyhow::anyhow!("signal 11"))), "FAILED");
    }

    #[test]
    fn a_mean_is_over_what_a_way_has() {
        let cell = |shape: &str, way: &str, ratio| Cell {
            shape: shape.to_string(),
            title: shape.to_string(),
            way: way.to_string(),
            c: Spread::of(&[1.0]).unwrap(),
            times: Spread::of(&[ratio]),
            over_c: Some(ratio),
            wrong: None,
            warm_up_ms: None,
        };
        let results = Results {
            installed: Vec::new(),
            cells: vec![
                cell("int2", "luajit", 2.0),
                cell("int2", "numba", 1.0),
                cell("ten", "luajit", 8.0),
            ],
            left_out: Vec::new(),
        };
        let grid = results.grid(&[]);
        assert_eq!(grid.headings, ["times C", "C, ns", "LuaJIT", "Numba"]);
        assert_eq!(grid.rows[1], ["ten", "1.00", "8.0x", "-"]);
        assert_eq!(grid.rows[2][2..], ["4.0x of 2", "1.0x of 1"]);
    }
}
