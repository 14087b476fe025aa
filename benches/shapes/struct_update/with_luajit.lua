local ffi, lib = ...

return function(n)
    local cells = ffi.new("struct cell[256]")
    for i = 0, n - 1 do
        local p = cells[bit.band(i, 255)]
        p.a = p.a + 1
        p.b = p.b + 0.5
    end
    return cells[0].a + cells[3].b + cells[200].a + cells[255].b
end
