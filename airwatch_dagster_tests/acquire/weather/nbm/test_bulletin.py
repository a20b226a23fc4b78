"""NBS bulletins of every version are read; what is damaged costs its station, never the file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nbm import bulletin as nbm_bulletin
from airwatch_dagster.acquire.weather.nbm.bulletin import read_nbs
from airwatch_dagster.acquire.weather.station_hours import STATION_HOUR_COLUMNS
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.acquire.weather.nbs_samples import COLUMNS, ISSUED, bulletin, hours_of, line, read, station

Lines = list[str]


def damaged(change: Callable[[Lines], Lines]) -> str:
    """Three stations, the middle one with this change."""
    return bulletin(station("KORD"), change(station("KMDW")), station("KMKE"))


def replaced(name: str, text: str) -> Callable[[Lines], Lines]:
    return lambda lines: [text if one.startswith(name) else one for one in lines]


@pytest.mark.parametrize("version", [None, "3.2", "4.0", "4.1", "5.0"])
def test_every_version_is_read_in_metric_units(version: str | None, tmp_path: Path) -> None:
    found = read(tmp_path, bulletin(station(version=version)))

    first = found.hours.iloc[0]
    assert list(found.hours) == list(STATION_HOUR_COLUMNS)
    assert (found.version, found.stations_in_file, len(found.hours), len(found.rejected)) == (version, 1, COLUMNS, 0)
    assert (first["station_id"], first["valid_at"]) == ("KORD", pd.Timestamp("2021-07-04 21:00"))
    assert (first["run_at"], first["issued_at"]) == (pd.Timestamp("2021-07-04 17:00"), ISSUED)
    expected = {
        "temperature_c": 20.0,
        "dew_point_c": 10.0,
        "cloud_cover_pct": 25.0,
        "wind_speed_ms": 5.1444,
        "wind_gust_ms": 10.2889,
        "transport_wind_ms": 10.2889,
        "wind_east_ms": 0.0,
        "wind_north_ms": 5.1444,
        "mixing_height_m": 914.4,
    }
    assert {name: float(first[name]) for name in expected} == pytest.approx(expected, abs=1e-4)


def test_values_of_periods_stand_where_the_period_ends(tmp_path: Path) -> None:
    hours = read(tmp_path, bulletin(station())).hours.set_index("valid_at")

    midnight, noon = pd.Timestamp("2021-07-05 00:00"), pd.Timestamp("2021-07-05 12:00")
    assert hours["temperature_max_c"].dropna().unique().tolist() == [30.0]
    assert hours["temperature_min_c"].dropna().unique().tolist() == [15.0]
    assert (hours.loc[midnight, "temperature_max_c"], hours.loc[noon, "temperature_min_c"]) == (30.0, 15.0)
    assert hours["precipitation_mm"].dropna().index.hour.unique().tolist() == [0, 6, 12, 18]
    assert hours.loc[midnight, "precipitation_mm"] == pytest.approx(2.54)
    assert hours["precipitation_probability_pct"].dropna().index.hour.unique().tolist() == [0, 12]


def test_the_name_of_extremes_in_older_versions_is_known(tmp_path: Path) -> None:
    cells = [86 if one.hour == 0 else 59 if one.hour == 12 else None for one in hours_of(pd.Timestamp(2021, 7, 4, 17))]

    older = read(tmp_path, bulletin(station(TXN=None, **{"N/X": cells}))).hours

    assert older["temperature_max_c"].notna().sum() == 3


@pytest.mark.parametrize("hour", range(24))
def test_first_hours_differ_by_cycle_and_days_begin_anywhere_in_the_line(hour: int, tmp_path: Path) -> None:
    run = pd.Timestamp(2021, 12, 30, hour)

    found = read(tmp_path, bulletin(station(run=run)))

    assert found.hours["valid_at"].tolist() == [pd.Timestamp(one) for one in hours_of(run)]


def test_a_day_label_cut_off_at_the_end_of_the_line_is_left_out(tmp_path: Path) -> None:
    lines = station(run=pd.Timestamp(2021, 7, 4, 5))
    lines[1] = lines[1][: len(lines[2])].rstrip()

    assert lines[1].endswith("/JUL") or lines[1].endswith("/")
    assert len(read(tmp_path, bulletin(lines)).hours) == COLUMNS


def test_columns_of_three_characters_run_together(tmp_path: Path) -> None:
    sky = [100, 100, 9, *[100] * 20]

    hours = read(tmp_path, bulletin(station(SKY=sky, TMP=[-10, *[101] * 22]))).hours

    assert "SKY 100100  9100" in bulletin(station(SKY=sky))
    assert hours["cloud_cover_pct"].tolist() == sky
    assert hours["temperature_c"].iloc[:2].tolist() == pytest.approx([-23.3333, 38.3333], abs=1e-4)


@pytest.mark.parametrize("code", [-99, -88, 999, 888])
def test_codes_in_the_place_of_a_value_are_null(code: int, tmp_path: Path) -> None:
    hours = read(tmp_path, bulletin(station(MHT=[30, code, *[30] * 21], DPT=code))).hours

    assert hours["mixing_height_m"].isna().tolist() == [False, True, *[False] * 21]
    assert hours["dew_point_c"].isna().all()


def test_a_calm_has_no_direction_and_blows_nowhere(tmp_path: Path) -> None:
    hours = read(tmp_path, bulletin(station(WSP=[0, *[10] * 22], WDR=[-99, -99, *[9] * 21]))).hours

    assert hours["wind_east_ms"].iloc[:3].tolist() == pytest.approx([0.0, np.nan, -5.1444], nan_ok=True, abs=1e-4)
    assert hours["wind_speed_ms"].iloc[0] == 0.0


def test_unknown_elements_are_ignored_and_missing_ones_null(tmp_path: Path) -> None:
    new = line("WBG", [55] * COLUMNS)

    hours = read(tmp_path, bulletin(station(MHT=None, TWS=None, extra=[new, "XYZ whatever it is"]))).hours

    assert hours["mixing_height_m"].isna().all()
    assert hours["temperature_c"].tolist() == [20.0] * COLUMNS


def test_stations_of_other_names_and_buoys_are_read(tmp_path: Path) -> None:
    names = ["CLFU1", "46083", "XSBN_0", "PHNL"]

    assert read(tmp_path, bulletin(*map(station, names))).hours["station_id"].unique().tolist() == names


def test_every_line_may_begin_with_a_blank_and_end_as_on_the_wire(tmp_path: Path) -> None:
    plain = read(tmp_path, bulletin(station("KORD"), station("KMDW"))).hours
    indented = read(tmp_path, bulletin(station("KORD"), station("KMDW"), indent=" ")).hours
    wired = read(tmp_path, bulletin(station("\x1eKORD"), station("\x1eKMDW")).replace("\n", "\r\r\n")).hours
    unspaced = read(tmp_path, bulletin(station("KORD"), station("KMDW")).replace("\n\n", "\n")).hours

    for other in (indented, wired, unspaced):
        pd.testing.assert_frame_equal(other, plain)


@pytest.mark.parametrize(
    ("change", "line_number", "column", "reason"),
    [
        (lambda one: [one[0].replace("GUIDANCE", "GUI_ANCE"), *one[1:]], 1, None, "expected the header of a station"),
        (lambda one: [one[0].replace("7/04", "7/54"), *one[1:]], 1, None, "expected the header of a station"),
        (lambda one: [one[0], *one[2:]], 1, None, "station KMDW has no line DT"),
        (replaced("FHR", line("FHR", ["-04", *["07"] * 22])), 4, "FHR", "expected hours after the run"),
        (replaced("FHR", line("FHR", [*range(5, 74, 3)])), 4, "FHR", "hours after the run and hours of the day"),
        (replaced("FHR", line("FHR", [*range(4, 70, 3)])), 4, "FHR", "22 hours after the run for 23 columns"),
        (lambda one: [one[0], one[1].replace("JUL   5", "JUL   6"), *one[2:]], 4, "FHR", "day JUL 6 and hours after"),
        (replaced("TMP", line("TMP", [68] * 20)), 5, "TMP", "TMP of station KMDW ends after 20 of 23 columns"),
        (replaced("TMP", line("TMP", [68] * 24)), 5, "TMP", "TMP of station KMDW ends after 24 of 23 columns"),
        (replaced("TMP", line("TMP", [68] * 23)[:-1]), 5, "TMP", "TMP of station KMDW ends after 23 of 23 columns"),
        (replaced("P12", "P12 "), 14, "P12", "P12 of station KMDW ends after 0 of 23 columns"),
        (replaced("P12", line("P12", [None, 40])), 14, "P12", "P12 of station KMDW ends after 2 of 23 columns"),
        (
            replaced("WSP", line("WSP", ["x1", *[5] * 22])),
            9,
            "WSP",
            "WSP of station KMDW has a text, expected 0 to 220",
        ),
        (replaced("SKY", line("SKY", [140, *[5] * 22])), 7, "SKY", "SKY of station KMDW has 140, expected 0 to 100"),
        (lambda one: [*one, line("TMP", [50] * 23)], 16, "TMP", "TMP occurs twice in station KMDW"),
        (lambda one: one[:4], 1, None, "station KMDW has no values"),
        (lambda one: station("KORD"), 1, None, "station KORD occurs twice"),
        (
            lambda one: station("KMDW", run=pd.Timestamp(2021, 7, 4, 16)),
            1,
            None,
            "expected the run of 2021-07-04 17:00",
        ),
    ],
)
def test_damage_costs_its_station_alone(
    change: Callable[[Lines], Lines], line_number: int, column: str | None, reason: str, tmp_path: Path
) -> None:
    text = damaged(change)

    found = read(tmp_path, text, run_at=pd.Timestamp("2021-07-04 17:00"))

    assert found.hours["station_id"].unique().tolist() == ["KORD", "KMKE"]
    assert len(found.rejected) == 1
    row = found.rejected.iloc[0]
    assert (row["file"], row["is_repaired"]) == ("nbs.txt", False)
    assert row["line_number"] == 3 + len(station()) + 1 + line_number
    assert row["value"] == text.split("\n")[row["line_number"] - 1].strip()[:200]
    assert (row["column_name"] or None) == column
    assert row["reason"].startswith(f"the station is set aside: {reason}")


def test_a_damaged_header_does_not_give_its_values_to_the_station_before(tmp_path: Path) -> None:
    second = station("KMDW", TMP=104)
    text = bulletin(station("KORD"), [second[0].replace("NBS", "N?S"), *second[1:]]).replace("\n\n", "\n")

    hours = read(tmp_path, text).hours

    assert hours["station_id"].unique().tolist() == ["KORD"]
    assert hours["temperature_c"].tolist() == [20.0] * COLUMNS


def test_a_blank_line_within_a_station_loses_nothing(tmp_path: Path) -> None:
    lines = station("KMDW")
    whole = read(tmp_path, bulletin(station("KORD"), lines, station("KMKE"))).hours

    split = read(tmp_path, bulletin(station("KORD"), [*lines[:7], "", *lines[7:]], station("KMKE")))

    pd.testing.assert_frame_equal(split.hours, whole)
    assert split.rejected.empty


def test_lines_whose_station_is_lost_are_set_aside_and_cost_no_other(tmp_path: Path) -> None:
    found = read(tmp_path, bulletin(station("KORD"), station("KMDW", TMP=104)[2:], station("KMKE")))

    assert found.hours["station_id"].unique().tolist() == ["KORD", "KMKE"]
    assert found.hours["temperature_c"].unique().tolist() == [20.0]
    assert found.rejected["line_number"].tolist() == [3 + len(station()) + 2]
    assert found.rejected["value"].str.startswith("UTC").tolist() == [True]


def test_only_wanted_stations_are_read_and_the_damage_of_others_is_not_noticed(tmp_path: Path) -> None:
    found = read(tmp_path, damaged(replaced("TMP", "TMP ")), stations={"KMKE"})

    assert found.hours["station_id"].unique().tolist() == ["KMKE"]
    assert (found.stations_in_file, len(found.rejected)) == (3, 0)


def test_a_sound_file_without_a_wanted_station_has_no_hours(tmp_path: Path) -> None:
    absent = read(tmp_path, bulletin(station("KORD")), stations={"KMKE"})
    damaged_one = read(tmp_path, damaged(replaced("TMP", "TMP ")), stations={"KMDW"})

    assert (len(absent.hours), list(absent.hours)) == (0, list(STATION_HOUR_COLUMNS))
    assert (len(damaged_one.hours), len(damaged_one.rejected)) == (0, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no station of an NBS bulletin"),
        ("000 \nFOUS16 KWNO 071500\nNBSUSA\n", "has no station of an NBS bulletin"),
        ("<html>Maintenance</html>", "has no station of an NBS bulletin"),
        (bulletin(station("45022")[:4], station("45023")[:4]), "none of its 2 stations can be read, such as line 4: "),
    ],
)
def test_a_file_without_a_readable_station_is_an_error_that_names_it(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match=says) as caught:
        read(tmp_path, text)

    assert caught.value.culprit == "nbs.txt"
    assert not caught.value.retry_helps


@pytest.mark.parametrize(
    ("limit", "most", "says"),
    [
        ("MAX_WEATHER_BYTES", 10, "more than 0.0 MB"),
        ("MAX_WEATHER_LINES", 10, "more than 10 lines"),
        ("MAX_WEATHER_STATIONS", 1, "more than 1 stations"),
    ],
)
def test_a_file_beyond_the_limits_is_refused(
    limit: str, most: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nbm_bulletin, limit, most)

    with pytest.raises(BadPayload, match=says):
        read(tmp_path, bulletin(station("KORD"), station("KMDW")))


REAL = {
    "avwx/nbs_KJFK.txt": ("4.1", {"KJFK": 23}),
    "avwx/nbs_PHNL.txt": ("4.1", {"PHNL": 23}),
    "pyiem/NBSUSA.txt": (None, {"KALM": 21, "KALN": 21}),
    "pyiem/NBSUSA_32.txt": ("3.2", {"46083": 23, "46084": 23, "46085": 23}),
    "pyiem/NBSUSA_32_station.txt": ("3.2", {"XSBN_0": 23, "XSHP_0": 23, "XSHR_0": 23, "XSIT_0": 23}),
    "pyiem/NBS_12Z.txt": ("4.0", {"KDSM": 23}),
    "pyiem/NBS_15Z.txt": ("4.0", {"KDSM": 23}),
    "pyiem/NBS_21Z.txt": ("4.0", {"KDSM": 23}),
    "pyiem/NBS_unknown_var.txt": ("5.0", {"KDSM": 23}),
    "pyiem/NBS_v5.txt": ("5.0", {"KDSM": 23}),
}


@pytest.mark.parametrize("name", REAL)
def test_genuine_bulletins_are_read_completely(name: str, real_weather: Path) -> None:
    found = read_nbs(real_weather / "mos_nbm_bulletins" / name, issued_at=ISSUED, culprit=name)

    assert (found.version, found.hours.groupby("station_id").size().to_dict()) == REAL[name]
    assert found.rejected.empty
    assert found.hours[["temperature_c", "wind_speed_ms", "wind_east_ms", "cloud_cover_pct"]].notna().all(axis=None)


def test_a_genuine_bulletin_agrees_with_what_its_lines_show(real_weather: Path) -> None:
    path = real_weather / "mos_nbm_bulletins" / "pyiem" / "NBS_v5.txt"
    by_name = {one[:3]: one[4:] for one in path.read_text().splitlines()}

    hours = read_nbs(path, issued_at=ISSUED, culprit=path.name).hours

    for name, column, factor in (("WSP", "wind_speed_ms", 0.514444), ("MHT", "mixing_height_m", 30.48)):
        shown = [float(text) for text in by_name[name].split()]
        assert hours[column].tolist() == pytest.approx([one * factor for one in shown], rel=1e-5)
    assert hours["precipitation_mm"].dropna().tolist() == pytest.approx(
        [0.254 * float(text) for text in by_name["Q06"].split()], rel=1e-5
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NBS_badheader.txt", "line 4: the station is set aside: expected the header of a station: 'KDSM"),
        ("NBS_badtime.txt", "expected hours after the run in station KDSM"),
        (
            "NBS_shortline.txt",
            "line 24: P12 is 'P12', the station is set aside: P12 of station KDSM ends after 0 of 23",
        ),
        ("NBSUSA_empty.txt", "none of its 2 stations can be read, such as line 4"),
    ],
)
def test_genuine_bulletins_with_planted_damage_are_refused_by_line(name: str, says: str, real_weather: Path) -> None:
    path = real_weather / "mos_nbm_bulletins" / "pyiem" / name

    with pytest.raises(BadPayload) as caught:
        read_nbs(path, issued_at=ISSUED, culprit=name)

    assert says in str(caught.value)
