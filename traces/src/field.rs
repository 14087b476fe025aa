//! The field table: which memory of Python objects traces read and write.
//!
//! Offsets are not here: they belong to a CPython version and reach the code
//! generator as an array indexed by [`Field`].

use crate::op::Type;

/// Which stores and calls can change a field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Alias {
    /// Never changes while the object lives.
    Immutable,
    /// Changes only by this trace's own stores (an iterator that nobody else can reach).
    Private,
    /// Any Python code may change it.
    Python,
}

macro_rules! fields {
    ($( $(#[$doc:meta])* $name:ident $text:literal $ty:ident $bytes:literal $alias:ident; )*) => {
        /// A field of a Python object.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(usize)]
        pub enum Field { $( $(#[$doc])* $name, )* }
        impl Field {
            /// Every field, in table order (`field as usize` is its index).
            pub const ALL: &'static [Field] = &[$(Field::$name),*];
            /// The name in the text format, after `@`.
            pub fn name(self) -> &'static str { match self { $(Field::$name => $text,)* } }
            /// The type of the value that a load gives.
            pub fn ty(self) -> Type { match self { $(Field::$name => Type::$ty,)* } }
            /// The width in memory, in bytes; 0 for an inline array (only `field_addr`).
            pub fn bytes(self) -> u8 { match self { $(Field::$name => $bytes,)* } }
            /// What can change the field.
            pub fn alias(self) -> Alias { match self { $(Field::$name => Alias::$alias,)* } }
        }
    };
}

// Columns: variant, text, type of the value, bytes in memory, alias class.
fields! {
    /// `ob_type` of any object.
    Type "Object.type" Obj 8 Python;
    /// `ob_refcnt` of an iterator. While it is 1 the frame is the only owner: nobody else can get
    /// at the iterator, so it stays 1 whatever code runs.
    IterRefCount "Iter.refcnt" I64 8 Private;
    /// The dict pointer in front of an instance with a managed dict.
    Dict "Instance.dict" Obj 8 Python;
    /// `ob_fval`.
    FloatValue "Float.value" F64 8 Immutable;
    /// `start` of a range iterator.
    RangeIterStart "RangeIter.start" I64 8 Private;
    /// `step` of a range iterator.
    RangeIterStep "RangeIter.step" I64 8 Immutable;
    /// `len` of a range iterator: items still to come.
    RangeIterLen "RangeIter.len" I64 8 Private;
    /// `it_index` of a list iterator.
    ListIterIndex "ListIter.index" I64 8 Private;
    /// `it_seq` of a list iterator; NULL when exhausted.
    ListIterSeq "ListIter.seq" Obj 8 Private;
    /// `ob_size` of a list.
    ListSize "List.size" I64 8 Python;
    /// `ob_item` of a list.
    ListItems "List.items" Ptr 8 Python;
    /// `it_index` of a tuple iterator.
    TupleIterIndex "TupleIter.index" I64 8 Private;
    /// `it_seq` of a tuple iterator; NULL when exhausted.
    TupleIterSeq "TupleIter.seq" Obj 8 Private;
    /// `ob_size` of a tuple.
    TupleSize "Tuple.size" I64 8 Immutable;
    /// The items of a tuple, inline.
    TupleItems "Tuple.items" Ptr 0 Immutable;
    /// An instance as an array of its `__slots__`, whose first ones are its header.
    InstanceSlots "Instance.slots" Ptr 0 Immutable;
    /// `length` of a str, in characters.
    StrLength "Str.length" I64 8 Immutable;
    /// `ma_used` of a dict.
    DictUsed "Dict.used" I64 8 Python;
    /// `used` of a set.
    SetUsed "Set.used" I64 8 Python;
    /// `ob_size` of a bytearray.
    ByteArraySize "ByteArray.size" I64 8 Python;
    /// `ob_start` of a bytearray.
    ByteArrayStart "ByteArray.start" Ptr 8 Python;
    /// `ob_ref` of a cell.
    CellRef "Cell.ref" Obj 8 Python;
    /// `ob_size` of a bytes object.
    BytesSize "Bytes.size" I64 8 Immutable;
    /// The bytes of a bytes object, inline.
    BytesData "Bytes.data" Ptr 0 Immutable;
    /// `ob_size` of an `array.array`.
    ArraySize "Array.size" I64 8 Python;
    /// `ob_item` of an `array.array`.
    ArrayItems "Array.items" Ptr 8 Python;
    /// `ob_descr` of an `array.array`: of what type its items are.
    ArrayKind "Array.kind" I64 8 Immutable;
    /// `mbuf` of a memoryview: the object that manages its buffer.
    ViewManaged "View.managed" Obj 8 Immutable;
    /// `flags` of such an object, in the lower half.
    ManagedFlags "Managed.flags" I64 8 Python;
    /// `flags` of a memoryview, in the lower half.
    ViewFlags "View.flags" I64 8 Python;
    /// `view.buf` of a memoryview. What its buffer is does not change.
    ViewStart "View.start" Ptr 8 Immutable;
    /// `view.readonly` of a memoryview, and `view.ndim` in the upper half.
    ViewShape "View.shape" I64 8 Immutable;
    /// `view.format` of a memoryview.
    ViewFormat "View.format" Ptr 8 Immutable;
    /// `view.shape` of a memoryview: the lengths of its dimensions.
    ViewLengths "View.lengths" Ptr 8 Immutable;
    /// `view.strides` of a memoryview.
    ViewStrides "View.strides" Ptr 8 Immutable;
    /// `view.suboffsets` of a memoryview.
    ViewIndirect "View.indirect" I64 8 Immutable;
    /// The ctype of a cffi cdata.
    CDataType "CData.type" Obj 8 Immutable;
    /// The pointer of a cffi cdata. (Set when it is made, and never again, `ffi.release` or not:
    /// `_cffi_backend.c`.)
    CDataPtr "CData.data" Ptr 8 Immutable;
    /// The first weak reference to a cffi cdata (0 where there is none).
    CDataWeak "CData.weakrefs" I64 8 Python;
    /// The number of items of a cffi array whose ctype does not say it.
    CDataLength "CData.length" I64 8 Immutable;
    /// The next item of an iterator over a cffi array.
    CDataIterNext "CDataIter.next" Ptr 8 Private;
    /// Its end.
    CDataIterStop "CDataIter.stop" Ptr 8 Immutable;
    /// The array.
    CDataIterArray "CDataIter.array" Obj 8 Immutable;
    /// The memory of a cffi buffer.
    CBufferData "CBuffer.data" Ptr 8 Immutable;
    /// The size of a cffi buffer, in bytes.
    CBufferSize "CBuffer.size" I64 8 Immutable;
    /// `im_func` of a bound method.
    MethodFunction "Method.function" Obj 8 Immutable;
    /// `im_self` of a bound method.
    MethodSelf "Method.self" Obj 8 Immutable;
    /// `m_ml` of a built-in function: what it is.
    BuiltinDef "Builtin.def" I64 8 Immutable;
    /// `m_self` of a built-in function.
    BuiltinSelf "Builtin.self" Obj 8 Immutable;
    /// `b_ptr` of a ctypes object: the address of its value.
    CtypesPtr "Ctypes.ptr" Ptr 8 Python;
    /// The converters that a ctypes function made of its `argtypes` (NULL where not set).
    CFuncArgtypes "CFunc.argtypes" Obj 8 Python;
    /// `paramflags` of a ctypes function: which parameters are results (NULL where not set).
    CFuncParamflags "CFunc.paramflags" Obj 8 Immutable;
    /// `errcheck` of a ctypes function (NULL where not set).
    CFuncErrcheck "CFunc.errcheck" Obj 8 Python;
}

impl Field {
    /// Whether it is a field of an iterator, which the frame alone can reach where the recorder has looked.
    pub fn is_of_iterator(self) -> bool {
        let fixed = [
            Field::RangeIterStep,
            Field::CDataIterStop,
            Field::CDataIterArray,
        ];
        self.alias() == Alias::Private || fixed.contains(&self)
    }

    /// The field of this name (without `@`).
    pub fn from_name(name: &str) -> Option<Field> {
        Field::ALL.iter().copied().find(|f| f.name() == name)
    }
}
