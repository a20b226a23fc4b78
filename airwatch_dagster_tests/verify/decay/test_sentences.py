"""Sentences on decayed forecasts name lead, region, size, the compared days and since when."""

from math import nan
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.verify.decay.judgement import Judgement
from airwatch_dagster.verify.decay.measures import MEASURES, PROBABILITIES, SKILL
from airwatch_dagster.verify.decay.sentences import check_sentence, interval_text, value_text
from airwatch_dagster.verify.decay.totals import ALL_LEADS

BY_NAME = {measure.name: measure for measure in MEASURES}
DAYS = {"first_day": pd.Timestamp("2021-04-29"), "last_day": pd.Timestamp("2021-06-30")}


def judgement(name: str, value: float, lower: float, upper: float, **changes: Any) -> Judgement:
    known: dict[str, Any] = {"horizon_days": 1, "group_name": "all", "cases": 1234, "days": 63, **DAYS}
    known |= {"is_open": True, "since": pd.Timestamp("2021-05-13")}
    return Judgement(measure=BY_NAME[name], value=value, lower=lower, upper=upper, **(known | changes))


LAST = "in 63 days to 30 June 2021; since 13 May 2021"


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (
            judgement("damped", 1.07, 1.02, 1.12),
            f"7 % (2 to 12 %) more squared error than damped persistence 1 day ahead, {LAST}",
        ),
        (
            judgement("damped", 1.07, 0.95, 1.12, horizon_days=ALL_LEADS, group_name="region 5"),
            (
                "7 % (-5 to 12 %) more squared error than damped persistence in EPA region 5, in 63 days to 30 June "
                "2021 (no longer certain, but not back); since 13 May 2021"
            ),
        ),
        (
            judgement("trained", 0.32, 0.32, 0.32, horizon_days=2),
            (
                "32 % of its error (at most 10 % expected) off the same model on the month's data 2 days ahead "
                f"(tomorrow), {LAST}"
            ),
        ),
        (
            judgement("coverage", 0.78, 0.7, 0.84),
            f"78 % (70 to 84 %) of the observed values inside the 90 % interval 1 day ahead, {LAST}",
        ),
        (
            judgement("frequency_35_4", 1.9, 1.75, 2.4),
            f"1.90 (1.75 to 2.40) exceedances of 35.4 µg/m³ for each expected one 1 day ahead, {LAST}",
        ),
        (
            judgement("slope_9_0", 0.41, 0.3, 0.5),
            (
                "0.41 (0.30 to 0.50) exceedances of 9.0 µg/m³ more for each that higher probabilities promise 1 day "
                f"ahead, {LAST}"
            ),
        ),
    ],
    ids=["skill", "region, uncertain", "serving", "coverage", "frequency", "slope"],
)
def test_a_finding_reads(one: Judgement, text: str) -> None:
    assert check_sentence([one], check=one.measure.check) == text


def test_a_check_names_three_findings_certain_ones_of_the_whole_area_first_and_counts_the_rest() -> None:
    unsure = judgement("damped", 1.5, 0.9, 1.6, horizon_days=3)
    region = judgement("damped", 1.3, 1.1, 1.6, horizon_days=ALL_LEADS, group_name="region 5")
    sure = [judgement("damped", 1.1, 1.02, 1.2, horizon_days=lead) for lead in (1, 2)]
    other = [judgement("slope_9_0", 0.1, 0.0, 0.2), judgement("damped", 0.8, 0.7, 0.9, is_open=False)]

    text = check_sentence([region, unsure, *sure, unsure, *other], check=SKILL)

    assert text == (
        "10 % (2 to 20 %) more squared error than damped persistence 1 day ahead, 10 % (2 to 20 %) 2 days ahead "
        f"(tomorrow), 30 % (10 to 60 %) in EPA region 5; and 2 more, {LAST}"
    )
    assert "probabilities" in check_sentence(other, check=PROBABILITIES)


def test_nothing_open_is_said_by_nothing() -> None:
    assert check_sentence([judgement("damped", 0.8, 0.7, 0.9, is_open=False)], check=SKILL) == ""


def test_a_judgement_without_forecasts_is_beyond_nothing() -> None:
    one = judgement("damped", nan, nan, nan, not_judged="0 forecasts; 150 needed")

    assert (one.is_found, one.is_beyond) == (False, False)
    assert (value_text(one), interval_text(one)) == ("", "")
