"""Closed years of the whole nation: not one published row, monitor-day or site-day more or less than counted."""

from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster_tests.national_totals import COLUMNS, YEARS, pinned, totals

SMALL = (2012,)
"""Years read in seconds; each of the others takes up to half a minute and 900 MB."""


@pytest.mark.parametrize(
    "year", [pytest.param(year, marks=() if year in SMALL else pytest.mark.slow) for year in YEARS]
)
def test_the_totals_of_a_closed_year_are_as_pinned_in_every_state(year: int, real_data: Path) -> None:
    expected = pinned()

    counted = totals(year, real_data / "airdata")

    pd.testing.assert_frame_equal(counted, expected[expected["year"] == year].reset_index(drop=True))


def test_the_pinned_totals_cover_every_year_and_each_number_fits_the_next() -> None:
    table = pinned()

    assert list(table) == COLUMNS
    assert table.groupby("year")[COLUMNS[2:]].sum().apply(tuple, axis=1).to_dict() == {
        2012: (67_090, 46_387, 39_591),
        2018: (325_629, 198_824, 169_320),
        2019: (358_153, 211_335, 180_291),
        2020: (374_697, 215_532, 185_627),
        2021: (394_188, 223_700, 194_937),
    }
    assert (table["rows"] >= table["monitor_days"]).all()
    assert (table["monitor_days"] >= table["site_days"]).all()
