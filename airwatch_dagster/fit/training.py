"""Train the families of a month on target days before it, and test them on the end of their own window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import pandas as pd

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit.examples import own_examples
from airwatch_dagster.fit.models.families import MODEL_FAMILIES, FittedModel, TrainingSet, shortage
from airwatch_dagster.fit.scores import evidence, evidence_to_json
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

HOLDOUT_SHARE: Final = 0.2
"""Share of the target days, at the end of the window, that tests a model fitted on the rest."""

LONGEST_HOLDOUT_DAYS: Final = 120
"""A longer holdout would starve the model under test of the latest season."""

TRIAL_CONTEXT_DAYS: Final = 4
"""The model that is tested on the holdout learns from the surroundings of every fourth day: it only tells how the
family does, and a city's month is retrained in less time."""


@dataclass(frozen=True)
class HoldoutMetrics:
    """Errors of one horizon on the holdout; skill is the share of damped persistence's mean squared error saved."""

    horizon_days: int
    rows: int
    rmse_ugm3: float
    mae_ugm3: float
    bias_ugm3: float
    skill: float


@dataclass(frozen=True)
class TrainedModel:
    """One family of one month: its model when there was enough history, and how it did on its holdout."""

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
    """Sample of holdout forecasts and truth, JSON."""

    @property
    def is_fitted(self) -> bool:
        return self.model is not None

    @property
    def metrics(self) -> dict[str, float]:
        """Holdout metrics by name, as an experiment tracker wants them: ``holdout_rmse_1d_ugm3``, ``holdout_skill_1d``,
        …"""
        return {name: value for one in self.holdout for name, value in _named(one).items() if np.isfinite(value)}


