"""Types that say more than their values: strings that are shown as what they hold, and special metadata."""

from __future__ import annotations


class HTMLString(str):
    """HTML, shown in a sandboxed frame."""

    __slots__ = ()


class MarkdownString(str):
    """Markdown, shown formatted."""

    __slots__ = ()


class CSVString(str):
    """Comma-separated values with a header line, shown as a table."""

    __slots__ = ()


class JSONString(str):
    """JSON, shown as a tree."""

    __slots__ = ()


class Uri(str):
    """Metadata: an address."""

    __slots__ = ()


class Path(str):
    """Metadata: a path in some file system."""

    __slots__ = ()


class DType(str):
    """Metadata: the type of an array or a column."""

    __slots__ = ()


class StorageSize(int):
    """Metadata: a size in bytes."""
