"""What a site's neighbours say of its day, and how far the site is from it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.watch.verdicts import limits
from airwatch_dagster.watch.verdicts.history import History

_BLOCK: Final = 200
"""Sites solved at a time, which bounds memory."""


@dataclass(frozen=True)
class Contrasts:
    """Log PM2.5 of each site minus what its neighbours say."""

    anomaly: np.ndarray
    """Days × sites: log PM2.5 minus the site's mean of the year before the month."""
    expected: np.ndarray
    """Days × sites: the anomaly that the neighbours say."""
    neighbours: np.ndarray
    """Sites × neighbours: number of the neighbour, nearest first, or -1."""
    weights: np.ndarray
    """Sites × neighbours: rise of the expectation per rise of the neighbour."""

    @property
    def daily(self) -> np.ndarray:
        """Days × sites, in log PM2.5; its mean over the year before the month is about 0."""
        return np.asarray(self.anomaly - self.expected)


def contrasts(history: History) -> Contrasts:
    """Contrasts over the whole history, by a ridge regression of each site on its neighbours in the year before the
    month. Null for a site without readings in that year or with fewer than ``MIN_NEIGHBOURS`` neighbours.

    The regression sees departures from each month's mean, so sites that drift or step together do not excuse each
    other. A neighbour without a reading counts with the mean of the others, nearer ones more.
    """
    training = slice(max(history.start - limits.TRAINING_DAYS, 0), history.start)
    log = history.log
    is_there = ~np.isnan(log[training])
    anomaly = log - _column_means(log[training])
    within = np.full_like(log[training], np.nan)
    for ago in np.unique(history.months_ago[training]):
        days = history.months_ago[training] == ago
        within[days] = anomaly[training][days] - _column_means(anomaly[training][days])
    neighbours, closeness = _neighbours(history, is_there.sum(axis=0) >= limits.NEIGHBOUR_SHARE * len(is_there))
    expected, weights = np.full_like(anomaly, np.nan), np.zeros(neighbours.shape)
    for begin in range(0, len(history.site_ids), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        near = neighbours[block], closeness[block]
        weights[block] = _weights(within, within[:, block], *near)
        expected[:, block] = _weighted(anomaly, *near, weights[block])
    return Contrasts(anomaly, expected + _column_means((anomaly - expected)[training]), neighbours, weights)


def _column_means(values: np.ndarray) -> np.ndarray:
    count = (~np.isnan(values)).sum(axis=0)
    return np.asarray(np.where(count, np.nansum(values, axis=0), np.nan) / np.maximum(count, 1))


def _neighbours(history: History, may_serve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number and closeness (0 to 1) of each site's neighbours; -1 and 0 where there are no more."""
    latitude, longitude = np.radians(history.latitude), np.radians(history.longitude)
    distance = great_circle_km(latitude[:, None], longitude[:, None], latitude[None, :], longitude[None, :])
    np.fill_diagonal(distance, np.inf)
    distance[:, ~may_serve] = np.inf
    distance = np.where(distance <= limits.NEIGHBOUR_KM, distance, np.inf)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : limits.MAX_NEIGHBOURS]
    distance = np.take_along_axis(distance, nearest, axis=1)
    is_one = np.isfinite(distance)
    is_one &= is_one.sum(axis=1, keepdims=True) >= limits.MIN_NEIGHBOURS
    return np.where(is_one, nearest, -1), np.where(is_one, np.exp(-distance / limits.CLOSENESS_KM), 0.0)


def _weights(within: np.ndarray, own: np.ndarray, neighbours: np.ndarray, closeness: np.ndarray) -> np.ndarray:
    """Ridge weights, sites × neighbours, drawn towards the share of each neighbour's closeness."""
    mean = _mean(within, neighbours, closeness)
    inputs = within[:, neighbours]  # days × sites × neighbours
    inputs = np.where(np.isnan(inputs), mean[:, :, None], inputs)
    is_used = ~np.isnan(own) & ~np.isnan(mean)
    by_site = np.where(is_used[:, :, None] & (neighbours >= 0), inputs, 0.0).transpose(1, 2, 0)
    target = np.where(is_used, own, 0.0).T
    prior = closeness / np.maximum(closeness.sum(axis=1, keepdims=True), limits.LEAST_SQUARES)
    gram = by_site @ by_site.transpose(0, 2, 1) + limits.RIDGE * np.eye(neighbours.shape[1])
    moments = (by_site @ target[:, :, None])[:, :, 0] + limits.RIDGE * prior
    return np.asarray(np.linalg.solve(gram, moments[:, :, None])[:, :, 0] * (neighbours >= 0))


def _weighted(anomaly: np.ndarray, neighbours: np.ndarray, closeness: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Days × sites: the neighbours' anomalies by their weights."""
    mean = _mean(anomaly, neighbours, closeness)
    total = np.where(np.isnan(mean), np.nan, 0.0)
    for number, weight in zip(neighbours.T, weights.T, strict=True):
        values = anomaly[:, number]
        total += np.where(np.isnan(values), mean, values) * weight
    return total


def _mean(values: np.ndarray, neighbours: np.ndarray, closeness: np.ndarray) -> np.ndarray:
    """Days × sites: mean of the neighbours that have a value, by closeness; null where none has."""
    total, share = np.zeros((len(values), len(neighbours))), np.zeros((len(values), len(neighbours)))
    for number, weight in zip(neighbours.T, closeness.T, strict=True):
        there = values[:, number]
        total += np.where(np.isnan(there), 0.0, there) * weight
        share += ~np.isnan(there) * weight
    return np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)
