"""What changed about a monitor that is not the air."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.files import read_daily
from airwatch_dagster.practice.formats.airdata import bulk_file
from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.instrument_names import INSTRUMENT_NAMES
from airwatch_dagster.watch.monitor_changes import monitor_changes
from airwatch_dagster.watch.monitor_spells import joined_spells, monitor_spells, no_spells
from airwatch_dagster_tests.builders import monitors, raw_readings

SITE, OTHER_SITE = "170319001", "170319002"
OTHER = {"site_number": "9002"}
TODAY = pd.Timestamp("2025-12-01")
NONE_STORED = TABLES["monitor_changes"].empty()


def days(first: str, last: str, *, step: int = 1) -> pd.DatetimeIndex:
    return pd.date_range(first, last, freq=f"{step}D")


def readings(dates: Iterable[pd.Timestamp], **changes: Any) -> pd.DataFrame:
    """Rows of one monitor; validated once, because history is long."""
    one = raw_readings(changes)
    return pd.concat([one] * len(list(dates)), ignore_index=True).assign(date_local=list(dates))


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def changes_of(
    raw: pd.DataFrame, *, listed: pd.DataFrame | None = None, stored: pd.DataFrame = NONE_STORED, today: Any = TODAY
) -> pd.DataFrame:
    listed = monitors() if listed is None else listed
    made = monitor_changes(monitor_spells(raw), monitors=listed, stored=stored, today=pd.Timestamp(today))
    validated: pd.DataFrame = TABLES["monitor_changes"].schema.validate(made)
    return validated


def told(made: pd.DataFrame) -> list[tuple[str, str, int, str]]:
    return [(row.kind, row.site_id, row.poc, f"{row.changed_on:%Y-%m-%d}") for row in made.itertuples()]


YEAR = days("2021-01-01", "2021-12-31")


def test_another_method_is_an_instrument_change_on_its_first_day() -> None:
    raw = readings(YEAR, poc=3).assign(method_code=["170"] * 181 + ["236"] * 184)
    made = changes_of(raw)
    assert told(made) == [("instrument", SITE, 3, "2021-07-01")]
    assert made[["before", "after"]].iloc[0].tolist() == ["170 Met One BAM-1020", "236 Teledyne T640"]
    assert made["description"].iloc[0].startswith("The monitor (POC 3) went from 170 Met One BAM-1020 to 236 Teledyne")


def test_codes_that_alternate_within_a_week_are_one_change() -> None:
    codes = ["170"] * 100 + ["236", "170", "236", "236", "170", "236", "170"] + ["236"] * 258
    made = changes_of(readings(YEAR).assign(method_code=codes))
    assert told(made) == [("instrument", SITE, 1, "2021-04-18")]


def test_a_code_that_flips_for_two_days_is_no_change() -> None:
    assert changes_of(readings(YEAR).assign(method_code=["170"] * 100 + ["236"] * 2 + ["170"] * 263)).empty


def test_a_filter_that_changes_for_a_month_and_back_changes_twice() -> None:
    filter_days = days("2021-01-01", "2021-12-31", step=6)
    made = changes_of(readings(filter_days).assign(method_code=["120"] * 20 + ["116"] * 5 + ["120"] * 36))
    assert told(made) == [("instrument", SITE, 1, "2021-05-01"), ("instrument", SITE, 1, "2021-05-31")]


def test_a_new_method_counts_once_it_has_held_a_week() -> None:
    codes = ["170"] * 200 + ["236"] * 165
    assert changes_of(readings(YEAR).assign(method_code=codes)[:206]).empty
    assert told(changes_of(readings(YEAR).assign(method_code=codes)[:207])) == [("instrument", SITE, 1, "2021-07-20")]


def test_days_without_a_method_code_change_nothing() -> None:
    assert changes_of(readings(YEAR).assign(method_code=["170"] * 100 + [None] * 100 + ["170"] * 165)).empty


def test_a_superseded_version_takes_no_part() -> None:
    raw = together(readings(YEAR), readings(YEAR[200:], method_code="170", superseded_at=TODAY))
    assert changes_of(raw).empty


def test_several_rows_of_a_day_are_one_day() -> None:
    raw = together(readings(YEAR), readings(YEAR, sample_duration="1 HOUR", method_code=None))
    assert monitor_spells(raw)["day_count"].tolist() == [365]


def test_an_instrument_published_twice_is_one_restated_pair() -> None:
    raw = together(
        readings(YEAR, poc=3, method_code="236"), readings(YEAR[100:], poc=23, method_code="736"), readings(YEAR, poc=1)
    )
    made = changes_of(raw)
    assert told(made) == [("restated_pair", SITE, 3, "2021-04-11")]
    assert made[["before", "after"]].iloc[0].tolist() == ["236 Teledyne T640", "736 Teledyne T640, corrected"]
    assert "POC 23 corrected: the latter wins" in made["description"].iloc[0]


def test_a_corrected_row_beside_another_instrument_is_no_pair() -> None:
    assert changes_of(together(readings(YEAR, poc=3), readings(YEAR, poc=23, method_code="736"))).empty


@pytest.mark.parametrize(("latitude", "kinds"), [(41.9000001, []), (41.9012, []), (41.903, ["relocation"])])
def test_a_site_moves_when_its_position_does_and_not_its_digits(latitude: float, kinds: list[str]) -> None:
    made = changes_of(readings(YEAR).assign(latitude=[41.9] * 90 + [latitude] * 275))
    assert made["kind"].tolist() == kinds


def test_a_move_of_a_site_with_two_monitors_is_told_once_with_its_distance() -> None:
    latitudes = [41.9] * 30 + [42.0] * 92
    filter_days = days("2021-01-01", "2021-12-31", step=3)
    raw = together(readings(filter_days, poc=1).assign(latitude=latitudes), readings(YEAR[90:], poc=3, latitude=42.0))
    made = changes_of(raw)
    assert told(made) == [("relocation", SITE, 0, "2021-04-01")]
    assert made[["before", "after"]].iloc[0].tolist() == ["41.90000, -87.60000", "42.00000, -87.60000"]
    assert "moved by 11.1 km" in made["description"].iloc[0]


def test_the_first_reading_opens_a_site_unless_history_begins_with_it() -> None:
    raw = together(readings(YEAR), readings(YEAR[13:], **OTHER), readings(YEAR[14:], site_number="9003"))
    made = changes_of(raw)
    assert told(made) == [("opened", "170319003", 0, "2021-01-15")]
    assert made["before"].isna().all()


def test_a_site_closes_once_others_went_on_for_half_a_year() -> None:
    raw = together(readings(YEAR), readings(YEAR[:185], **OTHER))
    made = changes_of(raw)
    assert told(made) == [("closed", OTHER_SITE, 0, "2021-07-05")]
    assert made["description"].tolist() == ["The site's last reading is of 2021-07-04."]
    assert changes_of(together(readings(YEAR), readings(YEAR[:186], **OTHER))).empty


def test_a_site_whose_next_day_is_not_due_yet_is_not_closed() -> None:
    raw = together(readings(YEAR), readings(YEAR[:185], **OTHER))
    assert changes_of(raw, today="2021-12-29").empty
    assert told(changes_of(raw, today="2021-12-30")) == [("closed", OTHER_SITE, 0, "2021-07-05")]


def test_a_site_that_returns_after_a_long_silence_was_closed_and_opened() -> None:
    raw = together(readings(YEAR), readings([*YEAR[:50], *YEAR[231:]], **OTHER))
    assert told(changes_of(raw)) == [("closed", OTHER_SITE, 0, "2021-02-20"), ("opened", OTHER_SITE, 0, "2021-08-20")]
    assert changes_of(together(readings(YEAR), readings([*YEAR[:50], *YEAR[229:]], **OTHER))).empty


def test_another_monitor_keeps_a_site_open() -> None:
    raw = together(readings(YEAR), readings(YEAR[:100], poc=3, **OTHER), readings(YEAR, poc=4, **OTHER))
    assert changes_of(raw).empty


def test_years_that_were_never_read_are_no_silence() -> None:
    both = [*days("2012-01-01", "2012-12-31"), *YEAR]
    raw = together(readings(both), readings(both[:366], **OTHER), readings(YEAR, site_number="9003"))
    assert told(changes_of(raw)) == [("closed", OTHER_SITE, 0, "2013-01-01")]


def test_airnow_counts_as_running_but_names_no_instrument() -> None:
    airnow = {"poc": 0, "source": "airnow", "method_code": None, "latitude": 42.5}
    raw = together(readings(YEAR[:60]), readings(YEAR[60:], **airnow), readings(YEAR[60:], **airnow, **OTHER))
    assert changes_of(raw).empty
    late = together(raw, readings(YEAR[90:], **airnow, site_number="9003"))
    assert told(changes_of(late)) == [("opened", "170319003", 0, "2021-04-01")]


def test_a_changed_designation_is_dated_by_the_day_it_was_noticed() -> None:
    listed = monitors({"primary_changed_at": pd.Timestamp("2021-05-03 14:30"), "is_primary": False}, {"poc": 3})
    made = changes_of(readings(YEAR), listed=listed)
    assert told(made) == [("primary", SITE, 1, "2021-05-03")]
    assert made[["before", "after"]].iloc[0].tolist() == ["primary", "not primary"]


def test_designations_stored_earlier_are_kept_and_nothing_else_is() -> None:
    first = monitors({"primary_changed_at": pd.Timestamp("2021-05-03"), "is_primary": False})
    instruments = readings(YEAR).assign(method_code=["170"] * 181 + ["236"] * 184)
    stored = changes_of(instruments, listed=first)
    again = monitors({"primary_changed_at": pd.Timestamp("2021-09-09"), "is_primary": True})
    made = changes_of(readings(YEAR), listed=again, stored=stored)
    assert told(made) == [("primary", SITE, 1, "2021-05-03"), ("primary", SITE, 1, "2021-09-09")]
    pd.testing.assert_frame_equal(changes_of(instruments, listed=first, stored=stored), stored)


def test_changes_outside_the_area_are_context() -> None:
    raw = readings(YEAR).assign(method_code=["170"] * 181 + ["236"] * 184)
    assert changes_of(raw, listed=monitors({"is_context": True}))["is_context"].tolist() == [True]


def test_without_history_there_are_no_changes() -> None:
    made = monitor_changes(no_spells(), monitors=monitors(), stored=NONE_STORED, today=TODAY)
    assert list(made) == TABLES["monitor_changes"].column_names
    assert made.empty


def a_history() -> pd.DataFrame:
    every = days("2020-01-01", "2021-12-31")
    one = readings(every, poc=3).assign(method_code=["170"] * 300 + [None] * 30 + ["236"] * 401)
    two = readings([*every[5:200:3], *every[450::3]], **OTHER).assign(latitude=41.9)
    two.loc[two["date_local"] >= "2021-08-01", "latitude"] = 42.1
    return together(one, two, readings(every[366::2], poc=23, method_code="736"))


@pytest.mark.parametrize("cuts", [("2020-07-01", "2021-01-01"), ("2020-02-01", "2021-08-01")])
def test_stretches_join_in_any_grouping_to_those_of_all_at_once(cuts: tuple[str, str]) -> None:
    raw = a_history()
    day = raw["date_local"]
    a, b, c = (
        monitor_spells(raw[part]) for part in (day < cuts[0], (day >= cuts[0]) & (day < cuts[1]), day >= cuts[1])
    )
    whole = monitor_spells(raw)
    pd.testing.assert_frame_equal(joined_spells(joined_spells(a, b), c), whole)
    pd.testing.assert_frame_equal(joined_spells(a, joined_spells(b, c)), whole)
    pd.testing.assert_frame_equal(joined_spells(no_spells(), whole), whole)


def test_stretches_are_those_of_a_loop_over_days() -> None:
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


def test_histories_that_overlap_do_not_join() -> None:
    with pytest.raises(ValueError, match="170319001-88101-1 overlap on 2021-03-01"):
        joined_spells(monitor_spells(readings(YEAR[:60])), monitor_spells(readings(YEAR[59:])))


@pytest.fixture(scope="module")
def practice_spells(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The practice network's published history of 2018-2024, year by year."""
    path, history = tmp_path_factory.mktemp("bulk") / "daily.zip", no_spells()
    for year in range(2018, 2025):
        file = bulk_file(f"daily_88101_{year}.zip", seed=1, today=TODAY.date())
        assert file is not None
        path.write_bytes(file.content)
        rows = read_daily(path, date(year, 1, 1), date(year, 12, 31), source="practice").readings
        history = joined_spells(history, monitor_spells(rows.assign(superseded_at=pd.NaT)))
    return history


