"""Tables as they were known at a moment: rebuilt from the versions of that moment, by the functions of their assets."""

import pandas as pd
import pytest

from airwatch_dagster.commands.inspect.as_of import last_instant_of, table_as_of
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster_tests.installations import Installation

NOW = pd.Timestamp("2100-01-01")
LONG_AGO = pd.Timestamp("2001-01-01")
DERIVED = {
    "raw_readings": "2021-05-20",
    "site_days": "2021-05-20",
    "features": "2021-05-20",
    "training_examples": "2021-05",
    "candidate_scores": "2021-05",
    "predictions": "2021-05-20",
    "forecast_scores": "2021-05-20",
    "verification": "2021-05",
    "scoreboard": "2021-05",
    "scoreboard_events": "2021-05",
    "monthly_findings": "2021-05",
    "sensor_flags": "2021-05-20",
}

QUICK = ("site_days", "predictions")
"""Of these tables, those that `make test` rebuilds."""


@pytest.mark.parametrize(
    "table", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in DERIVED]
)
def test_as_of_now_every_table_is_what_is_stored(backfilled: Installation, table: str) -> None:
    with backfilled.activated():
        rebuilt = table_as_of(table, DERIVED[table], NOW, tables=backfilled.tables)
    stored = backfilled.tables.read(table, [DERIVED[table]])

    unlike = ["scored_at"] if table == "forecast_scores" else []
    assert len(stored) > 0
    pd.testing.assert_frame_equal(rebuilt.drop(columns=unlike), stored.drop(columns=unlike))


def test_models_are_refitted_on_what_was_known_and_registered_nowhere(backfilled: Installation) -> None:
    with backfilled.activated():
        rebuilt = table_as_of("trained_models", "2021-05", NOW, tables=backfilled.tables)
    stored = backfilled.tables.read("trained_models", ["2021-05"])

    registration = ["mlflow_run_id", "model_uri", "model_version", "model_files"]
    assert rebuilt[registration].isna().all(axis=None)
    pd.testing.assert_frame_equal(rebuilt.drop(columns=registration), stored.drop(columns=registration))


def test_drift_is_recomputed_from_what_was_known(backfilled: Installation) -> None:
    with backfilled.activated():
        rebuilt = table_as_of("drift_report", "2021-05", NOW, tables=backfilled.tables)
    stored = backfilled.tables.read("drift_report", ["2021-05"])

    pd.testing.assert_frame_equal(rebuilt.drop(columns="report_uri"), stored.drop(columns="report_uri"))


@pytest.mark.parametrize("table", ["raw_readings", "site_days", "features", "training_examples", "predictions"])
def test_before_anything_was_read_every_table_is_empty(backfilled: Installation, table: str) -> None:
    with backfilled.activated():
        rebuilt = table_as_of(table, DERIVED[table], LONG_AGO, tables=backfilled.tables)
    assert len(rebuilt) == 0
    assert list(rebuilt.columns) == backfilled.tables.read(table, [DERIVED[table]]).columns.tolist()


@pytest.mark.parametrize(("moment", "last"), [("2021-05-11 09:00", "2021-05-09"), ("2021-05-11 11:00", "2021-05-10")])
def test_coverage_ends_on_the_last_day_that_was_over_in_all_states(
    backfilled: Installation, moment: str, last: str
) -> None:
    with backfilled.activated():
        then = table_as_of("coverage", "2021-05", pd.Timestamp(moment), tables=backfilled.tables)
    assert then["date_local"].max() == pd.Timestamp(last)


@pytest.mark.parametrize(
    ("table", "why"),
    [("champion_model", "has no versions"), ("monitors", "has no versions")],
)
def test_a_table_without_versions_is_an_error(backfilled: Installation, table: str, why: str) -> None:
    result = backfilled.airwatch("inspect", table, "2021-05", "--as-of", "2021-05-20")
    assert result.exit_code == 1
    assert f"--as-of: {table} {why}. Use one of raw_readings, site_days" in result.output


def test_a_day_means_its_end_and_a_time_itself() -> None:
    assert last_instant_of("2020-05-04") == pd.Timestamp("2020-05-04 23:59:59.999999")
    assert last_instant_of("2020-05-04T18:00") == pd.Timestamp("2020-05-04 18:00")
    assert last_instant_of("2020-05-04T18:00+02:00") == pd.Timestamp("2020-05-04 16:00")
    with pytest.raises(ConfigurationError, match="'last spring' is not a day or time"):
        last_instant_of("last spring")


def test_as_of_needs_a_partition(backfilled: Installation) -> None:
    result = backfilled.airwatch("inspect", "site_days", "--as-of", "2021-05-20")
    assert result.exit_code == 1
    assert "site_days needs a partition" in result.output
