"""Supplied weather is accepted only as it was forecast by the time of issue."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.weather import EXAMPLE_COLUMNS, checked_weather, join_weather
from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.supplied import instant_of_issue
from airwatch_dagster_tests.builders import weather_forecasts

SECOND: dict[str, Any] = {"site_id": "170319002"}


def refusal(*changes: dict[str, Any]) -> str:
    with pytest.raises(ContractViolation) as caught:
        checked_weather(weather_forecasts(*changes))
    assert not caught.value.retry_helps
    return str(caught.value)


def test_weather_available_at_the_strictest_time_of_issue_is_accepted_unchanged() -> None:
    given = weather_forecasts({"issued_at": pd.Timestamp("2021-07-05 00:00")}, SECOND)

    pd.testing.assert_frame_equal(checked_weather(given), given)


def test_weather_that_became_available_later_is_refused_with_its_row_and_the_latest_allowed_time() -> None:
    message = refusal({"issued_at": pd.Timestamp("2021-07-05 00:00:01")}, SECOND)

    assert message.startswith("weather_forecasts: 1 row is")
    assert "site_id=170319001 issue_date=2021-07-04 00:00:00 horizon_days=1 issued_at=2021-07-05 00:00:01" in message
    assert "latest_allowed=2021-07-05 00:00:00" in message
    assert "earlier run of the weather model" in message
    assert "170319002" not in message


def test_a_longer_horizon_does_not_allow_later_weather() -> None:
    late = {"issued_at": pd.Timestamp("2021-07-05 06:00"), "horizon_days": 3}

    assert "latest_allowed=2021-07-05 00:00:00" in refusal({**late, "target_date": pd.Timestamp("2021-07-07")})


@pytest.mark.parametrize("site_id", ["170319001", "150030010", "660100001"])  # Chicago, Honolulu, Guam
@pytest.mark.parametrize(
    ("issue_time", "instant"),
    [("00:00", "2021-07-05 00:00"), ("12:00", "2021-07-05 12:00"), ("18:30", "2021-07-05 18:30")],
)
def test_weather_is_known_at_the_instant_of_issue_and_not_a_microsecond_later(
    site_id: str, issue_time: str, instant: str
) -> None:
    at, moment = pd.Timestamp(instant), pd.Timedelta(f"{issue_time}:00")
    in_time = weather_forecasts({"site_id": site_id, "issued_at": at})
    late = weather_forecasts({"site_id": site_id, "issued_at": at + pd.Timedelta(microseconds=1)})

    assert len(checked_weather(in_time, issue_time=moment)) == 1
    with pytest.raises(ContractViolation, match=f"latest_allowed={at}"):
        checked_weather(late, issue_time=moment)


def test_the_instant_of_issue_is_the_same_time_of_day_when_clocks_change() -> None:
    days = pd.DatetimeIndex(["2021-03-13", "2021-03-14", "2021-11-06", "2021-11-07"])

    found = instant_of_issue(days, issue_time=pd.Timedelta(hours=18, minutes=30))

    assert (found - days == pd.Timedelta(hours=42, minutes=30)).all()
    assert found.tz is None


@pytest.mark.parametrize("kind", ["reanalysis", "observation", "analysis", "Forecast", ""])
def test_weather_of_another_kind_than_forecast_is_refused(kind: str) -> None:
    message = refusal({}, {**SECOND, "kind": kind})

    assert message.startswith("weather_forecasts: 1 row is not a weather forecast")
    assert f"site_id=170319002 issue_date=2021-07-04 00:00:00 horizon_days=1 kind={kind}." in message
    assert "with kind 'forecast'" in message


@pytest.mark.parametrize("target", ["2021-07-04", "2021-07-06", "2021-07-05 06:00"])
def test_a_target_date_that_contradicts_issue_date_and_horizon_is_refused(target: str) -> None:
    message = refusal({"target_date": pd.Timestamp(target)})

    assert f"target_date={pd.Timestamp(target)} expected=2021-07-05 00:00:00" in message
    assert "issue_date plus horizon_days" in message


def test_an_error_counts_all_rows_and_shows_three() -> None:
    late = [{"site_id": f"17031900{number}", "issued_at": pd.Timestamp("2021-07-06")} for number in range(5)]

    message = refusal({"site_id": "170310001"}, *late)
    assert "5 rows are" in message
    assert message.count("issued_at=2021-07-06") == 3
    assert "2 more" in message


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("issued_at", None, "issued_at must not be null"),
        ("kind", None, "kind must not be null"),
        ("weather_model", "", "weather_model must satisfy str_length"),
        ("horizon_days", 4, "horizon_days must satisfy isin"),
        ("temperature_c", 297.0, "temperature_c must satisfy less_than_or_equal_to"),
        ("precipitation_mm", -0.1, "precipitation_mm must satisfy greater_than_or_equal_to"),
        ("boundary_layer_height_m", np.inf, "boundary_layer_height_m must satisfy less_than_or_equal_to"),
        ("issue_date", pd.Timestamp("2021-07-04 12:00"), "issue_date must be a day without a time"),
    ],
)
def test_weather_that_breaks_its_contract_is_refused(column: str, value: Any, rule: str) -> None:
    given = weather_forecasts()
    given[column] = [value]

    with pytest.raises(ContractViolation, match=f"^weather_forecasts: the frame breaks the contract: {rule}"):
        checked_weather(given)


def test_two_forecasts_of_one_day_are_refused() -> None:
    given = weather_forecasts({}, {**SECOND, "weather_model": "NAM"}).assign(site_id="170319001")

    with pytest.raises(ContractViolation, match="site_id, issue_date, horizon_days must be unique"):
        checked_weather(given)


def test_a_covariate_may_be_null_and_the_table_may_be_empty() -> None:
    assert checked_weather(weather_forecasts({"boundary_layer_height_m": None}))["boundary_layer_height_m"].isna().all()
    assert checked_weather(CONTRACTS["weather_forecasts"].empty()).empty


def test_weather_joins_its_site_issue_date_and_horizon_and_leaves_the_rows_unchanged() -> None:
    day, two_days = pd.Timestamp("2021-07-04"), {"horizon_days": 2, "target_date": pd.Timestamp("2021-07-06")}
    weather = weather_forecasts({"temperature_c": 24.5}, {**two_days, "temperature_c": 18.0}, SECOND)
    rows = pd.DataFrame(
        {
            "site_id": ["170319001", "170310009", "170319001", "170319001"],
            "issue_date": [day, day, day, day + pd.Timedelta(days=1)],
            "horizon_days": [2, 1, 1, 1],
        },
        index=[7, 3, 5, 1],
    )

    found = join_weather(rows, weather)

    pd.testing.assert_frame_equal(found[list(rows)], rows)
    assert list(found)[3:] == list(EXAMPLE_COLUMNS)
    assert found["weather_temperature_c"].tolist() == pytest.approx([18.0, np.nan, 24.5, np.nan], nan_ok=True)
    assert set(found.dtypes[3:].astype(str)) == {"float32", "object"}
    assert found["weather_temperature_c_issue_day"].isna().all()
    assert found["weather_class"].tolist() == [None] * 4, "one kind of null, as stored"


def test_the_weather_of_the_issue_day_is_that_of_horizon_0_for_every_horizon() -> None:
    issue_day = {"horizon_days": 0, "target_date": pd.Timestamp("2021-07-04"), "weather_class": "smoke"}
    rows = pd.DataFrame({"site_id": "170319001", "issue_date": pd.Timestamp("2021-07-04"), "horizon_days": [1, 3]})

    found = join_weather(join_weather(rows, weather_forecasts(SECOND)), weather_forecasts(issue_day))

    assert found["weather_class_issue_day"].tolist() == ["smoke", "smoke"]
    assert found["weather_class"].isna().all()
    assert list(found)[3:] == list(EXAMPLE_COLUMNS)
