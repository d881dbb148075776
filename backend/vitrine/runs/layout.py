"""Layered drawing of an acyclic graph, top to bottom (Sugiyama's method), in integers and flat lists.

`ordering` gives each node its row and its place in it; here come x, by isotonic regression towards the neighbours'
median, and y, by row. An edge that passes rows goes through points there; the edges of one source share
them, so that a fan-out is one trunk that branches and not a sheaf. Everything depends on the order of the input
alone: the same graph is drawn the same way every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitrine.runs.ordering import HUGE, LARGE, Edge, find_middle, order_rows

GAP_X = 24
GAP_Y = 36
WIDE_GAP_Y = 96  # between rows whose edges travel far sideways: flat lines cannot be followed
TRUNK_HALF_WIDTH = 8  # the room an edge keeps for itself among nodes
CHAIN_PULL = 3.0  # what goes on straight does so before a node is centred
COORDINATE_PASSES = 9  # odd: the last one goes down, so that an artifact hangs straight below its step


@dataclass(frozen=True, slots=True)
class Drawing:
    """Centres of the nodes, and for each edge the points between its ends; origin top left, pixels."""

    x: list[int]
    y: list[int]
    bends: list[list[tuple[float, float]]]


def draw(rows: Sequence[int], sizes: Sequence[tuple[int, int]], edges: Sequence[Edge]) -> Drawing:
    """Places nodes in the rows given; every edge must lead to a greater row. `sizes` are (width, height).

    Unconnected parts are drawn one by one and set side by side, then in further lines, like words.
    """
    count = len(rows)
    x, y = [0] * count, [0] * count
    bends: list[list[tuple[float, float]]] = [[] for _ in edges]
    pieces = []
    for nodes, inner in _parts(count, edges):
        part = _Part([rows[n] for n in nodes], [sizes[n] for n in nodes], inner, nodes, edges)
        pieces.append((nodes, inner, part))
    places = _set_like_words([(part.width, part.height) for _, _, part in pieces])
    for (left, top), (nodes, inner, part) in zip(places, pieces, strict=True):
        for at, node in enumerate(nodes):
            x[node], y[node] = left + round(part.x[at]), top + round(part.y[at])
        for edge in inner:
            bends[edge] = [(left + round(px), top + round(py)) for px, py in part.route(edges[edge])]
    return Drawing(x, y, bends)


def _parts(count: int, edges: Sequence[Edge]) -> list[tuple[list[int], list[int]]]:
    """Nodes and edges (by index) of each connected part, in the order of their first nodes."""
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    owner = [-1] * count
    parts: list[tuple[list[int], list[int]]] = []
    for start in range(count):
        if owner[start] >= 0:
            continue
        owner[start] = len(parts)
        found = [start]
        for node in found:
            for other in near[node]:
                if owner[other] < 0:
                    owner[other] = len(parts)
                    found.append(other)
        parts.append((sorted(found), []))
    for at, (a, _) in enumerate(edges):
        parts[owner[a]][1].append(at)
    return parts


def _set_like_words(boxes: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Top left corners of boxes set in lines, about 1.6 times as wide as high together."""
    area = sum((w + GAP_X) * (h + GAP_Y) for w, h in boxes)
    limit = max(max((w for w, _ in boxes), default=0.0), (1.6 * area) ** 0.5 * 1.1)
    left = top = tallest = 0.0
    corners = []
    for w, h in boxes:
        if left and left + w > limit:
            left, top, tallest = 0.0, top + tallest + GAP_Y, 0.0
        corners.append((round(left), round(top)))
        left, tallest = left + w + GAP_X, max(tallest, h)
    return corners


