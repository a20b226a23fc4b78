"""Titles of feature columns for people, for axes and sentences."""

from itertools import product
from typing import Final

from airwatch_dagster.fit.weather_inputs import STATE_INPUTS, change_of, class_input
from airwatch_dagster.schemas.enrich import LAG_DAYS
from airwatch_dagster.schemas.weather import CLASS_COLUMN, ISSUE_DAY, WEATHER_CLASSES, weather_column

COMPASS: Final = {
    "n": "north",
    "ne": "northeast",
    "e": "east",
    "se": "southeast",
    "s": "south",
    "sw": "southwest",
    "w": "west",
    "nw": "northwest",
}

_SINGLE: Final = {
    "site_id": "site",
    "issue_date": "issue date",
    "latitude": "latitude",
    "longitude": "longitude",
    "method_code": "instrument",
    "cbsa_code": "metropolitan area",
    "state_code": "state",
    "days_since_observed": "days since the last reading",
    "observed_days_7d": "days with a reading, of 7",
    "observed_days_28d": "days with a reading, of 28",
    "season_sin": "season (sine)",
    "season_cos": "season (cosine)",
    "weekday": "day of the week",
    "is_weekend": "weekend",
    "is_independence_day": "Independence Day",
    "is_day_after_independence_day": "day after Independence Day",
    "is_new_years_day": "New Year's Day",
    "pm25_last_ugm3": "latest PM2.5",
    "pm25_mean_28d_ugm3": "mean PM2.5 of 28 days",
    "advected_log": "PM2.5 arriving with the wind",
    "advected_broadly_log": "PM2.5 arriving, wind uncertain",
    "flow_east_km": "air's path from the east, km",
    "flow_north_km": "air's path from the north, km",
    "stillness_error": "error of an unmoved PM2.5 map",
    "flow_gain": "error saved by moving the map",
    "site_regression_ugm3": "site regression minus persistence",
    "site_regression_log": "site regression over persistence (log)",
}

_WEATHER: Final = {
    "temperature_c": "temperature, °C",
    "temperature_max_c": "highest temperature, °C",
    "temperature_min_c": "lowest temperature, °C",
    "dew_point_c": "dew point, °C",
    "relative_humidity_pct": "relative humidity, %",
    "wind_speed_ms": "wind speed, m/s",
    "wind_east_ms": "wind towards the east, m/s",
    "wind_north_ms": "wind towards the north, m/s",
    "precipitation_mm": "precipitation, mm",
    "precipitation_probability_pct": "chance of precipitation, %",
    "cloud_cover_pct": "cloud cover, %",
    "boundary_layer_height_m": "height of the boundary layer, m",
    "boundary_layer_height_max_m": "highest boundary layer, m",
    "ventilation_m2s": "ventilation, m²/s",
    "smoke_ugm3": "smoke, µg/m³",
    "model_pm25_ugm3": "air-quality model, µg/m³",
}

_MEASURES: Final = {"ugm3": "PM2.5", "anomaly_ugm3": "PM2.5 anomaly", "change_ugm3": "PM2.5 change in a day"}
_WHEN: Final = {"log": "", "log_before": ", day before"}


def _titles() -> dict[str, str]:
    titles = dict(_SINGLE)
    titles |= _weather_titles()
    titles |= {f"pm25_lag_{days}d_ugm3": f"PM2.5 {_days_ago(days)}" for days in LAG_DAYS}
    titles |= {f"pm25_mean_{days}d_ugm3": f"mean PM2.5 of {days} days" for days in (3, 7, 14)}
    titles |= {f"pm25_std_{days}d_ugm3": f"spread of PM2.5 over {days} days" for days in (7, 28)}
    titles |= {f"pm25_max_{days}d_ugm3": f"highest PM2.5 of {days} days" for days in (7, 28)}
    places = {"nearby": "within 800 km"}
    places |= {f"near_{short}": f"0–400 km {name}" for short, name in COMPASS.items()}
    places |= {f"far_{short}": f"400–800 km {name}" for short, name in COMPASS.items()}
    titles |= {
        f"{place}_pm25_{suffix}": f"{measure} {where}"
        for (place, where), (suffix, measure) in product(places.items(), _MEASURES.items())
    }
    points = {f"around_{km}km": f"within {km} km" for km in (50, 150, 400)}
    points |= {
        f"offset_{km}km_{short}": f"{km} km {name}" for km, (short, name) in product((300, 800), COMPASS.items())
    }
    titles |= {
        f"{point}_{suffix}": f"log PM2.5 anomaly {where}{when}"
        for (point, where), (suffix, when) in product(points.items(), _WHEN.items())
    }
    return titles


def _weather_titles() -> dict[str, str]:
    """Inputs of the correction by weather, and columns of examples."""
    titles = {}
    for name, title in _WEATHER.items():
        titles[weather_column(name)] = f"forecast {title}"
        titles[weather_column(name, ISSUE_DAY)] = f"issue day: {title}"
        titles[change_of(name)] = f"change: {title}"
    titles[weather_column(CLASS_COLUMN)] = "forecast weather"
    titles[weather_column(CLASS_COLUMN, ISSUE_DAY)] = "forecast weather, issue day"
    for one in WEATHER_CLASSES:
        titles[class_input(one)] = f"forecast {one.replace('_', ' ')}"
        titles[class_input(one, ISSUE_DAY)] = f"forecast {one.replace('_', ' ')}, issue day"
    state = ("latest PM2.5 over the forecast (log)", "the forecast over the 28-day mean (log)")
    return titles | dict(zip(STATE_INPUTS, state, strict=True))


def _days_ago(days: int) -> str:
    return "on the issue day" if days == 0 else f"{days} day{'s' if days > 1 else ''} before"


TITLES: Final = _titles()
"""Column of ``features``, input of a model or finding of drift → its title."""


def feature_title(column: str) -> str:
    """The title of a feature: ``far_w_pm25_anomaly_ugm3`` is "PM2.5 anomaly 400–800 km west".

    Names that are no feature, such as those of older models, only lose their underscores.
    """
    return TITLES.get(column, column.replace("_", " "))
