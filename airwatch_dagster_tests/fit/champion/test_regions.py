"""Every site is in the EPA region of its state."""

import pytest

from airwatch_dagster.acquire.area import state_names
from airwatch_dagster.fit.champion.regions import STATES_BY_REGION, region_numbers


@pytest.mark.parametrize(
    ("site_id", "region"),
    [("170310001", 5), ("060370002", 9), ("480290052", 6), ("020900010", 10), ("720210010", 2), ("800020001", 0)],
)
def test_the_state_of_a_site_decides(site_id: str, region: int) -> None:
    assert region_numbers([site_id]).tolist() == [region]


def test_every_state_is_in_one_region_and_other_countries_in_none() -> None:
    listed = [state for states in STATES_BY_REGION.values() for state in states]
    assert len(listed) == len(set(listed))
    assert set(state_names()) - set(listed) == {"80", "CC"}
