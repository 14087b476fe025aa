//! Random loops that move objects about, in the recorder's manner: locals, an operand stack whose
//! entries are borrowed or owned, residual calls, objects whose death is noticed. Frames,
//! reference counts and deaths are the same however such a loop runs.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::scene::{evaluate, execute};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::fmt::Write;
use traces::{Reason, Stage, Trace, parse, verify};

const NLOCALS: usize = 4;

/// What the recorder sees of an object.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Null,
    Int,
    Thing,
}

/// An entry of the operand stack.
#[derive(Clone, Copy)]
struct Entry {
    value: usize,
    kind: Kind,
    owned: bool,
}

/// The recorder of `interp_hooks/src/record`, as far as objects go.
struct Recorder {
    text: String,
    snaps: String,
    values: usize,
    nsnaps: usize,
    pc: usize,
    stack: Vec<Entry>,
    /// What each local holds, and its value where the trace has it.
    locals: Vec<(Kind, Option<usize>)>,
    /// Values that need no owner.
    free: Vec<usize>,
}

impl Recorder {
    fn op(&mut self, text: &str) -> usize {
        writeln!(self.text, "  %{} = {text}", self.values).unwrap();
        self.values += 1;
        self.values - 1
    }

    fn effect(&mut self, text: &str) {
        writeln!(self.text, "  {text}").unwrap();
    }

