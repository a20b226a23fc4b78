"""Monitor spells: runs of days with one method at one position."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.watch.monitor_spells import joined_spells, monitor_spells, no_spells
from airwatch_dagster_tests.watch.builders import days, published, together

OTHER = {"site_number": "9002"}
YEAR = days("2021-01-01", "2021-12-31")


def a_history() -> pd.DataFrame:
    every = days("2020-01-01", "2021-12-31")
    one = published(every, poc=3).assign(method_code=["170"] * 300 + [None] * 30 + ["236"] * 401)
    two = published([*every[5:200:3], *every[450::3]], **OTHER).assign(latitude=41.9)
    two.loc[two["date_local"] >= "2021-08-01", "latitude"] = 42.1
    return together(one, two, published(every[366::2], poc=23, method_code="736"))


def test_several_rows_of_a_day_count_as_one_day() -> None:
    raw = together(published(YEAR), published(YEAR, sample_duration="1 HOUR", method_code=None))
    assert monitor_spells(raw)["day_count"].tolist() == [365]


@pytest.mark.parametrize("cuts", [("2020-07-01", "2021-01-01"), ("2020-02-01", "2021-08-01")])
def test_spells_joined_in_any_grouping_equal_those_of_the_whole_history(cuts: tuple[str, str]) -> None:
    raw = a_history()
    day = raw["date_local"]
    a, b, c = (
        monitor_spells(raw[part]) for part in (day < cuts[0], (day >= cuts[0]) & (day < cuts[1]), day >= cuts[1])
    )
    whole = monitor_spells(raw)
    pd.testing.assert_frame_equal(joined_spells(joined_spells(a, b), c), whole)
    pd.testing.assert_frame_equal(joined_spells(a, joined_spells(b, c)), whole)
    pd.testing.assert_frame_equal(joined_spells(no_spells(), whole), whole)


def test_spells_equal_a_slow_loop_over_days() -> None:
    raw = a_history().assign(site_id=lambda rows: rows["state_code"] + rows["county_code"] + rows["site_number"])
    slow: list[list[Any]] = []
    for monitor, rows in raw.groupby(["site_id", "poc"]):
        for row in rows.sort_values("date_local").itertuples():
            state = (*monitor, row.method_code or "", row.latitude)
            last = slow[-1] if slow else None
            if last and last[0] == state and (row.date_local - last[2]).days <= 180:
                last[2], last[3] = row.date_local, last[3] + 1
            else:
                slow.append([state, row.date_local, row.date_local, 1])
    fast = [
        [(row.site_id, row.poc, row.method_code or "", row.latitude), row.first_day, row.last_day, row.day_count]
        for row in monitor_spells(raw).itertuples()
    ]
    assert fast == slow


def test_overlapping_histories_are_refused() -> None:
    with pytest.raises(ValueError, match="170319001-88101-1 overlap on 2021-03-01"):
        joined_spells(monitor_spells(published(YEAR[:60])), monitor_spells(published(YEAR[59:])))
