local ffi, lib = ...
local multiply = lib.find_operation()

return function(n)
    local total = 0
    for i = 0, n - 1 do
        total = total + multiply(i, 3)
    end
    return total
end
