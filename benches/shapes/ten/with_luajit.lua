local ffi, lib = ...

return function(n)
    local total = 0LL
    for i = 0, n - 1 do
        total = total + lib.sum10(i, 1, 2, 3, 4, 5, 6, 7, 8, i)
    end
    return total
end
