"""What the types of an event can't say: each check raises Invalid with a sentence that names the field."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from vitrine.errors import Invalid
from vitrine.ingest.structs import (
    ArtifactVersionEvent,
    Event,
    HeartbeatEvent,
    LogEvent,
    MetadataEvent,
    ModelVersionEvent,
    RunEvent,
    SnapshotEvent,
    StepEvent,
)
from vitrine.runs.dag import find_cycle

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
DEPTH_LIMIT = 50
LISTED_LIMIT = 5_000
INT4_LIMIT = 2_000_000_000  # PostgreSQL's int ends a little later
INT8 = 1 << 63
FINAL = frozenset(("completed", "failed", "cached", "skipped", "cancelled"))
STAGES = frozenset(("staging", "production", "latest", "archived"))
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
UNADDRESSABLE = re.compile(rf"[/?#%]|^(\.\.?|{UUID_TEXT.pattern})\Z")


def check_event(event: Event) -> None:
    """The event can be stored, whatever else arrives before or after it. Raises: Invalid."""
    if event.id.int >> 76 & 0xF != 7:
        raise Invalid(
            f"$.id: {event.id} is not a UUIDv7 (RFC 9562). The greater id wins where two events disagree, "
            "so ids must grow with time."
        )
    check_instant(event.at, "$.at")
    match event:
        case StepEvent():
            _check_step(event)
        case LogEvent():
            _require_run(event)
            _check_log(event)
        case RunEvent():
            _check_run(event)
        case MetadataEvent():
            _check_metadata(event)
        case SnapshotEvent():
            _check_snapshot(event)
        case ArtifactVersionEvent():
            _check_artifact_version(event)
        case ModelVersionEvent():
            _check_model_version(event)
        case HeartbeatEvent():
            _require_run(event)


def check_instant(at: datetime, where: str) -> None:
    """Raises: Invalid for one without a zone, or one that no clock shows."""
    if at.tzinfo is None:
        raise Invalid(f"{where}: {at.isoformat()} has no zone. Write {at.isoformat()}Z if it is UTC.")
    if not EARLIEST <= at < LATEST:
        raise Invalid(
            f"{where}: {at.isoformat()} is out of range: from {EARLIEST:%Y} up to {LATEST:%Y} is allowed."
        )


def check_document(value: Any, where: str, depth: int = 0) -> None:
    """Free JSON that PostgreSQL takes and a browser reads back. Raises: Invalid."""
    if isinstance(value, dict | list):
        if depth >= DEPTH_LIMIT:
            raise Invalid(f"{where}: is nested deeper than {DEPTH_LIMIT} levels.")
        for item in value.values() if isinstance(value, dict) else value:
            check_document(item, where, depth + 1)
    elif isinstance(value, int) and not -INT8 <= value < INT8:
        raise Invalid(f"{where}: the number {str(value)[:40]} is beyond 64 bits. Send it as text.")


def check_name(name: str | None, where: str, *, reserved: frozenset[str] = frozenset()) -> None:
    """The name can stand in a path of the API, and is not taken for an id or a number. Raises: Invalid."""
    if name is None:
        return
    if UNADDRESSABLE.search(name):
        if UUID_TEXT.fullmatch(name):
            raise Invalid(f"{where}: the name {name!r} reads like an id.")
        raise Invalid(f"{where}: the name {name[:80]!r} must not hold / ? # or %, nor be dots alone.")
    if reserved and (name in reserved or name.isdigit()):
        raise Invalid(f"{where}: {name!r} can't be the name of a version: it reads like a number or a stage.")


def refuse_nul(value: Any, where: str = "$") -> None:
    """Raises: Invalid for the character NUL in any text or key, since PostgreSQL has no place for it."""
    if isinstance(value, str):
        if "\0" in value:
            raise Invalid(f"{where}: holds the character NUL (\\u0000), which can't be stored.")
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_nul(key, where)
            refuse_nul(item, f"{where}.{key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            refuse_nul(item, f"{where}[{at}]")


def _require_run(event: Event) -> None:
    if event.run_id is None:
        raise Invalid("$.run_id: is missing: this kind of event speaks of a run.")


def _check_span(started_at: datetime | None, ended_at: datetime | None) -> None:
    if started_at is not None:
        check_instant(started_at, "$.body.started_at")
    if ended_at is not None:
        check_instant(ended_at, "$.body.ended_at")
    if started_at is not None and ended_at is not None and ended_at < started_at:
        raise Invalid(
            f"$.body.ended_at: {ended_at.isoformat()} is before $.body.started_at {started_at.isoformat()}."
        )


def _check_run(event: RunEvent) -> None:
    _require_run(event)
    body = event.body
    _check_span(body.started_at, body.ended_at)
    check_name(body.pipeline, "$.body.pipeline")
    if body.pipeline is None:
        opening = {
            "name": body.name, "snapshot_id": body.snapshot_id, "started_at": body.started_at,
            "code_version": body.code_version, "code": body.code, "environment": body.environment,
            "parameters": body.parameters, "configuration": body.configuration,
        }  # fmt: skip
        if said := [name for name, value in opening.items() if value]:
            raise Invalid(f"$.body.{said[0]}: belongs to the event that opens a run. Name its pipeline, too.")
    if body.status not in FINAL and (body.ended_at or body.failure):
        raise Invalid(
            f"$.body.status: {body.status!r} does not end a run, but ended_at or failure are given."
        )
    for where in ("code", "environment", "parameters", "configuration"):
        check_document(getattr(body, where), f"$.body.{where}")
    _check_lines(body.failure)


def _check_step(event: StepEvent) -> None:
    _require_run(event)
    body = event.body
    _check_span(body.started_at, body.ended_at)
    check_name(body.step, "$.body.step")
    if body.status not in FINAL and (body.ended_at or body.failure or body.resources):
        raise Invalid(
            f"$.body.status: {body.status!r} does not end an attempt, but ended_at, failure or resources are given."
        )
    if body.inputs or body.outputs:
        _check_lists(body.inputs, "$.body.inputs")
        _check_lists(body.outputs, "$.body.outputs")
    if body.parameters:
        check_document(body.parameters, "$.body.parameters")
    if body.configuration:
        check_document(body.configuration, "$.body.configuration")
    if body.resources is not None:
        check_document(body.resources.memory_bytes, "$.body.resources.memory_bytes")
    _check_lines(body.failure)


def _check_lists(lists: dict[str, list[UUID]], where: str) -> None:
    if (listed := sum(map(len, lists.values()))) > LISTED_LIMIT:
        raise Invalid(
            f"{where}: {listed:,} artifact versions are too many: up to {LISTED_LIMIT:,} are allowed."
        )


def _check_lines(failure: Any) -> None:
    if failure is not None:
        for at, frame in enumerate(failure.frames):
            check_document(frame.line, f"$.body.failure.frames[{at}].line")
            check_document(frame.first_line, f"$.body.failure.frames[{at}].first_line")


def _check_log(event: LogEvent) -> None:
    body = event.body
    check_name(body.step, "$.body.step")
    if body.first_line > INT4_LIMIT:
        raise Invalid(f"$.body.first_line: {body.first_line} is beyond {INT4_LIMIT:,}.")
    texts = "".join([line.text for line in body.lines])
    if "\n" in texts:
        number = next(at for at, line in enumerate(body.lines) if "\n" in line.text)
        raise Invalid(f"$.body.lines[{number}].text: holds a newline. Send one entry a line.")
    instants = [line.at for line in body.lines]
    if any(at.tzinfo is None for at in instants):
        number = next(at for at, one in enumerate(instants) if one.tzinfo is None)
        check_instant(instants[number], f"$.body.lines[{number}].at")
    for extreme in (min(instants), max(instants)):
        if not EARLIEST <= extreme < LATEST:
            check_instant(extreme, f"$.body.lines[{instants.index(extreme)}].at")


def _check_metadata(event: MetadataEvent) -> None:
    body = event.body
    targets = [body.step, body.artifact_version_id, body.model_version_id]
    if sum(target is not None for target in targets) > 1:
        raise Invalid(
            "$.body: names several things. Send one event for each step, artifact version or model version."
        )
    if body.artifact_version_id is None and body.model_version_id is None:
        _require_run(event)
    check_name(body.step, "$.body.step")
    check_document(body.values, "$.body.values")


def _check_snapshot(event: SnapshotEvent) -> None:
    body = event.body
    check_name(body.pipeline, "$.body.pipeline")
    check_document(body.configuration, "$.body.configuration")
    keys = {step.key for step in body.steps}
    if len(keys) < len(body.steps):
        seen: set[str] = set()
        twice = next(step.key for step in body.steps if step.key in seen or seen.add(step.key))  # type: ignore[func-returns-value]
        raise Invalid(f"$.body.steps: the key {twice!r} is there twice.")
    for at, step in enumerate(body.steps):
        where = f"$.body.steps[{at}]"
        check_name(step.key, f"{where}.key")
        check_document(step.configuration, f"{where}.configuration")
        check_document(step.code_line, f"{where}.code_line")
        for parent in step.parents:
            if parent not in keys:
                raise Invalid(
                    f"{where}.parents: {step.key!r} waits for {parent!r}, which this snapshot lacks."
                )
        for one in step.inputs:
            if one.step not in keys:
                raise Invalid(
                    f"{where}.inputs: {step.key!r} reads from {one.step!r}, which this snapshot lacks."
                )
        for output in step.outputs:
            check_name(output.artifact, f"{where}.outputs.artifact")
    if cycle := find_cycle(body.steps):
        raise Invalid(f"$.body.steps: wait for each other in a circle: {' → '.join([*cycle, cycle[0]])}.")


def _check_artifact_version(event: ArtifactVersionEvent) -> None:
    body = event.body
    check_name(body.artifact, "$.body.artifact")
    check_name(body.version, "$.body.version", reserved=STAGES)
    check_name(body.step, "$.body.step")
    if body.step is not None:
        _require_run(event)
    elif body.output is not None:
        raise Invalid("$.body.output: is the output of a step: name the step, too.")
    if sum(file.size_bytes for file in body.files) >= INT8:
        raise Invalid("$.body.files: the sizes are beyond 64 bits together.")
    for at, file in enumerate(body.files):
        _check_path(file.path, f"$.body.files[{at}].path")
    if len({file.path for file in body.files}) < len(body.files):
        raise Invalid("$.body.files: a path is there twice.")
    if any(picture.size_bytes >= INT8 for picture in body.visualizations):
        raise Invalid("$.body.visualizations: a size is beyond 64 bits.")
    check_document(body.metadata, "$.body.metadata")


def _check_path(path: str, where: str) -> None:
    """The path stays inside the folder into which a version is unpacked."""
    parts = path.split("/")
    if "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise Invalid(
            f"{where}: {path[:80]!r} is not a path inside a folder: no /, .. or \\ may lead out of it."
        )


def _check_model_version(event: ModelVersionEvent) -> None:
    body = event.body
    check_name(body.model, "$.body.model")
    check_name(body.version, "$.body.version", reserved=STAGES)
    check_document(body.metadata, "$.body.metadata")
