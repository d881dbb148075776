"""The house stays tidy: the top level is fixed, files stay small, names say something."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOP = {
    "pyproject.toml",
    "README.md",
    "Makefile",
    "LICENSE",
    "CHANGELOG.md",
    "docs",
    "backend",
    "frontend",
    "e2e",
    "tests",
}
BANNED_NAMES = {"utils", "helpers", "common", "base", "manager", "data", "info"}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listed.splitlines() if (ROOT / line).exists()]


def test_nothing_is_at_the_top_level_beyond_the_agreed_list() -> None:
    tops = {path.parts[0] for path in tracked_files()}
    assert {name for name in tops if not name.startswith(".")} <= TOP


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = {path for path in tracked_files() if path.suffix == ".py" and path.stem in BANNED_NAMES}
    assert not named


def test_the_makefile_lists_its_targets_itself() -> None:
    listed = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"make (\w+)", listed)) == {
        "setup",
        "run",
        "test",
        "check",
        "e2e",
        "bench",
        "fmt",
        "help",
    }


def test_islands_stay_within_their_budget() -> None:
    """Gzip of each island's files together; docs/decisions.md says why two of them may pass 8 KB."""
    folder = ROOT / "frontend/vitrine_ui/islands"
    islands = {
        path.name: b"".join(file.read_bytes() for file in sorted(path.glob("*.js")))
        for path in folder.iterdir()
        if path.is_dir()
    }
    sizes = {name: len(gzip.compress(text, 9)) for name, text in islands.items()}
    shared = len(gzip.compress(b"".join(path.read_bytes() for path in sorted(folder.glob("*.js"))), 9))
    assert sizes
    allowed = {"graph": 10.5 * 1024, "grid": 9.5 * 1024}
    assert {name: size for name, size in sizes.items() if size > allowed.get(name, 8 * 1024)} == {}
    assert sum(sizes.values()) + shared <= 40 * 1024


def test_no_island_or_stylesheet_reaches_beyond_the_machine() -> None:
    found = [
        f"{path.name}: {url}"
        for path in (ROOT / "frontend").rglob("*")
        if path.suffix in {".js", ".css", ".svg", ".py"}
        for url in re.findall(
            r"""https?://(?!www\.w3\.org/|127\.0\.0\.1|localhost)[^\s"'`)]+""", path.read_text()
        )
        if "example" not in url
    ]
    assert found == []


def test_the_lock_has_hashes_and_no_index_addresses() -> None:
    lock = (ROOT / "backend/requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert "--index-url" not in lock
