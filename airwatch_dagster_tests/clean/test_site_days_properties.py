"""Properties of site-days for any monitors: one value per instrument, and smoke days stay."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.clean.site_days import site_days
from airwatch_dagster_tests.builders import monitors, raw_readings

ORIGINAL: Final = {"poc": 3, "sample_duration": "24-HR BLK AVG", "arithmetic_mean": 1000.0}
CORRECTED: Final = {**ORIGINAL, "poc": 23, "arithmetic_mean": 83.0}
COLLOCATED_POCS: Final = (1, 2, 4)
MAX_WITHOUT_ORIGINAL: Final = 83.0
"""Every average that includes the original's 1000 and at most four others is higher."""

COLLOCATED = st.dictionaries(
    st.sampled_from(COLLOCATED_POCS),
    st.fixed_dictionaries(
        {
            "arithmetic_mean": st.sampled_from([5.0, 7.0, 12.5]),
            "method_code": st.sampled_from(["145", "170", None]),
            "validity_indicator": st.sampled_from(["Y", "N"]),
        }
    ),
    max_size=3,
)


@given(
    methods=st.sampled_from([("236", "736"), ("238", "738")]),
    valid=st.tuples(st.sampled_from(["Y", "N"]), st.sampled_from(["Y", "N"])),
    primary=st.frozensets(st.sampled_from([3, 23, *COLLOCATED_POCS])),
    collocated=COLLOCATED,
)
def test_a_restated_pair_is_never_averaged(
    methods: tuple[str, str], valid: tuple[str, str], primary: frozenset[int], collocated: dict[int, dict[str, Any]]
) -> None:
    pair = [
        {**row, "method_code": method, "validity_indicator": validity}
        for row, method, validity in zip((ORIGINAL, CORRECTED), methods, valid, strict=True)
    ]
    rows = raw_readings(*pair, *({"poc": poc} | row for poc, row in collocated.items()))
    listed = monitors(*({"poc": poc, "is_primary": poc in primary} for poc in (3, 23, *COLLOCATED_POCS)))
    day = site_days(rows, monitors=listed).iloc[0]
    assert day["pm25_ugm3"] <= MAX_WITHOUT_ORIGINAL
    assert day["monitor_count"] <= 1 + len(collocated)


@pytest.mark.parametrize("smoke_ugm3", [35.5, 225.5, 824.0])
@pytest.mark.parametrize("included", ["Events Included", "Included"])
@pytest.mark.parametrize("excluded", ["Concurred Events Excluded", "Events Excluded", "Excluded", None])
def test_a_smoke_day_includes_its_events_in_either_vocabulary(
    smoke_ugm3: float, included: str, excluded: str | None
) -> None:
    rows: list[dict[str, Any]] = [{"event_type": included, "arithmetic_mean": smoke_ugm3}]
    rows += [{"event_type": excluded, "arithmetic_mean": 9.0}] if excluded else []
    days = site_days(raw_readings(*rows), monitors=monitors())
    assert days[["pm25_ugm3", "is_valid"]].values.tolist() == [[smoke_ugm3, True]]


@pytest.mark.parametrize("unflagged", ["No Events", "None", None])
def test_a_smoke_day_without_event_flags_stays(unflagged: str | None) -> None:
    days = site_days(raw_readings({"event_type": unflagged, "arithmetic_mean": 824.0}), monitors=monitors())
    assert days[["pm25_ugm3", "is_valid"]].values.tolist() == [[824.0, True]]


@given(
    values=st.lists(st.integers(-72, 8240).map(lambda tenths: tenths / 10), min_size=1, max_size=4),
    flags=st.sampled_from([("Events Included", "Included"), ("No Events", "None")]),
)
def test_both_vocabularies_give_the_same_site_days(values: list[float], flags: tuple[str, str]) -> None:
    of_api, of_files = (
        [{"poc": poc, "event_type": flag, "arithmetic_mean": value} for poc, value in enumerate(values, start=1)]
        for flag in flags
    )
    excluded = {"poc": 1, "arithmetic_mean": 1.0}
    of_api.append({**excluded, "event_type": "Concurred Events Excluded"})
    of_files.append({**excluded, "event_type": "Excluded"})
    first, second = (site_days(raw_readings(*rows), monitors=monitors()) for rows in (of_api, of_files))
    assert first.equals(second)
    assert first["pm25_ugm3"].tolist() == [values[0]]
