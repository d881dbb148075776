"""Which materializer is for which type: the nearest one in the type's line of ancestors."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vitrine.errors import Invalid

if TYPE_CHECKING:
    from vitrine.materializers.base_materializer import BaseMaterializer

BUILT_IN = "vitrine.materializers.built_in"
FALLBACK = "vitrine.materializers.cloudpickle_materializer", "CloudpickleMaterializer"
HOMES = {  # the first part of a type's module → where its materializer is
    "PIL": "vitrine.materializers.pillow_images",
    "builtins": BUILT_IN,
    "matplotlib": "vitrine.materializers.matplotlib_figures",
    "numpy": "vitrine.materializers.numpy_arrays",
    "pandas": "vitrine.materializers.pandas_tables",
    "pathlib": "vitrine.materializers.paths",
    "plotly": "vitrine.materializers.plotly_figures",
    "sklearn": "vitrine.materializers.sklearn_estimators",
    "vitrine": BUILT_IN,
}
SCALARS = (bool, int, float, str)
_registered: dict[type[Any], type[BaseMaterializer]] = {}
_own: dict[type[Any], type[BaseMaterializer]] = {}


def register(kind: type[Any], materializer: type[BaseMaterializer]) -> None:
    """Values of the type are saved by this class. A user's class stands above ours, whichever came first."""
    is_ours = materializer.__module__.startswith("vitrine.materializers.")
    (_own if is_ours else _registered)[kind] = materializer


def as_announced(value: Any, annotation: Any) -> Any:
    """A NumPy scalar that its annotation calls a `float` is one; every other value is itself."""
    is_numpy = type(value).__module__.split(".")[0] == "numpy"
    return (
        annotation(value) if is_numpy and annotation in SCALARS and isinstance(value, annotation) else value
    )


def find_materializer(kind: type[Any]) -> type[BaseMaterializer]:
    """The class for values of this type; pickling is the last resort."""
    for ancestor in kind.__mro__[:-1]:
        if found := _registered.get(ancestor):
            return found
        home = HOMES.get(ancestor.__module__.split(".")[0])
        if home and home not in sys.modules:
            import_module(home)
        if found := _own.get(ancestor):
            return found
    return load_materializer(".".join(FALLBACK))


def load_materializer(name: str) -> type[BaseMaterializer]:
    """The class by its full name, as an artifact version remembers it. Raises: Invalid when this program has no such class."""
    from vitrine.materializers.base_materializer import BaseMaterializer

    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise Invalid(
            f"The artifact was saved by {name}, which cannot be imported here: {error}. Import the module that defines it first."
        ) from error
    if not (isinstance(found, type) and issubclass(found, BaseMaterializer)):
        raise Invalid(f"The artifact was saved by {name}, which is no materializer.")
    return found


def name_materializer(materializer: type[BaseMaterializer]) -> str:
    return f"{materializer.__module__}.{materializer.__qualname__}"
