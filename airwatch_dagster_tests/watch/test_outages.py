"""Area outages: every due reading of an area is missing."""

import pandas as pd
import pytest

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.watch.outages import area_outages
from airwatch_dagster_tests.watch.builders import OTHER_SITE, coverage_of, together


def outages_of(table: pd.DataFrame, setting: str = "cbsa:16980") -> dict[str, str]:
    """Outages of the areas of a setting of AIRWATCH_AREA."""
    return area_outages(table, area=Area.parse(setting))


def test_an_area_without_any_due_reading_on_two_days_has_an_outage() -> None:
    both = together(
        coverage_of("observed", "missing", "missing", "missing", "observed"),
        coverage_of("missing", "missing", "missing", "not_scheduled", "missing", site_id=OTHER_SITE),
    )
    warnings = outages_of(both)
    assert list(warnings) == ["2021-07"]
    assert "Chicago-Naperville-Elgin, IL-IN-WI from 2021-07-02: 3 days" in warnings["2021-07"]
    assert "2 sites due" in warnings["2021-07"]


@pytest.mark.parametrize("status", ["observed", "invalid", "late"])
def test_one_site_that_is_not_missing_prevents_an_outage(status: str) -> None:
    assert (
        outages_of(together(coverage_of("missing", "missing"), coverage_of(status, status, site_id=OTHER_SITE))) == {}
    )


def test_one_day_without_readings_is_an_ordinary_gap() -> None:
    assert outages_of(coverage_of("observed", "missing", "observed", "missing")) == {}


def test_an_area_of_filters_is_judged_on_sampling_days() -> None:
    off = ["not_scheduled", "not_scheduled"]
    assert outages_of(coverage_of(*off, *off, *off)) == {}
    assert outages_of(coverage_of("observed", *off, "missing", *off, "observed")) == {}
    assert (
        "from 2021-07-01: 2 days with samplers due, 1 site due"
        in outages_of(coverage_of("missing", *off, "missing"))["2021-07"]
    )


def test_context_sites_neither_cause_nor_prevent_an_outage() -> None:
    context = coverage_of("missing", "missing", site_id=OTHER_SITE, is_context=True)
    assert outages_of(context) == {}
    observed = coverage_of("observed", "observed", site_id=OTHER_SITE, is_context=True)
    assert list(outages_of(together(coverage_of("missing", "missing"), observed))) == ["2021-07"]


@pytest.mark.parametrize("setting", ["us", "state:17,state:18"])
def test_in_a_state_one_silent_town_is_a_gap_and_all_silent_sites_are_an_outage(setting: str) -> None:
    silent = coverage_of("missing", "missing", cbsa_code=None, site_id="180899001", state_code="18")
    other_town = coverage_of("observed", "missing", site_id="180979001", state_code="18", cbsa_code="26900")
    assert outages_of(together(silent, other_town), setting) == {}
    also_silent = other_town.assign(status="missing")
    warnings = outages_of(together(silent, also_silent, coverage_of("observed", "observed")), setting)
    assert "Indiana from 2021-07-01: 2 days with samplers due, 2 sites due" in warnings["2021-07"]


def test_sites_outside_the_area_do_not_count() -> None:
    assert outages_of(coverage_of("missing", "missing", cbsa_code=None), "cbsa:16980") == {}


def test_each_month_names_its_longest_outage() -> None:
    first = coverage_of("missing", "missing", "observed", "missing", "missing", "missing")
    second = coverage_of("observed", "missing", first="2021-08-31")
    third = coverage_of("missing", "missing", "observed", first="2021-09-02", site_id=OTHER_SITE)
    warnings = outages_of(together(first, second, third))
    assert "from 2021-07-04: 3 days" in warnings["2021-07"]
    assert list(warnings) == ["2021-07", "2021-09"]
