"""Hyperparameter search on time-ordered folds, and the table of its outcomes.

The defaults and the search space stand beside the models, in ``fit.models.parameters``.
"""
