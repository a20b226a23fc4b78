"""Drift of inputs, network coverage, area outages, revisions and monitor changes.

Here belong pure functions on stored tables that find what may be wrong with the data. Scoring forecasts belongs in
verify; sending alerts belongs in orchestration.
"""
