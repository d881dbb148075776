"""The graph of a snapshot, drawn: steps and artifacts with their places, fan-outs as single nodes if wanted.

`draw_dag` needs nothing but the steps, so its answer belongs to the snapshot and is the same for all its runs.
`read_steps` takes them from a stored spec, `list_fan_outs` says which steps a `group:` node stands for.

Ids of nodes: `step:<key>`, `artifact:<step key>:<output>`, `artifact:external:<id>`, and for a collapsed fan-out
`group:<id>` with `artifact:group:<id>:<output>` for what its steps write under one name.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from vitrine.errors import Invalid
from vitrine.runs.layout import draw
from vitrine.runs.ordering import rank

AUTO_COLLAPSE_ABOVE = 300  # nodes: beyond, no drawing is readable
STEP_HEIGHT, GROUP_HEIGHT, PILL_HEIGHT = 44, 52, 26
STEP_WIDTHS, PILL_WIDTHS = (150, 260), (90, 200)

Collapse: TypeAlias = Literal["none", "auto"] | Collection[str]


class StepInput(Struct):
    """An input, and the output of another step that it reads."""

    name: str
    step: str
    output: str


class StepOutput(Struct):
    name: str
    artifact: str
    data_type: str | None = None


class ExternalInput(Struct):
    """An artifact version that was there before the run."""

    id: str
    artifact: str
    data_type: str | None = None


class StepNode(Struct):
    """A step of a spec; `name` is its function's. A parent without an input between them only says the order."""

    key: str
    name: str
    parents: list[str] = []
    outputs: list[StepOutput] = []
    inputs: list[StepInput] = []
    group: str | None = None
    externals: list[ExternalInput] = []


class DagNode(Struct):
    """`x` and `y` are the centre; `group` names the fan-out that the node belongs to, drawn or collapsed."""

    id: str
    kind: Literal["step", "artifact"]
    name: str
    group: str | None
    x: int
    y: int
    width: int
    height: int
    data_type: str | None = None


class DagEdge(Struct):
    """From the bottom of `source` through `bends` to the top of `target`."""

    source: str
    target: str
    bends: list[tuple[float, float]]


class DagGroup(Struct):
    id: str
    name: str
    size: int


class Dag(Struct):
    """Nodes in reading order. All fan-outs are listed in `groups`, collapsed or not."""

    nodes: list[DagNode]
    edges: list[DagEdge]
    groups: list[DagGroup]


class FanOut(NamedTuple):
    """Steps that one node can stand for: of one group, or calls of one function."""

    id: str
    name: str
    keys: list[str]


class _Spec(Struct):
    steps: list[StepNode]


