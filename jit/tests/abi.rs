//! Structs by value: what a C function finds of its arguments, and what a trace finds of its result, is
//! what was handed over, for random structs among random arguments. The C compiler is the judge, and libffi, by
//! which the bindings call, a second one.
//!
//! `ABI_CASES=20000 ABI_SEED=7 cargo test -p jit --test abi` for a longer run. Where the machine has no C
//! compiler (`cc`) the test says so and passes; without libffi's header the second judge is left out.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "C functions and memory made by this test"
)]

mod fake;

use fake::Machine;
use ffi_ops::sysv::{self, ByValue, Class, Layout, Member, Passing, Shape};
use std::ffi::{CString, c_void};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use traces::{Builder, CType, FuncDecl, FuncFlags, Imm, Op, Stage, Trace, Value};

/// A generator of random numbers (splitmix64): one seed, one run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A type, as C has it.
#[derive(Clone, Debug)]
enum Ty {
    Scalar(CType),
    /// A struct or union of the list.
    Named(usize),
    Array(Box<Ty>, u64),
    /// A bit field.
    Bits(CType, u64),
}

/// A struct or union.
#[derive(Clone, Debug)]
struct Def {
    union: bool,
    packed: bool,
    fields: Vec<Ty>,
}

/// A function: its arguments and its result.
#[derive(Clone, Debug)]
struct Function {
    args: Vec<Ty>,
    ret: Option<Ty>,
}

fn c_name(ty: CType) -> &'static str {
    match ty {
        CType::Void => "void",
        CType::Bool => "_Bool",
        CType::I8 => "int8_t",
        CType::U8 => "uint8_t",
        CType::I16 => "int16_t",
        CType::U16 => "uint16_t",
        CType::I32 => "int32_t",
        CType::U32 => "uint32_t",
        CType::I64 => "int64_t",
        CType::U64 => "uint64_t",
        CType::F32 => "float",
        CType::F64 => "double",
        CType::Ptr => "pointer",
    }
}

fn scalar(r: &mut Random) -> CType {
    // Floats as often as all others.
    match r.below(4) {
        0 => CType::F32,
        1 => CType::F64,
        _ => CType::ALL[1 + r.below(CType::ALL.len() as u64 - 1) as usize],
    }
}

fn field(r: &mut Random, defs: &[Def], bits: bool) -> Ty {
    match r.below(10) {
        0 | 1 if !defs.is_empty() => Ty::Named(r.below(defs.len() as u64) as usize),
        2 => Ty::Array(Box::new(field(r, defs, false)), 1 + r.below(3)),
        3 if bits => {
            let base = [CType::U8, CType::I16, CType::U32, CType::I64][r.below(4) as usize];
            Ty::Bits(base, 1 + r.below(8 * u64::from(base.bytes())))
        }
        _ => Ty::Scalar(scalar(r)),
    }
}

fn definition(r: &mut Random, defs: &[Def]) -> Def {
    let union = r.one_in(6);
    let bits = r.one_in(4);
    let fields = (0..=r.below(4)).map(|_| field(r, defs, bits)).collect();
    Def {
        union,
        packed: r.one_in(10),
        fields,
    }
}

/// Structs of each pair of classes, to begin with.
fn common() -> Vec<Def> {
    let (long, double) = (Ty::Scalar(CType::I64), Ty::Scalar(CType::F64));
    let (float, char) = (Ty::Scalar(CType::F32), Ty::Scalar(CType::I8));
    let array = |ty: &Ty, n| Ty::Array(Box::new(ty.clone()), n);
    let all = [
        vec![long.clone(), long.clone()],
        vec![double.clone(), double.clone()],
        vec![long.clone(), double.clone()],
        vec![double.clone(), long.clone()],
        vec![float.clone()],
        vec![array(&float, 3)],
        vec![array(&char, 7)],
        vec![array(&char, 13)],
        vec![array(&char, 21)],
        vec![long, array(&double, 2)],
    ];
    let def = |fields| Def {
        union: false,
        packed: false,
        fields,
    };
    all.into_iter().map(def).collect()
}

/// Which scalars a function likes: registers of one class run out sooner.
#[derive(Clone, Copy)]
enum Taste {
    All,
    Integers,
    Floats,
}

