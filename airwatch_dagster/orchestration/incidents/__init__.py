"""Incidents: one for each problem, from its first sign to its end, fed by one sensor that reads every finished run.

``state`` says what a sign changes and knows no Dagster; ``finished_runs`` and ``overdue`` find signs in the instance;
``stored`` keeps the table; ``texts`` says what a person should read of it. How a message leaves is in ``alerts``.
"""
