"""The one table inside a file, however people's programs packed it, and what a file is that holds none."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final, cast

from airwatch_dagster.acquire.parsing.bounded import Bounded, refuse_large_zip, refuse_many_members
from airwatch_dagster.acquire.parsing.encoding import wide_encoding
from airwatch_dagster.errors import BadPayload, ConfigurationError, SourceUnavailable
from airwatch_dagster.limits import MAX_DOWNLOAD_BYTES, MAX_TABLE_BYTES, max_unpacked_bytes, megabytes

Opener = Callable[[], IO[bytes]]
"""Opens a file at its start."""

DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)
"""How zip and gzip files fail on cut or spliced bytes: OSError for an offset before the file and for a gzip that is
none, NotImplementedError for an impossible compression."""

MAX_DEPTH: Final = 3
"""Containers within each other: a gzip of a zip of a download's own zip."""

START_BYTES: Final = 64 * 1024
"""Bytes of a file's start that tell what it is: a header and a hundred lines and more."""

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_EMPTY_ZIP: Final = b"PK\x05\x06"

_LEFT_BY_SYSTEMS: Final = re.compile(
    r"(^|/)(__MACOSX/|\._|\.DS_Store$|\.TemporaryItems/|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE
)
"""Members that macOS and Windows add to a zip, such as __MACOSX/._daily_88101_2021.csv."""

_NOTES: Final = re.compile(r"(^|.*/)(read.?me|licen[cs]e|about)[^/]*", re.IGNORECASE)
"""Members that describe the others."""

_ENCRYPTED: Final = 0x1
"""Flag bit of a member with a password. Source: APPNOTE.TXT, PKWARE, 4.4.4."""

_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

_SAVE_AS_CSV: Final = "Open it and save it as CSV (comma delimited), or download the CSV file again"
_WRITE_CSV: Final = "Write the table as a CSV file, or download the CSV file again"
_UNPACK: Final = "Unpack it and name the CSV file inside"
_DOWNLOAD: Final = "Download the CSV file itself"

_OFFICE_MEMBERS: Final = (
    (re.compile(r"xl/workbook\.\w+$"), "an Excel workbook (.xlsx)"),
    (re.compile(r"word/document\.xml$"), "a Word document (.docx)"),
    (re.compile(r"content\.xml$"), "an OpenDocument file, as LibreOffice saves it"),
    (re.compile(r".*\.iwa$"), "a Numbers document, as macOS saves it"),
)
"""Members by which a zip is an office document."""

_FORMATS: Final = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the older format (.xls)", _SAVE_AS_CSV),
    (b"%PDF", "a PDF document", _DOWNLOAD),
    (b"{\\rtf", "a rich-text document", _DOWNLOAD),
    (b"\x89PNG", "an image", _DOWNLOAD),
    (b"\xff\xd8\xff", "an image", _DOWNLOAD),
    (b"GIF8", "an image", _DOWNLOAD),
    (b"PAR1", "a Parquet file", _WRITE_CSV),
    (b"ARROW1", "an Arrow file", _WRITE_CSV),
    (b"FEA1", "a Feather file", _WRITE_CSV),
    (b"RDX", "a file of R's own format (.RData)", _WRITE_CSV),
    (b"RDA", "a file of R's own format (.RData)", _WRITE_CSV),
    (b"X\n\0\0", "a file of R's own format (.rds)", _WRITE_CSV),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS data set", _WRITE_CSV),
    (b"HEADER RECORD", "a SAS transport file", _WRITE_CSV),
    (b"<stata_dta>", "a Stata file", _WRITE_CSV),
    (b"$FL2", "an SPSS file", _WRITE_CSV),
    (b"bplist", "a property list of macOS, which iCloud leaves in place of a file", _DOWNLOAD),
    (b"SQLite format 3", "a SQLite database", _WRITE_CSV),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ", "an xz file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
)
"""First bytes, what such a file is, and what to do."""

_TEXT_FORMATS: Final = (
    (re.compile(rb"<\?xml.*Excel|<Workbook", re.DOTALL), "an Excel workbook saved as XML", _SAVE_AS_CSV),
    (re.compile(rb"<", re.DOTALL), "a web page (HTML or XML)", _DOWNLOAD),
    (
        re.compile(rb'\{\s*"Header"', re.DOTALL),
        "an answer of the AQS API (JSON)",
        "Set AIRWATCH_SOURCE=aqs to use the API",
    ),
    (re.compile(rb'\{|\[\s*[\[{"]', re.DOTALL), "a JSON file", _WRITE_CSV),
)
"""Patterns of the first characters, likewise; the first that matches counts."""

_TAR_OFFSET: Final = 257
"""Where a tar archive says what it is. Source: POSIX, ustar."""

_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x1a"))
"""Bytes that text does not have."""

_MAX_CONTROL_SHARE: Final = 0.05
"""Share of such bytes from which a file is not text; a damaged disk leaves a few."""


