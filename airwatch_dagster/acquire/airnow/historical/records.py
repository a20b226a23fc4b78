"""Rows of AirNow's historical forecasts in the columns of agency_forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.airnow.areas import ReportingArea
from airwatch_dagster.acquire.parsing.rejections import MAX_SHOWN_CHARACTERS, Rejection, SourceLocation
from airwatch_dagster.acquire.parsing.values import typed_columns
from airwatch_dagster.acquire.readings import reject_out_of_range
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import AQI_CATEGORIES

FIELDS: Final[Mapping[str, str]] = {
    "issue_date": "dateIssue",
    "target_date": "dateValid",
    "reporting_area": "reportingArea",
    "area_code": "reportingAreaCode",
    "state": "stateCode",
    "parameter": "parameterName",
    "aqi": "aqi",
    "category": "categoryNumber",
    "is_action_day": "actionDay",
}
"""AirNow's names by contract name; others are ignored. Probed in September 2026; not in public documentation."""

MAX_AQI: Final = 10_000
"""Beyond any AQI: the table ends at 500, and what was computed above it had four digits at most."""

_CATEGORIES: Final[Mapping[str, str | None]] = {
    **{str(number): name for number, name in enumerate(AQI_CATEGORIES, start=1)},
    "7": None,
}
"""Category by number; 7 is "Unavailable"."""

_ANSWERS: Final[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}

_FORECAST: Final = "F"

_FIX: Final = "If AirNow changed its service, AirWatch has to learn the new form; report it to AirWatch"


@dataclass(frozen=True)
class HistoricalRecords:
    """The forecasts of one response."""

    records: pd.DataFrame
    """Columns of agency_forecasts, archived_on the issue date; sorted by key."""
    rejected: pd.DataFrame
    """Rows set aside, in REJECTED_COLUMNS; date_local is the issue date, null where that is unreadable."""


def read_rows(rows: Sequence[Any], *, area: ReportingArea, first: date, last: date, culprit: str) -> HistoricalRecords:
    """The forecasts that were requested: of ``area`` for the days ``first``…``last``.

    A row of another area or day is set aside, and so is one with an invalid date, number or code. An AQI below 0 is
    null: then only a category is published. ``is_primary`` marks the pollutant with the highest AQI, or else category,
    of a forecast. Of several rows with one key the last counts. Raises BadPayload when many rows cannot be read.
    """
    origin = SourceLocation(culprit, "row", 1, FIELDS, fix=_FIX)
    table = _table(rows, origin)
    parsed = _parsed(table, origin)
    _reject_others(parsed, table, area=area, first=first, last=last, origin=origin)
    reject_out_of_range(parsed, "agency_forecasts", origin)
    origin.check_share(pd.RangeIndex(len(rows)))
    spec = TABLES["agency_forecasts"]
    found = origin.kept(parsed).assign(
        archived_on=lambda frame: frame["issue_date"],
        valid_time=None,
        record_type=_FORECAST,
        latitude=area.latitude,
        longitude=area.longitude,
        forecast_source=None,
    )
    found = found.drop_duplicates(list(spec.key), keep="last").sort_values(list(spec.key), kind="stable")
    records = found.assign(is_primary=_is_primary(found))[spec.column_names]
    records = records.astype({"is_primary": bool, "is_action_day": bool}).reset_index(drop=True)
    return HistoricalRecords(records, origin.rejected(table.assign(date_local=table["issue_date"])))


def _table(rows: Sequence[Any], origin: SourceLocation) -> pd.DataFrame:
    """The rows' fields by contract name, text without blanks around it, absent and empty ones null; what is no object
    is set aside. The index counts the rows of the response."""
    found: dict[int, list[Any]] = {}
    for number, row in enumerate(rows):
        if isinstance(row, dict):
            values = {name.lower(): value for name, value in row.items()}
            found[number] = [_scalar(values.get(name.lower())) for name in FIELDS.values()]
        else:
            origin.note(number, Rejection("expected an object", str(row)[:MAX_SHOWN_CHARACTERS]))
    index = pd.Index(list(found), dtype="int64")
    return pd.DataFrame(list(found.values()), columns=list(FIELDS), index=index, dtype=object)


