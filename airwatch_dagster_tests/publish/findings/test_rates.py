"""What a page says of how often it is wrong."""

import pandas as pd
import pytest

from airwatch_dagster.publish.findings.rates import rates_of, scale_of

UNDISTURBED = pd.DataFrame(
    [
        ("state", "any", "any", "winter", 120, 2, 0),
        ("state", "any", "any", "summer", 90, 3, 30),
        ("state", "sensor", "site_level", "winter", 120, 2, 0),
        ("nation", "any", "any", "winter", 12, 0, 0),
    ],
    columns=["scale", "cause", "rule", "season", "area_months", "alarm_months", "smoke_months"],
)
FAULTS = pd.DataFrame(
    [("stuck sensor", "state", 40, 0.95, 1.0, 3.0), ("× 0.9", "state", 40, 0.5, float("nan"), float("nan"))],
    columns=["fault", "scale", "cases", "found_share", "cause_share", "median_days"],
)


def test_false_alarms_are_told_of_areas_of_the_same_size_with_the_worst_season() -> None:
    found = rates_of("state:17", undisturbed=UNDISTURBED, faults=FAULTS)

    assert found is not None
    judged = "210 real months of a state, in which nothing was known to be wrong, were judged in the same way"
    alarms = "5 had a false alarm, one in 42. The most were in summer, one in 30."
    assert found.sentences == [f"{judged}: {alarms}", "30 months of smoke are not among them."]


def test_each_fault_is_a_row_and_what_was_never_found_has_no_days() -> None:
    found = rates_of("state:17", undisturbed=UNDISTURBED, faults=FAULTS)

    assert found is not None
    rows = [tuple(cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row) for row in found.rows]
    assert rows == [("stuck sensor", "40", "95 %", "100 %", "3"), ("× 0.9", "40", "50 %", "–", "–")]
    assert len(found.header) == len(rows[0])


def test_no_alarm_is_no_division_by_zero() -> None:
    found = rates_of("us", undisturbed=UNDISTURBED, faults=FAULTS)

    assert found is not None
    assert found.sentences[0].endswith("in the same way: 0 had a false alarm.")


def test_a_size_that_was_not_replayed_has_no_rates() -> None:
    assert rates_of("cbsa:16980", undisturbed=UNDISTURBED, faults=FAULTS) is None


@pytest.mark.parametrize(
    ("area", "scale"),
    [
        ("us", "nation"),
        ("state:17", "state"),
        ("state:17,state:18", "state"),
        ("cbsa:16980", "metropolitan area"),
        ("cbsa:16980,cbsa:33340", "state"),
    ],
)
def test_an_area_has_a_size(area: str, scale: str) -> None:
    assert scale_of(area) == scale
