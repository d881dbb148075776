"""Windows of stored tables. Runs in the worker process alone: pyarrow, and files that anybody may have written."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from vitrine.artifacts.cells import kind_of, list_values, plain_column
from vitrine.artifacts.structs import TableColumn, TableWindow
from vitrine.errors import Invalid, NotShowable

Format = Literal["parquet", "csv"]

FILE_LIMIT_BYTES: dict[Format, int] = {"parquet": 512 * 1024**2, "csv": 128 * 1024**2}
UNPACKED_LIMIT_BYTES = 1024**3
CELLS_LIMIT = 100_000_000  # a file of few bytes can claim any number of rows
WINDOW_CELLS_LIMIT = 400_000
KEPT_BYTES = 1024**3
KEPT_ORDERS = 16
NO_VALUE = ["", "NA", "N/A", "null", "NULL", "None"]  # not NaN: that is a value


class Question(msgspec.Struct, array_like=True):
    """Which window of which stored file. `digest` is the file's SHA-256: the key of what is kept in memory."""

    path: str
    digest: str
    format: Format
    offset: int = 0
    limit: int = 200
    columns: str | None = None
    sort: str | None = None
    filter: str | None = None


_tables: OrderedDict[tuple[str, Format], Any] = OrderedDict()
_orders: OrderedDict[tuple[str, Format, str | None, str | None], Any] = OrderedDict()


def read_window(asked: list[Any]) -> bytes:
    """The JSON of a TableWindow. Raises: NotShowable, Invalid, FilterInvalid."""
    question = msgspec.convert(asked, Question)
    import pyarrow as pa

    try:
        window = _take_window(question)
    except (pa.ArrowMemoryError, MemoryError) as error:
        raise NotShowable(
            "This table needs more memory than the preview may use. Download it instead."
        ) from error
    except pa.ArrowException as error:
        raise NotShowable(f"This is not a readable {question.format} file: {str(error)[:300]}") from error
    return msgspec.json.encode(window)


