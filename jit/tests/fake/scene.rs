//! The evaluator's worlds in raw memory: the same objects, foreign functions and helpers for
//! machine code, and what it leaves behind as a world again.

use super::library::LIBRARY;
use super::running::{self, NOW, Running};
use super::{
    BYTES, CDATA, CDATA_OWN, CFLOAT, CINT, CODE, FLOAT, IMMORTAL, INT, LIST, LIST_ITER, Machine,
    Object, RANGE_ITER, STR, TUPLE_ITER, int, int_value, iterators, new_char, new_struct,
    new_uchar, object, target, text_object, text_of, with_memory,
};
use jit::target::Target;
use jit::{Exit, Repr, Source};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use traces::eval::{self, Datum, Heap, Kind, ObjRef, Outcome, World, scene};
use traces::{Abort, CType, Field, Helper, Imm, Known, ObjId, Op, Resume, Trace};

/// More iterations than any test runs.
pub const FOREVER: u64 = 2000;

/// A world from its text, with the functions that tests call.
pub fn world(text: &str) -> World {
    let mut world = World::with_library();
    scene::fill(&mut world, text).unwrap_or_else(|e| panic!("{e}"));
    world
}

/// The report of a run of the evaluator; a fault is one too.
pub fn evaluate(trace: &Trace, text: &str) -> String {
    evaluate_counting(trace, text).0
}

/// As `evaluate`, and how many iterations of the loop behind the label were begun.
pub fn evaluate_counting(trace: &Trace, text: &str) -> (String, u64) {
    let mut world = world(text);
    scene::hold_constants(&mut world, trace);
    let label = trace.insts.iter().position(|inst| inst.op == Op::Label);
    match eval::run(trace, &mut world, FOREVER) {
        Ok(outcome) => {
            let on_root = on_root_path(trace, outcome.at);
            let behind = label.is_some_and(|label| on_root > label);
            let begun = outcome.iterations + u64::from(behind);
            (scene::report(&world, trace, &outcome), begun)
        }
        Err(fault) => (format!("{fault}\n"), 0),
    }
}

/// Where the root path was left for the path on which an instruction lies.
fn on_root_path(trace: &Trace, at: usize) -> usize {
    let path = trace.paths().into_iter().find(|path| path.contains(&at));
    let start = path.and_then(|path| trace.insts.get(path.start));
    match start.filter(|inst| inst.op == Op::Branch) {
        Some(branch) => {
            let guard = trace.insts.iter().position(|i| i.snap == branch.snap);
            on_root_path(trace, guard.unwrap_or(0))
        }
        None => at,
    }
}

/// The report of a run of machine code.
pub fn execute(trace: &Trace, text: &str) -> Result<String, Abort> {
    Ok(execute_counting(trace, text)?.0)
}

/// As `execute`, and how many iterations of the loop behind the label were begun.
pub fn execute_counting(trace: &Trace, text: &str) -> Result<(String, u64), Abort> {
    let mut start = world(text);
    scene::hold_constants(&mut start, trace);
    let mut mirror = Mirror::of(&start, trace);
    let bound = mirror.bind(trace);
    let mut machine = Machine::with(&bound, &mirror.target())?;
    machine.errno[1] = start.errno;
    let memory = Region::with(&start.heap);
    for (slot, &object) in start.frame.iter().enumerate() {
        *machine.slot(slot) = mirror.raw(&start.heap, object) as u64;
    }
    let leave = machine.leave_word();
    machine.leaves = start.attention == Some(0);
    let attention = start.attention.map(|n| (n, leave));
    NOW.set(Some(Running {
        names: mirror.names.clone(),
        nlocals: trace.nlocals,
        constants: bound.objs.iter().map(|o| o.addr).collect(),
        attention,
        ..Running::default()
    }));
    let n = machine.enter(|act, compiled| {
        NOW.with_borrow_mut(|now| {
            if let Some(now) = now {
                now.activation = (act as usize, compiled as usize);
            }
        });
    });
    let iterations = unsafe { (*machine.act.activation()).iterations };
    let exit = machine.compiled.exits[n as usize].clone();
    rebuild(&mut machine, &exit, trace, &mirror);
    let Running { log, dead, .. } = NOW.take().unwrap();
    let mut left = mirror.world(&mut machine, &exit, trace, text, log, &dead);
    memory.read(&mut left.heap);
    left.errno = machine.errno[1];
    let outcome = Outcome {
        exit: None,
        at: exit.inst as usize,
        resume: Some(exit.resume),
        pc: exit.inner().pc,
        depth: exit.outer().depth,
        iterations: 0,
    };
    Ok((scene::report(&left, trace, &outcome), iterations))
}

