"""Error metrics that training, champion choice and verification share."""

import numpy as np


def error_metrics(error: np.ndarray) -> dict[str, float]:
    """rmse_ugm3, mae_ugm3 and bias_ugm3 of errors (forecast minus observed, µg/m³; at least one, none null)."""
    return {
        "rmse_ugm3": float(np.sqrt(np.mean(error**2))),
        "mae_ugm3": float(np.mean(np.abs(error))),
        "bias_ugm3": float(np.mean(error)),
    }


def skill(error: np.ndarray, reference_error: np.ndarray) -> float:
    """1 − MSE / MSE of the reference: 0 is as good as the reference, 1 is perfect; null for a reference without error.

    Source: Wilks (2019), Statistical Methods in the Atmospheric Sciences, section 9.1.3.
    """
    mse, reference_mse = float(np.mean(error**2)), float(np.mean(reference_error**2))
    return 1.0 - mse / reference_mse if reference_mse > 0 else float("nan")


def pinball_loss(forecast: np.ndarray, observed: np.ndarray, *, quantile: float) -> np.ndarray:
    """Pinball loss of each forecast of one quantile (0 to 1), in the unit of the forecasts.

    Source: Koenker and Bassett (1978), Econometrica 46, 33-50.
    """
    gap = observed - forecast
    return np.maximum(quantile * gap, (quantile - 1.0) * gap)
