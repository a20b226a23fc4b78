"""Columns that several tables share, declared once: meaning, unit, range, nulls.

A table's schema calls them, so that the same quantity has the same name, unit and bounds in every table. A column of
one table alone is declared in that table.
"""

from typing import Any, Final

import pandera.pandas as pa

SITE_ID_PATTERN: Final = r"^[0-9]{9}$"
"""State (2), county (3) and site number (4) digits. Source: AQS site identifiers."""

HORIZONS_DAYS: Final = (1, 2, 3)
"""Lead times of a forecast, in days after the issue day."""

TOMORROW: Final = 2
"""Lead, in days, of the forecasts of tomorrow, which matter most to people: a forecast is issued on the day after its
newest readings, and the day of issue has a lead of 1."""

LEADS_FOR_PEOPLE: Final = (TOMORROW, *(lead for lead in HORIZONS_DAYS if lead != TOMORROW))
"""The leads in the order in which people are told of them: tomorrow first."""

LOWEST_PM25_UGM3: Final = -50.0
"""Readings slightly below zero are real instrument noise (published minimum about -7); far below is an error."""

HIGHEST_PM25_UGM3: Final = 5000.0
"""Above every 24-hour mean ever published, smoke included; a higher value is an error."""

FAMILIES: Final = (
    "persistence",
    "damped_persistence",
    "climatology",
    "ridge",
    "random_forest",
    "catboost",
    "blend",
)
"""Every model family; a champion must beat the first three, the baselines."""

BASELINES: Final = FAMILIES[:3]

REFERENCE_FAMILY: Final = "damped_persistence"
"""Skill is the share of this family's mean squared error saved."""

AQI_CATEGORIES: Final = (
    "Good",
    "Moderate",
    "Unhealthy for Sensitive Groups",
    "Unhealthy",
    "Very Unhealthy",
    "Hazardous",
)
"""AQI categories from best to worst. Source: 40 CFR 58 App. G."""


GOOD_TOP_UGM3: Final = 9.0
"""Highest 24-hour PM2.5 of AQI category Good. Source: 40 CFR 58 App. G, Table 2, effective 6 May 2024."""

MODERATE_TOP_UGM3: Final = 35.4
"""Highest 24-hour PM2.5 of AQI category Moderate; a day above is Unhealthy for Sensitive Groups or worse. Source: as
above."""


BEFORE: Final = "before"
"""Metadata of a column: its value in files that were written before the table had it."""


def field(description: str, *, unit: str | None = None, before: str | bool | None = None, **rules: Any) -> Any:
    """A pandera field with a description; ``rules`` are pandera's own.

    ``unit`` is for the data dictionary; a column whose name ends in its unit, such as ``_ugm3``, needs none. ``before``
    is the value of the rows of files that were written before the table had the column.
    """
    metadata = {name: value for name, value in (("unit", unit), (BEFORE, before)) if value is not None}
    return pa.Field(description=description, metadata=metadata or None, **rules)


def site_id(**rules: Any) -> Any:
    """The column ``site_id``: AQS site, 9 digits; ``rules`` are pandera's own."""
    return field("AQS site: state, county and site number, 9 digits", str_matches=SITE_ID_PATTERN, **rules)


def state_code() -> Any:
    """The column ``state_code``: AQS state, 2 digits."""
    return field("AQS state code, 2 digits", str_matches=r"^[0-9]{2}$")


def county_code() -> Any:
    """The column ``county_code``: AQS county of the state, 3 digits."""
    return field("AQS county code, 3 digits", str_matches=r"^[0-9]{3}$")


def site_number() -> Any:
    """The column ``site_number``: AQS site of the county, 4 digits."""
    return field("AQS site number within the county, 4 digits", str_matches=r"^[0-9]{4}$")


def parameter_code(*, before: str | None = None) -> Any:
    """The column ``parameter_code``: AQS parameter, 5 digits; ``before`` as for ``field``."""
    what = "AQS parameter, 5 digits; 88101 is PM2.5 by FRM/FEM, 88502 acceptable PM2.5 for the AQI and speciation mass"
    return field(what, str_matches=r"^[0-9]{5}$", before=before)


