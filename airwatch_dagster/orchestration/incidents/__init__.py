"""Incidents: one for each problem, from its first sign to its end, fed by one sensor that reads every finished run.

``state`` says what a sign changes and knows no Dagster; ``signs`` finds them in Dagster, the tables and the machine;
``stored`` keeps the table; ``wording`` says what a person should read of it. How a message leaves is in ``alerts``.
"""
