"""What the API says of pipelines and snapshots."""

from datetime import datetime
from uuid import UUID

from msgspec import Raw, Struct


class RunTick(Struct):
    """A run as a bar: height by duration, colour by status."""

    id: UUID
    number: int | None
    status: str
    duration_s: float | None
    started_at: datetime | None


class PipelineItem(Struct):
    """`recent` holds the last 20 runs, oldest first."""

    id: UUID
    name: str
    runs: int
    failed: int
    snapshots: int
    created_at: datetime
    recent: list[RunTick]


class SnapshotItem(Struct):
    id: UUID
    number: int
    created_at: datetime
    steps: int
    runs: int


class SnapshotDetail(Struct):
    """`spec` is the body of the snapshot event: steps, edges, code, configuration."""

    id: UUID
    number: int
    pipeline_id: UUID
    pipeline: str
    created_at: datetime
    spec: Raw
