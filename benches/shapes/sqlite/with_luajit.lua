local ffi, lib = ...
local ROW = 100

-- A table of 1000 rows, and the statement that reads them.
local function prepare()
    local database = ffi.new("sqlite3 *[1]")
    assert(lib.sqlite3_open(":memory:", database) == 0)
    local sql = [[
        CREATE TABLE readings (id INTEGER, half REAL);
        WITH RECURSIVE ids(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM ids LIMIT 1000)
        INSERT INTO readings SELECT id, id * 0.5 FROM ids
    ]]
    assert(lib.sqlite3_exec(database[0], sql, nil, nil, nil) == 0)
    local statement = ffi.new("sqlite3_stmt *[1]")
    sql = "SELECT id, half FROM readings"
    assert(lib.sqlite3_prepare_v2(database[0], sql, -1, statement, nil) == 0)
    return statement[0]
end

local rows = prepare()

return function(n)
    lib.sqlite3_reset(rows)
    local ids, halves = 0, 0
    for _ = 1, n do
        if lib.sqlite3_step(rows) ~= ROW then
            lib.sqlite3_reset(rows)
            lib.sqlite3_step(rows)
        end
        ids = ids + lib.sqlite3_column_int(rows, 0)
        halves = halves + lib.sqlite3_column_double(rows, 1)
    end
    return ids + halves
end
