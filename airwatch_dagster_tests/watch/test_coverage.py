"""Whether a site's day was published, and whether it should have been."""

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.files import read_daily, read_monitors
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.deadlines import due_on
from airwatch_dagster.clean.site_days import site_days as site_days_of
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.coverage import completeness, coverage
from airwatch_dagster.watch.outages import area_outages
from airwatch_dagster.watch.sampling_schedules import NATIONAL_SAMPLE_DAYS, sampling_schedules
from airwatch_dagster_tests.builders import monitors, site_days

SITE, OTHER_SITE = "170319001", "170319002"
JULY = pd.Timestamp("2021-07-01")
LATER = pd.Timestamp("2022-06-01")


def days(first: str, last: str, *, step: int = 1) -> list[pd.Timestamp]:
    return list(pd.date_range(first, last, freq=f"{step}D"))


def readings(dates: Iterable[pd.Timestamp], **changes: Any) -> pd.DataFrame:
    return site_days(*({"date_local": day, **changes} for day in dates))


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def july(seen: pd.DataFrame, *, listed: pd.DataFrame | None = None, today: pd.Timestamp = LATER) -> pd.DataFrame:
    made = coverage(seen, months=[JULY], monitors=monitors() if listed is None else listed, today=today)
    validated: pd.DataFrame = TABLES["coverage"].schema.validate(made)
    return validated


def status_on(made: pd.DataFrame, day: str) -> str:
    return str(made.loc[made["date_local"] == day, "status"].item())


def schedule_of(dates: Iterable[pd.Timestamp]) -> str:
    return str(sampling_schedules(readings(dates)).loc[SITE, "schedule"])


DAILY = days("2021-05-01", "2021-07-31")
ONE_IN_THREE = days("2021-05-01", "2021-07-31", step=3)
ONE_IN_SIX = days("2021-05-04", "2021-07-31", step=6)


@pytest.mark.parametrize(
    ("day", "deadline"),
    [
        ("2021-01-01", "2021-06-29"),
        ("2021-03-31", "2021-06-29"),
        ("2021-04-01", "2021-09-28"),
        ("2021-12-31", "2022-03-31"),
        ("2024-02-29", "2024-06-29"),
    ],
)
def test_a_day_is_due_90_days_after_its_quarter(day: str, deadline: str) -> None:
    assert due_on(pd.Series([pd.Timestamp(day)])).tolist() == [pd.Timestamp(deadline)]


@pytest.mark.parametrize(("dates", "schedule"), [(DAILY, "daily"), (ONE_IN_THREE, "1-in-3"), (ONE_IN_SIX, "1-in-6")])
def test_readings_tell_the_schedule(dates: list[pd.Timestamp], schedule: str) -> None:
    assert schedule_of(dates) == schedule


def test_four_readings_tell_no_schedule() -> None:
    assert schedule_of(ONE_IN_THREE[:5]) == "1-in-3"
    assert schedule_of(ONE_IN_THREE[:4]) == "unknown"


def test_samples_made_up_a_day_late_leave_the_schedule_as_it_is() -> None:
    late = [day + timedelta(days=number % 5 == 0) for number, day in enumerate(ONE_IN_THREE)]
    assert schedule_of(late) == "1-in-3"


def test_an_outage_does_not_make_a_daily_site_a_filter() -> None:
    assert schedule_of(days("2021-05-01", "2021-05-10") + days("2021-07-20", "2021-07-31")) == "daily"


def test_a_site_counts_by_its_most_frequent_sampler() -> None:
    assert schedule_of(sorted({*ONE_IN_SIX, *ONE_IN_THREE})) == "1-in-3"
    assert schedule_of(sorted({*DAILY, *ONE_IN_THREE})) == "daily"


def test_every_other_day_is_no_schedule_of_epa() -> None:
    assert schedule_of(days("2021-05-01", "2021-07-31", step=2)) == "unknown"


def test_a_1_in_6_site_off_the_national_days_keeps_its_own() -> None:
    own = days("2021-05-01", "2021-07-31", step=6)
    made = july(readings(own))
    assert status_on(made, "2021-07-06") == "observed"
    assert not (made["status"] == "missing").any()


def test_a_filter_is_not_missed_between_its_days() -> None:
    made = july(readings(day for day in ONE_IN_THREE if day != pd.Timestamp("2021-07-03")))
    assert made["status"].value_counts().to_dict() == {"not_scheduled": 21, "observed": 9, "missing": 1}
    assert status_on(made, "2021-07-03") == "missing"
    assert set(made["schedule"]) == {"1-in-3"}


