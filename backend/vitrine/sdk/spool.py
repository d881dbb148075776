"""Events and contents on disk, until the server has them: what a run reports survives the program and the server's absence.

A journal is one process's events in the order of recording, one JSON line each. It is the only buffer: recording appends,
sending reads. Its process holds a lock on it, so that an unlocked journal is one that an ended process left.
"""

from __future__ import annotations

import getpass
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from vitrine.ids import new_id
from vitrine.sdk.connection import Connection, read_data_dir
from vitrine.sdk.saying import say_once

PIECE_EVENTS = 500
PIECE_BYTES = 1_000_000
COMPACT_BYTES = 1 << 20
STALE_S = 24 * 3600
DEFAULT_LIMIT_BYTES = 5 * 1024**3


def open_spool(connection: Connection) -> Path:
    """The folder for what is meant for a project of a server; only its owner may look inside.

    A data directory that cannot be written, as in many containers, is replaced by the system's temporary one.
    """
    inner = Path("spool") / quote(connection.project, safe="") / connection.destination
    try:
        return _prepare(read_data_dir() / inner)
    except OSError as error:
        folder = _prepare(Path(tempfile.gettempdir()) / f"vitrine-{getpass.getuser()}" / inner)
        say_once(
            "spool",
            f"the data directory cannot be written ({error}); what can't be sent is kept in {folder}.",
        )
        return folder


def _prepare(folder: Path) -> Path:
    if not (folder / "stage").is_dir():
        # passable, as `vitrine up` makes it: the database's account has its own folder inside
        folder.parents[2].mkdir(parents=True, exist_ok=True, mode=0o711)
        for one in (folder.parents[1], folder.parent, folder, folder / "blobs", folder / "stage"):
            one.mkdir(exist_ok=True, mode=0o700)
    return folder


def read_limit_bytes() -> int:
    """How much may wait on disk while the server is away: VITRINE_SPOOL_LIMIT_MB, 5 GiB when unset."""
    with suppress(KeyError, ValueError):
        return int(os.environ["VITRINE_SPOOL_LIMIT_MB"]) * 1024**2
    return DEFAULT_LIMIT_BYTES


class Piece(NamedTuple):
    """Events as JSON texts; the journal can forget everything before `end` once the server has them."""

    events: list[bytes]
    end: int


class JournalTaken(Exception):
    """Another process writes or replays this journal."""


class Journal:
    """Append from any thread; read and acknowledge from one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("a+b", buffering=0)
        if not _try_lock(self._file.fileno()) or not path.exists():
            self._file.close()
            raise JournalTaken(str(path))
        self._reader = path.open("rb", buffering=0)
        self.start = 0
        self.end = os.fstat(self._file.fileno()).st_size
        self._lowered = 0

    @property
    def recorded(self) -> int:
        """Bytes ever appended: a mark that `sent` passes once everything before it is with the server."""
        return self._lowered + self.end

    @property
    def sent(self) -> int:
        return self._lowered + self.start

    def append(self, event: bytes) -> None:
        """The event is in the hands of the operating system: it survives this process. Raises: OSError, as if never called."""
        line = event + b"\n"
        with self._lock:
            written = 0
            try:
                while written < len(line):
                    written += self._file.write(line[written:]) or 0
            except OSError:
                os.ftruncate(self._file.fileno(), self.end)
                raise
            self.end += len(line)

    def read(
        self, *, start: int | None = None, events: int = PIECE_EVENTS, size_bytes: int = PIECE_BYTES
    ) -> Piece:
        """What comes next, at least one event if there is one. A torn last line, left by a crash, is passed over."""
        begin = self.start if start is None else start
        left = self.end - begin  # what follows may be half-written yet
        self._reader.seek(begin)
        text = self._reader.read(min(size_bytes, left)) or b""
        while b"\n" not in text and (more := self._reader.read(min(size_bytes, left - len(text)))):
            text += more
        if len(text) > size_bytes and b"\n" in text:  # one large event: it goes alone
            text = text[: text.index(b"\n") + 1]
        if b"\n" not in text:
            return Piece([], begin + len(text))
        lines = text[: text.rindex(b"\n")].split(b"\n")[:events]
        return Piece([line for line in lines if line], begin + sum(len(line) + 1 for line in lines))

    def acknowledge(self, end: int) -> None:
        """Everything before `end` is with the server. A long-lived program's journal does not grow for ever."""
        with self._lock:
            self.start = end
            if self.start >= self.end and self.end > COMPACT_BYTES:
                os.ftruncate(self._file.fileno(), 0)
                self._lowered += self.end
                self.start = self.end = 0

    def sync(self) -> None:
        """What was appended survives the machine, too."""
        with suppress(OSError):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """The journal is gone if all of it is with the server; else it waits for the next process."""
        with self._lock:
            if self.start >= self.end:
                self.path.unlink(missing_ok=True)
            else:
                self.sync()
            self._file.close()
            self._reader.close()


def create_journal(folder: Path, lane: str) -> Journal:
    return Journal(folder / f"{new_id()}.{lane}")


def take_orphans(folder: Path, lane: str) -> Iterator[Journal]:
    """The journals that ended processes left, oldest first, each locked for the one who asks."""
    for path in sorted(folder.glob(f"*.{lane}")):
        with suppress(JournalTaken, OSError):
            journal = Journal(path)
            if journal.start == journal.end:
                journal.close()
            else:
                yield journal


def sweep(folder: Path) -> None:
    """Contents that no journal can need any more, and folders of programs that ended long ago, are gone."""
    if any(folder.glob("*.artifacts")):
        return
    oldest = time.time() - STALE_S
    for path in [*(folder / "blobs").iterdir(), *(folder / "stage").iterdir()]:
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def waiting_bytes(folder: Path) -> int:
    """How much of the disk the folder's journals and contents take."""
    total = 0
    for place in (folder, folder / "blobs"):
        with os.scandir(place) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += entry.stat().st_size if entry.is_file() else 0
    return total


def _try_lock(descriptor: int) -> bool:
    """Whether this process now owns the file; freed when it is closed or the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows: two programs may replay one journal, which ids make harmless
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
