"""Alerts of failed runs and checks, through a real local webhook and a real local mail server."""

import email
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from airwatch_dagster.errors import AirWatchError, ConfigurationError, SourceUnavailable
from airwatch_dagster.orchestration.alerts.channels import post_to_webhook
from airwatch_dagster.orchestration.alerts.messages import Alert, FailedCheck, one_line
from airwatch_dagster.orchestration.alerts.sensors import alert_sensors, failed_checks_of
from airwatch_dagster.orchestration.alerts.settings import AlertSettings

ON_FAILED_RUN, ON_FAILED_CHECKS = alert_sensors()


@dataclass
class Received:
    """What a local receiver was sent, and where it listens."""

    port: int = 0
    posts: list[dict] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """HTTP statuses of the next responses; 200 when empty."""


@pytest.fixture(autouse=True)
def no_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRWATCH_ALERT_WEBHOOK_URL", "AIRWATCH_ALERT_EMAIL_TO", "AIRWATCH_UI_URL", "DAGSTER_WEBSERVER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    received = Received()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            self.send_header("Content-Length", "0")
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep the test output clean."""

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as received.port:
        monkeypatch.setenv("AIRWATCH_ALERT_WEBHOOK_URL", f"http://127.0.0.1:{received.port}/hooks/T0-secret-part")
        yield received


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    received = Received()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 local\r\n")
            for line in self.rfile:
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = list(iter(self.rfile.readline, b".\r\n"))
                    received.mails.append(email.message_from_bytes(b"".join(lines)))
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as received.port:
        monkeypatch.setenv("AIRWATCH_ALERT_EMAIL_TO", "duty@example.org, second@example.org")
        monkeypatch.setenv("AIRWATCH_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRWATCH_SMTP_PORT", str(received.port))
        monkeypatch.setenv("AIRWATCH_SMTP_STARTTLS", "false")
        yield received


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    """Runs a socket server on a thread for the length of a block; yields its port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check_of(asset: dg.AssetsDefinition, *, result: dg.AssetCheckResult, blocking: bool) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name="contract", blocking=blocking)
    def contract() -> dg.AssetCheckResult:
        return result

    return contract


@dg.asset
def site_days() -> None:
    """An asset that works."""


def after_run(instance: dg.DagsterInstance, *assets: object, tags: dict[str, str] | None = None) -> None:
    """Run the assets, then evaluate both sensors on every status change, as the daemon does."""
    alert_about_run(instance, dg.materialize(assets, instance=instance, raise_on_error=False, tags=tags))


def after_job(instance: dg.DagsterInstance, name: str, *assets: Any) -> None:
    """The same for a job of this name."""
    defined = [
        one for one in assets if isinstance(one, dg.AssetsDefinition) and not isinstance(one, dg.AssetChecksDefinition)
    ]
    checks = [one for one in assets if isinstance(one, dg.AssetChecksDefinition)]
    job = dg.define_asset_job(name, selection=dg.AssetSelection.assets(*defined))
    found = dg.Definitions(defined, asset_checks=checks, jobs=[job]).resolve_job_def(name)
    alert_about_run(instance, found.execute_in_process(instance=instance, raise_on_error=False))


