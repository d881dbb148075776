from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vitrine import cli
from vitrine.commands import local
from vitrine.commands.lists import draw_table, say_duration


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["run"],
        ["up", "--port", "70000"],
        ["up", "--port", "-1"],
        ["up", "--port", "http"],
        ["token", "create"],
        ["token", "create", "x", "--role", "king"],
        ["token", "create", "x", "--expires", "3y"],
        ["token", "create", "x", "--expires", "0d"],
        ["serve", "--workers", "0"],
        ["run", "list", "--limit", "0"],
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_right(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: vitrine" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for name in ("up", "open", "serve", "migrate", "token", "example", "run", "pipeline", "artifact"):
        assert f"\n    {name} " in text


def test_what_is_missing_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "VITRINE_URL", "VITRINE_TOKEN", "VITRINE_ORIGINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    for arguments, said in (
        (["serve"], "DATABASE_URL is not set"),
        (["migrate"], "DATABASE_URL is not set"),
        (["open"], "start it with `vitrine up`"),
        (["run", "list"], "start one with `vitrine up`"),
        (["token", "create", "x"], "start one with `vitrine up`"),
    ):
        assert cli.main(arguments) == 1
        error = capsys.readouterr().err
        assert error.startswith("vitrine: ")
        assert said in error
        assert error.count("\n") == 1


def test_the_command_line_loads_nothing_of_the_server_before_it_needs_to() -> None:
    code = "import sys, vitrine.cli; vitrine.cli.make_parser(); print(sorted({'litestar', 'asyncpg', 'reactpy', 'httpx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_client_file_is_its_owners_alone(tmp_path: Path) -> None:
    assert local.find_client(tmp_path) is None
    local.write_client(tmp_path, local.Client("http://127.0.0.1:1", "vit_x"))
    assert (tmp_path / "client.json").stat().st_mode & 0o777 == 0o600
    assert local.find_client(tmp_path) == local.Client("http://127.0.0.1:1", "vit_x", "default")
    (tmp_path / "client.json").write_text("{")
    assert local.find_client(tmp_path) is None


def test_a_data_folder_has_one_server(tmp_path: Path) -> None:
    assert not local.is_in_use(tmp_path)
    with local.held(tmp_path):
        assert local.is_in_use(tmp_path)
        with pytest.raises(local.InUse), local.held(tmp_path):
            pass
    assert not local.is_in_use(tmp_path)


ROWS = [
    ["train 7", "train", "completed", "2026-11-21 08:00", "3.1 s"],
    ["a name as long as forty characters, say", "t", "failed", "", ""],
]
HEADS = ["run", "pipeline", "status", "started", "took"]


@pytest.mark.parametrize("width", [30, 60, 79, 80, 120, 200])
def test_a_table_fits_the_terminal(width: int) -> None:
    drawn = draw_table(HEADS, ROWS, width=width)
    assert len(drawn.splitlines()) == 3
    assert max(map(len, drawn.splitlines())) <= max(width, 40)
    assert ("say" in drawn) is (width >= 95)


def test_a_name_cannot_command_the_terminal() -> None:
    assert "\x1b" not in draw_table(["run"], [["\x1b[31mred\nline"]], width=80)


@pytest.mark.parametrize(
    ("duration_s", "said"),
    [(None, ""), (0.04, "0.0 s"), (3.14, "3.1 s"), (72, "1 m 12 s"), (7_560, "2 h 06 m"), (59.99, "60.0 s")],
)
def test_durations_read_as_in_the_dashboard(duration_s: float | None, said: str) -> None:
    assert say_duration(duration_s) == said
