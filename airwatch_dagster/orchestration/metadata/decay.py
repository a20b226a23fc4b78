"""The checks that tell of forecasts that decay: what they read, their sentences, and the table of the judged weeks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.markdown import TextTable
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.orchestration.pages import shown
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.training.champion_override import decisions_of
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.verify.decay import sentences
from airwatch_dagster.verify.decay.judgement import FALSE_ALARMS, Judgement, days_before, judged_months
from airwatch_dagster.verify.decay.measures import (
    CLIMATOLOGY,
    COVERAGE,
    PROBABILITIES,
    SERVED,
    SHORT_WEEKS,
    SKILL,
    WINDOW_WEEKS,
)
from airwatch_dagster.verify.decay.totals import CANDIDATE_COLUMNS, SCORE_COLUMNS, WHOLE_AREA, daily_totals

RETRAINED: Final = (
    "Unless AIRWATCH_RETRAIN is false, a retraining is requested by itself, once a month, and the gate decides; "
    "compare the families with `airwatch models`, and see what changed with `airwatch inspect monitor_changes`."
)

DECAY_CHECKS: Final = {
    SKILL: Check(
        "Served forecasts have no more squared error than damped persistence, at each lead and in each EPA region",
        follows="Readers would be served as well by a simpler rule.",
        todo=RETRAINED,
    ),
    CLIMATOLOGY: Check(
        "Served forecasts of each lead have no more squared error than climatology",
        follows="Readers would be served as well by the usual value of the season.",
        todo=RETRAINED,
    ),
    SERVED: Check(
        "Served forecasts are what the same model gives on the month's data, but for readings that came late",
        follows="Features or weather differ between serving and training, or came too late: forecasts are worse than "
        "the model is.",
        todo="See a forecast's inputs with `airwatch inspect features DAY`, and read late days again with "
        "`airwatch backfill FIRST LAST`.",
    ),
    COVERAGE: Check(
        "85 to 95 % of the observed values lie inside the 90 % intervals, at each lead and in each EPA region",
        follows="Intervals promise more, or less, than they hold.",
        todo="Intervals are calibrated anew with each month's champion; if this lasts for a season, see "
        "`airwatch inspect verification` by region.",
    ),
    PROBABILITIES: Check(
        "Probabilities of exceeding 9.0 and 35.4 µg/m³ are met by as many exceedances, and higher ones by more",
        follows="Who acts on a probability acts too often or too seldom.",
        todo="They are calibrated anew with each month's champion; see the reliability diagram of `verification` in "
        "Dagster's UI.",
    ),
}
"""Check of ``verification`` → its sentences."""

ASKS_FOR_RETRAINING: Final = (SKILL, CLIMATOLOGY)
"""Checks whose failure asks for a retraining: another model may do better. Intervals and probabilities are calibrated
anew each month, and a fault in serving stays with a new model."""

NOTE: Final = (
    f"The last {WINDOW_WEEKS} weeks up to the last scored day of the month ({SHORT_WEEKS} for the comparison with the "
    "same model). Intervals are from a "
    f"bootstrap of weeks, so wide that a check is wrong in at most {100 * FALSE_ALARMS:.0f} % of the months in which "
    "forecasts just keep its limits. Of regions those beyond their limits are listed."
)

Judged = Mapping[pd.Timestamp, Sequence[Judgement]]


def judge_stored(
    months: Sequence[pd.Timestamp], *, scores: pd.DataFrame, candidates: pd.DataFrame, tables: TableStorage
) -> Judged:
    """The judgements of each month of ``scores`` and ``candidates``; days before the first month are read as they are
    stored."""
    days = pd.date_range(end=months[0] - pd.Timedelta(days=1), periods=days_before())
    keys = [f"{day:%Y-%m-%d}" for day in days]
    scored = tables.read("forecast_scores", keys, allow_missing=True, columns=SCORE_COLUMNS)
    earlier = sorted({key[:7] for key in keys})
    shadow = tables.read("candidate_scores", earlier, allow_missing=True, columns=CANDIDATE_COLUMNS)
    totals = [daily_totals(scored, candidates=shadow), daily_totals(scores, candidates=candidates)]
    return judged_months(pd.concat(totals, ignore_index=True), months)


def decay_warnings(judged: Judged, tables: TableStorage) -> dict[str, dict[str, str]]:
    """Check → month → what is open, and what was tried against it."""
    found: dict[str, dict[str, str]] = {check: {} for check in DECAY_CHECKS}
    for month, judgements in judged.items():
        for check, own in found.items():
            if text := sentences.check_sentence(judgements, check=check):
                since = min(one.since for one in judgements if one.measure.check == check and one.since is not None)
                own[f"{month:%Y-%m}"] = f"{text}. {tried(month, tables, since=since)}"
    return found


def tried(month: pd.Timestamp, tables: TableStorage, *, since: pd.Timestamp) -> str:
    """What was done last about the model of a month: its training, before or after what it is blamed for began, and
    the decision on it."""
    decisions = decisions_of(month, tables)
    if decisions.empty or not decisions["is_serving"].iloc[0]:
        return "No model was selected for the month"
    newest = decisions.iloc[0]
    name, reason = display_name(str(newest["model_family"])), str(newest["reason"]).rstrip(".")
    until, decided = (_on(newest[column]) for column in ("last_target_date", "decided_at"))
    trained = f" on days up to{until}" if until else ""
    trained += ", weeks of the loss among them," if until and newest["last_target_date"] >= since else ""
    decided = f" on{decided}" if decided else ""
    return f"{name} (version {newest['model_version']}) was trained last{trained} and selected{decided}: {reason}"


def _on(day: Any) -> str:
    return f" {day:%-d %B %Y}" if pd.notna(day) else ""


def judged_metadata(judgements: Iterable[Judgement]) -> dict[str, Any]:
    """A short table of the judged weeks; nothing for a month without any."""
    listed = [one for one in judgements if one.group_name == WHOLE_AREA or one.is_open]
    if not listed:
        return {}
    header = ("Check", "Forecasts of", "Value", "Interval", "Forecasts", "Result")
    table = TextTable(header, tuple(_row(one) for one in listed))
    return {"last weeks": shown(table), "about last weeks": NOTE}


def _row(one: Judgement) -> tuple[str, ...]:
    verdict = one.not_judged and f"not judged: {one.not_judged}"
    verdict = verdict or ("beyond its limits" if one.is_found else "as promised")
    if one.is_open and not one.is_found:
        verdict = f"still open; {one.not_judged or 'not back'}"
    since = f" since {one.since:%-d %b %Y}" if one.since is not None else ""
    return (
        _NAMES[one.measure.name],
        sentences.where(one),
        sentences.value_text(one),
        sentences.interval_text(one),
        f"{one.cases:,}",
        f"**{verdict}{since}**" if one.is_open else verdict,
    )


_NAMES: Final = {
    "damped": "more squared error than damped persistence",
    "climatology": "more squared error than climatology",
    "trained": "difference from the same model",
    "coverage": "inside the 90 % interval",
    "frequency_9_0": "frequency over probability, above 9.0",
    "frequency_35_4": "frequency over probability, above 35.4",
    "slope_9_0": "frequency by probability (slope), above 9.0",
    "slope_35_4": "frequency by probability (slope), above 35.4",
}
"""Measure → what the table calls it."""
