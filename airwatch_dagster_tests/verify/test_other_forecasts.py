"""Supplied forecasts are accepted only as they were known by the end of the issue date."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.verify.other_forecasts import checked_forecasts
from airwatch_dagster_tests.builders import other_forecasts


def refusal(*changes: dict[str, Any]) -> str:
    with pytest.raises(ContractViolation) as caught:
        checked_forecasts(other_forecasts(*changes))
    return str(caught.value)


def test_forecasts_known_by_the_end_of_the_issue_date_are_accepted_unchanged() -> None:
    given = other_forecasts(
        {"issued_at": pd.Timestamp("2021-07-05 00:00")},
        {"forecaster": "county_model", "pm25_lower_ugm3": 4.0, "pm25_upper_ugm3": 12.0, "probability_above_35_4": 0.1},
    )

    pd.testing.assert_frame_equal(checked_forecasts(given), given)
    assert checked_forecasts(CONTRACTS["other_forecasts"].empty()).empty


def test_a_forecast_that_became_available_later_is_refused() -> None:
    message = refusal({}, {"site_id": "170319002", "issued_at": pd.Timestamp("2021-07-05 00:01")})

    assert message.startswith(
        "other_forecasts: 1 row is not known when the day's forecasts are issued: forecaster=noaa"
    )
    assert "site_id=170319002" in message
    assert "latest_allowed=2021-07-05 00:00:00" in message


def test_on_guam_the_cutoff_is_ten_hours_earlier() -> None:
    on_guam: dict[str, Any] = {"site_id": "660100001", "issued_at": pd.Timestamp("2021-07-04 14:00")}

    assert len(checked_forecasts(other_forecasts(on_guam))) == 1
    late = refusal({**on_guam, "issued_at": pd.Timestamp("2021-07-04 14:01")})
    assert "latest_allowed=2021-07-04 14:00:00" in late


def test_another_target_date_than_issue_date_plus_horizon_is_refused() -> None:
    assert "expected=2021-07-06" in refusal({"horizon_days": 2})


@pytest.mark.parametrize("ends", [(4.0, None), (None, 4.0), (5.0, 4.0)])
def test_half_an_interval_or_one_upside_down_is_refused(ends: tuple[float | None, float | None]) -> None:
    assert "without a proper interval" in refusal({"pm25_lower_ugm3": ends[0], "pm25_upper_ugm3": ends[1]})


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("forecaster", "airwatch", "forecaster must "),
        ("forecaster", "persistence", "forecaster must "),
        ("forecaster", "NOAA", "forecaster must satisfy str_matches"),
        ("pm25_ugm3", -1.0, r"pm25_ugm3 must satisfy greater_than_or_equal_to\(0"),
        ("pm25_ugm3", None, "pm25_ugm3 must not be null"),
        ("probability_above_35_4", 35.0, "probability_above_35_4 must satisfy less_than"),
        ("horizon_days", 4, "horizon_days must "),
    ],
)
def test_a_forecast_that_breaks_its_contract_is_refused(column: str, value: Any, rule: str) -> None:
    given = other_forecasts().astype({column: object} if isinstance(value, str) else {})
    given[column] = value

    with pytest.raises(ContractViolation, match=f"^other_forecasts: the frame breaks the contract: {rule}"):
        checked_forecasts(given)


def test_two_forecasts_of_one_forecaster_for_one_day_are_refused() -> None:
    given = pd.concat([other_forecasts(), other_forecasts({"pm25_ugm3": 12.0})])

    with pytest.raises(ContractViolation, match="must be unique"):
        checked_forecasts(given)
