"""The files of the artifact versions that a run works with, on this machine, while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from vitrine.sdk.gathering import gather
from vitrine.sdk.graph import Node, StepOutput
from vitrine.sdk.loading import fetch_files, load_stored
from vitrine.sdk.reporting import Reporter
from vitrine.sdk.storing import StoredVersion


class Workspace:
    """Versions by the step and output that wrote them. Loading gives a new object each time: steps can't reach into each other."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._written: dict[tuple[str, str], StoredVersion] = {}
        self._folders: dict[UUID, Path] = {}

    def add(self, step: str, output: str, version: StoredVersion) -> None:
        self._written[step, output] = version
        if version.folder:
            self._folders[version.id] = version.folder

    def get(self, step: str, output: str) -> StoredVersion:
        return self._written[step, output]

    def find_inputs(self, node: Node) -> dict[str, list[StoredVersion]] | None:
        """The versions that the step will read; None while a step before it has not written its own."""
        found: dict[str, list[StoredVersion]] = {}
        for name, sources in node.inputs.items():
            if any(
                isinstance(one, StepOutput) and (one.key, one.output) not in self._written for one in sources
            ):
                return None
            found[name] = [
                self._written[one.key, one.output] if isinstance(one, StepOutput) else one.as_stored()
                for one in sources
            ]
        return found

    def keep_folder(self, version: StoredVersion) -> None:
        """Of a version that no step wrote, such as an external artifact."""
        if version.folder:
            self._folders[version.id] = version.folder

    def load(self, version: StoredVersion) -> Any:
        """Raises: ServerUnreachable when the files have to be fetched and can't be; what the materializer raises."""
        if version.id not in self._folders:
            folder = self._reporter.stage()
            try:
                fetch_files(self._reporter.api(), version.files, folder, blobs=self._reporter.blobs)
            except BaseException:
                self._reporter.unstage(folder)
                raise
            self._folders[version.id] = folder
        return load_stored(version, self._folders[version.id])

    def clear(self) -> None:
        """The files will be gone from here; what is still to be uploaded lies with the contents."""
        folders, self._folders = list(self._folders.values()), {}
        if folders:
            gather(lambda: self._reporter.unstage(*folders))
