"""How long an archive is waited for, and what is not downloaded twice for it."""

from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.http.download_cache import RETRY_WAITS_S
from airwatch_dagster.errors import SourceUnavailable
from airwatch_dagster_tests.acquire.wire import FakeServer, Reply, zipped

NAME = "daily_88101_2021.zip"
LIST = Reply(b'filename,rows,size_bytes,as_of\n"daily_88101_2021.zip",1,2,2021-11-20\n')
DOWN, PAGE = Reply(status=503), Reply(b"<html>Down for maintenance</html>")


@pytest.fixture
def waits() -> list[float]:
    """Seconds waited, in order."""
    return []


def archive(
    server: FakeServer, session: requests.Session, folder: Path, waits: list[float], backoff_scale: float = 1.0
) -> AirDataArchive:
    return AirDataArchive(
        server.url, download_dir=folder, session=session, sleep=waits.append, backoff_scale=backoff_scale
    )


def test_a_disturbed_list_is_asked_again_and_not_the_file_that_came_before_it(
    server: FakeServer, session: requests.Session, tmp_path: Path, waits: list[float]
) -> None:
    server.will_send(f"/{NAME}", Reply(zipped("a,b\n1,2\n")))
    server.will_send("/file_list.csv", DOWN, PAGE, LIST)
    one = archive(server, session, tmp_path, waits)

    one.fetch(NAME)

    assert server.asked == [f"/{NAME}", *["/file_list.csv"] * 3]
    known = one.download(NAME)
    assert known is not None
    assert known.as_of == "2021-11-20"


@pytest.mark.parametrize("backoff_scale", [1.0, 0.01, 0.0])
def test_the_backoff_scale_scales_the_waits(
    server: FakeServer, session: requests.Session, tmp_path: Path, waits: list[float], backoff_scale: float
) -> None:
    server.will_send("/file_list.csv", DOWN)

    with pytest.raises(SourceUnavailable, match="status 503"):
        archive(server, session, tmp_path, waits, backoff_scale).file_list()

    assert len(waits) == len(RETRY_WAITS_S)
    for waited, planned in zip(waits, RETRY_WAITS_S, strict=True):
        assert 0.8 * planned * backoff_scale <= waited <= 1.2 * planned * backoff_scale
