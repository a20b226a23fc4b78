"""`airwatch import`: downloads become history, each as seen on its own day and for the area that it covers."""

import json
from pathlib import Path
from typing import Any

import pytest

from airwatch_dagster_tests.installations import Installation

HEADER = (
    "Date,Source,Site ID,POC,Daily Mean PM2.5 Concentration,Units,Daily AQI Value,Local Site Name,Daily Obs Count,"
    "Percent Complete,AQS Parameter Code,AQS Parameter Description,Method Code,Method Description,CBSA Code,CBSA Name,"
    "State FIPS Code,State,County FIPS Code,County,Site Latitude,Site Longitude"
)


def line(day: str, value: float, *, source: str = "AQS", site: str = "170310001") -> str:
    place = f"{site[:2]},Illinois,{site[2:5]},Cook,41.67,-87.73"
    return (
        f"{day},{source},{site},1,{value},ug/m3 LC,40,Alsip,1,100.0,88101,PM2.5 - Local Conditions,170,BAM,16980,"
        f'"Chicago-Naperville-Elgin, IL-IN-WI",{place}'
    )


@pytest.fixture
def vintages(tmp_path: Path) -> list[Path]:
    """Seen in May, AirNow's; seen in September, AQS's: confirmed, corrected, gone, and one there for the first time."""
    may = [
        line("02/03/2020", 8.0, source="AirNow"),
        line("02/04/2020", 9.0, source="AirNow"),
        line("02/05/2020", 10.0, source="AirNow"),
    ]
    september = [line("02/03/2020", 8.0), line("02/04/2020", 9.5), line("02/03/2020", 7.0, site="170310002")]
    files = [tmp_path / "may.csv", tmp_path / "september.csv"]
    for file, lines in zip(files, (may, [*september, line("02/06/2020", 5.0)]), strict=True):
        file.write_text("\n".join([HEADER, *lines, ""]))
    return files


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "installed", AIRWATCH_SOURCE="airdata", AIRWATCH_AIRDATA_URL=tmp_path.as_uri())


def rows(installation: Installation, *arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(installation.run("inspect", *arguments, "--json")))


def test_each_download_is_what_was_known_on_its_day_and_revisions_hold_the_differences(
    installation: Installation, vintages: list[Path]
) -> None:
    installation.run("import", str(vintages[0]), "--seen-at", "2020-05-04")
    output = installation.run("import", str(vintages[1]), "--seen-at", "2020-09-01")

    def known(day: str, as_of: str) -> list[tuple[str, float]]:
        return [
            (one["source"], one["arithmetic_mean"]) for one in rows(installation, "raw_readings", day, "--as-of", as_of)
        ]

    assert known("2020-02-04", "2020-05-03") == []
    assert known("2020-02-04", "2020-05-04") == [("airnow", 9.0)]
    assert known("2020-02-04", "2020-09-01") == [("aqs", 9.5)]
    assert "revisions detected on 2020-09-01: 4" in output
    revisions = rows(installation, "revisions", "2020-09-01")
    assert sorted(
        (one["date_local"][:10], one["kind"], one["old_pm25_ugm3"], one["new_pm25_ugm3"]) for one in revisions
    ) == [
        ("2020-02-03", "appeared_late", None, 7.0),
        ("2020-02-03", "provisional_to_final", 8.0, 8.0),
        ("2020-02-04", "provisional_to_final", 9.0, 9.5),
        ("2020-02-05", "deleted", 10.0, None),
    ]


@pytest.mark.slow
def test_importing_the_same_download_twice_adds_nothing(installation: Installation, vintages: list[Path]) -> None:
    installation.run("import", str(vintages[0]), "--seen-at", "2020-05-04")
    before = installation.fingerprints()

    installation.run("import", str(vintages[0]), "--seen-at", "2020-06-04")

    after = installation.fingerprints()
    assert {name for name in after if before.get(name) != after[name]} == {"revisions/2020-06-04.parquet"}


