"""The data folder of `vitrine up`: whether it is in use, its database, and the file by which the SDK finds it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from vitrine.errors import Conflict, VitrineError


class Client(msgspec.Struct):
    """What client.json says. Only its owner can read that."""

    url: str
    token: str
    project: str = "default"


class InUse(Conflict):
    """Another `vitrine up` has this data folder."""


def prepare(data_dir: Path) -> Path:
    """The folder, absolute and there."""
    folder = data_dir.expanduser().absolute()
    # Others may pass through: the account that PostgreSQL runs as when root starts it. They cannot look around.
    folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    return folder


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else runs `vitrine up` on the folder. The kernel lets go of it, however this process ends. Raises: InUse."""
    lock = os.open(folder / "up.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"Vitrine is running already on {folder}.") from None
        yield
    finally:
        os.close(lock)


def is_in_use(folder: Path) -> bool:
    """A `vitrine up` runs there."""
    if not (folder / "up.lock").exists():
        return False
    try:
        with held(folder):
            return False
    except InUse:
        return True


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The DSN: DATABASE_URL, else the embedded PostgreSQL of the folder, running. Raises: DatabaseUnavailable."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    from vitrine.database import embedded

    with embedded.server(folder / "postgres") as dsn:
        yield dsn


def find_client(folder: Path) -> Client | None:
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((folder / "client.json").read_bytes(), type=Client)
    return None


def write_client(folder: Path, client: Client) -> None:
    """The SDK finds the server by this file. Never half-written, never readable by others."""
    part = folder / f"client.json.{os.getpid()}"
    descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(msgspec.to_builtins(client), file, indent=1)
        file.write("\n")
    part.replace(folder / "client.json")


def require_in_use(folder: Path) -> Client:
    """What the running `vitrine up` has written. Raises: VitrineError when there is none."""
    client = find_client(folder)
    if client is None or not is_in_use(folder):
        raise VitrineError(f"No Vitrine is running on {folder}: start it with `vitrine up`.")
    return client
