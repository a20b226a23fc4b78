"""Warnings about a day's revisions: large ones, many sites, and training days."""

from typing import Any, Final

import pandas as pd
import pytest

from airwatch_dagster.watch.revision_warnings import revision_warnings
from airwatch_dagster_tests.builders import monitors, table_of

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
    return frame.astype(dict.fromkeys(NO_WINDOW.columns[2:], "datetime64[ns]"))


def listed(count: int, *changes: dict[str, Any]) -> pd.DataFrame:
    """A list of monitors of ``count`` sites, and of one for each of ``changes``."""
    return monitors(*({"site_id": f"27053{number:04d}"} for number in range(count)), *changes).iloc[
        : count + len(changes)
    ]


def sentences(
    *changes: dict[str, Any],
    known_sites: int = 100,
    trained: pd.DataFrame = NO_WINDOW,
    also_listed: tuple[dict[str, Any], ...] = (),
    parameters: tuple[str, ...] = ("88101", "88502"),
) -> dict[str, Any]:
    return revision_warnings(
        table_of("revisions", ROW, *changes),
        monitors=listed(known_sites, *also_listed),
        training_windows=trained,
        parameters=parameters,
    )


def sites(count: int, change: dict[str, Any]) -> list[dict[str, Any]]:
    return [change | {"site_id": f"17031900{number}"} for number in range(count)]


def test_small_revisions_of_few_sites_raise_no_warning() -> None:
    no_warning = {"large_revision": None, "many_sites": None, "training_window": None}
    assert sentences({}, {"poc": 2, "size_ugm3": 4.9}) == no_warning
    empty = table_of("revisions", ROW).iloc[:0]
    assert revision_warnings(empty, monitors=listed(0), training_windows=NO_WINDOW) == no_warning


def test_the_largest_revision_is_named_with_its_site_day_and_values() -> None:
    large = {"site_id": "300630024", "new_pm25_ugm3": 20.5, "size_ugm3": 12.5, "kind": "provisional_to_final"}
    warning = sentences({"size_ugm3": 5.0}, large, LATE | {"poc": 2})["large_revision"]
    assert warning.startswith("2 revisions")
    assert "from 8 to 20.5 µg/m³ at site 300630024 on 2021-07-04 (provisional_to_final)" in warning


@pytest.mark.parametrize(("count", "known_sites", "warns"), [(5, 20, True), (5, 21, False), (4, 4, False)])
def test_many_sites_are_a_quarter_of_the_known_and_at_least_five(count: int, known_sites: int, warns: bool) -> None:
    warning = sentences(*sites(count, {}), known_sites=known_sites)["many_sites"]
    assert (warning is not None) == warns
    assert warning is None or f"{count} of {known_sites} sites" in warning


@pytest.mark.parametrize(
    ("change", "warns"),
    [
        (CONFIRMED, False),
        ({"old_source": "airnow", "new_source": "airnow", "date_local": pd.Timestamp("2022-05-25")}, False),
        (LATE | {"new_source": "airnow", "date_local": pd.Timestamp("2022-05-31")}, False),
        (LATE | {"new_source": "airnow", "date_local": pd.Timestamp("2022-05-24")}, True),
        (LATE | {"date_local": pd.Timestamp("2022-05-31")}, False),
        (LATE | {"date_local": pd.Timestamp("2021-12-31")}, True),
    ],
)
def test_routine_revisions_do_not_count_as_many_sites(change: dict[str, Any], warns: bool) -> None:
    assert (sentences(*sites(6, change), known_sites=6)["many_sites"] is not None) == warns


def test_models_whose_training_days_were_revised_are_named_with_the_number_of_site_days() -> None:
    trained = windows(
        ("ridge", "3", "2021-07-04", "2021-07-31"),
        ("catboost", None, "2018-01-01", "2021-12-31"),
        ("random_forest", "1", "2021-07-05", "2021-12-31"),
        ("climatology", "2", None, None),
    )
    june = {"date_local": pd.Timestamp("2021-06-30")}
    warning = sentences({}, {"poc": 2}, LATE | june, trained=trained)["training_window"]
    assert warning.endswith("ridge version 3 (1 site-day), catboost (2 site-days)")


@pytest.mark.parametrize(
    ("change", "warns"),
    [
        (CONFIRMED, False),
        (CONFIRMED | {"new_pm25_ugm3": 8.5, "size_ugm3": 0.5}, True),
        ({"kind": "deleted", "new_pm25_ugm3": None, "size_ugm3": None, "new_source": None}, True),
        ({"kind": "moved_parameter", "parameter_code": "88502", "size_ugm3": 0.0}, True),
        ({"parameter_code": "88502"}, True),
    ],
)
def test_only_a_changed_truth_concerns_a_training_window(change: dict[str, Any], warns: bool) -> None:
    trained = windows(("ridge", "3", "2021-01-01", "2021-12-31"))
    assert (sentences(change, trained=trained)["training_window"] is not None) == warns


def test_a_parameter_that_is_not_read_concerns_no_training_window_but_a_move_does() -> None:
    trained = windows(("ridge", "3", "2021-01-01", "2021-12-31"))
    other = {"parameter_code": "88502"}
    assert sentences(other, trained=trained, parameters=("88101",))["training_window"] is None
    moved = other | {"kind": "moved_parameter"}
    assert sentences(moved, trained=trained, parameters=("88101",))["training_window"] is not None


def test_late_filters_of_improve_are_news_to_nobody_since_they_give_no_value() -> None:
    improve = {"parameter_code": "88502", "poc": 1, "method_code": "707"}
    late = LATE | {"parameter_code": "88502", "date_local": pd.Timestamp("2021-01-04")}
    trained = windows(("ridge", "3", "2021-01-01", "2021-12-31"))
    filters = tuple(improve | {"site_id": f"17031900{number}"} for number in range(6))
    found = sentences(*sites(6, late), known_sites=6, trained=trained, also_listed=filters)
    assert found == {"large_revision": None, "many_sites": None, "training_window": None}
    hourly = tuple(one | {"method_code": "731"} for one in filters)
    assert sentences(*sites(6, late), known_sites=6, also_listed=hourly)["many_sites"] is not None
