"""A binary format: a table of functions by type, a memo of what was written before, a machine with a stack to read it."""


class Writer:
    def __init__(self):
        self.out = bytearray()
        self.memo = {}

    def write(self, value):
        known = self.memo.get(id(value))
        if known is not None:
            self.out += b"r"
            self.size(known)
            return
        self.TABLE[type(value)](self, value)

    def size(self, number):
        while number >= 128:
            self.out.append(number & 127 | 128)
            number >>= 7
        self.out.append(number)

    def remember(self, value):
        self.memo[id(value)] = len(self.memo)

    def write_int(self, value):
        self.out += b"i" if value >= 0 else b"m"
        self.size(abs(value))

    def write_text(self, value):
        self.out += b"t"
        data = value.encode()
        self.size(len(data))
        self.out += data
        self.remember(value)

    def write_list(self, value):
        for item in value:
            self.write(item)
        self.out += b"l"
        self.size(len(value))
        self.remember(value)

    def write_dict(self, value):
        for key, item in value.items():
            self.write(key)
            self.write(item)
        self.out += b"d"
        self.size(len(value))
        self.remember(value)

    TABLE = {int: write_int, str: write_text, list: write_list, dict: write_dict}


class Machine:
    def __init__(self, data):
        self.data = data
        self.at = 0
        self.stack = []
        self.memo = []

    def size(self):
        shift = number = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def keep(self, value):
        self.memo.append(value)
        self.stack.append(value)

    def run(self):
        while self.at < len(self.data):
            code = self.data[self.at]
            self.at += 1
            number = self.size()
            if code == 105:
                self.stack.append(number)
            elif code == 109:
                self.stack.append(-number)
            elif code == 116:
                self.keep(self.data[self.at : self.at + number].decode())
                self.at += number
            elif code == 108:
                items = self.stack[len(self.stack) - number :]
                del self.stack[len(self.stack) - number :]
                self.keep(items)
            elif code == 100:
                items = self.stack[len(self.stack) - 2 * number :]
                del self.stack[len(self.stack) - 2 * number :]
                self.keep(dict(zip(items[::2], items[1::2])))
            else:
                self.stack.append(self.memo[number])
        return self.stack.pop()


def work():
    names = [f"name{k}" for k in range(40)]
    rows = [{"key": k * k - 50, names[k % 40]: [k, -k, names[k % 7]], "again": names} for k in range(1200)]
    writer = Writer()
    writer.write(rows)
    back = Machine(bytes(writer.out)).run()
    assert back == rows
    return len(writer.out), sum(writer.out)
