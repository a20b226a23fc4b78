"""Old files of the state folder go; young, foreign and needed ones stay."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test

from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.orchestration.retention.files import Downloads, Leftovers, Responses, StepLogs
from airwatch_dagster.orchestration.retention.kinds import Kind

OLD = datetime(2021, 1, 1, tzinfo=UTC)
BEFORE = datetime(2021, 6, 1, tzinfo=UTC)


def written(path: Path, text: str = "x", *, at: datetime | None = OLD) -> Path:
    """A file that changed last at a time, now if None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if at is not None:
        aged(path, at)
    return path


def aged(path: Path, at: datetime = OLD) -> None:
    os.utime(path, (at.timestamp(), at.timestamp()))


def purged(kind: Kind) -> list[str]:
    items = kind.items(BEFORE)
    kind.remove(items)
    return [Path(item.name).name for item in items]


def test_output_of_steps_goes_with_its_folder_but_not_that_of_a_run_under_way(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        ended = create_run_for_test(instance, status=dg.DagsterRunStatus.FAILURE).run_id
        under_way = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED).run_id
        young = create_run_for_test(instance, status=dg.DagsterRunStatus.SUCCESS).run_id
        unknown = "00000000-1111-2222-3333-444444444444"
        for run in (ended, under_way, unknown):
            written(tmp_path / run / "compute_logs" / "step.err")
        written(tmp_path / young / "compute_logs" / "step.err")
        written(tmp_path / young / "compute_logs" / "step.complete", at=None)
        written(tmp_path / "events" / "compute_logs" / "not-a-run.err")

        assert sorted(purged(StepLogs(tmp_path, instance))) == sorted([unknown, ended])

    assert {path.name for path in tmp_path.iterdir()} == {under_way, young, "events"}


def test_downloads_go_with_their_descriptions(tmp_path: Path) -> None:
    folder = tmp_path / "downloads" / "airdata-0123"
    written(folder / "daily_88101_2015.zip", "1234")
    written(folder / "daily_88101_2015.zip.json", "12")
    written(folder / "daily_88101_2020.zip", at=datetime(2021, 7, 1, tzinfo=UTC))
    written(folder / "daily_88101_2020.zip.json")
    kind = Downloads(tmp_path)

    [item] = kind.items(BEFORE)
    assert (item.size, item.changed_at) == (6, OLD)
    kind.remove([item])

    assert {path.name for path in folder.iterdir()} == {"daily_88101_2020.zip", "daily_88101_2020.zip.json"}


def test_a_response_whose_rows_are_not_stored_stays(tmp_path: Path) -> None:
    folder = tmp_path / "downloads" / "aqs-0123"
    cache = ResponseCache(folder)
    responses = [
        cache.put("dailyData", {"state": state}, [{"row": state}], fetched_at=pd.Timestamp(OLD.replace(tzinfo=None)))
        for state in ("17", "18")
    ]
    cache.mark_complete(responses, seen_at=responses[0].seen_at)
    cache.mark_stored(responses[:1])
    for path in folder.iterdir():
        aged(path)

    assert purged(Responses(tmp_path)) == [responses[0].path.name]

    assert cache.get("dailyData", {"state": "17"}, include_stored=True) is None
    assert cache.get("dailyData", {"state": "18"}) is not None
    assert purged(Downloads(tmp_path)) == []
    assert not [path for path in folder.iterdir() if path.name.startswith(responses[0].path.name)]


def test_a_response_is_as_old_as_the_last_change_of_its_marks(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "downloads")
    response = cache.put("dailyData", {"state": "17"}, [], fetched_at=pd.Timestamp("2021-01-01"))
    aged(response.path)
    cache.mark_stored([response])

    assert Responses(tmp_path).items(BEFORE) == []


@pytest.mark.parametrize(
    ("name", "goes"),
    [
        (".2021-07-04.parquet.0123456789abcdef0123456789abcdef.tmp", True),
        (".daily_88101_2021.zip.a1b2c3d4.part", True),
        (".daily_88101_2021.zip.0123456789abcdef0123456789abcdef.part", True),
        ("2021-07-04.parquet", False),
        (".airwatch-probe", False),
        (".sync-of-someone.tmp", False),
        ("film.part", False),
    ],
)
def test_only_files_that_airwatch_names_so_are_leftovers(tmp_path: Path, name: str, goes: bool) -> None:
    path = written(tmp_path / "site_days" / name)

    assert purged(Leftovers(tmp_path)) == ([name] if goes else [])
    assert path.exists() != goes


def test_a_temporary_file_that_may_still_be_written_stays(tmp_path: Path) -> None:
    name = ".2021-07-04.parquet.0123456789abcdef0123456789abcdef.tmp"
    written(tmp_path / name, at=None)

    assert Leftovers(tmp_path).items(datetime.now(UTC) - timedelta(days=1)) == []


def test_what_a_link_points_to_is_not_touched(tmp_path: Path) -> None:
    name = ".a.parquet.0123456789abcdef0123456789abcdef.tmp"
    elsewhere = written(tmp_path / "elsewhere" / name)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "site_days").symlink_to(elsewhere.parent)
    (tmp_path / "tables" / name).symlink_to(elsewhere)

    assert Leftovers(tmp_path / "tables").items(BEFORE) == []


def test_missing_folders_have_nothing_to_remove(tmp_path: Path) -> None:
    state = tmp_path / "none"
    with dg.DagsterInstance.ephemeral() as instance:
        kinds: list[Kind] = [StepLogs(state, instance), Downloads(state), Responses(state), Leftovers(state)]
        assert [kind.items(BEFORE) for kind in kinds] == [[], [], [], []]


def test_what_is_gone_already_is_no_error(tmp_path: Path) -> None:
    written(tmp_path / "downloads" / "airnow" / "20210101.dat")
    kind = Downloads(tmp_path)
    items = kind.items(BEFORE)

    kind.remove(items)
    kind.remove(items)
