"""Which areas and months are requested for a day of issue, and what comes of them."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airnow.areas import ReportingAreas
from airwatch_dagster.acquire.airnow.historical.client import HistoricalForecasts
from airwatch_dagster.acquire.airnow.historical.days import PastForecasts
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.errors import SourceRefused
from airwatch_dagster_tests.acquire.airnow.historical.samples import PATH, row
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply

AREAS = pd.DataFrame(
    {
        "area_code": ["az007", "il001", "il002", "il003"],
        "reporting_area": ["Peoria", "Chicago", "Peoria", "Rockford"],
        "state": ["AZ", "IL", "IL", "IL"],
        "latitude": [33.58, 41.88, 40.69, 42.27],
        "longitude": [-112.24, -87.63, -89.59, -89.09],
    }
)
SITES = pd.DataFrame({"latitude": [41.9, 41.8, 40.7, 33.6, 45.0], "longitude": [-87.6, -87.7, -89.6, -112.2, -80.0]})

Past = Callable[..., PastForecasts]


@pytest.fixture
def past(server: FakeServer, session: requests.Session, tmp_path: Path) -> Past:
    def opened(*, today: date = date(2024, 6, 1), sites: pd.DataFrame = SITES) -> PastForecasts:
        limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
        client = HistoricalForecasts(
            f"{server.url}/aq", key="k", limiter=limiter, cache=ResponseCache(tmp_path / "cache"), session=session
        )
        return PastForecasts(client, lambda: ReportingAreas(AREAS, no_rejected_lines()), lambda: sites, today)

    return opened


def asked(server: FakeServer) -> list[tuple[str, str, str]]:
    queries = [parse_qs(urlsplit(target).query) for target in server.requested]
    return [(query["reportingAreaCode"][0], query["startDate"][0], query["endDate"][0]) for query in queries]


class Service:
    """Answers each request with what was issued in its area for its days."""

    def __init__(self, server: FakeServer, *rows: dict[str, Any]) -> None:
        self._server, self._rows = server, rows
        server.will_send(PATH, self.reply)

    def reply(self, _: object) -> Reply:
        code, first, last = asked(self._server)[-1]
        found = [row for row in self._rows if row["reportingAreaCode"] == code and first <= row["dateValid"] <= last]
        nothing = {"WebServiceError": [{"Message": "No forecasts available."}]}
        return Reply(json.dumps(found or nothing).encode())


def test_the_areas_nearest_to_the_sites_are_requested_by_month_of_target_days(past: Past, server: FakeServer) -> None:
    Service(server)
    assert past().of_day(date(2024, 3, 9)).records.empty

    assert asked(server) == [(code, "2024-03-01", "2024-03-31") for code in ("az007", "il001", "il002")]


def test_forecasts_for_the_next_month_are_requested_too(past: Past, server: FakeServer) -> None:
    Service(
        server, row(dateIssue="2024-03-31", dateValid="2024-04-01"), row(dateIssue="2024-03-31", dateValid="2024-03-31")
    )
    records = past().of_day(date(2024, 3, 31)).records

    assert records["target_date"].dt.strftime("%m-%d").tolist() == ["03-31", "04-01"]
    assert {days for _, *days in map(list, asked(server)) for days in [tuple(days)]} == {
        ("2024-03-01", "2024-03-31"),
        ("2024-04-01", "2024-04-30"),
    }


def test_only_what_was_issued_on_the_day_is_its_record(past: Past, server: FakeServer) -> None:
    Service(server, *(row(dateIssue=f"2024-03-{day:02}", dateValid="2024-03-14", aqi=day) for day in (9, 12, 13, 14)))
    forecasts = past()

    found = {day: forecasts.of_day(date(2024, 3, day)).records for day in (9, 10, 13)}
    assert {day: records["agency_aqi"].tolist() for day, records in found.items()} == {9: [9], 10: [], 13: [13]}
    assert found[13]["archived_on"].tolist() == [pd.Timestamp("2024-03-13")]


def test_areas_of_one_name_keep_their_own_positions(past: Past, server: FakeServer) -> None:
    arizona = row(reportingAreaCode="az007", reportingArea="Peoria", stateCode="AZ", aqi=90)
    illinois = row(reportingAreaCode="il002", reportingArea="Peoria", aqi=30, categoryNumber=1)
    Service(server, arizona, illinois)
    records = past().of_day(date(2024, 3, 9)).records

    assert records[["reporting_area", "state", "latitude", "agency_aqi"]].to_numpy().tolist() == [
        ["Peoria", "AZ", 33.58, 90],
        ["Peoria", "IL", 40.69, 30],
    ]


@pytest.mark.slow
def test_a_backfill_asks_once_for_an_area_and_month_and_a_resumed_one_only_what_is_missing(
    past: Past, server: FakeServer
) -> None:
    Service(server, row())
    forecasts = past()
    for day in pd.date_range("2023-02-01", "2023-03-20", freq="9D"):
        forecasts.of_day(day.date())
    resumed = past()
    for day in pd.date_range("2023-02-01", "2023-05-30", freq="9D"):
        resumed.of_day(day.date())

    assert len(asked(server)) == len(set(asked(server))) == 3 * 5
    assert max(last for _, _, last in asked(server)) == "2023-06-30"


def test_days_that_are_not_over_are_not_requested(past: Past, server: FakeServer) -> None:
    Service(server)
    past(today=date(2024, 3, 12)).of_day(date(2024, 3, 9))

    assert {days for _, *days in map(tuple, asked(server)) for days in [tuple(days)]} == {("2024-03-01", "2024-03-11")}


def test_the_cost_is_the_requests_that_are_not_cached(past: Past, server: FakeServer) -> None:
    Service(server)
    forecasts = past()
    before = forecasts.cost(date(2024, 1, 1), date(2024, 3, 20))
    forecasts.of_day(date(2024, 1, 10))
    after = forecasts.cost(date(2024, 1, 1), date(2024, 3, 20))

    assert (before.calls, before.seconds, before.cached_calls) == (9, pytest.approx(9 * 7.2), 0)
    assert (after.calls, after.seconds, after.cached_calls) == (6, pytest.approx(6 * 7.2), 3)


def test_a_row_that_was_set_aside_is_a_line_of_its_day_alone(past: Past, server: FakeServer) -> None:
    good = [row(dateIssue=f"2024-03-{day:02}", dateValid=f"2024-03-{day + 1}") for day in range(9, 25)]
    Service(server, *good, row(dateIssue="2024-03-11", aqi="?"), row(dateIssue="yesterday"))
    forecasts = past()

    lines = {day: forecasts.of_day(date(2024, 3, day)).rejected for day in (10, 11)}
    assert lines[10]["column_name"].tolist() == ["dateIssue"]
    assert lines[11]["column_name"].tolist() == ["aqi", "dateIssue"]
    assert lines[11]["date_local"].tolist() == [pd.Timestamp("2024-03-11")] * 2


def test_sites_far_from_every_area_are_an_error_and_no_empty_day(past: Past, server: FakeServer) -> None:
    with pytest.raises(SourceRefused, match="no reporting area within 50 km of a site of AIRWATCH_AREA"):
        past(sites=SITES.tail(1)).of_day(date(2024, 3, 9))
    assert server.requested == []
