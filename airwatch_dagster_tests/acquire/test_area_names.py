"""Areas found by a city, a county, a state, or something like it."""

import pytest

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.area_names import areas_named
from airwatch_dagster.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("St. Louis", "cbsa:41180"),
        ("louis mo", "cbsa:41180"),
        ("chicago", "cbsa:16980"),
        ("chicgo", "cbsa:16980"),
        ("Missouri", "state:29"),
        ("MO", "state:29"),
        ("Puerto Rico", "state:72"),
        ("San Bernardino", "cbsa:40140"),
    ],
)
def test_an_area_is_found_by_its_name(text: str, first: str) -> None:
    assert areas_named(text)[0].setting == first


def test_an_area_is_found_by_a_county() -> None:
    [cook] = [area for area in areas_named("cook il") if area.county]

    assert (cook.setting, cook.name, cook.county) == ("cbsa:16980", "Chicago-Naperville-Elgin, IL-IN-WI", "Cook, IL")
    assert {area.setting for area in areas_named("Orleans VT")} == {"state:50"}, "a county outside all areas"


def test_relics_and_areas_abroad_are_not_offered() -> None:
    assert areas_named("Mexico")[0].setting == "state:35"
    assert not any(area.setting == "state:80" for area in areas_named("Mexico"))
    assert areas_named("") == areas_named("xyzzy") == []


def test_a_name_in_place_of_a_code_is_answered_with_the_code() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Area.parse("St. Louis")
    assert str(caught.value) == (
        "AIRWATCH_AREA: 'St. Louis' is not a valid area. Did you mean cbsa:41180 (St. Louis, MO-IL)?"
    )
    with pytest.raises(ConfigurationError, match="airwatch areas"):
        Area.parse("xyzzy")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cbsa:41180", "St. Louis, MO-IL"),
        ("state:17,CBSA:41180", "St. Louis, MO-IL; Illinois"),
        ("US", "United States"),
    ],
)
def test_an_area_has_a_name_for_people(text: str, name: str) -> None:
    assert Area.parse(text).name == name
