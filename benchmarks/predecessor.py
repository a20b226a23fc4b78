"""What does the whole job take, four years of Chicago from a server to a monitoring report, beside the predecessor?

    python -W ignore -m benchmarks.predecessor [CHECKOUT --python PYTHON] [--times 3] [--months 1] [--processes 2]

CHECKOUT is a checkout of the Prefect project that AirWatch replaces, PYTHON an interpreter with its packages (prefect,
prefect-aws, evidently 0.6.7, mlflow, xgboost, scikit-learn, python-dotenv). Its flows run as they are, each in a
process of its own, beside a Prefect and an MLflow server as its instructions start them: register_blocks, ingestion of
all years but the last, transformation, training, selection, inference of the last year with its ingestion, monitoring.
Only places are replaced: the address of the AQS API by the practice server's, S3 by moto's server, the years, and the
path of the model by that of the selected one. It waits 6 seconds between requests, as EPA asks, and so does AirWatch.

AirWatch reads the same years from the same AQS API, with the sites around Chicago, and builds site-days, features and
examples of all of them; then every table but weather of the last MONTHS months: models of seven families, forecasts,
scores, verification, sensor flags, drift report, bulletin. Without CHECKOUT it runs alone. One process is the command
itself, which takes least CPU; of two each imports what it needs, and the clock shows what that gains. Servers of
readings and of S3 are not counted, Prefect's is, MLflow's without its workers.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.practice.server.server import DEFAULT_KEY, PracticeServer
from airwatch_dagster_tests.installations import Installation
from benchmarks.measure import Measured, cpu_seconds

YEARS: Final = (2018, 2021)
TODAY: Final = date(2022, 6, 1)
"""The practice server's clock: the years are final."""

AIRWATCH: Final = (sys.executable, "-W", "ignore", "-c", "from airwatch_dagster.cli import main; main()", "backfill")
HISTORY: Final = "monitors,raw_readings,site_days,features,training_examples"

BUCKET: Final = "air-quality-mlops-data-chicago-2025"
"""Where the predecessor's selector puts the model, whatever its settings are."""

ARTIFACTS: Final = "mlflow-artifacts-chicago-2025"
CLEANED: Final = "pm25_daily_cleaned_2009_2024"
"""The file that its training and monitoring read, whatever years are in it."""

RUNNER: Final = """
import importlib, json, os, socket, sys
sys.path.insert(0, os.getcwd())
import requests
name, flow, constants, arguments = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
get, lookup, mlflow_address = requests.get, socket.getaddrinfo, os.environ["MLFLOW_TRACKING_URI"]
requests.get = lambda url, **more: get(os.environ["LOCAL_AQS"] + url.partition("/data/api")[2], **more)
is_bucket = lambda host: isinstance(host, str) and host.endswith(".localhost")
socket.getaddrinfo = lambda host, *more, **named: lookup("127.0.0.1" if is_bucket(host) else host, *more, **named)
module = importlib.import_module("flows." + name)
if "mlflow" in sys.modules:
    sys.modules["mlflow"].set_tracking_uri(mlflow_address)
for constant, value in constants.items():
    getattr(module, constant)
    setattr(module, constant, value)
getattr(module, flow)(**arguments)
"""
"""Calls a flow of the predecessor with other places: its selector names an MLflow at port 5000. A constant that it does
not have is an error."""


@dataclass(frozen=True)
class Flow:
    """A flow of the predecessor."""

    module: str
    name: str
    constants: dict[str, Any]
    arguments: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", nargs="?", type=Path)
    parser.add_argument("--python", type=Path, help="the predecessor's interpreter")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--months", type=int, default=1, help="that are trained, the last ones (default: 1)")
    parser.add_argument("--processes", type=int, default=1, help="runs of AirWatch at a time (default: 1)")
    parser.add_argument("--context-km", help="AIRWATCH_CONTEXT_KM; 0: no sites around Chicago, as the predecessor")
    arguments = parser.parse_args()
    if arguments.checkout and not arguments.python:
        parser.error("--python: name the interpreter of the predecessor's environment")
    found = Measured([], [])
    for number in range(1, arguments.times + 1):
        with PracticeServer(today=TODAY) as server, tempfile.TemporaryDirectory() as folder:
            ours = partial(airwatch, server, Path(folder, "ours"), arguments)
            found.ours.append(_timed(f"{number} AirWatch", ours))
            if arguments.checkout:
                places = arguments.checkout.resolve(), arguments.python.absolute()
                peer = partial(predecessor, server, Path(folder, "peer"), *places)
                found.peer.append(_timed(f"{number} predecessor", peer))
    print(f"AirWatch: {Measured(found.ours, [])}")
    if found.peer:
        print(f"predecessor: {Measured(found.peer, [])}; AirWatch is {found} of it")


