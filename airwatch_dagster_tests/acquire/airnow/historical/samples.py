"""Rows of AirNow's historical forecasts, and lines of its list of areas."""

from typing import Any

from airwatch_dagster.acquire.airnow.areas import ReportingArea

CHICAGO = ReportingArea("il001", 41.88, -87.63)

PATH = "/aq/forecast/historical/"


def row(**changes: Any) -> dict[str, Any]:
    """A forecast for Chicago on 10 March 2024, issued the day before."""
    values = {
        "dateIssue": "2024-03-09",
        "dateValid": "2024-03-10",
        "reportingArea": "Chicago",
        "reportingAreaCode": "il001",
        "stateCode": "IL",
        "parameterName": "PM2.5",
        "aqi": 65,
        "categoryNumber": 2,
        "categoryName": "Moderate",
        "actionDay": False,
        "discussion": "Light wind; a=1&b=2",
    }
    return values | changes


def area_line(name: str, state: str, code: str, latitude: str, longitude: str, country: str = "US") -> str:
    """A line of reportingarea_metadata.dat, without its end."""
    place = f"{name}|{state}|{country}|{latitude}|{longitude}"
    return f"{place}|-6|Yes|CST|CDT|{code}|An Agency|Closest Reading By Pollutant|All AirNow Monitors|50 miles"
