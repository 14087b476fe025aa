//! Random loops on C memory, in the recorder's manner: loads and stores of all types through addresses that
//! may be one, structs that functions give and take, boxes of cdata and of characters, new objects, `errno`.
//! Memory, frames, deaths and what callees see are the same however such a loop runs.
//!
//! `PROPTEST_CASES=20000 cargo test -p jit --test random_memory` for a longer run.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::scene::{evaluate, execute};
use proptest::prelude::*;
use std::cell::Cell;
use std::fmt::Write;
use traces::{CType, Reason, Stage, Trace, Type, parse, verify};

/// Slots: ints; a pointer into the memory; structs of an int64 and a double. Then the operand stack, whose
/// first slot holds the iterator.
const INTS: usize = 2;
const POINTER: usize = INTS;
const STRUCTS: usize = POINTER + 1;
const NLOCALS: usize = STRUCTS + 2;

/// The memory. Any address leaves 32 bytes of it behind itself.
const MEMORY: u64 = 0x2000_0000_0000;
const BYTES: usize = 128;

const INTEGERS: [i64; 8] = [0, 1, -1, 255, -129, 65_536, i64::MAX, 0x4060_8000_BFC0_0000];

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
    /// Addresses with at least 32 bytes of memory behind them.
    pointers: Vec<usize>,
    /// Addresses of words of structs, in this iteration, as long as no local changes.
    words: Vec<usize>,
    /// All that was read so far, mixed; the end of the iteration shows it.
    sum: Option<usize>,
    /// The operand stack above the iterator.
    stack: Vec<Entry>,
}

/// An entry of the operand stack: a value that needs no owner, or one that is borrowed from a local until its
/// slot owns it.
#[derive(Clone, Copy)]
struct Entry {
    value: usize,
    from: Option<usize>,
    owned: bool,
}

impl Entry {
    fn free(value: usize) -> Entry {
        Entry {
            value,
            from: None,
            owned: false,
        }
    }
}

impl Writer {
    fn op(&mut self, text: &str) -> usize {
        writeln!(self.text, "  %{} = {text}", self.values).unwrap();
        self.values += 1;
        self.values - 1
    }

    fn effect(&mut self, text: &str) {
        writeln!(self.text, "  {text}").unwrap();
    }

    /// The snapshot of the current bytecode, with so many owned entries on top of the stack.
    fn snap(&mut self, resume: &str, owned: usize) -> usize {
        let stack: Vec<String> = (self.stack.iter().zip(NLOCALS + 1..))
            .filter(|(entry, _)| !entry.owned)
            .map(|(entry, slot)| format!("{slot}=%{}", entry.value))
            .collect();
        let (n, pc, depth) = (self.nsnaps, self.pc, self.stack.len() + owned + 1);
        writeln!(
            self.snaps,
            "    s{n}: {resume} @code pc {pc} depth {depth} [{}]",
            stack.join(" ")
        )
        .unwrap();
        self.nsnaps += 1;
        n
    }

    fn guard(&mut self, text: &str) {
        let snap = self.snap("at", 0);
        self.effect(&format!("{text} -> s{snap}"));
    }

    fn next(&mut self) {
        self.pc += 2;
    }

    fn int(&mut self, n: i64) -> usize {
        self.op(&format!("int {n}"))
    }

    /// A value that came of memory or a call.
    fn got(&mut self, ty: Type, value: usize) {
        let number = match ty {
            Type::I64 => value,
            Type::F64 => self.op(&format!("fbits %{value}")),
            Type::Bool => self.op(&format!("btoi %{value}")),
            _ => self.op(&format!("ptoi %{value}")),
        };
        match ty {
            Type::F64 => self.floats.push(value),
            Type::Bool => self.bools.push(value),
            _ => self.ints.push(number),
        }
        let factor = self.int(31);
        let sum = match self.sum {
            Some(sum) => self.op(&format!("imul %{sum}, %{factor}")),
            None => factor,
        };
        self.sum = Some(self.op(&format!("ixor %{sum}, %{number}")));
    }

