"""Pancakes: how many flips it takes at most to bring the first item of each permutation of n items to 0."""


def loop(n):
    first = list(range(n))
    count = [0] * n
    most = total = 0
    sign = 1
    size = n
    while True:
        while size > 1:
            count[size - 1] = size
            size -= 1
        head = first[0]
        if head:
            flipped = first[:]
            flips = 0
            while head:
                low = 0
                high = head
                while low < high:
                    flipped[low], flipped[high] = flipped[high], flipped[low]
                    low += 1
                    high -= 1
                flips += 1
                head = flipped[0]
            if flips > most:
                most = flips
            total += sign * flips
        sign = -sign
        while True:
            if size == n:
                return most, total
            moved = first[0]
            for k in range(size):
                first[k] = first[k + 1]
            first[size] = moved
            count[size] -= 1
            if count[size] > 0:
                break
            size += 1
