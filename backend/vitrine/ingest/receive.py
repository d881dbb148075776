"""Bodies of requests, read within limits: of bytes on the wire, of bytes once unpacked, of silence in between."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator
from typing import Any

import zstandard
from litestar import Request
from litestar.exceptions import HTTPException

from vitrine.errors import Invalid, TooLarge, UploadIncomplete

UNPACKED_LIMIT_BYTES = 32_000_000
WINDOW_LIMIT_BYTES = 8 * 1024**2  # what RFC 8878 asks every reader of zstd to have
SILENCE_S = 60.0


async def read_body(request: Request[Any, Any, Any], *, limit_bytes: int) -> bytes:
    """The whole body, unpacked. Raises: TooLarge, Invalid, UploadIncomplete."""
    check_length(request, limit_bytes)
    body = bytearray()
    async for chunk in stream_body(request):
        body += chunk
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
    return unpack(bytes(body), request.headers.get("content-encoding", "identity").strip().lower())


async def stream_body(request: Request[Any, Any, Any]) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises: UploadIncomplete when the sender goes away, or says nothing for a minute."""
    chunks = request.stream()
    try:
        while True:
            async with asyncio.timeout(SILENCE_S):
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
            yield chunk
    except TimeoutError as error:
        raise UploadIncomplete(
            f"Nothing came for {SILENCE_S:.0f} s: the upload was given up. Try again."
        ) from error
    except HTTPException as error:  # how Litestar says that the connection has gone
        raise UploadIncomplete(
            "The connection ended before the body did: nothing of it was kept. Try again."
        ) from error


def check_length(request: Request[Any, Any, Any], limit_bytes: int) -> None:
    """Raises: TooLarge for a body that announces too much, before any of it is read."""
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)


def check_json(request: Request[Any, Any, Any]) -> None:
    """Raises: Invalid for a body that says it is something else than JSON."""
    kind = request.headers.get("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Invalid(f"Events are sent as application/json, not as {kind[:80]!r}.")


def unpack(body: bytes, encoding: str) -> bytes:
    """Raises: Invalid for what is not packed as it says, TooLarge when it is more than 32 MB unpacked."""
    try:
        if encoding == "zstd":
            plain = _unzstd(body)
        elif encoding == "gzip":
            plain = _gunzip(body)
        elif encoding in ("", "identity"):
            plain = body
        else:
            raise Invalid(f"The content encoding {encoding[:40]!r} is unknown: zstd and gzip are known.")
    except (zlib.error, zstandard.ZstdError) as error:
        raise Invalid(f"The body can't be unpacked as {encoding}: {error}.") from error
    if len(plain) > UNPACKED_LIMIT_BYTES:
        raise _too_large(UNPACKED_LIMIT_BYTES)
    return plain


def _unzstd(body: bytes) -> bytes:
    """At most a little more than allowed: four bytes of a bomb stand for 128 kB, so the output is what is counted."""
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT_BYTES).stream_reader(body)
    plain = bytearray()
    while len(plain) <= UNPACKED_LIMIT_BYTES and (piece := reader.read(1 << 20)):
        plain += piece
    return bytes(plain)


def _gunzip(body: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(body, UNPACKED_LIMIT_BYTES + 1)


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than the {limit_bytes:,} bytes allowed. Send it in parts.",
        limit_bytes=limit_bytes,
    )
