"""Dagster glue: assets, resources, automation, and what Dagster and MLflow show.

An asset here gathers arguments and calls one function of a stage. Science belongs in the stage folders, reading and
writing files in `storage`, plots in `figures`.
"""
