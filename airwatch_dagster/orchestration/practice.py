"""The practice server in the foreground."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from airwatch_dagster.orchestration.resources import practice_server
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.practice.faults import FaultPlan
from airwatch_dagster.practice.server import DEFAULT_KEY, PracticeServer


def serve_practice(
    *,
    port: int,
    today: date | None,
    min_interval_seconds: float,
    faults_seed: int | None,
    fault_share: float,
    aqs_lag_days: int,
    echo: Callable[[str], None],
) -> None:
    """Serve until interrupted; says where, how to point AirWatch at it, and at the end how often it misbehaved.

    Without ``faults_seed`` it never does.
    """
    settings = Settings.from_environment()
    settings = replace(settings, practice_today=today or settings.practice_today)
    plan = None if faults_seed is None else FaultPlan(faults_seed, share=fault_share)
    options = {"min_interval_seconds": min_interval_seconds, "aqs_lag_days": aqs_lag_days, "faults": plan}
    server = practice_server(settings, port=port, log=echo, **options)
    _introduce(server, echo)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        echo("Stopped.")
    finally:
        server.close()
        if plan is not None:
            echo("Disturbed: " + (", ".join(f"{kind} {n}" for kind, n in sorted(plan.counts.items())) or "nothing"))


def _introduce(server: PracticeServer, echo: Callable[[str], None]) -> None:
    echo(f"Simulated air as of {server.today}; stop with Ctrl+C")
    echo(f"  AIRWATCH_AIRDATA_URL={server.airdata_url}")
    echo(f"  AIRWATCH_AQS_URL={server.aqs_url}   EPA_AQS_EMAIL=you@example.org EPA_AQS_API_KEY={DEFAULT_KEY}")
    echo(f"  AIRWATCH_AIRNOW_URL={server.airnow_url}")
