local ffi, lib = ...

return function(n)
    local last = 0
    for i = 0, n - 1 do
        last = lib.blend(i, last, 0.5)
    end
    return last
end
