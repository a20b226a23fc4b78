"""Who forecasts best: the forecasters of each comparison on the cases that all of them forecast."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, GOOD_TOP_UGM3, MODERATE_TOP_UGM3
from airwatch_dagster.schemas.forecasters import AIRWATCH
from airwatch_dagster.schemas.verify import EVENT_LIMITS_UGM3
from airwatch_dagster.verify.compared_cases import PROBABILITIES, compared_cases
from airwatch_dagster.verify.metrics import limit_suffix
from airwatch_dagster.verify.monthly import DECIMALS, GROUPS
from airwatch_dagster.verify.reliability import BIN_EDGES
from airwatch_dagster.verify.week_bootstrap import saved_interval

MISS_COST: Final = 5.0
"""Cost of a missed day above an AQI of 100, in false alarms: a day in bad air harms those at risk more than a day spent
indoors. It is a judgement; hits, misses and false alarms are stored, so that anyone can weigh them otherwise."""

ADVICE_PROBABILITY: Final = 1.0 / (1.0 + MISS_COST)
"""Probability of a bad day from which staying in costs less on average than going out, where a false alarm costs 1 and
a miss ``MISS_COST``."""

BAD_CATEGORIES: Final = AQI_CATEGORIES[2:]
"""Categories above an AQI of 100 (35.4 µg/m³ by both AQI tables): those at risk are advised to stay in."""

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
    for group in _groups(cases):
        saved = group.saved_by_airwatch()
        rows += [
            {**group.key, "forecaster": forecaster, **group.counts, **_measures(own), **saved.get(forecaster, {})}
            for forecaster, own in group.forecasters.items()
        ]
    return pd.DataFrame(rows, columns=names).round(DECIMALS)


def scoreboard_events(cases: pd.DataFrame) -> pd.DataFrame:
    """One row per row of ``scoreboard_rows`` and limit, in the columns of ``scoreboard_events`` without its month.

    Rows without a case that has a concentration are left out.
    """
    names = [name for name in TABLES["scoreboard_events"].column_names if name != "month"]
    tables = [
        _contingency(own[own["has_value"]]).assign(**group.key, forecaster=forecaster)
        for group in _groups(cases)
        for forecaster, own in group.forecasters.items()
        if own["has_value"].any()
    ]
    return pd.concat(tables, ignore_index=True)[names].round(DECIMALS) if tables else pd.DataFrame(columns=names)


def by_month(cases: pd.DataFrame, *, table: str) -> pd.DataFrame:
    """``scoreboard`` or ``scoreboard_events`` of every month of the cases' target days, in the table's columns."""
    make = {"scoreboard": scoreboard_rows, "scoreboard_events": scoreboard_events}[table]
    months = cases.groupby(pd.to_datetime(cases["target_date"]).dt.to_period("M"))
    tables = [make(rows).assign(month=month.start_time) for month, rows in months]
    return pd.concat(tables, ignore_index=True)[TABLES[table].column_names] if tables else TABLES[table].empty()


@dataclass(frozen=True)
class _Group:
    """The cases of one lead and group of a comparison, the same ones and in the same order for each forecaster."""

    key: dict[str, Any]
    forecasters: dict[str, pd.DataFrame]

    @property
    def counts(self) -> dict[str, int]:
        own = self.forecasters[AIRWATCH]
        weeks = own["target_date"].dt.to_period("W").nunique()
        with_value = int(own["has_value"].sum())
        return {"cases": len(own), "places": own["place"].nunique(), "weeks": weeks, "cases_with_value": with_value}

    def saved_by_airwatch(self) -> dict[str, dict[str, float]]:
        """Other forecaster → share of its squared error that AirWatch saves, with its interval; null without error."""
        errors = {name: _squared_error(own).to_numpy() for name, own in self.forecasters.items()}
        own = self.forecasters[AIRWATCH]
        week, has_value = own["target_date"].dt.to_period("W").to_numpy(), own["has_value"].to_numpy()
        weekly = pd.DataFrame(errors)[has_value].groupby(week[has_value]).sum()
        airwatch, others = weekly.pop(AIRWATCH), weekly
        share = 1.0 - airwatch.sum() / others.sum().replace(0.0, np.nan)
        lower, upper = saved_interval(airwatch.to_numpy(), others.to_numpy())
        columns = ("airwatch_skill", "airwatch_skill_lower", "airwatch_skill_upper")
        return {
            str(name): dict(zip(columns, found, strict=True))
            for name, *found in zip(others, share, lower, upper, strict=True)
        }


def _groups(cases: pd.DataFrame) -> Iterator[_Group]:
    """By comparison and lead: all cases, then those of each EPA region."""
    comparisons = list(cases["comparison"].unique())
    in_order = sorted(cases.groupby(["comparison", "horizon_days"]), key=lambda one: comparisons.index(one[0][0]))
    for (comparison, lead), rows in in_order:
        key = {"comparison": comparison, "horizon_days": lead}
        regions = [(name, rows[rows["region"] == region]) for region, name in GROUPS["region"].items()]
        for kind, name, group in [("all", "all", rows), *(("region", *one) for one in regions)]:
            if len(group):
                forecasters = {str(who): own for who, own in group.groupby("forecaster", sort=False)}
                yield _Group({**key, "group_kind": kind, "group_name": name}, forecasters)


def _measures(own: pd.DataFrame) -> dict[str, float]:
    """Metrics of one forecaster's cases, in the columns of ``scoreboard``."""
    error = (own["pm25_ugm3"] - own["pm25_observed_ugm3"])[own["has_value"]]
    is_bad, observed = (own[f"{name}_category"].isin(BAD_CATEGORIES) for name in ("forecast", "observed"))
    probability = own["probability_above_35_4"]
    found = {
        "rmse_ugm3": float((error**2).mean() ** 0.5),
        "mae_ugm3": float(error.abs().mean()),
        "bias_ugm3": float(error.mean()),
        "category_accuracy": float((own["forecast_category"] == own["observed_category"]).mean()),
        "hits": int((is_bad & observed).sum()),
        "misses": int((~is_bad & observed).sum()),
        "false_alarms": int((is_bad & ~observed).sum()),
        "miss_weighted_cost": _cost(is_bad, observed),
        "cost_by_probability": _cost(probability >= ADVICE_PROBABILITY, observed)
        if probability.notna().all()
        else float("nan"),
        "coverage": float(own["is_covered"].mean()) if own["is_covered"].notna().all() else float("nan"),
    }
    for column, limit in PROBABILITY_LIMITS.items():
        exceeded = (own["pm25_observed_ugm3"] > limit).to_numpy(dtype=float)
        found |= _probability_measures(own[column].to_numpy(dtype=float), exceeded, limit_suffix(limit))
    return found


