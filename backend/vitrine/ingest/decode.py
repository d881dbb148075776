"""Requests become events. A broken envelope is refused whole; a broken event is refused alone, with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw, Struct, field

from vitrine.errors import Conflict, Invalid, TooLarge, VitrineError
from vitrine.ingest.check import check_event, refuse_nul
from vitrine.ingest.structs import (
    ArtifactVersionEvent,
    Event,
    HeartbeatEvent,
    LogEvent,
    MetadataEvent,
    ModelVersionEvent,
    Rejected,
    RunEvent,
    SnapshotEvent,
    StepEvent,
)
from vitrine.metadata.values import Value, flatten
from vitrine.runs.log_codec import PackedLog, pack

EVENTS_LIMIT = 10_000
ROWS_LIMIT = 20_000  # a statement may take 5 s: about ten times what a busy machine needs for so many
DETAIL_LIMIT = 500
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _Request(Struct, forbid_unknown_fields=True):
    events: list[Raw]


class _Label(Struct):
    """As much of an event as still says which one it is."""

    id: Any = None


class Batch(Struct):
    """The valid events of a request by kind, each once, in the order in which they came.

    Log lines are packed; metadata are flat, by the id of their event. `size` counts the events, `rows` what they write.
    """

    snapshot: list[SnapshotEvent] = field(default_factory=list)
    run: list[RunEvent] = field(default_factory=list)
    step: list[StepEvent] = field(default_factory=list)
    log: list[tuple[LogEvent, PackedLog]] = field(default_factory=list)
    metadata: list[MetadataEvent] = field(default_factory=list)
    artifact_version: list[ArtifactVersionEvent] = field(default_factory=list)
    model_version: list[ModelVersionEvent] = field(default_factory=list)
    heartbeat: list[HeartbeatEvent] = field(default_factory=list)
    values: dict[UUID, list[Value]] = field(default_factory=dict)

    size: int = 0
    rows: int = 0

    def add(self, event: Event) -> None:
        """Raises: Invalid for metadata that are too much."""
        parts = 0
        match event:
            case StepEvent(body=body):
                self.step.append(event)
                if body.inputs or body.outputs:
                    parts = sum(map(len, chain(body.inputs.values(), body.outputs.values())))
            case LogEvent(body=body):
                self.log.append((event, pack(body.lines)))
            case RunEvent(body=body):
                self.run.append(event)
                parts = len(body.tags) + len(body.model_version_ids)
            case MetadataEvent(body=body):
                parts = self._add_values(event, body.values)
                self.metadata.append(event)
            case SnapshotEvent():
                self.snapshot.append(event)
            case ArtifactVersionEvent(body=body):
                parts = self._add_values(event, body.metadata) + len(body.tags) + len(body.visualizations)
                self.artifact_version.append(event)
            case ModelVersionEvent(body=body):
                parts = self._add_values(event, body.metadata) + len(body.tags) + len(body.artifacts)
                self.model_version.append(event)
            case HeartbeatEvent():
                self.heartbeat.append(event)
        self.size += 1
        self.rows += 1 + parts

    def _add_values(self, event: Event, values: Mapping[str, Any]) -> int:
        self.values[event.id] = flat = flatten(values)
        return len(flat)

    def without(self, ids: Collection[UUID]) -> Batch:
        """The same, less the snapshots, artifact and model versions of these ids: only they clash."""
        return msgspec.structs.replace(
            self,
            snapshot=[event for event in self.snapshot if event.id not in ids],
            artifact_version=[event for event in self.artifact_version if event.id not in ids],
            model_version=[event for event in self.model_version if event.id not in ids],
            values={id: values for id, values in self.values.items() if id not in ids},
            size=self.size - len(ids),
        )


class Decoded(Struct):
    """`repeated` counts events that came more than once in the request."""

    batch: Batch = field(default_factory=Batch)
    rejected: list[Rejected] = field(default_factory=list)
    repeated: int = 0


_read_request = msgspec.json.Decoder(_Request)
_read_event = msgspec.json.Decoder(Event)
_read_label = msgspec.json.Decoder(_Label)


def decode(body: bytes) -> Decoded:
    """What the request says. Raises: Invalid for a broken envelope, TooLarge for too much at once."""
    decoded = Decoded()
    seen: dict[int, bytes] = {}  # by the id as a number: UUIDs are slow to hash
    for text in _read_envelope(body):
        try:
            event = _decode_event(text)
            if (before := seen.setdefault(event.id.int, text)) is not text:
                _refuse_other(event, text, before)
                decoded.repeated += 1
            else:
                decoded.batch.add(event)
        except VitrineError as error:
            decoded.rejected.append(Rejected(_read_id(text), type(error).__name__, _shorten(error.detail)))
        if decoded.batch.rows > ROWS_LIMIT:
            raise TooLarge(
                f"The events hold more than {ROWS_LIMIT:,} values, tags and links together: send fewer at once."
            )
    return decoded


def _read_envelope(body: bytes) -> Sequence[bytes]:
    """The texts of the events."""
    try:
        texts = [bytes(text) for text in _read_request.decode(body).events]
    except RecursionError:
        raise Invalid("The request is nested too deeply to be read.") from None
    except (msgspec.MsgspecError, ValueError) as error:
        texts = _read_lone_surrogates(body)
        if not texts:
            raise Invalid(
                f'The request is not {{"events": […]}} as JSON: {_shorten(str(error))}. Nothing of it was taken.'
            ) from error
    if len(texts) > EVENTS_LIMIT:
        raise TooLarge(f"{len(texts):,} events are too many for one request: send up to {EVENTS_LIMIT:,}.")
    return texts


def _read_lone_surrogates(body: bytes) -> list[bytes]:
    """As `_read_envelope`, for what only fails on half a character somewhere: one event's fault, not the request's.

    Empty when that is not the reason.
    """
    if SURROGATE.search(body) is None:
        return []
    try:
        found = json.loads(body)
        return [json.dumps(event).encode() for event in found["events"]] if found.keys() == {"events"} else []
    except (RecursionError, ValueError, TypeError, AttributeError, KeyError):
        return []


def _decode_event(text: bytes) -> Event:
    try:
        event: Event = _read_event.decode(text)
        check_event(event)
    except RecursionError:
        raise Invalid("The event is nested too deeply to be read.") from None
    except UnicodeDecodeError as error:
        raise Invalid(f"The event is not UTF-8: {error.reason}.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        lone = " A surrogate such as \\ud800 alone is no character." if SURROGATE.search(text) else ""
        raise Invalid(f"{error}.{lone}") from error
    if rb"\u0000" in text:  # seldom, and cheaper than to look at every text
        if isinstance(event, LogEvent):  # its lines are stored as bytes
            refuse_nul(event.body.step, "$.body.step")
        else:
            refuse_nul(msgspec.to_builtins(event))
    return event


def _refuse_other(event: Event, text: bytes, before: bytes) -> None:
    if text != before and event != _read_event.decode(before):
        raise Conflict(f"Another event of this request has the id {event.id}, too, and says something else.")


def _read_id(text: bytes) -> str:
    """The id that the event gives itself, as far as it can be read."""
    # msgspec stops at half a character even in what it passes over; json does not
    readers: tuple[Callable[[], Any], ...] = (
        lambda: _read_label.decode(text).id,
        lambda: json.loads(text)["id"],
    )
    for read in readers:
        with suppress(RecursionError, ValueError, TypeError, KeyError):
            id = read()
            return id[:64] if isinstance(id, str) else ""
    return ""


def _shorten(detail: str) -> str:
    return detail if len(detail) <= DETAIL_LIMIT else detail[:DETAIL_LIMIT] + "…"
