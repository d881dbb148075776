"""The fields that lists can be filtered and sorted by, and where each of them lives in the schema.

All SQL of the filter language is here and in `sql`, as fixed texts; `$1` is the project in all of them. A text with
`{key}` is filled with the number of a bound argument, never with a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vitrine.filters.parse import Vocabulary

Kind = Literal["text", "number", "integer", "instant", "id"]


@dataclass(frozen=True)
class Column:
    """One value, or none, of each row: `value` is that SQL, `absent` is true where there is none.

    With `table` the value belongs to something that the row refers to by `reference`: a row of `table`, alias `o`, that
    fulfils `condition`. These values are unique.
    """

    kind: Kind
    value: str
    absent: str
    reference: str = ""
    table: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Links:
    """Any number of texts of each row: the `value` of the rows of `table` that fulfil `condition` and whose `owner` it is.

    Of several, the least is sorted by.
    """

    table: str
    condition: str
    owner: str
    value: str


@dataclass(frozen=True)
class Metadata:
    """Where typed values under keys are: `num`, `text`, `kind`, and `step` if there are steps, under the alias `m`."""

    table: str
    owner: str
    has_steps: bool

    def condition(self, key: str, *, alias: str = "m") -> str:
        """The rows of one key, whose name is bound as `key`."""
        return METADATA_ROWS.format(m=alias, key=key)


METADATA_ROWS = (
    "{m}.project_id = $1 and {m}.key_id ="
    " (select k.id from metadata_key k where k.project_id = $1 and k.name = {key}::text)"
)


@dataclass(frozen=True)
class Resource:
    """What is listed: the rows of `table` under `alias`, with the fields to filter and sort by.

    `parameters` is a JSON object of the row; `statuses` are the names of statuses, each
    with its SQL literal.
    """

    alias: str
    table: str
    fields: Mapping[str, Column | Links]
    vocabulary: Vocabulary
    default_sort: str
    tags: Links | None = None
    metadata: Metadata | None = None
    has_name_index: bool = False
    parameters: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.alias}.id"


def _own(kind: Kind, value: str) -> Column:
    return Column(kind, value, f"{value} is null")


def _named(table: str, reference: str) -> Column:
    """The name of a thing of the project. What is referred to may be gone: such a row has no value."""
    absent = f"not exists (select from {table} o where o.project_id = $1 and o.id = {reference})"
    return Column("text", "o.name", absent, reference, f"{table} o", "o.project_id = $1")


def _tags(table: str, owner: str) -> Links:
    return Links(
        f"{table} l join tag t on t.project_id = $1 and t.id = l.tag_id",
        "l.project_id = $1",
        f"l.{owner}",
        "t.name",
    )


RUNS = Resource(
    alias="r",
    table="run",
    fields={
        "name": _own("text", "r.name"),
        "number": _own("integer", "r.number"),
        "status": _own("text", "r.status"),
        "pipeline": _named("pipeline", "r.pipeline_id"),
        "user": Column("text", "o.name", "r.user_id is null", "r.user_id", "app_user o", "true"),
        "stack": _named("stack", "r.stack_id"),
        "model": Links(
            "run_model_version l join model_version v on v.project_id = $1 and v.id = l.model_version_id"
            " join model t on t.project_id = $1 and t.id = v.model_id",
            "l.project_id = $1",
            "l.run_id",
            "t.name",
        ),
        "tag": _tags("run_tag", "run_id"),
        "started_at": _own("instant", "r.started_at"),
        "ended_at": _own("instant", "r.ended_at"),
        "duration_s": _own("number", "extract(epoch from r.ended_at - r.started_at)::float8"),
        "code_version": _own("text", "r.code_version"),
        "id": _own("id", "r.id"),
    },
    vocabulary=Vocabulary(
        names=(
            "name",
            "status",
            "pipeline",
            "user",
            "stack",
            "model",
            "tag",
            "started_at",
            "ended_at",
            "duration_s",
            "code_version",
            "number",
            "id",
        ),
        prefixes=("metadata", "steps", "params", "tags"),
        aliases=(
            ("run_name", "name"),
            ("run name", "name"),
            ("run_id", "id"),
            ("user_id", "user"),
            ("start_time", "started_at"),
            ("end_time", "ended_at"),
        ),
        instants_in_ms=("start_time", "end_time"),
    ),
    tags=_tags("run_tag", "run_id"),
    metadata=Metadata("run_metadata", "m.run_id", has_steps=True),
    has_name_index=True,
    parameters="r.parameters",
    statuses={
        "queued": "'queued'",
        "running": "'running'",
        "completed": "'completed'",
        "failed": "'failed'",
        "cached": "'cached'",
        "cancelled": "'cancelled'",
        # as MLflow calls them
        "scheduled": "'queued'",
        "finished": "'completed'",
        "killed": "'cancelled'",
    },
    default_sort="-started_at",
)

ARTIFACTS = Resource(
    alias="a",
    table="artifact",
    fields={
        "name": _own("text", "a.name"),
        "type": _own(
            "text",
            "(select v.type from artifact_version v where v.project_id = $1 and v.artifact_id = a.id"
            " order by v.number desc limit 1)",
        ),
        "data_type": _own(
            "text",
            "(select v.data_type from artifact_version v where v.project_id = $1 and v.artifact_id = a.id"
            " order by v.number desc limit 1)",
        ),
        "tag": _tags("artifact_tag", "artifact_id"),
        "created_at": _own("instant", "a.created_at"),
        "id": _own("id", "a.id"),
    },
    vocabulary=Vocabulary(names=("name", "type", "data_type", "tag", "created_at", "id"), prefixes=("tags",)),
    tags=_tags("artifact_tag", "artifact_id"),
    has_name_index=True,
    default_sort="-created_at",
)

ARTIFACT_VERSIONS = Resource(
    alias="v",
    table="artifact_version",
    fields={
        "name": _own("text", "v.name"),
        "number": _own("integer", "v.number"),
        "artifact": _named("artifact", "v.artifact_id"),
        "type": _own("text", "v.type"),
        "data_type": _own("text", "v.data_type"),
        "size_bytes": _own("integer", "v.size_bytes"),
        "tag": _tags("artifact_version_tag", "artifact_version_id"),
        "created_at": _own("instant", "v.created_at"),
        "id": _own("id", "v.id"),
    },
    vocabulary=Vocabulary(
        names=("name", "number", "artifact", "type", "data_type", "size_bytes", "tag", "created_at", "id"),
        prefixes=("metadata", "tags"),
    ),
    tags=_tags("artifact_version_tag", "artifact_version_id"),
    metadata=Metadata("artifact_version_metadata", "m.artifact_version_id", has_steps=False),
    default_sort="-number",
)
