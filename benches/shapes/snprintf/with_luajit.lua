local ffi, lib = ...

return function(n)
    local buffer = ffi.new("char[64]")
    local total = 0
    for i = 0, n - 1 do
        total = total + lib.snprintf(buffer, 64, "%d %s", ffi.cast("int", i), "ms")
    end
    return total + buffer[0]
end