@pytest.mark.slow
def test_an_older_download_cannot_follow_a_newer_one(installation: Installation, vintages: list[Path]) -> None:
    installation.run("import", str(vintages[1]), "--seen-at", "2020-09-01")
    before = installation.fingerprints()

    result = installation.airwatch("import", str(vintages[0]), "--seen-at", "2020-05-04")

    assert result.exit_code == 1
    assert "a pull seen at 2020-05-04 00:00:00 cannot follow one seen at 2020-09-01" in result.output
    assert installation.fingerprints() == before


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        ({}, ["nowhere.csv"], "nowhere.csv: there is no such file"),
        ({}, ["may.csv", "--seen-at", "spring"], "'spring' is not a day or time"),
        ({}, ["may.csv", "--seen-at", "2062-01-01"], "2062-01-01 00:00:00 UTC is in the future"),
        ({}, ["may.csv", "--covers", "state:27"], "may.csv: no row is of state:27"),
        ({}, ["may.csv", "--covers", "Illinois"], "'Illinois' is not an area of the page"),
        ({"AIRWATCH_SOURCE": "practice"}, ["may.csv"], "simulated air and a download of EPA's would mix"),
    ],
)
def test_the_error_names_what_cannot_be_imported(
    installation: Installation, vintages: list[Path], change: dict[str, str], arguments: list[str], sentence: str
) -> None:
    file, *options = arguments

    result = installation.with_settings(**change).airwatch("import", str(vintages[0].parent / file), *options)

    assert result.exit_code == 1
    assert sentence in result.output
    assert "raw_readings" not in {name.partition("/")[0] for name in installation.fingerprints()}


def download(folder: Path, name: str, *sites: str, days: int = 10) -> str:
    """A file with the first ``days`` of January 2021 of each site."""
    lines = [line(f"01/{day:02d}/2021", 9.0, site=site) for site in sites for day in range(1, days + 1)]
    (folder / name).write_text("\n".join([HEADER, *lines, ""]))
    return str(folder / name)


@pytest.mark.slow
def test_a_countys_file_withdraws_nothing_of_the_rest_of_its_state(installation: Installation, tmp_path: Path) -> None:
    state = download(tmp_path, "state.csv", "170310057", "170310076", "170434002", "171971011")
    county = download(tmp_path, "county.csv", "170434002", "170436001")
    installation.run("import", state, "--seen-at", "2021-02-01")

    output = installation.run("import", county, "--seen-at", "2021-02-02")

    assert "county.csv covers county:17-043" in output
    assert "revisions detected on 2021-02-02: 10" in output
    assert {one["kind"] for one in rows(installation, "revisions", "2021-02-02")} == {"appeared_late"}
    current = [one["superseded_at"] for one in rows(installation, "raw_readings", "2021-01-04")]
    assert current == [None] * 5


@pytest.mark.slow
def test_many_withdrawals_have_to_be_confirmed_or_the_area_stated(installation: Installation, tmp_path: Path) -> None:
    state = download(tmp_path, "state.csv", "170310057", "170310076", "170434002", "171971011")
    installation.run("import", state, "--seen-at", "2021-02-01", "--covers", "state:17")
    before = installation.fingerprints()
    part = download(tmp_path, "part.csv", "170310057", "170434002")

    refused = installation.airwatch("import", part, "--seen-at", "2021-02-02")

    assert refused.exit_code == 1
    for fact in ("part.csv", "20 of 40 monitor-days", "2 monitors on 10 days", "--covers", "--confirm-withdrawals"):
        assert fact in refused.output
    assert installation.fingerprints() == before

    installation.run("import", part, "--seen-at", "2021-02-02", "--covers", "site:170310057,site:170434002")
    assert rows(installation, "revisions", "2021-02-02") == []

    installation.run("import", part, "--seen-at", "2021-02-03", "--confirm-withdrawals")
    deleted = [(one["site_id"], one["kind"]) for one in rows(installation, "revisions", "2021-02-03")]
    assert sorted(set(deleted)) == [("170310076", "deleted"), ("171971011", "deleted")]
    assert len(deleted) == 20
