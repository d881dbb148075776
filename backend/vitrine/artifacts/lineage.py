"""Where an artifact version came from and where it went: versions and steps by turns, across runs and pipelines."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from vitrine.artifacts.lineage_queries import Link, fetch_links, fetch_step_nodes, fetch_version_nodes
from vitrine.database.pool import Connection
from vitrine.errors import ArtifactVersionNotFound
from vitrine.runs.structs import RunMention


class LineageNode(Struct):
    """`id` is the version's, or `step:<run id>:<key>`. What is not known of a node's kind is None."""

    id: str
    kind: Literal["artifact_version", "step"]
    name: str
    number: int | None = None
    type: str | None = None
    data_type: str | None = None
    run: RunMention | None = None
    status: str | None = None


class LineageEdge(Struct):
    source: str
    target: str


class Lineage(Struct):
    """`is_cut`: there are more than could be told; ask for less depth."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]
    is_cut: bool


async def fetch_lineage(db: Connection, project_id: UUID, version_id: UUID, *, depth: int) -> Lineage:
    """`depth` counts steps, both ways. Raises: ArtifactVersionNotFound."""
    links, is_cut = await fetch_links(db, project_id, version_id, depth=depth)
    ids = {version_id, *(one for link in links for one in (link.taken, link.made) if one)}
    versions = await fetch_version_nodes(db, project_id, list(ids))
    if not any(row[0] == version_id for row in versions):
        raise ArtifactVersionNotFound(version_id)
    steps = await fetch_step_nodes(db, project_id, sorted({(link.run_id, link.step) for link in links}))
    return Lineage(_list_nodes(versions, steps), _list_edges(links, {row[0] for row in versions}), is_cut)


def _list_nodes(versions: Iterable[Sequence[Any]], steps: Iterable[Sequence[Any]]) -> list[LineageNode]:
    nodes = [
        LineageNode(str(id_), "artifact_version", name, number, type_, data_type)
        for id_, name, number, type_, data_type in versions
    ]
    for run_id, key, status, number, name, pipeline in steps:
        run = RunMention(run_id, number, name, pipeline)
        nodes.append(LineageNode(name_step(run_id, key), "step", key, run=run, status=status))
    return nodes


def _list_edges(links: Iterable[Link], known: set[UUID]) -> list[LineageEdge]:
    edges: dict[tuple[str, str], None] = {}
    for link in links:
        step = name_step(link.run_id, link.step)
        if link.taken in known:
            edges[str(link.taken), step] = None
        if link.made in known:
            edges[step, str(link.made)] = None
    return [LineageEdge(*edge) for edge in edges]


def name_step(run_id: UUID, key: str) -> str:
    return f"step:{run_id}:{key}"
