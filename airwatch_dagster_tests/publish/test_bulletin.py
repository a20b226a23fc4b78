"""What a bulletin says: numbers, order, record and status."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from airwatch_dagster.publish.bulletin import bulletin_of
from airwatch_dagster.publish.content import EarlyIssue
from airwatch_dagster.publish.site import rows_of
from airwatch_dagster_tests.builders import table_of
from airwatch_dagster_tests.publish.materials import (
    DAY,
    LAKE,
    YARD,
    bulletin,
    days_ago,
    forecasts,
    material,
    readings,
)

AHEAD = {
    (LAKE, 0, 1): 8.29,
    (LAKE, 0, 2): 9.99,
    (LAKE, 0, 3): 7.0,
    (YARD, 0, 1): 8.1,
    (YARD, 0, 2): 40.0,
    (YARD, 0, 3): 7.0,
}
OBSERVED = {(LAKE, 0): 7.0, (YARD, 0): 8.0}


def test_a_value_is_cut_as_for_its_aqi() -> None:
    made = bulletin(material(forecasts(AHEAD), readings(OBSERVED)))

    lake = next(site for site in made.sites if site.site_id == LAKE)
    assert [(day.pm25_ugm3, day.aqi, day.category) for day in lake.days] == [
        (8.2, 46, "Good"),
        (9.9, 52, "Moderate"),
        (7.0, 39, "Good"),
    ]


def test_sites_come_worst_first_by_tomorrow_and_tiles_name_the_worst() -> None:
    made = bulletin(material(forecasts(AHEAD), readings(OBSERVED)))

    assert [site.site_id for site in made.sites] == [YARD, LAKE]
    assert made.today == date(2021, 7, 11)
    assert [tile.target_date.day for tile in made.tiles] == [11, 12, 13]
    assert [tile.worst_site.site_id for tile in made.tiles] == [LAKE, YARD, YARD]
    assert made.tiles[1].sites_by_category == {"Moderate": 1, "Unhealthy for Sensitive Groups": 1}
    assert made.tiles[0].highest_probability[35.4] == 0.1


def test_names_are_for_people_and_neighbours_have_their_distance() -> None:
    made = bulletin(material(forecasts(AHEAD), readings(OBSERVED)))

    yard, lake = made.sites
    assert (lake.name, lake.county, lake.state) == ("Lake Shore", "Cook County", "IL")
    assert (yard.name, yard.state) == ("Lake County, site 9002", "IN")
    assert [one.site_id for one in lake.neighbours] == [YARD]
    assert lake.neighbours[0].distance_km == pytest.approx(41.6, abs=0.5)


def test_past_days_hold_what_was_observed_and_what_had_been_forecast_the_day_before() -> None:
    before = {(LAKE, 2, 1): 6.0, (LAKE, 1, 1): 20.0, (LAKE, 1, 2): 99.0}
    observed = readings({(LAKE, 1): 8.0, (LAKE, 0): 7.0, (YARD, 0): 8.0})

    made = bulletin(material(forecasts({**AHEAD, **before}), observed))

    past = {one.day: one for one in made.sites[1].past}
    assert len(past) == 60
    yesterday, newest = past[days_ago(1).date()], past[DAY.date()]
    assert (yesterday.observed_ugm3, yesterday.forecast_ugm3) == (8.0, 6.0)
    assert (newest.observed_ugm3, newest.forecast_ugm3, newest.lower_ugm3) == (7.0, 20.0, 15.0)
    assert past[days_ago(5).date()].observed_ugm3 is None


def test_the_change_compares_the_same_day_with_the_bulletin_before() -> None:
    before = {(LAKE, 1, 3): 9.0, (YARD, 1, 3): 9.5, (YARD, 1, 2): 80.0}

    made = bulletin(material(forecasts({**AHEAD, **before}), readings(OBSERVED)))

    assert made.change_in_aqi == 112 - 52
    assert bulletin(material(forecasts(AHEAD), readings(OBSERVED))).change_in_aqi is None


def test_the_record_counts_bad_days_and_those_that_were_missed() -> None:
    values = {1: (10.0, 12.0), 2: (50.0, 40.0), 3: (10.0, 40.0), 4: (9.0, 150.0)}
    issued = {(LAKE, ago + 1, 1): forecast for ago, (forecast, _) in values.items()}
    observed = {(LAKE, ago): truth for ago, (_, truth) in values.items()}

    made = bulletin(material(forecasts({**AHEAD, **issued}), readings({**OBSERVED, **observed})))

    record = made.sites[1].record
    assert (record.forecasts, record.within_one_category, record.bad_days, record.bad_days_missed) == (4, 3, 3, 2)
    assert record.inside_interval == 1
    assert record.mean_abs_error_ugm3 == pytest.approx((2 + 10 + 30 + 141) / 4)


def test_trust_is_of_the_last_thirty_days_and_skill_only_where_persistence_has_a_forecast() -> None:
    issued = {(LAKE, 2, 1): 10.0, (LAKE, 1, 1): 12.0, (LAKE, 40, 1): 99.0}
    observed = {(LAKE, 1): 11.0, (LAKE, 0): 14.0, (LAKE, 39): 1.0}

    trust = bulletin(material(forecasts({**AHEAD, **issued}), readings({**OBSERVED, **observed}))).trust

    assert trust is not None
    assert (trust.forecasts, trust.first_day, trust.last_day) == (2, days_ago(1).date(), DAY.date())
    assert trust.mean_abs_error_ugm3 == pytest.approx(1.5)
    assert trust.coverage == 1.0
    assert trust.skill_over_persistence == pytest.approx(1 - 2.0**2 / 3.0**2)
    assert (trust.last.sites, trust.last.forecast_ugm3, trust.last.observed_ugm3) == (1, 12.0, 14.0)


def test_tomorrows_forecasts_have_a_record_of_their_own_against_persistence_of_the_issue_date() -> None:
    issued = {(LAKE, 3, 2): 10.0, (LAKE, 2, 2): 12.0, (LAKE, 1, 1): 12.0, (LAKE, 40, 2): 99.0}
    observed = {(LAKE, 2): 17.0, (LAKE, 1): 11.0, (LAKE, 0): 14.0, (LAKE, 38): 1.0}

    trust = bulletin(material(forecasts({**AHEAD, **issued}), readings({**OBSERVED, **observed}))).trust

    assert trust is not None
    assert trust.forecasts == 1
    assert trust.tomorrow is not None
    assert (trust.tomorrow.forecasts, trust.tomorrow.coverage) == (2, 1.0)
    assert trust.tomorrow.mean_abs_error_ugm3 == pytest.approx((1 + 2) / 2)
    assert trust.tomorrow.skill_over_persistence == pytest.approx(1 - 2.0**2 / 3.0**2)


def test_nothing_of_later_days_is_used() -> None:
    later = forecasts({(LAKE, -1, 1): 300.0})
    rows = material(forecasts(AHEAD), readings(OBSERVED))
    with_later = material(
        pd.concat([forecasts(AHEAD), later], ignore_index=True), readings({**OBSERVED, (LAKE, -1): 400.0})
    )

    assert bulletin(with_later) == bulletin(rows)


def test_a_silent_site_is_named_unless_nothing_was_due() -> None:
    silent = forecasts(AHEAD, silent_days=2)
    status = pd.DataFrame({"site_id": [LAKE, YARD], "date_local": [DAY, DAY], "status": ["missing", "not_scheduled"]})

    made = bulletin(material(silent, readings({(LAKE, 2): 7.0, (YARD, 2): 8.0}), coverage=status))

    assert [(one.name, one.days_since_observed, one.status) for one in made.status.silent] == [
        ("Lake Shore", 2, "missing")
    ]


def test_revisions_of_the_day_of_issue_mark_their_site() -> None:
    row = {
        "noticed_on": days_ago(-1),
        "noticed_at": days_ago(-1),
        "site_id": LAKE,
        "date_local": days_ago(3),
        "parameter_code": "88101",
        "poc": 1,
        "kind": "changed",
        "old_pm25_ugm3": 12.0,
        "new_pm25_ugm3": 10.0,
        "size_ugm3": 2.0,
        "old_source": "airnow",
        "new_source": "aqs",
    }
    earlier = {"noticed_on": days_ago(1), "noticed_at": days_ago(1)}
    revisions = table_of("revisions", row, {}, earlier)

    made = bulletin(material(forecasts(AHEAD), readings(OBSERVED), revisions=revisions))

    assert [(one.name, one.old_ugm3, one.new_ugm3) for one in made.status.revisions] == [("Lake Shore", 12.0, 10.0)]
    assert [site.is_revised for site in made.sites] == [False, True]


def test_agencies_forecasts_are_those_of_the_area_known_on_the_day_of_issue() -> None:
    row = {
        "archived_on": DAY,
        "reporting_area": "Chicago",
        "state": "IL",
        "issue_date": DAY,
        "target_date": days_ago(-2),
        "valid_time": None,
        "record_type": "F",
        "parameter": "PM2.5",
        "is_primary": True,
        "latitude": 41.96,
        "longitude": -87.8,
        "agency_aqi": 60,
        "agency_category": "Moderate",
        "is_action_day": False,
        "forecast_source": "Illinois EPA",
    }
    others = (
        {},
        {"reporting_area": "St. Louis", "latitude": 38.6, "longitude": -90.2},
        {"reporting_area": "Ozone", "parameter": "OZONE", "latitude": 43.5},
        {"reporting_area": "Observed", "record_type": "O", "latitude": 43.5},
        {"reporting_area": "Later", "archived_on": days_ago(-2)},
        {"reporting_area": "Gary", "latitude": 41.6, "longitude": -87.3, "agency_aqi": None, "agency_category": "Fair"},
    )

    made = bulletin(
        material(forecasts(AHEAD), readings(OBSERVED), agency_forecasts=table_of("agency_forecasts", row, *others))
    )

    assert [(one.reporting_area, one.aqi, one.category) for one in made.agency_forecasts] == [
        ("Chicago", 60, "Moderate")
    ]


def test_a_bulletin_of_early_forecasts_counts_the_sites_observed_by_then() -> None:
    issued = forecasts({(LAKE, 0, 1): 8.0, (LAKE, 0, 2): 9.0})
    silent = forecasts({(YARD, 0, 1): 8.0, (YARD, 0, 2): 9.0}, silent_days=1)
    noon = pd.Timestamp("2021-07-11 12:00:07")
    rows = material(pd.concat([issued, silent]).assign(issued_at=noon), readings({(LAKE, 0): 8.0}))

    assert bulletin(rows).early is None
    early = bulletin(replace(rows, early_days=frozenset([DAY]))).early
    assert early == EarlyIssue(noon.to_pydatetime(), observed_sites=1, sites=2)
    assert rows_of(bulletin(replace(rows, early_days=frozenset([DAY]))), page_uri="x")["is_early"].all()


def test_a_day_without_a_forecast_has_no_bulletin() -> None:
    rows = material(forecasts({(LAKE, 1, 1): 5.0}), readings(OBSERVED))

    moment = pd.Timestamp("2021-07-11")
    facts = {"area": "x", "made_at": moment, "data_as_of": moment, "is_simulated": True, "version": "", "links": {}}
    assert bulletin_of(rows, DAY, **facts) is None


def test_a_category_beyond_the_aqi_is_hazardous_and_the_smallest_value_good() -> None:
    made = bulletin(material(forecasts({(LAKE, 0, 2): 700.0, (YARD, 0, 2): 0.0}), readings(OBSERVED)))

    assert [(site.days[0].category, site.days[0].aqi) for site in made.sites] == [("Hazardous", 1246), ("Good", 0)]


def test_without_scores_there_is_no_record_to_trust() -> None:
    made = bulletin(material(forecasts(AHEAD), readings(OBSERVED)))

    assert made.trust is None
    assert [site.record.forecasts for site in made.sites] == [0, 0]


def test_rivals_are_measured_on_the_same_cases() -> None:
    issued = {(site, ago + 1, 1): 10.0 for site in (LAKE, YARD) for ago in range(4)}
    observed = {(LAKE, ago): 10.0 + ago for ago in range(5)} | {(YARD, ago): 12.0 for ago in range(5)}

    trust = bulletin(material(forecasts({**AHEAD, **issued}), readings(observed))).trust

    assert trust is not None
    saved = {one.forecaster: (one.cases, one.saved) for one in trust.rivals}
    airwatch = sum(ago**2 for ago in range(4)) + 4 * 2.0**2
    assert saved["persistence"] == (8, pytest.approx(1 - airwatch / 4, abs=1e-4))
    assert set(saved) == {"persistence", "nearest_site"}


def test_persistence_of_a_silent_site_is_its_last_reading_as_in_the_scoreboard() -> None:
    first_day = 30
    issued = {(LAKE, first_day + 1, 1): 10.0, (LAKE, 1, 1): 10.0}
    observed = {(LAKE, 0): 12.0, (LAKE, first_day): 12.0, (LAKE, first_day + 10): 15.0}

    trust = bulletin(material(forecasts({**AHEAD, **issued}), readings(observed))).trust

    assert trust is not None
    (persistence,) = [one for one in trust.rivals if one.forecaster == "persistence"]
    assert (persistence.cases, persistence.saved) == (1, pytest.approx(1 - 2.0**2 / 3.0**2, abs=1e-4))


def test_the_sources_of_the_days_weather_are_named_once_each() -> None:
    models = ["NBM V4.3", "NBM V4.3", "open-meteo gfs_global", "NWS FPUS20", "HRRR of mine"]
    weather = pd.DataFrame({"issue_date": DAY, "weather_model": models})
    rows = material(forecasts(AHEAD), readings(OBSERVED))

    assert bulletin(replace(rows, weather=weather)).weather == ("HRRR of mine", "nbm", "nws", "open-meteo")
    assert bulletin(replace(rows, weather=weather.assign(issue_date=pd.Timestamp("2020-01-01")))).weather == ()