fn argument(r: &mut Random, defs: &[Def], taste: Taste) -> Ty {
    match (r.below(4), taste) {
        (0, _) => Ty::Named(r.below(defs.len() as u64) as usize),
        (1, _) => Ty::Named(r.below(common().len() as u64) as usize),
        (_, Taste::All) => Ty::Scalar(scalar(r)),
        (_, Taste::Integers) => {
            let all = [CType::I64, CType::U8, CType::Ptr, CType::I32];
            Ty::Scalar(all[r.below(4) as usize])
        }
        (_, Taste::Floats) => Ty::Scalar([CType::F32, CType::F64][r.below(2) as usize]),
    }
}

fn function(r: &mut Random, defs: &[Def]) -> Function {
    let taste = [Taste::All, Taste::Integers, Taste::Floats][r.below(3) as usize];
    let args = (0..r.below(15)).map(|_| argument(r, defs, taste)).collect();
    let ret = (!r.one_in(8)).then(|| argument(r, defs, Taste::All));
    Function { args, ret }
}

// ---- C ----

fn c_type(ty: &Ty) -> String {
    match ty {
        Ty::Scalar(ty) | Ty::Bits(ty, _) => c_name(*ty).to_string(),
        Ty::Named(n) => format!("S{n}"),
        Ty::Array(item, _) => c_type(item),
    }
}

/// What stands behind the name of a field.
fn c_suffix(ty: &Ty) -> String {
    match ty {
        Ty::Array(item, n) => format!("[{n}]{}", c_suffix(item)),
        Ty::Bits(_, n) => format!(" : {n}"),
        _ => String::new(),
    }
}

/// Whether libffi has the type: it knows no unions, bit fields or packed structs.
fn in_libffi(ty: &Ty, defs: &[Def]) -> bool {
    match ty {
        Ty::Scalar(_) => true,
        Ty::Bits(..) => false,
        Ty::Array(item, _) => in_libffi(item, defs),
        Ty::Named(n) => {
            let def = &defs[*n];
            !def.union && !def.packed && def.fields.iter().all(|f| in_libffi(f, defs))
        }
    }
}

fn ffi_type(ty: &Ty) -> String {
    match ty {
        Ty::Scalar(CType::Bool | CType::U8) => "&ffi_type_uint8".to_string(),
        Ty::Scalar(CType::I8) => "&ffi_type_sint8".to_string(),
        Ty::Scalar(CType::I16) => "&ffi_type_sint16".to_string(),
        Ty::Scalar(CType::U16) => "&ffi_type_uint16".to_string(),
        Ty::Scalar(CType::I32) => "&ffi_type_sint32".to_string(),
        Ty::Scalar(CType::U32) => "&ffi_type_uint32".to_string(),
        Ty::Scalar(CType::I64) => "&ffi_type_sint64".to_string(),
        Ty::Scalar(CType::U64) => "&ffi_type_uint64".to_string(),
        Ty::Scalar(CType::F32) => "&ffi_type_float".to_string(),
        Ty::Scalar(CType::F64) => "&ffi_type_double".to_string(),
        Ty::Scalar(_) => "&ffi_type_pointer".to_string(),
        Ty::Named(n) => format!("&S{n}_ffi"),
        Ty::Array(item, n) => vec![ffi_type(item); *n as usize].join(", "),
        Ty::Bits(..) => String::new(),
    }
}

