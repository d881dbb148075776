"""What the API says of projects."""

from uuid import UUID

from msgspec import Struct


class ProjectItem(Struct):
    id: UUID
    slug: str
    name: str
    description: str
    runs: int
    pipelines: int


class ProjectDetail(Struct):
    """`counts`: how many runs, pipelines, models and artifacts; `statuses`: runs by status."""

    id: UUID
    slug: str
    name: str
    description: str
    counts: dict[str, int]
    statuses: dict[str, int]
