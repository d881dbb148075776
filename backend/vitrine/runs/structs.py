"""What the API says of runs, steps and logs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct


class Named(Struct):
    """A thing that is only mentioned: enough to show and to link it."""

    id: UUID
    name: str


class RunMention(Struct):
    id: UUID
    number: int | None
    name: str | None
    pipeline: str | None


class RunItem(Struct):
    """A row of the run list. `metadata` holds only the keys that were asked for."""

    id: UUID
    number: int | None
    name: str
    status: str
    pipeline: Named | None
    user: Named | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    tags: list[str]
    metadata: Raw


class ModelVersionMention(Struct):
    id: UUID
    model: str
    number: int | None
    name: str | None


class RunDetail(Struct):
    id: UUID
    number: int | None
    name: str
    status: str
    pipeline: Named | None
    user: Named | None
    stack: Named | None
    snapshot_id: UUID | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    heartbeat_at: datetime | None
    archived_at: datetime | None
    code_version: str | None
    tags: list[str]
    models: list[ModelVersionMention]
    step_counts: dict[str, int]
    code: Raw
    environment: Raw
    parameters: Raw
    configuration: Raw
    metadata: Raw
    step_metadata: Raw
    failure: Raw


class StepItem(Struct):
    """A step in the order of the snapshot; a step that has not begun is `queued`."""

    key: str
    name: str
    status: str
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    blocked_by: str | None
    cached_from: RunMention | None


class ArtifactMention(Struct):
    """An input or output of a step. `is_missing`: named, but not arrived yet or deleted."""

    name: str
    artifact_version_id: UUID
    artifact: str | None
    number: int | None
    version: str | None
    type: str | None
    data_type: str | None
    size_bytes: int | None
    produced_by: RunMention | None
    produced_by_step: str | None
    visualizations: int
    is_missing: bool


class Attempt(Struct):
    attempt: int
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    failure: Raw
    resources: Raw


class StepDetail(Struct):
    key: str
    name: str
    status: str
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    blocked_by: str | None
    cached_from: RunMention | None
    code: str
    code_path: str
    code_line: int
    parents: list[str]
    parameters: Raw
    configuration: Raw
    metadata: Raw
    inputs: list[ArtifactMention]
    outputs: list[ArtifactMention]
    attempts: list[Attempt]
    log_lines: int
    error_lines: int


class NodeStatus(Struct, omit_defaults=True):
    """The state of one node of a drawn graph. `counts` only on a collapsed group."""

    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    attempt: int | None = None
    attempts: int | None = None
    blocked_by: str | None = None
    cached_from: int | None = None
    artifact_version_id: UUID | None = None
    version: int | None = None
    counts: dict[str, int] | None = None


class LogLine(Struct):
    """`n` counts from 1."""

    n: int
    at: datetime
    stream: str
    level: str
    text: str


class LogWindow(Struct):
    lines: list[LogLine]
    total: int


class LogHit(Struct):
    n: int
    at: datetime
    level: str
    text: str


class LogHits(Struct):
    """Up to `limit` hits after line `after`; `total` counts all of them."""

    hits: list[LogHit]
    total: int


class RunChange(Struct, forbid_unknown_fields=True):
    """PATCH of a run: absent keeps."""

    name: str | None = None
    add_tags: list[str] = []
    remove_tags: list[str] = []
    archived: bool | None = None


class RunDeletion(Struct):
    """What went with a deleted run. The artifact versions that it made stay, without a run."""

    name: str
    number: int | None
    pipeline: str | None
    steps: int
    log_lines: int
    tiles: int
    artifact_versions_kept: int


class Steps(Struct):
    """In the order of the snapshot."""

    items: list[StepItem]


def plain(value: Raw) -> Any:
    """The value behind a JSON text that was passed through unparsed."""
    import msgspec

    return msgspec.json.decode(value)
