"""Training of a month's families on target days before it, with metrics on the end of the window, held out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit.examples import own_examples, rows_between
from airwatch_dagster.fit.metrics import error_metrics, skill
from airwatch_dagster.fit.models.families import FittedModel, Params, fit_families, min_target_days, shortage
from airwatch_dagster.fit.models.parameters import params_of
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.scores import evidence, evidence_to_json
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import HORIZONS_DAYS, REFERENCE_FAMILY

HOLDOUT_SHARE: Final = 0.2
"""Share of the target days, at the end of the window, on which a model fitted on the rest is tested."""

MAX_HOLDOUT_DAYS: Final = 120
"""With a longer holdout the model under test would lack the latest season."""

TRIAL_CONTEXT_DAYS: Final = 4
"""The model tested on the holdout learns from the sites around the area on every fourth day only: it serves no
forecast, and a city's month is retrained in less time."""


@dataclass(frozen=True)
class HoldoutMetrics:
    """Errors of one horizon on the holdout. Skill is the share of damped persistence's mean squared error saved, null
    when that error is 0; of it, ``weather_gain`` is saved by weather, null without."""

    horizon_days: int
    rows: int
    rmse_ugm3: float
    mae_ugm3: float
    bias_ugm3: float
    skill: float
    weather_gain: float = float("nan")


@dataclass(frozen=True)
class TrainedModel:
    """One family of one month: its model, when there was enough history, and its metrics on the holdout."""

    family: str
    month: pd.Timestamp
    model: FittedModel | None
    reason: str
    params: dict[str, Any]
    training_rows: int
    first_target_date: pd.Timestamp | None
    last_target_date: pd.Timestamp | None
    holdout: tuple[HoldoutMetrics, ...] = ()
    holdout_evidence: str | None = field(default=None, repr=False)
    """Sample of holdout forecasts and observations, JSON."""

    @property
    def is_fitted(self) -> bool:
        """Whether there was enough history to fit the family."""
        return self.model is not None

    @property
    def metrics(self) -> dict[str, float]:
        """Holdout metrics by name: ``holdout_rmse_1d_ugm3``, ``holdout_skill_1d``, …; without those that are null."""
        named = {
            name: value
            for one in self.holdout
            for name, value in {
                f"holdout_rmse_{one.horizon_days}d_ugm3": one.rmse_ugm3,
                f"holdout_mae_{one.horizon_days}d_ugm3": one.mae_ugm3,
                f"holdout_bias_{one.horizon_days}d_ugm3": one.bias_ugm3,
                f"holdout_skill_{one.horizon_days}d": one.skill,
                f"holdout_weather_gain_{one.horizon_days}d": one.weather_gain,
            }.items()
        }
        return {name: value for name, value in named.items() if np.isfinite(value)}


def train_families(
    examples: pd.DataFrame,
    *,
    families: Sequence[str],
    month: pd.Timestamp,
    seed: int,
    thread_count: int = 2,
    params: Params | None = None,
) -> list[TrainedModel]:
    """Each family fitted on all ``examples``; its holdout metrics come from a model fitted on their first part.

    A family with too little history gives a TrainedModel without a model, with the shortage as its ``reason``.
    ``params`` (by family) go over the defaults. Raises ContractViolation when an example's target day lies in or after
    ``month``, and for a parameter that a family does not have.
    """
    refuse_the_future(examples, month)
    whole = TrainingSet(examples, seed=seed, thread_count=thread_count)
    shortages = {family: shortage(whole.examples, family=family) for family in families}
    enough = [family for family in families if shortages[family] is None]
    models = fit_families(whole, enough, params=params)
    days, rows = whole.examples["target_date"], len(whole.examples)
    first, last = (None, None) if days.empty else (days.min(), days.max())
    reason = _fitted_on(whole, first, last) if enough else ""
    # The matrices of all examples: the holdout's take as much.
    del whole
    holdouts = _holdouts(examples, enough, seed=seed, thread_count=thread_count, params=params) if enough else {}
    trained = []
    for family in families:
        if family not in models:
            why = f"Not fitted: {shortages[family]}."
            trained.append(TrainedModel(family, month, None, why, {}, 0, first, last))
            continue
        known = {"seed": seed, "min_target_days": min_target_days(family), **params_of(family, params)}
        about = reason, known, rows, first, last
        trained.append(TrainedModel(family, month, models[family], *about, *holdouts[family]))
    return trained


def train_family(
    examples: pd.DataFrame, *, family: str, month: pd.Timestamp, seed: int, thread_count: int = 2
) -> TrainedModel:
    """One family alone (see ``train_families``)."""
    return train_families(examples, families=[family], month=month, seed=seed, thread_count=thread_count)[0]


def _fitted_on(whole: TrainingSet, first: pd.Timestamp | None, last: pd.Timestamp | None) -> str:
    days = whole.examples["target_date"].nunique()
    around = f" and {whole.context_rows:,} around the area" if whole.context_rows else ""
    span = f"{days} target days, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return f"Fitted on {len(whole.examples):,} examples{around} of {span}."


