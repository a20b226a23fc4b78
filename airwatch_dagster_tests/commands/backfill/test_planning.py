"""The plan of a backfill, and that it reads the partitions that Dagster would load."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.commands.backfill.planning import (
    BUILT_ELSEWHERE,
    DEFAULT_TABLES,
    DETECTED_TABLE,
    ORDER,
    WHOLE_TABLES,
    Reads,
    Step,
    checked_tables,
    days_without_revisions,
    plan_backfill,
    reads_of,
)
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.partitions import PARTITIONS
from airwatch_dagster.schemas import TABLES

SCOREBOARD_READS = [
    Reads("forecast_scores", 0, 0),
    Reads("candidate_scores", 0, 0),
    Reads("early_scores", 0, 0),
    Reads("site_days", -1, 0),
    Reads("agency_forecasts", -1, 0),
]
READS = {
    "raw_readings": [],
    "weather_forecasts": [],
    "site_days": [Reads("raw_readings", 0, 0)],
    "features": [Reads("site_days", -28, 0)],
    "training_examples": [
        *(Reads("features", -1, 0), Reads("site_days", -2, 0)),
        Reads("weather_forecasts", -1, 0),
    ],
    "hyperparameters": [Reads("training_examples", -36, -1)],
    "trained_models": [Reads("training_examples", -36, -1), Reads("hyperparameters", -12, 0)],
    "candidate_scores": [Reads("trained_models", 0, 0), Reads("training_examples", 0, 0)],
    "champion_model": [Reads("trained_models", 0, 0), Reads("candidate_scores", -24, -1)],
    "predictions": [Reads("features", 0, 0), Reads("champion_model", 0, 0), Reads("weather_forecasts", 0, 0)],
    "forecast_scores": [Reads("predictions", -3, -1), Reads("site_days", 0, 0)],
    "early_predictions": [
        *(Reads("features", 0, 0), Reads("champion_model", 0, 0)),
        Reads("weather_forecasts", 0, 0),
    ],
    "early_scores": [Reads("early_predictions", -3, -1), Reads("forecast_scores", 0, 0), Reads("site_days", 0, 0)],
    "verification": [Reads("forecast_scores", 0, 0), Reads("candidate_scores", 0, 0)],
    "agency_forecasts": [],
    "scoreboard": SCOREBOARD_READS,
    "scoreboard_events": SCOREBOARD_READS,
    "monthly_findings": [Reads("site_days", -37, 0)],
    "drift_report": [Reads("features", -36, 0), Reads("monthly_findings", 0, 0)],
    "coverage": [Reads("site_days", -8, 0)],
    "bulletin": [
        *(Reads("predictions", 0, 0), Reads("early_predictions", 0, 0)),
        *(Reads("site_days", 0, 0), Reads("forecast_scores", 0, 0)),
    ],
    "sensor_flags": [Reads("site_days", -60, 0), Reads("raw_readings", 0, 0)],
}
Stored = dict[str, dict[str, pd.Timestamp]]
NOON = pd.Timestamp("2021-12-01 12:00")


def plan(
    first: str,
    last: str,
    *,
    stored: Stored | None = None,
    tables: Sequence[str] = DEFAULT_TABLES,
    refresh: bool = False,
) -> list[tuple[str, str, str, int]]:
    days = pd.Timestamp(first), pd.Timestamp(last)
    steps = plan_backfill(READS, first=days[0], last=days[1], stored=stored or {}, tables=tables, refresh=refresh)
    return [(step.table, step.first, step.last, step.count) for step in steps]


def everything(first: str, last: str) -> Stored:
    """All tables of these days, each written a minute after the one before it."""
    written: Stored = {}
    for minute, table in enumerate(ORDER):
        unit = "D" if TABLES[table].grain == "day" else "M"
        keys = [str(period) for period in pd.period_range(first, last, freq=unit)]
        written[table] = dict.fromkeys(keys, NOON + pd.Timedelta(minutes=minute))
    return written


def test_with_nothing_stored_every_table_is_built_once_in_order() -> None:
    assert plan("2021-05-30", "2021-06-02") == [
        ("raw_readings", "2021-05-30", "2021-06-02", 4),
        ("site_days", "2021-05-30", "2021-06-02", 4),
        ("features", "2021-05-30", "2021-06-02", 4),
        ("training_examples", "2021-05", "2021-06", 2),
        ("trained_models", "2021-05", "2021-06", 2),
        ("candidate_scores", "2021-05", "2021-06", 2),
        ("champion_model", "2021-05", "2021-06", 2),
        ("predictions", "2021-05-30", "2021-06-02", 4),
        ("forecast_scores", "2021-05-30", "2021-06-02", 4),
        ("verification", "2021-05", "2021-06", 2),
        ("scoreboard", "2021-05", "2021-06", 2),
        ("scoreboard_events", "2021-05", "2021-06", 2),
        ("monthly_findings", "2021-05", "2021-06", 2),
        ("drift_report", "2021-05", "2021-06", 2),
        ("coverage", "2021-05", "2021-06", 2),
        ("bulletin", "2021-05-30", "2021-06-02", 4),
        ("sensor_flags", "2021-05-30", "2021-06-02", 4),
    ]


def test_with_everything_stored_in_order_nothing_is_left() -> None:
    assert plan("2021-05-30", "2021-06-02", stored=everything("2021-05-30", "2021-06-02")) == []


def test_a_refresh_rebuilds_everything() -> None:
    stored = everything("2021-05-30", "2021-06-02")

    assert plan("2021-05-30", "2021-06-02", stored=stored, refresh=True) == plan("2021-05-30", "2021-06-02")


def test_readings_of_an_early_issue_are_read_again_until_the_daily_forecast_is_there() -> None:
    stored = everything("2021-05-20", "2021-05-31")
    assert plan("2021-05-31", "2021-05-31", stored=stored, tables=["raw_readings"]) == []

    del stored["predictions"]["2021-05-31"]

    readings = [("raw_readings", "2021-05-31", "2021-05-31", 1)]
    assert plan("2021-05-20", "2021-05-31", stored=stored, tables=["raw_readings"]) == readings
    found = plan("2021-05-20", "2021-05-31", stored=stored)
    assert ("site_days", "2021-05-31", "2021-05-31", 1) in found
    assert ("predictions", "2021-05-31", "2021-05-31", 1) in found
    del stored["early_predictions"]["2021-05-31"]
    assert plan("2021-05-20", "2021-05-31", stored=stored, tables=["raw_readings"]) == []


def test_a_missing_day_of_readings_is_built_with_all_that_reads_it() -> None:
    stored = everything("2021-05-01", "2021-06-30")
    del stored["raw_readings"]["2021-05-20"]

    assert plan("2021-05-01", "2021-06-30", stored=stored) == [
        ("raw_readings", "2021-05-20", "2021-05-20", 1),
        ("site_days", "2021-05-20", "2021-05-20", 1),
        ("features", "2021-05-20", "2021-06-17", 29),
        ("training_examples", "2021-05", "2021-06", 2),
        ("trained_models", "2021-06", "2021-06", 1),
        ("candidate_scores", "2021-05", "2021-06", 2),
        ("champion_model", "2021-06", "2021-06", 1),
        ("predictions", "2021-05-20", "2021-06-30", 42),
        ("forecast_scores", "2021-05-20", "2021-06-30", 42),
        ("verification", "2021-05", "2021-06", 2),
        ("scoreboard", "2021-05", "2021-06", 2),
        ("scoreboard_events", "2021-05", "2021-06", 2),
        ("monthly_findings", "2021-05", "2021-06", 2),
        ("drift_report", "2021-05", "2021-06", 2),
        ("coverage", "2021-05", "2021-06", 2),
        ("bulletin", "2021-05-20", "2021-06-30", 42),
        ("sensor_flags", "2021-05-20", "2021-06-30", 42),
    ]


def test_a_table_older_than_its_readings_is_due() -> None:
    stored = everything("2021-05-01", "2021-05-10")
    stored["raw_readings"]["2021-05-10"] = NOON + pd.Timedelta(days=1)

    due = plan("2021-05-01", "2021-05-10", stored=stored, tables=["raw_readings", "site_days", "features"])

    assert due == [("site_days", "2021-05-10", "2021-05-10", 1), ("features", "2021-05-10", "2021-05-10", 1)]


def test_an_input_outside_the_requested_days_counts_too() -> None:
    """April's readings were corrected; May's features still read some of its days."""
    stored = everything("2021-04-01", "2021-05-31")
    stored["site_days"]["2021-04-15"] = NOON + pd.Timedelta(days=1)

    assert plan("2021-05-01", "2021-05-31", stored=stored, tables=["features"]) == [
        ("features", "2021-05-01", "2021-05-13", 13)
    ]


def test_a_table_as_old_as_its_input_is_not_stale() -> None:
    stored = {table: dict.fromkeys(keys, NOON) for table, keys in everything("2021-05-01", "2021-05-03").items()}

    assert plan("2021-05-01", "2021-05-03", stored=stored) == []


def test_gaps_become_ranges_of_neighbours() -> None:
    stored = everything("2021-05-01", "2021-05-09")
    for day in ("2021-05-01", "2021-05-04", "2021-05-05", "2021-05-09"):
        del stored["raw_readings"][day]

    assert plan("2021-05-01", "2021-05-09", stored=stored, tables=["raw_readings"]) == [
        ("raw_readings", "2021-05-01", "2021-05-01", 1),
        ("raw_readings", "2021-05-04", "2021-05-05", 2),
        ("raw_readings", "2021-05-09", "2021-05-09", 1),
    ]


def test_history_goes_year_by_year_through_all_tables() -> None:
    steps = plan("2019-12-30", "2021-01-02", tables=["raw_readings", "training_examples"])

    assert steps == [
        ("raw_readings", "2019-12-30", "2019-12-31", 2),
        ("training_examples", "2019-12", "2019-12", 1),
        ("raw_readings", "2020-01-01", "2020-12-31", 366),
        ("training_examples", "2020-01", "2020-12", 12),
        ("raw_readings", "2021-01-01", "2021-01-02", 2),
        ("training_examples", "2021-01", "2021-01", 1),
    ]


def test_what_an_earlier_year_rebuilds_makes_the_next_year_due() -> None:
    stored = everything("2020-12-01", "2021-01-31")
    del stored["site_days"]["2020-12-31"]

    assert plan("2020-12-01", "2021-01-31", stored=stored, tables=["site_days", "features"]) == [
        ("site_days", "2020-12-31", "2020-12-31", 1),
        ("features", "2020-12-31", "2020-12-31", 1),
        ("features", "2021-01-01", "2021-01-28", 28),
    ]


def test_tables_that_are_left_out_are_read_as_stored() -> None:
    stored = everything("2021-05-01", "2021-05-03")
    del stored["raw_readings"]["2021-05-02"]

    assert plan("2021-05-01", "2021-05-03", stored=stored, tables=["site_days"]) == []


def test_tables_are_built_in_order_whatever_order_they_are_given_in() -> None:
    steps = plan("2021-05-01", "2021-05-01", tables=["features", "raw_readings"])

    assert [table for table, *_ in steps] == ["raw_readings", "features"]


def test_one_day_is_one_partition_and_its_month() -> None:
    assert plan("2021-05-31", "2021-05-31", tables=["raw_readings", "champion_model"]) == [
        ("raw_readings", "2021-05-31", "2021-05-31", 1),
        ("champion_model", "2021-05", "2021-05", 1),
    ]


def test_the_last_day_before_the_first_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="LAST 2021-05-01 is before FIRST 2021-05-02"):
        plan("2021-05-02", "2021-05-01")


@pytest.mark.parametrize(("first", "last"), [("2008-12-31", "2009-01-05"), ("2021-05-01", "2100-01-01")])
def test_days_without_a_partition_are_refused(first: str, last: str) -> None:
    with pytest.raises(ConfigurationError, match=f"backfill: {first}…{last} is outside 2009-01-01…20"):
        plan(first, last)


def test_the_plan_reads_what_the_assets_declare() -> None:
    from airwatch_dagster.definitions import defs

    assert {table: set(reads) for table, reads in reads_of(defs).items()} == {
        table: set(reads) for table, reads in READS.items()
    }


@pytest.mark.parametrize(("table", "read"), [(table, read) for table in ORDER for read in READS[table]], ids=str)
def test_the_plan_reads_the_partitions_that_dagster_loads(table: str, read: Reads) -> None:
    """Each partition that Dagster maps makes the table's partition due when it is newer, and its neighbours do not."""
    key = "2016-03-01" if TABLES[table].grain == "day" else "2016-03"
    loaded = dagster_loads(table, key, read.table)
    unit = "D" if TABLES[read.table].grain == "day" else "M"
    first, last = pd.Period(loaded[0], unit), pd.Period(loaded[-1], unit)
    around_both_ends = {str(end + offset) for end in (first, last) for offset in (-2, -1, 0, 1, 2)}

    makes_due = {newer for newer in around_both_ends if is_due_by(table, key, read.table, newer)}

    assert makes_due == around_both_ends & set(loaded)


