"""Every error of Vitrine: one class a fact, an HTTP status on the class. The server and the SDK raise the same ones.

VitrineError
├── NotSignedIn 401 · NotPermitted 403
├── NotFound 404 ── ProjectNotFound, RunsNotFound, StepNotFound, …
├── Conflict 409
├── TooLarge 413
├── Invalid 422 ── FilterInvalid, CursorInvalid, DigestDiffers, UploadIncomplete, …
├── Unavailable 503 ── ServerUnreachable
├── NoContext (the SDK alone)
└── StoreFull 507
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class VitrineError(Exception):
    """Something a user can read and act on. ``detail`` says what was wrong, with which value, and what to do."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts: Mapping[str, Any] = facts


class NotSignedIn(VitrineError):
    status, title = 401, "Not signed in"


class NotPermitted(VitrineError):
    status, title = 403, "Not permitted"


class CrossSite(NotPermitted):
    """The request came from another site, or carries no proof that it did not."""


class NotFound(VitrineError):
    status, title = 404, "Not found"


class ProjectNotFound(NotFound):
    """No such project, or one that the asker may not read: both answer alike."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no project {name!r} that you may read.", project=name)


class RunsNotFound(NotFound):
    """Some of the requested runs do not exist in this project."""

    def __init__(self, missing: Iterable[object]) -> None:
        ids = [str(one) for one in missing]
        super().__init__(f"{len(ids)} run(s) not found in this project: {', '.join(ids)}", missing=ids)


class StepNotFound(NotFound):
    """The run has no such step, and its snapshot foresees none."""

    def __init__(self, step: str) -> None:
        super().__init__(f"This run has no step {step!r}.", step=step)


class PipelineNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no pipeline {name!r} in this project.", pipeline=name)


class SnapshotNotFound(NotFound):
    def __init__(self, snapshot_id: object) -> None:
        super().__init__(f"There is no snapshot {snapshot_id} in this project.", snapshot_id=str(snapshot_id))


class ArtifactNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no artifact {name!r} in this project.", artifact=name)


class ArtifactVersionNotFound(NotFound):
    def __init__(self, version: object) -> None:
        super().__init__(
            f"There is no artifact version {version} in this project.", artifact_version=str(version)
        )


class VisualizationNotFound(NotFound):
    def __init__(self, visualization_id: object) -> None:
        super().__init__(
            f"There is no visualization {visualization_id} in this project.",
            visualization_id=str(visualization_id),
        )


class TableNotFound(NotFound):
    """The thing exists and holds nothing that can be shown as a table."""


class BlobNotFound(NotFound):
    """The store holds no content of this SHA-256."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"There is no content with the SHA-256 {digest}.", digest=digest)


class Conflict(VitrineError):
    status, title = 409, "Conflict"


class TooLarge(VitrineError):
    status, title = 413, "Too large"


class Invalid(VitrineError):
    status, title = 422, "Invalid request"


class FilterInvalid(Invalid):
    """A filter or sort that cannot be read. ``position`` counts characters from 0."""

    def __init__(self, detail: str, *, position: int, expected: Iterable[str] = ()) -> None:
        super().__init__(detail, position=position, expected=list(expected))


class CursorInvalid(Invalid):
    """A cursor that this server did not make, or made for another sort."""


class DigestDiffers(Invalid):
    """The body has another SHA-256 than its address says."""


class NotShowable(Invalid):
    """A content that cannot be shown as what it is said to be, or is too large for it. It can be downloaded."""


class UploadIncomplete(Invalid):
    """The body ended before its announced length."""


class Unavailable(VitrineError):
    """Try again later: the answer carries Retry-After."""

    status, title = 503, "Unavailable"


class ServerUnreachable(Unavailable):
    """The SDK needed an answer and the server gave none."""


class DatabaseUnavailable(Unavailable):
    """PostgreSQL is missing, cannot be started, or does not answer."""


class SchemaDiffers(VitrineError):
    """The schema of the database is not one that this program can work on."""

    title = "Schema differs"


class NoContext(VitrineError):
    """The SDK was asked about the running step or pipeline where none runs."""

    title = "No context"


class StoreFull(VitrineError):
    status, title = 507, "Out of storage"
