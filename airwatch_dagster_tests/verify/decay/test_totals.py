"""Daily sums of scored forecasts: each sum beside a slow one by hand."""

import pandas as pd
import pytest

from airwatch_dagster.verify.decay.totals import ALL_LEADS, CANDIDATE_COLUMNS, SCORE_COLUMNS, daily_totals
from airwatch_dagster_tests.builders import candidate_scores, forecast_scores

HERE, COAST, ABROAD = ({"site_id": site} for site in ("170319001", "060371103", "800060001"))
SCORES = forecast_scores(
    {**HERE, "pm25_ugm3": 10.0, "pm25_observed_ugm3": 12.0, "probability_above_9_0": 0.8},
    {**COAST, "pm25_ugm3": 10.0, "pm25_observed_ugm3": 6.0, "probability_above_9_0": 0.5, "pm25_lower_ugm3": 7.0},
)[list(SCORE_COLUMNS)]
DAMPED = candidate_scores({**HERE, "pm25_ugm3": 9.0, "pm25_observed_ugm3": 12.0})
OWN = candidate_scores({**COAST, "pm25_ugm3": 9.0, "model_family": "ridge", "model_version": "7"})


def totals(*candidates: pd.DataFrame, scores: pd.DataFrame = SCORES) -> pd.DataFrame:
    known = pd.concat(candidates, ignore_index=True)[list(CANDIDATE_COLUMNS)]
    return daily_totals(scores, candidates=known).set_index(["horizon_days", "group_name"])


def test_a_day_sums_errors_where_both_have_a_forecast() -> None:
    row = totals(DAMPED, OWN).loc[(1, "all")]

    assert row[["cases", "covered"]].tolist() == [2, 1]
    assert row[["compared_damped", "own_damped", "theirs_damped"]].tolist() == [1, 4.0, 9.0]
    assert row[["compared_climatology", "own_climatology", "theirs_climatology"]].tolist() == [0, 0.0, 0.0]
    assert row[["compared_trained", "difference", "error"]].tolist() == [1, 1.0, 3.0]
    assert row[["exceeded_9_0", "probability_9_0", "probability_exceeded_9_0"]].tolist() == [1, 1.3, 0.8]
    assert row["probability_squared_9_0"] == pytest.approx(0.89)


def test_regions_are_groups_of_all_leads_where_there_are_several() -> None:
    two_leads = pd.concat([SCORES, SCORES.assign(horizon_days=2, issue_date=pd.Timestamp("2021-07-03"))])

    by_region = totals(DAMPED, scores=two_leads).loc[ALL_LEADS]

    assert by_region["cases"].to_dict() == {"region 5": 2, "region 9": 2}
    assert ALL_LEADS not in totals(DAMPED, scores=SCORES[:1]).index.get_level_values("horizon_days")


def test_sites_outside_the_regions_count_for_the_whole_alone() -> None:
    abroad = pd.concat([SCORES, SCORES[:1].assign(site_id=ABROAD["site_id"])])

    found = totals(DAMPED, scores=abroad)["cases"]

    assert found.to_dict() == {(0, "region 5"): 1, (0, "region 9"): 1, (1, "all"): 3}


def test_another_version_of_the_served_family_is_not_the_same_model() -> None:
    assert totals(OWN.assign(model_version="8")).loc[(1, "all"), "compared_trained"] == 0


def test_no_scores_give_no_totals() -> None:
    assert totals(DAMPED, scores=SCORES[:0]).empty
