"""Forecasting tomorrow from yesterday: AQS months late, AirNow for the days after, on a server with its own clock."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from airwatch_dagster.commands.backfill.planning import ORDER, plan_backfill, reads_of
from airwatch_dagster.orchestration.automation import rechecks
from airwatch_dagster.orchestration.ingest.recheck import changed_ranges
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.installations import Installation, run_job

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

YESTERDAY, TODAY, TOMORROW = "2021-05-31", "2021-06-01", "2021-06-02"
FIRST = "2021-03-18"
LAG_DAYS = 30
"""AQS shows nothing younger, so that 1 May is its last day and the rest of May is AirNow's alone."""
LATER = date(2021, 12, 1)


@dataclass(frozen=True)
class LiveInstallation:
    """A live installation that reads from a practice server whose clock can be moved."""

    installation: Installation
    server: PracticeServer
    changed_days: frozenset[str] = frozenset()
    """Days that a recheck found changed."""
    at_noon: dict[str, Any] = field(default_factory=dict)
    """latest.json after the early issue of yesterday, the plan of a backfill, and the rows of its tables."""

    def rows(self, table: str, day: str, *, as_of: str | None = None) -> pd.DataFrame:
        extra = ("--as-of", as_of) if as_of else ()
        return pd.DataFrame(json.loads(self.installation.run("inspect", table, day, "--json", *extra)))


def requests_of(definitions: dg.Definitions, schedule: str, hour: int) -> list[dg.RunRequest]:
    """What a schedule requests today at an hour (UTC)."""
    moment = datetime(2021, 6, 1, hour, 30, tzinfo=UTC)
    tick = dg.build_schedule_context(repository_def=definitions.get_repository_def(), scheduled_execution_time=moment)
    return list(definitions.resolve_schedule_def(schedule).evaluate_tick(tick).run_requests or [])


def half_a_file(server: PracticeServer, folder: Path) -> str:
    """The address of a mirror in which AirNow's file of yesterday has every second of its lines so far."""
    path = f"{YESTERDAY[:4]}/{YESTERDAY.replace('-', '')}/daily_data_v2.dat"
    with urllib.request.urlopen(f"{server.airnow_url}/{path}") as answer:
        lines = answer.read().splitlines(keepends=True)
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_bytes(b"".join(lines[::2]))
    return folder.as_uri()


def early_issue(installation: Installation, server: PracticeServer, folder: Path) -> dict[str, Any]:
    """Run what the early schedule requests while half of AirNow's file is there; what is stored then."""
    noon = installation.with_settings(AIRWATCH_AIRNOW_URL=half_a_file(server, folder))
    with noon.with_definitions() as (definitions, instance):
        [request] = requests_of(definitions, "early_issue", 12)
        assert run_job(definitions, "issue_early", partition_key=request.partition_key, instance=instance).success
    tables = noon.tables
    stored = {name: tables.read(name, [YESTERDAY]) for name in ("raw_readings", "site_days", "early_predictions")}
    plan = noon.run("backfill", YESTERDAY, YESTERDAY, "--plan")
    return {**stored, "latest": json.loads(tables.page("latest.json") or b"{}"), "plan": plan}


