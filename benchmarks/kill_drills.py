"""Does a command that is killed where it changes state end as if nothing had happened, once it is started again?

    python -W ignore -m benchmarks.kill_drills [--scenarios import,repair] [--storages folder,moto] [--share 0.2]

A first pass runs each command undisturbed and notes every change of state that it makes: files that are written, moved
or removed, commits of Dagster's and MLflow's databases, requests that change something in S3; each by kind, object and
function. Then there is a drill for each of these places and moments (before it, in the middle of a write, after it).
The process is killed (SIGKILL), the stored tables are read, the same command is started again, and then everything must
be as after the undisturbed run. Every third drill has a writer beside it. One line a drill, a summary by kind, command,
storage and place, and exit code 1 unless all survived.
"""

import argparse
import logging
import math
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.drills.attempts import warm_up
from airwatch_dagster_tests.drills.changes import KillOrder
from airwatch_dagster_tests.drills.kill_runner import KillDrill, KillOutcome, KillRunner, orders
from airwatch_dagster_tests.drills.kill_scenarios import RESTATEMENTS, SECOND_PULL, KillScenario, scenarios
from airwatch_dagster_tests.drills.stored import Place
from airwatch_dagster_tests.s3_servers import S3Server, program, running_rclone

WRITER_EVERY: Final = 3
"""Of so many drills one has a writer beside it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", help="words of their names, comma-separated (default: all)")
    parser.add_argument("--storages", default="folder,moto", help="of folder, moto and rclone (default: folder,moto)")
    parser.add_argument("--share", type=float, default=1.0, help="share of the drills to run (default: all)")
    parser.add_argument("--list", action="store_true", help="list the places only")
    parser.add_argument("--only", help="drills whose place has this text")
    arguments = parser.parse_args()
    began, outcomes = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder) / "rclone") as (practice, s3):
        warm_up()
        runner, known = KillRunner(Path(folder)), scenarios(practice)
        words = arguments.scenarios.split(",") if arguments.scenarios else [""]
        chosen = [one for one in known if any(word in one.name for word in words)]
        for drill in _drills(runner, chosen, arguments.storages.split(","), s3, share=arguments.share):
            if (arguments.only or "") not in drill.order.change:
                continue
            if arguments.list:
                print(_what(drill), flush=True)
                continue
            outcome = runner.run(drill, _place(drill.storage, s3))
            outcomes.append(outcome)
            print(f"{len(outcomes):>4} {_line(outcome)}", flush=True)
    if arguments.list:
        return 0
    print("\n".join(_summary(outcomes, time.monotonic() - began)))
    return 0 if outcomes and all(outcome.survived for outcome in outcomes) else 1


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[PracticeServer, dict[str, S3Server]]]:
    """EPA's simulated services, and S3 servers by name."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with ExitStack() as stack:
        moto.start()
        stack.callback(moto.stop)
        host, port = moto.get_host_and_port()
        servers = {"moto": S3Server(f"http://{host}:{port}").with_bucket()}
        folder.mkdir()
        if program("rclone"):
            servers["rclone"] = stack.enter_context(running_rclone(folder))
        practice = stack.enter_context(PracticeServer(today=SECOND_PULL, restatements=RESTATEMENTS))
        yield practice, servers


def _drills(
    runner: KillRunner,
    chosen: Sequence[KillScenario],
    storages: Sequence[str],
    s3: Mapping[str, S3Server],
    *,
    share: float,
) -> Iterator[KillDrill]:
    """Each place in the first command where it occurs; where something is published, in each command.

    Of those of a command and storage a ``share``, evenly spread.
    """
    seen: set[tuple[str, str, str]] = set()
    for scenario in chosen:
        for storage in storages:
            if storage != "folder" and not scenario.is_on_s3:
                continue
            place = _place(storage, s3)
            new = []
            for order in orders(runner.undisturbed(scenario, place).changes):
                is_published = order.change.startswith(("rename tables", "PUT", "DELETE"))
                key = order.change, order.moment, scenario.name if is_published else ""
                if key not in seen:
                    new.append(order)
                seen.add(key)
            chosen_orders = _spread(new, share)
            print(f"{scenario.name}, {storage}: {len(new)} new places and moments, {len(chosen_orders)} drilled")
            for number, order in enumerate(chosen_orders):
                has_writer = bool(scenario.writer) and number % WRITER_EVERY == 0
                yield KillDrill(scenario, order, storage, has_writer)


def _spread(found: Sequence[KillOrder], share: float) -> list[KillOrder]:
    """A share of them, evenly spread; at least one."""
    count = min(len(found), math.ceil(share * len(found)))
    return [found[number * len(found) // count] for number in range(count)]


def _place(storage: str, s3: Mapping[str, S3Server]) -> Place | None:
    if storage == "folder":
        return None
    return Place(f"s3://{s3[storage].bucket}/{uuid.uuid4().hex}", s3[storage])


def _what(drill: KillDrill) -> str:
    beside = ", a writer beside it" if drill.has_writer else ""
    return f"{drill.scenario.name}, {drill.storage}{beside} | {drill.order.moment} {drill.order.change}"


def _line(outcome: KillOutcome) -> str:
    ended = "survived" if outcome.survived else f"FAILED: {'; '.join(outcome.problems)}"
    return f"{_what(outcome.drill)} | {ended} | {outcome.seconds:.1f} s"


def _summary(outcomes: Sequence[KillOutcome], seconds: float) -> Iterator[str]:
    survived = sum(outcome.survived for outcome in outcomes)
    yield f"\nsurvived {survived} of {len(outcomes)} drills in {seconds / 60:.1f} min"
    for title, name_of in _TITLES.items():
        drills, lost = Counter(), Counter()
        for outcome in outcomes:
            drills[name_of(outcome.drill)] += 1
            lost[name_of(outcome.drill)] += not outcome.survived
        yield f"by {title}: " + "; ".join(
            f"{name} {count}" + (f", {lost[name]} failed" if lost[name] else "")
            for name, count in sorted(drills.items())
        )


_TITLES: Final = {
    "kind": lambda drill: f"{drill.order.change.partition(' ')[0]} {drill.order.moment}",
    "command": lambda drill: drill.scenario.name,
    "storage": lambda drill: f"{drill.storage}{' with a writer' if drill.has_writer else ''}",
    "place": lambda drill: drill.order.change.rpartition("| ")[2],
}


if __name__ == "__main__":
    sys.exit(main())
