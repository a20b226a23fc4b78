import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.http.download_cache import RETRY_WAITS_S, DownloadCache
from airwatch_dagster.acquire.http.mirrors import mirror_at
from airwatch_dagster.acquire.http.redaction import without_credentials
from airwatch_dagster.errors import BadPayload, ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.wire import FakeServer, Reply

NAME = "table.dat"
PATH = f"/2023/{NAME}"


@pytest.fixture
def waits() -> list[float]:
    """Seconds waited, in order."""
    return []


@pytest.fixture
def files(server: FakeServer, session: requests.Session, tmp_path: Path, waits: list[float]) -> DownloadCache:
    mirror = mirror_at(server.url, session, setting="SOME_URL")
    folder = tmp_path / "kept"
    return DownloadCache(mirror, server.url, folder, path="2023/", clock=lambda: 1_637_366_400.0, sleep=waits.append)


def any_file(path: Path) -> None:
    """Every file is fine."""


def whole(path: Path) -> None:
    """Only a file that ends as it should is fine."""
    if not path.read_bytes().endswith(b"end"):
        raise SourceUnavailable(path.name, "is cut off", fix="Download it again")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_lies_in_the_folder_beside_a_note_of_what_it_is(files: DownloadCache, server: FakeServer) -> None:
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


def test_an_unchanged_file_is_revalidated_and_not_sent_again(files: DownloadCache, server: FakeServer) -> None:
    sent: list[str] = []

    def current(headers: Mapping[str, str]) -> Reply:
        if headers.get("if-modified-since") == "Tue, 10 Jan 2023 18:00:00 GMT":
            return Reply(status=304)
        sent.append(NAME)
        return Reply(b"content", headers={"Last-Modified": "Tue, 10 Jan 2023 18:00:00 GMT"})

    server.will_send(PATH, current)
    assert files.current(NAME, check=any_file) == files.current(NAME, check=any_file)
    assert sent == [NAME]


def test_a_passing_failure_is_repeated_and_then_forgotten(
    files: DownloadCache, server: FakeServer, waits: list[float]
) -> None:
    server.will_send(PATH, Reply(status=503), Reply(b"beginning and", cut=True), Reply(b"beginning and end"))
    assert files.current(NAME, check=whole).read_bytes() == b"beginning and end"
    assert RETRY_WAITS_S == (5.0, 30.0)
    assert [round(wait / planned) for wait, planned in zip(waits, RETRY_WAITS_S, strict=True)] == [1, 1]


def test_a_download_that_fails_its_check_is_repeated_too(
    files: DownloadCache, server: FakeServer, waits: list[float]
) -> None:
    server.will_send(PATH, Reply(b"half of the"), Reply(b"all to the end"))
    assert files.current(NAME, check=whole).read_bytes() == b"all to the end"
    assert len(waits) == 1


def test_a_lasting_failure_is_raised_and_leaves_the_copy_from_before(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"to the end"))
    path = files.current(NAME, check=whole)
    before = files.known(NAME)
    server.will_send(PATH, Reply(b"to the"))
    with pytest.raises(SourceUnavailable, match="cut off"):
        files.current(NAME, check=whole)
    assert server.asked.count(PATH) == 4
    assert path.read_bytes() == b"to the end"
    assert files.known(NAME) == before
    assert names(files.folder) == ["table.dat", "table.dat.json"]


def test_a_refusal_and_a_bad_payload_are_not_repeated(
    files: DownloadCache, server: FakeServer, waits: list[float]
) -> None:
    def bad(path: Path) -> None:
        raise BadPayload(path.name, "line 3 is damaged", fix="Report it")

    with pytest.raises(SourceRefused):
        files.current("absent.dat", check=any_file)
    server.will_send(PATH, Reply(b"content"))
    with pytest.raises(BadPayload):
        files.current(NAME, check=bad)
    assert server.asked == ["/2023/absent.dat", PATH]
    assert waits == []
    assert names(files.folder) == []


def test_what_is_damaged_in_a_folder_is_not_waited_for(tmp_path: Path, waits: list[float]) -> None:
    (tmp_path / NAME).write_bytes(b"half of the")
    mirror = mirror_at(tmp_path.as_uri(), None, setting="SOME_URL")
    files = DownloadCache(mirror, tmp_path.as_uri(), tmp_path / "kept", sleep=waits.append)
    with pytest.raises(SourceUnavailable, match="cut off"):
        files.current(NAME, check=whole)
    assert waits == []


def test_a_copy_from_another_address_does_not_count(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"content"))
    files.current(NAME, check=any_file)
    note = files.folder / "table.dat.json"
    note.write_text(note.read_text().replace("/2023/", "/2022/"))
    assert files.known(NAME) is None


def test_a_note_that_cannot_be_read_does_not_count(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"content"))
    files.current(NAME, check=any_file)
    (files.folder / "table.dat.json").write_text("{")
    assert files.known(NAME) is None


def test_a_file_is_read_without_being_kept(files: DownloadCache, server: FakeServer) -> None:
    server.will_send(PATH, Reply(b"content"))
    assert files.read(NAME) == b"content"
    assert names(files.folder) == []


def test_an_address_is_shown_without_credentials() -> None:
    assert without_credentials("https://me:sesame-42@host:8443/path?key=x#y") == "https://host:8443/path"


def test_an_address_that_is_no_archive_names_its_setting() -> None:
    with pytest.raises(ConfigurationError, match="AIRWATCH_AIRNOW_URL"):
        mirror_at("ftp://host/airnow", None, setting="AIRWATCH_AIRNOW_URL")