def _scalar(value: Any) -> Any:
    """Text without blanks around it, null if nothing is left; a list or an object as text; else the value."""
    text = str(value).strip() if isinstance(value, str | list | dict) else value
    return None if text == "" else text


def _parsed(table: pd.DataFrame, origin: SourceLocation) -> pd.DataFrame:
    """Every column of a record that the row itself gives; rows with an invalid value are set aside."""
    for name in ("reporting_area", "state", "parameter"):
        is_text = table[name].map(lambda value: isinstance(value, str))
        origin.reject(table.index[~is_text], name, table.loc[~is_text, name], "text")
    aqi = typed_columns(table, ["aqi"], origin=origin)["aqi"]
    too_high = aqi.index[aqi.gt(MAX_AQI).fillna(False)]
    origin.reject(too_high, "aqi", table.loc[too_high, "aqi"], f"a number up to {MAX_AQI}")
    return pd.DataFrame(
        {
            **{name: _days(table[name], name, origin) for name in ("issue_date", "target_date")},
            "reporting_area": table["reporting_area"],
            "state": table["state"].map(lambda value: value.upper() if isinstance(value, str) else value),
            "parameter": table["parameter"],
            "agency_aqi": aqi.where(aqi.ge(0).fillna(False)),
            "agency_category": _coded(table["category"], "category", _CATEGORIES, "a number from 1 to 7", origin),
            "is_action_day": _coded(table["is_action_day"], "is_action_day", _ANSWERS, "true or false", origin),
        },
        index=table.index,
    )


def _days(written: pd.Series, name: str, origin: SourceLocation) -> pd.Series:
    """Days written as 2026-01-31; a row with anything else, null included, is set aside."""
    text = written.map(lambda value: value if isinstance(value, str) else None)
    parsed = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce").astype("datetime64[ns]")
    bad = written[parsed.isna()]
    origin.reject(bad.index, name, bad, "a date as 2026-01-31")
    return parsed


def _coded(
    written: pd.Series, name: str, meanings: Mapping[str, Any], expected: str, origin: SourceLocation
) -> pd.Series:
    """The meaning of each code, written as text or as a number; a row with another one, null included, is set aside."""
    text = written.map(lambda value: str(value).lower().removesuffix(".0"))
    bad = written[~text.isin(meanings)]
    origin.reject(bad.index, name, bad, expected)
    return text.map(dict(meanings)).astype(object)


def _reject_others(
    parsed: pd.DataFrame,
    table: pd.DataFrame,
    *,
    area: ReportingArea,
    first: date,
    last: date,
    origin: SourceLocation,
) -> None:
    """Set the rows aside that were not requested: of another area, or of another day."""
    is_other = table["area_code"].map(lambda value: str(value).lower()) != area.code
    origin.reject(table.index[is_other], "area_code", table.loc[is_other, "area_code"], f"{area.code}, as requested")
    is_outside = ~parsed["target_date"].between(pd.Timestamp(first), pd.Timestamp(last))
    wanted = f"a day from {first} to {last}, as requested"
    origin.reject(table.index[is_outside], "target_date", table.loc[is_outside, "target_date"], wanted)


def _is_primary(records: pd.DataFrame) -> pd.Series:
    """Whether the record's pollutant has the highest AQI of its area, issue and target date, or else category."""
    rank = records["agency_category"].map({name: number for number, name in enumerate(AQI_CATEGORIES)}).fillna(-1)
    ranked = records.assign(rank=rank.astype(float), aqi=records["agency_aqi"].astype(float).fillna(-1.0))
    forecast = ["reporting_area", "state", "issue_date", "target_date"]
    ordered = ranked.sort_values(["aqi", "rank"], ascending=False, kind="stable")
    return (~ordered.duplicated(forecast)).reindex(records.index)
