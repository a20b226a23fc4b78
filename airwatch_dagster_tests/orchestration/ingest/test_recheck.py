"""Rechecks of history: what is requested, which days turn out changed, and how they are ingested."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.acquire.equivalence import equivalent_rows
from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.readings import READING_COLUMNS, MonitorList
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest.ingest_config import IngestConfig, pulled, resolved
from airwatch_dagster.orchestration.ingest.recheck import CHANGED_RANGES, RecheckConfig, recheck_history
from airwatch_dagster.orchestration.partitions import spans
from airwatch_dagster.orchestration.training.by_month import stacked
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import raw_readings

READ_AT = pd.Timestamp("2021-10-01 12:00")
NOW = pd.Timestamp("2022-02-02 15:00")
TODAY = date(2022, 2, 2)


@dataclass
class Published(Source):
    """A source that publishes ``rows``, returns all of them as changes, and records its requests."""

    rows: pd.DataFrame
    requested: list[Any] = field(default_factory=list)
    kind: str = "aqs"
    reingested: int = 0

    def pull(self, request: PullRequest) -> Pull:
        first, last = request.first, request.last
        self.requested.append((first, last))
        of_days = self.rows["date_local"].between(pd.Timestamp(first), pd.Timestamp(last))
        rows = self.rows[of_days].reset_index(drop=True)
        return Pull(rows, lambda history: history["date_local"].between(pd.Timestamp(first), pd.Timestamp(last)))

    def monitors(self) -> MonitorList:
        return MonitorList(TABLES["monitors"].empty(), no_rejected_lines())

    def changes(self, request: PullRequest, *, since: date, until: date) -> Pull:
        year = request.first.year
        self.requested.append((year, since, until))
        rows = self.rows[self.rows["date_local"].dt.year == year].reset_index(drop=True)
        return Pull(rows, lambda history: equivalent_rows(history, rows))

    def recent_days(self) -> int:
        return self.reingested


def day(text: str, **changes: Any) -> dict[str, Any]:
    return {"date_local": pd.Timestamp(text), "first_seen_at": READ_AT, **changes}


DAYS = ("2020-12-31", "2021-07-04", "2021-07-05", "2021-07-06", "2021-07-08")


@pytest.fixture
def tables(tmp_path: Path) -> TableStorage:
    """Five days of one monitor, pulled on 1 October 2021."""
    storage = TableStorage.open(str(tmp_path))
    storage.write("raw_readings", {text: raw_readings(day(text)) for text in DAYS})
    return storage


def published(*changes: dict[str, Any]) -> pd.DataFrame:
    return raw_readings(*changes)[list(READING_COLUMNS)]


def recheck(tables: TableStorage, source: Published, **config: Any) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of history_checks that a recheck adds, and the ranges to ingest."""
    made = recheck_history(source, tables, RecheckConfig(**config), now=NOW, today=TODAY)
    rows = made.frame.astype({"changed_since": "datetime64[ns]", "changed_until": "datetime64[ns]"})
    table = stacked("history_checks", [tables.read_or_empty("history_checks"), rows])
    tables.write("history_checks", {None: table})
    found = made.metadata[CHANGED_RANGES]
    assert isinstance(found, dg.JsonMetadataValue)
    return made.frame, list(found.value)  # type: ignore[arg-type]


def test_only_days_whose_rows_changed_are_to_be_ingested(tables: TableStorage) -> None:
    source = Published(
        published(
            day("2021-07-04"),
            day("2021-07-05", arithmetic_mean=9.0),
            day("2021-07-06", arithmetic_mean=9.0),
            day("2021-07-08", arithmetic_mean=9.0),
        )
    )
    table, ranges = recheck(tables, source)
    config = {"kind": "changed_since", "changed_since": "2021-08-24", "changed_until": "2022-02-02"}
    assert ranges == [
        {"first": "2021-07-05", "last": "2021-07-06", "config": config},
        {"first": "2021-07-08", "last": "2021-07-08", "config": config},
    ]
    row = table.set_index("year").loc[2021]
    assert row[["changed_days", "changed_day_count", "row_count"]].tolist() == [
        "2021-07-05…2021-07-06 2021-07-08",
        3,
        4,
    ]


