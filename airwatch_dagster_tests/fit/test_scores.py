"""Candidates are scored on the area's target days of the month, and evidence is stored as a sample."""

import numpy as np
import pandas as pd

from airwatch_dagster.fit.scores import evidence, evidence_from_json, evidence_to_json, score_candidates
from airwatch_dagster.fit.training import train_family
from airwatch_dagster.schemas import TABLES


def test_evidence_is_stored_as_1500_evenly_spaced_rows_of_three_decimals(two_years: pd.DataFrame) -> None:
    persistence = train_family(two_years, family="persistence", month=pd.Timestamp("2021-01-01"), seed=1).model
    assert persistence is not None
    rows = evidence(two_years, model=persistence)

    sample = evidence_from_json(evidence_to_json(rows))

    assert (len(sample), set(sample["horizon_days"])) == (1500, {1, 2, 3})
    ends = rows["pm25_ugm3"].iloc[[0, -1]].round(3)
    np.testing.assert_array_equal(sample["pm25_ugm3"].iloc[[0, -1]], ends)


def test_candidates_are_scored_on_target_days_of_the_month_only(two_years: pd.DataFrame) -> None:
    december = pd.Timestamp("2020-12-01")
    earlier = two_years[two_years["target_date"] < december]
    trained = train_family(earlier, family="damped_persistence", month=december, seed=1)
    assert trained.model is not None
    scores = score_candidates(
        two_years, models={"damped_persistence": trained.model}, month=december, versions={"damped_persistence": "7"}
    )
    checked = TABLES["candidate_scores"].schema.validate(scores)
    assert checked["target_date"].between("2020-12-01", "2020-12-31").all()
    assert len(checked) == (two_years["target_date"] >= december).sum()
    assert set(checked["model_version"]) == {"7"}


def test_without_models_the_table_of_scores_is_empty(two_years: pd.DataFrame) -> None:
    scores = score_candidates(two_years, models={}, month=pd.Timestamp("2020-12-01"))
    assert scores.empty
    assert list(scores.columns) == TABLES["candidate_scores"].column_names


def test_context_is_never_scored(around: pd.DataFrame) -> None:
    earlier = around[around["target_date"] < "2020-12-01"]
    model = train_family(earlier, family="damped_persistence", month=pd.Timestamp("2020-12-01"), seed=1).model
    assert model is not None
    scores = score_candidates(around, models={"damped_persistence": model}, month=pd.Timestamp("2020-12-01"))
    assert set(scores["site_id"]) == {"170310000", "170310001", "170310002"}
