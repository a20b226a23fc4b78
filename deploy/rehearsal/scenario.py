"""What a stack must do, step by step: start, work, survive the death of each of its processes, stop."""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from deploy.rehearsal.dagster_api import ENDED, DagsterApi, Run
from deploy.rehearsal.loss import lost_and_restored
from deploy.rehearsal.processes import Broken, Process
from deploy.rehearsal.stack import Stack
from deploy.rehearsal.work import MONTH, kill, worker_of

TODAY: Final = "2021-06-01"
"""The practice server's day."""

HONEST_WITHIN_S: Final = 60.0
"""Seconds after which a run whose process is gone must be reported."""

LONGEST_S: Final = 10
"""Longest run time, in seconds, of the run that stands."""

Say = Callable[[str], None]


class _Receiver(BaseHTTPRequestHandler):
    """Takes alerts."""

    received: list[dict[str, Any]]

    def do_POST(self) -> None:
        """Keep what was sent."""
        self.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the method that it replaces
        """Nothing: the rehearsal prints its own lines."""


@dataclass
class AlertChannel:
    """A webhook of this process, and what it got."""

    url: str
    received: list[dict[str, Any]] = field(default_factory=list)

    def about(self, run_id: str) -> dict[str, Any] | None:
        """The alert about a run."""
        return next((alert for alert in self.received if alert.get("run_id") == run_id), None)

    def of_rule(self, rule: str) -> dict[str, Any] | None:
        """The alert of an incident of this kind."""
        return next((alert for alert in self.received if alert.get("incident", {}).get("rule") == rule), None)


@contextlib.contextmanager
def alert_channel() -> Iterator[AlertChannel]:
    """A channel that listens within the block."""
    received: list[dict[str, Any]] = []
    handler = type("Receiver", (_Receiver,), {"received": received})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield AlertChannel(f"http://127.0.0.1:{server.server_port}/", received)
    server.shutdown()
    server.server_close()


def rehearse(folder: Path, *, kills: Sequence[str], overruns: bool = False, loses_all: bool = False, say: Say) -> None:
    """Start the stack in an empty folder, use it, kill each of ``kills`` while a run works, stop it.

    With ``overruns`` a run also stands beyond its longest time; with ``loses_all`` the stack is also destroyed and
    restored from a backup.

    Raises Broken at the first expectation that is not met; nothing is left running in any case.
    """
    with alert_channel() as alerts:
        settings = {"AIRWATCH_PRACTICE_TODAY": TODAY, "AIRWATCH_FIRST_DAY": "2021-05-01"}
        stack = Stack.new(folder, **settings)
        (folder / "secrets" / "alert_webhook_url").write_text(alerts.url, encoding="utf-8")
        try:
            for name, seconds in stack.up():
                say(f"{name} is up and healthy after {seconds:.0f} s")
            _use(stack, alerts, kills, say)
            if overruns:
                overran(stack, DagsterApi(stack), alerts, say)
            if loses_all:
                lost_and_restored(stack, DagsterApi(stack), MONTH, say)
        finally:
            stopped(stack, say)


def stopped(stack: Stack, say: Say) -> None:
    """Stop the stack. Raises Broken for what is left running."""
    began = time.monotonic()
    slowest = sorted(stack.down().items(), key=lambda one: -one[1])[:3]
    said = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in slowest)
    say(f"everything has stopped after {time.monotonic() - began:.0f} s ({said}), nothing is left running")


def _use(stack: Stack, alerts: AlertChannel, kills: Sequence[str], say: Say) -> None:
    api = DagsterApi(stack)
    materialize(api, say)
    evaluate(api, say)
    for name in kills:
        killed(stack, api, alerts, name, say)


def materialize(api: DagsterApi, say: Say) -> None:
    """EPA's monitors and a month of readings are built by runs that GraphQL launches."""
    for assets, tags in ((["monitors", "monitor_changes"], {}), (["raw_readings", "site_days"], MONTH)):
        began = time.monotonic()
        run = api.ended(api.launch_assets(assets, tags), within_s=240)
        _expect(run.status == "SUCCESS", f"{assets} ended as {run.status}", api)
        say(f"{', '.join(assets)}: materialized in {time.monotonic() - began:.0f} s from request to end")


def evaluate(api: DagsterApi, say: Say) -> None:
    """A schedule waits for history and says how to fill it; sensors tick by themselves, without an error."""
    reason = api.schedule_at("daily_forecast", time.time())["skipReason"] or ""
    _expect("docker compose exec code airwatch backfill" in reason, f"daily_forecast said {reason!r}", api)
    say(f"schedule daily_forecast: {reason}")
    sensor = "incidents"
    api.wait(lambda: api.last_tick(sensor) is not None, f"{sensor} ticks", within_s=90)
    tick = api.last_tick(sensor) or {}
    _expect(not tick["error"], f"{sensor} failed: {tick['error']}", api)
    say(f"sensor {sensor}: {str(tick['status']).lower()}, {tick['skipReason']}")


