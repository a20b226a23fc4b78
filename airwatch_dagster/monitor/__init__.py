"""Forecasts meet their truth; inputs are watched for drift."""
