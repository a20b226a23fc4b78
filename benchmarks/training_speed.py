"""What does a month's training cost beside CatBoost alone on the same two windows?

    python -W ignore -m benchmarks.training_speed [--sites 60] [--times 3]

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
    options = parser.parse_args()
    print(measured(options.times, sites=options.sites))


def measured(times: int, *, sites: int = 60, years: int = 3) -> Measured:
    """A month's training beside CatBoost on the same matrices."""
    examples = simulated_examples(sites, years)
    data = matrices(examples)
    params = params_of("catboost", None)

    def alone() -> None:
        for one in data:
            BoostedTrees.fit(one, params=params, **FIT)

    return in_turns(lambda: train_families(examples, families=FAMILIES, month=MONTH, **FIT), alone, times=times)


def matrices(examples: pd.DataFrame) -> list[HorizonData]:
    """What the learned families fit on, for each horizon of the whole window and of the part before the holdout."""
    early, _ = split_in_time(examples)
    return [data for window in (examples, early) for data in TrainingSet(window, **FIT).by_horizon.values()]


if __name__ == "__main__":
    main()
