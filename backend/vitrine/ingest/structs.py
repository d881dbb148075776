"""The events that pipelines report: what travels to `POST …/events`. docs/events.md explains each with an example."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from msgspec import Meta, Struct, field

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
Text: TypeAlias = Annotated[str, Meta(max_length=1_000_000)]
Sha256: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
RunStatus = Literal["queued", "running", "completed", "failed", "cached", "cancelled"]
StepStatus = Literal["queued", "running", "completed", "failed", "cached", "skipped", "cancelled"]
Stream = Literal["stdout", "stderr", "log"]
Level = Literal["debug", "info", "warning", "error", "critical"]
LevelNumbers = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
ArtifactTypeName = Literal["data", "model", "statistics", "schema", "service", "data_analysis", "base"]
VisualizationKind = Literal["html", "image", "csv", "markdown", "json", "table", "plotly"]


class Body(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What an event says. Unknown fields are refused, so that a misspelt one is noticed."""


# ── snapshot ──────────────────────────────────────────────────────────────────────────────────────
class SnapshotInput(Body):
    """An input that another step of the same snapshot writes."""

    name: Name
    step: Name
    output: Name


class SnapshotOutput(Body):
    name: Name
    artifact: Name
    data_type: Annotated[str, Meta(max_length=255)] = ""


class SnapshotStep(Body):
    """A node. `parents` holds the keys of all steps that must end before; `name` is the function's."""

    key: Name
    name: Name
    parents: list[Name] = field(default_factory=list)
    inputs: list[SnapshotInput] = field(default_factory=list)
    outputs: list[SnapshotOutput] = field(default_factory=list)
    group: Name | None = None
    code: Text = ""
    code_path: Annotated[str, Meta(max_length=4096)] = ""
    code_line: int = 0
    configuration: dict[str, Any] = field(default_factory=dict)


class SnapshotBody(Body):
    id: UUID
    pipeline: Name
    steps: Annotated[list[SnapshotStep], Meta(max_length=20_000)]
    code: Text = ""
    configuration: dict[str, Any] = field(default_factory=dict)


# ── run and step ──────────────────────────────────────────────────────────────────────────────────
class Failure(Body):
    """An exception. `frames` are innermost last; `is_own` marks the user's code against libraries."""

    type: Name
    message: Text = ""
    traceback: Text = ""
    step: Name | None = None
    frames: list["Frame"] = field(default_factory=list)


class Frame(Body):
    path: Annotated[str, Meta(max_length=4096)]
    line: int
    function: Annotated[str, Meta(max_length=1024)] = ""
    code: list[str] = field(default_factory=list)
    first_line: int = 0
    is_own: bool = True


class RunBody(Body):
    """`pipeline` opens the run and everything above `ended_at` goes with it; a final status closes it."""

    status: RunStatus
    pipeline: Name | None = None
    name: Name | None = None
    snapshot_id: UUID | None = None
    started_at: datetime | None = None
    code_version: Annotated[str, Meta(max_length=255)] | None = None
    code: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    tags: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list)
    model_version_ids: Annotated[list[UUID], Meta(max_length=100)] = field(default_factory=list)
    ended_at: datetime | None = None
    failure: Failure | None = None


class Resources(Body):
    """Samples at even intervals from the start of the attempt: percent of one core; bytes resident."""

    interval_s: float
    cpu_percent: list[float] = field(default_factory=list)
    memory_bytes: list[int] = field(default_factory=list)


class StepBody(Body):
    """`started_at`, `queued` or `running` opens the attempt; a final status closes it."""

    step: Name
    status: StepStatus
    attempt: Annotated[int, Meta(ge=1, le=1000)] = 1
    started_at: datetime | None = None
    ended_at: datetime | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    cache_key: Sha256 | None = None
    cached_from_run_id: UUID | None = None
    blocked_by: Name | None = None
    inputs: dict[Name, list[UUID]] = field(default_factory=dict)
    outputs: dict[Name, list[UUID]] = field(default_factory=dict)
    failure: Failure | None = None
    resources: Resources | None = None


