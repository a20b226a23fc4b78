"""Weather of a target day as it was forecast, by the date on which AirWatch issues its own forecasts."""

from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

WEATHER_HORIZONS_DAYS: Final = (0, *c.HORIZONS_DAYS)
"""Lead times of weather, in days after the issue day; 0 is the issue day itself."""

WEATHER_CLASSES: Final = (
    "clear",
    "partly_cloudy",
    "cloudy",
    "hot",
    "cold",
    "wind",
    "fog",
    "haze",
    "smoke",
    "dust",
    "rain",
    "showers",
    "thunder",
    "snow",
    "ice",
)
"""What a forecast's word says of a day; ice is freezing rain, freezing drizzle and sleet."""


def weather(description: str, *, null_when: str = "not given", unit: str | None = None, **rules: Any) -> Any:
    """A column that not every source of weather gives."""
    return c.field(f"{description}; null when {null_when}", unit=unit, nullable=True, **rules)


@table(
    grain="day",
    key=("site_id", "issue_date", "horizon_days"),
    partition_column="issue_date",
    may_be_supplied=True,
)
class WeatherForecasts(Table):
    """Weather of a target day at a site, as it was forecast before AirWatch issued its own forecasts of the issue date:
    from the source that `AIRWATCH_WEATHER_SOURCE` names, such as the user's own files below `AIRWATCH_WEATHER`."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    horizon_days: int = c.field(
        "Days from issue date to target date; 0 is the issue date itself", isin=WEATHER_HORIZONS_DAYS
    )
    target_date: pd.Timestamp = c.target_date()
    issued_at: pd.Timestamp = c.field("Time the weather model run became available, UTC; not its start")
    is_issued_at_assumed: pd.BooleanDtype = weather(
        "The time of publication is unknown, and issued_at is the run's start plus the longest lag that was measured"
    )
    weather_model: str = c.field("Name of the weather model", str_length={"min_value": 1})
    kind: str = c.field(
        "Kind of the values: `forecast`. Analyses, reanalyses and observations were not known at the end of the issue "
        "date and are refused"
    )
    station_distance_km: np.float32 = weather("Distance to the nearest weather station that was used, km", ge=0.0)
    temperature_c: np.float32 = weather("Mean temperature 2 m above ground, °C", ge=-90.0, le=60.0)
    temperature_max_c: np.float32 = weather("Highest temperature of the day, °C", ge=-90.0, le=65.0)
    temperature_min_c: np.float32 = weather(
        "Lowest temperature of the night that ends on the day, °C", ge=-100.0, le=60.0
    )
    dew_point_c: np.float32 = weather("Mean dew point 2 m above ground, °C", ge=-100.0, le=45.0)
    relative_humidity_pct: np.float32 = weather("Mean relative humidity 2 m above ground, %", ge=0.0, le=100.0)
    wind_speed_ms: np.float32 = weather("Mean wind speed 10 m above ground, m/s", ge=0.0, le=120.0)
    wind_east_ms: np.float32 = weather("Mean wind towards the east 10 m above ground, m/s", ge=-120.0, le=120.0)
    wind_north_ms: np.float32 = weather("Mean wind towards the north 10 m above ground, m/s", ge=-120.0, le=120.0)
    precipitation_mm: np.float32 = weather("Precipitation of the whole day, mm", ge=0.0, le=2000.0)
    precipitation_probability_pct: np.float32 = weather(
        "Highest probability of precipitation in a period that overlaps the day, %", ge=0.0, le=100.0
    )
    cloud_cover_pct: np.float32 = weather("Mean cloud cover, %", ge=0.0, le=100.0)
    boundary_layer_height_m: np.float32 = weather(
        "Mean height of the boundary layer (mixing height) above ground, m", ge=0.0, le=10_000.0
    )
    boundary_layer_height_max_m: np.float32 = weather(
        "Highest boundary layer of the day above ground, m", ge=0.0, le=12_500.0
    )
    ventilation_m2s: np.float32 = weather(
        "Mean of boundary-layer height times the wind speed in it, m²/s", unit="m²/s", ge=0.0, le=1_200_000.0
    )
    weather_class: str = weather(
        "What the forecast's word says of the day", null_when="not given or an unknown word", isin=WEATHER_CLASSES
    )
    smoke_ugm3: np.float32 = weather(
        "Mean smoke near the ground as an air-quality model forecast it, µg/m³", ge=0.0, le=c.HIGHEST_PM25_UGM3
    )
    model_pm25_ugm3: np.float32 = weather(
        "Mean PM2.5 as an air-quality model forecast it, µg/m³", ge=0.0, le=c.HIGHEST_PM25_UGM3
    )
    air_quality_model: str = weather("Name of the model of smoke_ugm3 and model_pm25_ugm3")
    air_quality_model_version: str = weather("Version of that model")


WEATHER_VALUES: Final = tuple(
    name
    for name, annotation in WeatherForecasts.__annotations__.items()
    if annotation is np.float32 and name != "station_distance_km"
)
"""Columns with a number that was forecast, in the table's order."""

CLASS_COLUMN: Final = "weather_class"
"""The column with a word in place of a number."""

ISSUE_DAY: Final = "_issue_day"
"""Ending of columns of examples with the weather of the issue day instead of the target day."""


def weather_column(name: str, day: str = "") -> str:
    """The column of examples with a column of ``weather_forecasts``: of the target day, or of the ``ISSUE_DAY``."""
    return f"weather_{name.removeprefix('weather_')}{day}"


def weather_of_examples() -> type[Table]:
    """Schema of the columns that weather adds to examples: of the target day, then of the issue day."""
    fields, types = {}, {}
    for day, when in {"": "target day", ISSUE_DAY: "issue day"}.items():
        for name in (*WEATHER_VALUES, CLASS_COLUMN):
            column, known = weather_column(name, day), WeatherForecasts.to_schema().columns[name]
            types[column] = WeatherForecasts.__annotations__[name]
            what = (known.description or "").split(";")[0]
            unit = (known.metadata or {}).get("unit")
            rules = {"isin": WEATHER_CLASSES} if name == CLASS_COLUMN else {}
            fields[column] = weather(
                f"Weather of the {when}: {what[0].lower()}{what[1:]}", null_when="not forecast", unit=unit, **rules
            )
    namespace = {"__annotations__": types, "__module__": __name__, **fields}
    return type("_WeatherOfExamples", (Table,), namespace)
