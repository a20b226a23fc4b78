"""Names of sites for people, from names of EPA's list of sites (2024-08-20)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.publish.names import site_name, site_names
from airwatch_dagster_tests import builders


@pytest.mark.parametrize(
    ("published", "shown"),
    [
        ("EAST RIDGE CITY HALL", "East Ridge City Hall"),
        (" EAST RIDGE CITY HALL", "East Ridge City Hall"),
        ("CARY GROVE HS", "Cary Grove HS"),
        ("IEPA TRAILER", "IEPA Trailer"),
        ("MCKINLEY SCHOOL", "McKinley School"),
        ("McALESTER MUNICIPAL AIRPORT", "McAlester Municipal Airport"),
        ("FIRESTATION #1", "Firestation #1"),
        ("NORTH TULSA - FIRE STATION#24", "North Tulsa - Fire Station#24"),
        ("LAKE SUGEMA STATE PARK II", "Lake Sugema State Park II"),
        ("ON TOP OF THE FIRE STATION #1 ROOF", "On Top of the Fire Station #1 Roof"),
        ("ST JOHNS ROAD QUAKER CITY, OH", "St Johns Road Quaker City, OH"),
        ("CRUZ BAY, ST JOHN U.S. VIRGIN ISLANDS", "Cruz Bay, St John U.S. Virgin Islands"),
        ("SLOAN'S LAKE", "Sloan's Lake"),
        ("BEHIND BUILDING AT 305 E. 6TH", "Behind Building at 305 E. 6th"),
        ("TONTO NM", "Tonto NM"),
        ("NCORE", "NCore"),
        ("Daniela Banu NCORE", "Daniela Banu NCore"),
        ("CHILDREN'S PARK NCore", "Children's Park NCore"),
        ("FORT COLLINS - CSU - Edison", "Fort Collins - CSU - Edison"),
        ("Arnold West", "Arnold West"),
        ("Craters of the Moon NM & PRES - Visitor Center", "Craters of the Moon NM & PRES - Visitor Center"),
        ("CONSENTINO SCHOOL.", "Consentino School"),
        ("Vallejo-400 Tuolumne St.", "Vallejo-400 Tuolumne St."),
        ("PM2.5 COLOCATED MONITORS LOCATED ON TOP OF BUILDING", "PM2.5 Colocated Monitors Located on Top of Building"),
    ],
)
def test_a_published_name_is_written_for_people(published: str, shown: str) -> None:
    assert site_name(published, site_id="170310001") == shown


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  ", "NONE", "None", "N/A", "-"])
def test_a_site_without_a_name_is_its_county_and_number(missing: str | None) -> None:
    assert site_name(missing, site_id="170310076") == "Cook County, site 0076"
    assert site_name(missing, site_id="220330009") == "East Baton Rouge Parish, site 0009"
    assert site_name(missing, site_id="517600025") == "Richmond City, site 0025"
    assert site_name(missing, site_id="020900040") == "Fairbanks North Star, site 0040"
    assert site_name(missing, site_id="179990001") == "Site 179990001"


def test_an_acronym_alone_gets_its_county() -> None:
    assert site_name("KNI", site_id="201770013") == "KNI, Shawnee County"
    assert site_name("I-25", site_id="080310027") == "I-25, Denver County"
    assert site_name("BPG", site_id="179990001") == "Site BPG"


@pytest.mark.slow
@given(st.text(max_size=40))
def test_no_name_is_empty_or_in_capitals(published: str) -> None:
    shown = site_name(published, site_id="170310001")

    assert shown == shown.strip() != ""
    assert any(letter.islower() for letter in shown)


def test_the_names_of_monitors_are_by_site() -> None:
    monitors = builders.monitors(
        {"poc": 1, "site_name": None},
        {"poc": 2, "site_name": "COM ED"},
        {"site_id": "170310002", "site_number": "0002", "site_name": None},
    )

    assert site_names(monitors) == {monitors["site_id"][0]: "Com Ed", "170310002": "Cook County, site 0002"}


def test_sites_of_one_name_are_told_apart() -> None:
    sites = ["170310001", "170310002", "170430001", "179990001", "179990002", "170890001"]
    names = ["IEPA TRAILER"] * 5 + ["CITY HALL"]
    monitors = builders.monitors(
        *({"site_id": site, "site_name": name} for site, name in zip(sites, names, strict=True))
    )

    assert list(site_names(monitors).values()) == [
        "IEPA Trailer (Cook County, site 0001)",
        "IEPA Trailer (Cook County, site 0002)",
        "IEPA Trailer (DuPage County)",
        "City Hall",
        "IEPA Trailer (site 0001)",
        "IEPA Trailer (site 0002)",
    ]