def site_of(readings: pd.DataFrame) -> pd.Series:
    return readings["state_code"] + readings["county_code"] + readings["site_number"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveInstallation]:
    """Backfilled up to the day before yesterday; then the requests of the early and of the daily schedule were run for
    yesterday."""
    with PracticeServer(today=date.fromisoformat(TODAY), aqs_lag_days=LAG_DAYS) as server:
        installation = Installation.at(
            tmp_path_factory.mktemp("live"),
            AIRWATCH_SOURCE="live",
            AIRWATCH_CONTEXT_KM="0",
            AIRWATCH_PRACTICE_TODAY=TODAY,
            AIRWATCH_AIRDATA_URL=server.airdata_url,
            AIRWATCH_AIRNOW_URL=server.airnow_url,
            AIRWATCH_AQS_URL=server.aqs_url,
            AIRWATCH_AQS_INTERVAL_S="0.02",
            EPA_AQS_EMAIL="someone@example.org",
            EPA_AQS_API_KEY="practice",
        )
        installation.run("backfill", FIRST, "2021-05-30")
        at_noon = early_issue(installation, server, tmp_path_factory.mktemp("noon"))
        with installation.with_definitions() as (definitions, instance):
            [request] = requests_of(definitions, "daily_forecast", 18)
            forecast_run = run_job(definitions, "forecast_day", partition_key=request.partition_key, instance=instance)
            [request] = requests_of(definitions, "daily_recent_recheck", 18)
            recent = definitions.resolve_job_def("recheck_recent_days")
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            archive_run = recent.execute_in_process(
                instance=instance, partition_key=request.partition_key, run_config={**request.run_config, **quiet}
            )
            assert forecast_run.success
            assert archive_run.success
        yield LiveInstallation(installation, server, at_noon=at_noon)


def test_tomorrow_is_forecast_from_yesterdays_provisional_readings(live: LiveInstallation) -> None:
    observed, forecast = live.rows("site_days", YESTERDAY), live.rows("predictions", YESTERDAY)

    assert set(observed["chosen_by"]) == {"airnow_site"}
    assert observed["is_provisional"].all()
    tomorrow = forecast[forecast["target_date"].str.startswith(TOMORROW)]
    assert set(tomorrow["site_id"]) == set(observed["site_id"]) | set(forecast["site_id"])
    assert (tomorrow["days_since_observed"] == 0).sum() == len(observed) > 5


def test_an_early_issue_is_kept_and_the_daily_one_takes_its_place(live: LiveInstallation) -> None:
    early, daily = live.at_noon["early_predictions"], live.installation.tables.read("predictions", [YESTERDAY])

    assert set(early["issued_at"]) == {pd.Timestamp(f"{TODAY} 12:00")}
    assert set(daily["issued_at"]) == {pd.Timestamp(f"{TODAY} 18:30")}
    observed = [rows[rows["days_since_observed"] == 0]["site_id"].nunique() for rows in (early, daily)]
    assert 0 < observed[0] < observed[1]
    assert early["pm25_ugm3"].tolist() != daily["pm25_ugm3"].tolist()
    kept = live.installation.tables.read("early_predictions", [YESTERDAY])
    pd.testing.assert_frame_equal(kept, early)


def test_the_daily_run_reads_the_day_again_and_no_version_is_lost(live: LiveInstallation) -> None:
    noon, now = live.at_noon["raw_readings"], live.installation.tables.read("raw_readings", [YESTERDAY])

    key = ["state_code", "county_code", "site_number", "first_seen_at"]
    assert len(noon) > 0
    assert set(map(tuple, noon[key].to_numpy())) < set(map(tuple, now[key].to_numpy()))
    assert "read for the early issue" in live.at_noon["plan"], "without a daily run, a backfill reads it again too"


def test_the_bulletin_is_early_until_the_daily_forecast_is_there(live: LiveInstallation) -> None:
    noon, now = live.at_noon["latest"], json.loads(live.installation.tables.page("latest.json") or b"{}")

    assert noon["issue_date"] == now["issue_date"] == YESTERDAY
    assert noon["early"]["issued_at"] == f"{TODAY}T12:00:00Z"
    assert 0 < noon["early"]["observed_sites"] < noon["early"]["sites"] == len(noon["sites"])
    assert now["early"] is None
    assert "Early issue" not in (live.installation.tables.page(f"{YESTERDAY}.html") or b"").decode()


def test_after_the_daily_forecast_no_early_one_can_be_issued(live: LiveInstallation) -> None:
    with live.installation.with_definitions() as (definitions, instance):
        assert requests_of(definitions, "early_issue", 12) == []
        result = run_job(definitions, "issue_early", partition_key=YESTERDAY, instance=instance)

    assert not result.success
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_key == "early_predictions"
    assert "the daily forecast of 2021-05-31 is stored" in str(failure.event_specific_data)


