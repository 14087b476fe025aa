local ffi, lib = ...

return function(n)
    local total = 0
    for i = 0, n - 1 do
        local p = ffi.new("int[4]")
        p[bit.band(i, 3)] = i
        total = total + p[1]
    end
    return total
end