@contextmanager
def table_inside(path: Path, *, culprit: str) -> Iterator[Opener]:
    """A function that opens the table in ``path``: the file itself, or the only CSV inside its zip or gzip.

    A file is known by its first bytes, because people rename files. What macOS and Windows add to a zip is ignored,
    and so are readme files. Raises BadPayload naming the format of any other file, SourceUnavailable for a damaged
    container, also while it is read, ConfigurationError for a file that may not be read. A table beyond the limits of
    ``limits`` raises BadPayload as soon as it shows, also while it is read.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}"
        raise ConfigurationError(str(path), problem, fix="Name a file that you may read") from error
    try:
        with ExitStack() as stack:
            most = max_unpacked_bytes(path.stat().st_size, MAX_TABLE_BYTES)
            opened = _unpacked(lambda: path.open("rb"), culprit, stack, MAX_DEPTH)
            yield lambda: cast(IO[bytes], Bounded(opened(), culprit=culprit, max_bytes=most))
    except DAMAGE as error:
        raise SourceUnavailable(culprit, f"the file is damaged ({error})", fix="Download it again") from error


def table_member(archive: zipfile.ZipFile, *, culprit: str) -> str:
    """Name of the only CSV in a zip, or of the only container or file if it has no CSV.

    Raises BadPayload for none and for several, for an office document, for a member that cannot be unpacked, and for
    members that would unpack to more than a table may have.
    """
    refuse_large_zip(archive, culprit=culprit)
    names = [name for name in archive.namelist() if not name.endswith("/") and not _LEFT_BY_SYSTEMS.search(name)]
    for member_name, what in _OFFICE_MEMBERS:
        if any(member_name.match(name) for name in names):
            raise BadPayload(culprit, f"is {what}, not a CSV file", fix=_SAVE_AS_CSV)
    others = [name for name in names if not _NOTES.fullmatch(name)]
    tables = _ending(names, ".csv") or _ending(names, ".zip", ".gz") or others
    if len(tables) != 1:
        listed = f": {', '.join(sorted(names)[:5])}" if names else ""
        count = len(_ending(names, ".csv"))
        fix = "Unpack it and use each CSV file by itself"
        raise BadPayload(culprit, f"holds {count} CSV files instead of one{listed}", fix=fix)
    member = archive.getinfo(tables[0])
    if member.flag_bits & _ENCRYPTED:
        raise BadPayload(culprit, f"{member.filename} in it has a password", fix=_UNPACK)
    if member.compress_type not in _COMPRESSIONS:
        problem = f"{member.filename} in it is compressed by method {member.compress_type}, which Python cannot unpack"
        raise BadPayload(culprit, problem, fix=_UNPACK)
    return member.filename


def _ending(names: Sequence[str], *ends: str) -> list[str]:
    return [name for name in names if name.lower().endswith(ends)]


def _unpacked(opened: Opener, culprit: str, stack: ExitStack, depth: int) -> Opener:
    """Opens what is inside ``opened``, level by level. Inner containers are read into memory."""
    with opened() as file:
        start = file.read(START_BYTES)
    is_zip, is_gzip = start.startswith((_ZIP, _EMPTY_ZIP)), start.startswith(_GZIP)
    if not is_zip and not is_gzip:
        _refuse_other_formats(start, culprit)
        return opened
    if depth == 0:
        raise BadPayload(culprit, "holds zip files within zip files", fix=_UNPACK)
    inner = _unzipped(opened, culprit, stack) if is_zip else _gunzipped(opened, stack)
    with inner() as file:
        is_packed = file.read(4).startswith((_ZIP, _EMPTY_ZIP, _GZIP))
    if is_packed:
        with inner() as file:
            content = file.read(MAX_DOWNLOAD_BYTES + 1)
        if len(content) > MAX_DOWNLOAD_BYTES:
            problem = f"holds a packed file of more than {megabytes(MAX_DOWNLOAD_BYTES)}"
            raise BadPayload(culprit, problem, fix=_UNPACK)
        inner = lambda: io.BytesIO(content)  # noqa: E731 - one opener of several
    return _unpacked(inner, culprit, stack, depth - 1)


def _unzipped(opened: Opener, culprit: str, stack: ExitStack) -> Opener:
    packed = stack.enter_context(opened())
    refuse_many_members(packed, culprit=culprit)
    archive = stack.enter_context(zipfile.ZipFile(packed))
    member = table_member(archive, culprit=culprit)
    return lambda: archive.open(member)


def _gunzipped(opened: Opener, stack: ExitStack) -> Opener:
    packed = stack.enter_context(opened())

    def from_start() -> IO[bytes]:
        packed.seek(0)
        return cast(IO[bytes], gzip.GzipFile(fileobj=packed))

    return from_start


def _refuse_other_formats(start: bytes, culprit: str) -> None:
    """Raises BadPayload, with what the file is, unless it is text in lines."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.strip(b"\0\x1a"):
        raise BadPayload(culprit, "is empty", fix="Download it again")
    for magic, what, fix in _FORMATS:
        if start.startswith(magic):
            raise BadPayload(culprit, f"is {what}, not a CSV file", fix=fix)
    if start[_TAR_OFFSET:].startswith(b"ustar"):
        raise BadPayload(culprit, "is a tar archive, not a CSV file", fix=_UNPACK)
    if wide_encoding(start):
        return
    for pattern, what, fix in _TEXT_FORMATS:
        if pattern.match(text):
            raise BadPayload(culprit, f"is {what}, not a CSV file", fix=fix)
    if len(start) - len(start.translate(None, _CONTROL)) > _MAX_CONTROL_SHARE * len(start):
        raise BadPayload(culprit, "is not a text file", fix=_DOWNLOAD)
