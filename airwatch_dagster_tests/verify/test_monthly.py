"""Monthly verification of served forecasts."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.verify.monthly import monthly_verification
from airwatch_dagster_tests.builders import candidate_scores, forecast_scores

NOTHING = TABLES["candidate_scores"].empty()
ELSEWHERE: dict[str, Any] = {"site_id": "060371103"}
LATER: dict[str, Any] = {"issue_date": pd.Timestamp("2021-07-05"), "target_date": pd.Timestamp("2021-07-06")}
AUGUST: dict[str, Any] = {"issue_date": pd.Timestamp("2021-07-31"), "target_date": pd.Timestamp("2021-08-01")}


def verified(scores: pd.DataFrame, candidates: pd.DataFrame = NOTHING) -> pd.DataFrame:
    """The valid table by month, lead and group."""
    table = TABLES["verification"].schema.validate(monthly_verification(scores, candidates=candidates))
    return table.set_index(["month", "horizon_days", "group_name"]).sort_index()


def row_of(table: pd.DataFrame, group: str = "all", *, month: str = "2021-07-01", lead: int = 1) -> dict[str, Any]:
    row: dict[str, Any] = table.loc[(pd.Timestamp(month), lead, group)].to_dict()
    return row


TWO_DAYS = forecast_scores(
    {"pm25_ugm3": 10.0, "pm25_observed_ugm3": 12.0, "probability_above_9_0": 0.8},
    {**LATER, "pm25_ugm3": 10.0, "pm25_observed_ugm3": 4.0, "probability_above_9_0": 0.5, "pm25_lower_ugm3": 6.0},
)
"""One forecast 2 µg/m³ too low and one 6 µg/m³ too high."""


def test_every_metric_of_a_group_follows_from_its_forecasts() -> None:
    row = row_of(verified(TWO_DAYS, candidate_scores({"pm25_ugm3": 8.0}, {**LATER, "pm25_ugm3": 12.0})))

    assert row == pytest.approx(
        {
            "group_kind": "all",
            "forecasts": 2,
            "sites": 1,
            "rmse_ugm3": round(np.sqrt(20.0), 6),
            "mae_ugm3": 4.0,
            "bias_ugm3": 2.0,
            "normalised_mean_bias": 0.25,
            "index_of_agreement": round(1 - 40 / (36 + 36), 6),
            "compared_forecasts": 2,
            "skill_over_damped": 0.5,
            "coverage": 0.5,
            "mean_width_ugm3": 9.0,
            "pinball_ugm3": round((0.4 + 0.1 + 1.9 + 0.5) / 4, 6),
            "pod_9_0": 1.0,
            "far_9_0": 0.5,
            "csi_9_0": 0.5,
            "pod_35_4": np.nan,
            "far_35_4": np.nan,
            "csi_35_4": np.nan,
            "brier_9_0": round((0.2**2 + 0.5**2) / 2, 6),
            "brier_35_4": 0.0,
        },
        nan_ok=True,
    )


def test_every_lead_has_the_group_of_all_then_groups_by_reading_region_and_observed_category() -> None:
    scores = forecast_scores(
        {"pm25_observed_ugm3": 40.0},
        {**ELSEWHERE, "pm25_observed_ugm3": 9.0, "days_since_observed": 2},
        {"horizon_days": 2, "pm25_observed_ugm3": 9.1},
    )

    table = monthly_verification(scores, candidates=NOTHING)

    assert table[["horizon_days", "group_kind", "group_name", "forecasts"]].to_numpy().tolist() == [
        [1, "all", "all", 2],
        [1, "reading", "observed on issue day", 1],
        [1, "reading", "not observed on issue day", 1],
        [1, "region", "region 5", 1],
        [1, "region", "region 9", 1],
        [1, "category", "Good", 1],
        [1, "category", "Unhealthy for Sensitive Groups", 1],
        [2, "all", "all", 1],
        [2, "reading", "observed on issue day", 1],
        [2, "region", "region 5", 1],
        [2, "category", "Moderate", 1],
    ]


def test_each_group_has_the_metrics_of_its_own_forecasts() -> None:
    scores = forecast_scores({"pm25_ugm3": 9.0}, {**ELSEWHERE, "pm25_ugm3": 5.0, "days_since_observed": 1})

    table = verified(scores)

    assert {name: row_of(table, name)["bias_ugm3"] for name in ("all", "region 5", "region 9")} == {
        "all": -1.0,
        "region 5": 1.0,
        "region 9": -3.0,
    }
    assert row_of(table, "not observed on issue day")["bias_ugm3"] == -3.0


def test_a_site_abroad_is_outside_the_regions() -> None:
    assert row_of(verified(forecast_scores({"site_id": "800020001"})), "outside the regions")["forecasts"] == 1


def test_skill_is_over_the_forecasts_that_damped_persistence_has_too() -> None:
    reference = candidate_scores({"pm25_ugm3": 8.0}, {"model_family": "ridge", "pm25_ugm3": 12.0})

    row = row_of(verified(TWO_DAYS, reference))

    assert (row["compared_forecasts"], row["skill_over_damped"]) == (1, 0.75)


@pytest.mark.parametrize(
    ("reference", "compared"),
    [(NOTHING, 0), (candidate_scores({"horizon_days": 2}), 0), (candidate_scores({"pm25_ugm3": 12.0}), 1)],
    ids=["no shadow scores", "another lead", "no error"],
)
def test_skill_is_null_without_a_reference_that_errs(reference: pd.DataFrame, compared: int) -> None:
    row = row_of(verified(TWO_DAYS, reference))

    assert row["compared_forecasts"] == compared
    assert np.isnan(row["skill_over_damped"])


def test_the_observed_value_is_that_of_the_forecast_scores() -> None:
    """Shadow scores of before a revision have the old value."""
    row = row_of(verified(TWO_DAYS, candidate_scores({"pm25_ugm3": 8.0, "pm25_observed_ugm3": 8.0})))

    assert row["skill_over_damped"] == 0.75


def test_a_metric_that_is_undefined_in_a_group_is_null() -> None:
    row = row_of(verified(forecast_scores({"pm25_ugm3": 0.0, "pm25_observed_ugm3": 0.0})))

    assert np.isnan([row["normalised_mean_bias"], row["index_of_agreement"], row["pod_9_0"]]).all()
    assert row["mae_ugm3"] == 0.0


def test_months_computed_together_are_bit_identical_to_months_computed_alone() -> None:
    july = forecast_scores({"pm25_ugm3": 9.3}, {**LATER, "pm25_ugm3": 7.7}, {**ELSEWHERE, "pm25_ugm3": 3.1})
    august = forecast_scores({**AUGUST, "pm25_ugm3": 8.8}, {**AUGUST, **ELSEWHERE, "pm25_ugm3": 11.3})
    reference = candidate_scores({"pm25_ugm3": 9.9}, {**AUGUST, "pm25_ugm3": 6.1})

    alone = [monthly_verification(scores, candidates=reference) for scores in (july, august)]
    together = monthly_verification(pd.concat([july, august], ignore_index=True), candidates=reference)

    assert together["month"].unique().tolist() == [pd.Timestamp("2021-07-01"), pd.Timestamp("2021-08-01")]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True), check_exact=True)


def test_without_scores_the_table_is_empty() -> None:
    table = monthly_verification(TABLES["forecast_scores"].empty(), candidates=NOTHING)

    assert len(TABLES["verification"].schema.validate(table)) == 0
