"""Files of the download page that office and statistics programs saved anew: read like EPA's own, or one sentence."""

import codecs
import contextlib
import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.daily_downloads import DailyDownload, read_daily_download
from airwatch_dagster.errors import AirWatchError, BadPayload
from airwatch_dagster_tests.acquire.airdata.rewritten_files import (
    HEADER,
    SITES_OF_ALABAMA,
    changed,
    dated,
    published_rows,
    text,
)
from airwatch_dagster_tests.acquire.published_samples import DAILY_ROW, MONITOR_ROW, csv_text

ROWS: Final = published_rows()
TEN_DAYS: Final = published_rows(days=10)
ALABAMA: Final = published_rows(sites=SITES_OF_ALABAMA)
PLAIN: Final = text(ROWS)
LINES: Final = PLAIN.split("\r\n")
DOTTED: Final = [name.replace(" ", ".") for name in HEADER]
MEASURED: Final = ("Daily Mean PM2.5 Concentration", "Percent Complete", "Site Latitude", "Site Longitude")
CODES: Final = ("Site ID", "State FIPS Code", "County FIPS Code")
CBSA: Final = ("CBSA Code", "CBSA Name")


def read(folder: Path, content: str | bytes) -> DailyDownload:
    path = folder / "ad_viz_plotval_data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_daily_download(path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The readings of ``PLAIN``; tests only compare with them."""
    return read(tmp_path_factory.mktemp("published"), PLAIN).readings


def sentence_of(folder: Path, content: str | bytes) -> str:
    with pytest.raises(BadPayload) as raised:
        read(folder, content)
    return str(raised.value)


def comma(value: str) -> str:
    return value.replace(".", ",")


def missing_as(word: str) -> str:
    return text(changed(ROWS, lambda value: value or word, *CBSA))


def by_r(*, separator: str = ",", first: str = "") -> str:
    """As write.csv and write.table write: dots in names, row numbers, NA."""
    rows = changed(ROWS, lambda value: value or "NA", *CBSA)
    lines = text(rows, separator=separator, quoting=csv.QUOTE_ALL, header=DOTTED).split("\r\n")
    numbered = [f'"{number}"{separator}{line}' for number, line in enumerate(lines[1:], start=1) if line]
    return "\n".join([first + lines[0], *numbered, ""])


def without_zeros(value: str) -> str:
    return str(int(value)) if value else value


