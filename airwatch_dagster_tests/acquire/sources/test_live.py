from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.live import LiveSource
from airwatch_dagster.acquire.versions import as_of
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster.errors import ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.practice.world.restatements import Restatement
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.sources.histories import RAW, current, merged

CHICAGO = Area.parse("cbsa:16980")
SITE_DAY = ["state_code", "county_code", "site_number", "date_local"]

JUNE = date(2021, 6, 1)
LAST_PUBLISHED = pd.Timestamp("2021-04-01")
"""On 1 June a server that lags by 60 days shows days up to this one."""

DAYS_AROUND = (date(2021, 3, 28), date(2021, 4, 10))
DAYS_AFTER = (date(2021, 5, 28), date(2021, 5, 31))
SEEN, LATER = pd.Timestamp("2021-06-01 15:00"), pd.Timestamp("2021-09-01 15:00")


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer(today=JUNE, aqs_lag_days=60) as opened:
        yield opened


def live(
    server: PracticeServer,
    folder: Path,
    session: requests.Session,
    *,
    today: date | None = None,
    context_km: float = 0.0,
    parameters: tuple[str, ...] = ("88101",),
) -> LiveSource:
    archive = AirDataArchive(server.airdata_url, download_dir=folder / "airdata", session=session)
    airnow = AirNowArchive(
        server.airnow_url, download_dir=folder / "airnow", session=session, sleep=lambda seconds: None
    )
    bulk = AirDataSource(archive, CHICAGO, context_km, parameters=parameters)
    return LiveSource(bulk, airnow, today or server.today)


def site_days(rows: pd.DataFrame) -> set[tuple[Any, ...]]:
    return set(rows[SITE_DAY].itertuples(index=False, name=None))


