"""The practice server's own AQI, and that AirWatch computes the same."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.clean import aqi as airwatch
from airwatch_dagster.practice.world.aqi import pm25_aqi


@pytest.mark.parametrize(
    ("pm25_ugm3", "expected"),
    [(-7.0, 0), (0.0, 0), (9.0, 50), (9.09, 50), (9.1, 51), (35.49, 100), (35.5, 101), (325.4, 500), (425.3, 699)],
)
def test_the_index_meets_epas_breakpoints_after_truncation(pm25_ugm3: float, expected: int) -> None:
    assert pm25_aqi(np.array([pm25_ugm3])).tolist() == [expected]


@pytest.mark.parametrize("step_ugm3", [0.1, 0.01, 0.013])
def test_airwatch_and_the_practice_server_agree_on_every_concentration(step_ugm3: float) -> None:
    concentrations = np.arange(-20.0, 1200.0, step_ugm3)
    theirs, ours = pm25_aqi(concentrations), airwatch.pm25_aqi(pd.Series(concentrations))
    assert theirs.tolist() == ours.tolist()


def test_they_agree_on_every_tenth_up_to_the_highest_reading_that_a_table_accepts() -> None:
    tenths = np.round(np.arange(0, 50_001) / 10.0, 1)
    assert pm25_aqi(tenths).tolist() == airwatch.pm25_aqi(pd.Series(tenths)).tolist()


def test_a_missing_concentration_has_no_index() -> None:
    assert pm25_aqi(np.array([np.nan, 9.0])).isna().tolist() == [True, False]
