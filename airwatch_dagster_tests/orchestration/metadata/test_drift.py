"""The drift report of a month."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.orchestration.metadata.drift import explained, report_months
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import monthly_findings

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


def report(*features: str) -> pd.DataFrame:
    return pd.DataFrame({"month": MONTH, "feature": list(features), "is_drifted": True})


@pytest.mark.parametrize(
    ("findings", "warned"),
    [
        ([{}], ["observed_days_28d"]),
        ([{"is_found": True}], ["observed_days_28d"]),
        ([{"not_judged": "26 values of 3 days"}], ["pm25_last_ugm3", "around_50km_log", "observed_days_28d"]),
        ([{"area": "state:17"}], ["pm25_last_ugm3", "around_50km_log", "observed_days_28d"]),
        ([{}, {"rule": "site_level", "cause": "sensor", "is_found": True}], ["observed_days_28d"]),
        (
            [{"is_found": True}, {"rule": "units", "cause": "pipeline", "is_found": True}],
            ["pm25_last_ugm3", "around_50km_log", "observed_days_28d"],
        ),
        ([], ["pm25_last_ugm3", "around_50km_log", "observed_days_28d"]),
    ],
    ids=["as in its season", "the air moved", "not judged", "another area", "one sensor", "units", "no findings"],
)
def test_what_the_months_findings_explain_does_not_warn(findings: list[dict[str, Any]], warned: list[str]) -> None:
    drifted = report("pm25_last_ugm3", "around_50km_log", "observed_days_28d")
    known = monthly_findings(*({"month": MONTH, **one} for one in findings)) if findings else monthly_findings()[:0]

    left = drifted[~explained(drifted, known, area="cbsa:16980")]

    assert list(left["feature"]) == warned


@pytest.mark.slow
def test_a_month_that_drifted_warns_with_its_cause_and_the_library_is_stored_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_AREA", "cbsa:16980")
    days = pd.date_range("2018-01-01", "2021-03-31")
    values = np.random.default_rng(1).normal(8.0, 2.0, len(days))
    values = np.where(days < MONTH, values, 0.001 * values)
    counts = np.where(days < "2021-03-01", 6.0 + days.day % 2, 2.0 + days.day % 2)
    features = pd.DataFrame({"issue_date": days, "pm25_last_ugm3": values, "observed_days_7d": counts})
    tables = TableStorage.open(str(tmp_path))
    months = [MONTH + pd.DateOffset(months=count) for count in range(3)]
    units = {"rule": "units", "cause": "pipeline", "is_found": True}
    found = ([{}, units], [{"not_judged": "0 days"}], [{}])
    for month, rows in zip(months, found, strict=True):
        frame = monthly_findings(*({**row, "month": month} for row in rows))
        tables.write("monthly_findings", {f"{month:%Y-%m}": frame})

    made = report_months(months, features=features, tables=tables)

    assert list(made.warnings["no_drift"]) == ["2021-01", "2021-02", "2021-03"]
    assert "days with a reading, of 7" in made.warnings["no_drift"]["2021-03"]
    assert made.causes == {"no_drift": {"2021-01": "pipeline", "2021-03": "network"}}
    pages = tables.pages("reports")
    assert len([name for name in pages if name.endswith(".js")]) == 1
    sizes = [file.size for name, file in pages.items() if file is not None and not name.endswith(".js")]
    assert len(sizes) == 6
    assert max(sizes) < 100_000
