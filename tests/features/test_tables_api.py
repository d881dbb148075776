"""Windows of stored tables: of DataFrames and of CSV files."""

from __future__ import annotations

import io
import math
import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.features.conftest import Send
from tests.features.uploads import make_version

API = "/api/v1/projects/default"


def to_parquet(columns: dict[str, Any]) -> bytes:
    written = io.BytesIO()
    parquet.write_table(pa.table(columns), written)
    return written.getvalue()


async def store(api: httpx.AsyncClient, send: Send, columns: dict[str, Any]) -> str:
    """The address of a stored table."""
    version_id, _ = await make_version(api, send, files={"data.parquet": to_parquet(columns)})
    return f"{API}/artifact-versions/{version_id}/table"


async def store_csv(api: httpx.AsyncClient, send: Send, text: str | bytes) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    _, (id_,) = await make_version(api, send, visualizations=[("csv", content)])
    return f"{API}/visualizations/{id_}/table"


async def get(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_window_shows_some_rows_of_some_columns(api: httpx.AsyncClient, send: Send) -> None:
    path = await store(
        api,
        send,
        {"n": list(range(500)), "a, b": [f"row {n}" for n in range(500)], "x": [n / 2 for n in range(500)]},
    )
    window = await get(api, path, offset=490, limit=5, columns="a, b,n")
    assert window["columns"] == [
        {"name": "a, b", "type": "text", "data_type": "string"},
        {"name": "n", "type": "number", "data_type": "int64"},
    ]
    assert window["rows"] == [[f"row {n}", n] for n in range(490, 495)]
    assert (window["offset"], window["total"]) == (490, 500)
    assert len((await get(api, path))["rows"]) == 200
    assert (await get(api, path, offset=499))["rows"] == [[499, "row 499", 249.5]]
    assert (await get(api, path, offset=10_000))["rows"] == []


async def test_rows_are_sorted_with_missing_ones_last(api: httpx.AsyncClient, send: Send) -> None:
    path = await store(api, send, {"name": ["b", None, "a"], "-n": [2, 1, None], "tags": [[2], [1], None]})
    assert [row[0] for row in (await get(api, path, sort="name"))["rows"]] == ["a", "b", None]
    assert [row[0] for row in (await get(api, path, sort="-name"))["rows"]] == ["b", "a", None]
    assert [row[1] for row in (await get(api, path, sort="-n"))["rows"]] == [1, 2, None]
    assert [row[1] for row in (await get(api, path, sort="--n"))["rows"]] == [2, 1, None]
    assert [row[2] for row in (await get(api, path, sort="tags"))["rows"]] == [[1], [2], None]


async def test_every_value_can_be_said_in_json(api: httpx.AsyncClient, send: Send) -> None:
    at = datetime(2026, 11, 1, 12, 0, 0, 123456)
    columns = {
        "float": [math.nan, math.inf, -math.inf, 0.5],
        "large": [2**62, -(2**62), 1, None],
        "bool": [True, False, None, True],
        "bytes": [b"\x00a", None, b"", b"b"],
        "naive": [at, None, at, at],
        "zoned": pa.array([at.replace(tzinfo=UTC)] * 4, pa.timestamp("ns", "Europe/Zurich")),
        "day": [date(2026, 11, 1), None, date(1, 1, 1), date(2026, 1, 1)],
        "span": [timedelta(seconds=90), None, timedelta(0), timedelta(days=1)],
        "price": [Decimal("1.50"), None, Decimal("0"), Decimal("2")],
        "nested": [{"a": [1.5, math.nan]}, None, {"a": []}, {"a": None}],
        "kind": pa.array(["x", "y", None, "x"]).dictionary_encode(),
        "long": ["x" * 5_000, "", None, "<script>"],
        "null": pa.nulls(4),
    }
    window = await get(api, await store(api, send, columns))
    first, second, third, fourth = (
        {column["name"]: value for column, value in zip(window["columns"], row, strict=True)}
        for row in window["rows"]
    )
    kinds = {column["name"]: column["type"] for column in window["columns"]}
    assert kinds == {
        "float": "number", "large": "number", "bool": "bool", "bytes": "text", "naive": "instant", "zoned": "instant",
        "day": "instant", "span": "text", "price": "number", "nested": "json", "kind": "text", "long": "text", "null": "text",
    }  # fmt: skip
    assert [row["float"] for row in (first, second, third, fourth)] == ["NaN", "Infinity", "-Infinity", 0.5]
    assert (first["large"], third["large"]) == (str(2**62), 1)
    assert (first["bytes"], second["bytes"]) == ("b'\\x00a'", None)
    assert first["naive"] == first["zoned"] == "2026-11-01T12:00:00.123456Z"
    assert (first["day"], first["price"], first["span"]) == ("2026-11-01", 1.5, "0:01:30")
    assert first["nested"] == {"a": [1.5, "NaN"]}
    assert (first["kind"], fourth["long"], first["null"]) == ("x", "<script>", None)
    assert (len(first["long"]), first["long"][-1]) == (1_000, "…")
    assert next(column["data_type"] for column in window["columns"] if column["name"] == "kind").startswith(
        "dictionary"
    )


async def test_the_index_of_a_dataframe_stands_first(api: httpx.AsyncClient, send: Send) -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
    written = io.BytesIO()
    frame.to_parquet(written)
    version_id, _ = await make_version(api, send, files={"data.parquet": written.getvalue()})
    window = await get(api, f"{API}/artifact-versions/{version_id}/table")
    assert [column["name"] for column in window["columns"]] == ["index", "x"]
    assert window["rows"] == [["a", 1], ["b", 2]]


@pytest.mark.parametrize(
    ("filter_", "wanted"),
    [
        ("n > 2", [3, 4]),
        ("n != 2", [1, 3, 4]),
        ("not n != 2", [2, 0]),
        ("x = nan", []),
        ("city = 'Bern' or n between 3 and 4", [1, 3, 4]),
        ("city contains 'ER'", [1]),
        ("city like 'Ber%' and n < 9", [1]),
        ("city ilike 'z%'", [2]),
        ("city not in ('Bern', 'Basel')", [2]),
        ("city is null", [4, 0]),
        ("n = 'three'", []),
        ("at > '2026-01-02'", [2, 3]),
        ("`odd name` = true", [1]),
        ("", [1, 2, 3, 4, 0]),
    ],
)
async def test_a_filter_keeps_the_rows_that_fulfil_it(
    api: httpx.AsyncClient, send: Send, filter_: str, wanted: list[int]
) -> None:
    columns = {
        "n": [1, 2, 3, 4, None],
        "x": [1.0, math.nan, 2.0, None, 0.0],
        "city": ["Bern", "Zug", "Basel", None, None],
        "at": [datetime(2026, 1, day) for day in (1, 3, 4)] + [None, None],
        "odd name": [True, False, None, None, None],
    }
    path = await store(api, send, columns)
    window = await get(api, path, filter=filter_, columns="n")
    assert [row[0] or 0 for row in window["rows"]] == wanted
    assert window["total"] == len(wanted)
    backwards = await get(api, path, filter=filter_, columns="n", sort="-n")
    assert [row[0] or 0 for row in backwards["rows"]] == sorted(wanted, reverse=True)


async def test_a_wrong_column_sort_or_filter_says_so(api: httpx.AsyncClient, send: Send) -> None:
    path = await store(api, send, {"n": [1]})
    for parameters, code in (
        ({"columns": "n,m"}, "Invalid"),
        ({"sort": "m"}, "Invalid"),
        ({"filter": "m = 1"}, "FilterInvalid"),
    ):
        answer = await api.get(path, params=parameters)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert "'m'" in answer.json()["detail"]
    assert (await api.get(path, params={"limit": 1_001})).status_code == 422
    assert (await api.get(path, params={"offset": -1})).status_code == 422


async def test_a_csv_is_a_table_with_types(api: httpx.AsyncClient, send: Send) -> None:
    text = '\ufeff,price,city,at\n0,1.5,"Bern, CH",2026-11-01 12:00:00\n1,NaN,"two\nlines",\n2,,=cmd(),2026-11-02 00:00:00\n'
    window = await get(api, await store_csv(api, send, text))
    assert [(column["name"], column["type"]) for column in window["columns"]] == [
        ("", "number"), ("price", "number"), ("city", "text"), ("at", "instant"),
    ]  # fmt: skip
    assert window["rows"] == [
        [0, 1.5, "Bern, CH", "2026-11-01T12:00:00Z"], [1, "NaN", "two\nlines", None], [2, None, "=cmd()", "2026-11-02T00:00:00Z"],
    ]  # fmt: skip


async def test_an_untidy_csv_is_shown_as_far_as_it_goes(api: httpx.AsyncClient, send: Send) -> None:
    ragged = await get(api, await store_csv(api, send, "a,a,b\n1,2,3\n4\n5,6,7\n"))
    assert [column["name"] for column in ragged["columns"]] == ["a", "a (2)", "b"]
    assert ragged["rows"] == [[1, 2, 3], [5, 6, 7]]
    latin = await get(api, await store_csv(api, send, "name\nZürich\n".encode("latin-1")))
    assert latin["rows"] == [["Zürich"]]
    late = "n\n" + "1\n" * 600_000 + "text\n"
    assert (await get(api, await store_csv(api, send, late), offset=600_000))["rows"] == [["text"]]
    empty = await api.get(await store_csv(api, send, ""))
    assert (empty.status_code, empty.json()["code"]) == (422, "NotShowable")


async def test_what_is_no_table_says_so(api: httpx.AsyncClient, send: Send) -> None:
    version_id, (html,) = await make_version(
        api, send, files={"model.pkl": b"x"}, visualizations=[("html", b"<p>")]
    )
    for path in (f"{API}/artifact-versions/{version_id}/table", f"{API}/visualizations/{html}/table"):
        answer = await api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "TableNotFound")
    broken, _ = await make_version(api, send, files={"data.parquet": b"PAR1 and then nothing PAR1"})
    answer = await api.get(f"{API}/artifact-versions/{broken}/table")
    assert (answer.status_code, answer.json()["code"]) == (422, "NotShowable")


