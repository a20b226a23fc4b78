"""Whether low room on a disk opens an incident, and when it ends."""

import os
import shutil
from types import SimpleNamespace

import pandas as pd
import pytest

from airwatch_dagster.orchestration.incidents.signs.disk import disk_sign, disk_signs
from airwatch_dagster.orchestration.incidents.state import Failure, Recovery, folded
from airwatch_dagster.orchestration.incidents.wording.texts import opening
from airwatch_dagster_tests.orchestration.incidents.watched import Watched

NOW = pd.Timestamp("2021-07-05 20:00")


def test_a_disk_without_room_for_a_month_is_told_and_ends_a_quarter_above_that() -> None:
    low = disk_sign("AIRWATCH_STORAGE", need_mb=400, free_mb=399, now=NOW)
    assert isinstance(low, Failure)
    [one] = folded([], [low])
    text = opening(one, newest_forecast=None).text
    assert text.startswith(
        "AirWatch: AIRWATCH_STORAGE is short of room\nWhat: 399 MB are free on its disk, and the next"
    )
    assert "The next runs may fill the disk, and fail." in text

    assert disk_sign("AIRWATCH_STORAGE", need_mb=400, free_mb=450, now=NOW) is None, "neither low nor enough"
    enough = disk_sign("AIRWATCH_STORAGE", need_mb=400, free_mb=500, now=NOW)
    assert isinstance(enough, Recovery)
    assert [one.is_open for one in folded([one], [enough])] == [False]


def test_tables_and_state_on_one_disk_are_one_problem(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100e6))

    [low, end] = disk_signs(watched.storage.tables(), now=NOW)

    assert isinstance(low, Failure)
    assert isinstance(end, Recovery)
    assert (low.asset, end.asset) == ("AIRWATCH_STORAGE", "AIRWATCH_STATE")
    assert low.error == "100 MB are free on its disk, and the next month needs about 220 MB"


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="this machine has no second file system for everybody")
def test_tables_and_state_on_two_disks_are_looked_at_each(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", "/dev/shm/no-such-folder")

    found = disk_signs(watched.storage.tables(), now=NOW)

    assert {one.asset for one in found} <= {"AIRWATCH_STATE", "AIRWATCH_STORAGE"}
    assert len(found) == 2, "each has room, or has none"
