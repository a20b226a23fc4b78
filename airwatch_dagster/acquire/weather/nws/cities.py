"""The cities of the bulletins as weather stations, and the weather words as classes."""

from functools import cache
from importlib import resources
from typing import Final

import pandas as pd

CLASS_OF_WORD: Final = {
    "SUNNY": "clear",
    "CLEAR": "clear",
    "FAIR": "clear",
    "PTCLDY": "partly_cloudy",
    "MOCLDY": "cloudy",
    "CLOUDY": "cloudy",
    "VRYHOT": "hot",
    "VRYCLD": "cold",
    "WINDY": "wind",
    "FOG": "fog",
    "HAZE": "haze",
    "SMOKE": "smoke",
    "DUST": "dust",
    "RAIN": "rain",
    "DRZL": "rain",
    "SHWRS": "showers",
    "TSTRMS": "thunder",
    "SNOW": "snow",
    "SNOSHW": "snow",
    "RNSNOW": "snow",
    "FLRRYS": "snow",
    "BLGSNO": "snow",
    "BLZZRD": "snow",
    "FZRAIN": "ice",
    "FZDRZL": "ice",
    "SLEET": "ice",
}
"""Words of the bulletins with their weather_class. Of these CLEAR, FAIR and HAZE were not met in 2021."""

NO_WORDS: Final = ("MISG", "MM")
"""In the place of a word: there is none."""


@cache
def _stations_of_cities() -> dict[str, str]:
    with resources.files(__package__).joinpath("cities.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype=str)
    return dict(zip(table["city"], table["station_id"], strict=True))


def city_stations() -> list[str]:
    """The ICAO codes of the airports that stand for the cities."""
    return sorted(set(_stations_of_cities().values()))


def station_of_city(cities: pd.Series) -> pd.Series:
    """The ICAO code of the airport that stands for each city, null for a city that is not listed.

    Mostly the city's official climate station; where that is no airport (New York, Los Angeles) or has changed its code
    (West Palm Beach), an airport near it.
    """
    return cities.map(_stations_of_cities())


def weather_class(words: pd.Series) -> pd.Series:
    """The class of each word, null for a word that is unknown, missing or null."""
    return pd.Series([CLASS_OF_WORD.get(word) for word in words], words.index, dtype=object)


def unknown_words(words: pd.Series) -> dict[str, int]:
    """Words that have no class, with how often they occur; those that stand for no word are not counted."""
    is_unknown = words.notna() & ~words.isin(CLASS_OF_WORD) & ~words.isin(NO_WORDS)
    return {str(word): int(count) for word, count in words[is_unknown].value_counts().sort_index().items()}
