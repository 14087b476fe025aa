//! Worlds as text: what a run starts with, and what it leaves behind.
//!
//! One line each:
//!
//! ```text
//! obj it = range_iterator 10 1 1000      an object with a name: start, step, items to come
//! obj xs = list (int 1, float 2.5, @it)  also `tuple (...)`, `cell int 5`, `bytes "abc"`
//! obj li = list_iterator @xs 0           also `tuple_iterator`
//! obj o = opaque                         of a type of its own; `opaque @t`: of the type @t
//! obj i = instance @c (int 1, NULL)      an instance of a class: its attributes
//! obj p = cdata @t 4096                  a cffi pointer: ctype, address
//! obj s = struct @t 1 -1                 a cffi struct that owns its memory: ctype, words
//! memory 4096 = 0 17 255                 bytes of C memory, by their address; also `0x1000`
//! errno 7                                what cffi keeps
//! slot 0 = int 5                         also `float`, `bool`, `None`, `NULL`, `@name`
//! attention 3                            `check` leaves once three foreign functions were called
//! function f = int 1, int 2              what a foreign function gives, call by call, the last one ever after; also
//!                                        `float`, `bool`, `ptr`, `nothing`, and `(int 1, float 2)` for a struct
//! helper getitem = int 1, raises         what a helper that may run Python code gives, likewise: objects, or it raises
//! ```

use super::heap::{BASE, Datum, Kind, ObjRef};
use super::{Outcome, Reply, World};
use crate::helper::HelperEffect;
use crate::trace::{Known, Resume, Trace};
use crate::{CType, Helper, Type};

/// Fills a world from a text.
///
/// # Errors
/// The line that is not understood, and why.
pub fn fill(world: &mut World, text: &str) -> Result<(), String> {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        fill_line(world, line).map_err(|why| format!("`{line}`: {why}"))?;
    }
    Ok(())
}

/// The object of a name: one that the IR knows, one of the world's, or a new one of a type of its
/// own.
pub fn named(world: &mut World, name: &str) -> ObjRef {
    if let Some(&known) = Known::ALL.iter().find(|known| known.name() == name) {
        return world.heap.known(known);
    }
    if let Some(&object) = world.objects.get(name) {
        return object;
    }
    let object = world.heap.alloc(Kind::Opaque(ObjRef::NULL));
    give_name(world, name, object);
    object
}

/// Makes sure that the constants of a trace exist; the trace holds a reference to each, as a
/// compiled trace does.
pub fn hold_constants(world: &mut World, trace: &Trace) {
    for object in trace.objs.iter().filter(|object| object.known.is_none()) {
        let object = named(world, &object.name);
        world.heap.incref(object);
    }
}

/// What a run left behind: where it left, the frame, the objects with a name, what happened.
pub fn report(world: &World, trace: &Trace, outcome: &Outcome) -> String {
    let mut lines = vec![match outcome.resume {
        None => "goes on for ever".to_string(),
        Some(Resume::Raise(_)) => format!("raises at {}, depth {}", outcome.pc, outcome.depth),
        Some(_) => format!("leaves at {}, depth {}", outcome.pc, outcome.depth),
    }];
    for slot in 0..trace.nlocals.saturating_add(outcome.depth) {
        lines.push(format!("#{slot} = {}", world.heap.show(world.slot(slot))));
    }
    for (name, &object) in &world.objects {
        lines.push(format!("@{name} is {}", world.heap.state(object)));
    }
    lines.extend(world.heap.memory.show(BASE));
    if world.errno != 0 {
        lines.push(format!("errno {}", world.errno));
    }
    lines.extend(world.log.iter().cloned());
    lines.join("\n") + "\n"
}

fn give_name(world: &mut World, name: &str, object: ObjRef) {
    if let Ok(found) = world.heap.get_mut(object) {
        found.name = Some(name.to_string());
    }
    world.objects.insert(name.to_string(), object);
}

fn fill_line(world: &mut World, line: &str) -> Result<(), String> {
    let mut words = Words::of(line);
    match words.next()? {
        "obj" => {
            let name = words.next()?;
            words.expect("=")?;
            let object = object(world, &mut words)?;
            give_name(world, name, object);
        }
        "slot" => {
            let slot = words.number()?;
            words.expect("=")?;
            let object = object(world, &mut words)?;
            world.set_slot(slot, object);
        }
        "memory" => {
            let mut address = words.address()?;
            words.expect("=")?;
            while words.peek().is_some() {
                let byte: u8 = words.number()?;
                world.heap.memory.bytes.insert(address, byte);
                address = address.wrapping_add(1);
            }
        }
        "errno" => world.errno = words.number()?,
        "attention" => world.attention = Some(words.number()?),
        "function" => function(world, &mut words)?,
        "helper" => helper(world, &mut words)?,
        other => return Err(format!("`{other}` begins no line")),
    }
    words.end()
}

