import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.errors import AirWatchError, BadPayload, ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import DAILY_ROW, csv_text, mirror, zipped

NAME = "daily_88101_2021.zip"
FIRST = zipped(csv_text([DAILY_ROW]))
SECOND = zipped(csv_text([DAILY_ROW | {"Arithmetic Mean": "9.9"}]))
LIST = Reply(
    b'filename,rows,size_bytes,as_of\n"daily_88101_2021.zip",1,"n/a",2021-11-20\naqs_monitors.zip,2,3,2021-11-21\n'
)


def no_sleep(seconds: float) -> None:
    """Time does not pass."""


@pytest.fixture
def archive(server: FakeServer, session: requests.Session, tmp_path: Path) -> AirDataArchive:
    server.will_send("/file_list.csv", LIST)
    return AirDataArchive(
        server.url, download_dir=tmp_path, session=session, clock=lambda: 1_637_366_400.0, sleep=no_sleep
    )


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


def test_a_download_is_described_in_a_sidecar_file(archive: AirDataArchive, server: FakeServer, tmp_path: Path) -> None:
    server.will_send(
        f"/{NAME}", Reply(FIRST, headers={"ETag": '"a"', "Last-Modified": "Sat, 20 Nov 2021 00:00:00 GMT"})
    )
    assert archive.fetch(NAME).read_bytes() == FIRST
    note = json.loads((tmp_path / f"{NAME}.json").read_text())
    assert note.pop("sha256").isalnum()
    assert note == {
        "url": f"{server.url}/{NAME}", "etag": '"a"', "last_modified": "Sat, 20 Nov 2021 00:00:00 GMT",
        "size": len(FIRST), "as_of": "2021-11-20", "fetched_at": "2021-11-20T00:00:00+00:00",
    }  # fmt: skip
    assert not leftovers(tmp_path)


def conditional(body: bytes, etag: str) -> Reply:
    return Reply(body, headers={"ETag": etag})


def test_only_a_changed_file_is_re_downloaded(archive: AirDataArchive, server: FakeServer) -> None:
    def current(headers: Mapping[str, str]) -> Reply:
        return Reply(status=304) if headers.get("if-none-match") == '"a"' else conditional(FIRST, '"a"')

    server.will_send(f"/{NAME}", current)
    assert archive.fetch(NAME).read_bytes() == FIRST
    assert archive.fetch(NAME).read_bytes() == FIRST
    assert server.requested.count(f"/{NAME}") == 2
    assert server.requested.count("/file_list.csv") == 1
    server.will_send(f"/{NAME}", conditional(SECOND, '"b"'))
    assert archive.fetch(NAME).read_bytes() == SECOND


def test_a_copy_that_was_altered_on_disk_is_re_downloaded(
    archive: AirDataArchive, server: FakeServer, tmp_path: Path
) -> None:
    def current(headers: Mapping[str, str]) -> Reply:
        return Reply(status=304) if "if-none-match" in headers else conditional(FIRST, '"a"')

    server.will_send(f"/{NAME}", current)
    archive.fetch(NAME)
    (tmp_path / NAME).write_bytes(FIRST[:-1])
    assert archive.fetch(NAME).read_bytes() == FIRST


def broken_crc() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("daily.csv", csv_text([DAILY_ROW]))
    return stored.getvalue().replace(b"VILLAGE", b"VILLAIN")


BAD_REPLIES = {
    "a truncated zip": (Reply(FIRST[:-40]), SourceUnavailable, "damaged"),
    "a zip with a broken checksum": (Reply(broken_crc()), SourceUnavailable, "checksum|CRC"),
    "a web page": (Reply(b"\r\n<!DOCTYPE html><html>Down for maintenance</html>"), SourceUnavailable, "web page"),
    "nothing": (Reply(b""), SourceUnavailable, "damaged"),
    "half the promised bytes": (Reply(FIRST, cut=True), SourceUnavailable, "no complete response"),
    "a server error": (Reply(b"oops", status=503), SourceUnavailable, "503"),
    "too many requests": (Reply(b"", status=429), SourceUnavailable, "429"),
    "no such file": (Reply(b"", status=404), SourceRefused, "no such file"),
    "no access": (Reply(b"", status=403), SourceRefused, "403"),
    "a zip without a table": (Reply(zipped("x", "readme.txt")), BadPayload, "0 CSV files"),
}


@pytest.mark.parametrize("what", BAD_REPLIES)
def test_a_bad_download_is_named_and_leaves_the_cached_copy(
    archive: AirDataArchive, server: FakeServer, tmp_path: Path, what: str
) -> None:
    reply, error, words = BAD_REPLIES[what]
    server.will_send(f"/{NAME}", conditional(FIRST, '"a"'))
    archive.fetch(NAME)
    server.will_send(f"/{NAME}", reply)
    with pytest.raises(AirWatchError, match=words) as raised:
        archive.fetch(NAME)
    assert type(raised.value) is error
    assert raised.value.retry_helps == (error is SourceUnavailable)
    assert NAME in str(raised.value)
    assert (tmp_path / NAME).read_bytes() == FIRST
    assert archive.download(NAME) is not None
    assert not leftovers(tmp_path)


ROWS = [DAILY_ROW | {"Arithmetic Mean": f"{n % 37}.{n % 9}"} for n in range(500)]
LONG, SHORT = zipped(csv_text(ROWS)), zipped(csv_text(ROWS[:200]))


