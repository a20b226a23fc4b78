"""From many published rows to one value per monitor and day."""

from typing import Final

import pandas as pd

from airwatch_dagster.errors import BadPayload

PM25_PARAMETER: Final = "88101"
"""PM2.5 by federal reference or equivalent method; 88502 is not comparable and never mixed in."""

DAILY_DURATIONS: Final = ("24 HOUR", "24-HR BLK AVG")
"""Durations that state a day's mean, in order of preference: a filter's day, a continuous monitor's block average."""

EVENT_RANK: Final = {
    "Events Included": 0,
    "Included": 0,
    "No Events": 1,
    "None": 1,
}
"""All air counts: rows with events included win over rows without event flags; rows with events removed never count.
The first spelling is the AQS API's, the second AirData's. Source: AQS event types."""

MIN_OBSERVATION_PERCENT: Final = 75.0
"""Percent of scheduled observations for a day to be truth. Source: 40 CFR 50 App. N 3.0."""

MONITOR_DAY_KEY: Final = ("state_code", "county_code", "site_number", "parameter_code", "poc", "date_local")


def monitor_days(raw_readings: pd.DataFrame) -> pd.DataFrame:
    """Exactly one row per monitor and day, of the current versions in ``raw_readings``.

    Keeps the raw columns and adds ``site_id``, ``pm25_ugm3`` and ``is_valid``; an invalid day is kept and
    flagged. Rows without a mean are left out. Raises BadPayload where two 24-hour standards of one
    monitor-day disagree. Source: DOMAIN rules of AQS dailyData; 40 CFR 50 App. N.
    """
    rows = _daily_rows(raw_readings)
    rows = rows.sort_values([*MONITOR_DAY_KEY, "_duration_rank", "_event_rank", "_standard_year"], kind="stable")
    _check_standards_agree(rows)
    newest = rows.groupby(list(MONITOR_DAY_KEY), sort=False)["_standard_year"].transform("max")
    best = rows[(rows["_standard_year"] == newest) | newest.isna()].drop_duplicates(list(MONITOR_DAY_KEY), keep="first")
    best = best.assign(
        site_id=best["state_code"] + best["county_code"] + best["site_number"],
        pm25_ugm3=best["arithmetic_mean"].astype("float64"),
        is_valid=_is_valid(best),
    )
    return best.drop(columns=["_duration_rank", "_event_rank", "_standard_year"]).reset_index(drop=True)


def _daily_rows(raw: pd.DataFrame) -> pd.DataFrame:
    """Current 88101 rows that state a day's mean for a 24-hour standard, events not removed, with their ranks."""
    wanted = (
        raw["superseded_at"].isna()
        & (raw["parameter_code"] == PM25_PARAMETER)
        & raw["sample_duration"].isin(DAILY_DURATIONS)
        & raw["event_type"].fillna("None").isin(EVENT_RANK)
        & raw["arithmetic_mean"].notna()
        & ~raw["pollutant_standard"].str.contains("annual", case=False, na=False)
    )
    rows = raw[wanted]
    return rows.assign(
        _duration_rank=rows["sample_duration"].map({name: rank for rank, name in enumerate(DAILY_DURATIONS)}),
        _event_rank=rows["event_type"].fillna("None").map(EVENT_RANK),
        _standard_year=rows["pollutant_standard"].str.extract(r"(\d{4})\s*$", expand=False).astype("float64"),
    )


def _check_standards_agree(rows: pd.DataFrame) -> None:
    """All 24-hour standards restate the same day: they must carry the same value."""
    same_row = [*MONITOR_DAY_KEY, "sample_duration", "_event_rank"]
    values = rows.groupby(same_row, sort=False)["arithmetic_mean"]
    spread = values.transform("max") - values.transform("min")
    if (spread > 0).any():
        bad = rows.iloc[int(spread.to_numpy().argmax())]
        monitor = "-".join(str(bad[name]) for name in MONITOR_DAY_KEY[:-1])
        raise BadPayload(
            f"raw_readings of monitor {monitor} on {bad['date_local']:%Y-%m-%d}",
            f"its 24-hour standards disagree by {spread.max():g} µg/m³, though they restate the same day",
            fix="Report the rows to the AQS data steward, or pull the day again once EPA has mended them",
        )


def _is_valid(rows: pd.DataFrame) -> pd.Series:
    """Valid as truth: not marked N, and at least 75 percent of the scheduled observations where the share is known."""
    enough = rows["observation_percent"].fillna(100.0) >= MIN_OBSERVATION_PERCENT
    return (rows["validity_indicator"].fillna("Y") == "Y") & enough