    fn push(&mut self, text: &str) {
        if self.stack.len() < 6 {
            let object = self.op(text);
            self.stack.push(Entry::free(object));
        }
    }

    /// The object of a local whose exact type is a guarded one, of a ctype.
    fn cdata(&mut self, slot: usize, ty: &str, ctype: &str) -> usize {
        let object = self.op(&format!("load_slot #{slot}"));
        self.guard(&format!("guard_type %{object}, @{ty}"));
        let found = self.op(&format!("load_field %{object}, @CData.type"));
        self.guard(&format!("guard_is %{found}, @{ctype}"));
        object
    }

    /// Proves that what a local holds dies quietly.
    fn old_dies(&mut self, slot: usize) {
        let ty = if slot < INTS {
            "int"
        } else if slot < STRUCTS {
            "cdata"
        } else {
            "cdata_own"
        };
        let object = self.op(&format!("load_slot #{slot}"));
        self.guard(&format!("guard_type %{object}, @{ty}"));
        if slot >= INTS {
            let first = self.op(&format!("load_field %{object}, @CData.weakrefs"));
            let none = self.int(0);
            let alone = self.op(&format!("ieq %{first}, %{none}"));
            self.guard(&format!("guard_true %{alone}"));
        }
    }

    fn store(&mut self, slot: usize, object: usize) {
        self.words.clear();
        self.old_dies(slot);
        self.rescue(|from| from == slot);
        self.effect(&format!("store_slot %{object}, #{slot}"));
    }

    /// Gives a home to entries that are borrowed from some locals.
    fn rescue(&mut self, from: impl Fn(usize) -> bool) {
        for i in 0..self.stack.len() {
            let entry = self.stack[i];
            if !entry.owned && entry.from.is_some_and(&from) {
                let slot = NLOCALS + 1 + i;
                self.effect(&format!("init_slot %{}, #{slot}", entry.value));
                self.stack[i].owned = true;
            }
        }
    }

    /// An entry that is borrowed from a struct's local, or what one of those entries holds.
    fn borrow(&mut self, n: usize, c: u8) {
        let borrowed: Vec<usize> = (self.stack.iter().filter(|e| e.from.is_some()))
            .map(|entry| entry.value)
            .collect();
        if !borrowed.is_empty() && c % 2 == 1 {
            let object = pick(&borrowed, c / 2);
            let address = self.op(&format!("load_field %{object}, @CData.data"));
            let value = self.op(&format!("load %{address}, int32, {}", c % 13));
            self.got(Type::I64, value);
        } else if self.stack.len() < 6 {
            let value = self.cdata(STRUCTS + n, "cdata_own", "point");
            self.stack.push(Entry {
                value,
                from: Some(STRUCTS + n),
                owned: false,
            });
        }
    }

    fn header(&mut self) {
        let it = self.op(&format!("load_slot #{NLOCALS}"));
        self.guard("check");
        self.guard(&format!("guard_type %{it}, @range_iterator"));
        let len = self.op(&format!("load_field %{it}, @RangeIter.len"));
        let zero = self.int(0);
        let more = self.op(&format!("igt %{len}, %{zero}"));
        self.guard(&format!("guard_true %{more}"));
        let one = self.int(1);
        let left = self.op(&format!("isub %{len}, %{one}"));
        self.effect(&format!("store_field %{it}, %{left}, @RangeIter.len"));
        self.ints.push(len);
        let float = self.op("float 1.25");
        self.floats.push(float);
        self.bools.push(more);
        let start = self.op(&format!("ptr {MEMORY}"));
        self.pointers.push(start);
    }

