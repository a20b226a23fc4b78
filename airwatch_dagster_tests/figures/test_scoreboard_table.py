"""A scoreboard as a table."""

import pandas as pd

from airwatch_dagster.figures.scoreboard_table import scoreboard_table
from airwatch_dagster.verify.scoreboard import scoreboard_rows
from airwatch_dagster_tests.builders import other_forecasts
from airwatch_dagster_tests.verify.comparisons import candidates_of, cases, next_day, served

SCORES = served(
    *(next_day(f"{day:%Y-%m-%d}", 40.0, 30.0 + day.day % 2) for day in pd.date_range("2021-07-01", "2021-07-31"))
)
BASELINES = candidates_of(SCORES, pm25_ugm3=50.0)


def cells(horizon_days: int = 1, **given: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Forecaster → its cells."""
    rows = scoreboard_rows(cases(SCORES, candidates=BASELINES, **given))
    return {line[0]: line[1:] for line in scoreboard_table(rows, horizon_days=horizon_days).rows}


def test_a_line_has_errors_categories_and_the_error_that_airwatch_saves() -> None:
    table = cells()

    assert list(table) == ["AirWatch", "persistence", "damped persistence", "climatology"]
    assert table["AirWatch"] == ("31", "9.50", "0%", "0", "31", "")
    assert table["climatology"][:5] == ("31", "19.49", "0%", "0", "31")
    assert table["climatology"][5].startswith("76 % (")


def test_every_comparison_has_its_lines() -> None:
    dates = SCORES[["issue_date", "target_date"]].assign(issued_at=SCORES["issue_date"]).to_dict("records")
    others = other_forecasts(*({**row, "forecaster": "county_model"} for row in dates[:7]))

    assert cells(others=others)["county model"][:2] == ("7", "21.58")
    assert len(cells(2)) == 0
