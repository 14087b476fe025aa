local ffi, lib = ...

local COUNT = 500

local compare = ffi.cast("comparison", function(a, b)
    local x, y = ffi.cast("const int32_t *", a)[0], ffi.cast("const int32_t *", b)[0]
    return x > y and 1 or (x < y and -1 or 0)
end)

local function loop(n)
    local numbers = ffi.new("int32_t[?]", COUNT)
    local total = 0
    for turn = 0, math.floor(n / COUNT) - 1 do
        local x = ffi.new("uint32_t[1]", turn)
        for i = 0, COUNT - 1 do
            x[0] = x[0] * 1103515245ULL + 12345
            numbers[i] = bit.rshift(x[0], 8)
        end
        lib.qsort(numbers, COUNT, 4, compare)
        total = total + numbers[0] + numbers[COUNT / 2]
    end
    return total
end

-- LuaJIT's compiled code cannot be called back through.
jit.off(loop)

return loop
