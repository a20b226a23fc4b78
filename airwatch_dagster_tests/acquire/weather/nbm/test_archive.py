"""Of the cycles in NOAA's archive the newest that was published in time is used, by the object's own time."""

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.addresses import NBM_URL
from airwatch_dagster.acquire.weather.nbm.archive import CYCLES_TRIED, CycleSearch, NbmArchive
from airwatch_dagster.errors import BadPayload, SourceUnavailable
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.weather.nbs_samples import bulletin, station

BY = pd.Timestamp("2021-07-05 00:00")
NO_OBJECT = Reply(b"<Error><Code>NoSuchKey</Code></Error>", 404)


def no_sleep(seconds: float) -> None:
    """Time does not pass."""


def path_of(run: str) -> str:
    at = pd.Timestamp(run)
    return f"/blend.{at:%Y%m%d}/{at:%H}/text/blend_nbstx.t{at:%H}z"


def published(run: str, at: str | None, **station_of: object) -> Reply:
    """The object of a cycle, last modified at a time (UTC)."""
    text = bulletin(station(run=pd.Timestamp(run), **station_of))  # type: ignore[arg-type]
    when = (
        {} if at is None else {"Last-Modified": format_datetime(datetime.fromisoformat(at).replace(tzinfo=UTC), True)}
    )
    return Reply(text.encode(), headers=when)


@pytest.fixture
def archive(server: FakeServer, session: requests.Session, tmp_path: Path) -> NbmArchive:
    return NbmArchive(server.url, download_dir=tmp_path / "nbm", session=session, sleep=no_sleep)


def test_the_default_address_is_noaas_open_data(tmp_path: Path) -> None:
    assert NBM_URL == "https://noaa-nbm-grib2-pds.s3.amazonaws.com"
    assert repr(NbmArchive(download_dir=tmp_path)) == f"NbmArchive('{NBM_URL}')"


def test_the_newest_cycle_published_in_time_is_used_and_later_ones_are_not_downloaded(
    archive: NbmArchive, server: FakeServer
) -> None:
    server.will_send(path_of("2021-07-04 23:00"), published("2021-07-04 23:00", "2021-07-05 00:00:01"))
    server.will_send(path_of("2021-07-04 22:00"), published("2021-07-04 22:00", "2021-07-05 00:00:00"))

    found = archive.newest(published_by=BY)

    assert found.cycle is not None
    assert (found.cycle.run_at, found.cycle.publication.issued_at) == (pd.Timestamp("2021-07-04 22:00"), BY)
    assert not found.cycle.publication.is_assumed
    assert found.notes == (
        "no bulletin of 2021-07-05 00 UTC (there is no such file)",
        (
            "the bulletin of 2021-07-04 23 UTC was published, perhaps anew, at 2021-07-05 00:00:01 UTC, "
            "after 2021-07-05 00:00:00 UTC"
        ),
    )
    assert server.requested.count(path_of("2021-07-04 23:00")) == 1
    assert server.methods == ["HEAD", "HEAD", "HEAD", "GET"]
    assert b"NBS GUIDANCE" in gzip.decompress(found.cycle.path.read_bytes())


def test_a_run_may_be_required_to_begin_earlier(archive: NbmArchive, server: FakeServer) -> None:
    for hour in (3, 22):
        run = f"2021-07-04 {hour:02}:00"
        server.will_send(path_of(run), published(run, f"2021-07-04 {hour:02}:44"))

    found = archive.newest(published_by=BY, run_by=pd.Timestamp("2021-07-04 04:30"))

    assert found.cycle is not None
    assert found.cycle.run_at == pd.Timestamp("2021-07-04 03:00")


