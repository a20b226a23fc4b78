"""What `airwatch status` says when nothing is left that could send a message."""

import json
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData
from dagster._daemon.types import DaemonHeartbeat

from airwatch_dagster_tests.installations import Installation

NOBODY = dict.fromkeys(("AIRWATCH_ALERT_WEBHOOK_URL", "AIRWATCH_HEARTBEAT_URL", "AIRWATCH_ALERT_EMAIL_TO"), "")


def lived(installation: Installation, *, daemon_s_ago: float, sensor_s_ago: float | None = None) -> None:
    """A daemon that was alive so many seconds ago, and a sensor that ticked."""
    with installation.activated(), dg.DagsterInstance.get() as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - daemon_s_ago, "SENSOR", "id", []))
        if sensor_s_ago is not None:
            origin = RemoteRepositoryOrigin(GrpcServerCodeLocationOrigin(host="127.0.0.1", port=1), "__repository__")
            data = SensorInstigatorData(last_tick_timestamp=time.time() - sensor_s_ago, min_interval=45)
            instance.add_instigator_state(
                InstigatorState(
                    RemoteInstigatorOrigin(origin, "incidents"),
                    InstigatorType.SENSOR,
                    InstigatorStatus.RUNNING,
                    instigator_data=data,
                )
            )


def problem(installation: Installation) -> str | None:
    found = json.loads(installation.airwatch("status", "--json").output)
    assert found["is_fresh"] is False
    return str(found["automation_problem"]) if found["automation_problem"] else None


def test_a_daemon_that_never_ran_or_runs_is_no_problem(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    assert problem(installation) is None

    lived(installation, daemon_s_ago=10, sensor_s_ago=40)
    assert problem(installation) is None


@pytest.mark.parametrize("setting", ["AIRWATCH_ALERT_WEBHOOK_URL", "AIRWATCH_HEARTBEAT_URL", "AIRWATCH_ALERT_EMAIL_TO"])
def test_a_daemon_that_stopped_is_told_from_outside_where_somebody_relies_on_it(tmp_path: Path, setting: str) -> None:
    """The third lacks its mail server, but it shows that somebody wants messages."""
    installation = Installation.at(tmp_path, **NOBODY | {setting: "http://127.0.0.1:1/secret"})
    lived(installation, daemon_s_ago=7200, sensor_s_ago=7200)

    says = "Dagster's daemon last ran 2 h 0 min ago, so no schedule runs and nobody is told: make dev"
    assert problem(installation) == says
    result = installation.airwatch("status")
    assert result.exit_code == 1
    assert "nothing starts by itself" in result.output.splitlines()[0]
    assert result.output.splitlines()[1] == says


def test_a_daemon_that_was_stopped_where_nobody_is_told_is_named_and_no_problem(tmp_path: Path) -> None:
    """As `make dev` on a laptop: what its absence costs becomes due."""
    installation = Installation.at(tmp_path, **NOBODY)
    lived(installation, daemon_s_ago=7200, sensor_s_ago=7200)

    assert problem(installation) is None
    lines = installation.airwatch("status").output.splitlines()
    assert "nothing starts by itself" not in lines[0]
    assert lines[-1] == "Dagster's daemon last ran 2 h 0 min ago, so no schedule runs: make dev"


def test_a_code_location_in_error_is_told_with_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation.at(tmp_path)
    lived(installation, daemon_s_ago=10, sensor_s_ago=900)
    begin = "The daemon runs, but no sensor has looked for 15 min, so nobody is told: code location in error: "
    assert problem(installation) == begin + "it does not load where it is served, or has only just started"

    from airwatch_dagster import definitions

    def broken() -> dg.Definitions:
        raise ImportError("cannot import name 'forecast' from 'airwatch_dagster.orchestration.assets'")

    monkeypatch.setattr(definitions, "code_location", broken)
    assert problem(installation) == f"{begin}cannot import name 'forecast' from 'airwatch_dagster.orchestration.assets'"
