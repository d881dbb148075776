"""Values become artifact versions: saved, pictured, described, hashed, and put where the upload finds them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

from vitrine.enums import ArtifactType, VisualizationType
from vitrine.errors import Invalid
from vitrine.ids import new_id
from vitrine.ingest.structs import ArtifactVersionBody, StoredFile, StoredVisualization
from vitrine.materializers.base_materializer import BaseMaterializer
from vitrine.materializers.registry import as_announced, find_materializer, name_materializer
from vitrine.sdk.reporting import Reporter
from vitrine.sdk.saying import say
from vitrine.sdk.signature import name_class
from vitrine.sdk.uploading import digest_file, keep_content
from vitrine.sdk.values import plain_metadata


@dataclass(frozen=True)
class StoredVersion:
    """A version as steps need it. `folder` holds its files while this run lasts; None: they have to be fetched."""

    id: UUID
    artifact: str
    artifact_type: str
    data_type: str
    materializer: str
    files: tuple[StoredFile, ...]
    folder: Path | None = None
    kind: type[Any] | None = field(default=None, compare=False)
    loader: type[BaseMaterializer] | None = field(default=None, compare=False)

    @property
    def digest(self) -> str:
        """Of the content: equal for versions that load as the same value. A version without files is only equal to itself."""
        files = [f"{file.path}:{file.sha256}" for file in self.files] or [str(self.id)]
        return hashlib.sha256("\n".join([self.materializer, self.data_type, *files]).encode()).hexdigest()


@dataclass(frozen=True)
class Storing:
    """How one value is to be stored."""

    artifact: str
    version: str | None = None
    artifact_type: ArtifactType | None = None
    step: str | None = None
    output: str | None = None
    annotation: Any = None
    materializer: type[BaseMaterializer] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    has_metadata: bool = True
    has_visualizations: bool = True


def store(reporter: Reporter, value: Any, how: Storing) -> tuple[StoredVersion, ArtifactVersionBody]:
    """The value is on disk, durable and ready to upload; the body says so to the server.

    Raises: whatever the materializer raises when it saves.
    """
    folder = reporter.stage()
    value = as_announced(value, how.annotation)
    kind = how.materializer or find_materializer(type(value))
    materializer = kind(uri=str(folder))
    materializer.save(value)
    paths = list(_files_of(folder))  # before the pictures join them
    pictures = _picture(materializer, value, how.artifact) if how.has_visualizations else {}
    metadata = _describe(materializer, value, how.artifact) if how.has_metadata else {}
    body = ArtifactVersionBody(
        id=new_id(),
        artifact=how.artifact,
        version=how.version,
        type=str(how.artifact_type or materializer.ASSOCIATED_ARTIFACT_TYPE),  # type: ignore[arg-type]
        data_type=name_class(type(value))[:255],
        materializer=name_materializer(kind)[:255],
        step=how.step,
        output=how.output,
        files=[_keep(reporter, folder / path, path) for path in paths],
        visualizations=list(_keep_pictures(reporter, folder, pictures)),
        metadata={**metadata, **how.metadata},
        tags=list(how.tags),
    )
    return _as_stored(body, folder, type(value), kind), body


def _as_stored(
    body: ArtifactVersionBody, folder: Path, kind: type[Any], loader: type[BaseMaterializer]
) -> StoredVersion:
    names = body.artifact, str(body.type), body.data_type, body.materializer
    return StoredVersion(body.id, *names, tuple(body.files), folder, kind, loader)


def _files_of(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield (Path(place) / name).relative_to(folder).as_posix()


def _picture(materializer: BaseMaterializer, value: Any, artifact: str) -> Mapping[str, VisualizationType]:
    """A picture that fails is no reason to lose the value."""
    try:
        return materializer.save_visualizations(value) or {}
    except Exception as error:
        say(
            f"{artifact}: no visualization, since {type(materializer).__name__}.save_visualizations failed: {type(error).__name__}: {error}"
        )
        return {}


def _describe(materializer: BaseMaterializer, value: Any, artifact: str) -> dict[str, Any]:
    try:
        return plain_metadata(materializer.extract_metadata(value) or {})
    except Exception as error:
        say(
            f"{artifact}: no metadata, since {type(materializer).__name__}.extract_metadata failed: {type(error).__name__}: {error}"
        )
        return {}


def _keep(reporter: Reporter, path: Path, name: str) -> StoredFile:
    size, digest = path.stat().st_size, digest_file(path)
    if reporter.has_room_for(size):
        keep_content(path, reporter.blobs, digest=digest)
    return StoredFile(path=name, sha256=digest, size_bytes=size)


def _keep_pictures(
    reporter: Reporter, folder: Path, pictures: Mapping[str, VisualizationType]
) -> Iterator[StoredVisualization]:
    for given, kind in pictures.items():
        path = folder / given
        if not path.is_file():
            say(f"the visualization {given} does not exist.")
            continue
        kept = _keep(reporter, path, path.name)
        yield StoredVisualization(
            id=new_id(),
            kind=VisualizationType(kind).value,
            sha256=kept.sha256,
            size_bytes=kept.size_bytes,
            name=path.name,
        )


def check_path(path: str) -> str:
    """Raises: Invalid for a path that would leave the version's folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or ".." in parts or "\0" in path:
        raise Invalid(f"The artifact has a file with the path {path!r}, which is none inside a folder.")
    return path
