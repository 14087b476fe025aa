/* Prints the offsets that Hardwire needs, one `name value` a line, as the headers of one CPython
 * version give them. `generate.py` compiles and runs it. */
#define PY_SSIZE_T_CLEAN
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include <stdio.h>
#include "pycore_code.h"
#include "pycore_dict.h"
#include "pycore_frame.h"
#include "pycore_interp.h"
#include "pycore_list.h"
#include "pycore_object.h"
#include "pycore_range.h"
#include "pycore_tuple.h"

#define SAY(name, value) printf(#name " %ld\n", (long)(value))
#define AT(name, type, field) SAY(name, offsetof(type, field))

int main(void) {
    AT(thread_interp, PyThreadState, interp);
#if PY_VERSION_HEX >= 0x030D0000
    AT(thread_frame, PyThreadState, current_frame);
    SAY(cframe_frame, -1);
    AT(thread_breaker, PyThreadState, eval_breaker);
    SAY(interp_breaker, -1);
    SAY(interp_version, -1);
    AT(frame_code, _PyInterpreterFrame, f_executable);
    AT(frame_instr, _PyInterpreterFrame, instr_ptr);
#else
    AT(thread_frame, PyThreadState, cframe);
    AT(cframe_frame, _PyCFrame, current_frame);
    SAY(thread_breaker, -1);
    AT(interp_breaker, PyInterpreterState, ceval.eval_breaker);
    AT(interp_version, PyInterpreterState, monitoring_version);
    AT(frame_code, _PyInterpreterFrame, f_code);
    AT(frame_instr, _PyInterpreterFrame, prev_instr);
#endif
    AT(thread_tracing, PyThreadState, tracing);
    AT(thread_exception, PyThreadState, current_exception);
    AT(thread_recursion, PyThreadState, py_recursion_remaining);
    AT(thread_chunk, PyThreadState, datastack_chunk);
    AT(thread_top, PyThreadState, datastack_top);
    AT(thread_limit, PyThreadState, datastack_limit);
    AT(frame_function, _PyInterpreterFrame, f_funcobj);
    AT(frame_return_offset, _PyInterpreterFrame, return_offset);
    AT(frame_owner, _PyInterpreterFrame, owner);
    SAY(owned_by_thread, FRAME_OWNED_BY_THREAD);
    SAY(owned_by_c, FRAME_OWNED_BY_CSTACK);
    SAY(instr_in_call, PY_VERSION_HEX >= 0x030D0000);
    AT(function_globals, PyFunctionObject, func_globals);
    AT(function_builtins, PyFunctionObject, func_builtins);
    AT(frame_globals, _PyInterpreterFrame, f_globals);
    AT(frame_builtins, _PyInterpreterFrame, f_builtins);
    AT(frame_locals, _PyInterpreterFrame, f_locals);
    AT(frame_object, _PyInterpreterFrame, frame_obj);
    AT(frame_previous, _PyInterpreterFrame, previous);
    AT(frame_stacktop, _PyInterpreterFrame, stacktop);
    AT(frame_slots, _PyInterpreterFrame, localsplus);
    AT(code_consts, PyCodeObject, co_consts);
    AT(code_names, PyCodeObject, co_names);
    AT(code_nlocalsplus, PyCodeObject, co_nlocalsplus);
    AT(code_stacksize, PyCodeObject, co_stacksize);
    AT(code_monitoring, PyCodeObject, _co_monitoring);
    AT(code_bytes, PyCodeObject, co_code_adaptive);
    AT(monitoring_active, _PyCoMonitoringData, active_monitors);
    SAY(monitoring_events, sizeof(((_PyCoMonitoringData *)0)->active_monitors));
    AT(object_refcnt, PyObject, ob_refcnt);
    AT(object_type, PyObject, ob_type);
    AT(long_tag, PyLongObject, long_value.lv_tag);
    AT(long_digit, PyLongObject, long_value.ob_digit);
    AT(float_value, PyFloatObject, ob_fval);
    AT(tuple_size, PyTupleObject, ob_base.ob_size);
    AT(tuple_items, PyTupleObject, ob_item);
    AT(list_size, PyListObject, ob_base.ob_size);
    AT(list_items, PyListObject, ob_item);
    AT(bytes_size, PyBytesObject, ob_base.ob_size);
    AT(bytes_data, PyBytesObject, ob_sval);
    AT(str_length, PyASCIIObject, length);
    AT(dict_used, PyDictObject, ma_used);
    AT(set_used, PySetObject, used);
    AT(set_mask, PySetObject, mask);
    AT(set_table, PySetObject, table);
    AT(dict_version, PyDictObject, ma_version_tag);
    AT(dict_keys, PyDictObject, ma_keys);
    AT(str_hash, PyASCIIObject, hash);
    AT(list_allocated, PyListObject, allocated);
    AT(bytearray_size, PyByteArrayObject, ob_base.ob_size);
    AT(bytearray_start, PyByteArrayObject, ob_start);
    AT(cell_ref, PyCellObject, ob_ref);
    AT(list_iter_index, _PyListIterObject, it_index);
    AT(list_iter_seq, _PyListIterObject, it_seq);
    AT(range_iter_start, _PyRangeIterObject, start);
    AT(range_iter_step, _PyRangeIterObject, step);
    AT(range_iter_len, _PyRangeIterObject, len);
    /* In front of the object, the GC header and the weak reference list: 3 words. */
    SAY(instance_dict, -3 * (long)sizeof(PyObject *));
    /* Where the values of an instance's dict lie in the instance itself, stores to attributes tell no
     * watcher of the dict (3.13.0, `store_instance_attr_lock_held`, Objects/dictobject.c). */
    SAY(dict_values, PY_VERSION_HEX >= 0x030D0000 ? (long)offsetof(PyDictObject, ma_values) : -1);
    /* The attributes of an instance that has no dict (`pycore_dict.h`): behind its header, with a byte that
     * says whether they are there; before 3.13 at the address in the place of the dict, plus 1. */
#if PY_VERSION_HEX >= 0x030D0000
    SAY(values_valid, sizeof(PyObject) + offsetof(PyDictValues, valid));
    SAY(values_first, sizeof(PyObject) + offsetof(PyDictValues, values));
#else
    SAY(values_valid, -1);
    SAY(values_first, -1);
#endif
    AT(type_keys, PyHeapTypeObject, ht_cached_keys);
    AT(keys_size, PyDictKeysObject, dk_log2_size);
    AT(keys_index_bytes, PyDictKeysObject, dk_log2_index_bytes);
    AT(keys_kind, PyDictKeysObject, dk_kind);
    SAY(keys_shared, DICT_KEYS_SPLIT);
    SAY(keys_text, DICT_KEYS_UNICODE);
    SAY(keys_general, DICT_KEYS_GENERAL);
    AT(keys_entries, PyDictKeysObject, dk_nentries);
    AT(keys_indices, PyDictKeysObject, dk_indices);
    AT(member_def, PyMemberDescrObject, d_member);
    AT(member_type, PyMemberDef, type);
    AT(member_offset, PyMemberDef, offset);
    AT(member_flags, PyMemberDef, flags);
    SAY(callable_first, PY_VERSION_HEX >= 0x030D0000);
    SAY(compare_shift, PY_VERSION_HEX >= 0x030D0000 ? 5 : 4);
    SAY(compare_bool, PY_VERSION_HEX >= 0x030D0000 ? 16 : 0);
    return 0;
}
