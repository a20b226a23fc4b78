"""Commands that are killed wherever they change state: what is stored before, and which command runs beside them."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from airwatch_dagster.practice.server.server import DEFAULT_KEY, PracticeServer
from airwatch_dagster.practice.world.restatements import Restatement
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import raw_readings
from airwatch_dagster_tests.end_to_end.small_history import backfill, store_history, store_readings, true_readings
from airwatch_dagster_tests.end_to_end.test_import import HEADER, line
from airwatch_dagster_tests.installations import Installation

FEBRUARY: Final = (pd.Timestamp("2021-02-01"), pd.Timestamp("2021-02-28"))

ISSUED: Final = ("2021-02-01", "2021-02-02")

YEAR: Final = 2021
RESTATED: Final = ("2021-05-01", "2021-05-08")

FIRST_PULL, SECOND_PULL = date(YEAR + 1, 2, 1), date(YEAR + 1, 8, 1)
"""The server's day while the base of the recheck is built, and while drills run."""

LONG_AGO: Final = 40 * 86_400
"""Seconds by which a purge's base is aged."""


@dataclass(frozen=True)
class KillScenario:
    """One command, from one state of an installation to the next."""

    name: str
    prepare: Callable[[Installation], None]
    """Fills an empty installation; runs once."""
    command: tuple[str, ...]
    """``{folder}`` is the installation's folder."""
    writer: tuple[str, ...] = ()
    """A command that another process runs again and again meanwhile, of this installation; empty: none can."""
    settings: Mapping[str, str] = field(default_factory=dict)
    is_on_s3: bool = True
    """Whether it also runs with its tables in S3."""
    made: str = ""
    """A folder of the installation that the command fills, besides its tables."""
    is_done: str = ""
    """What the command says, with exit code 1, when the killed one had done everything."""


def _stored(installation: Installation, last: pd.Timestamp) -> None:
    """A year of history, readings until ``last``, and the monitor list that a writer beside the drill builds again."""
    with installation.activated():
        store_history(installation.tables, true_readings())
        store_readings(installation.tables, true_readings(), last=last)
    installation.run("backfill", *ISSUED, "--tables", "monitors")


def _history(installation: Installation) -> None:
    _stored(installation, pd.Timestamp("2021-02-04"))
    backfill(installation, FEBRUARY[0], pd.Timestamp("2021-02-04"), "site_days", "features")


def _trained(installation: Installation) -> None:
    _history(installation)
    backfill(installation, FEBRUARY[0], pd.Timestamp(ISSUED[1]), "trained_models", "champion_model", "predictions")


def _month(installation: Installation) -> None:
    _stored(installation, pd.Timestamp("2021-03-05"))
    backfill(installation, FEBRUARY[0], pd.Timestamp("2021-03-05"), "site_days", "features")
    backfill(installation, *FEBRUARY, "training_examples", "trained_models", "champion_model", "predictions")


def _old(installation: Installation) -> None:
    """Two months of models, runs that built nothing newest, and old files of every kind; all of it long ago."""
    _month(installation)
    backfill(installation, pd.Timestamp("2021-03-01"), pd.Timestamp("2021-03-02"), "trained_models")
    for _ in range(2):
        installation.run("backfill", *ISSUED, "--tables", "site_days", "--refresh")
    state, tables = installation.folder / "state", installation.folder / "tables"
    downloads = state / "downloads"
    files = ("airdata-0/daily.zip", "airdata-0/daily.zip.json", "aqs-0/a.jsonl.gz", "aqs-0/a.jsonl.gz.stored")
    for path in [*(downloads / name for name in files), tables / "site_days" / f".2021-02-03.parquet.{'0' * 32}.tmp"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"old")
    _age(installation, LONG_AGO)


def _age(installation: Installation, seconds: int) -> None:
    """Make everything that is stored look older."""
    state = installation.folder / "state"
    with closing(sqlite3.connect(state / "runs.db")) as runs, runs:
        runs.execute(f"UPDATE runs SET update_timestamp = datetime(update_timestamp, '-{seconds} seconds')")
        runs.execute(f"UPDATE runs SET start_time = start_time - {seconds}, end_time = end_time - {seconds}")
    with closing(sqlite3.connect(state / "mlflow.db")) as mlflow, mlflow:
        mlflow.execute(f"UPDATE model_versions SET creation_time = creation_time - {1000 * seconds}")
    old = time.time() - seconds
    for path in (one for one in installation.folder.rglob("*") if one.is_file()):
        os.utime(path, (old, old))


def _stamped_in_future(installation: Installation) -> None:
    wrong, right = pd.Timestamp("2099-01-01 08:00"), pd.Timestamp("2021-05-01 08:00")
    with installation.activated():
        for day in ("2021-04-01", "2021-04-02"):
            moment = pd.Timestamp(day)
            rows = raw_readings(
                {"date_local": moment, "first_seen_at": right, "superseded_at": wrong, "arithmetic_mean": 8.0},
                {"date_local": moment, "first_seen_at": wrong, "arithmetic_mean": 9.0},
            )
            installation.tables.write("raw_readings", {day: rows})
        checks = TABLES["history_checks"].empty()
        check = {"checked_at": wrong, "look": "changed_since", "source": "aqs", "year": 2021, "row_count": 0}
        check |= {"changed_since": right.normalize(), "changed_until": wrong.normalize()}
        rows = pd.DataFrame([{**check, "changed_day_count": 0, "changed_days": ""}])[list(checks.columns)]
        installation.tables.write("history_checks", {None: rows.astype(checks.dtypes.to_dict())})


