"""A sweep: the same pipeline with other settings. Steps that have nothing new to do are taken from the cache."""

from itertools import product

from vitrine.examples.digits import train_digits

COMPONENTS = (8, 16, 32)
SETTINGS = (  # model, strength, size
    ("logistic", 0.01, 60),
    ("logistic", 1.0, 60),
    ("logistic", 100.0, 60),
    ("forest", 0.2, 20),
    ("forest", 0.6, 30),
    ("neighbours", 1.0, 5),
    ("svm", 1.0, 100),
    ("svm", 10.0, 100),
)


def run_all() -> None:
    """24 runs of the example pipeline, and one that fails half way: it asks for more components than there are pixels."""
    for components, (model, strength, size) in product(COMPONENTS, SETTINGS):
        train_digits.with_options(tags=["sweep", model])(model, components, strength, size)
    try:
        train_digits.with_options(tags=["sweep", "svm"])("svm", components=96)
    except ValueError as error:
        print(f"The last run failed, as it was meant to: {error}")


if __name__ == "__main__":
    run_all()
