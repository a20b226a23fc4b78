"""From published rows to one value per monitor and day."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import (
    BLOCK_AVERAGE,
    EVENTS_INCLUDED,
    FILTER_DAY,
    NO_EVENTS,
    counts_for_site_days,
)
from airwatch_dagster.acquire.pulls import SITE_DAY, is_provisional
from airwatch_dagster.acquire.readings import key_codes
from airwatch_dagster.errors import BadPayload
from airwatch_dagster.parameters import PM25_PARAMETER
from airwatch_dagster.schemas.columns import SITE_POC

DAILY_DURATIONS: Final = (FILTER_DAY, BLOCK_AVERAGE)
"""Sample durations of a day's mean, in order of preference: a filter's day, a continuous monitor's block average."""

EVENT_RANK: Final = dict.fromkeys(EVENTS_INCLUDED, 0) | dict.fromkeys(NO_EVENTS, 1)
"""Event types that count, best first: smoke and dust are part of the air, so rows that exclude events never count."""

MIN_OBSERVATION_PERCENT: Final = 75.0
"""Percent of scheduled observations that make a day valid. Source: 40 CFR 50 App. N 3.0."""

MONITOR_DAY_KEY: Final = ("state_code", "county_code", "site_number", "parameter_code", "poc", "date_local")


def monitor_days(raw_readings: pd.DataFrame, *, parameters: Sequence[str] = (PM25_PARAMETER,)) -> pd.DataFrame:
    """Exactly one row per monitor and day, of the current versions of ``parameters`` in ``raw_readings``.

    Adds ``site_id``, ``pm25_ugm3`` (µg/m³) and ``is_valid`` to the raw columns; invalid days stay, flagged. Left out
    are rows without a mean, AirNow's rows where another source has the monitor-day, and rows of a whole site where one
    of its monitors, of either parameter, has the day. Raises BadPayload when two 24-hour standards of one monitor-day
    disagree.
    Source: AQS dailyData; 40 CFR 50 App. N.
    """
    return _one_per_monitor_day(raw_readings, parameters, must_agree=True)


def published_days(raw_readings: pd.DataFrame, *, parameters: Sequence[str] = (PM25_PARAMETER,)) -> pd.DataFrame:
    """As ``monitor_days``, but where standards disagree the newest counts: the value as published, right or wrong."""
    return _one_per_monitor_day(raw_readings, parameters, must_agree=False)


def _one_per_monitor_day(raw: pd.DataFrame, parameters: Sequence[str], *, must_agree: bool) -> pd.DataFrame:
    rows = _final_before_provisional(_daily_rows(raw, parameters))
    rows = rows.assign(_monitor_day=key_codes(rows, MONITOR_DAY_KEY))
    rows = rows.sort_values(["_monitor_day", "_duration_rank", "_event_rank", "_standard_year"], kind="stable")
    if must_agree:
        _check_standards_agree(rows)
    newest = rows.groupby("_monitor_day", sort=False)["_standard_year"].transform("max")
    best = rows[(rows["_standard_year"] == newest) | newest.isna()].drop_duplicates("_monitor_day", keep="first")
    best = best.assign(
        site_id=best["state_code"] + best["county_code"] + best["site_number"],
        pm25_ugm3=best["arithmetic_mean"].astype("float64"),
        is_valid=_is_valid(best),
    )
    return best.drop(columns=["_monitor_day", "_duration_rank", "_event_rank", "_standard_year"]).reset_index(drop=True)


def _daily_rows(raw: pd.DataFrame, parameters: Sequence[str]) -> pd.DataFrame:
    """Current rows of a day's mean for a 24-hour standard, events not excluded, with their ranks."""
    wanted = (
        raw["superseded_at"].isna()
        & raw["parameter_code"].isin(parameters)
        & raw["sample_duration"].isin(DAILY_DURATIONS)
        & raw["event_type"].fillna("None").isin(EVENT_RANK)
        & raw["arithmetic_mean"].notna()
        & ~_of_distinct(raw["pollutant_standard"], lambda names: names.str.contains("annual", case=False, na=False))
    )
    rows = raw[wanted]
    return rows.assign(
        _duration_rank=rows["sample_duration"].map({name: rank for rank, name in enumerate(DAILY_DURATIONS)}),
        _event_rank=rows["event_type"].fillna("None").map(EVENT_RANK),
        _standard_year=_of_distinct(
            rows["pollutant_standard"],
            lambda names: names.str.extract(r"(\d{4})\s*$", expand=False).astype("float64"),
        ),
    )


def _of_distinct(texts: pd.Series, rule: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """What ``rule`` makes of each text; it sees each distinct one once, and there are few."""
    numbers, distinct = pd.factorize(texts, use_na_sentinel=False)
    return pd.Series(rule(pd.Series(distinct, dtype=object)).to_numpy()[numbers], index=texts.index)


def _final_before_provisional(rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` without AirNow's where another source has the monitor-day or, for a whole site, one of its monitors."""
    provisional = is_provisional(rows)
    if not provisional.any():
        return rows
    of_site = provisional & (rows["poc"] == SITE_POC).to_numpy()
    monitor_day = key_codes(rows, MONITOR_DAY_KEY)
    site_day = key_codes(rows, SITE_DAY)
    is_replaced = provisional & np.isin(monitor_day, monitor_day[~provisional])
    is_replaced |= of_site & np.isin(site_day, site_day[~of_site & counts_for_site_days(rows)])
    return rows[~is_replaced]


def _check_standards_agree(rows: pd.DataFrame) -> None:
    """Raise unless all 24-hour standards state the same value of a monitor-day."""
    values = rows.groupby(["_monitor_day", "_duration_rank", "_event_rank"], sort=False)["arithmetic_mean"]
    spread = values.transform("max") - values.transform("min")
    if (spread > 0).any():
        bad = rows.iloc[int(spread.to_numpy().argmax())]
        monitor = "-".join(str(bad[name]) for name in MONITOR_DAY_KEY[:-1])
        raise BadPayload(
            f"raw_readings of monitor {monitor} on {bad['date_local']:%Y-%m-%d}",
            f"its 24-hour standards disagree by {spread.max():g} µg/m³, but must state the same value",
            fix="Ingest the day again; if it came from a file, first check that nobody edited the file",
        )


def _is_valid(rows: pd.DataFrame) -> pd.Series:
    """Not marked N, and at least 75 percent of the scheduled observations where the percentage is published."""
    is_complete = rows["observation_percent"].fillna(100.0) >= MIN_OBSERVATION_PERCENT
    return (rows["validity_indicator"].fillna("Y") == "Y") & is_complete
