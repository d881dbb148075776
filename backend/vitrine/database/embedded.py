"""An embedded PostgreSQL: one server a data folder, shared by every process that asks, stopped by the last one out.

Sharing is by flock, which the kernel drops when a process dies, so that `kill -9` of a client leaves nothing stale:
`<data>.lock` serialises start and stop; every client holds a shared lock on `<data>.users`. POSIX only.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shlex
import shutil
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from vitrine.database.binaries import (
    HOME_OF_ROOT,
    choose_account,
    choose_programs,
    place_programs,
    read_major,
)
from vitrine.errors import DatabaseUnavailable

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",  # a unix socket only, in a folder that only its owner enters
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "wal_compression": "on",
    "jit": "off",
    "log_min_duration_statement": "1000",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
START_LIMIT_S = 20.0  # without a sign of life; crash recovery is one, and may take as long as it needs
LOG_LIMIT_BYTES = 10_000_000
SOCKET_PATH_LIMIT = 90  # the kernel's is 107, the file name takes 16
logger = logging.getLogger(__name__)


@contextmanager
def server(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """A running server's DSN. Its settings are those of whoever started it.

    Should the server die, the first client to see it starts it again within a second or two.
    Raises: DatabaseUnavailable, with what to do.
    """
    try:
        cluster, users = _join(data_dir.expanduser(), {**SETTINGS, **(settings or {})})
    except PermissionError as error:
        raise DatabaseUnavailable(
            f"{error.filename or data_dir} belongs to another user: run as that one, or choose another --data-dir."
        ) from error
    leaving = threading.Event()
    watch = threading.Thread(target=_keep_alive, args=(cluster, leaving), name="postgres-watch", daemon=True)
    watch.start()
    try:
        yield f"postgresql://postgres@/postgres?host={quote(str(cluster.socket_dir))}&port={SETTINGS['port']}"
    finally:
        leaving.set()
        watch.join()
        _leave(cluster, users)


def _join(wanted: Path, settings: Mapping[str, str]) -> tuple[_Cluster, int]:
    """A running cluster, and the descriptor that keeps others from stopping it."""
    wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
    wanted = wanted.parent.resolve() / wanted.name
    with _held(_beside(wanted, "lock"), fcntl.LOCK_EX):
        data = _settle(wanted)
    with _held(_beside(data, "lock"), fcntl.LOCK_EX):
        cluster = _Cluster(data, settings)
        cluster.start()
        return cluster, _lock(_beside(data, "users"), fcntl.LOCK_SH)


def _leave(cluster: _Cluster, users: int) -> None:
    with _held(_beside(cluster.data, "lock"), fcntl.LOCK_EX):
        os.close(users)
        with suppress(BlockingIOError), _held(_beside(cluster.data, "users"), fcntl.LOCK_EX | fcntl.LOCK_NB):
            cluster.stop()  # nobody else holds it: we are the last one out


class _Cluster:
    """One data folder with the programs that fit it. Call only under its lock."""

    def __init__(self, data: Path, settings: Mapping[str, str]) -> None:
        programs, self.version = choose_programs(data)
        self.data, self.settings, self.account = data, settings, choose_account(data)
        self.programs = place_programs(programs, version=self.version, beside=data, account=self.account)
        self.account.owns(data)
        self.socket_dir = self._make_socket_dir()

    def start(self) -> None:
        """The server answers."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        down_since = time.monotonic()
        launch_at = 0.0
        while (state := _probe(self.socket_dir)) != "ready":
            now = time.monotonic()
            if state == "starting":  # also crash recovery
                down_since = now
            elif now > down_since + START_LIMIT_S:
                raise DatabaseUnavailable(
                    f"PostgreSQL does not start. Its log, {self._log}, ends with:\n{self._read_log()}"
                )
            # After 2 s the pid in its file must be another process's. The orphans of a killed server hold its
            # memory a moment longer, hence not only once.
            elif now > launch_at and (not self.is_running() or now > down_since + 2):
                self._launch()
                launch_at = time.monotonic() + 0.25
            time.sleep(0.01)

    def stop(self) -> None:
        self._control("-m", "fast", "-w", "stop")
        if self.socket_dir != self.data:
            with suppress(OSError):
                self.socket_dir.rmdir()

    def is_running(self) -> bool:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            # A child of ours only if we are process 1, and then its zombie would keep the folder locked.
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return False
        except PermissionError:
            pass  # somebody else's process
        return True

    @property
    def _log(self) -> Path:
        return self.data / "server.log"

    def _read_log(self) -> str:
        with suppress(OSError):
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])
        return "(it is empty)"

    def _control(self, *arguments: str | Path) -> None:
        self.account.run(self.programs / "pg_ctl", "-D", self.data, "-s", *arguments)

    def _launch(self) -> None:
        with suppress(FileNotFoundError):
            if self._log.stat().st_size > LOG_LIMIT_BYTES:
                self._log.replace(self._log.with_suffix(".log.old"))
        options = {**self.settings, "unix_socket_directories": str(self.socket_dir)}
        line = " ".join("-c " + shlex.quote(f"{name}={value}") for name, value in options.items())
        # pg_ctl detaches the server: as our own child it would, once killed, stay a zombie that keeps its pid file
        # valid. -W, since its own wait polls each 100 ms and ours each 10.
        self._control("-W", "-l", self._log, "-o", line, "start")

    def _initialise(self) -> None:
        """A new cluster, whole or not there: initdb works in a folder beside, which is then renamed."""
        if any(self.data.iterdir()):
            raise DatabaseUnavailable(
                f"{self.data} is neither empty nor PostgreSQL's: choose another --data-dir."
            )
        part = _beside(self.data, "part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        self.account.owns(part)
        options = ["-U", "postgres", "-E", "UTF8", "-A", "trust", "--no-instructions"]
        if read_major(self.version) >= 17:  # so that an update of the C library cannot reorder indexes
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.settings.get("fsync") == "off":
            options += ["--no-sync"]
        # Not every system knows the locale C.UTF-8.
        for locale in ("C.UTF-8", "C"):
            done = self.account.run(self.programs / "initdb", "-D", part, f"--locale={locale}", *options)
            if done.returncode == 0:
                part.rename(self.data)
                return
        raise DatabaseUnavailable(
            f"PostgreSQL cannot make {self.data}: {done.stderr.strip() or done.stdout.strip()}"
        )

    def _make_socket_dir(self) -> Path:
        """The data folder, or one with a shorter path; only the account enters either."""
        if len(str(self.data)) < SOCKET_PATH_LIMIT and "," not in str(self.data):
            return self.data
        name = "vitrine-" + hashlib.sha256(str(self.data).encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir(), name)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.account.owns(folder)
        found = folder.lstat()
        if found.st_uid != self.account.uid or found.st_mode & 0o077 or folder.is_symlink():
            raise DatabaseUnavailable(
                f"{folder} is not ours: remove it, or choose a --data-dir with a shorter path."
            )
        return folder


def _keep_alive(cluster: _Cluster, leaving: threading.Event) -> None:
    while not leaving.wait(1.0):
        if cluster.is_running():
            continue
        try:
            with _held(_beside(cluster.data, "lock"), fcntl.LOCK_EX):
                if not cluster.is_running():
                    logger.warning("PostgreSQL is gone; starting it again.")
                    cluster.start()
        except (DatabaseUnavailable, OSError) as error:  # tried again in a second
            logger.error("PostgreSQL could not be started again: %s", error)


def _probe(socket_dir: Path) -> Literal["ready", "starting", "down"]:
    """What the server says to a newcomer, as `pg_isready` would, without a process."""
    hello = b"user\0postgres\0database\0postgres\0\0"
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(5)
        try:
            wire.connect(str(socket_dir / f".s.PGSQL.{SETTINGS['port']}"))
            wire.sendall(struct.pack("!ii", len(hello) + 8, 196608) + hello)
            answer = wire.recv(1000)
            wire.sendall(b"X\0\0\0\4")
        except TimeoutError:
            return "starting"
        except OSError:
            return "down"
    return "starting" if b"C57P03\0" in answer else "ready" if answer else "down"


def _settle(wanted: Path) -> Path:
    """The data folder, one that the server's account can reach.

    Root's own home is closed to every other account. Rather than open it, the data goes elsewhere and `wanted`
    becomes a link to it.
    """
    data = wanted.resolve()
    if os.geteuid() != 0:
        return data
    account = choose_account(data)
    account.owns(data)
    if account.reaches(data):
        return data
    if any(data.iterdir()) or any(folder.is_mount() for folder in (data, *data.parents[:-1])):
        raise DatabaseUnavailable(
            f"PostgreSQL runs as the account {account.name}, which cannot reach {data}: "
            f"choose a --data-dir that it can, such as {HOME_OF_ROOT}, or open the folders above to it."
        )
    HOME_OF_ROOT.mkdir(parents=True, exist_ok=True)
    HOME_OF_ROOT.chmod(0o755)
    place = Path(tempfile.mkdtemp(prefix=f"{data.name}-", dir=HOME_OF_ROOT))
    data.rmdir()
    data.symlink_to(place)
    logger.warning("The account %s cannot reach %s: the database is in %s.", account.name, data, place)
    return place


def _beside(data: Path, suffix: str) -> Path:
    return data.with_name(f"{data.name}.{suffix}")


def _lock(path: Path, how: int) -> int:
    """A descriptor that holds the lock until it is closed. Raises: BlockingIOError with LOCK_NB."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _held(path: Path, how: int) -> Iterator[None]:
    descriptor = _lock(path, how)
    try:
        yield
    finally:
        os.close(descriptor)
