"""Old models that never served go from MLflow with their files; no other one does."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL
from airwatch_dagster.orchestration.registry.mlflow_client import EXPERIMENT, mlflow_client
from airwatch_dagster.orchestration.retention.models import UnservedModels
from airwatch_dagster_tests.installations import Installation

pytestmark = pytest.mark.slow

BEFORE = datetime(2021, 1, 1, tzinfo=UTC)


class Tables:
    """A storage in which these versions made decisions and forecasts."""

    def __init__(self, **versions: list[str]) -> None:
        self._versions = versions

    def stored_partitions(self, table: str) -> dict[str, datetime]:
        return dict.fromkeys((str(number) for number in range(len(self._versions.get(table, [])))), BEFORE)

    def read(self, table: str, partitions: list[str], *, columns: list[str]) -> pd.DataFrame:
        assert columns == ["model_version"]
        return pd.DataFrame({"model_version": [self._versions[table][int(one)] for one in partitions]})


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    import mlflow

    before = mlflow.get_tracking_uri()
    with Installation.at(tmp_path / "installation").activated():
        yield mlflow_client()
    mlflow.set_tracking_uri(before)


def trained(client: Any, tmp_path: Path, month: str, *, is_young: bool = False) -> str:
    """A version of a family for a month, with two files; registered last year unless it is young."""
    files = tmp_path / "model"
    files.mkdir(exist_ok=True)
    (files / "weights").write_bytes(b"12345")
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    run = client.create_run(experiment, tags={"family": "ridge", "month": month}).info.run_id
    client.log_artifact(run, files / "weights")
    model = client.create_logged_model(experiment, name="model", source_run_id=run).model_id
    client.log_model_artifacts(model, str(files))
    source = f"models:/{model}"
    version = client.create_model_version(REGISTERED_MODEL, source=source, run_id=run, model_id=model).version
    if not is_young:
        with closing(sqlite3.connect(tmp_path / "installation" / "state" / "mlflow.db")) as database, database:
            age = "UPDATE model_versions SET creation_time = creation_time - 365 * 86400000 WHERE version = ?"
            database.execute(age, (int(version),))
    return str(version)


def versions(client: Any) -> set[str]:
    return {str(one.version) for one in client.search_model_versions(f"name = '{REGISTERED_MODEL}'")}


def purged(**served: list[str]) -> set[str]:
    kind = UnservedModels(Tables(**served))  # type: ignore[arg-type]
    items = kind.items(BEFORE)
    kind.remove(items)
    return {item.name for item in items}


def test_an_old_model_that_never_served_goes_with_files_run_and_rows(client: Any, tmp_path: Path) -> None:
    old, newest = trained(client, tmp_path, "2020-05"), trained(client, tmp_path, "2021-05")
    run = client.get_model_version(REGISTERED_MODEL, old).run_id
    [item] = UnservedModels(Tables()).items(BEFORE)  # type: ignore[arg-type]
    assert (item.name, item.size, item.changed_at) == (old, 10, datetime(2020, 6, 1, tzinfo=UTC))

    assert purged() == {old}

    assert versions(client) == {newest}
    files = tmp_path / "installation" / "state" / "mlflow-artifacts"
    assert len(list(files.rglob("weights"))) == 2
    with closing(sqlite3.connect(tmp_path / "installation" / "state" / "mlflow.db")) as database:
        assert database.execute("SELECT count(*) FROM runs WHERE run_uuid = ?", (run,)).fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM logged_models").fetchone() == (1,)


def test_champions_and_models_of_stored_forecasts_stay(client: Any, tmp_path: Path) -> None:
    decided, issued, alias, tagged, never = (trained(client, tmp_path, "2020-05") for _ in range(5))
    trained(client, tmp_path, "2021-05")
    client.set_registered_model_alias(REGISTERED_MODEL, "champion", alias)
    client.set_model_version_tag(REGISTERED_MODEL, tagged, "serves_2020-06", "the best")

    assert purged(champion_model=[decided], predictions=[issued] * 40) == {never}


def test_models_of_late_months_of_the_newest_one_and_of_today_stay(client: Any, tmp_path: Path) -> None:
    trained(client, tmp_path, "2020-05", is_young=True)
    assert purged() == set()

    trained(client, tmp_path, "2020-06")
    assert purged() == set()

    trained(client, tmp_path, "2020-12")
    trained(client, tmp_path, "2021-01")
    assert UnservedModels(Tables()).items(datetime(2020, 7, 1, tzinfo=UTC)) == []  # type: ignore[arg-type]


def test_a_model_that_serves_since_it_was_listed_stays(client: Any, tmp_path: Path) -> None:
    old = trained(client, tmp_path, "2020-05")
    trained(client, tmp_path, "2021-05")
    items = UnservedModels(Tables()).items(BEFORE)  # type: ignore[arg-type]

    UnservedModels(Tables(champion_model=[old])).remove(items)  # type: ignore[arg-type]

    assert [item.name for item in items] == [old]
    assert old in versions(client)


def test_a_removal_that_was_interrupted_is_listed_and_finished(client: Any, tmp_path: Path) -> None:
    old = trained(client, tmp_path, "2020-05")
    trained(client, tmp_path, "2021-05")
    version = client.get_model_version(REGISTERED_MODEL, old)
    client.delete_logged_model(version.source.removeprefix("models:/"))
    client.delete_run(version.run_id)

    assert purged() == {old}
    assert old not in versions(client)


def test_what_others_registered_stays(client: Any, tmp_path: Path) -> None:
    trained(client, tmp_path, "2021-05")
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    run = client.create_run(experiment).info.run_id
    other = client.create_model_version(REGISTERED_MODEL, source=f"runs:/{run}/model", run_id=run).version

    assert purged() == set()
    assert str(other) in versions(client)
