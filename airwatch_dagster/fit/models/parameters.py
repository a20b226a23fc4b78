"""Hyperparameters of the learned families: defaults, and the space of a search."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from airwatch_dagster.errors import ContractViolation

DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "ridge": {"penalty": 1500.0},
    "random_forest": {
        "n_estimators": 20,
        "max_features": 0.1,
        "min_samples_leaf": 10,
        "rows_per_tree": 1500,
        "share_per_tree": 0.03,
    },
    "catboost": {
        "depth": 6,
        "learning_rate": 0.06,
        "rsm": 0.3,
        "border_count": 64,
        "l2_leaf_reg": 3.0,
        "rounds": 250,
        "context_share": 0.1,
        "context_weight": 0.3,
    },
    "blend": {},
}
"""By family. Ridge: of 500, 1500 and 4000, 500 did worst around Chicago in 2019 and 2020. Forest: a tree draws
``rows_per_tree`` examples, or a share of a nation's if those are more, which gained 0.012 skill there in 2020 and 2021;
40 trees of more rows and smaller leaves took several times as long around cities for no more; 10 trees lost 0.017 of
the forest's own skill and 0.001 of the blend's in seven metropolitan areas in eight months of 2021, one day ahead.
A split that looks at a tenth of the inputs takes 0.7 of the time of 0.15 of them: in these areas in 2021 the blend's
skill was 0.002 higher one day ahead, 0.001 lower two and 0.001 higher three days ahead, of the nation one day ahead
the same, all within noise; 1,000 examples a tree on top lost 0.001.
Boosting: twice the rounds, depth 8, half the rows or a Huber loss gained nothing in 2020 and 2021, nationwide; a tenth
of the examples around an area, at a third of the weight, gained 0.008 skill in seven metropolitan areas, all of them
0.014 for four times the time. In January, May, August and September 2020, a third of the nation's sites, one day ahead,
examples that count half after a year and residuals cut at 40 µg/m³ gained the blend nothing; trees on the residual
relative to the level 0.002, and on the log of the ratio a MAE lower by 0.02 for 0.002 less skill."""


@dataclass(frozen=True)
class Range:
    """The values that a search may give a parameter."""

    low: float
    high: float
    is_log: bool = False
    """Values are drawn evenly on a log scale."""
    is_whole: bool = False


SPACES: Final[dict[str, dict[str, Range]]] = {
    "ridge": {"penalty": Range(100.0, 20_000.0, is_log=True)},
    "random_forest": {
        "n_estimators": Range(20, 60, is_whole=True),
        "max_features": Range(0.05, 0.25, is_log=True),
        "min_samples_leaf": Range(3, 40, is_log=True, is_whole=True),
        "rows_per_tree": Range(350, 6000, is_log=True, is_whole=True),
    },
    "catboost": {
        "depth": Range(4, 7, is_whole=True),
        "learning_rate": Range(0.02, 0.15, is_log=True),
        "rsm": Range(0.1, 0.6, is_log=True),
        "l2_leaf_reg": Range(1.0, 30.0, is_log=True),
        "rounds": Range(100, 500, is_log=True, is_whole=True),
    },
}
"""By family, the range of each parameter that a search varies. The blend has the parameters of its members."""

WORK: Final = {
    "random_forest": ("n_estimators", "max_features", "rows_per_tree"),
    "catboost": ("depth", "rsm", "rounds"),
}
"""Parameters whose product the time of a fit grows with; the last of them is limited so that it stays bounded."""

MAX_WORK: Final = 2.0
"""Times the defaults' work that a candidate's fit may cost: a nation must still be retrained within minutes."""


def suggested(family: str, trial: Any) -> dict[str, Any]:
    """The family's parameters in an Optuna trial; a fit with them costs at most ``MAX_WORK`` times the defaults'."""
    params, costly = dict(DEFAULTS[family]), WORK.get(family, ())
    for name, values in SPACES[family].items():
        high = values.high
        if name in costly[-1:]:
            high = min(high, MAX_WORK * params[name] * work(family, DEFAULTS[family]) / work(family, params))
        suggest = trial.suggest_int if values.is_whole else trial.suggest_float
        params[name] = suggest(name, values.low, int(high) if values.is_whole else high, log=values.is_log)
    return params


def work(family: str, params: Mapping[str, Any]) -> float:
    """Product of the parameters that the time of a fit grows with; 1 without any."""
    return float(np.prod([params[name] for name in WORK.get(family, ())]))


ROUNDS_BY_HORIZON: Final = {1: 1.0, 2: 0.6, 3: 0.4}
"""Share of the boosting rounds by horizon: longer leads have less signal."""

FULL_ROWS: Final = 200_000
"""Examples of one horizon from which boosting takes all its rounds; fewer, as of one city, support fewer rounds."""

MIN_ROUNDS_SHARE: Final = 0.25
"""Least share of the rounds. Around seven metropolitan areas 60 larger steps did as well as 100 small
ones, in half the time."""

RATE_POWER: Final = -1 / 3
"""The learning rate is multiplied by this power of the share of the rounds: fewer steps have to be larger."""


def params_of(family: str, params: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """The family's defaults with ``params[family]`` over them; empty for a baseline and the blend.

    Raises ContractViolation for a name that the family does not have.
    """
    known, given = DEFAULTS.get(family, {}), (params or {}).get(family, {})
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ContractViolation(
            f"parameters of {family}",
            f"{unknown[0]!r} is not one of them",
            fix=f"Use {', '.join(known) or 'none'}, or rebuild the month of hyperparameters that holds it",
        )
    return {**known, **given}


def boosting_steps(rounds: int, learning_rate: float, *, rows: int, horizon_days: int) -> dict[str, Any]:
    """CatBoost's ``iterations`` (at least 10) and ``learning_rate`` for one horizon with ``rows`` examples.

    ``rounds`` and ``learning_rate`` are those for ``FULL_ROWS`` examples one day ahead.
    """
    share = min(1.0, max(MIN_ROUNDS_SHARE, (rows / FULL_ROWS) ** 0.5))
    trees = max(10, round(rounds * share * ROUNDS_BY_HORIZON[horizon_days]))
    return {"iterations": trees, "learning_rate": learning_rate * share**RATE_POWER}
