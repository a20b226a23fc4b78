"""Where a sign of a problem, or of its end, is found: ends of runs, runs that stand, schedules, data, sources, disks.

Each module returns signs and decides nothing; ``state`` says what they change.
"""
