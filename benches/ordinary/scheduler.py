"""A simulated scheduler in the manner of Richards: tasks of different kinds that hand packets to one another."""

from collections import deque

DEVICE, WORK = "device", "work"
SIZE = 4


class Packet:
    """`sender` handed it over last."""

    def __init__(self, kind, sender):
        self.kind = kind
        self.sender = sender
        self.position = 0
        self.data = [0] * SIZE


class Task:
    def __init__(self, system, priority):
        self.system = system
        self.priority = priority
        self.inbox = deque()
        self.held = False
        system.tasks.append(self)

    def ready(self):
        return not self.held and bool(self.inbox)

    def send(self, task, packet):
        self.system.packets += 1
        packet.sender = self
        task.inbox.append(packet)

    def run(self):
        raise NotImplementedError


class Idle(Task):
    """Wakes one of two devices, by a pseudo-random number."""

    def __init__(self, system, devices, turns):
        super().__init__(system, 0)
        self.devices = devices
        self.turns = turns
        self.state = 1

    def ready(self):
        return self.turns > 0

    def run(self):
        self.turns -= 1
        if self.state & 1:
            self.state = (self.state >> 1) ^ 0xD008
            self.devices[1].held = False
        else:
            self.state >>= 1
            self.devices[0].held = False


class Worker(Task):
    """Fills packets with letters and sends them to the handlers in turn."""

    def __init__(self, system, handlers):
        super().__init__(system, 1)
        self.handlers = handlers
        self.turn = 0
        self.letter = 0

    def run(self):
        packet = self.inbox.popleft()
        self.turn ^= 1
        packet.position = 0
        for i in range(SIZE):
            self.letter = self.letter % 26 + 1
            packet.data[i] = 64 + self.letter
        self.send(self.handlers[self.turn], packet)


class Handler(Task):
    """Hands the letters of work packets to its device one by one, then returns the packet."""

    def __init__(self, system, device, priority):
        super().__init__(system, priority)
        self.device = device
        self.works = deque()
        self.devices = deque()

    def run(self):
        packet = self.inbox.popleft()
        (self.works if packet.kind is WORK else self.devices).append(packet)
        while self.works:
            job = self.works[0]
            if job.position == SIZE:
                self.works.popleft()
                self.send(self.system.worker, job)
            elif self.devices:
                letter = self.devices.popleft()
                letter.data[0] = job.data[job.position]
                job.position += 1
                self.send(self.device, letter)
            else:
                break


class Device(Task):
    """Writes a letter, waits until it is woken, and returns the packet."""

    def __init__(self, system, priority):
        super().__init__(system, priority)
        self.written = 0

    def run(self):
        packet = self.inbox.popleft()
        self.written = (self.written * 31 + packet.data[0]) & 0xFFFFFF
        self.held = True
        self.system.holds += 1
        self.send(packet.sender, packet)


class System:
    def __init__(self, turns):
        self.tasks = []
        self.packets = self.holds = 0
        devices = [Device(self, 4), Device(self, 5)]
        handlers = [Handler(self, device, 2 + i) for i, device in enumerate(devices)]
        self.worker = Worker(self, handlers)
        self.idle = Idle(self, devices, turns)
        self.devices = devices
        for handler in handlers:
            handler.inbox.extend(Packet(DEVICE, handler) for _ in range(3))
        self.worker.inbox.extend(Packet(WORK, self.worker) for _ in range(2))
        self.tasks.sort(key=lambda task: -task.priority)

    def run(self):
        running = True
        while running:
            running = False
            for task in self.tasks:
                if task.ready():
                    task.run()
                    running = True
                    break


def work():
    system = System(4000)
    system.run()
    return system.packets, system.holds, [device.written for device in system.devices]
