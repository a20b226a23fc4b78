"""The champions of months: choices by evidence from month to month, and overrides above them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError, ModelRefused
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel
from airwatch_dagster.orchestration.training import champions as module
from airwatch_dagster.orchestration.training.champion_override import ChampionOverride
from airwatch_dagster.orchestration.training.champions import select_or_override
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.fit.shadow_scores import shadow, trained

DECEMBER, JANUARY = pd.Timestamp("2020-12-01"), pd.Timestamp("2021-01-01")
BETTER = {"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5}
TRAINED = pd.concat([trained(month=DECEMBER), trained(month=JANUARY)], ignore_index=True)
SCORES = shadow(BETTER, days=120)
NO_OVERRIDE = ChampionOverride()


class FakeRegistry:
    """Stores which version was tagged and which one got the alias, by month."""

    def __init__(self) -> None:
        self.tagged: list[str] = []
        self.alias: dict[str, str] = {}

        self.damaged: set[str] = set()
        """Versions whose files are not those that were logged."""

    def verify(self, model: LoggedModel) -> None:
        if model.version in self.damaged:
            raise ModelRefused(model.name, "ridge.npz is missing", fix=model.fix)

    def tag(self, decision: pd.Series) -> None:
        self.tagged.append(str(decision["model_version"]))

    def set_alias(self, version: str, *, month: pd.Timestamp) -> bool:
        self.alias[f"{month:%Y-%m}"] = version
        return True


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> FakeRegistry:
    fake = FakeRegistry()
    monkeypatch.setattr(module, "tag_served_months", fake.tag)
    monkeypatch.setattr(module, "set_champion_alias", fake.set_alias)
    monkeypatch.setattr(module, "verify_files", fake.verify)
    return fake


@pytest.fixture
def tables(tmp_path: Path) -> TableStorage:
    opened = TableStorage.open(str(tmp_path))
    opened.write("trained_models", {f"{month:%Y-%m}": rows for month, rows in TRAINED.groupby("month")})
    return opened


def selected(months: Sequence[pd.Timestamp], tables: TableStorage, override: ChampionOverride = NO_OVERRIDE) -> Any:
    found = select_or_override(months, override, trained=TRAINED, scores=SCORES, tables=tables)
    tables.write("champion_model", {f"{month:%Y-%m}": rows for month, rows in found.groupby("month")})
    return found


def ada(version: str, **more: Any) -> ChampionOverride:
    return ChampionOverride(version=version, by="Ada", reason="smoke season", **more)


def test_a_month_has_the_champion_of_the_month_before_as_its_incumbent(
    registry: FakeRegistry, tables: TableStorage
) -> None:
    december, january = selected([DECEMBER, JANUARY], tables).to_dict("records")

    assert (december["model_family"], december["previous_family"]) == ("catboost", None)
    assert (january["model_family"], january["previous_family"]) == ("catboost", "catboost")
    assert january["previous_version"] == "catboost-1"


def test_a_run_moves_the_alias_once_to_the_last_month_with_a_champion(
    registry: FakeRegistry, tables: TableStorage
) -> None:
    *_, february = selected([DECEMBER, JANUARY, pd.Timestamp("2021-02-01")], tables)["is_serving"]

    assert not february, "no family was trained"
    assert registry.tagged == ["catboost-1", "catboost-1"]
    assert registry.alias == {"2021-01": "catboost-1"}


def test_a_run_of_two_months_chooses_as_two_runs_do(registry: FakeRegistry, tables: TableStorage) -> None:
    together = selected([DECEMBER, JANUARY], tables).drop(columns="decided_at")

    alone = [selected([month], tables).drop(columns="decided_at") for month in (DECEMBER, JANUARY)]

    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))


def test_an_override_comes_above_the_choice_and_stays_when_the_choice_is_recomputed(
    registry: FakeRegistry, tables: TableStorage
) -> None:
    selected([JANUARY], tables)

    overridden = selected([JANUARY], tables, ada("ridge-1", serves_from="2021-01-11"))
    recomputed = selected([JANUARY], tables)

    assert overridden["model_family"].tolist() == recomputed["model_family"].tolist() == ["ridge", "catboost"]
    newest = recomputed.iloc[0]
    assert (newest["decided_by"], newest["decided_by_person"], newest["order_kind"]) == ("person", "Ada", "promote")
    assert (newest["previous_version"], newest["serves_from"]) == ("catboost-1", pd.Timestamp("2021-01-11"))
    assert newest["reason"].startswith("Ada promoted ridge (version ridge-1) from 2021-01-11 on")
    assert registry.alias == {"2021-01": "ridge-1"}
    assert registry.tagged == ["catboost-1", "ridge-1", "catboost-1"]


def test_an_override_of_several_months_is_an_error(registry: FakeRegistry, tables: TableStorage) -> None:
    with pytest.raises(ConfigurationError, match="2020-12 to 2021-01") as caught:
        selected([DECEMBER, JANUARY], tables, ada("ridge-1"))

    assert caught.value.culprit == "champion_model"
    assert registry.alias == {}


@pytest.mark.parametrize(
    ("override", "culprit"),
    [
        (ChampionOverride(version="ridge-1", reason="why"), "--by"),
        (ChampionOverride(version="ridge-1", by="Ada", reason=" "), "--reason"),
        (ada("ridge-9"), "models promote"),
        (ada("ridge-1", serves_from="2021-02-01"), "--from"),
    ],
    ids=["no person", "no reason", "no such version", "a day outside the month"],
)
def test_an_invalid_override_is_an_error_that_names_its_culprit(
    registry: FakeRegistry, tables: TableStorage, override: ChampionOverride, culprit: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        selected([JANUARY], tables, override)

    assert caught.value.culprit == culprit
    assert registry.tagged == []


def test_a_version_whose_files_are_damaged_is_not_promoted(registry: FakeRegistry, tables: TableStorage) -> None:
    selected([DECEMBER], tables)
    registry.tagged.clear()
    registry.damaged.add("ridge-1")

    with pytest.raises(
        ModelRefused, match=r"model version ridge-1 \(ridge, trained for 2020-12\): ridge\.npz is missing"
    ):
        selected([DECEMBER], tables, ada("ridge-1"))

    assert registry.tagged == []
    assert len(tables.read("champion_model", ["2020-12"])) == 1


def test_a_champion_has_the_hashes_of_its_version(registry: FakeRegistry, tables: TableStorage) -> None:
    manifest = '{"model.json":{"bytes":1,"sha256":"…"}}'
    of_month = trained(month=DECEMBER).assign(model_files=lambda rows: manifest + rows["model_family"])
    [row] = select_or_override([DECEMBER], NO_OVERRIDE, trained=of_month, scores=SCORES, tables=tables).to_dict(
        "records"
    )

    assert row["model_files"] == f"{manifest}catboost"