class _Part:
    """One connected part. Nodes are renumbered from 0; the points of trunks follow them."""

    def __init__(
        self,
        rows: list[int],
        sizes: list[tuple[int, int]],
        inner: list[int],
        nodes: list[int],
        edges: Sequence[Edge],
    ) -> None:
        self.number = {node: at for at, node in enumerate(nodes)}
        used = {row: at for at, row in enumerate(sorted(set(rows)))}  # rows without a node would be blank
        self.row = [used[row] for row in rows]
        self.sizes = sizes
        self.half = [w / 2 + GAP_X / 2 for w, _ in sizes]
        self.up: list[list[int]] = [[] for _ in rows]
        self.down: list[list[int]] = [[] for _ in rows]
        self.trunk: dict[Edge, int] = {}  # (source, row) → the point there
        for a, b in sorted((self.number[edges[e][0]], self.number[edges[e][1]]) for e in inner):
            self._lead(a, b)
        self.below = self._below()
        self.lines = order_rows(self.row, self.up, self.down, self.below)
        self.at = {node: place for line in self.lines for place, node in enumerate(line)}
        self.x = self._abscissas()
        self._straighten()
        left = min(x - half for x, half in zip(self.x, self.half, strict=True)) + GAP_X / 2
        self.x = [x - left for x in self.x]
        self.width = max(x + half for x, half in zip(self.x, self.half, strict=True)) - GAP_X / 2
        self._ordinates()

    def _lead(self, a: int, b: int) -> None:
        """Adds the edge, through the trunk of its source where it passes rows."""
        last = a
        for row in range(self.row[a] + 1, self.row[b]):
            point = self.trunk.get((a, row))
            if point is None:
                point = self.trunk[a, row] = len(self.row)
                self.row.append(row)
                self.half.append(TRUNK_HALF_WIDTH)
                self.up.append([last])
                self.down.append([])
                self.down[last].append(point)
            last = point
        self.down[last].append(b)
        self.up[b].append(last)

    def _below(self) -> list[list[int]]:
        """The neighbours below that a node turns towards.

        In a large part a trunk that goes on does not turn towards those it feeds on the way: more crossings, but
        it stays straight, and its edges need 2 points and not 70.
        """
        if len(self.row) < LARGE:
            return self.down
        first = len(self.sizes)
        return [
            ([n for n in near if n >= first] or near) if node >= first else near
            for node, near in enumerate(self.down)
        ]

    def _abscissas(self) -> list[float]:
        """x of all: rows keep their order and distances and come as near as they can to their neighbours' medians.

        Each row is a least-squares problem under x[i+1] - x[i] >= distance: after subtracting the distances,
        isotonic regression, solved by pooling adjacent violators.
        """
        x = [0.0] * len(self.row)
        offsets = []
        for line in self.lines:
            offset, run = 0.0, []
            for place, node in enumerate(line):
                offset += (self.half[line[place - 1]] + self.half[node]) if place else 0.0
                run.append(offset)
            offsets.append(run)
            for node, off in zip(line, run, strict=True):
                x[node] = off - offset / 2
        order = list(range(len(self.lines)))
        pulls = self._pulls(self.up, self.down), self._pulls(self.below, self.up)
        for turn in range(COORDINATE_PASSES if len(self.row) < HUGE else 3):
            near = self.below if turn % 2 else self.up
            for row in reversed(order) if turn % 2 else order:
                self._settle(self.lines[row], offsets[row], (near, pulls[turn % 2]), x)
        return x

    def _pulls(self, near: list[list[int]], back: list[list[int]]) -> list[float]:
        """How much each node wants to stand at its neighbours: most if it is a trunk, or they only have each other."""
        first = len(self.sizes)
        return [
            0.01
            if not around
            else CHAIN_PULL
            if len(around) == 1 and (node >= first or len(back[around[0]]) == 1)
            else 1.0
            for node, around in enumerate(near)
        ]

    def _settle(
        self, line: list[int], offsets: list[float], pull: tuple[list[list[int]], list[float]], x: list[float]
    ) -> None:
        near, pulls = pull
        wishes: list[float] = []
        weights: list[float] = []
        sizes: list[int] = []
        for node, offset in zip(line, offsets, strict=True):
            around, weight = near[node], pulls[node]
            if len(around) == 1:
                wish = x[around[0]] - offset
            else:
                wish = (find_middle([x[n] for n in around]) if around else x[node]) - offset
            size = 1
            while wishes and wishes[-1] > wish:
                other = weights.pop()
                wish = (wish * weight + wishes.pop() * other) / (weight + other)
                weight += other
                size += sizes.pop()
            wishes.append(wish)
            weights.append(weight)
            sizes.append(size)
        place = 0
        for wish, size in zip(wishes, sizes, strict=True):
            for at in range(place, place + size):
                x[line[at]] = wish + offsets[at]
            place += size

    def _straighten(self) -> None:
        """Makes trunks vertical over as many rows as there is room for."""
        trunks: dict[int, list[int]] = {}
        for (source, _), point in self.trunk.items():
            trunks.setdefault(source, []).append(point)
        for points in trunks.values():
            run: list[int] = []
            low, high = -1e18, 1e18
            for point in points:
                left, right = self._room(point)
                if run and max(low, left) > min(high, right):
                    self._align(run, low, high)
                    run, low, high = [], -1e18, 1e18
                run.append(point)
                low, high = max(low, left), min(high, right)
            self._align(run, low, high)

    def _room(self, point: int) -> tuple[float, float]:
        line, place = self.lines[self.row[point]], self.at[point]
        low, high = -1e18, 1e18
        if place:
            other = line[place - 1]
            low = self.x[other] + self.half[other] + self.half[point]
        if place + 1 < len(line):
            other = line[place + 1]
            high = self.x[other] - self.half[other] - self.half[point]
        return low, high

    def _align(self, run: list[int], low: float, high: float) -> None:
        x = min(max(find_middle([self.x[point] for point in run]), low), high)
        for point in run:
            self.x[point] = x

    def _ordinates(self) -> None:
        """y of the rows: as high as their tallest node, a gap between them."""
        tall = [0] * len(self.lines)
        reach = [0.0] * len(self.lines)
        for node, row in enumerate(self.row):
            if node < len(self.sizes):
                tall[row] = max(tall[row], self.sizes[node][1])
            for other in self.down[node]:
                reach[row] = max(reach[row], abs(self.x[other] - self.x[node]))
        self.top, self.bottom = [], []
        y = 0.0
        for row, height in enumerate(tall):
            self.top.append(y)
            self.bottom.append(y + height)
            y += height + min(WIDE_GAP_Y, GAP_Y + max(0.0, reach[row] - 400) * 0.03)
        self.height = self.bottom[-1]
        self.y = [(self.top[row] + self.bottom[row]) / 2 for row in self.row]

    def route(self, edge: Edge) -> list[tuple[float, float]]:
        """The points of an edge: where it enters and leaves each vertical stretch of its trunk."""
        a, b = self.number[edge[0]], self.number[edge[1]]
        points: list[tuple[float, float]] = []
        for row in range(self.row[a] + 1, self.row[b]):
            x = self.x[self.trunk[a, row]]
            if points and points[-1][0] == x:
                points[-1] = (x, self.bottom[row])
            else:
                points += [(x, self.top[row]), (x, self.bottom[row])]
        return points
