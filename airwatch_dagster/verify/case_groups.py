"""The cases of a comparison in groups, as arrays with a line for each forecaster: what the scoreboard measures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.columns import AQI_CATEGORIES
from airwatch_dagster.verify.compared_cases import PROBABILITIES
from airwatch_dagster.verify.monthly import GROUPS

BAD_CATEGORIES: Final = AQI_CATEGORIES[2:]
"""Categories above an AQI of 100 (35.4 µg/m³ by both AQI tables): those at risk are advised to stay in."""


@dataclass(frozen=True)
class CaseGroup:
    """The cases of one lead and group of a comparison, the same ones and in the same order for each forecaster."""

    key: Mapping[str, Any]
    """``comparison``, ``horizon_days``, ``group_kind`` and ``group_name``."""
    forecasters: tuple[str, ...]
    columns: Mapping[str, np.ndarray]
    """Name → forecasters × cases, at least one case: see ``case_groups``."""

    def of_case(self, name: str) -> np.ndarray:
        """What holds for a case whoever forecasts it, such as what was observed: one value for each case."""
        return self.columns[name][0]

    @property
    def counts(self) -> dict[str, int]:
        """Cases, their places and weeks, and the cases with a concentration from every forecaster."""
        places, weeks = (len(np.unique(self.of_case(name))) for name in ("place", "week"))
        has_value = self.of_case("has_value")
        return {"cases": len(has_value), "places": places, "weeks": weeks, "cases_with_value": int(has_value.sum())}

    def within(self, is_inside: np.ndarray, *, kind: str, name: str) -> "CaseGroup":
        """The group ``name`` of the cases that are inside."""
        columns = {column: values[:, is_inside] for column, values in self.columns.items()}
        return CaseGroup({**self.key, "group_kind": kind, "group_name": name}, self.forecasters, columns)


def case_groups(cases: pd.DataFrame) -> Iterator[CaseGroup]:
    """By comparison and lead: all cases, then those of each EPA region. ``cases`` come from ``compared_cases``.

    The columns are those of the cases that metrics need; ``is_advised`` and ``is_bad``, true where the forecast and the
    observed category are of ``BAD_CATEGORIES``, and ``is_right`` where both are the same; ``place`` and ``week`` as
    numbers.
    """
    columns = _columns(cases)
    comparisons, comparison_names = pd.factorize(cases["comparison"])
    forecasters, forecaster_names = pd.factorize(cases["forecaster"])
    leads = cases["horizon_days"].to_numpy(dtype=int)
    for comparison, lead in sorted(set(zip(comparisons.tolist(), leads.tolist(), strict=True))):
        rows = np.flatnonzero((comparisons == comparison) & (leads == lead))
        present = np.unique(forecasters[rows])
        table = rows[np.argsort(forecasters[rows], kind="stable")].reshape(len(present), -1)
        key = {"comparison": comparison_names[comparison], "horizon_days": lead, "group_kind": "all"}
        names = tuple(str(forecaster_names[number]) for number in present)
        yield from _with_regions(
            CaseGroup(key | {"group_name": "all"}, names, {name: values[table] for name, values in columns.items()})
        )


def _with_regions(group: CaseGroup) -> Iterator[CaseGroup]:
    yield group
    region = group.of_case("region")
    for number, name in GROUPS["region"].items():
        is_inside = region == number
        if is_inside.any():
            yield group.within(is_inside, kind="region", name=name)


def _columns(cases: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns of ``case_groups``, a value for each row of the cases."""
    numbers = ("pm25_ugm3", "pm25_observed_ugm3", "is_covered", *PROBABILITIES)
    return {
        **{name: cases[name].to_numpy(dtype=float, na_value=np.nan) for name in numbers},
        "has_value": cases["has_value"].to_numpy(dtype=bool),
        "is_advised": cases["forecast_category"].isin(BAD_CATEGORIES).to_numpy(),
        "is_bad": cases["observed_category"].isin(BAD_CATEGORIES).to_numpy(),
        "is_right": (cases["forecast_category"] == cases["observed_category"]).to_numpy(dtype=bool),
        "region": cases["region"].to_numpy(),
        "place": pd.factorize(cases["place"])[0],
        "week": pd.to_datetime(cases["target_date"]).dt.to_period("W").astype("int64").to_numpy(),
    }
