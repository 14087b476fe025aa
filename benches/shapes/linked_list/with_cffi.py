from binding import ffi


def make_ring():
    """A list whose last node is followed by the first, so that one loop walks it as far as it likes."""
    nodes = ffi.new("struct node[1000]")
    for i in range(1000):
        nodes[i] = (i * 3, nodes + (i + 1) % 1000)
    return nodes


ring = make_ring()


def loop(n):
    p = ring + 0
    total = 0
    while p and n:
        total += p.value
        p = p.next
        n -= 1
    return total