def test_an_unscheduled_reading_is_observed() -> None:
    assert status_on(july(readings([*ONE_IN_THREE, pd.Timestamp("2021-07-02")])), "2021-07-02") == "observed"


def test_an_invalid_reading_is_neither_observed_nor_missing() -> None:
    seen = readings(DAILY)
    seen.loc[seen["date_local"] == "2021-07-09", "is_valid"] = False
    assert status_on(july(seen), "2021-07-09") == "invalid"


def test_a_due_day_is_late_until_its_deadline_and_missing_after_it() -> None:
    seen = readings(days("2021-03-01", "2021-06-30"))
    assert set(july(seen, today=pd.Timestamp("2021-12-29"))["status"]) == {"late"}
    assert set(july(seen, today=pd.Timestamp("2021-12-30"))["status"]) == {"missing"}


def test_today_and_the_days_after_it_have_no_row() -> None:
    made = july(readings(DAILY[:70]), today=pd.Timestamp("2021-07-11"))
    assert made["date_local"].max() == pd.Timestamp("2021-07-10")
    assert july(readings(DAILY), today=JULY).empty


def test_a_site_that_reports_to_airnow_is_expected_within_two_days() -> None:
    seen = together(readings(days("2021-04-01", "2021-06-20")), readings(days("2021-06-25", "2021-07-05")))
    seen["is_provisional"] = seen["date_local"] >= "2021-06-25"
    made = july(seen, today=pd.Timestamp("2021-07-10"))
    assert made["status"].tolist() == ["observed"] * 5 + ["missing"] * 2 + ["late"] * 2
    assert (made["expected_by"] - made["date_local"]).dt.days.unique().tolist() == [2]
    assert made["is_provisional"].tolist() == [True] * 5 + [False] * 4


def test_days_before_the_first_provisional_reading_wait_for_epa() -> None:
    seen = together(readings(days("2021-04-01", "2021-06-20")), readings(days("2021-07-08", "2021-07-09")))
    seen["is_provisional"] = seen["date_local"] >= "2021-07-08"
    made = july(seen, today=pd.Timestamp("2021-07-10"))
    assert made["status"].tolist() == ["late"] * 7 + ["observed"] * 2


def test_a_site_counts_from_its_first_reading_in_its_first_year() -> None:
    seen, listed = readings(days("2021-07-10", "2021-07-31")), monitors({"open_date": pd.Timestamp("2021-01-01")})
    assert july(seen, listed=listed)["date_local"].min() == pd.Timestamp("2021-07-10")


def test_a_site_opened_in_an_earlier_year_counts_before_its_first_reading() -> None:
    assert july(readings(days("2021-07-10", "2021-07-31")))["date_local"].min() == JULY


def test_a_listed_site_that_never_reported_counts_from_the_year_after_its_opening() -> None:
    never = readings(DAILY, site_id=OTHER_SITE)
    assert SITE in set(july(never)["site_id"])
    assert SITE not in set(july(never, listed=monitors({"open_date": pd.Timestamp("2021-01-01")}))["site_id"])


def test_a_site_that_is_not_listed_counts_by_its_readings() -> None:
    made = july(readings(DAILY[:75], site_id=OTHER_SITE))
    assert made.loc[made["site_id"] == OTHER_SITE, "status"].value_counts().to_dict() == {"missing": 17, "observed": 14}


def test_days_after_the_closing_of_the_last_monitor_have_no_row() -> None:
    closing, open_elsewhere = pd.Timestamp("2021-07-14"), {"site_id": OTHER_SITE}
    listed = monitors({"last_sample_date": closing}, {"poc": 3, "last_sample_date": closing}, open_elsewhere)
    made = july(readings(DAILY[:75]), listed=listed)
    assert made.loc[made["site_id"] == SITE, "date_local"].max() == closing


def test_a_site_is_open_while_one_of_its_monitors_is() -> None:
    listed = monitors({"last_sample_date": pd.Timestamp("2021-07-14")}, {"poc": 3})
    assert july(readings(DAILY[:75]), listed=listed)["date_local"].max() == pd.Timestamp("2021-07-31")


