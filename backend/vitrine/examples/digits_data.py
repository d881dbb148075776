"""Steps that get the data ready: handwritten digits of 8 by 8 pixels, which scikit-learn ships."""

import logging
from typing import Annotated

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits as read_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from vitrine import log_metadata, step

log = logging.getLogger("digits")
Table = pd.DataFrame
Array = np.ndarray


@step
def load_digits() -> Annotated[Table, "digits"]:
    """One row a picture: 64 pixels and the digit."""
    bunch = read_digits(as_frame=True)
    digits: Table = bunch.frame.rename(columns={"target": "digit"})
    log.info("read %d pictures of %d pixels", len(digits), digits.shape[1] - 1)
    log_metadata({"rows": len(digits), "classes": int(digits["digit"].nunique())})
    return digits


@step
def split(
    digits: Table, test_share: float = 0.3, seed: int = 7
) -> tuple[Annotated[Table, "train_set"], Annotated[Table, "test_set"]]:
    train, test = train_test_split(digits, test_size=test_share, stratify=digits["digit"], random_state=seed)
    print(f"train {len(train)} rows, test {len(test)} rows, seed {seed}")
    return train.reset_index(drop=True), test.reset_index(drop=True)


@step
def average_digits(train_set: Table) -> Annotated[Array, "average_digits"]:
    """The mean picture of each digit, side by side: a NumPy array that the dashboard draws."""
    pixels = train_set.drop(columns="digit").to_numpy()
    means = [pixels[train_set["digit"] == digit].mean(axis=0).reshape(8, 8) for digit in range(10)]
    return np.hstack(means)


@step
def scale(
    train_set: Table, test_set: Table
) -> tuple[Annotated[Array, "scaled_train"], Annotated[Array, "scaled_test"]]:
    """Pixels with mean 0 and variance 1. Pixels that never change stay 0."""
    scaler = StandardScaler().fit(train_set.drop(columns="digit"))
    constant = int((scaler.var_ == 0).sum())
    if constant:
        log.warning("%d of 64 pixels never change: they carry no information", constant)
    log_metadata({"constant_pixels": constant})
    return scaler.transform(train_set.drop(columns="digit")), scaler.transform(test_set.drop(columns="digit"))


@step
def reduce(
    scaled_train: Array, scaled_test: Array, components: int
) -> tuple[Annotated[Array, "train_features"], Annotated[Array, "test_features"]]:
    """The first principal components. Asking for more than there are pixels fails, as it should."""
    print(f"looking for {components} components in {scaled_train.shape[1]} pixels")
    pca = PCA(n_components=components, random_state=0).fit(scaled_train)
    explained = float(pca.explained_variance_ratio_.sum())
    log.info("%d components explain %.1f %% of the variance", components, 100 * explained)
    log_metadata({"explained_variance": explained})
    return pca.transform(scaled_train), pca.transform(scaled_test)
