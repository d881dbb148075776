"""A step that did the same thing before is not run again: its outputs are taken over."""

from __future__ import annotations

import hashlib
import types
from typing import Any

import msgspec

from vitrine.errors import VitrineError
from vitrine.runs.cache_structs import CachedAnswer, CachedOutput, CachedStep
from vitrine.sdk.graph import Node
from vitrine.sdk.reporting import Reporter
from vitrine.sdk.storing import StoredVersion
from vitrine.sdk.values import to_plain

FORMAT = 1
LOOK_UP_S = 5.0


def make_cache_key(project: str, node: Node, inputs: dict[str, list[StoredVersion]]) -> str | None:
    """SHA-256 of all that decides what a step does; None when its code cannot be read.

    Inputs count by content: an earlier step that ran again and gave the same does not make this one run.
    """
    code = node.step.source or _read_bytecode(node.step.entrypoint)
    if not code:
        return None
    parts = {
        "format": FORMAT,
        "project": project,
        "step": node.step.name,
        "code": code,
        "parameters": to_plain(node.parameters),
        "outputs": [
            [output.name, output.artifact, output.config.version, _name_materializer(node, output.name)]
            for output in node.outputs
        ],
        "inputs": {name: [version.digest for version in versions] for name, versions in inputs.items()},
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def find_cached(reporter: Reporter, cache_key: str, node: Node) -> CachedStep | None:
    """The step to take over. None, too, when the server does not answer: caching never holds a run up."""
    if reporter.is_away:
        return None
    try:
        answer = reporter.api().get("/steps/cached", {"cache_key": cache_key}, timeout_s=LOOK_UP_S)
        found = msgspec.convert(answer, CachedAnswer).found
    except (VitrineError, msgspec.ValidationError):
        return None
    if found is None or {output.output for output in found.outputs} != {
        output.name for output in node.outputs
    }:
        return None
    return found


def take_over(output: CachedOutput) -> StoredVersion:
    return StoredVersion(
        output.artifact_version_id, output.artifact, output.type, output.data_type, output.materializer, tuple(output.files)
    )  # fmt: skip


def _name_materializer(node: Node, output: str) -> str:
    given = node.step.find_materializer(output)
    return f"{given.__module__}.{given.__qualname__}" if given else ""


def _read_bytecode(function: Any) -> str:
    """Stands for the source where there is none, as in `python -c`; it differs between versions of Python."""
    code = getattr(function, "__code__", None)
    return repr(_flatten(code)) if isinstance(code, types.CodeType) else ""


def _flatten(code: types.CodeType) -> tuple[Any, ...]:
    constants = [_flatten(one) if isinstance(one, types.CodeType) else repr(one) for one in code.co_consts]
    return code.co_code.hex(), constants, code.co_names, code.co_varnames
