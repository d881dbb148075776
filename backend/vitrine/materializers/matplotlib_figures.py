"""matplotlib figures: a picture to look at, and a pickle to go on working with."""

from __future__ import annotations

from typing import Any, ClassVar

from matplotlib.figure import Figure

from vitrine.enums import ArtifactType, VisualizationType
from vitrine.materializers.base_materializer import BaseMaterializer

FILE = "figure.png"


class FigureMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Figure,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, data: Figure) -> None:
        super().save(data)
        data.savefig(self.path(FILE), bbox_inches="tight")

    def save_visualizations(self, data: Figure) -> dict[str, VisualizationType]:
        return {self.path(FILE): VisualizationType.IMAGE}

    def extract_metadata(self, data: Figure) -> dict[str, Any]:
        titles = [axes.get_title() for axes in data.axes]
        return {"axes": len(titles), "title": next(filter(None, titles), "")}
