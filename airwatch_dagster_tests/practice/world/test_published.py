"""Publication of readings by day."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.practice.world.instruments import instrument_year
from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.practice.world.published import changed_on, final_on, published_year, truncated_to_tenths


def published(year: int, today: date) -> pd.DataFrame:
    return published_year(year, seed=1, today=today).set_index(["monitor", "date_local"])


@pytest.mark.parametrize(
    ("day", "final"),
    [
        (date(2021, 1, 1), date(2021, 6, 30)),
        (date(2021, 3, 31), date(2021, 6, 30)),
        (date(2021, 4, 1), date(2021, 9, 29)),
        (date(2021, 9, 30), date(2021, 12, 30)),
        (date(2021, 12, 31), date(2022, 4, 1)),
    ],
)
def test_a_quarter_becomes_final_ninety_days_after_its_end(day: date, final: date) -> None:
    assert final_on(day) == final


def test_nothing_of_today_is_published() -> None:
    days = published(2021, date(2021, 5, 10)).reset_index()["date_local"]
    assert days.max() == "2021-05-09"


def test_final_values_are_the_same_on_every_later_day() -> None:
    early, late = published(2021, date(2022, 4, 1)), published(2021, date(2026, 1, 1))
    pd.testing.assert_frame_equal(early, late)


def test_a_final_quarter_does_not_change_while_later_ones_are_provisional() -> None:
    first_quarter = slice("2021-01-01", "2021-03-31")
    early, late = (published(2021, today) for today in (date(2021, 7, 15), date(2022, 4, 1)))
    early, late = (days[days.index.get_level_values(1) <= first_quarter.stop] for days in (early, late))
    pd.testing.assert_frame_equal(early, late)


def test_provisional_values_are_revised_deleted_and_completed_when_they_become_final() -> None:
    before, after = published(2021, date(2021, 6, 29)), published(2021, date(2021, 6, 30))
    before, after = (days[days.index.get_level_values(1) <= "2021-03-31"] for days in (before, after))
    both = before.index.intersection(after.index)
    is_changed = before.loc[both, "hours_mean_ugm3"] != after.loc[both, "hours_mean_ugm3"]
    assert 0.02 < is_changed.mean() < 0.06
    assert 0.003 < len(before.index.difference(after.index)) / len(before) < 0.02
    assert 0.001 < len(after.index.difference(before.index)) / len(after) < 0.01


def test_a_revision_moves_the_date_of_last_change_and_nothing_else_does() -> None:
    before, after = published(2021, date(2021, 6, 29)), published(2021, date(2021, 6, 30))
    both = before.index.intersection(after.index)
    is_changed = before.loc[both, "hours_mean_ugm3"] != after.loc[both, "hours_mean_ugm3"]
    assert set(after.loc[both[is_changed], "last_change"]) == {"2021-06-30"}
    assert (after.loc[both[~is_changed], "last_change"] == before.loc[both[~is_changed], "last_change"]).all()
    late = after.index.difference(before.index)
    late = late[late.get_level_values(1) <= "2021-03-31"]
    assert set(after.loc[late, "last_change"]) == {"2021-06-30"}


def test_a_provisional_row_last_changed_the_day_after_its_sample() -> None:
    days = published(2021, date(2021, 2, 1)).reset_index()
    next_day = pd.to_datetime(days["date_local"]) + pd.Timedelta(days=1)
    assert (days["last_change"] == next_day.dt.strftime("%Y-%m-%d")).all()


def test_no_change_is_dated_after_today() -> None:
    for today in (date(2021, 6, 30), date(2021, 11, 2), date(2022, 4, 1)):
        assert published(2021, today)["last_change"].max() <= today.isoformat()


def test_content_is_dated_by_its_last_change() -> None:
    assert changed_on(2021, today=date(2021, 5, 10)) == date(2021, 5, 10)
    assert changed_on(2021, today=date(2022, 2, 10)) == date(2022, 1, 1)
    assert changed_on(2021, today=date(2023, 2, 10)) == date(2022, 4, 1)


@pytest.mark.parametrize("today", [date(2021, 6, 30), date(2021, 8, 15), date(2022, 1, 1), date(2022, 4, 1)])
def test_content_changes_on_its_date_only(today: date) -> None:
    assert changed_on(2021, today=today) == today
    before, after = published(2021, today - timedelta(days=1)), published(2021, today)
    assert not before.equals(after)


def test_day_values_are_truncated_not_rounded() -> None:
    assert truncated_to_tenths(np.array([8.99, 8.8, 13.633333, -0.04, -1.29])).tolist() == [8.9, 8.8, 13.6, 0.0, -1.2]


def test_the_final_day_value_is_the_truncated_mean_of_the_hours() -> None:
    days = published_year(2021, seed=1, today=date(2023, 1, 1))
    final = instrument_year(2021, seed=1)
    for day in days.sample(300, random_state=0).itertuples():
        row = date.fromisoformat(day.date_local).toordinal() - int(final.days[0])
        mean = final.mean_ugm3[row, day.monitor]
        if MONITORS[day.monitor][1].schedule != "hourly":
            assert day.day_mean_ugm3 == round(mean, 1)
        elif not np.isnan(day.day_mean_ugm3):
            assert day.hours_mean_ugm3 == round(mean, 6)
            assert day.day_mean_ugm3 == pytest.approx(int(mean * 10) / 10)


def test_incomplete_days_have_their_percentage_or_no_day_value() -> None:
    days = published_year(2021, seed=1, today=date(2023, 1, 1))
    incomplete = days[days["observation_percent"] < 75.0]
    assert 50 < len(incomplete) < 250
    assert 0.3 < incomplete["day_mean_ugm3"].isna().mean() < 0.7
    assert (incomplete["day_percent"] < 75.0).all()
    complete = days.drop(incomplete.index)
    assert complete["day_mean_ugm3"].notna().all()
    assert (complete["day_percent"] == 100.0).all()


def test_hours_are_counted_as_whole_percentages() -> None:
    days = published_year(2021, seed=1, today=date(2023, 1, 1))
    percent = (
        days[days["observation_count"] > 1].groupby("observation_count")["observation_percent"].agg(["min", "max"])
    )
    assert percent.loc[21].tolist() == [88.0, 88.0]
    assert percent.loc[23].tolist() == [96.0, 96.0]
    assert percent.loc[18].tolist() == [75.0, 75.0]


def test_only_smoke_days_are_events_and_lose_hours_and_mass_without_them() -> None:
    days = published_year(2023, seed=1, today=date(2025, 1, 1))
    events, others = days[days["is_event"]], days[~days["is_event"]]
    assert len(events) > 5
    assert set(events["date_local"].str[5:7]) <= {"06", "07", "08", "09"}
    assert (events["excluded_mean_ugm3"] < events["hours_mean_ugm3"]).all()
    assert (others["excluded_mean_ugm3"] == others["hours_mean_ugm3"]).all()
