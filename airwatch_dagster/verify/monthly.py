"""Monthly verification of served forecasts: by lead, over all of them and by group."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.clean.aqi import aqi_category, pm25_aqi
from airwatch_dagster.fit.champion.regions import NO_REGION, STATES_BY_REGION, region_numbers
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, REFERENCE_FAMILY
from airwatch_dagster.verify.metrics import EVENT_LIMITS_UGM3, compute_metrics, limit_suffix
from airwatch_dagster.verify.reliability import brier_scores

GROUPS: Final[dict[str, dict[Any, str]]] = {
    "reading": {True: "observed on issue day", False: "not observed on issue day"},
    "region": {number: f"region {number}" for number in STATES_BY_REGION} | {NO_REGION: "outside the regions"},
    "category": {category: category for category in AQI_CATEGORIES},
}
"""Kind of group → value → name, in the order of the table."""

DECIMALS: Final = 6
"""Decimals of every metric: the digits after them depend on the order of summation."""

FORECAST_KEY: Final = ["site_id", "issue_date", "horizon_days"]


def monthly_verification(scores: pd.DataFrame, *, candidates: pd.DataFrame) -> pd.DataFrame:
    """One row per month of target days, lead and group with forecasts, in the columns of ``verification``.

    ``scores`` are rows of ``forecast_scores``, ``candidates`` rows of ``candidate_scores`` of the same months. Every
    scored forecast counts, however old the site's last reading was, because someone relied on it; sites observed on the
    issue day are a group, because damped persistence is best there. Skill is over damped persistence's forecast of the
    same site, issue day and lead; forecasts without one do not count in it. A metric is null where it is undefined.
    Empty without scores.
    """
    if scores.empty:
        return TABLES["verification"].empty()
    compared = _compared(scores, candidates)
    months: Any = compared.groupby([compared["target_date"].dt.to_period("M"), "horizon_days"], sort=True)
    rows = []
    for (month, lead), forecasts in months:
        groups = [("all", "all", forecasts)]
        for kind, names in GROUPS.items():
            members: dict[Any, pd.DataFrame] = dict(list(forecasts.groupby(kind, sort=False)))
            groups += [(kind, name, members[value]) for value, name in names.items() if value in members]
        key = {"month": month.start_time, "horizon_days": lead}
        rows += [{**key, "group_kind": kind, "group_name": name, **_row(group)} for kind, name, group in groups]
    return pd.DataFrame(rows)[TABLES["verification"].column_names].round(DECIMALS)


def _compared(scores: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """The scores with their groups and ``reference_ugm3``, damped persistence's forecast; null without one."""
    damped = candidates.loc[candidates["model_family"] == REFERENCE_FAMILY, [*FORECAST_KEY, "pm25_ugm3"]]
    reference = damped.rename(columns={"pm25_ugm3": "reference_ugm3"})
    merged = scores.merge(reference, on=FORECAST_KEY, how="left", validate="one_to_one")
    return merged.assign(
        reading=merged["days_since_observed"] == 0,
        region=region_numbers(merged["site_id"].tolist()),
        category=aqi_category(pm25_aqi(merged["pm25_observed_ugm3"])),
    )


def _row(forecasts: pd.DataFrame) -> dict[str, Any]:
    found = compute_metrics(forecasts, reference="reference_ugm3")
    brier = brier_scores(forecasts, limits_ugm3=EVENT_LIMITS_UGM3)["brier_score"]
    return {
        **found,
        "forecasts": found["rows"],
        "sites": forecasts["site_id"].nunique(),
        "compared_forecasts": found["compared_rows"],
        "skill_over_damped": found["skill"],
        **{f"brier_{limit_suffix(limit)}": score for limit, score in zip(EVENT_LIMITS_UGM3, brier, strict=True)},
    }
