"""What the job of a new day takes beside a job of one empty asset: CPU seconds, wall clock, processes, heavy libraries.

    python -W ignore -m benchmarks.daily_job DATA STATE 2021-09-30 --times 3

DATA and STATE are the storage and the state of a history up to the day before, with a champion for the month; every
run has a copy of both. AIRWATCH_SOURCE, AIRWATCH_AREA and the addresses of sources are taken from the environment.
Both jobs are run by ``dagster job execute``, which does in one process what the process of a launched run does.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
EMPTY_JOB = """
import dagster as dg
@dg.asset
def nothing() -> None: ...
defs = dg.Definitions(assets=[nothing], jobs=[dg.define_asset_job("empty", selection=[nothing])])
"""
HEAVY = ("mlflow", "evidently", "sklearn", "catboost", "matplotlib", "boto3", "scipy", "polars")
POLL_S = 0.01


@dataclass(frozen=True)
class Took:
    """One run of a job."""

    cpu_s: float
    wall_s: float
    processes: int
    heavy: str
    """Libraries of HEAVY that the run's process imported, by blanks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("day", help="the new day, YYYY-MM-DD")
    parser.add_argument("--times", type=int, default=3, help="runs of each job, in turns (default: 3)")
    arguments = parser.parse_args()
    ours, floor = [], []
    for _ in range(arguments.times):
        with tempfile.TemporaryDirectory() as folder:
            floor.append(_empty(Path(folder)))
            data, state = shutil.copytree(arguments.data, Path(folder, "data")), Path(folder, "state")
            shutil.copytree(arguments.state, state)
            ours.append(_daily(arguments.day, data=data, state=state))
            print(f"{ours[-1]}  beside {floor[-1]}", flush=True)
    for unit in ("cpu_s", "wall_s"):
        more = [getattr(one, unit) - getattr(other, unit) for one, other in zip(ours, floor, strict=True)]
        print(f"{unit} more: {statistics.median(more):.1f} ({min(more):.1f} to {max(more):.1f}, n = {len(more)})")
    print(f"processes: {max(one.processes for one in ours)}; load {os.getloadavg()[0]:.0f}")


def _daily(day: str, *, data: Path, state: Path) -> Took:
    """The daily job as its schedule asks for it, on the instance of the repository's dagster.yaml."""
    places = {"AIRWATCH_STORAGE": str(data.resolve()), "AIRWATCH_STATE": str(state.resolve())}
    tags = json.dumps({"dagster/partition": day})
    arguments = ["-m", "airwatch_dagster.definitions", "-a", "code_location", "-j", "forecast_day", "--tags", tags]
    return _took(arguments, {**places, "DAGSTER_HOME": str(REPOSITORY)}, where=REPOSITORY)


def _empty(folder: Path) -> Took:
    folder.joinpath("empty_job.py").write_text(EMPTY_JOB, encoding="utf-8")
    home = folder / "home"
    home.mkdir(exist_ok=True)
    home.joinpath("dagster.yaml").touch()
    return _took(["-m", "empty_job", "-a", "defs", "-j", "empty"], {"DAGSTER_HOME": str(home)}, where=folder)


def _took(arguments: list[str], settings: dict[str, str], *, where: Path) -> Took:
    """Runs ``dagster job execute`` and looks at its process tree every POLL_S seconds.

    Raises RuntimeError with the end of its output when the run failed.
    """
    told = f"import atexit, sys; atexit.register(lambda: print('HEAVY', *[n for n in {HEAVY} if n in sys.modules]))"
    program = f"{told}; from dagster._cli import main; sys.argv[1:] = {['job', 'execute', *arguments]!r}; main()"
    environment = os.environ | settings | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{where}"}
    environment |= {"DAGSTER_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, begin = _children_cpu_s(), time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        command = [sys.executable, "-W", "ignore", "-c", program]
        run = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=where)
        seen = {run.pid}
        while run.poll() is None:
            seen |= _descendants(run.pid)
            time.sleep(POLL_S)
        wall = time.monotonic() - begin
        output.seek(0)
        text = output.read()
    if run.returncode:
        raise RuntimeError(f"dagster job execute {' '.join(arguments)} ended with {run.returncode}:\n{text[-4000:]}")
    heavy = re.findall(r"^HEAVY ?(.*)$", text, flags=re.MULTILINE)
    return Took(round(_children_cpu_s() - before, 2), round(wall, 2), len(seen), heavy[-1])


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _descendants(pid: int) -> set[int]:
    """Processes below ``pid`` at this moment; Linux."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        below = {int(child) for task in tasks for child in (task / "children").read_text().split()}
    except OSError:
        return set()
    return below.union(*(_descendants(child) for child in below))


if __name__ == "__main__":
    main()
