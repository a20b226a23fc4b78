"""A file of a mirror can be described without its bytes: what changed, and whether it is there."""

import os
from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.http.mirrors import Response, mirror_at
from airwatch_dagster.errors import SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply

WHEN = "Sun, 04 Jul 2021 23:44:00 GMT"


def test_a_server_is_asked_for_the_headers_alone(server: FakeServer, session: requests.Session) -> None:
    server.will_send("/file", Reply(b"x" * 1000, headers={"Last-Modified": WHEN, "ETag": '"a"'}))

    described = mirror_at(server.url, session, setting="SOME_URL").describe("file", culprit="file")

    assert described == Response('"a"', WHEN)
    assert server.methods == ["HEAD"]


def test_the_headers_of_a_file_behind_a_redirect_are_its_own(server: FakeServer, session: requests.Session) -> None:
    server.will_send("/old/file", Reply(status=302, headers={"Location": "/new/file", "Last-Modified": "another"}))
    server.will_send("/new/file", Reply(headers={"Last-Modified": WHEN}))

    described = mirror_at(f"{server.url}/old", session, setting="SOME_URL").describe("file", culprit="file")

    assert described.last_modified == WHEN
    assert server.methods == ["HEAD", "HEAD"]


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (404, SourceRefused, "there is no such file"),
        (403, SourceRefused, "the server responded with status 403"),
        (503, SourceUnavailable, "the server responded with status 503"),
    ],
)
def test_a_file_that_cannot_be_described_is_an_error_as_when_it_is_downloaded(
    status: int, error: type[Exception], says: str, server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    server.will_send("/file", Reply(b"<html>", status=status))
    mirror = mirror_at(server.url, session, setting="SOME_URL")

    with pytest.raises(error, match=says):
        mirror.describe("file", culprit="file")
    with pytest.raises(error, match=says):
        mirror.get("file", tmp_path / "file", culprit="file")


def test_a_file_of_a_folder_has_its_time_of_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    os.utime(tmp_path / "file", ns=(1, 1_625_442_240_000_000_000))
    mirror = mirror_at(tmp_path.as_uri(), None, setting="SOME_URL")

    assert mirror.describe("file", culprit="file") == Response(None, "1625442240000000000 ns")
    with pytest.raises(SourceRefused, match="there is no such file"):
        mirror.describe("other", culprit="other")
