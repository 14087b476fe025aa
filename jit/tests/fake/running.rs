//! What machine code calls and what it tells: helpers, deaths, the log of a run.

use super::scene::{FOREVER, incref, release};
use super::*;
use traces::eval::helpers;
use traces::eval::library::touched;

#[derive(Default)]
pub(super) struct Running {
    pub(super) names: BTreeMap<usize, String>,
    pub(super) nlocals: u16,
    /// The addresses of the trace's constants.
    pub(super) constants: Vec<u64>,
    pub(super) activation: (usize, usize),
    pub(super) attention: Option<(u64, usize)>,
    pub(super) calls: u64,
    pub(super) log: Vec<String>,
    pub(super) dead: Vec<usize>,
}

thread_local! {
    pub(super) static NOW: RefCell<Option<Running>> = const { RefCell::new(None) };
}

impl Running {
    pub(super) fn show(&self, word: u64) -> String {
        if word == 0 {
            return "NULL".to_string();
        }
        if let Some(name) = self.names.get(&(word as usize)) {
            return name.clone();
        }
        let raw = word as *const Object;
        match unsafe { (*raw).ty } {
            INT => format!("int {}", int_value(raw)),
            FLOAT => format!("float {:?}", f64::from_bits(unsafe { (*raw).words[0] })),
            CDATA => {
                let words = unsafe { (*raw).words };
                let ctype = self.show(words[0]);
                match words[2] {
                    CINT => format!("value {ctype} {}", words[4] as i64),
                    CFLOAT => format!("value {ctype} {:?}", f64::from_bits(words[4])),
                    _ => format!("cdata {ctype} {}", words[1]),
                }
            }
            CDATA_OWN => {
                let words = unsafe { (*raw).words };
                self.show_struct(words[0], &words[4..4 + words[2] as usize])
            }
            BYTES => format!("bytes {:?}", String::from_utf8_lossy(&text_of(raw))),
            STR => format!("str {:?}", String::from_utf8_lossy(&text_of(raw))),
            _ => "?".to_string(),
        }
    }

    pub(super) fn show_struct(&self, ctype: u64, words: &[u64]) -> String {
        let words: Vec<String> = words.iter().map(|word| format!("{word:x}")).collect();
        format!("struct {} {}", self.show(ctype), words.join(" "))
    }

    pub(super) fn show_source(&self, act: &Activation, source: Source) -> String {
        let (word, repr) = match source {
            Source::Const(id) => return self.show(self.constants[id.0 as usize]),
            Source::Buf(n, Repr::Struct(id)) => {
                let ctype = self.constants[id.0 as usize];
                let (n, words) = (usize::from(n), struct_words(ctype as usize));
                let values = unsafe { values_of(act, n + words) };
                return self.show_struct(ctype, &values[n..]);
            }
            Source::Buf(n, repr) => {
                let values = unsafe { values_of(act, usize::from(n) + 1) };
                (values[usize::from(n)], repr)
            }
            Source::Imm(word, repr) => (word, repr),
            Source::Tuple(_) => return "tuple".to_string(),
        };
        match repr {
            Repr::Obj => self.show(word),
            Repr::Int => format!("int {}", word as i64),
            Repr::Uint => format!("int {word}"),
            Repr::Float => format!("float {:?}", f64::from_bits(word)),
            Repr::Bool => (if word != 0 { "True" } else { "False" }).to_string(),
            Repr::CData(id) => {
                let ctype = self.show(self.constants[id.0 as usize]);
                format!("cdata {ctype} {word}")
            }
            Repr::CInt(id) => {
                let ctype = self.show(self.constants[id.0 as usize]);
                format!("value {ctype} {}", word as i64)
            }
            Repr::CFloat(id) => {
                let ctype = self.show(self.constants[id.0 as usize]);
                format!("value {ctype} {:?}", f64::from_bits(word))
            }
            Repr::Struct(id) => self.show_struct(self.constants[id.0 as usize], &[word]),
            Repr::Char => self.show(new_char(word as i64) as u64),
            Repr::UChar => self.show(new_uchar(word as i64) as u64),
            Repr::Attr(id) => format!("attribute {}", id.0),
            Repr::Buffer => format!("buffer {word:#x}"),
            Repr::Range => "range iterator".to_string(),
            Repr::Iter(_) => "sequence iterator".to_string(),
            Repr::Instance(_) => "instance".to_string(),
        }
    }

    /// The locals as somebody who looks at the frame during a foreign call sees them.
    pub(super) fn frame_during(&self) -> String {
        let (act, compiled) = self.activation;
        let (act, compiled) = unsafe {
            (
                &*(act as *const Activation),
                &*(compiled as *const Compiled),
            )
        };
        let exit = &compiled.durings[act.call_under_way().unwrap()];
        let slots: Vec<String> = (0..self.nlocals)
            .map(|slot| match exit.slots.iter().find(|s| s.0 == slot) {
                Some(&(_, source)) => self.show_source(act, source),
                None => {
                    self.show(unsafe { *act.frame.add(16 + 8 * usize::from(slot)).cast::<u64>() })
                }
            })
            .collect();
        format!("at {} [{}]", exit.inner().pc, slots.join(", "))
    }

    /// What the memory of a slot holds.
    pub(super) fn slot(&self, slot: u16) -> u64 {
        let act = unsafe { &*(self.activation.0 as *const Activation) };
        unsafe { *act.frame.add(16 + 8 * usize::from(slot)).cast::<u64>() }
    }