def of_source(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    return rows[rows["source"] == source]


def test_published_days_come_from_aqs_and_later_days_from_airnow(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    rows = live(server, tmp_path, session).pull(PullRequest(*DAYS_AROUND)).rows
    final, provisional = of_source(rows, "airdata"), of_source(rows, "airnow")
    assert len(final) + len(provisional) == len(rows)
    assert final["date_local"].max() == LAST_PUBLISHED
    assert provisional["poc"].unique().tolist() == [0]
    assert not site_days(final) & site_days(provisional)
    after = provisional[provisional["date_local"] > LAST_PUBLISHED]
    assert after["date_local"].nunique() == 9
    assert len(after) > 9 * 6
    assert set(rows["cbsa_code"]) == {"16980"}
    newest = live(server, tmp_path, session).pull(PullRequest(*DAYS_AFTER)).rows
    assert newest["source"].unique().tolist() == ["airnow"]
    assert newest["date_local"].unique().tolist() == list(pd.date_range(*DAYS_AFTER))


@pytest.mark.slow
def test_airnow_fills_site_days_that_aqs_lacks(tmp_path: Path, session: requests.Session) -> None:
    days = (date(2021, 3, 1), date(2021, 3, 10))
    gone = Restatement(on=date(2021, 4, 15), first=days[0], last=days[1], deleted_share=0.3)
    with PracticeServer(today=JUNE, aqs_lag_days=60, restatements=(gone,)) as server:
        source = live(server, tmp_path, session)
        rows = source.pull(PullRequest(*days)).rows
        measured = pd.concat([source.airnow.daily(day.date()).readings for day in pd.date_range(*days)])
    final, filled = site_days(of_source(rows, "airdata")), site_days(of_source(rows, "airnow"))
    here = {day[:3] for day in final}
    assert len(filled) > 10
    assert filled == {day for day in site_days(measured) if day[:3] in here} - final


@pytest.mark.slow
def test_context_is_read_from_airnow_too(server: PracticeServer, tmp_path: Path, session: requests.Session) -> None:
    days = (date(2021, 5, 30), date(2021, 5, 31))
    alone = live(server, tmp_path, session, parameters=BOTH).pull(PullRequest(*days)).rows
    around = live(server, tmp_path, session, context_km=150.0, parameters=BOTH).pull(PullRequest(*days)).rows
    assert set(alone["state_code"]) == {"17", "18", "55"}
    assert site_days(alone) < site_days(around)
    assert "33340" in set(around["cbsa_code"])
    assert "28140" not in set(around["cbsa_code"])


@pytest.mark.slow
def test_aqs_supersedes_airnow_when_it_publishes_and_both_versions_stay(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    before = merged(RAW.empty(), live(server, tmp_path, session).pull(PullRequest(*DAYS_AROUND)), SEEN)
    server.move_clock(date(2021, 9, 1))
    pull = live(server, tmp_path, session).pull(PullRequest(*DAYS_AROUND, history=before))
    after = merged(before, pull, LATER)
    waited = of_source(current(before), "airnow")
    published = of_source(current(after), "airdata")
    assert len(site_days(waited) & site_days(published)) > 9 * 6
    assert not site_days(of_source(current(after), "airnow")) & site_days(published)
    assert len(of_source(after, "airnow")) == len(waited)
    replaced = of_source(after[after["superseded_at"].notna()], "airnow")
    assert site_days(replaced) == site_days(waited) & site_days(published)
    assert replaced["superseded_at"].unique().tolist() == [LATER]
    pd.testing.assert_frame_equal(as_of(after, LATER - pd.Timedelta("1us")).assign(superseded_at=pd.NaT), before)
    assert not monitor_days(after).duplicated([*SITE_DAY, "poc"]).any()


@pytest.mark.slow
def test_a_site_that_aqs_still_lacks_keeps_its_airnow_day(tmp_path: Path, session: requests.Session) -> None:
    days = (date(2021, 5, 1), date(2021, 5, 10))
    never = Restatement(on=date(2021, 8, 1), first=days[0], last=days[1], deleted_share=0.3)
    with PracticeServer(today=JUNE, aqs_lag_days=60, restatements=(never,)) as server:
        before = merged(RAW.empty(), live(server, tmp_path, session).pull(PullRequest(*days)), SEEN)
        for today in (date(2021, 9, 1), date(2022, 6, 1)):
            server.move_clock(today)
            after = merged(before, live(server, tmp_path, session).pull(PullRequest(*days, history=before)), LATER)
            left = site_days(of_source(current(after), "airnow"))
            assert len(left) > 10
            assert left == site_days(before) - site_days(of_source(current(after), "airdata"))


@pytest.mark.slow
def test_a_repeated_pull_adds_nothing(server: PracticeServer, tmp_path: Path, session: requests.Session) -> None:
    source = live(server, tmp_path, session)
    history = merged(RAW.empty(), source.pull(PullRequest(*DAYS_AROUND)), SEEN)
    second = source.pull(PullRequest(*DAYS_AROUND, history=history))
    pd.testing.assert_frame_equal(merged(history, second, LATER), history)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "last"), [DAYS_AROUND, (DAYS_AFTER[0], date(2021, 6, 8))])
def test_a_clock_far_ahead_of_the_server_gives_the_same_rows(
    server: PracticeServer, tmp_path: Path, session: requests.Session, first: date, last: date
) -> None:
    expected = live(server, tmp_path, session).pull(PullRequest(first, last)).rows
    rows = live(server, tmp_path, session, today=date(2026, 11, 25)).pull(PullRequest(first, last)).rows
    is_filled = (expected["source"] == "airnow") & (expected["date_local"] <= LAST_PUBLISHED)
    assert (rows["date_local"] > LAST_PUBLISHED).any()
    pd.testing.assert_frame_equal(rows, expected[~is_filled].reset_index(drop=True))


@pytest.mark.slow
@pytest.mark.parametrize("today", [date(2021, 2, 20), date(2026, 11, 25)])
def test_days_of_a_year_without_a_file_come_from_airnow_alone(
    server: PracticeServer, tmp_path: Path, session: requests.Session, today: date
) -> None:
    server.move_clock(date(2021, 2, 20))
    source = live(server, tmp_path, session, today=today)
    rows = source.pull(PullRequest(date(2021, 1, 1), date(2021, 1, 5))).rows
    assert rows["source"].unique().tolist() == ["airnow"]
    assert rows["date_local"].nunique() == 5
    over_new_year = source.pull(PullRequest(date(2020, 12, 18), date(2021, 1, 2))).rows
    last_days = over_new_year.groupby("source")["date_local"].max()
    assert last_days.to_dict() == {"airdata": pd.Timestamp("2020-12-21"), "airnow": pd.Timestamp("2021-01-02")}


def test_a_year_that_the_archive_never_had_is_refused(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    with pytest.raises(SourceRefused, match=r"no daily PM2\.5 file for 2014"):
        live(server, tmp_path, session).pull(PullRequest(date(2014, 12, 31), date(2015, 1, 1)))


@pytest.mark.parametrize(("ahead", "is_awaited"), [(1, True), (2, True), (3, False)])
def test_a_missing_file_is_an_error_only_for_the_last_two_days(
    server: PracticeServer, tmp_path: Path, session: requests.Session, ahead: int, is_awaited: bool
) -> None:
    source = live(server, tmp_path, session, today=JUNE + timedelta(days=ahead))
    if not is_awaited:
        assert source.pull(PullRequest(date(2021, 5, 31), JUNE)).rows["date_local"].unique().tolist() == [
            pd.Timestamp("2021-05-31")
        ]
        return
    with pytest.raises(SourceUnavailable, match="no data of 2021-06-01 yet") as raised:
        source.pull(PullRequest(date(2021, 5, 31), JUNE))
    assert raised.value.retry_helps


def test_today_and_later_days_are_not_requested(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    rows = live(server, tmp_path, session).pull(PullRequest(date(2021, 5, 31), date(2021, 6, 3))).rows
    assert rows["date_local"].unique().tolist() == [pd.Timestamp("2021-05-31")]


def test_a_provisional_day_whose_file_is_gone_stays(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    days = (date(2021, 5, 20), date(2021, 5, 21))
    source = live(server, tmp_path, session)
    history = merged(RAW.empty(), source.pull(PullRequest(*days)), SEEN)
    server.move_clock(date(2021, 5, 21))
    pull = source.pull(PullRequest(*days, history=history))
    assert pull.in_scope(history).tolist() == (history["date_local"] == pd.Timestamp("2021-05-20")).tolist()
    pd.testing.assert_frame_equal(merged(history, pull, LATER), history)


@pytest.mark.slow
def test_provisional_rows_out_of_reach_do_not_change(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    days = (date(2021, 5, 30), date(2021, 5, 31))
    history = merged(RAW.empty(), live(server, tmp_path, session, context_km=150.0).pull(PullRequest(*days)), SEEN)
    after = merged(history, live(server, tmp_path, session).pull(PullRequest(*days, history=history)), LATER)
    pd.testing.assert_frame_equal(after, history)


def test_monitors_file_list_and_forecasts_come_from_the_two_archives(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    source = live(server, tmp_path, session)
    TABLES["monitors"].schema.validate(source.monitors().monitors)
    assert "daily_88101_2021.zip" in source.file_list()["filename"].tolist()
    assert source.agency_forecasts(JUNE).records["archived_on"].unique().tolist() == [pd.Timestamp(JUNE)]
    assert (source.kind, source.recent_days(), source.supports_changes()) == ("airdata", 7, False)
    with pytest.raises(ConfigurationError, match="cannot list changes"):
        source.changes(PullRequest.of_year(2021), since=JUNE, until=JUNE)


def test_a_recheck_accepts_a_day_that_airnow_has_not_completed(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    source = live(server, tmp_path, session, today=JUNE + timedelta(days=1))
    rows = source.pull(PullRequest(date(2021, 5, 31), JUNE, is_recheck=True)).rows
    assert rows["date_local"].unique().tolist() == [pd.Timestamp("2021-05-31")]


def test_the_cost_is_the_files_plus_a_second_per_airnow_day(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    source = live(server, tmp_path, session)
    bulk = source.bulk.cost(date(2021, 5, 1), date(2021, 5, 31))
    whole = source.cost(date(2021, 5, 1), date(2021, 5, 31))
    assert (whole.calls - bulk.calls, whole.seconds - bulk.seconds) == (31, pytest.approx(31.0))
    assert source.cost(date(2019, 1, 1), date(2019, 1, 31)) == source.bulk.cost(date(2019, 1, 1), date(2019, 1, 31))


def test_an_airnow_day_costs_one_request_and_at_most_one_row_per_listed_site(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    source = live(server, tmp_path, session, today=JUNE)
    files = source.bulk.cost(date(2021, 5, 1), date(2021, 5, 31))

    unknown = source.cost(date(2021, 5, 1), date(2021, 5, 31))
    known = source.cost(date(2021, 5, 1), date(2021, 5, 31), monitors=source.monitors().monitors)

    sites = source.monitors().monitors["site_id"].nunique()
    assert (unknown.calls, unknown.rows) == (files.calls + 31, None)
    assert files.rows is not None
    assert (known.calls, known.rows) == (files.calls + 31, files.rows + 31 * sites)


KENOSHA = {"state_code": "55", "county_code": "059", "site_number": "9001"}
BOTH = ("88101", "88502")


def of_kenosha(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows[list(KENOSHA)] == pd.Series(KENOSHA)).all(axis=1)]


def test_airnows_value_of_a_site_of_88502_is_of_88502_and_aqs_replaces_it(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    days = PullRequest(date(2021, 4, 2), date(2021, 4, 10))
    history = merged(RAW.empty(), live(server, tmp_path, session, parameters=BOTH).pull(days), SEEN)
    provisional = of_kenosha(history)
    assert set(zip(provisional["parameter_code"], provisional["source"], strict=True)) == {("88502", "airnow")}
    assert set(of_source(history, "airnow")["parameter_code"]) == set(BOTH)
    server.move_clock(date(2021, 9, 1))
    again = live(server, tmp_path, session, parameters=BOTH).pull(PullRequest(days.first, days.last, history))
    after = of_kenosha(current(merged(history, again, LATER)))
    assert set(zip(after["parameter_code"], after["source"], strict=True)) == {("88502", "airdata")}


def test_with_88101_alone_sites_of_88502_are_not_read_from_airnow(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    rows = live(server, tmp_path, session).pull(PullRequest(*DAYS_AFTER)).rows
    assert of_kenosha(rows).empty
    assert set(rows["parameter_code"]) == {"88101"}


def test_days_before_parameters_were_read_get_88502_without_a_change_of_88101(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    days = date(2021, 3, 1), date(2021, 3, 7)
    history = merged(RAW.empty(), live(server, tmp_path, session).pull(PullRequest(*days)), SEEN)
    again = live(server, tmp_path, session, parameters=BOTH).pull(PullRequest(*days, history))
    after = merged(history, again, LATER)
    of_88101 = after[after["parameter_code"] == "88101"].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_88101, history)
    assert len(after) > len(history)
