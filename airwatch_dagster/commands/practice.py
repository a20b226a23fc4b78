"""The practice server in the foreground."""

from collections.abc import Callable, Sequence
from datetime import date

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.resources import practice_server
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.practice.faults.faults import DEFAULT_KINDS, FAULT_KINDS, FaultKind, FaultPlan
from airwatch_dagster.practice.server.server import DEFAULT_KEY, PracticeServer
from airwatch_dagster.practice.world.restatements import Restatement


def serve_practice(
    *,
    port: int,
    today: date | None,
    min_interval_seconds: float,
    faults_seed: int | None,
    fault_share: float,
    fault_kinds: str | None,
    restatements: Sequence[str],
    aqs_lag_days: int,
    echo: Callable[[str], None],
) -> None:
    """Serve until interrupted; says where, how to point AirWatch at it, and at the end how often it misbehaved.

    Without ``faults_seed`` it never does. Raises ConfigurationError for a fault or a restatement that is none.
    """
    settings = Settings.from_environment()
    settings = settings.model_copy(update={"practice_today": today or settings.practice_today})
    plan = None if faults_seed is None else FaultPlan(faults_seed, share=fault_share, kinds=_kinds(fault_kinds))
    options = {
        "min_interval_seconds": min_interval_seconds,
        "aqs_lag_days": aqs_lag_days,
        "faults": plan,
        "restatements": tuple(_restatement(text) for text in restatements),
    }
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


def _kinds(text: str | None) -> tuple[FaultKind, ...]:
    """Faults named in a list such as ``server_error,hang``; those that pass by themselves when none is named."""
    if text is None:
        return DEFAULT_KINDS
    known = {str(kind): kind for kind in FAULT_KINDS}
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError("--fault-kinds", f"{unknown[0]!r} is no fault", fix=f"Use some of {', '.join(known)}")
    return tuple(known[name] for name in names)


def _restatement(text: str) -> Restatement:
    """What ``2021-09-01:2021-01-01:2021-03-31:0.83:0.05`` says: when, of which days, factor, and share deleted."""
    try:
        on, first, last, factor, deleted = (text if text.count(":") == 4 else f"{text}:0").split(":")
        day = date.fromisoformat
        return Restatement(day(on), day(first), day(last), float(factor), float(deleted))
    except ValueError as error:
        fix = (
            "Write ON:FIRST:LAST:FACTOR or ON:FIRST:LAST:FACTOR:DELETED, as 2021-09-01:2021-01-01:2021-03-31:0.83:0.05"
        )
        raise ConfigurationError("--restate", f"{text!r} is no restatement", fix=fix) from error


def _introduce(server: PracticeServer, echo: Callable[[str], None]) -> None:
    echo(f"Simulated air as of {server.today}; stop with Ctrl+C")
    echo(f"  AIRWATCH_AIRDATA_URL={server.airdata_url}")
    echo(f"  AIRWATCH_AQS_URL={server.aqs_url}   EPA_AQS_EMAIL=you@example.org EPA_AQS_API_KEY={DEFAULT_KEY}")
    echo(f"  AIRWATCH_AIRNOW_URL={server.airnow_url}")