/// What a foreign function gives, call by call.
fn function(world: &mut World, words: &mut Words<'_>) -> Result<(), String> {
    let name = words.next()?;
    words.expect("=")?;
    let mut all = vec![results(words)?];
    while words.accept(",") {
        all.push(results(words)?);
    }
    let mut next = in_turn(all, Vec::new());
    world.function_on_memory(name, move |_, _| next());
    Ok(())
}

fn results(words: &mut Words<'_>) -> Result<Vec<Datum>, String> {
    if words.accept("nothing") {
        return Ok(Vec::new());
    }
    if !words.accept("(") {
        return Ok(vec![datum(words)?]);
    }
    let first = datum(words)?;
    words.expect(",")?;
    let second = datum(words)?;
    words.expect(")")?;
    Ok(vec![first, second])
}

fn datum(words: &mut Words<'_>) -> Result<Datum, String> {
    match words.next()? {
        "int" => Ok(Datum::Int(words.number()?)),
        "float" => Ok(Datum::Float(words.number()?)),
        "bool" => Ok(Datum::Bool(words.number()?)),
        "ptr" => Ok(Datum::Ptr(words.address()?)),
        other => Err(format!("`{other}` is no kind of number")),
    }
}

/// What a helper that may run Python code gives, call by call.
fn helper(world: &mut World, words: &mut Words<'_>) -> Result<(), String> {
    let name = words.next()?;
    let found = Helper::ALL.iter().find(|helper| helper.name() == name);
    let runs_python = |helper: &&Helper| helper.effect() == HelperEffect::Python;
    let found = found.filter(runs_python);
    let found = found.ok_or_else(|| format!("`{name}` is no helper that may run Python code"))?;
    words.expect("=")?;
    let mut all = Vec::new();
    while all.is_empty() || words.accept(",") {
        all.push(match words.accept("raises") {
            true => Reply::Raised,
            false => Reply::Obj(object(world, words)?),
        });
    }
    let is_truth = found.ret() == Some(Type::Bool);
    let mut next = in_turn(all, Reply::Raised);
    world.helper(*found, move |heap, _, _| match next() {
        Reply::Obj(object) if is_truth => match heap.get(object)?.kind {
            Kind::Bool(truth) => Ok(Reply::Bool(truth)),
            _ => Err("the helper gives a bool".to_string()),
        },
        Reply::Obj(object) => {
            heap.incref(object);
            Ok(Reply::Obj(object))
        }
        reply => Ok(reply),
    });
    Ok(())
}

/// Gives one after the other, and the last one ever after.
fn in_turn<T: Clone>(all: Vec<T>, none: T) -> impl FnMut() -> T {
    let mut at = 0;
    move || {
        let found = all.get(at).or(all.last()).cloned();
        at += 1;
        found.unwrap_or_else(|| none.clone())
    }
}

fn object(world: &mut World, words: &mut Words<'_>) -> Result<ObjRef, String> {
    let word = words.next()?;
    if let Some(name) = word.strip_prefix('@') {
        return Ok(named(world, name));
    }
    let kind = match word {
        "NULL" => return Ok(ObjRef::NULL),
        "None" => return Ok(world.heap.known(Known::None)),
        "bool" => {
            let truth = words.number()?;
            return Ok(world.heap.truth(truth));
        }
        "int" => Kind::Int(words.number()?),
        "float" => Kind::Float(words.number()?),
        "bytes" => Kind::Bytes(words.next()?.trim_matches('"').as_bytes().to_vec()),
        "list" => Kind::List(items(world, words)?),
        "tuple" => Kind::Tuple(items(world, words)?),
        "instance" => Kind::Instance {
            class: object(world, words)?,
            values: items(world, words)?,
            dict: false,
        },
        "range_iterator" => Kind::RangeIter {
            start: words.number()?,
            step: words.number()?,
            len: words.number()?,
        },
        "list_iterator" => Kind::ListIter {
            seq: object(world, words)?,
            index: words.number()?,
        },
        "tuple_iterator" => Kind::TupleIter {
            seq: object(world, words)?,
            index: words.number()?,
        },
        "cell" => Kind::Cell(object(world, words)?),
        "cdata" => Kind::CData {
            ctype: object(world, words)?,
            ptr: words.number()?,
        },
        "struct" => {
            let ctype = object(world, words)?;
            let mut all = Vec::new();
            while words.peek().is_some() {
                all.push(words.number::<i64>()?);
            }
            let bytes = 8 * all.len() as u64;
            let object = world.heap.alloc(Kind::CStruct { ctype, bytes });
            let address = world.heap.address_of(object);
            for (at, word) in (0..).step_by(8).zip(all) {
                let memory = &mut world.heap.memory;
                memory.poke(address + at, CType::I64, Datum::Int(word));
            }
            return Ok(object);
        }
        "opaque" if words.peek().is_some_and(|next| next.starts_with('@')) => {
            Kind::Opaque(object(world, words)?)
        }
        "opaque" => Kind::Opaque(ObjRef::NULL),
        other => return Err(format!("`{other}` is no kind of object")),
    };
    Ok(world.heap.alloc(kind))
}

