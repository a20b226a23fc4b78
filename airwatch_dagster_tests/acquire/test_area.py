import math

import pandas as pd
import pytest

from airwatch_dagster.acquire.area import Area, distance_to_nearest_km
from airwatch_dagster.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("cbsa:16980", Area(cbsa_codes=("16980",))),
        ("state:17", Area(state_codes=("17",))),
        (" State:18 , cbsa:39580,cbsa:16980, state:18", Area(cbsa_codes=("16980", "39580"), state_codes=("18",))),
        ("us", Area(is_everywhere=True)),
        ("US,state:17", Area(is_everywhere=True)),
    ],
)
def test_an_area_is_parsed_in_any_order_case_and_spacing(text: str, area: Area) -> None:
    assert Area.parse(text) == area


def test_the_text_of_an_area_parses_to_the_same_area() -> None:
    area = Area.parse("state:18,cbsa:16980")
    assert str(area) == "cbsa:16980,state:18"
    assert Area.parse(str(area)) == area


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chicago", "'chicago' is not a valid area"),
        ("county:17031", "'county:17031' is not a valid area"),
        ("", "names no area"),
        ("cbsa:1698", r"16980 \(Chicago-Naperville-Elgin"),
        ("cbsa:99999", "'99999' is not a valid cbsa code"),
        ("cbsa:Chicago", r"16980 \(Chicago-Naperville-Elgin"),
        ("state:Illinois", r"17 \(Illinois\)"),
        ("state:99", "'99' is not a valid state code"),
        ("state:CC", "'state:CC' is Canada, whose sites are not read"),
        ("state:80", "'state:80' is Country Of Mexico, whose sites are not read"),
        ("state", "'state' is not a valid area"),
    ],
)
def test_an_unknown_area_is_refused_with_similar_ones(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Area.parse(text)


def test_an_area_contains_its_states_and_statistical_areas_but_no_null_code() -> None:
    states, cbsas = pd.Series(["17", "18", "55", "55"]), pd.Series([None, "16980", "16980", None])
    assert Area.parse("cbsa:16980").contains(states, cbsas).tolist() == [False, True, True, False]
    assert Area.parse("state:17,cbsa:16980").contains(states, cbsas).tolist() == [True, True, True, False]
    assert Area.parse("us").contains(states, cbsas).all()


def test_the_whole_country_has_its_territories_but_neither_mexico_nor_canada() -> None:
    states = pd.Series(["17", "66", "72", "78", "80", "CC"])
    inside = Area.parse("us").contains(states, pd.Series([None] * 6))
    assert inside.tolist() == [True, True, True, True, False, False]


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("cbsa:17410", "17410 (Cleveland, OH) is an area of 2023", "Write cbsa:11780,cbsa:17460"),
        ("cbsa:19430", "counts its counties to 19380 (Dayton, OH)", "Write cbsa:19380"),
        ("cbsa:28450", "28450 (Kenosha, WI) is an area of 2023", "Write cbsa:16980"),
        ("cbsa:39150", "counts its counties to 39140 (Prescott, AZ)", "Write cbsa:39140"),
        ("cbsa:39040", "AQS keeps those of 2013 and counts its counties to no area", "Write state:53"),
    ],
)  # fmt: skip
def test_an_area_of_2023_is_refused_with_the_areas_that_aqs_counts_its_counties_to(
    text: str, problem: str, fix: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Area.parse(text)
    assert problem in str(raised.value)
    assert fix in str(raised.value)


def test_distances_equal_the_obvious_formula_across_the_date_line_and_many_blocks() -> None:
    places = pd.DataFrame(
        {"latitude": [i % 170 - 85.0 for i in range(1200)], "longitude": [i * 0.3 - 180 for i in range(1200)]}
    )
    anchors = pd.DataFrame({"latitude": [0.0, 52.8], "longitude": [179.9, 173.1]})

    def obvious(lat: float, lon: float) -> float:
        return min(
            6371.0
            * math.acos(
                max(-1.0, min(1.0, math.sin(math.radians(lat)) * math.sin(math.radians(a))
                + math.cos(math.radians(lat)) * math.cos(math.radians(a)) * math.cos(math.radians(lon - o))))
            )
            for a, o in anchors.itertuples(index=False)
        )  # fmt: skip

    expected = [obvious(lat, lon) for lat, lon in places.itertuples(index=False)]
    assert distance_to_nearest_km(places, anchors).tolist() == pytest.approx(expected, abs=1e-3)
