"""Changes of monitors and sites that are not changes of the air."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.files import read_daily
from airwatch_dagster.practice.formats.airdata import bulk_file
from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.monitor_changes import monitor_changes
from airwatch_dagster.watch.monitor_spells import joined_spells, monitor_spells, no_spells
from airwatch_dagster_tests.builders import monitors
from airwatch_dagster_tests.watch.builders import OTHER_SITE, SITE, days, published, together

OTHER = {"site_number": "9002"}
TODAY = pd.Timestamp("2025-12-01")
NONE_STORED = TABLES["monitor_changes"].empty()
YEAR = days("2021-01-01", "2021-12-31")


def changes_of(
    raw: pd.DataFrame, *, listed: pd.DataFrame | None = None, stored: pd.DataFrame = NONE_STORED, today: Any = TODAY
) -> pd.DataFrame:
    listed = monitors() if listed is None else listed
    changes = monitor_changes(monitor_spells(raw), monitors=listed, stored=stored, today=pd.Timestamp(today))
    validated: pd.DataFrame = TABLES["monitor_changes"].schema.validate(changes)
    return validated


def summary(changes: pd.DataFrame) -> list[tuple[str, str, int, str]]:
    return [(row.kind, row.site_id, row.poc, f"{row.changed_on:%Y-%m-%d}") for row in changes.itertuples()]


def test_another_method_is_an_instrument_change_on_its_first_day() -> None:
    raw = published(YEAR, poc=3).assign(method_code=["170"] * 181 + ["236"] * 184)
    changes = changes_of(raw)
    assert summary(changes) == [("instrument", SITE, 3, "2021-07-01")]
    assert changes[["before", "after"]].iloc[0].tolist() == ["170 Met One BAM-1020", "236 Teledyne T640"]
    assert "POC 3" in changes["description"].iloc[0]


def test_codes_that_alternate_within_a_week_are_one_change() -> None:
    codes = ["170"] * 100 + ["236", "170", "236", "236", "170", "236", "170"] + ["236"] * 258
    changes = changes_of(published(YEAR).assign(method_code=codes))
    assert summary(changes) == [("instrument", SITE, 1, "2021-04-18")]


def test_a_code_that_flips_for_two_days_is_not_a_change() -> None:
    assert changes_of(published(YEAR).assign(method_code=["170"] * 100 + ["236"] * 2 + ["170"] * 263)).empty


def test_a_filter_that_changes_for_a_month_and_back_changes_twice() -> None:
    filter_days = days("2021-01-01", "2021-12-31", step=6)
    changes = changes_of(published(filter_days).assign(method_code=["120"] * 20 + ["116"] * 5 + ["120"] * 36))
    assert summary(changes) == [("instrument", SITE, 1, "2021-05-01"), ("instrument", SITE, 1, "2021-05-31")]


def test_a_new_method_counts_after_a_week() -> None:
    raw = published(YEAR).assign(method_code=["170"] * 200 + ["236"] * 165)
    assert changes_of(raw[:206]).empty
    assert summary(changes_of(raw[:207])) == [("instrument", SITE, 1, "2021-07-20")]


def test_days_without_a_method_code_change_nothing() -> None:
    assert changes_of(published(YEAR).assign(method_code=["170"] * 100 + [None] * 100 + ["170"] * 165)).empty


def test_superseded_versions_are_ignored() -> None:
    raw = together(published(YEAR), published(YEAR[200:], method_code="170", superseded_at=TODAY))
    assert changes_of(raw).empty


def test_an_instrument_published_twice_is_a_restated_pair() -> None:
    raw = together(
        published(YEAR, poc=3, method_code="236"),
        published(YEAR[100:], poc=23, method_code="736"),
        published(YEAR, poc=1),
    )
    changes = changes_of(raw)
    assert summary(changes) == [("restated_pair", SITE, 3, "2021-04-11")]
    assert changes[["before", "after"]].iloc[0].tolist() == ["236 Teledyne T640", "736 Teledyne T640, corrected"]
    assert "POC 23" in changes["description"].iloc[0]


def test_a_corrected_row_of_another_instrument_is_not_a_pair() -> None:
    assert changes_of(together(published(YEAR, poc=3), published(YEAR, poc=23, method_code="736"))).empty


@pytest.mark.parametrize(("latitude", "kinds"), [(41.9000001, []), (41.9012, []), (41.903, ["relocation"])])
def test_a_site_relocates_when_more_than_the_last_digits_of_its_position_change(
    latitude: float, kinds: list[str]
) -> None:
    changes = changes_of(published(YEAR).assign(latitude=[41.9] * 90 + [latitude] * 275))
    assert changes["kind"].tolist() == kinds


def test_a_relocation_of_a_site_with_two_monitors_is_one_change_with_its_distance() -> None:
    latitudes = [41.9] * 30 + [42.0] * 92
    filter_days = days("2021-01-01", "2021-12-31", step=3)
    raw = together(published(filter_days, poc=1).assign(latitude=latitudes), published(YEAR[90:], poc=3, latitude=42.0))
    changes = changes_of(raw)
    assert summary(changes) == [("relocation", SITE, 0, "2021-04-01")]
    assert changes[["before", "after"]].iloc[0].tolist() == ["41.90000, -87.60000", "42.00000, -87.60000"]
    assert "moved by 11.1 km" in changes["description"].iloc[0]


def test_the_first_reading_opens_a_site_unless_history_begins_with_it() -> None:
    raw = together(published(YEAR), published(YEAR[13:], **OTHER), published(YEAR[14:], site_number="9003"))
    changes = changes_of(raw)
    assert summary(changes) == [("opened", "170319003", 0, "2021-01-15")]
    assert changes["before"].isna().all()


def test_a_site_closes_half_a_year_before_the_last_readings_of_others() -> None:
    raw = together(published(YEAR), published(YEAR[:185], **OTHER))
    changes = changes_of(raw)
    assert summary(changes) == [("closed", OTHER_SITE, 0, "2021-07-05")]
    assert "2021-07-04" in changes["description"].item()
    assert changes_of(together(published(YEAR), published(YEAR[:186], **OTHER))).empty


def test_a_site_whose_next_day_is_not_due_yet_is_not_closed() -> None:
    raw = together(published(YEAR), published(YEAR[:185], **OTHER))
    assert changes_of(raw, today="2021-12-29").empty
    assert summary(changes_of(raw, today="2021-12-30")) == [("closed", OTHER_SITE, 0, "2021-07-05")]


def test_a_site_that_returns_after_a_long_silence_was_closed_and_opened() -> None:
    raw = together(published(YEAR), published([*YEAR[:50], *YEAR[231:]], **OTHER))
    assert summary(changes_of(raw)) == [
        ("closed", OTHER_SITE, 0, "2021-02-20"),
        ("opened", OTHER_SITE, 0, "2021-08-20"),
    ]
    assert changes_of(together(published(YEAR), published([*YEAR[:50], *YEAR[229:]], **OTHER))).empty


def test_another_monitor_keeps_a_site_open() -> None:
    raw = together(published(YEAR), published(YEAR[:100], poc=3, **OTHER), published(YEAR, poc=4, **OTHER))
    assert changes_of(raw).empty


def test_years_that_were_never_ingested_are_not_silence() -> None:
    both = [*days("2012-01-01", "2012-12-31"), *YEAR]
    raw = together(published(both), published(both[:366], **OTHER), published(YEAR, site_number="9003"))
    assert summary(changes_of(raw)) == [("closed", OTHER_SITE, 0, "2013-01-01")]


def test_airnow_counts_as_running_but_has_no_instrument() -> None:
    airnow = {"poc": 0, "source": "airnow", "method_code": None, "latitude": 42.5}
    raw = together(published(YEAR[:60]), published(YEAR[60:], **airnow), published(YEAR[60:], **airnow, **OTHER))
    assert changes_of(raw).empty
    late = together(raw, published(YEAR[90:], **airnow, site_number="9003"))
    assert summary(changes_of(late)) == [("opened", "170319003", 0, "2021-04-01")]


def test_a_monitor_of_88502_is_named_with_its_parameter_and_its_own_instruments() -> None:
    other = published(YEAR, poc=3, parameter_code="88502").assign(method_code=["702"] * 181 + ["731"] * 184)
    changes = changes_of(together(published(YEAR, poc=3), other))
    assert summary(changes) == [("instrument", SITE, 3, "2021-07-01")]
    assert changes[["parameter_code", "before", "after"]].iloc[0].tolist() == [
        "88502", "702 TEOM 50 °C, corrected", "731 Met One BAM-1020"
    ]  # fmt: skip
    assert "The monitor (88502 POC 3) went" in changes["description"].iloc[0]


def test_a_site_that_moves_to_the_other_parameter_closes_under_one_and_opens_under_the_other() -> None:
    moved = {"parameter_code": "88502", **OTHER}
    stays = published(YEAR, site_number="9003", parameter_code="88502")
    raw = together(published(YEAR), stays, published(YEAR[:100], **OTHER), published(YEAR[100:], **moved))
    changes = changes_of(raw)
    assert changes[["kind", "site_id", "parameter_code"]].values.tolist() == [
        ["closed", OTHER_SITE, "88101"],
        ["opened", OTHER_SITE, "88502"],
    ]
    assert changes["description"].tolist() == [
        "The site's last reading is of 2021-04-10.",
        "The site's first reading of 88502 is of 2021-04-11.",
    ]


def test_a_parameter_that_was_read_for_fewer_years_neither_opens_nor_closes_its_sites() -> None:
    three = days("2020-01-01", "2022-12-31")
    raw = together(published(three), published(YEAR, parameter_code="88502", **OTHER))
    assert changes_of(raw).empty


def test_spells_of_a_parameter_that_is_not_read_are_left_out() -> None:
    raw = together(published(YEAR), published(YEAR, parameter_code="88502"))
    assert monitor_spells(raw, parameters=["88101"])["parameter_code"].tolist() == ["88101"]
    assert monitor_spells(raw)["parameter_code"].tolist() == ["88101", "88502"]


def test_a_changed_designation_is_dated_by_its_detection() -> None:
    listed = monitors({"primary_changed_at": pd.Timestamp("2021-05-03 14:30"), "is_primary": False}, {"poc": 3})
    changes = changes_of(published(YEAR), listed=listed)
    assert summary(changes) == [("primary", SITE, 1, "2021-05-03")]
    assert changes[["before", "after"]].iloc[0].tolist() == ["primary", "not primary"]


def test_stored_designations_stay_and_other_stored_changes_do_not() -> None:
    first = monitors({"primary_changed_at": pd.Timestamp("2021-05-03"), "is_primary": False})
    instruments = published(YEAR).assign(method_code=["170"] * 181 + ["236"] * 184)
    stored = changes_of(instruments, listed=first)
    later = monitors({"primary_changed_at": pd.Timestamp("2021-09-09"), "is_primary": True})
    changes = changes_of(published(YEAR), listed=later, stored=stored)
    assert summary(changes) == [("primary", SITE, 1, "2021-05-03"), ("primary", SITE, 1, "2021-09-09")]
    pd.testing.assert_frame_equal(changes_of(instruments, listed=first, stored=stored), stored)


def test_changes_outside_the_area_are_context() -> None:
    raw = published(YEAR).assign(method_code=["170"] * 181 + ["236"] * 184)
    assert changes_of(raw, listed=monitors({"is_context": True}))["is_context"].tolist() == [True]


def test_without_history_there_are_no_changes() -> None:
    changes = monitor_changes(no_spells(), monitors=monitors(), stored=NONE_STORED, today=TODAY)
    assert list(changes) == TABLES["monitor_changes"].column_names
    assert changes.empty


@pytest.fixture(scope="module")
def practice_spells(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The practice network's published history of 2018-2024, year by year."""
    path, history = tmp_path_factory.mktemp("bulk") / "daily.zip", no_spells()
    for year in range(2018, 2025):
        file = bulk_file(f"daily_88101_{year}.zip", seed=1, today=TODAY.date())
        assert file is not None
        path.write_bytes(file.content)
        rows = read_daily(path, date(year, 1, 1), date(year, 12, 31), source="practice").readings
        history = joined_spells(history, monitor_spells(rows.assign(superseded_at=pd.NaT)))
    return history