def _holdouts(
    examples: pd.DataFrame, families: Sequence[str], *, seed: int, thread_count: int, params: Params | None
) -> dict[str, tuple[tuple[HoldoutMetrics, ...], str]]:
    """By family: metrics by horizon on the last part of the examples, and a sample of its forecasts there, JSON."""
    early, late = split_in_time(examples)
    training = TrainingSet(_with_less_context(early), seed=seed, thread_count=thread_count)
    models = fit_families(training, [*families, REFERENCE_FAMILY], params=params)
    late = own_examples(late)
    observed, horizons = late["pm25_observed_ugm3"].to_numpy(), late["horizon_days"].to_numpy()
    reference = models[REFERENCE_FAMILY].predict(late) - observed
    present = [horizon for horizon in HORIZONS_DAYS if (horizons == horizon).any()]
    found = {}
    for family in families:
        forecasts = evidence(late, model=models[family])
        errors = {"own": forecasts["pm25_ugm3"].to_numpy() - observed, "reference": reference}
        if models[family].weather is not None:
            errors["without_weather"] = replace(models[family], weather=None).predict(late) - observed
        metrics = tuple(
            _metrics({name: error[horizons == horizon] for name, error in errors.items()}, horizon)
            for horizon in present
        )
        found[family] = metrics, evidence_to_json(forecasts)
    return found


def _metrics(errors: Mapping[str, np.ndarray], horizon: int) -> HoldoutMetrics:
    """Of the ``own`` errors of one horizon, beside those of the ``reference`` and, if there is any, without weather."""
    own = errors["own"]
    saved = skill(own, errors["reference"])
    without = skill(errors["without_weather"], errors["reference"]) if "without_weather" in errors else float("nan")
    return HoldoutMetrics(horizon, len(own), **error_metrics(own), skill=saved, weather_gain=saved - without)


def _with_less_context(examples: pd.DataFrame) -> pd.DataFrame:
    """The area's own examples, and the other sites' examples of one issue day in ``TRIAL_CONTEXT_DAYS``."""
    day = (examples["issue_date"] - pd.Timestamp("2000-01-01")).dt.days
    is_kept = ~examples["is_context"] | (day % TRIAL_CONTEXT_DAYS == 0)
    return examples if is_kept.all() else examples[is_kept]


def refuse_the_future(examples: pd.DataFrame, month: pd.Timestamp) -> None:
    """Raises ContractViolation when an example's target day lies in or after ``month``."""
    late = examples.loc[examples["target_date"] >= month, "target_date"]
    if len(late):
        raise ContractViolation(
            f"training examples of {month:%Y-%m}",
            f"{len(late)} target days are not before the month, the latest {late.max():%Y-%m-%d}",
            fix="Pass only the months before the one that is trained for",
        )


def split_in_time(examples: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Examples before a cut between target days, and those from it on: the last fifth of the area's own days, at most
    120 days."""
    days = np.sort(own_examples(examples)["target_date"].unique())
    held_out = min(MAX_HOLDOUT_DAYS, max(1, round(HOLDOUT_SHARE * len(days))))
    cut = pd.Timestamp(days[-held_out])
    return rows_between(examples, "target_date", before=cut), rows_between(examples, "target_date", first=cut)


@dataclass(frozen=True)
class Registration:
    """Where MLflow stores a model."""

    mlflow_run_id: str | None = None
    model_uri: str | None = None
    model_version: str | None = None
    model_files: str | None = None
    """Size and SHA-256 of every file, JSON (see ``fit.model_directory.manifest``)."""


def trained_models_row(trained: TrainedModel, *, registration: Registration = Registration()) -> dict[str, Any]:
    """The row of ``trained_models`` for one family, by column."""
    metrics = trained.metrics
    names = [name for name in TABLES["trained_models"].column_names if name.startswith("holdout_")]
    return {
        "month": trained.month,
        "model_family": trained.family,
        "is_fitted": trained.is_fitted,
        "reason": trained.reason,
        "training_rows": trained.training_rows,
        "first_target_date": trained.first_target_date,
        "last_target_date": trained.last_target_date,
        **{name: metrics.get(name, float("nan")) for name in names},
        "holdout_rows": sum(one.rows for one in trained.holdout),
        "holdout_evidence": trained.holdout_evidence,
        "mlflow_run_id": registration.mlflow_run_id,
        "model_uri": registration.model_uri,
        "model_version": registration.model_version,
        "model_files": registration.model_files,
    }


def trained_models_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of ``trained_models_row`` in the columns of ``trained_models``."""
    spec = TABLES["trained_models"]
    frame = pd.DataFrame(rows, columns=spec.column_names)
    dates = ["month", "first_target_date", "last_target_date"]
    return frame.assign(**{name: pd.to_datetime(frame[name]).astype("datetime64[ns]") for name in dates})
