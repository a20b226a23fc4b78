"""A table's schema as its asset's contract: nothing bad is stored, and every partition's evaluation is recorded."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import materialize_step
from airwatch_dagster.errors import RunFailed
from airwatch_dagster.orchestration.instance import event_log
from airwatch_dagster.orchestration.partitions import PARTITIONS, window
from airwatch_dagster.orchestration.tables.checks import FAILED_PARTITIONS, Check
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, table_asset
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests import builders

DAYS = ["2021-07-01", "2021-07-02", "2021-07-03"]
RANGE = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}
TOO_LOW_UGM3 = -99.0
PLAUSIBLE = Check("Values are plausible", "Forecasts may be off.", "Look at `airwatch inspect site_days DAY`.")


def site_days(*days: str, bad: str = "") -> pd.DataFrame:
    """Two sites on each day; on the day ``bad`` one of them has an impossible reading."""
    rows = [{"date_local": pd.Timestamp(day), "site_id": site} for day in days for site in ("170319001", "170319002")]
    frame = builders.site_days(*rows)
    is_bad = (frame["date_local"] == pd.Timestamp(bad or "1900-01-01")) & (frame["site_id"] == "170319002")
    return frame.assign(pm25_ugm3=frame["pm25_ugm3"].mask(is_bad, TOO_LOW_UGM3))


class Pipeline:
    """The table site_days as ``make`` returns it, and a table that reads it, on an instance of their own."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.folder, self.instance = folder, instance
        self.make: Callable[[], Any] = lambda: site_days(*DAYS)
        self.downstream_ran = False
        self.definitions = dg.Definitions(
            assets=[_named("site_days", self._made), _named("features", self._read, reads="site_days")],
            resources={"io_manager": ParquetIOManager(root=str(folder))},
            executor=dg.in_process_executor,
        )

    def _made(self) -> Any:
        return self.make()

    def _read(self) -> pd.DataFrame:
        self.downstream_ran = True
        return TABLES["features"].empty()

    def run(self, *tables: str, day: str | None = None) -> dg.ExecuteInProcessResult:
        """One run of the tables, for a day or for the range of three."""
        keys = [dg.AssetKey(table) for table in tables or ("site_days",)]
        job = self.definitions.resolve_implicit_job_def_def_for_assets(keys)
        assert job is not None
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=keys,
            partition_key=day,
            tags=None if day else RANGE,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def statuses(self, check: str = "schema") -> dict[str | None, Status]:
        """Partition → the status of its latest evaluation."""
        key = dg.AssetCheckKey(dg.AssetKey("site_days"), check)
        records = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=1000)
        return {record.partition: record.status for record in reversed(records)}

    def evaluations(self, run_id: str) -> list[Any]:
        """Every evaluation that a run recorded, in order."""
        logs = self.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        return [log.dagster_event.asset_check_evaluation_data for log in logs if log.dagster_event]

    def stored(self) -> dict[str, bytes]:
        return {path.stem: path.read_bytes() for path in sorted((self.folder / "site_days").glob("*.parquet"))}


def _named(name: str, make: Callable[[], Any], *, reads: str | None = None) -> dg.AssetsDefinition:
    def function() -> Any:
        return make()

    def reader(site_days: pd.DataFrame) -> Any:
        return make()

    chosen: Callable[..., Any] = reader if reads else function
    chosen.__name__ = name
    warnings = None if reads else {"plausible": PLAUSIBLE}
    failing = None if reads else {"published": Check("Readings are published", "None are read.", "Wait.")}
    ins = {reads: window(reads, -1, 0)} if reads else None
    return table_asset(
        stage="clean", warning_checks=warnings, failing_checks=failing, keep_unchanged=not reads, ins=ins
    )(chosen)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(tmp_path / "tables", instance)


@pytest.fixture
def pipeline_on_disk(tmp_path: Path) -> Iterator[Pipeline]:
    """With the event log of dagster.yaml, in which numbers of events differ from database to database."""
    (tmp_path / "dagster").mkdir()
    log = {"module": event_log.__name__, "class": "PooledSqliteEventLogStorage"}
    own: dict[str, Any] = {
        "telemetry": {"enabled": False},
        "event_log_storage": {**log, "config": {"base_dir": str(tmp_path / "dagster")}},
    }
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster"), overrides=own) as instance:
        yield Pipeline(tmp_path / "tables", instance)


