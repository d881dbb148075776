"""What this program reports, to one project of one server: events, contents, and the patience to wait for both."""

from __future__ import annotations

import atexit
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from vitrine.errors import ServerUnreachable
from vitrine.ids import new_id
from vitrine.ingest.structs import ArtifactVersionEvent, Event, LogEvent, ModelVersionEvent
from vitrine.sdk.connection import Connection, find_connection
from vitrine.sdk.gathering import wait_until_gathered
from vitrine.sdk.http import Api, close_apis, forget_apis, open_api
from vitrine.sdk.saying import say, say_once
from vitrine.sdk.sending import Lane
from vitrine.sdk.spool import open_spool, read_limit_bytes, sweep, waiting_bytes
from vitrine.sdk.uploading import upload_contents

FLUSH_S = 10.0
EXIT_REPLAY_S = 5.0
_encoder = msgspec.json.Encoder()
_reporters: dict[tuple[Path, str, str], Reporter] = {}
_opening = threading.Lock()


class Reporter:
    """Statuses and logs travel in one lane, artifacts in another: a big upload holds up nothing that people watch."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.folder = folder
        self.blobs = folder / "blobs"
        self.connection = connection
        self._checked_bytes = self._appended_bytes = 0
        self._is_full = False
        self.events = Lane(folder, "events", self)
        self.artifacts = Lane(folder, "artifacts", self, prepare=self._upload)
        with suppress(OSError):
            sweep(folder)

    @property
    def is_away(self) -> bool:
        """Whether the server did not answer when last asked."""
        return self.events.is_away or self.connection.url is None

    def api(self) -> Api:
        """Raises: ServerUnreachable when no server is known."""
        return open_api(self.connection)

    def look_again(self) -> None:
        """The next request goes to where the server is now: `vitrine up` may have started on another port."""
        found = find_connection()
        if (found.project, found.destination) == (self.connection.project, self.connection.destination):
            self.connection = found

    def record(self, event: Event) -> None:
        """The event will reach the server. Never raises and never waits for the network."""
        try:
            text = encode_event(event)
            lane = (
                self.artifacts if isinstance(event, ArtifactVersionEvent | ModelVersionEvent) else self.events
            )
            if not (isinstance(event, LogEvent) and self._has_no_room(len(text))):
                lane.append(text)
        except (OSError, TypeError, ValueError) as error:
            say_once("recording", f"an event could not be recorded: {type(error).__name__}: {error}")

    def stage(self) -> Path:
        """A new, empty folder on the same disk as the contents that wait."""
        path = self.folder / "stage" / str(new_id())
        path.mkdir(parents=True, mode=0o700)
        return path

    def unstage(self, *paths: Path) -> None:
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)

    def has_room_for(self, size_bytes: int) -> bool:
        """Whether a content may be kept. While the server answers nothing piles up, so there always is room."""
        return not self._has_no_room(size_bytes)

    def _has_no_room(self, size_bytes: int) -> bool:
        self._appended_bytes += size_bytes
        if not self.is_away:
            return False
        if self._appended_bytes - self._checked_bytes > 1_000_000 or self._is_full:
            self._checked_bytes = self._appended_bytes
            self._is_full = waiting_bytes(self.folder) + size_bytes > read_limit_bytes()
        if self._is_full:
            say_once(
                "full",
                f"the spool {self.folder} is full: logs and contents are dropped until the server is back. "
                "VITRINE_SPOOL_LIMIT_MB sets how much it may hold.",
            )
        return self._is_full

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Whether the server has everything recorded so far. Gives up when nothing moves for `timeout_s`."""
        wait_until_gathered(timeout_s)
        return self.settle(timeout_s)

    def settle(self, timeout_s: float) -> bool:
        """As `flush`, but what is still being found out beside a run need not be there."""
        return self.events.flush(timeout_s) and self.artifacts.flush(timeout_s)

    def replay(self, limit_s: float | None = None) -> bool:
        """Whether the server has what ended programs left."""
        return self.events.replay(limit_s) and self.artifacts.replay(limit_s)

    def close(self) -> None:
        """What the server does not have by now stays on disk, and one line says so."""
        with suppress(KeyboardInterrupt):
            if self.flush():
                self.replay(EXIT_REPLAY_S)
        if left := self.events.close() + self.artifacts.close():
            say(f"{left:,} bytes of events wait in {self.folder}; the next run, or `vitrine up`, sends them.")

    def _upload(self, events: list[bytes]) -> None:
        upload_contents(events, blobs=self.blobs, api=self.api, progress=self.artifacts.advance)


def encode_event(event: Event) -> bytes:
    """The event as JSON. Characters that the server could not store are replaced.

    Raises: TypeError, ValueError for what is not JSON.
    """
    try:
        text = _encoder.encode(event)
    except UnicodeEncodeError:  # half a surrogate pair
        return _encoder.encode(_mend(msgspec.to_builtins(event)))
    return _encoder.encode(_mend(msgspec.to_builtins(event))) if b"\\u0000" in text else text


def _mend(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {_mend(key): _mend(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mend(item) for item in value]
    return value


def open_reporter() -> Reporter:
    """The one of this process for where the environment points now."""
    connection = find_connection()
    with _opening:
        folder = open_spool(connection)
        key = (folder, connection.project, connection.destination)
        if key not in _reporters:
            import httpx  # noqa: F401  here rather than in a lane, where it would slow the first steps down

            _reporters[key] = Reporter(connection, folder)
        return _reporters[key]


def flush_reports() -> None:
    """Whatever this process reported can be read from the server. Raises: ServerUnreachable."""
    for reporter in list(_reporters.values()):
        if not reporter.flush():
            raise ServerUnreachable(
                f"The server has not taken yet what this program reported; it waits in {reporter.folder}."
            )


def replay_spool() -> bool:
    """What earlier programs could not send goes to the server now; whether all of it arrived."""
    reporter = open_reporter()
    return reporter.flush() and reporter.replay()


def close_reporters() -> None:
    """Nothing of this process is in flight any more. Called at its end."""
    while _reporters:
        _reporters.popitem()[1].close()
    close_apis()


def _forget_reporters() -> None:
    """A forked child has none of the threads; it opens its own reporter when it has something to say."""
    global _opening  # noqa: PLW0603  the parent may have held it while forking
    _opening = threading.Lock()
    _reporters.clear()
    forget_apis()


atexit.register(close_reporters)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_reporters)
