"""The practice server in the foreground."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from airwatch_dagster.orchestration.resources import practice_server
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.practice.server import DEFAULT_KEY


def serve_practice(*, port: int, today: date | None, min_interval_seconds: float, echo: Callable[[str], None]) -> None:
    """Serve until interrupted; says where, and how to point AirWatch at it."""
    settings = Settings.from_environment()
    settings = replace(settings, practice_today=today or settings.practice_today)
    server = practice_server(settings, port=port, min_interval_seconds=min_interval_seconds, log=echo)
    echo(f"Simulated air as of {server.today}; stop with Ctrl+C")
    echo(f"  AIRWATCH_AIRDATA_URL={server.airdata_url}")
    echo(f"  AIRWATCH_AQS_URL={server.aqs_url}   EPA_AQS_EMAIL=you@example.org EPA_AQS_API_KEY={DEFAULT_KEY}")
    echo(f"  AIRWATCH_AIRNOW_URL={server.airnow_url}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        echo("Stopped.")
    finally:
        server.close()
