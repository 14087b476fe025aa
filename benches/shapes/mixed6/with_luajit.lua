local ffi, lib = ...

return function(n)
    local total = 0
    for i = 0, n - 1 do
        total = total + lib.mixed(i, 0.5, i, 1.5, bit.band(i, 255), 2.5)
    end
    return total
end
