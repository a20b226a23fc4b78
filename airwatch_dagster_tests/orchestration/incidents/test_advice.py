"""What follows from an incident, and the command that mends it."""

import pandas as pd
import pytest

from airwatch_dagster.orchestration.incidents.advice import consequence, next_step, repeat_command
from airwatch_dagster.orchestration.incidents.keys import keys_between
from airwatch_dagster.orchestration.incidents.state import Incident, Rule

NOON = pd.Timestamp("2021-07-04 12:00")
DAYS = keys_between("2021-07-01", "2021-07-04")


def incident(asset: str, *, rule: Rule = "run_failed", scope: str = "", partitions: frozenset[str] = DAYS) -> Incident:
    return Incident(rule, asset, scope, NOON, NOON, "an error", partitions=partitions, partitions_left=partitions)


@pytest.mark.parametrize(
    ("table", "newest", "follows"),
    [
        ("features", "2021-06-30", "No forecast can be issued on these days. No forecast since 30 June 2021."),
        ("features", "2021-07-04", "No forecast can be issued on these days."),
        ("features", "", "No forecast can be issued on these days. There is no forecast yet."),
        ("features", None, "No forecast can be issued on these days."),
        ("forecast_scores", "2021-06-30", "The forecasts of these days are not scored."),
    ],
)
def test_a_run_that_keeps_newer_days_from_being_forecast_says_since_when(
    table: str, newest: str | None, follows: str
) -> None:
    assert consequence(incident(table), newest_forecast=newest) == follows


def test_a_check_says_what_it_means_and_what_to_do_for_its_days() -> None:
    one = incident("raw_readings", rule="check_warned", scope="no_day_emptied")

    assert consequence(one, newest_forecast="2021-06-30") == "The forecasts of the next days lack these readings."
    assert "`airwatch backfill 2021-07-01 2021-07-04 --refresh`" in next_step(one)


def test_a_blocking_check_keeps_days_from_being_forecast() -> None:
    one = incident("site_days", rule="check_failed", scope="schema")

    assert consequence(one, newest_forecast="2021-06-30").startswith("Nothing was stored.")
    assert consequence(one, newest_forecast="2021-06-30").endswith("No forecast since 30 June 2021.")


@pytest.mark.parametrize(
    ("table", "partitions", "command"),
    [
        ("site_days", DAYS, "run `airwatch backfill 2021-07-01 2021-07-04`"),
        ("verification", frozenset({"2021-06"}), "run `airwatch backfill 2021-06-01 2021-06-30`"),
        ("agency_forecasts", DAYS, "run `airwatch backfill 2021-07-01 2021-07-04 --tables agency_forecasts`"),
        (
            "site_days",
            frozenset({"2021-07-01", "2021-07-09"}),
            "run `airwatch backfill 2021-07-01 2021-07-01` and `airwatch backfill 2021-07-09 2021-07-09`",
        ),
        (
            "site_days",
            frozenset({"2021-07-01", "2021-07-09", "2021-07-11"}),
            "run `airwatch backfill 2021-07-01 2021-07-11`",
        ),
        ("monitors", frozenset(), "run `airwatch backfill yesterday yesterday --tables monitors --refresh`"),
        ("champion_model", frozenset({"2200-01"}), "launch its job again in Dagster's UI"),
        ("history_checks", frozenset(), "launch the job recheck_history in Dagster's UI"),
        ("purge", frozenset(), "launch it again in Dagster's UI"),
    ],
)
def test_the_command_builds_what_is_missing(table: str, partitions: frozenset[str], command: str) -> None:
    assert repeat_command(table, partitions) == command


def test_a_schedule_that_fails_starts_nothing() -> None:
    one = incident("daily_forecast", rule="tick_failed", partitions=frozenset())

    assert consequence(one, newest_forecast=None) == "What it starts does not start by itself, until it works."
    assert "`airwatch doctor`" in next_step(one)
