"""The words that programs may choose from."""

from __future__ import annotations

from enum import StrEnum


class VisualizationType(StrEnum):
    HTML = "html"
    IMAGE = "image"
    CSV = "csv"
    MARKDOWN = "markdown"
    JSON = "json"
    TABLE = "table"
    PLOTLY = "plotly"


class VisualizationResourceTypes(StrEnum):
    """What a curated visualization may be put on."""

    PROJECT = "project"
    DEPLOYMENT = "deployment"
    MODEL = "model"
    PIPELINE = "pipeline"
    PIPELINE_RUN = "pipeline_run"
    PIPELINE_SNAPSHOT = "pipeline_snapshot"


class CuratedVisualizationSize(StrEnum):
    FULL_WIDTH = "full_width"
    HALF_WIDTH = "half_width"


class ModelStages(StrEnum):
    """`latest` only looks up: no version is put there."""

    NONE = "none"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    LATEST = "latest"


class ArtifactType(StrEnum):
    DATA = "data"
    MODEL = "model"
    STATISTICS = "statistics"
    SCHEMA = "schema"
    SERVICE = "service"
    DATA_ANALYSIS = "data_analysis"
    BASE = "base"


class ExecutionStatus(StrEnum):
    """Of runs and steps; only steps are `skipped`."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CACHED = "cached"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_finished(self) -> bool:
        return self not in (ExecutionStatus.QUEUED, ExecutionStatus.RUNNING)
