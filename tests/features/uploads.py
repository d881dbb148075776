"""Artifact versions with contents, as a program reports them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from tests.features.conftest import Send, make_event

from vitrine.ids import new_id


async def upload(api: httpx.AsyncClient, content: bytes, *, project: str = "default") -> str:
    """Its SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    answer = await api.put(f"/api/v1/projects/{project}/blobs/{digest}", content=content)
    assert answer.status_code in (200, 201), answer.text
    return digest


async def make_version(
    api: httpx.AsyncClient,
    send: Send,
    *,
    artifact: str = "rows",
    files: Mapping[str, bytes] | None = None,
    visualizations: Sequence[tuple[str, bytes]] = (),
    project: str = "default",
    run_id: str | None = None,
    **body: Any,
) -> tuple[str, list[str]]:
    """An artifact version with these files and visualizations (kind, content); its id and those of the latter."""
    version_id = str(new_id())
    stored = [
        {"path": path, "sha256": await upload(api, content, project=project), "size_bytes": len(content)}
        for path, content in (files or {}).items()
    ]
    shown = [
        {
            "id": str(new_id()),
            "kind": kind,
            "sha256": await upload(api, content, project=project),
            "size_bytes": len(content),
        }
        for kind, content in visualizations
    ]
    told = {"id": version_id, "artifact": artifact, "files": stored, "visualizations": shown, **body}
    await send([make_event("artifact_version", told, run_id=run_id)], project=project)
    return version_id, [str(one["id"]) for one in shown]
