//! Random loops, in the recorder's manner, run as the trace files do: the reference evaluator on
//! the trace as recorded and optimised, and machine code of both, give one result. Guards have branches:
//! where variables change their types, where the iterator ends (a loop around the loop), where a condition fails.
//!
//! `PROPTEST_CASES=20000 cargo test -p jit --test random` for a longer run, of other loops each time.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::scene::{evaluate, evaluate_counting, execute, execute_counting};
use jit::Types;
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::Write;
use traces::{Abort, Op, Reason, SnapId, Stage, Trace, parse, verify};

/// Slots: ints, floats, bools; then the operand stack, whose first slot holds the iterator.
const INTS: u16 = 3;
const FLOATS: u16 = 2;
const BOOLS: u16 = 2;
const NLOCALS: u16 = INTS + FLOATS + BOOLS;

/// Ints at which arithmetic goes wrong.
const EDGES: [i64; 16] = [
    0,
    1,
    -1,
    2,
    7,
    -8,
    255,
    -129,
    65_536,
    2_147_483_647,
    -2_147_483_648,
    4_294_967_296,
    i64::MAX,
    i64::MIN,
    i64::MAX - 1,
    i64::MIN + 1,
];
const DOUBLES: [&str; 12] = [
    "0.0", "-0.0", "1.0", "-1.5", "0.1", "3.0", "1e300", "-1e300", "inf", "-inf", "NaN", "5e-324",
];

/// One bytecode: which kind, and three choices that it makes.
#[derive(Clone, Copy, Debug)]
struct Step(u8, u8, u8, u8);

/// A path from one of the guards so far to the header.
#[derive(Clone, Debug)]
struct Branch {
    /// Which guard.
    guard: u8,
    /// What the path does first.
    twist: u8,
    steps: Vec<Step>,
}

/// A loop and what it starts with.
#[derive(Clone, Debug)]
struct Program {
    steps: Vec<Step>,
    branches: Vec<Branch>,
    /// Whether the paths end without a call.
    quiet: bool,
    ints: [u8; INTS as usize],
    floats: [u8; FLOATS as usize],
    bools: [bool; BOOLS as usize],
    /// A slot that starts with an object of another type.
    odd: Option<u8>,
    start: u8,
    step: u8,
    len: u16,
    attention: Option<u8>,
}

/// What the recorder knows at a point of a path.
#[derive(Clone, Default)]
struct Scope {
    pc: usize,
    ints: Vec<usize>,
    floats: Vec<usize>,
    bools: Vec<usize>,
    /// Values whose use the end of the path makes sure of.
    shown: Vec<usize>,
    /// The operand stack above the iterator: boxes.
    stack: Vec<usize>,
}

/// What a guard is about.
#[derive(Clone, Copy)]
enum About {
    Condition,
    /// The type of the object in a slot.
    Type(usize, u16),
    /// That this iterator has another item.
    Item(usize),
}

/// A guard that may have a branch: its snapshot, and what is known where it fails.
#[derive(Clone)]
struct Point {
    snap: usize,
    scope: Scope,
    about: About,
}

/// A trace under construction, as text.
#[derive(Clone, Default)]
struct Writer {
    text: String,
    snaps: String,
    values: usize,
    nsnaps: usize,
    quiet: bool,
    now: Scope,
    points: Vec<Point>,
}

impl Writer {
    fn op(&mut self, text: &str) -> usize {
        let value = self.values;
        self.values += 1;
        writeln!(self.text, "  %{value} = {text}").unwrap();
        value
    }

    fn effect(&mut self, text: &str) {
        writeln!(self.text, "  {text}").unwrap();
    }

    /// The snapshot of the current bytecode.
    fn snap(&mut self, resume: &str) -> usize {
        let stack: Vec<String> = (self.now.stack.iter().zip(NLOCALS + 1..))
            .map(|(value, slot)| format!("{slot}=%{value}"))
            .collect();
        let (n, pc, depth) = (self.nsnaps, self.now.pc, self.now.stack.len() + 1);
        let stack = stack.join(" ");
        writeln!(
            self.snaps,
            "    s{n}: {resume} @code pc {pc} depth {depth} [{stack}]"
        )
        .unwrap();
        self.nsnaps += 1;
        n
    }

