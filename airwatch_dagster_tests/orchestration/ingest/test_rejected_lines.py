"""Lines that could not be read are stored by the run that read their file, once, and warned about where it matters."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow.readers import AgencyForecastsOfDay
from airwatch_dagster.acquire.parsing.rejections import REJECTED_COLUMNS, no_rejected_lines
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.readings import READING_COLUMNS, MonitorList
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.orchestration.assets.acquire import agency_forecasts, monitors, raw_readings
from airwatch_dagster.orchestration.ingest.rejected_lines import rejected_metadata, rejected_warnings
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

DAYS = ["2021-07-03", "2021-07-04", "2021-07-05"]
OWN, OTHER = "170319001", "060370001"
LINE: dict[str, Any] = {
    "file": "daily_88101_2021.zip",
    "line_number": 7,
    "is_repaired": False,
    "column_name": "Arithmetic Mean",
    "value": "-999",
    "reason": "expected a value from -50 to 5000",
    "site_id": OWN,
    "date_local": pd.Timestamp("2021-07-04"),
}


def lines(*changes: dict[str, Any]) -> pd.DataFrame:
    if not changes:
        return no_rejected_lines()
    frame = pd.DataFrame([LINE | change for change in changes], columns=list(REJECTED_COLUMNS))
    return frame.astype({"date_local": "datetime64[ns]"})


@dataclass
class Lossy(Source):
    """A source of one row a day, with lines that it could not read."""

    rejected: pd.DataFrame = field(default_factory=no_rejected_lines)
    files: tuple[str, ...] = ("daily_88101_2021.zip",)
    kind: str = "airdata"

    def pull(self, request: PullRequest) -> Pull:
        days = pd.date_range(request.first, request.last)
        rows = builders.raw_readings(*({"date_local": day, "source": "airdata"} for day in days))
        everything = lambda history: pd.Series(True, index=history.index)  # noqa: E731
        return Pull(rows[list(READING_COLUMNS)], everything, rejected=self.rejected, files=self.files)

    def monitors(self) -> MonitorList:
        return MonitorList(builders.monitors(), self.rejected)

    def agency_forecasts(self, day: date) -> AgencyForecastsOfDay:
        of_day = self.rejected["date_local"] == pd.Timestamp(day)
        return AgencyForecastsOfDay(TABLES["agency_forecasts"].empty(), self.rejected[of_day])


@dataclass
class Opens:
    """The resource of one given source."""

    source: Source

    @contextlib.contextmanager
    def open(self) -> Iterator[Source]:
        yield self.source

    @contextlib.contextmanager
    def open_into(self, tables: TableStorage) -> Iterator[Source]:
        yield self.source


class Installation:
    """The three tables whose runs set lines aside, on an instance of their own."""

    def __init__(self, root: Path, instance: dg.DagsterInstance) -> None:
        self.tables, self.instance, self._root = TableStorage.open(str(root)), instance, str(root)
        self.tables.write("monitors", {None: builders.monitors()})

    def run(self, source: Source, table: str = "raw_readings", *days: str) -> dg.ExecuteInProcessResult:
        """A run of the days, one or a range."""
        resources = {
            "io_manager": ParquetIOManager(root=self._root),
            "storage": StorageResource(root=self._root),
            "source": dg.ResourceDefinition.hardcoded_resource(Opens(source)),
        }
        definitions = dg.Definitions([monitors, raw_readings, agency_forecasts], resources=resources)
        job = definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey(table)])
        assert job is not None
        names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(table)],
            partition_key=days[0] if len(days) == 1 else None,
            tags=dict(zip(names, days, strict=True)) if len(days) == 2 else None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def stored(self) -> list[list[Any]]:
        frame = self.tables.read_or_empty("rejected_lines")
        return (
            frame[["read_for", "file", "line_number", "site_id"]]
            .sort_values(["read_for", "line_number"])
            .values.tolist()
        )


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Installation(tmp_path / "tables", instance)


ZIP = "daily_88101_2021.zip"


def test_a_line_set_aside_is_stored_and_seen_in_the_asset(installation: Installation) -> None:
    installation.run(Lossy(lines({}, {"line_number": 9, "is_repaired": True})), "raw_readings", DAYS[1])

    stored = installation.tables.read("rejected_lines")
    assert stored[["line_number", "is_repaired", "column_name", "value"]].values.tolist() == [
        [7, False, "Arithmetic Mean", "-999"],
        [9, True, "Arithmetic Mean", "-999"],
    ]
    assert stored["read_at"].notna().all()
    event = installation.instance.get_latest_materialization_event(dg.AssetKey("rejected_lines"))
    assert event is not None
    assert event.asset_materialization is not None
    numbers = {name: entry.value for name, entry in event.asset_materialization.metadata.items()}
    assert numbers == {"run_lines": 2, "run_repaired": 1, "read_for": "raw_readings"}


def test_the_table_is_there_from_the_first_run_on_and_changes_only_with_its_lines(installation: Installation) -> None:
    installation.run(Lossy(), "raw_readings", DAYS[1])
    assert installation.stored() == []
    assert installation.tables.exists("rejected_lines")
    first = installation.instance.get_latest_materialization_event(dg.AssetKey("rejected_lines"))

    installation.run(Lossy(), "raw_readings", DAYS[1])
    assert first is not None
    assert installation.instance.get_latest_materialization_event(dg.AssetKey("rejected_lines")) == first


def test_a_file_that_is_read_again_replaces_its_lines(installation: Installation) -> None:
    for _ in range(2):
        installation.run(Lossy(lines({}, {"line_number": 9})), "raw_readings", DAYS[1])
    assert installation.stored() == [["raw_readings", ZIP, 7, OWN], ["raw_readings", ZIP, 9, OWN]]

    installation.run(Lossy(lines({"line_number": 8})), "raw_readings", DAYS[1])
    assert installation.stored() == [["raw_readings", ZIP, 8, OWN]]

    installation.run(Lossy(), "raw_readings", DAYS[1])
    assert installation.stored() == []


@pytest.mark.slow
def test_lines_of_other_days_stay_and_are_not_stored_by_this_run(installation: Installation) -> None:
    of_each_day = lines(*({"line_number": n, "date_local": pd.Timestamp(day)} for n, day in enumerate(DAYS, 2)))
    installation.run(Lossy(of_each_day), "raw_readings", DAYS[0])
    assert [row[2] for row in installation.stored()] == [2]

    installation.run(Lossy(of_each_day), "raw_readings", DAYS[1], DAYS[2])
    assert [row[2] for row in installation.stored()] == [2, 3, 4]

    installation.run(Lossy(), "raw_readings", DAYS[1])
    assert [row[2] for row in installation.stored()] == [2, 4]


@pytest.mark.slow
def test_a_line_without_a_day_goes_when_its_file_is_read_without_it(installation: Installation) -> None:
    installation.run(Lossy(lines({"date_local": None})), "raw_readings", DAYS[0])
    installation.run(Lossy(files=("daily_88101_2020.zip",)), "raw_readings", DAYS[1])
    assert [row[2] for row in installation.stored()] == [7]

    installation.run(Lossy(), "raw_readings", DAYS[1])
    assert installation.stored() == []


@pytest.mark.slow
def test_each_table_replaces_the_lines_that_were_read_for_it(installation: Installation) -> None:
    of_list = Lossy(lines({"file": "aqs_monitors.zip", "date_local": None}))
    of_forecasts = Lossy(lines({"file": "AirNow reportingarea.dat of 2021-07-04", "site_id": None}))
    installation.run(Lossy(lines({})), "raw_readings", DAYS[1])
    installation.run(of_list, "monitors")
    installation.run(of_forecasts, "agency_forecasts", DAYS[1])
    assert [row[0] for row in installation.stored()] == ["agency_forecasts", "monitors", "raw_readings"]

    installation.run(Lossy(), "monitors")
    installation.run(Lossy(), "agency_forecasts", DAYS[0])
    assert [row[0] for row in installation.stored()] == ["agency_forecasts", "raw_readings"]


def test_a_monitor_list_with_lines_that_cannot_be_read_warns_and_counts_them(installation: Installation) -> None:
    repaired = {"file": "aqs_monitors.zip", "date_local": None, "is_repaired": True}
    lost = {"file": "aqs_monitors.zip", "date_local": None, "line_number": 9}

    broken = installation.run(Lossy(lines(lost, repaired)), "monitors")
    whole = installation.run(Lossy(lines(repaired)), "monitors")

    event = broken.asset_materializations_for_node("monitors")[0]
    assert event.metadata["run_rejected_lines"].value == 1
    [failed] = [one for one in broken.get_asset_check_evaluations() if one.check_name == "no_monitor_rejected"]
    [passed] = [one for one in whole.get_asset_check_evaluations() if one.check_name == "no_monitor_rejected"]
    assert (broken.success, failed.passed, failed.severity) == (True, False, dg.AssetCheckSeverity.WARN)
    assert str(failed.description).startswith("Monitors: 1 line could not be read, such as aqs_monitors.zip, line 9: ")
    assert passed.passed


def checks(result: dg.ExecuteInProcessResult) -> dict[str | None, tuple[bool, str, Any]]:
    """Partition → whether few_lines_rejected passed, its severity, and what was wrong."""
    found = [one for one in result.get_asset_check_evaluations() if one.check_name == "few_lines_rejected"]
    return {one.partition: (one.passed, one.severity.value, one.description) for one in found}


def test_an_unreadable_line_of_the_area_warns_and_the_day_is_stored(installation: Installation) -> None:
    result = installation.run(Lossy(lines({})), "raw_readings", DAYS[1])

    [(passed, severity, said)] = checks(result).values()
    assert (passed, severity) == (False, "WARN")
    assert said.startswith(
        "2021-07-04: 1 line could not be read, 1 of the area, such as daily_88101_2021.zip, line 7 of site "
        "170319001: expected a value from -50 to 5000. The readings of these lines are missing. "
    )
    assert installation.tables.read("raw_readings", [DAYS[1]])["arithmetic_mean"].tolist() == [8.0]


def test_the_days_of_a_range_are_judged_one_by_one(installation: Installation) -> None:
    result = installation.run(Lossy(lines({})), "raw_readings", DAYS[0], DAYS[2])

    passed = {partition: outcome[0] for partition, outcome in checks(result).items()}
    assert passed == {DAYS[0]: True, DAYS[1]: False, DAYS[2]: True, None: False}


MONITORS = builders.monitors()


def others(count: int, **changes: Any) -> pd.DataFrame:
    return lines(*({"line_number": number, "site_id": OTHER, **changes} for number in range(count)))


def test_few_lines_of_others_are_usual_and_many_are_not() -> None:
    assert rejected_warnings(others(5), MONITORS, partitions=DAYS) == {}
    assert rejected_warnings(others(6), MONITORS, partitions=DAYS) == {
        "2021-07-04": "6 lines could not be read, none known to be of the area"
    }


def test_a_site_around_the_area_is_another_and_so_is_an_unknown_one() -> None:
    around = builders.monitors({}, {"site_id": OTHER, "is_context": True})
    assert rejected_warnings(others(1), around, partitions=DAYS) == {}
    assert rejected_warnings(others(5, site_id=None), around, partitions=DAYS) == {}


def test_a_repaired_line_is_no_loss() -> None:
    assert rejected_warnings(lines({"is_repaired": True}), MONITORS, partitions=DAYS) == {}


def test_no_line_gives_no_warning() -> None:
    assert rejected_warnings(no_rejected_lines(), MONITORS, partitions=DAYS) == {}


def test_a_line_without_a_day_counts_to_the_first_of_the_run() -> None:
    assert list(rejected_warnings(lines({"date_local": None}), MONITORS, partitions=DAYS)) == [DAYS[0]]


def test_the_metadata_of_a_run_counts_the_lines_and_shows_ten() -> None:
    numbers = rejected_metadata(lines(*({"line_number": n, "is_repaired": n > 10} for n in range(1, 13))))

    assert (numbers["run_rejected_lines"], numbers["run_repaired_lines"]) == (10, 2)
    shown = numbers["run_unreadable"].value.splitlines()
    assert len(shown) == 2 + 10
    assert shown[2] == "| daily_88101_2021.zip | 1 | Arithmetic Mean | '-999' | expected a value from -50 to 5000 |"
    assert rejected_metadata(no_rejected_lines()) == {"run_rejected_lines": 0, "run_repaired_lines": 0}
