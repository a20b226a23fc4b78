"""An MLflow of its own for each module, and examples to fit on."""

from collections.abc import Iterator

import pandas as pd
import pytest

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.mlflow_servers import MlflowServer, running_mlflow_server
from airwatch_dagster_tests.simulated_air import simulated_site_days


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.at(tmp_path_factory.mktemp("experiments"))


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with running_mlflow_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    days = pd.date_range("2021-03-01", "2021-05-31")
    site_days = simulated_site_days(sites=3, first="2021-02-01", days=120)
    features = build_features(site_days, issue_dates=days, area_site_ids=set(site_days["site_id"]))
    return join_truth(features, site_days=site_days, first_target=days[0], last_target=days[-1])
