"""Weather enters as it was forecast by the end of the issue day, or not at all."""

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


def test_weather_known_by_the_end_of_the_issue_day_is_taken_as_it_is() -> None:
    given = weather_forecasts({"issued_at": pd.Timestamp("2021-07-05 00:00")}, SECOND)

    pd.testing.assert_frame_equal(checked_weather(given), given)


def test_a_value_that_was_not_known_yet_is_refused_with_the_moment_it_had_to_be() -> None:
    assert refusal({"issued_at": pd.Timestamp("2021-07-05 00:00:01")}, SECOND) == (
        "weather_forecasts: 1 row is not known when the day's forecasts are issued: "
        "site_id=170319001 issue_date=2021-07-04 00:00:00 horizon_days=1 issued_at=2021-07-05 00:00:01 "
        "latest_allowed=2021-07-05 00:00:00. Give an earlier run of the weather model, whose issued_at (UTC) is not "
        "after the latest allowed; nothing of it was used. Retrying will not help."
    )


def test_a_longer_lead_allows_no_later_weather() -> None:
    late = {"issued_at": pd.Timestamp("2021-07-05 06:00"), "horizon_days": 3}

    assert "latest_allowed=2021-07-05 00:00:00" in refusal({**late, "target_date": pd.Timestamp("2021-07-07")})


def test_on_guam_the_issue_day_ends_ten_hours_before_that_of_utc() -> None:
    in_time = weather_forecasts({**GUAM, "issued_at": pd.Timestamp("2021-07-04 14:00")})

    assert len(checked_weather(in_time)) == 1
    assert "latest_allowed=2021-07-04 14:00:00" in refusal({**GUAM, "issued_at": pd.Timestamp("2021-07-04 14:01")})


@pytest.mark.parametrize("kind", ["reanalysis", "observation", "analysis", "Forecast", ""])
def test_what_is_no_forecast_is_refused_however_early_it_claims_to_be(kind: str) -> None:
    assert refusal({}, {**SECOND, "kind": kind}) == (
        "weather_forecasts: 1 row is no forecast of the weather, and so not known when the day's forecasts are issued: "
        f"site_id=170319002 issue_date=2021-07-04 00:00:00 horizon_days=1 kind={kind}. Give the weather as it was "
        "forecast, with kind 'forecast'; never a reanalysis or an observation; nothing of it was used. "
        "Retrying will not help."
    )


@pytest.mark.parametrize("target", ["2021-07-04", "2021-07-06", "2021-07-05 06:00"])
def test_weather_of_another_day_than_its_lead_says_is_refused(target: str) -> None:
    told = refusal({"target_date": pd.Timestamp(target)})

    assert f"target_date={pd.Timestamp(target)} expected=2021-07-05 00:00:00" in told
    assert "1 row is of another target day than issue_date and horizon_days say" in told


def test_an_error_counts_all_rows_and_shows_some() -> None:
    late = [{"site_id": f"17031900{number}", "issued_at": pd.Timestamp("2021-07-06")} for number in range(5)]

    told = refusal({"site_id": "170310001"}, *late)
    assert "5 rows are not known" in told
    assert told.count("issued_at=2021-07-06") == 3
    assert "; and 2 more." in told


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

    with pytest.raises(ContractViolation, match="site_id, issue_date, horizon_days must identify one row"):
        checked_weather(given)


def test_a_covariate_may_be_null_and_no_rows_are_known() -> None:
    assert checked_weather(weather_forecasts({"boundary_layer_height_m": None}))["boundary_layer_height_m"].isna().all()
    assert checked_weather(CONTRACTS["weather_forecasts"].empty()).empty


def test_weather_stands_beside_its_site_day_and_lead_and_rows_stay_as_they_were() -> None:
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
