"""Markdown tables and numbers."""

import pytest

from airwatch_dagster.figures.markdown import SIGNED, number, numbers, table


def test_a_table_has_a_header_a_rule_and_a_line_per_row() -> None:
    assert table(["Family", "RMSE"], [["ridge", "2.00"], ["blend", "–"]]).splitlines() == [
        "| Family | RMSE |",
        "|---|---|",
        "| ridge | 2.00 |",
        "| blend | – |",
    ]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.126, ".2f", "0.13"),
        (-0.001, SIGNED, "+0.00"),
        (0.5, ".0%", "50%"),
        (None, ".2f", "–"),
        (float("nan"), ".2f", "–"),
    ],
)
def test_a_number_is_formatted_and_an_undefined_one_is_a_dash(value: float | None, form: str, text: str) -> None:
    assert number(value, form) == text


def test_numbers_of_a_cell_are_side_by_side() -> None:
    assert numbers([0.1, None, -0.2], SIGNED) == "+0.10 / – / -0.20"
    assert numbers([]) == "–"
