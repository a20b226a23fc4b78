"""Examples of two simulated years, built once."""

import pandas as pd
import pytest

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.fit.models.families import FittedModel, fit_families
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.schemas.columns import FAMILIES
from airwatch_dagster_tests.simulated_air import simulated_site_days


@pytest.fixture(scope="session")
def two_years() -> pd.DataFrame:
    """Training examples with target days 2019-02-01 to 2020-12-31, five sites in the area and ten around it."""
    days = simulated_site_days(sites=15, first="2019-01-01", days=731)
    area = {f"17031{number:04d}" for number in range(5)}
    features = build_features(days, issue_dates=pd.date_range("2019-01-29", "2020-12-31"), area_site_ids=area)
    return join_truth(features, days, first_target=pd.Timestamp("2019-02-01"), last_target=pd.Timestamp("2020-12-31"))


@pytest.fixture(scope="session")
def fitted(two_years: pd.DataFrame) -> dict[str, FittedModel]:
    """Every family fitted to the two years, by name."""
    return fit_families(TrainingSet(two_years, seed=1), FAMILIES)


@pytest.fixture(scope="session")
def around(two_years: pd.DataFrame) -> pd.DataFrame:
    """The same examples, two of the five sites being context."""
    return two_years.assign(is_context=two_years["site_id"].isin(["170310003", "170310004"]))
