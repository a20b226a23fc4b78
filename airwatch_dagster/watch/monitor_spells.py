"""Monitor spells: the history of every monitor as runs of days with one method at one position."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.parameters import PARAMETERS
from airwatch_dagster.schemas import TABLES

CLOSED_AFTER_DAYS: Final = 180
"""Days without a reading after which a site counts as closed, and as newly opened if it returns.

Of the gaps of more than 60 days between readings of a site in EPA's daily files of 2018-21, 72 are shorter, up to
some 160 days, and six are 190 or longer."""

MONITOR: Final = ["site_id", "parameter_code", "poc"]
STATE: Final = ["method_code", "latitude", "longitude"]
_RAW_MONITOR: Final = ["state_code", "county_code", "site_number", "parameter_code", "poc"]
SPELL_COLUMNS: Final = [*MONITOR, *STATE, "first_day", "last_day", "day_count"]


def monitor_spells(raw_readings: pd.DataFrame, *, parameters: Sequence[str] = PARAMETERS) -> pd.DataFrame:
    """Runs of days on which a monitor had one method and one position, in ``SPELL_COLUMNS``, by monitor and time.

    ``day_count`` is the number of days with a published row. A spell ends when the method or position changes (a null
    method is one of its own) or after more than ``CLOSED_AFTER_DAYS`` without a row. Superseded versions and other
    ``parameters`` are ignored.
    """
    rows = raw_readings[raw_readings["superseded_at"].isna() & raw_readings["parameter_code"].isin(parameters)]
    rows = rows.drop_duplicates([*_RAW_MONITOR, "date_local", *STATE])
    site_id = rows["state_code"] + rows["county_code"] + rows["site_number"]
    days = rows.assign(site_id=site_id).sort_values(["method_code"], na_position="last", kind="stable")
    days = days.drop_duplicates([*MONITOR, "date_local"])
    return _joined(days.assign(first_day=days["date_local"], last_day=days["date_local"], day_count=1))


def joined_spells(earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """The spells of two histories, equal to those of both read at once; associative.

    Raises ValueError when the days of a monitor in the two histories overlap.
    """
    filled = [part for part in (earlier, later) if len(part)]
    return _joined(pd.concat(filled, ignore_index=True)) if filled else earlier


def no_spells() -> pd.DataFrame:
    """The spells of an empty history, to start joining from."""
    return monitor_spells(TABLES["raw_readings"].empty())


def same_as_before(rows: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Whether each row equals the row above in all ``columns``; null equals null."""
    above = rows[columns].shift()
    return (rows[columns].eq(above) | (rows[columns].isna() & above.isna())).all(axis=1)


def _joined(parts: pd.DataFrame) -> pd.DataFrame:
    rows = parts.sort_values([*MONITOR, "first_day"], kind="stable", ignore_index=True)
    is_same_monitor = same_as_before(rows, MONITOR)
    gap = (rows["first_day"] - rows["last_day"].shift()).dt.days
    _check_no_overlap(rows[is_same_monitor & (gap <= 0)])
    goes_on = is_same_monitor & same_as_before(rows, STATE) & (gap <= CLOSED_AFTER_DAYS)
    run = (~goes_on).cumsum()
    runs = rows.groupby(run)
    rows = rows.assign(last_day=runs["last_day"].transform("max"), day_count=runs["day_count"].transform("sum"))
    return rows[~goes_on][SPELL_COLUMNS].reset_index(drop=True)


def _check_no_overlap(rows: pd.DataFrame) -> None:
    for row in rows.head(1).itertuples():
        monitor = f"{row.site_id}-{row.parameter_code}-{row.poc}"
        raise ValueError(f"spells of monitor {monitor} overlap on {row.first_day:%Y-%m-%d}; join separate days")
