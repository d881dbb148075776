"""Values that come from outside the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitrine.materializers.base_materializer import BaseMaterializer


@dataclass(frozen=True, eq=False)
class ExternalArtifact:
    """A value of any type as the argument of a step: it becomes an artifact of the run. Its step is never cached."""

    value: Any
    materializer: type[BaseMaterializer] | None = None
    store_artifact_metadata: bool = True
    store_artifact_visualizations: bool = True