def test_the_last_day_published_so_far_is_no_closing() -> None:
    listed = monitors({"last_sample_date": pd.Timestamp("2021-07-14")})
    seen = readings(DAILY[:75])
    assert july(seen, listed=listed, today=LATER)["date_local"].max() == pd.Timestamp("2021-07-31")
    assert july(seen, listed=listed, today=pd.Timestamp("2022-08-01"))["date_local"].max() == pd.Timestamp("2021-07-14")


def test_context_is_what_the_list_of_monitors_says() -> None:
    listed = monitors({"is_context": True}, {"site_id": OTHER_SITE})
    made = july(together(readings(DAILY), readings(DAILY, site_id=OTHER_SITE)), listed=listed)
    assert made.groupby("site_id")["is_context"].first().to_dict() == {SITE: True, OTHER_SITE: False}


def test_without_sites_there_are_no_rows() -> None:
    nothing = TABLES["site_days"].empty()
    assert july(nothing, listed=TABLES["monitors"].empty()).empty
    assert list(coverage(nothing, months=[], monitors=monitors(), today=LATER)) == TABLES["coverage"].column_names


def a_network() -> pd.DataFrame:
    """Three sites from 2020-09 to 2021-07 with gaps, an invalid day and a short provisional end."""
    every = days("2020-09-01", "2021-07-20")
    one = readings(day for number, day in enumerate(every) if number % 11 and number % 13)
    two = readings(every[2::3][:90], site_id=OTHER_SITE, is_valid=False)
    three = readings(every[250::6], site_id="180899001", cbsa_code=None, state_code="18")
    one["is_provisional"] = one["date_local"] > "2021-06-30"
    return together(one, two, three)


def test_several_months_give_what_they_give_one_by_one() -> None:
    seen, months = a_network(), [pd.Timestamp(f"2021-{month:02d}-01") for month in (3, 4, 5, 6, 7)]
    arguments: dict[str, Any] = {"monitors": monitors(), "today": pd.Timestamp("2021-08-15")}
    one_by_one = [coverage(seen, months=[month], **arguments) for month in months]
    pd.testing.assert_frame_equal(coverage(seen, months=months, **arguments), together(*one_by_one))


@pytest.mark.parametrize("today", ["2021-07-15", "2021-09-20", "2022-01-10"])
def test_statuses_are_those_of_a_loop_over_site_days(today: str) -> None:
    seen, now = a_network(), pd.Timestamp(today)
    made = july(seen, listed=monitors(), today=now)
    known = seen.set_index(["site_id", "date_local"])["is_valid"].to_dict()
    told = sampling_schedules(seen[seen["date_local"] >= "2020-11-01"])
    for row in made.itertuples():
        schedule, phase = told.loc[row.site_id]
        since_origin = (row.date_local - NATIONAL_SAMPLE_DAYS["1-in-3"]).days
        is_due = schedule != "unknown" and since_origin % {"daily": 1, "1-in-3": 3, "1-in-6": 6}[schedule] == phase
        quarter_end = date(2021, 9, calendar.monthrange(2021, 9)[1])
        deadline = pd.Timestamp(quarter_end + timedelta(days=90))
        deadline = row.date_local + pd.Timedelta(days=2) if row.site_id == SITE else deadline
        unseen = "not_scheduled" if not is_due else "late" if now <= deadline else "missing"
        is_valid = known.get((row.site_id, row.date_local))
        assert row.expected_by == deadline
        assert row.status == {True: "observed", False: "invalid", None: unseen}[is_valid], row


def area(*statuses: str, first: str = "2021-07-01", **changes: Any) -> pd.DataFrame:
    """Coverage of one site on consecutive days."""
    row = {"site_id": SITE, "schedule": "daily", "expected_by": JULY, "is_provisional": False, "is_context": False}
    row |= {"cbsa_code": "16980", "state_code": "17"}
    dates = pd.date_range(first, periods=len(statuses))
    frame = pd.DataFrame(
        [row | {"date_local": day, "status": status} | changes for day, status in zip(dates, statuses, strict=True)]
    )
    validated: pd.DataFrame = TABLES["coverage"].schema.validate(frame[TABLES["coverage"].column_names])
    return validated


def told_of(table: pd.DataFrame, setting: str = "cbsa:16980") -> dict[str, str]:
    """Which areas of AIRWATCH_AREA went dark."""
    return area_outages(table, area=Area.parse(setting))


