//! Structs by value: the System V AMD64 ABI, 3.2.3 ("Parameter Passing", "Returning of Values").
//!
//! A struct of up to two eightbytes is passed and returned in registers, one for each eightbyte, of the class
//! of what lies in it; a larger one, or one with a field that is not aligned, in memory. What the rules say of
//! vectors, `long double` and `_Complex` is not here: such a call is left to the binding.
//!
//! An adapter describes the type ([`Layout`]), [`classify`]s it, and builds the arguments of the call
//! ([`Passing`]). In a trace an eightbyte is an `i64`, or an `f64` of the same 64 bits where its class is SSE: a
//! lone `float` is the `f64` whose low half has the float's bits.

use crate::emit::EmitError;
use traces::{Abort, Builder, CType, Imm, Op, Passed, Value};

/// The largest struct that is copied to the stack for a call, in bytes: each word is an instruction.
pub const MAX_BLOCK: u64 = 256;

/// How many registers carry arguments.
const INTEGER_REGISTERS: usize = 6;
const SSE_REGISTERS: usize = 8;

/// The layout of a struct or union.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// `sizeof`, in bytes.
    pub size: u64,
    /// `_Alignof`, in bytes.
    pub align: u64,
    /// The fields; those of a union have one offset.
    pub fields: Vec<Member>,
}

/// A field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its distance from the start of the struct, in bytes.
    pub offset: u64,
    /// Its type.
    pub shape: Shape,
}

/// The type of a field, as far as the rules go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A number, truth value or pointer.
    Scalar(CType),
    /// A struct or union.
    Aggregate(Layout),
    /// An array: the type of its items, the size of one in bytes, how many there are.
    Array(Box<Shape>, u64, u64),
    /// A bit field: the first of its bits behind the offset, and how many there are.
    Bits(u64, u64),
    /// What these rules are not made for: `long double`, `_Complex`, a vector. The text names it.
    Other(String),
}

/// The class of an eightbyte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// It goes in an integer register.
    Integer,
    /// It goes in a vector register.
    Sse,
}

impl Class {
    /// The C type of the value that carries an eightbyte of the class.
    pub fn ctype(self) -> CType {
        match self {
            Class::Integer => CType::I64,
            Class::Sse => CType::F64,
        }
    }
}

/// A struct or union as a call passes and returns it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ByValue {
    /// Its size in bytes.
    pub size: u32,
    /// The classes of its eightbytes, one or two; none: it lies in memory.
    pub classes: Vec<Class>,
}

impl ByValue {
    /// Whether it is passed on the stack, and returned where the caller says.
    pub fn in_memory(&self) -> bool {
        self.classes.is_empty()
    }

    /// The result of a function that returns it: the C types of the first eightbyte and of the second. One in
    /// memory has none: see [`Passing::hidden`].
    pub fn result(&self) -> (CType, Option<CType>) {
        let mut types = self.classes.iter().map(|class| class.ctype());
        (types.next().unwrap_or(CType::Void), types.next())
    }
}

/// How a struct or union is passed and returned.
///
/// # Errors
/// What it has that the rules here are not made for; the binding itself has to make the call.
pub fn classify(layout: &Layout) -> Result<ByValue, String> {
    let size = u32::try_from(layout.size).map_err(|_| "a struct of that size".to_string())?;
    if layout.align > 8 || layout.align == 0 {
        // It is aligned on the stack too.
        return Err(format!("a struct with an alignment of {}", layout.align));
    }
    if size == 0 {
        return Err("an empty struct".to_string());
    }
    let in_memory = ByValue {
        size,
        classes: Vec::new(),
    };
    if size > 16 {
        return match layout.size {
            size if size > MAX_BLOCK => Err(format!("a struct of {size} bytes")),
            _ => Ok(in_memory),
        };
    }
    let mut found = Found::default();
    found.aggregate(layout, 0)?;
    if found.unaligned {
        return Ok(in_memory);
    }
    let classes = found.classes.into_iter().take(size.div_ceil(8) as usize);
    let classes: Option<Vec<Class>> = classes.collect();
    let classes = classes.ok_or_else(|| "a struct with an eightbyte of padding".to_string())?;
    Ok(ByValue { size, classes })
}

/// What the fields of a struct of up to two eightbytes say.
#[derive(Default)]
struct Found {
    classes: [Option<Class>; 2],
    unaligned: bool,
}

impl Found {
    fn aggregate(&mut self, layout: &Layout, offset: u64) -> Result<(), String> {
        let mut fields = layout.fields.iter();
        fields.try_for_each(|field| self.shape(&field.shape, offset + field.offset))
    }

    fn shape(&mut self, shape: &Shape, offset: u64) -> Result<(), String> {
        match shape {
            Shape::Scalar(CType::Void) => Err("a field of type void".to_string()),
            Shape::Scalar(ty) => {
                let bytes = u64::from(ty.bytes());
                self.unaligned |= !offset.is_multiple_of(bytes);
                let class = match ty {
                    CType::F32 | CType::F64 => Class::Sse,
                    _ => Class::Integer,
                };
                self.merge(offset, offset + bytes, class)
            }
            Shape::Aggregate(inner) if inner.size == 0 => Err("an empty struct".to_string()),
            Shape::Aggregate(inner) => self.aggregate(inner, offset),
            Shape::Array(_, _, 0) => Err("an array without items".to_string()),
            Shape::Array(item, bytes, count) => {
                (0..*count).try_for_each(|n| self.shape(item, offset + n * bytes))
            }
            Shape::Bits(_, 0) => Ok(()),
            // Never unaligned: what counts is the eightbytes that have the bits.
            Shape::Bits(first, count) => {
                let (first, end) = (8 * offset + first, 8 * offset + first + count);
                self.merge(first / 8, end.div_ceil(8), Class::Integer)
            }
            Shape::Other(what) => Err(format!("a field of type {what}")),
        }
    }

