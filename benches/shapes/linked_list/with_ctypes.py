import ctypes


class Node(ctypes.Structure):
    pass


Node._fields_ = [("value", ctypes.c_int32), ("next", ctypes.POINTER(Node))]


def make_ring():
    """A list whose last node is followed by the first, so that one loop walks it as far as it likes."""
    nodes = (Node * 1000)()
    for i in range(1000):
        nodes[i] = Node(i * 3, ctypes.pointer(nodes[(i + 1) % 1000]))
    return nodes


ring = make_ring()


def loop(n):
    p = ctypes.pointer(ring[0])
    total = 0
    while p and n:
        node = p.contents
        total += node.value
        p = node.next
        n -= 1
    return total
