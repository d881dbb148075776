"""NumPy arrays as .npy files; pictures of small matrices and of arrays that are images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from vitrine.enums import VisualizationType
from vitrine.materializers.base_materializer import PICKLED, BaseMaterializer
from vitrine.materializers.png import draw_heatmap, encode_png
from vitrine.types import DType, StorageSize

FILE = "data.npy"
LARGEST_HEATMAP = 960
LARGEST_IMAGE = 4096
SURVEYED = 50_000_000
Array = np.ndarray[Any, Any]


class NumpyMaterializer(BaseMaterializer):
    """Arrays and scalars. Arrays of objects are pickled."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (np.ndarray, np.generic)

    def save(self, data: Array | np.generic) -> None:
        if data.dtype.hasobject or (isinstance(data, np.ndarray) and type(data) is not np.ndarray):
            super().save(data)
        else:
            np.save(self.path(FILE), data, allow_pickle=False)

    def load(self, data_type: type[Any]) -> Any:
        if os.path.exists(self.path(PICKLED)):
            return super().load(data_type)
        found = np.load(self.path(FILE), allow_pickle=False)
        return found[()] if isinstance(data_type, type) and issubclass(data_type, np.generic) else found

    def save_visualizations(self, data: Array | np.generic) -> dict[str, VisualizationType]:
        pixels = find_picture(np.asarray(data))
        if pixels is None:
            return {}
        path = self.path("picture.png")
        Path(path).write_bytes(encode_png(pixels))
        return {path: VisualizationType.IMAGE}

    def extract_metadata(self, data: Array | np.generic) -> dict[str, Any]:
        array = np.asarray(data)
        found: dict[str, Any] = {
            "shape": list(array.shape),
            "dtype": DType(array.dtype),
            "size": StorageSize(array.nbytes),
        }
        if array.size and array.size <= SURVEYED and array.dtype.kind in "iuf":
            finite = array[np.isfinite(array)]
            if finite.size:
                found |= {
                    "min": finite.min(),
                    "max": finite.max(),
                    "mean": finite.mean(dtype=np.float64),
                    "std": finite.std(dtype=np.float64),
                }
            found["missing"] = int(array.size - finite.size)
        return found


def find_picture(array: Array) -> Array | None:
    """Pixels that show the array: itself when it is an image, a heatmap when it is a small matrix of numbers."""
    is_image = (
        array.ndim == 3
        and array.shape[2] in (3, 4)
        and array.dtype == np.uint8
        and 0 < max(array.shape) <= LARGEST_IMAGE
    )
    if is_image:
        return array
    is_matrix = (
        array.ndim == 2
        and min(array.shape) >= 2
        and max(array.shape) <= LARGEST_HEATMAP
        and array.dtype.kind in "iufb"
    )
    return draw_heatmap(array) if is_matrix else None
