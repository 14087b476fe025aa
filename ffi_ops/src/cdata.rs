//! What cffi's cdata are, as far as conversions between them go.

use traces::CType;

/// A pointer type of cffi. An array is taken as the pointer to its first item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PointerType {
    /// The address of the ctype.
    pub ctype: u64,
    /// It is `void *`.
    pub is_void: bool,
    /// It is `char *`.
    pub is_char: bool,
    /// It is a pointer to a function.
    pub is_function: bool,
    /// The size of what it points to, in bytes; -1 where that is not known.
    pub item_bytes: i64,
    /// A bytes is passed for it: its items are characters, or integers, of one byte.
    pub takes_bytes: bool,
}

impl PointerType {
    /// Whether a pointer of another type converts to this one (`convert_from_object`,
    /// `_cffi_backend.c`): the same type, `void *` on either side, or `char *` on either side and single
    /// bytes on the other.
    pub fn accepts(self, from: PointerType) -> bool {
        let bytes = |t: PointerType| !t.is_function && t.item_bytes == 1;
        self.ctype == from.ctype
            || self.is_void
            || from.is_void
            || ((self.is_char || from.is_char) && bytes(self) && bytes(from))
    }
}

/// What a cdata is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CDataKind {
    /// A pointer (also to a function), or an array.
    Pointer(PointerType),
    /// An integer: also an enum, and `_Bool` as the C type `Bool`.
    Int(CType),
    /// A character, as the integer that it is.
    Char(CType),
    /// A `float` or `double`.
    Float(CType),
    /// A struct or union: the address of its ctype.
    Struct(u64),
    /// Something else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(ctype: u64, item_bytes: i64) -> PointerType {
        PointerType {
            ctype,
            is_void: false,
            is_char: false,
            is_function: false,
            item_bytes,
            takes_bytes: item_bytes == 1,
        }
    }

    #[test]
    fn pointers_convert_as_cffi_says() {
        let (ints, bytes) = (pointer(1, 4), pointer(2, 1));
        let chars = PointerType {
            is_char: true,
            ..pointer(3, 1)
        };
        let void = PointerType {
            is_void: true,
            ..pointer(4, -1)
        };
        let function = PointerType {
            is_function: true,
            ..pointer(5, -1)
        };
        assert!(ints.accepts(ints) && !ints.accepts(bytes));
        // `void *` on either side, functions too.
        for other in [ints, bytes, chars, void, function] {
            assert!(void.accepts(other) && other.accepts(void));
        }
        // `char *` only where the other points to single bytes.
        assert!(chars.accepts(bytes) && bytes.accepts(chars));
        assert!(!chars.accepts(ints) && !ints.accepts(chars));
        assert!(!chars.accepts(function) && !function.accepts(chars));
        assert!(!bytes.accepts(pointer(6, 1)));
    }
}
