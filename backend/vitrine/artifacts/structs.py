"""What the API says of artifacts, their versions, visualizations and tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct

from vitrine.runs.structs import RunMention


class VersionMention(Struct):
    id: UUID
    number: int
    name: str | None
    created_at: datetime


class ArtifactItem(Struct):
    """A row of the artifact list; type and data type are those of the newest version."""

    id: UUID
    name: str
    type: str
    data_type: str
    versions: int
    tags: list[str]
    latest: VersionMention
    size_bytes: int
    produced_by: RunMention | None


class ArtifactVersionItem(Struct):
    id: UUID
    number: int
    name: str | None
    type: str
    data_type: str
    size_bytes: int
    created_at: datetime
    tags: list[str]
    produced_by: RunMention | None
    produced_by_step: str | None
    metadata: Raw


class VisualizationItem(Struct):
    id: UUID
    kind: str
    name: str
    size_bytes: int


class ArtifactFile(Struct):
    path: str
    size_bytes: int
    sha256: str


class Use(Struct):
    """A step that took the version as an input."""

    run: RunMention
    step: str
    input: str
    at: datetime | None


class ArtifactVersionDetail(Struct):
    id: UUID
    artifact_id: UUID
    artifact: str
    number: int
    name: str | None
    newest_number: int
    type: str
    data_type: str
    materializer: str
    size_bytes: int
    created_at: datetime
    uri: str | None
    tags: list[str]
    user: str | None
    produced_by: RunMention | None
    produced_by_step: str | None
    output: str | None
    metadata: Raw
    visualizations: list[VisualizationItem]
    files: list[ArtifactFile]
    used_by: list[Use]
    has_table: bool


class Visualization(Struct):
    id: UUID
    kind: str
    name: str
    size_bytes: int
    artifact_version_id: UUID
    artifact: str
    number: int


class TableColumn(Struct):
    """`type` is number, text, bool, instant or json; the original one is in `data_type`."""

    name: str
    type: str
    data_type: str


class TableWindow(Struct):
    """Rows `offset` to `offset + len(rows)` of the sorted, filtered table; `total` counts those that match."""

    columns: list[TableColumn]
    rows: list[list[Any]]
    offset: int
    total: int
