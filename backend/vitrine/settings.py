"""What an administrator may set, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from vitrine.errors import Invalid

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8237
DEFAULT_DATA_DIR = "~/.vitrine"


class Settings(Struct, frozen=True, kw_only=True):
    """`origins` are what a browser's address bar may show: Host, Origin and the Secure flag derive from them."""

    database_url: str
    store: Path
    data_dir: Path
    origins: tuple[str, ...]
    database_listen_url: str | None = None
    base_path: str = ""  # "/ml" behind a proxy that passes the prefix on; no slash at the end
    api_url: str | None = None  # where the dashboard finds the API; None: in this process
    pool_size: int = 10
    ingest_limit_bytes: int = 5_000_000
    blob_limit_bytes: int = 20 * 1024**3
    session_idle_s: int = 8 * 3600
    session_life_s: int = 7 * 24 * 3600
    heartbeat_s: float = 15.0

    @property
    def is_secure(self) -> bool:
        return all(origin.startswith("https://") for origin in self.origins)


def read_settings(
    environment: Mapping[str, str] = os.environ, *, origin: str | None = None, **given: object
) -> Settings:
    """The settings of the environment; keywords win over it.

    Raises: Invalid when DATABASE_URL is missing or an origin is not one.
    """
    data_dir = Path(
        str(given.pop("data_dir", None) or environment.get("VITRINE_DATA_DIR", DEFAULT_DATA_DIR))
    ).expanduser()
    database_url = str(given.pop("database_url", None) or environment.get("DATABASE_URL", ""))
    if not database_url:
        raise Invalid(
            "DATABASE_URL is not set. Set it to postgresql://…, or run `vitrine up` for an embedded database."
        )
    origins = tuple(
        one.strip().rstrip("/")
        for one in environment.get("VITRINE_ORIGINS", origin or "").split(",")
        if one.strip()
    )
    if not origins or any(not one.startswith(("http://", "https://")) for one in origins):
        raise Invalid(
            f"VITRINE_ORIGINS must list addresses such as https://ml.example.com, not {environment.get('VITRINE_ORIGINS')!r}."
        )
    values: dict[str, object] = {
        "database_url": database_url,
        "database_listen_url": environment.get("DATABASE_LISTEN_URL"),
        "data_dir": data_dir,
        "store": Path(environment.get("VITRINE_STORE", data_dir / "store")).expanduser(),
        "origins": origins,
        "base_path": environment.get("VITRINE_BASE_PATH", "").rstrip("/"),
        "api_url": environment.get("VITRINE_API_URL"),
    }
    return Settings(**{**values, **given})  # type: ignore[arg-type]
