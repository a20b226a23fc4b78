"""Titles of feature columns for people."""

import pytest

from airwatch_dagster.enrich.weather import EXAMPLE_COLUMNS
from airwatch_dagster.figures.feature_titles import TITLES, feature_title
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS
from airwatch_dagster.fit.weather_inputs import STATE_INPUTS, WEATHER_INPUTS
from airwatch_dagster.schemas import TABLES


def test_every_feature_input_and_finding_has_a_title_of_its_own() -> None:
    columns = {*TABLES["features"].column_names, *CORRECTION_INPUTS}
    columns |= {*EXAMPLE_COLUMNS, *WEATHER_INPUTS, *STATE_INPUTS}

    assert set(TITLES) == columns
    assert len(set(TITLES.values())) == len(columns)
    assert not [title for title in TITLES.values() if "_" in title or len(title) > 46]


@pytest.mark.parametrize(
    ("column", "title"),
    [
        ("far_w_pm25_anomaly_ugm3", "PM2.5 anomaly 400–800 km west"),
        ("near_se_pm25_change_ugm3", "PM2.5 change in a day 0–400 km southeast"),
        ("pm25_lag_0d_ugm3", "PM2.5 on the issue day"),
        ("pm25_lag_1d_ugm3", "PM2.5 1 day before"),
        ("offset_800km_nw_log_before", "log PM2.5 anomaly 800 km northwest, day before"),
        ("no_such_feature", "no such feature"),
    ],
)
def test_a_title_says_quantity_and_place(column: str, title: str) -> None:
    assert feature_title(column) == title
