"""What a month of coverage says of the forecasts for its silent site-days."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.orchestration.metadata.silence import TITLE, sentence, silence_metadata
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.silence import Silence
from airwatch_dagster_tests.builders import filled
from airwatch_dagster_tests.watch.test_silence import DAYS, SITES, air, covered

SEPTEMBER = pd.Timestamp("2021-09-01")
PLACE = {"state_code": "17", "cbsa_code": "16980"}
DAY = {"site_id": SITES[0], "issue_date": SEPTEMBER, "target_date": SEPTEMBER + pd.Timedelta(days=2)}


def stored(folder: Path, forecasts: pd.DataFrame) -> TableStorage:
    """Forecasts of tomorrow, each issued two days before."""
    tables = TableStorage.open(str(folder))
    issued = forecasts.assign(issue_date=forecasts["target_date"] - pd.Timedelta(days=2))
    one = filled("predictions", **DAY, horizon_days=2, aqi_category="Good", model_family="ridge", **PLACE)
    row = one.iloc[0].to_dict()
    whole = pd.DataFrame({**row, **{name: issued[name] for name in issued}})[list(row)]
    tables.write("predictions", {f"{day:%Y-%m-%d}": rows for day, rows in whole.groupby("issue_date")})
    return tables


def months_of(coverage: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return dict(iter(coverage.groupby(coverage["date_local"].dt.strftime("%Y-%m"))))


def test_a_month_is_judged_with_the_two_before_as_they_are_stored(tmp_path: Path) -> None:
    forecasts = air(3)
    tables = stored(tmp_path, forecasts)
    is_silent = (forecasts["pm25_ugm3"] > 35).to_numpy()
    coverage = covered(forecasts, is_silent).assign(is_context=False)
    row = (
        filled(
            "coverage",
            site_id=SITES[0],
            date_local=SEPTEMBER,
            expected_by=SEPTEMBER,
            status="observed",
            schedule="daily",
            **PLACE,
        )
        .iloc[0]
        .to_dict()
    )
    whole = pd.DataFrame({**row, **{name: coverage[name] for name in coverage}})[list(row)]
    by_month = months_of(whole)

    together = silence_metadata(whole, [*pd.date_range("2021-07-01", SEPTEMBER, freq="MS")], tables)["2021-09"]
    tables.write("coverage", {month: rows for month, rows in by_month.items() if month < "2021-09"})
    alone = silence_metadata(by_month["2021-09"], [SEPTEMBER], tables)["2021-09"]

    assert alone == together
    assert f" for {int(is_silent.sum())} site-days without a valid reading in 3 months, +" in alone[TITLE]
    assert alone[TITLE].endswith(
        "Sites fall silent when more is forecast: what is measured and scored misses such days."
    )
    assert alone[f"{TITLE}, excess (µg/m³)"] > 15


def test_context_sites_do_not_count_and_without_forecasts_nothing_is_said(tmp_path: Path) -> None:
    forecasts = air(3)
    around = covered(forecasts, np.ones(len(forecasts), dtype=bool)).assign(is_context=True)

    assert silence_metadata(around, [SEPTEMBER], TableStorage.open(str(tmp_path / "empty"))) == {}
    found = silence_metadata(around, [SEPTEMBER], stored(tmp_path, forecasts))["2021-09"]
    assert found == {TITLE: "Not judged: 0 site-days without a valid reading; 20 needed."}
    assert len(DAYS) == 92


@pytest.mark.parametrize(
    ("excess", "lower", "upper", "said"),
    [
        (2.0, 0.5, 3.5, "Sites fall silent when more is forecast: what is measured and scored misses such days."),
        (0.4, 0.1, 0.7, "too little to matter."),
        (0.4, -0.9, 1.7, "within noise."),
        (-3.0, -4.0, -2.0, "sites fall silent when less is forecast, so few high days are missed."),
    ],
)
def test_an_excess_is_told_by_its_sign_and_size(excess: float, lower: float, upper: float, said: str) -> None:
    assert sentence(Silence(40, 900, 9.0, excess, lower, upper)).endswith(said)
