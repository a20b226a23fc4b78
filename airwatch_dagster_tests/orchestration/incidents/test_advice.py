"""What follows from an incident, and the command that mends it."""

from typing import get_args

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.definitions import defs
from airwatch_dagster.orchestration.automation.jobs import JOBS
from airwatch_dagster.orchestration.incidents.keys import keys_between
from airwatch_dagster.orchestration.incidents.state import OF_CHECKS, Incident, Rule
from airwatch_dagster.orchestration.incidents.wording.advice import MISSING, consequence, next_step, repeat_command
from airwatch_dagster.orchestration.incidents.wording.causes import OF_CHECKS as CAUSES_OF_CHECKS
from airwatch_dagster.orchestration.incidents.wording.causes import cause_of_check, check_of
from airwatch_dagster.orchestration.incidents.wording.texts import OUTCOMES, title
from airwatch_dagster.orchestration.tables.table_asset import CHECKS, SCHEMA_CHECK
from airwatch_dagster.schemas.watch import INCIDENT_RULES

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


def test_a_month_with_a_fault_names_the_month_to_look_at_and_what_follows() -> None:
    months = frozenset({"2021-06", "2021-07"})
    one = incident("monthly_findings", rule="check_warned", scope="no_fault_found", partitions=months)

    assert "`airwatch inspect monthly_findings 2021-07`" in next_step(one)
    assert consequence(one, newest_forecast="2021-07-31").startswith("Forecasts rest on readings that may be wrong")


def test_a_schedule_that_fails_starts_nothing() -> None:
    one = incident("daily_forecast", rule="tick_failed", partitions=frozenset())

    assert consequence(one, newest_forecast=None) == "What it starts does not start by itself, until it works."
    assert "`airwatch doctor`" in next_step(one)


def test_every_check_with_a_known_cause_exists_and_has_its_sentences() -> None:
    assert check_of("raw_readings", "no_day_emptied") is not None
    assert set(CAUSES_OF_CHECKS) <= {SCHEMA_CHECK, *(name for _, name in CHECKS)}


def test_a_check_may_say_its_cause_itself() -> None:
    def failed(check: str, **metadata: str) -> dg.AssetCheckEvaluation:
        named = {name.replace("_", " "): value for name, value in metadata.items()}
        return dg.AssetCheckEvaluation(dg.AssetKey("drift_report"), check, passed=False, metadata=named)

    assert cause_of_check(failed("no_drift")) == "not known"
    assert cause_of_check(failed("no_drift", probable_cause="season or smoke")) == "season or smoke"
    assert cause_of_check(failed("no_drift", probable_cause="the moon")) == "not known"
    assert cause_of_check(failed("no_area_outage")) == "network"


def test_every_table_of_a_job_says_what_is_missing_when_it_fails() -> None:
    graph = defs.resolve_asset_graph()
    tables = {key.to_user_string() for job in JOBS for key in job.selection.resolve(graph)}

    assert len(tables) > 20
    assert tables - set(MISSING) == set()


@pytest.mark.parametrize("rule", INCIDENT_RULES)
def test_every_rule_says_what_it_is_what_follows_and_what_to_do(rule: Rule) -> None:
    scope = "no_day_emptied" if rule in OF_CHECKS else ""
    one = incident("raw_readings", rule=rule, scope=scope)

    assert title(one).startswith(("raw_readings", "source of raw_readings"))
    assert consequence(one, newest_forecast="2021-07-03").endswith(".")
    assert "What it does is not done" not in consequence(one, newest_forecast="2021-07-03")
    assert next_step(one).endswith(".")


def test_the_rules_are_those_of_the_table() -> None:
    assert get_args(Rule) == INCIDENT_RULES
    assert set(OUTCOMES) == set(INCIDENT_RULES)
