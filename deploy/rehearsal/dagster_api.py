"""The webserver's GraphQL interface, as the Dagster UI uses it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from deploy.rehearsal.processes import Broken
from deploy.rehearsal.stack import Stack

LOCATION: Final = {"repositoryName": "__repository__", "repositoryLocationName": "airwatch"}

ANSWERS_WITHIN_S: Final = 30.0
"""Seconds within which the webserver must answer again after what it asks was restored."""

WILL_RETRY: Final = "dagster/will_retry"
"""Tag of a failed run: "true" if Dagster starts it again, else "false". It is written after the run has ended."""

NOTED_WITHIN_S: Final = 60.0

ENDED: Final = ("SUCCESS", "FAILURE", "CANCELED")

_LAUNCH: Final = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } } ... on InvalidSubsetError { message } } }"""
_RUN: Final = """query($id: ID!) { runOrError(runId: $id) { ... on Run { status tags { key value }
    startTime endTime } } }"""
_RUNS: Final = """query($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
    runId status tags { key value } startTime endTime } } } }"""
_POOL: Final = (
    """mutation($pool: String!, $limit: Int!) { setConcurrencyLimit(concurrencyKey: $pool, limit: $limit) }"""
)
_SENSOR: Final = """query($selector: SensorSelector!) { sensorOrError(sensorSelector: $selector) { ... on Sensor {
    sensorState { ticks(limit: 1) { status timestamp skipReason error { message } } } } } }"""
_SCHEDULE: Final = """mutation($selector: ScheduleSelector!, $at: Float) {
    scheduleDryRun(selectorData: $selector, timestamp: $at) { __typename ... on PythonError { message }
    ... on DryRunInstigationTick { evaluationResult { skipReason error { message }
    runRequests { runKey tags { key value } } } } } }"""


@dataclass(frozen=True)
class Run:
    """A run as Dagster knows it now."""

    run_id: str
    status: str
    tags: Mapping[str, str]
    worked_s: float | None
    """Seconds from its start to its end; None before."""

    @classmethod
    def of(cls, run_id: str, found: Mapping[str, Any]) -> "Run":
        """From GraphQL's answer."""
        started, ended = found["startTime"], found["endTime"]
        worked_s = ended - started if started and ended else None
        return cls(run_id, found["status"], {tag["key"]: tag["value"] for tag in found["tags"]}, worked_s)

    @property
    def is_retried(self) -> bool:
        """Whether Dagster starts it again."""
        return self.tags.get(WILL_RETRY) == "true"

    @property
    def has_ended(self) -> bool:
        """Whether it succeeded, failed or was canceled."""
        return self.status in ENDED


