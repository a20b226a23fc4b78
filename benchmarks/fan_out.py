"""One, two and four runs at a time over one PostgreSQL and one S3: the same tables, and how much faster?

    .venv/bin/python -m benchmarks.fan_out [--airdata URL] [--months 2020-01:2020-06] [--history 2018-01] [--rounds 3]

Starts the stack of docker-compose.yml as processes (`deploy.rehearsal`: PostgreSQL, SeaweedFS, MLflow, code server,
webserver, daemon) and launches a run for each month of each table by GraphQL, as the UI does: N of them are queued or
under way at any time. A table is complete before the next one begins, since months read the months before them. The
tables of a round are deleted before the next; each round's are compared with the first's bit by bit, and the exit code
is 1 when any differs. Prints, after each round, medians over those so far: partitions a minute, CPU seconds, ratios to
one at a time.

Simulated air, or EPA's files at URL. History before the months is built once, by runs of a year. Runs wait for the
pools `epa_requests` and `training` here as everywhere; `--pool training=4` lets four hold one.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.automation.jobs import RANGE_END, RANGE_START
from airwatch_dagster.schemas import TABLES
from benchmarks.compare_storages import SENTENCES, VOLATILE, compare_table, partitions
from deploy.rehearsal.dagster_api import DagsterApi
from deploy.rehearsal.loss import BUCKET, copy_bucket
from deploy.rehearsal.processes import Broken
from deploy.rehearsal.stack import Stack, unavailable

FAN_OUTS: Final = (1, 2, 4)
"""Runs at a time; four is the limit of deploy/dagster.yaml."""

CHAIN: Final = ("raw_readings", "site_days", "features", "training_examples", "trained_models")
"""Tables in the order of the data."""

OF_REGISTRY: Final = ("model_version",)
"""Numbers in the order in which MLflow's registry was asked."""

BUCKET_TABLES: Final = f"stack:{BUCKET}/tables"


@dataclass(frozen=True)
class Measured:
    """All months of one table."""

    seconds: float
    runs_cpu_s: float
    """CPU seconds of the code server and its runs."""
    others_cpu_s: float
    """CPU seconds of the other services."""


def main() -> int:
    arguments = _parsed()
    if missing := unavailable():
        print(f"Not possible here: {missing}")
        return 1
    first, _, last = arguments.months.partition(":")
    months = pd.period_range(first, last, freq="M")
    with tempfile.TemporaryDirectory(prefix="airwatch-fan-out-", dir=arguments.folder) as temporary:
        Path(temporary).chmod(0o755)  # PostgreSQL's user passes through it
        stack = Stack.new(Path(temporary, "stack"), **_settings(arguments, months))
        try:
            for name, seconds in stack.up():
                print(f"{name} is up after {seconds:.0f} s", flush=True)
            return _benchmark(stack, months, arguments)
        finally:
            stack.down()


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--airdata", default="", help="address of EPA's files, file://… too (default: simulated air)")
    parser.add_argument("--area", default="cbsa:16980")
    parser.add_argument("--months", default="2020-01:2020-06", help="FIRST:LAST")
    parser.add_argument("--context-km", default="")
    parser.add_argument("--history", help="first month that is built before; default: none")
    parser.add_argument("--pool", action="append", default=[], metavar="NAME=LIMIT")
    parser.add_argument("--tables", default=",".join(CHAIN))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="for databases and logs, which are deleted at the end")
    return parser.parse_args()


def _settings(arguments: argparse.Namespace, months: pd.PeriodIndex) -> dict[str, str]:
    first = f"{arguments.history or months[0]}-01"
    common = {"AIRWATCH_AREA": arguments.area, "AIRWATCH_CONTEXT_KM": arguments.context_km, "AIRWATCH_FIRST_DAY": first}
    if arguments.airdata:
        return {**common, "AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": arguments.airdata}
    return {**common, "AIRWATCH_PRACTICE_TODAY": str((months[-1] + 3).start_time.date())}