def _cost(is_advised: pd.Series, is_bad: pd.Series) -> float:
    """Mean cost of a case, in false alarms."""
    return float((MISS_COST * (~is_advised & is_bad) + (is_advised & ~is_bad)).mean())


def _probability_measures(probability: np.ndarray, exceeded: np.ndarray, suffix: str) -> dict[str, float]:
    """Brier score, its reliability term, mean probability and frequency; null without a probability of every case."""
    found = {"observed_frequency": float(exceeded.mean())}
    if not np.isnan(probability).any():
        place = np.clip(np.searchsorted(BIN_EDGES, probability, side="left") - 1, 0, len(BIN_EDGES) - 2)
        bins = pd.DataFrame({"forecast": probability, "observed": exceeded}).groupby(place)
        distance = (bins.mean()["forecast"] - bins.mean()["observed"]) ** 2
        found["mean_probability"] = float(probability.mean())
        found["brier"] = float(np.mean((probability - exceeded) ** 2))
        found["reliability"] = float((distance * bins.size()).sum() / len(probability))
    return {f"{name}_{suffix}": value for name, value in found.items()}


def _contingency(own: pd.DataFrame) -> pd.DataFrame:
    """Hits, misses, false alarms, correct negatives and their ratios by limit; null where a denominator is 0.

    Source: Wilks (2019), Statistical Methods in the Atmospheric Sciences, section 9.2.
    """
    limits = np.array(EVENT_LIMITS_UGM3)
    forecast, observed = (own[name].to_numpy()[:, None] > limits for name in ("pm25_ugm3", "pm25_observed_ugm3"))
    hits, misses = (forecast & observed).sum(axis=0), (~forecast & observed).sum(axis=0)
    false_alarms, quiet = (forecast & ~observed).sum(axis=0), (~forecast & ~observed).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        pod, far = hits / (hits + misses), false_alarms / (hits + false_alarms)
        csi, pofd = hits / (hits + misses + false_alarms), false_alarms / (false_alarms + quiet)
    counts = {"hits": hits, "misses": misses, "false_alarms": false_alarms, "correct_negatives": quiet}
    return pd.DataFrame({"limit_ugm3": limits, **counts, "pod": pod, "far": far, "csi": csi, "peirce": pod - pofd})


def _squared_error(own: pd.DataFrame) -> pd.Series:
    return (own["pm25_ugm3"] - own["pm25_observed_ugm3"]) ** 2
