"""Drift is found in readings and instruments, never in calendar columns."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.drift import MOST_PLOTTED, drift_findings, season_matched

JANUARY = pd.Timestamp("2021-01-01")


def features(first: str, last: str, *, seed: int = 1) -> pd.DataFrame:
    """Ten sites whose PM2.5 is twice as high in January as in July, with some of the columns of features."""
    days = pd.date_range(first, last)
    frame = pd.DataFrame(
        {"issue_date": np.repeat(days, 10), "site_id": [f"17031{n:04d}" for n in range(10)] * len(days)}
    )
    season = 2 * np.pi * frame["issue_date"].dt.dayofyear / 365.25
    level = 9.0 + 3.0 * np.cos(season)
    pm25 = level * np.random.default_rng(seed).lognormal(0.0, 0.4, len(frame))
    return frame.assign(
        pm25_last_ugm3=pm25,
        pm25_mean_7d_ugm3=0.6 * level + 0.4 * pm25,
        season_sin=np.sin(season),
        season_cos=np.cos(season),
        weekday=frame["issue_date"].dt.weekday,
        latitude=41.9,
        longitude=-87.6,
    )


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    return features("2018-11-01", "2021-01-31")


def of_january(history: pd.DataFrame) -> pd.DataFrame:
    return history[history["issue_date"] >= JANUARY]


def test_a_reference_is_the_same_season_of_earlier_years_only(history: pd.DataFrame) -> None:
    reference = season_matched(history, month=JANUARY)

    assert sorted(set(reference["issue_date"].dt.strftime("%Y-%m"))) == [
        "2018-12",
        "2019-01",
        "2019-02",
        "2019-12",
        "2020-01",
        "2020-02",
    ]


@pytest.mark.slow
def test_a_january_like_other_januaries_has_not_drifted(history: pd.DataFrame) -> None:
    findings, page = drift_findings(
        of_january(history), reference=season_matched(history, month=JANUARY), month=JANUARY
    )

    assert list(findings["feature"]) == ["pm25_last_ugm3", "pm25_mean_7d_ugm3"]
    assert not findings["is_drifted"].any()
    assert list(findings["current_rows"]) == [310, 310]
    assert b"<html" in page.html[:200]


@pytest.mark.slow
def test_calendar_columns_would_drift_against_the_whole_year(history: pd.DataFrame) -> None:
    earlier = history[history["issue_date"] < JANUARY]

    findings, _ = drift_findings(
        of_january(history), reference=earlier, month=JANUARY, excluded=("latitude", "longitude")
    )

    assert set(findings.loc[findings["is_drifted"], "feature"]) >= {"season_cos"}


@pytest.mark.parametrize(("factor", "what"), [(0.0, "sensors stuck at zero"), (3.0, "tripled values")])
def test_broken_instruments_have_drifted(history: pd.DataFrame, factor: float, what: str) -> None:
    broken = of_january(history).assign(pm25_last_ugm3=lambda rows: factor * rows["pm25_last_ugm3"])

    findings, _ = drift_findings(broken, reference=season_matched(history, month=JANUARY), month=JANUARY)

    assert list(findings.loc[findings["is_drifted"], "feature"]) == ["pm25_last_ugm3"], what


def test_the_statistic_is_the_mean_distance_of_sorted_values_in_standard_deviations() -> None:
    days = pd.date_range("2020-01-01", periods=100)
    reference = pd.DataFrame({"issue_date": days, "pm25_last_ugm3": np.arange(100.0)})
    current = reference.assign(pm25_last_ugm3=lambda rows: rows["pm25_last_ugm3"] + 10.0)

    findings, _ = drift_findings(current, reference=reference, month=JANUARY)

    assert findings["statistic"].item() == pytest.approx(10.0 / np.std(np.arange(100.0)))
    assert findings["effect"].item() == findings["statistic"].item()
    assert findings["current_mean"].item() == 59.5
    assert findings["reference_mean"].item() == 49.5


def test_a_reference_of_three_days_is_not_judged(history: pd.DataFrame) -> None:
    reference = history[history["issue_date"].between("2019-12-01", "2019-12-03")].iloc[:26]

    findings, page = drift_findings(of_january(history), reference=reference, month=JANUARY)

    why = "26 values of 3 days in its season of earlier years; 100 of 60 days needed"
    assert set(findings["not_judged"]) == {why}
    assert findings[["statistic", "effect"]].isna().all(axis=None)
    assert not findings["is_drifted"].any()
    assert why.encode() in page.html


def test_what_counts_days_is_not_compared_with_the_first_days_of_history(history: pd.DataFrame) -> None:
    began = pd.Timestamp("2018-12-01")
    grown = (history["issue_date"] - began).dt.days.clip(0, 28)
    counting = history.assign(observed_days_28d=grown)
    season = season_matched(counting, month=JANUARY)
    reference = season[season["issue_date"].between(began, "2019-02-28")]

    def judged(**options: pd.Timestamp) -> pd.Series:
        found, _ = drift_findings(of_january(counting), reference=reference, month=JANUARY, **options)
        return found.set_index("feature").loc["observed_days_28d"]

    assert judged()["reference_mean"] < 24.0
    assert judged(began=began)["reference_mean"] == 28.0
    assert not judged(began=began)["is_drifted"]


@pytest.mark.slow
def test_a_page_does_not_grow_with_the_number_of_features(history: pd.DataFrame) -> None:
    values = np.random.default_rng(3).normal(8.0, 2.0, (len(history), 30))
    many = pd.concat([history, pd.DataFrame(values, columns=[f"feature_{n}" for n in range(30)])], axis="columns")

    findings, page = drift_findings(
        of_january(many), reference=season_matched(many, month=JANUARY), month=JANUARY, title_of=str.upper
    )

    assert len(findings) == 32
    assert len(page.html) < 300_000
    assert page.html.count(b"Drift in column 'FEATURE_") <= MOST_PLOTTED
    [(name, library)] = page.shared.items()
    assert f'<script src="{name}"></script>'.encode() in page.html
    assert len(library) > 1_000_000


def test_a_column_that_lost_its_values_has_drifted_and_one_without_any_has_not(history: pd.DataFrame) -> None:
    january = of_january(history).assign(pm25_last_ugm3=np.nan, pm25_std_28d_ugm3=np.nan)
    reference = season_matched(history, month=JANUARY).assign(pm25_std_28d_ugm3=np.nan)

    findings, _ = drift_findings(january, reference=reference, month=JANUARY)

    by_feature = findings.set_index("feature")
    assert by_feature["is_drifted"].to_dict() == {
        "pm25_std_28d_ugm3": False,
        "pm25_last_ugm3": True,
        "pm25_mean_7d_ugm3": False,
    }
    assert np.isnan(by_feature.loc["pm25_last_ugm3", "statistic"])


def test_a_first_year_has_no_findings_and_a_page_with_the_reason(history: pd.DataFrame) -> None:
    findings, page = drift_findings(of_january(history), reference=history.iloc[:0], month=JANUARY)

    assert findings.empty
    assert b"January 2021" in page.html
    assert b"no earlier year" in page.html


def test_an_empty_month_has_no_findings_and_a_page_with_the_reason(history: pd.DataFrame) -> None:
    findings, page = drift_findings(history.iloc[:0], reference=history, month=JANUARY)

    assert findings.empty
    assert b"the month has no features" in page.html


@pytest.mark.parametrize("has_reference", [True, False])
def test_findings_satisfy_their_schema(history: pd.DataFrame, has_reference: bool) -> None:
    reference = season_matched(history, month=JANUARY)

    findings, _ = drift_findings(
        of_january(history), reference=reference if has_reference else reference.iloc[:0], month=JANUARY
    )

    TABLES["drift_report"].schema.validate(findings.assign(report_uri="reports/drift.html"))


def test_findings_are_reproducible(history: pd.DataFrame) -> None:
    many = pd.concat([history] * 20, ignore_index=True)

    first, _ = drift_findings(of_january(many), reference=season_matched(many, month=JANUARY), month=JANUARY)
    second, _ = drift_findings(of_january(many), reference=season_matched(many, month=JANUARY), month=JANUARY)

    pd.testing.assert_frame_equal(first, second)