    /// A snapshot of a guard that may have a branch.
    fn point(&mut self, about: About) -> usize {
        let snap = self.snap("at");
        let scope = self.now.clone();
        self.points.push(Point { snap, scope, about });
        snap
    }

    fn leaving(&mut self, text: &str) -> usize {
        let snap = self.point(About::Condition);
        self.op(&format!("{text} -> s{snap}"))
    }

    fn guard(&mut self, text: &str) {
        self.guard_about(text, About::Condition);
    }

    fn guard_about(&mut self, text: &str, about: About) {
        let snap = self.point(about);
        self.effect(&format!("{text} -> s{snap}"));
    }

    fn check(&mut self) {
        let snap = self.snap("at");
        self.effect(&format!("check -> s{snap}"));
    }

    fn push(&mut self, boxing: &str, value: usize) {
        let object = self.op(&format!("{boxing} %{value}"));
        self.now.stack.push(object);
    }

    /// An op whose exit must not go with an unused result.
    fn shown(&mut self, text: &str) -> usize {
        let value = self.leaving(text);
        self.push("box_int", value);
        self.now.shown.push(value);
        value
    }

    fn load(&mut self, slot: u16, ty: &str) -> usize {
        let object = self.op(&format!("load_slot #{slot}"));
        let about = About::Type(object, slot);
        self.guard_about(&format!("guard_type %{object}, @{ty}"), about);
        object
    }

    fn store(&mut self, slot: u16, ty: &str, boxing: &str, value: usize) {
        self.load(slot, ty);
        let object = self.op(&format!("{boxing} %{value}"));
        self.effect(&format!("store_slot %{object}, #{slot}"));
    }

    fn next_of_range(&mut self) {
        let it = self.op(&format!("load_slot #{NLOCALS}"));
        self.check();
        self.guard(&format!("guard_type %{it}, @range_iterator"));
        let len = self.op(&format!("load_field %{it}, @RangeIter.len"));
        let zero = self.op("int 0");
        let more = self.op(&format!("igt %{len}, %{zero}"));
        self.guard_about(&format!("guard_true %{more}"), About::Item(it));
        let start = self.op(&format!("load_field %{it}, @RangeIter.start"));
        let step = self.op(&format!("load_field %{it}, @RangeIter.step"));
        let next = self.op(&format!("iadd %{start}, %{step}"));
        let one = self.op("int 1");
        let left = self.op(&format!("isub %{len}, %{one}"));
        self.effect(&format!("store_field %{it}, %{next}, @RangeIter.start"));
        self.effect(&format!("store_field %{it}, %{left}, @RangeIter.len"));
        self.now.ints.push(start);
        let half = self.op("float 0.5");
        self.now.floats.push(half);
        let truth = self.op(&format!("ilt %{start}, %{one}"));
        self.now.bools.push(truth);
    }

    fn int(&self, choice: u8) -> usize {
        recent(&self.now.ints, choice)
    }

