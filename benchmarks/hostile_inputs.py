"""What do files and answers cost that somebody made to fill memory, the disk or the day?

    python -W ignore -m benchmarks.hostile_inputs

Each is made small, read by the reader that a user's data go through, in a process of its own, and told with what came
of it, the most memory that the process held (without any input: the first line), and the seconds it took.
"""

import argparse
import gzip
import io
import itertools
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from airwatch_dagster.acquire.airdata.files import DAILY_NAMES

MB = 1_000_000
MAX_MEMORY = 12_000 * MB
"""Bytes; a reader that wants more gets a MemoryError, and the machine goes on."""

TIMEOUT_S = 120

HEADER = ",".join(DAILY_NAMES.values()).encode() + b"\n"
ROW = b"17,031,88101,1,41.6,-87.7,WGS84,Chicago,0001,2021-07-04,24 HOUR,,None,,1,100.0,8.5,8.5,0,35,145,2021-11-20\n"
AIRNOW_LINE = b"07/04/21|840170310001|VILLAGE|PM2.5-24hr|UG/M3|8.5|24|EPA|35|170310001|41.6|-87.7|840\n"
DAY = date(2021, 7, 4)


def main() -> None:
    arguments = _arguments()
    if arguments.read:
        _read_limited(arguments.read, Path(arguments.folder), arguments.url)
        return
    with tempfile.TemporaryDirectory() as folder, _server() as url:
        for name in arguments.only or READERS:
            if name in MAKERS:
                MAKERS[name](Path(folder))
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.hostile_inputs", "--read", name]
            began = time.monotonic()
            told = _told([*command, "--folder", folder, "--url", url])
            print(f"{name:28}{time.monotonic() - began:6.1f} s  {told}", flush=True)
            for path in Path(folder).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _told(command: list[str]) -> str:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            told, wrong = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            held = _held(str(process.pid))
            process.kill()
            return f"{held:6,.0f} MB  still reading after {TIMEOUT_S} s"
    return told.strip("\n") or f"ended by signal {-process.returncode}, {wrong.strip()[-100:]}"


def _held(process: str) -> float:
    """The most memory that a process has held, MB."""
    [held] = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(held) * 1024 / MB