def _benchmark(stack: Stack, months: pd.PeriodIndex, arguments: argparse.Namespace) -> int:
    api, tables = DagsterApi(stack), arguments.tables.split(",")
    for pool in arguments.pool:
        name, _, limit = pool.partition("=")
        api.limit_pool(name, int(limit))
    _run(api, [(["monitors"], {})], at_a_time=1)
    if arguments.history:
        _build_history(api, pd.period_range(arguments.history, months[0] - 1, freq="M"))
    before = stack.folder / "before"
    copy_bucket(stack, BUCKET_TABLES, str(before))
    found, results, is_same = defaultdict(list), [], True
    for number in range(arguments.rounds):
        for at_a_time in FAN_OUTS:
            copy_bucket(stack, str(before), BUCKET_TABLES)
            for table in tables:
                measured = _measured(stack, api, table, months, at_a_time=at_a_time)
                found[table, at_a_time].append(measured)
                print(f"round {number + 1}, {at_a_time} at a time: {table} {measured.seconds:.1f} s", flush=True)
            results.append(stack.folder / f"tables-{number}-{at_a_time}")
            copy_bucket(stack, BUCKET_TABLES, str(results[-1]))
            is_same &= _same(results[0], results[-1])
        for table in tables:
            for at_a_time in FAN_OUTS:
                print(_line(table, at_a_time, found[table, at_a_time], found[table, 1], months), flush=True)
    print("same tables" if is_same else "DIFFERENT TABLES")
    return 0 if is_same else 1


def _build_history(api: DagsterApi, months: pd.PeriodIndex) -> None:
    years = [months[months.year == year] for year in sorted(set(months.year))]
    for table in CHAIN[:-1]:
        _run(api, [([table], _range(table, one[0], one[-1])) for one in years], at_a_time=1)
        print(f"history of {table} is built", flush=True)


def _measured(stack: Stack, api: DagsterApi, table: str, months: pd.PeriodIndex, *, at_a_time: int) -> Measured:
    before, began = _cpu_s(stack), time.monotonic()
    _run(api, [([table], _range(table, month, month)) for month in months], at_a_time=at_a_time)
    seconds, after = time.monotonic() - began, _cpu_s(stack)
    spent = {name: after[name] - before[name] for name in after}
    return Measured(seconds, spent.pop("code"), sum(spent.values()))


def _range(table: str, first: pd.Period, last: pd.Period) -> dict[str, str]:
    if TABLES[table].grain == "month":
        return {RANGE_START: str(first), RANGE_END: str(last)}
    return {RANGE_START: str(first.start_time.date()), RANGE_END: str(last.end_time.date())}


def _run(api: DagsterApi, launches: Sequence[tuple[list[str], dict[str, str]]], *, at_a_time: int) -> None:
    """Launch the runs in order, ``at_a_time`` of them unfinished at any time. Raises Broken when one fails."""
    waiting = list(launches)
    under_way: set[str] = set()
    while waiting or under_way:
        while waiting and len(under_way) < at_a_time:
            under_way.add(api.launch_assets(*waiting.pop(0)))
        time.sleep(0.5)
        for run in [api.run(run_id) for run_id in under_way]:
            if run.has_ended and run.status != "SUCCESS":
                raise Broken(f"Run {run.run_id} ended as {run.status}", api.log("code"))
            under_way -= {run.run_id} if run.has_ended else set()


def _cpu_s(stack: Stack) -> dict[str, float]:
    return {name: stack.process(name).usage().cpu_s for name, one in stack.services.items() if not one.runs_once}


def _line(
    table: str, at_a_time: int, found: Sequence[Measured], alone: Sequence[Measured], months: pd.PeriodIndex
) -> str:
    count = len(months) if TABLES[table].grain == "month" else sum(month.days_in_month for month in months)
    seconds, single = median(one.seconds for one in found), median(one.seconds for one in alone)
    return (
        f"{table:18} {at_a_time} at a time {seconds:7.1f} s {60 * count / seconds:7.0f} partitions a minute"
        f" × {single / seconds:4.2f}   CPU-s: runs {median(one.runs_cpu_s for one in found):6.1f},"
        f" others {median(one.others_cpu_s for one in found):5.1f}"
    )


def _same(first: Path, other: Path) -> bool:
    """Whether a round stored what the first stored, which ran one at a time; prints what differs."""
    before, after, is_same = partitions(first), partitions(other), True
    for table in sorted({table for table, _ in before.keys() | after.keys()}):
        lines = list(compare_table(table, before, after, (*VOLATILE, *SENTENCES, *OF_REGISTRY)))
        wrong = [line for line in lines[1:] if "DIFFERENT" in line or "only" in line]
        is_same &= not wrong
        print("\n".join([f"{other.name}: {lines[0]}", *wrong]), flush=True)
    return is_same


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
