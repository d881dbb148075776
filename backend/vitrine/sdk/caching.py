"""A step that did the same thing before is not run again: its outputs are taken over."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from vitrine.errors import VitrineError
from vitrine.runs.cache_structs import CachedOutput, CachedStep, CachedSteps
from vitrine.sdk.external import ExternalArtifact
from vitrine.sdk.graph import Node
from vitrine.sdk.reporting import Reporter
from vitrine.sdk.storing import StoredVersion
from vitrine.sdk.values import to_plain

FORMAT = 1
LOOK_UP_S = 5.0
KEYS_AT_ONCE = 100
Inputs = Mapping[str, list[StoredVersion]]


class Cache:
    """What of a run's graph was done before. One question covers every step that could run by now: a fan-out asks once."""

    def __init__(
        self, reporter: Reporter, nodes: Iterable[Node], find_inputs: Callable[[Node], Inputs | None]
    ) -> None:
        self._reporter = reporter
        self._waiting = {node.key: node for node in nodes}
        self._find_inputs = find_inputs
        self._keys: dict[str, str | None] = {}
        self._found: dict[str, CachedStep] = {}

    def find(self, node: Node) -> tuple[str | None, CachedStep | None]:
        """The step's cache key, and the step to take over. None, too, when the server does not answer."""
        if node.key not in self._keys:
            self._ask()
        cache_key = self._keys.get(node.key)
        found = self._found.get(cache_key) if cache_key else None
        if found and {output.output for output in found.outputs} != {output.name for output in node.outputs}:
            found = None
        return cache_key, found

    def _ask(self) -> None:
        """Keys of the steps whose inputs are known by now, and what the server has under them."""
        asked: set[str] = set()
        for name, node in list(self._waiting.items()):
            inputs = self._find_inputs(node)
            if inputs is not None:
                del self._waiting[name]
                cache_key = self._keys[name] = make_cache_key(self._reporter.connection.project, node, inputs)
                asked.update([cache_key] if cache_key else [])
            if len(asked) >= KEYS_AT_ONCE:
                break
        if asked and not self._reporter.is_away:
            self._found |= self._fetch(sorted(asked))

    def _fetch(self, cache_keys: list[str]) -> dict[str, CachedStep]:
        """A server that does not answer is a miss: caching never holds a run up."""
        try:
            answer = self._reporter.api().get("/steps/cached", {"cache_key": cache_keys}, timeout_s=LOOK_UP_S)
            return msgspec.convert(answer, CachedSteps).found
        except (VitrineError, msgspec.ValidationError):
            return {}


def make_cache_key(project: str, node: Node, inputs: Inputs) -> str | None:
    """SHA-256 of all that decides what a step does; None when its code cannot be read.

    Inputs count by content: an earlier step that ran again and gave the same does not make this one run.
    """
    code = node.step.source or _read_bytecode(node.step.entrypoint)
    if not code:
        return None
    outputs = [(output, _name_materializer(node, output.name)) for output in node.outputs]
    parts = {
        "format": FORMAT,
        "project": project,
        "step": node.step.name,
        "code": code,
        "parameters": to_plain(node.parameters),
        "outputs": [[output.name, output.artifact, output.config.version, name] for output, name in outputs],
        "inputs": {name: [version.digest for version in versions] for name, versions in inputs.items()},
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def may_cache(node: Node, *, pipeline: Mapping[str, Any]) -> bool:
    """The step's own word, else the pipeline's options', else yes. Never with an external artifact."""
    sources = [source for sources in node.inputs.values() for source in sources]
    if any(isinstance(source, ExternalArtifact) for source in sources):
        return False
    return bool(node.step.options.get("enable_cache", pipeline.get("enable_cache", True)))


def take_over(output: CachedOutput) -> StoredVersion:
    names = output.artifact, output.type, output.data_type, output.materializer
    return StoredVersion(output.artifact_version_id, *names, tuple(output.files))


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
