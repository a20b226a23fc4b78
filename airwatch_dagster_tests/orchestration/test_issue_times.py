"""The time of issue is a setting in UTC; a day that is not over everywhere is not forecast from."""

import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.supplied_settings import IssueSettings
from airwatch_dagster.orchestration.issue_times import issue_instant, issue_moments
from airwatch_dagster.orchestration.partitions import newest_day

DAY = pd.Timestamp("2021-07-04")


@pytest.mark.parametrize(
    ("given", "instant"),
    [
        (None, "2021-07-05 18:30"),
        ("", "2021-07-05 18:30"),
        ("00:00", "2021-07-05 00:00"),
        ("23:59", "2021-07-05 23:59"),
        (" 06:05 ", "2021-07-05 06:05"),
    ],
)
def test_forecasts_are_issued_at_the_set_time_of_the_next_day(
    given: str | None, instant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRWATCH_ISSUE_TIME", raising=False)
    if given is not None:
        monkeypatch.setenv("AIRWATCH_ISSUE_TIME", given)

    assert issue_instant(DAY) == pd.Timestamp(instant)
    assert issue_instant(pd.Series([DAY])).tolist() == [pd.Timestamp(instant)]


@pytest.mark.parametrize("value", ["24:00", "18:60", "6:30", "18.30", "18:30Z", "18:30:00", "noon", "1830", "-1:00"])
def test_what_is_no_time_of_day_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_ISSUE_TIME", value)

    with pytest.raises(ConfigurationError) as caught:
        issue_instant(DAY)

    assert str(caught.value).startswith(f"AIRWATCH_ISSUE_TIME: '{value}' is not a time of day such as 18:30")
    assert "Use HH:MM in UTC, from 00:00 (the strictest rule) to 23:59, or leave it unset for 18:30" in str(
        caught.value
    )
    assert [problem.culprit for problem in IssueSettings.problems()] == ["AIRWATCH_ISSUE_TIME"]


def test_an_issue_before_hawaiis_day_is_over_has_no_day_to_forecast_from() -> None:
    before, at = pd.Timestamp("2021-07-05 09:59:59.999999"), pd.Timestamp("2021-07-05 10:00")

    assert newest_day(before) == DAY - pd.Timedelta(days=1)
    assert newest_day(at) == DAY


def test_a_forecast_made_before_its_time_of_issue_bears_the_present_moment() -> None:
    days, now = pd.Series([DAY, DAY + pd.Timedelta(days=1)]), pd.Timestamp("2021-07-06 12:00:01")

    moments = issue_moments(days, now=now)

    assert moments.tolist() == [pd.Timestamp("2021-07-05 18:30"), now]
    assert issue_moments(days.head(0), now=now).empty
