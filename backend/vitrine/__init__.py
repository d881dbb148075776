"""Vitrine: pipelines, steps, and what they report. Each name is loaded when it is first used: importing stays free."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitrine.sdk.artifact_names import ArtifactConfig as ArtifactConfig
    from vitrine.sdk.context import get_pipeline_context as get_pipeline_context
    from vitrine.sdk.context import get_step_context as get_step_context
    from vitrine.sdk.decorators import pipeline as pipeline
    from vitrine.sdk.decorators import step as step
    from vitrine.sdk.external import ExternalArtifact as ExternalArtifact
    from vitrine.sdk.logging_metadata import log_artifact_metadata as log_artifact_metadata
    from vitrine.sdk.logging_metadata import log_metadata as log_metadata
    from vitrine.sdk.logging_metadata import log_model_metadata as log_model_metadata
    from vitrine.sdk.model import Model as Model
    from vitrine.sdk.retries import StepRetryConfig as StepRetryConfig

__version__ = "0.1.0"

HOMES = {
    "ArtifactConfig": "vitrine.sdk.artifact_names",
    "ExternalArtifact": "vitrine.sdk.external",
    "Model": "vitrine.sdk.model",
    "StepRetryConfig": "vitrine.sdk.retries",
    "get_pipeline_context": "vitrine.sdk.context",
    "get_step_context": "vitrine.sdk.context",
    "log_artifact_metadata": "vitrine.sdk.logging_metadata",
    "log_metadata": "vitrine.sdk.logging_metadata",
    "log_model_metadata": "vitrine.sdk.logging_metadata",
    "pipeline": "vitrine.sdk.decorators",
    "step": "vitrine.sdk.decorators",
}
__all__ = ["__version__", *HOMES]  # noqa: PLE0604  strings all


def __getattr__(name: str) -> Any:
    if home := HOMES.get(name):
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'vitrine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *HOMES})
