"""Blobs in a folder: `aa/bb/<digest>`, each put in place by a rename once it is complete, verified and on the disk."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from vitrine.errors import BlobNotFound, DigestDiffers, StoreFull, TooLarge, Unavailable
from vitrine.storage.store import check_digest

BUFFER_BYTES = 1 << 20
STALE_S = 24 * 3600
RESERVE_BYTES = 256 * 1024**2  # the database may share the disk and must still be able to write
Result = TypeVar("Result")


class LocalStore:
    """A BlobStore in one folder, which several processes may share. It leaves `reserve_bytes` of the disk free."""

    def __init__(self, folder: Path, *, reserve_bytes: int | None = None) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._incoming.mkdir(exist_ok=True, mode=0o700)
        twentieth = shutil.disk_usage(folder).total // 20
        self._reserve_bytes = min(RESERVE_BYTES, twentieth) if reserve_bytes is None else reserve_bytes
        self._sweep()

    async def write(self, digest: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> int:
        path = self._path(digest)
        is_stored = await asyncio.to_thread(path.exists)
        upload = _Upload(None if is_stored else self._incoming, reserve_bytes=self._reserve_bytes)
        try:
            await _receive(upload, chunks, limit_bytes=limit_bytes)
            if upload.hexdigest != digest:
                raise DigestDiffers(
                    f"The body's SHA-256 is {upload.hexdigest}, not {digest}.", got=upload.hexdigest
                )
            await _in_thread(partial(_touch, path) if is_stored else partial(upload.put, path))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull("The store's disk is full: nothing of this upload was kept.") from error
            raise
        finally:
            await _in_thread(upload.discard)
        return upload.size_bytes

    async def read(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        path = self._path(digest)
        try:
            file = await _in_thread(lambda: path.open("rb", buffering=0))
        except FileNotFoundError as error:
            raise BlobNotFound(digest) from error
        with file:
            file.seek(start)
            left = length
            while left is None or left > 0:
                wanted = BUFFER_BYTES if left is None else min(left, BUFFER_BYTES)
                chunk: bytes = await _in_thread(partial(file.read, wanted))
                if not chunk:
                    return
                left = None if left is None else left - len(chunk)
                yield chunk

    async def find_size(self, digest: str) -> int | None:
        path = self._path(digest)
        with suppress(FileNotFoundError):
            return (await asyncio.to_thread(path.stat)).st_size
        return None

    async def delete(self, digest: str) -> None:
        path = self._path(digest)
        await asyncio.to_thread(partial(path.unlink, missing_ok=True))

    @asynccontextmanager
    async def local_path(self, digest: str) -> AsyncIterator[Path]:
        path = self._path(digest)
        if not await asyncio.to_thread(path.exists):
            raise BlobNotFound(digest)
        yield path

    def _path(self, digest: str) -> Path:
        check_digest(digest)
        return self._folder / digest[:2] / digest[2:4] / digest

    def _sweep(self) -> None:
        """No upload is left over from a process that died more than a day ago."""
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # another process sweeps too
                if path.stat().st_mtime < time.time() - STALE_S:
                    path.unlink()


class _Upload:
    """Bytes on their way in: hashed, and with a folder also written there until `put`. Blocking; one thread at a time."""

    def __init__(self, folder: Path | None, *, reserve_bytes: int) -> None:
        self.size_bytes = 0
        self._folder, self._reserve_bytes = folder, reserve_bytes
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._temporary: Path | None = None

    @property
    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def add(self, content: bytearray) -> None:
        self._hash.update(content)
        if self._folder is None:
            return
        if self._file is None:
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            self._temporary, self._file = Path(name), os.fdopen(descriptor, "wb")
        if shutil.disk_usage(self._folder).free < self._reserve_bytes + len(content):
            raise OSError(errno.ENOSPC, "no space beyond the reserve")
        self._file.write(content)

    def put(self, path: Path) -> None:
        """Visible under its name, and there after a power failure."""
        assert self._file is not None
        assert self._temporary is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        if is_new := not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary.replace(path)
        _sync_folder(path.parent)
        if is_new:
            _sync_folder(path.parents[1])
            _sync_folder(path.parents[2])

    def discard(self) -> None:
        """Nothing of it is left but what was put."""
        if self._file is not None:
            with suppress(OSError):  # what is still buffered may find the disk full once more
                self._file.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)


async def _receive(upload: _Upload, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> None:
    buffer = bytearray()
    async for chunk in chunks:
        upload.size_bytes += len(chunk)
        if upload.size_bytes > limit_bytes:
            raise TooLarge(
                f"The body is larger than the {limit_bytes} bytes allowed.", limit_bytes=limit_bytes
            )
        buffer += chunk
        if len(buffer) >= BUFFER_BYTES:
            await _in_thread(partial(upload.add, buffer))
            buffer.clear()
    await _in_thread(partial(upload.add, buffer))


async def _in_thread(work: Callable[[], Result]) -> Result:
    """As asyncio.to_thread, but when cancelled the thread has ended too: the file can be closed behind it."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _touch(path: Path) -> None:
    """The blob is as young as if it had been written now, so that a collection of old unused ones spares it."""
    try:
        os.utime(path)
    except FileNotFoundError as error:
        raise Unavailable(
            f"The content {path.name} was deleted while it came in again: upload it once more."
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
