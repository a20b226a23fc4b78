"""`airwatch import --undo`: an import leaves no trace in the tables, and one in Dagster's event log."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.airdata.download_scope import download_scope
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.commands.imports import undo_import
from airwatch_dagster_tests.end_to_end.test_import import HEADER, line, rows
from airwatch_dagster_tests.installations import Installation

pytestmark = pytest.mark.slow

ELGIN, ALSIP, GARY = "170890003", "170310001", "180890022"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "installed", AIRWATCH_SOURCE="airdata", AIRWATCH_AIRDATA_URL=tmp_path.as_uri())


def file_of(folder: Path, name: str, values: dict[str, float], *, site: str = ALSIP) -> str:
    lines = [line(f"{day[5:7]}/{day[8:]}/{day[:4]}", value, site=site) for day, value in values.items()]
    (folder / name).write_text("\n".join([HEADER, *lines, ""]))
    return str(folder / name)


def readings(installation: Installation) -> dict[str, str]:
    return {name: mark for name, mark in installation.fingerprints().items() if name.startswith("raw_readings/")}


def days_with_rows(installation: Installation) -> set[str]:
    table = installation.tables.read("raw_readings")
    return set(table["date_local"].dt.strftime("%Y-%m-%d"))


def last_materialization(installation: Installation, day: str) -> dict[str, Any]:
    with installation.with_definitions() as (_, instance):
        wanted = dg.AssetRecordsFilter(dg.AssetKey("raw_readings"), asset_partitions=[day])
        (record,) = instance.fetch_materializations(wanted, limit=1).records
    assert record.asset_materialization is not None
    return {name: value.value for name, value in record.asset_materialization.metadata.items()}


def test_an_undone_import_leaves_the_tables_as_before_and_its_trace_in_the_event_log(
    installation: Installation, tmp_path: Path
) -> None:
    first = file_of(tmp_path, "a.csv", {"2020-12-31": 8.0, "2021-01-01": 9.0, "2021-01-02": 10.0})
    second = file_of(tmp_path, "b.csv", {"2020-12-31": 8.5, "2021-01-02": 10.0, "2021-01-03": 11.0})
    installation.run("import", first, "--seen-at", "2021-02-01")
    before = readings(installation)
    installation.run("import", second, "--seen-at", "2021-02-02T12:30")
    assert [one["kind"] for one in rows(installation, "revisions", "2021-02-02")] == ["changed"]
    imported = readings(installation)

    output = installation.run("import", "--undo", second)

    for fact in ("b.csv", "2021-02-02 12:30:00", "2 versions removed", "1 are current again"):
        assert fact in output
    after = readings(installation)
    assert {name: after[name] for name in before} == before
    assert rows(installation, "raw_readings", "2021-01-03") == []
    assert rows(installation, "revisions", "2021-02-02") == []
    trace = last_materialization(installation, "2020-12-31")
    assert trace["run_undone_import"] == "2021-02-02T12:30:00 UTC"
    assert (trace["run_undone_file"], trace["run_removed_versions"], trace["run_restored_versions"]) == ("b.csv", 1, 1)

    installation.run("import", second, "--seen-at", "2021-02-02T12:30")
    assert readings(installation) == imported


def test_an_import_is_undone_after_those_that_build_on_it(installation: Installation, tmp_path: Path) -> None:
    values = {"2021-01-01": 9.0, "2021-01-02": 10.0}
    first = file_of(tmp_path, "a.csv", values)
    changed = file_of(tmp_path, "b.csv", {**values, "2021-01-02": 7.0})
    confirming = file_of(tmp_path, "c.csv", {"2021-01-01": 9.0, "2021-01-03": 7.0})
    elsewhere = file_of(tmp_path, "d.csv", values, site=GARY)
    installation.run("import", first, "--seen-at", "2021-02-01")
    for later, seen_at in ((changed, "2021-02-02"), (confirming, "2021-02-03")):
        installation.run("import", later, "--seen-at", seen_at)
        before = readings(installation)
        refused = installation.airwatch("import", "--undo", "2021-02-01")
        assert refused.exit_code == 1
        assert Path(later).name in refused.output
        assert f"--undo {seen_at}T00:00:00" in refused.output
        assert readings(installation) == before
        installation.run("import", "--undo", later)
    installation.run("import", elsewhere, "--seen-at", "2021-02-04")

    installation.run("import", "--undo", first)

    assert installation.tables.read("raw_readings")["state_code"].tolist() == ["18", "18"]
    assert rows(installation, "revisions", "2021-02-04") == []


def test_files_seen_at_the_same_time_are_undone_one_by_one_or_together(
    installation: Installation, tmp_path: Path
) -> None:
    values = {"2021-01-01": 9.0, "2021-01-02": 10.0}
    files = [file_of(tmp_path, f"{site}.csv", values, site=site) for site in (ALSIP, ELGIN, GARY)]
    installation.run("import", *files, "--seen-at", "2021-02-01")

    installation.run("import", "--undo", f"{GARY}.csv")
    assert set(installation.tables.read("raw_readings")["county_code"]) == {"031", "089"}
    assert installation.tables.read("raw_readings")["state_code"].unique().tolist() == ["17"]

    installation.run("import", "--undo", "2021-02-01")
    assert days_with_rows(installation) == set()


@pytest.mark.parametrize("name", ["2062", "january.csv"])
def test_a_day_poisoned_by_a_stamp_of_2062_is_recovered(installation: Installation, tmp_path: Path, name: str) -> None:
    january = file_of(tmp_path, "january.csv", {"2021-01-01": 9.0, "2021-01-02": 10.0})
    before = file_of(tmp_path, "before.csv", {"2021-01-01": 8.0, "2021-01-02": 10.0})
    installation.run("import", before, "--seen-at", "2021-02-01")
    history = installation.tables.read("raw_readings")
    read = read_daily_download(Path(january)).readings
    poisoned = merge_pull(history, read, seen_at=pd.Timestamp("2062-01-01"), in_scope=download_scope(read))
    parts = {f"{day:%Y-%m-%d}": part for day, part in poisoned.groupby("date_local")}
    installation.tables.write("raw_readings", parts)
    stuck = installation.airwatch("import", january)
    assert stuck.exit_code == 1
    assert "airwatch import --undo 2062-01-01T00:00:00" in stuck.output

    installation.run("import", "--undo", str(tmp_path / name) if name.endswith(".csv") else name)

    pd.testing.assert_frame_equal(installation.tables.read("raw_readings"), history)
    installation.run("import", january)
    current = installation.tables.read("raw_readings").query("superseded_at.isna()")
    assert current["arithmetic_mean"].tolist() == [9.0, 10.0]


def test_days_that_an_undo_empties_are_read_by_the_next_backfill(installation: Installation, tmp_path: Path) -> None:
    installation.run("import", file_of(tmp_path, "a.csv", {"2021-01-01": 9.0}), "--seen-at", "2021-02-01")
    installation.run(
        "import", file_of(tmp_path, "b.csv", {"2021-01-01": 8.0, "2021-01-02": 9.0}), "--seen-at", "2021-02-02"
    )
    (tmp_path / "aqs_monitors.zip").touch()
    plan = ("backfill", "2021-01-01", "2021-01-02", "--tables", "raw_readings", "--plan")
    assert "builds 1 partition" not in installation.airwatch(*plan).output

    installation.run("import", "--undo", "b.csv")

    assert "1 run builds 1 partition of 1 table" in installation.airwatch(*plan).output


def test_an_import_that_is_not_found_is_named_with_the_times_to_choose_from(
    installation: Installation, tmp_path: Path
) -> None:
    values = {"2021-01-01": 9.0, "2021-01-02": 9.0}
    installation.run("import", file_of(tmp_path, "a.csv", values), "--seen-at", "2021-02-01T08:00")
    installation.run("import", file_of(tmp_path, "b.csv", {"2021-01-01": 8.0}), "--seen-at", "2021-02-01T09:00")
    unknown = file_of(tmp_path, "unknown.csv", {"2021-01-02": 9.0})
    before = installation.fingerprints()
    both = ("2021-02-01T08:00:00", "2021-02-01T09:00:00")

    for name, facts in {
        "nothing.csv": ("'nothing.csv'", "no imported file"),
        "2021-02-03": ("none of the stored pulls", *both),
        "2021-02-01": ("2 of the stored pulls", *both),
        unknown: ("unknown.csv", "2021-02-01T08:00:00"),
    }.items():
        result = installation.airwatch("import", "--undo", name)
        assert result.exit_code == 1
        assert all(fact in result.output for fact in facts), result.output
    assert installation.fingerprints() == before


def test_what_a_source_published_cannot_be_undone(installation: Installation, tmp_path: Path) -> None:
    installation.run("import", file_of(tmp_path, "a.csv", {"2021-01-01": 9.0}), "--seen-at", "2021-02-01")
    table = installation.tables.read("raw_readings")
    installation.tables.write("raw_readings", {"2021-01-01": table.assign(pollutant_standard="PM25 24-hour 2012")})

    result = installation.airwatch("import", "--undo", "2021-02-01")

    assert result.exit_code == 1
    assert "not imported" in result.output


def test_undo_takes_no_other_option(installation: Installation) -> None:
    result = installation.airwatch("import", "--undo", "a.csv", "--seen-at", "2021-02-01")
    assert result.exit_code == 2
    assert "--seen-at" in result.output


@pytest.mark.parametrize("named", ["path", "name", "time", "not on record"])
def test_an_undo_that_was_killed_before_the_revisions_were_rebuilt_goes_on(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    first = file_of(tmp_path, "a.csv", {"2021-01-01": 9.0, "2021-01-02": 10.0})
    second = file_of(tmp_path, "b.csv", {"2021-01-01": 9.5, "2021-01-02": 10.0})
    installation.run("import", first, "--seen-at", "2021-02-01")
    before = readings(installation)
    installation.run("import", second, "--seen-at", "2021-02-02T12:30")
    with monkeypatch.context() as killed:
        killed.setattr(undo_import, "_detection_days", lambda *_: [])
        installation.run("import", "--undo", second)
    assert len(rows(installation, "revisions", "2021-02-02")) == 1
    if named == "not on record":
        monkeypatch.setattr(undo_import, "import_runs", lambda *_, **__: [])

    again = {"path": second, "name": "b.csv", "time": "2021-02-02"}.get(named, second)
    installation.run("import", "--undo", again)

    assert rows(installation, "revisions", "2021-02-02") == []
    assert readings(installation) == before
    assert installation.airwatch("import", "--undo", again).exit_code == 1
