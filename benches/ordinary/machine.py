"""A machine for bytecode: one loop, a chain of branches, a stack; it runs a few small programs."""

PUSH, ADD, SUBTRACT, MULTIPLY, LOAD, STORE, JUMP, JUMP_IF, LESS, CALL, RETURN, HALT = range(12)


def run(code, arguments):
    stack, calls = [], []
    variables = dict(enumerate(arguments))
    at = steps = 0
    while True:
        operation, operand = code[at]
        at += 1
        steps += 1
        if operation == PUSH:
            stack.append(operand)
        elif operation == LOAD:
            stack.append(variables[operand])
        elif operation == STORE:
            variables[operand] = stack.pop()
        elif operation == ADD:
            right = stack.pop()
            stack[-1] += right
        elif operation == SUBTRACT:
            right = stack.pop()
            stack[-1] -= right
        elif operation == MULTIPLY:
            right = stack.pop()
            stack[-1] = stack[-1] * right % 1000003
        elif operation == LESS:
            right = stack.pop()
            stack[-1] = stack[-1] < right
        elif operation == JUMP:
            at = operand
        elif operation == JUMP_IF:
            if stack.pop():
                at = operand
        elif operation == CALL:
            calls.append((at, dict(variables)))
            at = operand
        elif operation == RETURN:
            at, variables = calls.pop()
        else:
            return stack.pop(), steps


POWERS = [
    (PUSH, 1), (STORE, 1), (LOAD, 0), (PUSH, 1), (LESS, 0), (JUMP_IF, 15), (LOAD, 1), (PUSH, 3), (MULTIPLY, 0),
    (STORE, 1), (LOAD, 0), (PUSH, 1), (SUBTRACT, 0), (STORE, 0), (JUMP, 2), (LOAD, 1), (HALT, 0),
]  # fmt: skip
FIBONACCI = [
    (CALL, 2), (HALT, 0), (LOAD, 0), (PUSH, 2), (LESS, 0), (JUMP_IF, 18), (LOAD, 0), (PUSH, 1), (SUBTRACT, 0),
    (STORE, 0), (CALL, 2), (LOAD, 0), (PUSH, 1), (SUBTRACT, 0), (STORE, 0), (CALL, 2), (ADD, 0), (RETURN, 0),
    (LOAD, 0), (RETURN, 0),
]  # fmt: skip


def work():
    power, steps = run(POWERS, [1500])
    fibonacci, more = run(FIBONACCI, [16])
    return power, steps, fibonacci, more
