import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import pytest
import requests

from airwatch_dagster.acquire.http.download_cache import RETRY_WAITS_S, DownloadCache
from airwatch_dagster.acquire.http.mirrors import mirror_at
from airwatch_dagster.errors import BadPayload, ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply

NAME = "table.dat"
PATH = f"/2023/{NAME}"


@pytest.fixture
def waits() -> list[float]:
    """Seconds waited, in order."""
    return []


@pytest.fixture
def files(server: FakeServer, session: requests.Session, tmp_path: Path, waits: list[float]) -> DownloadCache:
    mirror = mirror_at(server.url, session, setting="SOME_URL")
    folder = tmp_path / "cache"
    return DownloadCache(mirror, server.url, folder, path="2023/", clock=lambda: 1_637_366_400.0, sleep=waits.append)


def any_file(path: Path) -> None:
    """Every file is fine."""


def whole(path: Path) -> None:
    """Only a file that ends as it should is fine."""
    if not path.read_bytes().endswith(b"end"):
        raise SourceUnavailable(path.name, "is cut off", fix="Download it again")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_cached_beside_its_description(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"content", headers={"ETag": '"a"'}))
    path = files.current(NAME, check=any_file, as_of=lambda: "2023-01-10")
    assert path.read_bytes() == b"content"
    assert names(files.folder) == ["table.dat", "table.dat.json"]
    assert json.loads((files.folder / "table.dat.json").read_text()) == {
        "url": f"{server.url}/2023/table.dat",
        "etag": '"a"',
        "last_modified": None,
        "sha256": "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73",
        "size": 7,
        "as_of": "2023-01-10",
        "fetched_at": "2021-11-20T00:00:00+00:00",
    }


def test_an_unchanged_file_is_revalidated_and_not_re_sent(files: DownloadCache, server: FakeServer) -> None:
    sent: list[str] = []

    def current(headers: Mapping[str, str]) -> Reply:
        if headers.get("if-modified-since") == "Tue, 10 Jan 2023 18:00:00 GMT":
            return Reply(status=304)
        sent.append(NAME)
        return Reply(b"content", headers={"Last-Modified": "Tue, 10 Jan 2023 18:00:00 GMT"})

    server.will_send(PATH, current)
    assert files.current(NAME, check=any_file) == files.current(NAME, check=any_file)
    assert sent == [NAME]


def test_a_transient_failure_is_retried(files: DownloadCache, server: FakeServer, waits: list[float]) -> None:
    server.will_send(PATH, Reply(status=503), Reply(b"beginning and", cut=True), Reply(b"beginning and end"))
    assert files.current(NAME, check=whole).read_bytes() == b"beginning and end"
    assert RETRY_WAITS_S == (5.0, 30.0)
    assert [round(wait / planned) for wait, planned in zip(waits, RETRY_WAITS_S, strict=True)] == [1, 1]


def test_a_download_that_fails_its_check_is_retried(
    files: DownloadCache, server: FakeServer, waits: list[float]
) -> None:
    server.will_send(PATH, Reply(b"half of the"), Reply(b"all to the end"))
    assert files.current(NAME, check=whole).read_bytes() == b"all to the end"
    assert len(waits) == 1


def test_a_lasting_failure_is_raised_and_leaves_the_cached_copy(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"to the end"))
    path = files.current(NAME, check=whole)
    before = files.known(NAME)
    server.will_send(PATH, Reply(b"to the"))
    with pytest.raises(SourceUnavailable, match="cut off"):
        files.current(NAME, check=whole)
    assert server.requested.count(PATH) == 4
    assert path.read_bytes() == b"to the end"
    assert files.known(NAME) == before
    assert names(files.folder) == ["table.dat", "table.dat.json"]


def test_a_refusal_and_a_bad_payload_are_not_retried(
    files: DownloadCache, server: FakeServer, waits: list[float]
) -> None:
    def bad(path: Path) -> None:
        raise BadPayload(path.name, "line 3 is damaged", fix="Report it")

    with pytest.raises(SourceRefused):
        files.current("absent.dat", check=any_file)
    server.will_send(PATH, Reply(b"content"))
    with pytest.raises(BadPayload):
        files.current(NAME, check=bad)
    assert server.requested == ["/2023/absent.dat", PATH]
    assert waits == []
    assert names(files.folder) == []


def test_a_bad_file_of_a_folder_is_not_retried(tmp_path: Path, waits: list[float]) -> None:
    (tmp_path / NAME).write_bytes(b"half of the")
    mirror = mirror_at(tmp_path.as_uri(), None, setting="SOME_URL")
    files = DownloadCache(mirror, tmp_path.as_uri(), tmp_path / "cache", sleep=waits.append)
    with pytest.raises(SourceUnavailable, match="cut off"):
        files.current(NAME, check=whole)
    assert waits == []


def test_a_copy_from_another_url_is_not_used(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"content"))
    files.current(NAME, check=any_file)
    note = files.folder / "table.dat.json"
    note.write_text(note.read_text().replace("/2023/", "/2022/"))
    assert files.known(NAME) is None


def test_a_copy_with_an_unreadable_description_is_not_used(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"content"))
    files.current(NAME, check=any_file)
    (files.folder / "table.dat.json").write_text("{")
    assert files.known(NAME) is None


def test_read_caches_nothing(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"content"))
    assert files.read(NAME) == b"content"
    assert names(files.folder) == []


def test_a_url_that_is_not_a_valid_archive_names_its_setting() -> None:
    with pytest.raises(ConfigurationError, match="AIRWATCH_AIRNOW_URL"):
        mirror_at("ftp://host/airnow", None, setting="AIRWATCH_AIRNOW_URL")


def test_a_file_is_hashed_once_until_it_changes(
    files: DownloadCache, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will_send(PATH, Reply(b"content"))
    path = files.current(NAME, check=any_file)
    assert files.known(NAME) is not None
    hashed: list[str] = []

    def digest(file: IO[bytes], name: str) -> object:
        hashed.append(Path(file.name).name)
        return file_digest(file, name)

    file_digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", digest)
    assert files.known(NAME) == files.known(NAME) is not None
    assert hashed == []
    path.write_bytes(b"altered")
    assert files.known(NAME) is None
    assert hashed == [NAME]


def test_a_packed_copy_is_compressed_and_known_by_its_published_size(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    published = tmp_path / "published"
    published.mkdir()
    (published / NAME).write_bytes(b"content " * 1000)
    mirror = mirror_at(published.as_uri(), session, setting="SOME_URL")
    files = DownloadCache(mirror, published.as_uri(), tmp_path / "cache", is_packed=True)

    path = files.current(NAME, check=any_file)
    first = path.stat().st_ino

    assert (path, gzip.decompress(path.read_bytes())) == (files.copy_of(NAME), b"content " * 1000)
    assert names(files.folder) == ["table.dat.gz", "table.dat.gz.json"]
    known = files.known(NAME)
    assert known is not None
    assert known.size == 8000
    assert files.current(NAME, check=any_file).stat().st_ino == first, "an unchanged file is not copied again"
    path.write_bytes(b"other")
    assert files.known(NAME) is None
