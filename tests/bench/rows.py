"""One figure: ours, the bar, and where there is one the reference with its source."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    ours: float
    unit: str
    bar: float | None = None
    is_floor: bool = False  # the bar is a least value, not a most
    reference: float | None = None
    reference_name: str = ""
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        if self.bar is None:
            return None
        return self.ours >= self.bar if self.is_floor else self.ours <= self.bar


def median_ms(measure: Callable[[], object], *, times: int = 9) -> float:
    """The median duration of a call, in milliseconds."""
    durations = []
    for _ in range(times):
        begin = time.perf_counter()
        measure()
        durations.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(durations)


async def median_ms_of(measure: Callable[[], Awaitable[object]], *, times: int = 30) -> float:
    durations = []
    for _ in range(times):
        begin = time.perf_counter()
        await measure()
        durations.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(durations)


def to_markdown(rows: list[Row]) -> str:
    lines = ["| what | ours | bar | met | reference | ratio | note |", "|---|---:|---:|---|---:|---:|---|"]
    for row in rows:
        bar = "" if row.bar is None else f"{'≥' if row.is_floor else '≤'} {row.bar:g} {row.unit}"
        met = {True: "yes", False: "**no**", None: ""}[row.is_met]
        reference = "" if row.reference is None else f"{row.reference:g} {row.unit} ({row.reference_name})"
        ratio = "" if not row.reference else f"{row.ours / row.reference:.2g} ×"
        lines.append(
            f"| {row.name} | {row.ours:.4g} {row.unit} | {bar} | {met} | {reference} | {ratio} | {row.note} |"
        )
    return "\n".join(lines)