    fn step(&mut self, Step(kind, a, b, c): Step) {
        self.now.pc += 2;
        let (x, y) = (self.int(a), self.int(b));
        let (f, g) = (recent(&self.now.floats, a), recent(&self.now.floats, b));
        let (p, q) = (recent(&self.now.bools, a), recent(&self.now.bools, b));
        match kind % 28 {
            0 | 1 => {
                let object = self.load(u16::from(a) % INTS, "int");
                let value = self.shown(&format!("unbox_int %{object}"));
                self.now.ints.push(value);
            }
            2 => {
                let object = self.load(INTS + u16::from(a) % FLOATS, "float");
                let value = self.op(&format!("unbox_float %{object}"));
                self.now.floats.push(value);
            }
            3 => {
                let object = self.load(INTS + FLOATS + u16::from(a) % BOOLS, "bool");
                let value = self.op(&format!("unbox_bool %{object}"));
                self.now.bools.push(value);
            }
            4 | 5 => self.store(u16::from(c) % INTS, "int", "box_int", x),
            6 => self.store(INTS + u16::from(c) % FLOATS, "float", "box_float", f),
            7 => self.store(INTS + FLOATS + u16::from(c) % BOOLS, "bool", "box_bool", p),
            8 | 9 => {
                let op = pick(&["iadd_ovf", "isub_ovf", "imul_ovf"], c);
                let value = self.shown(&format!("{op} %{x}, %{y}"));
                self.now.ints.push(value);
            }
            10 => {
                let op = pick(&["iadd", "isub", "imul", "iand", "ior", "ixor"], c);
                let value = self.op(&format!("{op} %{x}, %{y}"));
                self.now.ints.push(value);
            }
            11 => {
                let op = pick(&["ishl", "ishr", "iushr"], c);
                let amount = self.op(&format!("int {}", b % 64));
                let value = self.op(&format!("{op} %{x}, %{amount}"));
                self.now.ints.push(value);
            }
            12 => {
                let op = pick(&["ifloordiv", "imod"], c);
                self.nonzero(y);
                let value = self.op(&format!("{op} %{x}, %{y}"));
                self.now.ints.push(value);
            }
            13 => {
                let op = pick(&["ifloordiv", "imod"], c);
                let divisor = self.op(&format!("int {}", pick(&[1, 2, 3, 8, 10, -3, -4], b)));
                let value = self.op(&format!("{op} %{x}, %{divisor}"));
                self.now.ints.push(value);
            }
            14 => {
                let (op, bits) = (pick(&["isext", "izext"], c), pick(&[8, 16, 32], b));
                let value = self.op(&format!("{op} %{x}, {bits}"));
                self.now.ints.push(value);
            }
            15 | 16 => {
                let ops = [
                    "ieq", "ine", "ilt", "ile", "igt", "ige", "iult", "iule", "ilt", "igt",
                ];
                let value = self.op(&format!("{} %{x}, %{y}", pick(&ops, c)));
                self.now.bools.push(value);
            }
            17 => {
                let value = self.op(&format!("int {}", pick(&EDGES, c)));
                self.now.ints.push(value);
                let double = pick(&DOUBLES, a).replace("NaN", "nan:7ff8000000000000");
                let value = self.op(&format!("float {double}"));
                self.now.floats.push(value);
            }
            18 => {
                let op = pick(&["fadd", "fsub", "fmul", "fdiv"], c);
                let value = self.op(&format!("{op} %{f}, %{g}"));
                self.now.floats.push(value);
            }
            19 => {
                let text = match c % 4 {
                    0 => format!("fneg %{f}"),
                    1 => format!("itof %{x}"),
                    2 => format!("utof %{x}"),
                    _ => "float 2.5".to_string(),
                };
                let value = self.op(&text);
                self.now.floats.push(value);
                let op = pick(&["feq", "fne", "flt", "fle", "fgt", "fge"], b);
                let value = self.op(&format!("{op} %{f}, %{g}"));
                self.now.bools.push(value);
            }
            20 => {
                let text = match c % 4 {
                    0 => format!("bnot %{p}"),
                    1 => format!("band %{p}, %{q}"),
                    2 => format!("bor %{p}, %{q}"),
                    _ => format!("bxor %{p}, %{q}"),
                };
                let value = self.op(&text);
                self.now.bools.push(value);
                let value = self.op(&format!("btoi %{p}"));
                self.now.ints.push(value);
            }
            21 => self.guard(&format!("{} %{p}", pick(&["guard_true", "guard_false"], c))),
            22 => match c % 4 {
                0 => self.push("box_int", x),
                1 => self.push("box_float", f),
                2 => self.push("box_bool", p),
                _ => self.push("box_uint", x),
            },
            23 => self.call(c, x, y),
            24 | 25 => {
                // A bound: what arithmetic behind it relies on.
                let bound = self.op(&format!("int {}", int(b)));
                let op = pick(&["ilt", "ige", "ile", "igt", "ieq", "ine", "iult"], c);
                let truth = self.op(&format!("{op} %{x}, %{bound}"));
                self.guard(&format!("guard_true %{truth}"));
                self.now.bools.push(truth);
            }
            26 => {
                // One number through the box of the other signedness.
                let (boxing, unboxing) = pick(
                    &[
                        ("box_int", "unbox_uint"),
                        ("box_uint", "unbox_int"),
                        ("box_uint", "unbox_uint"),
                    ],
                    c,
                );
                let object = self.op(&format!("{boxing} %{x}"));
                let value = self.shown(&format!("{unboxing} %{object}"));
                self.now.ints.push(value);
            }
            _ => {
                let value = self.op(&format!("int {}", int(c)));
                self.now.ints.push(value);
            }
        }
    }

