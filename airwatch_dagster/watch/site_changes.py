"""Sites that opened, closed or moved."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.deadlines import due_on
from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.parameters import PM25_PARAMETER
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import SITE_POC
from airwatch_dagster.watch.monitor_spells import CLOSED_AFTER_DAYS, same_as_before

RELOCATION_M: Final = 200.0
"""Distance between two positions (m) above which a site has moved.

Between EPA's files of 2012 and 2018, 59 of 813 sites have another position: 43 differ by less than a metre (last
digit), 15 by 2-132 m (resurveyed, from whole seconds or minutes to decimals, from NAD83 to WGS84), and one by 21 km."""

FIRST_DAYS_OF_HISTORY: Final = 14
"""Days from the start of a source's history within which a first reading is not an opening, because the site may have
run before. They include the second sampling day of a 1-in-6 filter."""

_SITE: Final = ["site_id", "parameter_code"]


def relocations(spells: pd.DataFrame) -> pd.DataFrame:
    """Moves by more than ``RELOCATION_M``, dated by the first day at the new position; rows of monitor_changes.

    EPA publishes one position per site and not per day, so moves only show between files of different vintages.
    """
    rows = spells.sort_values([*_SITE, "first_day"], kind="stable", ignore_index=True)
    is_same_site = same_as_before(rows, _SITE)
    places = rows[["latitude", "longitude"]]
    old = places.shift()
    start, end = (np.radians(degrees.to_numpy(dtype=float)) for degrees in (old, places))
    metres = 1000.0 * great_circle_km(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    moved = is_same_site & (metres > RELOCATION_M)
    there, here = old[moved], rows[moved]
    return _site_rows(here, changed_on=here["first_day"], kind="relocation").assign(
        before=[f"{place.latitude:.5f}, {place.longitude:.5f}" for place in there.itertuples()],
        after=[f"{place.latitude:.5f}, {place.longitude:.5f}" for place in here.itertuples()],
        description=[
            f"The site's published position moved by {distance / 1000.0:.1f} km: another place, other air."
            for distance in metres[moved]
        ],
    )


def openings_and_closings(spells: pd.DataFrame, *, today: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """First readings of sites, and last ones after ``CLOSED_AFTER_DAYS`` of silence; both as rows of monitor_changes.

    First readings in the first days of a source's history, or after years that were never ingested, are not openings,
    and such years do not count as silence. A last reading closes a site once other sites have readings that much later
    and EPA's deadline for the day after it has passed. A site that returns after such a silence was closed and opened.
    A closing is dated by the day after the last reading. Each parameter has its own history: one may have been read for
    more years than the other, and a site that moves to the other closes under one and opens under the other.
    """
    parts = [_of_parameter(part, today=today) for _, part in spells.groupby("parameter_code")]
    nothing = TABLES["monitor_changes"].empty().drop(columns="is_context")
    openings, closings = zip(*parts, strict=True) if parts else ((nothing,), (nothing,))
    return _joined(openings), _joined(closings)


def _of_parameter(spells: pd.DataFrame, *, today: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``openings_and_closings`` of the spells of one parameter."""
    open_times = _open_times(spells)
    returned = same_as_before(open_times, _SITE)
    opened = open_times[returned | ~_begins_with_history(open_times, spells)]
    openings = _site_rows(opened, changed_on=opened["first_day"], kind="opened").assign(
        before=None,
        after="running",
        description=_reading_texts(opened, "first"),
    )
    closed = open_times[_ended(open_times, spells, today=today)]
    day_after = closed["last_day"] + pd.Timedelta(days=1)
    closings = _site_rows(closed, changed_on=day_after, kind="closed").assign(
        before="running",
        after=None,
        description=_reading_texts(closed, "last"),
    )
    return openings, closings


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if len(part)] or list(parts[:1]))


