"""Metadata of the running step, of a run, of an artifact version or of a model version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from vitrine.errors import Invalid, NoContext
from vitrine.ids import new_id
from vitrine.ingest.structs import MetadataBody, MetadataEvent
from vitrine.sdk.context import find_pipeline_context, find_step_context, is_called_directly
from vitrine.sdk.model import Model, RunModel
from vitrine.sdk.recording import now
from vitrine.sdk.reporting import open_reporter
from vitrine.sdk.values import plain_metadata

Id = UUID | str


def log_metadata(
    metadata: Mapping[str, Any],
    *,
    step_name: str | None = None,
    run_id: Id | None = None,
    run_id_name_or_prefix: Id | None = None,
    artifact_version_id: Id | None = None,
    artifact_name: str | None = None,
    artifact_version: str | int | None = None,
    infer_artifact: bool = False,
    model_version_id: Id | None = None,
    model_name: str | None = None,
    model_version: str | int | None = None,
    infer_model: bool = False,
) -> None:
    """The values are the running step's, or the run's in a pipeline's body, or those of what the keywords name.

    Nested dictionaries group them; the last value of a name wins. Never waits for the server, unless a run or an artifact
    is given by name. In a step that is called outside a pipeline nothing is recorded.

    Raises: NoContext when it is neither said nor clear whose they are.
    """
    values = plain_metadata(metadata)
    is_addressed = run_id or run_id_name_or_prefix or artifact_version_id or model_version_id
    if is_called_directly() and not is_addressed:
        return
    if artifact_version_id or artifact_name or infer_artifact:
        _log_of_artifact(values, artifact_version_id, name=artifact_name, version=artifact_version)
    elif model_version_id or model_name or infer_model:
        _record(values, model_version_id=model_version_id or _find_model_version(model_name, model_version))
    elif given := run_id or run_id_name_or_prefix:
        _record(values, run_id=_find_run(given), step=step_name)
    elif context := find_step_context():
        context.recorder.metadata(values, step=step_name or context.step_name)
    elif pipeline := find_pipeline_context():
        pipeline.pending_metadata.update(values)
    else:
        raise NoContext(
            "log_metadata() outside a step or pipeline needs to know whose they are: run_id=…, artifact_version_id=… or model_name=…."
        )


def log_artifact_metadata(
    metadata: Mapping[str, Any], artifact_name: str | None = None, artifact_version: str | int | None = None
) -> None:
    """The values are those of the running step's output, or of an artifact's version, the newest if none is given."""
    log_metadata(
        metadata,
        artifact_name=artifact_name,
        artifact_version=artifact_version,
        infer_artifact=artifact_name is None,
    )


def log_model_metadata(
    metadata: Mapping[str, Any],
    model_name: str | None = None,
    model_version: str | int | None = None,
    *,
    version: str | int | None = None,
) -> None:
    """The values are those of the context's model version, or of the named one's."""
    log_metadata(
        metadata,
        model_name=model_name,
        model_version=model_version or version,
        infer_model=model_name is None,
    )


def _log_of_artifact(
    values: dict[str, Any], id: Id | None, *, name: str | None, version: str | int | None
) -> None:
    context = find_step_context()
    if id is None and version is None and context is not None:
        try:
            output = context.find_output(name)
        except NoContext:
            if name is None:
                raise
        else:
            context.add_output_metadata(values, output)
            return
    if id is None:
        if name is None:
            raise NoContext("log_artifact_metadata() outside a step needs the artifact's name.")
        from vitrine.client import Client

        id = Client().get_artifact_version(name, version).id
    _record(values, artifact_version_id=id)


def _find_model_version(name: str | None, version: str | int | None) -> UUID:
    """Of the context's model; of a named version also without a context. Raises: NoContext."""
    context = find_step_context() or find_pipeline_context()
    model: RunModel | None = context.model if context else None
    if model is not None and name in (None, model.name) and version in (None, model.version):
        return model.id
    if name is not None and version is not None:
        given = Model(name, version=version)
        if not given.is_lookup:
            return given.make_id()
    raise NoContext(
        "Which model version? Give the step or pipeline model=Model(…), or pass model_name=… and model_version=…."
    )


def _find_run(given: Id) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except ValueError:
        from vitrine.client import Client

        return Client().get_pipeline_run(str(given)).id


def _record(
    values: dict[str, Any],
    *,
    run_id: UUID | None = None,
    step: str | None = None,
    artifact_version_id: Id | None = None,
    model_version_id: Id | None = None,
) -> None:
    if step is not None and run_id is None:
        raise Invalid("step_name=… needs run_id=…, the run that the step belongs to.")
    body = MetadataBody(
        values=values,
        step=step,
        artifact_version_id=_uuid(artifact_version_id),
        model_version_id=_uuid(model_version_id),
    )
    open_reporter().record(MetadataEvent(id=new_id(), at=now(), run_id=run_id, body=body))


def _uuid(given: Id | None) -> UUID | None:
    return given if given is None or isinstance(given, UUID) else UUID(given)
