"""The first day that the Dagster UI lists, and the code location over the days from then on."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from airwatch_dagster.definitions import code_location, defs
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.first_day import first_listed_day, listed_spans, since_listed
from airwatch_dagster.orchestration.partitions import PARTITIONS, partitions_from
from airwatch_dagster.schemas import TABLES


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage with the readings of two days."""
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path))
    monkeypatch.delenv("AIRWATCH_FIRST_DAY", raising=False)
    (tmp_path / "raw_readings").mkdir()
    for day in ("2025-10-05", "2025-10-04"):
        (tmp_path / "raw_readings" / f"{day}.parquet").write_bytes(b"rows")
    return tmp_path


@pytest.mark.parametrize(
    ("setting", "first"),
    [
        ("", date(2025, 10, 4)),
        ("2024-01-01", date(2024, 1, 1)),
        ("2026-01-01", date(2025, 10, 4)),
        ("2001-01-01", date(2009, 1, 1)),
    ],
    ids=["the first stored day", "an earlier one", "a stored day is always listed", "not before the first there is"],
)
def test_the_first_listed_day(setting: str, first: date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_FIRST_DAY", setting)
    assert first_listed_day() == first


def test_without_a_stored_day_every_day_is_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "empty"))
    assert first_listed_day() == date(2009, 1, 1)
    monkeypatch.setenv("AIRWATCH_FIRST_DAY", "2021-07-01")
    assert first_listed_day() == date(2021, 7, 1)


def test_no_request_is_sent_to_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://no-such-bucket/tables")
    monkeypatch.setenv("AIRWATCH_FIRST_DAY", "2021-07-01")
    assert first_listed_day() == date(2021, 7, 1)


def test_another_word_than_a_day_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_FIRST_DAY", "July")
    with pytest.raises(ConfigurationError, match="AIRWATCH_FIRST_DAY: 'July' is not a valid day"):
        first_listed_day()


def test_automatic_runs_begin_at_the_first_listed_day_or_month() -> None:
    assert [since_listed(day) for day in ("2009-01-01", "2025-12-31")] == ["2025-10-04", "2025-12-31"]
    assert listed_spans([("2009-01", "2025-09"), ("2025-09", "2025-11"), ("2026-01", "2026-02")]) == [
        ("2025-10", "2025-11"),
        ("2026-01", "2026-02"),
    ]
    assert [since_listed(month) for month in ("2009-01", "2026-02")] == ["2025-10", "2026-02"]


def test_the_ui_lists_days_from_the_first_stored_one_and_commands_any_day() -> None:
    listed = code_location()

    for table, spec in TABLES.items():
        asset = defs.resolve_assets_def(table) if table not in ("rejected_lines", "incidents") else None
        if asset is None or spec.grain == "none":
            continue
        own = listed.resolve_assets_def(table)
        keys = own.partitions_def.get_partition_keys() if own.partitions_def else []
        assert keys[0] == ("2025-10" if spec.grain == "month" else "2025-10-04")
        assert asset.partitions_def == PARTITIONS[spec.grain]
        assert keys[-1] == asset.partitions_def.get_last_partition_key(), "the end stays"
        assert {check.partitions_def for check in own.check_specs} == {own.partitions_def}


def test_the_code_location_has_the_assets_jobs_and_automation_of_the_commands() -> None:
    listed, known = code_location(), defs

    assert set(listed.resolve_all_asset_keys()) == set(known.resolve_all_asset_keys())
    one, other = listed.get_repository_def(), known.get_repository_def()
    assert {job.name for job in one.get_all_jobs()} == {job.name for job in other.get_all_jobs()}
    assert {each.name for each in one.sensor_defs} == {each.name for each in other.sensor_defs}
    assert {each.name for each in one.schedule_defs} == {each.name for each in other.schedule_defs}
    dg.Definitions.validate_loadable(listed)


def test_a_month_begins_with_the_month_of_the_first_day() -> None:
    months = partitions_from(date(2025, 10, 4))["month"]
    assert months is not None
    assert months.get_first_partition_key() == "2025-10"
