"""Supplied weather is accepted only as it was forecast by the end of the issue date."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.weather import WEATHER_COLUMNS, checked_weather, join_weather
from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster_tests.builders import weather_forecasts

SECOND: dict[str, Any] = {"site_id": "170319002"}
GUAM: dict[str, Any] = {"site_id": "660100001"}


def refusal(*changes: dict[str, Any]) -> str:
    with pytest.raises(ContractViolation) as caught:
        checked_weather(weather_forecasts(*changes))
    assert not caught.value.retry_helps
    return str(caught.value)


def test_weather_available_by_the_end_of_the_issue_date_is_accepted_unchanged() -> None:
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


def test_on_guam_the_cutoff_is_ten_hours_earlier() -> None:
    in_time = weather_forecasts({**GUAM, "issued_at": pd.Timestamp("2021-07-04 14:00")})

    assert len(checked_weather(in_time)) == 1
    assert "latest_allowed=2021-07-04 14:00:00" in refusal({**GUAM, "issued_at": pd.Timestamp("2021-07-04 14:01")})


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
    assert list(found)[3:] == list(WEATHER_COLUMNS.values())
    assert found["weather_temperature_c"].tolist() == pytest.approx([18.0, np.nan, 24.5, np.nan], nan_ok=True)
    assert set(found.dtypes[3:].astype(str)) == {"float32"}
