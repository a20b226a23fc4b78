"""Predictions with calibrated intervals, AQI and category."""