class DagsterApi:
    """Runs, sensors and schedules of a rehearsed stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._session = requests.Session()
        self._session.trust_env = False
        self._url = f"http://127.0.0.1:{stack.ports['webserver']}/graphql"

    def log(self, service: str) -> Path:
        """The file with a service's output."""
        return self._stack.log(service)

    def launch_assets(self, assets: list[str], tags: Mapping[str, str]) -> str:
        """Materialize assets, as the UI's button does; returns the run's id."""
        selection = [{"path": [name]} for name in assets]
        selector = {**LOCATION, "pipelineName": "__ASSET_JOB", "assetSelection": selection}
        return self._launched(selector, tags)

    def launch_job(self, job: str, tags: Mapping[str, str]) -> str:
        """Launch a job, as its Launchpad does; returns the run's id."""
        return self._launched({**LOCATION, "pipelineName": job}, tags)

    def run(self, run_id: str) -> Run:
        """The run as it is now."""
        return Run.of(run_id, self._asked(_RUN, id=run_id)["runOrError"])

    def runs(self, **filters: Any) -> list[Run]:
        """Runs that match Dagster's filter, newest first."""
        found = self._asked(_RUNS, filter=filters)["runsOrError"]["results"]
        return [Run.of(one["runId"], one) for one in found]

    def retry_of(self, run_id: str) -> Run | None:
        """The run that Dagster started in place of a crashed one; None while there is none."""
        return next(iter(self.runs(tags=[{"key": "dagster/parent_run_id", "value": run_id}])), None)

    def await_retry(self, run_id: str) -> None:
        """Returns once Dagster has started a run again, or has noted that it does not: a run killed between its last
        step and its end has no step to start from. Raises Broken."""
        what = f"run {run_id} is started again"
        self.wait(lambda: self.retry_of(run_id) is not None or not self.run(run_id).is_retried, what, within_s=240)

    def ended(self, run_id: str, *, within_s: float, meanwhile: Callable[[], object] = lambda: None) -> Run:
        """The run once it has ended and, if it failed, Dagster has noted whether it starts it again. Raises Broken."""
        what = f"run {run_id} has ended"
        self.wait(lambda: self.run(run_id).has_ended, what, within_s=within_s, meanwhile=meanwhile)
        if self.run(run_id).status == "FAILURE":
            what = f"Dagster noted whether run {run_id} is to be started again"
            self.wait(lambda: WILL_RETRY in self.run(run_id).tags, what, within_s=NOTED_WITHIN_S, meanwhile=meanwhile)
        return self.run(run_id)

    def started(self, run_id: str, *, within_s: float) -> Run:
        """The run once its process works on it. Raises Broken, also when it ended before."""
        what = f"run {run_id} is under way"
        self.wait(lambda: self.run(run_id).status in ("STARTED", *ENDED), what, within_s=within_s)
        run = self.run(run_id)
        if run.has_ended:
            raise Broken(f"Run {run_id} ended as {run.status} before anything could be tried", self._stack.log("code"))
        return run

    def limit_pool(self, pool: str, limit: int) -> None:
        """Let so many runs hold the pool at a time, as the page Deployment, Concurrency does."""
        self._asked(_POOL, pool=pool, limit=limit)

    def last_tick(self, sensor: str) -> dict[str, Any] | None:
        """The sensor's newest tick: status, timestamp, skipReason, error; None before the first."""
        found = self._asked(_SENSOR, selector={**LOCATION, "sensorName": sensor})
        ticks: list[dict[str, Any]] = found["sensorOrError"]["sensorState"]["ticks"]
        return ticks[0] if ticks else None

    def schedule_at(self, schedule: str, timestamp: float) -> dict[str, Any]:
        """What the schedule requests at a time: skipReason, runRequests. Raises Broken when it fails."""
        selector = {**LOCATION, "scheduleName": schedule}
        found = self._asked(_SCHEDULE, selector=selector, at=timestamp)["scheduleDryRun"]
        result: dict[str, Any] = found.get("evaluationResult") or {"error": found}
        if result.get("error"):
            raise Broken(f"Schedule {schedule} failed: {result['error']}", self._stack.log("code"))
        return result

    def wait(
        self, holds: Callable[[], bool], what: str, *, within_s: float, meanwhile: Callable[[], object] = lambda: None
    ) -> float:
        """Seconds until ``holds()``. Raises Broken naming ``what`` if it did not within the time."""
        began = time.monotonic()
        while not holds():
            meanwhile()
            if time.monotonic() - began > within_s:
                raise Broken(f"Not within {within_s:.0f} s: {what}", self._stack.log("daemon"))
            time.sleep(0.5)
        return time.monotonic() - began

    def _launched(self, selector: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
        params = {"selector": selector, "executionMetadata": metadata, "runConfigData": "{}"}
        launched = self._asked(_LAUNCH, params=params)["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            raise Broken(f"Dagster did not launch the run: {launched}", self._stack.log("webserver"))
        return str(launched["run"]["runId"])

    def _asked(self, query: str, **variables: Any) -> dict[str, Any]:
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        while True:
            try:
                response = self._session.post(self._url, json={"query": query, "variables": variables}, timeout=60)
                response.raise_for_status()
                break
            except requests.RequestException as error:
                if time.monotonic() > deadline:
                    raise Broken(f"The webserver did not answer: {error}", self.log("webserver")) from error
                time.sleep(0.5)
        answer = response.json()
        if answer.get("errors"):
            raise Broken(f"GraphQL refused: {answer['errors'][0]['message']}", self._stack.log("webserver"))
        data: dict[str, Any] = answer["data"]
        return data
