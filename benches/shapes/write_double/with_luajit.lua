local ffi, lib = ...

return function(n)
    local halves = ffi.new("double[1024]")
    for i = 0, n - 1 do
        halves[bit.band(i, 1023)] = i * 0.5
    end
    return halves[0] + halves[511] + halves[1023]
end
