"""The training data of all model families: examples, and what the learned families fit on by horizon."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import log_pm25
from airwatch_dagster.fit.examples import own_examples
from airwatch_dagster.fit.feature_matrix import INPUTS, input_matrix
from airwatch_dagster.fit.models.baselines import DampedPersistence
from airwatch_dagster.fit.models.site_regression import (
    SiteRegression,
    fit_with_out_of_block,
    log_mean_28d,
    pm25_of_log_anomaly,
)
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

CORRECTION_INPUTS: Final = (*INPUTS, "site_regression_log", "site_regression_ugm3")
"""Columns of a correction's input matrix, in order: the inputs, then the site regression's forecast minus damped
persistence, as a log ratio and in µg/m³."""


@dataclass(frozen=True)
class HorizonData:
    """The examples of one horizon, as every learned family fits them."""

    horizon_days: int
    site_regression: SiteRegression
    inputs: np.ndarray
    """Examples × ``CORRECTION_INPUTS``, float32; null where not known."""
    residual: np.ndarray
    """Observed minus damped persistence, µg/m³."""
    is_own: np.ndarray
    """True for examples of the area itself, False for those of sites around it."""

    def mostly_own(
        self, *, context_share: float, context_weight: float, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Inputs, residuals and weights: all of the area's own examples with weight 1, and a random share of the others
        with ``context_weight``. The weights are None when there are no others."""
        if self.is_own.all():
            return self.inputs, self.residual, None
        used = self.is_own | (np.random.default_rng(seed).random(len(self.is_own)) < context_share)
        return self.inputs[used], self.residual[used], np.where(self.is_own[used], 1.0, context_weight)


class TrainingSet:
    """Examples to fit families on. What several families need is computed once, when first used."""

    def __init__(self, examples: pd.DataFrame, *, seed: int, thread_count: int = 2) -> None:
        """``examples`` are ``training_examples``, which may lack columns of weather. Learned families also learn from
        examples of sites around the area (is_context)."""
        self.with_context = examples
        """All examples."""
        self.examples = own_examples(examples)
        """Examples of the area itself."""
        self.seed, self.thread_count = seed, thread_count

    @property
    def context_rows(self) -> int:
        """Number of examples of sites around the area."""
        return len(self.with_context) - len(self.examples)

    @cached_property
    def baseline(self) -> DampedPersistence:
        """Damped persistence, which every learned family corrects; fitted to the area's own examples."""
        return DampedPersistence.fit(self.examples)

    @cached_property
    def by_horizon(self) -> dict[int, HorizonData]:
        """The data of every horizon that has examples. A site regression's forecast of an example comes from a fit
        without the days around it."""
        horizons = self.with_context["horizon_days"].to_numpy()
        present = [horizon for horizon in HORIZONS_DAYS if (horizons == horizon).any()]
        return {horizon: self._of_horizon(self.with_context[horizons == horizon], horizon) for horizon in present}

    def _of_horizon(self, examples: pd.DataFrame, horizon_days: int) -> HorizonData:
        level = self.baseline.predict(examples)
        site_regression, out_of_block = fit_with_out_of_block(examples)
        inputs = correction_inputs(examples, log_anomaly=out_of_block, level=level)
        is_own = ~examples["is_context"].to_numpy()
        own_sites = set(examples["site_id"][is_own])
        residual = examples["pm25_observed_ugm3"].to_numpy(dtype=float) - level
        return HorizonData(horizon_days, site_regression.of_sites(own_sites), inputs, residual, is_own)


def correction_inputs(examples: pd.DataFrame, *, log_anomaly: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Examples × ``CORRECTION_INPUTS``, float32.

    ``log_anomaly`` is the site regression's forecast and ``level`` damped persistence (µg/m³), one for each example.
    """
    by_log = log_anomaly - (log_pm25(level) - log_mean_28d(examples))
    by_level = pm25_of_log_anomaly(log_anomaly, examples) - level
    stacked = np.column_stack([input_matrix(examples), by_log.astype(np.float32), by_level.astype(np.float32)])
    # Row-major for any number of rows: see docs/adr/0003-bit-identical-features.md.
    return np.ascontiguousarray(stacked)
