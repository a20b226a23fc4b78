"""Bulletins of the weather over HTTP: what is published by when, and AirWatch's readers at the server."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.practice.faults.faults import FaultKind, ScriptedFaults
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.practice.world.weather.publication import versions_of_run
from airwatch_dagster_tests.practice.weather_at_sites import SITE_TABLE, nbm, nws

TODAY = date(2021, 7, 20)
RUNS = [datetime(2021, 5, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(24 * 75)]
CITIES = "retrieve.py?pil=SCS01&fmt=text&sdate=2021-07-19T00:00Z&edate=2021-07-20T00:00Z&limit=9999&order=asc"


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with PracticeServer(today=TODAY, seed=1) as server:
        yield server


def ask(method: str, url: str, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=30)


def path(run: datetime) -> str:
    return f"blend.{run:%Y%m%d}/{run:%H}/text/blend_nbstx.t{run:%H}z"


def issue_instant(day: date) -> pd.Timestamp:
    """18:30 UTC of the following day."""
    return pd.Timestamp(day) + pd.Timedelta(days=1, hours=18.5)


def test_a_bulletin_says_when_it_was_published(server: PracticeServer) -> None:
    run = next(run for run in RUNS if len(versions_of_run(run, seed=1)) == 1)
    url = f"{server.nbm_url}/{path(run)}"
    head, whole = ask("HEAD", url), ask("GET", url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(whole.content)
    assert parsedate_to_datetime(head.headers["Last-Modified"]) == versions_of_run(run, seed=1)[0].published_at
    assert ask("GET", url, **{"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_nothing_is_served_before_it_is_published() -> None:
    run = RUNS[-30]
    published = versions_of_run(run, seed=1)[0].published_at
    now = [published - timedelta(seconds=1)]
    with PracticeServer(today=TODAY, seed=1, now=lambda: now[0]) as server:
        url = f"{server.nbm_url}/{path(run)}"
        assert ask("HEAD", url).status_code == 404
        now[0] = published
        assert ask("HEAD", url).status_code == 200


def test_a_clock_with_days_alone_has_come_to_the_end_of_its_day(server: PracticeServer) -> None:
    last, next_day = datetime(2021, 7, 20, 21, tzinfo=UTC), datetime(2021, 7, 21, 0, tzinfo=UTC)
    assert versions_of_run(last, seed=1)[0].published_at < next_day
    assert ask("HEAD", f"{server.nbm_url}/{path(last)}").status_code == 200
    assert ask("HEAD", f"{server.nbm_url}/{path(next_day)}").status_code == 404
    with PracticeServer(today=TODAY, seed=1) as moved:
        moved.move_clock(TODAY - timedelta(days=1))
        assert ask("HEAD", f"{moved.nbm_url}/{path(last)}").status_code == 404
        assert ask("GET", f"{moved.nws_url}/{CITIES}").text.count("FPUS20") == 2


def test_a_revised_bulletin_replaces_the_first() -> None:
    run = next(run for run in RUNS if len(versions_of_run(run, seed=1)) == 2)
    first, second = versions_of_run(run, seed=1)
    now = [second.published_at - timedelta(minutes=1)]
    with PracticeServer(today=TODAY, seed=1, now=lambda: now[0]) as server:
        url = f"{server.nbm_url}/{path(run)}"
        before = ask("GET", url)
        now[0] = second.published_at
        after = ask("GET", url, **{"If-None-Match": before.headers["ETag"]})
    assert parsedate_to_datetime(before.headers["Last-Modified"]) == first.published_at
    assert parsedate_to_datetime(after.headers["Last-Modified"]) == second.published_at
    assert after.status_code == 200
    assert after.content != before.content


@pytest.mark.parametrize(
    "wrong",
    [
        "blend.20210701/03/text/blend_nbstx.t04z",
        "blend.20210701/24/text/blend_nbstx.t24z",
        "blend.20141231/03/text/blend_nbstx.t03z",
        "blend.20210701/03/text/blend_nbhtx.t03z",
        "",
    ],
)
def test_other_objects_are_404(server: PracticeServer, wrong: str) -> None:
    assert ask("GET", f"{server.nbm_url}/{wrong}").status_code == 404


def test_the_text_service_wants_a_product_and_a_time(server: PracticeServer) -> None:
    assert ask("GET", f"{server.nws_url}/{CITIES}").text.count("FPUS20") == 2
    assert "FPUS20" not in ask("GET", f"{server.nws_url}/{CITIES.replace('SCS01', 'SCS05')}").text
    assert ask("GET", f"{server.nws_url}/{CITIES.replace('SCS01', 'AFDLOT')}").status_code == 422
    assert ask("GET", f"{server.nws_url}/{CITIES.replace('2021-07-19T00:00Z', 'yesterday')}").status_code == 422
    assert ask("GET", f"{server.nws_url}/other.py").status_code == 404


def test_airwatch_reads_weather_for_every_site_and_day(server: PracticeServer, tmp_path: Path) -> None:
    day = date(2021, 7, 8)
    found = nbm(server, tmp_path).forecasts(day, SITE_TABLE, published_by=issue_instant(day))
    rows = found.rows
    assert found.rejected.empty
    assert rows["site_id"].nunique() == len(SITE_TABLE)
    assert rows.groupby("site_id")["horizon_days"].agg(list).map(tuple).unique().tolist() == [(0, 1, 2, 3)]
    for name in ("temperature_c", "wind_speed_ms", "precipitation_mm", "boundary_layer_height_m", "ventilation_m2s"):
        assert rows.loc[rows["horizon_days"].between(1, 2), name].notna().all(), name
    assert (rows["issued_at"] <= issue_instant(day)).all()
    assert rows["weather_model"].unique().tolist() == ["NBM V0.0"]


def test_airwatch_reads_cities_near_the_sites(server: PracticeServer, tmp_path: Path) -> None:
    day = date(2021, 7, 8)
    found = nws(server, tmp_path).forecasts(day, SITE_TABLE, published_by=issue_instant(day))
    rows = found.rows
    assert found.rejected.empty
    assert rows["site_id"].nunique() > 20
    assert rows.loc[rows["horizon_days"] == 1, "weather_class"].notna().all()
    assert rows.loc[rows["horizon_days"] == 1, "temperature_max_c"].between(5, 45).all()


def test_a_missing_run_leads_to_the_one_before(server: PracticeServer, tmp_path: Path) -> None:
    run = next(
        run
        for run in RUNS
        if run.hour in range(4, 20)
        and not versions_of_run(run, seed=1)
        and len(versions_of_run(run - timedelta(hours=1), seed=1)) == 1
    )
    by = pd.Timestamp(run).tz_localize(None) + pd.Timedelta(minutes=59)
    search = nbm(server, tmp_path).archive.newest(published_by=by)
    assert search.cycle is not None
    assert search.cycle.run_at == pd.Timestamp(run).tz_localize(None) - pd.Timedelta(hours=1)
    assert f"no bulletin of {run:%Y-%m-%d %H} UTC" in search.notes[0]


def test_a_late_run_is_not_used_before_it_was_published(server: PracticeServer, tmp_path: Path) -> None:
    late = next(
        run
        for run in RUNS
        if (versions := versions_of_run(run, seed=1))
        and len(versions) == 1
        and versions[0].published_at - run > timedelta(minutes=180)
    )
    published = pd.Timestamp(versions_of_run(late, seed=1)[0].published_at).tz_localize(None)
    run_at = pd.Timestamp(late).tz_localize(None)
    archive = nbm(server, tmp_path).archive
    before = archive.newest(published_by=published - pd.Timedelta(seconds=1), run_by=run_at)
    at_once = archive.newest(published_by=published, run_by=run_at)
    assert before.cycle is not None
    assert before.cycle.run_at < run_at
    assert at_once.cycle is not None
    assert (at_once.cycle.run_at, at_once.cycle.publication.issued_at) == (run_at, published)


def faulty(kinds: list[FaultKind | None], prefix: str) -> ScriptedFaults:
    return ScriptedFaults(kinds, path_prefix=prefix, hang_seconds=0.1, retry_after_seconds=0)


@pytest.mark.parametrize("kind", ["server_error", "hang", "cut_connection"])
def test_the_readers_try_again_when_the_server_fails(kind: FaultKind, tmp_path: Path) -> None:
    day = date(2021, 7, 8)
    by = issue_instant(day)
    faults = faulty([kind, None, kind, kind], "/nbm/")
    with PracticeServer(today=TODAY, seed=1) as good, PracticeServer(today=TODAY, seed=1, faults=faults) as bad:
        expected = nbm(good, tmp_path / "good").forecasts(day, SITE_TABLE, published_by=by).rows
        found = nbm(bad, tmp_path / "bad").forecasts(day, SITE_TABLE, published_by=by).rows
    pd.testing.assert_frame_equal(found, expected)
    assert faults.counts == {kind: 3}
    faults = faulty([kind, None, kind], "/nws/")
    with PracticeServer(today=TODAY, seed=1) as good, PracticeServer(today=TODAY, seed=1, faults=faults) as bad:
        expected = nws(good, tmp_path / "good").forecasts(day, SITE_TABLE, published_by=by).rows
        found = nws(bad, tmp_path / "bad").forecasts(day, SITE_TABLE, published_by=by).rows
    pd.testing.assert_frame_equal(found, expected)


def test_half_a_bulletin_gives_its_whole_stations_and_the_next_run_all(tmp_path: Path) -> None:
    day = date(2021, 7, 8)
    faults = faulty([None, "truncated_bulletin"], "/nbm/")
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server:
        part, whole = (
            nbm(server, tmp_path).forecasts(day, SITE_TABLE, published_by=issue_instant(day)) for _ in range(2)
        )
    assert faults.counts == {"truncated_bulletin": 1}
    assert len(part.rejected) == 1
    assert part.rejected["reason"].str.contains("set aside").all()
    first_day = part.rows[part.rows["horizon_days"] == 0]
    assert 0 < first_day["site_id"].nunique() <= len(SITE_TABLE)
    assert whole.rejected.empty
    assert len(whole.rows) == 4 * len(SITE_TABLE)


def test_half_a_text_of_cities_gives_its_whole_lines(tmp_path: Path) -> None:
    day = date(2021, 7, 8)
    faults = faulty(["truncated_bulletin"], "/nws/")
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server:
        found = nws(server, tmp_path).forecasts(day, SITE_TABLE, published_by=issue_instant(day))
    assert faults.counts == {"truncated_bulletin": 1}
    assert found.rows["site_id"].nunique() > 10