def dagster_loads(table: str, key: str, upstream: str) -> list[str]:
    from airwatch_dagster.definitions import defs

    mapping = defs.resolve_assets_def(table).get_partition_mapping(dg.AssetKey(upstream))
    below, above = PARTITIONS[TABLES[table].grain], PARTITIONS[TABLES[upstream].grain]
    assert mapping is not None
    assert below is not None
    assert above is not None
    wanted = below.subset_with_partition_keys([key])
    result = mapping.get_upstream_mapped_partitions_result_for_partitions(wanted, below, above)
    return sorted(result.partitions_subset.get_partition_keys())


def is_due_by(table: str, key: str, upstream: str, newer: str) -> bool:
    stored: Stored = {table: {key: NOON}, upstream: {newer: NOON + pd.Timedelta(hours=1)}}
    begin = pd.Timestamp(key)
    steps = plan_backfill(READS, first=begin, last=begin, stored=stored, tables=[table])
    return steps == [Step(table, key, key, 1)]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_the_catalogue_is_built_or_the_error_says_what_builds_it(table: str) -> None:
    if table not in BUILT_ELSEWHERE:
        assert checked_tables([table]) == [table]
        assert (table in WHOLE_TABLES) is (TABLES[table].grain == "none")
        assert (table == DETECTED_TABLE) is (TABLES[table].grain == "detected")
        return
    with pytest.raises(ConfigurationError, match=f"^--tables: {table} is written by ") as caught:
        checked_tables(["site_days", table])
    assert "there is no table" not in str(caught.value)