    /// Guards what a division relies on, at an odd place: these are not to be turned round.
    fn nonzero(&mut self, y: usize) {
        self.now.pc += 1;
        for n in ["int 0", "int -1"] {
            let n = self.op(n);
            let differs = self.op(&format!("ine %{y}, %{n}"));
            self.guard(&format!("guard_true %{differs}"));
        }
        self.now.pc += 1;
    }

    fn call(&mut self, choice: u8, x: usize, y: usize) {
        match choice % 3 {
            0 => {
                let snap = self.snap("during");
                let value = self.op(&format!("ccall %{x}, %{y}, @add -> s{snap}"));
                self.now.ints.push(value);
            }
            1 => {
                let snap = self.snap("during");
                self.effect(&format!("ccall @tick -> s{snap}"));
            }
            _ => {
                let (callee, argument) = (self.op("obj @fn"), self.op(&format!("box_int %{x}")));
                let slot = usize::from(NLOCALS) + 1 + self.now.stack.len();
                self.now.stack.extend([callee, argument]);
                let snap = self.snap("raise 2");
                self.now.stack.truncate(self.now.stack.len() - 2);
                let result = self.op(&format!(
                    "call_py %{callee}, %{argument}, @call, #{slot} -> s{snap}"
                ));
                self.effect(&format!("guard_type %{result}, @int -> s{}", self.nsnaps));
                let value = self.op(&format!("unbox_int %{result} -> s{}", self.nsnaps));
                self.now.shown.push(value);
                self.owned_snap();
                self.effect(&format!("clear_slot #{slot}"));
                self.push("box_int", value);
                self.now.ints.push(value);
            }
        }
        self.now.pc += 2;
        self.check();
    }

    /// The snapshot behind a call whose result lies on top of the stack, in the slot that owns it.
    fn owned_snap(&mut self) {
        self.now.pc += 2;
        let stack: Vec<String> = (self.now.stack.iter().zip(NLOCALS + 1..))
            .map(|(value, slot)| format!("{slot}=%{value}"))
            .collect();
        let (n, pc, depth) = (self.nsnaps, self.now.pc, self.now.stack.len() + 2);
        let stack = stack.join(" ");
        writeln!(
            self.snaps,
            "    s{n}: at @code pc {pc} depth {depth} [{stack}]"
        )
        .unwrap();
        self.nsnaps += 1;
    }

    /// The end of a path, which shows the operand stack, or what was computed.
    fn end(&mut self) {
        self.now.pc += 2;
        if self.quiet {
            let mut sum = self.op("int 0");
            for value in self.now.shown.clone() {
                let factor = self.op("int 31");
                sum = self.op(&format!("imul %{sum}, %{factor}"));
                sum = self.op(&format!("iadd %{sum}, %{value}"));
            }
            self.store(1, "int", "box_int", sum);
        } else {
            let snap = self.snap("during");
            self.effect(&format!("ccall @tick -> s{snap}"));
        }
        self.effect("jump");
    }

