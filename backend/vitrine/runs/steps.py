"""Steps as they are shown: what the snapshot foresaw and what has happened since, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from vitrine.errors import StepNotFound
from vitrine.runs.dag import StepNode
from vitrine.runs.logs import count_grave_lines
from vitrine.runs.step_queries import StepRow, mention_run
from vitrine.runs.structs import ArtifactMention, Attempt, StepDetail, StepItem

NOTHING = Raw(b"{}")


class ForeseenStep(Struct):
    """A step as the snapshot's event told it."""

    key: str
    name: str
    parents: list[str] = []
    code: str = ""
    code_path: str = ""
    code_line: int = 0
    configuration: Raw = NOTHING


def order_steps(foreseen: Sequence[StepNode], begun: Iterable[StepItem]) -> list[StepItem]:
    """In the order of the snapshot, what has not begun as queued; then what the snapshot does not know."""
    left = {step.key: step for step in begun}
    ordered = []
    for node in foreseen:
        step = left.pop(node.key, None)
        if step is None:
            step = StepItem(node.key, node.name, "queued", 1, None, None, None, None, None)
        step.name = node.name
        ordered.append(step)
    return [*ordered, *left.values()]


def describe_step(
    key: str,
    row: StepRow,
    *,
    attempts: list[Attempt],
    inputs: list[ArtifactMention],
    outputs: list[ArtifactMention],
) -> StepDetail:
    """All there is to say of a step. Raises: StepNotFound if neither the run nor its snapshot knows it."""
    if row.spec is None and row.status is None:
        raise StepNotFound(key)
    told = ForeseenStep(key, key) if row.spec is None else msgspec.json.decode(row.spec, type=ForeseenStep)
    return StepDetail(
        key=key,
        name=told.name,
        status=row.status or "queued",
        attempt=row.attempt or 1,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        blocked_by=row.blocked_by,
        cached_from=mention_run((row.origin_id, row.origin_number, row.origin_name, row.origin_pipeline)),
        code=told.code,
        code_path=told.code_path,
        code_line=told.code_line,
        parents=told.parents,
        parameters=row.parameters or NOTHING,
        configuration=_choose_configuration(row.configuration, told.configuration),
        metadata=row.metadata,
        inputs=inputs,
        outputs=outputs,
        attempts=attempts,
        log_lines=row.log_lines,
        error_lines=count_grave_lines(row.error_marks),
    )


def _choose_configuration(of_run: Raw | None, of_snapshot: Raw) -> Raw:
    """What the step ran with, if it said so; else what the snapshot says of it."""
    return of_snapshot if of_run is None or bytes(of_run) in (b"{}", b"") else of_run
