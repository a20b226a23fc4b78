"""The months of training: fitting, scoring and predicting month by month, champions and overrides, tuning.

Loops over months, run config and what is logged. What is fitted, compared or predicted in a month is in ``fit`` and
``forecast``.
"""
