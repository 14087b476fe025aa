//! The op table: one row per op, everything else is generated from it.

/// The type of a value in a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A 64-bit integer; signedness is a property of the op.
    I64,
    /// An IEEE 754 double.
    F64,
    /// A truth value.
    Bool,
    /// An address in C memory.
    Ptr,
    /// A Python object (possibly the NULL of an unbound local).
    Obj,
}

impl Type {
    /// The name of the type in the text format.
    pub fn name(self) -> &'static str {
        match self {
            Type::I64 => "i64",
            Type::F64 => "f64",
            Type::Bool => "bool",
            Type::Ptr => "ptr",
            Type::Obj => "obj",
        }
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Type> {
        [Type::I64, Type::F64, Type::Bool, Type::Ptr, Type::Obj]
            .into_iter()
            .find(|t| t.name() == name)
    }
}

/// What an op does besides computing its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing: equal operands give an equal result, an unused result may go.
    Pure,
    /// As `Pure`, but leaves the trace where the result cannot be represented.
    /// It may go when its result is unused: the exit only exists for the result.
    PureExit,
    /// Leaves the trace unless a condition holds; stays unless proved.
    Guard,
    /// Reads memory named by its field (or the items of a list or tuple).
    Load,
    /// Writes memory named by its field.
    Store,
    /// Reads a slot of the frame.
    LoadSlot,
    /// Writes a slot of the frame; runs no Python code.
    StoreSlot,
    /// As the helper's or function's own row says.
    Call,
    /// May run any Python code (a finaliser).
    RunsPython,
    /// Control: `label`, `jump`, `restart`, `leave` and `branch`.
    Control,
}

/// What kind of immediate an op carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImmKind {
    /// No immediate.
    None,
    /// A 64-bit integer.
    Int,
    /// A double, printed as its shortest exact decimal (or `nan`, `inf`).
    Float,
    /// `true` or `false`.
    Bool,
    /// An object of the trace's constant table.
    Obj,
    /// A row of the field table.
    Field,
    /// A slot of the frame.
    Slot,
    /// Two slots, destination first.
    Slots,
    /// A foreign function of the trace's function table.
    Func,
    /// A row of the helper table.
    Helper,
    /// A row of the helper table and the slot that receives the new reference.
    HelperSlot,
    /// A C type and a distance in bytes: a place in C memory.
    Place,
    /// A row of the trace's table of shapes.
    Shape,
}

/// The arguments that an op takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Args {
    /// Exactly these.
    Fixed(&'static [Type]),
    /// As the immediate (field, function, helper) or the label says.
    ByImm,
    /// Any number, of any type (`label`, `jump`).
    Any,
}

/// The result of an op.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ret {
    /// None.
    None,
    /// Of this type.
    Of(Type),
    /// As the immediate (field, function, helper) says; may be none.
    ByImm,
}

