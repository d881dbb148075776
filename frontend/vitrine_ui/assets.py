"""Static files: read once, compressed once (kept on disk), served for ever under the hash of them all.

One hash for the tree, so that islands import each other by relative paths.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

HERE = Path(__file__).parent
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".map": "application/json",
}
BIG_BYTES = 1_000_000  # above it the last percent of compression takes seconds
ENCODINGS = ("br", "gzip")


class Asset(Struct, frozen=True):
    """A file: what it is called, and its SHA-256 that names the compressed copies."""

    path: Path
    media_type: str
    sha256: str


class Assets:
    """All static files. `cache` is a folder for compressed copies."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._assets = {name: _read(path) for name, path in _own_files()}
        self._plotly = _package_file("plotly", "package_data/plotly.min.js")
        self._kept: dict[tuple[str, str], bytes] = {}
        names = "".join(f"{name} {asset.sha256}\n" for name, asset in sorted(self._assets.items()))
        self.tree_hash = hashlib.sha256(names.encode()).hexdigest()[:12]

    def find(self, name: str) -> Asset | None:
        if name == "plotly/plotly.min.js" and name not in self._assets:
            self._assets[name] = _read(self._plotly)  # 4.8 MB that most visits never ask for
        return self._assets.get(name)

    async def load_body(self, asset: Asset, encoding: str) -> bytes:
        """The file, compressed as asked: "br", "gzip" or ""."""
        key = (asset.sha256, encoding)
        if key not in self._kept:
            body = await asyncio.to_thread(self._compress, asset, encoding)
            if len(body) > BIG_BYTES:
                return body  # from disk each time: few ask, and they keep it
            self._kept[key] = body
        return self._kept[key]

    def _compress(self, asset: Asset, encoding: str) -> bytes:
        if not encoding:
            return asset.path.read_bytes()
        kept = self._cache / f"{asset.sha256}.{encoding}"
        if not kept.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
            part.write_bytes(compress(asset.path.read_bytes(), encoding))
            part.replace(kept)
        return kept.read_bytes()


def compress(body: bytes, encoding: str) -> bytes:
    is_big = len(body) > BIG_BYTES
    if encoding == "gzip":
        return gzip.compress(body, 6 if is_big else 9, mtime=0)
    import brotli

    packed: bytes = brotli.compress(body, quality=6 if is_big else 11)
    return packed


def pick_encoding(accepted: str) -> str:
    """The best that the browser takes. It offers br only over HTTPS and to this machine."""
    offered = {
        one.split(";")[0].strip()
        for one in accepted.split(",")
        if "q=0" not in one.replace(" ", "").split(";")[1:]
    }
    return next((one for one in ENCODINGS if one in offered), "")


def _own_files() -> Iterator[tuple[str, Path]]:
    for folder in ("static", "islands"):
        for path in (HERE / folder).rglob("*"):
            if path.suffix in MEDIA_TYPES and path.is_file():
                yield path.relative_to(HERE).as_posix(), path
    for path in client_folder().glob("*.js"):  # ReactPy's own route neither compresses nor lets keep
        yield f"reactpy/{path.name}", path


def client_folder() -> Path:
    """Where ReactPy's JavaScript client is."""
    return _package_file("reactpy", "static")


def _package_file(package: str, name: str) -> Path:
    """A path inside an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"The package {package} is not installed; `pip install 'vitrine[server]'` installs it."
        )
    return Path(spec.submodule_search_locations[0]) / name


def _read(path: Path) -> Asset:
    return Asset(path, MEDIA_TYPES[path.suffix], hashlib.sha256(path.read_bytes()).hexdigest())
