"""Files and folders by their local path: what a materializer needs to write into `self.uri` and to read from it."""

from __future__ import annotations

import builtins
import glob as _glob
import os
import shutil
from collections.abc import Iterator
from typing import IO, Any, TypeAlias

Path: TypeAlias = str | os.PathLike[str]


def open(path: Path, mode: str = "r") -> IO[Any]:
    """An open file; text is UTF-8."""
    return builtins.open(path, mode, encoding=None if "b" in mode else "utf-8")


def exists(path: Path) -> bool:
    return os.path.exists(path)


def isdir(path: Path) -> bool:
    return os.path.isdir(path)


def size(path: Path) -> int:
    """Bytes."""
    return os.path.getsize(path)


def listdir(path: Path) -> list[str]:
    """The names inside, sorted."""
    return sorted(os.listdir(path))


def glob(pattern: Path) -> list[str]:
    return sorted(_glob.glob(os.fspath(pattern)))


def walk(top: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    return os.walk(top)


def mkdir(path: Path) -> None:
    os.mkdir(path)


def makedirs(path: Path) -> None:
    """The folder is there, with all above it."""
    os.makedirs(path, exist_ok=True)


def copy(source: Path, target: Path, overwrite: bool = False) -> None:
    """A file is copied. Raises: FileExistsError unless `overwrite`."""
    _refuse_existing(target, overwrite=overwrite)
    shutil.copyfile(source, target)


def rename(source: Path, target: Path, overwrite: bool = False) -> None:
    """Moved. Raises: FileExistsError unless `overwrite`."""
    _refuse_existing(target, overwrite=overwrite)
    os.replace(source, target)


def remove(path: Path) -> None:
    os.remove(path)


def rmtree(path: Path) -> None:
    """The folder is gone with all that is in it."""
    shutil.rmtree(path)


def stat(path: Path) -> os.stat_result:
    return os.stat(path)


def _refuse_existing(target: Path, *, overwrite: bool) -> None:
    if not overwrite and os.path.exists(target):
        raise FileExistsError(f"{os.fspath(target)} exists already; overwrite=True replaces it.")
