"""Examples join features of an issue day to the observation of a later day, once each."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.fit.examples import examples_with_context, join_truth, own_examples, rows_between
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


def test_the_observation_is_the_valid_reading_of_the_target_day() -> None:
    truth = SITE_DAYS[SITE_DAYS["is_valid"]].set_index(["site_id", "date_local"])["pm25_ugm3"]
    examples = february()
    expected = [truth[key] for key in zip(examples["site_id"], examples["target_date"], strict=True)]
    assert examples["pm25_observed_ugm3"].tolist() == expected


def test_an_invalid_day_is_never_an_observation() -> None:
    days = SITE_DAYS.assign(is_valid=SITE_DAYS["date_local"] != "2021-02-10")
    found = join_truth(FEATURES, days, first_target=pd.Timestamp("2021-02-01"), last_target=pd.Timestamp("2021-02-28"))
    assert pd.Timestamp("2021-02-10") not in set(found["target_date"])
    assert pd.Timestamp("2021-02-11") in set(found["target_date"])


def test_a_month_without_observations_gives_an_empty_table() -> None:
    found = join_truth(
        FEATURES, SITE_DAYS, first_target=pd.Timestamp("2025-02-01"), last_target=pd.Timestamp("2025-02-28")
    )
    assert found.empty
    assert list(found.columns) == TABLES["training_examples"].column_names


def test_a_site_that_joins_the_area_is_context_before_and_own_since() -> None:
    joined, february = pd.Timestamp("2021-02-10"), (pd.Timestamp("2021-02-01"), pd.Timestamp("2021-02-28"))
    own = FEATURES[(FEATURES["site_id"] == "170310000") | (FEATURES["issue_date"] >= joined)]
    found = examples_with_context(
        own, SITE_DAYS, first_target=february[0], last_target=february[1], area_site_ids={"170310000"}
    )
    assert not found.duplicated(["site_id", "issue_date", "horizon_days"]).any()
    assert found.loc[found["is_context"], "issue_date"].max() < joined
    assert set(found.loc[found["is_context"], "site_id"]) == {"170310001", "170310002"}


AREA = {"170310000", "170310001"}
AROUND = simulated_site_days(sites=14, first="2021-01-01", days=90)
"""Two sites in the area and twelve around it, every third of them on one day in three."""


def with_context(first: str, last: str, *, site_days: pd.DataFrame = AROUND) -> pd.DataFrame:
    """Examples of target days, computed from the 31 days before them only."""
    begin, end = pd.Timestamp(first), pd.Timestamp(last)
    issued = pd.date_range(begin - pd.Timedelta(days=3), end - pd.Timedelta(days=1))
    known = site_days[site_days["date_local"].between(begin - pd.Timedelta(days=31), end)]
    features = build_features(known, issue_dates=issued, area_site_ids=AREA)
    return examples_with_context(features, known, first_target=begin, last_target=end, area_site_ids=AREA)


@pytest.fixture(scope="module")
def march() -> pd.DataFrame:
    return with_context("2021-03-01", "2021-03-31")


def test_examples_with_context_keep_their_contract_and_order(march: pd.DataFrame) -> None:
    checked = TABLES["training_examples"].schema.validate(march)
    order = ["target_date", "site_id", "horizon_days"]
    pd.testing.assert_frame_equal(checked.sort_values(order, ignore_index=True), checked)
    assert not checked.duplicated(order).any()
    assert (march["target_date"].min(), march["target_date"].max()) == (
        pd.Timestamp("2021-03-01"),
        pd.Timestamp("2021-03-31"),
    )


def test_the_areas_own_examples_are_the_same_without_context(march: pd.DataFrame) -> None:
    issued = pd.date_range("2021-02-26", "2021-03-30")
    features = build_features(AROUND, issue_dates=issued, area_site_ids=AREA)
    bare = join_truth(features, AROUND, first_target=pd.Timestamp("2021-03-01"), last_target=pd.Timestamp("2021-03-31"))
    assert set(bare["site_id"]) == AREA
    pd.testing.assert_frame_equal(own_examples(march).reset_index(drop=True), bare, check_exact=True)


def test_a_third_of_the_examples_around_the_area_is_taken(march: pd.DataFrame) -> None:
    others = set(AROUND["site_id"]) - AREA
    features = build_features(AROUND, issue_dates=pd.date_range("2021-02-26", "2021-03-30"), area_site_ids=others)
    every = join_truth(
        features, AROUND, first_target=pd.Timestamp("2021-03-01"), last_target=pd.Timestamp("2021-03-31")
    )
    context = march[march["is_context"]]
    assert set(context["site_id"]) == others
    assert len(context) == pytest.approx(len(every) / 3, rel=0.05)
    key = ["target_date", "site_id", "horizon_days"]
    among = every.merge(context[key], on=key).assign(is_context=True)
    pd.testing.assert_frame_equal(among, context.reset_index(drop=True), check_exact=True)


def test_context_is_spread_over_all_days_and_all_sites(march: pd.DataFrame) -> None:
    context = march[march["is_context"]]
    assert context["target_date"].nunique() == 31
    issued = context.drop_duplicates(["site_id", "issue_date"]).groupby("site_id")["issue_date"]
    assert issued.count().between(9, 11).all()
    assert set(issued.diff().dropna().dt.days % 3) == {0}


def test_single_months_have_the_examples_of_a_range() -> None:
    together = with_context("2021-02-01", "2021-03-31")
    alone = [with_context("2021-02-01", "2021-02-28"), with_context("2021-03-01", "2021-03-31")]
    pd.testing.assert_frame_equal(pd.concat(alone, ignore_index=True), together, check_exact=True)


def test_an_area_without_sites_around_it_has_no_context() -> None:
    alone = with_context("2021-03-01", "2021-03-31", site_days=AROUND[AROUND["site_id"].isin(AREA)])
    assert not alone["is_context"].any()
    assert own_examples(alone) is alone


def test_sites_around_an_empty_area_are_context_only() -> None:
    found = with_context("2021-03-01", "2021-03-31", site_days=AROUND[~AROUND["site_id"].isin(AREA)])
    assert found["is_context"].all()
    assert own_examples(found).empty


LIMITS = {"first": pd.Timestamp("2021-02-10"), "before": pd.Timestamp("2021-02-20")}


def test_rows_between_two_days_are_a_view_of_an_ordered_frame() -> None:
    examples = february()
    days = rows_between(examples, "target_date", **LIMITS)

    assert (days["target_date"].min(), days["target_date"].max()) == (LIMITS["first"], pd.Timestamp("2021-02-19"))
    assert np.shares_memory(days["pm25_last_ugm3"].to_numpy(), examples["pm25_last_ugm3"].to_numpy())


def test_rows_between_two_days_are_the_same_in_any_order() -> None:
    examples = february()
    shuffled = rows_between(examples.sample(frac=1.0, random_state=1), "target_date", **LIMITS)

    pd.testing.assert_frame_equal(shuffled.sort_index(), rows_between(examples, "target_date", **LIMITS))


@pytest.mark.parametrize("order", [1, -1])
def test_a_day_divides_the_rows_before_it_from_those_from_it_on(order: int) -> None:
    examples, cut = february().iloc[::order], LIMITS["first"]
    parts = rows_between(examples, "target_date", before=cut), rows_between(examples, "target_date", first=cut)

    assert parts[0]["target_date"].max() == cut - pd.Timedelta(days=1)
    assert parts[1]["target_date"].min() == cut
    assert len(parts[0]) + len(parts[1]) == len(examples)
