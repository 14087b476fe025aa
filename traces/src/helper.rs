//! The helper table: functions of the runtime that compiled traces call.

use crate::op::Type;
use crate::trace::Known;

/// What a helper does besides computing its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HelperEffect {
    /// Nothing.
    Pure,
    /// Writes Python state (globals, cells) but runs no Python code that matters to the trace.
    Writes,
    /// Writes C memory.
    Memory,
    /// Makes an object: runs no Python code, and raises where there is no memory.
    New,
    /// May run any Python code, and may raise.
    Python,
}

macro_rules! helpers {
    ($( $(#[$doc:meta])* $name:ident $text:literal ($($arg:ident)*) $var:literal -> $ret:expr, $eff:ident; )*) => {
        /// A function of the runtime.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(usize)]
        pub enum Helper { $( $(#[$doc])* $name, )* }
        impl Helper {
            /// Every helper, in table order (`helper as usize` is its index).
            pub const ALL: &'static [Helper] = &[$(Helper::$name),*];
            /// The name in the text format, after `@`.
            pub fn name(self) -> &'static str { match self { $(Helper::$name => $text,)* } }
            /// The types of the (leading) arguments.
            pub fn args(self) -> &'static [Type] { match self { $(Helper::$name => &[$(Type::$arg),*],)* } }
            /// Whether any number of `obj` arguments follows the leading ones.
            pub fn variadic(self) -> bool { match self { $(Helper::$name => $var,)* } }
            /// The type of the result, if any.
            pub fn ret(self) -> Option<Type> { match self { $(Helper::$name => $ret,)* } }
            /// What it does besides.
            pub fn effect(self) -> HelperEffect { match self { $(Helper::$name => HelperEffect::$eff,)* } }
        }
    };
}

use Type::{Bool, F64, I64, Obj};

// Columns: variant, text, (leading arguments), more obj arguments follow -> result, effect.
//
// Native signatures: i64/ptr/obj are 64-bit integers, f64 a double, bool an 8-bit 0/1.
// `call`: `extern "C" fn(args...) -> ret`. `call_new`: likewise; NULL = raised.
// `call_py`, `call_py_bool`: `extern "C" fn(argv: *const obj, argc: usize, extra: i64) -> obj | i32`,
// where `argv` are owned references that the helper consumes (NULL entries allowed), and `extra` is
// the leading i64 argument (0 where there is none). obj: NULL = raised. i32: 0/1, -1 = raised.
helpers! {
    /// `x // y` of floats (y is not 0): `float_floor_div`, `Objects/floatobject.c`.
    FloatFloorDiv "float_floordiv" (F64 F64) false -> Some(F64), Pure;
    /// `x % y` of floats (y is not 0): `float_rem`, `Objects/floatobject.c`.
    FloatMod "float_mod" (F64 F64) false -> Some(F64), Pure;
    /// `x ** y` where the C library's `pow` gives Python's answer: x finite and above 0, y finite.
    FloatPow "float_pow" (F64 F64) false -> Some(F64), Pure;
    // Functions of `<math.h>`. What Python raises at their edges the trace guards against.
    /// `sin` of C.
    Sin "sin" (F64) false -> Some(F64), Pure;
    /// `cos` of C.
    Cos "cos" (F64) false -> Some(F64), Pure;
    /// `tan` of C.
    Tan "tan" (F64) false -> Some(F64), Pure;
    /// `asin` of C.
    Asin "asin" (F64) false -> Some(F64), Pure;
    /// `acos` of C.
    Acos "acos" (F64) false -> Some(F64), Pure;
    /// `atan` of C.
    Atan "atan" (F64) false -> Some(F64), Pure;
    /// `sinh` of C.
    Sinh "sinh" (F64) false -> Some(F64), Pure;
    /// `cosh` of C.
    Cosh "cosh" (F64) false -> Some(F64), Pure;
    /// `tanh` of C.
    Tanh "tanh" (F64) false -> Some(F64), Pure;
    /// `asinh` of C.
    Asinh "asinh" (F64) false -> Some(F64), Pure;
    /// `acosh` of C.
    Acosh "acosh" (F64) false -> Some(F64), Pure;
    /// `atanh` of C.
    Atanh "atanh" (F64) false -> Some(F64), Pure;
    /// `exp` of C.
    Exp "exp" (F64) false -> Some(F64), Pure;
    /// `exp2` of C.
    Exp2 "exp2" (F64) false -> Some(F64), Pure;
    /// `expm1` of C.
    Expm1 "expm1" (F64) false -> Some(F64), Pure;
    /// `log` of C.
    Log "log" (F64) false -> Some(F64), Pure;
    /// `log2` of C.
    Log2 "log2" (F64) false -> Some(F64), Pure;
    /// `log10` of C.
    Log10 "log10" (F64) false -> Some(F64), Pure;
    /// `log1p` of C.
    Log1p "log1p" (F64) false -> Some(F64), Pure;
    /// `cbrt` of C.
    Cbrt "cbrt" (F64) false -> Some(F64), Pure;
    /// `pow` of C.
    CPow "pow" (F64 F64) false -> Some(F64), Pure;
    /// `atan2` of C.
    Atan2 "atan2" (F64 F64) false -> Some(F64), Pure;
    /// `fmod` of C.
    Fmod "fmod" (F64 F64) false -> Some(F64), Pure;
    /// `round(x, n)` of a finite double, for 0 to 22 places.
    RoundTo "round_to" (F64 I64) false -> Some(F64), Pure;
    /// `copysign` of C.
    CopySign "copysign" (F64 F64) false -> Some(F64), Pure;
    /// Whether `x ** y` of integers fits in 64 bits; y >= 0.
    IntPowFits "int_pow_fits" (I64 I64) false -> Some(Bool), Pure;
    /// `x ** y` of integers, where it fits.
    IntPow "int_pow" (I64 I64) false -> Some(I64), Pure;
    /// The code point of character number arg 1 of the str arg 0, which has it.
    StrItem "str_item" (Obj I64) false -> Some(I64), Pure;
    /// Whether the code point arg 1 is of kind number arg 0 (`record::methods::CHARACTERS`): what `str.isalpha` and
    /// its like say of a str of length 1.
    CharIs "char_is" (I64 I64) false -> Some(Bool), Pure;
    /// Whether two str are equal.
    StrEq "str_eq" (Obj Obj) false -> Some(Bool), Pure;
    /// How two str compare: -1, 0 or 1.
    StrCompare "str_compare" (Obj Obj) false -> Some(I64), Pure;
    /// Whether the str arg 0 contains the str arg 1.
    StrContains "str_contains" (Obj Obj) false -> Some(Bool), Pure;
    /// Appends arg 1 to the list arg 0.
    ListAppend "list_append" (Obj Obj) false -> None, Writes;
    /// Whether arg 0 is NULL, or an instance of exactly the class arg 1 whose death nobody can notice, not even by what its
    /// attributes hold; arg 2 is where its weak references lie, or 0.
    QuietInstance "quiet_instance" (Obj Obj I64) false -> Some(Type::Bool), Memory;
    /// Whether arg 0 is NULL, or a tuple of which a trace takes the items as numbers or constants: nobody can notice its death.
    QuietTuple "quiet_tuple" (Obj) false -> Some(Type::Bool), Memory;
    /// Stores arg 2 as the attribute arg 1 of the instance arg 0, which has a place for it and nothing there: arg 3, see
    /// [`Attr::at`](crate::Attr::at).
    AttrNew "attr_new" (Obj Obj Obj I64) false -> None, Writes;
    /// Stores arg 1 in the cell arg 0; the old content must be plain or NULL.
    CellSet "cell_set" (Obj Obj) false -> None, Writes;
    /// Whether an exception is pending (`PyErr_Occurred`): a `ctypes.PyDLL` function may raise.
    ErrOccurred "err_occurred" () false -> Some(Bool), Writes;
    /// Where the dict arg 0 has the value of the key arg 1: 1 where it has none, 0 where only the interpreter can tell
    /// (where keys are compared by Python code). Arg 2: 1 where any object may be written there, which the garbage collector
    /// has to know.
    DictFind "dict_find" (Obj Obj I64) false -> Some(Type::Ptr), Memory;
    /// As `dict_find`, of an int.
    DictFindInt "dict_find_int" (Obj I64 I64) false -> Some(Type::Ptr), Memory;
    /// Stores arg 2 under the key arg 1 in the dict arg 0, which has no such key, or a plain object there; says
    /// whether it did.
    DictSet "dict_set" (Obj Obj Obj) false -> Some(Bool), Writes;
    /// As `dict_set`, under an int.
    DictSetInt "dict_set_int" (Obj I64 Obj) false -> Some(Bool), Writes;
    /// Stores arg 2 under the key arg 1 in the dict arg 0, which has no such key; says whether it did.
    DictAdd "dict_add" (Obj Obj Obj) false -> Some(Bool), Writes;
    /// Whether the set arg 0 has the key arg 1: 2 where it has, 1 where it has not, 0 where only the interpreter can tell.
    SetFind "set_find" (Obj Obj) false -> Some(I64), Memory;
    /// As `set_find`, of an int.
    SetFindInt "set_find_int" (Obj I64) false -> Some(I64), Memory;
    /// Adds the key arg 1 to the set arg 0; says whether it did, or the set had it.
    SetPut "set_put" (Obj Obj) false -> Some(Bool), Writes;
    /// As `set_put`, of an int.
    SetPutInt "set_put_int" (Obj I64) false -> Some(Bool), Writes;
    /// Removes the key arg 1 from the set arg 0: 2 where it did, 1 where there was none, 0 where only the interpreter can.
    SetTake "set_take" (Obj Obj) false -> Some(I64), Writes;
    /// As `set_take`, of an int.
    SetTakeInt "set_take_int" (Obj I64) false -> Some(I64), Writes;
    /// Whether all characters of a str, or all of bytes, are ASCII.
    IsAscii "is_ascii" (Obj) false -> Some(Bool), Pure;
    /// Whether an object is hashed and compared, as a key, without running Python code.
    KeyIsQuiet "key_is_quiet" (Obj) false -> Some(Bool), Writes;
    /// Whether `sum` of a list or tuple runs no Python code and does not raise: it has items, all exact floats, or all exact
    /// ints.
    SumIsQuiet "sum_is_quiet" (Obj) false -> Some(Bool), Writes;
    /// Whether the iterator arg 0 runs no Python code for its next item: what it goes over lies so many bytes behind its
    /// start, and the pair that it gives again and again so many (0: it has none). It is about to let go of what that holds.
    QuietNext "quiet_next" (Obj I64 I64) false -> Some(Bool), Writes;
    /// Stores arg 2 under the str arg 1 in the dict arg 0, which nobody else has yet.
    DictInit "dict_init" (Obj Obj Obj) false -> None, Memory;
    /// Takes the last item off the list arg 0; it has other owners, or nobody can notice its death.
    ListPop "list_pop" (Obj) false -> None, Writes;
    /// Where a global variable of a compiled cffi module lies: what the function at the address gives, which
    /// has no parameters.
    GlobalAddress "global_address" (Ptr) false -> Some(Type::Ptr), Memory;
    /// Stores arg 2 as item number arg 1 of the tuple arg 0, which an iterator alone has and gives again and again; the
    /// old item has other owners.
    PairSet "pair_set" (Obj I64 Obj) false -> None, Memory;
    /// `memmove` of C: to, from, bytes.
    MemMove "memmove" (Ptr Ptr I64) false -> None, Memory;
    /// Zeroed memory of so many bytes that a new cffi cdata of the ctype owns: `direct_newp`,
    /// `_cffi_backend.c`.
    CDataNew "cdata_new" (Obj I64) false -> Some(Obj), New;
    /// As `cdata_new`, an array of an open-ended ctype: ctype, items, bytes.
    CDataNewArray "cdata_new_array" (Obj I64 I64) false -> Some(Obj), New;
    /// As `cdata_new`, a pointer to a struct or union: ctype, the struct's ctype, bytes.
    CDataNewStruct "cdata_new_struct" (Obj Obj I64) false -> Some(Obj), New;
    /// A cffi cdata that owns a copy of a struct: ctype, address, bytes.
    CDataCopy "cdata_copy" (Obj Ptr I64) false -> Some(Obj), New;
    /// A cffi array that owns nothing, of an open-ended ctype: ctype, address, items.
    CDataSlice "cdata_slice" (Obj Ptr I64) false -> Some(Obj), New;
    /// The str of length 1 of a `char32_t`; raises ValueError where it is no code point.
    UCharNew "uchar_new" (I64) false -> Some(Obj), New;
    /// `arg 0[arg 1:arg 2]` of an exact str.
    StrSlice "str_slice" (Obj I64 I64) false -> Some(Obj), New;
    /// As `str_slice`, of an exact bytes.
    BytesSlice "bytes_slice" (Obj I64 I64) false -> Some(Obj), New;
    /// As `str_slice`, of an exact list.
    ListSlice "list_slice" (Obj I64 I64) false -> Some(Obj), New;
    /// As `str_slice`, of an exact tuple.
    TupleSlice "tuple_slice" (Obj I64 I64) false -> Some(Obj), New;
    /// The tuple of the arguments.
    Tuple1 "tuple1" (Obj) false -> Some(Obj), New;
    /// The tuple of the arguments.
    Tuple2 "tuple2" (Obj Obj) false -> Some(Obj), New;
    /// The tuple of the arguments.
    Tuple3 "tuple3" (Obj Obj Obj) false -> Some(Obj), New;
    /// The list of no items.
    List0 "list0" () false -> Some(Obj), New;
    /// The list of the arguments.
    List1 "list1" (Obj) false -> Some(Obj), New;
    /// The list of the arguments.
    List2 "list2" (Obj Obj) false -> Some(Obj), New;
    /// The list of the arguments.
    List3 "list3" (Obj Obj Obj) false -> Some(Obj), New;
    /// The dict of no items.
    DictNew "dict_new" () false -> Some(Obj), New;
    /// The set of no items.
    Set0 "set0" () false -> Some(Obj), New;
    /// The set of the arguments (`key_is_quiet` said so of each).
    Set1 "set1" (Obj) false -> Some(Obj), New;
    /// As `set1`.
    Set2 "set2" (Obj Obj) false -> Some(Obj), New;
    /// As `set1`.
    Set3 "set3" (Obj Obj Obj) false -> Some(Obj), New;
    /// An instance of a class made in Python, without attributes; arg 1: whether nobody can notice when one dies, but by what
    /// its attributes hold.
    InstanceNew "instance_new" (Obj I64) false -> Some(Obj), New;
    /// What the `__enter__` of the last `before_with` of this thread gave.
    Entered "entered" () false -> Some(Obj), New;
    /// The next item of the iterator arg 0, which runs no Python code for it (`quiet_next` said so); at its end, an object that
    /// stands for the end.
    QuietNew "quiet_new" (Obj) false -> Some(Obj), New;
    /// `arg 0(arg 1)`, the sum of the items of a list or tuple (`sum_is_quiet` said so).
    SumNew "sum_new" (Obj Obj) false -> Some(Obj), New;
    /// `arg 0(arg 1)`, of what runs no Python code for arguments of these types (`record::quiet_calls`).
    CallQuiet1 "call_quiet1" (Obj Obj) false -> Some(Obj), New;
    /// As `call_quiet1`.
    CallQuiet2 "call_quiet2" (Obj Obj Obj) false -> Some(Obj), New;
    /// As `call_quiet1`.
    CallQuiet3 "call_quiet3" (Obj Obj Obj Obj) false -> Some(Obj), New;
    /// `format(arg 0, arg 1)` of a number or a str, by a str; arg 1 NULL: without.
    FormatNew "format_new" (Obj Obj) false -> Some(Obj), New;
    /// `arg 0 + arg 1` of two str.
    StrConcat "str_concat" (Obj Obj) false -> Some(Obj), New;
    /// The concatenation of the arguments, which are str.
    Join2 "join2" (Obj Obj) false -> Some(Obj), New;
    /// As `join2`.
    Join3 "join3" (Obj Obj Obj) false -> Some(Obj), New;
    /// As `join2`.
    Join4 "join4" (Obj Obj Obj Obj) false -> Some(Obj), New;
    /// As `join2`.
    Join5 "join5" (Obj Obj Obj Obj Obj) false -> Some(Obj), New;
    /// The slice of start, stop and step.
    SliceNew "slice_new" (Obj Obj Obj) false -> Some(Obj), New;
    /// The iterator of a range: its first item, step (not 0) and length.
    RangeIterNew "range_iter_new" (I64 I64 I64) false -> Some(Obj), New;
    /// The iterator of an exact list.
    ListIterNew "list_iter_new" (Obj) false -> Some(Obj), New;
    /// The iterator of an exact tuple.
    TupleIterNew "tuple_iter_new" (Obj) false -> Some(Obj), New;
    /// The bytes at an address: address, length.
    BytesNew "bytes_new" (Ptr I64) false -> Some(Obj), New;
    /// The bytes at an address up to the first NUL, and no more than so many (-1: any number).
    BytesString "bytes_string" (Ptr I64) false -> Some(Obj), New;
    /// `callable(*args)` by the vectorcall protocol: arg 0 is the callable.
    PyCall "call" (Obj) true -> Some(Obj), Python;
    /// As `call`; the last arg is the tuple of keyword names.
    PyCallKw "call_kw" (Obj) true -> Some(Obj), Python;
    /// Binary operator number arg 0 (`NB_*`, `Include/opcode.h`) on two objects.
    PyBinary "binary" (I64 Obj Obj) false -> Some(Obj), Python;
    /// Rich comparison number arg 0 (`Py_LT`..`Py_GE`).
    PyCompare "compare" (I64 Obj Obj) false -> Some(Obj), Python;
    /// Unary operator arg 0: 0 negative, 1 invert, 2 positive.
    PyUnary "unary" (I64 Obj) false -> Some(Obj), Python;
    /// Truth value.
    PyTruth "truth" (Obj) false -> Some(Bool), Python;
    /// `arg 1 in arg 0`... as `PySequence_Contains(container, item)`.
    PyContains "contains" (Obj Obj) false -> Some(Bool), Python;
    /// `getattr(arg 0, arg 1)`.
    PyGetAttr "getattr" (Obj Obj) false -> Some(Obj), Python;
    /// `setattr(arg 0, arg 1, arg 2)`; the result says nothing.
    PySetAttr "setattr" (Obj Obj Obj) false -> Some(Bool), Python;
    /// `arg 0[arg 1]`.
    PyGetItem "getitem" (Obj Obj) false -> Some(Obj), Python;
    /// `arg 0[arg 1] = arg 2`; the result says nothing.
    PySetItem "setitem" (Obj Obj Obj) false -> Some(Bool), Python;
    /// `del arg 0[arg 1]`; the result says nothing.
    PyDelItem "delitem" (Obj Obj) false -> Some(Bool), Python;
    /// Adds the items of the exact tuple or list arg 1 to the exact list arg 0; the result says nothing.
    PyListExtend "list_extend" (Obj Obj) false -> Some(Bool), Python;
    /// Adds arg 1 to the exact set arg 0; the result says nothing.
    PySetAdd "set_add" (Obj Obj) false -> Some(Bool), Python;
    /// `arg 0(arg 1, arg 2).arg 3`: an attribute by way of `super`.
    PySuperAttr "super_attr" (Obj Obj Obj Obj) false -> Some(Obj), Python;
    /// The iterator of an object.
    PyGetIter "get_iter" (Obj) false -> Some(Obj), Python;
    /// The next item of the iterator arg 0; at its end, an object that stands for the end.
    PyIterNext "iter_next" (Obj) false -> Some(Obj), Python;
    /// Begins a `with` block: gives the bound `__exit__` of the context manager, whose `__enter__` has been
    /// called then; `entered` gives what that gave.
    PyBeforeWith "before_with" (Obj) false -> Some(Obj), Python;
    /// `arg 0(*arg 1)` or `arg 0(*arg 1, **arg 2)`, of an exact tuple and an exact dict.
    PyCallEx "call_ex" (Obj Obj) true -> Some(Obj), Python;
    /// `arg 0[arg 1:arg 2]`.
    PyGetSlice "getslice" (Obj Obj Obj) false -> Some(Obj), Python;
    /// `arg 0[arg 1:arg 2] = arg 3`; the result says nothing.
    PySetSlice "setslice" (Obj Obj Obj Obj) false -> Some(Bool), Python;
    /// `str` (1), `repr` (2) or `ascii` (3) of an object, as an f-string converts.
    PyConvert "convert" (I64 Obj) false -> Some(Obj), Python;
    /// `format(arg 1)` or `format(arg 1, arg 2)` after conversion arg 0 (0: none).
    PyFormat "format" (I64 Obj) true -> Some(Obj), Python;
    /// The tuple of the arguments.
    PyBuildTuple "build_tuple" () true -> Some(Obj), Python;
    /// The list of the arguments.
    PyBuildList "build_list" () true -> Some(Obj), Python;
    /// The set of the arguments.
    PyBuildSet "build_set" () true -> Some(Obj), Python;
    /// The dict of the arguments: key, value, key, value...
    PyBuildMap "build_map" () true -> Some(Obj), Python;
    /// The concatenation of the arguments, which are str.
    PyBuildString "build_string" () true -> Some(Obj), Python;
}

impl Helper {
    /// The type of the object that a helper makes.
    pub fn makes(self) -> Option<Known> {
        Some(match self {
            Helper::CDataNew
            | Helper::CDataNewArray
            | Helper::CDataNewStruct
            | Helper::CDataCopy => Known::CDataOwn,
            Helper::CDataSlice => Known::CData,
            Helper::BytesNew | Helper::BytesString => Known::Bytes,
            Helper::UCharNew | Helper::StrSlice | Helper::FormatNew => Known::Str,
            Helper::StrConcat | Helper::Join2 | Helper::Join3 | Helper::Join4 | Helper::Join5 => {
                Known::Str
            }
            Helper::BytesSlice => Known::Bytes,
            Helper::ListSlice => Known::List,
            Helper::TupleSlice => Known::Tuple,
            Helper::Tuple1 | Helper::Tuple2 | Helper::Tuple3 => Known::Tuple,
            Helper::List0 | Helper::List1 | Helper::List2 | Helper::List3 => Known::List,
            Helper::DictNew => Known::Dict,
            Helper::Set0 | Helper::Set1 | Helper::Set2 | Helper::Set3 => Known::Set,
            Helper::RangeIterNew => Known::RangeIter,
            Helper::ListIterNew => Known::ListIter,
            Helper::TupleIterNew => Known::TupleIter,
            _ => return None,
        })
    }

    /// Whether an object owns the arguments from here on.
    pub fn keeps_arguments(self) -> bool {
        use Helper::*;
        matches!(
            self,
            ListAppend
                | AttrNew
                | DictInit
                | DictSet
                | DictSetInt
                | DictAdd
                | Tuple1
                | Tuple2
                | Tuple3
                | List1
                | List2
                | List3
                | SliceNew
        )
    }

    /// Whether it writes to nothing that keeps its arguments alive.
    pub fn spares_arguments(self) -> bool {
        use Helper::*;
        matches!(self, SetPut | SetPutInt | SetTake | SetTakeInt)
    }

    /// The helper of this name (without `@`).
    pub fn from_name(name: &str) -> Option<Helper> {
        Helper::ALL.iter().copied().find(|h| h.name() == name)
    }
}
