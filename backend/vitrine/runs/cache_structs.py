"""What the API says of steps whose outputs can be taken over."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from vitrine.ingest.structs import StoredFile


class CachedOutput(Struct):
    """A version that an earlier run wrote."""

    output: str
    artifact_version_id: UUID
    artifact: str
    type: str
    data_type: str
    materializer: str
    files: list[StoredFile]


class CachedStep(Struct):
    """The newest step that did the same. `metadata` is what it logged."""

    run_id: UUID
    run_number: int | None
    step: str
    metadata: dict[str, Any]
    outputs: list[CachedOutput]


class CachedSteps(Struct):
    """By cache key; a key that nothing was done under before is missing."""

    found: dict[str, CachedStep]
