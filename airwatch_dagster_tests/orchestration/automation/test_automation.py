"""What schedules and sensors request, and that their requests can be run."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test

from airwatch_dagster.acquire.http.session import CONNECT_TIMEOUT_S
from airwatch_dagster.orchestration import partitions
from airwatch_dagster.orchestration.automation import jobs, rechecks, schedules, sensors
from airwatch_dagster.orchestration.automation.jobs import RANGE_END, RANGE_START, REASON
from airwatch_dagster.orchestration.automation.sensors import changed_years
from airwatch_dagster.orchestration.resources import SourceResource, utc_now
from airwatch_dagster_tests.installations import Installation, run_job


def definitions() -> dg.Definitions:
    from airwatch_dagster.definitions import defs

    return defs


@pytest.fixture(autouse=True)
def no_stored_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every day is listed, whatever the checkout's own storage holds."""
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror of AirData that holds a list of files."""
    monkeypatch.setenv("AIRWATCH_SOURCE", "airdata")
    monkeypatch.setenv("AIRWATCH_AIRDATA_URL", tmp_path.as_uri())
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    return tmp_path


def tick(archive: Path, listed: Mapping[str, str], cursor: str | None) -> tuple[list[dg.RunRequest], str]:
    """One tick of the sensor while the archive lists these files and their dates: its requests and its new cursor."""
    lines = [f"{name},10,100,{as_of}" for name, as_of in listed.items()]
    (archive / "file_list.csv").write_text("\n".join(["filename,rows,size_bytes,as_of", *lines]))
    context = dg.build_sensor_context(cursor=cursor, resources={"source": SourceResource()})
    result = sensors.airdata_file_changes(context)
    if isinstance(result, dg.SkipReason):
        return [], str(context.cursor)
    assert isinstance(result, dg.SensorResult)
    return list(result.run_requests or []), str(result.cursor)


OLD = {"daily_88101_2020.zip": "2021-05-12", "daily_88101_2021.zip": "2021-05-12", "aqs_sites.zip": "2021-05-12"}
CHANGED = OLD | {"daily_88101_2020.zip": "2021-06-09"}


def test_the_first_tick_only_records_the_list_of_files(archive: Path) -> None:
    requests, cursor = tick(archive, OLD, None)

    assert requests == []
    assert json.loads(cursor)["daily_88101_2020.zip"] == "2021-05-12 10 100"


def test_the_tick_that_downloads_is_over_long_before_dagster_ends_it() -> None:
    from dagster._grpc.client import DEFAULT_SENSOR_GRPC_TIMEOUT

    assert CONNECT_TIMEOUT_S + 2 * sensors.FILE_LIST_MAX_S < DEFAULT_SENSOR_GRPC_TIMEOUT


def test_unchanged_files_request_nothing(archive: Path) -> None:
    _, cursor = tick(archive, OLD, None)

    assert tick(archive, OLD, cursor) == ([], cursor)


def test_a_changed_file_requests_its_year_in_one_run(archive: Path) -> None:
    _, cursor = tick(archive, OLD, None)

    [request], cursor = tick(archive, CHANGED, cursor)

    assert request.job_name == "reingest_days"
    assert request.run_key == "reingest:2020:daily_88101_2020.zip: 2021-06-09 10 100"
    assert request.tags[RANGE_START] == "2020-01-01"
    assert request.tags[RANGE_END] == "2020-12-31"
    assert tick(archive, CHANGED, cursor)[0] == []


def test_the_file_of_the_current_year_requests_only_days_that_are_over(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = dg.DailyPartitionsDefinition("2009-01-01", end_date="2021-06-01")
    monkeypatch.setattr(sensors, "DAYS", days)
    _, cursor = tick(archive, {"daily_88101_2020.zip": "2021-05-12"}, None)

    [request], _ = tick(archive, OLD, cursor)

    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2021-01-01", "2021-05-31")


def test_files_of_every_parameter_that_is_read_request_their_year_once_and_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = ["aqs_monitors.zip", "daily_88502_2020.zip", "daily_88101_2019.zip", "daily_88502_2019.zip"]

    assert changed_years({}, dict.fromkeys([*listed, "daily_44201_2018.zip"], "new")) == [2019, 2020]
    monkeypatch.setenv("AIRWATCH_PARAMETERS", "88101")
    assert changed_years({}, dict.fromkeys(listed, "new")) == [2019]


@pytest.mark.parametrize("year", [2008, 2022])
def test_a_file_of_a_year_without_day_partitions_requests_nothing(
    archive: Path, year: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive goes back to 1990; and its file of a new year may come before the year's first day is over."""
    monkeypatch.setattr(sensors, "DAYS", dg.DailyPartitionsDefinition("2009-01-01", end_date="2022-01-01"))
    _, cursor = tick(archive, OLD, None)

    assert tick(archive, OLD | {f"daily_88101_{year}.zip": "2022-01-01"}, cursor)[0] == []


