"""Do the readers of EPA's and AirNow's files survive damage at random places?

    python -W ignore -m benchmarks.fuzz_readers --examples 3000

Each reader gets so many files with one to three random changes. A reader passes when it gives rows that the table's
contract allows, or an error of AirWatch, and loses no unchanged line without a line set aside.
"""

import argparse
import time
import warnings
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airwatch_dagster_tests.acquire.mutations import READERS, check_damaged, damaged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=3000, help="files per reader (default: 3000)")
    parser.add_argument("--readers", default=",".join(READERS), help="comma-separated (default: all)")
    chosen = parser.parse_args()
    warnings.simplefilter("error", RuntimeWarning)  # a number that is none went into a calculation
    for reader in chosen.readers.split(","):
        outcomes, began = Counter[str](), time.monotonic()
        _drawn(reader, chosen.examples, outcomes)
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
        print(f"{reader:14} {outcomes.total():>6,} files {time.monotonic() - began:6.0f} s: {counts}", flush=True)


def _drawn(reader: str, examples: int, outcomes: Counter[str]) -> None:
    """Count the outcomes of damaged files of one reader. Raises the first exception that is not AirWatch's own."""
    content = READERS[reader][0]()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        outcomes[check_damaged(reader, data.draw(damaged(content)))] += 1

    check()


if __name__ == "__main__":
    main()
