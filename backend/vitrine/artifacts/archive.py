"""The files of an artifact version as one zip, made while it is sent: memory stays constant, whatever the size."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath

from vitrine.artifacts.structs import ArtifactFile
from vitrine.storage.store import BlobStore

PIECE_BYTES = 1 << 18


class _Outgoing:
    """What zipfile has written and nobody has taken yet. It cannot seek, so sizes follow the contents."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.waiting_bytes = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self.waiting_bytes += len(piece)
        return len(piece)

    def flush(self) -> None:
        """There is nothing behind it to flush."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.waiting_bytes = 0
        return taken


async def stream_zip(
    store: BlobStore, files: Sequence[ArtifactFile], *, at: datetime
) -> AsyncGenerator[bytes, None]:
    """The archive in pieces. Stored, not compressed: parquet, images and pickles are dense already.

    Raises: BlobNotFound, in the middle, if a content went away meanwhile.
    """
    outgoing = _Outgoing()
    names = name_members([file.path for file in files])
    moment = max(at.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC)).timetuple()[
        :6
    ]  # a zip knows no earlier year
    with zipfile.ZipFile(outgoing, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for name, file in zip(names, files, strict=True):
            member = zipfile.ZipInfo(name, moment)
            member.external_attr = 0o644 << 16
            with archive.open(member, "w", force_zip64=True) as entry:
                async for chunk in store.read(file.sha256):
                    await asyncio.to_thread(entry.write, chunk)  # its checksum takes a while
                    if outgoing.waiting_bytes >= PIECE_BYTES:
                        yield outgoing.take()
    yield outgoing.take()


def name_members(paths: Sequence[str]) -> list[str]:
    """Names that stay inside the folder they are unpacked to, each once."""
    taken: set[str] = set()
    names = []
    for path in paths:
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        name = "/".join(part.replace(":", "_").replace("\0", "_") for part in parts) or "file"
        stem, nth = PurePosixPath(name), 2
        while name.lower() in taken:  # some systems do not tell upper from lower case
            name, nth = str(stem.with_name(f"{stem.stem}_{nth}{stem.suffix}")), nth + 1
        taken.add(name.lower())
        names.append(name)
    return names
