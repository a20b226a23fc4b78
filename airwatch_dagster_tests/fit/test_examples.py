"""Examples join what was known to what came true, once each."""

import pandas as pd

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.simulated_air import simulated_site_days

SITE_DAYS = simulated_site_days(sites=3, first="2021-01-01", days=70)
FEATURES = build_features(
    SITE_DAYS, issue_dates=pd.date_range("2021-01-29", "2021-03-11"), area_site_ids=set(SITE_DAYS["site_id"])
)


def february() -> pd.DataFrame:
    first, last = pd.Timestamp("2021-02-01"), pd.Timestamp("2021-02-28")
    return join_truth(FEATURES, SITE_DAYS, first_target=first, last_target=last)


def test_examples_keep_their_contract_and_stay_in_the_month() -> None:
    examples = TABLES["training_examples"].schema.validate(february())
    assert examples["target_date"].min() == pd.Timestamp("2021-02-01")
    assert examples["target_date"].max() == pd.Timestamp("2021-02-28")
    assert set(examples["horizon_days"]) == {1, 2, 3}


def test_the_target_is_the_issue_day_plus_the_horizon() -> None:
    examples = february()
    assert ((examples["target_date"] - examples["issue_date"]).dt.days == examples["horizon_days"]).all()


def test_the_truth_is_the_valid_reading_of_the_target_day() -> None:
    truth = SITE_DAYS[SITE_DAYS["is_valid"]].set_index(["site_id", "date_local"])["pm25_ugm3"]
    examples = february()
    expected = [truth[key] for key in zip(examples["site_id"], examples["target_date"], strict=True)]
    assert examples["pm25_observed_ugm3"].tolist() == expected


def test_an_invalid_day_is_never_truth() -> None:
    days = SITE_DAYS.assign(is_valid=SITE_DAYS["date_local"] != "2021-02-10")
    found = join_truth(FEATURES, days, first_target=pd.Timestamp("2021-02-01"), last_target=pd.Timestamp("2021-02-28"))
    assert pd.Timestamp("2021-02-10") not in set(found["target_date"])
    assert pd.Timestamp("2021-02-11") in set(found["target_date"])


def test_a_month_without_truth_is_an_explicit_empty_table() -> None:
    found = join_truth(
        FEATURES, SITE_DAYS, first_target=pd.Timestamp("2025-02-01"), last_target=pd.Timestamp("2025-02-28")
    )
    assert found.empty
    assert list(found.columns) == TABLES["training_examples"].column_names
