"""A lasting loss of skill asks for one retraining of the month after it, when that can change anything."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.orchestration.automation import sensors
from airwatch_dagster.orchestration.automation.retraining import OPENING_FIRST, RETRAINED_FOR, retrain_after_loss
from airwatch_dagster.orchestration.incidents.sensors import incidents
from airwatch_dagster.orchestration.incidents.state import Incident
from airwatch_dagster.orchestration.incidents.stored import changed_incidents, stored_incidents
from airwatch_dagster.orchestration.metadata.decay import DECAY_CHECKS
from airwatch_dagster.orchestration.resources import StorageResource, utc_now
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.verify.decay.measures import CLIMATOLOGY, PROBABILITIES, SKILL
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.assets.test_verify import store

HOUR = pd.Timedelta(hours=1)


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    """April and May are verified; June's models are older than the examples of May."""
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path))
    opened = TableStorage.open(str(tmp_path))
    for table, month, hours_ago in (
        ("verification", "2021-04", 5),
        ("verification", "2021-05", 3),
        ("trained_models", "2021-06", 2),
        ("training_examples", "2021-05", 1),
    ):
        opened.write(table, {month: TABLES[table].empty()})
        moment = (utc_now() - hours_ago * HOUR).tz_localize("UTC").timestamp()
        os.utime(tmp_path / table / f"{month}.parquet", (moment, moment))
    return opened


def told(tmp_path: Path, *months: str, check: str = SKILL, hours_ago: float = 1.0) -> None:
    """An open incident of a check of verification, of these months."""
    at, partitions = utc_now() - hours_ago * HOUR, frozenset(months)
    seen: dict[str, Any] = {"partitions": partitions, "partitions_left": partitions}
    incident = Incident("check_warned", "verification", check, at, at, "-7 % saved", **seen)
    changed_incidents(StorageResource(root=str(tmp_path)), lambda rows: [*rows, incident], now=utc_now())


def tick(tmp_path: Path, instance: dg.DagsterInstance | None = None) -> Any:
    resources = {"storage": StorageResource(root=str(tmp_path))}
    with (
        dg.DagsterInstance.ephemeral() as own,
        dg.build_sensor_context(instance=instance or own, resources=resources) as context,
    ):
        return retrain_after_loss(context)


@pytest.mark.parametrize("check", [SKILL, CLIMATOLOGY])
def test_a_loss_asks_for_the_month_after_it_with_the_reason_as_a_tag(
    tmp_path: Path, tables: TableStorage, check: str
) -> None:
    told(tmp_path, "2021-04", "2021-05", check=check)

    first, again = tick(tmp_path), tick(tmp_path)

    assert (first.job_name, first.partition_key) == ("open_month", "2021-06")
    assert first.tags[RETRAINED_FOR] == f"{check} 2021-05"
    assert first.run_key == again.run_key == "retrain:2021-06"


def test_two_losses_ask_for_one_retraining(tmp_path: Path, tables: TableStorage) -> None:
    told(tmp_path, "2021-04", check=CLIMATOLOGY)
    told(tmp_path, "2021-05", check=SKILL)

    assert tick(tmp_path).run_key == "retrain:2021-06"


def test_where_a_search_is_allowed_it_comes_first_even_without_new_examples(
    tmp_path: Path, tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_SEARCH_MINUTES", "5")
    tables.write("trained_models", {"2021-06": TABLES["trained_models"].empty()})
    told(tmp_path, "2021-05")

    assert tick(tmp_path).job_name == "tune_and_open_month"

    tables.write("hyperparameters", {"2021-06": TABLES["hyperparameters"].empty()})
    assert "learned from all there is" in tick(tmp_path).skip_message


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"check": PROBABILITIES}, "No loss of skill is open"),
        ({"months": ("2021-04",)}, "The loss is of 2021-04, and later months are verified"),
        ({"hours_ago": 0.1}, "The loss of 2021-05 is new: the opening of 2021-06 comes first"),
        ({"months": ("2999-01",)}, "The loss is of 2999-01, which is not over"),
    ],
    ids=["probabilities are calibrated anew anyway", "an earlier month", "new", "a month under way"],
)
def test_nothing_is_asked_for(tmp_path: Path, tables: TableStorage, options: dict[str, Any], why: str) -> None:
    months = options.pop("months", ("2021-05",))
    told(tmp_path, *months, **options)

    assert tick(tmp_path).skip_message == why


