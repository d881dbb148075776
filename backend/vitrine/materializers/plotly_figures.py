"""Plotly figures as the JSON that every Plotly reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from plotly import io
from plotly.basedatatypes import BaseFigure

from vitrine.enums import ArtifactType, VisualizationType
from vitrine.materializers.base_materializer import BaseMaterializer

FILE = "figure.json"


class PlotlyMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (BaseFigure,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, data: Any) -> None:
        Path(self.path(FILE)).write_text(data.to_json(), encoding="utf-8")

    def load(self, data_type: type[Any]) -> Any:
        return io.from_json(Path(self.path(FILE)).read_text(encoding="utf-8"))

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:
        return {self.path(FILE): VisualizationType.PLOTLY}
