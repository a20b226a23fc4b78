"""Days that programs rewrote."""

from datetime import date, timedelta

import pytest

from airwatch_dagster.acquire.parsing.rewritten_dates import days_of_number, published_dates
from airwatch_dagster.errors import BadPayload


def iso(*written: str, others: tuple[str, ...] = ()) -> list[str | None]:
    dates = published_dates(written, column="Date", culprit="file", others=others)
    return [dates.get(value) for value in written]


def test_days_in_epas_layouts_stay_as_they_are() -> None:
    assert iso("2021-01-02", "2021-12-31") == [None, None]
    assert iso("01/02/2021", "12/31/2021") == [None, None]
    assert iso("01/02/2021") == [None]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2021-1-2", "2021-01-02"),
        ("20210102", "2021-01-02"),
        ("2021.01.02", "2021-01-02"),
        ("2021-01-02T00:00:00+00:00", "2021-01-02"),
        ("1/2/21", "2021-01-02"),
        ("12/31/99", "1999-12-31"),
        ("2-Jan-21", "2021-01-02"),
        ("02JAN2021", "2021-01-02"),
        ("Sept 2, 2021", "2021-09-02"),
        ("Saturday, January 2, 2021", "2021-01-02"),
        ("29-Feb-2020", "2020-02-29"),
    ],
)
def test_unambiguous_days_are_read(written: str, day: str) -> None:
    assert iso(written) == [day]


@pytest.mark.parametrize(
    "written", ["2021-02-30", "2021-13-01", "4 July", "30-Feb-2021", "02-Mrz-21", "2-Ma-21", "202112", "44197", "x", ""]
)
def test_other_text_is_left_to_the_parser_of_dates(written: str) -> None:
    assert iso(written) == [None]


def test_a_first_number_above_12_proves_days_first() -> None:
    assert iso("01/02/2021", "13/02/2021") == ["2021-02-01", "2021-02-13"]
    assert iso("01-02-2021", "13-02-2021") == ["2021-02-01", "2021-02-13"]


def test_a_second_number_above_12_proves_months_first() -> None:
    assert iso("01-02-2021", "01-13-2021") == ["2021-01-02", "2021-01-13"]


def test_another_column_of_the_file_proves_the_order() -> None:
    assert iso("01/02/2021", others=("01/02/2021", "20/11/2021")) == ["2021-02-01"]


def test_one_odd_day_among_many_proves_nothing() -> None:
    days = [f"{date(2021, 1, 1) + timedelta(days=n):%m/%d/%Y}" for n in range(60)]
    assert iso(*days, "31/12/2020")[-1] is None
    others = [f"{date(2021, 1, 1) + timedelta(days=n):%d/%m/%Y}" for n in range(60)]
    assert iso(*others, "12/31/2021")[:2] == ["2021-01-01", "2021-01-02"]


@pytest.mark.parametrize(
    "written",
    [
        ("01/01/2021", "02/01/2021", "03/01/2021"),
        ("01-02-2021", "03-02-2021"),
        ("01.02.2021",),
        ("13.01.2021", "01.13.2021"),
    ],
)
def test_days_without_a_proof_are_refused(written: tuple[str, ...]) -> None:
    with pytest.raises(BadPayload, match="do not show whether a program put the day or the month first"):
        iso(*written)


def test_three_days_of_one_month_are_read_by_the_custom_of_dots() -> None:
    assert iso("01.02.2021", "02.02.2021", "03.02.2021") == ["2021-02-01", "2021-02-02", "2021-02-03"]


def test_days_that_a_spreadsheet_left_as_text_show_that_the_others_are_wrong() -> None:
    rewritten = [f"2021-{month:02}-01" for month in range(1, 13)]
    with pytest.raises(BadPayload, match="took EPA's months for days"):
        iso(*rewritten, "01/13/2021", "01/14/2021")


def test_a_number_of_excels_is_one_of_two_days() -> None:
    assert days_of_number("44197") == (date(2021, 1, 1), date(2025, 1, 2))
    assert days_of_number("44197,0") == days_of_number("44197.0")
