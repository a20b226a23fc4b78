"""The bulletins of a backfill: pages that lead to each other, feeds that agree, new pages after a revision."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from airwatch_dagster_tests.installations import Installation

NEWEST = "2021-05-31"


def site(installation: Installation) -> Path:
    return installation.folder / "tables" / "site"


def test_every_day_with_a_forecast_has_a_page_and_the_others_none(backfilled: Installation) -> None:
    issued = {f"{day:%Y-%m-%d}" for day in backfilled.tables.read("predictions")["issue_date"]}

    pages = {path.name.split(".")[0] for path in site(backfilled).glob("2021-*.html")}

    assert pages == issued
    assert len(issued) == 31
    assert {path.name for path in site(backfilled).glob(f"{NEWEST}*")} == {f"{NEWEST}.html", f"{NEWEST}.es.html"}


def test_the_newest_bulletin_agrees_with_its_tables(backfilled: Installation) -> None:
    latest = json.loads((site(backfilled) / "latest.json").read_text())
    rows = backfilled.tables.read("bulletin", [NEWEST])
    issued = backfilled.tables.read("predictions", [NEWEST])

    assert (latest["issue_date"], latest["is_simulated"], latest["area"]) == (
        NEWEST,
        True,
        "Chicago-Naperville-Elgin, IL-IN-WI",
    )
    shown = {(one["site_id"], day["horizon_days"]): day["aqi"] for one in latest["sites"] for day in one["days"]}
    assert shown == issued.set_index(["site_id", "horizon_days"])["aqi"].to_dict()
    assert rows["aqi"].tolist() == [tile["worst"]["aqi"] for tile in latest["tiles"]]
    assert rows["aqi"].tolist() == issued.groupby("horizon_days")["aqi"].max().tolist()
    assert latest["trust"]["forecasts"] == len(
        backfilled.tables.read("forecast_scores").query("horizon_days == 1 and target_date >= '2021-05-02'")
    )


def test_links_between_the_pages_lead_somewhere(backfilled: Installation) -> None:
    pages = sorted(site(backfilled).glob("*.html"))

    missing = set()
    for page in pages:
        for link in re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8")):
            if "://" not in link and not (site(backfilled) / unquote(link)).exists():
                missing.add((page.name, link))

    assert len(pages) > 60
    assert {link for _, link in missing} == set()


def test_the_archive_and_the_feed_list_every_bulletin(backfilled: Installation) -> None:
    index = (site(backfilled) / "index.html").read_text(encoding="utf-8")
    feed = (site(backfilled) / "feed.atom").read_text(encoding="utf-8")
    verification = json.loads((site(backfilled) / "verification.json").read_text())

    assert len(set(re.findall(r'href="(2021-\d\d-\d\d\.html)"', index))) == 31
    assert feed.count("<entry>") == 30
    assert {row["target_date"] for row in verification["days"]} == {
        f"{day:%Y-%m-%d}" for day in backfilled.tables.read("forecast_scores")["target_date"]
    }


def test_the_command_prints_the_bulletin_and_where_its_page_is(backfilled: Installation) -> None:
    newest = backfilled.run("bulletin")
    spanish = backfilled.run("bulletin", "2021-05-20", "--language", "es")

    headline = backfilled.tables.read("bulletin", [NEWEST])["headline"].iloc[0]
    assert " ".join(headline.split()) in " ".join(newest.split())
    assert str(site(backfilled) / f"{NEWEST}.html") in newest
    assert str(site(backfilled) / "2021-05-20.es.html") in spanish
    assert "2021-03-18: no forecast was issued on this day" in backfilled.airwatch("bulletin", "2021-03-18").output


@pytest.mark.slow
def test_a_revision_makes_the_pages_of_its_day_anew_and_leaves_the_newest(
    backfilled: Installation, tmp_path: Path
) -> None:
    shutil.copytree(backfilled.folder / "tables", tmp_path / "tables")
    copy = backfilled.with_settings(AIRWATCH_STORAGE=str(tmp_path / "tables"))
    folder, day = tmp_path / "tables" / "site", "2021-05-20"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    days = copy.tables.read("site_days", [day])
    higher = days.assign(pm25_ugm3=days["pm25_ugm3"] + 40.0)
    copy.tables.write("site_days", {day: higher})

    copy.run("backfill", day, day, "--tables", "forecast_scores,bulletin")

    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {f"{day}.html", f"{day}.es.html", "verification.json", "feed.atom"}
    assert pd.Timestamp(json.loads(after["latest.json"])["issue_date"]) == pd.Timestamp(NEWEST)


def test_an_export_is_a_file_and_a_manifest_that_describes_it(backfilled: Installation, tmp_path: Path) -> None:
    arguments = ("export", "predictions", "2021-05-01", "2021-05-03", "--to", str(tmp_path))

    backfilled.run(*arguments)
    again = backfilled.airwatch(*arguments)

    content = (tmp_path / "predictions_2021-05-01_2021-05-03.csv").read_bytes()
    manifest = json.loads((tmp_path / "predictions_2021-05-01_2021-05-03.manifest.json").read_text())
    expected = backfilled.tables.read("predictions", ["2021-05-01", "2021-05-02", "2021-05-03"])
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert (manifest["rows"], manifest["partitions"]) == (len(expected), 3)
    assert "simulated air" in manifest["how_to_cite"]
    assert [one["name"] for one in manifest["columns"]] == list(expected.columns)
    assert (again.exit_code, "--overwrite" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("predictons", "2021-05-01", "2021-05-03"), "Did you mean predictions?"),
        (("predictions", "2021-05-03", "2021-05-01"), "is before FIRST"),
        (("predictions", "2020-01-01", "2020-01-03"), "none of 2020-01-01…2020-01-03 is stored"),
        (("verification", "2021-05-01", "2021-05-31", "--by", "county"), "has no means by region"),
        (("verification", "2021-05-01", "2021-05-31", "--format", "geojson"), "has no sites"),
        (("site_days", "2021-05-01", "2021-05-02", "--by", "cbsa", "--format", "geojson"), "have no point"),
    ],
)
def test_an_export_that_cannot_be_is_explained_and_writes_nothing(
    backfilled: Installation, tmp_path: Path, arguments: tuple[str, ...], problem: str
) -> None:
    result = backfilled.airwatch("export", *arguments, "--to", str(tmp_path))

    assert result.exit_code == 1
    assert problem in result.output
    assert list(tmp_path.iterdir()) == []
