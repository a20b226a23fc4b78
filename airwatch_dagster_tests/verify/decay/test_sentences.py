"""Sentences on decayed forecasts name lead, region, size, the compared days and since when."""

from math import nan
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.verify.decay.judgement import Judgement
from airwatch_dagster.verify.decay.measures import MEASURES, PROBABILITIES, SKILL
from airwatch_dagster.verify.decay.sentences import check_sentence, finding_text
from airwatch_dagster.verify.decay.totals import ALL_LEADS

BY_NAME = {measure.name: measure for measure in MEASURES}
DAYS = {"first_day": pd.Timestamp("2021-04-29"), "last_day": pd.Timestamp("2021-06-30")}


def judgement(name: str, value: float, lower: float, upper: float, **changes: Any) -> Judgement:
    known: dict[str, Any] = {"horizon_days": 1, "group_name": "all", "cases": 1234, "days": 63, **DAYS}
    known |= {"is_open": True, "since": pd.Timestamp("2021-05-13")}
    return Judgement(measure=BY_NAME[name], value=value, lower=lower, upper=upper, **(known | changes))


SEEN = "1,234 forecasts of 29 April 2021 to 30 June 2021"
SINCE = "since 13 May 2021"


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (
            judgement("damped", 1.07, 1.02, 1.12),
            f"1 day ahead: -7 % of damped persistence's squared error saved (-12 to -2 %, {SEEN}), {SINCE}",
        ),
        (
            judgement("damped", 1.07, 0.95, 1.12, horizon_days=ALL_LEADS, group_name="region 5"),
            (
                f"all leads, EPA region 5: -7 % of damped persistence's squared error saved (-12 to 5 %, {SEEN}), "
                f"{SINCE}, no longer certain, but not back"
            ),
        ),
        (
            judgement("trained", 0.32, 0.32, 0.32, horizon_days=2),
            (
                "2 days ahead (tomorrow): the served forecasts differ from those of the same model on the month's data "
                f"by 32 % of its error, 10 % at most expected ({SEEN}), {SINCE}"
            ),
        ),
        (
            judgement("coverage", 0.78, 0.7, 0.84),
            f"1 day ahead: 78 % of the observed values inside the 90 % interval (70 to 84 %, {SEEN}), {SINCE}",
        ),
        (
            judgement("frequency_35_4", 1.9, 1.75, 2.4),
            (
                "1 day ahead: more than 35.4 µg/m³ was observed 1.90 times as often as the probabilities say "
                f"(1.75 to 2.40, {SEEN}), {SINCE}"
            ),
        ),
        (
            judgement("slope_9_0", 0.41, 0.3, 0.5),
            (
                "1 day ahead: where the probability of more than 9.0 µg/m³ is 10 % higher, it was 4 % more frequent "
                f"(0.30 to 0.50, {SEEN}), {SINCE}"
            ),
        ),
    ],
    ids=["skill", "region, uncertain", "serving", "coverage", "frequency", "slope"],
)
def test_a_finding_reads(one: Judgement, text: str) -> None:
    assert finding_text(one) == text


def test_a_check_names_three_findings_those_that_are_certain_first_and_counts_the_rest() -> None:
    unsure = judgement("damped", 1.5, 0.9, 1.6, horizon_days=3)
    sure = [judgement("damped", 1.1, 1.02, 1.2, horizon_days=lead) for lead in (1, 2, 3)]
    other = [judgement("slope_9_0", 0.1, 0.0, 0.2), judgement("damped", 0.8, 0.7, 0.9, is_open=False)]

    text = check_sentence([unsure, *sure, *other], check=SKILL)

    assert text.count("-10 %") == 3
    assert text.endswith("; and 1 more")
    assert "probability" in check_sentence(other, check=PROBABILITIES)


def test_nothing_open_is_said_by_nothing() -> None:
    assert check_sentence([judgement("damped", 0.8, 0.7, 0.9, is_open=False)], check=SKILL) == ""


def test_a_judgement_without_forecasts_is_beyond_nothing() -> None:
    one = judgement("damped", nan, nan, nan, not_judged="0 forecasts; 150 needed")

    assert (one.is_found, one.is_beyond) == (False, False)
