"""Each request is answered once, within the limits, and what cannot be read is refused by name."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster import limits
from airwatch_dagster.acquire.http.statuses import Throttled
from airwatch_dagster.acquire.weather.open_meteo import client as module
from airwatch_dagster.acquire.weather.open_meteo.call_budget import CallBudget
from airwatch_dagster.acquire.weather.open_meteo.client import OpenMeteoClient
from airwatch_dagster.acquire.weather.open_meteo.request_plan import HourlyRequest
from airwatch_dagster.acquire.weather.open_meteo.responses import RunUnavailable
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.weather.open_meteo_samples import Clock, OpenMeteo, body, calm, error
from airwatch_dagster_tests.stub_servers import Answer, answering

EVER = pd.Timestamp("2000-01-01")
PLACES = ((40.71, -74.0), (42.65, -73.75), (43.05, -76.15))
NAME = "temperature_2m_previous_day1"


def request(*places: tuple[float, float], run: pd.Timestamp | None = None) -> HourlyRequest:
    name = "temperature_2m" if run is not None else NAME
    return HourlyRequest("gfs_global", places or PLACES, (name,), date(2024, 7, 4), date(2024, 7, 5), run)


@contextmanager
def served(
    stub: OpenMeteo, folder: Path, *, key: str | None = None, clock: Clock | None = None
) -> Iterator[OpenMeteoClient]:
    clock = clock or Clock.at("2024-08-01")
    with (
        answering(stub) as url,
        OpenMeteoClient(
            "previous-runs",
            f"{url}/v1/forecast",
            cache_dir=folder / "answers",
            budget=CallBudget(folder / "budget", clock=clock, sleep=clock.sleep),
            key=key,
            clock=clock,
            sleep=clock.sleep,
            jitter=lambda: 1.0,
        ) as client,
    ):
        yield client


def always(status: int, content: bytes) -> Callable[[dict[str, str]], Answer]:
    return lambda asked: (status, content, {})


def test_places_come_in_the_order_asked_for(tmp_path: Path) -> None:
    stub = OpenMeteo(lambda variable, lead, at, place: 10.0 * place + lead + at.hour / 100)
    with served(stub, tmp_path) as client:
        answer = client.answer(request(), not_before=EVER)
    assert [place and round(float(place.values[NAME][3]), 2) for place in answer.places] == [1.03, 11.03, 21.03]
    first = answer.places[0]
    assert first is not None
    assert (first.valid_at[0], first.valid_at[-1]) == (
        pd.Timestamp("2024-07-04 00:00"),
        pd.Timestamp("2024-07-05 23:00"),
    )
    assert answer.requests == 1


def test_one_place_comes_without_a_list(tmp_path: Path) -> None:
    with served(OpenMeteo(), tmp_path) as client:
        assert len(client.answer(request(PLACES[0]), not_before=EVER).places) == 1


def test_a_null_is_null(tmp_path: Path) -> None:
    with served(OpenMeteo(lambda v, lead, at, place: None if at.hour else 3.0), tmp_path) as client:
        place = client.answer(request(PLACES[0]), not_before=EVER).places[0]
    assert place is not None
    assert np.isnan(place.values[NAME]).sum() == 46


def test_an_answer_is_asked_for_once_even_by_another_run(tmp_path: Path) -> None:
    stub = OpenMeteo()
    for expected in (False, True):
        with served(stub, tmp_path) as client:
            assert [client.is_kept(one, not_before=EVER) for one in request().alone()] == [expected] * 3
            assert client.answer(request(), not_before=EVER).requests == (0 if expected else 1)
    assert len(stub.asked) == 1


def test_only_the_places_that_are_new_are_asked_for(tmp_path: Path) -> None:
    stub = OpenMeteo(lambda variable, lead, at, place: 10.0 * place)
    with served(stub, tmp_path) as client:
        client.answer(request(PLACES[1]), not_before=EVER)
        answer = client.answer(request(*PLACES, PLACES[1]), not_before=EVER)
    assert [asked["latitude"] for asked in stub.asked] == ["42.6500", "40.7100,43.0500"]
    assert [place and float(place.values[NAME][0]) for place in answer.places] == [0.0, 0.0, 10.0, 0.0]


def test_what_was_answered_before_a_failure_is_kept(tmp_path: Path) -> None:
    many = request(*((40.0 + n / 100, -74.0) for n in range(60)))
    stub = OpenMeteo()
    stub.instead = lambda asked: (400, error("Out of order"), {}) if len(stub.asked) == 2 else None
    with served(stub, tmp_path) as client:
        with pytest.raises(SourceRefused, match="Out of order"):
            client.answer(many, not_before=EVER)
        assert client.answer(many, not_before=EVER).requests == 1
    assert [asked["latitude"].count(",") + 1 for asked in stub.asked] == [50, 10, 10]


def test_an_answer_from_before_is_asked_for_again(tmp_path: Path) -> None:
    clock, stub = Clock.at("2024-07-05 00:00"), OpenMeteo()
    with served(stub, tmp_path, clock=clock) as client:
        client.answer(request(), not_before=pd.Timestamp("2024-07-05 00:00"))
        client.answer(request(), not_before=pd.Timestamp("2024-07-05 00:00"))
        assert len(stub.asked) == 1
        client.answer(request(), not_before=pd.Timestamp("2024-07-05 00:01"))
        assert len(stub.asked) == 2


def test_places_outside_of_the_model_are_found_and_cost_the_others_nothing(tmp_path: Path) -> None:
    def alaska(asked: dict[str, str]) -> Answer | None:
        is_outside = any(float(latitude) > 50 for latitude in asked["latitude"].split(","))
        return (400, error("No data is available for this location"), {}) if is_outside else None

    stub = OpenMeteo(instead=alaska)
    with served(stub, tmp_path) as client:
        wanted = request(PLACES[0], (61.2, -149.9), *PLACES[1:])
        answer = client.answer(wanted, not_before=EVER)
        assert [place is None for place in answer.places] == [False, True, False, False]
        again = client.answer(wanted, not_before=EVER)
        assert ([place is None for place in again.places], again.requests) == ([False, True, False, False], 0)
    assert len(stub.asked) == 5


def test_a_reason_is_passed_on_without_the_key(tmp_path: Path) -> None:
    stub = OpenMeteo(instead=always(400, error("The supplied API key s3cret-key is invalid. (apikey=s3cret-key)")))
    with served(stub, tmp_path, key="s3cret-key") as client:
        with pytest.raises(SourceRefused, match=r"API key .* is invalid") as raised:
            client.answer(request(), not_before=EVER)
        assert "s3cret" not in f"{raised.value!r} {raised.value} {client!r}"
    assert stub.asked[0]["apikey"] == "s3cret-key"
    assert len(stub.asked) == 1


def test_the_key_is_in_no_log_no_kept_answer_and_no_file_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with served(OpenMeteo(), tmp_path, key="s3cret-key") as client:
        client.answer(request(), not_before=EVER)
    assert "s3cret" not in caplog.text
    for path in tmp_path.rglob("*"):
        assert "s3cret" not in path.name


def test_without_a_key_none_is_sent(tmp_path: Path) -> None:
    stub = OpenMeteo()
    with served(stub, tmp_path) as client:
        client.answer(request(), not_before=EVER)
    assert "apikey" not in stub.asked[0]


def test_a_minutes_limit_is_waited_for(tmp_path: Path) -> None:
    stub, clock = OpenMeteo(), Clock.at("2024-08-01")
    stub.instead = lambda asked: (
        (429, error("Minutely API request limit exceeded. Please try again in one minute."), {})
        if len(stub.asked) == 1
        else None
    )
    with served(stub, tmp_path, clock=clock) as client:
        assert client.answer(request(), not_before=EVER).places
    assert max(clock.slept) == 60.0


@pytest.mark.parametrize("period", ["Hourly", "Daily"])
def test_a_longer_limit_ends_the_run_at_once(tmp_path: Path, period: str) -> None:
    stub = OpenMeteo(instead=always(429, error(f"{period} API request limit exceeded. Please try again later.")))
    with served(stub, tmp_path) as client, pytest.raises(Throttled, match=f"{period} API request limit") as raised:
        client.answer(request(), not_before=EVER)
    assert raised.value.retry_helps
    assert len(stub.asked) == 1


def test_a_servers_error_is_retried(tmp_path: Path) -> None:
    stub = OpenMeteo()
    stub.instead = lambda asked: (500, b"", {}) if len(stub.asked) < 3 else None
    with served(stub, tmp_path) as client:
        assert client.answer(request(), not_before=EVER).places
    assert len(stub.asked) == 3


def test_calls_are_spaced_by_their_weight(tmp_path: Path) -> None:
    clock = Clock.at("2024-08-01")
    with served(OpenMeteo(), tmp_path, clock=clock) as client:
        for n in range(13):
            client.answer(request(*((40.0 + n + place / 100, -74.0) for place in range(50))), not_before=EVER)
    assert max(clock.slept) == pytest.approx(60.0 - 12.0)


@pytest.mark.parametrize(
    "content",
    [
        error("The requested model run is not available"),
        b"Unexpected error while streaming data: modelRunUnavailable(model: App.DomainRegistry.ncep_gfs013)",
    ],
)
def test_a_run_that_is_missing_is_told_apart(tmp_path: Path, content: bytes) -> None:
    with (
        served(OpenMeteo(instead=always(200, content)), tmp_path) as client,
        pytest.raises(RunUnavailable, match="model run is not available"),
    ):
        client.answer(request(run=pd.Timestamp("2024-07-04")), not_before=EVER)


def broken(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, str]], Answer]:
    def answer(asked: dict[str, str]) -> Answer:
        places = json.loads(body(asked, calm))
        change(places[1])
        return 200, json.dumps(places).encode(), {}

    return answer


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "text": (lambda p: p["hourly"][NAME].__setitem__(5, "20.0"), f"{NAME}: '20.0' came, expected a number or null"),
    "truth": (lambda p: p["hourly"][NAME].__setitem__(5, True), "'True' came, expected a number"),
    "infinite": (lambda p: p["hourly"][NAME].__setitem__(5, float("inf")), "'inf' came"),
    "short": (lambda p: p["hourly"][NAME].pop(), "'47 values' came, expected a list of 48 values"),
    "missing": (lambda p: p["hourly"].pop(NAME), f"{NAME}: 'missing' came"),
    "unit": (lambda p: p["hourly_units"].update({NAME: "°F"}), f"unit of {NAME}: '°F' came, expected °C"),
    "zone": (lambda p: p.update(utc_offset_seconds=-18000), "utc_offset_seconds: '-18000' came, expected 0"),
    "time": (lambda p: p["hourly"]["time"].__setitem__(0, "yesterday"), "expected times as 2026-07-04T00:00"),
    "twice": (lambda p: p["hourly"]["time"].__setitem__(0, p["hourly"]["time"][1]), "expected each hour once"),
    "quarter": (lambda p: p["hourly"]["time"].__setitem__(0, "2024-07-04T00:15"), "expected each hour once"),
    "no hours": (lambda p: p.pop("hourly"), "hourly and hourly_units"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_layout_names_place_and_field_and_is_not_kept(tmp_path: Path, name: str) -> None:
    change, message = CHANGES[name]
    with served(OpenMeteo(instead=broken(change)), tmp_path) as client:
        with pytest.raises(BadPayload) as raised:
            client.answer(request(), not_before=EVER)
        assert message in str(raised.value)
        assert "place 2 of 3" in raised.value.culprit
        assert not any(client.is_kept(one, not_before=EVER) for one in request().alone())


def test_a_variable_that_a_model_lacks_may_have_no_unit(tmp_path: Path) -> None:
    def undefined(place: dict[str, Any]) -> None:
        place["hourly"][NAME] = [None] * 48
        place["hourly_units"][NAME] = "undefined"

    with served(OpenMeteo(instead=broken(undefined)), tmp_path) as client:
        assert client.answer(request(), not_before=EVER).places[1] is not None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html>maintenance</html>", "a web page"),
        (b'[{"latitude":nan}]', "no complete JSON"),
        (b"", "no complete JSON"),
    ],
)
def test_what_is_no_json_is_tried_again_and_then_named(tmp_path: Path, content: bytes, kind: str) -> None:
    stub = OpenMeteo(instead=always(200, content))
    with served(stub, tmp_path) as client, pytest.raises(SourceUnavailable, match=kind):
        client.answer(request(), not_before=EVER)
    assert len(stub.asked) == 3


@pytest.mark.parametrize("content", [b"[]", b"[1, 2, 3]", b"{}", b"3"])
def test_another_number_of_places_is_refused(tmp_path: Path, content: bytes) -> None:
    with served(OpenMeteo(instead=always(200, content)), tmp_path) as client, pytest.raises(BadPayload, match="places"):
        client.answer(request(), not_before=EVER)


def test_a_body_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.MAX_OPEN_METEO_BYTES <= 16 * limits.MB
    monkeypatch.setattr(module, "MAX_OPEN_METEO_BYTES", 1_000)
    with served(OpenMeteo(), tmp_path) as client, pytest.raises(BadPayload, match="larger than"):
        client.answer(request(), not_before=EVER)


def test_a_redirect_to_another_host_is_not_followed_and_the_key_not_shown(tmp_path: Path) -> None:
    to = {"Location": "https://elsewhere.example.org/v1/forecast"}
    stub = OpenMeteo(instead=lambda asked: (302, b"", to))
    with served(stub, tmp_path, key="s3cret-key") as client, pytest.raises(SourceUnavailable) as raised:
        client.answer(request(), not_before=EVER)
    assert "elsewhere.example.org" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_session_that_was_opened_is_closed(tmp_path: Path, open_sessions: set[object]) -> None:
    with served(OpenMeteo(), tmp_path) as client:
        client.answer(request(), not_before=EVER)
        assert len(open_sessions) == 1
    assert not open_sessions
