"""Pillow images as PNG, shown as they are."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image

from vitrine.enums import VisualizationType
from vitrine.materializers.base_materializer import BaseMaterializer

FILE = "image.png"
PNG_MODES = frozenset({"1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"})


class ImageMaterializer(BaseMaterializer):
    """What PNG can't hold, such as CMYK, is pickled beside an RGB picture of it."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Image.Image,)

    def save(self, data: Image.Image) -> None:
        if data.mode in PNG_MODES:
            data.save(self.path(FILE))
        else:
            super().save(data)
            data.convert("RGB").save(self.path(FILE))

    def load(self, data_type: type[Any]) -> Any:
        try:
            return super().load(data_type)
        except FileNotFoundError:
            with Image.open(self.path(FILE)) as image:
                image.load()
                return image

    def save_visualizations(self, data: Image.Image) -> dict[str, VisualizationType]:
        return {self.path(FILE): VisualizationType.IMAGE}

    def extract_metadata(self, data: Image.Image) -> dict[str, Any]:
        return {"width": data.width, "height": data.height, "mode": data.mode}
