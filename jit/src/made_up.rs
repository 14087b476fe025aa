//! An interpreter that does not exist: what traces are compiled for where there is none, to look at their machine code, or to
//! run it on objects of one's own.

use crate::target::{Functions, Target, Values, Watch};
use traces::{Field, Helper, Known, Trace};

/// Where the made-up helpers, runtime functions, foreign functions and objects begin. Nothing lies there.
const HELPERS: usize = 0x1000_0000;
const FUNCTIONS: usize = 0x2000_0000;
const FOREIGN: u64 = 0x3000_0000;
const OBJECTS: u64 = 0x4000_0000;
/// How far apart they lie.
const STEP: usize = 0x100;

impl Target {
    /// A target whose offsets and addresses are made up. Code for it can be looked at; to run it, replace the helpers and
    /// functions that it calls, and hand it objects whose type lies at 8 and whose fields lie where
    /// [`fields`](Target::fields) says.
    pub fn made_up() -> Target {
        let mut fields = [0; Field::ALL.len()];
        for (n, offset) in (0..).zip(&mut fields) {
            *offset = 16 + 8 * n;
        }
        fields[Field::Type as usize] = 8;
        let mut helpers = [0; Helper::ALL.len()];
        for (n, address) in helpers.iter_mut().enumerate() {
            *address = HELPERS + STEP * n;
        }
        let object = |n| OBJECTS as usize - STEP * n;
        Target {
            fields,
            helpers,
            functions: made_up_functions(),
            frame_slots: 16,
            frame_function: 0,
            frame_instr: 8,
            code_bytes: 0x100,
            refcount: 0,
            object_type: 8,
            long_tag: 16,
            long_digit: 24,
            values: Values::Tagged,
            true_addr: object(1),
            false_addr: object(2),
            none_addr: object(3),
            float_addr: object(4),
            int_addr: object(5),
            writes_over: true,
            range_iter_addr: object(6),
            thread_exception: None,
            watches: vec![
                Watch {
                    bytes: 8,
                    zero: true,
                    by_python: false,
                },
                Watch {
                    bytes: 4,
                    zero: false,
                    by_python: false,
                },
            ],
        }
    }

    /// Gives the objects and foreign functions of a trace that have no address one that is made up.
    pub fn make_up_addresses(&self, trace: &mut Trace) {
        for (n, object) in (0..).zip(&mut trace.objs) {
            if object.addr != 0 {
                continue;
            }
            object.addr = match object.known {
                Some(Known::Null) => 0,
                Some(Known::True) => self.true_addr as u64,
                Some(Known::False) => self.false_addr as u64,
                Some(Known::None) => self.none_addr as u64,
                Some(Known::Float) => self.float_addr as u64,
                Some(Known::Int) => self.int_addr as u64,
                Some(Known::RangeIter) => self.range_iter_addr as u64,
                _ => OBJECTS + STEP as u64 * n,
            };
        }
        for (n, function) in (0..).zip(&mut trace.funcs) {
            function.addr = match function.addr {
                Some(0) => Some(FOREIGN + STEP as u64 * n),
                known => known,
            };
        }
    }
}

fn made_up_functions() -> Functions {
    let function = |n| FUNCTIONS + STEP * n;
    Functions {
        new_int: function(0),
        new_uint: function(1),
        new_float: function(2),
        new_cdata: function(3),
        new_cint: function(4),
        new_cfloat: function(5),
        new_struct: function(6),
        new_char: function(7),
        new_uchar: function(8),
        new_buffer: function(9),
        new_range: function(10),
        new_iter: function(11),
        new_instance: function(12),
        new_attr: function(13),
        str_to_char: function(14),
        int_to_i64: function(15),
        int_to_u64: function(16),
        int_to_bits: function(17),
        set_float: function(18),
        global_get: function(19),
        global_set: function(20),
        dealloc: function(21),
        call_inside: function(22),
        release: function(23),
        come_back: function(24),
    }
}
