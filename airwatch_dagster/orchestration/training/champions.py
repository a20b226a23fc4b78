"""Who serves which month: chosen on the evidence, or appointed by a person; known to MLflow's registry either way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.champion.choice import ChampionChoice, champion_frame, choose_champion
from airwatch_dagster.forecast.calibration import calibrate_champion
from airwatch_dagster.orchestration.registry.mlflow_client import set_champion_alias, tag_served_months
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.orchestration.training.by_month import SEED, stacked
from airwatch_dagster.orchestration.training.champion_override import ChampionOverride, decisions_of, validate_override
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import TableStorage

TABLE: Final = "champion_model"


@dataclass(frozen=True)
class Evidence:
    """What a choice is made on: rows of trained_models and of candidate_scores, and the champions stored so far."""

    trained: pd.DataFrame
    scores: pd.DataFrame
    tables: TableStorage


def select_or_override(months: Sequence[pd.Timestamp], order: ChampionOverride, *, evidence: Evidence) -> pd.DataFrame:
    """The rows of champion_model for the months: with a person's new order for the only one, or with a choice by the
    evidence for each. Orders given before stand either way.

    Raises ConfigurationError for an order for several months.
    """
    if not order.version:
        return choose_champions(months, evidence=evidence)
    if len(months) > 1:
        problem = f"one order names {len(months)} months, {months[0]:%Y-%m} to {months[-1]:%Y-%m}"
        raise ConfigurationError(TABLE, problem, fix="Give an order for each month, in a run of its own")
    return override_champion(months[0], order, scores=evidence.scores, tables=evidence.tables)


def choose_champions(months: Sequence[pd.Timestamp], *, evidence: Evidence) -> pd.DataFrame:
    """The champion of each month, each knowing its predecessor, below the persons' orders for the month."""
    incumbent, rows = decisions_of(months[0] - pd.offsets.MonthBegin(1), evidence.tables), []
    scores = evidence.scores
    for month in months:
        candidates = evidence.trained[evidence.trained["month"] == month]
        served = _served(incumbent, "model_family")
        choice = choose_champion(month=month, trained=candidates, scores=scores, incumbent=served, seed=SEED)
        chosen = _champion(choice, trained=candidates, scores=scores, replaced=_served(incumbent, "model_version"))
        incumbent = _current_champion(stacked(TABLE, [_orders(month, evidence.tables), chosen]), noted=chosen)
        rows.append(incumbent)
    return stacked(TABLE, rows)


def override_champion(
    month: pd.Timestamp, order: ChampionOverride, *, scores: pd.DataFrame, tables: TableStorage
) -> pd.DataFrame:
    """The decisions on ``month`` with a person's order as the newest: a version serves it from a day on.

    Raises ConfigurationError for an order that cannot be carried out (see ``examined``).
    """
    new = validate_override(order, month=month, tables=tables)
    before = new.decisions if len(new.decisions) else decisions_of(month - pd.offsets.MonthBegin(1), tables)
    family = str(new.trained["model_family"].iloc[0])
    why = _why(order, family, new.first_day)
    choice = ChampionChoice(month, family, _served(before, "model_family"), "person", why)
    row = _champion(choice, trained=new.trained, scores=scores, replaced=_served(before, "model_version"))
    kind = "rollback" if order.is_rollback else "promote"
    row = validated(TABLE, row.assign(serves_from=new.first_day, decided_by_person=order.by, order_kind=kind))
    return _current_champion(stacked(TABLE, [row, new.decisions]), noted=row)


def _why(order: ChampionOverride, family: str, first: pd.Timestamp) -> str:
    done = "brought back" if order.is_rollback else "appointed"
    return f"{order.by} {done} {family} (version {order.version}) from {first:%Y-%m-%d} on: {order.reason}"


def _champion(
    choice: ChampionChoice, *, trained: pd.DataFrame, scores: pd.DataFrame, replaced: str | None
) -> pd.DataFrame:
    """The choice as a row, with intervals calibrated for its family."""
    text = None
    if choice.model_family is not None:
        bands = calibrate_champion(scores, trained=trained, model_family=choice.model_family, month=choice.month)
        text = bands.to_json()
    row = champion_frame(choice, trained=trained, interval_calibration=text, previous_version=replaced)
    return validated(TABLE, row.assign(decided_at=utc_now()))


def _orders(month: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    stored = decisions_of(month, tables)
    return stored[stored["decided_by"] == "person"]


def _current_champion(decisions: pd.DataFrame, *, noted: pd.DataFrame) -> pd.DataFrame:
    """The decisions of a month, known to the registry: a note on the version of ``noted``, the alias for the newest."""
    if noted["is_serving"].iloc[0]:
        tag_served_months(noted.iloc[0])
    if decisions["is_serving"].iloc[0]:
        set_champion_alias(str(decisions["model_version"].iloc[0]), month=decisions["month"].iloc[0])
    return decisions


def _served(champion: pd.DataFrame, column: str) -> str | None:
    """The column of a serving champion's row; None when nobody served."""
    return str(champion[column].iloc[0]) if len(champion) and champion["is_serving"].iloc[0] else None
