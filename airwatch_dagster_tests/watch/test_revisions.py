"""Revisions are all changes of published values, and nothing else."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.airdata.download_scope import download_scope
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.acquire.versions import as_of, merge_pull
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.revisions import find_revisions
from airwatch_dagster_tests.builders import RAW_ROW

RAW: Final = TABLES["raw_readings"]
MAY, JUNE, JULY, AUGUST = (pd.Timestamp(f"2022-0{month}-01 06:00") for month in (5, 6, 7, 8))
NEIGHBOUR: Final = {"site_number": "9002", "arithmetic_mean": 3.0}
"""Stays as it is, so that the day has been read in every pull."""
AIRNOW: Final = {
    "source": "airnow",
    "poc": 0,
    "pollutant_standard": None,
    "event_type": None,
    "sample_duration": "24-HR BLK AVG",
    "arithmetic_mean": 9.5,
}
SHOWN: Final = [
    "kind", "site_id", "parameter_code", "poc", "old_pm25_ugm3", "new_pm25_ugm3", "size_ugm3", "old_source",
    "new_source",
]  # fmt: skip

Rows = list[dict[str, Any]]


def pulled(rows: Rows) -> pd.DataFrame:
    columns = list(READING_COLUMNS)
    return pd.DataFrame([RAW_ROW | row for row in rows], columns=columns).astype(RAW.empty().dtypes[columns])


def history_of(*pulls: Rows, instants: tuple[pd.Timestamp, ...] = (MAY, JUNE, JULY, AUGUST)) -> pd.DataFrame:
    """History after pulls that each cover everything."""
    history = RAW.empty()
    for rows, seen_at in zip(pulls, instants, strict=False):
        everything = pd.Series(True, index=history.index)
        history = merge_pull(history, pulled(rows), seen_at=seen_at, in_scope=everything)
    return history


def revisions_of(*pulls: Rows) -> pd.DataFrame:
    revisions = find_revisions(history_of(*pulls), first=MAY, last=pd.Timestamp("2023-01-01"))
    assert (revisions.dtypes == TABLES["revisions"].empty().dtypes).all()
    return TABLES["revisions"].schema.validate(revisions)


def shown(revisions: pd.DataFrame) -> list[list[Any]]:
    values = revisions[SHOWN].astype(object)
    return values.where(values.notna(), None).values.tolist()


def test_the_first_pull_of_a_day_is_not_a_revision() -> None:
    assert revisions_of([{}, NEIGHBOUR]).empty
    assert revisions_of([{}], [{}, NEIGHBOUR | {"date_local": pd.Timestamp("2021-07-05")}]).empty


def test_another_value_is_a_change_detected_at_the_time_of_its_pull() -> None:
    revisions = revisions_of([{}, NEIGHBOUR], [{"arithmetic_mean": 6.5}, NEIGHBOUR])
    assert shown(revisions) == [["changed", "170319001", "88101", 1, 8.0, 6.5, 1.5, "aqs", "aqs"]]
    assert revisions["noticed_at"].tolist() == [JUNE]
    assert revisions["noticed_on"].tolist() == [pd.Timestamp("2022-06-01")]
    assert revisions["date_local"].tolist() == [pd.Timestamp("2021-07-04")]


def test_only_revisions_detected_in_the_requested_time_are_returned() -> None:
    history = history_of([{}], [{"arithmetic_mean": 6.5}], [{"arithmetic_mean": 7.0}])
    assert find_revisions(history, first=JUNE, last=JULY)["new_pm25_ugm3"].tolist() == [6.5]
    assert find_revisions(history, first=JUNE, last=AUGUST)["new_pm25_ugm3"].tolist() == [6.5, 7.0]
    assert find_revisions(history, first=AUGUST, last=pd.Timestamp("2023-01-01")).empty


@pytest.mark.parametrize(
    "change",
    [
        {"aqi": 33},
        {"pollutant_standard": "PM25 24-hour 2012"},
        {"date_of_last_change": pd.Timestamp("2022-05-30")},
        {"event_type": "Events Included"},
        {"observation_percent": 80.0},
        {"arithmetic_mean": 8.0 + 1e-12},
    ],
)
def test_a_change_that_leaves_the_24_hour_value_equal_is_not_a_revision(change: dict[str, Any]) -> None:
    assert revisions_of([{}], [change]).empty


def test_eight_standards_and_the_hours_behind_them_are_one_revision() -> None:
    standards = [f"PM25 {form} {year}" for form in ("24-hour", "Annual") for year in (1997, 2006, 2012, 2024)]
    hours = {"sample_duration": "1 HOUR", "pollutant_standard": None}
    before = [{"pollutant_standard": standard} for standard in standards]
    after = [row | {"arithmetic_mean": 7.0} for row in before]
    assert len(revisions_of([*before, hours], [*after, hours | {"arithmetic_mean": 7.04}])) == 1


def test_a_vanished_monitor_day_is_deleted() -> None:
    revisions = revisions_of([{}, NEIGHBOUR], [NEIGHBOUR])
    assert shown(revisions) == [["deleted", "170319001", "88101", 1, 8.0, None, None, "aqs", None]]


def test_a_monitor_day_first_published_after_its_day_was_read_appeared_late() -> None:
    revisions = revisions_of([NEIGHBOUR], [{}, NEIGHBOUR])
    assert shown(revisions) == [["appeared_late", "170319001", "88101", 1, None, 8.0, None, None, "aqs"]]


def test_a_monitor_day_that_disappears_and_returns_is_two_revisions() -> None:
    assert revisions_of([{}, NEIGHBOUR], [NEIGHBOUR], [{}, NEIGHBOUR])["kind"].tolist() == ["deleted", "appeared_late"]


def test_a_move_to_another_parameter_is_one_revision_under_the_new_one() -> None:
    revisions = revisions_of([{}], [{"parameter_code": "88502", "arithmetic_mean": 7.5}])
    assert shown(revisions) == [["moved_parameter", "170319001", "88502", 1, 8.0, 7.5, 0.5, "aqs", "aqs"]]
    back = revisions_of([{"parameter_code": "88502"}], [{}])
    assert shown(back) == [["moved_parameter", "170319001", "88101", 1, 8.0, 8.0, 0.0, "aqs", "aqs"]]


def test_the_first_pull_of_a_parameter_is_no_revision_but_a_later_reading_of_it_is() -> None:
    other = {"parameter_code": "88502", "site_number": "9002"}
    history = history_of([{}], [{}, other], [{}, other, other | {"site_number": "9003"}])
    revisions = find_revisions(history, first=MAY, last=pd.Timestamp("2023-01-01"))
    assert shown(revisions) == [["appeared_late", "170319003", "88502", 1, None, 8.0, None, None, "aqs"]]


def test_airnow_is_confirmed_by_the_monitor_of_the_other_parameter_where_its_own_has_none() -> None:
    other = {"parameter_code": "88502", "poc": 3, "sample_duration": "24-HR BLK AVG", "pollutant_standard": None}
    revisions = revisions_of([AIRNOW], [other])
    assert shown(revisions) == [["provisional_to_final", "170319001", "88502", 3, 9.5, 8.0, 1.5, "airnow", "aqs"]]


def test_airnows_value_under_the_other_parameter_of_its_site_is_no_revision_unless_it_is_another() -> None:
    assert revisions_of([AIRNOW], [AIRNOW | {"parameter_code": "88502"}]).empty
    other = AIRNOW | {"parameter_code": "88502", "arithmetic_mean": 9.0}
    assert shown(revisions_of([AIRNOW], [other])) == [
        ["moved_parameter", "170319001", "88502", 0, 9.5, 9.0, 0.5, "airnow", "airnow"]
    ]


def test_a_value_of_88502_is_revised_like_any_other() -> None:
    other = {"parameter_code": "88502"}
    assert revisions_of([{}, other], [{}, other | {"arithmetic_mean": 6.0}])["parameter_code"].tolist() == ["88502"]


@pytest.mark.parametrize(("value", "size"), [(9.5, 0.0), (8.0, 1.5)])
def test_aqs_finalises_airnows_reading_of_the_same_monitor_whatever_its_value(value: float, size: float) -> None:
    final = AIRNOW | {"poc": 3, "source": "aqs", "arithmetic_mean": value}
    revisions = revisions_of([AIRNOW | {"poc": 3}], [final])
    assert shown(revisions) == [["provisional_to_final", "170319001", "88101", 3, 9.5, value, size, "airnow", "aqs"]]


def test_every_monitor_of_aqs_finalises_airnows_reading_of_the_site() -> None:
    revisions = revisions_of([AIRNOW], [{}, {"poc": 3, "arithmetic_mean": 12.0}])
    assert shown(revisions) == [
        ["provisional_to_final", "170319001", "88101", 1, 9.5, 8.0, 1.5, "airnow", "aqs"],
        ["provisional_to_final", "170319001", "88101", 3, 9.5, 12.0, 2.5, "airnow", "aqs"],
    ]


def test_airnows_reading_stays_final_when_aqs_withdraws_it_later() -> None:
    assert revisions_of([AIRNOW], [AIRNOW, {}], [{}])["kind"].tolist() == ["provisional_to_final"]


def test_another_monitor_of_aqs_does_not_finalise_airnows_reading_of_a_monitor() -> None:
    revisions = revisions_of([AIRNOW | {"poc": 3}], [{"poc": 1}])
    assert revisions[["kind", "poc"]].values.tolist() == [["appeared_late", 1], ["deleted", 3]]


def test_airnows_reading_without_a_successor_is_deleted() -> None:
    assert shown(revisions_of([AIRNOW, NEIGHBOUR], [NEIGHBOUR])) == [
        ["deleted", "170319001", "88101", 0, 9.5, None, None, "airnow", None]
    ]


def test_airnows_reading_that_changes_is_a_change() -> None:
    revisions = revisions_of([AIRNOW], [AIRNOW | {"arithmetic_mean": 9.0}])
    assert shown(revisions) == [["changed", "170319001", "88101", 0, 9.5, 9.0, 0.5, "airnow", "airnow"]]


def test_standards_that_disagreed_for_a_time_do_not_hide_the_revisions_after() -> None:
    older = {"pollutant_standard": "PM25 24-hour 2012"}
    revisions = revisions_of([{}, older], [{}, older | {"arithmetic_mean": 9.0}], [{"arithmetic_mean": 7.0}, older])
    assert revisions[["kind", "new_pm25_ugm3"]].values.tolist() == [["changed", 7.0]]


def test_history_read_from_parquet_and_an_empty_history_are_accepted() -> None:
    history = history_of([{}], [{"arithmetic_mean": 6.5}])
    read = history.astype(dict.fromkeys(("date_local", "first_seen_at", "superseded_at"), "datetime64[us]"))
    assert len(find_revisions(read, first=MAY, last=JULY)) == 1
    assert find_revisions(RAW.empty(), first=MAY, last=JULY).empty


Published = dict[tuple[str, str, int, int], tuple[float, str]]
"""Value and source by site, parameter, POC and day of July."""

PUBLISHED = st.dictionaries(
    st.tuples(
        st.sampled_from(["9001", "9002"]),
        st.sampled_from(["88101", "88502"]),
        st.sampled_from([0, 1, 2]),
        st.sampled_from([4, 5]),
    ),
    st.tuples(st.sampled_from([7.0, 8.0, 20.0]), st.sampled_from(["aqs", "airnow"])),
    max_size=8,
)


def as_rows(published: Published) -> Rows:
    """Published rows; POC 0 is AirNow's alone."""
    return [
        AIRNOW | {
            "site_number": site, "parameter_code": parameter, "poc": poc, "date_local": pd.Timestamp(2021, 7, day),
            "arithmetic_mean": value, "source": source if poc else "airnow",
        }
        for (site, parameter, poc, day), (value, source) in published.items()
    ]  # fmt: skip


