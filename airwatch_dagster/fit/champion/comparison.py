"""Skill of families on identical site-days, with its sampling noise from a block bootstrap over days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion.paired_errors import PairedErrors, horizon_name
from airwatch_dagster.fit.training import HOLDOUT_SHARE, MAX_HOLDOUT_DAYS
from airwatch_dagster.schemas.columns import FAMILIES, HORIZONS_DAYS, REFERENCE_FAMILY

PartKind = Literal["all", "horizon", "season", "region", "usg"]

HORIZON_WEIGHTS: Final = {1: 0.5, 2: 0.25, 3: 0.25}
"""Weight of each horizon in the overall skill: tomorrow, the forecast people act on, weighs as much as the two later
days together."""

BLOCK_DAYS: Final = 7
"""Length of a bootstrap block: errors within an episode are correlated for some days."""

RESAMPLES: Final = 1000
"""Bootstrap samples: the standard error of a share of 90 % is one percentage point, of 99 % a third of a point."""

MIN_PART_ROWS: Final = 100
"""Forecasts from which on a region, a season or the USG days can reject a family."""

MIN_PART_WEEKS: Final = 8
"""Weeks those forecasts must spread over: fewer are one or two episodes, whose noise a bootstrap cannot estimate."""


@dataclass(frozen=True)
class Part:
    """Skill of each family on part of the evidence: the share of damped persistence's squared error saved, horizons
    weighted."""

    kind: PartKind
    name: str
    rows: int
    weeks: int
    """Weeks with a forecast in this part."""
    is_judged: bool
    """Whether it has enough forecasts and weeks to tell a difference from noise."""
    skill: dict[str, float]
    resampled: dict[str, np.ndarray] | None = field(default=None, compare=False, repr=False)
    """Skill of each family in every bootstrap sample; None for holdouts, which have no daily errors."""

    @property
    def where(self) -> str:
        """The part as it reads in a sentence: in summer, 1 day ahead."""
        if self.kind == "usg":
            return "on days Unhealthy for Sensitive Groups"
        return f"{self.name} ahead" if self.kind == "horizon" else f"in {self.name}"

    def chance_better(self, family: str, other: str) -> float | None:
        """Share of bootstrap samples in which ``family`` has more skill than ``other``; None without samples."""
        if self.resampled is None:
            return None
        gain = self.resampled[family] - self.resampled[other]
        return float(np.mean(gain[~np.isnan(gain)] > 0))

    def spread(self, family: str) -> tuple[float, float] | None:
        """5th and 95th percentile of the family's skill over the bootstrap samples; None without samples."""
        if self.resampled is None:
            return None
        low, high = np.nanquantile(self.resampled[family], [0.05, 0.95])
        return float(low), float(high)


@dataclass(frozen=True)
class Comparison:
    """Skill of families on the same forecasts, overall and by part."""

    evidence: str
    days: int
    parts: tuple[Part, ...]
    """All of the evidence first, then horizons, seasons, regions and USG days."""

    @property
    def overall(self) -> Part:
        """All of the evidence as one part."""
        return self.parts[0]

    @property
    def rows(self) -> int:
        """Forecasts compared, of all horizons together."""
        return self.overall.rows

    @property
    def skill(self) -> dict[str, float]:
        """Skill of each family on all of the evidence."""
        return self.overall.skill

    def judged(self, *kinds: PartKind) -> list[Part]:
        """Parts of these kinds that have enough evidence."""
        return [part for part in self.parts if part.kind in kinds and part.is_judged]

    def skill_over_climatology(self, family: str) -> float:
        """Share of climatology's squared error saved, from the two skills over damped persistence."""
        rest = 1.0 - self.skill.get("climatology", np.nan)
        return 1.0 - (1.0 - self.skill[family]) / rest


def compare(scores: pd.DataFrame, *, families: Sequence[str], seed: int) -> Comparison | None:
    """Skill of the families on the site-days and horizons that all of them forecast.

    ``scores`` are rows of ``candidate_scores``; other families are ignored. None without a common forecast, without
    damped persistence among ``families``, and when damped persistence has no error. The same rows in any order and the
    same ``seed`` give the same numbers.
    """
    if REFERENCE_FAMILY not in families or scores.empty:
        return None
    paired = PairedErrors.of(scores, families=families)
    if paired is None:
        return None
    draws = _draws(len(paired.days), seed=seed)
    parts = tuple(_part(paired, draws, kind, name, where) for kind, name, where in _places(paired))
    if np.isnan(parts[0].skill[REFERENCE_FAMILY]):
        return None
    return Comparison("the same site-days of the trailing year", len(paired.days), parts)


