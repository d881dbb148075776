"""The class to extend for one's own types: defining the subclass registers it."""

from __future__ import annotations

import os
import pickle
from typing import Any, ClassVar

from vitrine.enums import ArtifactType, VisualizationType
from vitrine.materializers import registry

PICKLED = "artifact.pkl"


class BaseMaterializer:
    """Saves values of its types into the folder `self.uri`, and loads them from there.

    The folder is local and empty before `save`, and holds what was saved before `load`. Without `save` and `load` of its
    own a subclass pickles.
    """

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = ()
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for kind in cls.__dict__.get("ASSOCIATED_TYPES", ()):
            registry.register(kind, cls)

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def path(self, name: str) -> str:
        """Of a file inside the folder."""
        return os.path.join(self.uri, name)

    def save(self, data: Any) -> None:
        import cloudpickle

        with open(self.path(PICKLED), "wb") as file:
            cloudpickle.dump(data, file)

    def load(self, data_type: type[Any]) -> Any:
        with open(self.path(PICKLED), "rb") as file:
            return pickle.load(file)  # noqa: S301  only ever run by the user's own program

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:
        """Path → kind of each picture of the value, written into the folder; a file of `save` may be one as it is."""
        return {}

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        """What is worth knowing of the value without loading it."""
        return {}
