"""Days without a reading among days with readings."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import counts_for_site_days, listed_for_site_days
from airwatch_dagster.acquire.readings import SITE_COLUMNS
from airwatch_dagster.clean.monitor_days import MIN_OBSERVATION_PERCENT
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.parameters import PARAMETERS
from airwatch_dagster.storage.tables import TableStorage

DAYS_BEFORE: Final = 14
"""Days before a day that tell whether its area reports daily; filters alone report every third or sixth day."""

MIN_DAYS_WITH_READINGS: Final = 12
"""Of these, the days with readings from which an empty day is a loss. Around a single filter none has so many."""

LONGEST_GAP: Final = 31
"""Days of a gap that are a loss each; a longer one is an outage, which `coverage` tells."""

SAMPLING_DAYS: Final = 6
"""Days in which every monitor is due at least once: PM2.5 is sampled every sixth day or more often. Source: 40 CFR
58.12(d)."""

EMPTY_CHECK: Final = {
    "no_day_emptied": Check(
        "A day of an area that reports daily has readings",
        follows="The forecasts of the next days lack these readings.",
        todo="Once EPA has published them, read the day again: `airwatch backfill DAY DAY --refresh`.",
    )
}

UNUSED_CHECK: Final = {
    "no_day_unused": Check(
        "Every site with readings of a day has a value of the day",
        follows="These sites count as not observed on the day, and their forecasts are not scored.",
        todo="See the rows with `airwatch inspect raw_readings DAY`; a duration or event of a new kind needs a change "
        "of the code.",
    )
}

MOST_SITES_NAMED: Final = 3
"""Sites that a finding names.

No site-day of the United States in 2018 fails the check: 169,320 have readings, and each a value."""


def emptied_days(
    tables: TableStorage, readings: pd.DataFrame, monitors: pd.DataFrame, *, partitions: list[str]
) -> dict[str, str]:
    """Partition → what is wrong, for days without a current row of the area in ``readings`` that should have some.

    These are the days of a gap of up to LONGEST_GAP days after days with rows, and a whole range without rows while
    ``monitors`` of the area are listed as operating. ``readings`` has the columns of raw_readings, of all
    ``partitions`` (days, in order). Rows of sites around the area do not count; without a list of monitors every row
    does.
    """
    counts = _current_rows(readings, monitors).reindex(partitions, fill_value=0)
    if (counts > 0).all():
        return {}
    operating = _operating(monitors, pd.Timestamp(partitions[0]), pd.Timestamp(partitions[-1]))
    if operating and len(partitions) >= SAMPLING_DAYS and not counts.any():
        listed = "1 monitor is" if operating == 1 else f"{operating} monitors are"
        return dict.fromkeys(partitions, f"no reading in {len(partitions)} days, though {listed} listed")
    first = pd.Timestamp(partitions[0])
    known_days = DAYS_BEFORE + LONGEST_GAP - 1
    before = [f"{day:%Y-%m-%d}" for day in pd.date_range(first - pd.Timedelta(days=known_days), periods=known_days)]
    columns = (*SITE_COLUMNS, "date_local", "superseded_at")
    known = _current_rows(tables.read("raw_readings", before, allow_missing=True, columns=columns), monitors)
    has_rows = pd.concat([known.reindex(before, fill_value=0), counts]) > 0
    # An empty day is judged by the days before its gap: else an outage would be a loss in its first days only.
    follows_rows = has_rows.shift(1, fill_value=False)
    of_days_before = has_rows.astype(int).rolling(DAYS_BEFORE).sum().shift(1)
    recent = of_days_before.where(follows_rows).ffill(limit=LONGEST_GAP - 1)
    lost = counts.index[(counts == 0) & (recent.reindex(counts.index) >= MIN_DAYS_WITH_READINGS)]
    text = f"no reading, though {MIN_DAYS_WITH_READINGS} or more of the {DAYS_BEFORE} days before the gap have some"
    return dict.fromkeys(lost, text)


def _operating(monitors: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> int:
    """Number of the area's monitors that are listed with data before ``last`` and after ``first``."""
    own = monitors[~monitors["is_context"].astype(bool) & listed_for_site_days(monitors)]
    has_begun = own["open_date"].isna() | (own["open_date"] <= last)
    return int((has_begun & (own["last_sample_date"].isna() | (own["last_sample_date"] >= first))).sum())


def unused_days(
    readings: pd.DataFrame, site_days: pd.DataFrame, *, parameters: Sequence[str] = PARAMETERS
) -> dict[str, str]:
    """Day → what is wrong, for days on which a site has current rows in ``readings`` and no row of ``site_days``.

    Rows of a day with too few observations do not count: such a day may have its hours without a mean of the day. Nor
    do rows of other ``parameters``, and filters of 88502, which give no value.
    """
    readings = readings[readings["parameter_code"].isin(parameters) & counts_for_site_days(readings)]
    is_complete = readings["observation_percent"].fillna(100.0) >= MIN_OBSERVATION_PERCENT
    current = readings[readings["superseded_at"].isna() & is_complete]
    current = current.assign(site_id=current[list(SITE_COLUMNS)].sum(axis="columns"))
    key = ["site_id", "date_local"]
    is_used = pd.MultiIndex.from_frame(current[key]).isin(pd.MultiIndex.from_frame(site_days[key]))
    found = {}
    for day, rows in current[~is_used].groupby("date_local"):
        words = {name: ", ".join(sorted(map(str, rows[name].unique()))) for name in ("sample_duration", "event_type")}
        sites = sorted(rows["site_id"].unique())
        named = ", ".join(sites[:MOST_SITES_NAMED]) + (", …" if len(sites) > MOST_SITES_NAMED else "")
        found[f"{day:%Y-%m-%d}"] = (
            f"none of {len(rows)} rows of {len(sites)} sites counts ({named}); "
            f"durations {words['sample_duration']}; events {words['event_type']}"
        )
    return found


def _current_rows(readings: pd.DataFrame, monitors: pd.DataFrame) -> pd.Series:
    """Current rows of the area's ``monitors`` by day as text; all current rows without monitors."""
    current = readings[readings["superseded_at"].isna()]
    if len(monitors):
        sites = current[SITE_COLUMNS[0]] + current[SITE_COLUMNS[1]] + current[SITE_COLUMNS[2]]
        current = current[sites.isin(monitors.loc[~monitors["is_context"].astype(bool), "site_id"])]
    return current["date_local"].dt.strftime("%Y-%m-%d").value_counts()
