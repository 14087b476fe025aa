local ffi, lib = ...

return function(n)
    local total = 0
    for i = 0, n - 1 do
        total = total + lib.hash4("hardwire")
    end
    return total
end
