"""Coverage: the status of every site-day."""

import calendar
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.coverage import completeness, coverage
from airwatch_dagster.watch.sampling_schedules import NATIONAL_SAMPLE_DAYS, sampling_schedules
from airwatch_dagster_tests.builders import monitors
from airwatch_dagster_tests.watch.builders import OTHER_SITE, SITE, coverage_of, days, observed, together

JULY = pd.Timestamp("2021-07-01")

LATER = pd.Timestamp("2022-06-01")

DAILY = days("2021-05-01", "2021-07-31")

ONE_IN_THREE = days("2021-05-01", "2021-07-31", step=3)


def july(seen: pd.DataFrame, *, listed: pd.DataFrame | None = None, today: pd.Timestamp = LATER) -> pd.DataFrame:
    table = coverage(seen, months=[JULY], monitors=monitors() if listed is None else listed, today=today)
    validated: pd.DataFrame = TABLES["coverage"].schema.validate(table)
    return validated


def status_on(table: pd.DataFrame, day: str) -> str:
    return str(table.loc[table["date_local"] == day, "status"].item())


def test_a_1_in_6_site_off_the_national_days_is_due_on_its_own_days() -> None:
    own = days("2021-05-01", "2021-07-31", step=6)
    table = july(observed(own))
    assert status_on(table, "2021-07-06") == "observed"
    assert not (table["status"] == "missing").any()


def test_a_filter_is_not_missed_between_its_days() -> None:
    table = july(observed(day for day in ONE_IN_THREE if day != pd.Timestamp("2021-07-03")))
    assert table["status"].value_counts().to_dict() == {"not_scheduled": 21, "observed": 9, "missing": 1}
    assert status_on(table, "2021-07-03") == "missing"
    assert set(table["schedule"]) == {"1-in-3"}


def test_an_unscheduled_reading_is_observed() -> None:
    assert status_on(july(observed([*ONE_IN_THREE, pd.Timestamp("2021-07-02")])), "2021-07-02") == "observed"


def test_an_invalid_reading_is_neither_observed_nor_missing() -> None:
    seen = observed(DAILY)
    seen.loc[seen["date_local"] == "2021-07-09", "is_valid"] = False
    assert status_on(july(seen), "2021-07-09") == "invalid"


def test_a_due_day_is_late_until_its_deadline_and_missing_after_it() -> None:
    seen = observed(days("2021-03-01", "2021-06-30"))
    assert set(july(seen, today=pd.Timestamp("2021-12-29"))["status"]) == {"late"}
    assert set(july(seen, today=pd.Timestamp("2021-12-30"))["status"]) == {"missing"}


def test_today_and_the_days_after_it_have_no_row() -> None:
    table = july(observed(DAILY[:70]), today=pd.Timestamp("2021-07-11"))
    assert table["date_local"].max() == pd.Timestamp("2021-07-10")
    assert july(observed(DAILY), today=JULY).empty


def test_a_site_that_reports_to_airnow_is_expected_within_two_days() -> None:
    seen = together(observed(days("2021-04-01", "2021-06-20")), observed(days("2021-06-25", "2021-07-05")))
    seen["is_provisional"] = seen["date_local"] >= "2021-06-25"
    table = july(seen, today=pd.Timestamp("2021-07-10"))
    assert table["status"].tolist() == ["observed"] * 5 + ["missing"] * 2 + ["late"] * 2
    assert (table["expected_by"] - table["date_local"]).dt.days.unique().tolist() == [2]
    assert table["is_provisional"].tolist() == [True] * 5 + [False] * 4


def test_days_before_the_first_provisional_reading_have_epas_deadline() -> None:
    seen = together(observed(days("2021-04-01", "2021-06-20")), observed(days("2021-07-08", "2021-07-09")))
    seen["is_provisional"] = seen["date_local"] >= "2021-07-08"
    table = july(seen, today=pd.Timestamp("2021-07-10"))
    assert table["status"].tolist() == ["late"] * 7 + ["observed"] * 2


def test_a_site_counts_from_its_first_reading_in_its_first_year() -> None:
    seen, listed = observed(days("2021-07-10", "2021-07-31")), monitors({"open_date": pd.Timestamp("2021-01-01")})
    assert july(seen, listed=listed)["date_local"].min() == pd.Timestamp("2021-07-10")


def test_a_site_opened_in_an_earlier_year_counts_before_its_first_reading() -> None:
    assert july(observed(days("2021-07-10", "2021-07-31")))["date_local"].min() == JULY


def test_a_listed_site_that_never_reported_counts_from_the_year_after_its_opening() -> None:
    never = observed(DAILY, site_id=OTHER_SITE)
    assert SITE in set(july(never)["site_id"])
    assert SITE not in set(july(never, listed=monitors({"open_date": pd.Timestamp("2021-01-01")}))["site_id"])


def test_an_unlisted_site_counts_by_its_readings() -> None:
    table = july(observed(DAILY[:75], site_id=OTHER_SITE))
    statuses = table.loc[table["site_id"] == OTHER_SITE, "status"]
    assert statuses.value_counts().to_dict() == {
        "missing": 17,
        "observed": 14,
    }


