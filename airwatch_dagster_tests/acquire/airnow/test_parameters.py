"""AirNow's values are matched to the monitors of their site."""

from typing import Any, Final

import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow.parameters import with_parameters
from airwatch_dagster_tests.builders import monitors, raw_readings

AIRNOW: Final = {"source": "airnow", "poc": 0, "sample_duration": "24-HR BLK AVG", "pollutant_standard": None}
BAM: Final = {"method_code": "170", "is_primary": False}
OTHER: Final = {"parameter_code": "88502", "poc": 3, "method_code": "731", "is_primary": False}
FILTER: Final = {"method_code": "145"}
CLOSED: Final = {"last_sample_date": pd.Timestamp("2019-12-31")}


@pytest.mark.parametrize(
    ("listed", "parameter"),
    [
        ([BAM], "88101"),
        ([OTHER], "88502"),
        ([BAM, OTHER], "88101"),
        ([FILTER, OTHER], "88502"),
        ([BAM | CLOSED, OTHER], "88502"),
        ([BAM, OTHER | CLOSED], "88101"),
        ([BAM, OTHER | {"method_code": "707"}], "88101"),
        ([BAM | {"open_date": pd.Timestamp("2022-01-01")}, OTHER], "88502"),
        ([FILTER], "88101"),
        ([OTHER | {"method_code": "707"}], "88502"),
        ([BAM | {"site_id": "170319002"}], "88101"),
    ],
)
def test_the_continuous_monitor_of_the_day_counts_and_88101_before_88502(
    listed: list[dict[str, Any]], parameter: str
) -> None:
    assert with_parameters(raw_readings(AIRNOW), monitors(*listed))["parameter_code"].tolist() == [parameter]


def test_each_day_has_the_monitors_of_then() -> None:
    rows = raw_readings(AIRNOW, AIRNOW | {"date_local": pd.Timestamp("2023-07-04")})
    listed = monitors(BAM | {"last_sample_date": pd.Timestamp("2021-12-31")}, OTHER)
    assert with_parameters(rows, listed)["parameter_code"].tolist() == ["88101", "88502"]