// ---- C memory ----

/// Where worlds have C memory, and how much.
const REGION: u64 = 0x2000_0000_0000;
const REGION_BYTES: usize = 0x1000;

/// The C memory of worlds; one run at a time.
struct Region(#[expect(dead_code, reason = "held while a trace runs")] MutexGuard<'static, bool>);

static MAPPED: Mutex<bool> = Mutex::new(false);

impl Region {
    fn with(heap: &Heap) -> Region {
        let mut mapped = MAPPED.lock().unwrap_or_else(|e| e.into_inner());
        if !*mapped {
            let got = unsafe {
                libc::mmap(
                    REGION as *mut libc::c_void,
                    REGION_BYTES,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
                    -1,
                    0,
                )
            };
            assert_eq!(got as u64, REGION);
            *mapped = true;
        }
        for (&address, &byte) in heap.memory.bytes.iter().filter(|b| in_region(*b.0)) {
            unsafe { *(address as *mut u8) = byte };
        }
        Region(mapped)
    }

    fn read(&self, heap: &mut Heap) {
        for (&address, byte) in heap.memory.bytes.iter_mut().filter(|b| in_region(*b.0)) {
            *byte = unsafe { *(address as *const u8) };
        }
    }
}

pub fn in_region(address: u64) -> bool {
    (REGION..REGION + REGION_BYTES as u64).contains(&address)
}

// ---- objects ----

/// The objects of a world in raw memory.
struct Mirror {
    raw: BTreeMap<ObjRef, *mut Object>,
    known: BTreeMap<&'static str, *mut Object>,
    /// How each object with an address is shown.
    names: BTreeMap<usize, String>,
    constants: Vec<(String, usize)>,
}

impl Mirror {
    fn of(world: &World, trace: &Trace) -> Mirror {
        let mut known = BTreeMap::new();
        for &k in Known::ALL.iter().filter(|&&k| k != Known::Null) {
            let raw = object(0, &[]);
            unsafe { (*raw).refcount = IMMORTAL };
            known.insert(k.name(), raw);
        }
        let mut mirror = Mirror {
            raw: BTreeMap::new(),
            known,
            names: BTreeMap::new(),
            constants: Vec::new(),
        };
        for (&name, &raw) in &mirror.known.clone() {
            mirror.names.insert(raw as usize, name.to_string());
        }
        for truth in ["True", "False"] {
            unsafe { (*mirror.known[truth]).ty = mirror.type_addr(Known::Bool) };
        }
        unsafe { (*mirror.known["None"]).ty = mirror.type_addr(Known::NoneType) };
        for (name, &object) in &world.objects {
            let raw = mirror.raw(&world.heap, object);
            mirror.names.insert(raw as usize, format!("@{name}"));
        }
        for inst in trace.insts.iter().filter(|i| i.op == Op::BoxStruct) {
            if let Imm::Obj(id) = inst.imm {
                let ctype = world.objects[&trace.obj(id).name];
                let raw = mirror.raw(&world.heap, ctype);
                unsafe { *(*raw).words.last_mut().unwrap() = inst.args.len() as u64 };
            }
        }
        for object in &trace.objs {
            let addr = match object.known {
                Some(Known::Null) => 0,
                Some(known) => mirror.type_addr(known),
                None if object.name == "code" => CODE,
                None => mirror.raw(&world.heap, world.objects[&object.name]) as usize,
            };
            mirror.constants.push((object.name.clone(), addr));
        }
        mirror
    }

    /// The address of an object that the IR knows. Those of numbers are the runtime's own.
    fn type_addr(&self, known: Known) -> usize {
        match known {
            Known::Int => INT,
            Known::Float => FLOAT,
            Known::CData => CDATA,
            Known::CDataOwn => CDATA_OWN,
            Known::Bytes => BYTES,
            Known::Str => STR,
            Known::List => LIST,
            Known::RangeIter => RANGE_ITER,
            Known::ListIter => LIST_ITER,
            Known::TupleIter => TUPLE_ITER,
            other => self.known[other.name()] as usize,
        }
    }

    fn raw(&mut self, heap: &Heap, object: ObjRef) -> *mut Object {
        if object == ObjRef::NULL {
            return std::ptr::null_mut();
        }
        if let Some(&raw) = self.raw.get(&object) {
            return raw;
        }
        let found = heap.get(object).unwrap().clone();
        let mut raw_of = |o: ObjRef| self.raw(heap, o) as u64;
        let (ty, words) = match &found.kind {
            Kind::Type(known) => return self.type_addr(*known) as *mut Object,
            Kind::None => return self.known["None"],
            Kind::Bool(truth) => return self.known[if *truth { "True" } else { "False" }],
            Kind::Int(n) => return self.keep(object, &found, int(*n)),
            Kind::Float(x) => (FLOAT, vec![x.to_bits()]),
            Kind::Bytes(bytes) => return self.keep(object, &found, text_object(BYTES, bytes)),
            Kind::Str(text) => {
                return self.keep(object, &found, text_object(STR, text.as_bytes()));
            }
            Kind::CStruct { ctype, bytes } => {
                let ctype = raw_of(*ctype) as usize;
                let address = heap.address_of(object);
                let words: Vec<u64> = (0..bytes / 8)
                    .map(|n| heap.memory.bits(address + 8 * n, 8).unwrap())
                    .collect();
                let raw = with_memory(CDATA_OWN, ctype, bytes / 8, &words);
                return self.keep(object, &found, raw);
            }
            Kind::List(items) => {
                let items: Vec<u64> = items.iter().map(|&o| raw_of(o)).collect();
                let words = vec![items.as_ptr() as u64, items.len() as u64];
                std::mem::forget(items);
                (self.type_addr(Known::List), words)
            }
            Kind::Instance { class, values, .. } => {
                let class = raw_of(*class) as usize;
                let values: Vec<u64> = values.iter().map(|&o| raw_of(o)).collect();
                let words = vec![values.as_ptr() as u64 - 1];
                std::mem::forget(values);
                (class, words)
            }
            Kind::Tuple(items) => {
                let mut words = vec![0, items.len() as u64];
                words.extend(items.iter().map(|&o| raw_of(o)));
                (self.type_addr(Known::Tuple), words)
            }
            Kind::RangeIter { start, step, len } => (
                self.type_addr(Known::RangeIter),
                vec![*start as u64, *step as u64, *len as u64],
            ),
            Kind::ListIter { seq, index } => {
                let words = vec![*index as u64, raw_of(*seq)];
                (self.type_addr(Known::ListIter), words)
            }
            Kind::TupleIter { seq, index } => {
                let words = vec![*index as u64, raw_of(*seq)];
                (self.type_addr(Known::TupleIter), words)
            }
            Kind::Cell(content) => {
                let words = vec![raw_of(*content)];
                (self.type_addr(Known::Cell), words)
            }
            Kind::CData { ctype, ptr } => (CDATA, vec![raw_of(*ctype), *ptr]),
            // No test starts with one of these.
            Kind::CValue { .. } | Kind::Buffer(..) => (0, vec![]),
            Kind::Opaque(ty) => (raw_of(*ty) as usize, vec![]),
        };
        let raw = super::object(ty, &words);
        self.keep(object, &found, raw);
        if matches!(found.kind, Kind::Opaque(ObjRef::NULL)) {
            unsafe { (*raw).ty = raw as usize };
        }
        raw
    }

    fn keep(&mut self, object: ObjRef, found: &eval::Object, raw: *mut Object) -> *mut Object {
        unsafe { (*raw).refcount = found.refs as u32 };
        self.raw.insert(object, raw);
        raw
    }

    fn bind(&self, trace: &Trace) -> Trace {
        let functions = LIBRARY.iter().map(|&(name, f)| (name, f as usize));
        let names: Vec<(&str, usize)> = self
            .constants
            .iter()
            .map(|(name, addr)| (name.as_str(), *addr))
            .chain(functions)
            .collect();
        super::bind(trace.clone(), &names)
    }

    fn target(&self) -> Target {
        let mut target = target();
        for (field, offset) in [
            (Field::IterRefCount, 0),
            (Field::ListIterSeq, 24),
            (Field::TupleIterSeq, 24),
            (Field::TupleSize, 24),
        ] {
            target.fields[field as usize] = offset;
        }
        for (helper, f) in [
            (Helper::PyCall, running::py_call as *const ()),
            (Helper::PyTruth, running::py_truth as *const ()),
            (Helper::PyGetItem, running::py_getitem as *const ()),
            (Helper::RangeIterNew, iterators::range_iter_new as *const ()),
            (Helper::ListIterNew, iterators::list_iter_new as *const ()),
            (Helper::TupleIterNew, iterators::tuple_iter_new as *const ()),
            (Helper::FloatMod, running::float_mod as *const ()),
            (Helper::FloatFloorDiv, running::float_floordiv as *const ()),
            (Helper::IntPowFits, running::int_pow_fits as *const ()),
            (Helper::IntPow, running::int_pow as *const ()),
        ] {
            target.helpers[helper as usize] = f as usize;
        }
        target.functions.dealloc = running::dealloc as *const () as usize;
        target.true_addr = self.known["True"] as usize;
        target.false_addr = self.known["False"] as usize;
        target.none_addr = self.known["None"] as usize;
        target
    }

    /// What the machine left behind.
    fn world(
        &self,
        machine: &mut Machine,
        exit: &Exit,
        trace: &Trace,
        text: &str,
        log: Vec<String>,
        dead: &[usize],
    ) -> World {
        let mut left = world(text);
        scene::hold_constants(&mut left, trace);
        left.log = log;
        let named: Vec<ObjRef> = left.objects.values().copied().collect();
        for &object in &named {
            let is_dead = dead.contains(&(self.raw[&object] as usize));
            if is_dead || self.is_reused(&left.heap, object) {
                let gone = left.heap.get_mut(object).unwrap();
                gone.refs = 1;
                if let Kind::List(_) | Kind::ListIter { .. } | Kind::TupleIter { .. } = gone.kind {
                    // What they held has lost its reference already.
                    gone.kind = Kind::List(Vec::new());
                }
                left.heap.decref(object).unwrap();
            }
        }
        for &object in &named {
            let raw = unsafe { &*self.raw[&object] };
            let content = match left.heap.get(object) {
                Ok(found) if matches!(found.kind, Kind::Cell(_)) => {
                    self.back(&mut left.heap, raw.words[0])
                }
                _ => ObjRef::NULL,
            };
            let array = match left.heap.get(object).map(|found| &found.kind) {
                Ok(Kind::List(items)) => (raw.words[0], items.len()),
                Ok(Kind::Instance { values, .. }) => (raw.words[0] + 1, values.len()),
                _ => (0, 0),
            };
            let array: Vec<ObjRef> = (0..array.1)
                .map(|n| unsafe { *(array.0 as *const u64).add(n) })
                .map(|word| self.back(&mut left.heap, word))
                .collect();
            let Ok(found) = left.heap.get_mut(object) else {
                continue;
            };
            found.refs = raw.refcount.into();
            match &mut found.kind {
                Kind::RangeIter { start, step, len } => {
                    (*start, *step, *len) = (
                        raw.words[0] as i64,
                        raw.words[1] as i64,
                        raw.words[2] as i64,
                    );
                }
                Kind::ListIter { index, .. } | Kind::TupleIter { index, .. } => {
                    *index = raw.words[0] as i64;
                }
                Kind::Cell(held) => *held = content,
                Kind::List(items) | Kind::Instance { values: items, .. } => *items = array,
                Kind::CStruct { bytes, .. } => {
                    let bytes = *bytes;
                    self.read_struct(&mut left.heap, object, raw, bytes / 8);
                }
                _ => {}
            }
        }
        let top = trace.nlocals + exit.outer().depth;
        left.frame = (0..usize::from(top))
            .map(|slot| self.back(&mut left.heap, *machine.slot(slot)))
            .collect();
        left
    }

    /// Whether the memory of a float holds another one by now: the first one is dead.
    fn is_reused(&self, heap: &Heap, object: ObjRef) -> bool {
        let raw = unsafe { &*self.raw[&object] };
        match heap.get(object).map(|found| &found.kind) {
            Ok(Kind::Float(x)) => x.to_bits() != raw.words[0],
            _ => false,
        }
    }

    /// The object of a world for one in raw memory.
    fn back(&self, heap: &mut Heap, word: u64) -> ObjRef {
        let raw = word as *mut Object;
        if let Some((&object, _)) = self.raw.iter().find(|(_, r)| **r == raw)
            && !self.is_reused(heap, object)
        {
            return object;
        }
        if let Some((name, _)) = self.known.iter().find(|(_, r)| **r == raw) {
            let known = Known::ALL.iter().find(|k| k.name() == *name);
            return heap.known(*known.unwrap());
        }
        if raw.is_null() {
            return ObjRef::NULL;
        }
        match unsafe { (*raw).ty } {
            INT => heap.alloc(Kind::Int(int_value(raw))),
            FLOAT => heap.alloc(Kind::Float(f64::from_bits(unsafe { (*raw).words[0] }))),
            BYTES => heap.alloc(Kind::Bytes(text_of(raw))),
            STR => heap.alloc(Kind::Str(String::from_utf8(text_of(raw)).unwrap())),
            RANGE_ITER => {
                let [start, step, len, ..] = unsafe { (*raw).words }.map(|word| word as i64);
                heap.alloc(Kind::RangeIter { start, step, len })
            }
            ty @ (LIST_ITER | TUPLE_ITER) => {
                let [index, seq, ..] = unsafe { (*raw).words };
                let (index, seq) = (index as i64, self.back(heap, seq));
                let iterator = heap.alloc(match ty {
                    LIST_ITER => Kind::ListIter { seq, index },
                    _ => Kind::TupleIter { seq, index },
                });
                // Its reference is one of those that were counted.
                heap.get_mut(seq).unwrap().refs -= 1;
                iterator
            }
            CDATA => {
                let words = unsafe { (*raw).words };
                let ctype = self.back(heap, words[0]);
                heap.alloc_box(match words[2] {
                    CINT => Kind::CValue {
                        ctype,
                        value: vec![Datum::Int(words[4] as i64)],
                    },
                    CFLOAT => Kind::CValue {
                        ctype,
                        value: vec![Datum::Float(f64::from_bits(words[4]))],
                    },
                    _ => Kind::CData {
                        ctype,
                        ptr: words[1],
                    },
                })
            }
            CDATA_OWN => {
                let words = unsafe { (*raw).words };
                let ctype = self.back(heap, words[0]);
                let bytes = 8 * words[2];
                let object = heap.alloc(Kind::CStruct { ctype, bytes });
                self.read_struct(heap, object, unsafe { &*raw }, words[2]);
                object
            }
            _ => ObjRef::NULL,
        }
    }

    fn read_struct(&self, heap: &mut Heap, object: ObjRef, raw: &Object, words: u64) {
        let address = heap.address_of(object);
        for n in 0..words {
            let word = Datum::Int(raw.words[4 + n as usize] as i64);
            heap.memory.poke(address + 8 * n, CType::I64, word);
        }
    }
}

/// Writes the slots of an exit, as the runtime does.
fn rebuild(machine: &mut Machine, exit: &Exit, trace: &Trace, mirror: &Mirror) {
    let mut made: Vec<(Source, *mut Object)> = Vec::new();
    let mut drops = Vec::new();
    for &(slot, source) in &exit.slots {
        let object = match source {
            Source::Const(id) => mirror.constants[id.0 as usize].1 as *mut Object,
            Source::Tuple(_) => unreachable!("no trace here has one"),
            Source::Buf(..) | Source::Imm(..) => match made.iter().find(|m| m.0 == source) {
                Some(&(_, object)) => object,
                None => {
                    let (word, repr) = match source {
                        Source::Imm(word, repr) => ([word, 0, 0], repr),
                        Source::Buf(n, repr) => {
                            let values = &machine.act.values()[usize::from(n)..];
                            let word = |n| values.get(n).copied().unwrap_or(0);
                            ([word(0), word(1), word(2)], repr)
                        }
                        Source::Const(_) | Source::Tuple(_) => unreachable!(),
                    };
                    let object = fresh(word, repr, mirror);
                    made.push((source, object));
                    object
                }
            },
        };
        incref(object);
        let place = machine.slot(slot.into());
        let old = std::mem::replace(place, object as u64);
        if slot < trace.nlocals {
            drops.push(old);
        }
    }
    let top = trace.nlocals + exit.outer().depth;
    if let Resume::Raise(operands) = exit.resume {
        for slot in top - operands..top {
            drops.push(std::mem::take(machine.slot(slot.into())));
        }
    }
    for old in drops {
        release(old as *mut Object);
    }
}

/// The object of a word that an exit stored; numbers have no reference yet.
fn fresh(words: [u64; 3], repr: Repr, mirror: &Mirror) -> *mut Object {
    let word = words[0];
    let ctype = |id: ObjId| mirror.constants[id.0 as usize].1;
    let number = |raw: *mut Object| {
        unsafe { (*raw).refcount = 0 };
        raw
    };
    match repr {
        Repr::Obj => word as *mut Object,
        Repr::Int => number(int(i128::from(word as i64))),
        Repr::Uint => number(int(i128::from(word))),
        Repr::Float => number(object(FLOAT, &[word])),
        Repr::Bool => mirror.known[if word != 0 { "True" } else { "False" }],
        Repr::CData(id) => number(object(CDATA, &[ctype(id) as u64, word])),
        Repr::CInt(id) => number(with_memory(CDATA, ctype(id), CINT, &[word])),
        Repr::CFloat(id) => number(with_memory(CDATA, ctype(id), CFLOAT, &[word])),
        Repr::Struct(id) => number(new_struct(word, words[1], ctype(id))),
        Repr::Char => number(new_char(word as i64)),
        Repr::UChar => number(new_uchar(word as i64)),
        Repr::Range => number(iterators::range_iter_new(
            word as i64,
            words[1] as i64,
            words[2] as i64,
        )),
        Repr::Iter(id) => number(iterators::sequence_iter_at(
            ctype(id) as *mut Object,
            word as i64,
        )),
        Repr::Instance(_) => unreachable!("no trace here has one"),
        Repr::Attr(_) | Repr::Buffer => number(object(CDATA, &[0, word])),
    }
}

pub fn incref(object: *mut Object) {
    unsafe {
        if !object.is_null() && (*object).refcount as i32 >= 0 {
            (*object).refcount += 1;
        }
    }
}

pub fn release(object: *mut Object) {
    unsafe {
        if object.is_null() || ((*object).refcount as i32) < 0 {
            return;
        }
        (*object).refcount -= 1;
        if (*object).refcount == 0 {
            running::dealloc(object);
        }
    }
}
