"""How long a run worker takes to import the code location, beside the libraries it cannot do without.

    python benchmarks/import_time.py --times 7

Every Dagster run imports the code location, so a second here is a second of every run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

FLOOR = "import dagster, pandas, pandera"
CODE_LOCATION = "import airwatch_dagster.definitions"
HEAVY = ("mlflow", "evidently", "sklearn", "catboost", "matplotlib", "boto3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7, help="imports of each, in turn (default: 7)")
    times = parser.parse_args().times
    _seconds(CODE_LOCATION)  # compiles what is not compiled yet
    pairs = [(_seconds(FLOOR), _seconds(CODE_LOCATION)) for _ in range(times)]
    floor, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    nothing = statistics.median(_seconds("pass") for _ in range(times))
    print(f"{'python alone':46}{nothing:6.2f} s")
    print(f"{FLOOR:46}{floor:6.2f} s")
    print(f"{CODE_LOCATION:46}{ours:6.2f} s, {ours - floor:.2f} s more; median of {times}")
    print(f"{'heavy libraries it loads':46}{_loaded() or 'none'}")


def _seconds(statement: str) -> float:
    started = time.perf_counter()
    _python(statement)
    return time.perf_counter() - started


def _loaded() -> str:
    """Which of the heavy libraries the code location imports."""
    return _python(f"{CODE_LOCATION}, sys; print(*[name for name in {HEAVY} if name in sys.modules])").strip()


def _python(statement: str) -> str:
    """What a fresh interpreter prints, with the warnings of preview interfaces off as in a deployment."""
    repository = Path(__file__).resolve().parents[1]
    environment = os.environ | {"PYTHONPATH": str(repository), "DAGSTER_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-W", "ignore", "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


if __name__ == "__main__":
    main()
