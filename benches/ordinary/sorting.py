"""Sorting and searching by hand: heaps, quicksort, merges, shells, a search by halves; no branch can be predicted."""


def shuffled(count):
    made, state = list(range(count)), 99
    for k in range(count - 1, 0, -1):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        j = (state >> 4) % (k + 1)
        made[k], made[j] = made[j], made[k]
    return made


def quick(items, low, high):
    while low < high:
        pivot = items[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while items[i] < pivot:
                i += 1
            while items[j] > pivot:
                j -= 1
            if i <= j:
                items[i], items[j] = items[j], items[i]
                i += 1
                j -= 1
        quick(items, low, j)
        low = i


def sift(heap, at, end):
    value = heap[at]
    while (child := 2 * at + 1) < end:
        if child + 1 < end and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


def by_heap(items):
    for at in range(len(items) // 2 - 1, -1, -1):
        sift(items, at, len(items))
    for end in range(len(items) - 1, 0, -1):
        items[0], items[end] = items[end], items[0]
        sift(items, 0, end)


def merge(left, right):
    out, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            out.append(left[i])
            i += 1
        else:
            out.append(right[j])
            j += 1
    return out + left[i:] + right[j:]


def by_merging(items):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    return merge(by_merging(items[:middle]), by_merging(items[middle:]))


def by_shells(items):
    gap = len(items) // 2
    while gap:
        for k in range(gap, len(items)):
            value, at = items[k], k
            while at >= gap and items[at - gap] > value:
                items[at] = items[at - gap]
                at -= gap
            items[at] = value
        gap //= 2


def place(items, wanted):
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def work():
    first = shuffled(3000)
    second, third, fourth = first[:], first[:], first[:]
    quick(first, 0, len(first) - 1)
    by_heap(second)
    third = by_merging(third)
    by_shells(fourth)
    assert first == second == third == fourth
    return sum(place(first, k * 3) for k in range(1500))