def test_names_of_tables_may_have_blanks_and_repeats() -> None:
    assert checked_tables([" monitors", "site_days ", "", "monitors"]) == ["monitors", "site_days"]
    for names in (["weather"], [""], [" ", ""]):
        with pytest.raises(ConfigurationError, match=r"there is no table .*\. Use one of raw_readings, "):
            checked_tables(names)


@pytest.mark.parametrize(
    ("name", "near"), [("site_dys", "site_days"), ("Site_Days", "site_days"), ("prediction", "predictions")]
)
def test_a_misspelt_table_gets_the_one_that_was_meant(name: str, near: str) -> None:
    with pytest.raises(ConfigurationError, match=f"there is no table '{name}'. Did you mean {near}[?]$"):
        checked_tables([name])


def test_each_partition_of_the_plan_has_its_reason() -> None:
    stored = everything("2021-05-01", "2021-05-03")
    stored["raw_readings"]["2021-05-02"] = NOON + pd.Timedelta(hours=1)
    del stored["raw_readings"]["2021-05-03"]
    day = pd.Timestamp("2021-05-01"), pd.Timestamp("2021-05-03")
    tables, broken = ["raw_readings", "site_days"], {"raw_readings": {"2021-05-03"}}

    def reasons(*, refresh: bool = False, **options: Any) -> dict[str, dict[str, int]]:
        steps = plan_backfill(
            READS, first=day[0], last=day[1], stored=stored, tables=tables, refresh=refresh, **options
        )
        return {step.table: dict(step.reasons) for step in steps}

    older = {"older than raw_readings": 2}
    assert reasons() == {"raw_readings": {"missing": 1}, "site_days": older}
    assert reasons(broken=broken) == {"raw_readings": {"last run failed": 1}, "site_days": older}
    assert reasons(refresh=True) == {"raw_readings": {"refresh": 2, "missing": 1}, "site_days": {"refresh": 3}}