fn c_definition(n: usize, def: &Def, defs: &[Def], libffi: bool) -> String {
    let mut text = String::new();
    let kind = if def.union { "union" } else { "struct" };
    let packed = if def.packed {
        "__attribute__((packed)) "
    } else {
        ""
    };
    let _ = writeln!(text, "typedef {kind} {packed}{{");
    for (i, field) in def.fields.iter().enumerate() {
        let _ = writeln!(text, "  {} f{i}{};", c_type(field), c_suffix(field));
    }
    let _ = writeln!(text, "}} S{n};");
    let offsets: Vec<String> = (def.fields.iter().enumerate())
        .map(|(i, field)| match field {
            Ty::Bits(..) => "0".to_string(),
            _ => format!("offsetof(S{n}, f{i})"),
        })
        .collect();
    let _ = writeln!(
        text,
        "const uint64_t S{n}_layout[] = {{ sizeof(S{n}), _Alignof(S{n}), {} }};",
        offsets.join(", ")
    );
    // Where a bit field lies only the compiler knows.
    let _ = writeln!(text, "void S{n}_bits(int field, void *out) {{\n  S{n} s;");
    let _ = writeln!(text, "  memset(&s, 0, sizeof s);\n  switch (field) {{");
    for (i, field) in def.fields.iter().enumerate() {
        if let Ty::Bits(..) = field {
            let _ = writeln!(text, "  case {i}: s.f{i} = -1; break;");
        }
    }
    let _ = writeln!(text, "  }}\n  memcpy(out, &s, sizeof s);\n}}");
    if libffi && in_libffi(&Ty::Named(n), defs) {
        let elements: Vec<String> = def.fields.iter().map(ffi_type).collect();
        let _ = writeln!(
            text,
            "static ffi_type *S{n}_elements[] = {{ {}, NULL }};\nstatic ffi_type S{n}_ffi = {{ 0, 0, FFI_TYPE_STRUCT, S{n}_elements }};",
            elements.join(", ")
        );
    }
    text
}

fn c_function(n: usize, f: &Function, defs: &[Def], libffi: bool) -> String {
    let ret = f.ret.as_ref().map_or("void".to_string(), c_type);
    let params: Vec<String> = (f.args.iter().enumerate())
        .map(|(i, ty)| format!("{} a{i}", c_type(ty)))
        .collect();
    let params = if params.is_empty() {
        "void".to_string()
    } else {
        params.join(", ")
    };
    let mut text = format!("{ret} f{n}({params}) {{\n");
    for i in 0..f.args.len() {
        let _ = writeln!(text, "  memcpy(seen + {i} * ROOM, &a{i}, sizeof a{i});");
    }
    if f.ret.is_some() {
        let _ = writeln!(
            text,
            "  {ret} r;\n  memcpy(&r, give, sizeof r);\n  return r;"
        );
    }
    text += "}\n";
    let known = f.args.iter().chain(&f.ret).all(|ty| in_libffi(ty, defs));
    if libffi && known {
        let types: Vec<String> = f.args.iter().map(ffi_type).collect();
        let ret = f
            .ret
            .as_ref()
            .map_or("&ffi_type_void".to_string(), ffi_type);
        let _ = writeln!(
            text,
            "int ffi{n}(void **args, void *ret) {{\n  ffi_type *types[] = {{ {} }};\n  ffi_cif cif;\n  if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, {}, {ret}, types) != FFI_OK) return 0;\n  ffi_call(&cif, FFI_FN(f{n}), ret, args);\n  return 1;\n}}",
            [types, vec!["NULL".to_string()]].concat().join(", "),
            f.args.len(),
        );
    }
    text
}

/// Room for each argument that a function has seen.
const ROOM: usize = 1024;

fn c_program(defs: &[Def], functions: &[Function], libffi: bool) -> String {
    let mut text = String::from("#include <stdint.h>\n#include <stddef.h>\n#include <string.h>\n");
    if libffi {
        text += "#include <ffi.h>\n";
    }
    let _ = writeln!(
        text,
        "#define ROOM {ROOM}\ntypedef void *pointer;\nunsigned char seen[16 * ROOM], give[ROOM];"
    );
    for (n, def) in defs.iter().enumerate() {
        text += &c_definition(n, def, defs, libffi);
    }
    for (n, f) in functions.iter().enumerate() {
        text += &c_function(n, f, defs, libffi);
    }
    text
}

/// A library that the C compiler made.
struct Library(*mut c_void);

impl Library {
    fn build(folder: &Path, text: &str, libffi: bool) -> Result<Library, String> {
        let (source, library) = (folder.join("abi.c"), folder.join("libabi.so"));
        std::fs::write(&source, text).map_err(|e| e.to_string())?;
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-w", "-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(&source);
        if libffi {
            cc.arg("-lffi");
        }
        let done = cc.output().map_err(|e| e.to_string())?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned());
        }
        let path = CString::new(library.to_string_lossy().as_bytes()).unwrap();
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "the library is loaded");
        Ok(Library(handle))
    }

    fn find(&self, name: &str) -> Option<*mut c_void> {
        let text = CString::new(name).unwrap();
        let found = unsafe { libc::dlsym(self.0, text.as_ptr()) };
        (!found.is_null()).then_some(found)
    }

    fn get(&self, name: &str) -> *mut c_void {
        self.find(name).unwrap_or_else(|| panic!("{name}"))
    }
}

