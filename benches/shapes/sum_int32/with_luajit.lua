local ffi, lib = ...
local numbers = ffi.new("int32_t[1024]")
for i = 0, 1023 do
    numbers[i] = i * 7 - 1000
end

return function(n)
    local total = 0
    for i = 0, n - 1 do
        total = total + numbers[bit.band(i, 1023)]
    end
    return total
end
