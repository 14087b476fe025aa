local ffi, lib = ...

return function(n)
    local point = ffi.new("struct point", 1.5, 2.5)
    local total = 0
    for i = 0, n - 1 do
        total = total + lib.slope(point)
    end
    return total
end
