"""A file covers what its rows have in common, or what the user states, and nothing outside is withdrawn."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.download_scope import download_scope
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster_tests.acquire.airdata.downloaded_rows import days, downloaded, stored

# Minneapolis (33460) spans Minnesota and Wisconsin; Duluth is 20260; 27137 is Duluth's county, 27071 a rural one.
HENNEPIN, HENNEPIN_2, RAMSEY, ST_CROIX = "270530962", "270531007", "271230868", "551091002"
DULUTH, RURAL = "271377550", "270710001"


def place(site: str, cbsa_code: str | None = "33460", **others: Any) -> dict[str, Any]:
    return {"site": site, "cbsa_code": cbsa_code, **others}


@pytest.mark.parametrize(
    ("sites", "covers"),
    [
        ([place(HENNEPIN)], "site:270530962"),
        ([place(HENNEPIN), place(HENNEPIN_2)], "county:27-053"),
        ([place(HENNEPIN, None), place(HENNEPIN_2)], "county:27-053"),
        ([place(HENNEPIN), place(RAMSEY), place(ST_CROIX)], "cbsa:33460"),
        ([place(HENNEPIN), place(RAMSEY)], "cbsa:33460+state:27"),
        ([place(HENNEPIN), place(DULUTH, "20260")], "state:27"),
        ([place(HENNEPIN), place(RURAL, None)], "state:27"),
        ([place(RURAL, None), place("270170001", None)], "state:27"),
        ([place("110010041", "47900"), place("110010043", "47900")], "county:11-001"),
        ([place("440030002", "39300"), place("440070022", "39300")], "cbsa:39300+state:44"),
        ([place("440070022", "39300"), place("250051004", "39300")], "cbsa:39300"),
        (
            [
                *(place(HENNEPIN), place(DULUTH, "20260"), place("110010041", "47900"), place("110010043", "47900")),
                *(place("440030002", "39300"), place("440070022", "39300"), place("100010002", "20100")),
            ],
            "site:100010002,county:11-001,state:27,cbsa:39300+state:44",
        ),
    ],
)
def test_the_rows_show_what_every_file_of_the_page_with_them_covers(sites: list[dict[str, Any]], covers: str) -> None:
    assert str(download_scope(downloaded(*sites))) == covers


def test_what_the_rows_show_can_be_stated_too() -> None:
    rows = downloaded(place(HENNEPIN), place(RAMSEY))
    scope = download_scope(rows, "cbsa:33460+state:27")
    assert str(scope) == "cbsa:33460+state:27"
    assert [(str(part.area), part.first.day) for part in scope.parts] == [("cbsa:33460+state:27", 1)]


@pytest.mark.parametrize(
    ("file", "kept", "withdrawn"),
    [
        ([HENNEPIN], [HENNEPIN_2, RAMSEY, ST_CROIX, DULUTH, RURAL], []),
        ([HENNEPIN, HENNEPIN_2], [RAMSEY, ST_CROIX, DULUTH, RURAL], []),
        ([HENNEPIN, ST_CROIX], [DULUTH, RURAL], [HENNEPIN_2, RAMSEY]),
        ([HENNEPIN, RAMSEY], [ST_CROIX, DULUTH, RURAL], [HENNEPIN_2]),
        ([HENNEPIN, RURAL], [ST_CROIX], [HENNEPIN_2, RAMSEY, DULUTH]),
    ],
)
def test_only_monitors_within_the_shown_area_are_withdrawn(
    file: list[str], kept: list[str], withdrawn: list[str]
) -> None:
    areas = {DULUTH: "20260", RURAL: None}
    known = [place(site, areas.get(site, "33460")) for site in (HENNEPIN, HENNEPIN_2, RAMSEY, ST_CROIX, DULUTH, RURAL)]
    rows = downloaded(*(one for one in known if one["site"] in file))

    merged = merge_pull(stored(*known), rows, seen_at=pd.Timestamp("2021-03-01"), in_scope=download_scope(rows))

    site_ids = merged["state_code"] + merged["county_code"] + merged["site_number"]
    assert set(site_ids[merged["superseded_at"].notna()]) == set(withdrawn)
    assert set(site_ids[merged["superseded_at"].isna()]) == {*file, *kept}


def test_an_area_is_covered_on_the_days_that_the_file_has_of_it() -> None:
    rows = downloaded(
        *days(HENNEPIN, first="2021-01-02", count=3), *days(DULUTH, cbsa_code="20260", first="2021-01-03", count=1),
        *days("191130040", "191630020", cbsa_code="16300", first="2021-01-05", count=1),
        *days("191530030", cbsa_code="19780", first="2021-01-06", count=1),
    )  # fmt: skip
    history = stored(*days(HENNEPIN_2, count=10), *days("191130041", cbsa_code="16300", count=10))

    covered = history[download_scope(rows)(history)]

    assert covered.groupby("state_code")["date_local"].apply(lambda day: day.dt.day.tolist()).to_dict() == {
        "19": [5, 6],
        "27": [2, 3, 4],
    }


def test_a_parameter_that_the_file_lacks_is_in_scope_only_where_it_moved() -> None:
    history = stored(
        place(HENNEPIN, poc=3, parameter_code="88502"),
        place(HENNEPIN, poc=3, parameter_code="88502", day="2021-01-02"),
        place(HENNEPIN, poc=1, day="2021-01-02"),
        place(DULUTH, poc=3, parameter_code="88502"),
    )
    only_88101 = downloaded(place(HENNEPIN, poc=3), place(HENNEPIN, poc=1, day="2021-01-02"), place(DULUTH, "20260"))
    both = downloaded(place(HENNEPIN, poc=3), place(DULUTH, "20260", poc=5, parameter_code="88502", day="2021-01-02"))

    in_scope = history[download_scope(only_88101)(history)]
    assert in_scope[["site_number", "parameter_code", "date_local"]].astype(str).to_numpy().tolist() == [
        ["0962", "88101", "2021-01-02"],
        ["0962", "88502", "2021-01-01"],
        ["7550", "88502", "2021-01-01"],
    ]
    assert download_scope(both)(history).tolist() == [True] * 4


def test_a_site_whose_statistical_area_was_redrawn_stays_in_scope() -> None:
    rows = downloaded(place(HENNEPIN, day="2021-01-01"), place(HENNEPIN, day="2021-01-03"), place(ST_CROIX))
    history = stored(place(HENNEPIN, "99999", day="2021-01-02"), place(RAMSEY, "99999"))
    assert download_scope(rows)(history).tolist() == [True, False]


def test_a_file_without_rows_covers_nothing() -> None:
    scope = download_scope(downloaded())
    assert not scope(stored(place(HENNEPIN))).any()
    assert str(scope) == ""


def test_the_user_can_state_more_than_the_rows_show() -> None:
    rows = downloaded(place(HENNEPIN))
    history = stored(place(HENNEPIN_2), place(RAMSEY), place(DULUTH, "20260"))
    for covers, withdrawn in {
        "county:27-053": ["1007"],
        "county:27053": ["1007"],
        " CBSA:33460 ": ["1007", "0868"],
        "state:27": ["1007", "0868", "7550"],
        "site:27-053-0962": [],
    }.items():
        assert history[download_scope(rows, covers)(history)]["site_number"].tolist() == withdrawn


@pytest.mark.parametrize(
    ("covers", "facts"),
    [
        ("county:27-053", ["1 site outside", "271230868"]),
        ("site:270530962,site:271230868,county:55-109", ["no row is of county:55-109"]),
        ("state:55", ["no row is of state:55"]),
        ("state:MN", ["'state:MN'", "state:27", "site:270530962"]),
        ("27", ["'27'"]),
        ("county:053", ["'county:053'"]),
        ("state:27+county:27-053", ["'state:27+county:27-053'"]),
        (" , ", ["names no area"]),
    ],
)
def test_what_is_stated_must_fit_the_rows(covers: str, facts: list[str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        download_scope(downloaded(place(HENNEPIN), place(RAMSEY)), covers, culprit="may.csv")
    assert all(fact in str(refused.value) for fact in facts), refused.value