SAME_AS_PUBLISHED: dict[str, str | bytes] = {
    "UTF-16 with a mark": PLAIN.encode("utf-16"),
    "UTF-16, big end first, with a mark": codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-16, big end first, without a mark": PLAIN.encode("utf-16-be"),
    "UTF-16 with tabs, as Excel's Unicode text": text(ROWS, separator="\t").encode("utf-16"),
    "UTF-32": PLAIN.encode("utf-32"),
    "UTF-8 with a mark": PLAIN.encode("utf-8-sig"),
    "Windows' quotes and accents": PLAIN.replace("ELGIN", "Peña “Ñ”").encode("cp1252"),
    "carriage returns": text(ROWS, line_end="\r"),
    "line feeds": text(ROWS, line_end="\n"),
    "semicolons": text(ROWS, separator=";"),
    "tabs": text(ROWS, separator="\t"),
    "pipes": text(ROWS, separator="|"),
    "spaces": text(ROWS, separator=" "),
    "a line that names the separator": "sep=;\r\n" + text(ROWS, separator=";"),
    "semicolons and decimal commas": text(changed(ROWS, comma, *MEASURED), separator=";"),
    "semicolons, decimal commas and days with dots": text(
        dated(changed(ROWS, comma, *MEASURED), "%d.%m.%Y"), separator=";"
    ),
    "decimal commas between quotes": text(changed(ROWS, comma, *MEASURED)),
    "quotes around every value": text(ROWS, quoting=csv.QUOTE_ALL),
    "quotes around every line": "\n".join('"' + line.replace('"', '""') + '"' for line in LINES if line),
    "spaces after commas": PLAIN.replace(",", ", "),
    "R's names": text(ROWS, header=DOTTED),
    "R's row numbers under an empty name": by_r(first='"",'),
    "R's row numbers without a name": by_r(),
    "R's write.table": by_r(separator=" "),
    "SAS's missing value": missing_as("."),
    "R's missing value": missing_as("NA"),
    "Excel's missing value": missing_as("#N/A"),
    "pandas' missing value": missing_as("NaN"),
    "a database's missing value": missing_as(r"\N"),
    "Excel's missing value in German": missing_as("#NV"),
    "quotes of a database": text(changed(ROWS, lambda value: f"'{value}'", *(set(HEADER) - {"CBSA Name"}))),
    "codes as numbers": text(
        changed(ROWS, lambda v: v and f"{v}.0", *CODES, "POC", "AQS Parameter Code", "Method Code", "CBSA Code")
    ),
    "ids as powers of ten with all digits": text(changed(ROWS, lambda v: f"{v[0]}.{v[1:]}E+08", "Site ID")),
    "lines of commas": PLAIN + ("," * 21 + "\r\n") * 3,
    "commas after every line": "\r\n".join(f"{line},,," for line in LINES if line),
    "empty lines": PLAIN.replace("\r\n", "\r\n\r\n"),
    "a title above the header": "PM2.5 in Illinois, 2021,,,\r\n\r\n" + PLAIN,
    "files joined with their headers": PLAIN + PLAIN,
    "the end of a file in DOS": PLAIN + "\x1a",
    "zeros of a damaged disk": PLAIN + "\0\0",
    "a line break between quotes": PLAIN.replace("DECATUR", '"DECATUR\r\nWEST"'),
    "a quote that is never closed": PLAIN.replace(LINES[4], LINES[4].replace(",-87.713488", ',"-87.713488')),
}


@pytest.mark.parametrize("content", SAME_AS_PUBLISHED.values(), ids=SAME_AS_PUBLISHED)
def test_a_file_that_a_program_saved_anew_is_read_like_the_published_one(
    published: pd.DataFrame, tmp_path: Path, content: str | bytes
) -> None:
    assert len(published) == 93

    result = read(tmp_path, content)

    pd.testing.assert_frame_equal(result.readings, published)
    assert result.rejected.empty


@pytest.mark.parametrize(
    "content",
    [
        text(changed(ALABAMA, without_zeros, *CODES)),
        text(changed(ALABAMA, lambda value: f"{int(value)}.0", *CODES)),
        text(changed(ALABAMA, lambda value: f'="{value}"', "Site ID")),
    ],
)
def test_zeros_that_a_spreadsheet_dropped_are_restored_where_all_codes_lack_them(tmp_path: Path, content: str) -> None:
    published = read(tmp_path, text(ALABAMA)).readings
    assert published["state_code"].unique().tolist() == ["01"]
    pd.testing.assert_frame_equal(read(tmp_path, content).readings, published)


def test_one_id_without_its_zero_among_ids_with_theirs_is_set_aside(tmp_path: Path) -> None:
    rejected = read(tmp_path, text([*ALABAMA, ALABAMA[0] | {"Site ID": "10730023", "POC": "2"}])).rejected
    assert rejected["line_number"].tolist() == [64]
    assert "a spreadsheet that saved the file dropped the leading zero" in rejected["reason"].item()


def test_a_comma_of_three_digits_is_no_decimal_comma_among_points(tmp_path: Path) -> None:
    odd = ROWS[0] | {"Daily Mean PM2.5 Concentration": "1,234"}
    result = read(tmp_path, text([odd, *ROWS[1:]]))
    assert result.rejected["value"].tolist() == ["1,234"]
    assert len(result.readings) == 92


