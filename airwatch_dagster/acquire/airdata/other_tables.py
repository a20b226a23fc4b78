"""EPA's other tables, which people take for the ones that AirWatch reads."""

from typing import Final

from airwatch_dagster.acquire.parsing.csv_columns import OtherTable

DOWNLOAD: Final = "a PM2.5 file of EPA's Download Daily Data page"
DAILY_FILE: Final = "AirData's daily file"
MONITOR_LIST: Final = "AirData's monitor list"
SITE_LIST: Final = "AirData's list of sites"

_POLLUTANTS: Final = {
    "ozone": "Daily Max 8-hour Ozone Concentration",
    "CO": "Daily Max 8-hour CO Concentration",
    "NO2": "Daily Max 1-hour NO2 Concentration",
    "SO2": "Daily Max 1-hour SO2 Concentration",
    "PM10": "Daily Mean PM10 Concentration",
    "lead": "Daily Mean Pb Concentration",
}
"""Column with the value of each other pollutant. Source: EPA, Download Daily Data."""

OTHER_TABLES: Final = (
    OtherTable(
        DOWNLOAD,
        ("Site ID", "Daily Mean PM2.5 Concentration", "Daily AQI Value"),
        "Import it with `airwatch import`, and use AirData's own file here",
    ),
    *(
        OtherTable(f"the {pollutant} file of EPA's Download Daily Data page", ("Site ID", column))
        for pollutant, column in _POLLUTANTS.items()
    ),
    OtherTable("AirData's hourly file", ("Date Local", "Time Local", "Sample Measurement")),
    OtherTable("AirData's annual file", ("Year", "Arithmetic Mean", "Valid Day Count")),
    OtherTable(SITE_LIST, ("Site Number", "Land Use", "Location Setting")),
    OtherTable(MONITOR_LIST, ("Site Number", "First Year of Data", "Last Sample Date")),
    OtherTable("AirData's daily AQI file", ("Date", "AQI", "Defining Parameter")),
    OtherTable("AirData's annual AQI file", ("Year", "Days with AQI", "Max AQI")),
    OtherTable(
        DAILY_FILE,
        ("Site Num", "Date Local", "Arithmetic Mean", "Event Type"),
        "Set AIRWATCH_SOURCE=airdata and run `airwatch backfill`, which fetches and reads AirData's PM2.5 files",
    ),
)
"""By columns that identify them; the first that fits counts. Source: EPA AirData file formats."""
