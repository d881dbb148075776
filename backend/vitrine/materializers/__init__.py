"""How values become files, and files values again; what is shown of them, and what is known of them.

Our own classes live in modules of their own, which are imported when a value of their library turns up.
"""

from vitrine.materializers.base_materializer import BaseMaterializer
from vitrine.materializers.registry import find_materializer, load_materializer

__all__ = ["BaseMaterializer", "find_materializer", "load_materializer"]