def _reading_texts(sites: pd.DataFrame, which: Literal["first", "last"]) -> list[str]:
    """``The site's first reading is of 2021-07-04.`` per site; with the parameter unless it is 88101."""
    readings = [
        f"{which} reading" if code == PM25_PARAMETER else f"{which} reading of {code}"
        for code in sites["parameter_code"]
    ]
    days = sites[f"{which}_day"]
    return [f"The site's {reading} is of {day:%Y-%m-%d}." for reading, day in zip(readings, days, strict=True)]


def _open_times(spells: pd.DataFrame) -> pd.DataFrame:
    """Spells in which a monitor of the site, or AirNow, has a reading at least every ``CLOSED_AFTER_DAYS``."""
    rows = spells.sort_values([*_SITE, "first_day"], kind="stable", ignore_index=True)
    rows = rows.assign(by_airnow=rows["poc"] == SITE_POC, last_day=rows.groupby(_SITE)["last_day"].cummax())
    silence = _read_days(spells, since=rows["last_day"].shift(), until=rows["first_day"])
    goes_on = same_as_before(rows, _SITE) & (silence <= CLOSED_AFTER_DAYS)
    groups = rows.groupby((~goes_on).cumsum())
    return groups.first().assign(last_day=groups["last_day"].max())[[*_SITE, "first_day", "last_day", "by_airnow"]]


def _ended(open_times: pd.DataFrame, spells: pd.DataFrame, *, today: pd.Timestamp) -> pd.Series:
    returns = same_as_before(open_times[::-1], _SITE)[::-1]
    history_end = pd.Series(spells["last_day"].max(), index=open_times.index)
    is_long_ago = _read_days(spells, since=open_times["last_day"], until=history_end) >= CLOSED_AFTER_DAYS
    next_day_was_due = due_on(open_times["last_day"] + pd.Timedelta(days=1)) < today
    return returns | (is_long_ago & next_day_was_due)


def _begins_with_history(open_times: pd.DataFrame, spells: pd.DataFrame) -> pd.Series:
    """Whether a spell starts within the first ``FIRST_DAYS_OF_HISTORY`` of a part of its source's history."""
    is_airnow = spells["poc"] == SITE_POC
    begins = pd.Series(False, index=open_times.index)
    for by_airnow, history in spells.groupby(is_airnow):
        first_days = open_times.loc[open_times["by_airnow"] == by_airnow, "first_day"]
        parts = _parts(history)["first_day"]
        part_start = parts.iloc[parts.searchsorted(first_days, side="right") - 1].to_numpy()
        begins[first_days.index] = first_days - part_start < pd.Timedelta(days=FIRST_DAYS_OF_HISTORY)
    return begins


def _read_days(spells: pd.DataFrame, *, since: pd.Series, until: pd.Series) -> pd.Series:
    """Days between two dates, row by row, without the gaps between parts of the history; nan where one is null."""
    parts = _parts(spells)
    unread = (parts["first_day"] - parts["last_day"].shift()).dt.days.fillna(0).cumsum().to_numpy()
    before_since, before_until = (
        unread[np.maximum(parts["first_day"].searchsorted(days, side="right") - 1, 0)] for days in (since, until)
    )
    return (until - since).dt.days - (before_until - before_since)


def _parts(spells: pd.DataFrame) -> pd.DataFrame:
    """First and last day of every part of the history; the gaps between parts are longer than ``CLOSED_AFTER_DAYS``."""
    rows = spells.sort_values("first_day", kind="stable", ignore_index=True)
    rows["last_day"] = rows["last_day"].cummax()
    silence = (rows["first_day"] - rows["last_day"].shift()).dt.days
    part = (silence > CLOSED_AFTER_DAYS).cumsum()
    return rows.groupby(part).agg(first_day=("first_day", "min"), last_day=("last_day", "max"))


def _site_rows(rows: pd.DataFrame, *, changed_on: pd.Series, kind: str) -> pd.DataFrame:
    columns = [name for name in TABLES["monitor_changes"].column_names if name != "is_context"]
    return rows.assign(poc=SITE_POC, changed_on=changed_on, kind=kind).reindex(columns=columns)
