"""Where a program reports to: the environment first, else the file that `vitrine up` leaves for its owner."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

DEFAULT_DATA_DIR = "~/.vitrine"
DEFAULT_PROJECT = "default"


class Connection(NamedTuple):
    """`url` is None when no server is known yet. `destination` names the spool of what is meant for this server."""

    url: str | None
    token: str | None
    project: str
    destination: str

    @property
    def dashboard_url(self) -> str | None:
        return f"{self.url}/{self.project}" if self.url else None


def read_data_dir() -> Path:
    return Path(os.environ.get("VITRINE_DATA_DIR") or DEFAULT_DATA_DIR).expanduser()


def find_connection() -> Connection:
    """VITRINE_URL, VITRINE_TOKEN, VITRINE_PROJECT; what is unset comes from `<data_dir>/client.json`.

    The token of the file is never sent to another server than the file's own.
    """
    local = _read_client_file(read_data_dir() / "client.json")
    url = (os.environ.get("VITRINE_URL") or local.get("url") or "").rstrip("/") or None
    is_local = url is None or url == (local.get("url") or "").rstrip("/")
    known = local if is_local else {}
    return Connection(
        url=url,
        token=os.environ.get("VITRINE_TOKEN") or known.get("token"),
        project=os.environ.get("VITRINE_PROJECT") or known.get("project") or DEFAULT_PROJECT,
        destination="local"
        if is_local
        else re.sub(r"[^a-z0-9.]+", "-", re.sub(r"^\w+://", "", str(url).lower())),
    )


def _read_client_file(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