class HasKey(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def parents(self) -> list[str]: ...
    @property
    def inputs(self) -> Sequence[Any]: ...


def read_steps(spec: bytes | msgspec.Raw) -> list[StepNode]:
    """The steps of a snapshot's stored spec (the body of its event)."""
    return msgspec.json.decode(spec, type=_Spec).steps


def read_collapse(text: str) -> Collapse:
    """What `?collapse=` asks for: none, auto, or ids of groups between commas."""
    if text in ("none", "auto"):
        return "none" if text == "none" else "auto"
    return frozenset(part for part in text.split(",") if part)


def find_cycle(steps: Iterable[HasKey]) -> list[str] | None:
    """The keys of a cycle in the order of its edges, from the smallest; None if there is none.

    Edges are the parents and the inputs. Names of unknown steps are passed over.
    """
    above = _above(steps)
    stuck = _peel(above)[1]
    if not stuck:
        return None
    path: dict[str, None] = {}  # every stuck step has a stuck parent: going up ends in a step seen before
    key = min(stuck)
    while key not in path:
        path[key] = None
        key = next(parent for parent in above[key] if parent in stuck)
    upward = list(path)[list(path).index(key) :]
    start = upward.index(min(upward))
    return [upward[start], *reversed(upward[start + 1 :]), *reversed(upward[:start])]


def refuse_cycle(steps: Iterable[HasKey]) -> None:
    """Raises: Invalid, naming the cycle."""
    if cycle := find_cycle(steps):
        shown = (
            [*cycle, cycle[0]]
            if len(cycle) < 20
            else [*cycle[:10], f"… {len(cycle) - 11} more …", cycle[-1], cycle[0]]
        )
        raise Invalid(
            f"The steps wait for each other in a circle: {' → '.join(shown)}. Remove one of these edges.",
            cycle=cycle,
        )


def list_fan_outs(steps: Sequence[StepNode]) -> list[FanOut]:
    """The fan-outs of at least two steps. All of them can be collapsed at once without making a cycle.

    Where a whole group would (a → b → a_2), its steps of one depth make a fan-out each: `a`, `a@2`.
    """
    above = _above(steps)
    family = {step.key: _family(step) for step in steps}
    depth, _ = _peel(above)
    tangled = _find_tangled(above, family)
    parts: dict[tuple[str, int], list[str]] = {}
    for key in sorted(above, key=_natural):
        name = family[key]
        parts.setdefault((name, depth[key] if name in tangled else 0), []).append(key)
    fan_outs: dict[str, FanOut] = {}
    for (name, _), keys in sorted(parts.items(), key=lambda one: (_natural(one[0][0]), one[0][1])):
        if len(keys) > 1:
            id_, nth = name.replace(",", ";"), 2
            while id_ in fan_outs:
                id_, nth = f"{name.replace(',', ';')}@{nth}", nth + 1
            fan_outs[id_] = FanOut(id_, name, keys)
    return list(fan_outs.values())


def draw_dag(steps: Sequence[StepNode], *, collapse: Collapse = "auto") -> Dag:
    """The drawn graph, the same for any order of `steps`. Unknown ids in `collapse` are passed over.

    Raises: Invalid, naming the cycle, if the steps form one.
    """
    refuse_cycle(steps)
    fan_outs = list_fan_outs(steps)
    if collapse == "auto":
        size = len(steps) + sum(len(step.outputs) for step in steps)
        collapse = {one.id for one in fan_outs} if size > AUTO_COLLAPSE_ABOVE else ()
    elif collapse == "none":
        collapse = ()
    sketch = _Sketch(steps, fan_outs, frozenset(collapse))
    nodes = list(sketch.nodes.values())
    number = {node.id: at for at, node in enumerate(nodes)}
    pairs = sorted((number[a], number[b]) for a, b in sketch.edges())
    drawing = draw(sketch.rows(), [(node.width, node.height) for node in nodes], pairs)
    for node, x, y in zip(nodes, drawing.x, drawing.y, strict=True):
        node.x, node.y = x, y
    edges = [DagEdge(nodes[a].id, nodes[b].id, way) for (a, b), way in zip(pairs, drawing.bends, strict=True)]
    nodes.sort(key=lambda node: (node.y, node.x))
    return Dag(nodes, edges, [DagGroup(one.id, one.name, len(one.keys)) for one in fan_outs])


class _Sketch:
    """Nodes without places and what joins them, fan-outs collapsed."""

    def __init__(self, steps: Sequence[StepNode], fan_outs: list[FanOut], collapsed: frozenset[str]) -> None:
        self.fan_out = {key: one for one in fan_outs for key in one.keys}
        self.collapsed = collapsed
        self.nodes: dict[str, DagNode] = {}
        self.maker: dict[str, str] = {}  # artifact → step
        self.reads: set[tuple[str, str]] = set()  # artifact, step
        self.orders: set[tuple[str, str]] = set()  # step, step
        steps = sorted(steps, key=lambda step: _natural(step.key))
        self.known = {step.key for step in steps}
        for step in steps:
            self._add_step(step)
        for step in steps:
            self._add_inputs(step)
        self._drop_what_stays_inside()

    def _id(self, key: str) -> str:
        one = self.fan_out.get(key)
        return f"group:{one.id}" if one and one.id in self.collapsed else f"step:{key}"

    def _artifact_id(self, key: str, output: str) -> str:
        return f"artifact:{self._id(key).removeprefix('step:')}:{output}"

    def _add_step(self, step: StepNode) -> None:
        one, here = self.fan_out.get(step.key), self._id(step.key)
        group = one.id if one else None
        if one and here.startswith("group:"):
            width = _step_width(f"{one.name} × {len(one.keys)}")
            self.nodes.setdefault(here, DagNode(here, "step", one.name, group, 0, 0, width, GROUP_HEIGHT))
        else:
            self.nodes[here] = DagNode(
                here, "step", step.key, group, 0, 0, _step_width(step.key), STEP_HEIGHT
            )
        for output in step.outputs:
            artifact = self._artifact_id(step.key, output.name)
            self.maker[artifact] = here
            pill = self._add_pill(artifact, output.artifact, output.data_type)
            pill.group = group
            if pill.name != output.artifact:  # several artifacts in one pill: named by the output
                pill.name, pill.width = output.name, _pill_width(output.name)
            if pill.data_type != (output.data_type or None):
                pill.data_type = None

    def _add_pill(self, artifact: str, name: str, data_type: str | None) -> DagNode:
        width = _pill_width(name)
        pill = DagNode(artifact, "artifact", name, None, 0, 0, width, PILL_HEIGHT, data_type or None)
        return self.nodes.setdefault(artifact, pill)

    def _add_inputs(self, step: StepNode) -> None:
        here = self._id(step.key)
        for one in step.inputs:
            artifact = self._artifact_id(one.step, one.output)
            if artifact in self.maker:
                self.reads.add((artifact, here))
        for parent in {*step.parents, *(one.step for one in step.inputs)} & self.known:
            self.orders.add((self._id(parent), here))
        for external in sorted(step.externals, key=lambda one: one.id):
            artifact = f"artifact:external:{external.id}"
            self._add_pill(artifact, external.artifact, external.data_type)
            self.reads.add((artifact, here))

    def _drop_what_stays_inside(self) -> None:
        """Forgets edges within a collapsed fan-out, and the artifacts that nothing outside reads."""
        inner = {artifact for artifact, reader in self.reads if self.maker.get(artifact) == reader}
        self.reads = {
            (artifact, reader) for artifact, reader in self.reads if self.maker.get(artifact) != reader
        }
        for artifact in inner - {artifact for artifact, _ in self.reads}:
            del self.nodes[artifact], self.maker[artifact]
        self.orders = {(a, b) for a, b in self.orders if a != b}

    def edges(self) -> set[tuple[str, str]]:
        """Step to artifact to step; from step to step only where no artifact goes the same way."""
        fed = {(self.maker[artifact], reader) for artifact, reader in self.reads if artifact in self.maker}
        made = {(maker, artifact) for artifact, maker in self.maker.items()}
        return made | self.reads | (self.orders - fed)

    def rows(self) -> list[int]:
        """The row of each node: steps in even ones, artifacts right below their maker or above their reader."""
        steps = [node.id for node in self.nodes.values() if node.kind == "step"]
        number = {step: at for at, step in enumerate(steps)}
        ways = [(self.maker[a], reader) for a, reader in self.reads if a in self.maker]
        ways += self.orders - set(ways)
        levels = rank(len(steps), sorted((number[a], number[b]) for a, b in ways))
        row = {step: 2 * level for step, level in zip(steps, levels, strict=True)}
        row |= {artifact: row[maker] + 1 for artifact, maker in self.maker.items()}
        for artifact, reader in self.reads:
            if artifact not in self.maker:
                row[artifact] = min(row.get(artifact, row[reader]), row[reader] - 1)
        return [row[node] for node in self.nodes]


def _natural(text: str) -> list[tuple[int, str]]:
    """Sorts `trial_2` before `trial_10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", text)]


def _step_width(text: str) -> int:
    """Room for an icon and the name, half-bold in 13 px: about 7.4 px a character."""
    return round(min(max(56 + 7.4 * len(text), STEP_WIDTHS[0]), STEP_WIDTHS[1]))


def _pill_width(text: str) -> int:
    """Room for an icon, the name in 12 px and the number of a version."""
    return round(min(max(62 + 6.3 * len(text), PILL_WIDTHS[0]), PILL_WIDTHS[1]))


def _family(step: StepNode) -> str:
    """What repeated steps share: the group given, or the function's name; `_2` is cut where only keys are known."""
    if step.group:
        return step.group
    return step.name if step.name != step.key else re.sub(r"_\d+$", "", step.key) or step.key


def _above(steps: Iterable[HasKey]) -> dict[str, list[str]]:
    """The known steps that each step waits for, sorted."""
    named = {step.key: {*step.parents, *(one.step for one in step.inputs)} for step in steps}
    return {key: sorted(parent for parent in parents if parent in named) for key, parents in named.items()}


def _peel(above: dict[str, list[str]]) -> tuple[dict[str, int], set[str]]:
    """Depth of each step that does not depend on a cycle, and the steps that do."""
    below: dict[str, list[str]] = {key: [] for key in above}
    for key, parents in above.items():
        for parent in parents:
            below[parent].append(key)
    waiting = {key: len(parents) for key, parents in above.items()}
    depth = {key: 0 for key, parents in above.items() if not parents}
    free = list(depth)
    for key in free:  # grows while it is walked
        for child in below[key]:
            waiting[child] -= 1
            depth[child] = max(depth.get(child, 0), depth[key] + 1)
            if not waiting[child]:
                free.append(child)
    stuck = {key for key, left in waiting.items() if left}
    return depth, stuck


def _find_tangled(above: dict[str, list[str]], family: dict[str, str]) -> set[str]:
    """Families that would be on a cycle, or between two, if all were collapsed."""
    merged: dict[str, set[str]] = {}
    for key, parents in above.items():
        here = merged.setdefault(family[key], set())
        here.update(family[parent] for parent in parents)
        here.discard(family[key])
    stuck = _peel({name: sorted(parents) for name, parents in merged.items()})[1]
    below: dict[str, list[str]] = {name: [] for name in stuck}
    for name in sorted(stuck):
        for parent in merged[name] & stuck:
            below[parent].append(name)
    return _peel(below)[1]
