"""Examples whose truth is linear in the log anomalies with known coefficients, for tests of regressions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.enrich import MAP_SAMPLES

MAPS = [f"{place}_log{day}" for place in MAP_SAMPLES for day in ("", "_before")]
OWN = [*(f"pm25_lag_{lag}d_ugm3" for lag in range(3)), "pm25_last_ugm3", "pm25_mean_7d_ugm3", "pm25_mean_14d_ugm3"]


def planted(
    *,
    sites: Sequence[str],
    days: int,
    extra_west: Mapping[str, float] | None = None,
    noise: float = 0.02,
    seed: int = 0,
) -> pd.DataFrame:
    """One example per site and day, one day ahead. The log anomaly of the truth is 0.1, plus 0.4 of the last reading's
    log anomaly, plus 0.3 of the map 300 km to the west; ``extra_west`` adds to the 0.3 by site."""
    generator = np.random.default_rng(seed)
    target = pd.date_range("2019-01-01", periods=days, freq="D")
    frame = pd.DataFrame([(site, day) for day in target for site in sites], columns=["site_id", "target_date"])
    log_mean = generator.uniform(2.0, 2.8, len(frame))
    columns = {name: np.exp(log_mean + generator.normal(0.0, 0.4, len(frame))) - 3.0 for name in OWN}
    columns |= {
        name: generator.normal(0.0, 0.5, len(frame)) for name in [*MAPS, "advected_log", "advected_broadly_log"]
    }
    angle = 2 * np.pi * frame["target_date"].dt.dayofyear / 365.25
    frame = frame.assign(
        **{name: np.maximum(values, 0.0) if name in OWN else values for name, values in columns.items()}
    )
    frame = frame.assign(pm25_mean_28d_ugm3=np.exp(log_mean) - 3.0, season_sin=np.sin(angle), season_cos=np.cos(angle))
    frame = frame.assign(horizon_days=1, weekday=(frame["target_date"].dt.dayofweek - 1) % 7, is_context=False)
    log_anomaly = planted_log_anomaly(frame, extra_west=extra_west) + generator.normal(0.0, noise, len(frame))
    return frame.assign(pm25_observed_ugm3=np.exp(log_anomaly + log_mean) - 3.0)


def planted_log_anomaly(examples: pd.DataFrame, *, extra_west: Mapping[str, float] | None = None) -> np.ndarray:
    """The log anomaly of the truth without noise."""
    last = np.log((examples["pm25_last_ugm3"] + 3.0) / (examples["pm25_mean_28d_ugm3"] + 3.0))
    west = 0.3 + examples["site_id"].map(dict(extra_west or {})).fillna(0.0)
    return np.asarray(0.1 + 0.4 * last + west * examples["offset_300km_w_log"])