// ---- layouts ----

/// The layout of each struct, as the compiler has it.
fn layouts(defs: &[Def], library: &Library) -> Vec<Layout> {
    let mut all: Vec<Layout> = Vec::new();
    for (n, def) in defs.iter().enumerate() {
        let table = library.get(&format!("S{n}_layout")).cast::<u64>();
        let at = |i: usize| unsafe { *table.add(i) };
        let fields = (def.fields.iter().enumerate())
            .map(|(i, field)| match field {
                Ty::Bits(..) => bits_of(library, n, i, at(0)),
                _ => Member {
                    offset: at(2 + i),
                    shape: shape(field, &all),
                },
            })
            .collect();
        all.push(Layout {
            size: at(0),
            align: at(1),
            fields,
        });
    }
    all
}

fn bits_of(library: &Library, n: usize, field: usize, size: u64) -> Member {
    let mut bytes = vec![0_u8; size as usize];
    let probe = library.get(&format!("S{n}_bits"));
    let probe: extern "C" fn(i32, *mut u8) = unsafe { std::mem::transmute(probe) };
    probe(field as i32, bytes.as_mut_ptr());
    let set = |bit: &u64| bytes[(bit / 8) as usize] >> (bit % 8) & 1 == 1;
    let first = (0..8 * size).find(set).unwrap();
    let count = (0..8 * size).filter(set).count() as u64;
    Member {
        offset: 0,
        shape: Shape::Bits(first, count),
    }
}

fn shape(ty: &Ty, all: &[Layout]) -> Shape {
    match ty {
        Ty::Scalar(ty) | Ty::Bits(ty, _) => Shape::Scalar(*ty),
        Ty::Named(n) => Shape::Aggregate(all[*n].clone()),
        Ty::Array(item, n) => Shape::Array(Box::new(shape(item, all)), size(item, all), *n),
    }
}

fn size(ty: &Ty, all: &[Layout]) -> u64 {
    match ty {
        Ty::Scalar(ty) | Ty::Bits(ty, _) => ty.bytes().into(),
        Ty::Named(n) => all[*n].size,
        Ty::Array(item, n) => n * size(item, all),
    }
}

/// Which bits of a type mean something, and the bytes of it that are truth values.
fn meaning(shape: &Shape, at: u64, mask: &mut [u8], truths: &mut Vec<u64>) {
    match shape {
        Shape::Scalar(ty) => {
            if *ty == CType::Bool {
                truths.push(at);
            }
            mask[at as usize..(at + u64::from(ty.bytes())) as usize].fill(0xFF);
        }
        Shape::Aggregate(layout) => {
            for field in &layout.fields {
                meaning(&field.shape, at + field.offset, mask, truths);
            }
        }
        Shape::Array(item, bytes, n) => {
            (0..*n).for_each(|i| meaning(item, at + i * bytes, mask, truths));
        }
        Shape::Bits(first, n) => {
            for bit in 8 * at + first..8 * at + first + n {
                mask[(bit / 8) as usize] |= 1 << (bit % 8);
            }
        }
        Shape::Other(_) => unreachable!(),
    }
}

/// Random bytes of a type, and which bits of them mean something.
fn bytes_of(r: &mut Random, ty: &Ty, all: &[Layout]) -> (Vec<u8>, Vec<u8>) {
    let n = size(ty, all) as usize;
    let mut bytes: Vec<u8> = (0..n).map(|_| r.next() as u8).collect();
    let (mut mask, mut truths) = (vec![0; n], Vec::new());
    meaning(&shape(ty, all), 0, &mut mask, &mut truths);
    truths.iter().for_each(|&at| bytes[at as usize] &= 1);
    // As an argument of its own a float is converted, which makes a signalling NaN a quiet one.
    match ty {
        Ty::Scalar(CType::F32) => bytes[3] &= !0x40,
        Ty::Scalar(CType::F64) => bytes[7] &= !0x40,
        _ => {}
    }
    (bytes, mask)
}

