"""A run says what happens to it, as events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from vitrine.ids import new_id
from vitrine.ingest.structs import (
    ArtifactVersionBody,
    ArtifactVersionEvent,
    HeartbeatEvent,
    LinkedArtifact,
    LogBody,
    LogEvent,
    LogLine,
    MetadataBody,
    MetadataEvent,
    ModelVersionBody,
    ModelVersionEvent,
    RunBody,
    RunEvent,
    SnapshotBody,
    SnapshotEvent,
    StepBody,
    StepEvent,
)
from vitrine.sdk.model import RunModel
from vitrine.sdk.reporting import Reporter
from vitrine.sdk.storing import StoredVersion
from vitrine.sdk.values import plain_metadata

HEARTBEAT_S = 15.0
LINKS: dict[str, Literal["data", "model", "deployment"]] = {"model": "model", "service": "deployment"}


class Recorder:
    """Everything that one run reports goes through here. Nothing here waits for the network."""

    def __init__(self, reporter: Reporter, run_id: UUID) -> None:
        self.reporter = reporter
        self.run_id = run_id

    def snapshot(self, body: SnapshotBody) -> None:
        self.reporter.record(SnapshotEvent(id=new_id(), at=now(), body=body))

    def run(self, body: RunBody) -> None:
        self.reporter.record(RunEvent(id=new_id(), at=now(), run_id=self.run_id, body=body))

    def step(self, body: StepBody) -> None:
        self.reporter.record(StepEvent(id=new_id(), at=now(), run_id=self.run_id, body=body))

    def log(self, step: str, attempt: int, first_line: int, lines: list[LogLine]) -> None:
        body = LogBody(step=step, attempt=attempt, first_line=first_line, lines=lines)
        self.reporter.record(LogEvent(id=new_id(), at=now(), run_id=self.run_id, body=body))

    def metadata(self, values: Mapping[str, Any], *, step: str | None = None) -> None:
        """Of a step, or of the run."""
        if values:
            self.reporter.record(
                MetadataEvent(
                    id=new_id(),
                    at=now(),
                    run_id=self.run_id,
                    body=MetadataBody(values=plain_metadata(values), step=step),
                )
            )

    def artifact_version(self, body: ArtifactVersionBody) -> None:
        self.reporter.record(ArtifactVersionEvent(id=new_id(), at=now(), run_id=self.run_id, body=body))

    def model_version(self, body: ModelVersionBody) -> None:
        self.reporter.record(ModelVersionEvent(id=new_id(), at=now(), run_id=self.run_id, body=body))

    def link_to_model(self, model: RunModel, versions: Sequence[StoredVersion]) -> None:
        """The model's version knows these artifacts. Says the whole version again: events may arrive in any order."""
        if versions:
            body = model.model.describe(model.id)
            body.artifacts = [
                LinkedArtifact(artifact_version_id=one.id, link=LINKS.get(one.artifact_type, "data"))
                for one in versions
            ]
            self.model_version(body)

    def heartbeat(self) -> float:
        """A sign of life; gives the seconds until the next one."""
        self.reporter.record(HeartbeatEvent(id=new_id(), at=now(), run_id=self.run_id))
        return HEARTBEAT_S


def now() -> datetime:
    return datetime.now(UTC)
