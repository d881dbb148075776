"""Programs that only report need nothing of the server, nor the big libraries, to start."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = (
    "litestar",
    "asyncpg",
    "reactpy",
    "uvicorn",
    "pandas",
    "numpy",
    "plotly",
    "pyarrow",
    "sklearn",
    "matplotlib",
    "PIL",
)


def modules_after(program: str) -> set[str]:
    """The first parts of the names of all modules that a new Python has after the program."""
    show = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{show}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_vitrine_loads_nothing_heavy() -> None:
    assert not modules_after("import vitrine").intersection(HEAVY)


def test_the_names_of_the_sdk_load_nothing_heavy() -> None:
    names = "from vitrine import *; import vitrine.client, vitrine.materializers, vitrine.types, vitrine.enums, vitrine.io.fileio"
    assert not modules_after(names).intersection(HEAVY)


def test_a_run_without_arrays_and_tables_loads_nothing_heavy() -> None:
    program = """
import os, tempfile
folder = tempfile.TemporaryDirectory()
os.environ.update(VITRINE_DATA_DIR=folder.name, VITRINE_URL="http://127.0.0.1:9")
from vitrine import log_metadata, pipeline, step
@step
def work() -> dict[str, int]:
    log_metadata({"a": 1})
    return {"a": 1}
@pipeline
def working():
    work()
working()
"""
    assert not modules_after(program).intersection(HEAVY)


def test_the_sdk_says_what_it_has_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from vitrine import nothing"], capture_output=True, text=True, check=False
    )
    assert "cannot import name 'nothing' from 'vitrine'" in done.stderr
