"""The model families: baselines, learned corrections and their blend, with parameters and feature importance.

Here is how a family fits examples and forecasts. Which family serves is ``fit.champion``; holdout metrics are
``fit.training``.
"""
