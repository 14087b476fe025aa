//! Random loops, in the recorder's manner, run as the trace files do: the reference evaluator on
//! the trace as recorded and optimised, and machine code of both, give one result.
//!
//! `PROPTEST_CASES=20000 cargo test -p jit --test random` for a longer run.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::scene::{evaluate, execute};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::cell::Cell;
use std::fmt::Write;
use traces::{Op, Reason, Stage, Trace, parse, verify};

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

/// A loop and what it starts with.
#[derive(Clone, Debug)]
struct Program {
    steps: Vec<Step>,
    ints: [u8; INTS as usize],
    floats: [u8; FLOATS as usize],
    bools: [bool; BOOLS as usize],
    /// A slot that starts with an object of another type.
    odd: Option<u8>,
    start: u8,
    step: u8,
    len: u8,
    attention: Option<u8>,
}

/// A trace under construction, as text.
#[derive(Default)]
struct Writer {
    text: String,
    snaps: String,
    values: usize,
    nsnaps: usize,
    pc: usize,
    ints: Vec<usize>,
    floats: Vec<usize>,
    bools: Vec<usize>,
    /// The operand stack above the iterator: boxes.
    stack: Vec<usize>,
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
        let stack: Vec<String> = (self.stack.iter().zip(NLOCALS + 1..))
            .map(|(value, slot)| format!("{slot}=%{value}"))
            .collect();
        let (n, pc, depth) = (self.nsnaps, self.pc, self.stack.len() + 1);
        let stack = stack.join(" ");
        writeln!(
            self.snaps,
            "    s{n}: {resume} @code pc {pc} depth {depth} [{stack}]"
        )
        .unwrap();
        self.nsnaps += 1;
        n
    }

    fn leaving(&mut self, text: &str) -> usize {
        let snap = self.snap("at");
        self.op(&format!("{text} -> s{snap}"))
    }

    fn guard(&mut self, text: &str) {
        let snap = self.snap("at");
        self.effect(&format!("{text} -> s{snap}"));
    }

    fn push(&mut self, boxing: &str, value: usize) {
        let object = self.op(&format!("{boxing} %{value}"));
        self.stack.push(object);
    }

    /// An op whose exit must not go with an unused result: the call at the end of the iteration
    /// shows the result.
    fn shown(&mut self, text: &str) -> usize {
        let value = self.leaving(text);
        self.push("box_int", value);
        value
    }

    fn load(&mut self, slot: u16, ty: &str) -> usize {
        let object = self.op(&format!("load_slot #{slot}"));
        self.guard(&format!("guard_type %{object}, @{ty}"));
        object
    }

    fn store(&mut self, slot: u16, ty: &str, boxing: &str, value: usize) {
        self.load(slot, ty);
        let object = self.op(&format!("{boxing} %{value}"));
        self.effect(&format!("store_slot %{object}, #{slot}"));
    }

    fn next_of_range(&mut self) {
        let it = self.op(&format!("load_slot #{NLOCALS}"));
        self.guard("check");
        self.guard(&format!("guard_type %{it}, @range_iterator"));
        let len = self.op(&format!("load_field %{it}, @RangeIter.len"));
        let zero = self.op("int 0");
        let more = self.op(&format!("igt %{len}, %{zero}"));
        self.guard(&format!("guard_true %{more}"));
        let start = self.op(&format!("load_field %{it}, @RangeIter.start"));
        let step = self.op(&format!("load_field %{it}, @RangeIter.step"));
        let next = self.op(&format!("iadd %{start}, %{step}"));
        let one = self.op("int 1");
        let left = self.op(&format!("isub %{len}, %{one}"));
        self.effect(&format!("store_field %{it}, %{next}, @RangeIter.start"));
        self.effect(&format!("store_field %{it}, %{left}, @RangeIter.len"));
        self.ints.push(start);
        let half = self.op("float 0.5");
        self.floats.push(half);
        let truth = self.op(&format!("ilt %{start}, %{one}"));
        self.bools.push(truth);
    }

    fn int(&self, choice: u8) -> usize {
        recent(&self.ints, choice)
    }

    fn step(&mut self, Step(kind, a, b, c): Step) {
        self.pc += 2;
        let (x, y) = (self.int(a), self.int(b));
        let (f, g) = (recent(&self.floats, a), recent(&self.floats, b));
        let (p, q) = (recent(&self.bools, a), recent(&self.bools, b));
        match kind % 28 {
            0 | 1 => {
                let object = self.load(u16::from(a) % INTS, "int");
                let value = self.shown(&format!("unbox_int %{object}"));
                self.ints.push(value);
            }
            2 => {
                let object = self.load(INTS + u16::from(a) % FLOATS, "float");
                let value = self.op(&format!("unbox_float %{object}"));
                self.floats.push(value);
            }
            3 => {
                let object = self.load(INTS + FLOATS + u16::from(a) % BOOLS, "bool");
                let value = self.op(&format!("unbox_bool %{object}"));
                self.bools.push(value);
            }
            4 | 5 => self.store(u16::from(c) % INTS, "int", "box_int", x),
            6 => self.store(INTS + u16::from(c) % FLOATS, "float", "box_float", f),
            7 => self.store(INTS + FLOATS + u16::from(c) % BOOLS, "bool", "box_bool", p),
            8 | 9 => {
                let op = pick(&["iadd_ovf", "isub_ovf", "imul_ovf"], c);
                let value = self.shown(&format!("{op} %{x}, %{y}"));
                self.ints.push(value);
            }
            10 => {
                let op = pick(&["iadd", "isub", "imul", "iand", "ior", "ixor"], c);
                let value = self.op(&format!("{op} %{x}, %{y}"));
                self.ints.push(value);
            }
            11 => {
                let op = pick(&["ishl", "ishr", "iushr"], c);
                let amount = self.op(&format!("int {}", b % 64));
                let value = self.op(&format!("{op} %{x}, %{amount}"));
                self.ints.push(value);
            }
            12 => {
                let op = pick(&["ifloordiv", "imod"], c);
                self.nonzero(y);
                let value = self.op(&format!("{op} %{x}, %{y}"));
                self.ints.push(value);
            }
            13 => {
                let op = pick(&["ifloordiv", "imod"], c);
                let divisor = self.op(&format!("int {}", pick(&[1, 2, 3, 8, 10, -3, -4], b)));
                let value = self.op(&format!("{op} %{x}, %{divisor}"));
                self.ints.push(value);
            }
            14 => {
                let (op, bits) = (pick(&["isext", "izext"], c), pick(&[8, 16, 32], b));
                let value = self.op(&format!("{op} %{x}, {bits}"));
                self.ints.push(value);
            }
            15 | 16 => {
                let ops = [
                    "ieq", "ine", "ilt", "ile", "igt", "ige", "iult", "iule", "ilt", "igt",
                ];
                let value = self.op(&format!("{} %{x}, %{y}", pick(&ops, c)));
                self.bools.push(value);
            }
            17 => {
                let value = self.op(&format!("int {}", pick(&EDGES, c)));
                self.ints.push(value);
                let double = pick(&DOUBLES, a).replace("NaN", "nan:7ff8000000000000");
                let value = self.op(&format!("float {double}"));
                self.floats.push(value);
            }
            18 => {
                let op = pick(&["fadd", "fsub", "fmul", "fdiv"], c);
                let value = self.op(&format!("{op} %{f}, %{g}"));
                self.floats.push(value);
            }
            19 => {
                let text = match c % 4 {
                    0 => format!("fneg %{f}"),
                    1 => format!("itof %{x}"),
                    2 => format!("utof %{x}"),
                    _ => "float 2.5".to_string(),
                };
                let value = self.op(&text);
                self.floats.push(value);
                let op = pick(&["feq", "fne", "flt", "fle", "fgt", "fge"], b);
                let value = self.op(&format!("{op} %{f}, %{g}"));
                self.bools.push(value);
            }
            20 => {
                let text = match c % 4 {
                    0 => format!("bnot %{p}"),
                    1 => format!("band %{p}, %{q}"),
                    2 => format!("bor %{p}, %{q}"),
                    _ => format!("bxor %{p}, %{q}"),
                };
                let value = self.op(&text);
                self.bools.push(value);
                let value = self.op(&format!("btoi %{p}"));
                self.ints.push(value);
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
                self.bools.push(truth);
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
                self.ints.push(value);
            }
            _ => {
                let value = self.op(&format!("int {}", int(c)));
                self.ints.push(value);
            }
        }
    }

    /// Guards what a division relies on, at an odd place: these are not to be turned round.
    fn nonzero(&mut self, y: usize) {
        self.pc += 1;
        for n in ["int 0", "int -1"] {
            let n = self.op(n);
            let differs = self.op(&format!("ine %{y}, %{n}"));
            self.guard(&format!("guard_true %{differs}"));
        }
        self.pc += 1;
    }

    fn call(&mut self, choice: u8, x: usize, y: usize) {
        match choice % 3 {
            0 => {
                let snap = self.snap("during");
                let value = self.op(&format!("ccall %{x}, %{y}, @add -> s{snap}"));
                self.ints.push(value);
            }
            1 => {
                let snap = self.snap("during");
                self.effect(&format!("ccall @tick -> s{snap}"));
            }
            _ => {
                let (callee, argument) = (self.op("obj @fn"), self.op(&format!("box_int %{x}")));
                let slot = usize::from(NLOCALS) + 1 + self.stack.len();
                self.stack.extend([callee, argument]);
                let snap = self.snap("raise 2");
                self.stack.truncate(self.stack.len() - 2);
                let result = self.op(&format!(
                    "call_py %{callee}, %{argument}, @call, #{slot} -> s{snap}"
                ));
                self.effect(&format!("guard_type %{result}, @int -> s{}", self.nsnaps));
                let value = self.op(&format!("unbox_int %{result} -> s{}", self.nsnaps));
                self.owned_snap();
                self.effect(&format!("clear_slot #{slot}"));
                self.push("box_int", value);
                self.ints.push(value);
            }
        }
        self.pc += 2;
        self.guard("check");
    }

    /// The snapshot behind a call whose result lies on top of the stack, in the slot that owns it.
    fn owned_snap(&mut self) {
        self.pc += 2;
        let stack: Vec<String> = (self.stack.iter().zip(NLOCALS + 1..))
            .map(|(value, slot)| format!("{slot}=%{value}"))
            .collect();
        let (n, pc, depth) = (self.nsnaps, self.pc, self.stack.len() + 2);
        let stack = stack.join(" ");
        writeln!(
            self.snaps,
            "    s{n}: at @code pc {pc} depth {depth} [{stack}]"
        )
        .unwrap();
        self.nsnaps += 1;
    }

    fn finish(mut self) -> String {
        self.pc += 2;
        let snap = self.snap("during");
        self.effect(&format!("ccall @tick -> s{snap}"));
        self.effect("jump");
        let depth = 1;
        format!(
            "trace \"random\" locals {NLOCALS} depth {depth} {{\n  objs @code @int @float @bool @range_iterator @fn @NULL\n  func @add = int32(int32, int32)\n  func @tick = void() gil\n{}  snaps\n{}}}\n",
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
    fn trace(&self) -> String {
        let mut writer = Writer {
            pc: 10,
            ..Writer::default()
        };
        writer.next_of_range();
        self.steps.iter().for_each(|&step| writer.step(step));
        writer.finish()
    }

    fn world(&self) -> String {
        let mut text = format!(
            "obj it = range_iterator {} {} {}\nslot {NLOCALS} = @it\n",
            int(self.start),
            int(self.step),
            self.len
        );
        for (slot, &n) in self.ints.iter().enumerate() {
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
    (
        proptest::collection::vec(step, 1..40),
        any::<([u8; 3], [u8; 2], [bool; 2])>(),
        proptest::option::weighted(0.05, any::<u8>()),
        any::<(u8, u8)>(),
        0..6_u8,
        proptest::option::weighted(0.15, 0..12_u8),
    )
        .prop_map(
            |(steps, (ints, floats, bools), odd, (start, step), len, attention)| Program {
                steps,
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

/// Turns guards round so that they hold in the iteration that a recorder would have seen.
fn record(trace: &mut Trace, world: &str) {
    use traces::eval::{run, scene};
    for _ in 0..trace.insts.len() {
        let mut start = fake::scene::world(world);
        scene::hold_constants(&mut start, trace);
        let Ok(outcome) = run(trace, &mut start, 0) else {
            return;
        };
        let Some(inst) = trace.insts.get_mut(outcome.at) else {
            return;
        };
        let may_turn = outcome.pc > 10 && outcome.pc % 2 == 0;
        inst.op = match inst.op {
            Op::GuardTrue if may_turn => Op::GuardFalse,
            Op::GuardFalse if may_turn => Op::GuardTrue,
            _ => return,
        };
    }
}

/// Says whether the optimiser took the loop.
fn one_result(program: &Program) -> Result<bool, TestCaseError> {
    let world = program.world();
    let mut naive =
        parse::parse(&program.trace()).map_err(|e| TestCaseError::fail(e.to_string()))?;
    record(&mut naive, &world);
    let told = |what: &str| TestCaseError::fail(format!("{what}\n{world}{naive}"));
    verify(&naive, Stage::Naive).map_err(|e| told(&e.to_string()))?;
    let optimised = match jit::optimise(&naive) {
        Ok(optimised) => optimised,
        Err(abort) if abort.reason == Reason::TypeUnstable => return Ok(false),
        Err(abort) => return Err(told(&abort.to_string())),
    };
    let raw = evaluate(&naive, &world);
    if !raw.starts_with("leaves") && !raw.starts_with("raises") {
        return Err(told(&raw));
    }
    let machine = |trace: &Trace| execute(trace, &world).map_err(|abort| told(&abort.to_string()));
    for (way, result) in [
        ("the optimised trace", evaluate(&optimised, &world)),
        ("machine code", machine(&optimised)?),
        ("machine code of the raw trace", machine(&naive)?),
    ] {
        prop_assert_eq!(
            &raw,
            &result,
            "raw, then {}\n{}{}{}",
            way,
            world,
            naive,
            optimised
        );
    }
    Ok(true)
}

#[test]
fn random_loops_give_one_result() {
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(
            std::env::var("PROPTEST_CASES")
                .ok()
                .and_then(|n| n.parse().ok())
                .unwrap_or(400),
        )
    };
    let (all, taken) = (Cell::new(0), Cell::new(0));
    proptest!(config, |(program in programs())| {
        let took = one_result(&program)?;
        all.set(all.get() + 1);
        taken.set(taken.get() + u32::from(took));
    });
    let (all, taken) = (all.get(), taken.get());
    assert!(
        taken > all / 2,
        "only {taken} of {all} loops were optimised"
    );
}
