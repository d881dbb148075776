"""The README is true: its commands exist, its map points somewhere, its quick start is short and runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def quick_start() -> str:
    """The pipeline of the quick start, as a newcomer copies it."""
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_every_path_of_the_map_exists() -> None:
    missing = []
    for path in re.findall(r"`((?:backend|frontend|docs|tests|e2e)/[^`]*)`", README):
        choices = re.search(r"\{(.*)\}", path)
        names = [path.replace(choices[0], name) for name in choices[1].split(",")] if choices else [path]
        missing += [name for name in names if not (ROOT / name).exists()]
    missing += [path for path in re.findall(r"\]\((docs/[^)]+)\)", README) if not (ROOT / path).exists()]
    assert missing == []


def test_every_command_of_the_table_is_known_to_the_program() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "vitrine.cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    named = {words.split()[0] for words in re.findall(r"^\| `vitrine ([^`]+)`", README, re.MULTILINE)}
    assert named
    assert {name for name in named if not re.search(rf"\b{name}\b", shown)} == set()


def test_the_quick_start_needs_about_ten_lines_and_no_configuration() -> None:
    code = [line for line in quick_start().splitlines() if line.strip()]
    assert len(code) <= 15
    compile(quick_start(), "my_pipeline.py", "exec")
    assert "environ" not in quick_start()