fn same(a: &[u8], b: &[u8], mask: &[u8]) -> bool {
    (a.iter().zip(b).zip(mask)).all(|((a, b), mask)| a & mask == b & mask)
}

// ---- memory behind whose end nobody may read ----

struct Guarded {
    start: *mut u8,
    used: usize,
}

const PAGE: usize = 4096;

impl Guarded {
    fn new() -> Guarded {
        unsafe {
            let start = libc::mmap(
                std::ptr::null_mut(),
                2 * PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(start, libc::MAP_FAILED);
            let start = start.cast::<u8>();
            assert_eq!(
                libc::mprotect(start.add(PAGE).cast(), PAGE, libc::PROT_NONE),
                0
            );
            Guarded { start, used: 0 }
        }
    }

    /// Puts bytes at the end of the page.
    fn put(&mut self, bytes: &[u8]) -> u64 {
        self.used = bytes.len();
        unsafe {
            let place = self.start.add(PAGE - bytes.len());
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len());
            place as u64
        }
    }

    fn bytes(&self) -> &[u8] {
        unsafe { std::slice::from_raw_parts(self.start.add(PAGE - self.used), self.used) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        unsafe { libc::munmap(self.start.cast(), 2 * PAGE) };
    }
}

// ---- the trace ----

fn by_value(ty: &Ty, all: &[Layout]) -> Option<Result<ByValue, String>> {
    match ty {
        Ty::Named(n) => Some(sysv::classify(&all[*n])),
        _ => None,
    }
}

/// Where the function lies.
#[derive(Clone, Copy, Debug)]
struct Way {
    indirect: bool,
    vectors: bool,
}

/// A trace that calls the function on what lies at these addresses and stores the result at `out`, as many
/// bytes of it as there are eightbytes.
fn trace(
    f: &Function,
    way: Way,
    address: u64,
    places: &[u64],
    out: u64,
    all: &[Layout],
) -> Result<Trace, String> {
    let mut head = Trace {
        name: "abi".to_string(),
        nlocals: 1,
        ..Trace::default()
    };
    let code = head.obj_const("code", 0);
    let mut b = Builder::new(head, code, 4, 1000);
    let told = |e: traces::Abort| e.to_string();
    let ret = f
        .ret
        .as_ref()
        .and_then(|ty| by_value(ty, all))
        .transpose()?;
    let out = b.ptr(out).map_err(told)?;
    let mut passing = match &ret {
        Some(ty) if ty.in_memory() => Passing::hidden(out),
        _ => Passing::default(),
    };
    for (ty, &place) in f.args.iter().zip(places) {
        let place = b.ptr(place).map_err(told)?;
        match (ty, by_value(ty, all).transpose()?) {
            (_, Some(ty)) => passing.by_value(&mut b, &ty, place).map_err(told)?,
            (&Ty::Scalar(ty), _) => {
                let value = b.emit(Op::Load, &[place], Imm::Place(ty, 0));
                passing.scalar(ty, value.map_err(told)?);
            }
            _ => unreachable!(),
        }
    }
    let (params, mut args) = passing.finish();
    let (result, second) = match (&ret, &f.ret) {
        (Some(ty), _) => ty.result(),
        (None, Some(Ty::Scalar(ty))) => (*ty, None),
        _ => (CType::Void, None),
    };
    let decl = FuncDecl {
        name: "f".to_string(),
        addr: (!way.indirect).then_some(address),
        known_as: 0,
        params,
        ret: result,
        second,
        flags: FuncFlags {
            vectors: way.vectors,
            variadic: false,
            ..FuncFlags::default()
        },
    };
    if way.indirect {
        args.insert(0, b.ptr(address).map_err(told)?);
    }
    let first = b.ccall(decl, &args);
    let words: Vec<Value> = match &ret {
        Some(ty) if !ty.in_memory() => {
            sysv::result_words(&mut b, ty, first).map_err(|e| format!("{e:?}"))?
        }
        Some(_) => Vec::new(),
        None => first.into_iter().collect(),
    };
    let types = [Some(result), second].into_iter().flatten();
    for (i, (word, ty)) in words.into_iter().zip(types).enumerate() {
        b.effect(Op::Store, &[out, word], Imm::Place(ty, 8 * i as i32));
    }
    b.begin(8);
    b.check();
    b.effect(Op::Jump, &[], Imm::None);
    Ok(b.trace)
}

/// Whether libffi up to 3.4.4 at least passes something else than it is given: of a struct whose first eightbyte
/// takes the last integer register, it copies the second one too, over the first vector register
/// (`ffi_call_int`, src/x86/ffi64.c: `memcpy (&reg_args->gpr[ngpr], a, size)`).
fn overruns_libffi(f: &Function, all: &[Layout]) -> bool {
    let (mut integers, mut vectors) = (0, 0);
    if let Some(Some(Ok(ret))) = f.ret.as_ref().map(|ty| by_value(ty, all)) {
        integers += usize::from(ret.in_memory());
    }
    for ty in &f.args {
        match (ty, by_value(ty, all)) {
            (_, Some(Ok(ty))) => {
                let of = |class| ty.classes.iter().filter(|&&c| c == class).count();
                let (i, v) = (of(Class::Integer), of(Class::Sse));
                if integers + i > 6 || vectors + v > 8 {
                    continue;
                }
                if integers == 5 && ty.classes == [Class::Integer, Class::Sse] {
                    return true;
                }
                (integers, vectors) = (integers + i, vectors + v);
            }
            (Ty::Scalar(CType::F32 | CType::F64), _) => vectors = 8.min(vectors + 1),
            _ => integers = 6.min(integers + 1),
        }
    }
    false
}

/// What the functions of one library are tried with.
struct Trial<'a> {
    defs: &'a [Def],
    all: &'a [Layout],
    library: &'a Library,
}

