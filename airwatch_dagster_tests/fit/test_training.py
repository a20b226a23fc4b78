"""Training uses target days before its month only, and its holdout is the end of its window."""

import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit import training
from airwatch_dagster.fit.models.families import fit_families
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.scores import evidence_from_json
from airwatch_dagster.fit.training import (
    Registration,
    TrainedModel,
    _with_less_context,
    split_in_time,
    train_families,
    train_family,
    trained_models_frame,
    trained_models_row,
)
from airwatch_dagster.schemas import TABLES

MONTH = pd.Timestamp("2021-01-01")


@pytest.fixture(scope="module")
def ridge(two_years: pd.DataFrame) -> TrainedModel:
    return train_family(two_years, family="ridge", month=MONTH, seed=1)


def test_the_holdout_is_the_last_part_of_the_window(two_years: pd.DataFrame) -> None:
    early, late = split_in_time(two_years)
    assert early["target_date"].max() < late["target_date"].min()
    assert late["target_date"].max() == two_years["target_date"].max()
    assert late["target_date"].nunique() == 120


def test_a_short_window_holds_out_a_fifth_of_its_days(two_years: pd.DataFrame) -> None:
    short = two_years[two_years["target_date"] < pd.Timestamp("2019-02-01") + pd.Timedelta(days=50)]
    assert split_in_time(short)[1]["target_date"].nunique() == 10


def test_the_final_model_is_fitted_on_everything(ridge: TrainedModel, two_years: pd.DataFrame) -> None:
    assert ridge.is_fitted
    assert ridge.training_rows == len(two_years)
    assert ridge.last_target_date == pd.Timestamp("2020-12-31")