def test_a_bulletin_published_anew_too_late_is_used_only_from_the_copy_of_before(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    def newest(by: pd.Timestamp) -> CycleSearch:
        opened_anew = NbmArchive(server.url, download_dir=tmp_path / "nbm", session=session, sleep=no_sleep)
        return opened_anew.newest(published_by=by)

    run = "2021-07-04 23:00"
    server.will_send(path_of(run), published(run, "2021-07-04 23:44", TMP=68))
    first = newest(BY)
    server.will_send(path_of(run), published(run, "2021-07-05 06:00", TMP=77))

    again = newest(BY)
    later = newest(pd.Timestamp("2021-07-05 06:00"))

    assert first.cycle is not None
    assert again.cycle == first.cycle
    assert later.cycle is not None
    assert later.cycle.publication.issued_at == pd.Timestamp("2021-07-05 06:00")
    assert b" 77 77" in gzip.decompress(later.cycle.path.read_bytes())
    assert newest(BY).cycle is None


def test_a_cycle_that_was_found_is_not_asked_for_again(archive: NbmArchive, server: FakeServer) -> None:
    run = "2021-07-04 23:00"
    server.will_send(path_of(run), published(run, "2021-07-04 23:44"))
    first = archive.newest(published_by=BY, run_by=pd.Timestamp(run))

    again = archive.newest(published_by=BY + pd.Timedelta(days=1), run_by=pd.Timestamp(run))
    before_it = archive.newest(published_by=pd.Timestamp("2021-07-04 23:43"), run_by=pd.Timestamp(run))

    assert again.cycle == first.cycle
    assert before_it.cycle is None
    assert server.methods[:2] == ["HEAD", "GET"]
    assert server.requested.count(path_of(run)) == 3


def test_an_object_replaced_between_question_and_download_counts_from_its_new_time(
    archive: NbmArchive, server: FakeServer
) -> None:
    run = "2021-07-04 23:00"
    server.will_send(path_of(run), published(run, "2021-07-04 23:44"), published(run, "2021-07-05 00:10"))

    assert archive.newest(published_by=BY).cycle is None


@pytest.mark.parametrize("modified", ["2021-08-03 23:00:01", "2024-02-01 10:00", "2021-07-03 22:59", None])
def test_an_object_whose_time_says_nothing_counts_as_published_after_the_longest_lag(
    modified: str | None, archive: NbmArchive, server: FakeServer
) -> None:
    run = "2021-07-04 09:00"
    server.will_send(path_of(run), published(run, modified))

    found = archive.newest(published_by=pd.Timestamp("2021-07-04 23:17"))
    too_early = archive.newest(published_by=pd.Timestamp("2021-07-04 23:16"))

    assert found.cycle is not None
    assert found.cycle.publication.is_assumed
    assert found.cycle.publication.issued_at == pd.Timestamp("2021-07-04 23:17")
    assert too_early.cycle is None
    assert any(
        "2021-07-04 09 UTC is assumed to have been published at 2021-07-04 23:17:00" in one for one in too_early.notes
    )


def test_an_object_of_a_month_later_is_a_correction_of_that_time(archive: NbmArchive, server: FakeServer) -> None:
    run = "2021-07-04 09:00"
    server.will_send(path_of(run), published(run, "2021-08-03 09:00"))

    assert archive.newest(published_by=BY).cycle is None


def test_without_any_cycle_of_a_day_there_is_none(archive: NbmArchive, server: FakeServer) -> None:
    found = archive.newest(published_by=BY)

    assert found.cycle is None
    assert len(found.notes) == CYCLES_TRIED == len(server.requested)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(status=503), "the server responded with status 503"),
        (Reply(b"<html>Slow down</html>"), "is not an NBS bulletin"),
        (Reply(b""), "has no byte"),
    ],
)
def test_an_archive_that_does_not_answer_is_an_error_and_no_older_run_takes_its_place(
    reply: Reply, says: str, archive: NbmArchive, server: FakeServer
) -> None:
    when = {"Last-Modified": "Sun, 04 Jul 2021 23:44:00 GMT"}
    server.will_send(path_of("2021-07-04 23:00"), Reply(reply.body, reply.status, when))
    server.will_send(path_of("2021-07-04 22:00"), published("2021-07-04 22:00", "2021-07-04 22:44"))

    with pytest.raises(SourceUnavailable, match=says) as caught:
        archive.newest(published_by=BY)

    assert caught.value.culprit == server.url + path_of("2021-07-04 23:00")
    assert caught.value.retry_helps


@pytest.fixture
def in_folder(tmp_path: Path) -> Callable[[str, str | None, str | None], NbmArchive]:
    """An archive of one bulletin, with a time of change and what the file beside it says."""

    def at(run: str, changed: str | None, said: str | None) -> NbmArchive:
        path = tmp_path / "mirror" / path_of(run).lstrip("/")
        path.parent.mkdir(parents=True)
        path.write_bytes(published(run, None).body)
        if changed is not None:
            seconds = pd.Timestamp(changed, tz="UTC").timestamp()
            os.utime(path, (seconds, seconds))
        if said is not None:
            path.with_name(f"{path.name}.published").write_text(said)
        return NbmArchive((tmp_path / "mirror").as_uri(), download_dir=tmp_path / "nbm")

    return at


@pytest.mark.parametrize(
    ("changed", "said", "issued_at"),
    [
        ("2021-07-04 23:44:10", None, "2021-07-04 23:44:10"),
        ("2026-11-30 08:00", "2021-07-04T23:51:02Z\n", "2021-07-04 23:51:02"),
        ("2021-07-04 23:44:10", "2021-07-04T19:55:00-04:00", "2021-07-04 23:55:00"),
        ("2021-07-04 23:44:10", "2021-07-04T23:55", "2021-07-04 23:55:00"),
    ],
)
def test_in_a_folder_the_file_beside_or_the_time_of_change_counts(
    changed: str,
    said: str | None,
    issued_at: str,
    in_folder: Callable[[str, str | None, str | None], NbmArchive],
) -> None:
    found = in_folder("2021-07-04 23:00", changed, said).newest(published_by=BY)

    assert found.cycle is not None
    assert (found.cycle.publication.issued_at, found.cycle.publication.is_assumed) == (pd.Timestamp(issued_at), False)


def test_a_copy_of_today_without_a_file_beside_has_an_assumed_time(
    in_folder: Callable[[str, str | None, str | None], NbmArchive],
) -> None:
    found = in_folder("2021-07-04 09:00", None, None).newest(published_by=BY)

    assert found.cycle is not None
    assert found.cycle.publication.is_assumed


def test_a_file_beside_that_holds_no_time_is_refused(
    in_folder: Callable[[str, str | None, str | None], NbmArchive],
) -> None:
    with pytest.raises(BadPayload, match="'yesterday' is not a valid time") as caught:
        in_folder("2021-07-04 23:00", None, "yesterday").newest(published_by=BY)

    assert caught.value.culprit.endswith("blend_nbstx.t23z.published")
    assert "2021-07-04T17:44:10Z" in caught.value.fix
