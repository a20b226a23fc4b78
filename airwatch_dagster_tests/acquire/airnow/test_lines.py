"""Broken lines of AirNow's files are repaired where there is no doubt, else set aside one by one."""

from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow import layouts
from airwatch_dagster.acquire.airnow.lines import read_fields, text_lines
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.acquire.airnow.samples import CANADA, CHICAGO, LINE, OLD_LINE, areas_line, changed


def read(
    tmp_path: Path, content: bytes | str, layout: layouts.Layout = layouts.DAILY
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The fields that are read, and the lines set aside or repaired."""
    path = tmp_path / layout.file_name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    fields, origin = read_fields(path, layout, culprit="the file")
    return fields, origin.rejected(fields)


PIPES = {
    "in the name": changed("Bakersfield - California", "Bakers|field"),
    "twice in the name": changed("Bakersfield - California", "Bakers|fie|ld"),
    "in the agency": changed("California Air Resources Board", "California | Air Resources Board"),
    "in the name, with a trailing pipe": changed("Bakersfield - California", "Bakers|field") + "|",
}


@pytest.mark.parametrize("where", PIPES)
def test_a_pipe_in_free_text_belongs_to_the_text(tmp_path: Path, where: str) -> None:
    fields, rejected = read(tmp_path, f"{CHICAGO}\n{PIPES[where]}\n")

    assert fields["arithmetic_mean"].tolist() == ["8.1", "4.5"]
    assert fields["airnow_id"].tolist() == ["840170310001", "840060290014"]
    assert "|" in (fields["site_name"] + fields["agency"]).iloc[1]
    assert rejected[["line_number", "is_repaired"]].to_numpy().tolist() == [[2, True]]


def test_quoted_fields_are_read_without_their_quotes_and_may_hold_a_pipe(tmp_path: Path) -> None:
    quoted = "|".join(f'"{value}"' for value in LINE.split("|"))
    with_pipe = changed("ALSIP", '"AL|SIP ""North"""', CHICAGO)

    fields, _ = read(tmp_path, f"{quoted}\n{with_pipe}\n")

    assert fields["site_name"].tolist() == ["Bakersfield - California Ave", 'AL|SIP "North"']
    assert fields["arithmetic_mean"].tolist() == ["4.5", "8.1"]


@pytest.mark.parametrize("at", ["- California", "Resources", "|24|Calif", "-119.062613"])
def test_a_record_wrapped_over_two_lines_is_joined(tmp_path: Path, at: str) -> None:
    place = LINE.index(at)
    fields, rejected = read(tmp_path, f"{LINE[:place]}\r\n{LINE[place:]}\r\n{CHICAGO}\r\n")

    assert fields["arithmetic_mean"].tolist() == ["4.5", "8.1"]
    assert fields["longitude"].tolist() == ["-119.062613", "-87.732457"]
    assert rejected[["line_number", "is_repaired"]].to_numpy().tolist() == [[1, True]]


def test_a_daily_value_whose_line_is_cut_behind_it_is_read(tmp_path: Path) -> None:
    cut = LINE[: LINE.index("Resources")]

    fields, rejected = read(tmp_path, f"{cut}\n{CHICAGO}\n")

    assert fields["arithmetic_mean"].tolist() == ["4.5", "8.1"]
    assert fields["latitude"].isna().tolist() == [True, False]
    assert rejected["is_repaired"].tolist() == [True]


CUT = {
    "within the value": LINE[: LINE.index("4.5") + 2],
    "behind the value, so that a digit may be missing": LINE[: LINE.index("|24|")],
    "before the value": "01/09/23|060290014|Bakers",
    "of another country": CANADA[: CANADA.index("|25|")],
    "of another parameter": changed("PM2.5-24hr|UG/M3", "OZONE-8HR|PPB")[:60],
}


@pytest.mark.parametrize("where", CUT)
def test_other_cut_lines_are_set_aside_and_their_neighbours_are_read(tmp_path: Path, where: str) -> None:
    fields, rejected = read(tmp_path, f"{CHICAGO}\n{CUT[where]}\n{LINE}\n")

    assert fields["arithmetic_mean"].tolist() == ["8.1", "4.5"]
    assert rejected[["line_number", "is_repaired", "value"]].to_numpy().tolist() == [[2, False, CUT[where]]]
    assert rejected["date_local"].tolist() == [pd.Timestamp("2023-01-09")]


def test_a_line_set_aside_names_its_site_only_where_it_may_be_about_pm25(tmp_path: Path) -> None:
    _, rejected = read(tmp_path, "\n".join([CHICAGO, *CUT.values()]))

    assert rejected["site_id"].tolist() == ["060290014", "060290014", "060290014", None, None]


def test_a_cut_line_does_not_swallow_what_follows_it(tmp_path: Path) -> None:
    fields, rejected = read(tmp_path, f"{CUT['before the value']}\nno record\n{CHICAGO}\n{LINE}\nnor this")

    assert fields["arithmetic_mean"].tolist() == ["8.1", "4.5"]
    assert rejected["line_number"].tolist() == [1, 2, 5]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\n\x1a", "\n\x1a\n\x1a", "\x1a"])
def test_line_ends_and_dos_end_marks_are_no_lines(tmp_path: Path, end: str) -> None:
    separator = end.rstrip("\x1a") or "\n"
    fields, rejected = read(tmp_path, separator.join([LINE, CHICAGO]) + end)

    assert fields["airnow_id"].tolist() == ["840060290014", "840170310001"]
    assert rejected.empty


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "utf-8-sig"])
def test_encodings_are_told_apart(tmp_path: Path, encoding: str) -> None:
    fields, _ = read(tmp_path, changed("ALSIP", "Peñasco", CHICAGO).encode(encoding))

    assert fields["site_name"].tolist() == ["Peñasco"]


