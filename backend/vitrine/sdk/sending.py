"""A lane sends the events of a journal, and of the journals that ended processes left, in a thread of its own.

Nothing here is ever in the way of a step. A server that does not answer is asked again after 1, 2, 4, … 30 seconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from vitrine.errors import (
    Invalid,
    NotFound,
    NotPermitted,
    NotSignedIn,
    TooLarge,
    UploadIncomplete,
    VitrineError,
)
from vitrine.ingest.structs import Receipt
from vitrine.sdk.http import Api
from vitrine.sdk.saying import may_say_again, say, say_once
from vitrine.sdk.spool import PIECE_EVENTS, Journal, Piece, create_journal, take_orphans

LINGER_S = 0.1
STALL_S = 10.0
SHORTEST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 30.0
COMPRESS_BYTES = 2_000
SERVER_FAILED = 500
FAILURES_TO_GIVE_UP = 3
REFUSED = (NotSignedIn, NotPermitted, NotFound)


class Line(Protocol):
    """How a lane reaches the server, which may have moved when it is looked for again."""

    def api(self) -> Api: ...

    def look_again(self) -> None: ...


class Lane:
    """`prepare` runs before a piece is posted: it uploads the contents that the events speak of."""

    def __init__(
        self, folder: Path, name: str, line: Line, *, prepare: Callable[[list[bytes]], None] | None = None
    ) -> None:
        self.folder = folder
        self.is_away = False
        self._line = line
        self._prepare = prepare
        self._journal = create_journal(folder, name)
        self._orphans: Iterator[Journal] = take_orphans(folder, name)
        self._orphan: Journal | None = None
        self._has_orphans = True  # until the thread has looked
        self._recorded = threading.Event()
        self._hurry = threading.Event()
        self._state = threading.Condition()
        self._flushes = self._attempts = self._progress = self._failures = 0
        self._at_once = PIECE_EVENTS
        self._pause_s = self._asked_at = 0.0
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name=f"vitrine-{name}", daemon=True)
        self._thread.start()

    @property
    def waiting_bytes(self) -> int:
        return self._journal.recorded - self._journal.sent

    def append(self, event: bytes) -> None:
        """The event will be sent, by this process or a later one. Raises: OSError when it can't be kept."""
        self._journal.append(event)
        if not self._recorded.is_set():
            self._recorded.set()

    def advance(self, amount: int = 1) -> None:
        """Something moved: whoever waits for the lane may wait longer."""
        self._progress += amount

    def flush(self, timeout_s: float) -> bool:
        """Whether the server has all that was recorded before the call. Gives up when nothing moves for `timeout_s`.

        While the server is away one attempt is made, and its failure is the answer.
        """
        target = self._journal.recorded
        return self._wait_until(lambda: self._journal.sent >= target, stall_s=timeout_s)

    def replay(self, limit_s: float | None) -> bool:
        """Whether the server has what ended programs left. Gives up at the limit, or when nothing moves for 10 s."""
        return self._wait_until(lambda: not self._has_orphans, stall_s=STALL_S, limit_s=limit_s)

    def close(self) -> int:
        """The thread ends; what the server does not have stays on disk. Gives its bytes."""
        self._is_closing = True
        self._hurry.set()
        self._recorded.set()
        self._thread.join(timeout=2.0)
        left = self.waiting_bytes
        if not self._thread.is_alive():
            with suppress(OSError):
                self._journal.close()
        return left

    def _wait_until(
        self, is_done: Callable[[], bool], *, stall_s: float, limit_s: float | None = None
    ) -> bool:
        limit = math.inf if limit_s is None else time.monotonic() + limit_s
        with self._state:
            attempts, moved = self._attempts, self._progress
            stalled = time.monotonic() + stall_s
            self._begin_hurry()
            try:
                while not is_done():
                    if self._progress != moved:
                        stalled, moved = time.monotonic() + stall_s, self._progress
                    left = min(stalled, limit) - time.monotonic()
                    if left <= 0 or (self.is_away and self._attempts > attempts):
                        return False
                    self._state.wait(min(left, 0.2))
            finally:
                self._end_hurry()
        return True

    def _begin_hurry(self) -> None:
        self._flushes += 1
        self._hurry.set()
        self._recorded.set()

    def _end_hurry(self) -> None:
        self._flushes -= 1
        if not self._flushes and not self._is_closing:
            self._hurry.clear()

    # ── the thread ────────────────────────────────────────────────────────────────────────────────────────────
    def _run(self) -> None:
        while not self._is_closing:
            if self._send_next(self._journal) or self._send_orphan():
                continue
            if self.is_away:
                self._hurry.wait(max(0.0, self._asked_at + self._pause_s - time.monotonic()))
                time.sleep(SHORTEST_PAUSE_S)
            else:
                self._recorded.wait()
                self._recorded.clear()
                self._hurry.wait(LINGER_S)  # so that the events of one moment travel together

    def _may_ask(self) -> bool:
        return not self.is_away or self._flushes > 0 or time.monotonic() >= self._asked_at + self._pause_s

    def _send_orphan(self) -> bool:
        """Whether a piece of an ended process's journal went out, or one is done with."""
        if self._orphan is None:
            self._orphan = next(self._orphans, None)
        if self._orphan is None:
            if self._has_orphans:
                with self._state:
                    self._has_orphans = False
                    self._state.notify_all()
            return False
        if self._orphan.start >= self._orphan.end:
            self._orphan.close()
            self._orphan = None
            return True
        return self._send_next(self._orphan)

    def _send_next(self, journal: Journal) -> bool:
        """Whether a piece went out. A server that is away, or refuses this program, is asked again later."""
        if journal.start >= journal.end or not self._may_ask():
            return False
        if self.is_away:
            self._line.look_again()
        piece = journal.read(events=self._at_once)
        try:
            self._deliver(piece.events)
        except Exception as error:
            following = self._pass_over(journal, piece, error)
            if following is None:
                self._note_absence(error)
                return False
            piece = following
        journal.acknowledge(piece.end)
        self._note_presence(len(piece.events))
        return True

    def _deliver(self, events: list[bytes]) -> None:
        """Raises: VitrineError when the server may take the events later."""
        if events:
            if self._prepare:
                self._prepare(events)
            self._post(events)

    def _pass_over(self, journal: Journal, piece: Piece, error: Exception) -> Piece | None:
        """The piece after this one event, if the server fails at the event again and again yet takes what follows.

        A piece at which the server fails is halved until the event is found. None while the server may be the culprit.
        """
        if not isinstance(error, VitrineError) or error.status != SERVER_FAILED:
            return None
        self._at_once = max(1, len(piece.events) // 2)
        self._failures = self._failures + 1 if len(piece.events) == 1 else 0
        following = journal.read(start=piece.end, events=1)
        if self._failures < FAILURES_TO_GIVE_UP or not following.events:
            return None
        try:
            self._deliver(following.events)
        except Exception:
            return None
        say(f"the server fails at an event, which is given up: {error} {shorten(piece.events[0])}")
        return following

    def _post(self, events: list[bytes]) -> None:
        """The server has the events; one that it can never take is said and passed over.

        Raises: VitrineError when it may take them later.
        """
        try:
            receipt = self._post_whole(events)
        except UploadIncomplete:
            raise
        except (Invalid, TooLarge) as error:
            if len(events) > 1:
                self._post(events[: len(events) // 2])
                self._post(events[len(events) // 2 :])
            else:
                say(f"the server does not take an event: {error} {shorten(events[0])}")
            return
        for rejected in receipt.rejected:
            say(f"the server does not take an event: {rejected.code}: {rejected.detail}")

    def _post_whole(self, events: list[bytes]) -> Receipt:
        body = b'{"events":[' + b",".join(events) + b"]}"
        headers = {}
        if len(body) > COMPRESS_BYTES:
            import zstandard

            body, headers = zstandard.ZstdCompressor(level=1).compress(body), {"content-encoding": "zstd"}
        return msgspec.json.decode(self._line.api().post_raw("/events", body, headers), type=Receipt)

    def _note_presence(self, events: int) -> None:
        may_say_again("away")
        with self._state:
            self.is_away = False
            self._pause_s = 0.0
            self._failures, self._at_once = 0, min(PIECE_EVENTS, self._at_once * 2)
            self._progress += events
            self._attempts += 1
            self._state.notify_all()

    def _note_absence(self, error: Exception) -> None:
        self._journal.sync()
        if isinstance(error, REFUSED):
            say_once(
                "refused",
                f"the server refuses what this program reports: {error} It is kept in {self.folder}.",
            )
        elif isinstance(error, VitrineError):
            say_once("away", f"{error} This run is kept in {self.folder} and sent when the server is back.")
        else:
            say_once(
                "sending", f"reporting failed: {type(error).__name__}: {error}. It is kept in {self.folder}."
            )
        with self._state:
            self.is_away = True
            self._attempts += 1
            self._pause_s = min(max(1.0, self._pause_s * 2), LONGEST_PAUSE_S)
            self._asked_at = time.monotonic()
            self._state.notify_all()


def shorten(event: bytes) -> str:
    return event[:200].decode(errors="replace") + "…"
