"""Drawn graphs, encoded and kept: all runs of a structure share one drawing, computed once, off the event loop."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from vitrine import __version__
from vitrine.runs.dag import ExternalInput, StepInput, StepNode, StepOutput, draw_dag, read_collapse
from vitrine.runs.step_queries import External, SketchedStep

KEPT_BYTES = 64 * 1024**2


class Drawing(NamedTuple):
    """The JSON of a Dag, plain and compressed. `etag` changes with the graph and with the program that draws it."""

    body: bytes
    compressed: bytes
    etag: str

    @property
    def size_bytes(self) -> int:
        return len(self.body) + len(self.compressed)


class Drawings:
    """Drawings by structure and collapse. Whoever asks while one is being made waits for the same."""

    def __init__(self, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[str, Drawing] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[Drawing]] = {}
        self._size_bytes = 0

    def find(self, key: str) -> Drawing | None:
        if kept := self._kept.get(key):
            self._kept.move_to_end(key)
        return kept

    async def draw(self, key: str, steps: Sequence[StepNode], *, collapse: str) -> Drawing:
        """The drawing of these steps, which the key stands for. Raises: Invalid if they wait for each other."""
        if kept := self.find(key):
            return kept
        if key not in self._under_way:
            task = asyncio.ensure_future(asyncio.to_thread(_draw, key, steps, collapse))
            task.add_done_callback(lambda done: self._keep(key, done))
            self._under_way[key] = task
        return await asyncio.shield(self._under_way[key])  # who leaves does not take it from the others

    def _keep(self, key: str, done: asyncio.Task[Drawing]) -> None:
        del self._under_way[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[key] = done.result()
        self._size_bytes += done.result().size_bytes
        while self._size_bytes > self._kept_bytes:
            self._size_bytes -= self._kept.popitem(last=False)[1].size_bytes


def _draw(key: str, steps: Sequence[StepNode], collapse: str) -> Drawing:
    body = msgspec.json.encode(draw_dag(steps, collapse=read_collapse(collapse)))
    return Drawing(body, gzip.compress(body, 6, mtime=0), f'"{key}"')


def name_drawing(structure_hash: bytes, collapse: str, externals: Iterable[External] = ()) -> str:
    """The key of a drawing."""
    groups = ",".join(sorted(set(collapse.split(","))))
    rest = hashlib.sha256(msgspec.json.encode([__version__, groups, list(externals)]))
    return f"{structure_hash.hex()[:32]}-{rest.hexdigest()[:16]}"


def add_externals(steps: Sequence[StepNode], externals: Iterable[External]) -> list[StepNode]:
    """The steps, each with what it read from before the run. What the snapshot says comes from a step stays with it."""
    foreseen = {(step.key, one.name) for step in steps for one in step.inputs}
    added: dict[str, dict[str, ExternalInput]] = {}
    for one in externals:
        if (one.step, one.input) not in foreseen:
            name = one.artifact or one.input
            added.setdefault(one.step, {})[str(one.id)] = ExternalInput(str(one.id), name, one.data_type)
    return [
        msgspec.structs.replace(step, externals=list(added[step.key].values())) if step.key in added else step
        for step in steps
    ]


def sketch_steps(rows: Iterable[SketchedStep]) -> tuple[bytes, list[StepNode]]:
    """The steps of a run without a snapshot, joined by what they wrote and read, and the hash of their structure."""
    rows = list(rows)
    maker = {
        version_id: (row.key, output)
        for row in rows
        for version_id, output in zip(row.output_ids or [], row.outputs or [], strict=True)
    }
    steps = []
    for row in rows:
        taken = zip(row.inputs or [], row.input_ids or [], strict=True)
        inputs = [
            StepInput(name, *maker[id_]) for name, id_ in taken if id_ in maker and maker[id_][0] != row.key
        ]
        outputs = {
            output: StepOutput(output, artifact or output, data_type)
            for output, artifact, data_type in zip(
                row.outputs or [], row.artifacts or [], row.data_types or [], strict=True
            )
        }
        steps.append(StepNode(row.key, row.key, [], list(outputs.values()), inputs))
    return hashlib.sha256(msgspec.json.encode(steps)).digest(), steps


DRAWINGS = Drawings()
