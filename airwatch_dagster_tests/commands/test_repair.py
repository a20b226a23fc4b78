"""`airwatch repair`: what a clock in the future stamped is listed, mended on request, and on record."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.commands import repair as command
from airwatch_dagster.commands.repair import repair
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest import stamps
from airwatch_dagster.orchestration.ingest.stamps import refuse_future_versions
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import raw_readings

DAY = "2026-10-01"
RIGHT, WRONG = pd.Timestamp("2026-11-01 08:00"), pd.Timestamp("2099-01-01 08:00")


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    """A day whose reading a clock in 2099 has superseded."""
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))
    storage = TableStorage.open(str(tmp_path / "tables"))
    day = pd.Timestamp(DAY)
    history = raw_readings(
        {"date_local": day, "first_seen_at": RIGHT, "superseded_at": WRONG, "arithmetic_mean": 8.0},
        {"date_local": day, "first_seen_at": WRONG, "arithmetic_mean": 9.0},
    )
    storage.write("raw_readings", {DAY: history})
    return storage


def run(*, is_confirmed: bool) -> str:
    lines: list[str] = []
    repair(is_confirmed=is_confirmed, echo=lines.append)
    return "\n".join(lines)


def test_without_yes_it_is_only_listed(tables: TableStorage) -> None:
    before = tables.read("raw_readings", [DAY])

    told = run(is_confirmed=False)

    assert f"{WRONG} UTC: 1 version seen, 1 superseded, on 1 day ({DAY}) → " in told
    assert "Nothing is changed yet: `airwatch repair --yes` does it." in told
    pd.testing.assert_frame_equal(tables.read("raw_readings", [DAY]), before)


def test_mended_versions_keep_their_values_and_order_and_accept_new_ones(tables: TableStorage, tmp_path: Path) -> None:
    began = utc_now()
    with pytest.raises(ConfigurationError, match=r"2026-10-01…2026-10-01 has versions seen at 2099.*`airwatch repair`"):
        refuse_future_versions(tables.read("raw_readings", [DAY]), began)

    told = run(is_confirmed=True)

    mended = tables.read("raw_readings", [DAY])
    assert mended["arithmetic_mean"].tolist() == [8.0, 9.0]
    assert mended["superseded_at"].isna().tolist() == [False, True]
    assert mended["superseded_at"].iloc[0] == mended["first_seen_at"].iloc[1]
    assert RIGHT < mended["first_seen_at"].iloc[1] <= utc_now()
    assert f"`airwatch backfill {DAY} {DAY}`" in told
    refuse_future_versions(mended, utc_now())
    pull = raw_readings({"date_local": pd.Timestamp(DAY), "arithmetic_mean": 9.5})[list(READING_COLUMNS)]
    in_scope = pd.Series(True, index=mended.index)
    assert len(merge_pull(mended, pull, seen_at=utc_now(), in_scope=in_scope)) == 3
    [note] = (tmp_path / "tables" / "repairs").iterdir()
    [entry] = json.loads(note.read_text())["raw_readings"]
    assert (entry["was"], entry["days"]) == ("2099-01-01T08:00:00", [DAY])
    assert entry["is"] == mended["first_seen_at"].iloc[1].isoformat()


def test_where_the_file_knows_better_its_time_counts(tables: TableStorage) -> None:
    written = datetime(2026, 11, 20, 9, 30, tzinfo=UTC).timestamp()
    os.utime(tables.uri("raw_readings", DAY), (written, written))

    run(is_confirmed=True)

    assert tables.read("raw_readings", [DAY])["first_seen_at"].iloc[1] == pd.Timestamp("2026-11-20 09:30")


def test_a_second_repair_finds_nothing(tables: TableStorage) -> None:
    run(is_confirmed=True)

    assert run(is_confirmed=True).startswith("No version is stamped in the future; it is ")


def test_rechecks_up_to_a_day_in_the_future_no_longer_end_all_rechecks(tables: TableStorage) -> None:
    row = {
        "checked_at": WRONG,
        "look": "changed_since",
        "source": "aqs",
        "year": 2026,
        "row_count": 0,
        "changed_since": RIGHT.normalize(),
        "changed_until": WRONG.normalize(),
        "changed_day_count": 0,
        "changed_days": "",
    }
    checks = TABLES["history_checks"].empty()
    tables.write("history_checks", {None: pd.DataFrame([row])[list(checks.columns)].astype(checks.dtypes.to_dict())})

    assert "history_checks: 1 row of a time in the future" in run(is_confirmed=True)

    mended = tables.read("history_checks").iloc[0]
    assert mended["changed_until"] == utc_now().normalize()
    assert mended["changed_since"] == RIGHT.normalize()
    assert mended["checked_at"] <= utc_now()


def test_a_clock_ahead_of_the_storage_mends_nothing(tables: TableStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "utc_now", lambda: pd.Timestamp("2099-02-01"))

    with pytest.raises(ConfigurationError, match=r"This machine's clock: shows 2099-02-01 00:00 UTC, but the storage"):
        run(is_confirmed=True)


def test_a_clock_before_the_stored_days_mends_nothing(tables: TableStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "utc_now", lambda: pd.Timestamp("2020-02-01"))

    with pytest.raises(ConfigurationError, match=r"shows 2020-02-01 00:00 UTC, but readings of 2026-10-01 are stored"):
        run(is_confirmed=True)


def test_a_clock_ahead_of_the_source_is_refused(tables: TableStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = utc_now()
    monkeypatch.setattr(stamps, "last_answer", lambda: datetime(2026, 1, 1, tzinfo=UTC))

    with pytest.raises(ConfigurationError, match=r"but the source 2026-01-01 00:00 UTC\. Set the clock"):
        stamps.refuse_clock_ahead(tables, now)
