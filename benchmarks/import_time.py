"""How long a run worker takes to import the code location, beside the libraries it cannot do without.

    python -m benchmarks.import_time --times 7

Every Dagster run imports the code location, so a second here is a second of every run.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Measured, in_turns

FLOOR = "import dagster, pandas, pandera"
CODE_LOCATION = "import airwatch_dagster.definitions"
HEAVY = ("mlflow", "evidently", "sklearn", "catboost", "matplotlib", "boto3", "sqlalchemy", "grpc")


def measured(times: int) -> Measured:
    """CPU seconds of an import of the code location, as a multiple of that of the libraries."""
    return in_turns(lambda: _python(CODE_LOCATION), lambda: _python(FLOOR), times=times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7, help="imports of each, in turn (default: 7)")
    found = measured(parser.parse_args().times)
    ours, floor = statistics.median(found.ours), statistics.median(found.peer)
    more = statistics.median(one - other for one, other in zip(found.ours, found.peer, strict=True))
    print(f"{FLOOR:46}{floor:6.2f} CPU-s")
    print(f"{CODE_LOCATION:46}{ours:6.2f} CPU-s, {more:.2f} more; {found}")
    print(f"{'heavy libraries it loads':46}{_loaded() or 'none'}")


def _loaded() -> str:
    """Which of the heavy libraries the code location imports."""
    return _python(f"{CODE_LOCATION}, sys; print(*[name for name in {HEAVY} if name in sys.modules])").strip()


def _python(statement: str) -> str:
    """What a fresh interpreter prints: as in a deployment without warnings, and from files that are compiled."""
    repository = Path(__file__).resolve().parents[1]
    environment = os.environ | {"PYTHONPATH": str(repository), "DAGSTER_DISABLE_TELEMETRY": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-W", "ignore", "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


if __name__ == "__main__":
    main()
