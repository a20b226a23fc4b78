"""Learned families that fit in a fraction of the time, for tests about anything but their skill."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from airwatch_dagster.fit.models.parameters import DEFAULTS


@contextmanager
def small_models() -> Iterator[None]:
    """Forests of few small trees and few rounds of boosting; every other parameter is the family's own."""
    forest = {"n_estimators": 4, "rows_per_tree": 400}
    boosting = {"rounds": 20, "depth": 4}
    with patch.dict(DEFAULTS["random_forest"], forest), patch.dict(DEFAULTS["catboost"], boosting):
        yield
