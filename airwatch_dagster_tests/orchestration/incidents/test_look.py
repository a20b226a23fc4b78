"""Finished runs of commands and daemon, and the messages that come of them, through a real local webhook."""

from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.events import EngineEventData
from dagster._utils.error import SerializableErrorInfo

from airwatch_dagster.errors import AirWatchError, BadPayload, SourceUnavailable, StorageError
from airwatch_dagster.orchestration.incidents import look
from airwatch_dagster.orchestration.incidents.cursor import Notice
from airwatch_dagster.orchestration.incidents.look import Look
from airwatch_dagster.orchestration.incidents.sensors import incidents
from airwatch_dagster.orchestration.incidents.signs import finished_runs
from airwatch_dagster.orchestration.incidents.signs.finished_runs import newest_end, will_be_retried
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster_tests.alert_receivers import Received
from airwatch_dagster_tests.orchestration.incidents.watched import Outcome, Watched

REFUSED = BadPayload("EPA AQS", "answered 503", fix="Wait for the maintenance to end", retry_helps=True)
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def test_a_failed_run_of_a_command_opens_an_incident_with_one_message(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    run_ids = [watched.run("raw_readings", first="2021-07-01", last="2021-07-04").run_id for _ in range(3)]

    assert watched.look() == "1 open, 1 messages sent"
    watched.run("raw_readings", first="2021-07-05")
    watched.look()

    [post] = webhook.posts
    name = post["incident"]["incident_id"]
    assert post["text"].splitlines() == [
        "AirWatch: raw_readings failed, 2021-07-01…2021-07-04 (4 partitions)",
        "What: EPA AQS: answered 503. Wait for the maintenance to end. Retrying may help.",
        "Where: raw_readings, 2021-07-01…2021-07-04 (4 partitions)",
        f"Since: {post['incident']['opened_at'][:16].replace('T', ' ')} UTC; 3 runs",
        (
            "What follows: The readings of these days are missing, and what is computed from them. "
            "There is no forecast yet."
        ),
        "Probable cause: pipeline",
        (
            "What to do: Check settings and services with `airwatch doctor`; after the fix run "
            "`airwatch backfill 2021-07-01 2021-07-04`."
        ),
        f"Incident {name}: `airwatch ack {name}`, or `airwatch silence {name} --until DAY`.",
        f"Run {run_ids[-1]}",
        "Bulletin: http://127.0.0.1:3001/latest.html",
    ]
    assert post["kind"] == "incident_opened"
    assert post["run_id"] == run_ids[-1]
    [one] = watched.incidents
    assert (one.runs, len(one.partitions)) == (4, 5)


def test_runs_that_build_the_days_close_it_with_one_message(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings", first="2021-07-01", last="2021-07-04")
    watched.look()

    watched.outcomes.clear()
    watched.run("raw_readings", first="2021-07-01", last="2021-07-02")
    assert watched.look() == "1 open, 0 messages sent"
    watched.run("raw_readings", first="2021-07-03", last="2021-07-05")
    watched.look()
    watched.look()

    assert webhook.subjects == [
        "AirWatch: raw_readings failed, 2021-07-01…2021-07-04 (4 partitions)",
        "AirWatch: resolved: raw_readings failed, 2021-07-01…2021-07-04 (4 partitions)",
    ]
    assert webhook.posts[1]["kind"] == "incident_resolved"
    assert "nothing is left to do" in webhook.posts[1]["text"]


@pytest.mark.slow
def test_a_thousand_days_of_one_run_are_one_incident(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)

    watched.run("raw_readings", first="2018-10-01", last="2021-06-26")
    watched.look()

    assert webhook.subjects == ["AirWatch: raw_readings failed, 2018-10-01…2021-06-26 (1,000 partitions)"]


def test_a_run_a_day_of_a_backfill_is_one_incident_read_in_several_looks(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished_runs, "MAX_ENDS", 3)
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    days = [f"2021-06-{day:02d}" for day in range(1, 11)]
    for day in days:
        watched.run("raw_readings", first=day)

    looks = [watched.look() for _ in range(5)]

    assert len(webhook.posts) == 1
    assert looks[-1] == "No run has ended"
    [one] = watched.incidents
    assert (one.runs, one.partitions_left) == (10, frozenset(days))


@pytest.mark.parametrize(
    ("severity", "rule", "word"), [(WARN, "check_warned", "warned"), (ERROR, "check_failed", "failed")]
)
def test_a_check_that_does_not_pass_is_one_incident_however_many_days_it_fails_for(
    watched: Watched, webhook: Received, severity: dg.AssetCheckSeverity, rule: str, word: str
) -> None:
    days = frozenset({"2021-06-03", "2021-06-04", "2021-06-10"})
    watched.outcomes["raw_readings"] = Outcome(failed_days=days, severity=severity)

    assert watched.run("raw_readings", first="2021-06-01", last="2021-06-30").success
    watched.look()

    [post], [one] = webhook.posts, watched.incidents
    assert one.rule == rule
    assert one.partitions_left == days
    lines = post["text"].splitlines()
    assert (
        lines[0] == f"AirWatch: raw_readings / no_day_emptied {word}, 2021-06-03…2021-06-04, 2021-06-10 (3 partitions)"
    )
    assert lines[1] == "What: 3 days have no reading."
    assert "What follows: The forecasts of the next days lack these readings." in lines
    assert "Probable cause: network" in lines
    assert any("`airwatch backfill 2021-06-03 2021-06-10 --refresh`" in line for line in lines)


def test_a_message_has_all_that_a_check_found_of_several_leads_and_regions(watched: Watched, webhook: Received) -> None:
    found = "; ".join(f"{lead} days ahead, EPA region 5: {'7 % more squared error ' * 7}" for lead in (1, 2, 3))
    assert 400 < len(found) < 1000
    watched.outcomes["raw_readings"] = Outcome(failed_days=frozenset({"2021-07-01"}), says=found)
    watched.run("raw_readings")
    watched.look()

    assert f"What: {found.strip()}" in webhook.posts[0]["text"].splitlines()


def test_a_check_closes_when_its_days_or_newer_ones_pass(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(failed_days=frozenset({"2021-06-03", "2021-06-04"}))
    watched.run("raw_readings", first="2021-06-01", last="2021-06-30")
    watched.look()
    watched.run("raw_readings", first="2021-05-01", last="2021-05-31")
    watched.look()
    assert watched.incidents[0].is_open, "older days that pass say nothing"

    watched.run("raw_readings", first="2021-07-01")
    watched.look()

    assert not watched.incidents[0].is_open
    assert "Partitions that still do not pass: 2021-06-03…2021-06-04" in webhook.posts[1]["text"]


def test_a_run_that_fails_at_its_second_table_mends_the_first(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings", "site_days")
    watched.look()
    watched.outcomes = {"site_days": Outcome(ValueError("no such column"))}
    watched.run("raw_readings", "site_days")
    watched.look()

    assert sorted(webhook.subjects) == [
        "AirWatch: raw_readings failed, 2021-07-01",
        "AirWatch: resolved: raw_readings failed, 2021-07-01",
        "AirWatch: site_days failed, 2021-07-01",
    ]
    assert (
        "What: unexpected error: no such column"
        in webhook.posts[0]["text"] + webhook.posts[1]["text"] + webhook.posts[2]["text"]
    )


def test_a_run_that_a_person_stops_tells_nobody(watched: Watched, webhook: Received) -> None:
    run = watched.instance.create_run_for_job(
        watched.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset({dg.AssetKey("raw_readings")}),
    )
    watched.instance.report_run_failed(run, "Stopped by a signal")

    watched.look()

    assert (webhook.posts, watched.incidents) == ([], [])


def test_a_run_whose_process_was_lost_is_told_by_its_first_table_that_is_not_built(
    watched: Watched, webhook: Received
) -> None:
    run = watched.instance.create_run_for_job(
        watched.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset({dg.AssetKey("raw_readings"), dg.AssetKey("site_days")}),
        tags={"dagster/partition": "2021-07-01"},
    )
    watched.instance.report_run_failed(run, "The process ended before the run did")

    watched.look()

    [post] = webhook.posts
    assert post["text"].splitlines()[:2] == [
        "AirWatch: raw_readings failed, 2021-07-01",
        "What: The process ended before the run did",
    ]


SERVER_SAW = "[DagsterApiServer] Run execution process for 1a2b was terminated by signal 9 (SIGKILL)."
NO_JOB = SerializableErrorInfo("dagster._core.errors.DagsterError: Could not find job 'gone'", [], "DagsterError")


@pytest.mark.parametrize(
    ("noted", "data", "said"),
    [
        ("Could not load job definition.", EngineEventData.engine_error(NO_JOB), "Could not find job 'gone'"),
        (SERVER_SAW, None, SERVER_SAW.removeprefix("[DagsterApiServer] ")),
        (
            "Started process for run (pid: 1).",
            None,
            "This run has been marked as failed from outside the execution context.",
        ),
    ],
)
def test_a_run_that_was_reported_from_outside_says_what_dagster_noted_before(
    watched: Watched, webhook: Received, noted: str, data: EngineEventData | None, said: str
) -> None:
    run = watched.instance.create_run_for_job(
        watched.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset({dg.AssetKey("raw_readings")}),
    )
    watched.instance.report_engine_event(noted, run, data)
    watched.instance.report_run_failed(run)

    watched.look()

    assert webhook.posts[0]["text"].splitlines()[1] == f"What: {said}"


def test_a_run_that_dagster_ended_because_it_stood_says_why(watched: Watched, webhook: Received) -> None:
    run = watched.instance.create_run_for_job(
        watched.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset({dg.AssetKey("raw_readings")}),
        tags={"dagster/partition": "2021-07-01"},
    )
    why = "Canceling due to exceeding maximum runtime of 3600 seconds."
    watched.instance.report_run_canceling(run, message=why)
    watched.instance.report_run_failed(run, "The run was ended")

    watched.look()

    assert webhook.posts[0]["text"].splitlines()[:2] == ["AirWatch: raw_readings stands, 2021-07-01", f"What: {why}"]


def run_of_daemon(tags: dict[str, str]) -> Any:
    return SimpleNamespace(remote_job_origin=object(), tags=tags)


def test_a_failure_that_dagster_tries_again_is_not_one_and_its_last_try_is() -> None:
    retries, none = SimpleNamespace(run_retries_enabled=True), SimpleNamespace(run_retries_enabled=False)

    def is_retried(tags: dict[str, str], *, age_s: float = 1.0, instance: Any = retries) -> bool | None:
        return will_be_retried(instance, run_of_daemon(tags), age_s=age_s)

    assert is_retried({"dagster/will_retry": "true", "dagster/auto_retry_run_id": "next"}) is True
    assert is_retried({"dagster/will_retry": "false"}) is False
    assert is_retried({"dagster/will_retry": "true"}) is None, "its retry is still to start"
    assert is_retried({"dagster/will_retry": "true"}, age_s=121) is False, "its retry never started"
    assert is_retried({}) is None, "Dagster decides a moment after the failure"
    assert is_retried({}, instance=none) is False
    of_command: Any = SimpleNamespace(remote_job_origin=None, tags={"dagster/will_retry": "true"})
    assert will_be_retried(retries, of_command, age_s=1.0) is False, "nobody retries a run of a command"


@pytest.mark.parametrize(("decision", "opened"), [(True, 0), (False, 1), (None, 0)])
def test_a_look_waits_until_the_retry_is_decided(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch, decision: bool | None, opened: int
) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")
    monkeypatch.setattr(finished_runs, "will_be_retried", lambda *_, **__: decision)

    watched.look()

    assert len(webhook.posts) == opened
    assert (watched.cursor.event_id == 0) is (decision is None)


def test_an_idle_look_reads_no_table(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StorageResource, "tables", lambda _: pytest.fail("an idle look read a table"))

    assert watched.look() == "No run has ended"


def test_a_message_that_no_channel_took_is_sent_at_a_later_look(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")
    webhook.statuses = [404]
    assert "refused the alert (response 404)" in watched.look()
    webhook.statuses = [404]
    with pytest.raises(AirWatchError, match=r"alert webhook refused the alert \(response 404\)"):
        watched.look()

    watched.look()
    watched.look()

    assert len(webhook.posts) == 3, "two that were refused, one that arrived"


def later(**ago: float) -> pd.Timestamp:
    return pd.Timestamp.now("UTC").tz_localize(None).floor("us") + pd.Timedelta(**ago)


def test_a_message_is_sent_again_on_the_one_channel_that_did_not_take_it_also_after_a_restart(
    watched: Watched, webhook: Received, mail_server: Received
) -> None:
    watched.cursor = replace(watched.cursor, looked_at=0.0)
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")
    webhook.statuses = [404, 404]
    assert "alert webhook refused the alert (response 404)" in watched.look()
    assert watched.look() == "No run has ended", "it is not tried at each look"

    watched.cursor = replace(watched.cursor, waits=False)  # all that lasts is the table
    watched.look(at=later(minutes=6))
    [one] = watched.incidents
    assert one.waits_for == {"webhook"}
    watched.look(at=later(minutes=12))
    watched.look(at=later(minutes=18))

    assert len(webhook.posts) == 3, "two that were refused, one that arrived"
    assert [mail["Subject"] for mail in mail_server.mails] == ["AirWatch: raw_readings failed, 2021-07-01"]
    assert watched.incidents[0].waits_for == frozenset()


def test_an_end_is_not_told_where_the_beginning_never_arrived(
    watched: Watched, webhook: Received, mail_server: Received
) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")
    webhook.statuses = [404]
    watched.look()
    watched.outcomes.clear()
    watched.run("raw_readings")
    watched.look()

    assert len(webhook.posts) == 1
    assert len(mail_server.mails) == 2


def test_the_digest_too_is_sent_again_only_where_it_was_refused(
    watched: Watched, webhook: Received, mail_server: Received
) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")
    watched.look()
    webhook.statuses = [404]
    tomorrow = pd.Timestamp.now("UTC").tz_localize(None).normalize() + pd.Timedelta(days=1, hours=14)
    watched.cursor = replace(watched.cursor, looked_at=0.0)
    for minutes in (0, 6, 12):
        watched.look(at=tomorrow + pd.Timedelta(minutes=minutes))

    assert [post["kind"] for post in webhook.posts] == ["incident_opened", "digest", "digest"]
    assert [mail["Subject"] for mail in mail_server.mails][1:] == ["AirWatch: an incident is open"]


@pytest.mark.slow
def test_a_problem_that_comes_and_goes_is_one_pair_of_messages_and_a_line_in_the_digest(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        watched.outcomes["raw_readings"] = Outcome(REFUSED)
        watched.run("raw_readings")
        watched.look()
        watched.outcomes.clear()
        watched.run("raw_readings")
        watched.look()
    assert [post["kind"] for post in webhook.posts] == ["incident_opened", "incident_resolved"]

    monkeypatch.setattr(look, "DIGEST_HOUR", 0)
    watched.cursor = replace(watched.cursor, digest=Notice("2021-07-01"))
    watched.look()
    name = watched.incidents[0].incident_id
    came_back = "it came back 2 times without a message, because it had just ended"
    assert webhook.posts[2]["text"].splitlines()[:2] == [
        "AirWatch: nothing is open",
        f"{name}: raw_readings failed, 2021-07-01, over; {came_back}",
    ]


def test_a_storage_that_does_not_answer_is_told_of_once_per_problem(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.outcomes["raw_readings"] = Outcome(StorageError("s3://bucket", "does not answer", fix="Start the server"))
    watched.run("raw_readings")

    def broken(_: StorageResource) -> Any:
        raise StorageError("s3://bucket", "does not answer", fix="Start the server", retry_helps=True)

    with monkeypatch.context() as outage:
        outage.setattr(StorageResource, "tables", broken)
        assert "The incidents are not stored" in watched.look()
        watched.run("raw_readings")
        watched.look()
    watched.look()
    watched.look()

    assert webhook.subjects == ["AirWatch: raw_readings failed, 2021-07-01"]
    [one] = watched.incidents
    assert (one.runs, one.opening_told_at is not None) == (2, True)


def test_the_digest_goes_out_once_a_day_while_something_is_open(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")
    watched.look()
    assert len(webhook.posts) == 1
    tomorrow = pd.Timestamp.now("UTC").tz_localize(None).normalize() + pd.Timedelta(days=1)

    watched.look(at=tomorrow + pd.Timedelta(hours=13.9))
    assert len(webhook.posts) == 1
    watched.look(at=tomorrow + pd.Timedelta(hours=14.1))
    watched.look(at=tomorrow + pd.Timedelta(hours=15))

    _, digest = webhook.posts
    assert digest["kind"] == "digest"
    lines = digest["text"].splitlines()
    assert lines[0] == "AirWatch: an incident is open"
    assert lines[1].startswith(f"{watched.incidents[0].incident_id}: raw_readings failed, 2021-07-01, for ")
    assert "`airwatch backfill 2021-07-01 2021-07-01`" in lines[2]


def test_there_is_no_digest_when_nothing_is_open(watched: Watched, webhook: Received) -> None:
    watched.run("raw_readings")
    today = watched.cursor.digest.about
    watched.look(at=pd.Timestamp.now("UTC").tz_localize(None).normalize() + pd.Timedelta(hours=38))

    assert webhook.posts == []
    assert watched.cursor.digest.about > today


def test_the_sensor_begins_with_what_ends_from_now_on(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings", first="2021-06-01")

    def tick(cursor: str | None) -> str | None:
        with dg.build_sensor_context(
            instance=watched.instance,
            cursor=cursor,
            repository_def=watched.repository,
            resources={"storage": watched.storage},
        ) as context:
            return incidents.evaluate_tick(context).cursor

    cursor = tick(None)
    watched.run("raw_readings", first="2021-07-01")
    tick(tick(cursor))

    assert webhook.subjects == ["AirWatch: raw_readings failed, 2021-07-01"]
    assert incidents.default_status == dg.DefaultSensorStatus.RUNNING


def test_an_end_whose_number_was_given_before_is_not_missed(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    deleted = watched.run("raw_readings").run_id
    newest = newest_end(watched.instance)
    watched.cursor = replace(watched.cursor, event_id=newest)
    watched.instance.delete_run(deleted)

    assert watched.look() == "No run has ended"
    watched.run("raw_readings")
    watched.look()

    assert len(webhook.posts) == 1


def test_the_newest_end_is_that_of_any_run(watched: Watched) -> None:
    assert newest_end(watched.instance) == 0
    watched.run("raw_readings")
    first = newest_end(watched.instance)
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")

    assert 0 < first < newest_end(watched.instance)
    assert Look(watched.instance, watched.storage, None, dg.get_dagster_logger())


def test_a_storage_that_hangs_does_not_hold_a_look_up(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run("raw_readings")
    goes_on = Event()
    monkeypatch.setattr(look, "STORAGE_MAX_S", 0.05)

    def hanging(_: StorageResource) -> Any:
        goes_on.wait(60)
        raise StorageError("s3://bucket", "does not answer", fix="Start the server", retry_helps=True)

    with monkeypatch.context() as outage:
        outage.setattr(StorageResource, "tables", hanging)
        assert "has not answered within 0.05 s" in watched.look()
    goes_on.set()

    assert len(webhook.posts) == 1


def test_a_run_that_stood_is_told_of_at_once_although_dagster_starts_it_again(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = watched.instance.create_run_for_job(
        watched.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset({dg.AssetKey("raw_readings")}),
    )
    watched.instance.report_run_canceling(run, message="Canceling due to exceeding maximum runtime of 3600 seconds.")
    watched.instance.report_run_failed(run, "Exceeded maximum runtime of 3600 seconds.")
    monkeypatch.setattr(finished_runs, "will_be_retried", lambda *_, **__: True)

    watched.look()

    assert webhook.subjects == ["AirWatch: raw_readings stands"]


def test_a_failed_early_issue_asks_for_nothing_and_the_daily_run_ends_it(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(ValueError("no such column"))
    watched.run_job("issue_early")
    watched.look()
    watched.outcomes.clear()
    watched.run_job("forecast_day")
    watched.look()

    assert webhook.subjects == [
        "AirWatch: raw_readings / early issue failed, 2021-07-01",
        "AirWatch: resolved: raw_readings / early issue failed, 2021-07-01",
    ]
    lines = webhook.posts[0]["text"].splitlines()
    follows = "Only this morning's early forecast is missing; the daily one at 18:30 UTC needs nothing of this run."
    assert f"What follows: {follows}" in lines
    assert "What to do: Nothing: the daily run mends it." in lines


def test_a_source_that_does_not_answer_is_named_with_its_last_success_and_is_no_failed_run(
    watched: Watched, webhook: Received
) -> None:
    watched.run("raw_readings", first="2021-06-30")
    down = SourceUnavailable("AirNow at files.example", "did not answer within 60 s", fix="Wait, or check the network")
    watched.outcomes["raw_readings"] = Outcome(down)
    watched.run("raw_readings", first="2021-07-01", last="2021-07-02")
    watched.look()
    watched.outcomes.clear()
    watched.run("raw_readings", first="2021-07-01", last="2021-07-02")
    watched.look()

    opened, resolved = webhook.posts
    lines = opened["text"].splitlines()
    assert lines[0] == "AirWatch: source of raw_readings down or late, 2021-07-01…2021-07-02 (2 partitions)"
    assert lines[1].startswith("What: AirNow at files.example: did not answer within 60 s. Wait, or check the network.")
    assert " It last served 2021-06-30, on 20" in lines[1]
    assert opened["incident"]["rule"] == "source_down"
    assert resolved["kind"] == "incident_resolved"


def test_an_early_issue_for_which_nothing_is_published_yet_is_no_news(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(SourceUnavailable("AirNow", "has no data of 2021-07-04 yet", fix="Wait"))
    watched.run_job("issue_early")

    watched.look()

    assert (webhook.posts, watched.incidents) == ([], [])


def test_an_early_issue_mends_no_day_and_its_checks_wait_for_the_daily_run(watched: Watched, webhook: Received) -> None:
    watched.outcomes["raw_readings"] = Outcome(REFUSED)
    watched.run_job("forecast_day")
    watched.look()
    watched.outcomes["raw_readings"] = Outcome(failed_days=frozenset({"2021-07-01"}))
    watched.run_job("issue_early")
    watched.look()
    assert webhook.subjects == ["AirWatch: raw_readings failed, 2021-07-01"]

    watched.run_job("forecast_day")
    watched.look()
    assert webhook.subjects[1:] == [
        "AirWatch: resolved: raw_readings failed, 2021-07-01",
        "AirWatch: raw_readings / no_day_emptied warned, 2021-07-01",
    ]
