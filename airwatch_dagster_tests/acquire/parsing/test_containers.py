"""What is inside a file: one table, however packed, or a format that is named."""

import contextlib
import gzip
import io
import zipfile
from pathlib import Path

import pytest

from airwatch_dagster.acquire.parsing.containers import table_inside
from airwatch_dagster.errors import AirWatchError, BadPayload, ConfigurationError, SourceUnavailable

TABLE = b"Date,Site ID\n2021-01-01,170310076\n"


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def content_of(folder: Path, content: bytes) -> bytes:
    path = folder / "download.csv"
    path.write_bytes(content)
    with table_inside(path, culprit=path.name) as opened:
        for _ in range(2):
            with opened() as file:
                table = file.read()
    return table


ONE = zipped(("a.csv", TABLE))
PACKED = {
    "plain": TABLE,
    "gzip": gzip.compress(TABLE),
    "zip": ONE,
    "zip made on a Mac": zipped(
        ("a.csv", TABLE), ("__MACOSX/._a.csv", b"\0\5\x16\7"), ("._b.csv", b"\0"), (".DS_Store", b"Bud1")
    ),
    "zip made on Windows": zipped(("Thumbs.db", b"x"), ("folder/desktop.ini", b"x"), ("folder/A.CSV", TABLE)),
    "sub-folder and upper case": zipped(("2021/Illinois/A.CSV", TABLE), ("2021/", b"")),
    "beside other files": zipped(("readme.txt", b"hi"), ("map.pdf", b"%PDF"), ("a.csv", TABLE)),
    "zip in a zip": zipped(("daily.zip", ONE), ("readme.txt", b"hi")),
    "gzip in a zip": zipped(("a.csv.gz", gzip.compress(TABLE))),
    "gzip of a zip": gzip.compress(ONE),
    "gzip of a gzip": gzip.compress(gzip.compress(TABLE)),
    "another ending": zipped(("a.txt", TABLE)),
}


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED)
def test_the_one_table_is_found_however_it_is_packed(tmp_path: Path, content: bytes) -> None:
    assert content_of(tmp_path, content) == TABLE


SAVE = "save it as CSV"
OTHERS = {
    "xlsx": (zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b"")), "an Excel workbook (.xlsx)", SAVE),
    "xlsx in a zip": (zipped(("a.xlsx", zipped(("xl/workbook.xml", b"")))), "an Excel workbook (.xlsx)", SAVE),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an Excel workbook of the older format (.xls)", SAVE),
    "xml of Excel": (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "saved as XML", SAVE),
    "ods": (zipped(("mimetype", b""), ("content.xml", b"")), "an OpenDocument file", SAVE),
    "docx": (zipped(("word/document.xml", b"")), "a Word document", SAVE),
    "numbers": (zipped(("Index/Document.iwa", b"")), "a Numbers document", SAVE),
    "html": (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "a web page", "Download the CSV file itself"),
    "html named xls": (b"<table><tr><td>", "a web page", "Download the CSV file itself"),
    "pdf": (b"%PDF-1.7\n", "a PDF document", "Download the CSV file itself"),
    "json": (b'[{"Date": 1}]', "a JSON file", "Write the table as a CSV file"),
    "json of the API": (b'{"Header": [{}]}', "an answer of the AQS API", "AIRWATCH_SOURCE=aqs"),
    "parquet": (b"PAR1\x15\x04", "a Parquet file", "Write the table as a CSV file"),
    "rds": (gzip.compress(b"X\n\0\0\0\3\0\4"), "R's own format", "Write the table as a CSV file"),
    "rar": (b"Rar!\x1a\x07", "a RAR archive", "Unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it"),
    "tar": (b"a.csv".ljust(257, b"\0") + b"ustar\x0000", "a tar archive", "Unpack it"),
    "placeholder": (b"bplist00\xd1\1", "iCloud", "Download the CSV file itself"),
    "image": (b"\x89PNG\r\n", "an image", "Download the CSV file itself"),
    "bytes": (bytes(range(256)) * 10, "is not a text file", "Download the CSV file itself"),
    "nothing": (b"", "is empty", "Download it again"),
    "empty lines": (b"\xef\xbb\xbf\r\n \r\n", "is empty", "Download it again"),
    "empty zip": (zipped(), "holds 0 CSV files", "Unpack it"),
    "two tables": (zipped(("a.csv", TABLE), ("b.csv", TABLE)), "2 CSV files instead of one: a.csv, b.csv", "by itself"),
    "too deep": (
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(TABLE)))), "zip files within zip files", "Unpack it",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "what", "fix"), OTHERS.values(), ids=OTHERS)
def test_any_other_file_is_named_with_what_to_do(tmp_path: Path, content: bytes, what: str, fix: str) -> None:
    with pytest.raises(BadPayload, match=r"^download\.csv: ") as raised:
        content_of(tmp_path, content)
    assert what in str(raised.value)
    assert fix in str(raised.value)


@pytest.mark.parametrize("content", [ONE[:-30], gzip.compress(TABLE, mtime=0)[:-6], b"PK\3\4", b"\x1f\x8b\x08"])
def test_a_damaged_file_asks_for_another_download(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceUnavailable, match=r"the file is damaged .* Download it again"):
        content_of(tmp_path, content)


def test_a_zip_with_a_password_is_named(tmp_path: Path) -> None:
    local, central = ONE.index(b"PK\3\4") + 6, ONE.index(b"PK\1\2") + 8
    locked = bytearray(ONE)
    locked[local] |= 1
    locked[central] |= 1
    with pytest.raises(BadPayload, match=r"a\.csv in it has a password.*Unpack it"):
        content_of(tmp_path, bytes(locked))


def test_a_compression_that_python_lacks_is_named(tmp_path: Path) -> None:
    local, central = ONE.index(b"PK\3\4") + 8, ONE.index(b"PK\1\2") + 10
    deflate64 = bytearray(ONE)
    deflate64[local] = deflate64[central] = 9
    with pytest.raises(BadPayload, match=r"a\.csv in it is compressed by method 9.*Unpack it"):
        content_of(tmp_path, bytes(deflate64))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"cannot be read: Is a directory"),
        table_inside(tmp_path, culprit=tmp_path.name),
    ):
        pass


def test_a_zip_with_a_flipped_byte_is_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    sentences = set()
    for place in range(len(ONE)):
        flipped = bytearray(ONE)
        flipped[place] ^= 0xFF
        with contextlib.suppress(AirWatchError):
            sentences.add(content_of(tmp_path, bytes(flipped)))
    assert TABLE in sentences
