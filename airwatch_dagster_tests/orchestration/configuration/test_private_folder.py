"""The state folder is this user's alone: nobody reads its databases, nor plants a link under a name in it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.orchestration.configuration.environment import prepare_environment
from airwatch_dagster.orchestration.configuration.private_folder import private_folder_problem
from airwatch_dagster.orchestration.instance.run_locks import RunLock
from airwatch_dagster.orchestration.instance.write_locks import WriteLock


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_created_for_this_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    prepare_environment()

    assert mode(tmp_path / "state") == 0o700


@pytest.mark.parametrize("names", [(), ("mlflow.db", "another")])
def test_an_older_one_is_closed_to_others_with_a_notice(
    names: tuple[str, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in names:
        (tmp_path / name).touch()
    tmp_path.chmod(0o775)

    assert private_folder_problem(tmp_path) is None
    assert private_folder_problem(tmp_path) is None

    assert mode(tmp_path) == 0o700
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path} was open to other users (mode 775), and is this user's alone from now on (mode 700)"
    ]


def test_a_folder_of_other_files_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    tmp_path.chmod(0o755)

    assert private_folder_problem(tmp_path) is None
    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize("wide", [0o1777, 0o777])
def test_a_folder_that_everybody_may_write_to_is_refused(
    wide: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "another").touch()
    tmp_path.chmod(wide)
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    with pytest.raises(
        ConfigurationError, match=r"^AIRWATCH_STATE: .* is a folder that everybody may write to\. Set it"
    ):
        prepare_environment()

    assert mode(tmp_path) == wide, "/tmp stays as it is"


def test_a_planted_link_empties_no_file(tmp_path: Path) -> None:
    precious, locks = tmp_path / "precious", tmp_path / "locks"
    precious.write_text("a user's own")
    locks.mkdir()
    locks.chmod(0o700)
    writing = WriteLock(locks, root=str(tmp_path), table="raw_readings", holder="run 1")
    (locks / "run").symlink_to(precious)
    writing._path.symlink_to(precious)

    for lock in (RunLock(locks, "run"), writing):
        with pytest.raises(StorageError, match=r"the file of the lock is a link\. Remove it"):
            lock.acquire()

    assert precious.read_text() == "a user's own"


def test_a_lock_is_this_users_alone(tmp_path: Path) -> None:
    lock = RunLock(tmp_path / "locks", "run")
    (tmp_path / "locks").mkdir(mode=0o700)
    (tmp_path / "locks").chmod(0o700)

    lock.acquire()

    assert mode(tmp_path / "locks" / "run") & 0o077 == 0
    lock.release()