def violation_of(result: dg.ExecuteInProcessResult) -> str:
    [failure] = result.get_step_failure_events()
    error = failure.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    assert error is not None
    return error.message


def test_a_failing_check_fails_its_day_and_blocks_neither_the_table_nor_its_readers(pipeline: Pipeline) -> None:
    pipeline.make = lambda: AssetResult(site_days(*DAYS), warnings={"published": {DAYS[1]: "no readings"}})

    result = pipeline.run("site_days", "features")

    assert result.success
    assert pipeline.downstream_ran
    assert pipeline.statuses("published") == {
        DAYS[0]: Status.SUCCEEDED,
        DAYS[1]: Status.FAILED,
        DAYS[2]: Status.SUCCEEDED,
        None: Status.FAILED,
    }
    assert {one.severity for one in pipeline.evaluations(result.run_id) if one.check_name == "published"} == {
        dg.AssetCheckSeverity.ERROR
    }


def test_a_check_says_the_cause_of_each_day_and_of_the_newest_for_the_whole_run(pipeline: Pipeline) -> None:
    warnings = {"published": {DAYS[0]: "no readings", DAYS[1]: "no readings"}}
    causes = {"published": {DAYS[0]: "network", DAYS[1]: "pipeline"}}
    pipeline.make = lambda: AssetResult(site_days(*DAYS), warnings=warnings, causes=causes)

    made = [one for one in pipeline.evaluations(pipeline.run().run_id) if one.check_name == "published"]

    said = {one.partition: value.text for one in made if (value := one.metadata.get("probable cause"))}
    assert said == {DAYS[0]: "network", DAYS[1]: "pipeline", None: "pipeline"}


def test_a_function_that_yields_continues_after_its_rows_are_stored_and_never_after_refused_rows(
    pipeline: Pipeline,
) -> None:
    seen: list[str] = []

    def make(bad: str = "") -> Iterator[pd.DataFrame]:
        try:
            yield site_days(*DAYS, bad=bad)
            seen.append(f"{len(pipeline.stored())} stored")
        finally:
            seen.append("closed")

    pipeline.make = make
    assert pipeline.run().success
    assert seen == ["3 stored", "closed"]
    seen.clear()
    pipeline.make = lambda: make(DAYS[1])
    assert not pipeline.run().success
    assert seen == ["closed"]


def test_a_function_that_yields_two_results_is_refused(pipeline: Pipeline) -> None:
    pipeline.make = lambda: (site_days(*DAYS) for _ in range(2))

    result = pipeline.run()

    assert not result.success
    assert "second result" in violation_of(result)


def test_a_partition_that_did_not_change_is_not_rewritten(pipeline: Pipeline) -> None:
    def written() -> dict[str, int]:
        return {path.stem: path.stat().st_mtime_ns for path in (pipeline.folder / "site_days").glob("*.parquet")}

    pipeline.run()
    before = written()
    changed = site_days(*DAYS)
    pipeline.make = lambda: changed.assign(aqi=changed["aqi"].mask(changed["date_local"] == DAYS[1], 45))
    pipeline.run()

    after = written()
    assert {day for day in after if after[day] != before[day]} == {DAYS[1]}


def test_a_violation_names_table_column_rule_count_and_a_sample(pipeline: Pipeline) -> None:
    pipeline.make = lambda: site_days(*DAYS, bad="2021-07-02")

    message = violation_of(pipeline.run())

    assert (
        "site_days: the frame breaks the contract: "
        "pm25_ugm3 must satisfy greater_than_or_equal_to(-50.0) (1 row, such as site_id=170319002 "
        "date_local=2021-07-02 00:00:00 pm25_ugm3=-99.0)" in message
    )
    assert "nothing of the frame was stored. Retrying will not help." in message


