"""The demo's summary of a filled installation, and the practice server by itself."""

import math
import re
import socket
import subprocess
import sys
import time

import pandas as pd
import pytest
import requests

from airwatch_dagster.commands.demo import places
from airwatch_dagster.commands.pages.summary import forecast_summary
from airwatch_dagster_tests.end_to_end.conftest import LAST
from airwatch_dagster_tests.installations import Installation


def test_the_summary_has_tomorrow_by_site_the_champion_its_skill_and_places(backfilled: Installation) -> None:
    day = pd.Timestamp(LAST)
    text = "\n".join([*forecast_summary(backfilled.tables, day, newest=day), *places(backfilled.tables, day)])
    champion = backfilled.tables.read("champion_model", ["2021-05"]).iloc[0]
    tomorrow = backfilled.tables.read("predictions", [LAST]).query("horizon_days == 2")

    assert text.startswith(f"Tomorrow, Wednesday 2 June 2021: highest AQI {tomorrow['aqi'].max()} ")
    for row in tomorrow.itertuples():
        value = f"{math.floor(row.pm25_ugm3 * 10) / 10:.1f}"
        assert re.search(rf"Practice .* {value} .* {row.aqi} .*{row.aqi_category}", text)
    assert f"serves May 2021 (version {champion['model_version']})" in text
    assert champion["reason"].partition(": ")[2][1:] in text
    assert "1 day ahead" in text
    assert "inspect predictions" in text
    assert "make dev" in text


@pytest.mark.slow
def test_the_practice_server_serves_until_it_is_stopped() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "airwatch_dagster.cli", "practice-server", "--today", "2021-06-01"]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert "Simulated air as of 2021-06-01" in server.stdout.readline()
        assert server.stdout.readline() == "\n"
        exported = [line.removeprefix("export ").rstrip() for line in iter(server.stdout.readline, "\n")]
        response = _first_response(f"http://127.0.0.1:{port}/data/api/metaData/isAvailable")
        server.terminate()
    assert response.status_code == 200
    assert response.json()["Data"] == []
    settings = dict(line.split("=", 1) for line in exported)
    assert (settings["AIRWATCH_SOURCE"], settings["AIRWATCH_PRACTICE_TODAY"]) == ("live", "2021-06-01")
    assert settings["AIRWATCH_AQS_URL"] == f"http://127.0.0.1:{port}/data/api"
    assert settings["AIRWATCH_NBM_URL"] == f"http://127.0.0.1:{port}/nbm"
    assert settings["AIRWATCH_NWS_URL"] == f"http://127.0.0.1:{port}/nws"
    assert {"AIRWATCH_AREA", "AIRWATCH_STORAGE", "AIRWATCH_STATE", "EPA_AQS_API_KEY"} <= set(settings)


def _first_response(url: str) -> requests.Response:
    """The first response within ten seconds; the server prints its address a moment before it listens."""
    for _ in range(100):
        try:
            return requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"{url} never responded")
