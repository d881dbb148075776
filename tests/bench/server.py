"""A server to measure: `vitrine up` in a folder of its own, filled straight through SQL so that loading is not what takes time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass
class Server:
    url: str
    token: str
    link: str
    data_dir: Path
    process: subprocess.Popen[str]
    ready_s: float

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1/projects/default"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_data_dir() -> Path:
    """An empty folder that the database's account can reach: pytest's own and mkdtemp's are closed to it."""
    data_dir = Path(tempfile.mkdtemp(prefix="vitrine-"))
    data_dir.chmod(0o755)
    return data_dir


def start(data_dir: Path, *, port: int = 0) -> Server:
    """`vitrine up`, until it answers that it is ready. `ready_s` counts from the start of the process."""
    port = port or free_port()
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "vitrine.cli", "up", "--port", str(port), "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    url = f"http://127.0.0.1:{port}"
    while time.perf_counter() - begin < 60:
        try:
            if httpx.get(f"{url}/health/ready", timeout=1).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.02)
    ready_s = time.perf_counter() - begin
    assert process.stdout is not None
    link = ""
    while not link:
        line = process.stdout.readline()
        assert line, "the server ended before it printed its link"
        if found := re.search(r"http\S+/auth/link\?code=\S+", line):
            link = found[0]
    client = json.loads((data_dir / "client.json").read_text())
    return Server(url, client["token"], link, data_dir, process, ready_s)


def attach(data_dir: Path) -> Server:
    """A server that somebody else started and will end."""
    client = json.loads((data_dir / "client.json").read_text())
    return Server(client["url"], client["token"], "", data_dir, subprocess.Popen(["true"], text=True), 0.0)


def stop(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.wait(30)
    except subprocess.TimeoutExpired:
        server.process.kill()


@contextmanager
def running() -> Iterator[Server]:
    data_dir = make_data_dir()
    server = start(data_dir)
    try:
        yield server
    finally:
        stop(server)
        shutil.rmtree(data_dir, ignore_errors=True)