def test_names_of_tables_without_days_plan_no_partition() -> None:
    assert plan("2021-05-30", "2021-06-02", tables=[*WHOLE_TABLES, DETECTED_TABLE]) == []


def test_revisions_are_due_for_days_of_pulls_that_are_newer_and_for_those_of_refreshed_readings() -> None:
    at = pd.Timestamp
    readings = {
        "2021-05-01": at("2021-11-28 09:00"),
        "2021-05-02": at("2021-11-29 09:00"),
        "2021-05-03": at("2021-11-30 09:00"),
    }
    listed = {"2021-11-28": at("2021-11-28 10:00"), "2021-11-29": at("2021-11-29 08:00")}

    assert days_without_revisions(readings, listed) == ["2021-11-29", "2021-11-30"]
    assert days_without_revisions(readings, listed, refreshed=(at("2021-05-01"), at("2021-05-01"))) == [
        *("2021-11-28", "2021-11-29", "2021-11-30")
    ]
    assert days_without_revisions({}, {}, refreshed=(at("2021-05-01"), at("2021-05-01"))) == []


def test_a_table_may_begin_later_than_the_backfill() -> None:
    begins = {"bulletin": pd.Timestamp("2021-05-31")}
    tables = ("predictions", "bulletin")

    steps = plan_backfill(
        READS,
        first=pd.Timestamp("2020-12-31"),
        last=pd.Timestamp("2021-06-02"),
        stored={},
        tables=tables,
        not_before=begins,
    )

    found = [(step.first, step.last, step.count) for step in steps if step.table == "bulletin"]
    assert found == [("2021-05-31", "2021-06-02", 3)]
    assert [step.first for step in steps if step.table == "predictions"] == ["2020-12-31", "2021-01-01"]


def test_weather_is_built_a_month_at_a_time() -> None:
    assert plan("2021-11-29", "2022-01-02", tables=["weather_forecasts"]) == [
        ("weather_forecasts", "2021-11-29", "2021-11-30", 2),
        ("weather_forecasts", "2021-12-01", "2021-12-31", 31),
        ("weather_forecasts", "2022-01-01", "2022-01-02", 2),
    ]


def test_forecasts_are_due_when_their_weather_is_newer() -> None:
    stored = everything("2021-06-01", "2021-06-02")
    stored["weather_forecasts"]["2021-06-02"] = NOON + pd.Timedelta(days=1)

    due = [(table, first, last) for table, first, last, _ in plan("2021-06-01", "2021-06-02", stored=stored)]

    assert ("predictions", "2021-06-02", "2021-06-02") in due
    assert not {"raw_readings", "site_days", "features"} & {table for table, *_ in due}
