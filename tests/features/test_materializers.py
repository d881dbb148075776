"""Values come back from their files as they were; the files are readable, the pictures say what they are."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from sklearn.linear_model import LogisticRegression

from vitrine.enums import ArtifactType, VisualizationType
from vitrine.errors import Invalid
from vitrine.io import fileio
from vitrine.materializers import BaseMaterializer, find_materializer, load_materializer
from vitrine.materializers.png import draw_heatmap
from vitrine.materializers.registry import name_materializer
from vitrine.types import HTMLString


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Plain:
    value: int


def save(value: Any, folder: Path) -> BaseMaterializer:
    materializer = find_materializer(type(value))(uri=str(folder))
    materializer.save(value)
    return materializer


def save_and_load(value: Any, folder: Path) -> Any:
    name = name_materializer(type(save(value, folder)))
    return load_materializer(name)(uri=str(folder)).load(type(value))


@pytest.mark.parametrize(
    "value",
    [
        1, 2.5, True, None, "text\nsécond", [1, [2, {"a": None}]], {"a": [1.5, "x"]}, (1, 2), {3, 1, 2}, frozenset("ab"),
        {1: "int keys"}, [(1, 2)], float("inf"), OrderedDict(a=1), Point(1, 2), b"bytes", bytearray(b"x"), 1 << 80,
        HTMLString("<p>"), Plain(3), np.float32(1.5), np.int64(3), np.array(["a"]), "\ud800",
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_comes_back_as_it_was(value: Any, tmp_path: Path) -> None:
    found = save_and_load(value, tmp_path)

    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"a": 1}, "value.json"),
        ("x", "value.txt"),
        (HTMLString("x"), "output.html"),
        (np.zeros(2), "data.npy"),
        (b"x", "value.bin"),
    ],
    ids=str,
)
def test_files_are_readable_where_they_can_say_the_same(value: Any, name: str, tmp_path: Path) -> None:
    save(value, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2026-01-01", "2026-01-02"])}),
        pd.DataFrame({"a": pd.Categorical(["u", "v"])}, index=pd.Index(["r", "s"], name="row")),
        pd.DataFrame({"mixed": [1, "x"]}, dtype=object),
        pd.DataFrame({"a": [1], "b": [2]}).set_axis([0, 1], axis=1),
        pd.DataFrame(),
    ],
    ids=["types", "index", "mixed", "numbered columns", "empty"],
)
def test_a_table_comes_back_as_it_was(table: pd.DataFrame, tmp_path: Path) -> None:
    found = save_and_load(table, tmp_path)

    pd.testing.assert_frame_equal(found, table, check_column_type=False)


@pytest.mark.parametrize("name", [None, "x"])
def test_a_series_comes_back_with_its_name(name: str | None, tmp_path: Path) -> None:
    series = pd.Series([1.0, 2.0], name=name)

    pd.testing.assert_series_equal(save_and_load(series, tmp_path), series)


def test_a_table_shows_what_describe_says(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, None], "s": ["x", "y", "x"]})
    materializer = save(table, tmp_path)

    ((path, kind),) = materializer.save_visualizations(table).items()

    shown = pd.read_csv(path).set_index("column")
    assert kind is VisualizationType.CSV
    assert shown.loc["a", "mean"] == 1.5
    assert shown.loc["s", "top"] == "x"
    metadata = materializer.extract_metadata(table)
    assert (metadata["shape"], metadata["missing"]) == ([3, 2], 1)


def test_a_small_matrix_is_a_heatmap_and_an_image_itself(tmp_path: Path) -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    photo = np.zeros((4, 5, 3), np.uint8)

    for value, size in ((matrix, (72, 48)), (photo, (5, 4))):
        ((path, kind),) = find_materializer(np.ndarray)(uri=str(tmp_path)).save_visualizations(value).items()
        assert kind is VisualizationType.IMAGE
        assert Image.open(path).size == size
    assert find_materializer(np.ndarray)(uri=str(tmp_path)).save_visualizations(np.zeros(9)) == {}


def test_a_heatmap_goes_from_light_to_dark_and_marks_what_is_missing() -> None:
    pixels = draw_heatmap(np.array([[0.0, 1.0], [np.nan, 0.5]]))

    low, high, missing = pixels[0, 0].sum(), pixels[0, -1].sum(), tuple(pixels[-1, 0])
    assert low > high
    assert missing == (214, 160, 120)


def test_an_estimator_is_a_model_with_its_parameters_and_its_drawing(tmp_path: Path) -> None:
    estimator = LogisticRegression(C=0.5).fit([[0.0], [1.0]], [0, 1])
    materializer = save(estimator, tmp_path)

    metadata = materializer.extract_metadata(estimator)
    assert materializer.ASSOCIATED_ARTIFACT_TYPE is ArtifactType.MODEL
    assert (metadata["estimator"], metadata["parameters"]["C"], metadata["classes"]) == (
        "LogisticRegression",
        0.5,
        2,
    )
    ((path, kind),) = materializer.save_visualizations(estimator).items()
    assert kind is VisualizationType.HTML
    assert "LogisticRegression" in Path(path).read_text()
    assert save_and_load(estimator, tmp_path).predict([[1.0]]) == [1]


def test_a_figure_is_an_image(tmp_path: Path) -> None:
    figure = Figure()
    figure.subplots().set_title("curve")
    materializer = save(figure, tmp_path)

    ((path, kind),) = materializer.save_visualizations(figure).items()

    assert kind is VisualizationType.IMAGE
    assert Image.open(path).format == "PNG"
    assert materializer.extract_metadata(figure)["title"] == "curve"


def test_a_path_becomes_the_file_that_it_names(tmp_path: Path) -> None:
    source, folder = tmp_path / "notes.txt", tmp_path / "saved"
    source.write_text("hello")
    folder.mkdir()

    found = save_and_load(source, folder)

    assert (found.name, found.read_text()) == ("notes.txt", "hello")
    assert found != source


# ── materializers of one's own ────────────────────────────────────────────────────────────────────
class Sound:
    def __init__(self, samples: list[int]) -> None:
        self.samples = samples


class Speech(Sound):
    pass


class SoundMaterializer(BaseMaterializer):
    """As the documentation shows it."""

    ASSOCIATED_TYPES = (Sound,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS

    def save(self, data: Sound) -> None:
        with fileio.open(f"{self.uri}/samples.txt", "w") as file:
            file.write(" ".join(map(str, data.samples)))

    def load(self, data_type: type[Any]) -> Any:
        with fileio.open(f"{self.uri}/samples.txt") as file:
            return data_type([int(word) for word in file.read().split()])


class Drawing:
    pass


class OnlyPictures(BaseMaterializer):
    ASSOCIATED_TYPES = (Drawing,)

    def save_visualizations(self, data: Drawing) -> dict[str, VisualizationType]:
        return {}


def test_defining_a_materializer_registers_it_for_its_types_and_their_subclasses(tmp_path: Path) -> None:
    assert find_materializer(Sound) is find_materializer(Speech) is SoundMaterializer
    assert save_and_load(Speech([1, 2]), tmp_path).samples == [1, 2]


def test_a_materializer_without_save_and_load_pickles(tmp_path: Path) -> None:
    assert isinstance(save_and_load(Drawing(), tmp_path), Drawing)
    assert find_materializer(Drawing) is OnlyPictures


def test_a_materializer_that_is_not_here_is_asked_for_by_name() -> None:
    with pytest.raises(Invalid, match="Import the module that defines it"):
        load_materializer("nowhere.at.All")
    with pytest.raises(Invalid, match="is no materializer"):
        load_materializer("os.path.join")
