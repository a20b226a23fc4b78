"""Sites and monitors of the practice network."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np

from airwatch_dagster.practice.world.air import places_km
from airwatch_dagster.practice.world.network import MONITORS, SITES
from airwatch_dagster.practice.world.world import CBSAS, INSTRUMENTS, STATES


def test_practice_sites_are_recognisable() -> None:
    assert all(site.site_number.startswith("9") and len(site.site_number) == 4 for site in SITES)
    assert all(site.name.startswith("Practice ") for site in SITES)


def test_monitors_are_identified_by_site_parameter_and_poc() -> None:
    keys = Counter((site.site_id, monitor.parameter_code, monitor.poc) for site, monitor in MONITORS)
    assert max(keys.values()) == 1


def test_sites_of_88502_are_of_every_kind() -> None:
    parameters = {site.name: [(one.parameter_code, one.schedule) for one in site.monitors] for site in SITES}
    assert parameters["Practice Lighthouse"] == [("88502", "hourly")]
    assert parameters["Practice Speedway"] == [("88101", "1-in-3"), ("88502", "hourly")]
    assert parameters["Practice Rivière"] == [("88502", "1-in-3"), ("88101", "hourly")]


def test_chicago_has_nine_sites_in_three_states() -> None:
    chicago = [site for site in SITES if site.cbsa_code == "16980"]
    assert len(chicago) == 9
    assert {site.state_code for site in chicago} == {"17", "18", "55"}


def test_sites_around_chicago_are_far_and_on_all_sides() -> None:
    east, north = places_km().T
    assert np.hypot(east, north).max() > 600
    assert np.hypot(east, north).max() < 750
    assert (east.min() < -500, east.max() > 250, north.min() < -250, north.max() > 250) == (True, True, True, True)


def test_every_used_code_has_a_name() -> None:
    assert {site.state_code for site in SITES} == set(STATES)
    assert {site.cbsa_code for site in SITES} - {None} == set(CBSAS)
    assert {code for _, monitor in MONITORS for _, code in monitor.methods} == set(INSTRUMENTS)


def test_no_site_has_two_primary_monitors() -> None:
    primary = Counter(site.site_id for site, monitor in MONITORS if monitor.is_primary)
    assert max(primary.values()) == 1
    assert set(primary) != {site.site_id for site in SITES}


def test_cbsa_codes_and_names_are_those_of_aqs(real_data: Path) -> None:
    listed = json.loads((real_data / "aqs_api" / "list" / "cbsas.json").read_text())["Data"]
    names = {row["code"]: row["value_represented"] for row in listed}
    assert {code: names[code] for code in CBSAS} == CBSAS


def test_counties_are_those_of_aqs(real_data: Path) -> None:
    import io
    import zipfile

    with zipfile.ZipFile(real_data / "airdata" / "aqs_monitors.zip") as archive:
        text = archive.read("aqs_monitors.csv").decode("iso-8859-1")
    real = {(row["State Code"], row["County Code"]): row for row in csv.DictReader(io.StringIO(text))}
    for site in SITES:
        row = real[site.state_code, site.county_code]
        assert (site.county, site.state) == (row["County Name"], row["State Name"])
        assert abs(site.latitude - float(row["Latitude"])) + abs(site.longitude - float(row["Longitude"])) < 1.5