    fn step(&mut self, (kind, a, b, c): (u8, u8, u8, u8)) {
        self.next();
        let (x, f) = (recent(&self.ints, a), recent(&self.floats, a));
        let p = recent(&self.pointers, b);
        let ty = CType::ALL[1 + usize::from(c) % (CType::ALL.len() - 1)];
        // Often the same place, often one that overlaps.
        let at = pick(&[0, 0, 4, 8, 1, 6, 24], b / 4);
        match kind % 28 {
            0..3 => {
                let value = self.op(&format!("load %{p}, {}, {at}", ty.name()));
                self.got(ty.ty(), value);
            }
            3..6 => self.store_to(p, ty, at, a),
            6 => {
                // The same memory by other names.
                let n = self.int(i64::from(c % 8));
                let start = self.op(&format!("ptr {}", MEMORY + u64::from(b % 16)));
                let next = self.op(&format!("padd %{start}, %{n}"));
                self.pointers.push(next);
            }
            7 => {
                let mask = self.int(31);
                let n = self.op(&format!("iand %{x}, %{mask}"));
                let start = self.op(&format!("ptr {MEMORY}"));
                let next = self.op(&format!("padd %{start}, %{n}"));
                self.pointers.push(next);
                if c.is_multiple_of(3) {
                    let object = self.op(&format!("box_cdata %{next}, @pointer"));
                    self.store(POINTER, object);
                }
            }
            8 | 9 => {
                let object = self.cdata(POINTER, "cdata", "pointer");
                let address = self.op(&format!("load_field %{object}, @CData.data"));
                self.pointers.push(address);
            }
            10 => {
                let object = self.op(&format!("box_struct %{x}, %{f}, @point"));
                self.store(STRUCTS + usize::from(b) % 2, object);
            }
            11 => self.pair(x, f, b, c),
            12..15 => self.field(a, b, c, kind % 28),
            15 => {
                // Two names of one struct.
                let from = STRUCTS + usize::from(a) % 2;
                let object = self.cdata(from, "cdata_own", "point");
                self.store(2 * STRUCTS + 1 - from, object);
            }
            16 => {
                let address = if c % 2 == 0 {
                    p
                } else {
                    self.struct_address(a, b)
                };
                self.ccall(&format!("%{address}, @touch"), Some(Type::I64));
            }
            17 => {
                self.ccall(&format!("%{p}, @sum3"), Some(Type::I64));
            }
            18 => match c % 4 {
                0 => {
                    let object = self.op(&format!("box_cint %{x}, @number"));
                    let value = self.op(&format!("unbox_cvalue %{object}, int64, 0"));
                    self.got(Type::I64, value);
                    self.push(&format!("box_cint %{value}, @number"));
                }
                1 => self.push(&format!("box_cfloat %{f}, @number")),
                2 => self.push(&format!("box_cdata %{p}, @pointer")),
                _ => self.push(&format!("box_struct %{f}, %{x}, @mixed")),
            },
            19 => {
                let mask = self.int(0x7F);
                let n = self.op(&format!("iand %{x}, %{mask}"));
                let kind = pick(&["char", "uchar"], c);
                let object = self.op(&format!("box_{kind} %{n}"));
                let snap = self.snap("at", 0);
                let value = self.op(&format!("unbox_{kind} %{object} -> s{snap}"));
                self.got(Type::I64, value);
                self.push(&format!("box_{kind} %{value}"));
            }
            20 => {
                if c % 2 == 0 {
                    let n = self.op(&format!("isext %{x}, 32"));
                    self.effect(&format!("store_errno %{n}"));
                } else {
                    let n = self.op("load_errno");
                    self.got(Type::I64, n);
                }
            }
            21 => {
                let (from, n) = (recent(&self.pointers, a), self.int((c % 24).into()));
                let load = format!("load %{p}, {}, {at}", ty.name());
                let before = self.op(&load);
                self.got(ty.ty(), before);
                self.effect(&format!("call %{p}, %{from}, %{n}, @memmove"));
                let behind = self.op(&load);
                self.got(ty.ty(), behind);
            }
            22 => self.new_struct(usize::from(a) % 2),
            23 => {
                let text = match c % 5 {
                    0 => format!("fbits %{f}"),
                    1 => format!("iadd %{x}, %{}", recent(&self.ints, b)),
                    2 => format!("ixor %{x}, %{}", recent(&self.ints, b)),
                    3 => format!("int {}", pick(&INTEGERS, a)),
                    _ => format!("izext %{x}, {}", pick(&[8, 16, 32], a)),
                };
                let value = self.op(&text);
                self.ints.push(value);
            }
            24 => {
                let text = match c % 4 {
                    0 => format!("fround %{f}"),
                    1 => format!("itof %{x}"),
                    2 => format!("fofbits %{x}"),
                    _ => format!("f32ofbits %{x}"),
                };
                let value = self.op(&text);
                self.got(Type::F64, value);
            }
            25 | 26 => self.borrow(usize::from(a) % 2, c),
            _ => match c % 4 {
                0 => {
                    self.ccall("@tick", None);
                }
                1 => {
                    let object = self.op(&format!("box_int %{x}"));
                    self.store(usize::from(b) % INTS, object);
                }
                2 => self.python(a),
                _ => self.push(&format!("box_int %{x}")),
            },
        }
    }