    /// A path from the guard that left, or from any.
    fn branch(&mut self, branch: &Branch, left: Option<SnapId>) {
        let left = left.filter(|_| branch.guard < 240);
        let is_left = |point: &Point| left == Some(SnapId(point.snap as u32));
        let any = usize::from(branch.guard) % self.points.len().max(1);
        let n = self.points.iter().position(is_left).unwrap_or(any);
        if n >= self.points.len() {
            return;
        }
        let Point { snap, scope, about } = self.points.remove(n);
        self.effect(&format!("branch -> s{snap}"));
        self.now = scope;
        self.now.pc += self.now.pc % 2;
        self.begin_branch(about, branch.twist);
        branch.steps.iter().for_each(|&step| self.step(step));
        self.end();
    }

    fn begin_branch(&mut self, about: About, twist: u8) {
        let zero = self.op("int 0");
        let (x, truth) = (
            self.op("float 0.5"),
            self.op(&format!("ieq %{zero}, %{zero}")),
        );
        self.now.ints.push(zero);
        self.now.floats.push(x);
        self.now.bools.push(truth);
        match about {
            About::Condition => {}
            About::Type(object, slot) => {
                let int = twist & 1 == 0;
                let ty = if int { "int" } else { "float" };
                self.guard(&format!("guard_type %{object}, @{ty}"));
                if int {
                    let n = self.shown(&format!("unbox_int %{object}"));
                    self.now.ints.push(n);
                } else {
                    let x = self.op(&format!("unbox_float %{object}"));
                    self.now.floats.push(x);
                }
                let boxed = match twist / 2 % 3 {
                    0 => return,
                    1 => format!("box_int %{}", self.int(twist)),
                    _ => format!("box_float %{}", recent(&self.now.floats, twist)),
                };
                let boxed = self.op(&boxed);
                self.effect(&format!("store_slot %{boxed}, #{slot}"));
            }
            About::Item(it) => {
                // Another turn of the loop around this one, as many as the first local says.
                self.now.pc = 40;
                let turns = self.load(0, "int");
                let turns = self.leaving(&format!("unbox_int %{turns}"));
                let more = self.op(&format!("igt %{turns}, %{zero}"));
                self.guard(&format!("guard_true %{more}"));
                let one = self.op("int 1");
                let left = self.op(&format!("isub %{turns}, %{one}"));
                let left = self.op(&format!("box_int %{left}"));
                self.effect(&format!("store_slot %{left}, #0"));
                let start = self.op(&format!("int {}", int(twist)));
                let len = self.op(&format!("int {}", twist % 8));
                self.now.pc += 2;
                self.effect(&format!("store_field %{it}, %{start}, @RangeIter.start"));
                self.effect(&format!("store_field %{it}, %{len}, @RangeIter.len"));
                self.now.ints.extend([one, start]);
            }
        }
    }

    fn text(&self) -> String {
        let depth = 1;
        format!(
            "trace \"random\" locals {NLOCALS} depth {depth} {{\n  objs @code @int @float @bool @range_iterator @fn @NULL\n  func @add = int32(int32, int32)\n  func @tick = void() gil short\n{}  snaps\n{}}}\n",
            self.text, self.snaps
        )
    }
}

fn pick<T: Copy>(all: &[T], choice: u8) -> T {
    all[usize::from(choice) % all.len()]
}

/// One of the values that came last: so two ops often have the same operands.
fn recent(all: &[usize], choice: u8) -> usize {
    let window = all.len().min(5);
    all[all.len() - 1 - usize::from(choice) % window]
}

/// An int to start with: mostly a small one, so that loops go round.
fn int(choice: u8) -> i64 {
    match choice {
        0..192 => i64::from(choice % 12) - 3,
        _ => pick(&EDGES, choice),
    }
}

impl Program {
    /// The trace as it grows: each branch where a run leaves, mostly.
    fn trace(&self, world: &str) -> Result<Trace, String> {
        let mut writer = Writer {
            quiet: self.quiet,
            ..Writer::default()
        };
        writer.now.pc = 10;
        writer.next_of_range();
        self.steps.iter().for_each(|&step| writer.step(step));
        writer.end();
        let mut turned = Vec::new();
        let mut left = record(&writer, world, &mut turned, (0, 0))?;
        for branch in &self.branches {
            let before = (writer.clone(), turned.clone());
            writer.branch(branch, left.1);
            let next = record(&writer, world, &mut turned, (left.0.insts.len(), 50))?;
            // One that is not taken has hardly been recorded: its guards may contradict each other.
            if next.1 == left.1 && branch.guard % 8 != 0 {
                (writer, turned) = before;
            } else {
                left = next;
            }
        }
        Ok(left.0)
    }

