"""What follows from an incident, and the command that mends it."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.automation.jobs import CLOSE_TABLES, DAILY_TABLES, EARLY_SCORED
from airwatch_dagster.orchestration.incidents.keys import Keys, spans_of
from airwatch_dagster.orchestration.incidents.state import EARLY, OF_CHECKS, OF_TICKS, Incident, Rule
from airwatch_dagster.orchestration.incidents.wording.causes import check_of
from airwatch_dagster.orchestration.partitions import DAYS
from airwatch_dagster.orchestration.tables.checks import days_between
from airwatch_dagster.orchestration.tables.table_asset import SCHEMA_CHECK
from airwatch_dagster.schemas import TABLES

DOCTOR: Final = "Check settings and services with `airwatch doctor`"

BEFORE_FORECAST: Final = ("raw_readings", "site_days", "features", "trained_models", "champion_model", "predictions")
"""Tables without which no forecast is issued."""

MISSING: Final[Mapping[str, str]] = {
    "raw_readings": "The readings of these days are missing, and what is computed from them",
    "site_days": "These days have no observed values: their forecasts are not scored",
    "features": "No forecast can be issued on these days",
    "predictions": "No forecast was issued on these days",
    "early_predictions": "These mornings have no early forecast; the daily ones need nothing of it",
    "early_scores": "The early forecasts of these days are not scored",
    "weather_forecasts": "These days are forecast without weather",
    "bulletin": "These days have no bulletin; their forecasts are stored",
    "trained_models": "These months have no new models",
    "hyperparameters": "No parameters were searched for: models are trained with those of before",
    "champion_model": "No model was selected for these months, and their days cannot be forecast",
    "monitors": "The monitor list stays as it was: new monitors are not known",
    "monitor_changes": "Changes of monitors since the last run are not listed",
    "sensor_flags": "The sensors of these days are not tested; forecasts need nothing of it",
    "revisions": "What EPA changed on these days is not listed",
    "coverage": "What was published and what is missing is not known for these months",
    "history_checks": "What EPA changed in history is not found until the next recheck",
    "agency_forecasts": "The agencies' forecasts of these days are not archived; AirNow shows them for some days only",
    **dict.fromkeys(CLOSE_TABLES, "These months are not closed: their scores and reports are missing or old"),
    "monthly_findings": "What changed in these months is not judged: a fault may go unnoticed",
    "forecast_scores": "The forecasts of these days are not scored",
}
"""Table → what is missing when its run fails."""

WHOLE: Final = "airwatch backfill yesterday yesterday --tables {table} --refresh"
"""Command for a table without partitions."""

FOLLOWS: Final[Mapping[Rule, str]] = {
    "data_stale": "Forecasts start from old readings.",
    "disk_low": "The next runs may fill the disk, and fail.",
    "air_rules": "Nobody is told when the air is forecast to exceed a limit.",
    "air_forecast": "It is the air, and no fault.",
}
"""Rule → what follows, where that does not depend on the table."""

TODO: Final[Mapping[Rule, str]] = {
    "data_stale": "Run `airwatch status`, which names what is due and its command, and see that the schedule "
    "daily_forecast is on and its runs succeed.",
    "disk_low": "Free some room, or name a folder on another disk; `airwatch doctor` says what needs how much, and "
    "`airwatch purge` deletes what is old.",
    "air_rules": "Correct the file; `airwatch doctor` says whether it can be used.",
    "air_forecast": "See the bulletin.",
}
"""Rule → what to do, where that does not depend on the table."""

RECHECK: Final = "launch the job recheck_history in Dagster's UI"


def consequence(incident: Incident, *, newest_forecast: str | None) -> str:
    """What follows, in one or two sentences; ``newest_forecast`` is the last issue day that is stored,
    empty for none, None if that is not known."""
    if incident.rule in FOLLOWS:
        is_of_forecast = incident.rule == "data_stale" and incident.asset == "predictions"
        said = "The bulletin shows an old forecast." if is_of_forecast else FOLLOWS[incident.rule]
        return " ".join(filter(None, (said, _stale_forecast(incident, newest_forecast))))
    if incident.rule in OF_TICKS:
        return "What it starts does not start by itself, until it works."
    if incident.scope == EARLY:
        return "Only this morning's early forecast is missing; the daily one at 18:30 UTC needs nothing of this run."
    base = _missing(incident) if incident.rule not in OF_CHECKS else _of_check(incident)
    return " ".join(filter(None, (base, _no_forecast(incident, newest_forecast))))


def _missing(incident: Incident) -> str:
    if incident.asset not in MISSING:
        return "What it does is not done."
    return f"{MISSING[incident.asset]}."


def _of_check(incident: Incident) -> str:
    check = check_of(incident.asset, incident.scope)
    if check is not None:
        return check.follows
    return f"Nothing was stored. {_missing(incident)}" if incident.scope == SCHEMA_CHECK else ""


def _no_forecast(incident: Incident, newest: str | None) -> str:
    """Only where a run or a blocking check keeps newer days than the last forecast's from being forecast."""
    is_blocking = incident.rule not in OF_CHECKS or incident.scope == SCHEMA_CHECK
    if not is_blocking or incident.asset not in BEFORE_FORECAST or not incident.partitions_left:
        return ""
    if newest is None:
        return ""
    last = max(incident.partitions_left)
    if not newest:
        return "There is no forecast yet."
    return f"No forecast since {pd.Timestamp(newest):%-d %B %Y}." if last > newest[: len(last)] else ""


def _stale_forecast(incident: Incident, newest: str | None) -> str:
    return f"No forecast since {pd.Timestamp(newest):%-d %B %Y}." if newest and incident.rule == "data_stale" else ""


def next_step(incident: Incident) -> str:
    """A sentence with the command to run."""
    if incident.rule in TODO:
        return TODO[incident.rule]
    if incident.rule in OF_TICKS:
        return f"{DOCTOR}, then see its ticks in Dagster's UI."
    if incident.scope == EARLY:
        return "Nothing: the daily run mends it."
    check = check_of(incident.asset, incident.scope) if incident.scope else None
    if check is not None:
        return check.todo_for(incident.partitions_left or incident.partitions)
    if incident.rule == "source_down":
        again = repeat_command(incident.asset, incident.partitions_left)
        return f"Wait until it serves, which `airwatch doctor` says; then {again}."
    return f"{DOCTOR}; after the fix {repeat_command(incident.asset, incident.partitions_left)}."


def repeat_command(table: str, partitions: Keys) -> str:
    """``run `airwatch backfill FIRST LAST` `` for a table and its partitions; one for each of two spans apart."""
    if table == "history_checks":
        return RECHECK
    if table not in TABLES:
        return "launch it again in Dagster's UI"
    if TABLES[table].partition_column is None:
        return f"run `{WHOLE.format(table=table)}`"
    if not partitions:
        return "run `airwatch status`, which names the command for what is due"
    if pd.Period(min(partitions)).start_time > _newest_day():
        return "launch its job again in Dagster's UI"
    found = spans_of(partitions)
    spans = found if len(found) <= 2 else [(found[0][0], found[-1][1])]
    is_default = table in (*DAILY_TABLES, *CLOSE_TABLES, EARLY_SCORED, "trained_models", "champion_model", "coverage")
    tables = "" if is_default else f" --tables {table}"
    return "run " + " and ".join(f"`airwatch backfill {' '.join(days_between(*span))}{tables}`" for span in spans)


def _newest_day() -> pd.Timestamp:
    return pd.Timestamp(str(DAYS.get_last_partition_key()))