def test_a_violation_in_a_range_fails_the_check_of_the_day_concerned_and_keeps_every_old_file(
    pipeline: Pipeline,
) -> None:
    pipeline.run()
    before = pipeline.stored()
    pipeline.make = lambda: site_days(*DAYS, bad="2021-07-02").assign(aqi=1)

    result = pipeline.run("site_days", "features")

    assert not result.success
    assert pipeline.stored() == before
    assert sorted(before) == DAYS
    failed = [one for one in pipeline.evaluations(result.run_id) if not one.passed]
    assert [(one.partition, one.blocking, one.severity) for one in failed] == [
        ("2021-07-02", True, dg.AssetCheckSeverity.ERROR)
    ]
    assert "pm25_ugm3=-99.0" in failed[0].description
    assert pipeline.statuses()["2021-07-02"] is Status.FAILED
    assert not pipeline.downstream_ran


def test_a_violation_in_a_run_of_one_day_fails_its_check(pipeline: Pipeline) -> None:
    pipeline.run(day="2021-07-02")
    before = pipeline.stored()
    pipeline.make = lambda: site_days("2021-07-02", bad="2021-07-02")

    result = pipeline.run("site_days", "features", day="2021-07-02")

    assert not result.success
    assert pipeline.statuses() == {"2021-07-02": Status.FAILED}
    assert pipeline.stored() == before
    assert not pipeline.downstream_ran


def test_a_violation_of_the_whole_table_concerns_every_day_of_the_run(pipeline: Pipeline) -> None:
    pipeline.make = lambda: site_days(*DAYS).drop(columns="aqi")

    result = pipeline.run()

    assert "aqi is missing" in violation_of(result)
    assert pipeline.statuses() == dict.fromkeys(DAYS, Status.FAILED)
    assert pipeline.stored() == {}


def test_rows_without_a_date_concern_every_day_of_the_run(pipeline: Pipeline) -> None:
    pipeline.make = lambda: site_days(*DAYS).assign(date_local=pd.NaT)

    assert "date_local must not be null" in violation_of(pipeline.run())
    assert pipeline.statuses() == dict.fromkeys(DAYS, Status.FAILED)


def test_a_range_that_passes_has_one_evaluation_per_day(pipeline: Pipeline) -> None:
    result = pipeline.run("site_days", "features")

    assert result.success
    assert pipeline.statuses() == dict.fromkeys(DAYS, Status.SUCCEEDED) | {None: Status.SUCCEEDED}
    recorded = [one.partition for one in pipeline.evaluations(result.run_id) if one.check_name == "schema"]
    assert recorded.count("2021-07-02") == 2, "one of each table"
    assert pipeline.downstream_ran


