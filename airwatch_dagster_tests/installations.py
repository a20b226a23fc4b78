"""AirWatch installed in a folder of its own, and a mirror of AirData's files to feed it."""

import contextlib
import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pandas as pd
import yaml
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result

from airwatch_dagster.cli import main
from airwatch_dagster.practice.formats.airdata import ENCODING, bulk_file
from airwatch_dagster.practice.world.world import DEFAULT_SEED
from airwatch_dagster.storage.packs import PACKS
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.built_once import built_once

REPOSITORY = Path(__file__).resolve().parents[1]
TODAY = date(2021, 6, 1)
"""The practice server's clock; the latest day it publishes is the one before."""

# Dagster reads its sixty migration scripts for every new run's database; here once per process.
ScriptDirectory.from_config = cache(ScriptDirectory.from_config)  # type: ignore[method-assign]


def mlflow_database() -> Path:
    """An MLflow database that holds tables and no entries; MLflow takes a second to create one, which pytest's cache
    folder keeps."""
    folder = REPOSITORY / ".pytest_cache" / f"mlflow-{version('mlflow')}"
    return built_once(folder, _create_mlflow_database) / "mlflow.db"


def _create_mlflow_database(folder: Path) -> None:
    from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

    folder.mkdir()
    engine = create_sqlalchemy_engine(f"sqlite:///{folder / 'mlflow.db'}")
    _initialize_tables(engine)
    engine.dispose()


@cache
def _dagster_yaml() -> str:
    """The repository's, without capture of the output of steps: tests see it at once."""
    config = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    module, name = "dagster._core.storage.noop_compute_log_manager", "NoOpComputeLogManager"
    return str(yaml.safe_dump({**config, "compute_logs": {"module": module, "class": name}}))


@dataclass(frozen=True)
class Installation:
    """Dagster's home, AirWatch's state and its tables below one folder."""

    folder: Path
    settings: tuple[tuple[str, str], ...] = ()
    """Environment variables beyond the defaults of these tests."""

    @classmethod
    def at(cls, folder: Path, **settings: str) -> "Installation":
        (folder / "home").mkdir(parents=True)
        (folder / "state").mkdir(exist_ok=True)
        (folder / "home" / "dagster.yaml").write_text(_dagster_yaml())
        shutil.copy(mlflow_database(), folder / "state")
        return cls(folder, tuple(settings.items()))

    @property
    def environment(self) -> dict[str, str]:
        """Complete, so that neither the developer's environment nor a `.env` matters; empty counts as unset."""
        return {
            "DAGSTER_HOME": str(self.folder / "home"),
            "AIRWATCH_STATE": str(self.folder / "state"),
            "AIRWATCH_STORAGE": str(self.folder / "tables"),
            "AIRWATCH_RATE_LIMIT_DIR": str(self.folder / "rate-limits"),
            "AIRWATCH_SOURCE": "practice",
            "AIRWATCH_PRACTICE_TODAY": str(TODAY),
            "AIRWATCH_AREA": "cbsa:16980",
            **dict.fromkeys(("AIRWATCH_CONTEXT_KM", "AIRWATCH_AIRDATA_URL", "AIRWATCH_AQS_URL"), ""),
            **dict.fromkeys(
                (
                    "EPA_AQS_EMAIL",
                    "EPA_AQS_API_KEY",
                    "AIRNOW_API_KEY",
                    "AIRWATCH_AIRNOW_API_URL",
                    "MLFLOW_TRACKING_URI",
                    *("AIRWATCH_WEATHER", "AIRWATCH_NBM_URL", "AIRWATCH_NWS_URL"),
                    *("AIRWATCH_OPEN_METEO_URL", "AIRWATCH_OPEN_METEO_KEY"),
                    "AIRWATCH_ISSUE_TIME",
                    "AIRWATCH_OTHER_FORECASTS",
                ),
                "",
            ),
            # Weather takes a tenth of a second a day; tests of it name its source.
            "AIRWATCH_WEATHER_SOURCE": "" if dict(self.settings).get("AIRWATCH_WEATHER") else "none",
            "NO_PROXY": "127.0.0.1",
            **dict(self.settings),
        }

    @property
    def tables(self) -> TableStorage:
        return TableStorage.open(self.environment["AIRWATCH_STORAGE"])

    def with_settings(self, **settings: str) -> "Installation":
        """The same folder with other settings."""
        return Installation(self.folder, (*self.settings, *settings.items()))

    def airwatch(self, *arguments: str) -> Result:
        """The result of `airwatch ARGUMENTS`: output, exit code and exception."""
        with self.activated():
            return CliRunner().invoke(main, arguments)

    def run(self, *arguments: str) -> str:
        """The output of `airwatch ARGUMENTS`, which must succeed."""
        result = self.airwatch(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    @contextlib.contextmanager
    def activated(self) -> Iterator[None]:
        """This installation is the process's: each run reads where its tables are."""
        with patch.dict(os.environ, self.environment):
            yield

    @contextlib.contextmanager
    def with_definitions(self) -> Iterator[tuple[dg.Definitions, dg.DagsterInstance]]:
        """Its definitions and its Dagster instance."""
        with self.activated():
            from airwatch_dagster.definitions import defs

            with dg.DagsterInstance.get() as instance:
                yield defs, instance

    def fingerprints(self) -> dict[str, str]:
        """Every stored file with the hash of its bytes; without packs, which any reader may replace."""
        root = Path(self.environment["AIRWATCH_STORAGE"])
        files = (path for path in root.rglob("*") if path.is_file() and not path.is_relative_to(root / PACKS))
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def run_job(
    definitions: dg.Definitions, name: str, *, instance: dg.DagsterInstance | None = None, **options: Any
) -> dg.ExecuteInProcessResult:
    """Execute a job of the definitions here, silently; a failing one is returned, not raised."""
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    job = definitions.resolve_job_def(name)
    return job.execute_in_process(instance=instance, run_config=quiet, raise_on_error=False, **options)


class AirDataMirror:
    """A folder with the bulk files of 2021 as of ``TODAY``, as a mirror of AirData would hold them."""

    DAILY = "daily_88101_2021.zip"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in (self.DAILY, "aqs_monitors.zip", "file_list.csv"):
            file = bulk_file(name, seed=DEFAULT_SEED, today=TODAY)
            assert file is not None
            (folder / name).write_bytes(file.content)

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    @property
    def daily(self) -> Path:
        return self.folder / self.DAILY

    def edit_daily(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        """Replace the daily file by one with its table changed; every value is text."""
        with zipfile.ZipFile(self.daily) as archive:
            text = archive.read("daily_88101_2021.csv").decode(ENCODING)
        table = change(pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False))
        with zipfile.ZipFile(self.daily, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("daily_88101_2021.csv", table.to_csv(index=False, quoting=1).encode(ENCODING))
