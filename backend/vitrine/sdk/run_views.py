"""Runs, their steps, pipelines and snapshots, as the client gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from vitrine.enums import ExecutionStatus
from vitrine.sdk.api_views import MetadataValue, Page, Server, View, read_instant, read_metadata
from vitrine.sdk.artifact_views import ArtifactVersion, StepOutputVersions
from vitrine.sdk.connection import Connection
from vitrine.sdk.http import segment


class _Timed(View):
    """Something that runs."""

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus(self._get("status"))

    @property
    def started_at(self) -> datetime | None:
        return read_instant(self._get("started_at"))

    @property
    def ended_at(self) -> datetime | None:
        return read_instant(self._get("ended_at"))

    start_time, end_time = started_at, ended_at

    @property
    def run_metadata(self) -> dict[str, MetadataValue]:
        return read_metadata(self._get("metadata"))


class StepRun(_Timed):
    """A step of a run."""

    def __init__(self, server: Server, fields: Mapping[str, Any], run_id: UUID) -> None:
        super().__init__(server, fields)
        self._run_id = run_id

    def _path(self) -> str:
        return f"/runs/{self._run_id}/steps/{segment(self._fields['key'])}"

    @property
    def name(self) -> str:
        """The step's key in the graph."""
        return str(self._get("key"))

    @property
    def outputs(self) -> dict[str, StepOutputVersions]:
        return self._versions("outputs")

    @property
    def inputs(self) -> dict[str, StepOutputVersions]:
        return self._versions("inputs")

    @property
    def output(self) -> ArtifactVersion:
        """The version of the step's only output. Raises: AttributeError when it has none or several."""
        if len(found := self.outputs) == 1:
            return next(iter(found.values()))[0]
        raise AttributeError(
            f"The step {self.name!r} has {len(found)} outputs: {', '.join(found) or 'none'}."
        )

    def logs(self) -> str:
        """All of the step's log, as text."""
        self._server.get(self._path())
        return self._server.api.get_bytes(f"{self._path()}/logs.txt").decode("utf-8", "replace")

    def _versions(self, which: str) -> dict[str, StepOutputVersions]:
        found: dict[str, StepOutputVersions] = {}
        for mention in self._get(which):
            version = ArtifactVersion(self._server, {"id": mention["artifact_version_id"]})
            found.setdefault(mention["name"], StepOutputVersions()).append(version)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StepRun) and (other._run_id, other.name) == (self._run_id, self.name)

    def __hash__(self) -> int:
        return hash((self._run_id, self.name))


class Snapshot(View):
    """What a run executes: steps, edges, code, configuration."""

    def _path(self) -> str:
        return f"/snapshots/{self._fields['id']}"


class Pipeline(View):
    def _path(self) -> str:
        return f"/pipelines/{segment(self._fields['name'])}"

    @property
    def runs(self) -> list[PipelineRun]:
        """The newest 50."""
        return list_runs(self._server, pipeline=self.name).items

    @property
    def last_run(self) -> PipelineRun:
        """Raises: IndexError when there is none."""
        return self.runs[0]

    @property
    def last_successful_run(self) -> PipelineRun:
        return next(
            run
            for run in list_runs(self._server, pipeline=self.name)
            if run.status in (ExecutionStatus.COMPLETED, ExecutionStatus.CACHED)
        )


class PipelineRun(_Timed):
    """A run of a pipeline."""

    @classmethod
    def finished(cls, id: UUID, *, name: str, status: str, connection: Connection) -> PipelineRun:
        """The run that this program has just made: what is known of it needs no server."""
        return cls(Server(connection), {"id": str(id), "name": name, "status": status})

    def _path(self) -> str:
        return f"/runs/{self._fields['id']}"

    @property
    def url(self) -> str | None:
        """In the dashboard; None while no server is known."""
        place = self._server.connection.dashboard_url
        return f"{place}/runs/{self.id}" if place else None

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(self._server, self._get("pipeline"))

    @cached_property
    def steps(self) -> dict[str, StepRun]:
        """Key → step, in the order of the snapshot."""
        found = self._server.get(f"{self._path()}/steps")
        return {fields["key"]: StepRun(self._server, fields, self.id) for fields in found["items"]}

    @property
    def output(self) -> dict[str, UUID]:
        """Output's name → id of the version; of steps that name an output alike, the last one's."""
        return {
            name: versions[-1].id for step in self.steps.values() for name, versions in step.outputs.items()
        }

    @property
    def run_metadata(self) -> dict[str, MetadataValue]:
        """The run's own, and each step's as `<step>.<key>`."""
        of_steps = {
            f"{step}.{key}": value
            for step, values in self._get("step_metadata").items()
            for key, value in values.items()
        }
        return read_metadata({**of_steps, **self._get("metadata")})

    @property
    def config(self) -> dict[str, Any]:
        return dict(self._get("configuration"))

    @property
    def tags(self) -> list[str]:
        return list(self._get("tags"))

    def snapshot(self) -> Snapshot:
        return Snapshot(self._server, {"id": self._get("snapshot_id")})


def list_runs(
    server: Server, *, pipeline: str | None = None, sort: str | None = None, size: int = 50, **conditions: Any
) -> Page[PipelineRun]:
    """`conditions`: field → value of the filter language; `filter` is one more condition in that language."""
    parts = [f"({given})"] if (given := conditions.pop("filter", None)) else []
    for field, value in {"pipeline": pipeline, **conditions}.items():
        if value is not None:
            parts.append(f"{field} = {quote_text(str(value))}")
    return Page(
        server, "/runs", {"limit": size, "sort": sort, "filter": " and ".join(parts) or None}, PipelineRun
    )


def quote_text(text: str) -> str:
    """As a text of the filter language."""
    return "'" + text.replace("'", "''") + "'"
