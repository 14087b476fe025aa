"""A block cipher and a hash in Python: bytes, tables of ints, shifts and masks."""

MASK = 0xFFFFFFFF


def table():
    """A permutation of 0 to 255."""
    made = list(range(256))
    j = 0
    for k in range(256):
        j = (j + made[k] + k * 7 + 3) & 255
        made[k], made[j] = made[j], made[k]
    return made


SUBSTITUTE = table()


def turned(word, count):
    return (word << count | word >> (32 - count)) & MASK


def schedule(key):
    words = [int.from_bytes(key[k : k + 4], "little") for k in range(0, 16, 4)]
    while len(words) < 24:
        words.append((turned(words[-1], 5) ^ words[-4]) + 0x9E3779B9 & MASK)
    return words


def encrypted(block, words):
    a = int.from_bytes(block[:4], "little")
    b = int.from_bytes(block[4:], "little")
    for word in words:
        mixed = (
            SUBSTITUTE[b & 255]
            | SUBSTITUTE[b >> 8 & 255] << 8
            | SUBSTITUTE[b >> 16 & 255] << 16
            | SUBSTITUTE[b >> 24] << 24
        )
        a, b = b, a ^ turned(mixed, 9) ^ word
    return a.to_bytes(4, "little") + b.to_bytes(4, "little")


def digest(data):
    h = 0x811C9DC5
    for byte in data:
        h = ((h ^ byte) * 0x01000193) & MASK
    return h


def work():
    words = schedule(bytes(range(16)))
    data = bytes(k * k & 255 for k in range(6000))
    out = bytearray()
    last = bytes(8)
    for at in range(0, len(data), 8):
        block = bytes(x ^ y for x, y in zip(data[at : at + 8], last))
        last = encrypted(block, words)
        out += last
    return digest(out), digest(data * 4)
