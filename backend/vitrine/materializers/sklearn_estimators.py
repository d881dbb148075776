"""scikit-learn estimators as joblib files, shown as the library draws them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import sklearn
from sklearn.base import BaseEstimator

from vitrine.enums import ArtifactType, VisualizationType
from vitrine.materializers.base_materializer import BaseMaterializer
from vitrine.sdk.values import is_json, to_plain

FILE = "model.joblib"


class SklearnMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (BaseEstimator,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, data: BaseEstimator) -> None:
        import joblib  # type: ignore[import-untyped]

        joblib.dump(data, self.path(FILE), compress=("zlib", 1))

    def load(self, data_type: type[Any]) -> Any:
        import joblib

        return joblib.load(self.path(FILE))

    def save_visualizations(self, data: BaseEstimator) -> dict[str, VisualizationType]:
        from sklearn.utils import estimator_html_repr

        path = self.path("estimator.html")
        Path(path).write_text(estimator_html_repr(data), encoding="utf-8")
        return {path: VisualizationType.HTML}

    def extract_metadata(self, data: BaseEstimator) -> dict[str, Any]:
        """The class, its parameters, and what fitting found: never the learned arrays themselves."""
        given = {name: to_plain(value) for name, value in data.get_params(deep=False).items()}
        found: dict[str, Any] = {
            "estimator": type(data).__name__,
            "scikit_learn": sklearn.__version__,
            "parameters": given,
        }
        for name in ("n_features_in_", "n_iter_", "best_score_", "n_estimators_"):
            value = to_plain(getattr(data, name, None))
            if value is not None and is_json(value) and not isinstance(value, list):
                found[name.rstrip("_")] = value
        classes = getattr(data, "classes_", None)
        return found if classes is None else {**found, "classes": len(classes)}
