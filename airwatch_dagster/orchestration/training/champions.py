"""The champion of each month, chosen by evidence or set by an override, and recorded in MLflow's registry."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.champion.choice import ChampionChoice, champion_frame, choose_champion
from airwatch_dagster.forecast.calibration import calibrate_champion
from airwatch_dagster.orchestration.registry.mlflow_client import set_champion_alias, tag_served_months
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel, verify_files
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.orchestration.training.by_month import SEED, stacked
from airwatch_dagster.orchestration.training.champion_override import ChampionOverride, decisions_of, validate_override
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import TableStorage

TABLE: Final = "champion_model"


def select_or_override(
    months: Sequence[pd.Timestamp],
    override: ChampionOverride,
    *,
    trained: pd.DataFrame,
    scores: pd.DataFrame,
    tables: TableStorage,
) -> pd.DataFrame:
    """The decisions on the months, in the columns of champion_model: a new override, or a choice by evidence.

    ``trained`` are rows of trained_models of the months, ``scores`` the candidate_scores before them; ``tables`` holds
    earlier decisions, whose overrides stay in force. Raises ConfigurationError for an override of several months.
    """
    if not override.version:
        return select_champions(months, trained=trained, scores=scores, tables=tables)
    if len(months) > 1:
        problem = (
            f"an override is for one month, not for the {len(months)} from {months[0]:%Y-%m} to {months[-1]:%Y-%m}"
        )
        raise ConfigurationError(TABLE, problem, fix="Override each month in its own run")
    return override_champion(months[0], override, scores=scores, tables=tables)


def select_champions(
    months: Sequence[pd.Timestamp], *, trained: pd.DataFrame, scores: pd.DataFrame, tables: TableStorage
) -> pd.DataFrame:
    """The decisions on each month: stored overrides, newest first, then a new choice by evidence.

    The incumbent of a month is the champion in force at the end of the month before it.
    """
    decisions, found = decisions_of(months[0] - pd.offsets.MonthBegin(1), tables), []
    for month in months:
        own = trained[trained["month"] == month]
        incumbent = _of_current_champion(decisions, "model_family")
        choice = choose_champion(month=month, trained=own, scores=scores, incumbent=incumbent, seed=SEED)
        version = _of_current_champion(decisions, "model_version")
        row = _decision_row(choice, trained=own, scores=scores, previous_version=version)
        stored = decisions_of(month, tables)
        decisions = stacked(TABLE, [stored[stored["decided_by"] == "person"], row])
        _tag_version(row)
        found.append(decisions)
    _move_alias(found)
    return stacked(TABLE, found)


def override_champion(
    month: pd.Timestamp, override: ChampionOverride, *, scores: pd.DataFrame, tables: TableStorage
) -> pd.DataFrame:
    """The decisions on ``month``, the override first: its version serves from a day on.

    Raises ConfigurationError for an invalid override (see ``validate_override``), and ModelRefused when the version's
    files are missing or not those that were logged.
    """
    resolved = validate_override(override, month=month, tables=tables)
    verify_files(LoggedModel.of(resolved.trained.iloc[0]))
    before = resolved.decisions
    if before.empty:
        before = decisions_of(month - pd.offsets.MonthBegin(1), tables)
    family, first = str(resolved.trained["model_family"].iloc[0]), resolved.first_day
    done = "rolled back to" if override.is_rollback else "promoted"
    why = f"{override.by} {done} {family} (version {override.version}) from {first:%Y-%m-%d} on: {override.reason}"
    choice = ChampionChoice(month, family, _of_current_champion(before, "model_family"), "person", why)
    version = _of_current_champion(before, "model_version")
    row = _decision_row(choice, trained=resolved.trained, scores=scores, previous_version=version)
    kind = "rollback" if override.is_rollback else "promote"
    row = validated(TABLE, row.assign(serves_from=first, decided_by_person=override.by, order_kind=kind))
    decisions = stacked(TABLE, [row, resolved.decisions])
    _tag_version(row)
    _move_alias([decisions])
    return decisions


def _decision_row(
    choice: ChampionChoice, *, trained: pd.DataFrame, scores: pd.DataFrame, previous_version: str | None
) -> pd.DataFrame:
    """The choice as a row of champion_model, with intervals calibrated for its family."""
    calibration = None
    if choice.model_family is not None:
        calibration = calibrate_champion(
            scores, trained=trained, model_family=choice.model_family, month=choice.month
        ).to_json()
    row = champion_frame(choice, trained=trained, interval_calibration=calibration, previous_version=previous_version)
    return validated(TABLE, row.assign(decided_at=utc_now()))


def _tag_version(row: pd.DataFrame) -> None:
    """Tag the version of a new decision with the month it serves."""
    if row["is_serving"].iloc[0]:
        tag_served_months(row.iloc[0])


def _move_alias(by_month: Sequence[pd.DataFrame]) -> None:
    """Set the alias to the version of the newest decision on the last of the months that has a champion.

    Once a run: the alias has no history, and MLflow reads every registered version to move it.
    """
    served = [decisions for decisions in by_month if decisions["is_serving"].iloc[0]]
    if served:
        set_champion_alias(str(served[-1]["model_version"].iloc[0]), month=served[-1]["month"].iloc[0])


def _of_current_champion(decisions: pd.DataFrame, column: str) -> str | None:
    """The column of a month's newest decision; None without decisions, and when no model serves."""
    return str(decisions[column].iloc[0]) if len(decisions) and decisions["is_serving"].iloc[0] else None
