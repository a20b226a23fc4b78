"""Files and answers made to fill memory, the disk or the day are refused in a sentence, after a bounded part."""

import gzip
import io
import json
import re
import socket
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.airdata.files import read_daily
from airwatch_dagster.acquire.airnow import lines
from airwatch_dagster.acquire.airnow.layouts import DAILY
from airwatch_dagster.acquire.airnow.lines import read_fields
from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.geographies import ByState
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.acquire.http.session import get
from airwatch_dagster.acquire.parsing import bounded, csv_columns, csv_lines
from airwatch_dagster.errors import BadPayload, SourceUnavailable
from airwatch_dagster_tests.acquire.airnow.samples import LINE
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_ROW, DAILY_ROW, csv_text, envelope, zipped

DAY = date(2021, 7, 4)
HEADER, ROW = csv_text([DAILY_ROW]).encode().splitlines(keepends=True)
MB = 1_000_000


@pytest.fixture
def bounded_memory() -> Iterator[None]:
    """The test holds at most 300 MB more than before at any time, where the system tells the most that was held."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        pytest.skip("this system does not tell the most memory that a process held")

    def held(name: str) -> int:
        return int(re.findall(rf"{name}:\s+(\d+) kB", status.read_text())[0]) * 1024

    reset.write_text("5")  # resets the peak. Source: proc(5)
    before = held("VmRSS")
    yield
    assert held("VmHWM") - before < 300 * MB


def archive(url: str, folder: Path, session: requests.Session | None = None) -> AirDataArchive:
    return AirDataArchive(url, download_dir=folder, session=session, sleep=lambda _: None)


def read_zip(folder: Path, *parts: bytes, compression: int = zipfile.ZIP_DEFLATED) -> None:
    """What happens to an archive whose file of 2021 has these parts."""
    with (
        zipfile.ZipFile(folder / "daily_88101_2021.zip", "w", compression) as written,
        written.open("daily.csv", "w", force_zip64=True) as member,
    ):
        for part in parts:
            member.write(part)
    path = archive(folder.as_uri(), folder / "kept").fetch("daily_88101_2021.zip")
    read_daily(path, DAY, DAY, source="airdata")


@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_zip_that_unpacks_to_more_than_its_size_explains_is_refused(compression: int, tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match=r"its 0\.\d MB would unpack to 40 MB, and may to \d+ MB") as caught:
        read_zip(tmp_path, HEADER, ROW, *[b"1\n" * (MB // 2)] * 40, compression=compression)

    assert "daily_88101_2021.zip" in caught.value.culprit
    assert not caught.value.retry_helps
    assert not (tmp_path / "kept" / "daily_88101_2021.zip").exists()


def test_all_members_of_a_zip_count_together(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "daily_88101_2021.zip", "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("daily.csv", HEADER + ROW)
        written.writestr("readme.txt", bytes(20 * MB))

    with pytest.raises(BadPayload, match="would unpack to 20 MB, and may to 16 MB"):
        archive(tmp_path.as_uri(), tmp_path / "kept").fetch("daily_88101_2021.zip")


def test_a_zip_of_thousands_of_files_is_refused_before_its_directory_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "daily_88101_2021.zip", "w") as written:
        for number in range(1_001):
            written.writestr(f"{number}.csv", b"")

    with pytest.raises(BadPayload, match="holds 1,001 files, and may hold 1,000"):
        archive(tmp_path.as_uri(), tmp_path / "kept").fetch("daily_88101_2021.zip")
    with pytest.raises(BadPayload, match="holds 1,001 files"):
        read_daily_download(tmp_path / "daily_88101_2021.zip")


@pytest.mark.usefixtures("bounded_memory")
def test_a_gzip_that_unpacks_without_end_is_read_up_to_its_ratio(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "download.csv.gz", "wb") as file:
        file.write(HEADER)
        for _ in range(60):
            file.write(b"1\n" * (MB // 2))

    with pytest.raises(BadPayload, match=r"holds more than (2,000,000 lines|[0-9]+ MB), several times"):
        read_daily(tmp_path / "download.csv.gz", DAY, DAY, source="airdata")


@pytest.mark.usefixtures("bounded_memory")
def test_a_packed_file_within_a_packed_file_is_read_up_to_the_size_of_a_download(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "download.csv", "wb") as file:
        file.write(zipped(HEADER + ROW))
        for _ in range(100):
            file.write(bytes(MB))

    with pytest.raises(BadPayload, match="holds a packed file of more than 64 MB"):
        read_daily_download(tmp_path / "download.csv")


@pytest.mark.usefixtures("bounded_memory")
def test_a_value_that_never_ends_is_refused_at_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "daily_88101_2021.csv"
    path.write_bytes(HEADER + ROW + b'"' + b"x" * 20 * MB + b'"\n')

    with pytest.raises(BadPayload, match=r"holds a line of more than 1\.0 MB"):
        read_daily(path, DAY, DAY, source="airdata")


def test_a_table_with_too_many_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_TABLE_LINES", 100)
    path = tmp_path / "daily_88101_2021.csv"
    path.write_bytes(HEADER + ROW * 99)
    assert len(read_daily(path, DAY, DAY, source="airdata").readings) == 1

    path.write_bytes(HEADER + ROW * 100)
    with pytest.raises(BadPayload, match="holds more than 100 lines"):
        read_daily(path, DAY, DAY, source="airdata")


def test_reading_ends_when_more_lines_are_broken_than_any_table_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (csv_lines, csv_columns):
        monkeypatch.setattr(module, "MAX_BROKEN", 100)
    monkeypatch.setattr(csv_lines, "ROWS_AT_ONCE", 50)
    path = tmp_path / "daily_88101_2021.csv"
    path.write_bytes(HEADER + ROW + b"1,2\n" * 5_000)

    with pytest.raises(BadPayload, match="149 of 150 lines cannot be read"):
        read_daily(path, DAY, DAY, source="airdata")


def test_a_field_of_a_csv_larger_than_python_allows_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file_list.csv").write_bytes(b'"daily.' + b"x" * 200_000 + b'",1,1,2021-01-01\n')

    with pytest.raises(BadPayload, match=r"file_list\.csv: is no list of files \(field larger than field limit"):
        archive(tmp_path.as_uri(), tmp_path / "kept").file_list()


def test_a_field_of_airnow_larger_than_python_allows_costs_its_line(tmp_path: Path) -> None:
    path = tmp_path / "daily_data_v2.dat"
    path.write_text("\n".join([*[LINE] * 20, '01/09/23|"' + "x|y" * 60_000, LINE]))

    frame, origin = read_fields(path, DAILY, culprit="AirNow")

    assert (len(frame), list(origin.found)) == (21, [20])


@pytest.mark.parametrize(
    ("content", "found"), [(b"x" * 2_001, r"0\.0 MB"), (b"\n" * 101, "100 lines"), (b"\r" * 101, "100 lines")]
)
def test_a_file_of_airnow_that_is_too_large_is_refused(
    content: bytes, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_AIRNOW_BYTES", 2_000)
    monkeypatch.setattr(lines, "MAX_AIRNOW_LINES", 100)
    (tmp_path / "daily_data_v2.dat").write_bytes(content)

    with pytest.raises(BadPayload, match=f"holds more than {found}"):
        read_fields(tmp_path / "daily_data_v2.dat", DAILY, culprit="AirNow")


def test_lines_without_a_field_are_read_in_time_that_grows_with_their_number(tmp_path: Path) -> None:
    path = tmp_path / "daily_data_v2.dat"
    path.write_text("x\n" * 5_000)
    began = time.process_time()

    with pytest.raises(BadPayload, match="5,000 of 5,000 lines cannot be read"):
        read_fields(path, DAILY, culprit="AirNow")

    assert time.process_time() - began < 20


# Responses.


class Sender:
    """A server that sends what it is given, chunk by chunk, until the reader has had enough."""

    def __init__(self, head: bytes, part: bytes, *, pause_s: float = 0.0, parts: int = 1_000_000) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.sent = 0
        self._head, self._part, self._pause_s, self._parts = head, part, pause_s, parts
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + self._head + b"\r\n")
                for _ in range(self._parts):
                    connection.sendall(self._part)
                    self.sent += len(self._part)
                    time.sleep(self._pause_s)
            except OSError:
                return

    def close(self) -> None:
        self._thread.join(10)
        self._listening.close()


CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"


@pytest.mark.parametrize(
    ("head", "part"),
    [(b"", b"x" * 65_536), (b"Transfer-Encoding: chunked\r\n", CHUNK), (b"Content-Length: 99999999999\r\n", CHUNK)],
)
def test_a_body_that_does_not_end_is_read_up_to_the_limit(
    head: bytes, part: bytes, session: requests.Session, tmp_path: Path
) -> None:
    for body_to in (None, tmp_path / "file"):
        sender = Sender(head, part)

        with pytest.raises(BadPayload, match=r"^list: the response is larger than 1\.0 MB, .*Check the base URL\."):
            get(session, sender.url, culprit="list", body_to=body_to, max_bytes=MB)

        sender.close()
        assert sender.sent < 40 * MB, "what the kernel buffers may have been sent"


def test_a_body_that_comes_byte_by_byte_ends_at_its_deadline(session: requests.Session) -> None:
    sender = Sender(b"", b"\n", pause_s=0.05)
    began = time.monotonic()

    with pytest.raises(SourceUnavailable, match=r"no complete response \(Timeout\)"):
        get(session, sender.url, culprit="list", max_s=0.5)

    assert time.monotonic() - began < 5
    sender.close()


@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_unpacks_without_end_is_unpacked_up_to_the_limit(
    encoding: str, server: FakeServer, session: requests.Session
) -> None:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    packed = b"".join(packer.compress(bytes(MB)) for _ in range(100)) + packer.flush()
    server.will_send("/list", Reply(packed, headers={"Content-Encoding": encoding}))

    with pytest.raises(BadPayload, match="the response is larger than 64 MB"):
        get(session, f"{server.url}/list", culprit="list")


def test_a_packed_body_is_read_whole(server: FakeServer, session: requests.Session, tmp_path: Path) -> None:
    content = json.dumps(list(range(100_000))).encode()
    server.will_send("/list", Reply(gzip.compress(content), headers={"Content-Encoding": "gzip"}))

    assert get(session, f"{server.url}/list", culprit="list").json()[-1] == 99_999
    get(session, f"{server.url}/list", culprit="list", body_to=tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == content


def test_a_file_of_a_mirror_that_is_too_large_is_not_copied(tmp_path: Path) -> None:
    with (tmp_path / "file_list.csv").open("wb") as file:
        file.truncate(400 * MB)

    with pytest.raises(BadPayload, match=r"file_list\.csv: has 400 MB, and may have 2\.0 MB") as caught:
        archive(tmp_path.as_uri(), tmp_path / "kept").file_list()
    assert caught.value.fix == "Put EPA's file in its place"


def client(url: str, tmp_path: Path) -> AqsClient:
    limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
    return AqsClient(url, email="a@example.org", key="sesame-42", limiter=limiter, sleep=lambda _: None)


@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"Data": ' * 50_000,
        b'{"Header":[{"status":"Success"}],"Data":[' + b"{}," * 4_000_000 + b"{}]}",
        b'{"Header":[{"status":"Success"}],"Data":[' + b'"ab",' * 3_000_000 + b"1]}",
    ],
    ids=["lists", "objects within each other", "empty objects", "short texts"],
)
def test_an_answer_that_is_all_brackets_is_an_error_of_the_source(
    body: bytes, server: FakeServer, tmp_path: Path
) -> None:
    server.will_send("/dailyData/byState", Reply(body))

    with client(server.url, tmp_path) as asking, pytest.raises(SourceUnavailable, match="an incomplete JSON envelope"):
        asking.daily_data(ByState("17"), DAY, DAY)


def test_an_answer_of_monitors_has_the_size_of_a_state(server: FakeServer, tmp_path: Path) -> None:
    server.will_send("/monitors/byState", Reply(envelope([API_ROW]) + b" " * 21 * MB))

    with client(server.url, tmp_path) as asking, pytest.raises(BadPayload, match="is larger than 20 MB"):
        asking.monitors(ByState("17"), DAY, DAY)


@pytest.mark.usefixtures("bounded_memory")
def test_a_kept_answer_that_unpacks_without_end_counts_as_damaged(tmp_path: Path) -> None:
    with gzip.GzipFile(tmp_path / "dailyData-byState.state=17.jsonl.gz", "wb") as file:
        file.write(b'{"fetched_at": "2021-07-04", "sha256": "", "rows": 1}\n')
        for _ in range(100):
            file.write(b" " * MB)

    assert ResponseCache(tmp_path).get("dailyData/byState", {"state": "17"}) is None


def test_limits_leave_a_body_alone_that_is_just_large_enough(server: FakeServer, session: requests.Session) -> None:
    server.will_send("/list", Reply(b"x" * 1_000))

    assert len(get(session, f"{server.url}/list", culprit="list", max_bytes=1_000).content) == 1_000
    with pytest.raises(BadPayload):
        get(session, f"{server.url}/list", culprit="list", max_bytes=999)


def test_a_bounded_file_reads_as_the_file_does() -> None:
    text = "".join(f"line {number}\n" for number in range(1_000))
    file = bounded.Bounded(io.BytesIO(text.encode()), culprit="file", max_bytes=100_000)

    assert "".join(io.TextIOWrapper(file)) == text  # type: ignore[type-var, arg-type]
