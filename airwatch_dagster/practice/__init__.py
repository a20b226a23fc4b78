"""Practice server: EPA's formats over simulated, reproducible air.

Here belongs everything the server needs, computed apart from what AirWatch computes, so that an error in either shows:
``world`` (air, instruments, publication), ``formats`` (EPA's files and responses), ``server`` (HTTP) and ``faults``. It
imports no stage of AirWatch; how AirWatch uses the server belongs in commands and tests.
"""
