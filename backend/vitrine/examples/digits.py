"""The example pipeline: read, split, prepare in two branches, cross-validate, train, evaluate, report.

Run it with `python -m vitrine.examples.digits`, or a whole sweep with `vitrine example`.
"""

from vitrine import Model, pipeline
from vitrine.examples.digits_data import average_digits, load_digits, reduce, scale, split
from vitrine.examples.digits_models import FOLDS, cross_validate, evaluate, train
from vitrine.examples.digits_reports import (
    classification_report,
    confusion_matrix,
    plot_confusions,
    write_model_card,
    write_report,
)


@pipeline(
    tags=["example"],
    model=Model(
        "digit_classifier",
        description="Tells handwritten digits apart.",
        license="Apache 2.0",
        tags=["example"],
    ),
)
def train_digits(model: str = "svm", components: int = 32, strength: float = 1.0, size: int = 100) -> None:
    train_set, test_set = split(load_digits())
    average_digits(train_set)
    scaled_train, scaled_test = scale(train_set, test_set)
    features, test_features = reduce(scaled_train, scaled_test, components=components)
    accuracies = [cross_validate(features, train_set, fold, model, strength, size) for fold in range(FOLDS)]
    classifier = train(features, train_set, accuracies, model, strength, size)
    predictions = evaluate(classifier, test_features, test_set)
    confusions = confusion_matrix(predictions)
    plot_confusions(confusions)
    classification_report(predictions)
    write_report(predictions, test_set, confusions)
    write_model_card(classifier, predictions)


if __name__ == "__main__":
    train_digits()