    fn store_to(&mut self, p: usize, ty: CType, at: usize, choice: u8) {
        let value = match ty.ty() {
            Type::I64 => recent(&self.ints, choice),
            Type::F64 => recent(&self.floats, choice),
            Type::Bool => recent(&self.bools, choice),
            _ => {
                let n = recent(&self.ints, choice);
                self.op(&format!("itop %{n}"))
            }
        };
        self.effect(&format!("store %{p}, %{value}, {}, {at}", ty.name()));
    }

    /// A function's struct, in a local or on the stack.
    fn pair(&mut self, x: usize, f: usize, b: u8, c: u8) {
        let (call, double, ctype) = if c.is_multiple_of(3) {
            (format!("%{f}, %{x}, @mix"), 0, "mixed")
        } else {
            (format!("%{x}, %{f}, @pair"), 1, "point")
        };
        let snap = self.snap("during", 0);
        let first = self.op(&format!("ccall {call} -> s{snap}"));
        let ty = pick(&["int64", "double"], double);
        let second = self.op(&format!("second %{first}, {ty}, 0"));
        self.next();
        self.guard("check");
        let object = self.op(&format!("box_struct %{first}, %{second}, @{ctype}"));
        if ctype == "point" && !b.is_multiple_of(4) {
            self.store(STRUCTS + usize::from(b) % 2, object);
        } else if self.stack.len() < 6 {
            self.stack.push(Entry::free(object));
        }
        if c.is_multiple_of(5) {
            // Looked at by the value, not through a slot.
            let address = self.op(&format!("load_field %{object}, @CData.data"));
            let value = self.op(&format!("load %{address}, uint16, {}", b % 15));
            self.got(Type::I64, value);
        }
    }

    fn struct_address(&mut self, a: u8, b: u8) -> usize {
        let object = self.cdata(STRUCTS + usize::from(a) % 2, "cdata_own", "point");
        let address = self.op(&format!("load_field %{object}, @CData.data"));
        let n = self.int((b % 2 * 8).into());
        let word = self.op(&format!("padd %{address}, %{n}"));
        self.words.push(word);
        word
    }

    /// Reads or writes a field of a struct.
    fn field(&mut self, a: u8, b: u8, c: u8, kind: u8) {
        // An address may be older than what else was done with the struct.
        let address = match self.words.last() {
            Some(&word) if a & 4 == 0 => word,
            _ => self.struct_address(a, b),
        };
        let ty = CType::ALL[1 + usize::from(c) % (CType::ALL.len() - 1)];
        let at = pick(&[0, 0, 4, 1], b / 2).min(8 - i32::from(ty.bytes()));
        if kind < 14 {
            let value = self.op(&format!("load %{address}, {}, {at}", ty.name()));
            self.got(ty.ty(), value);
        } else {
            self.store_to(address, ty, at as usize, b);
        }
    }

