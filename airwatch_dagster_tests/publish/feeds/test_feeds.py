"""The feeds: forms that their JSON Schemas accept, numbers that agree with the bulletin."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from importlib.resources import files
from typing import Any

import jsonschema
import pandas as pd
import pytest

from airwatch_dagster.publish.content import Bulletin, EarlyIssue
from airwatch_dagster.publish.feeds.atom import ATOM, ENTRIES, Entry, atom
from airwatch_dagster.publish.feeds.forecasts import CSV_COLUMNS, forecasts_csv, latest_json, sites_geojson
from airwatch_dagster.publish.feeds.verification import verification_json
from airwatch_dagster.publish.site import is_newer
from airwatch_dagster.verify.scoring import score_forecasts
from airwatch_dagster_tests.publish.materials import DAY, LAKE, YARD, bulletin, days_ago, forecasts, material, readings

MOMENT = pd.Timestamp("2021-07-11")


@pytest.fixture
def made() -> Bulletin:
    past = {(LAKE, ago, 1): 8.0 + ago for ago in range(1, 5)}
    observed = {(LAKE, ago): 9.0 for ago in range(5)} | {(YARD, 0): 8.0}
    ahead = {(site, 0, horizon): 8.149 for site in (LAKE, YARD) for horizon in (1, 2, 3)}
    return bulletin(material(forecasts({**ahead, **past}), readings(observed)))


def schema(name: str) -> dict[str, Any]:
    text = files("airwatch_dagster.publish.feeds").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    return json.loads(text)


def validate(content: Any, name: str) -> None:
    form = schema(name)
    jsonschema.Draft202012Validator.check_schema(form)
    jsonschema.validate(content, form, format_checker=jsonschema.FormatChecker())


def test_latest_json_is_of_its_form_and_holds_the_bulletin(made: Bulletin) -> None:
    content = json.loads(latest_json(made))

    validate(content, "latest")
    assert (content["issue_date"], content["made_at"]) == ("2021-07-10", "2021-07-11T12:00:00Z")
    assert content["tiles"][1]["worst_site_id"] == LAKE
    assert content["sites"][0]["days"][0]["probabilities"]["35.4"] == 0.1
    assert content["trust"]["forecasts"] == 4


def test_the_feeds_say_that_an_issue_is_early(made: Bulletin) -> None:
    early = replace(made, early=EarlyIssue(pd.Timestamp("2021-07-11 12:00").to_pydatetime(), observed_sites=1, sites=2))

    content, sites = json.loads(latest_json(early)), json.loads(sites_geojson(early))
    validate(content, "latest")
    validate(sites, "sites")
    assert content["early"] == {"issued_at": "2021-07-11T12:00:00Z", "observed_sites": 1, "sites": 2}
    assert json.loads(latest_json(made))["early"] is None
    assert (sites["is_early"], json.loads(sites_geojson(made))["is_early"]) == (True, False)
    lines = [list(csv.DictReader(io.StringIO(forecasts_csv(one).decode()))) for one in (early, made)]
    assert [{line["is_early"] for line in of} for of in lines] == [{"true"}, {"false"}]


def test_the_feeds_say_when_the_forecasts_were_issued_and_nothing_where_it_was_not_kept(made: Bulletin) -> None:
    before = replace(made, issued_at=None)

    for one, moment in ((made, "2021-07-11T18:30:00Z"), (before, None)):
        content, sites = json.loads(latest_json(one)), json.loads(sites_geojson(one))
        validate(content, "latest")
        validate(sites, "sites")
        assert (content["issued_at"], sites["issued_at"]) == (moment, moment)
        lines = csv.DictReader(io.StringIO(forecasts_csv(one).decode()))
        assert {line["issued_at"] for line in lines} == {moment or ""}


def test_an_early_issue_never_takes_the_place_of_the_daily_one_of_its_day(made: Bulletin) -> None:
    early = replace(made, early=EarlyIssue(pd.Timestamp("2021-07-11 12:00").to_pydatetime(), observed_sites=1, sites=2))
    before = replace(made, issue_date=date(2021, 7, 9))

    assert is_newer(early, None)
    assert is_newer(early, latest_json(before))
    assert is_newer(early, latest_json(early))
    assert is_newer(made, latest_json(early))
    assert is_newer(made, latest_json(made))
    assert not is_newer(early, latest_json(made))
    assert not is_newer(before, latest_json(early))


def test_a_schema_refuses_another_form(made: Bulletin) -> None:
    content = json.loads(latest_json(made))

    content["sites"][0]["days"][0]["category"] = "Fair"

    with pytest.raises(jsonschema.ValidationError, match="Fair"):
        validate(content, "latest")


def test_sites_are_points_with_longitude_first(made: Bulletin) -> None:
    content = json.loads(sites_geojson(made))

    validate(content, "sites")
    points = {one["id"]: one["geometry"]["coordinates"] for one in content["features"]}
    assert points == {LAKE: [-87.6, 41.9], YARD: [-87.3, 41.6]}


def test_the_csv_has_a_line_per_site_and_target_day_and_no_formula(made: Bulletin) -> None:
    named = replace(made, sites=(replace(made.sites[0], name='=HYPERLINK("x"), a'), *made.sites[1:]))

    rows = list(csv.DictReader(io.StringIO(forecasts_csv(named).decode())))

    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 6
    assert rows[0]["site_name"] == '\'=HYPERLINK("x"), a'
    assert (rows[0]["pm25_ugm3"], rows[0]["aqi"], rows[0]["target_date"]) == ("8.1", "45", "2021-07-11")
    assert rows[0]["probability_above_35_4"] == "0.1"


def test_the_verification_of_a_day_replaces_what_was_known_of_it() -> None:
    observed = readings({(LAKE, 1): 10.0, (LAKE, 0): 12.0})
    issued = forecasts({(LAKE, 1, 1): 11.0, (YARD, 1, 1): 5.0})
    scores = score_forecasts(issued, site_days=observed, scored_at=DAY)
    first = verification_json(None, scores=scores, site_days=observed, area="Chicago")
    restated = readings({(LAKE, 1): 10.0, (LAKE, 0): 14.0})
    again = score_forecasts(issued, site_days=restated, scored_at=DAY)

    content = json.loads(verification_json(first, scores=again, site_days=restated, area="Chicago"))

    validate(content, "verification")
    (row,) = content["days"]
    assert (row["target_date"], row["sites"], row["rmse_ugm3"], row["bias_ugm3"]) == ("2021-07-10", 1, 3.0, -3.0)
    assert (row["compared_sites"], row["compared_mse"], row["persistence_mse"]) == (1, 9.0, 16.0)


def test_a_day_without_persistence_has_nulls_and_no_nan() -> None:
    observed = readings({(LAKE, 0): 12.0})
    scores = score_forecasts(forecasts({(LAKE, 1, 1): 11.0}), site_days=observed, scored_at=DAY)

    content = json.loads(verification_json(None, scores=scores, site_days=observed, area="Chicago"))

    validate(content, "verification")
    assert content["days"][0]["persistence_mse"] is None


def test_a_history_of_another_form_is_never_overwritten() -> None:
    observed = readings({(LAKE, 0): 12.0})
    scores = score_forecasts(forecasts({(LAKE, 1, 1): 11.0}), site_days=observed, scored_at=DAY)

    with pytest.raises(ValueError, match="airwatch-verification/9"):
        verification_json(b'{"form":"airwatch-verification/9"}', scores=scores, site_days=observed, area="x")


def test_the_atom_feed_has_the_newest_bulletins_and_lasting_ids() -> None:
    days = [days_ago(ago).date() for ago in range(ENTRIES + 5)]
    entries = [Entry(day, f"Good & <fine> on {day}", f"{day}.html") for day in reversed(days)]

    feed = ET.fromstring(atom(entries, area="Chicago", updated=MOMENT))
    again = ET.fromstring(atom(entries[:1], area="Chicago", updated=MOMENT + pd.Timedelta(days=31)))

    found = feed.findall(f"{{{ATOM}}}entry")
    assert [one.findtext(f"{{{ATOM}}}title") for one in found[:1]] == ["Good & <fine> on 2021-07-10"]
    assert len(found) == ENTRIES
    ids = [one.findtext(f"{{{ATOM}}}id") for one in found]
    assert len(set(ids)) == ENTRIES
    oldest = again.find(f"{{{ATOM}}}entry")
    assert oldest is not None
    assert oldest.findtext(f"{{{ATOM}}}id") not in ids
    assert feed.findtext(f"{{{ATOM}}}id") == again.findtext(f"{{{ATOM}}}id")
    assert date.fromisoformat(str(found[0].findtext(f"{{{ATOM}}}updated"))[:10]) == days[0]


def test_an_empty_archive_is_a_valid_feed() -> None:
    feed = ET.fromstring(atom([], area="Chicago", updated=MOMENT))

    assert feed.findtext(f"{{{ATOM}}}title") == "PM2.5 forecast for Chicago"
    assert pd.Timestamp(feed.findtext(f"{{{ATOM}}}updated")) == pd.Timestamp("2021-07-11", tz="UTC")
