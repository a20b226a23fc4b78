from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.aqs_codes import (
    aqs_cbsas_of,
    cbsa_code_of,
    cbsa_code_of_county,
    cbsa_codes,
    cbsa_names,
    cbsa_states,
    later_cbsas,
    state_names,
)


def test_the_packaged_tables_contain_every_area_and_state_of_aqs() -> None:
    assert len(cbsa_names()) == 1006
    assert cbsa_names()["16980"] == "Chicago-Naperville-Elgin, IL-IN-WI"
    assert len(state_names()) == 56
    assert state_names()["17"] == "Illinois"


@pytest.mark.parametrize("name", ["Cañon City, CO", "Ca¤on City, CO", "Ca\xc3\xb1on City, CO", "CA\ufffdON CITY, co"])
def test_a_name_has_its_code_in_any_encoding_of_its_accents(name: str) -> None:
    assert cbsa_code_of(name) == "15860"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Chicago-Naperville-Elgin, IL-IN", "16980"),
        ("Houston-Pasadena-The Woodlands, TX", "26420"),
        ("Cleveland, OH", "17460"),
        ("Dayton-Kettering-Beavercreek, OH", "19380"),
        ("Denver-Aurora-Centennial, CO", "19740"),
        ("Prescott Valley-Prescott, AZ", "39140"),
        ("Virginia Beach-Chesapeake-Norfolk, VA-NC", "47260"),
        ("San Luis Obispo-Paso Robles, CA", "42020"),
        ("Atlanta-Sandy Springs-Alpharetta, GA", "12060"),
        ("Sacramento-Roseville-Folsom, CA", "40900"),
        ("Macon-Bibb County, GA", "31420"),
        ("Kiryas Joel-Poughkeepsie-Newburgh, NY", None),
        ("Fayetteville, TN", None),
        ("Atlantis, XX", None),
        ("Atlantis", None),
    ],
)
def test_a_name_of_another_delineation_is_that_of_the_one_area_with_its_city_and_state(
    name: str, code: str | None
) -> None:
    assert cbsa_code_of(name) == code


@pytest.mark.parametrize(
    ("county", "code"),
    [
        ("17031", "16980"),  # Cook
        ("18089", "16980"),  # Lake, Indiana
        ("55059", "16980"),  # Kenosha, an area of its own since 2023
        ("48201", "26420"),  # Harris
        ("39035", "17460"),  # Cuyahoga: 17410 since 2023
        ("39135", "19380"),  # Preble: AQS keeps it in Dayton, which lost it in 2013
        ("09009", "35300"),  # New Haven, as a county
        ("09170", "35300"),  # and as a planning region
        ("36071", "35620"),  # Orange, New York
        ("28143", "32820"),  # Tunica: never had a site
        ("41037", None),  # Lake, Oregon: rural
        ("99999", None),
    ],
)
def test_a_county_has_the_area_of_aqs(county: str, code: str | None) -> None:
    assert cbsa_code_of_county(county[:2], county[2:]) == code


@pytest.mark.parametrize("published", ["Chicago-Naperville-Elgin, IL-IN", "Atlantis, XX", "39580", "", None])
def test_the_county_decides_whatever_area_is_published(published: str | None) -> None:
    assert cbsa_code_of_county("17", "031", published) == "16980"
    assert cbsa_code_of_county("41", "037", published) is None


@pytest.mark.parametrize(
    ("published", "code"),
    [
        ("Milwaukee-Waukesha-West Allis, WI", "33340"),
        ("Milwaukee-Waukesha, WI", "33340"),
        ("33340", "33340"),
        ("17410", None),
        ("Atlantis, XX", None),
        (None, None),
    ],
)
def test_of_an_unknown_county_the_published_area_counts(published: str | None, code: str | None) -> None:
    assert cbsa_code_of_county("55", "999", published) == code


def test_only_areas_that_neither_county_nor_name_identifies_are_unknown() -> None:
    rows = pd.DataFrame({"state_code": ["17", "55", "55", "55"], "county_code": ["031", "999", "999", "998"]})
    areas = pd.Series(["Atlantis, XX", "Atlantis, XX", "Atlantis, XX", "Milwaukee-Waukesha, WI"], dtype="category")
    codes, unknown = cbsa_codes(rows, areas)
    assert codes.tolist() == ["16980", None, None, "33340"]
    assert unknown == {"Atlantis, XX": 2}


@pytest.mark.slow
def test_every_county_lies_in_a_state_of_its_area() -> None:
    table = pd.read_csv(Path(__file__).parents[2] / "airwatch_dagster/acquire/county_cbsas.csv", dtype=str)
    assert not table.duplicated(["state_code", "county_code"]).any()
    assert table["delineation"].value_counts().to_dict() == {
        "AQS 2024-08-20": 2128, "OMB 2013-02": 392, "OMB 2023-07": 7
    }  # fmt: skip
    placed = table.dropna(subset=["cbsa_code"])
    assert len(placed) == 1919
    assert all(
        state in cbsa_states(code) for state, code in zip(placed["state_code"], placed["cbsa_code"], strict=True)
    )


def test_an_area_of_2023_has_a_code_of_its_own_and_the_areas_of_its_counties() -> None:
    assert not set(later_cbsas()) & set(cbsa_names())
    assert aqs_cbsas_of("17410") == ("11780", "17460")
    assert aqs_cbsas_of("48680") == ("45540",)
    assert aqs_cbsas_of("14710") == ()


def test_every_site_of_the_recorded_list_has_the_area_that_epa_names(real_data: Path) -> None:
    names = ["State Code", "County Code", "CBSA Name"]
    sites = pd.read_csv(real_data / "airdata" / "aqs_sites.zip", dtype=str, usecols=names, keep_default_na=False)
    sites = sites[~sites["State Code"].isin(["80", "CC"])].rename(
        columns={"State Code": "state_code", "County Code": "county_code"}
    )
    codes, unknown = cbsa_codes(sites)
    by_name = {name: cbsa_code_of(name) for name in sites["CBSA Name"].unique()}
    assert len(sites) > 20_000
    assert unknown == {}
    assert codes.fillna("").tolist() == sites["CBSA Name"].map(by_name).fillna("").tolist()