def slow_days(history: pd.DataFrame, instant: pd.Timestamp) -> dict[tuple[Any, ...], tuple[float, str]]:
    current = as_of(history, instant)
    days = monitor_days(current.assign(superseded_at=pd.NaT), parameters=["88101", "88502"])
    return {(r.site_id, r.parameter_code, r.poc, r.date_local): (r.pm25_ugm3, r.source) for r in days.itertuples()}


def slow_revisions(history: pd.DataFrame, instants: list[pd.Timestamp]) -> set[tuple[Any, ...]]:
    """Kind, key, old and new of every revision, one monitor-day after the other."""
    found = set()
    for instant in instants:
        old, new = slow_days(history, instant - pd.Timedelta(1, "ns")), slow_days(history, instant)
        earlier = history[history["first_seen_at"] < instant]
        seen = set(earlier["date_local"])
        read = set(zip(earlier["parameter_code"], earlier["date_local"], strict=True))
        for key in old.keys() | new.keys():
            if key[3] in seen and (revision := slow_revision(key, old, new)) is not None:
                kind, before = revision
                if kind == "appeared_late" and (key[1], key[3]) not in read:
                    continue
                found.add((instant, kind, key, before, new.get(key)))
    return found


def slow_revision(key: tuple[Any, ...], old: dict[Any, Any], new: dict[Any, Any]) -> tuple[str, Any] | None:
    site, parameter, poc, day = key
    other = "88502" if parameter == "88101" else "88101"
    elsewhere = (site, other, poc, day)
    before, after = old.get(key), new.get(key)
    if before and after:
        if before[1] == "airnow" != after[1]:
            return "provisional_to_final", before
        return ("changed", before) if before[0] != after[0] else None
    finals = [k for k in new.keys() - old.keys() if (k[0], k[3]) == (site, day) and new[k][1] == "aqs"]
    if after:
        if elsewhere in old and elsewhere not in new:
            is_rematched = poc == 0 and old[elsewhere][0] == after[0]
            return None if is_rematched else ("moved_parameter", old[elsewhere])
        for code in (parameter, other) if after[1] != "airnow" else ():
            of_site = (site, code, 0, day)
            has_own = code != parameter and any(k[1] == code for k in finals)
            if of_site in old and of_site not in new and not slow_moved(of_site, old, new) and not has_own:
                return "provisional_to_final", old[of_site]
        return "appeared_late", None
    is_replaced = poc == 0 and finals
    return None if slow_moved(key, old, new) or is_replaced else ("deleted", before)


