"""The model families behind one interface: fit, forecast all horizons, feature importance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence, Persistence
from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.importance import mean_shares
from airwatch_dagster.fit.models.learned import LearnedCorrection, Regressor
from airwatch_dagster.fit.models.neural_network import MIN_EXAMPLES, NeuralNetwork
from airwatch_dagster.fit.models.parameters import params_of
from airwatch_dagster.fit.models.random_forest import RandomForest
from airwatch_dagster.fit.models.ridge import StandardisedRidge
from airwatch_dagster.fit.models.training_set import HorizonData, TrainingSet
from airwatch_dagster.fit.models.weather_correction import WeatherCorrection, fit_weather_correction
from airwatch_dagster.schemas.columns import BASELINES, HIGHEST_PM25_UGM3, HORIZONS_DAYS

MIN_TARGET_DAYS_BASELINE: Final = 21
"""Target days a baseline needs: three weeks, enough for a mean and a damping factor."""

MIN_TARGET_DAYS_LEARNED: Final = 365
"""Target days a learned family needs; models trained on part of a year are 11-16 % biased in the months they never
saw."""

NETWORK: Final = "neural_network"
"""Member of a blend of many examples, and no family of its own."""

BLENDED: Final = {"ridge": 0.5, "random_forest": 0.25, "catboost": 0.25}
"""Weights of the blend's families. In seven metropolitan areas in 2020 and 2021 this saved 0.003 more of damped
persistence's squared error than thirds did, mostly in the smaller ones, where trees have little to learn from."""

BLENDED_OF_MANY: Final = {"ridge": 0.4, "random_forest": 0.15, "catboost": 0.15, NETWORK: 0.3}
"""The same where there are enough examples for networks (see ``MIN_EXAMPLES``), as of a nation. One day ahead this
saved 0.010 more of damped persistence's squared error in 2020 and in 2021; half of the weight on networks gained no
more."""

Params = Mapping[str, Mapping[str, Any]]
"""Parameters by family, which go over the defaults of ``fit.models.parameters``."""


class Estimator(Protocol):
    """A fitted family."""

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """Forecast of each row, µg/m³."""
        ...

    def importance(self) -> dict[str, float]:
        """Share of each input in what was learned, together 1; empty for a baseline."""
        ...


@dataclass(frozen=True)
class FittedModel:
    """One fitted family. It forecasts every horizon; ``fit.model_directory`` writes it to files and reads it back."""

    family: str
    estimator: Estimator
    weather: WeatherCorrection | None = None
    """What weather changes about the estimator's forecast; None for a baseline, a member of a blend, and without
    weather to learn from."""

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """Forecast of each row in µg/m³, from 0 to the highest valid reading, never null.

        ``examples`` are rows of features with target_date and horizon_days, and the columns of ``join_weather`` where
        weather is used. Without them the forecast is the one without weather.
        """
        if examples.empty:
            return np.empty(0)
        forecast = np.clip(self.estimator.predict(examples), 0.0, HIGHEST_PM25_UGM3)
        if self.weather is None:
            return forecast
        return np.clip(self.weather.apply(forecast, examples), 0.0, HIGHEST_PM25_UGM3)

    def importance(self) -> dict[str, float]:
        """Share of each input in what the family learned, the largest first, together 1; empty for a baseline.

        For ridge it is the size of the standardised input's coefficient, for trees how much splits on the input change
        the forecast. The horizons of a family count alike, the members of a blend by their weights.
        """
        return dict(sorted(self.estimator.importance().items(), key=lambda share: -share[1]))


@dataclass(frozen=True)
class Blend:
    """The weighted mean of some families; linear and tree errors are weakly correlated, so averaging reduces them."""

    members: tuple[FittedModel, ...]
    weights: tuple[float, ...]
    """Of each member; together 1."""

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """Weighted mean of the members' forecasts, µg/m³."""
        return np.average([member.predict(examples) for member in self.members], axis=0, weights=self.weights)

    def importance(self) -> dict[str, float]:
        """As ``Estimator.importance``; the members count by their weights."""
        return mean_shares([member.estimator.importance() for member in self.members], self.weights)