SITE_POC: Final = 0
"""POC of a row that describes a whole site instead of one monitor, as in AirNow's files; AQS's codes begin at 1."""


def poc() -> Any:
    """The column ``poc``: number of a monitor at its site, SITE_POC to 99."""
    what = "Parameter occurrence code: number of a monitor at its site; 0 when the source does not name the monitor"
    return field(what, ge=SITE_POC, le=99)


def cbsa_code() -> Any:
    """The column ``cbsa_code``: AQS's core-based statistical area, 5 digits; null for rural sites."""
    what = "Core-based statistical area of the site's county, 5 digits, as AQS delineates it; null for rural sites"
    return field(what, nullable=True, str_matches=r"^[0-9]{5}$")


def latitude() -> Any:
    """The column ``latitude``: degrees north."""
    return field("Latitude, degrees north", unit="°", ge=-90.0, le=90.0)


def longitude() -> Any:
    """The column ``longitude``: degrees east."""
    return field("Longitude, degrees east", unit="°", ge=-180.0, le=180.0)


def method_code(*, nullable: bool = True) -> Any:
    """The column ``method_code``: AQS method of the instrument, 3 digits."""
    unknown = "; null when unknown or mixed" if nullable else ""
    return field(f"AQS method of the instrument, 3 digits{unknown}", nullable=nullable, str_matches=r"^[0-9]{3}$")


def pm25(description: str, *, nullable: bool = False, null_when: str = "", alias: str | None = None) -> Any:
    """A PM2.5 concentration; ``null_when`` completes "null when …" and makes the column nullable."""
    return field(
        f"{description}, µg/m³ at local conditions{f'; null when {null_when}' if null_when else ''}",
        nullable=nullable or bool(null_when),
        ge=LOWEST_PM25_UGM3,
        le=HIGHEST_PM25_UGM3,
        **({"alias": alias} if alias else {}),
    )


def aqi(*, nullable: bool = False) -> Any:
    """The column ``aqi``: US AQI, from 0, without an upper cap."""
    return field("US AQI, breakpoints effective 2024-05-06, without an upper cap", nullable=nullable, ge=0)


def aqi_category() -> Any:
    """The column ``aqi_category``: one of AQI_CATEGORIES."""
    return field("AQI category, breakpoints effective 2024-05-06", isin=AQI_CATEGORIES)


def date_local() -> Any:
    """The column ``date_local``: a calendar day in local standard time."""
    return field("Calendar day in local standard time")


def forecast_pm25(what: str = "Forecast 24-hour mean PM2.5") -> Any:
    """A forecast of PM2.5, µg/m³, 0 to HIGHEST_PM25_UGM3."""
    return field(f"{what}, µg/m³", ge=0.0, le=HIGHEST_PM25_UGM3)


def days_since_observed() -> Any:
    """The column ``days_since_observed``: age of the last valid reading on the issue date, days."""
    meaning = "Days from the site's last valid reading to the issue date; 0 when observed on that date"
    return field(meaning, unit="days", ge=0)


def model_version(*, nullable: bool = False) -> Any:
    """The column ``model_version``: version in the model registry."""
    unknown = "; null when no model is registered" if nullable else ""
    return field(f"Version in the model registry{unknown}", nullable=nullable)


def model_files() -> Any:
    """The column ``model_files``: what the files of a model must be, checked before any of them is read."""
    of_before = "null without a model, and for models that were logged as pickles, which are not read"
    return field(f"Size and SHA-256 of each of the model's files, JSON; {of_before}", nullable=True)


def issue_date() -> Any:
    """The column ``issue_date``: the local day at the end of which a forecast is issued."""
    return field("Local day at the end of which the forecast is issued")


def target_date() -> Any:
    """The column ``target_date``: the local day that is forecast."""
    return field("Local day that is forecast")


def horizon_days() -> Any:
    """The column ``horizon_days``: one of HORIZONS_DAYS."""
    return field("Days from issue date to target date", isin=HORIZONS_DAYS)


def model_family() -> Any:
    """The column ``model_family``: one of FAMILIES."""
    return field("Model family", isin=FAMILIES)


def month() -> Any:
    """The column ``month``: the first day of a month."""
    return field("First day of the month")
