"""Bulletins are published as late, as seldom not at all and as seldom twice as the real ones."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from airwatch_dagster.practice.world.weather.publication import versions_of_issue, versions_of_run

FIRST = datetime(2018, 1, 1, tzinfo=UTC)
RUNS = [FIRST + timedelta(hours=hour) for hour in range(24 * 400)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lags_are_distributed_as_measured(seed: int) -> None:
    published = [(run, versions_of_run(run, seed=seed)) for run in RUNS]
    minutes = [(versions[0].published_at - run).total_seconds() / 60.0 for run, versions in published if versions]
    assert np.median(minutes) == pytest.approx(44.0, abs=0.5)
    assert np.mean(np.array(minutes) <= 136.0) == pytest.approx(0.99, abs=0.004)
    assert min(minutes) >= 35.9
    assert 600.0 < max(minutes) <= 857.0


def test_some_runs_are_missing_alone_or_for_hours() -> None:
    is_missing = np.array([not versions_of_run(run, seed=1) for run in RUNS])
    assert 0.004 < is_missing.mean() < 0.015
    in_a_row = "".join("x" if missing else "." for missing in is_missing)
    assert "xxxxx" in in_a_row
    assert ".x." in in_a_row


def test_some_bulletins_are_published_again_because_the_first_has_a_fault() -> None:
    published = [versions for run in RUNS if (versions := versions_of_run(run, seed=1))]
    revised = [versions for versions in published if len(versions) == 2]
    assert 0.005 < len(revised) / len(published) < 0.015
    for first, second in revised:
        assert (first.has_fault, second.has_fault) == (True, False)
        assert timedelta(hours=1) <= second.published_at - first.published_at <= timedelta(hours=30)
    assert not any(versions[0].has_fault for versions in published if len(versions) == 1)


def test_times_of_publication_depend_on_the_seed_alone() -> None:
    assert [versions_of_run(run, seed=1) for run in RUNS[:50]] == [versions_of_run(run, seed=1) for run in RUNS[:50]]
    assert [versions_of_run(run, seed=1) for run in RUNS[:50]] != [versions_of_run(run, seed=2) for run in RUNS[:50]]


def test_cities_are_issued_twice_a_day_mostly_on_the_minute() -> None:
    days = [date(2018, 1, 1) + timedelta(days=number) for number in range(1500)]
    for half, hour, missing_share in (("AM", 12, 0.05), ("PM", 0, 0.015)):
        issues = [versions_of_issue(day, half, seed=1) for day in days]  # type: ignore[arg-type]
        first = [versions[0].published_at for versions in issues if versions]
        assert sum(not versions for versions in issues) / len(days) == pytest.approx(missing_share, abs=0.02)
        on_the_minute = [(at.hour, at.minute) == (hour, 50) for at in first]
        assert np.mean(on_the_minute) == pytest.approx(0.9, abs=0.03)
        assert sum(len(versions) == 2 for versions in issues) / len(days) == pytest.approx(0.035, abs=0.015)