def test_models_that_have_seen_every_example_are_not_trained_again(tmp_path: Path, tables: TableStorage) -> None:
    """The same seed and examples give the same models: the opening of the month was the retraining."""
    tables.write("trained_models", {"2021-06": TABLES["trained_models"].empty()})
    told(tmp_path, "2021-05")

    assert tick(tmp_path).skip_message == (
        "The models of 2021-06 have learned from all there is: trained again they would not differ"
    )


def test_a_training_under_way_is_not_joined_by_another(tmp_path: Path, tables: TableStorage) -> None:
    told(tmp_path, "2021-05")
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.add_run(
            dg.DagsterRun("open_month", tags={"dagster/partition": "2021-06"}, status=dg.DagsterRunStatus.STARTED)
        )

        assert tick(tmp_path, instance).skip_message == f"Run {run.run_id} trains 2021-06 already"


def test_it_can_be_turned_off(tmp_path: Path, tables: TableStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    told(tmp_path, "2021-05")
    monkeypatch.setenv("AIRWATCH_RETRAIN", "false")

    assert tick(tmp_path).skip_message == "AIRWATCH_RETRAIN=false"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Readings and examples of April and May, and served forecasts that lost their skill."""
    made = Installation.at(tmp_path_factory.mktemp("decay") / "installation")
    made.run("backfill", "2021-03-18", "2021-05-31", "--tables", "raw_readings,site_days,features,training_examples")
    with made.activated():
        store(made.tables, error=2.0, first="2021-03-18", last=pd.Timestamp("2021-05-31"))
    return made


def looked(definitions: dg.Definitions, instance: dg.DagsterInstance, cursor: str | None) -> str | None:
    """The cursor after a look of the sensor that feeds the incidents."""
    options: dict[str, Any] = {"repository_def": definitions.get_repository_def(), "cursor": cursor}
    resources = {"storage": StorageResource()}
    with dg.build_sensor_context(instance=instance, resources=resources, **options) as context:
        return incidents.evaluate_tick(context).cursor


@pytest.mark.slow
def test_a_loss_found_by_a_command_is_told_answered_by_one_run_and_decided_by_the_gate(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From verification to champion: the check warns, the incident opens, the sensor asks once, the gate decides."""
    with installation.with_definitions() as (definitions, instance):
        cursor = looked(definitions, instance, None)
    installation.run("backfill", "2021-05-01", "2021-05-31", "--tables", "verification", "--refresh")
    monkeypatch.setattr("airwatch_dagster.orchestration.automation.retraining.OPENING_FIRST", -OPENING_FIRST)

    with installation.with_definitions() as (definitions, instance):
        storage = StorageResource()
        looked(definitions, instance, cursor)
        [lost] = [one for one in stored_incidents(storage.tables()) if one.scope == SKILL]
        assert lost.is_open
        assert "more squared error than damped persistence" in lost.first_error

        with dg.build_sensor_context(instance=instance, resources={"storage": storage}) as context:
            request: Any = retrain_after_loss(context)
            job = definitions.resolve_job_def(request.job_name)
            run = job.execute_in_process(instance=instance, partition_key=request.partition_key, tags=request.tags)
            answered: Any = retrain_after_loss(context)

        assert run.success
        [found] = instance.get_runs(dg.RunsFilter(tags={RETRAINED_FOR: f"{SKILL} 2021-05"}))
        assert found.run_id == run.run_id
        assert "learned from all there is" in answered.skip_message
        assert len(storage.tables().read("champion_model", ["2021-06"])) == 1


@pytest.mark.slow
def test_the_opening_after_a_loss_has_the_reason_as_a_tag(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual way: closing May finds the loss, and the opening of June is the retraining."""
    with installation.with_definitions() as (definitions, instance):
        job = definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey("verification")])
        assert job is not None
        closed = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey("verification")], partition_key="2021-05"
        )
        context = dg.build_run_status_sensor_context(
            "open_next_month",
            dagster_event=closed.all_events[-1],
            dagster_instance=instance,
            dagster_run=closed.dagster_run,
        )
        request: Any = sensors.open_next_month(context)
        monkeypatch.setenv("AIRWATCH_RETRAIN", "false")
        untold: Any = sensors.open_next_month(context)

    assert (request.job_name, request.partition_key) == ("open_month", "2021-06")
    assert request.tags == {RETRAINED_FOR: f"{SKILL} 2021-05"}
    assert untold.tags == {}


def test_checks_that_ask_for_retraining_are_checks_of_verification() -> None:
    assert {SKILL, CLIMATOLOGY} <= set(DECAY_CHECKS)
