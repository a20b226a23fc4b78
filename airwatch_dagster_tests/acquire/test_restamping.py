"""Times in the future are replaced in order, by the best that is known, and nothing else changes."""

import pandas as pd

from airwatch_dagster.acquire.readings import VERSION_COLUMNS
from airwatch_dagster.acquire.restamping import FutureStamp, future_stamps, new_stamps, restamped
from airwatch_dagster_tests.builders import raw_readings

NOW = pd.Timestamp("2026-11-29 22:00")
WRONG, LATER_WRONG = pd.Timestamp("2099-01-01 08:00"), pd.Timestamp("2099-01-02 08:00")
RIGHT = pd.Timestamp("2026-11-01 08:00")
WRITTEN = pd.Timestamp("2026-11-20 09:30")


def history() -> pd.DataFrame:
    """A version of each of two days; a pull by the wrong clock superseded the first day's, and a later one its own."""
    first, second = pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-02")
    return raw_readings(
        {"date_local": first, "first_seen_at": RIGHT, "superseded_at": WRONG, "arithmetic_mean": 8.0},
        {"date_local": first, "first_seen_at": WRONG, "superseded_at": LATER_WRONG, "arithmetic_mean": 9.0},
        {"date_local": first, "first_seen_at": LATER_WRONG, "superseded_at": pd.NaT, "arithmetic_mean": 9.5},
        {"date_local": second, "first_seen_at": WRONG, "superseded_at": pd.NaT, "arithmetic_mean": 7.0},
    )


def found(**written: str) -> list[FutureStamp]:
    times = {day.replace("_", "-")[1:]: pd.Timestamp(moment) for day, moment in written.items()}
    return future_stamps(history(), columns=VERSION_COLUMNS, now=NOW, written=times)


def test_each_time_in_the_future_is_found_with_its_versions_and_days() -> None:
    first, second = found()

    assert first == FutureStamp(WRONG, ("2026-10-01", "2026-10-02"), begun=2, ended=1, after=RIGHT, written_at=None)
    assert second == FutureStamp(LATER_WRONG, ("2026-10-01",), begun=1, ended=1, after=RIGHT, written_at=None)


def test_a_time_is_replaced_by_that_of_the_file_where_a_clock_was_right() -> None:
    stamps = new_stamps(found(_2026_10_01="2026-11-21 09:30", _2026_10_02="2026-11-20 09:30"), now=NOW)

    assert stamps[WRONG] == WRITTEN - pd.Timedelta(microseconds=1)
    assert stamps[LATER_WRONG] == pd.Timestamp("2026-11-21 09:30")


def test_without_a_right_clock_times_end_now_in_their_order() -> None:
    stamps = new_stamps(found(_2026_10_01="2099-01-02 08:00"), now=NOW)

    assert stamps == {WRONG: NOW - pd.Timedelta(microseconds=1), LATER_WRONG: NOW}


def test_a_file_older_than_what_its_day_had_before_does_not_change_the_order() -> None:
    stamps = new_stamps(found(_2026_10_02="2026-10-05"), now=NOW)

    assert stamps[WRONG] == RIGHT + pd.Timedelta(microseconds=1)
    assert RIGHT < stamps[WRONG] < stamps[LATER_WRONG] <= NOW


def test_every_version_stays_and_only_its_times_change() -> None:
    before = history()

    after = restamped(before, {WRONG: WRITTEN, LATER_WRONG: NOW}, columns=VERSION_COLUMNS)

    assert after["first_seen_at"].tolist() == [RIGHT, WRITTEN, NOW, WRITTEN]
    assert after["superseded_at"].tolist()[:2] == [WRITTEN, NOW]
    assert after["superseded_at"].isna().tolist() == [False, False, True, True]
    others = [name for name in before.columns if name not in VERSION_COLUMNS]
    pd.testing.assert_frame_equal(after[others], before[others])
    assert after.dtypes.equals(before.dtypes)
