"""Checks that tell of forecasts that decay."""
