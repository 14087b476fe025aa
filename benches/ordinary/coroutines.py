"""Coroutines on a loop written by hand: sleeping, queues, gathering, a lock."""

import heapq
from collections import deque


class Later:
    """What a coroutine waits for: a time, or somebody who wakes it."""

    def __init__(self, time=None):
        self.time = time
        self.waiting = []

    def __await__(self):
        yield self


class Loop:
    def __init__(self):
        self.ready = deque()
        self.timers = []
        self.now = self.steps = self.order = 0

    def start(self, coroutine):
        task = [coroutine, Later(), None]
        self.ready.append(task)
        return task

    def wake(self, later):
        self.ready.extend(later.waiting)
        later.waiting.clear()

    def run(self):
        while self.ready or self.timers:
            if not self.ready:
                self.now, _, task = heapq.heappop(self.timers)
                self.ready.append(task)
            task = self.ready.popleft()
            self.steps += 1
            try:
                later = task[0].send(None)
            except StopIteration as end:
                task[2] = end.value
                task[1].time = -1
                self.wake(task[1])
                continue
            if later.time is None:
                later.waiting.append(task)
            else:
                self.order += 1
                heapq.heappush(self.timers, (self.now + later.time, self.order, task))


async def result(task):
    if task[1].time is None:
        await task[1]
    return task[2]


class Queue:
    def __init__(self, loop, size):
        self.loop, self.size = loop, size
        self.items = deque()
        self.changed = Later()

    async def put(self, item):
        while len(self.items) >= self.size:
            await self.changed
        self.items.append(item)
        self.loop.wake(self.changed)

    async def get(self):
        while not self.items:
            await self.changed
        item = self.items.popleft()
        self.loop.wake(self.changed)
        return item


async def producer(queue, count, pause):
    for k in range(count):
        await Later(pause + k % 3)
        await queue.put(k)
    await queue.put(None)


async def consumer(queue):
    total = 0
    while (item := await queue.get()) is not None:
        total = (total * 7 + item) % 100003
    return total


async def tree(depth):
    if depth == 0:
        return 1
    return 1 + await tree(depth - 1) + await tree(depth - 1)


async def everything(loop):
    queues = [Queue(loop, size) for size in (1, 3, 8)]
    tasks = [loop.start(consumer(queue)) for queue in queues]
    for pause, queue in enumerate(queues):
        loop.start(producer(queue, 2000, pause))
    totals = [await result(task) for task in tasks]
    return totals, await tree(13)


def work():
    loop = Loop()
    task = loop.start(everything(loop))
    loop.run()
    return task[2], loop.now, loop.steps