fn items(world: &mut World, words: &mut Words<'_>) -> Result<Vec<ObjRef>, String> {
    words.expect("(")?;
    let mut all = Vec::new();
    while words.peek() != Some(")") {
        all.push(object(world, words)?);
        if words.peek() == Some(",") {
            words.expect(",")?;
        }
    }
    words.expect(")")?;
    Ok(all)
}

/// The words of a line; brackets and commas are words of their own.
struct Words<'a> {
    all: Vec<&'a str>,
    at: usize,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Words<'a> {
        let mut all = Vec::new();
        for word in line.split_whitespace() {
            let mut rest = word;
            while let Some(i) = rest.find(['(', ')', ',']) {
                let (before, from) = rest.split_at(i);
                let (mark, behind) = from.split_at(1);
                all.extend(Some(before).filter(|w| !w.is_empty()));
                all.push(mark);
                rest = behind;
            }
            all.extend(Some(rest).filter(|w| !w.is_empty()));
        }
        Words { all, at: 0 }
    }

    fn peek(&self) -> Option<&'a str> {
        self.all.get(self.at).copied()
    }

    fn next(&mut self) -> Result<&'a str, String> {
        let word = self.peek().ok_or("something is missing at its end")?;
        self.at += 1;
        Ok(word)
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let is_next = self.peek() == Some(wanted);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.next()? {
            word if word == wanted => Ok(()),
            word => Err(format!("`{word}` instead of `{wanted}`")),
        }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.next()?;
        word.parse()
            .map_err(|_| format!("`{word}` is no such value"))
    }

    fn address(&mut self) -> Result<u64, String> {
        let word = self.next()?;
        let address = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => word.parse().ok(),
        };
        address.ok_or_else(|| format!("`{word}` is no address"))
    }

    fn end(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(format!("`{word}` is too much")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_helpers_give_what_a_line_says() {
        let mut world = World::new();
        let text = "function next = int 1, (int 2, float 0.5), nothing\n\
                    helper getitem = int 7, raises\nhelper truth = bool true";
        fill(&mut world, text).unwrap();
        let next = world.functions.get_mut("next").unwrap();
        let mut given = || next(&mut world.heap.memory, &[]);
        assert_eq!(given(), [Datum::Int(1)]);
        assert_eq!(given(), [Datum::Int(2), Datum::Float(0.5)]);
        assert_eq!((given(), given()), (vec![], vec![]));
        let getitem = world.helpers.get_mut("getitem").unwrap();
        let first = getitem(&mut world.heap, 0, &[]).unwrap();
        assert!(matches!(first, Reply::Obj(o) if world.heap.show(o) == "int 7"));
        assert_eq!(getitem(&mut world.heap, 0, &[]), Ok(Reply::Raised));
        let truth = world.helpers.get_mut("truth").unwrap();
        assert_eq!(truth(&mut world.heap, 0, &[]), Ok(Reply::Bool(true)));
    }

    #[test]
    fn what_is_no_such_line_is_named() {
        for (line, why) in [
            ("function f = word 1", "`word` is no kind of number"),
            (
                "helper cell_set = int 1",
                "no helper that may run Python code",
            ),
            ("function f = int 1 2", "`2` is too much"),
        ] {
            let error = fill(&mut World::new(), line).unwrap_err();
            assert!(error.contains(line) && error.contains(why), "{error}");
        }
    }
}
