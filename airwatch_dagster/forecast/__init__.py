"""Predictions with calibrated intervals, chances of exceedance, AQI and category."""
