"""What a scoreboard says: better or worse only beyond noise."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.verify.verdict import is_better_beyond_noise, saved_text, verdict

AIRWATCH: dict[str, Any] = {
    "comparison": "baselines",
    "forecaster": "airwatch",
    "horizon_days": 1,
    "group_kind": "all",
    "cases": 1204,
    "places": 9,
    "airwatch_skill": np.nan,
    "airwatch_skill_lower": np.nan,
    "airwatch_skill_upper": np.nan,
}


def against(
    forecaster: str, skill: float, lower: float = np.nan, upper: float = np.nan, **other: Any
) -> dict[str, Any]:
    saved = {"airwatch_skill": skill, "airwatch_skill_lower": lower, "airwatch_skill_upper": upper}
    return {**AIRWATCH, "forecaster": forecaster, **saved, **other}


def said(*rows: dict[str, Any], horizon_days: int = 1) -> str:
    return verdict(pd.DataFrame([AIRWATCH, *rows]), horizon_days=horizon_days)


def test_a_difference_beyond_noise_is_said_with_its_interval() -> None:
    assert "1,204 site-days of 9 sites, AirWatch was 24 % better than persistence (18 to 29 %)." in said(
        against("persistence", 0.24, 0.18, 0.29)
    )
    assert "AirWatch was 12 % worse than the nearest site (5 to 20 %)." in said(
        against("nearest_site", -0.12, -0.2, -0.05)
    )


def test_a_difference_within_noise_is_no_difference() -> None:
    sentence = said(against("damped_persistence", 0.03, -0.04, 0.11))

    assert "neither better nor worse than damped persistence beyond noise (-4 to 11 %)" in sentence


def test_too_few_weeks_are_said_to_be_too_few() -> None:
    assert "5 % better than climatology, on too few weeks to tell it from noise" in said(against("climatology", 0.05))


def test_a_forecaster_without_concentrations_is_not_comparable() -> None:
    sentence = said(against("agencies", np.nan, comparison="agencies"), {**AIRWATCH, "comparison": "agencies"})

    assert "not comparable with the agencies" in sentence
    assert "1,204 area-days of 9 areas" in sentence


def test_each_comparison_has_a_sentence_in_the_order_of_the_rows() -> None:
    sentence = said(
        against("persistence", 0.24, 0.18, 0.29),
        {**AIRWATCH, "comparison": "noaa", "cases": 40, "places": 2},
        against("noaa", 0.1, 0.05, 0.2, comparison="noaa", cases=40, places=2),
    )

    assert sentence.index("persistence") < sentence.index("40 site-days of 2 sites, AirWatch was 10 % better than noaa")
    assert sentence.count("AirWatch was") == 2


def test_other_leads_and_regions_are_not_mixed_in() -> None:
    rows = [against("persistence", 0.24, 0.18, 0.29), against("persistence", -0.5, -0.6, -0.4, group_kind="region")]

    assert "worse" not in said(*rows)
    assert said(*rows, horizon_days=2) == "Nothing can be compared 2 days ahead (tomorrow)."


@pytest.mark.parametrize(("ends", "expected"), [((0.1, 0.2), True), ((-0.2, -0.1), False), ((-0.1, 0.1), None)])
def test_noise_is_an_interval_with_zero_inside(ends: tuple[float, float], expected: bool | None) -> None:
    assert is_better_beyond_noise(against("persistence", 0.1, *ends)) is expected


def test_the_saved_error_as_a_cell() -> None:
    assert saved_text(against("persistence", 0.24, 0.18, 0.29)) == "24 % (18 to 29 %)"
    assert saved_text(against("persistence", -0.001)) == "0 %"
    assert saved_text(AIRWATCH) == ""
