"""What does a month's training cost beside CatBoost alone on the same two windows?

    python -W ignore -m benchmarks.training_speed [--sites 60] [--times 3] [--no-warm-up]

Ours is every family on the whole window and on the part before its holdout, with the matrices and the holdout's scores;
the peer is CatBoost's own fit of each horizon of both windows, given the same matrices, parameters and threads. Air is
simulated, without weather and without sites around the area. Logging to MLflow is `benchmarks.model_files`.
"""

import argparse
from typing import Any

import pandas as pd

from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.parameters import params_of
from airwatch_dagster.fit.models.training_set import HorizonData, TrainingSet
from airwatch_dagster.fit.training import split_in_time, train_families
from airwatch_dagster.schemas.columns import FAMILIES
from benchmarks.measure import Measured, in_turns
from benchmarks.model_files import MONTH, simulated_examples

FIT: dict[str, Any] = {"seed": 1, "thread_count": 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=60)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--no-warm-up", action="store_true", help="the first run of each counts: for a nation")
    options = parser.parse_args()
    print(measured(options.times, sites=options.sites, warm_up=not options.no_warm_up))


def measured(times: int, *, sites: int = 60, years: int = 3, warm_up: bool = True) -> Measured:
    """A month's training beside CatBoost on the same matrices."""
    examples = simulated_examples(sites, years)
    data = matrices(examples)
    params = params_of("catboost", None)

    def alone() -> None:
        for one in data:
            BoostedTrees.fit(one, params=params, **FIT)

    def train() -> None:
        train_families(examples, families=FAMILIES, month=MONTH, **FIT)

    return in_turns(train, alone, times=times, warm_up=warm_up)


def matrices(examples: pd.DataFrame) -> list[HorizonData]:
    """What the learned families fit on, for each horizon of the whole window and of the part before the holdout."""
    early, _ = split_in_time(examples)
    return [data for window in (examples, early) for data in TrainingSet(window, **FIT).by_horizon.values()]


if __name__ == "__main__":
    main()
