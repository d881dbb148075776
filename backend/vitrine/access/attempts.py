"""How often signing in has failed lately, by the address of whoever tried.

Counted in this process: codes and tokens are too long to be guessed, this only keeps the noise down.
"""

from __future__ import annotations

import time
from collections import deque

FAILURES_LIMIT = 10
WINDOW_S = 300.0
ADDRESSES_LIMIT = 10_000


class Attempts:
    """The failures of the last five minutes."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[float]] = {}

    def find_refusal(self, address: str) -> str | None:
        """Why this address must wait: it failed ten times, the first of them less than five minutes ago."""
        failures = self._failures.get(address)
        now = time.monotonic()
        while failures and failures[0] < now - WINDOW_S:
            failures.popleft()
        if not failures:
            self._failures.pop(address, None)
        elif len(failures) >= FAILURES_LIMIT:
            wait_s = int(failures[0] + WINDOW_S - now) + 1
            return f"Signing in failed {FAILURES_LIMIT} times from this address: try again in {wait_s} s."
        return None

    def count_failure(self, address: str) -> None:
        if len(self._failures) >= ADDRESSES_LIMIT:
            self._failures.pop(next(iter(self._failures)))
        self._failures.setdefault(address, deque(maxlen=FAILURES_LIMIT)).append(time.monotonic())