def _read_limited(name: str, folder: Path, url: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    import pandas as pd  # noqa: F401 - what every reader imports
    import pyarrow.csv  # noqa: F401
    import requests  # noqa: F401

    try:
        READERS[name](folder, url)
        outcome = "read"
    except Exception as error:  # noqa: BLE001 - the outcome that is shown
        outcome = f"{type(error).__name__}: {' '.join(str(error).replace(f'{folder}/', '').split())[:150]}"
    print(f"{_held('self'):6,.0f} MB  {outcome}")


def _zip(path: Path, content: Iterator[bytes], compression: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive, archive.open("daily.csv", "w", force_zip64=True) as member:
        for part in content:
            member.write(part)


def _short_lines(folder: Path) -> None:
    _zip(folder / "daily_88101_2021.zip", iter([HEADER, ROW, *[b"1\n" * (MB // 2)] * 600]))


def _largest_allowed(folder: Path) -> None:
    digits = random.Random(1)
    lines = (ROW[:-1] + b",%016x\n" % digits.getrandbits(64) for _ in range(1_999_000))
    _zip(folder / "daily_88101_2021.zip", itertools.chain([HEADER[:-1] + b",Note\n"], lines))


def _long_field(folder: Path) -> None:
    parts = [HEADER, ROW[:-1] + b',"', *[b"x" * MB] * 681, b'"\n']
    _zip(folder / "daily_88101_2021.zip", iter(parts), zipfile.ZIP_LZMA)


def _zip_in_gzip(folder: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as member:
        member.write(HEADER + ROW)
    with gzip.open(folder / "download.csv", "wb") as file:
        file.write(inner.getvalue())
        for _ in range(2_000):
            file.write(bytes(MB))


def _airnow_line(folder: Path) -> None:
    day = folder / "daily_data_v2.dat"
    with day.open("wb") as file:
        file.write(AIRNOW_LINE + b'07/04/21|"')
        for _ in range(300):
            file.write(b"x|y" * (MB // 3))


def _parquet(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    part = pa.table({"site_id": pa.array(["x" * 1000] * 50_000)})
    with pq.ParquetWriter(folder / "2021-07-04.parquet", part.schema, compression="zstd") as writer:
        for _ in range(200):
            writer.write_table(part)


MAKERS: dict[str, Callable[[Path], None]] = {
    "zip: short lines": _short_lines,
    "zip: the largest allowed": _largest_allowed,
    "zip: one long field": _long_field,
    "gzip of a zip and zeros": _zip_in_gzip,
    "AirNow: one long line": _airnow_line,
    "Parquet: one text": _parquet,
}


def _list_lines() -> Iterator[bytes]:
    line = b"daily_88101_2021.zip,394188,3230883,2022-11-14\n"
    return iter([line * (MB // len(line))] * 400)


def _endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 65_536


def _packed() -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(3_000):
        yield packer.compress(bytes(MB))
    yield packer.flush()


BODIES: dict[str, Callable[[], Iterator[bytes]]] = {
    "/list/file_list.csv": _list_lines,
    "/endless/file_list.csv": _endless,
    "/packed/file_list.csv": _packed,
    "/objects/dailyData/byState": lambda: iter([b'{"Header":[{}],"Data":[', *[b"{}," * 300_000] * 200, b"{}]}"]),
    "/nested/dailyData/byState": lambda: iter([b"[" * MB]),
    "/texts/dailyData/byState": lambda: iter([b'{"Data":[', *[b'"ab",' * 200_000] * 200, b"1]}"]),
    "/endless/dailyData/byState": _endless,
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = BODIES[self.path.partition("?")[0]]
        self.send_response(200)
        if "packed" in self.path:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            for part in body():
                self.wfile.write(part)
        except OSError:  # the reader has had enough
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _server:  # noqa: N801 - a context manager
    def __enter__(self) -> str:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._http.server_port}"

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()


def _read_daily(folder: Path, _: str) -> None:
    from airwatch_dagster.acquire.airdata.archive import AirDataArchive
    from airwatch_dagster.acquire.airdata.files import read_daily

    with AirDataArchive(folder.as_uri(), download_dir=folder / "kept", sleep=lambda _: None) as archive:
        read_daily(archive.fetch("daily_88101_2021.zip"), DAY, DAY, source="airdata")


def _read_import(folder: Path, _: str) -> None:
    from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download

    read_daily_download(folder / "download.csv")


def _read_airnow(folder: Path, _: str) -> None:
    from airwatch_dagster.acquire.airnow.layouts import DAILY
    from airwatch_dagster.acquire.airnow.readers import read_day

    read_day(folder / "daily_data_v2.dat", DAILY, DAY, site_locations=None, culprit="AirNow")


def _read_parquet(folder: Path, _: str) -> None:
    from airwatch_dagster.storage import parquet

    data = (folder / "2021-07-04.parquet").read_bytes()
    parquet.decoded("weather_forecasts", data, columns=None, uri="2021-07-04.parquet")


def _list_of(place: str) -> Callable[[Path, str], None]:
    def read(folder: Path, url: str) -> None:
        from airwatch_dagster.acquire.airdata.archive import AirDataArchive

        with AirDataArchive(f"{url}/{place}", download_dir=folder / "k", sleep=lambda _: None) as archive:
            archive.file_list()

    return read


def _answer_of(place: str) -> Callable[[Path, str], None]:
    def read(folder: Path, url: str) -> None:
        from airwatch_dagster.acquire.aqs.client import AqsClient
        from airwatch_dagster.acquire.aqs.geographies import ByState
        from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter

        limiter = RateLimiter(folder / "turn", interval_s=0.0, pause_s=0.0)
        keys = {"email": "a@example.org", "key": "sesame-42"}
        with AqsClient(f"{url}/{place}", **keys, limiter=limiter, sleep=lambda _: None) as client:
            client.daily_data(ByState("17"), DAY, DAY)

    return read


READERS: dict[str, Callable[[Path, str], None]] = {
    "nothing": lambda *_: None,
    "zip: short lines": _read_daily,
    "zip: the largest allowed": _read_daily,
    "zip: one long field": _read_daily,
    "gzip of a zip and zeros": _read_import,
    "AirNow: one long line": _read_airnow,
    "Parquet: one text": _read_parquet,
    "list: 400 MB": _list_of("list"),
    "list: endless": _list_of("endless"),
    "list: 3 MB of gzip": _list_of("packed"),
    "AQS: empty objects": _answer_of("objects"),
    "AQS: brackets": _answer_of("nested"),
    "AQS: short texts": _answer_of("texts"),
    "AQS: endless": _answer_of("endless"),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", metavar="INPUT", help="names of inputs; all without")
    parser.add_argument("--read", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
