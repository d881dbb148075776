"""`make bench`: every figure, printed and written to docs/benchmarks.md.

`python -m tests.bench api sdk` only prints those;
`--write` writes them."""

from __future__ import annotations

import asyncio
import inspect
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import bench_api, bench_browser, bench_ingest, bench_layout, bench_sdk, bench_start
from tests.bench.rows import Row, to_markdown
from tests.bench.server import running

REPORT = Path(__file__).parents[2] / "docs/benchmarks.md"
WITH_SERVER: dict[str, Callable[..., Any]] = {
    "api": bench_api.measure,
    "ingest": bench_ingest.measure,
    "sdk": bench_sdk.measure,
    "browser": bench_browser.measure,
    "start": bench_start.measure,
}
ALONE: dict[str, Callable[[], list[Row]]] = {
    "layout": bench_layout.measure,
    "setup": bench_start.measure_setup,
}
HEAD = """# Benchmarks

Written by `make bench`. The bars are the product's figures to reach; references were measured on the same kind of machine and
stand in `tests/bench/peers.py`. Machines are noisy: trust medians and ratios.

{when}, Python {python}, {cores} cores, load average {load} at the end, software rendering in the browser.

"""


def main(wanted: list[str], *, is_written: bool) -> None:
    rows: list[Row] = []
    for name, measure in ALONE.items():
        if not wanted or name in wanted:
            rows += timed(name, measure)
    chosen = {name: measure for name, measure in WITH_SERVER.items() if not wanted or name in wanted}
    if chosen:
        with running() as server:
            for name, measure in chosen.items():
                rows += timed(name, lambda measure=measure: measure(server))  # type: ignore[misc]
    print(to_markdown(rows))
    if is_written:
        head = HEAD.format(
            when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            python=platform.python_version(),
            cores=os.cpu_count(),
            load=f"{os.getloadavg()[0]:.1f}",
        )
        REPORT.write_text(head + to_markdown(rows) + "\n")


def timed(name: str, measure: Callable[[], Any]) -> list[Row]:
    begin = time.perf_counter()
    result = measure()
    rows: list[Row] = asyncio.run(result) if inspect.iscoroutine(result) else result
    print(f"{name}: {len(rows)} rows in {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    return rows


if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if name != "--write"]
    main(names, is_written=not names or "--write" in sys.argv)
