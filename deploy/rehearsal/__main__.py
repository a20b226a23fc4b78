"""Rehearse docker-compose.yml with processes of this machine instead of containers.

    python -m deploy.rehearsal run                  # the short form: start, work, kill the code server, stop
    python -m deploy.rehearsal run --kill all       # kill each service in turn
    python -m deploy.rehearsal run --lose-all       # back up, destroy and restore everything
    python -m deploy.rehearsal up FOLDER            # or step by step, in a folder of your choice
    python -m deploy.rehearsal usage FOLDER
    python -m deploy.rehearsal kill FOLDER code
    python -m deploy.rehearsal restore FOLDER
    python -m deploy.rehearsal down FOLDER

Needs PostgreSQL (Debian: postgresql) and the environment of `make test`. Exits with 1 at the first expectation that is
not met, after the last lines of the log of the process concerned.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from deploy.rehearsal.dagster_api import DagsterApi
from deploy.rehearsal.processes import Broken
from deploy.rehearsal.scenario import KILLED, TODAY, evaluate, materialize, rehearse, usage_lines
from deploy.rehearsal.stack import Stack, unavailable


def main() -> int:
    """The exit code."""
    arguments = _parsed()
    missing = unavailable()
    if missing:
        print(f"No rehearsal: {missing}")
        return 1
    try:
        _run(arguments)
    except Broken as broken:
        print(f"BROKEN: {broken}")
        return 1
    return 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.rehearsal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(dest="step", required=True)
    run = steps.add_parser("run", help="start, work, kill, stop")
    run.add_argument("--kill", nargs="+", default=["code"], choices=[*KILLED, "all"], help="services (default: code)")
    run.add_argument("--lose-all", action="store_true", help="back up, destroy and restore everything (needs rclone)")
    run.add_argument("--folder", type=Path, help="keep databases and logs here (default: a temporary folder)")
    for name in ("up", "materialize", "usage", "kill", "restore", "down"):
        step = steps.add_parser(name)
        step.add_argument("folder", type=Path)
        if name == "kill":
            step.add_argument("service")
            step.add_argument("--alone", action="store_true", help="spare the processes that it started")
        if name == "usage":
            step.add_argument("--seconds", type=float, default=60)
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> None:
    if arguments.step == "run":
        kills = KILLED if "all" in arguments.kill else arguments.kill
        with tempfile.TemporaryDirectory(prefix="airwatch-rehearsal-") as temporary:
            folder = (arguments.folder or Path(temporary, "stack")).resolve()
            Path(temporary).chmod(0o755)  # PostgreSQL's user passes through it
            rehearse(folder, kills=kills, loses_all=arguments.lose_all, say=_say)
    elif arguments.step == "up":
        stack = Stack.new(arguments.folder.resolve(), AIRWATCH_PRACTICE_TODAY=TODAY)
        for name, seconds in stack.up():
            _say(f"{name} is up and healthy after {seconds:.0f} s, at 127.0.0.1:{stack.ports.get(name, '-')}")
    else:
        _step(arguments, Stack.of(arguments.folder.resolve()))


def _step(arguments: argparse.Namespace, stack: Stack) -> None:
    match arguments.step:
        case "materialize":
            materialize(DagsterApi(stack), _say)
            evaluate(DagsterApi(stack), _say)
        case "usage":
            print("\n".join(usage_lines(stack, arguments.seconds)))
        case "kill":
            stack.kill(arguments.service, alone=arguments.alone)
            _say(f"killed {arguments.service}")
        case "restore":
            _say(f"restored {', '.join(stack.restore()) or 'nothing: every service runs'}")
        case "down":
            stack.down()
            _say("everything has stopped, nothing is left running")


_BEGAN = time.monotonic()


def _say(line: str) -> None:
    print(f"{time.monotonic() - _BEGAN:5.0f} s  {line}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
