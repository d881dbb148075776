"""Artifact versions and their visualizations, as the client gives them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec

from vitrine.enums import ArtifactType, VisualizationType
from vitrine.ingest.structs import StoredFile
from vitrine.sdk.api_views import MetadataValue, View, read_metadata
from vitrine.sdk.loading import ensure_zip, fetch_value
from vitrine.sdk.storing import StoredVersion


class Visualization(View):
    """A picture of an artifact version."""

    @property
    def type(self) -> VisualizationType:
        return VisualizationType(self._get("kind"))

    def load(self) -> bytes:
        """Its content."""
        from vitrine.sdk.reporting import flush_reports

        flush_reports()
        return self._server.api.get_bytes(f"/visualizations/{self.id}/content?raw=true")


class ArtifactVersion(View):
    """A version of an artifact. As an argument of a step in a pipeline's body it is loaded when the step runs."""

    is_artifact_version = True

    def _path(self) -> str:
        return f"/artifact-versions/{self._fields['id']}"

    @property
    def name(self) -> str:
        """The artifact's."""
        return str(self._get("artifact"))

    @property
    def version(self) -> str:
        """The hand-given name, else the number."""
        given = self._get("name")
        return str(given if given is not None else self._get("number"))

    @property
    def type(self) -> ArtifactType:
        return ArtifactType(self._get("type"))

    @property
    def run_metadata(self) -> dict[str, MetadataValue]:
        return read_metadata(self._get("metadata"))

    @property
    def visualizations(self) -> list[Visualization]:
        return [Visualization(self._server, fields) for fields in self._get("visualizations")]

    @property
    def run_id(self) -> UUID | None:
        maker: Mapping[str, Any] | None = self._get("produced_by")
        return UUID(maker["id"]) if maker else None

    def as_stored(self) -> StoredVersion:
        """As steps take it."""
        files = msgspec.convert(self._get("files"), list[StoredFile])
        get = self._get
        return StoredVersion(
            self.id, self.name, get("type"), get("data_type"), get("materializer"), tuple(files)
        )

    def load(self) -> Any:
        """The value, made by this program. Raises: ServerUnreachable; what its materializer raises."""
        return fetch_value(self._server.api, self.as_stored())

    def download_files(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """The files are in one archive at the path. Raises: Invalid unless the path ends in .zip and is free."""
        target = ensure_zip(path, overwrite=overwrite)
        self._server.get(self._path())
        self._server.api.download(f"{self._path()}/content", target)

    def visualize(self, title: str | None = None) -> None:
        """The pictures are shown in a notebook. Anywhere else their address in the dashboard is printed."""
        from vitrine.sdk.notebooks import show

        show(self.visualizations, title=title, url=self.url)

    @property
    def url(self) -> str:
        return f"{self._server.connection.dashboard_url}/artifact-versions/{self.id}"


class StepOutputVersions(list[ArtifactVersion]):
    """The versions that a step wrote for one output: `[0]` is the one, which `load()` and the like also reach directly."""

    @cached_property
    def _only(self) -> ArtifactVersion:
        return self[0]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not self:
            raise AttributeError(name)
        return getattr(self[0], name)
