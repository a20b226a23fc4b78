"""The state for people: short tables, what is due first."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from airwatch_dagster.commands.inspect.stored_tables import freshness
from airwatch_dagster.commands.status.automation import daemon_stopped
from airwatch_dagster.commands.status.state import State
from airwatch_dagster.commands.wording import counted, duration_text, program
from airwatch_dagster.fit.champion.guard_rails import display_name

MAX_DUE: Final = 8
"""Due tables that are listed; one backfill usually brings all of them up to date."""

MAX_CHECKS: Final = 10
"""Failed checks that are listed."""

MAX_INCIDENTS: Final = 8
"""Open incidents that are listed."""

MAX_SCHEDULES: Final = 3
"""Next schedules that are listed."""


def state_text(state: State) -> str:
    """Lines without colours; the first says whether everything is fresh."""
    sections = (
        _headline(state),
        _due(state),
        _incidents(state),
        _checks(state),
        _runs(state),
        _champion(state),
        _tables(state),
    )
    return "\n".join(line for lines in (*sections, _schedules(state)) for line in lines)


def _headline(state: State) -> Iterator[str]:
    errors = sum(check.severity == "ERROR" for check in state.failed_checks)
    found = [counted(len(state.due), "table") + " due"] if state.due else []
    found += [counted(errors, "check") + " failed"] if errors else []
    found += ["nothing starts by itself"] if state.automation_problem else []
    said = "All fresh" if state.is_fresh else " and ".join(found)
    yield f"{said[0].upper()}{said[1:]}. Source {state.source}, area {state.area}, storage {state.storage}"
    if state.automation_problem:
        yield state.automation_problem


def _due(state: State) -> Iterator[str]:
    if not state.due:
        return
    yield ""
    yield "Due:"
    for one in state.due[:MAX_DUE]:
        yield f"  {one.what:<18} {one.partitions:<22} {one.why}"
        yield f"    {one.run.replace('airwatch', program(), 1)}"
    if len(state.due) > MAX_DUE:
        yield f"  … and {len(state.due) - MAX_DUE} more: --json lists all"


def _incidents(state: State) -> Iterator[str]:
    if not state.open_incidents:
        return
    yield ""
    yield f"Incidents ({program()} incidents says what mends them):"
    for one in state.open_incidents[:MAX_INCIDENTS]:
        partitions = f", {one.partitions}" if one.partitions else ""
        yield f"  {one.incident_id}  {one.what}{partitions}, {_ago(one.opened_at, state.at)}"
    if len(state.open_incidents) > MAX_INCIDENTS:
        yield f"  … and {len(state.open_incidents) - MAX_INCIDENTS} more: --json lists all"


def _checks(state: State) -> Iterator[str]:
    if not state.failed_checks:
        return
    yield ""
    yield "Checks that did not pass when last made:"
    for check in state.failed_checks[:MAX_CHECKS]:
        where = f"{check.asset}[{check.partition}]" if check.partition else check.asset
        word = "failed" if check.severity == "ERROR" else "warned"
        yield f"  {word}  {where} {check.check}, {_ago(check.evaluated_at, state.at)}: {check.description}"
    if len(state.failed_checks) > MAX_CHECKS:
        yield f"  … and {len(state.failed_checks) - MAX_CHECKS} more: --json lists all"


def _runs(state: State) -> Iterator[str]:
    if not state.runs:
        return
    yield ""
    yield "Runs:"
    for run in state.runs:
        yield f"  {run.status:<9} {run.job:<22} {run.partitions:<22} for {duration_text(run.age_s)}  {run.run_id[:8]}"


def _champion(state: State) -> Iterator[str]:
    yield ""
    if state.champion is None:
        yield "Champion: none yet"
        return
    one = state.champion
    by = f", decided by {one.decided_by_person}" if one.decided_by_person else ""
    name = display_name(one.model_family)
    yield f"Champion: {name}, version {one.model_version}, since {one.serves_from:%Y-%m-%d}{by}"


def _tables(state: State) -> Iterator[str]:
    if not state.tables:
        return
    yield ""
    yield f"{'table':<18} {'newest':<10}  {'':<15}  written"
    for one in state.tables:
        yield f"{one.table:<18} {one.newest or 'one file':<10}  {freshness(one):<15}  {_ago(one.written_at, state.at)}"


def _schedules(state: State) -> Iterator[str]:
    yield ""
    on = [one for one in state.schedules if one.is_on]
    ticks = "; ".join(f"{one.name} {one.next_at:%Y-%m-%d %H:%M} UTC" for one in on[:MAX_SCHEDULES])
    yield f"Next schedules: {ticks or 'none is on'}"
    if state.daemon_seen_at is None:
        yield "Dagster's daemon has never run here, so no schedule runs: make dev"
    elif not state.automation_problem and (stopped := daemon_stopped(state.daemon_seen_at, state.at)):
        yield f"{stopped}: make dev"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{duration_text(max(0.0, (now - moment).total_seconds()))} ago"
