"""Properties for any network and gaps: features look back only, and days built in any parts are bit-identical."""

from typing import Final

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster_tests.simulated_air import simulated_site_days

FIRST: Final = pd.Timestamp("2021-01-01")
DAYS: Final = 45
ISSUED: Final = pd.date_range(FIRST + pd.Timedelta(days=28), periods=DAYS - 28)
AREA: Final = {"170310000", "170310001", "170310002"}

SEEDS = st.integers(0, 2**16)


def network(seed: int) -> pd.DataFrame:
    """Site-days of seven sites spread over 1500 km; each moves a little on some day."""
    days = simulated_site_days(sites=7, first=str(FIRST.date()), days=DAYS, seed=seed)
    generator, number = np.random.default_rng(seed), days["site_id"].str[-4:].astype(int).to_numpy()
    moves_on = FIRST + pd.to_timedelta(generator.integers(0, DAYS, 7), unit="D")
    has_moved = (days["date_local"].to_numpy() >= moves_on.to_numpy()[number])[:, None]
    place = generator.normal(0.0, 3.0, (7, 2))[number] + has_moved * generator.normal(0.0, 0.01, (7, 2))[number]
    return days.assign(latitude=days["latitude"] + place[:, 0], longitude=days["longitude"] + place[:, 1])


def corrupted(site_days: pd.DataFrame, *, after: pd.Timestamp, factor: float, seed: int) -> pd.DataFrame:
    """Site-days with other values and randomly reassigned sites after a day."""
    later = (site_days["date_local"] > after).to_numpy()
    numbers = np.random.default_rng(seed).integers(0, 9, later.sum())
    corrupt = site_days.copy()
    corrupt.loc[later, "pm25_ugm3"] *= factor
    corrupt.loc[later, "site_id"] = [f"17031{number:04d}" for number in numbers]
    return corrupt.drop_duplicates(["site_id", "date_local"])


def built(site_days: pd.DataFrame, issue_dates: pd.DatetimeIndex) -> pd.DataFrame:
    return build_features(site_days, issue_dates=issue_dates, area_site_ids=AREA)


@given(seed=SEEDS, number=st.integers(0, len(ISSUED) - 1), factor=st.sampled_from([-3.0, 0.0, 1000.0]))
def test_readings_after_an_issue_date_do_not_change_rows_up_to_it(seed: int, number: int, factor: float) -> None:
    clean, day = network(seed), ISSUED[number]
    corrupt = corrupted(clean, after=day, factor=factor, seed=seed)

    found, expected = built(corrupt, ISSUED), built(clean, ISSUED)

    known = expected["issue_date"] <= day
    assert known.any()
    pd.testing.assert_frame_equal(found[found["issue_date"] <= day], expected[known], check_exact=True)


@given(seed=SEEDS, cuts=st.sets(st.integers(1, len(ISSUED) - 1), max_size=6))
def test_days_built_in_any_parts_give_the_rows_of_the_whole(seed: int, cuts: set[int]) -> None:
    """Each part is built from its own four weeks alone, with shuffled rows."""
    clean = network(seed)
    parts = []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(ISSUED)], strict=True):
        days = ISSUED[begin:end]
        window = clean["date_local"].between(days[0] - pd.Timedelta(days=28), days[-1])
        parts.append(built(clean[window].sample(frac=1.0, random_state=seed), days))

    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), built(clean, ISSUED), check_exact=True)