    fn world(&self) -> String {
        let mut text = format!(
            "obj it = range_iterator {} {} {}\nslot {NLOCALS} = @it\n",
            int(self.start),
            int(self.step),
            self.len
        );
        for (slot, &n) in self.ints.iter().enumerate() {
            if !self.branches.is_empty() {
                // Where one path changes it, the others may leave another object of the same number there.
                let _ = writeln!(text, "slot {slot} = int {}", int(n));
                continue;
            }
            // A name, so that references to it are counted.
            let _ = writeln!(text, "obj n{slot} = int {}", int(n));
            let _ = writeln!(text, "slot {slot} = @n{slot}");
        }
        for (slot, &n) in (usize::from(INTS)..).zip(&self.floats) {
            let _ = writeln!(text, "slot {slot} = float {}", pick(&DOUBLES, n));
        }
        for (slot, &b) in (usize::from(INTS + FLOATS)..).zip(&self.bools) {
            let _ = writeln!(text, "slot {slot} = bool {b}");
        }
        if let Some(odd) = self.odd {
            let slot = u16::from(odd) % NLOCALS;
            let object = pick(
                &["NULL", "None", "int 36893488147419103232", "float 1.0"],
                odd / 16,
            );
            let _ = writeln!(text, "slot {slot} = {object}");
        }
        if let Some(n) = self.attention {
            let _ = writeln!(text, "attention {n}");
        }
        text
    }
}

fn programs() -> impl Strategy<Value = Program> {
    let step = any::<(u8, u8, u8, u8)>().prop_map(|(kind, a, b, c)| Step(kind, a, b, c));
    let steps = proptest::collection::vec(step.clone(), 0..8);
    let branch = (any::<u8>(), any::<u8>(), steps).prop_map(|(guard, twist, steps)| Branch {
        guard,
        twist,
        steps,
    });
    let branches = prop_oneof![
        1 => Just(Vec::new()),
        5 => proptest::collection::vec(branch, 1..6),
    ];
    (
        (
            proptest::collection::vec(step, 1..40),
            branches,
            any::<bool>(),
        ),
        any::<([u8; 3], [u8; 2], [bool; 2])>(),
        proptest::option::weighted(0.05, any::<u8>()),
        any::<(u8, u8)>(),
        prop_oneof![4 => 0..12_u16, 1 => 0..700_u16],
        proptest::option::weighted(0.15, 0..12_u8),
    )
        .prop_map(
            |(
                (steps, branches, quiet),
                (ints, floats, bools),
                odd,
                (start, step),
                len,
                attention,
            )| Program {
                steps,
                branches,
                quiet,
                ints,
                floats,
                bools,
                odd,
                start,
                step,
                len,
                attention,
            },
        )
}

/// Turns the guards from the first of these on round so that they hold in the iterations that a recorder would have seen.
/// Gives the trace, and where a longer run of it leaves.
fn record(
    writer: &Writer,
    world: &str,
    turned: &mut Vec<usize>,
    (first, iterations): (usize, u64),
) -> Result<(Trace, Option<SnapId>), String> {
    use traces::eval::{run, scene};
    let mut trace = parse::parse(&writer.text()).map_err(|error| error.to_string())?;
    let turn = |trace: &mut Trace, at: usize| {
        let inst = trace.insts.get_mut(at);
        inst.is_some_and(|inst| {
            inst.op = match inst.op {
                Op::GuardTrue => Op::GuardFalse,
                Op::GuardFalse => Op::GuardTrue,
                _ => return false,
            };
            true
        })
    };
    for &at in turned.iter() {
        turn(&mut trace, at);
    }
    let leaves = |trace: &Trace, iterations| {
        let mut start = fake::scene::world(world);
        scene::hold_constants(&mut start, trace);
        run(trace, &mut start, iterations).ok()
    };
    while let Some(left) = leaves(&trace, iterations) {
        let may_turn = left.at >= first && left.pc > 10 && left.pc % 2 == 0;
        if !may_turn || turned.contains(&left.at) || !turn(&mut trace, left.at) {
            break;
        }
        turned.push(left.at);
    }
    let left = leaves(&trace, 100).and_then(|left| left.exit);
    Ok((trace, left))
}

