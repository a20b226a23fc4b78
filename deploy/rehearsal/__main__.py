"""Rehearse docker-compose.yml with processes of this machine instead of containers.

    python -m deploy.rehearsal run                  # the short form: start, work, kill the code server, stop
    python -m deploy.rehearsal run --kill all       # kill each process in turn
    python -m deploy.rehearsal run --random 25      # random kills under runs of three kinds; --seed, --kill, --under
    python -m deploy.rehearsal run --random 0 --usage  # CPU and memory of each process, idle and working
    python -m deploy.rehearsal run --overrun        # a run that stands beyond its longest run time
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
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from deploy.rehearsal.dagster_api import DagsterApi
from deploy.rehearsal.drills import Drill, drilled, summary
from deploy.rehearsal.processes import Broken
from deploy.rehearsal.scenario import TODAY, evaluate, idle_lines, materialize, rehearse, stopped
from deploy.rehearsal.stack import Stack, unavailable
from deploy.rehearsal.work import KILLED, WORK


def main() -> int:
    """The exit code."""
    arguments = _parsed()
    # A shell that starts this in the background lets it ignore SIGINT, its servers too, and Dagster's then SIGTERM too.
    for number in _ENDING:
        signal.signal(number, _stop)
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


_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def _stop(*_: object) -> None:
    """A second signal must not end what stops the services."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    sys.exit("Stopped.")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.rehearsal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(dest="step", required=True)
    run = steps.add_parser("run", help="start, work, kill, stop")
    names = [*KILLED, "all", "none"]
    run.add_argument("--kill", nargs="+", choices=names, help="who dies (default: code; with --random: all)")
    run.add_argument("--overrun", action="store_true", help="let a run stand beyond its longest run time")
    run.add_argument("--lose-all", action="store_true", help="back up, destroy and restore everything (needs rclone)")
    run.add_argument("--random", type=int, metavar="N", help="instead: N drills, each a random kill under a random run")
    run.add_argument("--seed", type=int, default=0, help="of the first drill (default: 0)")
    run.add_argument("--under", nargs="+", choices=WORK, default=list(WORK), help="runs of the drills (default: all)")
    run.add_argument("--usage", action="store_true", help="after the drills: CPU and memory, idle and under each run")
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
        given = arguments.kill or (["code"] if arguments.random is None else ["all"])
        kills = list(KILLED) if "all" in given else [name for name in given if name != "none"]
        with tempfile.TemporaryDirectory(prefix="airwatch-rehearsal-") as temporary:
            folder = (arguments.folder or Path(temporary, "stack")).resolve()
            Path(temporary).chmod(0o755)  # PostgreSQL's user passes through it
            if arguments.random is None:
                rehearse(folder, kills=kills, overruns=arguments.overrun, loses_all=arguments.lose_all, say=_say)
            else:
                _drill(folder, arguments, kills)
    elif arguments.step == "up":
        stack = Stack.new(arguments.folder.resolve(), AIRWATCH_PRACTICE_TODAY=TODAY)
        for name, seconds in stack.up():
            _say(f"{name} is up and healthy after {seconds:.0f} s, at 127.0.0.1:{stack.ports.get(name, '-')}")
    else:
        _step(arguments, Stack.of(arguments.folder.resolve()))


def _drill(folder: Path, arguments: argparse.Namespace, victims: list[str]) -> None:
    """Raises Broken unless every drill survived."""
    seeds = range(arguments.seed, arguments.seed + arguments.random)
    drills = [Drill.drawn(seed, victims=victims, kinds=arguments.under) for seed in seeds]
    outcomes = drilled(folder, drills, measures=arguments.usage, say=_say)
    print("\n".join(summary(outcomes)))
    if broken := [outcome for outcome in outcomes if outcome.problems]:
        raise Broken(f"{len(broken)} of {len(outcomes)} drills did not survive")


def _step(arguments: argparse.Namespace, stack: Stack) -> None:
    match arguments.step:
        case "materialize":
            materialize(DagsterApi(stack), _say)
            evaluate(DagsterApi(stack), _say)
        case "usage":
            print("\n".join(idle_lines(stack, arguments.seconds)))
        case "kill":
            stack.kill(arguments.service, alone=arguments.alone)
            _say(f"killed {arguments.service}")
        case "restore":
            _say(f"restored {', '.join(stack.restore()) or 'nothing: every service runs'}")
        case "down":
            stopped(stack, _say)


_BEGAN = time.monotonic()


def _say(line: str) -> None:
    print(f"{time.monotonic() - _BEGAN:5.0f} s  {line}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