def test_holdout_errors_are_those_of_a_model_fitted_without_the_holdout(
    ridge: TrainedModel, two_years: pd.DataFrame
) -> None:
    from airwatch_dagster.fit.models.families import fit_family

    early, late = split_in_time(two_years)
    late = late[late["horizon_days"] == 1]
    error = np.round(fit_family(early, family="ridge", seed=1).predict(late), 4) - late["pm25_observed_ugm3"]
    assert ridge.metrics["holdout_rmse_1d_ugm3"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert ridge.metrics["holdout_bias_1d_ugm3"] == pytest.approx(np.mean(error))
    assert 0.0 < ridge.metrics["holdout_skill_1d"] < 1.0


def test_the_matrices_of_all_examples_are_gone_when_the_holdouts_are_made(
    two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[TrainingSet]] = []

    def fit(training_set: TrainingSet, *families: Any, **params: Any) -> Any:
        assert all(earlier() is None for earlier in made)
        made.append(weakref.ref(training_set))
        return fit_families(training_set, *families, **params)

    monkeypatch.setattr(training, "fit_families", fit)
    train_family(two_years, family="ridge", month=MONTH, seed=1)
    assert len(made) == 2


def test_a_target_day_in_the_month_is_refused(two_years: pd.DataFrame) -> None:
    with pytest.raises(ContractViolation, match="the latest 2020-12-31"):
        train_family(two_years, family="ridge", month=pd.Timestamp("2020-12-01"), seed=1)


def test_too_little_history_gives_a_row_with_a_reason_instead_of_a_model(two_years: pd.DataFrame) -> None:
    short = two_years[two_years["target_date"] < "2019-03-01"]
    trained = train_family(short, family="random_forest", month=pd.Timestamp("2019-03-01"), seed=1)
    assert not trained.is_fitted
    assert (
        trained.reason
        == "Not fitted: 28 target days with an observed value; random_forest is a learned family and needs 365."
    )


def test_no_history_at_all_is_not_an_error() -> None:
    empty = TABLES["training_examples"].empty()
    trained = train_family(empty, family="persistence", month=MONTH, seed=1)
    frame = trained_models_frame([trained_models_row(trained)])
    checked = TABLES["trained_models"].schema.validate(frame)
    assert checked["is_fitted"].tolist() == [False]
    assert checked["first_target_date"].isna().all()


def test_rows_of_the_table_keep_its_contract(ridge: TrainedModel) -> None:
    row = trained_models_row(ridge, registration=Registration("run", "models:/x/3", "3"))
    checked = TABLES["trained_models"].schema.validate(trained_models_frame([row]))
    assert checked["model_version"].tolist() == ["3"]
    assert checked["holdout_rows"].tolist() == [sum(one.rows for one in ridge.holdout)]
    assert len(evidence_from_json(checked["holdout_evidence"].item())) == min(1500, checked["holdout_rows"].item())


SMALL = {"random_forest": {"n_estimators": 3}, "catboost": {"rounds": 20}}


@pytest.mark.parametrize("family", ["ridge", "random_forest", "catboost"])
def test_context_is_used_in_fitting_but_neither_counted_nor_tested(family: str, around: pd.DataFrame) -> None:
    own = around[~around["is_context"]]
    with_it, without = (
        train_families(examples, families=[family], month=MONTH, seed=1, params=SMALL)[0] for examples in (around, own)
    )
    assert with_it.training_rows == without.training_rows == len(own)
    assert [one.rows for one in with_it.holdout] == [one.rows for one in without.holdout]
    assert f"Fitted on {len(own):,} examples and {len(around) - len(own):,} around the area of" in with_it.reason
    assert "around" not in without.reason
    assert with_it.model is not None
    assert without.model is not None
    assert not np.array_equal(with_it.model.predict(own), without.model.predict(own))
    assert with_it.metrics != without.metrics


@pytest.mark.parametrize("family", ["persistence", "damped_persistence", "climatology"])
def test_baselines_are_the_same_with_context(family: str, around: pd.DataFrame) -> None:
    own = around[~around["is_context"]]
    with_it, without = (train_family(examples, family=family, month=MONTH, seed=1) for examples in (around, own))
    assert with_it.model is not None
    assert without.model is not None
    np.testing.assert_array_equal(with_it.model.predict(own), without.model.predict(own))
    assert with_it.metrics == without.metrics


def test_the_model_under_test_is_fitted_on_all_of_the_area_and_every_fourth_day_around_it(around: pd.DataFrame) -> None:
    thinned = _with_less_context(around)
    own, others = around[~around["is_context"]], thinned[thinned["is_context"]]
    pd.testing.assert_frame_equal(thinned[~thinned["is_context"]], own)
    assert set(others["issue_date"].diff().dropna().dt.days) <= {0, 4}
    assert len(others) == pytest.approx(around["is_context"].sum() / 4, rel=0.05)
    assert _with_less_context(own) is own


def test_an_area_with_a_shorter_history_than_its_context_is_tested_on_its_own_last_days(
    around: pd.DataFrame,
) -> None:
    """Its first day lies within the last 120 of all days, so a holdout over all days would take every own example."""
    young = around[around["is_context"] | (around["target_date"] >= "2020-10-15")]
    early, late = split_in_time(young)
    assert late["target_date"].min() == pd.Timestamp("2020-12-16")
    assert early.loc[~early["is_context"], "target_date"].min() == pd.Timestamp("2020-10-15")
    trained = train_families(young, families=["climatology", "ridge"], month=MONTH, seed=1)
    assert [one.is_fitted for one in trained] == [True, False]
    assert trained[0].metrics["holdout_rmse_1d_ugm3"] == pytest.approx(3.1, abs=1.0)
    assert (
        trained[1].reason
        == "Not fitted: 78 target days with an observed value; ridge is a learned family and needs 365."
    )


def test_sites_around_the_area_alone_fit_nothing(around: pd.DataFrame) -> None:
    trained = train_families(around[around["is_context"]], families=["persistence", "ridge"], month=MONTH, seed=1)
    assert [one.reason for one in trained] == [
        "Not fitted: 0 target days with an observed value; persistence is a baseline and needs 21.",
        "Not fitted: 0 target days with an observed value; ridge is a learned family and needs 365.",
    ]
    assert trained_models_frame([trained_models_row(one) for one in trained])["training_rows"].tolist() == [0, 0]
