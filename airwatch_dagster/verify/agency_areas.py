"""The agencies' forecasts of reporting areas, and the sites they are compared at (docs/explanation/scoreboard.md)."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airnow.areas import nearest_areas
from airwatch_dagster.clean.aqi import AQI_2012, AQI_2024, aqi_category, pm25_aqi, pm25_of_aqi
from airwatch_dagster.fit.examples import valid_truth
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, HORIZONS_DAYS

AREA: Final = ["reporting_area", "state"]

CASE: Final = ["place", "issue_date", "horizon_days"]


def relevant_records(records: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``agency_forecasts`` that the comparison needs: PM2.5 forecasts, and one record of each other area of
    the US in each file, whose position says which sites are not another area's."""
    of_us = records[records["state"].notna()]
    is_forecast = (of_us["record_type"] == "F") & (of_us["parameter"] == "PM2.5")
    others = of_us[~is_forecast].drop_duplicates(["archived_on", *AREA])
    return pd.concat([of_us[is_forecast], others]).sort_index()


def area_forecasts(records: pd.DataFrame) -> pd.DataFrame:
    """The agencies' PM2.5 forecasts by reporting area, at the lead of the AirWatch forecast published on the same day.

    Columns: reporting_area, state, issue_date, horizon_days, target_date, agency_aqi, agency_category. An agency issues
    on the day after AirWatch's issue date, so issue_date is the day before the agency's. Of a forecast archived several
    times the first copy counts; a copy of after its target date does not, nor does a category that is not EPA's.
    """
    is_forecast = (records["record_type"] == "F") & (records["parameter"] == "PM2.5") & records["state"].notna()
    aqi = records["agency_aqi"]
    category = aqi_category(aqi).fillna(records["agency_category"])
    forecasts = records.assign(agency_category=category)[
        is_forecast & category.isin(AQI_CATEGORIES) & (records["archived_on"] <= records["target_date"])
    ]
    first = forecasts.sort_values("archived_on", kind="stable").drop_duplicates([*AREA, "issue_date", "target_date"])
    issue_date = first["issue_date"] - pd.Timedelta(days=1)
    lead = (first["target_date"] - issue_date).dt.days
    dated = first.assign(issue_date=issue_date, horizon_days=lead)[lead.isin(HORIZONS_DAYS)]
    return dated[[*AREA, "issue_date", "horizon_days", "target_date", "agency_aqi", "agency_category"]]


def sites_of_areas(records: pd.DataFrame, *, site_days: pd.DataFrame) -> pd.DataFrame:
    """site_id, reporting_area and state: each site of ``site_days`` with the nearest area of the US in ``records``.

    Areas count whatever they forecast. A site without an area (``nearest_areas``) has no row.
    """
    areas = records[records["state"].notna()].sort_values("archived_on").drop_duplicates(AREA, keep="last")
    sites = site_days.sort_values("date_local").drop_duplicates("site_id", keep="last")
    nearest = nearest_areas(sites, areas)
    found = sites.loc[nearest >= 0, ["site_id"]].reset_index(drop=True)
    return pd.concat([found, areas[AREA].iloc[nearest[nearest >= 0]].reset_index(drop=True)], axis=1)


def area_cases(scores: pd.DataFrame, *, site_days: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """One row per reporting area, issue date and horizon that the agency and AirWatch forecast and that was observed.

    The area's observed value is the highest of its sites with a valid observation, AirWatch's forecast the highest of
    its forecasts there. A day on which AirWatch has no forecast of one of the observed sites is left out, for the worst
    site may be that one. Columns: place (the area and its state), site_id (its first site), issue_date, horizon_days,
    target_date, airwatch_ugm3, agency_ugm3 (null when only a category was issued), observed_ugm3, and their categories
    by the AQI table in force on the agency's issue date: airwatch_category, agency_category, observed_category.
    """
    membership = sites_of_areas(records, site_days=site_days)
    truth = valid_truth(site_days, first=scores["target_date"].min(), last=scores["target_date"].max())
    observed = truth.merge(membership, on="site_id").groupby([*AREA, "target_date"], as_index=False)
    highest = observed.agg(
        observed_ugm3=("pm25_observed_ugm3", "max"), sites=("site_id", "size"), site_id=("site_id", "min")
    )
    served = scores.merge(membership, on="site_id").groupby([*AREA, "issue_date", "horizon_days"], as_index=False)
    forecast = served.agg(airwatch_ugm3=("pm25_ugm3", "max"), forecast_sites=("site_id", "size"))
    cases = area_forecasts(records).merge(forecast, on=[*AREA, "issue_date", "horizon_days"])
    cases = cases.merge(highest, on=[*AREA, "target_date"])
    return _by_aqi_in_force(cases[cases["forecast_sites"] == cases["sites"]])


def _by_aqi_in_force(cases: pd.DataFrame) -> pd.DataFrame:
    """The cases with the agency's concentration and all categories, and the area as one place."""
    is_2024 = cases["issue_date"] + pd.Timedelta(days=1) >= pd.Timestamp(AQI_2024.in_force_from)
    agency = pd.Series(np.nan, index=cases.index)
    categories: dict[str, list[pd.Series]] = {}
    for table, where in ((AQI_2012, ~is_2024), (AQI_2024, is_2024)):
        agency[where] = pm25_of_aqi(cases.loc[where, "agency_aqi"], table=table)
        for name in ("airwatch", "observed"):
            found = aqi_category(pm25_aqi(cases.loc[where, f"{name}_ugm3"], table=table))
            categories.setdefault(f"{name}_category", []).append(found)
    by_table = {name: pd.concat(parts) for name, parts in categories.items()}
    return cases.assign(
        place=cases["reporting_area"] + ", " + cases["state"], agency_ugm3=agency, **by_table
    ).sort_values(CASE, ignore_index=True)
