-- Times the loop of a shape in LuaJIT: `measure.lua LIBRARY SHAPE_FOLDER ITERATIONS REPEATS CHUNK WARM_UP`.
-- Does and prints what measure.py does.

local ffi = require("ffi")

ffi.cdef([[
struct hardwire_time { long seconds; long nanoseconds; };
int clock_gettime(int clock, struct hardwire_time *time);
]])

local PROCESS_CPU_TIME = 2
-- As in measure.py.
local MOMENT, STEADY, IN_A_ROW, SPEED = 0.05e9, 15, 5, 0.9

local clock = ffi.new("struct hardwire_time")

local function now()
    ffi.C.clock_gettime(PROCESS_CPU_TIME, clock)
    return tonumber(clock.seconds) * 1e9 + tonumber(clock.nanoseconds)
end

-- The text of a result, as C writes it.
local function text(value)
    if type(value) == "cdata" then
        return (tostring(value):gsub("U?LL$", ""))
    end
    return string.format("%.17g", value)
end

local function middle(values)
    local sorted = {}
    for i, value in ipairs(values) do
        sorted[i] = value
    end
    table.sort(sorted)
    return sorted[math.floor(#sorted / 2) + 1]
end

local function part(values, first, last)
    local chosen = {}
    for i = first, last do
        chosen[#chosen + 1] = values[i]
    end
    return chosen
end

-- How many ms passed before the chunks were as fast as they are in the end.
local function warm_up(spent, last)
    local tail = part(spent, math.max(1, math.floor(#spent * 3 / 4)), #spent)
    local limit = math.max(middle(last), middle(tail)) / SPEED
    local passed = 0
    for i = 1, #spent - IN_A_ROW + 1 do
        if math.max(spent[i], middle(part(spent, i, i + IN_A_ROW - 1))) <= limit then
            return i > 1 and string.format("%.6f", passed / 1e6) or "null"
        end
        passed = passed + spent[i]
    end
    return "null"
end

local function main(library, folder, iterations, repeats, chunk, seconds)
    iterations, repeats, chunk = tonumber(iterations), tonumber(repeats), tonumber(chunk)
    local header = io.open(folder .. "/shape.h")
    if header then
        ffi.cdef(header:read("*a"))
        header:close()
    end
    -- Functions do not keep their library: it is closed when nobody holds it.
    opened = ffi.load(library)
    local loop = assert(loadfile(folder .. "/with_luajit.lua"))(ffi, opened)
    local results = {}
    local function time(count)
        local start = now()
        local result = loop(count)
        local spent = now() - start
        results[count] = results[count] or text(result)
        assert(results[count] == text(result), "the results differ")
        return spent
    end

    local first, last, samples = {}, {}, {}
    local finish = math.max(now() + MOMENT, tonumber(seconds) * 1e9)
    while now() < finish do
        first[#first + 1] = time(chunk)
    end
    time(iterations)
    time(iterations)
    for i = 1, repeats do
        samples[i] = string.format("%.4f", time(iterations) / iterations)
    end
    for i = 1, STEADY do
        last[i] = time(chunk)
    end
    print(string.format(
        '{"ns": [%s], "checksum": "%s", "warm_up_ms": %s}',
        table.concat(samples, ", "), results[iterations], warm_up(first, last)
    ))
end

main(...)