def at(moment: datetime) -> dg.ScheduleEvaluationContext:
    """A tick of a schedule at this moment."""
    return dg.build_schedule_context(scheduled_execution_time=moment, repository_def=definitions().get_repository_def())


@pytest.fixture
def champion(tmp_path: Path, no_stored_day: None) -> None:
    """A month has a champion: history is filled."""
    (tmp_path / "tables" / "champion_model").mkdir(parents=True)
    (tmp_path / "tables" / "champion_model" / "2021-05.parquet").write_bytes(b"rows")


def test_the_daily_schedule_requests_yesterday(champion: None) -> None:
    schedule = definitions().resolve_schedule_def("daily_forecast")

    data = schedule.evaluate_tick(at(datetime(2021, 6, 1, 18, 30, tzinfo=UTC)))

    assert [request.partition_key for request in data.run_requests or []] == ["2021-05-31"]
    assert schedule.job_name == "forecast_day"
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 18 * * *", "UTC")


def early_tick(moment: datetime) -> tuple[list[str | None], str | None]:
    """Days that the early schedule requests at a moment, and why it skips."""
    data = definitions().resolve_schedule_def("early_issue").evaluate_tick(at(moment))
    return [request.partition_key for request in data.run_requests or []], data.skip_message


def test_the_early_schedule_requests_yesterday_until_its_daily_forecast_is_stored(
    champion: None, tmp_path: Path
) -> None:
    noon = datetime(2021, 6, 1, 12, tzinfo=UTC)
    schedule = definitions().resolve_schedule_def("early_issue")
    assert (schedule.job_name, schedule.cron_schedule, schedule.execution_timezone) == (
        "issue_early",
        "0 12 * * *",
        "UTC",
    )
    assert early_tick(noon) == (["2021-05-31"], None)

    (tmp_path / "tables" / "predictions").mkdir()
    (tmp_path / "tables" / "predictions" / "2021-05-31.parquet").write_bytes(b"rows")

    assert early_tick(noon) == ([], "The daily forecast of 2021-05-31 is stored already")
    assert early_tick(datetime(2021, 6, 2, 12, tzinfo=UTC)) == (["2021-06-01"], None)


def test_the_early_and_the_daily_run_of_a_day_are_two_requests(champion: None) -> None:
    names = ("early_issue", "daily_forecast")
    ticks = [
        definitions().resolve_schedule_def(name).evaluate_tick(at(datetime(2021, 6, 1, 19, tzinfo=UTC)))
        for name in names
    ]

    requests = [request for data in ticks for request in data.run_requests or []]
    assert [request.partition_key for request in requests] == ["2021-05-31", "2021-05-31"]
    assert len({request.run_key for request in requests}) == 2


