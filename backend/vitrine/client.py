"""Reading what was recorded: runs, pipelines, artifacts, models."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from vitrine.errors import NotFound
from vitrine.sdk.api_views import MetadataValue, Page, Server, View
from vitrine.sdk.artifact_views import ArtifactVersion, StepOutputVersions, Visualization
from vitrine.sdk.http import segment
from vitrine.sdk.run_views import Pipeline, PipelineRun, Snapshot, StepRun, list_runs

__all__ = [
    "ArtifactVersion",
    "Client",
    "MetadataValue",
    "ModelVersion",
    "Page",
    "Pipeline",
    "PipelineRun",
    "Project",
    "Snapshot",
    "StepOutputVersions",
    "StepRun",
    "Visualization",
]

Id = UUID | str


class Project(View):
    def _path(self) -> str:
        return ""


class ModelVersion(View):
    """A version of a model."""

    def _path(self) -> str | None:
        return None

    @property
    def run_metadata(self) -> dict[str, MetadataValue]:
        return {key: MetadataValue(key, value) for key, value in self._get("metadata").items()}


class Client:
    """The project that the environment points to, as on the command line: VITRINE_URL, VITRINE_TOKEN, VITRINE_PROJECT.

    Every method raises ServerUnreachable when the server does not answer, and NotFound for what is not there.
    `hydrate` is accepted everywhere and changes nothing: what is missing is fetched when it is asked for.
    """

    def __init__(self) -> None:
        self._server = Server()

    @property
    def active_project(self) -> Project:
        return Project(self._server, self._server.get(""))

    def list_pipeline_runs(
        self,
        *,
        pipeline_name: str | None = None,
        name: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        filter: str | None = None,
        sort_by: str | None = None,
        size: int = 50,
        hydrate: bool = False,
    ) -> Page[PipelineRun]:
        """Newest first, unless `sort_by` says otherwise: "-duration_s", "metadata.accuracy". `filter` is the dashboard's language."""
        return list_runs(
            self._server,
            pipeline=pipeline_name,
            name=name,
            status=status,
            tag=tag,
            filter=filter,
            sort=sort_by,
            size=size,
        )

    def get_pipeline_run(self, name_id_or_prefix: Id, *, hydrate: bool = True) -> PipelineRun:
        """By id, or the newest of a name."""
        if id := _find_id(name_id_or_prefix):
            return PipelineRun(self._server, self._server.get(f"/runs/{id}"))
        found = list_runs(self._server, name=str(name_id_or_prefix), size=1).items
        if not found:
            raise NotFound(
                f"There is no run {name_id_or_prefix!r} in the project {self._server.connection.project!r}."
            )
        return found[0]

    def list_pipelines(self, *, size: int = 50, hydrate: bool = False) -> Page[Pipeline]:
        return Page(self._server, "/pipelines", {"limit": size}, Pipeline)

    def get_pipeline(self, name_id_or_prefix: Id, *, hydrate: bool = True) -> Pipeline:
        return Pipeline(self._server, self._server.get(f"/pipelines/{segment(name_id_or_prefix)}"))

    def list_artifacts(self, *, size: int = 50, hydrate: bool = False) -> Page[View]:
        return Page(self._server, "/artifacts", {"limit": size}, View)

    def list_artifact_versions(
        self, name: str, *, size: int = 50, hydrate: bool = False
    ) -> Page[ArtifactVersion]:
        """Of one artifact, newest first."""
        return Page(self._server, f"/artifacts/{segment(name)}/versions", {"limit": size}, ArtifactVersion)

    def get_artifact_version(
        self, name_id_or_prefix: Id, version: str | int | None = None, *, hydrate: bool = True
    ) -> ArtifactVersion:
        """By id, or by the artifact's name: the newest version unless a number or a hand-given name says which."""
        if id := _find_id(name_id_or_prefix):
            return ArtifactVersion(self._server, self._server.get(f"/artifact-versions/{id}"))
        if version is None:
            found = self.list_artifact_versions(str(name_id_or_prefix), size=1).items
            if not found:
                raise NotFound(f"The artifact {name_id_or_prefix!r} has no version.")
            return ArtifactVersion(self._server, self._server.get(f"/artifact-versions/{found[0].id}"))
        path = f"/artifacts/{segment(name_id_or_prefix)}/versions/{segment(version)}"
        return ArtifactVersion(self._server, self._server.get(path))

    def get_model_version(
        self, model_name: Id, version: str | int | None = None, *, hydrate: bool = True
    ) -> ModelVersion:
        """By number, name or stage; the newest one if none is given."""
        path = f"/models/{segment(model_name)}/versions/{segment(version or 'latest')}"
        return ModelVersion(self._server, self._server.get(path))


def _find_id(given: Any) -> UUID | None:
    try:
        return given if isinstance(given, UUID) else UUID(str(given))
    except ValueError:
        return None
