"""The cases that all forecasters of a comparison have forecast, as one long frame: the only ones that are scored."""

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

from airwatch_dagster.clean.aqi import aqi_category, pm25_aqi
from airwatch_dagster.fit.champion.regions import region_numbers
from airwatch_dagster.schemas.columns import BASELINES, HORIZONS_DAYS
from airwatch_dagster.schemas.forecasters import AGENCIES, AIRWATCH, BASELINES_COMPARISON, EARLY_ISSUE, NEAREST_SITE
from airwatch_dagster.verify.agency_areas import area_cases
from airwatch_dagster.verify.nearest_site import nearest_site_forecasts

SITE_CASE: Final = ["site_id", "issue_date", "horizon_days"]

PROBABILITIES: Final = ("probability_above_9_0", "probability_above_35_4")

COLUMNS: Final = (
    *("comparison", "forecaster", "place", "region", "horizon_days", "target_date"),
    *("pm25_ugm3", "pm25_observed_ugm3", "forecast_category", "observed_category", "has_value"),
    *(*PROBABILITIES, "is_covered"),
)
"""Columns of the cases: µg/m³; categories by the same AQI table; ``has_value`` is true where every forecaster of the
comparison gave a concentration; probabilities and ``is_covered`` (1 or 0) are null where there is none."""


def compared_cases(
    scores: pd.DataFrame,
    *,
    candidates: pd.DataFrame,
    site_days: pd.DataFrame,
    agency_forecasts: pd.DataFrame,
    others: pd.DataFrame,
    early: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per comparison, case and forecaster, in ``COLUMNS``; within a comparison all forecasters have the same
    cases in the same order.

    ``scores`` are rows of ``forecast_scores``: their site-days are the ones compared. ``candidates`` are rows of
    ``candidate_scores``, ``site_days`` those of the issue and target dates of the scores, ``agency_forecasts`` the
    records archived from the first issue date on, ``others`` rows of ``other_forecasts``, ``early`` rows of
    ``early_scores``; each may be empty. A
    forecaster without any forecast of these site-days is not compared, instead of leaving no case to the others.
    """
    if scores.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    truth = _truth(scores)
    airwatch = _with_numbers(scores)
    baselines = {name: candidates[candidates["model_family"] == name] for name in BASELINES}
    nearest = {NEAREST_SITE: _nearest(scores, site_days)}
    comparisons = {BASELINES_COMPARISON: {**baselines, **nearest}}
    comparisons |= {} if early is None else {EARLY_ISSUE: {EARLY_ISSUE: _with_numbers(early)}}
    comparisons |= {name: {name: rows} for name, rows in _by_forecaster(others)}
    frames = [
        _identical(name, {AIRWATCH: airwatch, **forecasters}, truth=truth) for name, forecasters in comparisons.items()
    ]
    frames.append(_with_agencies(scores, site_days, agency_forecasts))
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)[list(COLUMNS)]


def _with_numbers(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.assign(is_covered=scores["is_covered"].astype(float))


def _truth(scores: pd.DataFrame) -> pd.DataFrame:
    """The observed side of each case, by the current AQI table."""
    truth = scores[[*SITE_CASE, "target_date", "pm25_observed_ugm3"]]
    return truth.assign(
        place=truth["site_id"],
        region=region_numbers(truth["site_id"].tolist()),
        observed_category=aqi_category(pm25_aqi(truth["pm25_observed_ugm3"])),
    )


def _nearest(scores: pd.DataFrame, site_days: pd.DataFrame) -> pd.DataFrame:
    """Nearest-neighbour persistence of every site and issue date of the scores, at all leads."""
    issued = scores[["site_id", "issue_date"]].drop_duplicates()
    forecasts = nearest_site_forecasts(issued, site_days=site_days)
    return pd.concat([forecasts.assign(horizon_days=lead) for lead in HORIZONS_DAYS], ignore_index=True)


def _by_forecaster(others: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    lower, upper = others["pm25_lower_ugm3"], others["pm25_upper_ugm3"]
    for name, rows in others.assign(lower=lower, upper=upper).groupby("forecaster", sort=True):
        yield str(name), rows


def _identical(comparison: str, forecasters: Mapping[str, pd.DataFrame], *, truth: pd.DataFrame) -> pd.DataFrame:
    """The cases that all forecasters with any of them have in common; without rows when AirWatch is alone."""
    joined = {
        name: truth.merge(_given(rows), on=SITE_CASE, validate="one_to_one") for name, rows in forecasters.items()
    }
    present = {name: rows for name, rows in joined.items() if len(rows)}
    if len(present) < 2 or AIRWATCH not in present:
        return pd.DataFrame(columns=list(COLUMNS))
    cases = pd.concat([rows.assign(forecaster=name) for name, rows in present.items()], ignore_index=True)
    is_common = cases.groupby(SITE_CASE)["forecaster"].transform("size") == len(present)
    common = cases[is_common].sort_values(SITE_CASE, kind="stable", ignore_index=True)
    is_covered = common["is_covered"].where(common["is_covered"].notna(), _covered(common))
    category = aqi_category(pm25_aqi(common["pm25_ugm3"]))
    return common.assign(comparison=comparison, has_value=True, is_covered=is_covered, forecast_category=category)


def _given(rows: pd.DataFrame) -> pd.DataFrame:
    """What a forecaster gave; null in the columns it does not have."""
    columns = ["pm25_ugm3", *PROBABILITIES, "is_covered", "lower", "upper"]
    return rows.reindex(columns=[*SITE_CASE, *columns]).astype(dict.fromkeys(columns, float))


def _covered(cases: pd.DataFrame) -> pd.Series:
    """1 where the interval contains the observed value, 0 where not, null without an interval; negative counts as 0."""
    observed = cases["pm25_observed_ugm3"].clip(lower=0.0)
    return observed.between(cases["lower"], cases["upper"]).astype(float).where(cases["lower"].notna())


def _with_agencies(scores: pd.DataFrame, site_days: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """AirWatch and the agencies at reporting areas, without probabilities and intervals: they hold for a site."""
    areas = area_cases(scores, site_days=site_days, records=records)
    shared = areas.assign(
        comparison=AGENCIES,
        region=region_numbers(areas["site_id"].tolist()),
        pm25_observed_ugm3=areas["observed_ugm3"],
        has_value=areas["agency_ugm3"].notna(),
        is_covered=float("nan"),
        **dict.fromkeys(PROBABILITIES, float("nan")),
    )
    sides = {AIRWATCH: "airwatch", AGENCIES: "agency"}
    return pd.concat(
        [
            shared.assign(forecaster=name, pm25_ugm3=areas[f"{side}_ugm3"], forecast_category=areas[f"{side}_category"])
            for name, side in sides.items()
        ],
        ignore_index=True,
    )
