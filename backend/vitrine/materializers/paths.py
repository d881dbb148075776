"""A path that a step returns: the file or folder it names becomes the artifact."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from vitrine.errors import Invalid
from vitrine.materializers.base_materializer import BaseMaterializer


class PathMaterializer(BaseMaterializer):
    """Loading gives the path of a copy in a temporary folder, with the same name."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Path,)

    def save(self, data: Path) -> None:
        if data.is_dir():
            shutil.copytree(data, self.path(data.resolve().name))
        elif data.is_file():
            shutil.copyfile(data, self.path(data.name))
        else:
            raise Invalid(f"The step returned the path {data}, where there is neither a file nor a folder.")

    def load(self, data_type: type[Any]) -> Path:
        (name,) = os.listdir(self.uri)
        target = Path(tempfile.mkdtemp(prefix="vitrine-artifact-")) / name
        source = Path(self.path(name))
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
        return target

    def extract_metadata(self, data: Path) -> dict[str, Any]:
        return {"name": data.resolve().name}