def alert_about_run(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
    """Evaluate both sensors on every status change of a run."""
    for sensor, status in ((ON_FAILED_RUN, "FAILURE"), (ON_FAILED_CHECKS, "SUCCESS")):
        for event in (event for event in result.all_events if event.event_type_value == f"PIPELINE_{status}"):
            context = dg.build_run_status_sensor_context(
                sensor_name=sensor.name,
                dagster_event=event,
                dagster_instance=instance,
                dagster_run=instance.get_run_by_id(result.run_id),
            )
            sensor(context.for_run_failure() if status == "FAILURE" else context)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def test_an_alert_of_a_failed_run_has_its_error_and_a_command_and_no_python_class(
    instance: dg.DagsterInstance, webhook: Received
) -> None:
    @dg.asset
    def raw_readings() -> None:
        raise SourceUnavailable("EPA AQS", "answered 503", fix="Wait for the maintenance to end")

    after_run(instance, raw_readings, tags={"dagster/partition": "2021-07-04"})

    [post] = webhook.posts
    run_id = post["run_id"]
    assert post["text"].splitlines() == [
        "AirWatch: run failed: assets 2021-07-04",
        "raw_readings: EPA AQS: answered 503. Wait for the maintenance to end. Retrying may help.",
        (
            "Check settings and services with `airwatch doctor`; after the fix run "
            "`airwatch backfill 2021-07-04 2021-07-04`."
        ),
        f"Run {run_id}",
        "Bulletin: http://127.0.0.1:3001/latest.html",
    ]
    assert post["kind"] == "run_failed"
    assert post["partitions"] == "2021-07-04"


def test_an_alert_of_a_failed_blocking_check_has_its_numbers_once(
    instance: dg.DagsterInstance, webhook: Received
) -> None:
    bad_days = [f"2021-07-{day:02d}" for day in range(1, 6)]
    result = dg.AssetCheckResult(
        passed=False, description="rows break the schema", metadata={"failed_rows": 12, "failed_partitions": bad_days}
    )
    tags = {"dagster/asset_partition_range_start": "2021-07-01", "dagster/asset_partition_range_end": "2021-07-31"}

    after_run(instance, site_days, check_of(site_days, result=result, blocking=True), tags=tags)

    [post] = webhook.posts
    assert "`airwatch backfill 2021-07-01 2021-07-31`" in post["text"]
    assert post["text"].splitlines()[:2] == [
        "AirWatch: run failed: assets 2021-07-01…2021-07-31",
        (
            "site_days / contract (ERROR, blocking): rows break the schema;"
            " failed_partitions=2021-07-01, 2021-07-02, 2021-07-03, … (5), failed_rows=12"
        ),
    ]


def test_the_evaluation_of_a_whole_range_is_left_out_beside_those_of_its_days() -> None:
    def evaluation(check: str, partition: str | None, *, passed: bool = False) -> Any:
        one = dg.AssetCheckEvaluation(dg.AssetKey("site_days"), check, passed=passed, metadata={}, partition=partition)
        return SimpleNamespace(event_log_entry=SimpleNamespace(asset_check_evaluation=one))

    records = [
        *(evaluation("no_drift", partition) for partition in ("2021-07-01", "2021-07-02", None)),
        evaluation("schema", None),
        evaluation("no_outage", None, passed=True),
    ]
    fake: Any = SimpleNamespace(get_records_for_run=lambda run_id, of_type: SimpleNamespace(records=records))

    found = failed_checks_of(fake, run_id="r")

    assert [(one.check, one.partition) for one in found] == [
        ("no_drift", "2021-07-01"),
        ("no_drift", "2021-07-02"),
        ("schema", None),
    ]


def test_a_warning_in_a_successful_run_sends_an_alert(instance: dg.DagsterInstance, webhook: Received) -> None:
    warning = dg.AssetCheckResult(
        passed=False, severity=dg.AssetCheckSeverity.WARN, metadata={"share_missing": 0.41666666}
    )

    after_run(instance, site_days, check_of(site_days, result=warning, blocking=False))

    [post] = webhook.posts
    assert post["kind"] == "checks_failed"
    assert post["text"].splitlines()[:-2] == [
        "AirWatch: run succeeded with failed checks: assets",
        "site_days / contract (WARN): share_missing=0.416667",
        "See the rows with `airwatch inspect site_days`.",
    ]


def test_a_passed_check_sends_no_alert(instance: dg.DagsterInstance, webhook: Received, mail_server: Received) -> None:
    after_run(instance, site_days, check_of(site_days, result=dg.AssetCheckResult(passed=True), blocking=True))

    assert webhook.posts == []
    assert mail_server.mails == []


def test_mail_reaches_every_recipient_with_subject_and_link(
    instance: dg.DagsterInstance, mail_server: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_UI_URL", "http://127.0.0.1:3000/")
    warning = dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    after_run(instance, site_days, check_of(site_days, result=warning, blocking=False))

    [mail] = mail_server.mails
    assert mail["To"] == "duty@example.org, second@example.org"
    assert mail["Subject"] == "AirWatch: run succeeded with failed checks: assets"
    assert "http://127.0.0.1:3000/runs/" in mail.get_payload()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_webhook_that_redirects_is_not_followed(status: int, webhook: Received) -> None:
    webhook.statuses = [status]
    alert = Alert("run_failed", "daily", "2021-07-04", "run", (), ("an error",), "Run `airwatch doctor`.")

    with pytest.raises(ConfigurationError, match=rf"^AIRWATCH_ALERT_WEBHOOK_URL: redirects \(response {status}\)"):
        post_to_webhook(alert, settings=AlertSettings.from_environment())

    assert len(webhook.posts) == 1, "it was sent to nobody else"


def test_a_channel_that_refuses_fails_the_sensor_without_its_address_and_the_other_still_delivers(
    instance: dg.DagsterInstance, webhook: Received, mail_server: Received
) -> None:
    webhook.statuses = [404]
    warning = dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    with pytest.raises(AirWatchError, match=r"alert webhook refused the alert \(response 404\)") as raised:
        after_run(instance, site_days, check_of(site_days, result=warning, blocking=False))

    assert "T0-secret-part" not in str(raised.value)
    assert len(mail_server.mails) == 1


def test_the_post_to_a_busy_webhook_is_repeated(instance: dg.DagsterInstance, webhook: Received) -> None:
    webhook.statuses = [503]
    warning = dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    after_run(instance, site_days, check_of(site_days, result=warning, blocking=False))

    assert len(webhook.posts) == 2


def test_an_unreachable_mail_server_fails_the_sensor(
    instance: dg.DagsterInstance, mail_server: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_SMTP_PORT", "1")
    warning = dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    with pytest.raises(AirWatchError, match=r"mail server 127\.0\.0\.1:1 did not take the alert"):
        after_run(instance, site_days, check_of(site_days, result=warning, blocking=False))


def test_without_a_channel_the_alert_is_in_dagsters_log(
    instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    warning = dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    after_run(instance, site_days, check_of(site_days, result=warning, blocking=False))

    assert "site_days / contract (WARN)" in capsys.readouterr().err


def test_an_alert_shows_no_secret_of_an_error(
    instance: dg.DagsterInstance, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPA_AQS_API_KEY", "indigofox42")

    @dg.asset
    def monitors() -> None:
        raise RuntimeError("GET https://me:pw@example.org/list?email=me@example.org&key=abc&x=1 with indigofox42")

    after_run(instance, monitors)

    [post] = webhook.posts
    shown = "monitors: unexpected error: GET https://***@example.org/list?email=***&key=***&x=1 with ***"
    assert shown in post["errors"]
    assert shown.replace("&", "&amp;") in post["text"]


def test_a_failed_early_issue_is_told_as_such_and_asks_for_nothing(
    instance: dg.DagsterInstance, webhook: Received
) -> None:
    @dg.asset
    def raw_readings() -> None:
        raise SourceUnavailable("AirNow", "has no data of 2021-07-04 yet", fix="Try the day again later")

    @dg.asset
    def site_days() -> None:
        raise ConfigurationError("AIRWATCH_AREA", "'x' is not an area", fix="Use us")

    after_job(instance, "issue_early", raw_readings)
    assert webhook.posts == [], "that nothing is published yet is no news in the morning"
    after_job(instance, "issue_early", site_days)
    after_job(instance, "forecast_day", raw_readings)

    early, daily = webhook.posts
    assert early["text"].startswith("AirWatch: run failed: issue_early")
    assert "Nothing has to be done" in early["text"]
    assert "backfill" not in early["next_step"]
    assert "airwatch doctor" in daily["next_step"]


def test_checks_of_half_a_day_wait_for_the_daily_run(instance: dg.DagsterInstance, webhook: Received) -> None:
    warning = dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)
    check = check_of(site_days, result=warning, blocking=False)

    after_job(instance, "issue_early", site_days, check)
    assert webhook.posts == []
    after_job(instance, "forecast_day", site_days, check)
    assert len(webhook.posts) == 1


class DagsterExecutionInterruptedError(Exception):
    """By the name of Dagster's own, which would end the test's process too."""


def test_an_alert_says_why_dagster_ended_a_run_that_stood(instance: dg.DagsterInstance, webhook: Received) -> None:
    @dg.asset
    def monitors() -> None:
        raise DagsterExecutionInterruptedError

    result = dg.materialize([monitors], instance=instance, raise_on_error=False)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    why = "Canceling due to exceeding maximum runtime of 3600 seconds."
    instance.report_run_canceling(run, message=why)
    [event] = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
    context = dg.build_run_status_sensor_context(ON_FAILED_RUN.name, event, instance, run)
    ON_FAILED_RUN(context.for_run_failure())

    [post] = webhook.posts
    assert post["errors"] == [why]


def test_text_from_elsewhere_calls_nobody_and_hides_no_link_in_a_chat() -> None:
    name = "<!here> @channel <http://evil.example|EPA> [EPA](http://evil.example) & @Everyone"
    check = FailedCheck("coverage", "area_reports", "WARN", False, "2021-07-04", one_line(f"{name}\nsecond line"), {})
    alert = Alert("checks_failed", "daily\njob", "2021-07-04", "run", (check,), (), "See `airwatch inspect`.")

    shown = alert.payload["text"].splitlines()

    assert shown[0] == "AirWatch: run succeeded with failed checks: daily job 2021-07-04"
    assert shown[1] == (
        "coverage[2021-07-04] / area_reports (WARN): &lt;!here&gt; @\u200bchannel &lt;http://evil.example|EPA&gt; "
        "[EPA]\u200b(http://evil.example) &amp; @\u200bEveryone second line"
    )
    assert alert.payload["failed_checks"][0]["description"] == f"{name} second line", "programs get it as it is"
    assert name in alert.text, "a mail is plain text"


def test_a_nameless_asset_job_is_named_by_its_assets(instance: dg.DagsterInstance, webhook: Received) -> None:
    run = instance.create_run_for_job(
        dg.Definitions([site_days]).resolve_implicit_global_asset_job_def(), asset_selection=frozenset([site_days.key])
    )
    instance.report_run_failed(run, "Run worker died")
    event = instance.get_records_for_run(run.run_id).records[-1].event_log_entry.dagster_event

    ON_FAILED_RUN(
        dg.build_run_status_sensor_context(
            sensor_name="any", dagster_event=event, dagster_instance=instance, dagster_run=run
        ).for_run_failure()
    )

    [post] = webhook.posts
    assert post["text"].splitlines()[:2] == ["AirWatch: run failed: site_days", "Run worker died"]
    assert "`airwatch doctor`." in post["text"]


def test_only_the_first_ten_of_many_failed_checks_are_listed(instance: dg.DagsterInstance, webhook: Received) -> None:
    specs = [dg.AssetCheckSpec(f"check_{number:02d}", asset="features") for number in range(13)]

    @dg.asset(check_specs=specs)
    def features() -> dg.MaterializeResult:
        results = [dg.AssetCheckResult(passed=False, check_name=spec.name) for spec in specs]
        return dg.MaterializeResult(check_results=results)

    after_run(instance, features)

    [post] = webhook.posts
    lines = post["text"].splitlines()
    assert len(post["failed_checks"]) == 13
    assert lines[10].startswith("features / check_09")
    assert lines[11] == "and 3 more failed checks"


def test_a_daemon_tick_alerts_each_run_once(instance: dg.DagsterInstance, webhook: Received) -> None:
    warning = dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)
    definitions = dg.Definitions([site_days], asset_checks=[check_of(site_days, result=warning, blocking=False)])
    repository = definitions.get_repository_def()

    def tick(cursor: str | None) -> str | None:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
        return ON_FAILED_CHECKS.evaluate_tick(context).cursor

    cursor = tick(None)
    definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
    tick(tick(cursor))

    assert len(webhook.posts) == 1


def test_the_sensors_run_without_being_switched_on() -> None:
    assert [sensor.default_status for sensor in alert_sensors()] == [dg.DefaultSensorStatus.RUNNING] * 2
