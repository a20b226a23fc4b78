"""PostgreSQL as its image makes it on first boot: a cluster with one user and one database."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.rehearsal.processes import Broken

POSTGRES_USER: Final = "postgres"
"""Runs the server where this process is root, which PostgreSQL refuses."""


def binaries() -> str:
    """The folder with PostgreSQL's server programs; Debian keeps them off the path. Empty if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return str(found[-1]) if found else ""


def server_user() -> str | None:
    """The user that runs the server; None for this process's own."""
    return POSTGRES_USER if os.geteuid() == 0 else None


def create_cluster(data: Path, environment: Mapping[str, str], *, user: str | None) -> None:
    """A cluster in the folder ``data`` whose only user needs the password. Raises Broken."""
    data.mkdir()
    password = data.with_name("initdb-password")
    password.write_text(_password(environment), encoding="utf-8")
    if user:
        shutil.chown(data, user, user)
        shutil.chown(password, user, user)
    options = ["--username", environment["POSTGRES_USER"], "--pwfile", str(password), "--auth", "scram-sha-256"]
    options += shlex.split(environment.get("POSTGRES_INITDB_ARGS", ""))
    _run(["initdb", "-D", str(data), *options], environment, cwd=data, user=user)
    password.unlink()


def create_database(environment: Mapping[str, str], *, port: int) -> None:
    """The database that the image makes; nothing to do on a later start. Raises Broken."""
    name = environment["POSTGRES_DB"]
    if name not in _psql("SELECT datname FROM pg_database", environment, port=port).split():
        _psql(f"CREATE DATABASE {name}", environment, port=port)


def dump(name: str, file: Path, environment: Mapping[str, str], *, port: int) -> None:
    """A database as of one moment, while others may write to it. Raises Broken."""
    command = ["pg_dump", *_address(environment, port), "--format", "custom", "--file", str(file), name]
    _run(command, _login(environment), cwd=Path("/"))


def restore(name: str, file: Path, environment: Mapping[str, str], *, port: int) -> None:
    """What a dump holds, in a database that is empty or does not exist yet. Raises Broken."""
    if name not in _psql("SELECT datname FROM pg_database", environment, port=port).split():
        _psql(f"CREATE DATABASE {name}", environment, port=port)
    command = ["pg_restore", *_address(environment, port), "--no-owner", "--exit-on-error", "--dbname", name, str(file)]
    _run(command, _login(environment), cwd=Path("/"))


def _address(environment: Mapping[str, str], port: int) -> list[str]:
    return ["--host", "127.0.0.1", "--port", str(port), "--username", environment["POSTGRES_USER"]]


def _login(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "PGPASSWORD": _password(environment)}


def _password(environment: Mapping[str, str]) -> str:
    return Path(environment["POSTGRES_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()


def _psql(sql: str, environment: Mapping[str, str], *, port: int) -> str:
    command = ["psql", *_address(environment, port), "--dbname", "postgres", "--no-psqlrc", "--tuples-only", "--quiet"]
    return _run([*command, "--set", "ON_ERROR_STOP=1", "--command", sql], _login(environment), cwd=Path("/"))


def _run(command: list[str], environment: Mapping[str, str], *, cwd: Path, user: str | None = None) -> str:
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise Broken(f"{command[0]} is not installed")
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [program, *command[1:]],
        env=dict(environment),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        raise Broken(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout
