"""Forecast verification: scores of single forecasts, metrics of groups of them, skill tables, reliability,
and the scoreboard of forecasters on identical cases.

Forecasts come from ``forecast`` and ``fit``, observed values from ``clean``. Drift, coverage and revisions belong to
``watch``, plots and tables for people to ``figures``.
"""
