"""Tables of out-of-sample scores."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.verify.skill_tables import calibration, residuals_by_level, skill_by_lead


def scores(*rows: tuple[str, int, float, float]) -> pd.DataFrame:
    """Family, lead, forecast and observed value of each score."""
    columns = ["model_family", "horizon_days", "pm25_ugm3", "pm25_observed_ugm3"]
    return pd.DataFrame(rows, columns=columns)


def row_of(table: pd.DataFrame, family: str, horizon_days: int) -> dict[Any, Any]:
    [row] = table[(table["model_family"] == family) & (table["horizon_days"] == horizon_days)].to_dict("records")
    return row


TWO_DAYS = scores(
    ("damped_persistence", 1, 12.0, 10.0),
    ("damped_persistence", 1, 8.0, 12.0),
    ("damped_persistence", 2, 11.0, 10.0),
    ("ridge", 1, 11.0, 10.0),
    ("ridge", 1, 9.0, 12.0),
    ("ridge", 2, 12.0, 10.0),
)


def test_each_family_and_lead_gets_its_own_errors() -> None:
    table = skill_by_lead(TWO_DAYS)

    assert row_of(table, "ridge", 1) == pytest.approx(
        {
            "model_family": "ridge",
            "horizon_days": 1,
            "rmse_ugm3": np.sqrt(5.0),
            "mae_ugm3": 2.0,
            "bias_ugm3": -1.0,
            "rows": 2,
            "skill": 0.5,
        }
    )
    assert row_of(table, "ridge", 2)["skill"] == -3.0
    assert row_of(table, "damped_persistence", 1)["skill"] == 0.0


def test_families_keep_their_order() -> None:
    table = skill_by_lead(TWO_DAYS)

    assert table["model_family"].unique().tolist() == ["damped_persistence", "ridge"]


def test_skill_is_null_without_a_reference_that_errs() -> None:
    alone = skill_by_lead(TWO_DAYS[TWO_DAYS["model_family"] == "ridge"])
    perfect = skill_by_lead(scores(("damped_persistence", 1, 9.0, 9.0), ("ridge", 1, 8.0, 9.0)))

    assert alone["skill"].isna().all()
    assert np.isnan(row_of(perfect, "ridge", 1)["skill"])


def test_families_that_forecast_other_site_days_are_not_compared() -> None:
    table = skill_by_lead(TWO_DAYS.drop(index=4))

    assert np.isnan(row_of(table, "ridge", 1)["skill"])
    assert row_of(table, "ridge", 2)["skill"] == -3.0


def test_residuals_are_by_the_level_of_the_forecast() -> None:
    errors = np.linspace(-1.0, 1.0, 21)
    low = scores(*[("ridge", 1, 5.0, 5.0 - error) for error in errors])
    high = scores(*[("ridge", 1, 9.0, 9.0 - 4.0 * error) for error in errors])

    table = residuals_by_level(pd.concat([low, high], ignore_index=True))

    assert table["level"].tolist() == [0, 2], "a forecast of 9.0 is in the level from 9.0 on"
    assert table["rows"].tolist() == [21, 21]
    quantiles = table[["0.05", "0.25", "0.5", "0.75", "0.95"]].to_numpy()
    assert quantiles[0].tolist() == pytest.approx([-0.9, -0.5, 0.0, 0.5, 0.9])
    assert quantiles[1].tolist() == pytest.approx([-3.6, -2.0, 0.0, 2.0, 3.6])


def test_levels_of_few_forecasts_have_no_quantiles() -> None:
    assert residuals_by_level(scores(*[("ridge", 1, 5.0, 5.0)] * 19)).empty


def test_calibration_compares_means_of_tenths_of_the_forecasts() -> None:
    shuffled = np.random.default_rng(0).permutation(200)
    table = calibration(scores(*[("ridge", 1, float(level), 2.0 * level) for level in shuffled]))

    assert table["forecast_ugm3"].tolist() == [9.5, 29.5, 49.5, 69.5, 89.5, 109.5, 129.5, 149.5, 169.5, 189.5]
    assert table["observed_ugm3"].tolist() == [2 * mean for mean in table["forecast_ugm3"]]


def test_few_forecasts_make_fewer_bins() -> None:
    assert len(calibration(scores(*[("ridge", 1, float(level), 1.0) for level in range(59)]))) == 2
    assert len(calibration(scores(("ridge", 1, 3.0, 1.0)))) == 1


def test_no_scores_give_empty_tables() -> None:
    empty = TABLES["candidate_scores"].empty()

    assert [len(table(empty)) for table in (skill_by_lead, residuals_by_level, calibration)] == [0, 0, 0]
