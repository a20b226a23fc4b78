"""Cities of the bulletins stand where their airports are, and words have a class or are counted."""

from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.weather.nws.bulletin import read_selected_cities
from airwatch_dagster.acquire.weather.nws.cities import (
    CLASS_OF_WORD,
    station_of_city,
    unknown_words,
    weather_class,
)
from airwatch_dagster.acquire.weather.stations import us_stations
from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.schemas.weather import WEATHER_CLASSES

ANOTHER_AIRPORT = {"DETROIT", "HOUSTON INTCNTL", "HUNTSVILLE AL"}
"""Cities whose position elsewhere is that of another airport of theirs, 32 to 39 km away: Coleman Young, Hobby (the
bulletin names the intercontinental one), Madison County."""


def test_a_city_has_its_station_and_an_unknown_one_none() -> None:
    found = station_of_city(pd.Series(["CHICAGO", "ST STE MARIE", "ATLANTIS"]))

    assert found.tolist()[:2] == ["KORD", "KANJ"]
    assert pd.isna(found.iloc[2])


def test_every_class_is_one_of_the_contract() -> None:
    assert set(CLASS_OF_WORD.values()) <= set(WEATHER_CLASSES)


def test_words_have_a_class_and_unknown_ones_are_null_and_counted() -> None:
    words = pd.Series(["SMOKE", "VRYCLD", "FROGS", None, "MISG", "FROGS"])

    assert weather_class(words).tolist() == ["smoke", "cold", None, None, None, None]
    assert unknown_words(words) == {"FROGS": 2}


def test_every_genuine_city_and_word_is_known(real_weather: Path) -> None:
    folder = real_weather / "nws_selected_cities"
    rows = pd.concat(
        [read_selected_cities(one.read_bytes(), culprit="").rows for one in (folder / "bulletins").iterdir()]
    )
    others = pd.read_parquet(folder / "fpus20_forecasts_2021.parquet")

    assert station_of_city(pd.concat([rows["city"], others["city"]])).notna().all()
    for words in (rows["target1_word"], rows["target2_word"], others["target1_weather"], others["target2_weather"]):
        assert unknown_words(words) == {}


def test_stations_are_within_30_km_of_where_the_cities_are_listed_elsewhere(real_weather: Path) -> None:
    rows = pd.read_parquet(real_weather / "nws_selected_cities" / "fpus20_forecasts_2021.parquet")
    cities = rows.groupby("city", as_index=False)[["latitude", "longitude"]].first()
    cities["station_id"] = station_of_city(cities["city"])
    both = cities.merge(us_stations(), on="station_id", suffixes=("", "_of_station"), validate="one_to_one")

    degrees = [both[name] for name in ("latitude", "longitude", "latitude_of_station", "longitude_of_station")]
    both["km"] = great_circle_km(*(np.radians(one.to_numpy()) for one in degrees))

    assert len(both) == len(cities) == 135
    far = both[both["km"] >= 30.0]
    assert set(far["city"]) == ANOTHER_AIRPORT
    assert far["km"].max() < 40.0
