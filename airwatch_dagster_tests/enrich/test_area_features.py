"""Features cover the sites that belonged to the area within the four weeks up to the issue date."""

import pandas as pd
import pytest

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.enrich.features import area_features
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.simulated_air import simulated_site_days

CHICAGO = Area.parse("cbsa:16980")
DAYS = pd.date_range("2021-02-01", "2021-03-15")
JOINED = pd.Timestamp("2021-02-10")


def site_days() -> pd.DataFrame:
    """Two sites observed on most days: the first is always in the area, the second on one day only."""
    days = simulated_site_days(sites=2, first="2021-01-01", days=80)
    is_second = days["site_id"] == "170310001"
    is_in = ~is_second | (days["date_local"] == JOINED)
    return days.assign(cbsa_code=days["cbsa_code"].where(is_in, None), state_code="55", is_valid=True)


def rows_of(days: pd.DatetimeIndex, known: pd.DataFrame) -> pd.DataFrame:
    return area_features(known, issue_dates=days, area=CHICAGO)


def test_a_site_has_rows_from_its_day_in_the_area_until_four_weeks_later() -> None:
    rows = rows_of(DAYS, site_days())
    second = rows.loc[rows["site_id"] == "170310001", "issue_date"]
    assert (second.min(), second.max()) == (JOINED, JOINED + pd.Timedelta(days=28))
    assert rows.loc[rows["site_id"] == "170310000", "issue_date"].tolist() == DAYS.tolist()


@pytest.mark.slow
def test_days_built_alone_have_the_rows_of_the_range() -> None:
    known, together = site_days(), rows_of(DAYS, site_days())
    alone = []
    for day in DAYS:
        window = known["date_local"].between(day - pd.Timedelta(days=28), day)
        alone.append(rows_of(pd.DatetimeIndex([day]), known[window]))
    pd.testing.assert_frame_equal(pd.concat(alone, ignore_index=True), together, check_exact=True)


def test_the_whole_country_covers_every_site() -> None:
    rows = area_features(site_days(), issue_dates=DAYS, area=Area.parse("us"))
    assert rows["site_id"].value_counts().to_dict() == {"170310000": len(DAYS), "170310001": len(DAYS)}


def test_an_area_without_sites_gives_an_empty_table_of_the_right_types() -> None:
    for known in (site_days().assign(cbsa_code=None), TABLES["site_days"].empty()):
        rows = rows_of(DAYS, known)
        assert rows.empty
        assert rows.dtypes.to_dict() == TABLES["features"].empty().dtypes.to_dict()
