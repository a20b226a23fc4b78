"""An early issue bears the moment it is made, knows what was published by then, and never follows the daily one."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.early_issue import (
    awaiting_daily_run,
    early_moments,
    known_early,
    refuse_after_daily_issue,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import weather_forecasts

DAY = pd.Timestamp("2021-07-04")
NOON = pd.Timestamp("2021-07-05 12:00:20")


@pytest.fixture(autouse=True)
def real_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_PRACTICE_TODAY", "")
    monkeypatch.setenv("AIRWATCH_ISSUE_TIME", "")


@pytest.mark.parametrize(
    ("now", "moment"),
    [("2021-07-05 12:00:20", "2021-07-05 12:00:20"), ("2021-07-05 23:00", "2021-07-05 18:30")],
)
def test_an_early_issue_is_made_at_the_present_moment_and_never_after_the_daily_one(now: str, moment: str) -> None:
    assert early_moments(pd.Series([DAY]), now=pd.Timestamp(now)).tolist() == [pd.Timestamp(moment)]


def test_with_a_simulated_date_it_is_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", "practice")
    monkeypatch.setenv("AIRWATCH_PRACTICE_TODAY", "2021-07-05")

    assert early_moments(pd.Series([DAY]), now=pd.Timestamp("2026-11-30")).tolist() == [
        pd.Timestamp("2021-07-05 12:00")
    ]


def test_weather_published_between_the_early_and_the_daily_issue_is_for_the_daily_one() -> None:
    moments = [NOON, NOON + pd.Timedelta(microseconds=1)]
    weather = weather_forecasts(*({"site_id": f"17031900{n}", "issued_at": at} for n, at in enumerate(moments)))

    known = known_early(weather, now=NOON)

    assert known is not None
    assert known["site_id"].tolist() == ["170319000"]


def test_a_day_with_a_daily_forecast_has_no_early_issue_any_more(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    refuse_after_daily_issue(["2021-07-04"], tables)
    tables.write("early_predictions", {"2021-07-04": TABLES["early_predictions"].empty()})
    refuse_after_daily_issue(["2021-07-04"], tables)
    assert awaiting_daily_run(tables, today=date(2021, 7, 5)) == "2021-07-04"
    assert awaiting_daily_run(tables, today=date(2021, 7, 6)) is None

    tables.write("predictions", {"2021-07-04": TABLES["predictions"].empty()})

    assert awaiting_daily_run(tables, today=date(2021, 7, 5)) is None
    with pytest.raises(ConfigurationError, match="the daily forecast of 2021-07-04 is stored"):
        refuse_after_daily_issue(["2021-07-03", "2021-07-04"], tables)
