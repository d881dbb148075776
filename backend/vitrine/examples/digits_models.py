"""Steps that learn: one classifier, cross-validated fold by fold, then trained on everything."""

import logging
import time
from typing import Annotated

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from vitrine import log_metadata, log_model_metadata, step

log = logging.getLogger("digits")
Table = pd.DataFrame
Array = np.ndarray
FOLDS = 3


def make_classifier(model: str, strength: float, size: int) -> ClassifierMixin:
    """`strength` is C or the share of features, `size` a number of trees or neighbours: whatever the model has."""
    if model == "logistic":
        return LogisticRegression(C=strength, max_iter=size)
    if model == "forest":
        return RandomForestClassifier(n_estimators=size, max_features=min(1.0, strength), random_state=0)
    if model == "neighbours":
        return KNeighborsClassifier(n_neighbors=size, weights="distance")
    if model == "svm":
        return SVC(C=strength, random_state=0)
    raise ValueError(f"There is no model {model!r}: choose logistic, forest, neighbours or svm.")


def predict_shares(classifier: ClassifierMixin, features: Array) -> Array:
    """A probability for each class; of a machine without any, the softmax of its scores."""
    if hasattr(classifier, "predict_proba"):
        return np.asarray(classifier.predict_proba(features))
    scores = classifier.decision_function(features)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


@step
def cross_validate(
    features: Array, train_set: Table, fold: int, model: str, strength: float, size: int
) -> Annotated[float, "fold_accuracy"]:
    """The accuracy on one fold. Called once a fold: the graph shows a fan-out."""
    digits = train_set["digit"].to_numpy()
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, digits))
    learn, check = folds[fold]
    classifier = make_classifier(model, strength, size).fit(features[learn], digits[learn])
    accuracy = accuracy_score(digits[check], classifier.predict(features[check]))
    print(f"fold {fold + 1} of {FOLDS}: \033[32m{accuracy:.4f}\033[0m on {len(check)} pictures")
    log_metadata({"accuracy": accuracy})
    return float(accuracy)


@step
def train(
    features: Array, train_set: Table, fold_accuracies: list[float], model: str, strength: float, size: int
) -> Annotated[ClassifierMixin, "classifier"]:
    """Trained on the whole training set; what the folds said is logged with it."""
    classifier = make_classifier(model, strength, size)
    log.info("training %s", classifier)
    begin = time.perf_counter()
    classifier.fit(features, train_set["digit"])
    seconds = time.perf_counter() - begin
    if min(fold_accuracies) < 0.9:
        log.warning("a fold reached only %.3f: this model may be too simple", min(fold_accuracies))
    log_metadata(
        {
            "fit_time_s": seconds,
            "folds": {"mean": float(np.mean(fold_accuracies)), "spread": float(np.std(fold_accuracies))},
        }
    )
    return classifier


@step
def evaluate(
    classifier: ClassifierMixin, test_features: Array, test_set: Table
) -> Annotated[Table, "predictions"]:
    """One row a test picture: the digit, what was predicted, and how sure."""
    digits = test_set["digit"].to_numpy()
    begin = time.perf_counter()
    shares = predict_shares(classifier, test_features)
    seconds = time.perf_counter() - begin
    predicted = shares.argmax(axis=1)
    metrics = {
        "accuracy": accuracy_score(digits, predicted),
        "f1": f1_score(digits, predicted, average="macro"),
        "log_loss": log_loss(digits, shares),
        "roc_auc": roc_auc_score(digits, shares, multi_class="ovr"),
        "errors": int((digits != predicted).sum()),
        "predict_time_ms": seconds * 1000,
    }
    for name, value in metrics.items():
        print(f"{name:>16}  {value:.4f}")
    log_metadata(metrics)
    log_model_metadata({"accuracy": metrics["accuracy"], "f1": metrics["f1"]})
    return pd.DataFrame({"digit": digits, "predicted": predicted, "sureness": shares.max(axis=1).round(4)})