def _take_window(question: Question) -> TableWindow:
    table = _open_table(question)
    order = _order_rows(table, question)
    total = table.num_rows if order is None else len(order)
    chosen = pick_columns(table.column_names, question.columns)
    limit = min(question.limit, max(1, WINDOW_CELLS_LIMIT // max(1, len(chosen))))
    shown = table.select(chosen)
    if order is None:
        shown = shown.slice(question.offset, limit)
    else:
        shown = shown.take(order.slice(question.offset, limit))
    columns = [
        TableColumn(field.name, kind_of(field.type), _data_type(table, field)) for field in shown.schema
    ]
    values = [list_values(column) for column in shown.columns]
    rows = [list(row) for row in zip(*values, strict=True)] if values else []
    return TableWindow(columns=columns, rows=rows, offset=question.offset, total=total)


def _data_type(table: Any, field: Any) -> str:
    """The type as it was stored."""
    original = (table.schema.field(field.name).metadata or {}).get(b"stored_type")
    return original.decode() if original else str(field.type)


# ── opening ───────────────────────────────────────────────────────────────────────────────────────
def _open_table(question: Question) -> Any:
    """The whole table, plain columns under unique names; the ones asked for last stay in memory."""
    key = (question.digest, question.format)
    if key in _tables:
        _tables.move_to_end(key)
        return _tables[key]
    path = Path(question.path)
    limit = FILE_LIMIT_BYTES[question.format]
    if (size := path.stat().st_size) > limit:
        raise NotShowable(
            f"This file has {size / 1024**2:,.0f} MiB; tables are shown up to {limit // 1024**2} MiB. Download it instead.",
            size_bytes=size, limit_bytes=limit,
        )  # fmt: skip
    table = _tidy(_read_parquet(path) if question.format == "parquet" else _read_csv(path))
    while _tables and sum(each.nbytes for each in _tables.values()) + table.nbytes > KEPT_BYTES:
        forgotten, _ = _tables.popitem(last=False)
        for order in [order for order in _orders if order[:2] == forgotten]:
            del _orders[order]
    _tables[key] = table
    return table


def _read_parquet(path: Path) -> Any:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        if unpacked > UNPACKED_LIMIT_BYTES or rows * columns > CELLS_LIMIT:
            raise NotShowable(
                f"This table has {rows:,} rows and {columns:,} columns, {unpacked / 1024**2:,.0f} MiB unpacked; tables are "
                f"shown up to {CELLS_LIMIT:,} cells and {UNPACKED_LIMIT_BYTES // 1024**2} MiB. Download it instead.",
                rows=rows, columns=columns,
            )  # fmt: skip
        return file.read()


def _read_csv(path: Path) -> Any:
    """Types are guessed; where the guess fails further down, every column is text."""
    import pyarrow as pa
    from pyarrow import csv

    if not path.stat().st_size:
        raise NotShowable("This CSV file is empty.")
    reading = csv.ReadOptions(encoding="utf-8" if _is_utf8(path) else "latin-1")
    parsing = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda _: "skip")
    guessed = csv.ConvertOptions(null_values=NO_VALUE, strings_can_be_null=False)
    try:
        return csv.read_csv(path, reading, parsing, guessed)
    except pa.ArrowInvalid:
        with csv.open_csv(path, reading, parsing) as first:
            names = first.schema.names
        return csv.read_csv(
            path, reading, parsing, csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        )


def _is_utf8(path: Path) -> bool:
    try:
        path.read_text("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _tidy(table: Any) -> Any:
    """Plain columns, each with a name of its own; an index of pandas without one stands first and is called index."""
    import pyarrow as pa

    is_index = [re.fullmatch(r"__index_level_\d+__", name) is not None for name in table.column_names]
    order = sorted(range(table.num_columns), key=lambda at: not is_index[at])
    names: dict[str, None] = {}
    for at in order:
        name = "index" if is_index[at] else table.column_names[at]
        unique, nth = name, 2
        while unique in names:
            unique, nth = f"{name} ({nth})", nth + 1
        names[unique] = None
    columns = [plain_column(table.column(at)) for at in order]
    fields = [
        pa.field(name, column.type, metadata={"stored_type": str(table.schema.field(at).type)})
        for name, column, at in zip(names, columns, order, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


# ── choosing ──────────────────────────────────────────────────────────────────────────────────────
def pick_columns(names: Sequence[str], asked: str | None) -> list[str]:
    """The names between the commas of `asked`, which may hold commas themselves; all without it.

    Raises: Invalid for a name that the table does not have.
    """
    if not asked:
        return list(names)
    known, picked, part = set(names), [], ""
    for piece in asked.split(","):
        part = f"{part},{piece}" if part else piece
        if part in known:
            picked.append(part)
            part = ""
    if part:
        raise Invalid(f"The table has no column {part!r}.", column=part)
    return picked


def _order_rows(table: Any, question: Question) -> Any:
    """The numbers of the rows that match, in the order asked for; None for all as they are stored."""
    if question.sort is None and question.filter is None:
        return None
    key = (question.digest, question.format, question.sort, question.filter)
    if key not in _orders:
        _orders[key] = _find_rows(table, sort=question.sort, filter_=question.filter)
        if len(_orders) > KEPT_ORDERS:
            _orders.popitem(last=False)
    _orders.move_to_end(key)
    return _orders[key]


def _find_rows(table: Any, *, sort: str | None, filter_: str | None) -> Any:
    import pyarrow as pa

    from vitrine.artifacts.table_filters import match_rows

    rows = None if filter_ is None else match_rows(table, filter_)
    if sort is None:
        return rows
    name, order = read_sort(table.column_names, sort)
    column = table.column(name) if rows is None else table.column(name).take(rows)
    by_value = _sort_indices(column, order)
    return by_value if rows is None else pa.array(rows).take(by_value)


def read_sort(names: Sequence[str], sort: str) -> tuple[str, str]:
    """A column and ascending or descending. Raises: Invalid."""
    if sort in names:
        return sort, "ascending"
    if sort.startswith("-") and sort[1:] in names:
        return sort[1:], "descending"
    raise Invalid(f"The table has no column {sort.removeprefix('-')!r} to sort by.", sort=sort)


def _sort_indices(column: Any, order: str) -> Any:
    import pyarrow as pa
    from pyarrow import compute

    if kind_of(column.type) == "json":
        column = pa.chunked_array(
            [pa.array([None if one is None else str(one) for one in column.to_pylist()], pa.string())]
        )
    return compute.sort_indices(pa.table({"by": column}), sort_keys=[("by", order)])  # missing ones last
