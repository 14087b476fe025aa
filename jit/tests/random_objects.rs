//! Random loops that move objects about, in the recorder's manner: locals, an operand stack whose
//! entries are borrowed or owned, residual calls, objects whose death is noticed. Frames,
//! reference counts and deaths are the same however such a loop runs. Where a local or a result is of another
//! kind than recorded, a branch goes on.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::scene::{evaluate, execute};
use jit::Types;
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::Write;
use traces::{Abort, Reason, SnapId, Stage, Trace, eval, parse, verify};

const NLOCALS: usize = 4;
/// The slot of the iterator of the loop; below it lies that of the loop around it.
const INNER: usize = NLOCALS + 1;
/// The first slot of the operands.
const OPERANDS: usize = NLOCALS + 2;

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

/// What the recorder knows at a point of a path.
#[derive(Clone, Default)]
struct Scope {
    pc: usize,
    stack: Vec<Entry>,
    /// What each local holds, and its value where the trace has it.
    locals: Vec<(Kind, Option<usize>)>,
    /// Values that need no owner.
    free: Vec<usize>,
}

/// A guard that may have a branch: its snapshot, what is known where it fails, what it is about.
#[derive(Clone)]
struct Point {
    snap: usize,
    scope: Scope,
    about: About,
}

#[derive(Clone, Copy)]
enum About {
    /// A local whose object the bytecode replaces.
    Local(usize),
    /// The result of a call at the top of the stack.
    Result,
    /// The end of the iterator.
    End,
}

/// The recorder of `interp_hooks/src/record`, as far as objects go.
#[derive(Clone, Default)]
struct Recorder {
    text: String,
    snaps: String,
    values: usize,
    nsnaps: usize,
    now: Scope,
    points: Vec<Point>,
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
        let stack: Vec<String> = (OPERANDS..)
            .zip(&self.now.stack)
            .filter(|(_, entry)| !entry.owned)
            .map(|(slot, entry)| format!("{slot}=%{}", entry.value))
            .collect();
        let (n, pc, depth) = (self.nsnaps, self.now.pc, self.now.stack.len() + 2);
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

    /// The snapshot of a guard that may have a branch.
    fn point(&mut self, about: About) -> usize {
        let snap = self.snap("at");
        let scope = self.now.clone();
        self.points.push(Point { snap, scope, about });
        snap
    }

    fn next(&mut self) {
        self.now.pc += 2;
    }

    fn check(&mut self) {
        self.next();
        self.leaving("check");
    }

    fn top_slot(&self) -> usize {
        INNER + self.now.stack.len()
    }

    fn push(&mut self, value: usize, kind: Kind, owned: bool) {
        self.now.stack.push(Entry { value, kind, owned });
    }

    fn local(&mut self, k: usize) -> usize {
        if let Some(value) = self.now.locals[k].1 {
            return value;
        }
        let value = self.op(&format!("load_slot #{k}"));
        self.now.locals[k].1 = Some(value);
        value
    }

    fn load_fast(&mut self, k: usize) {
        let kind = self.now.locals[k].0;
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
        self.now.free.push(value);
        self.push(value, kind, false);
    }

    /// Gives a home to stack entries that are borrowed from a local that is about to change.
    fn rescue(&mut self, k: usize) {
        let Some(held) = self.now.locals[k].1.filter(|v| !self.now.free.contains(v)) else {
            return;
        };
        for i in 0..self.now.stack.len() {
            if self.now.stack[i].value == held && !self.now.stack[i].owned {
                self.effect(&format!("init_slot %{held}, #{}", OPERANDS + i));
                self.now.stack[i].owned = true;
            }
        }
    }

