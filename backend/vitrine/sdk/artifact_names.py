"""What a step's output is called as an artifact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vitrine.enums import ArtifactType


@dataclass(frozen=True)
class ArtifactConfig:
    """Goes into an annotation: `Annotated[pd.DataFrame, ArtifactConfig(name="iris", version="raw_2023")]`.

    A version can be used once; without one, versions are numbered.
    """

    name: str | None = None
    version: str | None = None
    tags: list[str] = field(default_factory=list)
    run_metadata: dict[str, Any] = field(default_factory=dict)
    artifact_type: ArtifactType | None = None


def name_artifact(pipeline: str, step: str, output: str, *, given: str | None) -> str:
    """The given name, else `{pipeline}::{step}::{output}`."""
    return given or f"{pipeline}::{step}::{output}"
