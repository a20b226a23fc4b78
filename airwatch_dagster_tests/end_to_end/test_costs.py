"""A backfill prints its planned requests to EPA before it starts, and does not repeat cached ones."""

from pathlib import Path

import dagster as dg
import pytest

from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.commands.backfill.plan_text import agency_cost_text, cost_text
from airwatch_dagster.practice.faults.faults import ScriptedFaults
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.installations import TODAY, Installation

DAYS = ("2021-05-01", "2021-05-31", "--tables", "raw_readings")


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        (Cost(10, 1_329_670, 10_687.0), "From EPA: 10 requests, at most 1,329,670 rows, about 2 h 58 min."),
        (Cost(1, 750, 11.0), "From EPA: 1 request, at most 750 rows, about 1 min."),
        (Cost(2, None, 60.0), "From EPA: 2 requests, an unknown number of rows (no monitor list yet), about 1 min."),
        (
            Cost(3, 900, 60.0, cached_calls=7),
            "From EPA: 3 requests, at most 900 rows, about 1 min; 7 more responses are cached.",
        ),
        (
            Cost(1, 900, 60.0, missing_files=("daily_88502_2021.zip",)),
            (
                "From EPA: 1 request, at most 900 rows, about 1 min. The source lists no daily_88502_2021.zip: "
                "sites that have only monitors of 88502 are left out."
            ),
        ),
    ],
)
def test_requests_rows_and_time_are_in_one_line(cost: Cost, sentence: str) -> None:
    assert cost_text(cost) == sentence


def test_requests_to_airnows_service_are_an_upper_bound() -> None:
    sentence = (
        "From AirNow's service, for days whose file is gone: at most 130 requests, about 16 min; 1 more response is"
    )
    assert agency_cost_text(Cost(130, None, 936.0, cached_calls=1)) == f"{sentence} cached."


def test_costs_add_up_and_one_unknown_number_of_rows_makes_the_sum_unknown() -> None:
    assert Cost(1, 10, 5.0, 2) + Cost(2, 20, 6.0, 3) == Cost(3, 30, 11.0, 5)
    assert Cost(1, 10, 5.0) + Cost(2, None, 6.0) == Cost(3, None, 11.0)


@pytest.mark.slow
def test_a_backfill_prints_its_requests_and_after_a_failure_requests_only_the_rest(tmp_path: Path) -> None:
    """Champaign has a filter, Madison a continuous monitor: 31 days of each. Both have nothing of 88502, which the list
    could have left out, so that the bound is twice as high."""
    requests: list[str] = []
    script = ScriptedFaults([None, "expired_key"], path_prefix="/data/api/dailyData")
    with PracticeServer(today=TODAY, faults=script, log=requests.append) as server:
        installation = Installation.at(
            tmp_path,
            AIRWATCH_SOURCE="aqs",
            AIRWATCH_AREA="cbsa:16580,cbsa:31540",
            AIRWATCH_AQS_URL=server.aqs_url,
            AIRWATCH_AQS_INTERVAL_S="0.01",
            EPA_AQS_EMAIL="someone@example.org",
            EPA_AQS_API_KEY="practice",
        )
        before = installation.airwatch("backfill", *DAYS, "--plan").output
        failed = installation.airwatch("backfill", *DAYS)
        planned = installation.run("backfill", *DAYS, "--plan")
        installation.run("backfill", *DAYS)
        second_output = installation.run("backfill", *DAYS)

    assert "From EPA: 2 requests, an unknown number of rows (no monitor list yet), about 1 min." in before
    assert failed.exit_code == 1
    assert "From EPA: 2 requests, at most 1,240 rows, about 1 min." in failed.output
    assert "From EPA: 1 request, at most 620 rows, about 1 min; 1 more response is cached." in planned
    assert [line for line in requests if "dailyData" in line] == [
        "200 GET /data/api/dailyData/byCBSA",
        "400 GET /data/api/dailyData/byCBSA",
        "200 GET /data/api/dailyData/byCBSA",
    ]
    assert "stored and up to date" in second_output
    assert "From EPA" not in second_output


@pytest.mark.slow
def test_a_backfill_of_agencies_forecasts_counts_the_requests_to_airnows_service_and_makes_each_once(
    tmp_path: Path,
) -> None:
    """Today is 1 June; files are kept for 20 days, so that the days up to 11 May come from the service."""
    requests: list[str] = []
    days = ("2021-04-29", "2021-05-31", "--tables", "agency_forecasts")
    with PracticeServer(today=TODAY, airnow_keeps_days=20, log=requests.append) as server:
        installation = Installation.at(
            tmp_path,
            AIRWATCH_SOURCE="live",
            AIRWATCH_CONTEXT_KM="0",
            AIRWATCH_AREA="cbsa:16980,cbsa:31540",
            AIRWATCH_AIRDATA_URL=server.airdata_url,
            AIRWATCH_AIRNOW_URL=server.airnow_url,
            AIRWATCH_AIRNOW_API_URL=server.airnow_api_url,
            AIRWATCH_AQS_URL=server.aqs_url,
            AIRWATCH_AQS_INTERVAL_S="0.01",
            AIRNOW_API_KEY="practice",
        )
        plan = installation.run("backfill", *days, "--plan")
        output = installation.run("backfill", *days)
        refreshed = installation.run("backfill", *days, "--refresh")
        with installation.with_definitions() as (_, instance):
            event = instance.get_latest_materialization_event(dg.AssetKey("agency_forecasts"))
        stored = installation.tables.read("agency_forecasts", ["2021-05-11", "2021-05-12"])

    service = "From AirNow's service, for days whose file is gone: at most"
    assert f"{service} 4 requests, about 1 min." in plan
    assert f"{service} 4 requests, about 1 min." in output
    assert f"{service} 0 requests, about 1 min; 4 more responses are cached." in refreshed
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["run_days_from_service"].value == 13
    assert requests.count("200 GET /aq/forecast/historical/") == 4
    old, new = (stored[stored["archived_on"] == day] for day in ("2021-05-11", "2021-05-12"))
    assert set(old["reporting_area"]) == {"Chicago", "Madison"}
    assert len(old) == 4
    assert set(old["record_type"]) == {"F"}
    assert len(set(new["reporting_area"])) == 15
