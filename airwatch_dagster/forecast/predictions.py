"""Forecasts for every site of an issue day, with interval, exceedance probabilities, AQI and category."""

import numpy as np
import pandas as pd

from airwatch_dagster.clean.aqi import aqi_category, pm25_aqi
from airwatch_dagster.enrich.weather import join_weather
from airwatch_dagster.fit.examples import at_horizon
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.forecast.intervals import IntervalCalibration
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

_DECIMALS = 4


def predict(
    features: pd.DataFrame,
    *,
    model: FittedModel | None,
    model_family: str | None,
    model_version: str | None,
    calibration: IntervalCalibration | None,
    weather: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One forecast per features row and horizon, in the columns of ``predictions``; µg/m³ rounded to 4 decimals.

    Sorted by issue_date, site_id, horizon_days; empty without features or without a model; ``issued_at`` is null until
    they are ``issued``. Sites not observed on the
    issue day are forecast too (see days_since_observed). A model that was fitted with weather needs ``weather`` (see
    ``enrich.weather``), where days and sites may be missing; ContractViolation is raised without. Without a
    ``calibration`` the prior intervals are used.
    """
    spec = TABLES["predictions"]
    if features.empty or model is None:
        return spec.empty()
    rows = pd.concat([at_horizon(features, horizon_days=horizon) for horizon in HORIZONS_DAYS], ignore_index=True)
    rows = rows.sort_values(["issue_date", "site_id", "horizon_days"], ignore_index=True)
    known = rows if weather is None else join_weather(rows, weather)
    forecast = np.round(model.predict(known), _DECIMALS)
    band = calibration or IntervalCalibration.prior()
    age = rows["days_since_observed"].to_numpy()
    outlook = band.apply(
        forecast, horizon_days=rows["horizon_days"].to_numpy(), days_since_observed=age, site_ids=rows["site_id"]
    )
    predictions = rows.assign(
        pm25_ugm3=forecast,
        pm25_lower_ugm3=np.round(outlook.lower_ugm3, _DECIMALS),
        pm25_upper_ugm3=np.round(outlook.upper_ugm3, _DECIMALS),
        **{column: np.round(probability, _DECIMALS) for column, probability in outlook.probabilities.items()},
        aqi=pm25_aqi(pd.Series(forecast)).astype("int64"),
        model_family=model_family,
        model_version=str(model_version),
        issued_at=pd.Series(pd.NaT, index=rows.index, dtype="datetime64[ns]"),
    )
    predictions["aqi_category"] = aqi_category(predictions["aqi"]).astype(str)
    return predictions[spec.column_names]


def issued(predictions: pd.DataFrame, *, at: pd.Series) -> pd.DataFrame:
    """The forecasts with their time of issue: ``at`` has one by row (naive UTC), in order."""
    return predictions.assign(issued_at=at.to_numpy(dtype="datetime64[ns]"))