    fn snap(&mut self, resume: &str) -> usize {
        let stack: Vec<String> = (NLOCALS + 1..)
            .zip(&self.stack)
            .filter(|(_, entry)| !entry.owned)
            .map(|(slot, entry)| format!("{slot}=%{}", entry.value))
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

    fn leaving(&mut self, text: &str) {
        let n = self.snap("at");
        self.effect(&format!("{text} -> s{n}"));
    }

    fn next(&mut self) {
        self.pc += 2;
    }

    fn check(&mut self) {
        self.next();
        self.leaving("check");
    }

    fn top_slot(&self) -> usize {
        NLOCALS + self.stack.len()
    }

    fn push(&mut self, value: usize, kind: Kind, owned: bool) {
        self.stack.push(Entry { value, kind, owned });
    }

    fn local(&mut self, k: usize) -> usize {
        if let Some(value) = self.locals[k].1 {
            return value;
        }
        let value = self.op(&format!("load_slot #{k}"));
        self.locals[k].1 = Some(value);
        value
    }

    fn load_fast(&mut self, k: usize) {
        let kind = self.locals[k].0;
        if kind != Kind::Null {
            let value = self.local(k);
            self.push(value, kind, false);
        }
    }

    fn load_const(&mut self, choice: u8) {
        let (value, kind) = match choice % 3 {
            0 => {
                let n = self.op(&format!("int {choice}"));
                (self.op(&format!("box_int %{n}")), Kind::Int)
            }
            n => (self.op(&format!("obj @c{n}")), Kind::Thing),
        };
        self.free.push(value);
        self.push(value, kind, false);
    }

    /// Gives a home to stack entries that are borrowed from a local that is about to change.
    fn rescue(&mut self, k: usize) {
        let Some(held) = self.locals[k].1.filter(|v| !self.free.contains(v)) else {
            return;
        };
        for i in 0..self.stack.len() {
            if self.stack[i].value == held && !self.stack[i].owned {
                self.effect(&format!("init_slot %{held}, #{}", NLOCALS + 1 + i));
                self.stack[i].owned = true;
            }
        }
    }

    fn store_fast(&mut self, k: usize) {
        if self.stack.is_empty() {
            return;
        }
        let old = self.locals[k].0;
        if old != Kind::Thing {
            let value = self.local(k);
            self.leaving(&match old {
                Kind::Null => format!("guard_is %{value}, @NULL"),
                _ => format!("guard_type %{value}, @int"),
            });
        }
        let source = self.top_slot();
        let Some(entry) = self.stack.pop() else {
            return;
        };
        self.rescue(k);
        match (entry.owned, old) {
            (true, Kind::Thing) => {
                self.effect(&format!("drop_slot #{k}"));
                self.effect(&format!("move_slot #{k}, #{source}"));
            }
            (true, _) => self.effect(&format!("move_slot #{k}, #{source}")),
            (false, Kind::Thing) => self.effect(&format!("replace_slot %{}, #{k}", entry.value)),
            (false, _) => self.effect(&format!("store_slot %{}, #{k}", entry.value)),
        }
        self.locals[k] = (entry.kind, Some(entry.value));
        if old == Kind::Thing {
            self.check();
        }
    }

    fn pop_top(&mut self) {
        let slot = self.top_slot();
        if let Some(Entry { owned: true, .. }) = self.stack.pop() {
            self.effect(&format!("drop_slot #{slot}"));
            self.check();
        }
    }

    fn copy(&mut self) {
        if let Some(&entry) = self.stack.last() {
            self.push(entry.value, entry.kind, false);
        }
    }

    /// A call of a helper on the top `n` operands.
    fn call(&mut self, helper: &str, n: usize) {
        if self.stack.len() < n {
            return;
        }
        let first = self.stack.len() - n;
        let slot = NLOCALS + 1 + first;
        let args: Vec<String> = self.stack[first..]
            .iter()
            .map(|entry| format!("%{}", entry.value))
            .collect();
        let kind = match helper {
            "getitem" => self.stack[first].kind,
            _ => Kind::Int,
        };
        let snap = self.snap(&format!("raise {n}"));
        let result = self.op(&format!(
            "call_py {}, @{helper}, #{slot} -> s{snap}",
            args.join(", ")
        ));
        for _ in 0..n {
            let operand = self.top_slot();
            let entry = self.stack.pop();
            if entry.is_some_and(|entry| entry.owned) && operand != slot {
                self.effect(&format!("drop_slot #{operand}"));
            }
        }
        self.push(result, kind, true);
        self.check();
        if kind == Kind::Int {
            let snap = self.snap("at");
            self.effect(&format!("guard_type %{result}, @int -> s{snap}"));
            let n = self.op(&format!("unbox_int %{result} -> s{snap}"));
            let boxed = self.op(&format!("box_int %{n}"));
            self.effect(&format!("clear_slot #{slot}"));
            self.stack.pop();
            self.free.push(boxed);
            self.push(boxed, kind, false);
        }
    }

    fn tick(&mut self) {
        let snap = self.snap("during");
        self.effect(&format!("ccall @tick -> s{snap}"));
        self.check();
    }

    fn step(&mut self, kind: u8, choice: u8) {
        self.next();
        let k = usize::from(choice) % NLOCALS;
        match kind % 12 {
            0..3 => self.load_fast(k),
            3 => self.load_const(choice),
            4..7 => self.store_fast(k),
            7 => self.pop_top(),
            8 => self.copy(),
            9 => self.call("getitem", 2),
            10 => self.call("call", 1 + k),
            _ => self.tick(),
        }
    }

    /// The head of `for _ in range(...)`, whose iterator lies below the operand stack.
    fn for_iter(&mut self) {
        let it = self.op(&format!("load_slot #{NLOCALS}"));
        self.leaving("check");
        self.leaving(&format!("guard_type %{it}, @range_iterator"));
        let len = self.op(&format!("load_field %{it}, @RangeIter.len"));
        let zero = self.op("int 0");
        let more = self.op(&format!("igt %{len}, %{zero}"));
        self.leaving(&format!("guard_true %{more}"));
        let one = self.op("int 1");
        let left = self.op(&format!("isub %{len}, %{one}"));
        self.effect(&format!("store_field %{it}, %{left}, @RangeIter.len"));
    }

    fn finish(mut self) -> String {
        while !self.stack.is_empty() {
            self.next();
            self.pop_top();
        }
        self.tick();
        self.effect("jump");
        format!(
            "trace \"objects\" locals {NLOCALS} depth 1 {{\n  objs @code @int @range_iterator @NULL @c1 @c2\n  func @tick = void() gil\n{}  snaps\n{}}}\n",
            self.text, self.snaps
        )
    }
}

fn one_result(steps: &[(u8, u8)], kinds: &[u8], len: u8) -> Result<(), TestCaseError> {
    let mut world = format!("obj it = range_iterator 0 1 {len}\nslot {NLOCALS} = @it\n");
    let mut locals = Vec::new();
    for (k, kind) in kinds.iter().enumerate() {
        let (kind, text) = match kind % 4 {
            0 => (Kind::Null, None),
            1 => (Kind::Int, Some(format!("int {k}"))),
            _ => (Kind::Thing, Some("opaque".to_string())),
        };
        if let Some(text) = text {
            let _ = writeln!(world, "obj x{k} = {text}\nslot {k} = @x{k}");
        }
        locals.push((kind, None));
    }
    let mut recorder = Recorder {
        text: String::new(),
        snaps: String::new(),
        values: 0,
        nsnaps: 0,
        pc: 10,
        stack: Vec::new(),
        locals,
        free: Vec::new(),
    };
    recorder.for_iter();
    for &(kind, choice) in steps {
        recorder.step(kind, choice);
    }
    let text = recorder.finish();
    let naive = parse::parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
    let told = |what: &str| TestCaseError::fail(format!("{what}\n{world}{naive}"));
    verify(&naive, Stage::Naive).map_err(|e| told(&e.to_string()))?;
    let optimised = match jit::optimise(&naive) {
        Ok(optimised) => optimised,
        Err(abort) if abort.reason == Reason::TypeUnstable => return Ok(()),
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
    Ok(())
}

#[test]
fn random_moves_of_objects_give_one_result() {
    let cases = std::env::var("PROPTEST_CASES").ok();
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(cases.and_then(|n| n.parse().ok()).unwrap_or(300))
    };
    let steps = proptest::collection::vec(any::<(u8, u8)>(), 1..30);
    let kinds = proptest::collection::vec(any::<u8>(), NLOCALS);
    proptest!(config, |(steps in steps, kinds in kinds, len in 0..5_u8)| {
        one_result(&steps, &kinds, len)?;
    });
}
