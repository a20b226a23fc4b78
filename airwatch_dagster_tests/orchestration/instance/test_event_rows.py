"""Events as text: what Dagster makes of each by itself."""

import dagster as dg
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._serdes import deserialize_value, serialize_value

from airwatch_dagster.orchestration.instance.event_rows import event_rows

DAYS = dg.DailyPartitionsDefinition("2021-07-01")


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def readings(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info('a line, "<message>", of 5 µg/m³')
    for day in context.partition_keys:
        context.add_asset_metadata({"rows": 7, "note": "<specific>"}, partition_key=day)
    return dg.MaterializeResult(metadata={"share": 0.5})


def events_of_run(**tags: str) -> list[dg.EventLogEntry]:
    of_range = {"dagster/asset_partition_range_start": "2021-07-01", "dagster/asset_partition_range_end": "2021-07-03"}
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize([readings], instance=instance, tags=of_range | tags)
        return [deserialize_value(serialize_value(log), dg.EventLogEntry) for log in instance.all_logs(run.run_id)]


def test_rows_of_a_run_are_those_that_dagster_stores() -> None:
    storage = InMemoryEventLogStorage()
    events = events_of_run()

    rows = event_rows([*events, *events[::-1]], timestamp_of=storage._event_insert_timestamp)

    assert len(events) > 10
    assert rows == [storage._event_to_row(event) for event in [*events, *events[::-1]]]


def test_a_run_whose_tags_look_like_the_marks_is_stored_as_it_is() -> None:
    storage = InMemoryEventLogStorage()
    events = [
        event._replace(job_name="<text>", dagster_event=event.dagster_event and event.dagster_event._replace(pid=None))
        for event in events_of_run()
    ]

    rows = event_rows(events, timestamp_of=storage._event_insert_timestamp)

    assert rows == [storage._event_to_row(event) for event in events]
