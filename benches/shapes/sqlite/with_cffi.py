from binding import ffi, lib

ROW = 100


def prepare():
    """A table of 1000 rows, and the statement that reads them."""
    database = ffi.new("sqlite3 **")
    assert lib.sqlite3_open(b":memory:", database) == 0
    sql = b"""
        CREATE TABLE readings (id INTEGER, half REAL);
        WITH RECURSIVE ids(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM ids LIMIT 1000)
        INSERT INTO readings SELECT id, id * 0.5 FROM ids
    """
    assert lib.sqlite3_exec(database[0], sql, ffi.NULL, ffi.NULL, ffi.NULL) == 0
    statement = ffi.new("sqlite3_stmt **")
    sql = b"SELECT id, half FROM readings"
    assert lib.sqlite3_prepare_v2(database[0], sql, -1, statement, ffi.NULL) == 0
    return statement[0]


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
