import math

import pandas as pd
import pytest

from airwatch_dagster.acquire.area import Area, cbsa_code_of, cbsa_names, distance_to_nearest_km, state_names
from airwatch_dagster.errors import ConfigurationError


def test_the_packaged_tables_contain_every_area_and_state_of_aqs() -> None:
    assert len(cbsa_names()) == 1006
    assert cbsa_names()["16980"] == "Chicago-Naperville-Elgin, IL-IN-WI"
    assert len(state_names()) == 56
    assert state_names()["17"] == "Illinois"


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
        ("state:CC", "'cc' is not a valid state code"),
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


def test_context_is_outside_the_area_but_near_one_of_its_sites() -> None:
    sites = pd.DataFrame(
        {
            "latitude": [41.88, 43.04, 39.77, 34.05],
            "longitude": [-87.63, -87.91, -86.16, -118.24],
            "is_area": [True, False, False, False],
        },
        index=["Chicago", "Milwaukee", "Indianapolis", "Los Angeles"],
    )
    area = Area.parse("cbsa:16980")
    assert area.context_mask(sites, 800.0).to_dict() == {
        "Chicago": False, "Milwaukee": True, "Indianapolis": True, "Los Angeles": False
    }  # fmt: skip
    assert area.context_mask(sites, 150.0).tolist() == [False, True, False, False]
    assert not area.context_mask(sites, 0.0).any()
    assert not area.context_mask(sites.assign(is_area=False), 800.0).any()


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


@pytest.mark.parametrize("name", ["Cañon City, CO", "Ca¤on City, CO", "Ca\xc3\xb1on City, CO", "CA\ufffdON CITY, co"])
def test_a_name_has_its_code_in_any_encoding_of_its_accents(name: str) -> None:
    assert cbsa_code_of(name) == "15860"


def test_a_name_that_aqs_does_not_list_has_no_code() -> None:
    assert cbsa_code_of("Chicago-Naperville-Elgin, IL-IN") is None
