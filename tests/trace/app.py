import ctypes

libc = ctypes.CDLL(None)
labs = libc.labs
labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long
strlen = libc.strlen


def clamp(x):
    return x if x < 100 else 100


def total(n):
    result = 0
    for i in range(n):
        if labs(i) % 100 == 99:
            result -= 1
        else:
            result += clamp(i)
    return result


def lengths(n):
    result = 0
    for i in range(n):
        result += strlen("a text")
    return result


def keys(n):
    table = {}
    for i in range(n):
        table[f"{i % 7}"] = i
    return len(table)


print(total(300_000), lengths(100_000), keys(100_000))
