"""Written text becomes numbered lines: partial lines wait for their end, and a progress bar leaves only its last state."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from vitrine.ingest.structs import Level, LogLine, Stream

LINES_A_PIECE = 1000
BYTES_A_PIECE = 400_000
LONGEST_LINE = 20_000
WARNING = re.compile(r"^\S.*:\d+: \w*Warning: ")

Emit = Callable[[int, list[LogLine]], None]


class Lines:
    """The log of one attempt. Give it text from any thread; it emits pieces of at most 1,000 lines, numbered from 1."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._lock = threading.RLock()
        self._partial: dict[Stream, list[str]] = {}
        self._partial_length = 0
        self._ready: list[LogLine] = []
        self._ready_bytes = 0
        self._next = 1

    def write(self, stream: Stream, text: str) -> None:
        """What was printed. The time of a line is that of its end."""
        with self._lock:
            parts = self._partial.setdefault(stream, [])
            parts.append(text)
            self._partial_length += len(text)
            if "\n" in text or "\r" in text or self._partial_length > LONGEST_LINE:
                *whole, rest = "".join(parts).replace("\r\n", "\n").split("\n")
                for line in whole:
                    self._add(stream, last_state(line))
                if "\r" in rest[:-1]:
                    rest = rest[rest.rindex("\r", 0, len(rest) - 1) + 1 :]
                if len(rest) > LONGEST_LINE:
                    self._add(stream, last_state(rest))
                    rest = ""
                self._partial[stream] = [rest]
                self._partial_length = sum(len(part) for kept in self._partial.values() for part in kept)

    def log(self, text: str, level: Level, at: datetime) -> None:
        """A record of the logging module, several lines where its text has them."""
        with self._lock:
            for line in text.splitlines() or [""]:
                self._add("log", line, level=level, at=at)

    def error(self, text: str) -> None:
        with self._lock:
            for line in text.splitlines():
                self._add("stderr", line, level="error")

    def flush(self) -> None:
        """What is whole has been emitted."""
        with self._lock:
            self._emit_ready()

    def end(self) -> None:
        """The last, unfinished lines have been emitted, too."""
        with self._lock:
            for stream, parts in self._partial.items():
                if shown := last_state("".join(parts)):
                    self._add(stream, shown)
            self._partial.clear()
            self._emit_ready()

    def _add(
        self, stream: Stream, text: str, *, level: Level | None = None, at: datetime | None = None
    ) -> None:
        if len(text) > LONGEST_LINE:
            text = f"{text[:LONGEST_LINE]}… ({len(text) - LONGEST_LINE} more characters)"
        told = level or ("warning" if stream == "stderr" and WARNING.match(text) else "info")
        self._ready.append(LogLine(at=at or datetime.now(UTC), text=text, stream=stream, level=told))
        self._ready_bytes += len(text)
        if len(self._ready) >= LINES_A_PIECE or self._ready_bytes >= BYTES_A_PIECE:
            self._emit_ready()

    def _emit_ready(self) -> None:
        if self._ready:
            lines, first = self._ready, self._next
            self._ready, self._ready_bytes, self._next = [], 0, first + len(lines)
            self._emit(first, lines)


def last_state(line: str) -> str:
    """What a terminal shows of a line that returned to its beginning, as progress bars do."""
    return next((state for state in reversed(line.split("\r")) if state), "") if "\r" in line else line
