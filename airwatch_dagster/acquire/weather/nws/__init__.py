"""Forecasts of the National Weather Service for selected cities (FPUS20): bulletins, cities and their archive."""
