local ffi, lib = ...

return function(n)
    local x = 0xFEDCBA9876543210ULL
    for _ = 1, n do
        x = lib.scramble(x)
    end
    return x
end
