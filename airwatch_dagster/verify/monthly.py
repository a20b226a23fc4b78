"""How good a month's forecasts were as they were served: by lead, over all of them, and by group."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.clean.aqi import aqi_category, pm25_aqi
from airwatch_dagster.fit.champion.regions import NO_REGION, STATES_BY_REGION, region_numbers
from airwatch_dagster.fit.metrics import error_metrics
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, REFERENCE_FAMILY
from airwatch_dagster.verify.reliability import brier_scores
from airwatch_dagster.verify.scoring import (
    EVENT_LIMITS_UGM3,
    UndefinedMetric,
    event_measures,
    index_of_agreement,
    limit_suffix,
    mse_skill,
    normalised_mean_bias,
)
from airwatch_dagster.verify.skill_tables import interval_measures

GROUPS: Final[dict[str, dict[Any, str]]] = {
    "reading": {True: "observed on issue day", False: "not observed on issue day"},
    "region": {number: f"region {number}" for number in STATES_BY_REGION} | {NO_REGION: "outside the regions"},
    "category": {category: category for category in AQI_CATEGORIES},
}
"""Kind → value → name of its groups, in the order in which people list them."""

DECIMALS: Final = 6
"""Of every measure: more would tell the order of additions, not the forecasts."""

FORECAST: Final = ["site_id", "issue_date", "horizon_days"]


def monthly_verification(scores: pd.DataFrame, *, candidates: pd.DataFrame) -> pd.DataFrame:
    """One row per month of the target days, lead and group that has forecasts; columns of ``verification``.

    ``scores`` are rows of ``forecast_scores``, ``candidates`` of ``candidate_scores``, of the same months. Every
    forecast that was served and met its truth counts, however old the site's last reading was: someone relied on it.
    Those of sites observed on the issue day, which damped persistence knows best, are a group of their own. The
    reference is damped persistence's forecast of the same site, issue day and lead; only forecasts that have one count
    towards the skill. What is undefined in a group is null there. Empty without scores.
    """
    if scores.empty:
        return TABLES["verification"].empty()
    met = _compared(scores, candidates)
    months: Any = met.groupby([met["target_date"].dt.to_period("M"), "horizon_days"], sort=True)
    rows = [
        {"month": month.start_time, "horizon_days": lead, "group_kind": kind, "group_name": name, **_measured(members)}
        for (month, lead), forecasts in months
        for kind, name, members in _groups(forecasts)
    ]
    return pd.DataFrame(rows)[TABLES["verification"].column_names].round(DECIMALS)


def _compared(scores: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """The scores with their groups, width, pinball loss, and damped persistence's forecast, null without."""
    damped = candidates.loc[candidates["model_family"] == REFERENCE_FAMILY, [*FORECAST, "pm25_ugm3"]]
    reference = damped.rename(columns={"pm25_ugm3": "reference_ugm3"})
    met = scores.merge(reference, on=FORECAST, how="left", validate="one_to_one")
    return met.assign(
        reading=met["days_since_observed"] == 0,
        region=region_numbers(met["site_id"].tolist()),
        category=aqi_category(pm25_aqi(met["pm25_observed_ugm3"])),
        **interval_measures(met),
    )


def _groups(forecasts: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Kind, name and members of every group that has any, all of them first."""
    yield "all", "all", forecasts
    for kind, names in GROUPS.items():
        members: dict[Any, pd.DataFrame] = dict(list(forecasts.groupby(kind, sort=False)))
        yield from ((kind, name, members[value]) for value, name in names.items() if value in members)


def _measured(forecasts: pd.DataFrame) -> dict[str, Any]:
    forecast, observed = (forecasts[name].to_numpy() for name in ("pm25_ugm3", "pm25_observed_ugm3"))
    error = forecast - observed
    return {
        "forecasts": len(forecasts),
        "sites": forecasts["site_id"].nunique(),
        **error_metrics(error),
        "normalised_mean_bias": _if_defined(normalised_mean_bias, forecast, observed),
        "index_of_agreement": _if_defined(index_of_agreement, forecast, observed),
        **_skill(forecast, observed, forecasts["reference_ugm3"].to_numpy()),
        "coverage": float(forecasts["is_covered"].mean()),
        "mean_width_ugm3": float(forecasts["width_ugm3"].mean()),
        "pinball_ugm3": float(forecasts["pinball_ugm3"].mean()),
        **event_measures(forecasts),
        **_brier(forecasts),
    }


def _skill(forecast: np.ndarray, observed: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    known = ~np.isnan(reference)
    skill = np.nan
    if known.any():
        skill = _if_defined(mse_skill, forecast[known], observed[known], reference=reference[known])
    return {"compared_forecasts": int(known.sum()), "skill_over_damped": skill}


def _brier(forecasts: pd.DataFrame) -> dict[str, float]:
    found = brier_scores(forecasts, limits_ugm3=EVENT_LIMITS_UGM3)["brier_score"]
    return {f"brier_{limit_suffix(limit)}": score for limit, score in zip(EVENT_LIMITS_UGM3, found, strict=True)}


def _if_defined(measure: Callable[..., float], *arrays: np.ndarray, **named: np.ndarray) -> float:
    """The measure, or null where it does not exist: a group may be a single day without any PM2.5."""
    try:
        return measure(*arrays, **named)
    except UndefinedMetric:
        return float("nan")
