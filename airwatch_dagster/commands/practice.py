"""`airwatch practice-server`: serve in the foreground."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import practice_server
from airwatch_dagster.practice.faults.faults import DEFAULT_KINDS, FAULT_KINDS, FaultKind, FaultPlan
from airwatch_dagster.practice.server.server import DEFAULT_KEY, PracticeServer
from airwatch_dagster.practice.world.restatements import Restatement

CLIENT_INTERVAL_S: Final = 0.1
"""Seconds between AQS requests that the client keeps; the server needs none."""


def serve_practice(
    *,
    port: int,
    today: datetime | None,
    min_interval_seconds: float,
    faults_seed: int | None,
    fault_share: float,
    fault_kinds: str | None,
    restatements: Sequence[str],
    aqs_lag_days: int,
    airnow_keeps_days: int | None,
    echo: Callable[[str], None],
) -> None:
    """Serve until interrupted; print the settings for AirWatch first and the number of injected faults at the end.

    Without ``faults_seed`` there are no faults. Raises ConfigurationError for an unknown fault kind, an invalid
    restatement or a port that cannot be opened.
    """
    settings = Settings.from_environment()
    settings = settings.model_copy(update={"practice_today": today.date() if today else settings.practice_today})
    plan = None if faults_seed is None else FaultPlan(faults_seed, share=fault_share, kinds=_kinds(fault_kinds))
    options = {
        "min_interval_seconds": min_interval_seconds,
        "aqs_lag_days": aqs_lag_days,
        "airnow_keeps_days": airnow_keeps_days,
        "faults": plan,
        "restatements": tuple(_restatement(text) for text in restatements),
    }
    server = practice_server(settings, port=port, log=echo, **options)
    variables = client_settings(server, settings, min_interval_seconds=min_interval_seconds)
    _print_settings(variables, day=server.today, echo=echo)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        echo("Stopped.")
    finally:
        server.close()
        if plan is not None:
            echo("Injected faults: " + (", ".join(f"{kind} {n}" for kind, n in sorted(plan.counts.items())) or "none"))


def _kinds(text: str | None) -> tuple[FaultKind, ...]:
    """The fault kinds of a list such as ``server_error,hang``; the transient ones for None."""
    if text is None:
        return DEFAULT_KINDS
    known = {str(kind): kind for kind in FAULT_KINDS}
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        problem = f"{unknown[0]!r} is not a fault kind"
        raise ConfigurationError("--fault-kinds", problem, fix=f"Choose from {', '.join(known)}")
    return tuple(known[name] for name in names)


def _restatement(text: str) -> Restatement:
    """The restatement ``2021-09-01:2021-01-01:2021-03-31:0.83:0.05``: on, first and last day, factor, deleted share."""
    try:
        on, first, last, factor, deleted = (text if text.count(":") == 4 else f"{text}:0").split(":")
        day = date.fromisoformat
        return Restatement(day(on), day(first), day(last), float(factor), float(deleted))
    except ValueError as error:
        example = "2021-09-01:2021-01-01:2021-03-31:0.83:0.05"
        fix = f"Write ON:FIRST:LAST:FACTOR or ON:FIRST:LAST:FACTOR:DELETED, for example {example}"
        raise ConfigurationError("--restate", f"{text!r} is not a valid restatement", fix=fix) from error


def client_settings(server: PracticeServer, settings: Settings, *, min_interval_seconds: float) -> dict[str, str]:
    """Settings of an AirWatch that reads from the server, in a storage and state of its own."""
    return {
        "AIRWATCH_SOURCE": "live",
        "AIRWATCH_AREA": settings.area,
        "AIRWATCH_PRACTICE_TODAY": str(server.today),
        "AIRWATCH_AIRDATA_URL": server.airdata_url,
        "AIRWATCH_AIRNOW_URL": server.airnow_url,
        "AIRWATCH_AIRNOW_API_URL": server.airnow_api_url,
        "AIRWATCH_AQS_URL": server.aqs_url,
        "AIRWATCH_NBM_URL": server.nbm_url,
        "AIRWATCH_NWS_URL": server.nws_url,
        "AIRWATCH_AQS_INTERVAL_S": f"{max(min_interval_seconds, CLIENT_INTERVAL_S):g}",
        "EPA_AQS_EMAIL": "you@example.org",
        "EPA_AQS_API_KEY": DEFAULT_KEY,
        "AIRNOW_API_KEY": DEFAULT_KEY,
        "AIRWATCH_STORAGE": "./rehearsal/tables",
        "AIRWATCH_STATE": "./rehearsal/state",
    }


def _print_settings(variables: Mapping[str, str], *, day: date, echo: Callable[[str], None]) -> None:
    echo(f"Simulated air as of {day}; stop with Ctrl+C. Paste this into another terminal:\n")
    for name, value in variables.items():
        echo(f"export {name}={shlex.quote(value)}")
    echo("")