@pytest.mark.parametrize("source", ["airdata", "aqs"])
def test_a_source_that_publishes_months_later_has_no_early_issue(
    source: str, champion: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", source)

    days, why = early_tick(datetime(2021, 6, 1, 12, tzinfo=UTC))

    assert days == []
    assert why == f"AIRWATCH_SOURCE={source} has no readings of 2021-05-31 yet"


def test_the_early_job_builds_early_forecasts_and_no_others() -> None:
    made = {name: job_tables(name) for name in ("issue_early", "forecast_day", "reingest_days")}

    assert "early_predictions" in made["issue_early"]
    assert not made["issue_early"] & {"predictions", "forecast_scores", "early_scores"}
    assert "early_predictions" not in made["forecast_day"] | made["reingest_days"]
    assert "early_scores" in made["forecast_day"] & made["reingest_days"]


def job_tables(name: str) -> set[str]:
    """The tables that a job builds."""
    keys = definitions().resolve_job_def(name).asset_layer.selected_asset_keys
    return {key.to_user_string() for key in keys}


@pytest.mark.parametrize(("first", "closed"), [((2021, 6), "2021-05"), ((2021, 1), "2020-12")])
def test_the_monthly_schedule_requests_the_month_before(first: tuple[int, int], closed: str, champion: None) -> None:
    context = at(datetime(*first, 1, 20, tzinfo=UTC))

    data = schedules.monthly_schedule.evaluate_tick(context)

    assert [(one.run_key, one.partition_key) for one in data.run_requests or []] == [(f"close:{closed}", closed)]
    assert schedules.monthly_schedule.job_name == "close_month"


@pytest.mark.parametrize("name", ["daily_forecast", "early_issue", "monthly_close"])
def test_a_schedule_waits_until_history_is_filled_and_says_how(name: str) -> None:
    data = definitions().resolve_schedule_def(name).evaluate_tick(at(datetime(2021, 6, 1, 20, tzinfo=UTC)))

    assert data.run_requests == []
    assert data.skip_message == (
        "History is empty: no month has a champion model. Fill it once, then this schedule runs by itself: "
        "`docker compose exec code airwatch backfill 2019-05-31 yesterday` in the compose stack, "
        "`.venv/bin/airwatch backfill 2019-05-31 yesterday` elsewhere"
    )


def test_a_storage_that_does_not_answer_keeps_no_schedule_from_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tables").write_text("a file in the place of the folder")

    data = definitions().resolve_schedule_def("daily_forecast").evaluate_tick(at(datetime(2021, 6, 1, 20, tzinfo=UTC)))

    assert [request.partition_key for request in data.run_requests or []] == ["2021-05-31"]


def test_every_job_has_a_longest_run_time_below_half_a_day() -> None:
    longest = {job.name: int(dict(job.tags or {})["dagster/max_runtime"]) for job in jobs.JOBS}

    assert longest["forecast_day"] == 3600
    assert longest["open_month"] == 3 * 3600
    assert max(longest.values()) == 12 * 3600


@contextmanager
def ended(job: str, tags: dict[str, str], *, fails: bool = False) -> Iterator[dg.RunStatusSensorContext]:
    """What a sensor sees of a run with these tags that succeeded, or failed."""

    @dg.op
    def work() -> None:
        if fails:
            raise ZeroDivisionError

    @dg.job(name=job)
    def done() -> None:
        work()

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        result = done.execute_in_process(instance=instance, tags=tags, raise_on_error=False, run_config=quiet)
        yield dg.build_run_status_sensor_context(
            sensor_name="sensor",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event() if fails else result.get_run_success_event(),
        )


@pytest.mark.parametrize(("closed", "opened"), [("2021-05", "2021-06"), ("2020-12", "2021-01")])
def test_a_closed_month_opens_the_next_one_once_per_closing(closed: str, opened: str) -> None:
    with ended("close_month", {"dagster/partition": closed}) as context:
        request = sensors.open_next_month(context)

    assert isinstance(request, dg.RunRequest)
    assert request.job_name == "open_month"
    assert request.partition_key == opened
    assert request.run_key == f"open:{opened}:{context.dagster_run.run_id}"


@pytest.mark.parametrize(("closed", "job"), [("2020-11", "open_month"), ("2020-12", "tune_and_open_month")])
def test_a_year_is_opened_by_a_search_where_minutes_are_allowed(
    closed: str, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_SEARCH_MINUTES", "5")
    with ended("close_month", {"dagster/partition": closed}) as context:
        request = sensors.open_next_month(context)

    assert isinstance(request, dg.RunRequest)
    assert request.job_name == job


def test_months_closed_by_a_range_run_open_nothing() -> None:
    with ended("close_month", {RANGE_START: "2021-01", RANGE_END: "2021-05"}) as context:
        assert isinstance(sensors.open_next_month(context), dg.SkipReason)


@pytest.mark.parametrize(
    ("tags", "months"),
    [
        ({RANGE_START: "2020-11-28", RANGE_END: "2021-02-03"}, ("2020-11", "2021-02")),
        ({"dagster/partition": "2021-05-31"}, ("2021-05", "2021-05")),
    ],
    ids=["a range", "one day"],
)
def test_re_ingested_days_rebuild_the_examples_of_their_months(tags: dict[str, str], months: tuple[str, str]) -> None:
    with ended("reingest_days", tags) as context:
        [request] = rechecks.rebuild_changed_examples(context)

    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == months
    assert str(request.run_key).startswith(f"examples:{months[0]}:")


JULY = {RANGE_START: "2020-07-04", RANGE_END: "2020-07-05", REASON: "recheck 1"}
WINTER = {RANGE_START: "2020-11-30", RANGE_END: "2020-12-01", REASON: "recheck 1"}
SPRING = {RANGE_START: "2021-04-01", RANGE_END: "2021-04-01", REASON: "recheck 1"}
OF_ANOTHER = {RANGE_START: "2019-01-01", RANGE_END: "2019-01-01", REASON: "recheck 2"}

Sensor = Callable[[dg.RunStatusSensorContext], Any]


def add_run(context: dg.RunStatusSensorContext, tags: dict[str, str], status: dg.DagsterRunStatus) -> str:
    return create_run_for_test(context.instance, job_name="reingest_days", tags=tags, status=status).run_id


def spans_by_job(requests: Any) -> dict[str | None, list[tuple[str, str]]]:
    """Job → the partitions its requests are for."""
    assert isinstance(requests, list)
    found: dict[str | None, list[tuple[str, str]]] = {}
    for one in requests:
        key = one.partition_key
        span = (key, key) if key else (one.tags[RANGE_START], one.tags[RANGE_END])
        found.setdefault(one.job_name, []).append(span)
    return found


@pytest.mark.parametrize("sensor", [rechecks.rebuild_changed_examples, rechecks.update_revisions_and_coverage])
def test_runs_of_one_recheck_are_followed_up_when_the_last_one_has_ended(sensor: Sensor) -> None:
    with ended("reingest_days", JULY) as context:
        add_run(context, OF_ANOTHER, dg.DagsterRunStatus.STARTED)
        other = add_run(context, WINTER, dg.DagsterRunStatus.STARTED)
        assert isinstance(sensor(context), dg.SkipReason)

        context.instance.delete_run(other)
        add_run(context, WINTER, dg.DagsterRunStatus.SUCCESS)
        add_run(context, SPRING, dg.DagsterRunStatus.FAILURE)
        months = spans_by_job(sensor(context))

    months.pop("update_revisions", None)
    assert list(months.values()) == [[("2020-07", "2020-07"), ("2020-11", "2020-12")]]


@pytest.mark.parametrize("sensor", [rechecks.follow_up_failed_reingest, rechecks.follow_up_canceled_reingest])
def test_ranges_that_succeeded_are_followed_up_though_the_last_run_failed(sensor: Sensor) -> None:
    with ended("reingest_days", JULY, fails=True) as context:
        other = add_run(context, WINTER, dg.DagsterRunStatus.STARTED)
        assert isinstance(sensor(context), dg.SkipReason)

        context.instance.delete_run(other)
        add_run(context, WINTER, dg.DagsterRunStatus.SUCCESS)
        today = str(utc_now().date())
        assert spans_by_job(sensor(context)) == {
            "rebuild_examples": [("2020-11", "2020-12")],
            "update_revisions": [(today, today)],
            "update_coverage": [("2020-11", "2020-12")],
        }


def test_failed_and_canceled_runs_of_a_recheck_are_watched() -> None:
    watched = {sensor.name for sensor in definitions().sensors or []}

    assert {"follow_up_failed_reingest", "follow_up_canceled_reingest"} <= watched


def test_a_recheck_without_a_successful_run_is_not_followed_up() -> None:
    with ended("reingest_days", JULY, fails=True) as context:
        assert isinstance(rechecks.follow_up_failed_reingest(context), dg.SkipReason)


def test_whichever_run_of_a_recheck_ends_last_the_requests_are_the_same() -> None:
    """Two runs may end between two ticks; equal keys keep the follow-up from running twice."""
    with ended("reingest_days", JULY) as context:
        other = add_run(context, WINTER, dg.DagsterRunStatus.SUCCESS)
        first = rechecks.rebuild_changed_examples(context)
        run = context.instance.get_run_by_id(other)
        assert run is not None
        second = rechecks.rebuild_changed_examples(
            dg.build_run_status_sensor_context(
                sensor_name="sensor",
                dagster_instance=context.instance,
                dagster_run=run,
                dagster_event=context.dagster_event,
            )
        )

    assert [one.run_key for one in first] == [one.run_key for one in second]


def test_a_run_without_partitions_is_not_followed_up() -> None:
    with ended("reingest_days", {}) as context:
        assert isinstance(rechecks.rebuild_changed_examples(context), dg.SkipReason)
        assert isinstance(rechecks.update_revisions_and_coverage(context), dg.SkipReason)


@pytest.mark.parametrize(
    ("job", "tags", "months"),
    [
        ("forecast_day", {"dagster/partition": "2021-05-31"}, ("2021-05", "2021-05")),
        ("reingest_days", {RANGE_START: "2020-11-28", RANGE_END: "2021-02-03"}, ("2020-11", "2021-02")),
        ("close_month", {"dagster/partition": "2021-05"}, ("2020-09", "2021-05")),
    ],
)
def test_coverage_follows_ingested_days_and_after_a_closed_month_those_whose_deadlines_pass(
    job: str, tags: dict[str, str], months: tuple[str, str]
) -> None:
    with ended(job, tags) as context:
        requests = {request.job_name: request for request in rechecks.update_revisions_and_coverage(context)}

    coverage = requests["update_coverage"]
    assert (coverage.tags[RANGE_START], coverage.tags[RANGE_END]) == months
    alone = [dg.AssetKey("coverage")] if job == "close_month" else None
    assert coverage.asset_selection == alone, "a month that was closed is judged, once"
    assert ("update_revisions" in requests) == (job != "close_month")


def test_revisions_are_updated_for_the_day_on_which_they_were_detected() -> None:
    with ended("forecast_day", {"dagster/partition": "2021-05-31"}) as context:
        requests = rechecks.update_revisions_and_coverage(context)

    assert [one.partition_key for one in requests if one.job_name == "update_revisions"] == [str(utc_now().date())]


@pytest.mark.parametrize(
    ("settings", "rechecks_run"),
    [
        ({"AIRWATCH_SOURCE": "practice"}, []),
        ({"AIRWATCH_SOURCE": "airdata"}, ["monthly_full_year_recheck"]),
        ({"AIRWATCH_SOURCE": "live"}, ["daily_recent_recheck", "monthly_full_year_recheck"]),
        (
            {"AIRWATCH_SOURCE": "live", "EPA_AQS_EMAIL": "a@b.c", "EPA_AQS_API_KEY": "k"},
            ["daily_recent_recheck", "weekly_aqs_changes", "monthly_full_year_recheck"],
        ),
        (
            {"AIRWATCH_SOURCE": "aqs", "EPA_AQS_EMAIL": "a@b.c", "EPA_AQS_API_KEY": "k"},
            ["weekly_aqs_changes", "monthly_full_year_recheck"],
        ),
    ],
)
def test_each_source_gets_the_rechecks_it_supports(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], rechecks_run: list[str]
) -> None:
    for name in ("EPA_AQS_EMAIL", "EPA_AQS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    context = at(datetime(2021, 6, 15, 15, tzinfo=UTC))

    ticks = {one.name: one.evaluate_tick(context) for one in rechecks.RECHECK_SCHEDULES}

    assert [name for name, tick in ticks.items() if tick.run_requests] == rechecks_run
    for tick in ticks.values():
        assert tick.run_requests or f"AIRWATCH_SOURCE={settings['AIRWATCH_SOURCE']}" in str(tick.skip_message)


@pytest.mark.parametrize(("source", "days"), [("live", ["2021-05-31"]), ("practice", ["2021-05-31"]), ("airdata", [])])
def test_the_agencies_forecasts_of_yesterday_are_archived_where_there_are_any(
    monkeypatch: pytest.MonkeyPatch, source: str, days: list[str]
) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", source)
    archiving = (schedules.archive_schedule, rechecks.RECHECK_SCHEDULES[0])

    ticks = [one.evaluate_tick(at(datetime(2021, 6, 1, 18, 15, tzinfo=UTC))) for one in archiving]

    assert [request.partition_key for tick in ticks for request in tick.run_requests or []] == days
    for one in archiving:
        made = definitions().resolve_job_def(one.job_name).asset_layer.selected_asset_keys
        assert dg.AssetKey("agency_forecasts") in made


@pytest.mark.slow
def test_a_request_for_a_range_is_one_run(tmp_path: Path) -> None:
    """The requests of the sensors, executed: five re-ingested days, then the examples of their two months."""
    installation = Installation.at(tmp_path, AIRWATCH_CONTEXT_KM="0")
    days = {RANGE_START: "2021-04-29", RANGE_END: "2021-05-03"}
    installation.run("backfill", "2021-04-28", "2021-04-28", "--tables", "raw_readings")

    with installation.with_definitions() as (definitions, instance):
        reingested = run_job(definitions, "reingest_days", instance=instance, tags=days)
        context = dg.build_run_status_sensor_context(
            sensor_name="rebuild_examples",
            dagster_instance=instance,
            dagster_run=reingested.dagster_run,
            dagster_event=reingested.get_run_success_event(),
        )
        [request] = rechecks.rebuild_changed_examples(context)
        rebuilt = run_job(definitions, "rebuild_examples", instance=instance, tags=dict(request.tags))

    assert reingested.success
    assert rebuilt.success
    days_again = [str(day.date()) for day in pd.date_range("2021-04-29", "2021-05-03")]
    for table in jobs.REINGEST_TABLES:
        assert list(installation.tables.stored_partitions(table))[-5:] == days_again
    assert list(installation.tables.stored_partitions("training_examples")) == ["2021-04", "2021-05"]
    assert list(installation.tables.stored_partitions("verification")) == ["2021-04", "2021-05"]
    assert len(installation.tables.read("training_examples", ["2021-05"])) > 0


@pytest.mark.parametrize("job", ["close_month", "rebuild_examples"])
def test_a_closed_or_re_ingested_month_is_verified(job: str) -> None:
    made = definitions().resolve_job_def(job).asset_layer.selected_asset_keys

    assert {dg.AssetKey(name) for name in ("verification", "scoreboard", "scoreboard_events")} <= made


@pytest.mark.parametrize("job", ["close_month", "update_coverage"])
def test_a_month_is_judged_after_each_pull_and_when_it_is_closed(job: str) -> None:
    made = definitions().resolve_job_def(job).asset_layer.selected_asset_keys

    assert dg.AssetKey("monthly_findings") in made


def test_every_job_builds_partitions_of_one_grain() -> None:
    grains = {job.name: definitions().resolve_job_def(job.name).partitions_def for job in jobs.JOBS}

    assert grains == {
        "refresh_monitors": None,
        "forecast_day": partitions.DAYS,
        "issue_early": partitions.DAYS,
        "archive_forecasts": partitions.DAYS,
        "recheck_recent_days": partitions.DAYS,
        "recheck_history": None,
        "update_revisions": partitions.DETECTION_DAYS,
        "update_coverage": partitions.MONTHS,
        "reingest_days": partitions.DAYS,
        "rebuild_examples": partitions.MONTHS,
        "close_month": partitions.MONTHS,
        "open_month": partitions.MONTHS,
        "tune_and_open_month": partitions.MONTHS,
    }


def test_schedules_and_sensors_run_by_default_except_those_that_download_or_remove() -> None:
    everything = [*(definitions().schedules or []), *sensors.SENSORS, *rechecks.RECHECK_SENSORS]

    waiting = [one.name for one in everything if "RUNNING" not in str(one.default_status)]
    assert waiting == ["weekly_purge", "airdata_file_changes"]


def test_a_file_that_changes_twice_is_requested_twice(archive: Path) -> None:
    _, cursor = tick(archive, OLD, None)
    [first], cursor = tick(archive, CHANGED, cursor)
    [second], _ = tick(archive, CHANGED | {"daily_88101_2020.zip": "2021-07-01"}, cursor)

    assert first.run_key != second.run_key
