"""The first two steps of a layered drawing: which row a node belongs to, and its place in the row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeAlias

Edge: TypeAlias = tuple[int, int]
Near: TypeAlias = Sequence[Sequence[int]]

RANK_PASSES, RANK_EFFORT = 4, 20_000
# Nodes and points of a part: the fewer, the more time there is for avoiding crossings.
SMALL, LARGE, HUGE = 800, 3_000, 20_000


def rank(count: int, edges: Sequence[Edge]) -> list[int]:
    """The level of each node, 0 at the top: below all it depends on, and near what it feeds.

    Longest path first; then nodes sink, each with all that must sink with it, while that shortens the edges.
    """
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        below[a].append(b)
        above[b].append(a)
    level = [0] * count
    waiting = [len(parents) for parents in above]
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:  # grows while it is walked
        for child in below[node]:
            level[child] = max(level[child], level[node] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    patience = max(1, RANK_EFFORT // (count + 1))
    for _ in range(RANK_PASSES):
        moves = [_sink(node, level, above, below, patience) for node in reversed(ready) if below[node]]
        if not any(moves):
            break
    return level


def _sink(node: int, level: list[int], above: list[list[int]], below: list[list[int]], patience: int) -> bool:
    """Lowers the node, and those pushed by it, as far as the next obstacle, if edges get shorter in sum."""
    pushed, seen = [node], {node}
    room = 1 << 30
    for one in pushed:  # grows while it is walked
        for child in below[one]:
            if child not in seen and level[child] == level[one] + 1:
                seen.add(child)
                pushed.append(child)
                if len(pushed) > patience:
                    return False
    shorter = 0
    for one in pushed:
        for child in below[one]:
            if child not in seen:
                shorter += 1
                room = min(room, level[child] - level[one] - 1)
        shorter -= sum(parent not in seen for parent in above[one])
    if shorter <= 0 or room == 1 << 30:
        return False
    for one in pushed:
        level[one] += room
    return True


def order_rows(row: Sequence[int], up: Near, down: Near, below: Near) -> list[list[int]]:
    """The nodes of each row from left to right, so that few edges cross: the best of a few starts and sweeps.

    `up` and `down` are the neighbours in the next rows; `below` those of `down` that a node shall turn towards.
    """
    size = len(row)
    sweeps = 24 if size < SMALL else 12 if size < LARGE else 6 if size < HUGE else 2
    best, fewest = _Order(row, up, down, below), -1
    for start in range(4 if size < SMALL / 4 else 2 if size < LARGE else 1):
        order = _Order(row, up, down, below)
        order.walk(start)
        crossings = order.sweep(sweeps, find_middle if start < 2 else _mean)
        if fewest < 0 or crossings < fewest:
            best, fewest = order, crossings
        if not fewest:
            break
    if SMALL <= size < LARGE and fewest:
        best.exchange(patience=False)
    return best.lines


class _Order:
    """An order of the rows and what improves it: `lines` are the rows, `at` the place of each node in its row."""

    def __init__(self, row: Sequence[int], up: Near, down: Near, below: Near) -> None:
        self.row, self.up, self.down, self.below = row, up, down, below
        self.take([[] for _ in range(max(row) + 1)])

    def take(self, lines: list[list[int]]) -> None:
        self.lines = lines
        self.at = [0] * len(self.row)
        for line in lines:
            for place, node in enumerate(line):
                self.at[node] = place

    def walk(self, start: int) -> None:
        """A first order: depth first, so that what hangs together stands together. Starts 0 to 3 differ."""
        follow, against = (self.up, self.down) if start % 2 else (self.down, self.up)
        stack = [node for node in range(len(self.row) - 1, -1, -1) if not against[node]]
        seen = [False] * len(self.row)
        lines: list[list[int]] = [[] for _ in self.lines]
        while stack:
            node = stack.pop()
            if not seen[node]:
                seen[node] = True
                lines[self.row[node]].append(node)
                stack += follow[node] if start > 1 else reversed(follow[node])
        self.take(lines)

    def sweep(self, sweeps: int, middle: Callable[[list[float]], float]) -> int:
        """Sets each row by the middle of its neighbours' places, down and up in turn. The best stays: its crossings."""
        at = self.at
        best, fewest, stale = [line[:] for line in self.lines], self.count_crossings(), 0
        for sweep in range(sweeps):
            near = self.up if sweep % 2 == 0 else self.below
            for line in self.lines if sweep % 2 == 0 else reversed(self.lines):
                if len(line) < 2:
                    continue
                key: dict[int, float] = {}
                for node in line:
                    around = near[node]
                    if len(around) == 1:
                        key[node] = at[around[0]]
                    else:
                        key[node] = middle([at[n] for n in around]) if around else at[node]
                line.sort(key=key.__getitem__)
                for place, node in enumerate(line):
                    at[node] = place
            if len(self.row) < SMALL:
                self.exchange(patience=sweep % 4 < 2)
            elif sweep % 2 == 0:
                continue  # counting costs more than a sweep
            crossings = self.count_crossings()
            stale = 0 if crossings < fewest else stale + 1
            if crossings < fewest:
                best, fewest = [line[:] for line in self.lines], crossings
            if not fewest or stale >= (6 if len(self.row) < SMALL else 2):
                break
        self.take(best)
        return fewest

    def count_crossings(self) -> int:
        """How many pairs of edges between neighbouring rows cross: inversions of the places below."""
        at, down, total = self.at, self.down, 0
        for line in self.lines[:-1]:
            seen: list[int] = []
            for node in line:
                for place in sorted([at[n] for n in down[node]]):
                    where = bisect_right(seen, place)
                    total += len(seen) - where
                    seen.insert(where, place)
        return total

    def exchange(self, *, patience: bool) -> None:
        """Swaps neighbours as long as that removes crossings; with patience once also where it changes nothing."""
        for turn in range(8):
            improved = False
            for line in self.lines:
                if len(line) > 1:
                    improved |= self._exchange_in(line, 0 if patience and not turn else 1)
            if not improved:
                return

    def _exchange_in(self, line: list[int], least: int) -> bool:
        at, improved = self.at, False
        ups = [sorted([at[n] for n in self.up[node]]) for node in line]
        downs = [sorted([at[n] for n in self.down[node]]) for node in line]
        for left in range(len(line) - 1):
            right = left + 1
            gain = _gain(ups[left], ups[right]) + _gain(downs[left], downs[right])
            if gain >= least:
                line[left], line[right] = line[right], line[left]
                ups[left], ups[right] = ups[right], ups[left]
                downs[left], downs[right] = downs[right], downs[left]
                improved |= gain > 0
        if improved or not least:
            for place, node in enumerate(line):
                at[node] = place
        return improved


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def find_middle(values: list[float]) -> float:
    """The middle; between two, nearer to where the others are dense (Gansner et al. 1993, §3)."""
    if len(values) == 1:
        return values[0]
    values.sort()
    half = len(values) // 2
    if len(values) % 2:
        return values[half]
    left, right = values[half - 1] - values[0], values[-1] - values[half]
    if left + right == 0:
        return (values[half - 1] + values[half]) / 2
    return (values[half - 1] * right + values[half] * left) / (left + right)


def _gain(left: list[int], right: list[int]) -> int:
    """How many crossings fewer two neighbours have once swapped; both lists of places are sorted."""
    if not left or not right:
        return 0
    if left[-1] < right[0]:
        return -len(left) * len(right)
    if left[0] > right[-1]:
        return len(left) * len(right)
    return _inversions(left, right) - _inversions(right, left)


def _inversions(left: list[int], right: list[int]) -> int:
    """Pairs with a place of `left` beyond one of `right`; both are sorted."""
    total = at = 0
    for place in left:
        while at < len(right) and right[at] < place:
            at += 1
        total += at
    return total