def test_days_that_were_never_ingested_are_not_history(tables: TableStorage) -> None:
    _, ranges = recheck(tables, Published(published(day("2021-07-07"))))
    assert ranges == []


def test_the_first_recheck_begins_at_the_last_stored_change_and_the_next_at_the_end_of_the_first(
    tables: TableStorage,
) -> None:
    source = Published(published(day("2021-07-04")))
    recheck(tables, source, years=[2021])
    recheck(tables, source, years=[2021])
    assert source.requested == [
        (2021, date(2021, 8, 24), TODAY),  # eight days before the rows' last change, 1 September
        (2021, date(2022, 1, 25), TODAY),
    ]


def test_changes_are_requested_for_stored_years_of_the_last_ten(tables: TableStorage) -> None:
    tables.write("raw_readings", {"2011-12-31": raw_readings(day("2011-12-31"))})
    tables.write("raw_readings", {"2012-01-01": raw_readings(day("2012-01-01"))})
    source = Published(published(day("2021-07-04")))
    recheck(tables, source)
    assert [requested[0] for requested in source.requested] == [2012, 2020, 2021]


def test_whole_years_take_turns_and_show_withdrawn_rows(tables: TableStorage) -> None:
    source = Published(published(day("2020-12-31"), day("2021-07-04"), day("2021-07-05"), day("2021-07-06")))
    _, first = recheck(tables, source, kind="whole_year")
    _, second = recheck(tables, source, kind="whole_year")
    recheck(tables, source, kind="whole_year")
    years = [requested[0].year for requested in source.requested]
    assert years[:2] == [2021, 2020]
    assert first == [{"first": "2021-07-08", "last": "2021-07-08", "config": {"kind": "whole_year"}}]
    assert second == []


def test_recent_days_around_new_year_are_rechecked_in_both_years(tables: TableStorage) -> None:
    tables.write("raw_readings", {text: raw_readings(day(text)) for text in ("2021-12-31", "2022-01-01")})
    source = Published(published(day("2021-12-31"), day("2022-01-01", arithmetic_mean=9.5)), reingested=2)

    made = recheck_history(source, tables, RecheckConfig(kind="recent_days"), now=NOW, today=date(2022, 1, 2))

    assert source.requested == [(date(2021, 12, 31),) * 2, (date(2022, 1, 1),) * 2]
    assert made.metadata[CHANGED_RANGES].value == [
        {"first": "2022-01-01", "last": "2022-01-01", "config": {"kind": "days"}}
    ]


def test_days_before_the_recent_ones_are_not_requested(tables: TableStorage) -> None:
    source = Published(published(day("2021-07-08", arithmetic_mean=9.5)), reingested=7)
    recheck_history(source, tables, RecheckConfig(kind="recent_days"), now=NOW, today=date(2021, 7, 12))
    recheck_history(source, tables, RecheckConfig(kind="recent_days"), now=NOW, today=date(2021, 7, 16))
    assert source.requested == [(date(2021, 7, 5), date(2021, 7, 8))]


def test_an_unknown_kind_of_recheck_is_named(tables: TableStorage) -> None:
    with pytest.raises(ConfigurationError, match=r"'sideways' .* changed_since, whole_year, recent"):
        recheck_history(Published(published()), tables, RecheckConfig(kind="sideways"), now=NOW, today=TODAY)


