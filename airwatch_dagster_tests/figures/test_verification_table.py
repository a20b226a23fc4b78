"""A month's verification as a sentence and tables."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures.verification_table import (
    EXCEEDANCE_NOTE,
    SCORES_NOTE,
    error_table,
    exceedance_table,
    group_names,
    interval_table,
    lead_names,
    reliability_by_limit,
    reliability_table,
    summary,
)
from airwatch_dagster.verify.monthly import monthly_verification
from airwatch_dagster_tests.builders import candidate_scores, forecast_scores

JULY = pd.Timestamp("2021-07-01")

TWO_LEADS = forecast_scores(
    {"pm25_ugm3": 10.0, "pm25_observed_ugm3": 12.0, "probability_above_9_0": 0.8},
    {"pm25_ugm3": 9.0, "horizon_days": 2, "probability_above_9_0": 0.36},
)
VERIFIED = monthly_verification(TWO_LEADS, candidates=candidate_scores({"pm25_ugm3": 8.0}))


def rows(**wanted: Any) -> list[dict[Any, Any]]:
    own = VERIFIED
    for column, value in wanted.items():
        own = own[own[column] == value]
    return own.to_dict("records")


@pytest.mark.parametrize(
    ("skill", "compared"),
    [
        (-0.2, "20 % worse (squared error) than damped persistence"),
        (0.25, "25 % better (squared error) than damped persistence"),
        (0.001, "as good (squared error) as damped persistence"),
    ],
)
def test_the_summary_has_lead_families_error_and_skill(skill: float, compared: str) -> None:
    row = {"horizon_days": 2, "mae_ugm3": 2.5, "forecasts": 90, "sites": 3, "coverage": 0.9, "skill_over_damped": skill}

    text = summary(JULY, row, families=["catboost", "damped_persistence"])

    for part in ("July 2021", "2 days ahead", "catboost and damped persistence", "2.50 µg/m³", compared, "90 %"):
        assert part in text
    assert "(90 forecasts of 3 sites)" in text


def test_the_summary_without_a_reference_compares_nothing() -> None:
    [row] = rows(horizon_days=2, group_kind="all")

    assert "persistence" not in summary(JULY, row, families=["ridge"])


def test_tables_have_a_line_per_lead() -> None:
    leads = lead_names(rows(group_kind="all"))

    assert error_table("Lead", leads).rows[0][:4] == ("**2 days (tomorrow)**", "1", "–", "1.00")
    assert error_table("Lead", leads).rows[1] == ("1 day", "1", "+0.75", "2.00", "2.00", "-2.00", "100%")
    assert interval_table("Lead", leads).rows[1] == ("1 day", "-17%", "0.00", "10.0", "0.250", "0.0400", "0.0000")
    assert exceedance_table("Lead", leads).rows[2:] == (
        ("1 day", "9.0 µg/m³", "1.00", "0.00", "1.00"),
        ("1 day", "35.4 µg/m³", "–", "–", "–"),
    )
    for measure in ("NMB", "IOA", "POD", "FAR", "CSI"):
        assert f"{measure}: " in f"{SCORES_NOTE} {EXCEEDANCE_NOTE}"


def test_tables_of_groups_have_a_line_per_group() -> None:
    table = error_table("Group", group_names(rows(horizon_days=1)))

    assert [row[0] for row in table.rows] == ["all", "observed on issue day", "region 5", "observed Moderate"]


def test_a_reliability_table_has_a_line_per_bin() -> None:
    tables = reliability_by_limit(TWO_LEADS)

    bins = ("30–40 %", "1", "36.0", "0.0"), ("70–80 %", "1", "80.0", "100.0")
    assert reliability_table(tables[9.0]["all"]).rows == bins
    assert reliability_table(tables[9.0]["1 d"]).rows == bins[1:]


@pytest.mark.parametrize(
    ("change", "limits"),
    [
        ({}, [9.0]),
        ({"pm25_observed_ugm3": 36.0}, [9.0, 35.4]),
        ({"probability_above_35_4": 0.02}, [9.0, 35.4]),
    ],
    ids=["neither", "exceeded", "forecast with more than the lowest bin's probability"],
)
def test_a_limit_has_a_table_where_it_was_exceeded_or_expected_to_be(
    change: dict[str, float], limits: list[float]
) -> None:
    assert list(reliability_by_limit(forecast_scores(change))) == limits
