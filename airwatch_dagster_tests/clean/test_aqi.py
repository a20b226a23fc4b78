"""US AQI: breakpoints, truncation and categories."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.clean.aqi import AQI_2012, AQI_2024, AqiTable, aqi_category, pm25_aqi, pm25_of_aqi, table_in_force


@pytest.mark.parametrize(
    ("pm25_ugm3", "expected"),
    [
        (0.0, 0), (9.0, 50), (9.1, 51), (35.4, 100), (35.5, 101), (55.4, 150), (55.5, 151), (125.4, 200), (125.5, 201),
        (225.4, 300), (225.5, 301), (325.4, 500),
    ],
)  # fmt: skip
def test_the_2024_table_meets_its_published_breakpoints(pm25_ugm3: float, expected: int) -> None:
    assert pm25_aqi(pd.Series([pm25_ugm3])).tolist() == [expected]


@pytest.mark.parametrize(
    ("pm25_ugm3", "expected"),
    [(12.0, 50), (12.1, 51), (35.4, 100), (55.4, 150), (150.4, 200), (250.4, 300), (350.4, 400), (500.4, 500)],
)
def test_the_2012_table_meets_its_published_breakpoints(pm25_ugm3: float, expected: int) -> None:
    assert pm25_aqi(pd.Series([pm25_ugm3]), table=AQI_2012).tolist() == [expected]


def test_concentrations_are_truncated_to_a_tenth_not_rounded() -> None:
    assert pm25_aqi(pd.Series([9.09, 35.49])).tolist() == [50, 100]


def test_floating_point_error_does_not_truncate_a_tenth_away() -> None:
    assert pm25_aqi(pd.Series([0.1 + 0.2, 35.5])).tolist() == pm25_aqi(pd.Series([0.3, 35.5])).tolist()


def test_negative_readings_have_index_zero() -> None:
    assert pm25_aqi(pd.Series([-7.2])).tolist() == [0]


def test_there_is_no_cap_above_the_table() -> None:
    assert pm25_aqi(pd.Series([425.3])).tolist() == [699]


def test_null_in_is_null_out() -> None:
    aqi = pm25_aqi(pd.Series([None, 9.0], dtype="float64"))
    assert aqi.isna().tolist() == [True, False]
    assert aqi_category(aqi).tolist()[1] == "Good"
    assert pd.isna(aqi_category(aqi)[0])


def test_categories_change_above_their_upper_limits() -> None:
    names = aqi_category(pd.Series([50, 51, 100, 101, 150, 151, 200, 201, 300, 301, 900])).tolist()
    assert names[:2] == ["Good", "Moderate"]
    assert names[3] == "Unhealthy for Sensitive Groups"
    assert names[5] == "Unhealthy"
    assert names[7] == "Very Unhealthy"
    assert names[9:] == ["Hazardous", "Hazardous"]


def test_the_table_depends_on_the_day_a_file_was_published() -> None:
    assert table_in_force(date(2024, 5, 5)) is AQI_2012
    assert table_in_force(date(2024, 5, 6)) is AQI_2024


@pytest.mark.parametrize("table", [AQI_2012, AQI_2024])
def test_the_concentration_of_an_aqi_has_that_aqi(table: AqiTable) -> None:
    published = pd.Series(range(601), dtype="Int64")

    assert pm25_aqi(pm25_of_aqi(published, table=table), table=table).tolist() == published.tolist()


def test_the_concentration_of_an_aqi_lies_on_the_line_between_the_breakpoints() -> None:
    by_2012, by_2024 = (
        pm25_of_aqi(pd.Series([0, 50, 51, 101, 125, None], dtype="Int64"), table=one) for one in (AQI_2012, AQI_2024)
    )

    assert by_2012.tolist() == pytest.approx([0.0, 12.0, 12.1, 35.5, 45.2, np.nan], nan_ok=True)
    assert by_2024.tolist() == pytest.approx([0.0, 9.0, 9.1, 35.5, 45.2, np.nan], nan_ok=True)
