"""What do a site's lags and rolling statistics cost beside mlforecast's, on the same gap-filled series?

    python -W ignore -m benchmarks.lags [--sites 700] [--days 393] [--times 9]

Both start from the same long table of sites and days, each in its own order of rows, and end with a table of seven
lags, means of 3, 7, 14 and 28 days, standard deviation and maximum of 7 and 28; AirWatch counts observed days besides.
The means and maxima must be equal, mlforecast's a day later, or the benchmark fails.

mlforecast is no dependency of AirWatch. It goes into an environment of its own that sees this one:

    python -m venv peers
    python -c "import numpy, pathlib; print(pathlib.Path(numpy.__file__).parents[1])" > this.pth
    mv this.pth peers/lib/python3.*/site-packages/
    peers/bin/python -m pip install mlforecast==1.1.0
    peers/bin/python -W ignore -m benchmarks.lags
"""

import argparse
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.lags import MEAN_WINDOWS_DAYS, SPREAD_WINDOWS_DAYS, lag_features
from benchmarks.measure import Measured, PeerMissing, in_turns

LAGS: Final = range(1, 8)
"""mlforecast's lag of a day is ours of the day before: its rows are of the day that is forecast."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=700)
    parser.add_argument("--days", type=int, default=393)
    parser.add_argument("--times", type=int, default=9)
    arguments = parser.parse_args()
    print(measured(arguments.times, sites=arguments.sites, days=arguments.days))


def measured(times: int, *, sites: int = 700, days: int = 393) -> Measured:
    """CPU seconds of AirWatch's, as a multiple of mlforecast's. Raises PeerMissing without it."""
    by_day = _series(sites, days)
    by_site = by_day.sort_values(["unique_id", "ds"], ignore_index=True)
    _check_equal(_ours(by_day), _mlforecast(by_site))
    # Ten at a time: one takes a twentieth of a second, and other work on the machine disturbs so short a time.
    return in_turns(
        lambda: [_ours(by_day) for _ in range(10)], lambda: [_mlforecast(by_site) for _ in range(10)], times=times
    )


def _series(sites: int, days: int) -> pd.DataFrame:
    dates = pd.date_range("2021-01-01", periods=days)
    names = [f"17{number:07d}" for number in range(sites)]
    values = np.random.default_rng(0).gamma(2.0, 4.5, sites * days).round(1)
    return pd.DataFrame({"unique_id": np.tile(names, days), "ds": np.repeat(dates, sites), "y": values})


def _ours(by_day: pd.DataFrame) -> pd.DataFrame:
    values = by_day["y"].to_numpy().reshape(by_day["ds"].nunique(), -1)
    columns = {name: matrix.ravel() for name, matrix in lag_features(values).items()}
    return pd.DataFrame({"unique_id": by_day["unique_id"], "ds": by_day["ds"], **columns})


def _mlforecast(by_site: pd.DataFrame) -> pd.DataFrame:
    try:
        from mlforecast import MLForecast
        from mlforecast.lag_transforms import RollingMax, RollingMean, RollingStd
    except ImportError as error:
        raise PeerMissing("mlforecast is not installed; benchmarks/lags.py says how") from error
    rolling = [RollingMean(window, min_samples=1) for window in MEAN_WINDOWS_DAYS]
    rolling += [kind(window, min_samples=1) for kind in (RollingStd, RollingMax) for window in SPREAD_WINDOWS_DAYS]
    peer = MLForecast(models=[], freq="D", lags=list(LAGS), lag_transforms={1: rolling}, num_threads=1)
    found: pd.DataFrame = peer.preprocess(by_site, static_features=[], dropna=False)
    return found


def _check_equal(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Raises AssertionError unless mlforecast's means and maxima of a day are ours of the day before."""
    before = ours.assign(ds=ours["ds"] + pd.Timedelta(days=1))
    both = theirs.merge(before, on=["unique_id", "ds"], validate="one_to_one")
    pairs = {f"pm25_mean_{days}d_ugm3": f"rolling_mean_lag1_window_size{days}" for days in MEAN_WINDOWS_DAYS}
    pairs |= {f"pm25_max_{days}d_ugm3": f"rolling_max_lag1_window_size{days}" for days in SPREAD_WINDOWS_DAYS}
    for own, other in pairs.items():
        np.testing.assert_allclose(both[own], both[f"{other}_min_samples1"], rtol=1e-9, err_msg=own)


if __name__ == "__main__":
    main()
