"""From monitor-days to one value per site and day (40 CFR 50 App. N)."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import counts_for_site_days
from airwatch_dagster.acquire.pulls import PROVISIONAL_SOURCE
from airwatch_dagster.clean.aqi import pm25_aqi
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster.parameters import PARAMETERS, PM25_PARAMETER
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import SITE_POC

RESTATED_METHODS: Final = frozenset({"736", "738"})
"""Methods of corrected T640 values, which EPA publishes in addition to the original row of the same instrument.
Source: EPA's T640 data alignment, as seen in AQS from 2023."""

ORIGINAL_METHODS: Final = frozenset({"236", "238"})
"""Methods of T640 values before the correction."""

RESTATED_POC_OFFSET: Final = 20
"""POC of a corrected row minus the POC of its original."""

SITE_DAY_KEY: Final = ["site_id", "date_local"]


def site_days(
    raw_readings: pd.DataFrame, *, monitors: pd.DataFrame, parameters: Sequence[str] = PARAMETERS
) -> pd.DataFrame:
    """Exactly one row per site and day with a published mean, in the columns of ``site_days``, sorted by both.

    The value is the valid one of the primary monitor or, without it, the mean of the valid collocated monitors, of
    parameter 88101; without a valid one of 88101, the mean of the valid continuous monitors of 88502, if ``parameters``
    has it. Filters of 88502 give no value. A day without a valid value gets the same choice among the invalid ones,
    flagged. A restated T640 pair is one instrument: the corrected row replaces the original and takes over its
    designation. AirNow's value of a whole site counts only where no monitor that gives a value has published one, valid
    or not. Raises BadPayload as ``monitor_days`` does.
    Source: 40 CFR 50 App. N 3.0(d), 40 CFR 58 App. G; T640 rule as observed in AQS.
    """
    of_monitors = monitor_days(raw_readings, parameters=parameters)
    days = _without_restated_originals(of_monitors[counts_for_site_days(of_monitors)])
    days["is_primary"] = _designations(days, monitors).to_numpy()
    days["_site_is_designated"] = _site_is_designated(days, monitors).to_numpy()
    return _finished(_chosen(days))


def _without_restated_originals(days: pd.DataFrame) -> pd.DataFrame:
    """``days`` without the originals of restated pairs; ``_designated_poc`` is the POC under which EPA lists the
    monitor."""
    is_corrected = days["method_code"].isin(RESTATED_METHODS) & (days["poc"] > RESTATED_POC_OFFSET)
    original_poc = days["poc"] - RESTATED_POC_OFFSET * is_corrected
    columns = ["site_id", "parameter_code", "date_local"]
    own, corrected = (
        pd.MultiIndex.from_frame(rows[columns].assign(poc=pocs))
        for rows, pocs in ((days, days["poc"]), (days[is_corrected], original_poc[is_corrected]))
    )
    is_replaced = days["method_code"].isin(ORIGINAL_METHODS) & own.isin(corrected)
    return days.assign(_designated_poc=original_poc, is_restated=is_corrected)[~is_replaced].reset_index(drop=True)


def _designations(days: pd.DataFrame, monitors: pd.DataFrame) -> pd.Series:
    """Whether each monitor-day belongs to the primary monitor of its site, by its own POC or that of its original."""
    primary = monitors.loc[monitors["is_primary"], ["site_id", "parameter_code", "poc"]]
    listed = pd.MultiIndex.from_frame(primary)
    by_poc = [
        pd.MultiIndex.from_frame(days[["site_id", "parameter_code", poc]]).isin(listed)
        for poc in ("poc", "_designated_poc")
    ]
    return pd.Series(by_poc[0] | by_poc[1], index=days.index)


def _site_is_designated(days: pd.DataFrame, monitors: pd.DataFrame) -> pd.Series:
    """Whether a primary monitor of the site had opened by the day; one that opens later does not change earlier
    days."""
    primary = monitors[monitors["is_primary"]]
    opened = primary["open_date"].fillna(pd.Timestamp.min).groupby(primary["site_id"]).min()
    return days["site_id"].map(opened) <= days["date_local"]


def _chosen(days: pd.DataFrame) -> pd.DataFrame:
    """The monitor-days behind each site-day, with ``chosen_by``: valid before invalid, 88101 before 88502, primary
    before collocated."""
    any_valid = days.groupby(SITE_DAY_KEY, sort=False)["is_valid"].transform("any")
    days = days.assign(
        _monitor_count=days.groupby([*SITE_DAY_KEY, "parameter_code"], sort=False)["poc"].transform("size")
    )
    days = days.assign(_is_88101=days["parameter_code"] == PM25_PARAMETER)[days["is_valid"] | ~any_valid]
    any_88101 = days.groupby(SITE_DAY_KEY, sort=False)["_is_88101"].transform("any")
    days = days[days["_is_88101"] | ~any_88101]
    has_primary = days.groupby(SITE_DAY_KEY, sort=False)["is_primary"].transform("any")
    days = days[days["is_primary"] | ~has_primary]
    of_88502, is_alone = ~days["_is_88101"], days["_monitor_count"] == 1
    rules = {
        "airnow_site": days["poc"] == SITE_POC,
        "acceptable_monitor": of_88502 & is_alone,
        "acceptable_average": of_88502,
        "primary_monitor": days["is_primary"],
        "collocated_average": days["_site_is_designated"],
        "sole_monitor": is_alone,
    }
    rule = np.select(list(rules.values()), list(rules), default="undesignated_average")
    return days.assign(chosen_by=rule).sort_values([*SITE_DAY_KEY, "poc"], kind="stable")


def _finished(chosen: pd.DataFrame) -> pd.DataFrame:
    """One row per site-day, averaged over the chosen monitors; the method is null where they differ."""
    groups = chosen.groupby(SITE_DAY_KEY, sort=True)
    of_site = ["latitude", "longitude", "cbsa_code", "state_code"]
    first = groups[["parameter_code", "chosen_by", "method_code", "is_valid", *of_site]].first()
    out = first.assign(
        pm25_ugm3=groups["pm25_ugm3"].mean(),
        monitor_count=groups.size(),
        is_restated=groups["is_restated"].any(),
        is_provisional=(chosen["source"] == PROVISIONAL_SOURCE).groupby([chosen[name] for name in SITE_DAY_KEY]).any(),
    )
    out.loc[groups["method_code"].nunique(dropna=False).gt(1), "method_code"] = None
    out["aqi"] = pm25_aqi(out["pm25_ugm3"]).astype("int64")
    return out.reset_index()[TABLES["site_days"].column_names]