@pytest.mark.parametrize(
    ("old", "new", "sent"),
    [(SHORT, LONG, len(SHORT) // 2), (LONG, SHORT, len(SHORT) // 2), (LONG, SHORT, len(SHORT) - 100)],
)
def test_a_file_that_is_replaced_during_the_download_is_re_downloaded(
    archive: AirDataArchive, server: FakeServer, old: bytes, new: bytes, sent: int
) -> None:
    server.will_send(f"/{NAME}", Reply(old[:sent] + new[sent:]), Reply(new))
    assert archive.fetch(NAME).read_bytes() == new
    assert server.requested.count(f"/{NAME}") == 2


def test_a_zip_whose_index_points_before_it_is_damaged(archive: AirDataArchive, server: FakeServer) -> None:
    server.will_send(f"/{NAME}", Reply(LONG[len(LONG) - 100 :]))
    with pytest.raises(SourceUnavailable, match="damaged"):
        archive.fetch(NAME)


@pytest.mark.parametrize("what", BAD_REPLIES)
def test_only_transient_failures_are_retried(archive: AirDataArchive, server: FakeServer, what: str) -> None:
    reply, error, _ = BAD_REPLIES[what]
    server.will_send(f"/{NAME}", reply)
    with pytest.raises(error):
        archive.fetch(NAME)
    assert server.requested.count(f"/{NAME}") == (3 if error is SourceUnavailable else 1)


def test_no_response_is_unavailable(session: requests.Session, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no complete response"):
        AirDataArchive("http://127.0.0.1:9", download_dir=tmp_path, session=session, sleep=no_sleep).fetch(NAME)


def test_credentials_in_the_base_url_are_never_shown(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    address = server.url.replace("http://", "http://me:sesame-42@")
    archive = AirDataArchive(address, download_dir=tmp_path, session=session)
    with pytest.raises(SourceRefused) as raised:
        archive.fetch(NAME)
    assert "sesame-42" not in f"{raised.value} {archive!r}"


def test_the_file_list_is_read_by_position(archive: AirDataArchive) -> None:
    listed = archive.file_list()
    assert listed.to_dict("list") == {
        "filename": [NAME, "aqs_monitors.zip"], "rows": [1, 2], "size_bytes": [None, 3],
        "as_of": ["2021-11-20", "2021-11-21"],
    }  # fmt: skip
    assert archive.years() == [2021]


def test_a_web_page_is_not_a_file_list(archive: AirDataArchive, server: FakeServer) -> None:
    server.will_send("/file_list.csv", Reply(b"<html>Down, for, now, ok</html>"))
    with pytest.raises(SourceUnavailable, match="web page"):
        archive.file_list()


def test_files_of_an_archive_without_a_file_list_have_no_as_of(archive: AirDataArchive, server: FakeServer) -> None:
    server.will_send("/file_list.csv", Reply(status=404))
    server.will_send(f"/{NAME}", Reply(FIRST))
    archive.fetch(NAME)
    download = archive.download(NAME)
    assert download is not None
    assert download.as_of is None


def test_the_list_is_not_asked_for_the_monitors(archive: AirDataArchive, server: FakeServer) -> None:
    server.will_send("/aqs_monitors.zip", Reply(FIRST))
    archive.fetch("aqs_monitors.zip")
    assert server.requested == ["/aqs_monitors.zip"]


def test_without_days_the_list_is_not_asked_for_a_daily_file(server: FakeServer, tmp_path: Path) -> None:
    server.will_send(f"/{NAME}", Reply(FIRST))
    with AirDataArchive(server.url, download_dir=tmp_path, with_days=False) as archive:
        archive.fetch(NAME)
        download = archive.download(NAME)
    assert server.requested == [f"/{NAME}"]
    assert download is not None
    assert download.as_of is None


def test_a_year_without_a_file_is_refused_naming_the_available_years(archive: AirDataArchive) -> None:
    with pytest.raises(SourceRefused, match=r"no daily PM2.5 file for 2016; years on offer: 2021") as raised:
        archive.fetch_year(2016)
    assert not raised.value.retry_helps


def test_a_folder_serves_as_an_archive(tmp_path: Path) -> None:
    address = mirror(tmp_path / "mirror", daily={2021: [{}]}, monitors=[{}])
    archive = AirDataArchive(address, download_dir=tmp_path / "downloads")
    source = tmp_path / "mirror" / NAME
    path = archive.fetch_year(2021)
    first = archive.download(NAME)
    assert path.read_bytes() == source.read_bytes()
    assert first is not None
    assert first.as_of == "2021-12-01"
    source.write_bytes(source.read_bytes()[:-40])
    with pytest.raises(SourceUnavailable, match="damaged"):
        archive.fetch_year(2021)
    assert archive.download(NAME) == first
    source.write_bytes(SECOND)
    assert archive.fetch_year(2021).read_bytes() == SECOND
    with pytest.raises(SourceRefused, match="no such file"):
        archive.fetch("daily_88101_1999.zip")


def test_an_unchanged_file_of_a_folder_is_copied_once(tmp_path: Path) -> None:
    address = mirror(tmp_path / "mirror", daily={2021: [{}]}, monitors=[{}])
    archive = AirDataArchive(address, download_dir=tmp_path / "downloads")
    before = archive.fetch(NAME).stat().st_ino
    assert archive.fetch(NAME).stat().st_ino == before
    os.utime(tmp_path / "mirror" / NAME, (1.0, 1.0))
    assert archive.fetch(NAME).stat().st_ino != before


@pytest.mark.parametrize("address", ["ftp://host/airdata", "/srv/airdata", "file://server/share", "https://"])
def test_a_url_that_is_not_a_valid_archive_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match="AIRWATCH_AIRDATA_URL"):
        AirDataArchive(address, download_dir=tmp_path)
