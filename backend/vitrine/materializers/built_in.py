"""Python's own values: readable files where they say exactly the same, pickles where they would not."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any, ClassVar

from vitrine.enums import VisualizationType
from vitrine.materializers.base_materializer import PICKLED, BaseMaterializer
from vitrine.sdk.values import is_json
from vitrine.types import CSVString, HTMLString, JSONString, MarkdownString

SHOWN_BYTES = 1_000_000
KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (bool, int, float, dict, list, tuple, set, frozenset, type(None))
}


class BuiltInMaterializer(BaseMaterializer):
    """Numbers, lists, dictionaries as `value.json` when JSON can hold them, else as a pickle."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = tuple(KINDS.values())
    FILE = "value.json"

    def save(self, data: Any) -> None:
        plain = _as_json(data)
        if plain is None and data is not None:
            Path(self.path(PICKLED)).write_bytes(_pickle(data))
        else:
            text = json.dumps(plain, ensure_ascii=False, indent=2 if isinstance(plain, dict) else None)
            Path(self.path(self.FILE)).write_bytes(text.encode("utf-8", "surrogatepass"))

    def load(self, data_type: type[Any]) -> Any:
        if os.path.exists(self.path(PICKLED)):
            return super().load(data_type)
        found = json.loads(Path(self.path(self.FILE)).read_bytes().decode("utf-8", "surrogatepass"))
        kind = KINDS.get(getattr(data_type, "__name__", ""))
        return kind(found) if kind in (tuple, set, frozenset, float) else found

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:
        path = self.path(self.FILE)
        is_shown = (
            isinstance(data, dict | list | tuple)
            and os.path.exists(path)
            and os.path.getsize(path) <= SHOWN_BYTES
        )
        return {path: VisualizationType.JSON} if is_shown else {}

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        if isinstance(data, bool | int | float):
            return {"value": data}
        return {"length": len(data)} if data is not None else {}


def _as_json(data: Any) -> Any:
    """What to write so that loading gives the very same value; None when JSON can't."""
    kind = type(data)
    if kind in (set, frozenset):
        return (
            sorted(data)
            if data
            and len({type(item) for item in data}) == 1
            and all(type(item) in (str, int) for item in data)
            else None
        )
    if kind is tuple:
        data = list(data)
    return data if is_json(data) else None


def _pickle(data: Any) -> bytes:
    try:
        return pickle.dumps(data, protocol=5)
    except Exception:
        import cloudpickle

        return bytes(cloudpickle.dumps(data))


class BytesMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (bytes,)

    def save(self, data: bytes) -> None:
        if type(data) is bytes:
            Path(self.path("value.bin")).write_bytes(data)
        else:
            super().save(data)

    def load(self, data_type: type[Any]) -> Any:
        path = Path(self.path("value.bin"))
        return path.read_bytes() if path.exists() else super().load(data_type)

    def extract_metadata(self, data: bytes) -> dict[str, Any]:
        return {"length": len(data)}


class TextMaterializer(BaseMaterializer):
    """Text as it is. What it shows is the file itself, but plain text as a code block of Markdown. Other subclasses are pickled."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (str,)
    FILE = "value.txt"
    KIND: ClassVar[VisualizationType | None] = None

    def save(self, data: str) -> None:
        Path(self.path(self.FILE)).write_bytes(data.encode("utf-8", "surrogatepass"))
        if type(data) is not self.ASSOCIATED_TYPES[0]:
            Path(self.path(PICKLED)).write_bytes(_pickle(data))

    def load(self, data_type: type[Any]) -> Any:
        if os.path.exists(self.path(PICKLED)):
            return super().load(data_type)
        text = Path(self.path(self.FILE)).read_bytes().decode("utf-8", "surrogatepass")
        return self.ASSOCIATED_TYPES[0](text)

    def save_visualizations(self, data: str) -> dict[str, VisualizationType]:
        if self.KIND:
            return {self.path(self.FILE): self.KIND}
        if not data or len(data) > SHOWN_BYTES:
            return {}
        fence = "`" * max(3, 1 + max(map(len, _runs_of_backticks(data)), default=0))
        shown = Path(self.path("shown.md"))
        shown.write_bytes(f"{fence}text\n{data}\n{fence}\n".encode("utf-8", "replace"))
        return {str(shown): VisualizationType.MARKDOWN}

    def extract_metadata(self, data: str) -> dict[str, Any]:
        return {"length": len(data)}


def _runs_of_backticks(text: str) -> list[str]:
    return [run for run in "".join(letter if letter == "`" else " " for letter in text).split(" ") if run]


class HTMLStringMaterializer(TextMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (HTMLString,)
    FILE = "output.html"
    KIND = VisualizationType.HTML


class MarkdownStringMaterializer(TextMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (MarkdownString,)
    FILE = "output.md"
    KIND = VisualizationType.MARKDOWN


class CSVStringMaterializer(TextMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (CSVString,)
    FILE = "output.csv"
    KIND = VisualizationType.CSV


class JSONStringMaterializer(TextMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (JSONString,)
    FILE = "output.json"
    KIND = VisualizationType.JSON
