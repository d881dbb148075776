"""How long the graph of a snapshot takes to draw, and how many edges cross beside Graphviz dot's drawing.

    python -m tests.bench layout

Crossings are counted alike for both: points where drawn strokes without a common end cross. Ours lets edges
of one source share a stroke, which is then one stroke to the eye.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from itertools import pairwise
from typing import TypeAlias

from tests.bench.rows import Row, median_ms
from vitrine.runs.dag import Dag, StepInput, StepNode, StepOutput, draw_dag

BARS_MS = {20: None, 200: None, 1000: 150, 5000: 800}
Segment: TypeAlias = tuple[float, float, float, float]
Lines: TypeAlias = dict[tuple[str, str], list[tuple[float, float]]]


def make_sweep(nodes: int) -> list[StepNode]:
    """A pipeline as they are: loading, features, sweeps of training and evaluating, a choice; about `nodes` nodes."""
    rng = random.Random(nodes)
    steps = [
        StepNode("load", "load", [], [StepOutput("raw", "raw")]),
        StepNode("split", "split", [], [StepOutput("train", "train_df"), StepOutput("test", "test_df")]),
    ]
    steps[1].inputs = [StepInput("raw", "load", "raw")]
    size, stage, last = 5, 0, ("split", "train")
    while size < nodes:
        stage += 1
        width = min(rng.randint(2, max(3, min(60, nodes // 12))), (nodes - size) // 4 + 1)
        scores = []
        for at in range(width):
            train, judge = f"train_{stage}_{at}", f"judge_{stage}_{at}"
            steps.append(
                StepNode(train, train, [], [StepOutput("model", f"model_{at}")], [StepInput("x", *last)])
            )
            inputs = [StepInput("model", train, "model"), StepInput("test", "split", "test")]
            steps.append(StepNode(judge, judge, [], [StepOutput("score", f"score_{at}")], inputs))
            scores.append(StepInput(f"score_{at}", judge, "score"))
        if stage > 1 and rng.random() < 0.5:
            scores.append(StepInput("raw", "load", "raw"))
        choose = f"choose_{stage}"
        steps.append(StepNode(choose, choose, [], [StepOutput("best", f"best_{stage}")], scores))
        last = (choose, "best")
        size += 4 * width + 2
    return steps


def make_random(nodes: int) -> list[StepNode]:
    """Steps that each read up to three outputs of the thirty before them: many crossings cannot be avoided."""
    rng = random.Random(nodes)
    steps: list[StepNode] = []
    for at in range(nodes // 2):
        count = min(at, rng.choice((1, 1, 1, 2, 2, 3)))
        sources = rng.sample(range(max(0, at - 30), at), min(count, at)) if at else []
        inputs = [StepInput(f"in_{one}", f"step{one}x", "output") for one in sources]
        key = f"step{at}x"
        steps.append(StepNode(key, key, [], [StepOutput("output", f"out{at}")], inputs))
    return steps


def measure() -> list[Row]:
    """Milliseconds of a drawing without collapse; crossings beside dot's where dot is installed."""
    rows: list[Row] = []
    for nodes, bar in BARS_MS.items():
        steps = make_sweep(nodes)
        took = median_ms(lambda steps=steps: draw_dag(steps, collapse="none"), times=7)  # type: ignore[misc]
        rows.append(Row(f"graph layout, {nodes:,} nodes", took, "ms", bar))
    if shutil.which("dot"):
        for name, steps in (("sweep", make_sweep(200)), ("random", make_random(200))):
            dag = draw_dag(steps, collapse="none")
            theirs = count_crossings(trace_dot(dag))
            rows.append(
                Row(
                    f"graph layout, crossings, {name}, {len(dag.nodes)} nodes",
                    count_crossings(trace(dag)),
                    "crossings",
                    1.1 * theirs,
                    reference=theirs,
                    reference_name="dot",
                )
            )
    return rows


def trace(dag: Dag) -> Lines:
    """The line of each edge as the island draws it, its curves straightened."""
    node = {one.id: one for one in dag.nodes}
    lines: Lines = {}
    for edge in dag.edges:
        a, b = node[edge.source], node[edge.target]
        lines[edge.source, edge.target] = [
            (a.x, a.y + a.height / 2),
            *edge.bends,
            (b.x, b.y - b.height / 2),
        ]
    return lines


def trace_dot(dag: Dag) -> Lines:
    """The same graph drawn by dot; its curves as eight pieces each."""
    name = {one.id: f"n{at}" for at, one in enumerate(dag.nodes)}
    back = {value: key for key, value in name.items()}
    text = ["digraph { nodesep=0.33 ranksep=0.5 node [shape=box fixedsize=true]"]
    nodes, edges = (
        sorted(dag.nodes, key=lambda n: n.id),
        sorted(dag.edges, key=lambda e: (e.source, e.target)),
    )
    text += [f"{name[n.id]} [width={n.width / 72} height={n.height / 72}]" for n in nodes]
    text += [f"{name[e.source]} -> {name[e.target]} [arrowhead=none]" for e in edges] + ["}"]
    answer = subprocess.run(
        ["dot", "-Tplain"], input="\n".join(text), capture_output=True, text=True, check=True
    )
    lines: Lines = {}
    for line in answer.stdout.splitlines():
        if not line.startswith("edge"):
            continue
        _, source, target, count, *rest = line.split()
        values = [float(one) for one in rest[: 2 * int(count)]]
        points = list(zip(values[::2], values[1::2], strict=True))
        flat = [points[0]]
        for at in range(0, len(points) - 3, 3):
            flat += [_bezier(points[at : at + 4], step / 8) for step in range(1, 9)]
        lines[back[source], back[target]] = flat
    return lines


def _bezier(p: list[tuple[float, float]], t: float) -> tuple[float, float]:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return sum(w * q[0] for w, q in zip(weights, p, strict=True)), sum(
        w * q[1] for w, q in zip(weights, p, strict=True)
    )


def count_crossings(lines: Lines) -> int:
    """Points where drawn strokes cross. A stroke that edges of one source share is one stroke."""
    ends: dict[Segment, set[str]] = {}
    for edge, line in lines.items():
        for a, b in pairwise(line):
            stroke = (*a, *b) if a[1] <= b[1] else (*b, *a)
            ends[stroke] = ends[stroke] & set(edge) if stroke in ends else set(edge)
    total = 0
    open_: list[Segment] = []
    for stroke in sorted(ends, key=lambda one: one[1]):
        open_ = [other for other in open_ if other[3] > stroke[1]]
        total += sum(_meet(stroke, other) and not ends[stroke] & ends[other] for other in open_)
        open_.append(stroke)
    return total


def _meet(s: Segment, t: Segment) -> bool:
    ax, ay, bx, by = s
    cx, cy, dx, dy = t
    if max(ax, bx) <= min(cx, dx) or max(cx, dx) <= min(ax, bx):
        return False

    def side(px: float, py: float, qx: float, qy: float, rx: float, ry: float) -> float:
        return (qx - px) * (ry - py) - (qy - py) * (rx - px)

    return (
        side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy) < 0
        and side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by) < 0
    )