macro_rules! ops {
    ($( $(#[$doc:meta])* $name:ident $mn:literal ($($args:tt)*) $imm:ident -> $ret:expr, $eff:ident, $snap:literal; )*) => {
        /// An operation of the trace IR. The documentation of a variant gives its meaning.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Op { $( $(#[$doc])* $name, )* }

        impl Op {
    /// Whether a path ends here.
    pub fn ends_path(self) -> bool {
        matches!(self, Op::Jump | Op::Restart | Op::Leave)
    }

            /// Every op, in table order.
            pub const ALL: &'static [Op] = &[$(Op::$name),*];

            /// The name of the op in the text format.
            pub fn mnemonic(self) -> &'static str {
                match self { $(Op::$name => $mn,)* }
            }
            /// The arguments of the op.
            pub fn args(self) -> Args {
                match self { $(Op::$name => args!($($args)*),)* }
            }
            /// The kind of immediate of the op.
            pub fn imm(self) -> ImmKind {
                match self { $(Op::$name => ImmKind::$imm,)* }
            }
            /// The result of the op.
            pub fn ret(self) -> Ret {
                match self { $(Op::$name => $ret,)* }
            }
            /// The effect of the op.
            pub fn effect(self) -> Effect {
                match self { $(Op::$name => Effect::$eff,)* }
            }
            /// Whether the op carries a snapshot.
            pub fn has_snapshot(self) -> bool {
                match self { $(Op::$name => $snap,)* }
            }
        }
    };
}
macro_rules! args {
    (by_imm) => { Args::ByImm };
    (any) => { Args::Any };
    ($($t:ident)*) => { Args::Fixed(&[$(Type::$t),*]) };
}

use Type::{Bool, F64, I64, Obj, Ptr};
const NONE: Ret = Ret::None;
const fn r(t: Type) -> Ret {
    Ret::Of(t)
}
const BY_IMM: Ret = Ret::ByImm;

// Columns: variant, mnemonic, (argument types), immediate -> result, effect, carries a snapshot.
ops! {
    // ---- constants ----
    /// A 64-bit integer constant.
    ConstInt "int" () Int -> r(I64), Pure, false;
    /// A double constant.
    ConstFloat "float" () Float -> r(F64), Pure, false;
    /// A truth constant.
    ConstBool "truth" () Bool -> r(Bool), Pure, false;
    /// An address constant (only from this process; the text format prints it as an integer).
    ConstPtr "ptr" () Int -> r(Ptr), Pure, false;
    /// An object of the constant table.
    ConstObj "obj" () Obj -> r(Obj), Pure, false;

    // ---- the frame ----
    /// The object in a slot, borrowed from it. May be NULL (an unbound local).
    LoadSlot "load_slot" () Slot -> r(Obj), LoadSlot, false;
    /// Stores a new reference to the operand into a local's slot. The object that the slot
    /// held must be *plain* (its death goes unnoticed, see [`Known::is_plain_type`](crate::Known::is_plain_type)) or NULL.
    StoreSlot "store_slot" (Obj) Slot -> NONE, StoreSlot, false;
    /// As `store_slot`, into a slot of the operand stack that owns nothing.
    InitSlot "init_slot" (Obj) Slot -> NONE, StoreSlot, false;
    /// As `store_slot`, or into a stack slot that owns an object, where dropping the old object may
    /// run Python code.
    ReplaceSlot "replace_slot" (Obj) Slot -> NONE, RunsPython, false;
    /// Moves the reference that a stack slot owns into a local's slot, whose old object must be
    /// plain or NULL; the stack slot owns nothing afterwards.
    MoveSlot "move_slot" () Slots -> NONE, StoreSlot, false;
    /// Exchanges what two slots hold, with the references that they own.
    SwapSlots "swap_slots" () Slots -> NONE, StoreSlot, false;
    /// Drops the plain (or NULL) object that a slot owns. A local becomes NULL.
    ClearSlot "clear_slot" () Slot -> NONE, StoreSlot, false;
    /// Drops the reference that a stack slot owns to an object that has another owner: it lives on.
    ReleaseSlot "release_slot" () Slot -> NONE, StoreSlot, false;
    /// Drops the object that a slot owns, which may run Python code. A local becomes NULL.
    DropSlot "drop_slot" () Slot -> NONE, RunsPython, false;

    // ---- guards ----
    /// Leaves unless the operand is true.
    GuardTrue "guard_true" (Bool) None -> NONE, Guard, true;
    /// Leaves unless the operand is false.
    GuardFalse "guard_false" (Bool) None -> NONE, Guard, true;
    /// Leaves unless the operand is an object (not NULL) of exactly this type.
    GuardType "guard_type" (Obj) Obj -> NONE, Guard, true;
    /// Leaves unless the operand is this very object (which may be `@NULL`).
    GuardIs "guard_is" (Obj) Obj -> NONE, Guard, true;
    /// Leaves unless an object (not NULL) has more references than the immediate says.
    GuardShared "guard_shared" (Obj) Int -> NONE, Guard, true;
    /// Leaves where a slot holds the last reference to its object: a drop behind it runs no Python code.
    GuardKept "guard_kept" () Slot -> NONE, Guard, true;
    /// Leaves when the interpreter wants attention (eval breaker), when another tool started to
    /// watch, when an assumption of the trace fell, or when somebody looked at the frame.
    Check "check" () None -> NONE, Guard, true;

    // ---- boxes: objects that need not exist ----
    /// The Python int of a signed 64-bit integer.
    BoxInt "box_int" (I64) None -> r(Obj), Pure, false;
    /// The Python int of an unsigned 64-bit integer.
    BoxUint "box_uint" (I64) None -> r(Obj), Pure, false;
    /// The Python float of a double.
    BoxFloat "box_float" (F64) None -> r(Obj), Pure, false;
    /// `True` or `False`.
    BoxBool "box_bool" (Bool) None -> r(Obj), Pure, false;
    /// A cffi cdata that owns nothing, of the given ctype: a pointer, or a reference to a struct,
    /// union or array at the address.
    BoxCData "box_cdata" (Ptr) Obj -> r(Obj), Pure, false;
    /// A cffi cdata of the given integer ctype (also a character, `_Bool` or an enum), whose value the
    /// operand is: within the range of the ctype.
    BoxCInt "box_cint" (I64) Obj -> r(Obj), Pure, false;
    /// A cffi cdata of the given ctype, `float` or `double`, whose value the operand is.
    BoxCFloat "box_cfloat" (F64) Obj -> r(Obj), Pure, false;
    /// A cffi cdata that owns a struct of the given ctype, the result of a foreign function, whose
    /// eightbytes the operands are (System V AMD64 ABI, 3.2.3): `i64`, or `f64` where it is of class SSE.
    BoxStruct "box_struct" (any) Obj -> r(Obj), Pure, false;
    /// The bytes of length 1 of this byte (0..=255). There is one such object for each byte.
    BoxChar "box_char" (I64) None -> r(Obj), Pure, false;
    /// The str of length 1 of this code point (0..=0x10ffff).
    BoxUChar "box_uchar" (I64) None -> r(Obj), Pure, false;
    /// A cffi buffer over the memory that a cdata (which the buffer keeps alive) points to, of so many
    /// bytes. The cdata is not a box.
    BoxBuffer "box_buffer" (Obj I64) None -> r(Obj), Pure, false;
    /// A tuple of the operands, none of them NULL. Made once at most: what it is stored in first holds the one object.
    BoxTuple "box_tuple" (any) None -> r(Obj), Pure, false;
    /// An iterator over a range: start, step, how many items are left. Only what sinks one that the path comes to the end
    /// of makes it: before, `call_new` makes iterators, and nothing loads from one that does not exist.
    BoxRange "box_range" (I64 I64 I64) None -> r(Obj), Pure, false;
    /// An iterator over a constant list: the index of its next item. As `box_range`.
    BoxListIter "box_list_iter" (I64) Obj -> r(Obj), Pure, false;
    /// An iterator over a constant tuple: the index of its next item. As `box_range`.
    BoxTupleIter "box_tuple_iter" (I64) Obj -> r(Obj), Pure, false;
    /// An instance of a class in Python whose attributes are numbers and constants, as the shape says; whose class has no
    /// finaliser. Made once at most, as a tuple is.
    BoxInstance "box_instance" (any) Shape -> r(Obj), Pure, false;
    /// A new bound method of the operand each time: of a function, or what looking up the attribute of a name
    /// gives.
    BoxAttr "box_attr" (Obj) Obj -> r(Obj), Pure, false;
    /// The value of an exact int; leaves where it does not fit in a signed 64-bit integer.
    UnboxInt "unbox_int" (Obj) None -> r(I64), PureExit, true;
    /// The value of an exact int; leaves where it is negative or does not fit in 64 bits.
    UnboxUint "unbox_uint" (Obj) None -> r(I64), PureExit, true;
    /// The low 64 bits of an exact int; leaves where it is below -2^63 or does not fit in 64 bits.
    UnboxBits "unbox_bits" (Obj) None -> r(I64), PureExit, true;
    /// The value of an exact float.
    UnboxFloat "unbox_float" (Obj) None -> r(F64), Pure, false;
    /// The byte of an exact bytes; leaves where its length is not 1.
    UnboxChar "unbox_char" (Obj) None -> r(I64), PureExit, true;
    /// The code point of an exact str; leaves where its length is not 1.
    UnboxUChar "unbox_uchar" (Obj) None -> r(I64), PureExit, true;
    /// The value of a cffi cdata of a primitive ctype, which never changes; of the C type that the place
    /// names.
    UnboxCValue "unbox_cvalue" (Obj) Place -> BY_IMM, Pure, false;
    /// The value of an exact bool.
    UnboxBool "unbox_bool" (Obj) None -> r(Bool), Pure, false;

    // ---- integers ----
    /// Wrapping addition.
    IAdd "iadd" (I64 I64) None -> r(I64), Pure, false;
    /// Wrapping subtraction.
    ISub "isub" (I64 I64) None -> r(I64), Pure, false;
    /// Wrapping multiplication.
    IMul "imul" (I64 I64) None -> r(I64), Pure, false;
    /// Signed addition; leaves on overflow.
    IAddOvf "iadd_ovf" (I64 I64) None -> r(I64), PureExit, true;
    /// Signed subtraction; leaves on overflow.
    ISubOvf "isub_ovf" (I64 I64) None -> r(I64), PureExit, true;
    /// Signed multiplication; leaves on overflow.
    IMulOvf "imul_ovf" (I64 I64) None -> r(I64), PureExit, true;
    /// Floor division. The divisor is neither 0 nor (with the dividend -2^63) -1.
    IFloorDiv "ifloordiv" (I64 I64) None -> r(I64), Pure, false;
    /// Floor modulo (the sign of the divisor), with the conditions of `ifloordiv`.
    IMod "imod" (I64 I64) None -> r(I64), Pure, false;
    /// Bitwise and.
    IAnd "iand" (I64 I64) None -> r(I64), Pure, false;
    /// Bitwise or.
    IOr "ior" (I64 I64) None -> r(I64), Pure, false;
    /// Bitwise exclusive or.
    IXor "ixor" (I64 I64) None -> r(I64), Pure, false;
    /// Shift left; the amount is in 0..=63.
    IShl "ishl" (I64 I64) None -> r(I64), Pure, false;
    /// Arithmetic shift right; the amount is in 0..=63.
    IShr "ishr" (I64 I64) None -> r(I64), Pure, false;
    /// Logical shift right; the amount is in 0..=63.
    IUshr "iushr" (I64 I64) None -> r(I64), Pure, false;
    /// Sign extension of the low bits, as many as the immediate says (8, 16, 32).
    ISext "isext" (I64) Int -> r(I64), Pure, false;
    /// Zero extension of the low bits, as many as the immediate says (8, 16, 32).
    IZext "izext" (I64) Int -> r(I64), Pure, false;
    /// Equal.
    IEq "ieq" (I64 I64) None -> r(Bool), Pure, false;
    /// Not equal.
    INe "ine" (I64 I64) None -> r(Bool), Pure, false;
    /// Signed less.
    ILt "ilt" (I64 I64) None -> r(Bool), Pure, false;
    /// Signed less or equal.
    ILe "ile" (I64 I64) None -> r(Bool), Pure, false;
    /// Signed greater.
    IGt "igt" (I64 I64) None -> r(Bool), Pure, false;
    /// Signed greater or equal.
    IGe "ige" (I64 I64) None -> r(Bool), Pure, false;
    /// Unsigned less.
    IUlt "iult" (I64 I64) None -> r(Bool), Pure, false;
    /// Unsigned less or equal.
    IUle "iule" (I64 I64) None -> r(Bool), Pure, false;

    // ---- floats ----
    /// IEEE addition.
    FAdd "fadd" (F64 F64) None -> r(F64), Pure, false;
    /// IEEE subtraction.
    FSub "fsub" (F64 F64) None -> r(F64), Pure, false;
    /// IEEE multiplication.
    FMul "fmul" (F64 F64) None -> r(F64), Pure, false;
    /// IEEE division.
    FDiv "fdiv" (F64 F64) None -> r(F64), Pure, false;
    /// Sign flip.
    FNeg "fneg" (F64) None -> r(F64), Pure, false;
    /// The sign cleared.
    FAbs "fabs" (F64) None -> r(F64), Pure, false;
    /// IEEE square root.
    FSqrt "fsqrt" (F64) None -> r(F64), Pure, false;
    /// Equal (false for NaN).
    FEq "feq" (F64 F64) None -> r(Bool), Pure, false;
    /// Not equal (true for NaN).
    FNe "fne" (F64 F64) None -> r(Bool), Pure, false;
    /// Less (false for NaN).
    FLt "flt" (F64 F64) None -> r(Bool), Pure, false;
    /// Less or equal (false for NaN).
    FLe "fle" (F64 F64) None -> r(Bool), Pure, false;
    /// Greater (false for NaN).
    FGt "fgt" (F64 F64) None -> r(Bool), Pure, false;
    /// Greater or equal (false for NaN).
    FGe "fge" (F64 F64) None -> r(Bool), Pure, false;
    /// The double nearest to a signed integer.
    IToF "itof" (I64) None -> r(F64), Pure, false;
    /// The double nearest to an unsigned integer.
    UToF "utof" (I64) None -> r(F64), Pure, false;
    /// The integer part, towards zero; leaves where it does not fit in a signed 64-bit integer.
    FToI "ftoi" (F64) None -> r(I64), PureExit, true;
    /// The double that equals the nearest C `float`.
    FRound "fround" (F64) None -> r(F64), Pure, false;
    /// The bits of a double.
    FBits "fbits" (F64) None -> r(I64), Pure, false;
    /// The double of these bits.
    FOfBits "fofbits" (I64) None -> r(F64), Pure, false;
    /// The double that equals the C `float` of these low 32 bits.
    F32OfBits "f32ofbits" (I64) None -> r(F64), Pure, false;

    // ---- truth values, addresses, identity ----
    /// Negation.
    BNot "bnot" (Bool) None -> r(Bool), Pure, false;
    /// Conjunction.
    BAnd "band" (Bool Bool) None -> r(Bool), Pure, false;
    /// Disjunction.
    BOr "bor" (Bool Bool) None -> r(Bool), Pure, false;
    /// Exclusive or.
    BXor "bxor" (Bool Bool) None -> r(Bool), Pure, false;
    /// The second operand where the first is true, else the third.
    ISelect "iselect" (Bool I64 I64) None -> r(I64), Pure, false;
    /// As `iselect`, of doubles.
    FSelect "fselect" (Bool F64 F64) None -> r(F64), Pure, false;
    /// 0 or 1.
    BToI "btoi" (Bool) None -> r(I64), Pure, false;
    /// The address as an integer.
    PToI "ptoi" (Ptr) None -> r(I64), Pure, false;
    /// The address of the memory of a struct (the operand is a `box_struct`), of which only the optimiser knows
    /// that it need not exist: it loads from there, or makes the struct an object. Likewise of the attributes of a
    /// `box_instance`.
    StructAddr "struct_addr" (Obj) None -> r(Ptr), Pure, false;
    /// The integer as an address.
    IToP "itop" (I64) None -> r(Ptr), Pure, false;
    /// The address that is so many bytes further (or back); wraps.
    PAdd "padd" (Ptr I64) None -> r(Ptr), Pure, false;
    /// Whether two objects are one.
    Same "same" (Obj Obj) None -> r(Bool), Pure, false;

    // ---- memory of Python objects ----
    /// A field of an object.
    LoadField "load_field" (Obj) Field -> BY_IMM, Load, false;
    /// Writes a field of an object (never one that holds a reference).
    StoreField "store_field" (by_imm) Field -> NONE, Store, false;
    /// The address of an inline field (the bytes of a `bytes`, the items of a tuple, the `__slots__` of an instance).
    FieldAddr "field_addr" (Obj) Field -> r(Ptr), Pure, false;
    /// Item number `arg 1` of the object array at `arg 0`, borrowed.
    LoadItem "load_item" (Ptr I64) None -> r(Obj), Load, false;
    /// Stores a new reference to `arg 2` as item number `arg 1` of the object array of a list, and drops
    /// the *plain* object that lies there: `arg 3`, or one that this box stands for.
    StoreItem "store_item" (Ptr I64 Obj Obj) None -> NONE, Store, false;
    /// Exchanges `arg 2`, item number `arg 1` of the object array of a list, with the object that a stack slot
    /// owns.
    SwapItem "swap_item" (Ptr I64 Obj) Slot -> NONE, Store, false;
    /// The address of the attributes of an instance of a class that keeps them in an array; leaves where they lie
    /// in a dict, or somebody has asked for the dict.
    InstanceValues "instance_values" (Obj) None -> r(Ptr), Guard, true;
    /// A word of the interpreter's own at the address, which changes only where Python code runs.
    LoadWord "load_word" (Ptr) None -> r(I64), Load, false;
    /// As `load_item`, an attribute of an instance; NULL where it is not set.
    LoadAttr "load_attr" (Ptr I64) None -> r(Obj), Load, false;
    /// As `store_item`, an attribute of an instance.
    StoreAttr "store_attr" (Ptr I64 Obj Obj) None -> NONE, Store, false;
    /// As `swap_item`, an attribute of an instance.
    SwapAttr "swap_attr" (Ptr I64 Obj) Slot -> NONE, Store, false;

    // ---- C memory ----
    /// What lies at the address plus the distance: the value that stands for the C type in a trace. Of a
    /// `_Bool`, whether it is not 0.
    Load "load" (Ptr) Place -> BY_IMM, Load, false;
    /// Stores the low bits of an integer, a truth value as 0 or 1, a double (to a `float` rounded), an
    /// address.
    Store "store" (by_imm) Place -> NONE, Store, false;
    /// What `ffi.errno` would give: the `errno` behind the last call through cffi.
    LoadErrno "load_errno" () None -> r(I64), Load, false;
    /// Sets it, as `ffi.errno = n` would; within the range of a C `int`.
    StoreErrno "store_errno" (I64) None -> NONE, Store, false;

    // ---- calls ----
    /// Calls a foreign function directly. The arguments are those of its signature, preceded by
    /// the address where the declaration has none of its own. Its snapshot describes the frame
    /// *during* the call, for whoever looks at it; the op never leaves through it.
    CCall "ccall" (by_imm) Func -> BY_IMM, Call, true;
    /// The second eightbyte of the result of a foreign function that gives two (the operand is the
    /// first), of the type of the C type.
    Second "second" (any) Place -> BY_IMM, Pure, false;
    /// Calls a helper that makes an object and runs no Python code. The new reference goes to the stack
    /// slot of the immediate; the value is borrowed from there. Leaves by its (raising) snapshot when there
    /// is no memory.
    CallNew "call_new" (by_imm) HelperSlot -> r(Obj), Call, true;
    /// Calls a helper that neither raises nor returns a reference.
    Call "call" (by_imm) Helper -> BY_IMM, Call, false;
    /// Calls a helper that may raise. The new reference that it returns goes to the stack slot
    /// of the immediate; the value is borrowed from there. Leaves by its (raising) snapshot when
    /// the helper raised.
    CallPy "call_py" (any) HelperSlot -> r(Obj), RunsPython, true;
    /// As `call_py` for a helper whose result is a truth value or nothing worth keeping.
    CallPyBool "call_py_bool" (any) Helper -> r(Bool), RunsPython, true;

    // ---- control ----
    /// The header of the peeled loop; its results are the loop's parameters, its arguments (as
    /// many, of the same types) what the preamble enters the loop with.
    Label "label" (any) None -> NONE, Control, false;
    /// Jumps to the label (or, in a trace without one, to the start).
    Jump "jump" (any) None -> NONE, Control, false;
    /// Jumps to the start, where the frame's memory is as the trace found it: where a path of the preamble, which the
    /// label's body knows nothing of, has come round to the header.
    Restart "restart" () None -> NONE, Control, false;
    /// Leaves for good: at the header of another loop, which has a trace of its own.
    Leave "leave" () None -> NONE, Control, true;
    /// Begins a further path behind a jump: the op further up that carries this snapshot goes on here
    /// where it would leave.
    Branch "branch" () None -> NONE, Control, true;
}

impl Op {
    /// The op of this mnemonic.
    pub fn from_mnemonic(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.mnemonic() == name)
    }

    /// Whether the op stands for an object that need not exist.
    pub fn is_box(self) -> bool {
        matches!(
            self,
            Op::BoxInt
                | Op::BoxUint
                | Op::BoxFloat
                | Op::BoxBool
                | Op::BoxCData
                | Op::BoxCInt
                | Op::BoxCFloat
                | Op::BoxStruct
                | Op::BoxChar
                | Op::BoxUChar
                | Op::BoxAttr
                | Op::BoxBuffer
                | Op::BoxTuple
                | Op::BoxRange
                | Op::BoxListIter
                | Op::BoxTupleIter
                | Op::BoxInstance
        )
    }

    /// Whether the op is a constant.
    pub fn is_const(self) -> bool {
        matches!(
            self,
            Op::ConstInt | Op::ConstFloat | Op::ConstBool | Op::ConstPtr | Op::ConstObj
        )
    }
}
