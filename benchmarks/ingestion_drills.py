"""Does a year's ingestion end the same when it is disturbed, killed and resumed? Seeded drills, one line each.

    python -m benchmarks.ingestion_drills --drills 200 [--first-seed 0] [--jobs 1]

A drill draws source, area, year, faults and kills from its seed. It runs `airwatch backfill` against the practice
server, kills the process at random moments, restarts the command until it succeeds, and compares the stored
readings with those of an undisturbed run: row by row, with the pull that first showed and the one that superseded each.
After every kill each stored partition must be one that the undisturbed run has or had. The exit code is 1 unless every
drill survived.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from airwatch_dagster_tests.drills.outcomes import Outcome
from airwatch_dagster_tests.drills.plans import Drill
from airwatch_dagster_tests.drills.runner import DrillRunner


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drills", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="drills at a time (default: 1)")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.drills)
    began, outcomes = time.monotonic(), []
    for outcome in _outcomes(seeds, jobs=arguments.jobs):
        print(_line(outcome), flush=True)
        outcomes.append(outcome)
    print("\n".join(_summary(outcomes, time.monotonic() - began)))
    return 0 if outcomes and all(outcome.survived for outcome in outcomes) else 1


def _outcomes(seeds: range, *, jobs: int) -> Iterator[Outcome]:
    """In the order of the seeds, as they end."""
    with tempfile.TemporaryDirectory() as folder:
        if jobs == 1:
            _begin(folder)
            yield from map(_drilled, seeds)
            return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(folder,)) as pool:
            yield from pool.map(_drilled, seeds)


_RUNNERS: list[DrillRunner] = []
"""This process's own: it keeps the undisturbed run of every scenario."""


def _begin(folder: str) -> None:
    _RUNNERS.append(DrillRunner(Path(tempfile.mkdtemp(dir=folder))))


def _drilled(seed: int) -> Outcome:
    return _RUNNERS[0].run(Drill.drawn(seed))


def _line(outcome: Outcome) -> str:
    drill, scenario = outcome.drill, outcome.drill.scenario
    requests = f"{outcome.requests} requests for {outcome.needed}, {outcome.repeated_requests} again"
    faults = f"share {drill.fault_share:.2f}: {_counted(outcome.faults) or 'none'}"
    ended = "survived" if outcome.survived else f"FAILED: {'; '.join(outcome.problems)}"
    rows = f"{outcome.rows:,} rows, {outcome.difference.lost} lost, {outcome.difference.doubled} doubled"
    notes = f" | note: {'; '.join(outcome.notes)}" if outcome.notes else ""
    what = f"{scenario.source:<7} {scenario.area} {scenario.year}, then {scenario.sequel}"
    return (
        f"seed {drill.seed:>4} | {what} | {faults}"
        f" | {len(drill.kills)} kills, landed: {_counted(outcome.kills) or 'none'} | {outcome.attempts} attempts,"
        f" {outcome.failures.total()} failed | {requests} | {rows} | {ended} | {outcome.seconds:.1f} s{notes}"
    )


def _summary(outcomes: list[Outcome], seconds: float) -> Iterator[str]:
    survived = sum(outcome.survived for outcome in outcomes)
    yield f"\nsurvived {survived} of {len(outcomes)} drills in {seconds / 60:.1f} min"
    lost, doubled = (sum(getattr(o.difference, name) for o in outcomes) for name in ("lost", "doubled"))
    yield f"rows compared {sum(o.rows for o in outcomes):,}, lost {lost}, doubled {doubled}"
    yield f"attempts {sum(o.attempts for o in outcomes)}"
    kills, faults = sum((o.kills for o in outcomes), Counter()), sum((o.faults for o in outcomes), Counter())
    yield f"kills drawn {sum(len(o.drill.kills) for o in outcomes)}, landed {kills.total()}: {_counted(kills)}"
    yield f"faults injected {faults.total()}: {_counted(faults)}"
    means = {
        "made": sum(o.requests for o in outcomes) / len(outcomes),
        "needed undisturbed": sum(o.needed for o in outcomes) / len(outcomes),
        "disturbed": sum(o.repeated_for_faults for o in outcomes) / len(outcomes),
        "asked though kept": sum(o.repeated_requests for o in outcomes) / len(outcomes),
    }
    yield f"requests per drill: {', '.join(f'{name} {mean:.2f}' for name, mean in means.items())}"
    unrecorded = [o.unrecorded for o in outcomes if o.unrecorded]
    yield f"stored partitions unknown to Dagster {sum(unrecorded)}, in {len(unrecorded)} drills"
    yield f"killed runs that Dagster shows as started {sum(o.under_way for o in outcomes)}"
    yield f"unpublished files left behind {sum(o.remains for o in outcomes)}"
    for what, count in sum((o.failures for o in outcomes), Counter()).most_common():
        yield f"runs failed by themselves {count:>4} × {what}"
    for what, count in Counter(note for o in outcomes for note in o.notes).most_common():
        yield f"noted {count:>4} × {what}"


def _counted(counter: Counter) -> str:
    return ", ".join(f"{what} {count}" for what, count in sorted(counter.items()))


if __name__ == "__main__":
    sys.exit(main())