def test_an_area_without_any_due_reading_on_two_days_is_dark() -> None:
    both = together(
        area("observed", "missing", "missing", "missing", "observed"),
        area("missing", "missing", "missing", "not_scheduled", "missing", site_id=OTHER_SITE),
    )
    assert told_of(both) == {
        "2021-07": "Dark: Chicago-Naperville-Elgin, IL-IN-WI from 2021-07-02: "
        "3 days with samplers due, 2 sites due and none published"
    }


@pytest.mark.parametrize("proof", ["observed", "invalid", "late"])
def test_one_site_that_is_not_missing_keeps_its_area_from_being_dark(proof: str) -> None:
    assert told_of(together(area("missing", "missing"), area(proof, proof, site_id=OTHER_SITE))) == {}


def test_one_day_without_readings_is_an_ordinary_gap() -> None:
    assert told_of(area("observed", "missing", "observed", "missing")) == {}


def test_an_area_of_filters_is_judged_by_their_days() -> None:
    off = ["not_scheduled", "not_scheduled"]
    assert told_of(area(*off, *off, *off)) == {}
    assert told_of(area("observed", *off, "missing", *off, "observed")) == {}
    assert (
        "from 2021-07-01: 2 days with samplers due, 1 site due" in told_of(area("missing", *off, "missing"))["2021-07"]
    )


def test_context_sites_neither_darken_an_area_nor_prove_it_published() -> None:
    context = area("missing", "missing", site_id=OTHER_SITE, is_context=True)
    assert told_of(context) == {}
    proof = area("observed", "observed", site_id=OTHER_SITE, is_context=True)
    assert list(told_of(together(area("missing", "missing"), proof))) == ["2021-07"]


@pytest.mark.parametrize("setting", ["us", "state:17,state:18"])
def test_in_a_state_one_silent_town_is_a_gap_and_silence_everywhere_is_darkness(setting: str) -> None:
    silent = area("missing", "missing", cbsa_code=None, site_id="180899001", state_code="18")
    other_town = area("observed", "missing", site_id="180979001", state_code="18", cbsa_code="26900")
    assert told_of(together(silent, other_town), setting) == {}
    also_silent = other_town.assign(status="missing")
    told = told_of(together(silent, also_silent, area("observed", "observed")), setting)
    assert told["2021-07"].startswith("Dark: Indiana from 2021-07-01: 2 days with samplers due, 2 sites due")


def test_sites_outside_the_area_are_no_part_of_it() -> None:
    assert told_of(area("missing", "missing", cbsa_code=None), "cbsa:16980") == {}


def test_each_month_has_its_own_sentence_with_the_longest_spell() -> None:
    first = area("missing", "missing", "observed", "missing", "missing", "missing")
    second = area("observed", "missing", first="2021-08-31")
    third = area("missing", "missing", "observed", first="2021-09-02", site_id=OTHER_SITE)
    told = told_of(together(first, second, third))
    assert "from 2021-07-04: 3 days" in told["2021-07"]
    assert list(told) == ["2021-07", "2021-09"]


def test_completeness_is_the_share_of_due_site_days_observed() -> None:
    made = area("observed", "observed", "invalid", "missing", "late", "not_scheduled")
    assert completeness(made).loc["2021-07"].to_dict() == {
        "observed_site_days": 2,
        "invalid_site_days": 1,
        "not_scheduled_site_days": 1,
        "late_site_days": 1,
        "missing_site_days": 1,
        "completeness_pct": 40.0,
    }


def test_completeness_of_a_month_without_due_days_is_null() -> None:
    assert completeness(area("not_scheduled"))["completeness_pct"].isna().tolist() == [True]


def test_genuine_filters_run_on_the_national_days(real_data: Path) -> None:
    """The Midwest of 2012: all 1-in-3 sites share one phase, all 1-in-6 sites another."""
    folder = real_data / "airdata"
    raw = read_daily(folder / "daily_88101_2012.zip", date(2012, 10, 1), date(2012, 12, 31), source="airdata").readings
    raw = raw.assign(first_seen_at=LATER, superseded_at=pd.NaT)
    told = sampling_schedules(site_days_of(raw, monitors=read_monitors(folder / "aqs_monitors.zip")))
    assert told["schedule"].value_counts().to_dict() == {"1-in-3": 119, "daily": 71, "1-in-6": 17}
    assert told.groupby("schedule")["phase"].unique().map(list).to_dict() == {
        "1-in-3": [0],
        "1-in-6": [3],
        "daily": [0],
    }
