"""Families compared on identical site-days, with the noise of the comparison by resampling blocks of days."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.columns import BASELINES, FAMILIES, HORIZONS_DAYS

HORIZON_WEIGHTS: Final = {1: 0.5, 2: 0.25, 3: 0.25}
"""What an error at each horizon counts: tomorrow, the forecast people act on, as much as the two later days
together."""

BLOCK_DAYS: Final = 7
"""Length of a resampled block: an episode's errors hang together for some days."""

RESAMPLES: Final = 500
"""Bootstrap repetitions; fixes a share to about two percentage points."""


@dataclass(frozen=True)
class Comparison:
    """Skill of each family over damped persistence on the same rows: the share of its squared error saved, horizons
    weighted."""

    evidence: str
    rows: int
    days: int
    skill: dict[str, float]
    resampled: dict[str, np.ndarray] | None
    """Skill of each family in every resample; None when days cannot be resampled."""

    def learned(self) -> list[str]:
        return [family for family in self.skill if family not in BASELINES]

    def eligible_learned(self) -> list[str]:
        """Learned families better than damped persistence and than climatology."""
        bar = max(0.0, self.skill.get("climatology", 0.0))
        return [family for family in self.learned() if self.skill[family] > bar]

    def eligible(self) -> list[str]:
        """Families that may serve: all baselines, and the learned ones above them."""
        return [family for family in self.skill if family in BASELINES] + self.eligible_learned()

    def best_of(self, families: list[str]) -> str:
        return max(families, key=lambda family: self.skill[family])

    def chance_better(self, family: str, other: str) -> float | None:
        """Share of resamples in which ``family`` has more skill than ``other``."""
        return None if self.resampled is None else float(np.mean(self.resampled[family] > self.resampled[other]))

    def skill_lower(self, family: str) -> float | None:
        """5th percentile of the family's skill over the resamples."""
        return None if self.resampled is None else float(np.quantile(self.resampled[family], 0.05))

    def skill_over_climatology(self, family: str) -> float:
        """Share of climatology's squared error saved, from the two skills over damped persistence."""
        rest = 1.0 - self.skill.get("climatology", np.nan)
        return 1.0 - (1.0 - self.skill[family]) / rest


def compare(scores: pd.DataFrame, *, families: list[str], seed: int) -> Comparison | None:
    """Families on the site-days and horizons that all of them forecast; None when there are none, or no damped
    persistence."""
    if "damped_persistence" not in families or scores.empty:
        return None
    chosen = scores[scores["model_family"].isin(families)]
    squared = (chosen["pm25_ugm3"] - chosen["pm25_observed_ugm3"]) ** 2
    key = ["target_date", "horizon_days", "site_id", "model_family"]
    wide = chosen[key].assign(squared=squared).set_index(key)["squared"].unstack("model_family")
    wide = wide.reindex(columns=families).dropna()
    if wide.empty:
        return None
    totals, days = _daily_totals(wide)
    chosen_days = np.vstack([np.arange(len(days)), _resampled_days(len(days), seed=seed)])
    skill = _skill(totals, chosen_days, reference=families.index("damped_persistence"))
    named = {family: skill[:, number] for number, family in enumerate(families)}
    return Comparison(
        "the same site-days of the trailing year",
        len(wide),
        len(days),
        {f: float(v[0]) for f, v in named.items()},
        {f: v[1:] for f, v in named.items()},
    )


def _daily_totals(wide: pd.DataFrame) -> tuple[np.ndarray, pd.Index]:
    """Sum of squared errors by day × horizon × family."""
    grouped = wide.groupby(level=["target_date", "horizon_days"]).sum()
    days = grouped.index.unique("target_date").sort_values()
    full = pd.MultiIndex.from_product([days, HORIZONS_DAYS], names=grouped.index.names)
    totals = grouped.reindex(full, fill_value=0.0).to_numpy()
    return totals.reshape(len(days), len(HORIZONS_DAYS), wide.shape[1]), days


def _resampled_days(count: int, *, seed: int) -> np.ndarray:
    """Day numbers of each resample: blocks of consecutive days, drawn with replacement, wrapping round."""
    generator = np.random.default_rng(seed)
    blocks = -(-count // BLOCK_DAYS)
    starts = generator.integers(0, count, size=(RESAMPLES, blocks))
    return ((starts[:, :, None] + np.arange(BLOCK_DAYS)) % count).reshape(RESAMPLES, -1)[:, :count]


def _skill(totals: np.ndarray, chosen_days: np.ndarray, *, reference: int) -> np.ndarray:
    """Weighted skill of each family in each selection of days; horizons without evidence drop out."""
    sums = totals[chosen_days].sum(axis=1)
    base = sums[:, :, reference]
    weights = np.array([HORIZON_WEIGHTS[horizon] for horizon in HORIZONS_DAYS]) * (base > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_horizon = np.where(base[:, :, None] > 0, 1.0 - sums / base[:, :, None], 0.0)
        return (weights[:, :, None] * by_horizon).sum(axis=1) / weights.sum(axis=1)[:, None]


def compare_holdouts(trained: pd.DataFrame) -> Comparison | None:
    """Fitted families by the skill on their own holdouts; None when there is none."""
    tested = trained[trained["holdout_rows"] > 0]
    if tested.empty:
        return None
    columns = [f"holdout_skill_{horizon}d" for horizon in HORIZONS_DAYS]
    weights = np.array([HORIZON_WEIGHTS[horizon] for horizon in HORIZONS_DAYS])
    skill = tested[columns].to_numpy(dtype=float)
    present = ~np.isnan(skill)
    weighted = np.where(present, skill * weights, 0.0).sum(axis=1) / np.maximum((present * weights).sum(axis=1), 1e-12)
    by_family = dict(zip(tested["model_family"], weighted.tolist(), strict=True))
    ordered = {family: by_family[family] for family in FAMILIES if family in by_family}
    days = pd.to_datetime(tested["last_target_date"]) - pd.to_datetime(tested["first_target_date"])
    held_out = min(120, max(1, round(0.2 * (int(days.max().days) + 1))))
    return Comparison("their holdouts", int(tested["holdout_rows"].max()), held_out, ordered, None)
