"""A sweep: the same pipeline with other settings. Steps that have nothing new to do are taken from the cache."""

from itertools import product

from vitrine.examples.digits import train_digits
from vitrine.sdk.saying import say

COMPONENTS = (8, 16, 32)
SETTINGS = [
    *({"model": "logistic", "strength": strength, "size": 60} for strength in (0.01, 1.0, 100.0)),
    *({"model": "forest", "strength": strength, "size": size} for strength, size in ((0.2, 20), (0.6, 40))),
    *({"model": "neighbours", "strength": 1.0, "size": size} for size in (1, 9)),
    *({"model": "svm", "strength": strength, "size": 100} for strength in (1.0, 10.0)),
]


def run_all() -> None:
    """27 runs of the example pipeline, and one that fails half way: it asks for more components than there are pixels."""
    runs = [
        train_digits.with_options(tags=["sweep", str(settings["model"])])(components=components, **settings)
        for components, settings in product(COMPONENTS, SETTINGS)
    ]
    try:
        train_digits.with_options(tags=["sweep", "svm"])(components=96)
    except ValueError as error:
        say(f"one run failed, as it was meant to: {error}")
    say(f"{len(runs) + 1} runs are recorded.")


if __name__ == "__main__":
    run_all()
