"""The champion of a month: comparison of model families on past forecasts, guard-rails, choice and record of it.

Service periods, too: which decision is in force on which issue days. Fitting belongs to ``fit.models``, storing and
the MLflow registry to ``orchestration``, plots and tables of a decision to ``figures``.
"""