@pytest.mark.parametrize(
    ("days", "ranges"),
    [
        ([], []),
        ([4], [(4, 4)]),
        ([4, 5, 6, 8, 10, 11], [(4, 6), (8, 8), (10, 11)]),
    ],
)
def test_neighbouring_days_are_one_range(days: list[int], ranges: list[tuple[int, int]]) -> None:
    expected = [(f"2021-07-{first:02}", f"2021-07-{last:02}") for first, last in ranges]
    assert spans([pd.Period(f"2021-07-{number:02}", "D") for number in days]) == expected


def configs() -> Iterator[tuple[IngestConfig, Any]]:
    july = (date(2021, 7, 4), date(2021, 7, 5))
    window = {"changed_since": "2021-08-24", "changed_until": "2022-02-02"}
    yield IngestConfig(), july
    yield IngestConfig(kind="whole_year"), july
    yield IngestConfig(kind="changed_since", **window), (2021, date(2021, 8, 24), date(2022, 2, 2))


@pytest.mark.parametrize(("config", "requested"), list(configs()), ids=["days", "whole year", "changes"])
def test_a_run_merges_only_its_own_days(tables: TableStorage, config: IngestConfig, requested: Any) -> None:
    source = Published(published(day("2021-07-04"), day("2021-07-05"), day("2021-07-06")))
    days = pd.DatetimeIndex(["2021-07-04", "2021-07-05"])
    history = tables.read("raw_readings", ["2021-07-04", "2021-07-05"])
    pull = pulled(source, resolved(config, days), history=history)
    assert source.requested == [requested]
    assert pull.rows["date_local"].tolist() == list(days)


@pytest.mark.parametrize(
    ("config", "culprit"),
    [
        ({"kind": "changed_since"}, "changed_since"),
        ({"kind": "sideways"}, "'sideways'"),
        ({"kind": "changed_since", "changed_since": "spring", "changed_until": "2022-02-02"}, "'spring'"),
        ({"download": "may.csv", "seen_at": "spring"}, "'spring'"),
    ],
)
def test_an_incomplete_or_unknown_configuration_is_refused(config: dict[str, str], culprit: str) -> None:
    with pytest.raises(ConfigurationError, match=culprit):
        resolved(IngestConfig(**config), pd.DatetimeIndex(["2021-07-04"]))  # type: ignore[arg-type]


def test_changes_are_ingested_one_year_at_a_time() -> None:
    days = pd.DatetimeIndex(["2020-12-31", "2021-01-01"])
    config = IngestConfig(kind="changed_since", changed_since="2021-08-24", changed_until="2022-02-02")
    with pytest.raises(ConfigurationError, match="2020-12-31…2021-01-01"):
        resolved(config, days)


@dataclass
class Interrupted(Published):
    """A source whose first response is cached by an interrupted run; the second has what is published now."""

    cached: pd.DataFrame = field(default_factory=published)
    finished: int = 0

    def pull(self, request: PullRequest) -> Pull:
        if self.finished:
            return super().pull(request)

        def everything(history: pd.DataFrame) -> pd.Series:
            return pd.Series(True, index=history.index)

        return Pull(self.cached, everything, seen_at=READ_AT, is_cached=True, mark_stored=self._finish)

    def _finish(self) -> None:
        self.finished += 1


@pytest.mark.parametrize(
    ("stored", "resume", "mean"), [(True, False, 9.5), (False, False, 8.0), (True, True, 8.0), (False, True, 8.0)]
)
def test_a_cached_response_that_was_stored_is_requested_again_unless_its_run_is_resumed(
    tables: TableStorage, stored: bool, resume: bool, mean: float
) -> None:
    source = Interrupted(published(day("2021-07-04", arithmetic_mean=9.5)), cached=published(day("2021-07-04")))
    history = tables.read("raw_readings", ["2021-07-04"] if stored else [])

    ingest = resolved(IngestConfig(resume=resume), pd.DatetimeIndex(["2021-07-04"]))
    pull = pulled(source, ingest, history=history)

    assert pull.rows["arithmetic_mean"].tolist() == [mean]
    assert source.finished == int(stored and not resume)