def train_families(
    examples: pd.DataFrame,
    *,
    families: Sequence[str],
    month: pd.Timestamp,
    seed: int,
    thread_count: int = 2,
    params: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[TrainedModel]:
    """Each family fitted on all ``examples``, with the errors a model fitted on their first part makes on the last.

    Too little history gives a TrainedModel without a model whose ``reason`` says what was missing. ``params`` (by
    family) go over the defaults. Raises ContractViolation when an example's target day lies in or after ``month``.
    """
    refuse_the_future(examples, month)
    settings: dict[str, Any] = {"seed": seed, "thread_count": thread_count, "params": params}
    whole = TrainingSet(examples, **settings)
    trial = _Trial.split(examples, settings) if len(whole.examples) else None
    return [_trained(family, month, whole=whole, trial=trial) for family in families]


def train_family(
    examples: pd.DataFrame, *, family: str, month: pd.Timestamp, seed: int, thread_count: int = 2
) -> TrainedModel:
    """One family alone (see ``train_families``)."""
    return train_families(examples, families=[family], month=month, seed=seed, thread_count=thread_count)[0]


@dataclass(frozen=True)
class _Trial:
    """The first part of the window to fit on, and the last to test on."""

    early: TrainingSet
    late: pd.DataFrame

    @classmethod
    def split(cls, examples: pd.DataFrame, settings: Mapping[str, Any]) -> Self:
        early, late = split_in_time(examples)
        return cls(TrainingSet(_with_less_context(early), **settings), own_examples(late))


def _with_less_context(examples: pd.DataFrame) -> pd.DataFrame:
    """The area's own examples and those around it of one issue day in ``TRIAL_CONTEXT_DAYS``."""
    day = (examples["issue_date"] - pd.Timestamp("2000-01-01")).dt.days
    is_kept = ~examples["is_context"] | (day % TRIAL_CONTEXT_DAYS == 0)
    return examples if is_kept.all() else examples[is_kept]


def _trained(family: str, month: pd.Timestamp, *, whole: TrainingSet, trial: _Trial | None) -> TrainedModel:
    examples = whole.examples
    first, last = _window(examples)
    problem = shortage(examples, family=family)
    if problem is not None or trial is None:
        return TrainedModel(family, month, None, f"Not fitted: {problem}.", {}, 0, first, last)
    model = whole.fit(family)
    metrics, sample = _holdout(trial, family=family)
    days = examples["target_date"].nunique()
    around = f" and {whole.context_rows:,} around the area" if whole.context_rows else ""
    reason = f"Fitted on {len(examples):,} examples{around} of {days} target days, {first:%Y-%m-%d} to {last:%Y-%m-%d}."
    chosen = parameters(family, training=whole)
    return TrainedModel(family, month, model, reason, chosen, len(examples), first, last, metrics, sample)


def _window(examples: pd.DataFrame) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    days = examples["target_date"]
    return (None, None) if days.empty else (days.min(), days.max())


def refuse_the_future(examples: pd.DataFrame, month: pd.Timestamp) -> None:
    """Raises ContractViolation when a target day lies in or after ``month``."""
    late = examples.loc[examples["target_date"] >= month, "target_date"]
    if len(late):
        raise ContractViolation(
            f"training examples of {month:%Y-%m}",
            f"{len(late)} target days are not before the month, the latest {late.max():%Y-%m-%d}",
            fix="Pass only the months before the one that is trained for",
        )


def _holdout(trial: _Trial, *, family: str) -> tuple[tuple[HoldoutMetrics, ...], str]:
    late, model = trial.late, trial.early.recipe(family)
    damped = trial.early.recipe("damped_persistence")
    forecasts = evidence(late, model=model)
    reference = damped.predict(late) - late["pm25_observed_ugm3"].to_numpy()
    error = (forecasts["pm25_ugm3"] - forecasts["pm25_observed_ugm3"]).to_numpy()
    horizons = late["horizon_days"].to_numpy()
    present = [horizon for horizon in HORIZONS_DAYS if (horizons == horizon).any()]
    metrics = tuple(_metrics(h, error[horizons == h], reference[horizons == h]) for h in present)
    return metrics, evidence_to_json(forecasts)


def split_in_time(examples: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Examples before and from a cut between target days: the last fifth of the area's own, at most 120 days, is the
    second part."""
    days = np.sort(own_examples(examples)["target_date"].unique())
    held_out = min(LONGEST_HOLDOUT_DAYS, max(1, round(HOLDOUT_SHARE * len(days))))
    is_late = (examples["target_date"] >= days[-held_out]).to_numpy()
    return examples[~is_late], examples[is_late]


def _metrics(horizon_days: int, error: np.ndarray, reference: np.ndarray) -> HoldoutMetrics:
    mse, reference_mse = float(np.mean(error**2)), float(np.mean(reference**2))
    skill = 1.0 - mse / reference_mse if reference_mse > 0 else float("nan")
    return HoldoutMetrics(
        horizon_days, len(error), float(np.sqrt(mse)), float(np.mean(np.abs(error))), float(np.mean(error)), skill
    )


def _named(one: HoldoutMetrics) -> dict[str, float]:
    day = f"{one.horizon_days}d"
    return {
        f"holdout_rmse_{day}_ugm3": one.rmse_ugm3,
        f"holdout_mae_{day}_ugm3": one.mae_ugm3,
        f"holdout_bias_{day}_ugm3": one.bias_ugm3,
        f"holdout_skill_{day}": one.skill,
    }


def parameters(family: str, *, training: TrainingSet) -> dict[str, Any]:
    """What was set for the family, as an experiment tracker wants it."""
    needed = MODEL_FAMILIES[family].min_target_days
    return {"seed": training.seed, "min_target_days": needed, **training.params_of(family)}


@dataclass(frozen=True)
class Registration:
    """Where the experiment tracker keeps a model."""

    mlflow_run_id: str | None = None
    model_uri: str | None = None
    model_version: str | None = None


def trained_models_row(trained: TrainedModel, *, registration: Registration = Registration()) -> dict[str, Any]:
    """The row of ``trained_models`` for one family."""
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
    }


def trained_models_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of ``trained_models_row`` as the table."""
    spec = TABLES["trained_models"]
    frame = pd.DataFrame(rows, columns=spec.column_names)
    dates = ["month", "first_target_date", "last_target_date"]
    return frame.assign(**{name: pd.to_datetime(frame[name]).astype("datetime64[ns]") for name in dates})
