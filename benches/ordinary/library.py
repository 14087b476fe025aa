"""The standard library's conveniences: dataclasses, named tuples, enums, cached functions, `operator`, `functools`."""

import enum
from collections import namedtuple
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, reduce
from operator import attrgetter, itemgetter


class Kind(enum.Enum):
    SMALL = 1
    LARGE = 2


@dataclass(order=True)
class Item:
    price: int
    name: str = field(compare=False)
    kind: Kind = field(compare=False, default=Kind.SMALL)

    @property
    def label(self):
        return f"{self.name}:{self.price}"


Sale = namedtuple("Sale", "item count day")


@lru_cache(maxsize=2000)
def ways(amount, coins):
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return ways(amount - coins[0], coins) + ways(amount, coins[1:])


def discounted(share, item):
    return replace(item, price=item.price * (100 - share) // 100)


def work():
    items = [Item(k * 37 % 101, f"item{k}", Kind.LARGE if k % 3 else Kind.SMALL) for k in range(1200)]
    sales = [Sale(item, k % 7, day=k % 30) for k, item in enumerate(items * 3)]
    total = 0
    for kind in Kind:
        chosen = [sale for sale in sales if sale.item.kind is kind]
        chosen.sort(key=attrgetter("day", "count"))
        total += sum(sale.count * sale.item.price * (k + 1) for k, sale in enumerate(chosen))
    cheap = list(map(partial(discounted, 20), sorted(items)))
    total += reduce(lambda sum, item: (sum * 3 + item.price) % 10007, cheap, 1)
    total += sum(map(len, (item.label for item in cheap)))
    best = max(((sale.day, sale.count) for sale in sales), key=itemgetter(1))
    ways.cache_clear()
    for amount in range(0, 1200, 10):
        total += ways(amount, (200, 100, 50, 20, 10, 5, 2))
    return total, best
