"""How often alarms were wrong and how soon they were right on real months, as `benchmarks/alarm_replay.py` measured it.

Here belong its two tables and what reads them. What is measured, and how, is in benchmarks.
"""
