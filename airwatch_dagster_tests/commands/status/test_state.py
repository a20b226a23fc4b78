"""`airwatch status`: tables, checks, runs, champion and schedules, as text, as JSON and as an exit code."""

import json
import socket
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.commands.status.state import State
from airwatch_dagster.orchestration.incidents.keys import keys_between
from airwatch_dagster.orchestration.incidents.state import Failure, Recovery, folded
from airwatch_dagster.orchestration.incidents.stored import frame_of
from airwatch_dagster.orchestration.instance.run_locks import HOST
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.installations import Installation, run_job

FIELDS = {
    *("is_fresh", "at", "source", "area", "storage", "tables", "due", "failed_checks", "runs", "champion"),
    "open_incidents",
    *("schedules", "daemon_seen_at", "automation_problem"),
}


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Two days of readings and of one other table; the simulated day is 2021-06-01."""
    installation = Installation.at(tmp_path)
    installation.tables.write("raw_readings", {day: builders.raw_readings() for day in ("2021-05-29", "2021-05-31")})
    installation.tables.write("site_days", {"2021-05-31": builders.site_days()})
    return installation


def evaluated(installation: Installation, check: str, *, passed: bool, severity: dg.AssetCheckSeverity) -> None:
    """Store an evaluation of a check of site_days."""
    with installation.activated(), dg.DagsterInstance.get() as instance:
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey("site_days"),
                check_name=check,
                passed=passed,
                metadata={},
                severity=severity,
                description="3 values are above 500",
            )
        )


def state(installation: Installation) -> dict[str, object]:
    result = installation.airwatch("status", "--json")
    found = json.loads(result.output)
    assert result.exit_code == (0 if found["is_fresh"] else 1)
    return dict(found)


def test_the_shape_of_the_json_is_that_of_the_documentation(installation: Installation) -> None:
    found = state(installation)

    assert set(found) == FIELDS == {"is_fresh", *State.__dataclass_fields__}
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "status.md").read_text()
    assert [name for name in FIELDS if f"`{name}`" not in page] == []
    [readings, _] = found["tables"]  # type: ignore[misc]
    assert (readings["table"], readings["newest"], readings["behind"], readings["missing"]) == (
        *("raw_readings", "2021-05-31", 0, 1),
    )


def test_open_incidents_are_named_and_say_nothing_about_freshness(installation: Installation) -> None:
    days = keys_between("2021-05-30", "2021-05-31")
    at = utc_now() - pd.Timedelta(hours=3)
    failed = Failure(at, "raw_readings", "", days, "run", 1, "run_failed", "EPA AQS: answered 503")
    over = [Failure(at, "site_days", "", days, "r", 2), Recovery(at, "site_days", "", days, "s", 3)]
    installation.tables.write("incidents", {None: frame_of(folded([], [failed, *over]))})

    [one] = state(installation)["open_incidents"]  # type: ignore[misc]
    assert (one["what"], one["partitions"]) == ("raw_readings failed", "2021-05-30…2021-05-31 (2 partitions)")
    text = installation.airwatch("status").output
    assert f"  {one['incident_id']}  raw_readings failed, 2021-05-30…2021-05-31 (2 partitions), 3 h " in text


def test_what_is_due_is_first_and_ends_with_its_command(installation: Installation) -> None:
    result = installation.airwatch("status")

    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith("15 tables due. Source practice, area cbsa:16980, storage ")
    assert lines[2] == "Due:"
    assert lines[3].split() == ["features", "2021-05-31", "none", "is", "stored"]
    assert lines[4].endswith("airwatch backfill 2021-05-31 2021-05-31")
    assert "Champion: none yet" in lines
    assert lines[-1] == "Dagster's daemon has never run here, so no schedule runs: make dev"


def test_a_check_counts_by_its_latest_evaluation_and_a_warning_does_not_fail(installation: Installation) -> None:
    error, warn = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
    evaluated(installation, "mended", passed=False, severity=error)
    evaluated(installation, "mended", passed=True, severity=error)
    evaluated(installation, "usual", passed=False, severity=warn)
    evaluated(installation, "broken", passed=True, severity=error)
    evaluated(installation, "broken", passed=False, severity=error)

    found = state(installation)
    text = installation.airwatch("status").output

    checks = found["failed_checks"]
    assert [(one["check"], one["severity"]) for one in checks] == [("broken", "ERROR"), ("usual", "WARN")]  # type: ignore[attr-defined]
    assert text.startswith("15 tables due and 1 check failed.")
    assert "  failed  site_days broken, 1 s ago: 3 values are above 500" in text.splitlines()


def test_a_check_that_failed_in_an_early_issue_waits_for_the_daily_run(installation: Installation) -> None:
    @dg.asset
    def raw_readings() -> None: ...

    @dg.asset_check(asset=raw_readings)
    def no_day_emptied() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    def failed_after(job: str) -> list[str]:
        defined = dg.define_asset_job(job, selection=dg.AssetSelection.assets(raw_readings))
        definitions = dg.Definitions([raw_readings], asset_checks=[no_day_emptied], jobs=[defined])
        with installation.activated(), dg.DagsterInstance.get() as instance:
            assert run_job(definitions, job, instance=instance).success
        return [one["check"] for one in state(installation)["failed_checks"]]  # type: ignore[attr-defined]

    assert failed_after("issue_early") == []
    assert failed_after("forecast_day") == ["no_day_emptied"]


def test_runs_that_have_not_ended_are_listed_with_their_age(installation: Installation) -> None:
    tags = {HOST: socket.gethostname(), "dagster/partition": "2021-05-31"}
    with installation.activated(), dg.DagsterInstance.get() as instance:
        instance.add_run(dg.DagsterRun("forecast_day", "1a2b3c4d", status=dg.DagsterRunStatus.STARTED, tags=tags))
        instance.add_run(dg.DagsterRun("close_month", "5e6f7a8b", status=dg.DagsterRunStatus.SUCCESS))

    [run] = state(installation)["runs"]  # type: ignore[misc]
    text = installation.airwatch("status").output

    assert (run["job"], run["partitions"], run["status"]) == ("forecast_day", "2021-05-31", "STARTED")
    assert 0 <= run["age_s"] < 600
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("  STARTED")] == [
        ["STARTED", "forecast_day", "2021-05-31"]
    ]


def test_schedules_are_in_the_order_of_their_next_ticks(installation: Installation) -> None:
    schedules = state(installation)["schedules"]

    assert [one["next_at"] for one in schedules] == sorted(one["next_at"] for one in schedules)  # type: ignore[attr-defined]
    daily = next(one for one in schedules if one["name"] == "daily_forecast")  # type: ignore[attr-defined]
    assert (daily["cron"], daily["is_on"]) == ("30 18 * * *", True)


def test_every_schedule_of_the_code_location_is_known_with_its_cron_expression(installation: Installation) -> None:
    from airwatch_dagster.definitions import defs

    shown = {one["name"]: one["cron"] for one in state(installation)["schedules"]}  # type: ignore[attr-defined]

    assert shown == {one.name: one.cron_schedule for one in defs.get_repository_def().schedule_defs}
