"""What the dashboard writes: addresses, numbers, times, names, source code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vitrine_ui import address
from vitrine_ui.address import Url, read_url
from vitrine_ui.figures import ago, duration, number, size
from vitrine_ui.text import middle_cut, safe_text
from vitrine_ui.widgets.code import colour

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "name", ["a/b", "..", ".", "a?b#c", "//evil.example", "javascript:alert(1)", "é ü%2F"]
)
def test_a_name_stays_one_segment_of_this_origin(name: str) -> None:
    href = address.page("default", "pipelines", name)
    assert href.startswith("/default/pipelines/")
    assert href.count("/") == 3
    assert read_url(href, "").segments == ("default", "pipelines", name)


def test_a_path_prefix_is_put_on_and_taken_off() -> None:
    address.settle(base_path="/ml", tree_hash="abc")
    try:
        assert address.page("p", "runs") == "/ml/p/runs"
        assert address.asset("static/boot.js") == "/ml/static/abc/static/boot.js"
        assert read_url("/ml/p/runs", "?a=1") == Url(("p", "runs"), (("a", "1"),))
        assert read_url("/mlx/p", "").segments == ("mlx", "p")
    finally:
        address.settle(base_path="", tree_hash="")


def test_an_address_survives_being_written_and_read() -> None:
    url = Url(
        ("p", "runs"),
        (("filter", "name contains 'a&b=c' and x > 1"), ("status", "failed"), ("status", "lost")),
    )
    path, _, query = url.href.partition("?")
    assert read_url(path, f"?{query}") == url


def test_a_parameter_is_set_left_out_and_repeated() -> None:
    url = Url(("p",), (("tab", "logs"), ("step", "a")))
    assert url.with_query(tab=None).query == (("step", "a"),)
    assert url.with_query(step=["b", "c"]).every("step") == ("b", "c")
    assert url.get("tab") == "logs"


@pytest.mark.parametrize(
    ("value", "written"),
    [(1284, "1,284"), (0.87312847, "0.8731"), (0, "0"), (-3.5, "−3.5"), (3.2e-7, "3.2e−07"), (12345.678, "12,346"),
     (float("nan"), "NaN"), (float("-inf"), "−Infinity"), ("NaN", "NaN"), (True, "True")],
)  # fmt: skip
def test_numbers_have_four_significant_digits(value: float | str, written: str) -> None:
    assert number(value) == written


def test_durations_and_sizes_read_like_the_rest_of_the_page() -> None:
    shown = [duration(s) for s in (None, 0, 0.04, 3.14, 58, 72, 7560, 273_600)]
    assert shown == ["—", "0 s", "40 ms", "3.1 s", "58 s", "1 m 12 s", "2 h 06 m", "3 d 04 h"]
    assert [size(n) for n in (None, 0, 654, 3_250_000, 123_731_968)] == [
        "—",
        "0 B",
        "654 B",
        "3.1 MiB",
        "118 MiB",
    ]


def test_times_are_relative_and_then_dates() -> None:
    passed = [
        timedelta(seconds=5),
        timedelta(minutes=12),
        timedelta(hours=3),
        timedelta(days=2),
        timedelta(days=140),
    ]
    assert [ago(NOW - one, NOW) for one in passed] == ["now", "12 min ago", "3 h ago", "2 d ago", "4 Jul"]
    assert ago(NOW + timedelta(days=27), NOW) == "in 27 d"


def test_nothing_turns_the_text_around_it() -> None:
    assert safe_text("a\u202eb\x00c") == "a\ufffdb\ufffdc"
    assert safe_text({"tagName": "script"}) == "{'tagName': 'script'}"
    assert safe_text("x" * 30, limit=10).startswith("xxxxxxxxxx … (20 more")
    assert middle_cut("lgbm-depth8-smote-seed2-2026-07-14", length=20) == "lgbm-depth8-…6-07-14"


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    '''doc\n    more'''\n    return x + 1  # why",
        "if x:\n  y = 'unclosed",
        "@step\n\tdef broken(:",
        "",
        "é = 1\n\n\n",
    ],
)
def test_colouring_changes_no_character(source: str) -> None:
    assert "\n".join("".join(text for _, text in pieces) for pieces in colour(source)) == source


def test_keywords_strings_and_comments_are_told_apart() -> None:
    (line,) = colour("return 'a'  # b")
    assert [piece for piece in line if piece[0]] == [("k", "return"), ("str", "'a'"), ("com", "# b")]
