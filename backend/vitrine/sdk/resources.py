"""CPU and memory of this program and its children while a step runs: dense for short steps, at most 500 samples for long ones."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import TYPE_CHECKING

from vitrine.ingest.structs import Resources

if TYPE_CHECKING:
    import psutil

FIRST_INTERVAL_S = 0.1
MOST_SAMPLES = 500
CHILDREN_S = 1.0


@cache
def find_own_process(pid: int) -> psutil.Process:
    import psutil

    return psutil.Process(pid)


class Sampler:
    """Call `sample` at the intervals that it asks for. When there are 500 samples, pairs become one and the interval doubles."""

    def __init__(self) -> None:
        self._process = find_own_process(os.getpid())
        self._children: list[psutil.Process] = []
        self._children_seen_at = self._started_at = self._sampled_at = time.monotonic()
        self._cpu_s = self._count_cpu()
        self._begun_cpu_s = self._cpu_s
        self.interval_s = FIRST_INTERVAL_S
        self.cpu_percent: list[float] = []
        self.memory_bytes: list[int] = []

    def sample(self) -> float:
        """One more sample is taken; gives the seconds until the next one is due."""
        now = time.monotonic()
        if now - self._children_seen_at >= CHILDREN_S:
            self._children_seen_at = now
            self._find_children()
        cpu_s = self._count_cpu()
        elapsed = max(now - self._sampled_at, 1e-3)
        self._add(max(0.0, cpu_s - self._cpu_s) / elapsed * 100, self._count_memory())
        self._sampled_at, self._cpu_s = now, cpu_s
        due = self._started_at + self.interval_s * (len(self.cpu_percent) + 1)
        return max(0.01, due - time.monotonic())

    def describe(self) -> Resources:
        """What was sampled; a step shorter than one interval gets one sample over its whole life."""
        if not self.cpu_percent:
            elapsed = max(time.monotonic() - self._started_at, 1e-6)
            used = max(0.0, self._count_cpu() - self._begun_cpu_s)
            return Resources(
                interval_s=round(elapsed, 6),
                cpu_percent=[round(used / elapsed * 100, 1)],
                memory_bytes=[self._count_memory()],
            )
        samples = min(len(self.cpu_percent), len(self.memory_bytes))
        return Resources(
            interval_s=self.interval_s,
            cpu_percent=self.cpu_percent[:samples],
            memory_bytes=self.memory_bytes[:samples],
        )

    def _add(self, cpu_percent: float, memory_bytes: int) -> None:
        self.cpu_percent.append(round(cpu_percent, 1))
        self.memory_bytes.append(memory_bytes)
        if len(self.cpu_percent) >= MOST_SAMPLES:
            pairs = range(0, MOST_SAMPLES - 1, 2)
            self.cpu_percent = [round((self.cpu_percent[n] + self.cpu_percent[n + 1]) / 2, 1) for n in pairs]
            self.memory_bytes = [max(self.memory_bytes[n], self.memory_bytes[n + 1]) for n in pairs]
            self.interval_s *= 2

    def _find_children(self) -> None:
        import psutil

        try:
            self._children = self._process.children(recursive=True)
        except psutil.Error:
            self._children = []

    def _count_cpu(self) -> float:
        ended = os.times()
        total = (
            time.process_time() + ended.children_user + ended.children_system
        )  # finer than the ticks of psutil
        for child in list(self._children):
            total += self._ask(child, "cpu")
        return total

    def _count_memory(self) -> int:
        return self._process.memory_info().rss + int(
            sum(self._ask(child, "memory") for child in list(self._children))
        )

    def _ask(self, child: psutil.Process, what: str) -> float:
        """Of a child that may have ended meanwhile."""
        import psutil

        try:
            if what == "memory":
                return float(child.memory_info().rss)
            times = child.cpu_times()
            return float(times.user + times.system)
        except psutil.Error:
            self._children = [one for one in self._children if one is not child]
            return 0.0
