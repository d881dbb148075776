"""What the SDK adds to a step that returns at once, and what `import vitrine` costs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys

from tests.bench.rows import Row
from tests.bench.server import Server

STEPS = 100
PROGRAM = f"""
import json, time
from vitrine import pipeline, step
@step
def nothing() -> None: pass
@pipeline(enable_cache=CACHE)
def many():
    for _ in range({STEPS}):
        nothing()
durations = []
for _ in range(3):
    begin = time.perf_counter()
    many()
    durations.append((time.perf_counter() - begin) * 1e3 / {STEPS})
print(json.dumps(durations))
"""
IMPORT = "import time; t = time.perf_counter(); import vitrine; print((time.perf_counter() - t) * 1e3)"


def measure(server: Server) -> list[Row]:
    environment = {
        **os.environ,
        "VITRINE_URL": server.url,
        "VITRINE_TOKEN": server.token,
        "VITRINE_PROJECT": "default",
    }

    def run(program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        return done.stdout.splitlines()[-1]

    plain = statistics.median(json.loads(run(PROGRAM.replace("CACHE", "False"))))
    cached = statistics.median(json.loads(run(PROGRAM.replace("CACHE", "True"))))
    imports = statistics.median(float(run(IMPORT)) for _ in range(5))
    return [
        Row(
            "SDK overhead a step that returns at once, caching off",
            plain,
            "ms",
            2,
            note=f"a run of {STEPS} steps, its start and end included",
        ),
        Row("the same, caching on", cached, "ms", 10),
        Row("`import vitrine`", imports, "ms"),
    ]
