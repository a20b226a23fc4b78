"""How does the cost of features grow with the number of sites, and which part costs what?

    python -W ignore -m benchmarks.feature_scaling [--sites 700] [--days 365] [--site-days FILE]

A quarter of the sites is doubled twice to all of them, each drawn at random (`thinned`). Then all are doubled twice in
two ways: `wider`, further networks of the same density beside the first, and `denser`, each site copied about 30 km
away. In a denser network each site has more neighbours within the same reach, and a
sum over them has more terms: its cost cannot be linear in the sites while every term counts. Without FILE (a Parquet
file or folder of `site_days`) the network is made up: as many cities as a tenth of the sites, strewn over the area of
the contiguous states, three of four days observed.

Prints CPU seconds in all and by part, and the exponent by which they grow from one to four times the sites.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich import features
from airwatch_dagster.enrich.advection import Advection
from airwatch_dagster.enrich.grid import HISTORY_DAYS
from airwatch_dagster.enrich.maps import Maps
from airwatch_dagster.enrich.neighbours import Neighbours
from benchmarks.measure import Measured, in_turns

PARTS: Final[dict[str, tuple[Any, str]]] = {
    "day grid": (features, "day_grid"),
    "lags": (features, "lag_features"),
    "neighbours": (Neighbours, "features"),
    "maps": (Maps, "features"),
    "advection": (Advection, "features"),
}
"""Functions that are timed, by owner and name; the rest is their weights and the table itself."""

KINDS: Final = ("thinned", "wider", "denser")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=700, help="of the made-up network (default: 700)")
    parser.add_argument("--days", type=int, default=365, help="issue dates, the last ones of FILE (default: 365)")
    parser.add_argument("--site-days", type=Path, help="a file or folder of site_days instead of a made-up network")
    arguments = parser.parse_args()
    if arguments.site_days:
        first = pd.read_parquet(arguments.site_days)
    else:
        first = network(sites=arguments.sites, days=arguments.days)
    print(f"{'':8}{'sites':>7}{'CPU-s':>8}" + "".join(f"{part:>12}" for part in PARTS))
    for kind in KINDS:
        totals = [_measured_parts(kind, site_days, days=arguments.days) for site_days in _doubled_twice(first, kind)]
        print(f"{kind:8}exponent {np.log(totals[-1] / totals[0]) / np.log(4):.2f}", flush=True)


def measured(times: int, *, kind: str, sites: int = 700, days: int = 120) -> Measured:
    """Features of four times the sites, in CPU seconds, as a multiple of four times those of the sites."""
    once, _, four = _doubled_twice(network(sites=sites, days=days), kind)
    found = in_turns(lambda: _features(four, days=days), lambda: _features(once, days=days), times=times)
    return Measured(found.ours, [4 * seconds for seconds in found.peer])


def network(*, sites: int, days: int) -> pd.DataFrame:
    """Site-days of a made-up network, in the columns that features read, for ``days`` days and the 28 before."""
    noise = np.random.default_rng(0)
    cities = noise.uniform((30.0, -122.0), (48.0, -72.0), (max(1, sites // 10), 2))
    places = cities[noise.integers(0, len(cities), sites)] + noise.normal(0.0, 0.3, (sites, 2))
    dates = pd.date_range(end="2021-12-31", periods=days + HISTORY_DAYS)
    values = noise.gamma(2.0, 4.5, (len(dates), sites)).round(1)
    day, site = np.nonzero(noise.random(values.shape) < 0.75)
    return pd.DataFrame(
        {
            "site_id": pd.Series([f"17{number:07d}" for number in range(sites)])[site].to_numpy(),
            "date_local": dates[day],
            "pm25_ugm3": values[day, site],
            "is_valid": True,
            "method_code": "170",
            "cbsa_code": "16980",
            "state_code": "17",
            "latitude": places[site, 0],
            "longitude": places[site, 1],
        }
    )


def _doubled_twice(site_days: pd.DataFrame, kind: str) -> list[pd.DataFrame]:
    """Of one, two and four times the sites."""
    if kind == "thinned":
        return [thinned(site_days, share) for share in (4, 2, 1)]
    return [multiplied(site_days, copies, kind=kind) for copies in (1, 2, 4)]


def thinned(site_days: pd.DataFrame, share: int) -> pd.DataFrame:
    """``site_days`` of one in ``share`` sites, drawn at random; a larger share has the sites of a smaller one."""
    sites = np.random.default_rng(2).permutation(site_days["site_id"].drop_duplicates().sort_values().to_numpy())
    return site_days[site_days["site_id"].isin(sites[: len(sites) // share])]


def multiplied(site_days: pd.DataFrame, copies: int, *, kind: str) -> pd.DataFrame:
    """``site_days`` with copies of each site: a quarter of the globe further east, or about 30 km away."""
    number, sites = pd.factorize(site_days["site_id"])
    noise, parts = np.random.default_rng(1), [site_days]
    for copy in range(1, copies):
        near = noise.normal(0.0, 0.3, (len(sites), 2))
        moved = np.full_like(near, (0.0, 90.0 * copy)) if kind == "wider" else near
        parts.append(
            site_days.assign(
                site_id=site_days["site_id"] + f"-{copy}",
                latitude=site_days["latitude"] + moved[number, 0],
                longitude=(site_days["longitude"] + moved[number, 1] + 180.0) % 360.0 - 180.0,
            )
        )
    return pd.concat(parts, ignore_index=True)


def _features(site_days: pd.DataFrame, *, days: int) -> pd.DataFrame:
    issued = pd.date_range(end=site_days["date_local"].max(), periods=days)
    return features.build_features(site_days, issue_dates=issued, area_site_ids=set(site_days["site_id"]))


def _measured_parts(kind: str, site_days: pd.DataFrame, *, days: int) -> float:
    """CPU seconds in all; prints them, and those of each part."""
    with _timed_parts() as seconds:
        began = time.process_time()
        _features(site_days, days=days)
        total = time.process_time() - began
    parts = "".join(f"{seconds[part]:12.2f}" for part in PARTS)
    print(f"{kind:8}{site_days['site_id'].nunique():7}{total:8.2f}{parts}", flush=True)
    return total


@contextmanager
def _timed_parts() -> Iterator[dict[str, float]]:
    """CPU seconds of each part while it is open."""
    seconds = dict.fromkeys(PARTS, 0.0)
    originals = {part: getattr(*where) for part, where in PARTS.items()}

    def timed(part: str) -> Callable[..., object]:
        def run(*arguments: object, **more: object) -> object:
            began = time.process_time()
            try:
                return originals[part](*arguments, **more)
            finally:
                seconds[part] += time.process_time() - began

        return run

    for part, (owner, name) in PARTS.items():
        setattr(owner, name, timed(part))
    try:
        yield seconds
    finally:
        for part, (owner, name) in PARTS.items():
            setattr(owner, name, originals[part])


if __name__ == "__main__":
    main()
