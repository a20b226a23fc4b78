"""Forecast: predictions with calibrated 90 % intervals, exceedance probabilities, AQI and category.

Here is how a point forecast becomes a row of ``predictions``. The point forecast itself is ``fit.models``; the
comparison with observations is ``verify``.
"""
