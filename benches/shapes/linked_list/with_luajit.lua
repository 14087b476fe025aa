local ffi, lib = ...
-- A list whose last node is followed by the first, so that one loop walks it as far as it likes.
local ring = ffi.new("struct node[1000]")
for i = 0, 999 do
    ring[i].value = i * 3
    ring[i].next = ring + (i + 1) % 1000
end

return function(n)
    local p = ring + 0
    local total = 0
    while p ~= nil and n > 0 do
        total = total + p.value
        p = p.next
        n = n - 1
    end
    return total
end