def _places(paired: PairedErrors) -> Iterator[tuple[PartKind, str, np.ndarray]]:
    yield "all", "all", paired.everywhere()
    for name, where in paired.by_horizon().items():
        yield "horizon", name, where
    for name, where in paired.by_season().items():
        yield "season", name, where
    for name, where in paired.by_region().items():
        yield "region", name, where
    yield "usg", "USG days", paired.on_usg_days()


def _part(paired: PairedErrors, draws: np.ndarray, kind: PartKind, name: str, where: np.ndarray) -> Part:
    inside = (paired.is_common & where).sum(axis=(1, 2))
    rows, weeks = int(inside.sum()), len(paired.days[inside > 0].to_period("W").unique())
    is_judged = rows >= MIN_PART_ROWS and weeks >= MIN_PART_WEEKS
    totals, reference = paired.daily_totals(where), paired.families.index(REFERENCE_FAMILY)
    skill = _skill(totals.sum(axis=0)[None], reference=reference)[0]
    sums = (draws @ totals.reshape(len(totals), -1)).reshape(len(draws), *totals.shape[1:])
    resampled = _skill(sums, reference=reference)
    by_family = dict(zip(paired.families, skill.tolist(), strict=True))
    return Part(kind, name, rows, weeks, is_judged, by_family, dict(zip(paired.families, resampled.T, strict=True)))


def _draws(count: int, *, seed: int) -> np.ndarray:
    """Bootstrap sample × day → how often the day is drawn: circular blocks of consecutive days, with replacement."""
    generator = np.random.default_rng(seed)
    blocks = -(-count // BLOCK_DAYS)
    starts = generator.integers(0, count, size=(RESAMPLES, blocks))
    days = ((starts[:, :, None] + np.arange(BLOCK_DAYS)) % count).reshape(RESAMPLES, -1)[:, :count]
    places = days + count * np.arange(RESAMPLES)[:, None]
    return np.bincount(places.ravel(), minlength=RESAMPLES * count).reshape(RESAMPLES, count).astype(float)


def _skill(sums: np.ndarray, *, reference: int) -> np.ndarray:
    """Weighted skill from sums (sample × horizon × family); horizons without evidence drop out, null without any."""
    base = sums[:, :, reference]
    weights = np.array([HORIZON_WEIGHTS[horizon] for horizon in HORIZONS_DAYS]) * (base > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_horizon = np.where(base[:, :, None] > 0, 1.0 - sums / base[:, :, None], 0.0)
        weighted: np.ndarray = (weights[:, :, None] * by_horizon).sum(axis=1) / weights.sum(axis=1)[:, None]
    return weighted


def compare_holdouts(trained: pd.DataFrame) -> Comparison | None:
    """Skill of the fitted families on their own holdouts: overall and by horizon, without bootstrap samples.

    ``trained`` are rows of ``trained_models``. None when none has a holdout.
    """
    tested = trained[trained["holdout_rows"] > 0].set_index("model_family")
    tested = tested.loc[[family for family in FAMILIES if family in tested.index]]
    if tested.empty:
        return None
    by_lead = pd.DataFrame({lead: tested[f"holdout_skill_{lead}d"].astype(float) for lead in HORIZONS_DAYS})
    # Leads without a skill drop out of the weighted mean.
    weights = by_lead.notna() * pd.Series(HORIZON_WEIGHTS)
    skill = (by_lead.fillna(0.0) * weights).sum(axis=1) / weights.sum(axis=1).clip(lower=1e-12)
    overall = Part("all", "all", int(tested["holdout_rows"].max()), 0, False, _by_family(skill))
    leads = [Part("horizon", horizon_name(lead), 0, 0, False, _by_family(by_lead[lead])) for lead in HORIZONS_DAYS]
    days = tested["last_target_date"].max() - tested["first_target_date"].min()
    held_out = min(MAX_HOLDOUT_DAYS, max(1, round(HOLDOUT_SHARE * (days.days + 1))))
    return Comparison("their holdouts", held_out, (overall, *leads))


def _by_family(skill: pd.Series) -> dict[str, float]:
    return {str(family): float(value) for family, value in skill.items()}