def test_airnow_fills_the_site_days_that_aqs_has_not_published(live: LiveInstallation) -> None:
    april, may = (live.rows("raw_readings", day) for day in ("2021-04-29", "2021-05-20"))

    published, provisional = (set(site_of(rows)) for _, rows in april.groupby(april["source"] == "airnow"))
    assert len(published) > 5
    assert not published & provisional
    assert set(may["source"]) == {"airnow"}


def test_the_agencies_own_forecasts_are_archived_with_the_day(live: LiveInstallation) -> None:
    archive = live.rows("agency_forecasts", YESTERDAY)

    chicago = archive[archive["reporting_area"] == "Chicago"]
    assert chicago["record_type"].tolist() == ["Y", "F", "F"]
    assert chicago["target_date"].str[:10].tolist() == ["2021-05-30", YESTERDAY, TODAY]


@pytest.fixture(scope="module")
def finalised(live: LiveInstallation) -> LiveInstallation:
    """Half a year later AQS has published and corrected the spring; the weekly recheck and its requests were run."""
    live.server.move_clock(LATER)
    later = live.installation.with_settings(AIRWATCH_PRACTICE_TODAY=str(LATER))
    before = live.installation.fingerprints()
    with later.with_definitions() as (definitions, instance):
        rechecked = run_job(definitions, "recheck_history", instance=instance)
        assert rechecked.success
        ranges = changed_ranges(instance, rechecked.run_id)
        context = dg.build_run_status_sensor_context(
            sensor_name="reingest_changed_days",
            dagster_instance=instance,
            dagster_run=rechecked.dagster_run,
            dagster_event=rechecked.get_run_success_event(),
        )
        requests = rechecks.reingest_changed_days(context)
        assert isinstance(requests, list)
        assert len(requests) == len(ranges) > 3
        for request in requests:
            job = definitions.resolve_job_def("reingest_days")
            assert job.execute_in_process(
                instance=instance,
                run_config={**request.run_config, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags=dict(request.tags),
            ).success
        assert run_job(
            definitions,
            "update_revisions",
            partition_key=f"{pd.Timestamp.now('UTC'):%Y-%m-%d}",
            instance=instance,
        ).success
    changed_days = {day.strftime("%Y-%m-%d") for one in ranges for day in pd.date_range(one["first"], one["last"])}
    after = live.installation.fingerprints()
    rewritten = {Path(name) for name in after if before.get(name) != after[name]}
    assert {path.stem for path in rewritten if path.parts[0] == "raw_readings"} == changed_days
    return LiveInstallation(later, live.server, frozenset(changed_days))


def test_aqs_supersedes_airnow_and_both_versions_are_stored(finalised: LiveInstallation) -> None:
    history = finalised.rows("raw_readings", "2021-05-20")
    current = history[history["superseded_at"].isna()]

    final_sites = set(site_of(current[current["source"] == "aqs"]))
    airnow = history[(history["source"] == "airnow") & site_of(history).isin(final_sites)]
    assert len(airnow) > 5
    assert airnow["superseded_at"].notna().all()
    days = finalised.rows("site_days", "2021-05-20").set_index("site_id")
    assert not days.loc[sorted(final_sites), "is_provisional"].any()


def test_what_was_known_before_can_still_be_inspected(finalised: LiveInstallation) -> None:
    history = finalised.rows("raw_readings", "2021-05-20")
    changed_at = pd.Timestamp(history["superseded_at"].dropna().iloc[0])
    moment = f"{changed_at - pd.Timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"

    before = finalised.rows("site_days", "2021-05-20", as_of=moment)

    assert before["is_provisional"].all()
    assert set(finalised.rows("raw_readings", "2021-05-20", as_of=moment)["source"]) == {"airnow"}
    features = finalised.rows("features", "2021-05-20", as_of=moment)
    assert len(features) > 5


def test_the_revisions_name_every_finalised_site_day(finalised: LiveInstallation) -> None:
    today = f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"
    revisions = finalised.rows("revisions", today)

    final = revisions[revisions["kind"] == "provisional_to_final"]
    assert set(final["new_source"]) == {"aqs"}
    assert set(final["date_local"].str[:10]) >= {f"{day:%Y-%m-%d}" for day in pd.date_range("2021-05-02", YESTERDAY)}
    assert set(revisions["date_local"].str[:10]) <= finalised.changed_days
    assert "changed" in set(revisions["kind"])


def test_only_the_tables_downstream_of_changed_days_are_stale(finalised: LiveInstallation) -> None:
    storage = finalised.installation.tables
    stored = {
        table: {key: pd.Timestamp(moment).tz_convert(None) for key, moment in storage.stored_partitions(table).items()}
        for table in ORDER
    }
    with finalised.installation.with_definitions() as (definitions, _):
        steps = plan_backfill(
            reads_of(definitions), first=pd.Timestamp(FIRST), last=pd.Timestamp(YESTERDAY), stored=stored
        )
    stale = {day for step in steps if step.table == "features" for day in pd.date_range(step.first, step.last)}
    changed_days = {pd.Timestamp(day) for day in finalised.changed_days}
    reached = {day + pd.Timedelta(days=lag) for day in changed_days for lag in range(29)} & set(
        pd.date_range(FIRST, YESTERDAY)
    )
    assert not {"raw_readings", "site_days"} & {step.table for step in steps}
    assert reached - changed_days <= stale <= reached
    assert stale - changed_days


def test_dagster_shows_the_same_days_as_stale(finalised: LiveInstallation) -> None:
    """By an interface of Dagster 1.13.27 that its UI asks, too."""
    reingested = min(finalised.changed_days)
    features = {lag: f"{pd.Timestamp(reingested) + pd.Timedelta(days=lag):%Y-%m-%d}" for lag in range(1, 29)}
    after = next(day for day in features.values() if day not in finalised.changed_days)
    with finalised.installation.with_definitions() as (definitions, instance):
        graph = definitions.resolve_asset_graph()
        statuses = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        known = {
            (table, day): statuses.get_status(dg.AssetKey(table), day).value
            for table, day in (("site_days", reingested), ("features", after))
        }

    assert known == {("site_days", reingested): "FRESH", ("features", after): "STALE"}


def test_a_second_recheck_finds_no_changed_day(finalised: LiveInstallation) -> None:
    with finalised.installation.with_definitions() as (definitions, instance):
        rechecked = run_job(definitions, "recheck_history", instance=instance)
        context = dg.build_run_status_sensor_context(
            sensor_name="reingest_changed_days",
            dagster_instance=instance,
            dagster_run=rechecked.dagster_run,
            dagster_event=rechecked.get_run_success_event(),
        )
        assert isinstance(rechecks.reingest_changed_days(context), dg.SkipReason)


def test_both_issues_are_scored_when_the_truth_is_there(finalised: LiveInstallation) -> None:
    with finalised.installation.with_definitions() as (definitions, instance):
        assert run_job(definitions, "reingest_days", partition_key=TODAY, instance=instance).success
        record = instance.get_latest_materialization_event(dg.AssetKey("early_scores"))
    tables = finalised.installation.tables
    early, daily = (tables.read(name, [TODAY]) for name in ("early_scores", "forecast_scores"))

    assert len(early) > 5
    assert set(early["issue_date"]) == {pd.Timestamp(YESTERDAY)}
    common = daily.merge(early, on=["site_id", "issue_date", "horizon_days"], suffixes=("", "_early"))
    assert len(common) == len(early)
    assert common["pm25_observed_ugm3"].tolist() == common["pm25_observed_ugm3_early"].tolist()
    assert record is not None
    assert record.asset_materialization is not None
    assert record.asset_materialization.metadata["compared forecasts"].value == len(early)
