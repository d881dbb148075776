"""Pipelines to learn from: real ones, on data that scikit-learn ships. `pip install vitrine[example]` brings what they need."""

from __future__ import annotations


def run_all() -> None:
    """The example's sweep has run. Raises: Invalid when scikit-learn or matplotlib is missing."""
    from vitrine.errors import Invalid

    try:
        from vitrine.examples import sweep
    except ImportError as error:
        raise Invalid(
            f"The example needs scikit-learn and matplotlib ({error}): pip install 'vitrine[example]'."
        ) from error
    sweep.run_all()
