"""Ids: time-ordered ones for what is new, content-derived ones for what is the same whenever it is said again."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): later ids of one process are greater, also within a millisecond."""
    global _last_ms, _sequence  # noqa: PLW0603  one clock a process
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _sequence = now_ms, int.from_bytes(os.urandom(2)) & 0x7FF
        else:
            _sequence += 1
            if _sequence > 0xFFF:
                _last_ms, _sequence = _last_ms + 1, 0
        ms, sequence = _last_ms, _sequence
    tail = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | sequence << 64 | 0b10 << 62 | tail)


def content_id(*parts: bytes | str) -> UUID:
    """A UUIDv8 (RFC 9562) of the SHA-256 of the parts: equal content has an equal id, whoever says it."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8))
        digest.update(raw)
    number = int.from_bytes(digest.digest()[:16])
    number = number & ~(0xF << 76) | 0x8 << 76
    return UUID(int=number & ~(0b11 << 62) | 0b10 << 62)


def find_id(text: str) -> UUID | None:
    """The id that the text is, if it is one: no name may look like it, so a path takes either."""
    try:
        return UUID(text)
    except ValueError:
        return None