def fit_families(
    training: TrainingSet, families: Sequence[str], *, params: Params | None = None
) -> dict[str, FittedModel]:
    """Each family fitted to the training set, by name; a blend holds the same models as its families.

    The same examples, seed and parameters give the same forecasts on any number of threads. How many target days there
    are is not checked (see ``shortage``). Raises ContractViolation for a parameter that a family does not have.
    """
    from threadpoolctl import threadpool_limits

    # Matrix products are small: more threads of BLAS mostly wait for each other, and do so on the processor.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit_families(training, families, params)


def _fit_families(training: TrainingSet, families: Sequence[str], params: Params | None) -> dict[str, FittedModel]:
    fitted: dict[str, FittedModel] = {}
    weights = blended_of(training)
    for family in families:
        for member in weights if family == "blend" else [family]:
            if member not in fitted:
                fitted[member] = FittedModel(member, _FITS[member](training, params_of(member, params)))
        if family == "blend":
            blend = Blend(tuple(fitted[member] for member in weights), tuple(weights.values()))
            fitted[family] = FittedModel(family, blend)
    weather = None
    if set(families) - set(BASELINES):
        weather = fit_weather_correction(training, penalty=params_of("ridge", params)["penalty"])
    return {
        family: fitted[family] if family in BASELINES else replace(fitted[family], weather=weather)
        for family in families
    }


def fit_family(
    examples: pd.DataFrame, *, family: str, seed: int, thread_count: int = 2, params: Params | None = None
) -> FittedModel:
    """One family alone, fitted to training examples (see ``fit_families``).

    Raises ValueError when the examples cover fewer target days than the family needs.
    """
    training = TrainingSet(examples, seed=seed, thread_count=thread_count)
    problem = shortage(training.examples, family=family)
    if problem is not None:
        raise ValueError(problem)
    return fit_families(training, [family], params=params)[family]


def blended_of(training: TrainingSet) -> Mapping[str, float]:
    """Member → weight of a blend that is fitted to these examples."""
    of_first_lead = int((training.examples["horizon_days"] == HORIZONS_DAYS[0]).sum())
    return BLENDED if of_first_lead < MIN_EXAMPLES else BLENDED_OF_MANY


def min_target_days(family: str) -> int:
    """Target days of history that the family needs."""
    return MIN_TARGET_DAYS_BASELINE if family in BASELINES else MIN_TARGET_DAYS_LEARNED


def shortage(examples: pd.DataFrame, *, family: str) -> str | None:
    """Why the family cannot be fitted to these examples, or None when it can."""
    days, needed = examples["target_date"].nunique(), min_target_days(family)
    if days >= needed:
        return None
    kind = "a baseline" if family in BASELINES else "a learned family"
    return f"{days} target days with an observed value; {family} is {kind} and needs {needed}"


def _baseline(
    estimator: type[Persistence | DampedPersistence | Climatology],
) -> Callable[[TrainingSet, Mapping[str, Any]], Estimator]:
    return lambda training, _params: estimator.fit(training.examples)


def _learned(fit_regressor: Callable[..., Regressor]) -> Callable[[TrainingSet, Mapping[str, Any]], Estimator]:
    def fit(training: TrainingSet, params: Mapping[str, Any]) -> Estimator:
        settings = {"params": params, "seed": training.seed, "thread_count": training.thread_count}
        return LearnedCorrection.fit(training, fit_regressor=partial(fit_regressor, **settings))

    return fit


def _fit_ridge(data: HorizonData, *, params: Mapping[str, Any], **_: int) -> Regressor:
    """Without seed and thread count: the solution is exact."""
    return StandardisedRidge.fit(data.inputs, data.residual, penalty=params["penalty"])


def _fit_network(data: HorizonData, *, seed: int, **_: Any) -> Regressor:
    """Without parameters of a search, and on one thread."""
    return NeuralNetwork.fit(data, seed=seed)


MODEL_FAMILIES: Final[dict[str, Callable[[TrainingSet, Mapping[str, Any]], Estimator]]] = {
    "persistence": _baseline(Persistence),
    "damped_persistence": _baseline(DampedPersistence),
    "climatology": _baseline(Climatology),
    "ridge": _learned(_fit_ridge),
    "random_forest": _learned(RandomForest.fit),
    "catboost": _learned(BoostedTrees.fit),
}
"""How each family is fitted, from a training set and all of the family's parameters; a blend is made of some."""

_FITS: Final = {**MODEL_FAMILIES, NETWORK: _learned(_fit_network)}
"""Members of a blend too that are no families."""
