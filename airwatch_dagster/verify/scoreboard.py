"""Who forecasts best: the forecasters of each comparison on the cases that all of them forecast."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import GOOD_TOP_UGM3, MODERATE_TOP_UGM3
from airwatch_dagster.schemas.forecasters import AIRWATCH
from airwatch_dagster.schemas.verify import EVENT_LIMITS_UGM3
from airwatch_dagster.verify.case_groups import CaseGroup, case_groups
from airwatch_dagster.verify.compared_cases import PROBABILITIES, compared_cases
from airwatch_dagster.verify.metrics import limit_suffix
from airwatch_dagster.verify.monthly import DECIMALS
from airwatch_dagster.verify.reliability import BIN_EDGES
from airwatch_dagster.verify.week_bootstrap import saved_interval

MISS_COST: Final = 5.0
"""Cost of a missed day above an AQI of 100, in false alarms: a day in bad air harms those at risk more than a day spent
indoors. It is a judgement; hits, misses and false alarms are stored, so that anyone can weigh them otherwise."""

ADVICE_PROBABILITY: Final = 1.0 / (1.0 + MISS_COST)
"""Probability of a bad day from which staying in costs less on average than going out, where a false alarm costs 1 and
a miss ``MISS_COST``."""

PROBABILITY_LIMITS: Final = dict(zip(PROBABILITIES, (GOOD_TOP_UGM3, MODERATE_TOP_UGM3), strict=True))
"""Column of probabilities → its limit, µg/m³."""


def scoreboard_of(
    scores: pd.DataFrame,
    *,
    candidates: pd.DataFrame,
    site_days: pd.DataFrame,
    agency_forecasts: pd.DataFrame,
    others: pd.DataFrame,
) -> pd.DataFrame:
    """``scoreboard_rows`` of any span of target days; the arguments are those of ``compared_cases``.

    Days without ``candidates`` have no common case with the baselines. Candidate scores are of closed months: for the
    last 31 days, give ``persistence_candidates`` of the scores instead.
    """
    return scoreboard_rows(
        compared_cases(
            scores, candidates=candidates, site_days=site_days, agency_forecasts=agency_forecasts, others=others
        )
    )


def scoreboard_rows(cases: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison, lead, group and forecaster, in the columns of ``scoreboard`` without its month.

    ``cases`` come from ``compared_cases``, of any span. A metric is null where it is undefined. The same cases give the
    same rows.
    """
    names = [name for name in TABLES["scoreboard"].column_names if name != "month"]
    rows = []
    for group in case_groups(cases):
        saved, counts = _saved_by_airwatch(group), group.counts
        rows += [
            {**group.key, "forecaster": forecaster, **counts, **_measures(group, line), **saved.get(forecaster, {})}
            for line, forecaster in enumerate(group.forecasters)
        ]
    return pd.DataFrame(rows, columns=names).round(DECIMALS)


def scoreboard_events(cases: pd.DataFrame) -> pd.DataFrame:
    """One row per row of ``scoreboard_rows`` and limit, in the columns of ``scoreboard_events`` without its month.

    Rows without a case that has a concentration are left out.
    """
    names = [name for name in TABLES["scoreboard_events"].column_names if name != "month"]
    rows = [row for group in case_groups(cases) if group.of_case("has_value").any() for row in _contingency(group)]
    return pd.DataFrame(rows, columns=names).round(DECIMALS)


def by_month(cases: pd.DataFrame, *, table: str) -> pd.DataFrame:
    """``scoreboard`` or ``scoreboard_events`` of every month of the cases' target days, in the table's columns."""
    make = {"scoreboard": scoreboard_rows, "scoreboard_events": scoreboard_events}[table]
    months = cases.groupby(pd.to_datetime(cases["target_date"]).dt.to_period("M"))
    tables = [make(rows).assign(month=month.start_time) for month, rows in months]
    return pd.concat(tables, ignore_index=True)[TABLES[table].column_names] if tables else TABLES[table].empty()


def _saved_by_airwatch(group: CaseGroup) -> dict[str, dict[str, float]]:
    """Other forecaster → share of its squared error that AirWatch saves, with its interval; null without error."""
    has_value = group.of_case("has_value")
    squared = (group.columns["pm25_ugm3"] - group.columns["pm25_observed_ugm3"])[:, has_value] ** 2
    weeks, week = np.unique(group.of_case("week")[has_value], return_inverse=True)
    weekly = np.stack([np.bincount(week, weights=line, minlength=len(weeks)) for line in squared])
    others = [line for line, name in enumerate(group.forecasters) if name != AIRWATCH]
    airwatch, rivals = weekly[group.forecasters.index(AIRWATCH)], weekly[others].T
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(rivals.sum(axis=0) != 0.0, 1.0 - airwatch.sum() / rivals.sum(axis=0), np.nan)
    lower, upper = saved_interval(airwatch, rivals)
    columns = ("airwatch_skill", "airwatch_skill_lower", "airwatch_skill_upper")
    return {
        group.forecasters[line]: dict(zip(columns, found, strict=True))
        for line, *found in zip(others, share, lower, upper, strict=True)
    }


