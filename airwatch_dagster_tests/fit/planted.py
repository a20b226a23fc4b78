"""Examples whose truth follows a known linear law on the log scale, for tests of what learns such laws."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.enrich import MAP_SAMPLES

MAPS = [f"{place}_log{day}" for place in MAP_SAMPLES for day in ("", "_before")]
OWN = [*(f"pm25_lag_{lag}d_ugm3" for lag in range(3)), "pm25_last_ugm3", "pm25_mean_7d_ugm3", "pm25_mean_14d_ugm3"]


def planted(
    *, sites: Sequence[str], days: int, laws: Mapping[str, float] | None = None, noise: float = 0.02, seed: int = 0
) -> pd.DataFrame:
    """One example per site and day of a horizon of one day. The truth rises above the 28-day mean by 0.1, 0.4 of the
    last reading's log rise and 0.3 of the map 300 km to the west; ``laws`` adds to the latter by site."""
    generator = np.random.default_rng(seed)
    target = pd.date_range("2019-01-01", periods=days, freq="D")
    frame = pd.DataFrame([(site, day) for day in target for site in sites], columns=["site_id", "target_date"])
    usual = generator.uniform(2.0, 2.8, len(frame))
    columns = {name: np.exp(usual + generator.normal(0.0, 0.4, len(frame))) - 3.0 for name in OWN}
    columns |= {
        name: generator.normal(0.0, 0.5, len(frame)) for name in [*MAPS, "advected_log", "advected_broadly_log"]
    }
    angle = 2 * np.pi * frame["target_date"].dt.dayofyear / 365.25
    frame = frame.assign(
        **{name: np.maximum(values, 0.0) if name in OWN else values for name, values in columns.items()}
    )
    frame = frame.assign(pm25_mean_28d_ugm3=np.exp(usual) - 3.0, season_sin=np.sin(angle), season_cos=np.cos(angle))
    frame = frame.assign(horizon_days=1, weekday=(frame["target_date"].dt.dayofweek - 1) % 7, is_context=False)
    log_anomaly = planted_rise(frame, laws=laws) + generator.normal(0.0, noise, len(frame))
    return frame.assign(pm25_observed_ugm3=np.exp(log_anomaly + usual) - 3.0)


def planted_rise(examples: pd.DataFrame, *, laws: Mapping[str, float] | None = None) -> np.ndarray:
    """The rise above the log of the 28-day mean that was planted."""
    last = np.log((examples["pm25_last_ugm3"] + 3.0) / (examples["pm25_mean_28d_ugm3"] + 3.0))
    west = 0.3 + examples["site_id"].map(dict(laws or {})).fillna(0.0)
    return np.asarray(0.1 + 0.4 * last + west * examples["offset_300km_w_log"])
