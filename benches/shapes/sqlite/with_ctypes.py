import ctypes

from binding import lib

ROW = 100
HANDLE = ctypes.c_void_p

lib.sqlite3_open.argtypes = [ctypes.c_char_p, ctypes.POINTER(HANDLE)]
lib.sqlite3_exec.argtypes = [HANDLE, ctypes.c_char_p, HANDLE, HANDLE, HANDLE]
lib.sqlite3_prepare_v2.argtypes = [HANDLE, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(HANDLE), HANDLE]
lib.sqlite3_step.argtypes = [HANDLE]
lib.sqlite3_reset.argtypes = [HANDLE]
lib.sqlite3_column_int.argtypes = [HANDLE, ctypes.c_int]
lib.sqlite3_column_double.argtypes = [HANDLE, ctypes.c_int]
lib.sqlite3_column_double.restype = ctypes.c_double


def prepare():
    """A table of 1000 rows, and the statement that reads them."""
    database = HANDLE()
    assert lib.sqlite3_open(b":memory:", database) == 0
    sql = b"""
        CREATE TABLE readings (id INTEGER, half REAL);
        WITH RECURSIVE ids(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM ids LIMIT 1000)
        INSERT INTO readings SELECT id, id * 0.5 FROM ids
    """
    assert lib.sqlite3_exec(database, sql, None, None, None) == 0
    statement = HANDLE()
    sql = b"SELECT id, half FROM readings"
    assert lib.sqlite3_prepare_v2(database, sql, -1, statement, None) == 0
    return statement


rows = prepare()


def loop(n):
    lib.sqlite3_reset(rows)
    ids = 0
    halves = 0.0
    for _ in range(n):
        if lib.sqlite3_step(rows) != ROW:
            lib.sqlite3_reset(rows)
            lib.sqlite3_step(rows)
        ids += lib.sqlite3_column_int(rows, 0)
        halves += lib.sqlite3_column_double(rows, 1)
    return ids + halves
