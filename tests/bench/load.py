"""A small load generator on the loopback: keep-alive connections, bounded in count and time, no parsing of answers."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    requests_per_s: float
    p50_ms: float
    p95_ms: float
    body_bytes: int


async def get_repeatedly(url: str, headers: dict[str, str], *, connections: int, duration_s: float) -> Load:
    """Each connection asks again as soon as it has its answer.

    Raises: AssertionError for an answer other than 200.
    """
    parts = urlsplit(url)
    assert parts.hostname in {"127.0.0.1", "localhost"}, "load goes to this machine alone"
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    durations: list[float] = []
    sizes: set[int] = set()
    end = time.perf_counter() + duration_s

    async def ask_on_one_connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while time.perf_counter() < end:
                begin = time.perf_counter()
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head[:300]
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                durations.append(time.perf_counter() - begin)
                sizes.add(length)
        finally:
            writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(ask_on_one_connection() for _ in range(connections)))
    elapsed = time.perf_counter() - begin
    ordered = sorted(durations)
    return Load(
        requests_per_s=len(durations) / elapsed,
        p50_ms=statistics.median(ordered) * 1e3,
        p95_ms=ordered[int(0.95 * (len(ordered) - 1))] * 1e3,
        body_bytes=max(sizes),
    )
