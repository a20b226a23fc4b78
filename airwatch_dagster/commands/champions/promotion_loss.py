"""What is lost when a version replaces the champion."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.commands.wording import percent_text
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.orchestration.training.champion_override import decisions_of
from airwatch_dagster.schemas.columns import BASELINES
from airwatch_dagster.storage.tables import TableStorage

MONTHS_COMPARED: Final = 12
"""Newest months whose out-of-sample forecasts of both families are compared."""

CASE: Final = ["site_id", "issue_date", "horizon_days"]
"""What identifies a forecast that both families made."""

MIN_CASES: Final = 30
"""Forecasts of both families below which their holdouts are compared instead."""

Row = Mapping[Hashable, Any]


def promotion_loss(version: str, *, month: pd.Timestamp, tables: TableStorage) -> str | None:
    """A sentence when the version is a baseline in place of a learned family, or was worse than the champion.

    Families are compared by their out-of-sample forecasts of the same cases in the last months, versions of one family
    by their holdouts. None when nothing is lost, when nobody serves, and for a version that does not exist.
    """
    trained = tables.read("trained_models")
    candidate, champion = _row_of(trained, version), _row_of(trained, _serving(month, tables))
    if candidate is None or champion is None or version == champion["model_version"]:
        return None
    family, other = str(candidate["model_family"]), str(champion["model_family"])
    excess = _excess_error(candidate, champion, month=month, tables=tables)
    is_baseline = family in BASELINES and other not in BASELINES
    if not is_baseline and (excess is None or excess < 0.005):
        return None
    kind = ", a baseline" if family in BASELINES else ""
    compared = "nothing was compared with"
    if excess is not None:
        compared = f"{percent_text(abs(excess))} {'more' if excess >= 0 else 'less'} squared error than"
    name = f"version {version} is {display_name(family)}{kind}, of {candidate['month']:%Y-%m}"
    return f"{name}: {compared} {display_name(other)} {champion['model_version']}, which serves"


def _excess_error(candidate: Row, champion: Row, *, month: pd.Timestamp, tables: TableStorage) -> float | None:
    """By how much the candidate's mean squared error exceeds the champion's, as a share; None where none is known."""
    family, other = candidate["model_family"], champion["model_family"]
    if family != other:
        months = [str(one) for one in pd.period_range(end=month, periods=MONTHS_COMPARED, freq="M")]
        scores = tables.read("candidate_scores", months, allow_missing=True)
        errors = scores.assign(squared=(scores["pm25_ugm3"] - scores["pm25_observed_ugm3"]) ** 2)
        both = [errors[errors["model_family"] == one].set_index(CASE)["squared"] for one in (family, other)]
        same = pd.concat(both, axis="columns", join="inner", keys=("candidate", "champion"))
        if len(same) >= MIN_CASES and same["champion"].mean() > 0:
            return float(same["candidate"].mean() / same["champion"].mean()) - 1.0
    left, left_of_champion = 1.0 - candidate["holdout_skill_1d"], 1.0 - champion["holdout_skill_1d"]
    return float(left / left_of_champion) - 1.0 if left_of_champion > 0 and np.isfinite(left) else None


def _serving(month: pd.Timestamp, tables: TableStorage) -> str | None:
    """The version of the newest decision on the month, or on the one before; None when no model serves."""
    for one in (month, month - pd.DateOffset(months=1)):
        decisions = decisions_of(one, tables)
        if len(decisions):
            return str(decisions["model_version"].iloc[0]) if decisions["is_serving"].iloc[0] else None
    return None


def _row_of(trained: pd.DataFrame, version: str | None) -> Row | None:
    rows = trained[trained["model_version"] == version].to_dict("records")
    return rows[0] if rows else None