def killed(stack: Stack, api: DagsterApi, alerts: AlertChannel, name: str, say: Say) -> None:
    """Someone dies while a run works: the run ends with its true status and the next one is not held up."""
    run_id = api.started(api.launch_assets(["raw_readings"], MONTH), within_s=120).run_id
    began = time.monotonic()
    kill(stack, name, run_id=run_id)
    restored = stack.restore()
    say(f"killed {name} while a run worked; restored {', '.join(restored)} after {time.monotonic() - began:.0f} s")
    run = api.ended(run_id, within_s=HONEST_WITHIN_S + time.monotonic() - began, meanwhile=stack.restore)
    say(f"its run is {run.status} {time.monotonic() - began:.0f} s after the kill")
    if name in ("code", "worker"):
        _expect(run.is_retried, f"a run without a process ended as {run.status}, and is not started again", api)
    if run.is_retried:
        done = _recovered(api, alerts, run, say)
    else:
        wait_until_idle(api, meanwhile=stack.restore)
        done = api.ended(api.launch_assets(["raw_readings"], MONTH), within_s=240)
    _expect(done.status == "SUCCESS", f"the next run ended as {done.status}", api)
    say("the next run succeeded")


def _recovered(api: DagsterApi, alerts: AlertChannel, run: Run, say: Say) -> Run:
    """The retry of a crashed run, once it has ended; nobody was told of a crash that Dagster mends itself."""
    api.await_retry(run.run_id)
    retry = api.retry_of(run.run_id)
    if retry is None:
        raise Broken(f"Dagster did not start run {run.run_id} again", api.log("daemon"))
    done = api.ended(retry.run_id, within_s=240)
    told = alerts.about(run.run_id)
    _expect(told is None or done.status != "SUCCESS", f"a crash that was mended was told: {told}", api)
    say("nobody was told of the crash: Dagster started the run again")
    return done


def overran(stack: Stack, api: DagsterApi, alerts: AlertChannel, say: Say) -> None:
    """A run stands beyond its longest run time: it ends as failed, its process too, and an alert says why.

    Its process is frozen until Dagster asks it to end, which a frozen one could not hear.
    """
    tags = {**MONTH, "dagster/max_runtime": str(LONGEST_S)}
    run_id = api.started(api.launch_assets(["raw_readings"], tags), within_s=120).run_id
    began = time.monotonic()
    workers = [Process(pid, api.log("code")) for pid in worker_of(stack, run_id)]
    for worker in workers:
        worker.send(signal.SIGSTOP)
    ending = ("CANCELING", *ENDED)
    api.wait(lambda: api.run(run_id).status in ending, "the run is told to end", within_s=LONGEST_S + HONEST_WITHIN_S)
    told_s = time.monotonic() - began
    for worker in workers:
        worker.send(signal.SIGCONT)
    run = api.ended(run_id, within_s=HONEST_WITHIN_S)
    # Dagster reports it as failed, and its process as canceled: the later of the two counts.
    is_ended = bool(workers) and run.status in ("FAILURE", "CANCELED")
    _expect(is_ended, f"a run of {len(workers)} processes ended as {run.status}", api)
    say(f"a run that stood, for {LONGEST_S} s at most, was told to end after {told_s:.0f} s, and ended as {run.status}")
    _expect(all(worker.wait(HONEST_WITHIN_S) for worker in workers), "the run's process works on", api)
    # Dagster starts it again, for as long at most: the alert may be about the second run too.
    seconds = api.wait(lambda: alerts.of_rule("run_stands") is not None, "an alert is sent", within_s=90)
    text = str((alerts.of_rule("run_stands") or {}).get("text", ""))
    _expect("maximum runtime" in text, f"the alert does not say why: {text}", api)
    say(f"alert after {seconds:.0f} s more: {text.splitlines()[1]}")
    wait_until_idle(api)


def wait_until_idle(api: DagsterApi, *, within_s: float = 240, meanwhile: Callable[[], object] = lambda: None) -> None:
    """No run is queued or under way. Raises Broken."""
    busy = ["NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING"]
    idle = "no run is queued or under way"
    api.wait(lambda: not api.runs(statuses=busy), idle, within_s=within_s, meanwhile=meanwhile)


def usage_lines(stack: Stack, goes_on: Callable[[], bool]) -> list[str]:
    """CPU and most memory of every service with all that it started, for as long as something goes on."""
    processes = {name: stack.process(name) for name, one in stack.services.items() if not one.runs_once}
    before, began = {name: one.usage() for name, one in processes.items()}, time.monotonic()
    now, most_mb = before, {name: one.rss_mb for name, one in before.items()}
    while goes_on():
        time.sleep(1)
        now = {name: one.usage() for name, one in processes.items()}
        most_mb = {name: max(most_mb[name], one.rss_mb) for name, one in now.items()}
    elapsed = time.monotonic() - began
    used = {name: max(0.0, now[name].cpu_s - before[name].cpu_s) for name in processes}
    return [
        f"{name:10} {used[name]:6.1f} CPU-s in {elapsed:.0f} s, {100 * used[name] / elapsed:5.1f} % of a core, "
        f"{most_mb[name]:6.0f} MB, {now[name].processes} processes"
        for name in processes
    ]


def idle_lines(stack: Stack, seconds: float) -> list[str]:
    """As ``usage_lines``, for some seconds."""
    until = time.monotonic() + seconds
    return usage_lines(stack, lambda: time.monotonic() < until)


def _expect(holds: bool, otherwise: str, api: DagsterApi) -> None:
    if not holds:
        raise Broken(otherwise, api.log("code"))
