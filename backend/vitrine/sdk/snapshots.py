"""The immutable description of a graph. Equal graphs have equal ids: a sweep of runs is one snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from vitrine.ids import content_id
from vitrine.ingest.structs import SnapshotBody, SnapshotInput, SnapshotOutput, SnapshotStep
from vitrine.sdk.artifact_names import name_artifact
from vitrine.sdk.graph import Graph, Node, StepOutput
from vitrine.sdk.signature import name_annotation

if TYPE_CHECKING:
    from vitrine.sdk.decorators import Pipeline


def describe_snapshot(pipeline: Pipeline[...], graph: Graph) -> SnapshotBody:
    """Steps, edges, code and configuration. Parameters are the run's: they are not part of it."""
    groups = graph.find_groups()
    steps = [_describe_step(graph.pipeline, node, groups.get(node.key)) for node in graph.nodes.values()]
    body = SnapshotBody(
        id=UUID(int=0),
        pipeline=graph.pipeline,
        steps=steps,
        code=pipeline.source,
        configuration=pipeline.describe_declared(),
    )
    body.id = content_id("snapshot", msgspec.json.encode(body, order="deterministic"))
    return body


def _describe_step(pipeline: str, node: Node, group: str | None) -> SnapshotStep:
    path, line = node.step.place
    outputs = [
        SnapshotOutput(
            name=output.name,
            artifact=name_artifact(pipeline, node.key, output.name, given=output.artifact),
            data_type=name_annotation(output.annotation),
        )
        for output in node.outputs
    ]
    return SnapshotStep(
        key=node.key,
        name=node.step.name,
        parents=list(node.parents),
        inputs=list(_inputs_of(node)),
        outputs=outputs,
        group=group,
        code=node.step.source,
        code_path=path,
        code_line=line,
        configuration=node.step.describe(),
    )


def _inputs_of(node: Node) -> Iterator[SnapshotInput]:
    for name, sources in node.inputs.items():
        for source in sources:
            if isinstance(source, StepOutput):
                yield SnapshotInput(name=name, step=source.key, output=source.output)