def _downloads(installation: Installation) -> None:
    """Two downloads, the first of which is imported."""
    files = installation.folder / "files"
    files.mkdir()
    may = [line(f"02/{day:02d}/2020", 8.0 + day, source="AirNow") for day in (3, 4, 5)]
    september = [line("02/03/2020", 11.0), line("02/04/2020", 9.5), line("02/06/2020", 5.0)]
    for name, lines in (("may.csv", may), ("september.csv", september)):
        (files / name).write_text("\n".join([HEADER, *lines, ""]))
    installation.run("import", str(files / "may.csv"), "--seen-at", "2020-05-04")


def _imported(installation: Installation) -> None:
    _downloads(installation)
    installation.run("import", str(installation.folder / "files" / "september.csv"), "--seen-at", "2020-09-01")


def _backed_up(installation: Installation) -> None:
    """A backup, and nothing else."""
    _trained(installation)
    installation.run("backup", str(installation.folder / "backup"))
    for name in ("state", "tables"):
        shutil.rmtree(installation.folder / name)
        (installation.folder / name).mkdir()


def _pulled(server: PracticeServer) -> Callable[[Installation], None]:
    """The first of two pulls; EPA restates its days before the second."""

    def prepare(installation: Installation) -> None:
        server.move_clock(FIRST_PULL)
        installation.run("backfill", *RESTATED, "--tables", "raw_readings,site_days")
        server.move_clock(SECOND_PULL)

    return prepare


RESTATEMENTS: Final = (
    Restatement(date(YEAR + 1, 6, 1), date(YEAR, 5, 3), date(YEAR, 5, 6), 0.83, 0.05),
    Restatement(date(YEAR + 1, 6, 1), date(YEAR, 5, 7), date(YEAR, 5, 7), deleted_share=0.3),
)
"""What EPA changes between the two pulls: four days lowered, readings of one deleted."""


def scenarios(server: PracticeServer) -> list[KillScenario]:
    """All of them; those that read from EPA read from ``server``, which applies RESTATEMENTS."""
    again = ("backfill", *ISSUED, "--tables", "site_days,features", "--refresh")
    epa = {
        "AIRWATCH_AREA": "cbsa:37900",
        "AIRWATCH_CONTEXT_KM": "0",
        "AIRWATCH_AQS_URL": server.aqs_url,
        "AIRWATCH_AIRDATA_URL": server.airdata_url,
        "AIRWATCH_AQS_INTERVAL_S": "0.02",
        "EPA_AQS_EMAIL": "drill@example.org",
        "EPA_AQS_API_KEY": DEFAULT_KEY,
    }
    readings = ("backfill", "2021-05-29", "2021-05-31", "--tables", "monitors,raw_readings,site_days,features")
    scored = "training_examples,candidate_scores,forecast_scores,verification,scoreboard,scoreboard_events"
    watched = "sensor_flags,monthly_findings,drift_report,coverage,monitor_changes"
    recheck = ("backfill", *RESTATED, "--tables", "raw_readings,site_days,revisions", "--refresh")
    promoted = ("persistence", "--yes", "--month", "2021-02", "--by", "Ada", "--reason", "smoke")
    files = {"AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": "file:///nowhere"}
    imported = ("import", "{folder}/files/september.csv", "--seen-at", "2020-09-01")
    return [
        KillScenario("readings to features", lambda _: None, readings, (*readings, "--refresh")),
        KillScenario(
            "month training, champion, forecast",
            _history,
            ("backfill", *ISSUED, "--tables", "trained_models,champion_model,predictions"),
            again,
        ),
        KillScenario(
            "promotion of a champion", _trained, ("models", "promote", *promoted), again, is_done="is already"
        ),
        KillScenario(
            "scores and verification", _month, ("backfill", "2021-02-01", "2021-02-28", "--tables", scored), again
        ),
        KillScenario(
            "flags, findings, drift report, coverage",
            _month,
            ("backfill", "2021-02-01", "2021-02-28", "--tables", watched),
            again,
        ),
        KillScenario("bulletin", _month, ("backfill", "2021-02-27", "2021-02-28", "--tables", "bulletin"), again),
        KillScenario(
            "recheck of the API with versions", _pulled(server), recheck, recheck, {**epa, "AIRWATCH_SOURCE": "aqs"}
        ),
        KillScenario(
            "recheck of files with versions", _pulled(server), recheck, recheck, {**epa, "AIRWATCH_SOURCE": "airdata"}
        ),
        KillScenario(
            "import of a download",
            _downloads,
            imported,
            imported,
            files,
        ),
        KillScenario(
            "undoing an import",
            _imported,
            ("import", "--undo", "2020-09-01"),
            settings=files,
            is_done="no imported file|no import of this file|none of the stored pulls",
        ),
        KillScenario("repair", _stamped_in_future, ("repair", "--yes")),
        KillScenario("purge", _old, ("purge", "--yes", "--older-than", "1d"), again, is_on_s3=False),
        KillScenario("backup", _trained, ("backup", "{folder}/backup"), again, is_on_s3=False, made="backup/tables"),
        KillScenario("restore", _backed_up, ("restore", "{folder}/backup"), is_on_s3=False),
        KillScenario(
            "export",
            _trained,
            ("export", "predictions", *ISSUED, "--to", "{folder}/out", "--overwrite"),
            made="out",
        ),
    ]
