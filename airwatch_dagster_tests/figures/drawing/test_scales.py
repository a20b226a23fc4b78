"""Scales of axes and their ticks."""

from math import log

import pandas as pd
import pytest

from airwatch_dagster.figures.drawing.scales import Scale, day_number, day_ticks, number_ticks, ticks_at


@pytest.mark.parametrize(
    ("ends", "labels"),
    [
        ((0.0, 21.0), ["0", "5", "10", "15", "20"]),
        ((0.0, 105.0), ["0", "20", "40", "60", "80", "100"]),
        ((-0.5, 0.18), ["−0.4", "−0.2", "0.0"]),
        ((-0.07, 0.12), ["−0.05", "0.00", "0.05", "0.10"]),
        ((0.0, 0.7), ["0.0", "0.2", "0.4", "0.6"]),
        ((3.0, 3.0001), ["3.00000", "3.00002", "3.00004", "3.00006", "3.00008", "3.00010"]),
        ((0.0, 12_000.0), ["0", "2000", "4000", "6000", "8000", "10000", "12000"]),
    ],
)
def test_numbers_have_ticks_at_round_places_inside(ends: tuple[float, float], labels: list[str]) -> None:
    assert [tick.label for tick in number_ticks(*ends)] == labels


def test_ticks_reach_into_the_room_beyond_the_ends() -> None:
    assert [tick.label for tick in number_ticks(0.1, 0.9, most=4)] == ["0.2", "0.4", "0.6", "0.8"]
    assert [tick.label for tick in number_ticks(0.1, 0.9, room=0.2, most=4)] == ["0.0", "0.5", "1.0"]


def test_crowded_places_keep_every_second_tick_and_always_0() -> None:
    places = (-20, -10, -5, 0, 5, 10, 20)
    assert [tick.label for tick in ticks_at(places, low=-20, high=20, most=4)] == ["−10", "0", "10"]
    assert [tick.label for tick in ticks_at(places, low=-6, high=6, most=4)] == ["−5", "0", "5"]


def test_a_scale_may_be_bent_turned_and_have_room() -> None:
    assert Scale(1.0, 100.0, bend=log).share(10.0) == pytest.approx(0.5)
    assert Scale(2.5, -0.5).share(0.0) == pytest.approx(2.5 / 3)
    assert [Scale(0.0, 1.0, room=0.25).share(end) for end in (0.0, 1.0)] == pytest.approx([1 / 6, 5 / 6])


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        ("2021-07-04", "2021-07-12", ["05", "07", "09", "11"]),
        ("2021-02-01", "2021-02-28", ["Feb", "05", "09", "13", "17", "21", "25"]),
        ("2020-12-01", "2021-01-31", ["Dec", "08", "15", "22", "2021", "08", "15", "22"]),
        ("2020-11-15", "2021-02-20", ["15", "Dec", "15", "2021", "15", "Feb", "15"]),
    ],
)
def test_days_have_as_many_ticks_as_fit(first: str, last: str, labels: list[str]) -> None:
    ticks = day_ticks(pd.Timestamp(first), pd.Timestamp(last))
    assert [tick.label for tick in ticks] == labels
    assert ticks[0].value >= day_number(pd.Timestamp(first))
