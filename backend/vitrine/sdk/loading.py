"""Artifact versions become values again, in the user's own program."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from vitrine.errors import Invalid
from vitrine.ingest.structs import StoredFile
from vitrine.materializers.registry import load_materializer
from vitrine.sdk.http import Api
from vitrine.sdk.storing import StoredVersion, check_path
from vitrine.sdk.uploading import digest_file


def load_stored(version: StoredVersion, folder: Path) -> Any:
    """The value, from a folder that holds the version's files. Raises: whatever its materializer raises."""
    kind = version.loader or load_materializer(version.materializer)
    return kind(uri=str(folder)).load(version.kind or find_class(version.data_type))


def fetch_files(api: Api, files: Iterable[StoredFile], folder: Path, *, blobs: Path | None = None) -> None:
    """The files are in the folder, each with the content that its SHA-256 promises.

    Raises: VitrineError, ServerUnreachable, Invalid when a content arrives changed.
    """
    for file in files:
        target = folder / check_path(file.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        local = blobs / file.sha256 if blobs else None
        if local is not None and local.exists():
            shutil.copyfile(local, target)
        else:
            api.download(f"/blobs/{file.sha256}", target)
        if digest_file(target) != file.sha256:
            target.unlink()
            raise Invalid(f"{file.path} arrived with another content than the artifact version promises.")


def fetch_value(api: Api, version: StoredVersion) -> Any:
    """The value of a version that is on the server. Its files are gone again afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vitrine-artifact-"))
    try:
        fetch_files(api, version.files, folder)
        return load_stored(version, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_class(name: str) -> type[Any]:
    """The class by its full name; `object` where this program has none of it."""
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(import_module(module or "builtins"), attribute)
    except (ImportError, AttributeError, ValueError):
        return object
    return found if isinstance(found, type) else object


def ensure_zip(path: str | os.PathLike[str], *, overwrite: bool) -> Path:
    """Raises: Invalid unless the path ends in .zip and is free, or may be overwritten."""
    target = Path(path)
    if target.suffix != ".zip":
        raise Invalid(f"{target} must end in .zip, since the files arrive as one archive.")
    if target.exists() and not overwrite:
        raise Invalid(f"{target} exists already; overwrite=True replaces it.")
    return target