impl Trial<'_> {
    /// Says whether the rules are made for the function.
    fn function(&self, r: &mut Random, n: usize, f: &Function) -> bool {
        let told = || {
            let used: Vec<String> = self
                .defs
                .iter()
                .enumerate()
                .map(|(i, d)| format!("S{i}: {d:?}"))
                .collect();
            format!("f{n}: {f:?}\n{}", used.join("\n"))
        };
        let way = Way {
            indirect: r.one_in(3),
            vectors: r.one_in(2),
        };
        let values: Vec<_> = f.args.iter().map(|ty| bytes_of(r, ty, self.all)).collect();
        let result = f.ret.as_ref().map(|ty| bytes_of(r, ty, self.all));
        let mut memory: Vec<Guarded> = values.iter().map(|_| Guarded::new()).collect();
        let places: Vec<u64> = (memory.iter_mut().zip(&values))
            .map(|(m, v)| m.put(&v.0))
            .collect();
        let mut out = Guarded::new();
        // Eightbytes are stored as a whole.
        let whole = result.as_ref().map_or(0, |r| r.0.len());
        let whole = if whole <= 16 {
            whole.next_multiple_of(8)
        } else {
            whole
        };
        let out_place = out.put(&vec![0; whole]);
        let address = self.library.get(&format!("f{n}")) as u64;
        let naive = match trace(f, way, address, &places, out_place, self.all) {
            Ok(naive) => fake::bind(naive, &[("f", address as usize)]),
            Err(why) => {
                assert!(why.contains("struct"), "{why}");
                return false;
            }
        };
        traces::verify(&naive, Stage::Naive).unwrap_or_else(|e| panic!("{e}\n{naive}"));
        let optimised = jit::optimise(&naive).unwrap_or_else(|e| panic!("{e}\n{naive}"));
        for trace in [&naive, &optimised] {
            self.set(result.as_ref().map(|r| r.0.as_slice()));
            out.put(&vec![0; whole]);
            let mut machine = Machine::of(trace).leave_at_first_check();
            assert_eq!(machine.run().pc, 8);
            self.seen(&values, &|| format!("{way:?} {}\n{trace}", told()));
            if let Some((bytes, mask)) = &result {
                assert!(
                    same(out.bytes(), bytes, mask),
                    "the result: {:x?} for {bytes:x?}, {way:?}\n{}\n{trace}",
                    out.bytes(),
                    told()
                );
            }
        }
        self.by_libffi(n, f, &values, result.as_ref(), &told);
        true
    }

    /// What libffi hands over is the same.
    fn by_libffi(
        &self,
        n: usize,
        f: &Function,
        values: &[(Vec<u8>, Vec<u8>)],
        result: Option<&(Vec<u8>, Vec<u8>)>,
        told: &dyn Fn() -> String,
    ) {
        let Some(call) = self.library.find(&format!("ffi{n}")) else {
            return;
        };
        if overruns_libffi(f, self.all) {
            return;
        }
        let call: extern "C" fn(*const *const u8, *mut u8) -> i32 =
            unsafe { std::mem::transmute(call) };
        self.set(result.map(|r| r.0.as_slice()));
        let args: Vec<*const u8> = values.iter().map(|v| v.0.as_ptr()).collect();
        let mut ret = vec![0; ROOM];
        assert_eq!(call(args.as_ptr(), ret.as_mut_ptr()), 1, "{}", told());
        self.seen(values, &|| format!("libffi {}", told()));
        if let (Some((bytes, mask)), Some(Ty::Named(_))) = (result, &f.ret) {
            assert!(same(&ret, bytes, mask), "libffi {}", told());
        }
    }

    fn set(&self, result: Option<&[u8]>) {
        let (seen, give) = (self.library.get("seen"), self.library.get("give"));
        unsafe {
            std::ptr::write_bytes(seen.cast::<u8>(), 0xA5, 16 * ROOM);
            if let Some(bytes) = result {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), give.cast(), bytes.len());
            }
        }
    }

    fn seen(&self, values: &[(Vec<u8>, Vec<u8>)], told: &dyn Fn() -> String) {
        let seen = self.library.get("seen").cast::<u8>();
        for (i, (bytes, mask)) in values.iter().enumerate() {
            let seen = unsafe { std::slice::from_raw_parts(seen.add(i * ROOM), bytes.len()) };
            assert!(
                same(seen, bytes, mask),
                "argument {i}: {seen:x?} for {bytes:x?}\n{}",
                told()
            );
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|n| n.parse().ok()).unwrap_or(default)
}

