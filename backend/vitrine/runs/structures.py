"""The steps of a snapshot as this process last read them. A snapshot never changes, so what is kept is never stale."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from functools import cached_property
from uuid import UUID

import asyncpg
from msgspec import Raw

from vitrine.runs.dag import FanOut, StepNode, list_fan_outs, read_steps
from vitrine.runs.step_queries import find_spec

KEPT_STEPS = 100_000  # of all kept structures together: about 100 MB
LARGE_SPEC_BYTES = 100_000  # larger ones are read in a thread


class Structure:
    """Steps in the order of the snapshot, and the fan-outs that they form."""

    def __init__(self, steps: list[StepNode]) -> None:
        self.steps = steps

    @cached_property
    def fan_outs(self) -> list[FanOut]:
        return list_fan_outs(self.steps)


_kept: OrderedDict[tuple[UUID, UUID], Structure] = OrderedDict()


async def load_structure(
    db: asyncpg.Connection, project_id: UUID, snapshot_id: UUID | None
) -> Structure | None:
    """The structure, read once; None for a run that names no snapshot, or one that has not arrived."""
    if snapshot_id is None:
        return None
    key = (project_id, snapshot_id)
    if kept := _kept.get(key):
        _kept.move_to_end(key)
        return kept
    spec = await find_spec(db, project_id, snapshot_id)
    if spec is None:
        return None
    is_large = len(bytes(spec)) > LARGE_SPEC_BYTES
    structure = await asyncio.to_thread(_read, spec) if is_large else _read(spec)
    _kept[key] = structure
    while len(_kept) > 1 and sum(len(each.steps) for each in _kept.values()) > KEPT_STEPS:
        _kept.popitem(last=False)
    return structure


def _read(spec: Raw) -> Structure:
    structure = Structure(read_steps(spec))
    _ = structure.fan_outs  # found here, off the event loop
    return structure
