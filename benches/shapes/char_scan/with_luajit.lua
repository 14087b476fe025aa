local ffi, lib = ...
local texts = {}

-- A text as long as the loop: made before the first time that counts.
local function text_of(n)
    local word = "hardwire"
    texts[n] = texts[n] or ffi.new("char[?]", n + 1, word:rep(n / 8 + 1):sub(1, n))
    return texts[n]
end

return function(n)
    local s = text_of(n)
    local i, found = 0, 0
    while s[i] ~= 0 do
        if s[i] == 114 then
            found = found + 1
        end
        i = i + 1
    end
    return found
end