async def test_a_table_that_unpacks_to_too_much_is_not_opened(api: httpx.AsyncClient, send: Send) -> None:
    content = to_parquet({"nothing": pa.nulls(101_000_000)})
    assert len(content) < 1_000_000
    version_id, _ = await make_version(api, send, files={"data.parquet": content})
    answer = await api.get(f"{API}/artifact-versions/{version_id}/table")
    assert answer.status_code == 422
    assert "101,000,000 rows" in answer.json()["detail"]


class Canary:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.write_text, (self.path, "executed")


async def test_a_pickle_is_never_opened(api: httpx.AsyncClient, send: Send, tmp_path: Path) -> None:
    """CVE-2024-24590: a preview runs what a pickle says."""
    canary = tmp_path / "canary"
    content = pickle.dumps(Canary(canary))
    version_id, shown = await make_version(
        api, send, files={"artifact.pkl": content, "data.parquet": content},
        visualizations=[(kind, content) for kind in ("table", "csv", "json", "image", "markdown", "html")],
    )  # fmt: skip
    for path in ("", "/table", "/content", "/lineage"):
        await api.get(f"{API}/artifact-versions/{version_id}{path}")
    for id_ in shown:
        for path in ("", "/content", "/table"):
            await api.get(f"{API}/visualizations/{id_}{path}")
    assert not canary.exists()
    assert pickle.loads(content)
    assert canary.read_text() == "executed"
