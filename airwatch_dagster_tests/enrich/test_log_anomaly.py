"""The log scale: noise near zero is suppressed, and a single fire is limited."""

import numpy as np
import pytest

from airwatch_dagster.enrich.log_anomaly import clipped, log_pm25, pm25_of_log


@pytest.mark.parametrize(
    ("pm25", "log"), [(0.0, 1.0986), (-6.7, 1.0986), (5.0, 2.0794), (35.4, 3.6481), (824.0, 6.7178)]
)
def test_the_logarithm_is_of_the_reading_plus_3_and_negative_readings_count_as_0(pm25: float, log: float) -> None:
    assert log_pm25(np.array([pm25])).item() == pytest.approx(log, abs=5e-5)


def test_pm25_of_log_inverts_log_pm25() -> None:
    readings = np.array([0.0, 8.0, 824.0])
    np.testing.assert_allclose(pm25_of_log(log_pm25(readings)), readings, atol=1e-9)


def test_null_stays_null() -> None:
    assert np.isnan(log_pm25(np.array([np.nan]))).all()
    assert np.isnan(clipped(np.array([np.nan]))).all()


def test_anomalies_are_clipped_to_minus_1_5_and_2() -> None:
    fire = log_pm25(np.array([824.0])) - log_pm25(np.array([8.0]))
    assert fire.item() == pytest.approx(4.32, abs=0.01)
    np.testing.assert_array_equal(clipped(np.array([-3.0, -1.5, 0.4, 2.0, fire.item()])), [-1.5, -1.5, 0.4, 2.0, 2.0])
