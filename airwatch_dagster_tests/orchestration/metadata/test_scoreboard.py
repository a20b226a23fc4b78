"""A month's scoreboard in Dagster's metadata."""

from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.orchestration.metadata.scoreboard import scoreboard_metadata
from airwatch_dagster.verify.scoreboard import by_month
from airwatch_dagster_tests.builders import other_forecasts, site_days
from airwatch_dagster_tests.verify.comparisons import candidates_of, cases, served

JULY, AUGUST = pd.Timestamp("2021-07-01"), pd.Timestamp("2021-08-01")
LEADS = served(
    *(
        {"issue_date": issued, "target_date": issued + pd.Timedelta(days=lead), "horizon_days": lead, "pm25_ugm3": 9.0}
        for issued in pd.date_range("2021-07-01", "2021-07-28")
        for lead in (1, 2, 3)
    )
)
NEIGHBOUR = {"site_id": "170310002", "pm25_ugm3": 12.0}
DAYS = site_days(
    *({"date_local": day, **other} for day in pd.date_range("2021-07-01", "2021-07-31") for other in ({}, NEIGHBOUR))
)


def metadata() -> dict[str, Any]:
    compared = cases(LEADS, candidates=candidates_of(LEADS, pm25_ugm3=10.0), site_days=DAYS)
    return scoreboard_metadata(by_month(compared, table="scoreboard"), months=[JULY, AUGUST])


def test_a_month_charts_twelve_numbers_under_stable_names() -> None:
    numbers = {name: value for name, value in metadata()["2021-07"].items() if isinstance(value, float)}

    leads = ("1 day ahead", "2 days ahead", "3 days ahead")
    assert numbers == {
        **{f"AQI category right {lead} (share)": 1.0 for lead in leads},
        **{f"error saved over persistence {lead} (share)": 0.75 for lead in leads},
        **{f"error saved over damped persistence {lead} (share)": 0.75 for lead in leads},
        **{f"error saved over the nearest site {lead} (share)": 0.9375 for lead in leads},
    }


def test_a_month_has_a_verdict_and_a_table_that_dagster_shows_inline() -> None:
    july = metadata()["2021-07"]

    assert "2 days ahead (tomorrow), by squared error on 28 site-days of 1 site, AirWatch" in july["verdict"]
    assert "75 % better than persistence (75 to 75 %)" in july["verdict"]
    for lead in ("1 day", "2 days", "3 days"):
        table = july[f"scoreboard {lead} ahead"]
        assert isinstance(table, dg.MarkdownMetadataValue)
        assert "the nearest site" in str(table.md_str)
        assert len(str(table.md_str)) < 1000


@pytest.mark.slow
def test_with_ten_supplied_forecasters_the_table_is_shown_all_the_same() -> None:
    dates = LEADS[["issue_date", "target_date", "horizon_days"]].head(3).assign(issued_at=JULY).to_dict("records")
    others = other_forecasts(*({**row, "forecaster": f"chemistry_model_{n}"} for n in range(10) for row in dates))

    board = by_month(cases(LEADS, candidates=candidates_of(LEADS, pm25_ugm3=10.0), others=others), table="scoreboard")
    shown = scoreboard_metadata(board, months=[JULY])["2021-07"]["scoreboard 1 day ahead"]

    assert isinstance(shown, dg.TableMetadataValue)
    assert len(shown.records) == 4 + 20


def test_a_month_without_comparisons_has_the_verdict_alone() -> None:
    assert metadata()["2021-08"] == {"verdict": "Nothing can be compared 2 days ahead (tomorrow)."}
