"""A PostgreSQL server of this machine for tests, with one database for Dagster."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml

from deploy.rehearsal import databases

USER, DATABASE = "airwatch", "dagster"


@contextmanager
def dagster_in_postgres(port: int) -> Iterator[dg.DagsterInstance]:
    """An instance whose runs and events are in a new PostgreSQL; skips the test where none is installed."""
    if not databases.binaries():
        pytest.skip("no PostgreSQL (Debian: postgresql)")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # PostgreSQL's own user passes through it
        (folder / "password").write_text("of-a-test")
        path = os.pathsep.join([databases.binaries(), os.environ["PATH"]])
        environment = {"PATH": path, "POSTGRES_USER": USER, "POSTGRES_PASSWORD_FILE": str(folder / "password")}
        user = databases.server_user()
        databases.create_cluster(folder / "data", environment, user=user)
        control = [shutil.which("pg_ctl", path=path) or "pg_ctl", "-D", str(folder / "data"), "-w", "-m", "fast"]
        options = f"-p {port} -k {folder / 'data'} -h 127.0.0.1"
        as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
        start = [*control, "-o", options, "-l", str(folder / "data" / "log"), "start"]
        subprocess.run(start, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)  # type: ignore[call-overload]
        try:
            databases.create_database({**environment, "POSTGRES_DB": DATABASE}, port=port)
            with dg.DagsterInstance.from_config(str(_home(folder, port))) as instance:
                yield instance
        finally:
            subprocess.run([*control, "stop"], check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)  # type: ignore[call-overload]


def _home(folder: Path, port: int) -> Path:
    address = {"hostname": "127.0.0.1", "port": port, "username": USER, "password": "of-a-test", "db_name": DATABASE}
    storage = {"postgres": {"postgres_db": {"scheme": "postgresql+psycopg2", **address}}}
    (folder / "home").mkdir()
    (folder / "home" / "dagster.yaml").write_text(yaml.safe_dump({"telemetry": {"enabled": False}, "storage": storage}))
    return folder / "home"
