local ffi, lib = ...

return function(n)
    local source, target = ffi.new("char[64]", ("hardwire"):rep(8)), ffi.new("char[64]")
    local found = 0
    for i = 0, n - 1 do
        ffi.copy(target, source, 64)
        if target[bit.band(i, 63)] == 114 then
            found = found + 1
        end
    end
    return found
end