def test_the_practice_network_shows_its_own_changes_and_no_others(practice_spells: pd.DataFrame) -> None:
    made = monitor_changes(practice_spells, monitors=monitors(), stored=NONE_STORED, today=TODAY)
    assert told(made) == [
        ("instrument", "170319001", 3, "2021-07-01"),
        ("restated_pair", "170319001", 3, "2023-01-01"),
        ("instrument", "170319002", 3, "2022-04-01"),
        ("instrument", "170319002", 3, "2024-07-01"),
        ("closed", "171199001", 0, "2023-01-01"),
        ("opened", "181279001", 0, "2021-01-01"),
        ("instrument", "181279001", 3, "2024-07-01"),
        ("opened", "310559001", 0, "2019-04-01"),
        ("instrument", "550259001", 3, "2023-10-01"),
    ]
    instruments = made[made["kind"] == "instrument"]
    found = {(row.site_id, row.poc, row.changed_on.date(), row.after[:3]) for row in instruments.itertuples()}
    assert found == {(site.site_id, one.poc, *method) for site, one in MONITORS for method in one.methods[1:]}


def test_the_history_of_a_network_is_a_few_rows(practice_spells: pd.DataFrame) -> None:
    assert len(practice_spells) < 2 * len(MONITORS)


def test_genuine_instrument_changes_are_found(real_data: Path) -> None:
    path = real_data / "airdata" / "daily_88101_2012.zip"
    raw = read_daily(path, date(2012, 1, 1), date(2012, 12, 31), source="airdata").readings
    made = changes_of(raw.assign(superseded_at=pd.NaT))
    assert made["kind"].value_counts().to_dict() == {"instrument": 11, "opened": 3, "closed": 1}
    in_cleveland = made[(made["site_id"] == "390350034") & (made["kind"] == "instrument")]
    assert told(in_cleveland) == [
        ("instrument", "390350034", 1, "2012-04-03"),
        ("instrument", "390350034", 1, "2012-05-03"),
    ]


def test_every_method_of_the_practice_network_has_a_name() -> None:
    assert {code for _, one in MONITORS for _, code in one.methods} <= set(INSTRUMENT_NAMES)
