"""Log lines as they are stored: the texts and their marks, compressed apart, so that a search reads no marks.

Texts are joined by a newline; a mark is 9 bytes: microseconds since 1970, then stream and level in one byte.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import zstandard

from vitrine.ingest.structs import LevelNumbers, LogLine

TEXT_LIMIT_BYTES = 64_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STREAMS = ("stdout", "stderr", "log")
LEVELS = {number: name for name, number in LevelNumbers.items()}

_MARK = struct.Struct("<qB")
_MARK_OF = {
    (stream, level): at << 6 | number
    for at, stream in enumerate(STREAMS)
    for level, number in LevelNumbers.items()
}
_LEVEL_OF_KIND = bytes(kind & 0x3F for kind in range(256))
_own = threading.local()  # zstd contexts serve one thread at a time


class PackedLog(NamedTuple):
    """The columns of a log_chunk. `first_at` and `last_at` are the earliest and the latest instant inside."""

    lines: int
    first_at: datetime
    last_at: datetime
    worst_level: int
    body: bytes
    marks: bytes


class Mark(NamedTuple):
    """When a line was written, to which stream, how grave it is: 10 debug to 50 critical."""

    at_us: int
    stream: str
    level: int

    @property
    def at(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.at_us)


def pack(lines: Sequence[LogLine]) -> PackedLog:
    """The lines, at least one, compressed. A text of more than 64 kB is cut and says so. No text holds a newline."""
    texts = "\n".join([line.text for line in lines]).encode()
    if len(texts) > TEXT_LIMIT_BYTES:  # seldom, so only then are they measured one by one
        texts = b"\n".join([cut_text(line.text.encode()) for line in lines])
    instants = [(line.at - EPOCH) for line in lines]
    kinds = bytes([_MARK_OF[line.stream, line.level] for line in lines])
    marks = b"".join(
        [
            _MARK.pack((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, kind)
            for since, kind in zip(instants, kinds, strict=True)
        ]
    )
    compressor = _compressor()
    return PackedLog(
        lines=len(lines),
        first_at=EPOCH + min(instants),
        last_at=EPOCH + max(instants),
        worst_level=max(kind & 0x3F for kind in set(kinds)),
        body=compressor.compress(texts),
        marks=compressor.compress(marks),
    )


def cut_text(text: bytes) -> bytes:
    """The first 64 kB of UTF-8, whole characters, with a mark of how many bytes are gone."""
    if len(text) <= TEXT_LIMIT_BYTES:
        return text
    kept = text[:TEXT_LIMIT_BYTES].decode(errors="ignore").encode()
    return kept + f" … [{len(text) - len(kept):,} bytes cut]".encode()


def unpack_body(body: bytes) -> bytes:
    """All texts as one UTF-8 string, joined by newlines: what a search runs over."""
    return _decompressor().decompress(body)


def unpack_texts(body: bytes) -> list[str]:
    """The texts, one a line."""
    return unpack_body(body).decode().split("\n")


def unpack_marks(marks: bytes) -> list[Mark]:
    """The marks, one a line."""
    plain = _decompressor().decompress(marks)
    return [Mark(at_us, STREAMS[kind >> 6], kind & 0x3F) for at_us, kind in _MARK.iter_unpack(plain)]


def open_marks(marks: bytes) -> bytes:
    """The marks plain, for `read_mark` and `read_levels`: who searches looks at few of them."""
    return _decompressor().decompress(marks)


def read_mark(plain: bytes, line: int) -> Mark:
    """The mark of a line, counted from 0 within the chunk."""
    at_us, kind = _MARK.unpack_from(plain, line * _MARK.size)
    return Mark(at_us, STREAMS[kind >> 6], kind & 0x3F)


def read_levels(plain: bytes) -> bytes:
    """The levels, one byte a line."""
    return plain[_MARK.size - 1 :: _MARK.size].translate(_LEVEL_OF_KIND)


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_own, "compressor"):
        _own.compressor = zstandard.ZstdCompressor(level=3)
    compressor: zstandard.ZstdCompressor = _own.compressor
    return compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_own, "decompressor"):
        _own.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _own.decompressor
    return decompressor