    fn ccall(&mut self, text: &str, ty: Option<Type>) {
        let snap = self.snap("during", 0);
        match ty {
            None => self.effect(&format!("ccall {text} -> s{snap}")),
            Some(ty) => {
                let value = self.op(&format!("ccall {text} -> s{snap}"));
                self.got(ty, value);
            }
        }
        self.next();
        self.guard("check");
    }

    /// A new struct, moved from the stack to a local.
    fn new_struct(&mut self, n: usize) {
        let slot = NLOCALS + 1 + self.stack.len();
        let (ctype, bytes) = (self.op("obj @point"), self.int(16));
        let snap = self.snap("raise 0", 0);
        self.op(&format!(
            "call_new %{ctype}, %{bytes}, @cdata_new, #{slot} -> s{snap}"
        ));
        self.next();
        let local = STRUCTS + n;
        let object = self.op(&format!("load_slot #{local}"));
        let snap = self.snap("at", 1);
        self.effect(&format!("guard_type %{object}, @cdata_own -> s{snap}"));
        let first = self.op(&format!("load_field %{object}, @CData.weakrefs"));
        let none = self.int(0);
        let alone = self.op(&format!("ieq %{first}, %{none}"));
        self.effect(&format!("guard_true %{alone} -> s{snap}"));
        self.rescue(|from| from == local);
        self.effect(&format!("move_slot #{local}, #{slot}"));
        self.words.clear();
    }

    /// Python code gets a struct.
    fn python(&mut self, a: u8) {
        let object = self.cdata(STRUCTS + usize::from(a) % 2, "cdata_own", "point");
        let callee = self.op("obj @fn");
        let slot = NLOCALS + 1 + self.stack.len();
        self.rescue(|_| true);
        self.stack
            .extend([Entry::free(callee), Entry::free(object)]);
        let snap = self.snap("raise 2", 0);
        self.stack.truncate(self.stack.len() - 2);
        self.op(&format!(
            "call_py %{callee}, %{object}, @call, #{slot} -> s{snap}"
        ));
        self.effect(&format!("drop_slot #{slot}"));
        self.next();
        self.guard("check");
    }

    /// What was read lies in memory at the end.
    fn store_sum(&mut self, sum: usize) {
        let place = self.op(&format!("ptr {}", MEMORY + BYTES as u64 - 8));
        let before = self.op(&format!("load %{place}, int64, 0"));
        let both = self.op(&format!("iadd %{before}, %{sum}"));
        self.effect(&format!("store %{place}, %{both}, int64, 0"));
    }

    fn finish(mut self) -> String {
        self.next();
        // What the iteration came to.
        let (x, f) = (recent(&self.ints, 0), recent(&self.floats, 0));
        while let Some(entry) = self.stack.pop() {
            if entry.owned {
                let slot = NLOCALS + 1 + self.stack.len();
                self.effect(&format!("drop_slot #{slot}"));
                self.next();
                self.guard("check");
            }
        }
        self.next();
        self.push(&format!("box_int %{x}"));
        self.push(&format!("box_float %{f}"));
        if let Some(sum) = self.sum {
            self.push(&format!("box_int %{sum}"));
            self.store_sum(sum);
        }
        self.ccall("@tick", None);
        self.effect("jump");
        format!(
            "trace \"memory\" locals {NLOCALS} depth 1 {{\n  objs @code @int @cdata @cdata_own @range_iterator @point @mixed @pointer @number @fn @NULL\n  func @tick = void() gil short\n  func @touch = int64(ptr) gil errno\n  func @pair = {{int64, double}}(int64, double)\n  func @mix = {{double, int64}}(double, int64) vectors\n  func @sum3 = int64(block 24)\n{}  snaps\n{}}}\n",
            self.text, self.snaps
        )
    }
}

fn pick<T: Copy>(all: &[T], choice: u8) -> T {
    all[usize::from(choice) % all.len()]
}

