//! All that depends on a CPython version. A version is a folder with a generated table and one
//! line in [`VERSIONS`]; a version number anywhere else is a defect.

pub mod bytecode;
pub mod decode;
pub mod dict;
pub mod frame;
pub mod function;
pub mod instance;
pub mod keys;
pub mod pairs;
pub mod quiet;
pub mod selfcheck;
pub mod set;
pub mod threads;
mod v312;
mod v313;

use jit::Values;
use jit::target::MAX_WATCHES;
use std::sync::OnceLock;

/// The supported versions.
static VERSIONS: &[&VersionTable] = &[&v312::table::TABLE, &v313::table::TABLE];

/// Name, opcode and inline cache entries of the bytecode of each number.
type ByNumber = [(&'static str, Opcode, u8); 256];

/// Offsets (in bytes; -1 where a version has no such field), flags and opcodes of a version.
pub struct VersionTable {
    /// Major and minor number.
    pub version: (u8, u8),
    /// `PyThreadState.interp`.
    pub thread_interp: i32,
    /// `PyThreadState.current_frame`, or `.cframe` where `cframe_frame` is not -1.
    pub thread_frame: i32,
    /// `_PyCFrame.current_frame`.
    pub cframe_frame: i32,
    /// `PyThreadState.eval_breaker`: events in the low 8 bits, the monitoring version above.
    pub thread_breaker: i32,
    /// `PyInterpreterState.ceval.eval_breaker`, an `int`.
    pub interp_breaker: i32,
    /// `PyInterpreterState.monitoring_version`.
    pub interp_version: i32,
    /// `_PyInterpreterFrame.f_code` or `.f_executable`.
    pub frame_code: i32,
    /// `_PyInterpreterFrame.prev_instr` or `.instr_ptr`.
    pub frame_instr: i32,
    /// `PyThreadState.tracing`, an `int`.
    pub thread_tracing: i32,
    /// `PyThreadState.current_exception`.
    pub thread_exception: i32,
    /// `PyThreadState.py_recursion_remaining`, an `int`.
    pub thread_recursion: i32,
    /// `PyThreadState.datastack_chunk`.
    pub thread_chunk: i32,
    /// `PyThreadState.datastack_top`.
    pub thread_top: i32,
    /// `PyThreadState.datastack_limit`.
    pub thread_limit: i32,
    /// `_PyInterpreterFrame.f_funcobj`.
    pub frame_function: i32,
    /// `_PyInterpreterFrame.return_offset`, an `uint16_t`.
    pub frame_return_offset: i32,
    /// `_PyInterpreterFrame.owner`, a `char`.
    pub frame_owner: i32,
    /// Its value for a frame on the thread's data stack.
    pub owned_by_thread: u8,
    /// Its value for a frame of the evaluator's own.
    pub owned_by_c: u8,
    /// 1 where the instruction pointer of a frame that waits for a call names the call, and the bytecode behind
    /// it is found by the return offset; 0 where it names the last unit of the call.
    pub instr_in_call: i32,
    /// `PyFunctionObject.func_globals`.
    pub function_globals: i32,
    /// `PyFunctionObject.func_builtins`.
    pub function_builtins: i32,
    /// `_PyInterpreterFrame.f_globals`.
    pub frame_globals: i32,
    /// `_PyInterpreterFrame.f_builtins`.
    pub frame_builtins: i32,
    /// `_PyInterpreterFrame.f_locals`.
    pub frame_locals: i32,
    /// `_PyInterpreterFrame.frame_obj`.
    pub frame_object: i32,
    /// `_PyInterpreterFrame.previous`.
    pub frame_previous: i32,
    /// `_PyInterpreterFrame.stacktop`, an `int`.
    pub frame_stacktop: i32,
    /// `_PyInterpreterFrame.localsplus`.
    pub frame_slots: i32,
    /// `PyCodeObject.co_consts`.
    pub code_consts: i32,
    /// `PyCodeObject.co_names`.
    pub code_names: i32,
    /// `PyCodeObject.co_nlocalsplus`, an `int`.
    pub code_nlocalsplus: i32,
    /// `PyCodeObject.co_stacksize`, an `int`.
    pub code_stacksize: i32,
    /// `PyCodeObject._co_monitoring`.
    pub code_monitoring: i32,
    /// `PyCodeObject.co_code_adaptive`.
    pub code_bytes: i32,
    /// `_PyCoMonitoringData.active_monitors`: a byte of tool bits an event.
    pub monitoring_active: i32,
    /// The number of those bytes.
    pub monitoring_events: i32,
    /// `PyObject.ob_refcnt`.
    pub object_refcnt: i32,
    /// `PyObject.ob_type`.
    pub object_type: i32,
    /// `PyLongObject.long_value.lv_tag`.
    pub long_tag: i32,
    /// `PyLongObject.long_value.ob_digit`.
    pub long_digit: i32,
    /// `PyFloatObject.ob_fval`.
    pub float_value: i32,
    /// `ob_size` of a tuple.
    pub tuple_size: i32,
    /// `PyTupleObject.ob_item`.
    pub tuple_items: i32,
    /// `ob_size` of a list.
    pub list_size: i32,
    /// `PyListObject.ob_item`.
    pub list_items: i32,
    /// `ob_size` of a bytes object.
    pub bytes_size: i32,
    /// `PyBytesObject.ob_sval`.
    pub bytes_data: i32,
    /// `PyASCIIObject.length`.
    pub str_length: i32,
    /// `PyDictObject.ma_used`.
    pub dict_used: i32,
    /// `PySetObject.used`.
    pub set_used: i32,
    /// `PySetObject.mask`.
    pub set_mask: i32,
    /// `PySetObject.table`.
    pub set_table: i32,
    /// `PyDictObject.ma_version_tag`, whose low 8 bits say who watches.
    pub dict_version: i32,
    /// `PyDictObject.ma_keys`.
    pub dict_keys: i32,
    /// `PyASCIIObject.hash`.
    pub str_hash: i32,
    /// `PyListObject.allocated`.
    pub list_allocated: i32,
    /// `ob_size` of a bytearray.
    pub bytearray_size: i32,
    /// `PyByteArrayObject.ob_start`.
    pub bytearray_start: i32,
    /// `PyCellObject.ob_ref`.
    pub cell_ref: i32,
    /// `_PyListIterObject.it_index` (a tuple iterator has the same layout).
    pub list_iter_index: i32,
    /// `_PyListIterObject.it_seq`.
    pub list_iter_seq: i32,
    /// `_PyRangeIterObject.start`.
    pub range_iter_start: i32,
    /// `_PyRangeIterObject.step`.
    pub range_iter_step: i32,
    /// `_PyRangeIterObject.len`.
    pub range_iter_len: i32,
    /// The managed dict pointer of an instance.
    pub instance_dict: i32,
    /// `PyDictObject.ma_values`, in versions where the values of a dict may lie in its instance and
    /// stores to attributes then tell no watcher.
    pub dict_values: i32,
    /// Behind the start of an instance: a byte that says whether its attributes lie there; -1 in versions
    /// where the word in the place of the dict is their address less 1.
    pub values_valid: i32,
    /// The first attribute behind the start of an instance.
    pub values_first: i32,
    /// `PyHeapTypeObject.ht_cached_keys`: the names of the attributes, in the order of their array.
    pub type_keys: i32,
    /// `PyDictKeysObject.dk_log2_size`.
    pub keys_size: i32,
    /// `PyDictKeysObject.dk_log2_index_bytes`.
    pub keys_index_bytes: i32,
    /// `PyDictKeysObject.dk_kind`.
    pub keys_kind: i32,
    /// Its value for keys that instances share.
    pub keys_shared: u8,
    /// Its value for keys that are exact str.
    pub keys_text: u8,
    /// Its value for keys of any type.
    pub keys_general: u8,
    /// `PyDictKeysObject.dk_nentries`.
    pub keys_entries: i32,
    /// `PyDictKeysObject.dk_indices`.
    pub keys_indices: i32,
    /// `PyMemberDescrObject.d_member`.
    pub member_def: i32,
    /// `PyMemberDef.type`, an `int`.
    pub member_type: i32,
    /// `PyMemberDef.offset`.
    pub member_offset: i32,
    /// `PyMemberDef.flags`, an `int`.
    pub member_flags: i32,
    /// 1 where CALL finds the callable below its self-or-NULL, 0 where NULL comes first.
    pub callable_first: i32,
    /// How far COMPARE_OP's operator is shifted in its oparg.
    pub compare_shift: u32,
    /// The bit of COMPARE_OP's oparg that asks for a bool (0: there is none).
    pub compare_bool: u32,
    /// Name, number and inline cache entries of the bytecodes.
    pub opcodes: &'static [(&'static str, u8, u8)],
    /// The same by number, once anything was decoded.
    pub by_number: OnceLock<ByNumber>,
}

