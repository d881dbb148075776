"""The last resort: any object, readable only by programs with the same Python and the same code."""

from __future__ import annotations

import sys
from typing import Any

from vitrine.materializers.base_materializer import BaseMaterializer
from vitrine.sdk.saying import say_once


class CloudpickleMaterializer(BaseMaterializer):
    def save(self, data: Any) -> None:
        name = f"{type(data).__module__}.{type(data).__qualname__}"
        say_once(
            f"pickled {name}",
            f"{name} has no materializer and is pickled; other versions of Python or of its code may not read it.",
        )
        super().save(data)

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        return {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
