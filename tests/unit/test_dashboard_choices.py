"""What the dashboard decides by itself: which page, which filter, which columns, which marks on an axis."""

from __future__ import annotations

import msgspec
import pytest

from vitrine.filters.fields import RUNS
from vitrine.filters.parse import parse_filter
from vitrine.ids import new_id
from vitrine.metadata.structs import KeyItem
from vitrine.pipelines.structs import RunTick
from vitrine.runs.structs import RunItem
from vitrine_ui.address import Url
from vitrine_ui.pages.overview import is_failing
from vitrine_ui.pages.overview_metrics import points_of
from vitrine_ui.pages.run_columns import Metrics, metrics_of
from vitrine_ui.pages.run_filters import Choice, whole_filter, written
from vitrine_ui.pages.run_timeline import marks
from vitrine_ui.routes import MISSING, ROUTES, match


def make_run(number: int, **metadata: object) -> RunItem:
    raw = msgspec.Raw(msgspec.json.encode(metadata))
    return RunItem(new_id(), number, f"run {number}", "completed", None, None, None, None, None, [], raw)


def test_every_page_is_found_by_its_own_address() -> None:
    for route in ROUTES:
        segments = tuple(part.strip("{}") for part in route.path.split("/") if part)
        assert match(segments).route is route


@pytest.mark.parametrize("first", ["api", "static", "auth", "reactpy", "health"])
def test_no_project_hides_behind_a_reserved_word(first: str) -> None:
    assert match((first,)).route is MISSING
    assert match((first, "runs")).route is MISSING


def test_words_without_an_operator_look_for_a_name() -> None:
    assert written("lgbm smote") == "name contains 'lgbm smote'"
    assert written("status = 'failed'") == "status = 'failed'"
    assert written("accuracy is null") == "accuracy is null"


def test_all_that_is_chosen_makes_one_filter_that_the_server_reads() -> None:
    names = ("a 'b'", "c\\", "d")
    wanted = whole_filter(Choice("metadata.x > 1 or status = 'failed'", ("failed", "lost"), names))
    assert wanted.endswith("and (metadata.x > 1 or status = 'failed')")
    read = repr(parse_filter(wanted, RUNS.vocabulary))
    assert all(repr(name) in read for name in names)
    assert parse_filter(whole_filter(Choice("", (), ())), RUNS.vocabulary) is None


def test_the_columns_are_results_that_tell_runs_apart() -> None:
    runs = [make_run(n, rows=1797, accuracy=0.9 + n / 100, fit_time_s=n) for n in range(3)]
    keys = [KeyItem(name, "number") for name in ("accuracy", "axes", "fit_time_s", "rows")]
    found = metrics_of(keys, runs)
    assert found.ranked == ("accuracy", "fit_time_s", "rows")
    assert found.shown(Url()) == ("accuracy", "fit_time_s", "rows")
    assert found.shown(Url((), (("columns", "rows"),))) == ("rows",)
    assert Metrics({}, ("a",)).shown(Url((), (("columns", "-"),))) == ()


def test_a_line_goes_from_the_oldest_run_and_leaves_out_what_is_no_number() -> None:
    runs = [make_run(3, auc=0.9), make_run(2, auc="NaN"), make_run(1, auc=0.8), make_run(0)]
    assert [(point.run.number, point.value) for point in points_of("auc", runs)] == [(1, 0.8), (3, 0.9)]


@pytest.mark.parametrize(
    ("length_s", "last"), [(0.5, 0.5), (9.4, 8), (851, 840), (7_200, 7_200), (400_000, 396_000)]
)
def test_the_axis_has_few_round_marks(length_s: float, last: float) -> None:
    found = marks(length_s)
    assert 2 <= len(found) <= 9
    assert found[0] == 0
    assert found[-1] <= length_s
    assert last - found[-1] <= length_s / 4


def test_a_pipeline_fails_while_its_newest_ended_run_has_failed() -> None:
    def ticks(*statuses: str) -> list[RunTick]:
        return [RunTick(new_id(), 1, status, 1.0, None) for status in statuses]

    assert is_failing(ticks("completed", "failed", "running"))
    assert not is_failing(ticks("failed", "completed"))
    assert not is_failing(ticks("running"))
