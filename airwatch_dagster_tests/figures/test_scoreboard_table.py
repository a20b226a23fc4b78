"""A scoreboard as a table short enough for Dagster to show inline."""

import pandas as pd

from airwatch_dagster.figures.scoreboard_table import short_scoreboard
from airwatch_dagster.verify.scoreboard import scoreboard_rows
from airwatch_dagster_tests.builders import other_forecasts
from airwatch_dagster_tests.verify.comparisons import candidates_of, cases, next_day, served

SCORES = served(
    *(next_day(f"{day:%Y-%m-%d}", 40.0, 30.0 + day.day % 2) for day in pd.date_range("2021-07-01", "2021-07-31"))
)
BASELINES = candidates_of(SCORES, pm25_ugm3=50.0)

INLINE_LIMIT = 1000
"""Characters from which on Dagster hides Markdown behind a button."""


def cells(text: str) -> dict[str, list[str]]:
    """Forecaster → its cells, of the lines below the heading."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")][2:]
    return {line[0]: [cell.strip() for cell in line[1:]] for line in lines}


def test_a_line_has_errors_categories_and_the_error_that_airwatch_saves() -> None:
    table = cells(short_scoreboard(scoreboard_rows(cases(SCORES, candidates=BASELINES)), horizon_days=1))

    assert list(table) == ["AirWatch", "persistence", "damped persistence", "climatology"]
    assert table["AirWatch"][:5] == ["31", "9.50", "0%", "0", "31"]
    assert table["climatology"][:3] == ["31", "19.49", "0%"]
    assert table["climatology"][5].startswith("76 % (")


def test_with_ten_supplied_forecasters_the_table_stays_inline_and_counts_the_rest() -> None:
    dates = SCORES[["issue_date", "target_date"]].assign(issued_at=SCORES["issue_date"]).to_dict("records")
    others = other_forecasts(*({**row, "forecaster": f"chemistry_model_{n}"} for n in range(10) for row in dates))

    rows = scoreboard_rows(cases(SCORES, candidates=BASELINES, others=others))
    text = short_scoreboard(rows, horizon_days=1)

    lines = len(cells_of := [line for line in text.splitlines() if line.startswith("|")]) - 2
    assert len(cells_of) > 8
    assert len(text) < INLINE_LIMIT
    assert f"{24 - lines} more in the table." in text
