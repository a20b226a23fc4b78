"""MLflow: its tracking server and model registry, what is logged of a fitted model, and links to and from Dagster.

Only this package calls MLflow's API outside a run's own logging. What a model is, and which one serves, is decided in
``fit`` and ``orchestration.training``.
"""
