"""What AirWatch adds to a Dagster instance: its event log, locks of runs, and write locks of tables.

All of it lies below AIRWATCH_STATE and works among the processes of one machine.
"""
