"""What the scoreboard is given: the archived records of its days, and forecasts that a user supplies."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError, ContractViolation
from airwatch_dagster.orchestration.supplied.compared_forecasts import OTHER_FORECASTS, archived_forecasts, cases_of
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import agency_forecasts, other_forecasts
from airwatch_dagster_tests.verify.comparisons import NOTHING, next_day, observed_days, served

SCORES = served(next_day("2021-07-05", 9.0, 12.0), next_day("2021-07-06", 9.0, 20.0))
TABLE = "other_forecasts"


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    """A storage of its own; no forecasts are supplied."""
    monkeypatch.setenv("AIRWATCH_OTHER_FORECASTS", "")
    return TableStorage.open(str(tmp_path / "tables"))


@pytest.fixture
def given(tables: TableStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    """The storage that AIRWATCH_OTHER_FORECASTS names, with the forecasts of one day."""
    monkeypatch.setenv("AIRWATCH_OTHER_FORECASTS", str(tmp_path / "others"))
    others = TableStorage.open(str(tmp_path / "others"))
    others.write(TABLE, {"2021-07-04": other_forecasts()})
    return others


def compared(tables: TableStorage, **options: Any) -> dict[str, list[int]]:
    """Forecaster → days of July compared."""
    empty = {"candidates": NOTHING["candidates"], "site_days": observed_days(SCORES)}
    empty["early"] = TABLES["early_scores"].empty()
    found = cases_of(SCORES, **empty, tables=tables, **options)
    return {str(name): own["target_date"].dt.day.tolist() for name, own in found.groupby("forecaster")}


def archive(tables: TableStorage, *days: str) -> None:
    """A forecast of each day for itself, by the agency, in the file of that day."""
    moments = [pd.Timestamp(day) for day in days]
    records = {
        str(day.date()): agency_forecasts({"archived_on": day, "issue_date": day, "target_date": day})
        for day in moments
    }
    tables.write("agency_forecasts", records)


def test_while_nothing_is_supplied_or_archived_nothing_is_compared(tables: TableStorage) -> None:
    assert compared(tables) == {}
    assert OTHER_FORECASTS.describe() == "off; AIRWATCH_OTHER_FORECASTS is not set"


def test_supplied_forecasts_of_the_issue_days_are_compared(tables: TableStorage, given: TableStorage) -> None:
    assert compared(tables) == {"airwatch": [5], "noaa": [5]}
    assert OTHER_FORECASTS.describe().endswith("others, the newest 2021-07-04 with 1 sites")


def test_a_file_without_intervals_and_probabilities_is_read(tables: TableStorage, given: TableStorage) -> None:
    optional = [name for name in other_forecasts() if name.startswith(("pm25_lower", "pm25_upper", "probability"))]
    place = given.uri(TABLE, "2021-07-04")
    other_forecasts({"forecaster": "county"}).drop(columns=optional).to_parquet(place, index=False)

    assert len(optional) == 4
    assert compared(tables) == {"airwatch": [5], "county": [5]}


def test_a_supplied_forecast_from_after_the_issue_day_stops_the_run(tables: TableStorage, given: TableStorage) -> None:
    given.write(TABLE, {"2021-07-04": other_forecasts({"issued_at": pd.Timestamp("2021-07-05 06:00")})})

    with pytest.raises(ContractViolation, match="issued_at=2021-07-05 06:00:00 latest_allowed=2021-07-05 00:00:00"):
        compared(tables)


def test_a_place_without_any_forecast_is_an_error(
    tables: TableStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_OTHER_FORECASTS", str(tmp_path))

    with pytest.raises(ConfigurationError, match=r"AIRWATCH_OTHER_FORECASTS: .*YYYY-MM-DD.parquet does not exist"):
        compared(tables)


def test_archived_forecasts_of_the_days_of_the_scores_are_compared(tables: TableStorage) -> None:
    archive(tables, "2021-07-04", "2021-07-05", "2021-07-06", "2021-07-07")

    assert compared(tables) == {"agencies": [5, 6], "airwatch": [5, 6]}
    assert archived_forecasts(SCORES, tables=tables)["archived_on"].dt.day.tolist() == [5, 6]
    assert len(archived_forecasts(SCORES.head(0), tables=tables)) == 0


def test_what_became_available_after_an_instant_is_left_out(tables: TableStorage, given: TableStorage) -> None:
    archive(tables, "2021-07-05", "2021-07-06")

    assert "noaa" not in compared(tables, by=pd.Timestamp("2021-07-04 16:59"))
    assert "agencies" not in compared(tables, by=pd.Timestamp("2021-07-05 20:00"))
    assert compared(tables, by=pd.Timestamp("2021-07-05 23:59:59.999999"))["agencies"] == [5]


def test_records_over_a_turn_of_the_month_are_read_in_order(tables: TableStorage) -> None:
    archive(tables, "2021-06-30", "2021-07-01", "2021-07-02")
    turn = served(next_day("2021-06-30", 9.0, 12.0), next_day("2021-07-02", 9.0, 20.0))

    records = archived_forecasts(turn, tables=tables)

    assert records["archived_on"].dt.day.tolist() == [30, 1, 2]
    assert list(records) == TABLES["agency_forecasts"].column_names