LAYOUTS_OF_DAYS: Final = (
    *("{m}/{d}/%Y", "{m}/{d}/%y", "{m}/{d}/%Y 0:00", "{m}/{d}/%Y 12:00:00 AM", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    *("%m-%d-%Y", "%Y-%m-%d", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z", "%Y/%m/%d", "%Y%m%d", "%d-%b-%y"),
    *("{d}-%b-%Y", "%d%b%Y", "%d%b%Y:00:00:00", "%b {d}, %Y", "%A, %B {d}, %Y"),
)


@pytest.mark.parametrize("layout", LAYOUTS_OF_DAYS)
def test_days_are_read_as_programs_rewrite_them(published: pd.DataFrame, tmp_path: Path, layout: str) -> None:
    pd.testing.assert_frame_equal(read(tmp_path, text(dated(ROWS, layout))).readings, published)


@pytest.mark.parametrize("layout", ["%m/%d/%Y", "{m}/{d}/%Y", "%d.%m.%Y"])
def test_ten_days_in_the_custom_of_their_separator_are_read(tmp_path: Path, layout: str) -> None:
    published = read(tmp_path, text(TEN_DAYS)).readings
    pd.testing.assert_frame_equal(read(tmp_path, text(dated(TEN_DAYS, layout))).readings, published)


@pytest.mark.parametrize("layout", ["%d/%m/%Y", "{d}/{m}/%y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y"])
def test_days_that_can_be_read_in_two_ways_are_refused(tmp_path: Path, layout: str) -> None:
    sentence = sentence_of(tmp_path, text(dated(TEN_DAYS, layout)))
    assert "2021-01-02" in sentence
    assert "2021-02-01" in sentence
    assert "the days do not show whether a program put the day or the month first" in sentence


def half_rewritten(layout: str) -> Callable[[str], str]:
    """A spreadsheet with days first takes 01/02/2021 for February 1, and leaves 01/13/2021 as text."""

    def change(value: str) -> str:
        first, second, year = value.split("/")
        return layout.format(d=first, m=second, y=year) if int(second) <= 12 else value

    return change


@pytest.mark.parametrize(("layout", "words"), [("{y}-{m}-{d}", "took EPA's months for days"), ("{d}.{m}.{y}", "first")])
def test_days_of_which_a_spreadsheet_took_some_months_for_days_are_refused(
    tmp_path: Path, layout: str, words: str
) -> None:
    assert words in sentence_of(tmp_path, text(changed(ROWS, half_rewritten(layout), "Date")))


def days_since_1900(value: str) -> str:
    return str((pd.to_datetime(value, format="%m/%d/%Y") - pd.Timestamp(1899, 12, 30)).days)


SENTENCES: dict[str, tuple[str | bytes, list[str]]] = {
    "ids rounded by Excel": (
        text(changed(ROWS, lambda value: f"{int(value):.4E}", "Site ID")),
        ["line 2: Site ID is '1.7031E+08'", "Excel or another spreadsheet rounded it"],
    ),
    "days as Excel's numbers": (
        text(changed(ROWS, days_since_1900, "Date")),
        ["line 2: Date is '44197'", "a spreadsheet wrote the number of a day", "2021-01-01 or 2025-01-02"],
    ),
    "days without their year": (text(dated(ROWS, "{d}-%b")), ["'1-Jan'", "a spreadsheet saved only what it showed"]),
    "days without their day": (text(dated(ROWS, "%b-%y")), ["'Jan-21'", "a spreadsheet saved only what it showed"]),
    "days as moments": (text(dated(ROWS, "%Y-%m-%d 05:00:00")), ["a program made a moment of it"]),
    "signs of a narrow column": (
        text(changed(ROWS, lambda _: "########", "Date")),
        ["'########'", "its column was too narrow"],
    ),
    "concentrations as dates": (
        text(changed(ROWS, lambda value: f"{value[0]}. Mrz", "Daily Mean PM2.5 Concentration")),
        ["Daily Mean PM2.5 Concentration is '7. Mrz'", "a spreadsheet took it for a date"],
    ),
    "names without their quotes": (
        PLAIN.replace('"', ""),
        ["62 of 93 lines", "line 2: expected 22 values, not 23; a value with the separator has no quotes"],
    ),
    "no header": ("\r\n".join(LINES[1:]), ["has no header", "'01/01/2021,AQS,170310076", "Put EPA's header above"]),
    "another text": ("hello\nworld\n", ["is not a PM2.5 file of EPA's Download Daily Data page", "'hello'"]),
    "a column deleted": (text(ROWS, header=["x" if name == "POC" else name for name in HEADER]), ["no column POC"]),
    "a column twice": (
        text(ROWS, header=["Date" if name == "County" else name for name in HEADER]),
        ["has the column Date 2 times"],
    ),
    "an ozone file": (
        PLAIN.replace("Daily Mean PM2.5", "Daily Max 8-hour Ozone"),
        ["is the ozone file", "choose PM2.5"],
    ),
    "AirData's daily file": (
        csv_text([DAILY_ROW]),
        ["is AirData's daily file", "AIRWATCH_SOURCE=airdata", "airwatch backfill"],
    ),
    "AirData's monitor list": (csv_text([MONITOR_ROW]), ["is AirData's monitor list", "choose PM2.5"]),
    "AirData's hourly file": (
        '"State Code","Site Num","Date Local","Time Local","Sample Measurement"\n',
        ["is AirData's hourly file", "choose PM2.5"],
    ),
    "AirData's annual file": (
        '"State Code","Site Num","Year","Arithmetic Mean","Valid Day Count"\n',
        ["is AirData's annual file", "choose PM2.5"],
    ),
}


@pytest.mark.parametrize(("content", "parts"), SENTENCES.values(), ids=SENTENCES)
def test_a_file_that_cannot_be_read_is_explained_by_what_happened_to_it(
    tmp_path: Path, content: str | bytes, parts: list[str]
) -> None:
    sentence = sentence_of(tmp_path, content)
    assert [part for part in parts if part not in sentence] == []
    assert "publisher" not in sentence
    assert "layout changed" not in sentence


def test_lines_with_too_few_and_too_many_values_are_set_aside_with_their_number_site_and_day(tmp_path: Path) -> None:
    lines = [*LINES[:5], "01/05/2021,AQS,170310076,1", f"{LINES[6]},x", *LINES[7:]]

    result = read(tmp_path, "\r\n".join(lines))

    assert len(result.readings) == 91
    shown = result.rejected[["line_number", "site_id", "date_local", "reason"]]
    assert shown.astype(str).values.tolist() == [
        ["6", "170310076", "2021-01-05", "expected 22 values, not 4"],
        ["7", "170310076", "2021-01-06", "expected 22 values, not 23; a value with the separator has no quotes"],
    ]


def test_line_numbers_count_titles_empty_lines_and_line_breaks_between_quotes(tmp_path: Path) -> None:
    bad = LINES[3].replace("AQS", "PurpleAir")
    broken = LINES[2].replace("COM ED", '"COM\r\nED"')
    lines = ["PM2.5 in Illinois", "", LINES[0], "", LINES[1], broken, bad, *LINES[4:]]

    result = read(tmp_path, "\r\n".join(lines))

    assert result.rejected["line_number"].tolist() == [8]
    assert len(result.readings) == 92


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    result = read(tmp_path, PLAIN.replace("COM ED", '"COM ED', 1))
    assert result.rejected["line_number"].tolist() == [2]
    assert len(result.readings) == 92


def test_no_cut_file_fails_with_anything_but_a_sentence(tmp_path: Path) -> None:
    packed, wide = gzip.compress(PLAIN.encode()), PLAIN.encode("utf-16")
    counts = set()
    for cut in range(1, 200, 33):
        for content in (wide[:-cut], packed[:-cut], PLAIN.encode()[: -20 * cut]):
            with contextlib.suppress(AirWatchError):
                counts.add(len(read(tmp_path, content).readings))
    assert max(counts) == 93
    assert min(counts) < 92
