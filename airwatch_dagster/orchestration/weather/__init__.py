"""Weather forecasts of the configured source: how it is opened, what is asked of it, and what a day's answer lacks.

Readers of each publisher are in ``acquire/weather``, the asset in ``orchestration/assets``.
"""
