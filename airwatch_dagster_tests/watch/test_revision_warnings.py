"""A day's revisions in sentences: the large, the many, and those of days that a model was trained on."""

from typing import Any, Final

import pandas as pd
import pytest

from airwatch_dagster.watch.revision_warnings import revision_warnings
from airwatch_dagster_tests.builders import table_of

ROW: Final[dict[str, Any]] = {
    "noticed_on": pd.Timestamp("2022-06-01"),
    "noticed_at": pd.Timestamp("2022-06-01 06:00"),
    "site_id": "170319001",
    "date_local": pd.Timestamp("2021-07-04"),
    "parameter_code": "88101",
    "poc": 1,
    "kind": "changed",
    "old_pm25_ugm3": 8.0,
    "new_pm25_ugm3": 9.0,
    "size_ugm3": 1.0,
    "old_source": "aqs",
    "new_source": "aqs",
}
LATE: Final = {"kind": "appeared_late", "old_pm25_ugm3": None, "size_ugm3": None, "old_source": None}
CONFIRMED: Final = {"kind": "provisional_to_final", "new_pm25_ugm3": 8.0, "size_ugm3": 0.0, "old_source": "airnow"}
NO_WINDOW: Final = pd.DataFrame(
    columns=["model_family", "model_version", "first_target_date", "last_target_date"]
).astype({"first_target_date": "datetime64[ns]", "last_target_date": "datetime64[ns]"})


def windows(*rows: tuple[str, str | None, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=NO_WINDOW.columns)
    return frame.astype({name: "datetime64[ns]" for name in NO_WINDOW.columns[2:]})


def sentences(*changes: dict[str, Any], known_sites: int = 100, trained: pd.DataFrame = NO_WINDOW) -> dict[str, Any]:
    return revision_warnings(table_of("revisions", ROW, *changes), known_sites=known_sites, training_windows=trained)


def sites(count: int, change: dict[str, Any]) -> list[dict[str, Any]]:
    return [change | {"site_id": f"17031900{number}"} for number in range(count)]


def test_small_revisions_of_few_sites_are_not_worth_a_word() -> None:
    nothing = {"large_revision": None, "many_sites": None, "training_window": None}
    assert sentences({}, {"poc": 2, "size_ugm3": 4.9}) == nothing
    empty = table_of("revisions", ROW).iloc[:0]
    assert revision_warnings(empty, known_sites=0, training_windows=NO_WINDOW) == nothing


def test_the_largest_revision_is_named_with_its_site_day_and_values() -> None:
    large = {"site_id": "300630024", "new_pm25_ugm3": 20.5, "size_ugm3": 12.5, "kind": "provisional_to_final"}
    assert sentences({"size_ugm3": 5.0}, large, LATE | {"poc": 2})["large_revision"] == (
        "2 revisions moved a 24-hour mean by 5 µg/m³ or more; the largest from 8 to 20.5 µg/m³ at site 300630024 on "
        "2021-07-04 (provisional_to_final)"
    )


@pytest.mark.parametrize(("count", "known_sites", "speaks"), [(5, 20, True), (5, 21, False), (4, 4, False)])
def test_many_sites_are_a_quarter_of_the_known_and_at_least_five(count: int, known_sites: int, speaks: bool) -> None:
    sentence = sentences(*sites(count, {}), known_sites=known_sites)["many_sites"]
    expected = f"revisions touch {count} of {known_sites} sites, besides what AQS confirmed or published in time"
    assert sentence == (expected if speaks else None)


@pytest.mark.parametrize(
    ("change", "speaks"),
    [
        (CONFIRMED, False),
        ({"old_source": "airnow", "new_source": "airnow", "date_local": pd.Timestamp("2022-05-25")}, False),
        (LATE | {"new_source": "airnow", "date_local": pd.Timestamp("2022-05-31")}, False),
        (LATE | {"new_source": "airnow", "date_local": pd.Timestamp("2022-05-24")}, True),
        (LATE | {"date_local": pd.Timestamp("2022-05-31")}, False),
        (LATE | {"date_local": pd.Timestamp("2021-12-31")}, True),
    ],
)
def test_what_is_routine_does_not_count_as_many_sites(change: dict[str, Any], speaks: bool) -> None:
    assert (sentences(*sites(6, change), known_sites=6)["many_sites"] is not None) == speaks


def test_models_whose_training_days_were_revised_are_named_with_the_number_of_site_days() -> None:
    trained = windows(
        ("ridge", "3", "2021-07-04", "2021-07-31"),
        ("catboost", None, "2018-01-01", "2021-12-31"),
        ("random_forest", "1", "2021-07-05", "2021-12-31"),
        ("climatology", "2", None, None),
    )
    june = {"date_local": pd.Timestamp("2021-06-30")}
    assert sentences({}, {"poc": 2}, LATE | june, trained=trained)["training_window"] == (
        "revised within the training window of ridge version 3 (1 site-day), catboost (2 site-days)"
    )


@pytest.mark.parametrize(
    ("change", "speaks"),
    [
        (CONFIRMED, False),
        (CONFIRMED | {"new_pm25_ugm3": 8.5, "size_ugm3": 0.5}, True),
        ({"kind": "deleted", "new_pm25_ugm3": None, "size_ugm3": None, "new_source": None}, True),
        ({"kind": "moved_parameter", "parameter_code": "88502", "size_ugm3": 0.0}, True),
        ({"parameter_code": "88502"}, False),
    ],
)
def test_only_another_truth_touches_a_training_window(change: dict[str, Any], speaks: bool) -> None:
    trained = windows(("ridge", "3", "2021-01-01", "2021-12-31"))
    assert (sentences(change, trained=trained)["training_window"] is not None) == speaks
