local ffi, lib = ...

local twice = ffi.cast("step", function(i)
    return i * 2 + 1
end)

local function loop(n)
    return lib.each(twice, n)
end

-- LuaJIT's compiled code cannot be called back through.
jit.off(loop)

return loop
