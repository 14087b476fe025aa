"""Formulas: a parser by recursion, a tree of small classes, its values, derivatives and closures."""


class Number:
    def __init__(self, value):
        self.value = value

    def at(self, x):
        return self.value

    def derived(self):
        return Number(0)

    def closure(self):
        value = self.value
        return lambda x: value


class Variable:
    def at(self, x):
        return x

    def derived(self):
        return Number(1)

    def closure(self):
        return lambda x: x


class Binary:
    def __init__(self, left, right):
        self.left, self.right = left, right


class Sum(Binary):
    def at(self, x):
        return self.left.at(x) + self.right.at(x)

    def derived(self):
        return Sum(self.left.derived(), self.right.derived())

    def closure(self):
        left, right = self.left.closure(), self.right.closure()
        return lambda x: left(x) + right(x)


class Product(Binary):
    def at(self, x):
        return self.left.at(x) * self.right.at(x)

    def derived(self):
        return Sum(Product(self.left.derived(), self.right), Product(self.left, self.right.derived()))

    def closure(self):
        left, right = self.left.closure(), self.right.closure()
        return lambda x: left(x) * right(x)


class Parser:
    def __init__(self, text):
        self.tokens = text.replace("(", " ( ").replace(")", " ) ").split()
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self):
        token = self.peek()
        self.at += 1
        return token

    def sum(self):
        left = self.product()
        while self.peek() == "+":
            self.take()
            left = Sum(left, self.product())
        return left

    def product(self):
        left = self.atom()
        while self.peek() == "*":
            self.take()
            left = Product(left, self.atom())
        return left

    def atom(self):
        token = self.take()
        if token == "(":
            inner = self.sum()
            if self.take() != ")":
                raise ValueError("a bracket is missing")
            return inner
        return Variable() if token == "x" else Number(int(token))


TEXTS = [
    "3 * x * x + 2 * x + 1",
    "( x + 1 ) * ( x + 2 ) * ( x + 3 ) + 4",
    "x * ( x * ( x * ( x + 1 ) + 2 ) + 3 ) + ( 5 * x )",
]


def work():
    total = 0
    for k in range(120):
        for text in TEXTS:
            tree = Parser(text).sum()
            slope = tree.derived()
            function = slope.closure()
            for x in range(k % 5, k % 5 + 4):
                total += tree.at(x) + slope.at(x) - function(x)
    return total
