"""The whole stack is lost and restored from a backup: PostgreSQL's dumps, and a copy of the bucket.

The commands are those of docs/how-to/backup.md, without `docker compose exec`.
"""

import hashlib
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.rehearsal import databases
from deploy.rehearsal.dagster_api import DagsterApi, Run
from deploy.rehearsal.processes import Broken
from deploy.rehearsal.stack import Stack

DATABASES: Final = ("dagster", "mlflow", "mlflow_auth")

BUCKET: Final = "airwatch"


def lost_and_restored(stack: Stack, api: DagsterApi, days: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Back up while everything runs, destroy databases, objects and state, restore, work on.

    Raises Broken unless Dagster knows the same runs, every object has the same bytes, and the next run over the same
    ``days``, tags of a run that was there before, changes no table.
    """
    backup, runs = stack.folder / "backup", api.runs()
    began = time.monotonic()
    backed_up(stack, backup)
    before = _hashes(backup / "bucket")
    say(f"backed up {len(DATABASES)} databases and {len(before)} objects in {time.monotonic() - began:.0f} s")
    _destroy(stack)
    say("destroyed databases, bucket and state")
    began = time.monotonic()
    restore(stack, backup)
    say(f"restored, and every service healthy, after {time.monotonic() - began:.0f} s")
    _require_same_runs(runs, api)
    run = api.ended(api.launch_assets(["raw_readings", "site_days"], days), within_s=240)
    if run.status != "SUCCESS":
        raise Broken(f"The run after the restore ended as {run.status}", stack.log("code"))
    copy_bucket(stack, f"stack:{BUCKET}", str(stack.folder / "after"))
    after = _hashes(stack.folder / "after")
    tables = [name for name in {*before, *after} if name.startswith("tables/") and name.endswith(".parquet")]
    changed = sorted(name for name in tables if before.get(name) != after.get(name))
    if changed or not tables:
        raise Broken(f"{len(changed)} of {len(tables)} tables' files changed: {changed[:5]}", stack.log("code"))
    say(f"the next run succeeded; all {len(tables)} files of tables have the bytes of before")


def backed_up(stack: Stack, backup: Path) -> None:
    """Databases first: what they name is in the bucket by then."""
    backup.mkdir()
    for name in DATABASES:
        databases.dump(name, backup / f"{name}.dump", stack.environment("postgres"), port=stack.ports["postgres"])
    copy_bucket(stack, f"stack:{BUCKET}", str(backup / "bucket"))


def restore(stack: Stack, backup: Path) -> None:
    """An empty PostgreSQL and an empty store first; the other services once both have their contents."""
    stack.start("postgres")
    for name in DATABASES:
        databases.restore(name, backup / f"{name}.dump", stack.environment("postgres"), port=stack.ports["postgres"])
    stack.start("storage")
    copy_bucket(stack, str(backup / "bucket"), f"stack:{BUCKET}")
    for _ in stack.up([name for name in stack.services if name not in ("postgres", "storage")]):
        pass


def _destroy(stack: Stack) -> None:
    stack.down()
    for name in ("postgres", "storage", "state"):
        shutil.rmtree(stack.folder / name)
    for name in ("storage", "state"):
        (stack.folder / name).mkdir()


def _require_same_runs(before: list[Run], api: DagsterApi) -> None:
    known = {run.run_id: run.status for run in api.runs()}
    lost = [run.run_id for run in before if known.get(run.run_id) != run.status]
    if lost:
        raise Broken(f"{len(lost)} of {len(before)} runs are not as they were: {lost[:5]}", api.log("webserver"))


def copy_bucket(stack: Stack, source: str, target: str) -> None:
    """`rclone sync` of folders or of ``stack:bucket/prefix``, with the login of the stack. Raises Broken."""
    secrets = stack.folder / "secrets"
    login = {
        "RCLONE_CONFIG_STACK_TYPE": "s3",
        "RCLONE_CONFIG_STACK_PROVIDER": "Other",
        "RCLONE_CONFIG_STACK_ENDPOINT": f"http://127.0.0.1:{stack.ports['storage']}",
        "RCLONE_CONFIG_STACK_ACCESS_KEY_ID": (secrets / "s3_access_key").read_text(encoding="utf-8").strip(),
        "RCLONE_CONFIG_STACK_SECRET_ACCESS_KEY": (secrets / "s3_secret_key").read_text(encoding="utf-8").strip(),
        "RCLONE_CONFIG": "/dev/null",
    }
    environment = {**stack.environment("storage"), **login}
    program = shutil.which("rclone", path=environment["PATH"])
    if program is None:
        raise Broken("rclone is not installed (it comes with requirements-dev.txt)")
    done = subprocess.run(  # noqa: S603 - the program of requirements-dev.txt
        [program, "sync", source, target], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Broken(f"rclone sync {source} {target} failed: {done.stderr.strip()}")


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