impl VersionTable {
    /// Name, opcode and inline cache entries of the bytecode of each number.
    pub fn by_number(&self) -> &ByNumber {
        self.by_number.get_or_init(|| {
            let mut rows = [("<unknown>", Opcode::Unknown, 0); 256];
            for &(name, number, caches) in self.opcodes {
                rows[usize::from(number)] = (name, Opcode::from_name(name), caches);
            }
            rows
        })
    }

    /// Whether CALL finds the callable below its self-or-NULL.
    pub fn callable_first(&self) -> bool {
        self.callable_first != 0
    }

    /// Where the attributes of an instance lie that has no dict.
    pub fn values(&self) -> Values {
        match self.values_valid {
            -1 => Values::Tagged,
            valid => Values::Inline {
                valid,
                first: self.values_first,
            },
        }
    }

    /// The operator (`Py_LT`...) and whether a bool is asked for, of COMPARE_OP.
    pub fn compare(&self, oparg: u32) -> (u32, bool) {
        (oparg >> self.compare_shift, oparg & self.compare_bool != 0)
    }

    /// The words that native code polls: pending events, and who watches.
    pub fn watches(&self) -> &'static [Watch] {
        if self.thread_breaker >= 0 {
            &[
                // Pending events and the version of the instrumentation in one word.
                Watch {
                    place: |t| (Base::Thread, t.thread_breaker),
                    bytes: 8,
                    zero: false,
                    by_python: false,
                },
                // Through a frame object locals can be written.
                Watch {
                    place: |t| (Base::Frame, t.frame_object),
                    bytes: 8,
                    zero: false,
                    by_python: true,
                },
            ]
        } else {
            &[
                Watch {
                    place: |t| (Base::Interpreter, t.interp_breaker),
                    bytes: 4,
                    zero: true,
                    by_python: false,
                },
                Watch {
                    place: |t| (Base::Interpreter, t.interp_version),
                    bytes: 8,
                    zero: false,
                    by_python: false,
                },
            ]
        }
    }
}

