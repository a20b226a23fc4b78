"""The source of a step is closed with all that it opened."""

from datetime import date
from pathlib import Path

import pytest
import requests

from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import SourceResource
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.installations import Installation

AQS = {"EPA_AQS_EMAIL": "a@b.c", "EPA_AQS_API_KEY": "k", "AIRWATCH_AQS_URL": "http://127.0.0.1:9"}


def test_the_practice_server_and_the_session_are_closed_with_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested: list[str] = []
    send = requests.Session.send

    def recorded(session: requests.Session, request: requests.PreparedRequest, **options: object) -> requests.Response:
        requested.append(str(request.url))
        return send(session, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "send", recorded)
    with Installation.at(tmp_path).activated(), SourceResource().open() as source:
        assert len(source.file_list()) > 0

    assert requested
    with pytest.raises(requests.ConnectionError):
        requests.get(requested[0], timeout=5)


@pytest.mark.parametrize(
    ("source", "clients", "more"),
    [("airdata", 1, {}), ("aqs", 1, {}), ("live", 3, {}), ("live", 4, {"AIRNOW_API_KEY": "k"})],
)
def test_every_client_of_a_source_is_closed_even_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, clients: int, more: dict[str, str]
) -> None:
    closed: list[str] = []
    historical = "acquire.airnow.historical.client.HistoricalForecasts"
    for owner in ("acquire.http.file_archive.FileArchive", "acquire.aqs.client.AqsClient", historical):
        monkeypatch.setattr(f"airwatch_dagster.{owner}.close", lambda client: closed.append(type(client).__name__))

    installation = Installation.at(tmp_path, AIRWATCH_SOURCE=source, **AQS, **more)
    with pytest.raises(ZeroDivisionError), installation.activated(), SourceResource().open():
        raise ZeroDivisionError

    assert len(closed) == clients


def test_airnows_service_is_asked_in_turns_of_its_own_and_for_each_address(tmp_path: Path) -> None:
    with PracticeServer(today=date(2021, 6, 1), airnow_keeps_days=30) as server:
        installation = Installation.at(
            tmp_path,
            AIRWATCH_SOURCE="live",
            AIRWATCH_CONTEXT_KM="0",
            AIRWATCH_PRACTICE_TODAY="2021-06-01",
            AIRWATCH_AIRDATA_URL=server.airdata_url,
            AIRWATCH_AIRNOW_URL=server.airnow_url,
            AIRWATCH_AIRNOW_API_URL=server.airnow_api_url,
            AIRWATCH_AQS_URL="http://127.0.0.1:9",
            AIRWATCH_AQS_INTERVAL_S="0",
            AIRNOW_API_KEY_FILE=str(tmp_path / "key"),
        )
        (tmp_path / "key").write_text("practice\n")
        with installation.activated(), SourceResource().open() as source:
            records = source.agency_forecasts(date(2021, 4, 30)).records

    assert records["reporting_area"].unique().tolist() == ["Chicago"]
    [turn] = (tmp_path / "rate-limits").iterdir()
    assert turn.name.startswith("airnow-requests-")
    [cached] = (tmp_path / "state" / "downloads").glob("airnow-api-*/*2021-04-30*.gz")
    assert "practice" not in cached.name


def test_a_rehearsals_day_does_not_count_while_a_key_is_used_at_airnow_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = dict.fromkeys(("AIRWATCH_AIRDATA_URL", "AIRWATCH_AIRNOW_URL", "AIRWATCH_AQS_URL"), "http://127.0.0.1:9")
    for name, value in {**addresses, "AIRWATCH_SOURCE": "live", "AIRNOW_API_KEY": ""}.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment().is_rehearsal
    monkeypatch.setenv("AIRNOW_API_KEY", "key")
    assert not Settings.from_environment().is_rehearsal
    monkeypatch.setenv("AIRWATCH_AIRNOW_API_URL", "http://127.0.0.1:9")
    assert Settings.from_environment().is_rehearsal


@pytest.mark.parametrize(("interval_s", "expected_s"), [("6", 7.2), ("3", 3.6), ("0", 0.0)])
def test_requests_to_airnows_service_start_7_2_seconds_apart_and_at_other_addresses_as_soon_as_those_to_aqs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interval_s: str, expected_s: float
) -> None:
    limits: list[tuple[float, float]] = []
    monkeypatch.setattr(
        "airwatch_dagster.orchestration.resources.RateLimiter",
        lambda path, *, interval_s, pause_s, **_: limits.append((interval_s, pause_s)),
    )
    settings = {"AIRWATCH_SOURCE": "live", "AIRNOW_API_KEY": "k", "AIRWATCH_AQS_INTERVAL_S": interval_s}
    for name, address in {"airnow": {}, "mirror": {"AIRWATCH_AIRNOW_API_URL": "http://127.0.0.1:9/aq"}}.items():
        installation = Installation.at(tmp_path / name, **settings, **address, AIRWATCH_AQS_URL="http://127.0.0.1:9")
        with installation.activated(), SourceResource().open():
            pass

    assert limits == [(7.2, 0.0), (pytest.approx(expected_s), 0.0)]