#[test]
fn structs_arrive_as_they_were_sent() {
    let cc = |args: &[&str], input: &str| {
        let folder = std::env::temp_dir().join(format!("hardwire-cc-{}.c", std::process::id()));
        std::fs::write(&folder, input).unwrap();
        let done = Command::new("cc")
            .args(args)
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = std::fs::remove_file(&folder);
        done.is_ok_and(|status| status.success())
    };
    if !cc(&["-fsyntax-only"], "int x;\n") {
        eprintln!("skipped: this machine has no C compiler (cc)");
        return;
    }
    let libffi = cc(&["-fsyntax-only"], "#include <ffi.h>\n");
    if !libffi {
        eprintln!("without libffi: this machine has no ffi.h");
    }
    let (cases, seed) = (number("ABI_CASES", 400), number("ABI_SEED", 1));
    let folder = std::env::temp_dir().join(format!("hardwire-abi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut taken = 0;
    // One library is a few hundred functions.
    for round in 0..cases.div_ceil(400) {
        let mut r = Random(seed.wrapping_add(round << 32));
        let mut defs = common();
        for _ in 0..60 {
            let def = definition(&mut r, &defs);
            defs.push(def);
        }
        let count = 400.min(cases - 400 * round);
        let functions: Vec<Function> = (0..count).map(|_| function(&mut r, &defs)).collect();
        let text = c_program(&defs, &functions, libffi);
        let library = Library::build(&folder, &text, libffi).unwrap_or_else(|e| panic!("{e}"));
        let all = layouts(&defs, &library);
        let trial = Trial {
            defs: &defs,
            all: &all,
            library: &library,
        };
        for (n, f) in functions.iter().enumerate() {
            taken += u64::from(trial.function(&mut r, n, f));
        }
        unsafe { libc::dlclose(library.0) };
        let _ = std::fs::remove_file(folder.join("libabi.so"));
    }
    let _ = std::fs::remove_dir_all(&folder);
    assert!(
        taken > cases / 2,
        "only {taken} of {cases} functions were called"
    );
}
