"""Steps that explain a model: a report of each kind that the dashboard shows."""

import json
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.base import ClassifierMixin
from sklearn.metrics import classification_report as classify
from sklearn.metrics import confusion_matrix as count_confusions

from vitrine import get_step_context, step
from vitrine.examples.digits_page import draw_page
from vitrine.types import CSVString, HTMLString, JSONString, MarkdownString

Table = pd.DataFrame


@step
def confusion_matrix(predictions: Table) -> Annotated[JSONString, "confusion_matrix"]:
    """How often each digit (row) was taken for each (column), as JSON."""
    counts = count_confusions(predictions["digit"], predictions["predicted"])
    return JSONString(json.dumps({"labels": list(range(10)), "counts": counts.tolist()}))


@step
def classification_report(predictions: Table) -> Annotated[CSVString, "classification_report"]:
    """Precision, recall and F1 of each digit, as CSV."""
    scores = classify(predictions["digit"], predictions["predicted"], output_dict=True, zero_division=0)
    table = pd.DataFrame(scores).T.drop(index="accuracy").round(4)
    return CSVString(table.to_csv(index_label="digit"))


@step
def plot_confusions(confusions: JSONString) -> Annotated[Figure, "confusion_plot"]:
    """The matrix as a picture: a matplotlib figure is an image in the dashboard."""
    counts = np.array(json.loads(confusions)["counts"])
    figure = Figure(figsize=(6, 6))
    axes = figure.subplots()
    axes.imshow(np.log1p(counts), cmap="Blues")
    for row, column in np.argwhere(counts > 0):
        colour = "white" if row == column else "black"
        axes.text(column, row, counts[row, column], ha="center", va="center", color=colour, fontsize=8)
    axes.set(
        xlabel="predicted",
        ylabel="digit",
        xticks=range(10),
        yticks=range(10),
        title="Confusions on the test set",
    )
    return figure


@step
def write_report(
    predictions: Table, test_set: Table, confusions: JSONString
) -> Annotated[HTMLString, "evaluation_report"]:
    """A page of its own: summary, accuracy by digit, the mistakes as pictures. Nothing is fetched from anywhere."""
    title = f"Evaluation of {get_step_context().pipeline_run.name}"
    return HTMLString(draw_page(title, predictions, test_set, np.array(json.loads(confusions)["counts"])))


@step
def write_model_card(
    classifier: ClassifierMixin, predictions: Table
) -> Annotated[MarkdownString, "model_card"]:
    accuracy = (predictions["digit"] == predictions["predicted"]).mean()
    usual = type(classifier)().get_params()
    chosen = {name: value for name, value in classifier.get_params().items() if value != usual[name]}
    settings = (
        "\n".join(f"| `{name}` | {value} |" for name, value in sorted(chosen.items())) or "| all | as usual |"
    )
    return MarkdownString(f"""# {type(classifier).__name__} for handwritten digits

Reaches **{accuracy:.2%}** accuracy on {len(predictions)} pictures that it has not seen.

## Intended use
Teaching, and showing what a pipeline reports. Not for reading cheques.

## Data
1,797 digits of 8 × 8 pixels, written by 43 people; 30 % are kept for the test.

## Settings
| setting | value |
|---|---|
{settings}
""")