@pytest.mark.slow
def test_the_practice_network_has_exactly_its_own_changes(practice_spells: pd.DataFrame) -> None:
    changes = monitor_changes(practice_spells, monitors=monitors(), stored=NONE_STORED, today=TODAY)
    assert summary(changes) == [
        ("instrument", "170319001", 3, "2021-07-01"),
        ("restated_pair", "170319001", 3, "2023-01-01"),
        ("instrument", "170319002", 3, "2022-04-01"),
        ("instrument", "170319002", 3, "2024-07-01"),
        ("closed", "171199001", 0, "2023-01-01"),
        ("opened", "181279001", 0, "2021-01-01"),
        ("instrument", "181279001", 3, "2024-07-01"),
        ("opened", "310559001", 0, "2019-04-01"),
        ("instrument", "550259001", 3, "2023-10-01"),
    ]
    instruments = changes[changes["kind"] == "instrument"]
    found = {(row.site_id, row.poc, row.changed_on.date(), row.after[:3]) for row in instruments.itertuples()}
    assert found == {(site.site_id, one.poc, *method) for site, one in MONITORS for method in one.methods[1:]}


@pytest.mark.slow
def test_the_history_of_a_network_is_a_few_rows(practice_spells: pd.DataFrame) -> None:
    assert len(practice_spells) < 2 * len(MONITORS)


@pytest.mark.slow
def test_genuine_instrument_changes_are_found(real_data: Path) -> None:
    path = real_data / "airdata" / "daily_88101_2012.zip"
    raw = read_daily(path, date(2012, 1, 1), date(2012, 12, 31), source="airdata").readings
    changes = changes_of(raw.assign(superseded_at=pd.NaT))
    assert changes["kind"].value_counts().to_dict() == {"instrument": 11, "opened": 3, "closed": 1}
    in_cleveland = changes[(changes["site_id"] == "390350034") & (changes["kind"] == "instrument")]
    assert summary(in_cleveland) == [
        ("instrument", "390350034", 1, "2012-04-03"),
        ("instrument", "390350034", 1, "2012-05-03"),
    ]
