local ffi, lib = ...

return function(n)
    local total = 0
    for i = 0, n - 1 do
        total = total + lib.gain(i, 1.5, 0.5)
        total = total + i * 0.5
    end
    return total
end
