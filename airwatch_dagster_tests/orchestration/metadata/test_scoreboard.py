"""A month's scoreboard in Dagster's metadata."""

from typing import Any

import pandas as pd

from airwatch_dagster.orchestration.metadata.scoreboard import scoreboard_metadata
from airwatch_dagster.verify.scoreboard import by_month
from airwatch_dagster_tests.builders import site_days
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

    assert numbers == {
        **{f"category_accuracy_{lead}d": 1.0 for lead in (1, 2, 3)},
        **{f"saved_from_{name}_{lead}d": 0.75 for name in ("persistence", "damped_persistence") for lead in (1, 2, 3)},
        **{f"saved_from_nearest_site_{lead}d": 0.9375 for lead in (1, 2, 3)},
    }


def test_a_month_has_a_verdict_and_a_table_that_dagster_shows_inline() -> None:
    july = metadata()["2021-07"]

    assert "1 day ahead, by squared error on 28 site-days of 1 site, AirWatch" in july["verdict"]
    assert "75 % better than persistence (75 to 75 %)" in july["verdict"]
    assert "the nearest site" in july["scoreboard"].md_str
    assert len(july["scoreboard"].md_str) < 1000


def test_a_month_without_comparisons_has_the_verdict_alone() -> None:
    assert metadata()["2021-08"] == {"verdict": "Nothing can be compared 1 day ahead."}
