"""What a promotion would lose, and that it must be accepted."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.commands.champions.models import newest_of_family
from airwatch_dagster.commands.champions.promotion_loss import promotion_loss
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.builders import filled

JULY, AUGUST = pd.Timestamp("2021-07-01"), pd.Timestamp("2021-08-01")
ERRORS = {"ridge": 1.0, "catboost": 1.1, "persistence": 2.0, "climatology": 0.5}
VERSIONS = {
    "1": ("persistence", 0.0),
    "2": ("ridge", 0.2),
    "3": ("catboost", 0.1),
    "4": ("ridge", 0.4),
    "5": ("climatology", 0.0),
}


def scores(*families: str) -> pd.DataFrame:
    """Forecasts of the same 40 days by each family, each off by its error."""
    rows: list[dict[str, Any]] = []
    for family in families:
        for day in pd.date_range("2021-06-01", periods=40):
            issued = {"issue_date": day, "target_date": day + pd.Timedelta(days=1)}
            rows.append({**issued, "model_family": family, "pm25_ugm3": 8.0 + ERRORS[family]})
    return builders.candidate_scores(*rows)


@pytest.fixture
def tables(tmp_path: Path) -> TableStorage:
    storage = TableStorage.open(str(tmp_path))
    for version, (family, skill) in VERSIONS.items():
        registered = {"model_family": family, "model_version": version, "is_fitted": True, "holdout_skill_1d": skill}
        month = pd.Timestamp(2021, int(version), 1)
        storage.write("trained_models", {f"{month:%Y-%m}": filled("trained_models", month=month, **registered)})
    storage.write("candidate_scores", {"2021-06": scores(*ERRORS)})
    serving = {"is_serving": True, "model_family": "ridge", "model_version": "2", "decided_by": "holdout"}
    storage.write("champion_model", {"2021-07": filled("champion_model", month=JULY, **serving)})
    return storage


def test_a_baseline_is_named_with_its_month_and_its_squared_error(tables: TableStorage) -> None:
    loss = promotion_loss("1", month=JULY, tables=tables)

    assert loss is not None
    for fact in ("version 1", "persistence, a baseline, of 2021-01", "300 % more squared error than ridge 2"):
        assert fact in loss


def test_a_learned_family_is_refused_only_when_it_was_worse(tables: TableStorage) -> None:
    assert "21 % more squared error than ridge 2" in str(promotion_loss("3", month=JULY, tables=tables))

    tables.write("candidate_scores", {"2021-06": scores("ridge", "catboost").assign(pm25_ugm3=9.0)})
    assert promotion_loss("3", month=JULY, tables=tables) is None


def test_a_baseline_asks_even_when_it_was_better(tables: TableStorage) -> None:
    assert "75 % less squared error than ridge 2" in str(promotion_loss("5", month=JULY, tables=tables))


def test_versions_of_one_family_are_compared_on_their_holdouts(tables: TableStorage) -> None:
    assert promotion_loss("4", month=JULY, tables=tables) is None
    serving = {"is_serving": True, "model_family": "ridge", "model_version": "4", "decided_by": "holdout"}
    tables.write("champion_model", {"2021-07": filled("champion_model", month=JULY, **serving)})

    assert "33 % more squared error than ridge 4" in str(promotion_loss("2", month=JULY, tables=tables))


def test_the_champion_of_the_month_before_serves_until_the_month_has_one(tables: TableStorage) -> None:
    assert "than ridge 2" in str(promotion_loss("1", month=AUGUST, tables=tables))


@pytest.mark.parametrize("version", ["2", "99"])
def test_nothing_is_lost_by_the_champion_itself_or_an_unknown_version(tables: TableStorage, version: str) -> None:
    assert promotion_loss(version, month=JULY, tables=tables) is None


def test_a_family_stands_for_its_newest_version_that_may_serve(tables: TableStorage) -> None:
    assert newest_of_family("ridge", pd.Timestamp("2021-03-01"), tables) == "2"
    assert newest_of_family("ridge", JULY, tables) == "4"
    with pytest.raises(ConfigurationError, match="ridge has no version for 2021-01"):
        newest_of_family("ridge", pd.Timestamp("2021-01-01"), tables)


def test_nothing_is_lost_when_nobody_serves(tables: TableStorage) -> None:
    nobody = {"is_serving": False, "decided_by": "no_history"}
    tables.write("champion_model", {"2021-07": filled("champion_model", month=JULY, **nobody)})

    assert promotion_loss("1", month=JULY, tables=tables) is None
