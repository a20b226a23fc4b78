"""Each day's sensor flags in Dagster's metadata."""

from typing import Any

import pandas as pd

from airwatch_dagster.orchestration.metadata.sensor_flags import sensor_flags_metadata
from airwatch_dagster.schemas.watch import FLAG_FAIL, FLAG_PASS, FLAG_SUSPECT

FIRST, SECOND = pd.Timestamp("2021-07-04"), pd.Timestamp("2021-07-05")


def flags(*changes: dict[str, Any]) -> pd.DataFrame:
    """A passed test of a site on the first day per entry, changed."""
    passed = {"date_local": FIRST, "site_id": "170319001", "test": "spike", "flag": FLAG_PASS}
    return pd.DataFrame([{**passed, "reason": "", "is_shared": False, **change} for change in changes])


def test_the_flags_of_each_day_are_its_own() -> None:
    failed = {"test": "flat_line", "flag": FLAG_FAIL, "reason": "All hours are 0.0 µg/m³"}
    table = flags(
        {"date_local": SECOND, "flag": FLAG_SUSPECT, "reason": "A jump", "is_shared": True},
        {"site_id": "170319002"},
        failed,
        {"flag": FLAG_SUSPECT, "reason": "A jump"},
    )

    found = sensor_flags_metadata(table, {"170319001": "Lakefront"})

    assert list(found) == ["2021-07-04", "2021-07-05"]
    names = ("tested sites", "failed sites", "suspect sites", "shared with neighbours", "suspect or failed: spike")
    assert [[numbers[name] for name in names] for numbers in found.values()] == [[2, 1, 0, 0, 1], [1, 0, 1, 1, 1]]
    assert [numbers["worst sites"].value.splitlines()[2:] for numbers in found.values()] == [
        ["| Lakefront | fail | flat line | All hours are 0.0 µg/m³ |", "| Lakefront | suspect | spike | A jump |"],
        ["| Lakefront | suspect | spike | A jump |"],
    ]


def test_a_day_without_a_suspect_has_no_table_of_the_worst() -> None:
    [numbers] = sensor_flags_metadata(flags({}), {}).values()

    assert "worst sites" not in numbers
    assert numbers["tested sites"] == 1