# ── log, metadata, heartbeat ──────────────────────────────────────────────────────────────────────
class LogLine(Body):
    at: datetime
    text: str
    stream: Stream = "stdout"
    level: Level = "info"


class LogBody(Body):
    """Up to 1,000 lines of one attempt; `first_line` counts from 1 and names the piece."""

    step: Name
    first_line: Annotated[int, Meta(ge=1)]
    lines: Annotated[list[LogLine], Meta(min_length=1, max_length=1000)]
    attempt: Annotated[int, Meta(ge=1, le=1000)] = 1


class MetadataBody(Body):
    """Values of one thing: of the step, the artifact version or the model version named, else of the run.

    Nested dictionaries are flattened with dots. "NaN", "Infinity" and "-Infinity" are numbers.
    """

    values: dict[str, Any]
    step: Name | None = None
    artifact_version_id: UUID | None = None
    model_version_id: UUID | None = None


class HeartbeatBody(Body):
    pass


# ── artifacts and models ──────────────────────────────────────────────────────────────────────────
class StoredFile(Body):
    """One file of an artifact version: a path inside it and the blob with its content."""

    path: Annotated[str, Meta(min_length=1, max_length=1024)]
    sha256: Sha256
    size_bytes: Annotated[int, Meta(ge=0)]


class StoredVisualization(Body):
    id: UUID
    kind: VisualizationKind
    sha256: Sha256
    size_bytes: Annotated[int, Meta(ge=0)]
    name: Annotated[str, Meta(max_length=255)] = ""


class ArtifactVersionBody(Body):
    id: UUID
    artifact: Name
    version: Name | None = None
    type: ArtifactTypeName = "data"
    data_type: Annotated[str, Meta(max_length=255)] = ""
    materializer: Annotated[str, Meta(max_length=255)] = ""
    step: Name | None = None
    output: Name | None = None
    files: Annotated[list[StoredFile], Meta(max_length=10_000)] = field(default_factory=list)
    uri: Annotated[str, Meta(max_length=4096)] | None = None
    visualizations: Annotated[list[StoredVisualization], Meta(max_length=100)] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list)


class LinkedArtifact(Body):
    artifact_version_id: UUID
    link: Literal["data", "model", "deployment"] = "data"


class ModelVersionBody(Body):
    """The id of a named version is derived from model and name, so that every run of it says the same."""

    id: UUID
    model: Name
    version: Name | None = None
    description: Text = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list)
    artifacts: Annotated[list[LinkedArtifact], Meta(max_length=1000)] = field(default_factory=list)


# ── the events ────────────────────────────────────────────────────────────────────────────────────
class Envelope(Struct, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """`id` is a UUIDv7: the greater one wins where two events of one thing disagree."""

    id: UUID
    at: datetime
    run_id: UUID | None = None


class SnapshotEvent(Envelope, tag="snapshot"):
    body: SnapshotBody


class RunEvent(Envelope, tag="run"):
    body: RunBody


class StepEvent(Envelope, tag="step"):
    body: StepBody


class LogEvent(Envelope, tag="log"):
    body: LogBody


class MetadataEvent(Envelope, tag="metadata"):
    body: MetadataBody


class ArtifactVersionEvent(Envelope, tag="artifact_version"):
    body: ArtifactVersionBody


class ModelVersionEvent(Envelope, tag="model_version"):
    body: ModelVersionBody


class HeartbeatEvent(Envelope, tag="heartbeat"):
    body: HeartbeatBody = field(default_factory=HeartbeatBody)


Event: TypeAlias = (
    SnapshotEvent
    | RunEvent
    | StepEvent
    | LogEvent
    | MetadataEvent
    | ArtifactVersionEvent
    | ModelVersionEvent
    | HeartbeatEvent
)


class Rejected(Struct):
    id: str
    code: str
    detail: str


class Receipt(Struct):
    """What became of a request's events. `duplicate`: nothing changed, it was known or superseded."""

    accepted: int
    duplicate: int
    rejected: list[Rejected]
