"""Bulletins of selected cities are read line by line; a header that cannot be trusted costs its bulletin."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nws import bulletin as nws_bulletin
from airwatch_dagster.acquire.weather.nws.bulletin import CITY_COLUMNS, CityForecasts, read_selected_cities
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.acquire.weather.nws_samples import bulletin, city


def read(*texts: str) -> CityForecasts:
    return read_selected_cities("\n".join(texts).encode(), culprit="FPUS20")


def refusal(*texts: str) -> str:
    with pytest.raises(BadPayload) as caught:
        read(*texts)
    assert caught.value.culprit == "FPUS20"
    return str(caught.value)


def test_a_morning_bulletin_has_highs_first() -> None:
    found = read(bulletin(cities=[city("CHICAGO", precipitation=".06")]))

    assert list(found.rows) == list(CITY_COLUMNS)
    assert found.rows.iloc[0].to_dict() == {
        "issued_at": pd.Timestamp("2021-07-04 12:50"),
        "issue_date": pd.Timestamp("2021-07-04"),
        "half": "AM",
        "part": 1,
        "city": "CHICAGO",
        "observed_date": pd.Timestamp("2021-07-03"),
        "observed_high_f": 80.0,
        "observed_low_f": 60.0,
        "observed_precipitation": ".06",
        "target1_date": pd.Timestamp("2021-07-04"),
        "target1_word": "SUNNY",
        "target1_high_f": 86.0,
        "target1_low_f": 68.0,
        "target2_date": pd.Timestamp("2021-07-05"),
        "target2_word": "SHWRS",
        "target2_high_f": 77.0,
        "target2_low_f": 59.0,
    }
    assert (len(found.rejected), found.bulletins) == (0, 1)


def test_an_evening_bulletin_has_lows_first_and_the_next_two_days() -> None:
    row = read(bulletin("2021-07-05 00:50", cities=[city("CHICAGO", one=("68", "86"))])).rows.iloc[0]

    assert (row["half"], row["issue_date"]) == ("PM", pd.Timestamp("2021-07-04"))
    assert (row["target1_date"], row["target2_date"]) == (pd.Timestamp("2021-07-05"), pd.Timestamp("2021-07-06"))
    assert (row["target1_low_f"], row["target1_high_f"]) == (68.0, 86.0)
    assert (row["observed_low_f"], row["observed_high_f"]) == (80.0, 60.0)


@pytest.mark.parametrize(
    ("text", "number"), [("B02", -2.0), ("02B", -2.0), ("B 2", -2.0), ("27B", -27.0), ("104", 104.0), ("MM", np.nan)]
)
def test_temperatures_below_zero_three_digits_and_missing_ones(text: str, number: float) -> None:
    line = city("BISMARCK", observed=(text, "05"), one=(text, "00"), two=("20", text))

    row = read(bulletin(cities=[line])).rows.iloc[0]

    found = [row["observed_high_f"], row["target1_high_f"], row["target2_low_f"]]
    assert found == pytest.approx([number] * 3, nan_ok=True)


@pytest.mark.parametrize("published", ["", "TR", "MM", "1.85", ".00"])
def test_precipitation_that_was_observed_is_kept_as_published(published: str) -> None:
    row = read(bulletin(cities=[city("W PALM BEACH", precipitation=published)])).rows.iloc[0]

    assert (row["observed_precipitation"] or "", row["city"]) == (published, "W PALM BEACH")


@pytest.mark.parametrize(
    ("issued", "zone", "day"),
    [
        ("2021-11-07 00:50", "EDT", "2021-11-06"),
        ("2021-11-07 12:50", "EST", "2021-11-07"),
        ("2022-03-13 00:50", "EST", "2022-03-12"),
        ("2022-03-13 12:50", "EDT", "2022-03-13"),
        ("2022-01-01 00:50", "EST", "2021-12-31"),
        ("2021-12-31 12:50", "EST", "2021-12-31"),
        ("2021-07-04 15:23", "EDT", "2021-07-04"),
        ("2021-07-05 02:48", "EDT", "2021-07-04"),
        ("2021-07-04 17:10", "EDT", None),
    ],
)
def test_times_of_issue_are_utc_at_changes_of_clock_and_year(issued: str, zone: str, day: str | None) -> None:
    rows = read(bulletin(issued, zone=zone)).rows

    assert rows["issued_at"].unique().tolist() == [pd.Timestamp(issued)]
    assert rows["issue_date"].unique().tolist() == [pd.Timestamp(day or "2021-07-04")]


def test_several_bulletins_in_one_text_are_read_each_with_its_time() -> None:
    wired = ["\x01", bulletin("2021-07-04 12:50"), "\x03", bulletin("2021-07-04 14:05").replace("\n", "\r\r\n"), "\x03"]

    found = read(*wired)

    times = found.rows["issued_at"].unique().tolist()
    assert times == [pd.Timestamp("2021-07-04 12:50"), pd.Timestamp("2021-07-04 14:05")]
    assert (len(found.rows), found.bulletins, len(found.rejected)) == (4, 2, 0)


def test_a_correction_has_letters_behind_its_time() -> None:
    text = bulletin().replace("FPUS20 KWBN 041250", "FPUS20 KWBN 041250 COR")

    assert len(read(text).rows) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("CHICAGO          80  60         SUNNY   86/68", "expected a city, what was observed and two forecasts"),
        ("CHICAGO          80  60         SUNNY   8?/68   SHWRS   77/59", "expected a city, what was"),
        (city("CHICAGO", one=("186", "68")), "expected temperatures from -90 to 140 °F"),
    ],
)
def test_a_damaged_line_costs_its_city_alone(line: str, reason: str) -> None:
    text = bulletin(cities=[line, city("MILWAUKEE")])

    found = read(text)

    assert found.rows["city"].tolist() == ["MILWAUKEE"]
    rejected = found.rejected.iloc[0]
    assert rejected["line_number"] == text.split("\n").index(line) + 1
    assert (rejected["file"], rejected["value"]) == ("FPUS20", line)
    assert rejected["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "FPUS20 KWBN 041250",
            "FPUS20 KWBN 041150",
            "issued at 2021-07-04 12:50 UTC by its local time, not by this line",
        ),
        (
            "FPUS20 KWBN 041250",
            "FPUS20 KWBN 051250",
            "issued at 2021-07-04 12:50 UTC by its local time, not by this line",
        ),
        (
            "FPUS20 KWBN 041250",
            "FPUS20 KWBN 992950",
            "issued at 2021-07-04 12:50 UTC by its local time, not by this line",
        ),
        ("850 AM EDT", "850 PM EDT", "issued at 2021-07-05 00:50 UTC by its local time"),
        ("850 AM EDT", "850 AM PST", "expected a local time of issue in EST or EDT"),
        ("850 AM EDT", "850 AM", "the bulletin has no line with a local time of issue"),
        ("JUL 04 2021", "JUL 34 2021", "expected a local time of issue in EST or EDT"),
        ("HI/LO", "LO/HI", "the bulletin says both that highs and that lows come first"),
        ("DAYTIME HIGH...NIGHTTIME LOW", "NIGHTTIME LOW...DAYTIME HIGH", "the bulletin says both"),
        ("SUN....JUL 04", "SUN....JUL 05", "expected three days from JUL 3 in a bulletin of the AM"),
        (
            "SAT...JUL 03   SUN....JUL 04   MON....JUL 05",
            "SUN...JUL 04   MON....JUL 05   TUE....JUL 06",
            "expected three",
        ),
        ("PART 1 OF 4", "PART ONE", "the bulletin has no line with a part of SELECTED CITIES"),
    ],
)
def test_a_header_that_cannot_be_trusted_costs_its_bulletin(old: str, new: str, reason: str) -> None:
    first = bulletin()
    assert old in first

    found = read(first.replace(old, new), bulletin("2021-07-05 00:50"))

    assert found.rows["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-05 00:50")]
    assert found.rejected["reason"].str.startswith(f"the bulletin is set aside: {reason}").tolist() == [True]


def test_a_morning_bulletin_in_the_order_of_the_evening_is_set_aside() -> None:
    says = refusal(bulletin(order="LO/HI"))

    assert "no line of its 1 bulletins can be read, such as line 13: the bulletin is set aside: expected HI/LO" in says


def test_times_a_few_minutes_apart_agree_and_the_later_counts() -> None:
    rows = read(bulletin().replace("KWBN 041250", "KWBN 041258")).rows

    assert rows["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-04 12:58")]


@pytest.mark.parametrize(("limit", "says"), [("MAX_CITIES_BYTES", "more than 0.0 MB"), ("MAX_CITIES_LINES", "lines")])
def test_text_beyond_the_limits_is_refused(limit: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nws_bulletin, limit, 10)

    assert says in refusal(bulletin())


def test_a_line_of_a_million_letters_costs_no_more_than_a_short_one() -> None:
    endless = "CHICAGO " * 125_000

    found = read(bulletin(cities=[endless, city("MILWAUKEE")]))

    assert found.rows["city"].tolist() == ["MILWAUKEE"]
    assert len(found.rejected) == 1


def test_text_without_a_bulletin_has_no_rows() -> None:
    found = read("ERROR: Could not Find: SCS01")

    assert (len(found.rows), found.bulletins) == (0, 0)


PAIRS = {
    "issue_date": "issue_date",
    "half": "ampm",
    "part": "part",
    "observed_date": "observed_date",
    "observed_high_f": "observed_high_f",
    "observed_low_f": "observed_low_f",
    "observed_precipitation": "observed_precip_in",
    **{f"target{n}_{name}": f"target{n}_{name}" for n in (1, 2) for name in ("date", "high_f", "low_f")},
    **{f"target{n}_word": f"target{n}_weather" for n in (1, 2)},
}


def test_genuine_bulletins_agree_field_by_field_with_rows_parsed_elsewhere(real_weather: Path) -> None:
    paths = sorted((real_weather / "nws_selected_cities" / "bulletins").glob("*.txt"))
    read_ones = [read_selected_cities(path.read_bytes(), culprit=path.name) for path in paths]
    own = pd.concat([one.rows for one in read_ones])
    others = pd.read_parquet(real_weather / "nws_selected_cities" / "fpus20_forecasts_2021.parquet")

    assert (len(paths), len(own), sum(len(one.rejected) for one in read_ones)) == (52, 2128, 0)
    for path, one in zip(paths, read_ones, strict=True):
        assert {f"{time:%Y%m%dT%H%MZ}" for time in one.rows["issued_at"]} == {path.stem.split("_")[2]}
    both = others.rename(columns={"issued_utc": "issued_at"}).merge(
        own, on=["issued_at", "city"], suffixes=("_other", ""), how="inner"
    )
    assert len(both) == 1080
    for mine, other in PAIRS.items():
        theirs = both[f"{other}_other" if f"{other}_other" in both else other]
        assert ((both[mine] == theirs) | (both[mine].isna() & theirs.isna())).all(), mine