    fn store_fast(&mut self, k: usize) {
        if self.now.stack.is_empty() {
            return;
        }
        let old = self.now.locals[k].0;
        if old != Kind::Thing {
            let value = self.local(k);
            let snap = self.point(About::Local(k));
            self.effect(&match old {
                Kind::Null => format!("guard_is %{value}, @NULL -> s{snap}"),
                _ => format!("guard_type %{value}, @int -> s{snap}"),
            });
        }
        let source = self.top_slot();
        let Some(entry) = self.now.stack.pop() else {
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
        self.now.locals[k] = (entry.kind, Some(entry.value));
        if old == Kind::Thing {
            self.check();
        }
    }

    fn pop_top(&mut self) {
        let slot = self.top_slot();
        if let Some(Entry { owned: true, .. }) = self.now.stack.pop() {
            self.effect(&format!("drop_slot #{slot}"));
            self.check();
        }
    }

    fn copy(&mut self) {
        if let Some(&entry) = self.now.stack.last() {
            self.push(entry.value, entry.kind, false);
        }
    }

    /// A call of a helper on the top `n` operands.
    fn call(&mut self, helper: &str, n: usize) {
        if self.now.stack.len() < n {
            return;
        }
        let first = self.now.stack.len() - n;
        let slot = OPERANDS + first;
        let args: Vec<String> = self.now.stack[first..]
            .iter()
            .map(|entry| format!("%{}", entry.value))
            .collect();
        let kind = match helper {
            "getitem" => self.now.stack[first].kind,
            _ => Kind::Int,
        };
        let snap = self.snap(&format!("raise {n}"));
        let result = self.op(&format!(
            "call_py {}, @{helper}, #{slot} -> s{snap}",
            args.join(", ")
        ));
        for _ in 0..n {
            let operand = self.top_slot();
            let entry = self.now.stack.pop();
            if entry.is_some_and(|entry| entry.owned) && operand != slot {
                self.effect(&format!("drop_slot #{operand}"));
            }
        }
        self.push(result, kind, true);
        self.check();
        if kind == Kind::Int {
            let snap = self.point(About::Result);
            self.effect(&format!("guard_type %{result}, @int -> s{snap}"));
            let snap = self.snap("at");
            let n = self.op(&format!("unbox_int %{result} -> s{snap}"));
            let boxed = self.op(&format!("box_int %{n}"));
            self.effect(&format!("clear_slot #{slot}"));
            self.now.stack.pop();
            self.now.free.push(boxed);
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

    /// The next number of a range, whose end is a guard; where the loop goes on.
    fn next_of_range(
        &mut self,
        slot: usize,
        leaving: &mut dyn FnMut(&mut Self, &str, bool),
    ) -> usize {
        let it = self.op(&format!("load_slot #{slot}"));
        leaving(self, &format!("guard_type %{it}, @range_iterator"), false);
        let one = self.op("int 1");
        let references = self.op(&format!("load_field %{it}, @Iter.refcnt"));
        let alone = self.op(&format!("ieq %{references}, %{one}"));
        leaving(self, &format!("guard_true %{alone}"), false);
        let len = self.op(&format!("load_field %{it}, @RangeIter.len"));
        let zero = self.op("int 0");
        let more = self.op(&format!("igt %{len}, %{zero}"));
        leaving(self, &format!("guard_true %{more}"), true);
        let left = self.op(&format!("isub %{len}, %{one}"));
        let start = self.op(&format!("load_field %{it}, @RangeIter.start"));
        let next = self.op(&format!("iadd %{start}, %{one}"));
        self.effect(&format!("store_field %{it}, %{next}, @RangeIter.start"));
        self.effect(&format!("store_field %{it}, %{left}, @RangeIter.len"));
        start
    }

    /// The head of `for _ in range(...)`, whose iterator lies below the operand stack.
    fn for_iter(&mut self) {
        self.leaving("check");
        self.next_of_range(INNER, &mut |this, text, end| match end {
            true => {
                let snap = this.point(About::End);
                this.effect(&format!("{text} -> s{snap}"));
            }
            false => this.leaving(text),
        });
    }

    /// The loop around the loop: its next turn has another iterator.
    fn next_turn(&mut self) {
        self.effect(&format!("clear_slot #{INNER}"));
        let outer = |resume: &str, this: &mut Self| {
            let n = this.nsnaps;
            writeln!(this.snaps, "    s{n}: {resume} @code pc 4 depth 1 []").unwrap();
            this.nsnaps += 1;
            n
        };
        let n = self.next_of_range(NLOCALS, &mut |this, text, _| {
            let snap = outer("at", this);
            this.effect(&format!("{text} -> s{snap}"));
        });
        let (one, three) = (self.op("int 1"), self.op("int 3"));
        let len = self.op(&format!("iand %{n}, %{three}"));
        let snap = self.nsnaps;
        writeln!(self.snaps, "    s{snap}: raise 0 @code pc 8 depth 1 []").unwrap();
        self.nsnaps += 1;
        self.op(&format!(
            "call_new %{n}, %{one}, %{len}, @range_iter_new, #{INNER} -> s{snap}"
        ));
        self.now.pc = 40;
    }

    /// A path from the guard that left. Says whether it may have one.
    fn branch(&mut self, left: SnapId, steps: &[(u8, u8)]) -> bool {
        let is_left = |point: &Point| left == SnapId(point.snap as u32);
        let Some(n) = self.points.iter().position(is_left) else {
            return false;
        };
        let Point { snap, scope, about } = self.points.remove(n);
        self.effect(&format!("branch -> s{snap}"));
        self.now = scope;
        match about {
            About::Local(k) => {
                let value = self.local(k);
                let null = self.op("obj @NULL");
                let unbound = self.op(&format!("same %{value}, %{null}"));
                self.leaving(&format!("guard_false %{unbound}"));
                self.now.locals[k].0 = Kind::Thing;
                self.store_fast(k);
            }
            About::End => self.next_turn(),
            About::Result => {
                if let Some(top) = self.now.stack.last_mut() {
                    top.kind = Kind::Thing;
                }
            }
        }
        for &(kind, choice) in steps {
            self.step(kind, choice);
        }
        self.end();
        true
    }

    /// The end of a path.
    fn end(&mut self) {
        while !self.now.stack.is_empty() {
            self.next();
            self.pop_top();
        }
        self.tick();
        self.effect("jump");
    }

    fn text(&self) -> String {
        format!(
            "trace \"objects\" locals {NLOCALS} depth 2 {{\n  objs @code @int @range_iterator @NULL @c1 @c2\n  func @tick = void() gil short\n{}  snaps\n{}}}\n",
            self.text, self.snaps
        )
    }
}

fn one_result(
    steps: &[(u8, u8)],
    branches: &[Vec<(u8, u8)>],
    kinds: &[u8],
    len: u8,
) -> Result<bool, TestCaseError> {
    let (turns, len) = (len / 8, len % 8);
    let mut world = format!(
        "obj out = range_iterator 0 1 {turns}\nslot {NLOCALS} = @out\nobj in = range_iterator 0 1 {len}\nslot {INNER} = @in\n"
    );
    let mut recorder = Recorder::default();
    recorder.now.pc = 10;
    for (k, kind) in kinds.iter().enumerate() {
        let (kind, text) = match kind % 4 {
            0 => (Kind::Null, None),
            1 => (Kind::Int, Some(format!("int {k}"))),
            _ => (Kind::Thing, Some("opaque".to_string())),
        };
        if let Some(text) = text {
            let _ = writeln!(world, "obj x{k} = {text}\nslot {k} = @x{k}");
        }
        recorder.now.locals.push((kind, None));
    }
    recorder.for_iter();
    for &(kind, choice) in steps {
        recorder.step(kind, choice);
    }
    recorder.end();
    let parsed = |recorder: &Recorder| {
        let text = recorder.text();
        parse::parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))
    };
    let mut naive = parsed(&recorder)?;
    let mut branched = false;
    for steps in branches {
        let mut start = fake::scene::world(&world);
        eval::scene::hold_constants(&mut start, &naive);
        let left = eval::run(&naive, &mut start, 50);
        let left = left.ok().filter(|left| left.iterations > 0);
        let Some(left) = left.and_then(|left| left.exit) else {
            break;
        };
        if !recorder.branch(left, steps) {
            break;
        }
        branched = true;
        naive = parsed(&recorder)?;
    }
    let told = |what: &str| TestCaseError::fail(format!("{what}\n{world}{naive}"));
    verify(&naive, Stage::Naive).map_err(|e| told(&e.to_string()))?;
    let raw = evaluate(&naive, &world);
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
    let machine = execute(&naive, &world);
    same(&raw, "machine code of the raw trace", machine, &naive)?;
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
        let result = evaluate(&optimised, &world);
        let raw = &evaluate(&fake::peeled::peeled(&naive, &optimised), &world);
        same(raw, "the optimised trace", Ok(result), &optimised)?;
        same(raw, "machine code", execute(&optimised, &world), &optimised)?;
    }
    Ok(taken && branched)
}

#[test]
fn random_moves_of_objects_give_one_result() {
    let steps = |n| proptest::collection::vec(any::<(u8, u8)>(), n);
    let branches = proptest::collection::vec(steps(0..12), 0..5);
    let kinds = proptest::collection::vec(any::<u8>(), NLOCALS);
    let all = Cell::new((0, 0));
    proptest!(fake::cases(300), |(steps in steps(1..30), branches in branches, kinds in kinds, len in 0..72_u8)| {
        let branched = one_result(&steps, &branches, &kinds, len)?;
        let (n, taken) = all.get();
        all.set((n + 1, taken + u32::from(branched)));
    });
    let (n, taken) = all.get();
    println!("{taken} of {n} loops had branches");
    assert!(taken > n / 5, "only {taken} of {n} loops had branches");
}