def _timed(what: str, work: Callable[[], None]) -> float:
    """CPU seconds of the processes that ``work`` starts; prints them, the wall clock and the load."""
    load, began, own = os.getloadavg()[0], time.monotonic(), time.process_time()
    used = cpu_seconds(work) - (time.process_time() - own)
    print(f"{what}: {used:.1f} CPU-s, {time.monotonic() - began:.0f} s, load {load:.1f} before", flush=True)
    return used


def airwatch(server: PracticeServer, folder: Path, arguments: argparse.Namespace) -> None:
    """Raises CalledProcessError for a backfill that fails, AssertionError without forecasts or drift report."""
    first, last = pd.Timestamp(YEARS[0], 1, 1), pd.Timestamp(YEARS[1], 12, 31)
    settings = {
        "AIRWATCH_SOURCE": "aqs",
        "AIRWATCH_AQS_URL": server.aqs_url,
        "AIRWATCH_CONTEXT_KM": arguments.context_km or "",
    }
    secrets = {"EPA_AQS_EMAIL": "someone@example.org", "EPA_AQS_API_KEY": DEFAULT_KEY}
    installation = Installation.at(folder, **settings, **secrets)
    trained = last + pd.Timedelta(days=1) - pd.DateOffset(months=arguments.months)
    for words in ([first, last, "--tables", HISTORY], [trained, last]):
        text = [f"{word:%Y-%m-%d}" if isinstance(word, pd.Timestamp) else word for word in words]
        _run(
            [*AIRWATCH, *text, "--processes", str(arguments.processes)],
            {**os.environ, **installation.environment},
            folder / "log",
        )
    report = installation.tables.read("drift_report", [f"{last:%Y-%m}"])
    assert len(report), "no drift report"
    assert len(installation.tables.read("predictions", [f"{last:%Y-%m-%d}"])), "no forecasts"


def predecessor(server: PracticeServer, folder: Path, checkout: Path, python: Path) -> None:
    """Raises CalledProcessError for a flow that fails, AssertionError without predictions or reports."""
    (folder / ".prefect").mkdir(parents=True)
    with ExitStack() as stack:
        buckets, s3_url = stack.enter_context(_s3())
        environment = _environment(server, s3_url, folder)
        for name, words in _servers(environment, folder).items():
            stack.enter_context(_started([str(python.parent / name), *words], environment, folder / f"{name}.log"))
        for flow in _flows():
            if flow.module == "model_inference":
                flow.constants["BEST_MODEL_S3_PATH"] = _selected(buckets)
            words = [flow.module, flow.name, json.dumps(flow.constants), json.dumps(flow.arguments)]
            log = folder / f"{flow.module}.log"
            # Monitoring ends with an error when it finds drift, after it has stored its reports.
            is_allowed = (lambda text: "Data drift detected" in text) if flow.module == "model_monitoring" else None
            command = [str(python), "-W", "ignore", "-c", RUNNER, *words]
            _run(command, environment, log, cwd=checkout, is_allowed=is_allowed)
        stored = _names(buckets)
    for part in ("predictions/", "monitoring_reports/data_drift_", "monitoring_reports/regression_performance_"):
        assert any(name.startswith(part) for name in stored), f"the predecessor stored no {part}"