def test_days_after_the_closing_of_the_last_monitor_have_no_row() -> None:
    closing, open_elsewhere = pd.Timestamp("2021-07-14"), {"site_id": OTHER_SITE}
    listed = monitors({"last_sample_date": closing}, {"poc": 3, "last_sample_date": closing}, open_elsewhere)
    table = july(observed(DAILY[:75]), listed=listed)
    assert table.loc[table["site_id"] == SITE, "date_local"].max() == closing


def test_a_site_is_open_while_one_of_its_monitors_is() -> None:
    listed = monitors({"last_sample_date": pd.Timestamp("2021-07-14")}, {"poc": 3})
    assert july(observed(DAILY[:75]), listed=listed)["date_local"].max() == pd.Timestamp("2021-07-31")


def test_a_recent_last_published_day_is_not_a_closing() -> None:
    listed = monitors({"last_sample_date": pd.Timestamp("2021-07-14")})
    seen = observed(DAILY[:75])
    assert july(seen, listed=listed, today=LATER)["date_local"].max() == pd.Timestamp("2021-07-31")
    assert july(seen, listed=listed, today=pd.Timestamp("2022-08-01"))["date_local"].max() == pd.Timestamp("2021-07-14")


def test_a_site_is_context_when_the_monitor_list_marks_it() -> None:
    listed = monitors({"is_context": True}, {"site_id": OTHER_SITE})
    table = july(together(observed(DAILY), observed(DAILY, site_id=OTHER_SITE)), listed=listed)
    assert table.groupby("site_id")["is_context"].first().to_dict() == {SITE: True, OTHER_SITE: False}


def test_without_sites_there_are_no_rows() -> None:
    nothing = TABLES["site_days"].empty()
    assert july(nothing, listed=TABLES["monitors"].empty()).empty
    assert list(coverage(nothing, months=[], monitors=monitors(), today=LATER)) == TABLES["coverage"].column_names


def a_network() -> pd.DataFrame:
    """Three sites from 2020-09 to 2021-07 with gaps, an invalid day and a short provisional end."""
    every = days("2020-09-01", "2021-07-20")
    one = observed(day for number, day in enumerate(every) if number % 11 and number % 13)
    two = observed(every[2::3][:90], site_id=OTHER_SITE, is_valid=False)
    three = observed(every[250::6], site_id="180899001", cbsa_code=None, state_code="18")
    one["is_provisional"] = one["date_local"] > "2021-06-30"
    return together(one, two, three)


def test_several_months_equal_the_months_one_by_one() -> None:
    seen, months = a_network(), [pd.Timestamp(f"2021-{month:02d}-01") for month in (3, 4, 5, 6, 7)]
    arguments: dict[str, Any] = {"monitors": monitors(), "today": pd.Timestamp("2021-08-15")}
    one_by_one = [coverage(seen, months=[month], **arguments) for month in months]
    pd.testing.assert_frame_equal(coverage(seen, months=months, **arguments), together(*one_by_one))


@pytest.mark.parametrize("today", ["2021-07-15", "2021-09-20", "2022-01-10"])
def test_statuses_equal_a_slow_loop_over_site_days(today: str) -> None:
    seen, now = a_network(), pd.Timestamp(today)
    table = july(seen, listed=monitors(), today=now)
    known = seen.set_index(["site_id", "date_local"])["is_valid"].to_dict()
    schedules = sampling_schedules(seen[seen["date_local"] >= "2020-11-01"])
    for row in table.itertuples():
        schedule, phase = schedules.loc[row.site_id]
        since_origin = (row.date_local - NATIONAL_SAMPLE_DAYS["1-in-3"]).days
        is_due = schedule != "unknown" and since_origin % {"daily": 1, "1-in-3": 3, "1-in-6": 6}[schedule] == phase
        quarter_end = date(2021, 9, calendar.monthrange(2021, 9)[1])
        deadline = pd.Timestamp(quarter_end + timedelta(days=90))
        deadline = row.date_local + pd.Timedelta(days=2) if row.site_id == SITE else deadline
        unseen = "not_scheduled" if not is_due else "late" if now <= deadline else "missing"
        is_valid = known.get((row.site_id, row.date_local))
        assert row.expected_by == deadline
        assert row.status == {True: "observed", False: "invalid", None: unseen}[is_valid], row


def test_completeness_is_the_share_of_due_site_days_observed() -> None:
    table = coverage_of("observed", "observed", "invalid", "missing", "late", "not_scheduled")
    assert completeness(table).loc["2021-07"].to_dict() == {
        "observed_site_days": 2,
        "invalid_site_days": 1,
        "not_scheduled_site_days": 1,
        "late_site_days": 1,
        "missing_site_days": 1,
        "completeness_pct": 40.0,
    }


def test_completeness_of_a_month_without_due_days_is_null() -> None:
    assert completeness(coverage_of("not_scheduled"))["completeness_pct"].isna().tolist() == [True]


def test_a_site_with_filters_of_88502_alone_is_expected_to_publish_nothing() -> None:
    improve = {"parameter_code": "88502", "site_id": OTHER_SITE, "method_code": "707"}
    table = july(observed(DAILY), listed=monitors({}, improve))
    assert table["site_id"].unique().tolist() == [SITE]
    hourly = july(observed(DAILY), listed=monitors({}, improve | {"method_code": "731"}))
    assert hourly["site_id"].unique().tolist() == [SITE, OTHER_SITE]
