"""What a step's output is called as an artifact."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from vitrine.enums import ArtifactType
from vitrine.errors import Invalid

UNADDRESSABLE = re.compile(r"[/?#%]|^\.\.?$|^$")


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


def check_name(name: str | None, what: str) -> None:
    """Raises: Invalid for a name that can't stand in the address of a page; the server would refuse it later."""
    if name is not None and (UNADDRESSABLE.search(name) or len(name) > 255):
        raise Invalid(
            f"{what} is named {name[:80]!r}: a name has 1 to 255 characters, none of them / ? # or %."
        )