    /// Something of this class lies between two distances. INTEGER prevails over SSE.
    fn merge(&mut self, start: u64, end: u64, class: Class) -> Result<(), String> {
        for eightbyte in start / 8..end.div_ceil(8) {
            let place = usize::try_from(eightbyte).ok();
            let place = place.and_then(|n| self.classes.get_mut(n));
            let place = place.ok_or_else(|| "a field behind the end of its struct".to_string())?;
            *place = match *place {
                Some(Class::Integer) => Some(Class::Integer),
                _ => Some(class),
            };
        }
        Ok(())
    }
}

/// The arguments of a call under construction, with the registers that they take.
#[derive(Debug, Default)]
pub struct Passing {
    params: Vec<Passed>,
    args: Vec<Value>,
    integers: usize,
    vectors: usize,
}

impl Passing {
    /// Of a call whose function returns a struct in memory: the address of that memory, which is passed in front
    /// of the other arguments. The function gives the address back; the trace need not look.
    pub fn hidden(address: Value) -> Passing {
        let mut passing = Passing::default();
        passing.scalar(CType::Ptr, address);
        passing
    }

    /// Adds a number, truth value or address.
    pub fn scalar(&mut self, ty: CType, value: Value) {
        // Behind the last register comes the stack.
        match ty {
            CType::F32 | CType::F64 => self.vectors = SSE_REGISTERS.min(self.vectors + 1),
            _ => self.integers = INTEGER_REGISTERS.min(self.integers + 1),
        }
        self.params.push(Passed::Scalar(ty));
        self.args.push(value);
    }

    /// Adds a struct that lies at an address: loads of its eightbytes, of no byte behind its end.
    ///
    /// # Errors
    /// Where the trace is too long.
    pub fn by_value(&mut self, b: &mut Builder, ty: &ByValue, address: Value) -> Result<(), Abort> {
        if ty.in_memory() {
            self.params.push(Passed::Block(ty.size));
            self.args.push(address);
            return Ok(());
        }
        let of = |class| ty.classes.iter().filter(|&&c| c == class).count();
        let (integers, vectors) = (of(Class::Integer), of(Class::Sse));
        // One that does not fit as a whole takes no register, and later arguments may.
        let fits = self.integers + integers <= INTEGER_REGISTERS
            && self.vectors + vectors <= SSE_REGISTERS;
        for (at, &class) in (0..).step_by(8).zip(&ty.classes) {
            let bytes = ty.size.saturating_sub(at);
            if fits {
                let value = eightbyte(b, address, at, bytes, class)?;
                self.scalar(class.ctype(), value);
            } else {
                let word = eightbyte(b, address, at, bytes, Class::Integer)?;
                self.params.push(Passed::Word);
                self.args.push(word);
            }
        }
        Ok(())
    }

    /// The parameters of the declaration, and the arguments of the call.
    pub fn finish(self) -> (Vec<Passed>, Vec<Value>) {
        (self.params, self.args)
    }
}

/// The eightbyte at a distance from an address, of whose bytes so many may be read.
fn eightbyte(
    b: &mut Builder,
    base: Value,
    at: u32,
    bytes: u32,
    class: Class,
) -> Result<Value, Abort> {
    let place = |ty, done: u32| Imm::Place(ty, (at + done) as i32);
    if bytes >= 8 {
        return b.emit(Op::Load, &[base], place(class.ctype(), 0));
    }
    let mut word = None;
    let mut done = 0;
    for (ty, width) in [(CType::U32, 4), (CType::U16, 2), (CType::U8, 1)] {
        if bytes & width == 0 {
            continue;
        }
        let part = b.emit(Op::Load, &[base], place(ty, done))?;
        word = Some(match word {
            None => part,
            Some(word) => {
                let shift = b.int(8 * i64::from(done))?;
                let part = b.op(Op::IShl, &[part, shift])?;
                b.op(Op::IOr, &[word, part])?
            }
        });
        done += width;
    }
    let word = match word {
        Some(word) => word,
        None => b.int(0)?,
    };
    match class {
        Class::Integer => Ok(word),
        Class::Sse => b.op(Op::FOfBits, &[word]),
    }
}

/// The eightbytes of the struct that a call gave in registers, for `box_struct`. `first` is the result of the
/// call.
///
/// # Errors
/// Where the call has no such result.
pub fn result_words(
    b: &mut Builder,
    ty: &ByValue,
    first: Option<Value>,
) -> Result<Vec<Value>, EmitError> {
    let (Some(first), false) = (first, ty.in_memory()) else {
        return Err(EmitError::Unsupported("a struct in memory".to_string()));
    };
    let mut words = vec![first];
    if let (_, Some(second)) = ty.result() {
        words.push(b.emit(Op::Second, &[first], Imm::Place(second, 0))?);
    }
    Ok(words)
}
