"""Ages, kinds, and drift pages; the command lists first, and removes only with --yes."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from airwatch_dagster.commands.purge import bytes_text
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.retention.kinds import KEPT_FOR, ages
from airwatch_dagster.orchestration.retention.reports import DriftPages
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.installations import Installation


def test_an_age_is_for_every_kind_or_for_one() -> None:
    found = ages(["models=400d", "30d"])

    assert set(found) == set(KEPT_FOR)
    assert found["runs"] == timedelta(days=30)
    assert found["models"] == timedelta(days=400)
    assert ages([])["models"] == timedelta(days=730)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("30", "'30' is not an age"),
        ("tables=30d", "'tables=30d' is not an age"),
        ("-1d", "'-1d' is not an age"),
        ("0d", "'0d' is less than a day"),
    ],
)
def test_another_age_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        ages([text])


def test_a_drift_page_is_as_old_as_its_month_unless_it_was_written_today(tmp_path: Path) -> None:
    storage = TableStorage.open(str(tmp_path))
    others = ("drift_report-2021-03.html", "evidently-97a2ce4df46f.js", "other.html")
    names = ("drift_report-2015-03.html", "drift_report-2015-03-plots.html", *others)
    for name in names:
        storage.write_page(f"reports/{name}", b"12")
    kind = DriftPages(storage)
    before = datetime(2018, 1, 1, tzinfo=UTC)
    assert kind.items(before) == []

    for name in names:
        os.utime(tmp_path / "site" / "reports" / name, (time.time() - 2 * 86400,) * 2)
    items = kind.items(before)
    assert [(item.name, item.size) for item in items] == [
        ("reports/drift_report-2015-03-plots.html", 2),
        ("reports/drift_report-2015-03.html", 2),
    ]
    assert items[0].changed_at == datetime(2015, 4, 1, tzinfo=UTC)

    kind.remove(items)
    kind.remove(items)
    assert sorted(path.name for path in (tmp_path / "site" / "reports").iterdir()) == sorted(names[2:])


def test_nothing_is_removed_without_yes(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    left = tmp_path / "tables" / "site_days" / ".2021-07-04.parquet.0123456789abcdef0123456789abcdef.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"1234")
    os.utime(left, (0, 0))

    listed = installation.run("purge", "--kinds", "leftovers,reports", "--all")
    assert "leftovers        1 item       4 B  1970-01-01 to 1970-01-01  older than 1 day" in listed
    assert str(left) in listed
    assert "1 item, 4 B, can be removed. Nothing was; add --yes to do it." in listed
    assert left.exists()

    [record] = json.loads(installation.run("purge", "--kinds", "leftovers", "--yes", "--json"))
    assert (record["items"], record["bytes"], record["kept_days"]) == (1, 4, 1)
    assert not left.exists()
    assert "Nothing is older than it is kept for." in installation.run("purge", "--kinds", "leftovers")


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    result = Installation.at(tmp_path).airwatch("purge", "--kinds", "tables")

    assert result.exit_code == 1
    assert "--kinds: tables is not a kind of files or records. Use some of runs, events," in result.output


def test_bytes_are_shown_in_three_digits() -> None:
    assert [bytes_text(size) for size in (0, 999, 12_345, 1_250_000, 2e9)] == [
        "0 B",
        "999 B",
        "12 kB",
        "1.2 MB",
        "2.0 GB",
    ]


@pytest.mark.slow
def test_the_job_lists_unless_it_is_told_to_remove(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    left = tmp_path / "state" / ".a.zip.a1b2c3d4.part"
    left.write_bytes(b"1234")
    os.utime(left, (0, 0))

    with installation.with_definitions() as (definitions, instance):
        listing, removal = (purge_run(definitions, instance, remove=remove) for remove in (False, True))

    assert listing == {"leftovers, items can be removed": 1, "leftovers, bytes can be removed": 4}
    assert removal == {"leftovers, items removed": 1, "leftovers, bytes removed": 4}
    assert not left.exists()


def purge_run(definitions: dg.Definitions, instance: dg.DagsterInstance, *, remove: bool) -> dict[str, object]:
    """What the job says of leftovers in the metadata of its step."""
    config = {
        "ops": {"purge_old": {"config": {"remove": remove, "kinds": ["leftovers"]}}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    result = definitions.resolve_job_def("purge").execute_in_process(instance=instance, run_config=config)
    [event] = [one for one in result.all_events if one.is_successful_output]
    return {name: value.value for name, value in event.event_specific_data.metadata.items()}  # type: ignore[union-attr]


def test_the_schedule_removes_and_is_off_until_somebody_turns_it_on() -> None:
    from airwatch_dagster.definitions import defs

    schedule = defs.resolve_schedule_def("weekly_purge")

    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    [request] = schedule.evaluate_tick(dg.build_schedule_context()).run_requests or []
    assert request.run_config == {"ops": {"purge_old": {"config": {"remove": True}}}}
