"""Retries of an archive, and the end of its session."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.http.download_cache import RETRY_WAITS_S
from airwatch_dagster.acquire.http.file_archive import FileArchive
from airwatch_dagster.errors import SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import zipped

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


def test_a_failed_list_is_retried_without_its_file(
    server: FakeServer, session: requests.Session, tmp_path: Path, waits: list[float]
) -> None:
    server.will_send(f"/{NAME}", Reply(zipped("a,b\n1,2\n")))
    server.will_send("/file_list.csv", DOWN, PAGE, LIST)
    one = archive(server, session, tmp_path, waits)

    one.fetch(NAME)

    assert server.requested == [f"/{NAME}", *["/file_list.csv"] * 3]
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


@pytest.mark.parametrize("kind", [AirDataArchive, AirNowArchive])
def test_an_archive_closes_the_session_that_it_opened(
    server: FakeServer, tmp_path: Path, open_sessions: set[requests.Session], kind: type[FileArchive]
) -> None:
    with kind(server.url, download_dir=tmp_path) as archive:
        with pytest.raises(SourceRefused):
            archive._files.read("absent")
        assert len(open_sessions) == 1
    assert open_sessions == set()


def test_an_archive_leaves_a_given_session_open(
    server: FakeServer, tmp_path: Path, open_sessions: set[requests.Session]
) -> None:
    server.will_send(f"/{NAME}", Reply(zipped("a,b\n1,2\n")))
    with requests.Session() as given:
        with AirDataArchive(server.url, download_dir=tmp_path, session=given) as archive:
            archive.fetch(NAME)
        assert open_sessions == {given}


@pytest.fixture
def trickle() -> Iterator[str]:
    """The URL of a server whose every response arrives at ten bytes a second and never ends."""
    stop = threading.Event()

    def respond(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not stop.wait(0.1):
                connection.sendall(b"x")

    def serve(listening: socket.socket) -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                respond(listening.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        stop.set()
        thread.join()


def test_a_limited_archive_gives_up_in_time_without_a_retry(trickle: str, tmp_path: Path, waits: list[float]) -> None:
    began = time.monotonic()

    with (
        AirDataArchive(trickle, download_dir=tmp_path, sleep=waits.append, max_s=0.5) as archive,
        pytest.raises(SourceUnavailable, match=r"file_list\.csv"),
    ):
        archive.file_list()

    assert 0.5 <= time.monotonic() - began < 5.0
    assert waits == []
