"""Drift of inputs, network coverage, area outages, revisions and monitor changes.

Here belongs whatever may go wrong with the data, found by pure functions on stored tables. Scoring forecasts belongs in
verify; sending alerts belongs in orchestration.
"""
