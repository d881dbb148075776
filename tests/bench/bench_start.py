"""Start-up and memory of `vitrine up`, and how long a fresh machine takes to set up."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from tests.bench.rows import Row
from tests.bench.server import Server, make_data_dir, start, stop

ROOT = Path(__file__).parents[2]


def measure(server: Server) -> list[Row]:
    data_dir = make_data_dir()
    cold = start(data_dir)
    stop(cold)
    warm_s = []
    for _ in range(3):
        again = start(data_dir)
        warm_s.append(again.ready_s)
        stop(again)
    shutil.rmtree(data_dir, ignore_errors=True)
    memory = psutil.Process(server.process.pid).memory_info().rss / 1e6
    return [
        Row("`vitrine up`, cold (new data folder): ready", cold.ready_s, "s"),
        Row("`vitrine up`, warm: ready", statistics.median(warm_s), "s", 3),
        Row("memory of the server after the read benchmarks, PostgreSQL apart", memory, "MB", 250),
    ]


def measure_setup() -> list[Row]:
    """`make setup` in a fresh clone. Needs the package mirror."""
    folder = Path(tempfile.mkdtemp(prefix="vitrine-setup-"))
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    begin = time.perf_counter()
    subprocess.run(["make", "--silent", "setup"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    took_s = time.perf_counter() - begin
    shutil.rmtree(folder, ignore_errors=True)
    return [
        Row("`make setup` in a fresh clone", took_s, "s", 180, note="the bar is for `make run` as a whole")
    ]