def test_one_line_in_another_encoding_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    lines = [changed("ALSIP", "Peñasco", CHICAGO).encode(one) for one in ("utf-8", "iso-8859-1")]

    fields, _ = read(tmp_path, b"\n".join(lines))

    assert fields["site_name"].tolist() == ["Peñasco", "Peñasco"]


def test_lines_are_numbered_as_in_the_file() -> None:
    assert text_lines(b"\n a\r\n\r\nb") == [(2, " a"), (4, "b")]


def test_an_old_layout_has_no_doubtless_way_to_read_a_cut_line(tmp_path: Path) -> None:
    fields, rejected = read(tmp_path, f"{OLD_LINE}\n{OLD_LINE[:60]}\n", layouts.OLD_DAILY)

    assert len(fields) == 1
    assert rejected["is_repaired"].tolist() == [False]


@pytest.mark.parametrize("pipe", ["North | South: fine.", "a|b|c", "ends with |"])
def test_a_pipe_in_a_forecasters_text_belongs_to_the_text(tmp_path: Path, pipe: str) -> None:
    lines = [areas_line(), areas_line(discussion=pipe, area="Fresno")]

    fields, rejected = read(tmp_path, "\n".join(lines), layouts.REPORTING_AREAS)

    assert fields["discussion"].tolist()[1] == pipe.strip()
    assert fields["forecast_source"].tolist() == ["San Joaquin Valley APCD"] * 2
    assert rejected[["line_number", "is_repaired"]].to_numpy().tolist() == [[2, True]]


def test_empty_fields_before_a_record_are_no_fields(tmp_path: Path) -> None:
    """As in AirNow's files of 8 June 2023."""
    fields, rejected = read(tmp_path, f"||{areas_line()}\n||{areas_line(area='Fresno')}", layouts.REPORTING_AREAS)

    assert fields["reporting_area"].tolist() == ["Bakersfield", "Fresno"]
    assert fields["issue_date"].tolist() == ["01/09/23"] * 2
    assert rejected.empty


def test_few_broken_lines_of_many_are_set_aside(tmp_path: Path) -> None:
    broken = ["01/09/23|what"] * 12

    fields, rejected = read(tmp_path, "\n".join([*broken, *[LINE] * 108]))

    assert (len(fields), len(rejected)) == (108, 12)


def test_many_broken_lines_say_that_the_layout_changed(tmp_path: Path) -> None:
    broken = ["01/09/23|what"] * 12

    with pytest.raises(BadPayload, match="12 of 119 lines cannot be read, such as line 1"):
        read(tmp_path, "\n".join([*broken, *[LINE] * 107]))