/// What the place of a polled word is relative to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// The thread state.
    Thread,
    /// The interpreter's frame.
    Frame,
    /// The interpreter state.
    Interpreter,
}

/// A word that native code polls: it leaves when the word is not as expected.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// Where it lies, by the table.
    pub place: fn(&VersionTable) -> (Base, i32),
    /// Its width in bytes: 4 or 8.
    pub bytes: u8,
    /// Whether it must be zero; else it must be what it was at entry.
    pub zero: bool,
    /// Whether only Python code that the trace itself runs changes it in a way that matters: an exit
    /// behind a foreign call writes the locals all the same.
    pub by_python: bool,
}

const _: () = assert!(MAX_WATCHES >= 2);

/// The table of a version.
///
/// # Errors
/// A text that names the version and the supported ones.
pub fn table_for(major: u8, minor: u8) -> Result<&'static VersionTable, String> {
    VERSIONS
        .iter()
        .copied()
        .find(|t| t.version == (major, minor))
        .ok_or_else(|| {
            let known: Vec<String> = VERSIONS
                .iter()
                .map(|t| format!("{}.{}", t.version.0, t.version.1))
                .collect();
            format!(
                "CPython {major}.{minor} is not supported (supported: {})",
                known.join(", ")
            )
        })
}

macro_rules! opcodes {
    ($($name:ident)*) => {
        /// The bytecodes that the recorder knows, by CPython's own names.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(non_camel_case_types, missing_docs, clippy::upper_case_acronyms)]
        pub enum Opcode { $($name,)* Unknown }
        impl Opcode {
            /// The opcode of this name.
            pub fn from_name(name: &str) -> Opcode {
                match name { $(stringify!($name) => Opcode::$name,)* _ => Opcode::Unknown }
            }
        }
    };
}

opcodes! {
    CACHE NOP RESUME EXTENDED_ARG LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_LOAD_FAST STORE_FAST
    STORE_FAST_STORE_FAST STORE_FAST_LOAD_FAST LOAD_CONST PUSH_NULL POP_TOP COPY SWAP LOAD_GLOBAL
    LOAD_NAME STORE_NAME STORE_GLOBAL LOAD_DEREF STORE_DEREF LOAD_ATTR BINARY_OP COMPARE_OP IS_OP CONTAINS_OP
    UNARY_NEGATIVE UNARY_INVERT UNARY_NOT CALL_INTRINSIC_1 TO_BOOL POP_JUMP_IF_TRUE
    POP_JUMP_IF_FALSE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE JUMP_FORWARD JUMP_BACKWARD
    JUMP_BACKWARD_NO_INTERRUPT FOR_ITER KW_NAMES CALL CALL_KW BINARY_SUBSCR STORE_SUBSCR STORE_ATTR
    RETURN_VALUE RETURN_CONST END_FOR SEND DELETE_FAST LOAD_FAST_AND_CLEAR UNPACK_SEQUENCE BUILD_TUPLE BUILD_LIST BUILD_SET
    BUILD_MAP BUILD_STRING BUILD_SLICE DICT_MERGE LIST_APPEND LIST_EXTEND BINARY_SLICE STORE_SLICE FORMAT_VALUE FORMAT_SIMPLE
    FORMAT_WITH_SPEC CONVERT_VALUE GET_ITER CALL_FUNCTION_EX COPY_FREE_VARS BEFORE_WITH BUILD_CONST_KEY_MAP
    LOAD_SUPER_ATTR DELETE_SUBSCR MAP_ADD SET_ADD
}