def _measures(group: CaseGroup, line: int) -> dict[str, float]:
    """Metrics of one forecaster's cases, in the columns of ``scoreboard``."""
    own = {name: values[line] for name, values in group.columns.items()}
    error = (own["pm25_ugm3"] - own["pm25_observed_ugm3"])[own["has_value"]]
    is_advised, is_bad, probability = own["is_advised"], own["is_bad"], own["probability_above_35_4"]
    found = {
        "rmse_ugm3": _mean(error**2) ** 0.5,
        "mae_ugm3": _mean(np.abs(error)),
        "bias_ugm3": _mean(error),
        "category_accuracy": float(own["is_right"].mean()),
        "hits": int((is_advised & is_bad).sum()),
        "misses": int((~is_advised & is_bad).sum()),
        "false_alarms": int((is_advised & ~is_bad).sum()),
        "miss_weighted_cost": _cost(is_advised, is_bad),
        "cost_by_probability": float("nan")
        if np.isnan(probability).any()
        else _cost(probability >= ADVICE_PROBABILITY, is_bad),
        "coverage": float(own["is_covered"].mean()),
    }
    for column, limit in PROBABILITY_LIMITS.items():
        exceeded = (own["pm25_observed_ugm3"] > limit).astype(float)
        found |= _probability_measures(own[column], exceeded, limit_suffix(limit))
    return found


def _mean(values: np.ndarray) -> float:
    """Their mean; null of none."""
    return float(values.mean()) if len(values) else float("nan")


def _cost(is_advised: np.ndarray, is_bad: np.ndarray) -> float:
    """Mean cost of a case, in false alarms."""
    return float((MISS_COST * (~is_advised & is_bad) + (is_advised & ~is_bad)).mean())


def _probability_measures(probability: np.ndarray, exceeded: np.ndarray, suffix: str) -> dict[str, float]:
    """Brier score, its reliability term, mean probability and frequency; null without a probability of every case."""
    found = {"observed_frequency": float(exceeded.mean())}
    if not np.isnan(probability).any():
        place = np.clip(np.searchsorted(BIN_EDGES, probability, side="left") - 1, 0, len(BIN_EDGES) - 2)
        size, forecast, observed = (np.bincount(place, weights) for weights in (None, probability, exceeded))
        distance = ((forecast - observed) / np.maximum(size, 1)) ** 2
        found["mean_probability"] = float(probability.mean())
        found["brier"] = float(np.mean((probability - exceeded) ** 2))
        found["reliability"] = float((distance * size).sum() / len(probability))
    return {f"{name}_{suffix}": value for name, value in found.items()}


def _contingency(group: CaseGroup) -> Iterator[dict[str, Any]]:
    """Hits, misses, false alarms, correct negatives and their ratios by forecaster and limit, of the cases that have a
    concentration; null where a denominator is 0.

    Source: Wilks (2019), Statistical Methods in the Atmospheric Sciences, section 9.2.
    """
    has_value, limits = group.of_case("has_value"), np.array(EVENT_LIMITS_UGM3)
    forecast, observed = (
        group.columns[name][:, has_value, None] > limits for name in ("pm25_ugm3", "pm25_observed_ugm3")
    )
    hits, misses = (forecast & observed).sum(axis=1), (~forecast & observed).sum(axis=1)
    false_alarms, quiet = (forecast & ~observed).sum(axis=1), (~forecast & ~observed).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pod, far = hits / (hits + misses), false_alarms / (hits + false_alarms)
        csi, pofd = hits / (hits + misses + false_alarms), false_alarms / (false_alarms + quiet)
    found = {"hits": hits, "misses": misses, "false_alarms": false_alarms, "correct_negatives": quiet}
    found |= {"pod": pod, "far": far, "csi": csi, "peirce": pod - pofd}
    for line, forecaster in enumerate(group.forecasters):
        for column, limit in enumerate(EVENT_LIMITS_UGM3):
            numbers = {name: values[line, column] for name, values in found.items()}
            yield {**group.key, "forecaster": forecaster, "limit_ugm3": limit, **numbers}