@pytest.mark.parametrize("day", [None, "2021-07-02"], ids=["range", "one day"])
def test_an_evaluation_names_the_materialization_it_is_about(pipeline_on_disk: Pipeline, day: str | None) -> None:
    """Dagster shows a partition as checked only when its evaluation names its newest materialization."""
    pipeline = pipeline_on_disk
    pipeline.make = lambda: site_days(*([day] if day else DAYS))
    pipeline.run(day=day)

    result = pipeline.run(day=day)

    newest = pipeline.instance.get_latest_storage_id_by_partition(
        dg.AssetKey("site_days"), dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    named = {
        one.partition: one.target_materialization_data.storage_id
        for one in pipeline.evaluations(result.run_id)
        if one.check_name == "schema" and one.partition
    }
    assert named == newest


def test_a_range_can_be_repeated_and_a_failed_day_fixed(pipeline_on_disk: Pipeline) -> None:
    """Evaluations outside the run cannot be repeated for the same partition: the second run broke."""
    pipeline = pipeline_on_disk
    assert pipeline.run().success
    assert pipeline.run().success
    pipeline.make = lambda: site_days(*DAYS, bad="2021-07-02")
    assert not pipeline.run().success
    pipeline.make = lambda: site_days(*DAYS)

    assert pipeline.run().success
    assert pipeline.statuses() == dict.fromkeys(DAYS, Status.SUCCEEDED) | {None: Status.SUCCEEDED}


def test_a_warning_marks_its_day_and_the_run_succeeds(pipeline: Pipeline) -> None:
    pipeline.make = lambda: AssetResult(
        site_days(*DAYS), warnings={"plausible": {"2021-07-03": "all sites read the same"}}
    )

    result = pipeline.run("site_days", "features")

    assert result.success
    assert pipeline.downstream_ran
    assert pipeline.statuses("plausible") == {
        "2021-07-01": Status.SUCCEEDED,
        "2021-07-02": Status.SUCCEEDED,
        "2021-07-03": Status.FAILED,
        None: Status.FAILED,
    }
    failed = [one for one in pipeline.evaluations(result.run_id) if one.partition == "2021-07-03" and not one.passed]
    said = "All sites read the same. Forecasts may be off. Look at `airwatch inspect site_days 2021-07-03`."
    assert [(one.severity, one.description) for one in failed] == [(dg.AssetCheckSeverity.WARN, said)]
    [whole] = [one for one in pipeline.evaluations(result.run_id) if not one.passed and one.partition is None]
    assert whole.description.startswith("1 of 3 partitions failed. 2021-07-03: all sites read the same. Forecasts may")
    assert {name: value.value for name, value in whole.metadata.items()} == {FAILED_PARTITIONS: 1}
    assert list(pipeline.stored()) == DAYS


def test_a_warning_in_a_run_of_one_day(pipeline: Pipeline) -> None:
    pipeline.make = lambda: AssetResult(site_days("2021-07-03"), warnings={"plausible": {"2021-07-03": "implausible"}})

    assert pipeline.run(day="2021-07-03").success
    assert pipeline.statuses("plausible") == {"2021-07-03": Status.FAILED}
    assert pipeline.statuses() == {"2021-07-03": Status.SUCCEEDED}


def test_metadata_of_a_day_goes_to_its_materialization(pipeline: Pipeline) -> None:
    pipeline.make = lambda: AssetResult(
        site_days(*DAYS), metadata={"pulled_rows": 6}, partition_metadata={"2021-07-02": {"rmse_ugm3": 1.5}}
    )

    events = [event.materialization for event in pipeline.run().get_asset_materialization_events()]

    found = {event.partition: {name: value.value for name, value in event.metadata.items()} for event in events}
    assert {day: numbers.get("rmse_ugm3") for day, numbers in found.items()} == {
        "2021-07-01": None,
        "2021-07-02": 1.5,
        "2021-07-03": None,
    }
    assert {day: numbers["pulled_rows"] for day, numbers in found.items()} == dict.fromkeys(DAYS, 6)


def test_the_command_line_gets_the_sentence_of_a_failed_step(pipeline: Pipeline) -> None:
    pipeline.make = lambda: site_days(*DAYS, bad="2021-07-02")

    with pytest.raises(RunFailed, match=r"^site_days failed: site_days: the frame breaks the contract: pm25_ugm3 must"):
        materialize_step(pipeline.definitions, Step("site_days", DAYS[0], DAYS[-1], 3), instance=pipeline.instance)


def code_location() -> dg.Definitions:
    from airwatch_dagster.definitions import defs

    return defs


@pytest.mark.parametrize("table", TABLES)
def test_every_asset_is_described(table: str) -> None:
    spec = TABLES[table]
    asset = code_location().resolve_assets_def(table)
    [described] = [one for one in asset.specs if one.key == dg.AssetKey(table)]

    module = spec.model.__module__.rpartition(".")[2]
    assert described.group_name == {"weather": "acquire"}.get(module, module)
    assert described.owners == ["team:airwatch"]
    assert described.kinds
    assert (described.description or "").startswith(spec.description)
    assert [column.name for column in described.metadata["dagster/column_schema"].columns] == spec.column_names
    assert asset.partitions_def == PARTITIONS[spec.grain]
    assert spec.grain == "none" or asset.backfill_policy == dg.BackfillPolicy.single_run()


WRITTEN_BY_OTHERS = {
    "rejected_lines": {"monitors", "raw_readings", "agency_forecasts", "weather_forecasts"},
    "incidents": set(),
}
"""Tables without runs of their own, and those whose runs write a part of them; a sensor writes ``incidents``."""


@pytest.mark.parametrize("table", sorted(set(TABLES) - set(WRITTEN_BY_OTHERS)))
def test_every_asset_has_its_schema_as_blocking_check_of_its_partitions(table: str) -> None:
    checks = {check.name: check for check in code_location().resolve_assets_def(table).check_specs}

    assert checks["schema"].blocking
    assert checks["schema"].partitions_def == PARTITIONS[TABLES[table].grain]
    assert [name for name, check in checks.items() if check.blocking] == ["schema"]


def test_the_assets_are_the_tables_of_the_contract() -> None:
    assert {key.to_user_string() for key in code_location().resolve_all_asset_keys()} == set(TABLES)


@pytest.mark.parametrize("table", WRITTEN_BY_OTHERS)
def test_a_table_that_others_write_follows_them_and_cannot_be_materialized(table: str) -> None:
    node = code_location().resolve_asset_graph().get(dg.AssetKey(table))

    assert (node.is_external, node.is_materializable) == (True, False)
    assert {key.to_user_string() for key in node.parent_keys} == WRITTEN_BY_OTHERS[table]


def test_every_table_reads_the_days_and_months_it_should() -> None:
    reads = {
        (table, key.to_user_string()): (mapping.start_offset, mapping.end_offset)
        for table in TABLES
        for asset in [code_location().resolve_assets_def(table)]
        for key in asset.asset_deps[dg.AssetKey(table)]
        if isinstance(mapping := asset.get_partition_mapping(key), dg.TimeWindowPartitionMapping)
    }

    assert reads == {
        ("early_predictions", "features"): (0, 0),
        ("early_predictions", "weather_forecasts"): (0, 0),
        ("early_predictions", "champion_model"): (0, 0),
        ("early_scores", "early_predictions"): (-3, -1),
        ("early_scores", "forecast_scores"): (0, 0),
        ("early_scores", "site_days"): (0, 0),
        ("scoreboard", "early_scores"): (0, 0),
        ("scoreboard_events", "early_scores"): (0, 0),
        ("bulletin", "early_predictions"): (0, 0),
        ("bulletin", "predictions"): (0, 0),
        ("bulletin", "site_days"): (0, 0),
        ("bulletin", "forecast_scores"): (0, 0),
        ("site_days", "raw_readings"): (0, 0),
        ("features", "site_days"): (-28, 0),
        ("training_examples", "features"): (-1, 0),
        ("training_examples", "site_days"): (-2, 0),
        ("training_examples", "weather_forecasts"): (-1, 0),
        ("hyperparameters", "training_examples"): (-36, -1),
        ("trained_models", "training_examples"): (-36, -1),
        ("trained_models", "hyperparameters"): (-12, 0),
        ("candidate_scores", "trained_models"): (0, 0),
        ("candidate_scores", "training_examples"): (0, 0),
        ("champion_model", "trained_models"): (0, 0),
        ("champion_model", "candidate_scores"): (-24, -1),
        ("predictions", "weather_forecasts"): (0, 0),
        ("predictions", "features"): (0, 0),
        ("predictions", "champion_model"): (0, 0),
        ("forecast_scores", "predictions"): (-3, -1),
        ("forecast_scores", "site_days"): (0, 0),
        ("verification", "forecast_scores"): (0, 0),
        ("verification", "candidate_scores"): (0, 0),
        ("scoreboard", "forecast_scores"): (0, 0),
        ("scoreboard", "candidate_scores"): (0, 0),
        ("scoreboard", "site_days"): (-1, 0),
        ("scoreboard", "agency_forecasts"): (-1, 0),
        ("scoreboard_events", "forecast_scores"): (0, 0),
        ("scoreboard_events", "candidate_scores"): (0, 0),
        ("scoreboard_events", "site_days"): (-1, 0),
        ("scoreboard_events", "agency_forecasts"): (-1, 0),
        ("monthly_findings", "site_days"): (-37, 0),
        ("drift_report", "features"): (-36, 0),
        ("drift_report", "monthly_findings"): (0, 0),
        ("coverage", "site_days"): (-8, 0),
        ("sensor_flags", "site_days"): (-60, 0),
        ("sensor_flags", "raw_readings"): (0, 0),
    }


def test_tables_without_days_are_read_by_all_days() -> None:
    dependencies = {
        table: {key.to_user_string() for key in code_location().resolve_assets_def(table).keys_by_input_name.values()}
        for table in ("raw_readings", "site_days")
    }

    assert "monitors" in dependencies["raw_readings"]
    assert "monitors" in dependencies["site_days"]
