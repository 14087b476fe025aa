local ffi, lib = ...

return function(n)
    local total = 0
    for i = 0, n - 1 do
        local bounds = lib.around(i)
        total = total + bounds.low + bounds.high
    end
    return total
end
