"""The drift report of a month."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.orchestration.metadata.drift import report_months
from airwatch_dagster.storage.tables import TableStorage

MONTH = pd.Timestamp("2021-01-01")


@pytest.mark.slow
def test_a_months_reference_is_three_years_in_a_run_of_any_length(tmp_path: Path) -> None:
    days = pd.date_range("2016-01-01", "2021-01-31")
    values = np.random.default_rng(1).normal(8.0, 2.0, len(days))
    features = pd.DataFrame({"issue_date": days, "pm25_last_ugm3": np.where(days < "2018-01-01", 500.0, values)})
    tables = TableStorage.open(str(tmp_path))

    long_run = report_months([MONTH], features=features, tables=tables).frame
    own_run = report_months([MONTH], features=features[days >= "2018-01-01"], tables=tables).frame

    assert long_run["reference_mean"].between(7.0, 9.0).all()
    pd.testing.assert_frame_equal(long_run, own_run)