/// What became of a loop.
#[derive(Clone, Copy, Default)]
struct Took {
    /// The optimiser took it.
    taken: bool,
    /// A branch was taken behind the first iteration.
    branched: bool,
}

/// Whether a run of the loop comes to its further paths behind the first iteration.
fn branches(naive: &Trace, world: &str) -> bool {
    let peeled = fake::peeled::peeled(naive, &Trace::default());
    let mut root = peeled.clone();
    let (label, ends) = (naive.insts.len(), root.paths());
    root.insts
        .truncate(ends.first().map_or(label, |path| path.end));
    evaluate(&root, world) != evaluate(&peeled, world)
}

fn one_result(program: &Program) -> Result<Took, TestCaseError> {
    let world = program.world();
    let naive = program.trace(&world).map_err(TestCaseError::fail)?;
    let told = |what: &str| TestCaseError::fail(format!("{what}\n{world}{naive}"));
    verify(&naive, Stage::Naive).map_err(|e| told(&e.to_string()))?;
    let raw = evaluate(&naive, &world);
    if raw.starts_with("goes on") {
        // A loop without an end.
        return Ok(Took::default());
    }
    if !raw.starts_with("leaves") && !raw.starts_with("raises") {
        return Err(told(&raw));
    }
    let same = |raw: &str, way: &str, result: Result<String, Abort>, trace: &Trace| {
        let result = result.map_err(|abort| told(&abort.to_string()))?;
        prop_assert_eq!(
            raw,
            &result,
            "raw, then {}\n{}{}{}",
            way,
            &world,
            &naive,
            trace
        );
        Ok(())
    };
    same(
        &raw,
        "machine code of the raw trace",
        execute(&naive, &world),
        &naive,
    )?;
    let mut taken = false;
    let all = naive.branches().into_keys().collect();
    let kinds = [Types::Settled, Types::Mixed].map(|types| [(types, false), (types, true)]);
    for (types, restarts) in kinds.into_iter().flatten() {
        let none = HashSet::new();
        let branches = if restarts { &all } else { &none };
        let optimised = match jit::optimise_with(&naive, types, branches) {
            Ok(optimised) => optimised,
            Err(abort) if abort.reason == Reason::TypeUnstable => continue,
            Err(abort) => return Err(told(&abort.to_string())),
        };
        taken = true;
        let (result, turns) = evaluate_counting(&optimised, &world);
        // Its guards leave in the first iteration, but for those whose branches the preamble has too.
        let raw = &evaluate(&fake::peeled::peeled(&naive, &optimised), &world);
        same(raw, "the optimised trace", Ok(result), &optimised)?;
        let (result, counted) =
            execute_counting(&optimised, &world).map_err(|abort| told(&abort.to_string()))?;
        same(raw, "machine code", Ok(result), &optimised)?;
        prop_assert_eq!(turns, counted, "iterations\n{}{}", &world, &optimised);
    }
    Ok(Took {
        taken,
        branched: taken && branches(&naive, &world),
    })
}

#[test]
fn random_loops_give_one_result() {
    let all = Cell::new((0, 0, 0));
    proptest!(fake::cases(250), |(program in programs())| {
        let took = one_result(&program)?;
        let (n, taken, branched) = all.get();
        all.set((n + 1, taken + u32::from(took.taken), branched + u32::from(took.branched)));
    });
    let (all, taken, branched) = all.get();
    println!("{taken} of {all} loops were optimised, {branched} took a branch");
    assert!(taken > all / 3, "only {taken} of {all} were optimised");
    assert!(
        branched > all / 12,
        "only {branched} of {all} took a branch"
    );
}