fn recent(all: &[usize], choice: u8) -> usize {
    let window = all.len().min(4);
    all[all.len() - 1 - usize::from(choice) % window]
}

fn world(seed: u64, aliased: bool, len: u8, attention: Option<u8>) -> String {
    let mix = |n: u64| (seed.wrapping_add(n)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    let memory: Vec<String> = (0..BYTES as u64).map(|n| mix(n).to_string()).collect();
    let mut text = format!(
        "obj pointer = opaque\nobj point = opaque\nobj mixed = opaque\nobj number = opaque\nmemory {MEMORY:#x} = {}\nerrno 5\nobj it = range_iterator 0 1 {len}\nslot {NLOCALS} = @it\n",
        memory.join(" ")
    );
    for slot in 0..INTS {
        let _ = writeln!(text, "slot {slot} = int {slot}");
    }
    let _ = writeln!(text, "obj p = cdata @pointer {}", MEMORY + 8);
    let _ = writeln!(text, "slot {POINTER} = @p");
    let _ = writeln!(text, "obj a = struct @point 7 4609434218613702656");
    let _ = writeln!(text, "obj b = struct @point -1 0");
    let second = if aliased { "a" } else { "b" };
    let _ = writeln!(
        text,
        "slot {STRUCTS} = @a\nslot {} = @{second}",
        STRUCTS + 1
    );
    if let Some(n) = attention {
        let _ = writeln!(text, "attention {n}");
    }
    text
}

/// Says whether the optimiser took the loop.
fn one_result(steps: &[(u8, u8, u8, u8)], world: &str) -> Result<bool, TestCaseError> {
    let mut writer = Writer {
        pc: 10,
        ..Writer::default()
    };
    writer.header();
    steps.iter().for_each(|&step| writer.step(step));
    let text = writer.finish();
    let naive = parse::parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
    let told = |what: &str| TestCaseError::fail(format!("{what}\n{world}{naive}"));
    verify(&naive, Stage::Naive).map_err(|e| told(&e.to_string()))?;
    let optimised = match jit::optimise(&naive) {
        Ok(optimised) => optimised,
        // A struct that is used behind the variable that held it.
        Err(abort) if matches!(abort.reason, Reason::TypeUnstable | Reason::Operand) => {
            return Ok(false);
        }
        Err(abort) => return Err(told(&abort.to_string())),
    };
    let raw = evaluate(&naive, world);
    if !raw.starts_with("leaves") && !raw.starts_with("raises") {
        return Err(told(&raw));
    }
    let machine = |trace: &Trace| execute(trace, world).map_err(|abort| told(&abort.to_string()));
    let mut ways = vec![
        ("the optimised trace", evaluate(&optimised, world)),
        ("machine code", machine(&optimised)?),
    ];
    // Machine code is not made of a raw trace that looks into a box.
    match execute(&naive, world) {
        Ok(result) => ways.push(("machine code of the raw trace", result)),
        Err(abort) if abort.detail.contains("a box") => {}
        Err(abort) => return Err(told(&abort.to_string())),
    }
    for (way, result) in ways {
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
fn random_loops_on_memory_give_one_result() {
    let (all, taken) = (Cell::new(0), Cell::new(0));
    let steps = proptest::collection::vec(any::<(u8, u8, u8, u8)>(), 1..30);
    let attention = proptest::option::weighted(0.15, 0..12_u8);
    let start = (any::<u64>(), any::<bool>(), 0..5_u8, attention);
    proptest!(fake::cases(400), |(steps in steps, (seed, aliased, len, attention) in start)| {
        let took = one_result(&steps, &world(seed, aliased, len, attention))?;
        all.set(all.get() + 1);
        taken.set(taken.get() + u32::from(took));
    });
    let (all, taken) = (all.get(), taken.get());
    assert!(
        taken > all / 2,
        "only {taken} of {all} loops were optimised"
    );
}