    pub(super) fn pc(&self) -> u64 {
        let act = unsafe { &*(self.activation.0 as *const Activation) };
        unsafe { *act.frame.add(8).cast::<u64>() }.wrapping_sub((CODE + CODE_BYTES) as u64)
    }
}

/// A function ran that neither blocks nor calls back.
pub(super) fn called_leaf(line: String) {
    super::disturb_errno(|errno| errno.wrapping_add(1));
    NOW.with_borrow_mut(|now| {
        if let Some(now) = now {
            now.log.push(line);
        }
    });
}

pub(super) fn called(line: String) {
    super::disturb_errno(|errno| errno.wrapping_add(1));
    NOW.with_borrow_mut(|now| {
        let Some(now) = now else { return };
        let frame = now.frame_during();
        now.log.push(format!("{line} {frame}"));
        now.calls += 1;
        assert!(now.calls < 100 * FOREVER, "the loop does not end");
        if let Some((n, flag)) = now.attention
            && now.calls >= n
        {
            unsafe { *(flag as *mut u64) = 1 };
        }
    });
}

pub(super) extern "C" fn dealloc(object: *mut Object) {
    super::disturb_errno(|_| -5);
    let ty = unsafe { (*object).ty };
    let plain = matches!(ty, INT | FLOAT | CDATA | BYTES | STR | RANGE_ITER);
    NOW.with_borrow_mut(|now| {
        let Some(now) = now else { return };
        assert!(!now.dead.contains(&(object as usize)), "died twice");
        now.dead.push(object as usize);
        if let Some(name) = now.names.get(&(object as usize))
            && !plain
        {
            let line = format!("{name} dies");
            now.log.push(line);
        }
    });
    let words = unsafe { (*object).words };
    match ty {
        LIST_ITER | TUPLE_ITER => release(words[1] as *mut Object),
        LIST => {
            let items = words[0] as *const *mut Object;
            (0..words[1] as usize).for_each(|n| release(unsafe { *items.add(n) }));
        }
        _ => {}
    }
}

pub(super) fn python(
    name: &str,
    argv: *const *mut Object,
    argc: usize,
    result: impl FnOnce(i128) -> (u64, String),
    from: usize,
) -> u64 {
    super::disturb_errno(|_| -7);
    let args = unsafe { std::slice::from_raw_parts(argv, argc) };
    let is_int = |o: &*mut Object| !o.is_null() && unsafe { (**o).ty } == INT;
    let sum: i128 = args[from..]
        .iter()
        .filter(|o| is_int(o))
        .map(|&o| int_value(o))
        .sum();
    let (word, text) = result(sum);
    NOW.with_borrow_mut(|now| {
        if let Some(now) = now {
            let shown: Vec<String> = args.iter().map(|&o| now.show(o as u64)).collect();
            let locals: Vec<String> = (0..now.nlocals).map(|n| now.show(now.slot(n))).collect();
            let (shown, locals) = (shown.join(", "), locals.join(", "));
            let line = format!("@{name}({shown}) = {text} at {} [{locals}]", now.pc());
            now.log.push(line);
        }
    });
    args.iter().for_each(|&o| release(o));
    word
}

/// Adds its arguments behind the first; raises where the sum is negative.
pub(super) extern "C" fn py_call(argv: *const *mut Object, argc: usize, extra: i64) -> u64 {
    let result = |sum: i128| match sum + i128::from(extra) {
        sum if sum < 0 => (0, "raised".to_string()),
        sum => (int(sum) as u64, format!("int {sum}")),
    };
    let args = unsafe { std::slice::from_raw_parts(argv, argc) };
    let is_struct = |arg: &&*mut Object| !arg.is_null() && unsafe { (***arg).ty } == CDATA_OWN;
    let structs: Vec<*mut Object> = args.iter().filter(is_struct).copied().collect();
    structs.iter().for_each(|&arg| incref(arg));
    let reply = python("call", argv, argc, result, 1);
    for arg in structs {
        let word = unsafe { &mut (*arg).words[4] };
        *word = touched(*word as i64) as u64;
        release(arg);
    }
    reply
}

/// Gives its first argument again.
pub(super) extern "C" fn py_getitem(argv: *const *mut Object, argc: usize, _extra: i64) -> u64 {
    let first = unsafe { *argv };
    incref(first);
    let text = NOW.with_borrow(|now| now.as_ref().map(|now| now.show(first as u64)));
    python(
        "getitem",
        argv,
        argc,
        |_| (first as u64, text.unwrap_or_default()),
        0,
    )
}

pub(super) extern "C" fn py_truth(argv: *const *mut Object, argc: usize, _extra: i64) -> i32 {
    let result = |sum: i128| match sum {
        sum if sum < 0 => (u64::MAX, "raised".to_string()),
        sum => (u64::from(sum != 0), (sum != 0).to_string()),
    };
    python("truth", argv, argc, result, 0) as i32
}

pub(super) extern "C" fn float_mod(x: f64, y: f64) -> f64 {
    super::disturb_errno(|_| -8);
    helpers::float_mod(x, y)
}
pub(super) extern "C" fn float_floordiv(x: f64, y: f64) -> f64 {
    super::disturb_errno(|_| -8);
    helpers::float_floordiv(x, y)
}
pub(super) extern "C" fn int_pow_fits(x: i64, y: i64) -> bool {
    helpers::int_pow(x, y).is_some()
}
pub(super) extern "C" fn int_pow(x: i64, y: i64) -> i64 {
    super::disturb_errno(|_| -8);
    helpers::int_pow(x, y).unwrap_or(0)
}
