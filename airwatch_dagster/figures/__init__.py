"""Plots (SVG) and Markdown tables of results, for Dagster's UI, MLflow and pages alike.

They take frames and records and return bytes or text. Dagster, storage and the computing of results do not belong here.
"""
