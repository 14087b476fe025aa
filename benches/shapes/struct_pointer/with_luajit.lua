local ffi, lib = ...

return function(n)
    local counter = ffi.new("struct counter", { total = 0, step = 3 })
    local steps = 0
    for _ = 1, n do
        steps = steps + lib.bump(counter)
    end
    return steps + counter.total
end
