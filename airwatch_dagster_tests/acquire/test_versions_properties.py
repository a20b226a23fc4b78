"""History contains every version of any sequence of pulls, and restores the current rows of any instant."""

from typing import Any, Final

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.acquire.readings import READING_COLUMNS, READING_KEY
from airwatch_dagster.acquire.versions import as_of, merge_pull, without_pull
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import RAW_ROW

RAW: Final = TABLES["raw_readings"]
START: Final = pd.Timestamp("2022-05-01")
POCS: Final = (1, 2, 3)
SHOWN: Final = ["poc", "pollutant_standard", "arithmetic_mean", "aqi", "source"]

Key = tuple[int, str | None]
Values = tuple[float | None, int | None, str]
Pulled = tuple[dict[Key, Values], frozenset[int]]
"""Published rows, and the POCs in scope of the pull, with or without rows."""

ROWS = st.dictionaries(
    st.tuples(st.sampled_from(POCS), st.sampled_from(["PM25 24-hour 2024", None])),
    st.tuples(st.sampled_from([8.0, 9.5, -1.2, None]), st.sampled_from([44, None]), st.sampled_from(["aqs", "airnow"])),
    max_size=5,
)
PULLS = st.lists(st.tuples(ROWS, st.frozensets(st.sampled_from(POCS))), min_size=1, max_size=5)


def frame(published: dict[Key, Values]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        RAW_ROW | dict(zip(SHOWN, (*key, *values), strict=True)) for key, values in published.items()
    ]
    columns = list(READING_COLUMNS)
    return pd.DataFrame(rows, columns=columns).astype(RAW.empty().dtypes[columns])


def instant(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def merged(history: pd.DataFrame, pull: Pulled, number: int) -> pd.DataFrame:
    published, in_scope_of = pull
    in_scope = history["poc"].isin(in_scope_of)
    return merge_pull(history, frame(published), seen_at=instant(number), in_scope=in_scope)


def replayed(pulls: list[Pulled]) -> pd.DataFrame:
    history = RAW.empty()
    for number, pull in enumerate(pulls):
        history = merged(history, pull, number)
    return history


def shown(rows: pd.DataFrame) -> dict[Key, Values]:
    values = rows[SHOWN].astype(object)
    found = list(values.where(values.notna(), None).itertuples(index=False, name=None))
    assert len(found) == len({row[:2] for row in found})
    return {row[:2]: row[2:] for row in found}


def known_after(pulls: list[Pulled]) -> dict[Key, Values]:
    """Every pulled row that no later pull with that row in scope lacks."""
    known: dict[Key, Values] = {}
    for published, in_scope_of in pulls:
        known = {key: values for key, values in known.items() if key[0] not in in_scope_of} | published
    return known


@given(pulls=PULLS)
def test_replaying_the_same_pulls_gives_the_same_history(pulls: list[Pulled]) -> None:
    first, second = replayed(pulls), replayed([(dict(reversed(rows.items())), scope) for rows, scope in pulls])
    pd.testing.assert_frame_equal(first, second)
    RAW.schema.validate(first)


@given(pulls=PULLS)
def test_repeating_any_pull_adds_nothing(pulls: list[Pulled]) -> None:
    history = RAW.empty()
    for number, pull in enumerate(pulls):
        history = merged(history, pull, number)
        pd.testing.assert_frame_equal(merged(history, pull, number), history)
        half_a_day_later = history["poc"].isin(pull[1])
        second = merge_pull(
            history, frame(pull[0]), seen_at=instant(number) + pd.Timedelta(hours=12), in_scope=half_a_day_later
        )
        pd.testing.assert_frame_equal(second, history)


@given(pulls=PULLS, hours=st.integers(0, 23))
def test_as_of_shows_the_rows_of_the_pulls_until_then(pulls: list[Pulled], hours: int) -> None:
    history = replayed(pulls)
    assert as_of(history, START - pd.Timedelta(seconds=1)).empty
    for number in range(len(pulls)):
        then = as_of(history, instant(number) + pd.Timedelta(hours=hours))
        assert shown(then) == known_after(pulls[: number + 1])


@given(pulls=PULLS)
def test_after_a_complete_pull_the_current_rows_are_the_pull(pulls: list[Pulled]) -> None:
    whole = [(rows, frozenset(POCS)) for rows, _ in pulls]
    history = replayed(whole)
    for number, (rows, _) in enumerate(whole):
        assert shown(as_of(history, instant(number))) == rows


@given(pulls=PULLS)
def test_no_version_is_lost_or_altered(pulls: list[Pulled]) -> None:
    history, cached = RAW.empty(), set()
    for number, pull in enumerate(pulls):
        history = merged(history, pull, number)
        versions = history[[*SHOWN, "first_seen_at"]].astype(object)
        found = list(versions.where(versions.notna(), None).itertuples(index=False, name=None))
        assert cached <= set(found)
        assert {row[:5] for row in found} >= {(*key, *values) for key, values in pull[0].items()}
        cached = set(found)
    assert not history.duplicated([*READING_KEY, "first_seen_at"]).any()


@given(pulls=PULLS)
def test_undoing_every_pull_in_reverse_restores_each_history_before_it(pulls: list[Pulled]) -> None:
    histories = [RAW.empty()]
    for number, pull in enumerate(pulls):
        histories.append(merged(histories[-1], pull, number))
    history = histories.pop()
    for number in reversed(range(len(pulls))):
        history = without_pull(history, instant(number), among=np.ones(len(history), dtype=bool))
        pd.testing.assert_frame_equal(history, histories.pop())