def _flows() -> Iterator[Flow]:
    first, last = YEARS
    places = {"input_bucket_name": BUCKET, "input_key_prefix": "raw_data/pm25_daily", "output_bucket_name": BUCKET}
    names = {"input_file_name": f"pm25_daily_{first}_{last - 1}", "output_file_name": CLEANED}
    yield Flow("register_blocks", "main", {}, {})
    yield Flow("data_ingestion", "air_quality_ingestion_flow", {"START_YEAR": first, "END_YEAR": last - 1}, {})
    cleaned = {**places, **names, "output_key_prefix": "processed_data/pm25_daily"}
    yield Flow("data_transformation", "air_quality_transformation_flow", {}, cleaned)
    yield Flow("model_training", "train_models", {}, {})
    yield Flow("model_selector", "model_selection_flow", {}, {})
    yield Flow("model_inference", "model_batch_prediction_flow", {}, {"inference_year": last})
    yield Flow("model_monitoring", "model_monitoring_flow", {}, {"target_year": last})


def _environment(server: PracticeServer, s3_url: str, folder: Path) -> dict[str, str]:
    names = ("PATH", "LANG", "TMPDIR")
    return {
        **{name: os.environ[name] for name in names if name in os.environ},
        "HOME": str(folder),
        "PREFECT_HOME": str(folder / ".prefect"),
        **dict.fromkeys(("AWS_ENDPOINT_URL", "MLFLOW_S3_ENDPOINT_URL"), s3_url),
        **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), "us-east-1"),
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "local"),
        "LOCAL_AQS": server.aqs_url,
        "EPA_AQS_EMAIL": "someone@example.org",
        "EPA_AQS_API_KEY": DEFAULT_KEY,
        "S3_DATA_BUCKET_NAME": BUCKET,
        "S3_MLFLOW_ARTIFACTS_BUCKET_NAME": ARTIFACTS,
        "MLFLOW_ARTIFACT_LOCATION": f"s3://{ARTIFACTS}/artifacts",
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{_free_port()}",
        "PREFECT_API_URL": f"http://127.0.0.1:{_free_port()}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _servers(environment: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """Words after the program's name; the selector looks for MLflow at the address of the settings."""
    prefect, mlflow = (environment[name].split(":")[2].split("/")[0] for name in _ADDRESSES)
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--default-artifact-root", f"s3://{ARTIFACTS}/"]
    return {
        "prefect": ["server", "start", "--host", "127.0.0.1", "--port", prefect],
        "mlflow": ["server", *store, "--host", "127.0.0.1", "--port", mlflow],
    }


_ADDRESSES: Final = ("PREFECT_API_URL", "MLFLOW_TRACKING_URI")


@contextmanager
def _s3() -> Iterator[tuple[Any, str]]:
    """A client and the address of moto's server, with the two buckets."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        port = server.get_host_and_port()[1]
        secrets = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **secrets)
        for bucket in (BUCKET, ARTIFACTS):
            client.create_bucket(Bucket=bucket)
        yield client, f"http://localhost:{port}"
    finally:
        server.stop()


def _names(buckets: Any) -> list[str]:
    return [entry["Key"] for entry in buckets.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def _selected(buckets: Any) -> str:
    """The path that its author copies from MLflow's pages by hand."""
    [model] = [name for name in _names(buckets) if name.startswith("selected_models/") and name.endswith("/MLmodel")]
    return f"s3://{BUCKET}/{model.removesuffix('/MLmodel')}"


@contextmanager
def _started(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """A server, from when it answers until it has ended. Raises TimeoutError when it does not answer."""
    address = f"http://127.0.0.1:{command[command.index('--port') + 1]}"
    path = "/api/health" if command[1:2] == ["server"] and "prefect" in Path(command[0]).name else "/health"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_for(address + path, process)
        yield
    finally:
        # MLflow's workers outlive the program that started them, but not its session.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _wait_for(address: str, process: "subprocess.Popen[bytes]", *, seconds: float = 180.0) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError):
            opener.open(address, timeout=5).close()
            return
        time.sleep(0.5)
    raise TimeoutError(f"nothing answers at {address}: {process.args}")


def _run(
    command: list[str],
    environment: dict[str, str],
    log: Path,
    *,
    cwd: Path | None = None,
    is_allowed: Callable[[str], bool] | None = None,
) -> None:
    """Raises CalledProcessError, after its output, for a program that fails otherwise than is allowed."""
    with log.open("wb") as output:
        done = subprocess.run(command, check=False, env=environment, cwd=cwd, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text()
    if done.returncode and not (is_allowed and is_allowed(text)):
        print(text[-5000:])
        raise subprocess.CalledProcessError(done.returncode, command[:5])


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
