local ffi, lib = ...
local memory = ffi.new("unsigned char[4096]")
for i = 0, 4095 do
    memory[i] = bit.band(i * 7, 255)
end

return function(n)
    local p = ffi.cast("void *", memory)
    local total = 0
    for i = 0, n - 1 do
        local q = ffi.cast("int32_t *", p)
        total = total + (q + bit.band(i, 1023))[0]
    end
    return total
end