def slow_moved(key: tuple[Any, ...], old: dict[Any, Any], new: dict[Any, Any]) -> bool:
    elsewhere = (key[0], "88502" if key[1] == "88101" else "88101", *key[2:])
    return elsewhere in new and elsewhere not in old


@pytest.mark.slow
@given(pulls=st.lists(PUBLISHED, min_size=2, max_size=4))
def test_revisions_equal_a_slow_loop_over_monitor_days(pulls: list[Published]) -> None:
    instants = [MAY, JUNE, JULY, AUGUST][: len(pulls)]
    history = history_of(*(as_rows(published) for published in pulls))
    revisions = find_revisions(history, first=MAY, last=pd.Timestamp("2023-01-01"))
    found = set()
    for row in revisions.itertuples():
        old = None if row.old_source is None else (row.old_pm25_ugm3, row.old_source)
        new = None if row.new_source is None else (row.new_pm25_ugm3, row.new_source)
        key = (row.site_id, row.parameter_code, row.poc, row.date_local)
        found.add((row.noticed_at, row.kind, key, old, new))
    assert found == slow_revisions(history, instants)
    assert len(found) == len(revisions)
    TABLES["revisions"].schema.validate(revisions)


@pytest.mark.slow
def test_genuine_vintages_of_2020_have_the_expected_revisions(real_data: Path) -> None:
    history = RAW.empty()
    for path in sorted((real_data / "restatement").glob("*.csv.gz"), key=lambda path: path.name[-17:]):
        seen_on = pd.Timestamp(path.name.split("seen_")[1][:10])
        readings = read_daily_download(path).readings
        history = merge_pull(history, readings, seen_at=seen_on, in_scope=download_scope(readings))
    revisions = find_revisions(history, first=pd.Timestamp("2020-05-01"), last=pd.Timestamp("2020-06-01"))
    TABLES["revisions"].schema.validate(revisions)
    assert revisions["kind"].value_counts().to_dict() == {
        "provisional_to_final": 5135,
        "appeared_late": 2594,
        "changed": 9,
    }
    final = revisions[revisions["kind"] == "provisional_to_final"]
    assert int((final["size_ugm3"] > 0.05).sum()) == 999
    assert float(np.nanmax(final["size_ugm3"])) == pytest.approx(19.1)


def test_what_changes_on_the_day_after_is_still_being_published_and_later_changes_are_revisions() -> None:
    noon, evening, next_noon = (
        pd.Timestamp(moment) for moment in ("2021-07-05 12:00", "2021-07-05 18:30", "2021-07-06 12:00")
    )
    late = {**NEIGHBOUR, **AIRNOW, "site_number": "9003"}
    pulls: list[Rows] = [
        [AIRNOW],
        [{**AIRNOW, "arithmetic_mean": 20.0}, late],
        [{**AIRNOW, "arithmetic_mean": 21.0}, late],
    ]

    history = history_of(*pulls, instants=(noon, evening, next_noon))
    found = find_revisions(history, first=noon, last=pd.Timestamp("2021-07-07"))

    assert len(history) == 4, "every version stays"
    assert found[["kind", "old_pm25_ugm3", "new_pm25_ugm3"]].to_numpy().tolist() == [["changed", 20.0, 21.0]]
    assert found["noticed_at"].tolist() == [next_noon]
